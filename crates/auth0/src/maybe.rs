//! A field that may be absent, null or there.

use std::fmt;

use serde::{
    Deserialize, Deserializer, Serialize, Serializer,
    de::{self, Visitor},
};

/// A documented field of an event: what Auth0 left out stays out, and what it set to null stays null.
///
/// Serializes to null when absent as well, so a struct skips it with [`Maybe::is_absent`].
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum Maybe<T> {
    /// The object does not have the field.
    #[default]
    Absent,
    /// The field is there and says `null`.
    Null,
    /// The field is there with a value.
    Present(T),
}

impl<T> Maybe<T> {
    /// The value, when there is one; absent and null both give `None`.
    pub const fn as_option(&self) -> Option<&T> {
        match self {
            Self::Present(value) => Some(value),
            Self::Absent | Self::Null => None,
        }
    }

    /// Whether the object does not have the field at all.
    pub const fn is_absent(&self) -> bool {
        matches!(self, Self::Absent)
    }
}

impl<T> From<Option<T>> for Maybe<T> {
    /// `None` becomes absent, never null.
    fn from(value: Option<T>) -> Self {
        value.map_or(Self::Absent, Self::Present)
    }
}

impl<T: Serialize> Serialize for Maybe<T> {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        self.as_option().serialize(serializer)
    }
}

impl<'de, T: Deserialize<'de>> Deserialize<'de> for Maybe<T> {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        struct MaybeVisitor<T>(std::marker::PhantomData<T>);

        impl<'de, T: Deserialize<'de>> Visitor<'de> for MaybeVisitor<T> {
            type Value = Maybe<T>;

            fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str("a value or null")
            }

            fn visit_unit<E: de::Error>(self) -> Result<Maybe<T>, E> {
                Ok(Maybe::Null)
            }

            fn visit_none<E: de::Error>(self) -> Result<Maybe<T>, E> {
                Ok(Maybe::Null)
            }

            fn visit_some<D: Deserializer<'de>>(self, deserializer: D) -> Result<Maybe<T>, D::Error> {
                T::deserialize(deserializer).map(Maybe::Present)
            }
        }

        deserializer.deserialize_option(MaybeVisitor(std::marker::PhantomData))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    object! {
        /// A holder of one field.
        Holder {
            maybe {
                /// The field.
                field: bool,
            }
        }
    }

    #[test]
    fn absent_null_and_present_each_come_back_as_they_went() {
        for (text, field) in [
            ("{}", Maybe::Absent),
            (r#"{"field":null}"#, Maybe::Null),
            (r#"{"field":true}"#, Maybe::Present(true)),
        ] {
            let holder: Holder = serde_json::from_str(text).unwrap();
            assert_eq!(holder.field, field);
            assert_eq!(serde_json::to_string(&holder).unwrap(), text);
        }
    }

    #[test]
    fn a_wrong_type_names_what_would_be_right() {
        let error = serde_json::from_str::<Holder>(r#"{"field":1}"#).unwrap_err();
        assert!(error.to_string().contains("expected a boolean"), "{error}");
    }

    #[test]
    fn only_a_present_value_is_an_option_with_a_value() {
        assert_eq!(Maybe::Present(1).as_option(), Some(&1));
        assert_eq!(Maybe::<u8>::Null.as_option(), None);
        assert_eq!(Maybe::from(None::<u8>), Maybe::Absent);
    }
}
