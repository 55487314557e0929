//! The words of a decision, in the order of their severity where they have one.

/// A word outside a closed vocabulary.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("`{word}` is not a {what}; known are {known}")]
pub struct UnknownWord {
    /// What was expected, such as `trigger`.
    pub what: &'static str,
    /// The word that came, at most 64 characters of it.
    pub word: String,
    /// The words that would have been right.
    pub known: String,
}

/// An enum of a closed vocabulary: its words on the wire, both ways. The crate that uses it has `serde`.
#[macro_export]
macro_rules! words {
    ($(#[$doc:meta])* $name:ident, $what:literal, { $($(#[$vdoc:meta])* $variant:ident = $word:literal,)+ }) => {
        $(#[$doc])*
        #[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
        #[derive(::serde::Serialize, ::serde::Deserialize)]
        pub enum $name {
            $($(#[$vdoc])* #[serde(rename = $word)] $variant,)+
        }

        impl $name {
            /// Every word, in order.
            pub const ALL: &'static [Self] = &[$(Self::$variant),+];

            /// The word on the wire.
            #[must_use]
            pub const fn as_str(self) -> &'static str {
                match self { $(Self::$variant => $word),+ }
            }
        }

        impl ::std::fmt::Display for $name {
            fn fmt(&self, f: &mut ::std::fmt::Formatter<'_>) -> ::std::fmt::Result {
                f.write_str(self.as_str())
            }
        }

        impl ::std::str::FromStr for $name {
            type Err = $crate::UnknownWord;

            fn from_str(word: &str) -> Result<Self, $crate::UnknownWord> {
                match word {
                    $($word => Ok(Self::$variant),)+
                    _ => Err($crate::UnknownWord {
                        what: $what,
                        word: word.chars().take(64).collect(),
                        known: [$(concat!("`", $word, "`")),+].join(", "),
                    }),
                }
            }
        }
    };
}

words!(
    /// What asks for a decision: an Auth0 trigger, or a customer's own Action by the short form.
    Trigger, "trigger", {
        /// After authentication, before tokens.
        PostLogin = "post-login",
        /// Before a user is created.
        PreUserRegistration = "pre-user-registration",
        /// After a user was created; asynchronous.
        PostUserRegistration = "post-user-registration",
        /// Before a machine's token, in the client-credentials grant.
        CredentialsExchange = "credentials-exchange",
        /// Before a new password may be chosen.
        PasswordResetPostChallenge = "password-reset-post-challenge",
        /// After a password was changed; asynchronous.
        PostChangePassword = "post-change-password",
        /// After something changed in the tenant; asynchronous.
        EventStream = "event-stream",
        /// Before a text message or call is sent, by a customer's own Action.
        SendPhoneMessage = "send-phone-message",
        /// Before a token is exchanged, by a customer's own Action.
        CustomTokenExchange = "custom-token-exchange",
        /// No trigger of Auth0: the short form `POST /risk`.
        ShortForm = "risk",
    }
);

impl Trigger {
    /// Whether Auth0 runs it beside the transaction, so that it has no effects.
    #[must_use]
    pub const fn is_asynchronous(self) -> bool {
        matches!(self, Self::PostUserRegistration | Self::PostChangePassword | Self::EventStream)
    }

    /// Whether its decisions may teach a profile; the others are about accounts that do not sign in by them.
    #[must_use]
    pub const fn teaches(self) -> bool {
        matches!(self, Self::PostLogin | Self::CredentialsExchange | Self::CustomTokenExchange)
    }
}

words!(
    /// The stage of a rollout: what Countersign may do to a transaction.
    Mode, "mode", {
        /// Nothing is assessed.
        Off = "off",
        /// Assessed and recorded; effects on the transaction are withheld.
        Audit = "audit",
        /// As audit, and alerts are raised.
        Advisory = "advisory",
        /// Effects are applied.
        Enforce = "enforce",
    }
);

words!(
    /// How risky an assessment is, by the operator's thresholds.
    Level, "level", {
        /// Below the first threshold.
        Low = "low",
        /// Worth a note.
        Medium = "medium",
        /// Worth a second factor.
        High = "high",
        /// Worth a refusal.
        Critical = "critical",
    }
);

words!(
    /// What policy wants done, from the most lenient to the strictest.
    Verdict, "verdict", {
        /// Let the person in without the second factor that the tenant would ask for.
        SkipMfa = "skip_mfa",
        /// Let the person in.
        Allow = "allow",
        /// Let the person in and mark it.
        Annotate = "annotate",
        /// Ask for another factor.
        Challenge = "challenge",
        /// Refuse.
        Deny = "deny",
    }
);

words!(
    /// By which road a sign-in comes; decides whether anyone can be asked.
    Channel, "channel", {
        /// A person at a browser.
        Interactive = "interactive",
        /// `prompt=none`: a browser, but nobody may be asked.
        Silent = "silent",
        /// A refresh token is exchanged.
        Refresh = "refresh",
        /// A password grant: credentials in one request, nobody to ask.
        Password = "password",
        /// A token exchange, or another grant without a person.
        Exchange = "exchange",
    }
);

impl Channel {
    /// Whether a person can answer a challenge on this channel.
    #[must_use]
    pub const fn can_ask(self) -> bool {
        matches!(self, Self::Interactive)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn verdicts_are_ordered_by_severity() {
        assert!(Verdict::SkipMfa < Verdict::Allow && Verdict::Challenge < Verdict::Deny);
        assert!(Level::Low < Level::Critical);
    }

    #[test]
    fn an_unknown_word_names_the_known_ones() {
        let error = "pre-login".parse::<Trigger>().unwrap_err();
        assert!(
            error.to_string().starts_with("`pre-login` is not a trigger; known are `post-login`, `pre-user-")
        );
    }
}
