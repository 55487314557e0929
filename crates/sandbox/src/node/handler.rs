//! The functions that an Action exports.

use serde::Serialize;

/// A function that an Action exports.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize)]
pub enum Handler {
    /// After the first factor.
    #[serde(rename = "onExecutePostLogin")]
    ExecutePostLogin,
    /// After a challenge, redirect or form of a sign-in.
    #[serde(rename = "onContinuePostLogin")]
    ContinuePostLogin,
    /// Before a user is made.
    #[serde(rename = "onExecutePreUserRegistration")]
    ExecutePreUserRegistration,
    /// After a user was made.
    #[serde(rename = "onExecutePostUserRegistration")]
    ExecutePostUserRegistration,
    /// Before a client gets a token of its own.
    #[serde(rename = "onExecuteCredentialsExchange")]
    ExecuteCredentialsExchange,
    /// After the first challenge of a reset, before the new password.
    #[serde(rename = "onExecutePostChallenge")]
    ExecutePostChallenge,
    /// After a challenge, redirect or form of a reset.
    #[serde(rename = "onContinuePostChallenge")]
    ContinuePostChallenge,
    /// After a password was changed.
    #[serde(rename = "onExecutePostChangePassword")]
    ExecutePostChangePassword,
    /// Before a text message is sent.
    #[serde(rename = "onExecuteSendPhoneMessage")]
    ExecuteSendPhoneMessage,
    /// First step of a token exchange.
    #[serde(rename = "onExecuteCustomTokenExchange")]
    ExecuteCustomTokenExchange,
    /// For each event of a stream.
    #[serde(rename = "onExecuteEventStream")]
    ExecuteEventStream,
    /// To deliver a text message.
    #[serde(rename = "onExecuteCustomPhoneProvider")]
    ExecuteCustomPhoneProvider,
    /// To deliver a mail.
    #[serde(rename = "onExecuteCustomEmailProvider")]
    ExecuteCustomEmailProvider,
}

impl Handler {
    /// The trigger's id.
    #[must_use]
    pub const fn trigger(self) -> &'static str {
        match self {
            Self::ExecutePostLogin | Self::ContinuePostLogin => "post-login",
            Self::ExecutePreUserRegistration => "pre-user-registration",
            Self::ExecutePostUserRegistration => "post-user-registration",
            Self::ExecuteCredentialsExchange => "credentials-exchange",
            Self::ExecutePostChallenge | Self::ContinuePostChallenge => "password-reset-post-challenge",
            Self::ExecutePostChangePassword => "post-change-password",
            Self::ExecuteSendPhoneMessage => "send-phone-message",
            Self::ExecuteCustomTokenExchange => "custom-token-exchange",
            Self::ExecuteEventStream => "event-stream",
            Self::ExecuteCustomPhoneProvider => "custom-phone-provider",
            Self::ExecuteCustomEmailProvider => "custom-email-provider",
        }
    }

    /// What is called for a trigger at first; `None` for a trigger that runs no Actions here.
    #[must_use]
    pub fn execute(trigger: &str) -> Option<Self> {
        [
            Self::ExecutePostLogin,
            Self::ExecutePreUserRegistration,
            Self::ExecutePostUserRegistration,
            Self::ExecuteCredentialsExchange,
            Self::ExecutePostChallenge,
            Self::ExecutePostChangePassword,
            Self::ExecuteSendPhoneMessage,
            Self::ExecuteCustomTokenExchange,
            Self::ExecuteEventStream,
            Self::ExecuteCustomPhoneProvider,
            Self::ExecuteCustomEmailProvider,
        ]
        .into_iter()
        .find(|handler| handler.trigger() == trigger)
    }

    /// What is called when a suspended transaction comes back; `None` where nothing can be suspended.
    #[must_use]
    pub const fn continuation(self) -> Option<Self> {
        match self {
            Self::ExecutePostLogin | Self::ContinuePostLogin => Some(Self::ContinuePostLogin),
            Self::ExecutePostChallenge | Self::ContinuePostChallenge => Some(Self::ContinuePostChallenge),
            _ => None,
        }
    }

    /// Whether the transaction waits for it; what is not waited for fails nothing.
    #[must_use]
    pub const fn is_waited_for(self) -> bool {
        !matches!(self, Self::ExecutePostUserRegistration | Self::ExecutePostChangePassword)
    }
}
