//! The event of any trigger.

use countersign_core::{Channel, TenantId, Trigger};

use super::{
    credentials_exchange::CredentialsExchange, custom_token_exchange::CustomTokenExchange,
    event_stream::EventStream, password_reset_post_challenge::PasswordResetPostChallenge,
    post_change_password::PostChangePassword, post_login::PostLogin,
    post_user_registration::PostUserRegistration, pre_user_registration::PreUserRegistration,
    send_phone_message::SendPhoneMessage,
};
use crate::shape::{ShapeError, decode};

/// The event of the trigger that a request names.
#[derive(Debug, Clone, PartialEq)]
pub enum Event {
    /// `post-login`.
    PostLogin(Box<PostLogin>),
    /// `pre-user-registration`.
    PreUserRegistration(Box<PreUserRegistration>),
    /// `post-user-registration`.
    PostUserRegistration(Box<PostUserRegistration>),
    /// `credentials-exchange`.
    CredentialsExchange(Box<CredentialsExchange>),
    /// `password-reset-post-challenge`.
    PasswordResetPostChallenge(Box<PasswordResetPostChallenge>),
    /// `post-change-password`.
    PostChangePassword(Box<PostChangePassword>),
    /// `event-stream`.
    EventStream(Box<EventStream>),
    /// `send-phone-message`.
    SendPhoneMessage(Box<SendPhoneMessage>),
    /// `custom-token-exchange`.
    CustomTokenExchange(Box<CustomTokenExchange>),
}

impl Event {
    /// Reads the event of `trigger` from `json`; `path` is what the place of an error begins with, such as `event`.
    ///
    /// # Errors
    /// [`ShapeError`] as for [`decode`], and for the short form, which is no trigger of Auth0's and has no event.
    pub fn decode(trigger: Trigger, json: &[u8], path: &str) -> Result<Self, ShapeError> {
        Ok(match trigger {
            Trigger::PostLogin => Self::PostLogin(decode(json, path)?),
            Trigger::PreUserRegistration => Self::PreUserRegistration(decode(json, path)?),
            Trigger::PostUserRegistration => Self::PostUserRegistration(decode(json, path)?),
            Trigger::CredentialsExchange => Self::CredentialsExchange(decode(json, path)?),
            Trigger::PasswordResetPostChallenge => Self::PasswordResetPostChallenge(decode(json, path)?),
            Trigger::PostChangePassword => Self::PostChangePassword(decode(json, path)?),
            Trigger::EventStream => Self::EventStream(decode(json, path)?),
            Trigger::SendPhoneMessage => Self::SendPhoneMessage(decode(json, path)?),
            Trigger::CustomTokenExchange => Self::CustomTokenExchange(decode(json, path)?),
            Trigger::ShortForm => {
                let message =
                    format!("expected the event of a trigger; `{trigger}` is the short form, which has none");
                return Err(ShapeError { path: path.to_owned(), message, line: 1, column: 0 });
            }
        })
    }

    /// The trigger whose event it is; never the short form.
    #[must_use]
    pub const fn trigger(&self) -> Trigger {
        match self {
            Self::PostLogin(_) => Trigger::PostLogin,
            Self::PreUserRegistration(_) => Trigger::PreUserRegistration,
            Self::PostUserRegistration(_) => Trigger::PostUserRegistration,
            Self::CredentialsExchange(_) => Trigger::CredentialsExchange,
            Self::PasswordResetPostChallenge(_) => Trigger::PasswordResetPostChallenge,
            Self::PostChangePassword(_) => Trigger::PostChangePassword,
            Self::EventStream(_) => Trigger::EventStream,
            Self::SendPhoneMessage(_) => Trigger::SendPhoneMessage,
            Self::CustomTokenExchange(_) => Trigger::CustomTokenExchange,
        }
    }

    /// The tenant that runs the Action; `None` for a message whose source names none.
    #[must_use]
    pub fn tenant_id(&self) -> Option<TenantId> {
        Some(match self {
            Self::PostLogin(event) => event.tenant.id.clone(),
            Self::PreUserRegistration(event) => event.tenant.id.clone(),
            Self::PostUserRegistration(event) => event.tenant.id.clone(),
            Self::CredentialsExchange(event) => event.tenant.id.clone(),
            Self::PasswordResetPostChallenge(event) => event.tenant.id.clone(),
            Self::PostChangePassword(event) => event.tenant.id.clone(),
            Self::EventStream(event) => return event.tenant(),
            Self::SendPhoneMessage(event) => event.tenant.id.clone(),
            Self::CustomTokenExchange(event) => event.tenant.id.clone(),
        })
    }

    /// By which road the transaction comes; decides whether anyone can be asked.
    #[must_use]
    pub fn channel(&self) -> Channel {
        match self {
            Self::PostLogin(event) => event.channel(),
            Self::PreUserRegistration(event) => event.channel(),
            Self::PostUserRegistration(event) => event.channel(),
            Self::CredentialsExchange(event) => event.channel(),
            Self::PasswordResetPostChallenge(event) => event.channel(),
            Self::PostChangePassword(event) => event.channel(),
            Self::EventStream(event) => event.channel(),
            Self::SendPhoneMessage(event) => event.channel(),
            Self::CustomTokenExchange(event) => event.channel(),
        }
    }
}

impl serde::Serialize for Event {
    /// Writes the event itself, without the name of its trigger.
    fn serialize<S: serde::Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        match self {
            Self::PostLogin(event) => event.serialize(serializer),
            Self::PreUserRegistration(event) => event.serialize(serializer),
            Self::PostUserRegistration(event) => event.serialize(serializer),
            Self::CredentialsExchange(event) => event.serialize(serializer),
            Self::PasswordResetPostChallenge(event) => event.serialize(serializer),
            Self::PostChangePassword(event) => event.serialize(serializer),
            Self::EventStream(event) => event.serialize(serializer),
            Self::SendPhoneMessage(event) => event.serialize(serializer),
            Self::CustomTokenExchange(event) => event.serialize(serializer),
        }
    }
}
