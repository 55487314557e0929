//! The user's profile. Instants are RFC 3339 text.

use crate::{Dictionary, Json, factor::FactorType};

object! {
    /// The user, as their profile says.
    User {
        required {
            /// The user's id, unique in the tenant, `strategy|…`; may hold spaces.
            user_id: String,
        }
        maybe {
            /// Metadata that applications may not show to the user; a dictionary on purpose. Documented as always
            /// present.
            app_metadata: Dictionary,
            /// When the profile was made. Documented as always present.
            created_at: String,
            /// The e-mail address.
            email: String,
            /// Whether the e-mail address was verified. Documented as always present.
            email_verified: bool,
            /// The factors that the user can be challenged for, `email` included.
            #[serde(rename = "enrolledFactors")]
            enrolled_factors: Vec<EnrolledFactor>,
            /// The family name.
            family_name: String,
            /// The given name.
            given_name: String,
            /// The accounts behind the profile. Documented as always present.
            identities: Vec<Identity>,
            /// When the password was last reset.
            last_password_reset: String,
            /// Names of the MFA providers that the user is enrolled with; older and coarser than `enrolled_factors`.
            multifactor: Vec<String>,
            /// The full name.
            name: String,
            /// The nickname.
            nickname: String,
            /// The phone number.
            phone_number: String,
            /// Whether the phone number was verified.
            phone_verified: bool,
            /// The URL of a picture.
            picture: String,
            /// When the profile last changed. Documented as always present.
            updated_at: String,
            /// Metadata that the user may see and change; a dictionary on purpose. Documented as always present.
            user_metadata: Dictionary,
            /// The user name, where the connection has one.
            username: String,
        }
    }
}

object! {
    /// The user whom a registration is about to make: no id yet, and nothing about them is verified.
    NewUser {
        maybe {
            /// Metadata that applications may not show to the user; a dictionary on purpose.
            app_metadata: Dictionary,
            /// The e-mail address.
            email: String,
            /// The family name.
            family_name: String,
            /// The given name.
            given_name: String,
            /// The full name.
            name: String,
            /// The nickname.
            nickname: String,
            /// The phone number.
            phone_number: String,
            /// The URL of a picture.
            picture: String,
            /// Metadata that the user may see and change; a dictionary on purpose.
            user_metadata: Dictionary,
            /// The user name, where the connection has one.
            username: String,
        }
    }
}

object! {
    /// The user whose password was changed; the documentation promises none of the fields.
    ChangedUser {
        maybe {
            /// The e-mail address.
            email: String,
            /// Whether the e-mail address was verified.
            email_verified: bool,
            /// When the password was last reset.
            last_password_reset: String,
            /// The phone number.
            phone_number: String,
            /// Whether the phone number was verified.
            phone_verified: bool,
            /// The user's id, unique in the tenant.
            user_id: String,
            /// The user name, where the connection has one.
            username: String,
        }
    }
}

object! {
    /// A factor that the user can be challenged for.
    EnrolledFactor {
        maybe {
            /// Which factor. Documented as always present.
            #[serde(rename = "type")]
            factor: FactorType,
            /// How the factor is set up; its keys differ by factor, so a dictionary on purpose.
            options: Dictionary,
        }
    }
}

object! {
    /// An account behind a profile; what else it holds differs by provider.
    Identity {
        maybe {
            /// The connection's name.
            connection: String,
            /// Whether the provider is a social one.
            #[serde(rename = "isSocial")]
            is_social: bool,
            /// The profile at the provider; a dictionary on purpose.
            #[serde(rename = "profileData")]
            profile_data: Dictionary,
            /// The provider.
            provider: String,
            /// The user's id at the provider; JSON on purpose, because some providers count in numbers.
            user_id: Json,
        }
    }
}
