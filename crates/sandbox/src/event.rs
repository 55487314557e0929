//! Writes a sign-in as Auth0's `post-login` event; which keys are there depends on the channel, as it does there.

use countersign_core::{Channel, Timestamp};
use serde_json::{Map, Value, json};

use crate::{
    company::{Client, TENANT},
    device::{Browser, Device},
    dice::Dice,
    people::{Factor, Person, Strategy},
    session::{Origin, Session},
};

/// Everything that a post-login event tells.
pub(crate) struct Scene<'a> {
    pub(crate) at: Timestamp,
    pub(crate) channel: Channel,
    pub(crate) person: &'a Person,
    pub(crate) client: &'a Client,
    pub(crate) origin: Origin,
    pub(crate) device: &'a Device,
    pub(crate) user_agent: String,
    /// `None` for a password grant, which opens no session.
    pub(crate) session: Option<&'a Session>,
    pub(crate) logins_count: u64,
    pub(crate) last_seen: Timestamp,
    /// Auth0's own assessment; `None` where the plan or the channel has none.
    pub(crate) risk: Option<Value>,
    /// Whether the request came through the edge that takes fingerprints.
    pub(crate) fingerprints: bool,
}

/// An instant as Auth0 writes it: RFC 3339 with three decimals.
pub(crate) fn iso(at: Timestamp) -> String {
    let text = Timestamp::from_micros(at.micros().div_euclid(1000) * 1000).to_string();
    match text.strip_suffix("000Z") {
        Some(millis) => format!("{millis}Z"),
        None => text,
    }
}

const SCOPES: [&str; 4] = ["openid", "profile", "email", "offline_access"];

/// Writes the event.
pub(crate) fn post_login(scene: &Scene<'_>, dice: &mut Dice) -> Value {
    let organization = &scene.person.organization;
    let mut event = Map::new();
    let mut put = |key: &str, value: Value| event.insert(key.to_owned(), value);
    put("authentication", authentication(scene));
    put("authorization", json!({ "roles": scene.person.roles }));
    put("client", json!({ "client_id": scene.client.id, "name": scene.client.name, "metadata": {} }));
    put("connection", connection(scene.person));
    if scene.person.organization.is_enterprise {
        put("custom_domain", json!({ "domain": hostname(scene), "domain_metadata": {} }));
    }
    put(
        "organization",
        json!({
            "id": organization.id,
            "name": organization.name,
            "display_name": organization.display_name,
            "metadata": {},
        }),
    );
    let state = dice.alphanumeric(22);
    put("request", request(scene, &state));
    put("resource_server", json!({ "identifier": scene.client.audience }));
    put("secrets", json!({}));
    if scene.fingerprints {
        put("security_context", security_context(scene, dice));
    }
    if let Some(session) = scene.session {
        put("session", session_object(scene, session));
        if scene.channel == Channel::Refresh {
            put("refresh_token", token_object(scene, session));
        }
    }
    put("stats", json!({ "logins_count": scene.logins_count }));
    put("tenant", json!({ "id": TENANT }));
    put("transaction", transaction(scene, &state, dice));
    put("user", user(scene));
    Value::Object(event)
}

fn authentication(scene: &Scene<'_>) -> Value {
    let name = if scene.person.is_federated() { "federated" } else { "pwd" };
    // Why: without a new first factor, the methods are those of the session.
    let asked = match (scene.channel, scene.session) {
        (Channel::Silent | Channel::Refresh, Some(session)) => session.created_at,
        _ => scene.at,
    };
    let mut methods = vec![json!({ "name": name, "timestamp": iso(asked.plus(-200_000)) })];
    if let (Channel::Silent | Channel::Refresh, Some((factor, at))) =
        (scene.channel, scene.session.and_then(|session| session.mfa))
    {
        methods.push(mfa(factor, at));
    }
    match &scene.risk {
        Some(risk) => json!({ "methods": methods, "riskAssessment": risk }),
        None => json!({ "methods": methods }),
    }
}

/// The method that a passed factor adds.
fn mfa(factor: Factor, at: Timestamp) -> Value {
    json!({ "name": "mfa", "type": factor.as_str(), "timestamp": iso(at) })
}

