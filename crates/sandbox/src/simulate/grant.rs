//! What tokens are made of, and the tokens.

use countersign_core::Timestamp;
use serde::{Deserialize, Serialize};
use serde_json::{Map, Value, json};

use super::{Tokens, gather, text};
use crate::{
    Claims,
    tenant::{State, Tenant},
};

/// How long an ID token lives (Auth0: 36,000 seconds).
const ID_TOKEN_SECONDS: i64 = 36_000;

/// Claims that no Action may set.
const RESERVED: [&str; 22] = [
    "acr",
    "act",
    "amr",
    "aud",
    "auth_time",
    "azp",
    "client_id",
    "cnf",
    "exp",
    "gty",
    "iat",
    "iss",
    "jti",
    "nbf",
    "nonce",
    "org_id",
    "org_name",
    "permissions",
    "scope",
    "sid",
    "sub",
    "roles",
];

/// What a client may have: tokens can be made of it more than once, as by a code or a refresh token.
#[derive(Debug, Clone, PartialEq, Default, Serialize, Deserialize)]
#[serde(default)]
pub(crate) struct Grant {
    /// The user.
    pub(crate) user_id: String,
    /// The client.
    pub(crate) client_id: String,
    /// The API.
    pub(crate) audience: Option<String>,
    /// The scopes.
    pub(crate) scopes: Vec<String>,
    /// What the ID token repeats.
    pub(crate) nonce: Option<String>,
    /// The session.
    pub(crate) session_id: Option<String>,
    /// The organization.
    pub(crate) organization: Value,
    /// The names of the methods that were passed.
    pub(crate) methods: Vec<String>,
    /// When somebody was there, in seconds.
    pub(crate) auth_time: i64,
    /// Custom claims.
    pub(crate) claims: Claims,
    /// How, where that was not by a browser.
    pub(crate) gty: Option<String>,
    /// Who acts for the user.
    pub(crate) actor: Option<Value>,
    /// Whether nobody will see the tokens, so that they are not signed, which takes longer than all the rest.
    #[serde(skip)]
    pub(crate) is_unsigned: bool,
}

impl Grant {
    /// Makes tokens; `None` when they can't be signed.
    pub(crate) fn issue(&self, tenant: &mut Tenant, base_url: &str, now: Timestamp) -> Option<Tokens> {
        let jti = tenant.state_mut().dice.alphanumeric(22);
        let access = self.access(tenant.state(), base_url, now, &jti);
        let expires_in = access.get("exp")?.as_i64()?.saturating_sub(now.seconds());
        let id_token = if self.has("openid") {
            let user = tenant.state().objects.find("users", &self.user_id)?.shown.clone();
            Some(self.sign(tenant, &self.id(&Value::Object(user), base_url, now))?)
        } else {
            None
        };
        Some(Tokens {
            access_token: self.sign(tenant, &access)?,
            id_token,
            refresh_token: None,
            scope: self.scopes.join(" "),
            expires_in,
            token_type: "Bearer",
        })
    }

    fn sign(&self, tenant: &Tenant, claims: &Value) -> Option<String> {
        if self.is_unsigned { Some(String::new()) } else { tenant.sign(claims) }
    }

    /// Whether a scope was given.
    pub(crate) fn has(&self, scope: &str) -> bool {
        self.scopes.iter().any(|own| own == scope)
    }

    fn access(&self, state: &State, base_url: &str, now: Timestamp, jti: &str) -> Value {
        let userinfo = format!("{base_url}/userinfo");
        let audience = match &self.audience {
            Some(audience) if self.has("openid") => json!([audience, userinfo]),
            Some(audience) => json!(audience),
            None => json!(userinfo),
        };
        let api = state.objects.all("resource_servers");
        let api =
            self.audience.as_ref().and_then(|own| api.into_iter().find(|api| api.text("identifier") == own));
        let lifetime = api.and_then(|api| api.shown.get("token_lifetime")).and_then(Value::as_i64);
        let mut claims = custom(&self.claims.access_token);
        self.common(&mut claims, base_url, now, lifetime.unwrap_or(86_400));
        let mut put = |name: &str, value: Value| claims.insert(name.to_owned(), value);
        put("aud", audience);
        put("scope", json!(self.scopes.join(" ")));
        put("azp", json!(self.client_id));
        put("jti", json!(jti));
        if let Some(gty) = &self.gty {
            put("gty", json!(gty));
        }
        if api.is_some_and(|api| api.text("token_dialect").ends_with("_authz")) {
            put("permissions", json!(self.permissions(state)));
        }
        Value::Object(claims)
    }

    /// What the user may do at the API, by roles and directly.
    fn permissions(&self, state: &State) -> Vec<String> {
        let organization = text(&self.organization, "id");
        let roles = gather::role_ids(state, &self.user_id, organization);
        let of_roles = roles.iter().flat_map(|role| state.links.rights("role_permissions", role));
        let all = of_roles.chain(state.links.rights("user_permissions", &self.user_id));
        let prefix = format!("{}\n", self.audience.as_deref().unwrap_or_default());
        let mut names: Vec<String> =
            all.filter_map(|(key, _)| Some(key.strip_prefix(&prefix)?.to_owned())).collect();
        names.sort_unstable();
        names.dedup();
        names
    }

    fn id(&self, user: &Value, base_url: &str, now: Timestamp) -> Value {
        let mut claims = profile(user, &self.scopes);
        claims.extend(custom(&self.claims.id_token));
        self.common(&mut claims, base_url, now, ID_TOKEN_SECONDS);
        let mut put = |name: &str, value: Value| claims.insert(name.to_owned(), value);
        put("aud", json!(self.client_id));
        put("auth_time", json!(self.auth_time));
        put("amr", json!(self.methods));
        if let Some(sid) = &self.session_id {
            put("sid", json!(sid));
        }
        if let Some(nonce) = &self.nonce {
            put("nonce", json!(nonce));
        }
        if self.methods.iter().any(|method| method == "mfa") {
            put("acr", json!("http://schemas.openid.net/pape/policies/2007/06/multi-factor"));
        }
        Value::Object(claims)
    }

    fn common(&self, claims: &mut Map<String, Value>, base_url: &str, now: Timestamp, lifetime: i64) {
        let mut put = |name: &str, value: Value| claims.insert(name.to_owned(), value);
        put("iss", json!(format!("{base_url}/")));
        put("sub", json!(self.user_id));
        put("iat", json!(now.seconds()));
        put("exp", json!(now.seconds().saturating_add(lifetime)));
        let organization = text(&self.organization, "id");
        if !organization.is_empty() {
            put("org_id", json!(organization));
        }
        if let Some(actor) = &self.actor {
            put("act", actor.clone());
        }
    }
}

fn custom(claims: &Map<String, Value>) -> Map<String, Value> {
    let free = claims.iter().filter(|(name, _)| !RESERVED.contains(&name.as_str()));
    free.map(|(name, value)| (name.clone(), value.clone())).collect()
}

/// The claims of a user that scopes give.
pub(crate) fn profile(user: &Value, scopes: &[String]) -> Map<String, Value> {
    let has = |scope: &str| scopes.iter().any(|own| own == scope);
    let mut names: Vec<&str> = Vec::new();
    if has("profile") {
        names.extend(["name", "nickname", "given_name", "family_name", "picture", "updated_at"]);
    }
    if has("email") {
        names.extend(["email", "email_verified"]);
    }
    if has("phone") {
        names.extend(["phone_number", "phone_verified"]);
    }
    names.into_iter().filter_map(|name| Some((name.to_owned(), user.get(name)?.clone()))).collect()
}
