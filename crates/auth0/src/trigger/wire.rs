//! Effects as `{"call": …, "args": […]}`: what the triggers share.

use std::fmt;

use serde::{
    Deserialize, Deserializer, Serialize, Serializer,
    de::{self, SeqAccess, Visitor},
    ser::SerializeStruct,
};

use crate::factor::{ChallengeFactors, Factor};

/// Writes one call with the tuple of its arguments.
pub(super) fn write<S: Serializer, A: Serialize>(
    serializer: S,
    call: &str,
    args: &A,
) -> Result<S::Ok, S::Error> {
    let mut object = serializer.serialize_struct("Effect", 2)?;
    object.serialize_field("call", call)?;
    object.serialize_field("args", args)?;
    object.end()
}

/// The key of `app_metadata` that is ours.
#[derive(Serialize, Deserialize)]
pub(super) enum MarkKey {
    #[serde(rename = "countersign")]
    Countersign,
}

/// The second argument of `challengeWith`.
#[derive(Serialize, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields, expecting = "an object with `additionalFactors`")]
struct ChallengeOptions<F> {
    additional_factors: F,
}

/// The arguments of `challengeWith`: a factor, and options only where there are alternatives.
pub(super) struct ChallengeArgs(pub(super) ChallengeFactors);

/// Writes `challengeWith`.
pub(super) fn write_challenge<S: Serializer>(
    serializer: S,
    call: &str,
    factors: &ChallengeFactors,
) -> Result<S::Ok, S::Error> {
    match factors.as_slice() {
        [first, rest @ ..] if !rest.is_empty() => {
            write(serializer, call, &(first, ChallengeOptions { additional_factors: rest }))
        }
        only => write(serializer, call, &only),
    }
}

impl<'de> Deserialize<'de> for ChallengeArgs {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        struct ArgsVisitor;

        impl<'de> Visitor<'de> for ArgsVisitor {
            type Value = ChallengeArgs;

            fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str("an array of a factor and, if any, its options")
            }

            fn visit_seq<A: SeqAccess<'de>>(self, mut args: A) -> Result<ChallengeArgs, A::Error> {
                let first: Factor =
                    args.next_element()?.ok_or_else(|| de::Error::invalid_length(0, &self))?;
                let mut factors = vec![first];
                if let Some(options) = args.next_element::<ChallengeOptions<Vec<Factor>>>()? {
                    factors.extend(options.additional_factors);
                }
                ChallengeFactors::new(factors).map(ChallengeArgs).map_err(de::Error::custom)
            }
        }

        deserializer.deserialize_seq(ArgsVisitor)
    }
}

/// Defines the effects of a trigger that Auth0 runs beside the transaction: none, so no value of the type exists.
macro_rules! no_effects {
    ($(#[$doc:meta])*) => {
        $(#[$doc])*
        #[derive(Debug, Clone, Copy, PartialEq, Eq)]
        pub enum Effect {}

        impl Effect {
            /// The call's name below `api`; never asked, because there is no value to ask.
            #[must_use]
            pub const fn call(&self) -> &'static str {
                match *self {}
            }

            /// Whether the effect changes how the transaction goes on; never asked.
            #[must_use]
            pub const fn changes_transaction(&self) -> bool {
                match *self {}
            }
        }

        impl serde::Serialize for Effect {
            fn serialize<S: serde::Serializer>(&self, _: S) -> Result<S::Ok, S::Error> {
                match *self {}
            }
        }

        impl<'de> serde::Deserialize<'de> for Effect {
            fn deserialize<D: serde::Deserializer<'de>>(_: D) -> Result<Self, D::Error> {
                Err(serde::de::Error::custom("this trigger has no effects"))
            }
        }
    };
}