/// The event of the continuation after a challenge that was passed with `factor` at `at`.
pub(crate) fn continued(event: &Value, factor: Factor, at: Timestamp) -> Value {
    let mut event = event.clone();
    if let Some(Value::Array(methods)) = event.pointer_mut("/authentication/methods") {
        methods.push(mfa(factor, at));
    }
    event
}

/// The connection by which a person signs in.
pub(crate) fn connection(person: &Person) -> Value {
    let name = person.connection_name();
    let strategy = match person.strategy {
        Strategy::Auth0 => "auth0",
        Strategy::Waad => "waad",
        Strategy::Samlp => "samlp",
    };
    json!({ "id": named_id("con", &name), "name": name, "strategy": strategy, "metadata": {} })
}

/// An identifier of the vendor's form that follows from a name alone.
pub(crate) fn named_id(prefix: &str, name: &str) -> String {
    format!("{prefix}_{}", Dice::of_name(name).alphanumeric(16))
}

fn hostname(scene: &Scene<'_>) -> String {
    if scene.person.organization.is_enterprise {
        format!("login.{}", scene.person.organization.domain)
    } else {
        format!("{TENANT}.example")
    }
}

fn request(scene: &Scene<'_>, state: &str) -> Value {
    let (method, body, query) = match scene.channel {
        Channel::Refresh => {
            ("POST", json!({ "grant_type": "refresh_token", "client_id": scene.client.id }), json!({}))
        }
        Channel::Password | Channel::Exchange => (
            "POST",
            json!({
                "grant_type": "password",
                "client_id": scene.client.id,
                "username": scene.person.email(),
                "scope": SCOPES.join(" "),
            }),
            json!({}),
        ),
        Channel::Silent => ("GET", json!({}), browser_query(scene, state)),
        Channel::Interactive => ("POST", json!({}), browser_query(scene, state)),
    };
    let mut request = json!({
        "asn": scene.origin.asn.to_string(),
        "body": body,
        "geoip": scene.origin.city.geoip(),
        "hostname": hostname(scene),
        "ip": scene.origin.address.to_string(),
        "method": method,
        "query": query,
        "user_agent": scene.user_agent,
    });
    // Why: programs send no Accept-Language.
    if let (Some(request), false) = (request.as_object_mut(), is_program(scene.device)) {
        let language = scene.person.organization.language.as_str();
        request.insert("language".to_owned(), language.into());
    }
    request
}

const fn is_program(device: &Device) -> bool {
    matches!(device.browser, Browser::Script | Browser::Handheld)
}

fn browser_query(scene: &Scene<'_>, state: &str) -> Value {
    let mut query = json!({
        "client_id": scene.client.id,
        "redirect_uri": scene.client.callback,
        "response_type": "code",
        "scope": SCOPES.join(" "),
        "state": state,
        "organization": scene.person.organization.id,
    });
    if let (Some(query), Channel::Silent) = (query.as_object_mut(), scene.channel) {
        query.insert("prompt".to_owned(), "none".into());
        query.insert("response_mode".to_owned(), "web_message".into());
    }
    query
}

/// Programs come without a fingerprint now and then: empty text and null are both documented.
fn security_context(scene: &Scene<'_>, dice: &mut Dice) -> Value {
    if scene.device.browser == Browser::Script && dice.chance(25) {
        return json!({ "ja3": "", "ja4": null });
    }
    json!({ "ja3": scene.device.ja3, "ja4": scene.device.ja4 })
}

fn session_object(scene: &Scene<'_>, session: &Session) -> Value {
    let (end, idle_end) = session.ends();
    json!({
        "id": session.id,
        "user_id": scene.person.user_id,
        "created_at": iso(session.created_at),
        "authenticated_at": iso(session.created_at),
        "updated_at": iso(session.updated_at),
        "expires_at": iso(end),
        "idle_expires_at": iso(idle_end),
        "last_interacted_at": iso(session.updated_at),
        "clients": [{ "client_id": scene.client.id }],
        "cookie": { "mode": "persistent" },
        "device": session.traces.device(),
        "metadata": {},
    })
}

