//! A client may use a grant that hands passwords or tokens around.

use std::borrow::Cow;

use crate::{
    About, Detector, Entity, EntityKind, Event, Finding, HOUR, Params, Severity, StateError, World,
    admin::{Call, Method, texts},
    detectors::Native,
    state::{self, History, Table},
};

pub(super) const NATIVE: Native = Native { about: &ABOUT, make: |params| Box::new(Grants::new(params)) };

static ABOUT: About = About {
    id: Cow::Borrowed("insecure_grant_enabled"),
    version: 2,
    title: Cow::Borrowed("A client was allowed an insecure grant"),
    text: Cow::Borrowed(
        "Follows the grants of each client through successful calls of the Management API and dynamic registration, and finds when \
         the implicit or a password grant is allowed that was not before. A password grant lets passwords be tried without the \
         login page and its defenses. Other edits of a client that has one are silent; a client that is created without a choice \
         of grants gets the tenant's default: low. A first edit that names the grants may only send again what was there: less \
         severe.",
    ),
    kinds: Cow::Borrowed(&["sapi"]),
    severity: Severity::Medium,
    techniques: Cow::Borrowed(&["T1556", "T1550.001"]),
    false_positives: Cow::Borrowed(&["an old application that can't do otherwise yet"]),
    steps: Cow::Borrowed(&[
        "ask the owner of the application why it needs the grant",
        "take the grant away; use the authorization code with PKCE, or the device flow",
        "look at logins by this client since",
    ]),
    params: &[],
    cooldown: HOUR,
};

/// The most clients that are followed.
const CLIENTS: usize = 20_000;

const IMPLICIT: u8 = 1;
const PASSWORD: u8 = 2;

struct Grants {
    clients: Table<History<u8>>,
}

impl Grants {
    fn new(_: &Params) -> Self {
        Self { clients: Table::new(CLIENTS) }
    }
}

/// The client that the call creates or changes.
fn client(call: &Call) -> Option<&str> {
    let told = || call.field("client_id").and_then(|id| id.as_str()).filter(|id| !id.is_empty());
    match (call.method, &call.path()[..]) {
        (Method::Post, ["clients"] | ["oidc", "register"]) => told(),
        (Method::Patch | Method::Put | Method::Post, ["clients", _]) => call.path.get(1).map(String::as_str),
        _ => None,
    }
}

/// Which insecure grants the client has after the call; `None` where it does not tell.
fn grants(call: &Call) -> Option<u8> {
    let grant = |name: &str| match name {
        "implicit" => IMPLICIT,
        "password" | "http://auth0.com/oauth/grant-type/password-realm" => PASSWORD,
        _ => 0,
    };
    Some(texts(call.field("grant_types")?)?.into_iter().map(grant).fold(0, |all, grant| all | grant))
}

impl Detector for Grants {
    fn about(&self) -> &About {
        &ABOUT
    }

    fn observe(&mut self, event: &Event<'_>, world: &World<'_>, findings: &mut Vec<Finding>) {
        let Some(call) = event.call().filter(|call| call.is_change()) else { return };
        let (Some(client), Some(grants)) = (client(call), grants(call)) else { return };
        let history = self.clients.entry(event.tag("client", client.as_bytes()));
        let before = history.before(event.at()).copied();
        history.set(event.at(), event.seq, grants);
        let is_chosen = call.names("grant_types");
        let is_new = call.path().len() == 1 || call.path().first() == Some(&"oidc");
        // Why: the first edit of a client that is seen shows grants which it may have had for years, even where it names them.
        let is_known = is_new || before.is_some();
        let added = grants & !before.unwrap_or(if is_chosen || is_new { 0 } else { grants });
        if added == 0 {
            return;
        }
        let severity = match (added, is_known) {
            _ if !is_chosen => Severity::Low,
            (IMPLICIT, true) | (PASSWORD.., false) => Severity::Medium,
            (IMPLICIT, false) => Severity::Low,
            _ => Severity::High,
        };
        let severity = call.severity(severity, world.context);
        let finding = Finding::new(severity, Entity::new(EntityKind::Client, client), event.at());
        findings.push(finding.shown_by([event.seq]));
    }

    fn save(&self) -> Vec<u8> {
        state::save(ABOUT.version, &self.clients)
    }

