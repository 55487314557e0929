//! Auth0's own protection against attacks was switched off, or made milder.

mod reading;

use std::borrow::Cow;

use serde::{Deserialize, Serialize};

use crate::{
    About, Detector, Entity, EntityKind, Event, Finding, HOUR, Param, Params, Severity, StateError, World,
    admin::{Call, Method, flag},
    detectors::Native,
    state::{self, History, Table},
};
use reading::{DIMENSIONS, Dimension};

pub(super) const NATIVE: Native = Native { about: &ABOUT, make: |params| Box::new(Weakened::new(params)) };

const ATTEMPTS: Param = Param {
    name: "max_attempts",
    default: 50.0,
    least: 10.0,
    most: 10_000.0,
    text: "failures for one account that brute-force protection may let pass",
};

static ABOUT: About = About {
    id: Cow::Borrowed("attack_protection_weakened"),
    version: 1,
    title: Cow::Borrowed("Attack protection was weakened"),
    text: Cow::Borrowed(
        "Follows brute-force protection, suspicious-IP throttling, breached-password and bot detection through successful calls of \
         the Management API: whether they are on, block and challenge, how many attempts they allow, and whom they let pass. It \
         finds what is milder than before; where nothing is known of before, only what the call itself asked for and is off, only \
         watches, or lets wide networks pass. Network access lists that are deleted or paused are recorded.",
    ),
    kinds: Cow::Borrowed(&["sapi"]),
    severity: Severity::High,
    techniques: Cow::Borrowed(&["T1562.001", "T1562.007"]),
    false_positives: Cow::Borrowed(&[
        "a load test or an import that was planned, which a suppression with its ticket covers",
        "an address of the operator's own that is let pass: low",
    ]),
    steps: Cow::Borrowed(&[
        "ask who made the call whether it was planned",
        "set the protection back",
        "look for attacks on accounts since",
        "revoke the token or the session of the one who made the call, if nobody planned it",
    ]),
    params: &[ATTEMPTS],
    cooldown: HOUR,
};

/// The most protections that are followed; Auth0 has six.
const FEATURES: usize = 64;

struct Weakened {
    attempts: i64,
    features: Table<History<Strength>>,
}

/// How strong a protection is, by dimension; higher is stronger, and what is not known is absent.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
struct Strength(Vec<Option<i64>>);

impl Weakened {
    fn new(params: &Params) -> Self {
        let attempts = i64::try_from(params.count(&ATTEMPTS)).unwrap_or(i64::MAX);
        Self { attempts, features: Table::new(FEATURES) }
    }

    fn feature(&mut self, feature: &str, call: &Call, event: &Event<'_>) -> Option<Finding> {
        let history = self.features.entry(event.tag("protection", feature.as_bytes()));
        let before = history.before(event.at()).cloned();
        let was = |index: usize| before.as_ref().and_then(|strength| *strength.0.get(index)?);
        let now: Vec<Option<i64>> =
            DIMENSIONS.iter().map(|dimension| (dimension.read)(call, self.attempts)).collect();
        let mut worst: Option<(&Dimension, i64, i64)> = None;
        for (index, (dimension, value)) in DIMENSIONS.iter().zip(&now).enumerate() {
            let Some(value) = *value else { continue };
            let assumed = || dimension.assumed.filter(|_| asks_for(call, dimension));
            let Some(threshold) = was(index).or_else(assumed) else { continue };
            if value < threshold && worst.is_none_or(|(worst, ..)| dimension.severity > worst.severity) {
                worst = Some((dimension, value, threshold));
            }
        }
        let kept = now.into_iter().enumerate().map(|(index, value)| value.or_else(|| was(index))).collect();
        history.set(event.at(), event.seq, Strength(kept));
        let (dimension, value, threshold) = worst?;
        let finding = Finding::new(dimension.severity, event.tenant(), event.at());
        Some(finding.measured(dimension.name, as_measure(value), as_measure(threshold)))
    }
}

/// Whether the call is about the dimension. Why: a first edit of an allowlist must not tell what was off for years.
fn asks_for(call: &Call, dimension: &Dimension) -> bool {
    call.names(dimension.field) || call.names("enabled")
}

fn as_measure(value: i64) -> f64 {
    f64::from(i32::try_from(value).unwrap_or(i32::MAX))
}

/// A list of networks that is deleted or paused: an emergency lever, let go.
fn access_list(call: &Call, event: &Event<'_>) -> Option<Finding> {
    let [_, id] = call.path()[..] else { return None };
    let is_paused = || call.names("active") && call.field("active").and_then(flag) == Some(false);
    let is_off = call.method == Method::Delete || is_paused();
    let entity = Entity::new(EntityKind::Other, id);
    is_off.then(|| Finding::new(Severity::Low, entity, event.at()))
}

impl Detector for Weakened {
    fn about(&self) -> &About {
        &ABOUT
    }

    fn observe(&mut self, event: &Event<'_>, world: &World<'_>, findings: &mut Vec<Finding>) {
        let Some(call) = event.call().filter(|call| call.is_change()) else { return };
        let finding = match &call.path()[..] {
            ["attack-protection", feature] => self.feature(feature, call, event),
            ["network-acls", ..] => access_list(call, event),
            _ => None,
        };
        let Some(finding) = finding else { return };
        let severity = call.severity(finding.severity, world.context);
        findings.push(Finding { severity, ..finding }.shown_by([event.seq]));
    }

