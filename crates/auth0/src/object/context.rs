//! The small objects around a transaction.

use countersign_core::TenantId;

use crate::Dictionary;

object! {
    /// The access token that a machine is about to get, as far as it is decided.
    AccessToken {
        maybe {
            /// Claims that Actions set; a dictionary on purpose. Documented as always present.
            #[serde(rename = "customClaims")]
            custom_claims: Dictionary,
            /// The scopes that the token will hold. Documented as always present.
            scope: Vec<String>,
        }
    }
}

object! {
    /// The tenant that runs the Action.
    Tenant {
        required {
            /// The tenant's name.
            id: TenantId,
        }
    }
}

object! {
    /// What the user is authorized to do.
    Authorization {
        maybe {
            /// Names of the roles assigned to the user. Documented as always present.
            roles: Vec<String>,
        }
    }
}

object! {
    /// The custom domain that the request came through.
    CustomDomain {
        maybe {
            /// The domain. Documented as always present.
            domain: String,
            /// The domain's metadata; a dictionary on purpose. Documented as always present.
            domain_metadata: Dictionary,
        }
    }
}

object! {
    /// The form that was rendered before the Action continued.
    Prompt {
        maybe {
            /// The form's id. Documented as always present.
            id: String,
            /// Values that the user entered; a dictionary on purpose.
            fields: Dictionary,
            /// Variables given to the form; a dictionary on purpose.
            vars: Dictionary,
        }
    }
}

object! {
    /// The API that a token is asked for.
    ResourceServer {
        maybe {
            /// The API's identifier. Documented as always present.
            identifier: String,
        }
    }
}

object! {
    /// Fingerprints of the TLS connection, present only behind Auth0's own edge.
    SecurityContext {
        maybe {
            /// The JA3 fingerprint, 32 hexadecimal digits; may be empty or null.
            ja3: String,
            /// The JA4 fingerprint; may be empty or null.
            ja4: String,
        }
    }
}

object! {
    /// Login statistics of the user.
    Stats {
        maybe {
            /// How many times the user has signed in. Documented as always present.
            logins_count: u64,
        }
    }
}
