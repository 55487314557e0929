//! Identifiers: opaque texts with a type each, so that one can't stand where another belongs.

use std::{fmt, str::FromStr, sync::Arc};

use serde::{Deserialize, Deserializer, Serialize, Serializer, de};

use crate::{Entropy, EntropyError, Timestamp};

/// The longest identifier accepted, in bytes. Auth0's own are at most 128 (user ids, Management API contracts).
const MAX_BYTES: usize = 256;

/// A text that can't be the identifier asked for.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum IdError {
    /// Nothing, or more than 256 bytes.
    #[error("an identifier has 1 to {MAX_BYTES} bytes")]
    Length,
    /// A control character or white space.
    #[error("an identifier has no control characters and no white space")]
    Character,
    /// The prefix of another kind, or none.
    #[error("expected an identifier that begins with `{0}`")]
    Prefix(&'static str),
}

fn check(text: &str) -> Result<(), IdError> {
    if text.is_empty() || text.len() > MAX_BYTES {
        return Err(IdError::Length);
    }
    if text.chars().any(|c| c.is_control() || c.is_whitespace()) {
        return Err(IdError::Character);
    }
    Ok(())
}

macro_rules! id_type {
    ($(#[$doc:meta])* $name:ident, $prefix:expr) => {
        $(#[$doc])*
        #[derive(Clone, PartialEq, Eq, PartialOrd, Ord, Hash)]
        pub struct $name(Arc<str>);

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
                let prefix: &'static str = $prefix;
                if !text.starts_with(prefix) {
                    return Err(IdError::Prefix(prefix));
                }
                Ok(Self(text.into()))
            }
        }

        impl fmt::Display for $name {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str(&self.0)
            }
        }

        impl fmt::Debug for $name {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str(&self.0)
            }
        }

        impl Serialize for $name {
            fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
                serializer.serialize_str(&self.0)
            }
        }

        impl<'de> Deserialize<'de> for $name {
            fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
                let text = std::borrow::Cow::<'_, str>::deserialize(deserializer)?;
                text.parse().map_err(de::Error::custom)
            }
        }
    };
}

id_type!(
    /// An Auth0 tenant, as `event.tenant.id`.
    TenantId,
    ""
);
id_type!(
    /// An Auth0 Organization, `org_…`.
    OrganizationId,
    ""
);
id_type!(
    /// An Auth0 application's `client_id`.
    ClientId,
    ""
);
id_type!(
    /// One decision, `dec_…`; sorts by the time it was made.
    DecisionId,
    "dec_"
);
id_type!(
    /// A person's keyed pseudonym within one tenant, `sub_…`: joins records, names nobody.
    SubjectId,
    "sub_"
);

/// What an identifier that we make stands for; decides its prefix.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum IdKind {
    /// `dec_`: a decision.
    Decision,
    /// `out_`: an outcome of a decision.
    Outcome,
    /// `rec_`: any other record of the ledger.
    Record,
    /// `req_`: one HTTP request.
    Request,
    /// `per_`: a person who signs in to Countersign itself.
    Person,
    /// `sva_`: a service account of Countersign's own API.
    Account,
    /// `tok_`: a token of a service account.
    Token,
    /// `ses_`: a session of a browser.
    Session,
    /// `pln_`: a plan of changes at a tenant.
    Plan,
    /// `rvw_`: a decision that waits for a person.
    Review,
}

impl IdKind {
    const fn prefix(self) -> &'static str {
        match self {
            Self::Decision => "dec_",
            Self::Outcome => "out_",
            Self::Record => "rec_",
            Self::Request => "req_",
            Self::Person => "per_",
            Self::Account => "sva_",
            Self::Token => "tok_",
            Self::Session => "ses_",
            Self::Plan => "pln_",
            Self::Review => "rvw_",
        }
    }
}

/// Makes identifiers of one kind: the prefix and a version 7 UUID (RFC 9562) in 32 hexadecimal digits.
#[derive(Debug, Clone, Copy)]
pub struct IdMaker(IdKind);

impl IdMaker {
    /// A maker of identifiers of `kind`.
    #[must_use]
    pub const fn new(kind: IdKind) -> Self {
        Self(kind)
    }

    /// Makes an identifier that sorts by `at`.
    ///
    /// # Errors
    /// When `entropy` has no random bytes.
    pub fn try_make(self, at: Timestamp, entropy: &dyn Entropy) -> Result<String, EntropyError> {
        let mut random = [0_u8; 10];
        entropy.fill(&mut random)?;
        let millis = u64::try_from(at.micros().div_euclid(1000)).unwrap_or(0);
        let uuid = uuid::Builder::from_unix_timestamp_millis(millis, &random).into_uuid();
        Ok(format!("{}{}", self.0.prefix(), uuid.simple()))
    }

    /// Makes an identifier for tests and examples, where the entropy can't fail.
    #[must_use]
    pub fn make(self, at: Timestamp, entropy: &crate::testing::CountingEntropy) -> String {
        self.try_make(at, entropy).unwrap_or_default()
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::testing::CountingEntropy;

    #[test]
    fn identifiers_sort_by_time() {
        let entropy = CountingEntropy::default();
        let maker = IdMaker::new(IdKind::Decision);
        let early = maker.make(Timestamp::from_seconds(1_700_000_000), &entropy);
        let late = maker.make(Timestamp::from_seconds(1_700_000_001), &entropy);
        assert!(early < late);
    }

    #[test]
    fn a_foreign_prefix_is_refused() {
        assert_eq!("out_1".parse::<DecisionId>(), Err(IdError::Prefix("dec_")));
    }

    #[test]
    fn control_characters_are_refused() {
        assert_eq!("a\nb".parse::<TenantId>(), Err(IdError::Character));
        assert_eq!("".parse::<TenantId>(), Err(IdError::Length));
    }
}
