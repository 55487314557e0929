//! The tenant asks for less of a second factor than it did.

use std::borrow::Cow;

use serde_json::Value;

use crate::{
    About, Detector, Entity, EntityKind, Event, Finding, HOUR, Params, Severity, StateError, World,
    admin::{Call, Method, flag, texts},
    detectors::Native,
    state::{self, History, Table},
};

pub(super) const NATIVE: Native =
    Native { about: &ABOUT, make: |params| Box::new(MfaDowngrade::new(params)) };

static ABOUT: About = About {
    id: Cow::Borrowed("mfa_downgrade"),
    version: 1,
    title: Cow::Borrowed("Multi-factor authentication was weakened for the tenant"),
    text: Cow::Borrowed(
        "Follows the MFA policy, the factors, risk assessment, MFA of a connection, the Actions of the login flow and automatic \
         membership in organizations through successful calls of the Management API, whoever made them, and finds what is lower \
         than before. What is set again as it was, or higher, is silent. Where nothing is known of before, only what is off counts.",
    ),
    kinds: Cow::Borrowed(&["sapi"]),
    severity: Severity::High,
    techniques: Cow::Borrowed(&["T1556.006"]),
    false_positives: Cow::Borrowed(&[
        "a planned change, which a suppression with its ticket covers",
        "a weak factor (SMS, voice, e-mail) that is retired: low",
    ]),
    steps: Cow::Borrowed(&[
        "ask who made the call whether it was planned",
        "set the policy or factor back",
        "look for logins without a second factor since",
        "revoke the token or the session of the one who made the call, if nobody planned it",
    ]),
    params: &[],
    cooldown: HOUR,
};

/// The most settings that are followed.
const SETTINGS: usize = 4_096;

/// Factors that phishing or a telephone company defeats: to lose one is no loss where others stay.
const WEAK_FACTORS: &[&str] = &["sms", "voice", "phone", "email", "recovery-code"];

struct MfaDowngrade {
    settings: Table<History<u8>>,
}

/// A setting as it is after a call.
struct Setting {
    name: String,
    level: u8,
    /// What it is taken to have been where nobody knows.
    assumed: u8,
    severity: Severity,
    /// The severity where nobody knows what it was.
    unknown: Severity,
    entity: Option<Entity>,
}

impl Setting {
    fn new(name: String, level: u8, severity: Severity) -> Self {
        Self { name, level, assumed: 1, severity, unknown: severity, entity: None }
    }

    fn of(call: &Call) -> Option<Self> {
        if !call.is_change() || call.method == Method::Delete {
            return None;
        }
        let switch = |name: String, value: Option<&Value>, severity| {
            Some(Self::new(name, u8::from(value.and_then(flag)?), severity))
        };
        match &call.path()[..] {
            ["guardian", "policies"] => {
                let level = policy([&call.response, &call.request].into_iter().find_map(texts)?);
                let severity = if level == 0 { Severity::High } else { Severity::Medium };
                Some(Self::new("policies".to_owned(), level, severity))
            }
            ["guardian", "factors", factor] => {
                let is_weak = WEAK_FACTORS.contains(factor);
                let severity = if is_weak { Severity::Low } else { Severity::Medium };
                switch(format!("factor {factor}"), call.field("enabled"), severity)
            }
            ["risk-assessments", "settings"] => {
                switch("risk".to_owned(), call.field("enabled"), Severity::Medium)
            }
            ["risk-assessment", "config"] => {
                switch("risk".to_owned(), call.field("AfterAuthentication"), Severity::Medium)
            }
            ["connections", id] => {
                let of = |body: &Value| body.pointer("/options/mfa/active").and_then(flag);
                let is_active = of(&call.request)?;
                Some(Self::new(format!("connection {id}"), u8::from(is_active), Severity::Medium))
            }
            ["actions", "triggers", trigger @ ("post-login" | "post-challenge"), "bindings"] => {
                let count = call.field("bindings")?.as_array()?.len();
                let level = u8::try_from(count).unwrap_or(u8::MAX);
                let setting = Self::new(format!("bindings {trigger}"), level, Severity::Medium);
                // Why low: an empty flow may never have asked for a factor.
                Some(Self { unknown: Severity::Low, ..setting })
            }
            ["organizations", id, "enabled_connections", connection] => {
                let is_open = call.names("assign_membership_on_login")
                    && flag(call.field("assign_membership_on_login")?)?;
                let name = format!("membership {id} {connection}");
                let setting = Self::new(name, u8::from(!is_open), Severity::Medium);
                let entity = Some(Entity::new(EntityKind::Organization, id));
                Some(Self { unknown: Severity::Low, entity, ..setting })
            }
            _ => None,
        }
    }
}

/// 0 never, 1 by risk, 2 always.
fn policy(policies: Vec<&str>) -> u8 {
    let level = |name: &str| if name == "all-applications" { 2 } else { 1 };
    policies.into_iter().map(level).max().unwrap_or(0)
}

impl MfaDowngrade {
    fn new(_: &Params) -> Self {
        Self { settings: Table::new(SETTINGS) }
    }
}

impl Detector for MfaDowngrade {
    fn about(&self) -> &About {
        &ABOUT
    }

