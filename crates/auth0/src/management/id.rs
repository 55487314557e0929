//! Identifiers of a tenant's objects, each with a type of its own.

use std::{fmt, str::FromStr};

use serde::{Deserialize, Deserializer, Serialize, Serializer, de};

use super::path::is_dots;

/// The longest identifier taken, in bytes; a bound of our own, above all that the API gives out.
const MAX_BYTES: usize = 512;

/// A text that can't be an identifier in a path.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("an identifier has 1 to {MAX_BYTES} bytes, no control characters, and is not `.` or `..`")]
pub struct IdError;

fn check(text: &str) -> Result<(), IdError> {
    let is_wrong =
        text.is_empty() || text.len() > MAX_BYTES || text.chars().any(char::is_control) || is_dots(text);
    if is_wrong { Err(IdError) } else { Ok(()) }
}

macro_rules! ids {
    ($($(#[$doc:meta])* $name:ident,)+) => { $(
        $(#[$doc])*
        #[derive(Clone, PartialEq, Eq, PartialOrd, Ord, Hash)]
        pub struct $name(String);

        impl $name {
            /// The identifier as text.
            #[must_use]
            pub fn as_str(&self) -> &str {
                &self.0
            }
        }

        impl FromStr for $name {
            type Err = IdError;

            fn from_str(text: &str) -> Result<Self, IdError> {
                check(text)?;
                Ok(Self(text.to_owned()))
            }
        }

        impl fmt::Display for $name {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str(&self.0)
            }
        }

        impl fmt::Debug for $name {
            // Why: an identifier of a person is personal data.
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.debug_struct(stringify!($name)).finish_non_exhaustive()
            }
        }

        impl Serialize for $name {
            fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
                serializer.serialize_str(&self.0)
            }
        }

        impl<'de> Deserialize<'de> for $name {
            fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
                let text = String::deserialize(deserializer)?;
                check(&text).map_err(de::Error::custom)?;
                Ok(Self(text))
            }
        }
    )+ };
}

ids! {
    /// A user, `strategy|…`; may hold spaces.
    UserId,
    /// A role, `rol_…`.
    RoleId,
    /// A connection, `con_…`.
    ConnectionId,
    /// A client grant, `cgr_…`.
    GrantId,
    /// An API: its id, or its identifier (audience).
    ResourceServerId,
    /// A credential of an application, `cred_…`.
    CredentialId,
    /// An Action.
    ActionId,
    /// A version of an Action.
    ActionVersionId,
    /// An execution of Actions.
    ExecutionId,
    /// A trigger, such as `post-login`; also those that we do not answer.
    TriggerId,
    /// A log stream, `lst_…`.
    LogStreamId,
    /// A log event.
    LogId,
    /// An event stream, `est_…`.
    EventStreamId,
    /// A session.
    SessionId,
    /// A refresh token's id, which is not the token.
    RefreshTokenId,
    /// An authentication method of a user.
    AuthenticationMethodId,
    /// An enrollment of Guardian.
    EnrollmentId,
    /// An invitation, `uinv_…`.
    InvitationId,
    /// A discovery domain of an organization.
    DiscoveryDomainId,
    /// An organization's name.
    OrganizationName,
    /// A factor's name, such as `otp`.
    FactorName,
    /// A hook.
    HookId,
    /// A rule, `rul_…`.
    RuleId,
    /// A job, `job_…`.
    JobId,
    /// A network access list, `acl_…`.
    NetworkAclId,
    /// A prompt's name, such as `login-id`.
    PromptName,
    /// A language, such as `en` or `pt-BR`.
    LanguageTag,
    /// A group of a directory, `grp_…`.
    GroupId,
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_can_step_out_of_a_path_is_no_identifier() {
        for text in ["", ".", "..", "%2e.", "a\nb", &"a".repeat(MAX_BYTES + 1)] {
            assert_eq!(text.parse::<UserId>(), Err(IdError), "{text:?}");
            assert!(serde_json::from_value::<UserId>(text.into()).is_err());
        }
        assert_eq!("auth0|a b/c".parse::<UserId>().unwrap().as_str(), "auth0|a b/c");
    }

    #[test]
    fn an_identifier_does_not_print_in_debug_output() {
        assert_eq!(format!("{:?}", "auth0|marked".parse::<UserId>()), "Ok(UserId { .. })");
    }
}
