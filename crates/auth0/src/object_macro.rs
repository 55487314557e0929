//! Structs for documented objects.

/// Defines a documented object: required fields, `Maybe` fields and `extra` for what the documentation does not
/// name. A `refused` field is documented, but an event that carries it is refused, so it holds nothing.
///
/// Debug output shows the name alone, because the values are personal data.
macro_rules! object {
    ($(#[$doc:meta])* $name:ident {
        $(required { $($(#[$rdoc:meta])* $required:ident: $rtype:ty,)+ })?
        $(maybe { $($(#[$mdoc:meta])* $maybe:ident: $mtype:ty,)+ })?
        $(refused { $($refused:ident,)+ })?
    }) => {
        $(#[$doc])*
        #[derive(Clone, PartialEq, serde::Serialize, serde::Deserialize)]
        #[serde(expecting = "an object")]
        pub struct $name {
            $($($(#[$rdoc])* pub $required: $rtype,)+)?
            $($(
                $(#[$mdoc])*
                #[serde(default, skip_serializing_if = "crate::Maybe::is_absent")]
                pub $maybe: crate::Maybe<$mtype>,
            )+)?
            $($(
                #[serde(default, skip_serializing)]
                $refused: crate::refused::Refused,
            )+)?
            /// Fields that the documentation does not name, as they came.
            #[serde(flatten)]
            pub extra: crate::Dictionary,
        }

        impl std::fmt::Debug for $name {
            fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
                f.debug_struct(stringify!($name)).finish_non_exhaustive()
            }
        }
    };
}

#[cfg(test)]
mod tests {
    use crate::shape::decode;

    object! {
        /// An object with every kind of field.
        Sample {
            required {
                /// Needed.
                id: String,
            }
            maybe {
                /// Not needed.
                name: String,
            }
        }
    }

    #[test]
    fn fields_that_nobody_documented_survive() {
        let text = r#"{"id":"a","later":{"n":[1,null,0.5]}}"#;
        let sample: Sample = decode(text.as_bytes(), "sample").unwrap();
        assert_eq!(sample.extra.len(), 1);
        assert_eq!(serde_json::to_string(&sample).unwrap(), text);
    }

    #[test]
    fn debug_output_holds_no_value() {
        let sample: Sample = decode(br#"{"id":"marked","marked":"marked"}"#, "sample").unwrap();
        assert_eq!(format!("{sample:?}"), "Sample { .. }");
    }

    #[test]
    fn an_array_is_not_an_object() {
        let error = decode::<Sample>(br#"["a","b"]"#, "sample").unwrap_err();
        assert_eq!(
            (error.path.as_str(), error.message.as_str()),
            ("sample", "expected an object, found an array")
        );
    }
}
