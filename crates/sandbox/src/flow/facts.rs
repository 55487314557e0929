//! What is known when a flow begins, as it stands in the tenant's state.

use serde::{Deserialize, Serialize};
use serde_json::{Map, Value};

/// One request of somebody, as it reaches the tenant.
#[derive(Debug, Clone, Default, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct Visit {
    /// Version 4 or 6.
    pub ip: String,
    /// The place, with the names of `event.request.geoip`; empty where it is not known.
    pub geoip: Map<String, Value>,
    /// The autonomous system, digits alone.
    pub asn: Option<String>,
    /// The header as it was sent.
    pub user_agent: Option<String>,
    /// The fingerprints of its TLS; none where it came past the edge that takes them.
    pub ja3: Option<String>,
    /// The newer fingerprint.
    pub ja4: Option<String>,
    /// The tenant's host or the custom domain that it was sent to.
    pub hostname: Option<String>,
    /// Such as `en`.
    pub language: Option<String>,
    /// Such as `POST`.
    pub method: String,
    /// The parameters of its address.
    pub query: Map<String, Value>,
    /// The parameters of its body, without passwords.
    pub body: Map<String, Value>,
}

/// What is known of a transaction; objects are in the form of the Management API, and null where there is none.
#[derive(Debug, Clone, Default)]
pub struct Facts {
    /// The tenant's name.
    pub tenant: String,
    /// Where it is hosted, such as `prod-us-1`.
    pub environment: String,
    /// The request.
    pub visit: Visit,
    /// The client.
    pub client: Value,
    /// The connection.
    pub connection: Value,
    /// The user; at a sign-up the one that shall be made.
    pub user: Value,
    /// The organization that is signed in to.
    pub organization: Value,
    /// The names of the user's roles, direct and of the organization.
    pub roles: Vec<String>,
    /// The session, in the form of the Management API.
    pub session: Value,
    /// The refresh token, in the form of the Management API.
    pub refresh_token: Value,
    /// The custom domain: `domain`, `domain_metadata`.
    pub custom_domain: Value,
    /// The transaction, with the names of `event.transaction`.
    pub transaction: Map<String, Value>,
    /// The methods of authentication that were passed, with the names of `event.authentication.methods`.
    pub methods: Vec<Value>,
    /// Auth0's own assessment, with the names of `event.authentication.riskAssessment`; null where it makes none.
    pub risk: Value,
    /// What may be used as a second factor, with the names of `event.user.enrolledFactors`; `None` where nobody knows.
    pub factors: Option<Vec<Value>>,
    /// The API that a token is for.
    pub audience: Option<String>,
    /// The form that was filled in: `id`, `fields`, `vars`.
    pub prompt: Value,
    /// A message that shall be sent, with the names of `event.message_options`.
    pub message: Value,
}

/// A field that is text; empty without one.
pub(crate) fn text<'a>(object: &'a Value, name: &str) -> &'a str {
    object.get(name).and_then(Value::as_str).unwrap_or_default()
}

impl Facts {
    /// How the person or client came: `event.transaction.protocol`.
    pub(crate) fn protocol(&self) -> &str {
        self.transaction.get("protocol").and_then(Value::as_str).unwrap_or_default()
    }

    /// Whether nothing may be shown.
    pub(crate) fn is_silent(&self) -> bool {
        let prompts = self.transaction.get("prompt").and_then(Value::as_array);
        prompts.is_some_and(|prompts| prompts.iter().any(|one| one == "none"))
    }

    /// The scopes that were asked for.
    pub(crate) fn scopes(&self) -> Vec<String> {
        let asked = self.transaction.get("requested_scopes").and_then(Value::as_array);
        asked.into_iter().flatten().filter_map(Value::as_str).map(str::to_owned).collect()
    }

    /// `database`, `passwordless`, `social` or `enterprise`.
    pub(crate) fn strategy_type(&self) -> &'static str {
        match text(&self.connection, "strategy") {
            "auth0" => "database",
            "email" | "sms" => "passwordless",
            "waad" | "samlp" | "oidc" | "okta" | "google-apps" | "ad" | "adfs" | "pingfederate" => {
                "enterprise"
            }
            "" => "",
            _ => "social",
        }
    }
}