    fn restore(&mut self, saved: &[u8]) -> Result<(), StateError> {
        self.clients = state::restore(ABOUT.version, saved)?;
        Ok(())
    }

    fn evicted(&self) -> u64 {
        self.clients.evicted()
    }
}

#[cfg(test)]
mod tests {
    use serde_json::{Value, json};

    use super::*;
    use crate::detectors::{
        calls::{call, patch, refused},
        trial::{Line, Trial, told},
    };

    fn edit(second: i64, asked: &Value, grants: &Value) -> Line {
        patch(second, "/api/v2/clients/app", asked, &json!({"client_id": "app", "grant_types": grants}))
    }

    fn choose(second: i64, grants: &Value) -> Line {
        edit(second, &json!({ "grant_types": grants }), grants)
    }

    #[test]
    fn a_grant_that_is_added_is_found_once_and_one_that_was_there_is_not() {
        let trial = Trial::of(&[NATIVE]);
        let safe = json!(["authorization_code", "refresh_token", "client_credentials"]);
        assert_eq!(trial.run(&[choose(0, &safe)]), []);
        let implicit = choose(9, &json!(["implicit"]));
        assert_eq!(told(&trial.run(&[choose(0, &safe), implicit])), [("app", Severity::Medium)]);
        let realm = json!(["http://auth0.com/oauth/grant-type/password-realm"]);
        for password in [json!(["password", "refresh_token"]), realm] {
            let added = [choose(0, &safe), choose(9, &password)];
            assert_eq!(told(&trial.run(&added)), [("app", Severity::High)]);
        }
        let kept = [choose(0, &json!(["implicit"])), choose(9_000, &json!(["implicit", "refresh_token"]))];
        assert_eq!(trial.run(&kept).len(), 1);
        let back = [
            choose(0, &safe),
            choose(9, &json!(["password"])),
            choose(18, &safe),
            choose(9_000, &json!(["password"])),
        ];
        assert_eq!(trial.run(&back).len(), 2);
        assert_eq!(
            trial.run(&[refused(0, "patch", "/v2/clients/app", &json!({"grant_types": ["password"]}))]),
            []
        );
    }

    #[test]
    fn a_first_edit_that_sends_again_what_may_have_been_there_is_less_severe() {
        let trial = Trial::of(&[NATIVE]);
        for (grants, severity) in [("password", Severity::Medium), ("implicit", Severity::Low)] {
            let sent = |second| choose(second, &json!([grants]));
            assert_eq!(told(&trial.run(&[sent(0), sent(9_000)])), [("app", severity)]);
            let answer = json!({"client_id": "app", "grant_types": ["authorization_code"]});
            let made = call(0, "post", "/api/v2/clients", &answer, &answer);
            let after = trial.run(&[made, sent(9)]);
            assert!(after.iter().all(|alert| alert.severity > severity) && after.len() == 1);
        }
    }

    #[test]
    fn an_edit_of_something_else_shows_what_was_there_before() {
        let trial = Trial::of(&[NATIVE]);
        let renamed = edit(0, &json!({"name": "x"}), &json!(["implicit"]));
        assert_eq!(trial.run(&[renamed.clone(), choose(9, &json!(["implicit"]))]), []);
        assert_eq!(trial.run(&[renamed, choose(9, &json!(["implicit", "password"]))]).len(), 1);
    }

    #[test]
    fn a_new_client_is_named_by_what_was_answered_and_defaults_are_low() {
        let trial = Trial::of(&[NATIVE]);
        let answer = json!({"client_id": "new", "grant_types": ["implicit", "authorization_code"]});
        for path in ["/api/v2/clients", "/oidc/register"] {
            let chosen = call(0, "post", path, &json!({"grant_types": ["implicit"]}), &answer);
            assert_eq!(told(&trial.run(&[chosen])), [("new", Severity::Medium)]);
            let default = call(0, "post", path, &json!({"name": "x"}), &answer);
            assert_eq!(told(&trial.run(&[default])), [("new", Severity::Low)]);
        }
        assert_eq!(
            trial.run(&[call(0, "post", "/api/v2/clients/app/rotate-secret", &Value::Null, &answer)]),
            []
        );
    }
}