    fn observe(&mut self, event: &Event<'_>, world: &World<'_>, findings: &mut Vec<Finding>) {
        let Some((call, setting)) = event.call().and_then(|call| Some((call, Setting::of(call)?))) else {
            return;
        };
        let history = self.settings.entry(event.tag("setting", setting.name.as_bytes()));
        let before = history.before(event.at()).copied();
        history.set(event.at(), event.seq, setting.level);
        let assumed = before.unwrap_or(setting.assumed);
        if setting.level >= assumed {
            return;
        }
        let severity = if before.is_some() { setting.severity } else { setting.unknown };
        let severity = call.severity(severity, world.context);
        let entity = setting.entity.unwrap_or_else(|| event.tenant());
        let finding = Finding::new(severity, entity, event.at()).shown_by([event.seq]);
        findings.push(finding.counted("level", setting.level.into(), assumed.into()));
    }

    fn save(&self) -> Vec<u8> {
        state::save(ABOUT.version, &self.settings)
    }

    fn restore(&mut self, saved: &[u8]) -> Result<(), StateError> {
        self.settings = state::restore(ABOUT.version, saved)?;
        Ok(())
    }

    fn evicted(&self) -> u64 {
        self.settings.evicted()
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;
    use crate::{
        Context,
        detectors::{
            calls::{by_us, put, refused},
            trial::{Trial, told},
        },
    };

    fn policies(second: i64, policies: &Value) -> crate::detectors::trial::Line {
        put(second, "/api/v2/guardian/policies", policies, policies)
    }

    #[test]
    fn a_policy_that_falls_is_found_and_one_that_stays_or_rises_is_not() {
        let trial = Trial::of(&[NATIVE]);
        let never = policies(0, &json!([]));
        assert_eq!(told(&trial.run(std::slice::from_ref(&never))), [("acme", Severity::High)]);
        assert_eq!(trial.run(&[policies(0, &json!(["confidence-score"]))]), []);
        let always = policies(0, &json!(["all-applications"]));
        let fall = [always.clone(), policies(10, &json!(["confidence-score"]))];
        assert_eq!(told(&trial.run(&fall)), [("acme", Severity::Medium)]);
        // Set again to what it was: nothing is lower than before.
        let again = [never, policies(10_000, &json!([])), policies(20_000, &json!(["confidence-score"]))];
        assert_eq!(trial.run(&again).len(), 1);
        assert_eq!(trial.run(&[refused(0, "put", "/v2/guardian/policies", &json!([]))]), []);
    }

    #[test]
    fn factors_risk_and_connections_count_by_how_strong_they_are() {
        let trial = Trial::of(&[NATIVE]);
        let off = json!({"enabled": false});
        let factor = |name: &str, body: &Value| put(0, &format!("/v2/guardian/factors/{name}"), body, body);
        assert_eq!(told(&trial.run(&[factor("otp", &off)])), [("acme", Severity::Medium)]);
        assert_eq!(told(&trial.run(&[factor("sms", &off)])), [("acme", Severity::Low)]);
        assert_eq!(trial.run(&[factor("otp", &json!({"enabled": true}))]), []);
        // As text, and the response against the request.
        let as_text =
            put(0, "/v2/guardian/factors/otp", &json!({"enabled": true}), &json!({"enabled": "false"}));
        assert_eq!(trial.run(&[as_text]).len(), 1);
        for (path, body) in [
            ("/api/v2/risk-assessments/settings", json!({"enabled": false})),
            ("/api/v2/risk-assessment/config", json!({"AfterAuthentication": false})),
            ("/api/v2/connections/con_1", json!({"options": {"mfa": {"active": false}}})),
        ] {
            assert_eq!(told(&trial.run(&[put(0, path, &body, &json!({}))])), [("acme", Severity::Medium)]);
        }
        assert_eq!(trial.run(&[put(0, "/api/v2/connections/con_1", &json!({"options": {}}), &off)]), []);
    }

    #[test]
    fn flows_and_memberships_are_loud_only_where_it_is_known_what_they_were() {
        let trial = Trial::of(&[NATIVE]);
        let path = "/api/v2/actions/triggers/post-login/bindings";
        let bound = |second, bindings: Value| {
            let body = json!({ "bindings": bindings });
            put(second, path, &body, &body)
        };
        assert!(trial.is_quiet(&[bound(0, json!([]))]));
        let fewer = [bound(0, json!([{}, {}])), bound(9, json!([{}]))];
        assert_eq!(told(&trial.run(&fewer)), [("acme", Severity::Medium)]);
        let path = "/api/v2/organizations/org_1/enabled_connections/con_1";
        let open = |second, is_open: bool| {
            let body = json!({ "assign_membership_on_login": is_open });
            put(second, path, &body, &body)
        };
        assert!(trial.is_quiet(&[open(0, true)]));
        assert_eq!(told(&trial.run(&[open(0, false), open(9, true)])), [("org_1", Severity::Medium)]);
    }

    #[test]
    fn what_we_did_ourselves_is_low_and_told() {
        let context = Context { own_clients: [by_us()].into(), ..Context::default() };
        let alerts = Trial::of(&[NATIVE]).knowing(context).run(&[policies(0, &json!([]))]);
        assert_eq!(told(&alerts), [("acme", Severity::Low)]);
    }
}
