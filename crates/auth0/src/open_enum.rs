//! Enums for words that Auth0 documents today and may extend tomorrow.

/// Defines an enum of documented words with `Other` for the rest, which survives a round trip.
macro_rules! open_enum {
    ($(#[$doc:meta])* $name:ident { $($(#[$vdoc:meta])* $variant:ident = $word:literal,)+ }) => {
        $(#[$doc])*
        #[derive(Debug, Clone, PartialEq, Eq, Hash)]
        pub enum $name {
            $($(#[$vdoc])* $variant,)+
            /// A word that the documentation does not name, as it came.
            Other(String),
        }

        impl $name {
            /// The documented words, in the order of the variants.
            pub const WORDS: &'static [&'static str] = &[$($word),+];

            /// The word on the wire.
            #[must_use]
            pub fn as_str(&self) -> &str {
                match self {
                    $(Self::$variant => $word,)+
                    Self::Other(word) => word,
                }
            }

            /// Whether the documentation names this word.
            #[must_use]
            pub const fn is_documented(&self) -> bool {
                !matches!(self, Self::Other(_))
            }

            fn documented(word: &str) -> Option<Self> {
                match word {
                    $($word => Some(Self::$variant),)+
                    _ => None,
                }
            }
        }

        impl From<&str> for $name {
            fn from(word: &str) -> Self {
                Self::documented(word).unwrap_or_else(|| Self::Other(word.to_owned()))
            }
        }

        impl serde::Serialize for $name {
            fn serialize<S: serde::Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
                serializer.serialize_str(self.as_str())
            }
        }

        impl<'de> serde::Deserialize<'de> for $name {
            fn deserialize<D: serde::Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
                struct WordVisitor;

                impl serde::de::Visitor<'_> for WordVisitor {
                    type Value = $name;

                    fn expecting(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
                        f.write_str("a string")
                    }

                    fn visit_str<E: serde::de::Error>(self, word: &str) -> Result<$name, E> {
                        Ok($name::from(word))
                    }

                    fn visit_string<E: serde::de::Error>(self, word: String) -> Result<$name, E> {
                        Ok($name::documented(&word).unwrap_or($name::Other(word)))
                    }
                }

                deserializer.deserialize_str(WordVisitor)
            }
        }
    };
}

#[cfg(test)]
mod tests {
    open_enum! {
        /// Two words.
        Word {
            /// The first.
            First = "first-word",
            /// The second.
            Second = "second-word",
        }
    }

    #[test]
    fn documented_words_become_variants_and_others_survive() {
        for (text, word) in [
            (r#""first-word""#, Word::First),
            (r#""second\u002dword""#, Word::Second),
            (r#""First-Word""#, Word::Other("First-Word".to_owned())),
            (r#""""#, Word::Other(String::new())),
        ] {
            let parsed: Word = serde_json::from_str(text).unwrap();
            assert_eq!(parsed, word);
            let again = serde_json::to_string(&parsed).unwrap();
            assert_eq!(serde_json::from_str::<Word>(&again).unwrap(), parsed);
        }
        assert!(Word::WORDS.iter().all(|word| Word::from(*word).is_documented()));
    }

    #[test]
    fn a_number_is_not_a_word() {
        assert!(serde_json::from_str::<Word>("1").unwrap_err().to_string().contains("expected a string"));
    }
}
