//! Structs for objects of the API.

/// Defines an object of the API: what something reads is typed, and `rest` keeps every other field as it came, so that
/// what was read can be written back.
///
/// Debug output shows the name alone, because the values are personal data or settings.
macro_rules! model {
    ($(#[$doc:meta])* $name:ident {
        $(required { $($(#[$rdoc:meta])* $required:ident: $rtype:ty,)+ })?
        $(maybe { $($(#[$mdoc:meta])* $maybe:ident: $mtype:ty,)+ })?
    }) => {
        $(#[$doc])*
        #[derive(Clone, PartialEq, Eq, serde::Serialize, serde::Deserialize)]
        #[serde(expecting = "an object")]
        pub struct $name {
            $($($(#[$rdoc])* pub $required: $rtype,)+)?
            $($(
                $(#[$mdoc])*
                #[serde(default, skip_serializing_if = "crate::Maybe::is_absent")]
                pub $maybe: crate::Maybe<$mtype>,
            )+)?
            /// Every other field, as it came.
            #[serde(flatten)]
            pub rest: crate::Dictionary,
        }

        impl std::fmt::Debug for $name {
            fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
                f.debug_struct(stringify!($name)).finish_non_exhaustive()
            }
        }
    };
}

/// Says that lists hold the object, under which key, and which field tells one from another.
macro_rules! item {
    ($name:ty, $key:literal, $id:ident) => {
        impl crate::management::Item for $name {
            const KEY: &'static str = $key;

            fn id(&self) -> String {
                self.$id.as_str().to_owned()
            }
        }
    };
}