    fn save(&self) -> Vec<u8> {
        state::save(ABOUT.version, &self.features)
    }

    fn restore(&mut self, saved: &[u8]) -> Result<(), StateError> {
        self.features = state::restore(ABOUT.version, saved)?;
        Ok(())
    }

    fn evicted(&self) -> u64 {
        self.features.evicted()
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

    const BRUTE: &str = "/v2/attack-protection/brute-force-protection";

    fn set(second: i64, body: &Value) -> Line {
        patch(second, BRUTE, body, body)
    }

    #[test]
    fn off_and_monitoring_only_are_found_and_fully_on_is_not() {
        let trial = Trial::of(&[NATIVE]);
        let both = json!(["block", "user_notification"]);
        let fully_on = json!({"enabled": true, "shields": both, "allowlist": [], "max_attempts": 10});
        assert_eq!(trial.run(&[set(0, &fully_on)]), []);
        let off = set(9, &json!({"enabled": false, "shields": both}));
        let only_watches = set(9, &json!({"enabled": true, "shields": ["user_notification"]}));
        for before in [vec![], vec![set(0, &fully_on)]] {
            let after = |line: &Line| [before.clone(), vec![line.clone()]].concat();
            assert_eq!(told(&trial.run(&after(&off))), [("acme", Severity::High)]);
            assert_eq!(told(&trial.run(&after(&only_watches))), [("acme", Severity::Medium)]);
        }
        assert_eq!(trial.run(&[off.clone(), off.clone().earlier(-10_000), set(20_000, &fully_on)]).len(), 1);
        assert_eq!(trial.run(&[refused(0, "patch", BRUTE, &json!({"enabled": false}))]), []);
        // The response counts, whatever was asked for.
        let denied = call(0, "post", BRUTE, &json!({"enabled": true}), &json!({"enabled": false}));
        assert_eq!(told(&trial.run(&[denied])), [("acme", Severity::High)]);
    }

    #[test]
    fn what_the_call_did_not_ask_for_is_not_its_doing() {
        let trial = Trial::of(&[NATIVE]);
        let off = json!({"enabled": false, "shields": [], "allowlist": []});
        assert!(trial.is_quiet(&[patch(0, BRUTE, &json!({"allowlist": []}), &off)]));
    }

    #[test]
    fn bots_are_let_in_by_policies_by_watching_and_by_a_lower_level() {
        let trial = Trial::of(&[NATIVE]);
        let bots =
            |second, body: &Value| patch(second, "/api/v2/attack-protection/bot-detection", body, body);
        let strict = json!({"challenge_password_policy": "always", "bot_detection_level": "high"});
        for (milder, severity) in [
            (json!({"challenge_password_policy": "never"}), Severity::Medium),
            (json!({"challenge_password_policy": "when_risky"}), Severity::Medium),
            (json!({"monitoring_mode_enabled": true}), Severity::Medium),
            (json!({"bot_detection_level": "low"}), Severity::Low),
        ] {
            assert_eq!(
                told(&trial.run(&[bots(0, &strict), bots(9, &milder)])),
                [("acme", severity)],
                "{milder}"
            );
        }
        assert_eq!(trial.run(&[bots(0, &strict), bots(9, &strict)]), []);
        // As older tenants have it.
        let old = json!({"policy": "off", "passwordless_policy": false});
        assert_eq!(told(&trial.run(&[bots(0, &old)])), [("acme", Severity::Medium)]);
    }

    #[test]
    fn a_wide_network_that_passes_and_many_attempts_are_found_and_one_address_is_low() {
        let trial = Trial::of(&[NATIVE]);
        for wide in ["0.0.0.0/0", "10.0.0.0/8", "::/0"] {
            let alerts = trial.run(&[set(0, &json!({"allowlist": [wide]}))]);
            assert_eq!(told(&alerts), [("acme", Severity::Medium)], "{wide}");
        }
        let one = trial.run(&[set(0, &json!({"allowlist": ["192.0.2.4", "198.51.100.0/24"]}))]);
        assert_eq!(told(&one), [("acme", Severity::Low)]);
        assert_eq!(trial.run(&[set(0, &json!({"max_attempts": 49}))]), []);
        assert_eq!(told(&trial.run(&[set(0, &json!({"max_attempts": 50}))])), [("acme", Severity::Medium)]);
        let staged = |shields: Value| json!({"stage": {"pre-user-registration": {"shields": shields}}});
        let fewer = [set(0, &staged(json!(["block"]))), set(9, &staged(json!([])))];
        assert_eq!(told(&trial.run(&fewer)), [("acme", Severity::Medium)]);
    }

    #[test]
    fn an_access_list_that_is_let_go_is_recorded() {
        let trial = Trial::of(&[NATIVE]);
        let gone = call(0, "delete", "/api/v2/network-acls/acl_1", &Value::Null, &Value::Null);
        let paused = patch(0, "/api/v2/network-acls/acl_1", &json!({"active": false}), &Value::Null);
        for line in [gone, paused] {
            assert_eq!(told(&trial.run(&[line])), [("acl_1", Severity::Low)]);
        }
        assert_eq!(
            trial.run(&[patch(0, "/api/v2/network-acls/a", &json!({"active": true}), &Value::Null)]),
            []
        );
    }
}