fn token_object(scene: &Scene<'_>, session: &Session) -> Value {
    let (end, idle_end) = session.token_ends();
    let mut token = json!({
        "id": session.token.id,
        "client_id": scene.client.id,
        "created_at": iso(session.created_at),
        "device": session.token.traces.device(),
        "expires_at": iso(end),
        "idle_expires_at": iso(idle_end),
        "metadata": {},
        "resource_servers": [{ "audience": scene.client.audience, "scopes": "openid profile offline_access" }],
        "rotating": true,
        "session_id": session.id,
        "user_id": scene.person.user_id,
    });
    if let (Some(token), Some(at)) = (token.as_object_mut(), session.token.last_exchanged_at) {
        token.insert("last_exchanged_at".to_owned(), iso(at).into());
    }
    token
}

/// The transaction; its id and what a browser asked for exist in browser flows only.
fn transaction(scene: &Scene<'_>, state: &str, dice: &mut Dice) -> Value {
    let (protocol, silent) = match scene.channel {
        Channel::Refresh => {
            return json!({
                "protocol": "oauth2-refresh-token",
                "requested_scopes": ["openid", "profile", "offline_access"],
                "metadata": {},
            });
        }
        Channel::Password | Channel::Exchange => {
            return json!({ "protocol": "oauth2-password", "requested_scopes": SCOPES, "metadata": {} });
        }
        Channel::Silent => ("oidc-basic-profile", true),
        Channel::Interactive => ("oidc-basic-profile", false),
    };
    let mut transaction = json!({
        "id": format!("tx_{}", dice.alphanumeric(20)),
        "acr_values": [],
        "locale": scene.person.organization.language,
        "prompt": if silent { vec!["none"] } else { vec![] },
        "protocol": protocol,
        "redirect_uri": scene.client.callback,
        "requested_scopes": SCOPES,
        "response_mode": if silent { "web_message" } else { "query" },
        "response_type": ["code"],
        "state": state,
        "ui_locales": [],
        "correlation_id": format!("cid-{}", dice.hex(12)),
        "metadata": {},
        "requested_authorization_details": [],
    });
    if let (Some(transaction), false) = (transaction.as_object_mut(), silent) {
        transaction.insert("login_hint".to_owned(), scene.person.email().into());
    }
    transaction
}

fn user(scene: &Scene<'_>) -> Value {
    profile(scene.person, scene.last_seen)
}

/// The profile; a federated person's provider gives no user name, telephone, password or factors.
pub(crate) fn profile(person: &Person, updated_at: Timestamp) -> Value {
    let (provider, identity) = person.user_id.split_once('|').unwrap_or(("auth0", &person.user_id));
    let mut user = json!({
        "user_id": person.user_id,
        "email": person.email(),
        "email_verified": true,
        "name": format!("{} {}", person.given_name, person.family_name),
        "given_name": person.given_name,
        "family_name": person.family_name,
        "nickname": person.nickname,
        "picture": format!("https://cdn.{}/avatars/{}.png", person.organization.domain, person.nickname),
        "created_at": iso(person.created_at),
        "updated_at": iso(updated_at),
        "app_metadata": {},
        "user_metadata": {},
        "identities": [{
            "connection": person.connection_name(),
            "provider": provider,
            "user_id": identity,
            "isSocial": false,
        }],
    });
    if let (Some(user), false) = (user.as_object_mut(), person.is_federated()) {
        user.insert("username".to_owned(), person.nickname.as_str().into());
        if let Some(reset) = person.last_password_reset {
            user.insert("last_password_reset".to_owned(), iso(reset).into());
        }
        if let Some(number) = &person.phone_number {
            user.insert("phone_number".to_owned(), number.as_str().into());
            user.insert("phone_verified".to_owned(), true.into());
        }
        let enrolled: Vec<Value> = person.factors.iter().map(|factor| factor.enrolled()).collect();
        let multifactor: &[&str] = if enrolled.is_empty() { &[] } else { &["guardian"] };
        user.insert("multifactor".to_owned(), json!(multifactor));
        user.insert("enrolledFactors".to_owned(), enrolled.into());
    }
    user
}
