//! Auth0's own protection against attacks was switched off, or made milder.

mod reading;

use std::borrow::Cow;

use countersign_privacy::Tag;
use serde::{Deserialize, Serialize};

use crate::{
    About, Detector, Entity, EntityKind, Event, Finding, HOUR, Param, Params, Severity, StateError, World,
    admin::{Call, Method, flag},
    detectors::Native,
    state::{self, History, Table},
};
use reading::{DIMENSIONS, Dimension, Limits};

pub(super) const NATIVE: Native = Native { about: &ABOUT, make: |params| Box::new(Weakened::new(params)) };

const ATTEMPTS: Param = Param {
    name: "max_attempts",
    default: 50.0,
    least: 10.0,
    most: 10_000.0,
    text: "failures for one account that brute-force protection may let pass",
};
const ADDRESS_ATTEMPTS: Param = Param {
    name: "max_address_attempts",
    default: 1_000.0,
    least: 100.0,
    most: 1_000_000.0,
    text: "attempts from one address that suspicious-IP throttling may let pass; the vendor's default is 100 a day",
};

static ABOUT: About = About {
    id: Cow::Borrowed("attack_protection_weakened"),
    version: 2,
    title: Cow::Borrowed("Attack protection was weakened"),
    text: Cow::Borrowed(
        "Follows brute-force protection, suspicious-IP throttling, breached-password and bot detection through successful calls of \
         the Management API: whether they are on, block, notify and challenge, how many attempts they allow and how soon others, and \
         whom they let pass. It finds what is milder than before; where nothing is known of before, only what the call itself asked \
         for and is off, only watches, allows far too many attempts, or lets wide networks pass. Network access lists that are \
         deleted, paused, rewritten or no longer block are recorded.",
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
    params: &[ATTEMPTS, ADDRESS_ATTEMPTS],
    cooldown: HOUR,
};

/// The most protections and access lists that are followed; Auth0 has six, and one or ten.
const FEATURES: usize = 64;
const LISTS: usize = 64;

struct Weakened {
    limits: Limits,
    state: State,
}

#[derive(Serialize, Deserialize)]
struct State {
    features: Table<History<Strength>>,
    lists: Table<History<List>>,
}

/// The rule of a network access list.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
struct List {
    rule: Tag,
    blocks: bool,
}

/// How strong a protection is, by dimension; higher is stronger, and what is not known is absent.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
struct Strength(Vec<Option<i64>>);

impl Weakened {
    fn new(params: &Params) -> Self {
        let limit = |param| i64::try_from(params.count(param)).unwrap_or(i64::MAX);
        let limits = Limits { account: limit(&ATTEMPTS), address: limit(&ADDRESS_ATTEMPTS) };
        Self { limits, state: State { features: Table::new(FEATURES), lists: Table::new(LISTS) } }
    }

    fn feature(&mut self, feature: &str, call: &Call, event: &Event<'_>) -> Option<Finding> {
        let history = self.state.features.entry(event.tag("protection", feature.as_bytes()));
        let before = history.before(event.at()).cloned();
        let was = |index: usize| before.as_ref().and_then(|strength| *strength.0.get(index)?);
        let now: Vec<Option<i64>> =
            DIMENSIONS.iter().map(|dimension| (dimension.read)(call, &self.limits)).collect();
        let mut worst: Option<(Severity, &Dimension, i64, i64)> = None;
        for (index, (dimension, value)) in DIMENSIONS.iter().zip(&now).enumerate() {
            let Some(value) = *value else { continue };
            // Why asked for: a first edit of an allowlist must not tell what was off for years.
            let is_asked = || call.names(dimension.field) || (dimension.by_switch && call.names("enabled"));
            let assumed = || dimension.assumed.filter(|_| is_asked());
            let known = was(index).map(|was| (dimension.severity, was));
            let before = known.or_else(|| Some((dimension.unknown, assumed()?)));
            let Some((severity, threshold)) = before else { continue };
            if value < threshold && worst.is_none_or(|(worst, ..)| severity > worst) {
                worst = Some((severity, dimension, value, threshold));
            }
        }
        let kept = now.into_iter().enumerate().map(|(index, value)| value.or_else(|| was(index))).collect();
        history.set(event.at(), event.seq, Strength(kept));
        let (severity, dimension, value, threshold) = worst?;
        let finding = Finding::new(severity, event.tenant(), event.at());
        Some(finding.measured(dimension.name, as_measure(value), as_measure(threshold)))
    }

    /// A list of networks that is deleted, paused, rewritten or blocks no longer: an emergency lever, let go.
    fn list(&mut self, call: &Call, event: &Event<'_>) -> Option<Finding> {
        let id = call.path.get(1).map(String::as_str).or_else(|| call.field("id")?.as_str())?;
        let history = self.state.lists.entry(event.tag("access list", id.as_bytes()));
        let before = history.before(event.at()).copied();
        let rule = call.field("rule").map(|rule| List {
            rule: event.tag("access rule", rule.to_string().as_bytes()),
            blocks: rule.pointer("/action/block").and_then(flag) == Some(true),
        });
        if let Some(rule) = rule {
            history.set(event.at(), event.seq, rule);
        }
        let is_paused = call.names("active") && call.field("active").and_then(flag) == Some(false);
        // Why of one that blocked: what only watched let nobody in by its change.
        let is_rewritten = before.zip(rule).is_some_and(|(was, is)| was.blocks && was.rule != is.rule);
        let is_off = call.method == Method::Delete || is_paused || is_rewritten;
        let entity = Entity::new(EntityKind::Other, id);
        (is_off && call.path.len() == 2).then(|| Finding::new(Severity::Low, entity, event.at()))
    }
}

fn as_measure(value: i64) -> f64 {
    f64::from(i32::try_from(value).unwrap_or(i32::MAX))
}

impl Detector for Weakened {
    fn about(&self) -> &About {
        &ABOUT
    }

    fn observe(&mut self, event: &Event<'_>, world: &World<'_>, findings: &mut Vec<Finding>) {
        let Some(call) = event.call().filter(|call| call.is_change()) else { return };
        let finding = match &call.path()[..] {
            ["attack-protection", feature] => self.feature(feature, call, event),
            ["network-acls", ..] => self.list(call, event),
            _ => None,
        };
        let Some(finding) = finding else { return };
        let severity = call.severity(finding.severity, world.context);
        findings.push(Finding { severity, ..finding }.shown_by([event.seq]));
    }

    fn save(&self) -> Vec<u8> {
        state::save(ABOUT.version, &self.state)
    }

    fn restore(&mut self, saved: &[u8]) -> Result<(), StateError> {
        self.state = state::restore(ABOUT.version, saved)?;
        Ok(())
    }

    fn evicted(&self) -> u64 {
        self.state.features.evicted().saturating_add(self.state.lists.evicted())
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

    const THROTTLING: &str = "/v2/attack-protection/suspicious-ip-throttling";

    fn stage(second: i64, name: &str, attempts: i64, rate: i64) -> Line {
        let body = json!({"stage": {name: {"max_attempts": attempts, "rate": rate}}});
        patch(second, THROTTLING, &body, &body)
    }

    #[test]
    fn throttling_that_lets_far_more_pass_is_found_and_tuning_is_low() {
        let trial = Trial::of(&[NATIVE]);
        for name in ["pre-login", "pre-user-registration", "pre-custom-token-exchange"] {
            let usual = stage(0, name, 100, 864_000);
            assert_eq!(trial.run(std::slice::from_ref(&usual)), [], "{name}");
            let many = stage(9, name, 1_000_000, 864_000);
            let soon = stage(9, name, 100, 1);
            for weak in [many, soon] {
                assert_eq!(
                    told(&trial.run(std::slice::from_ref(&weak))),
                    [("acme", Severity::Medium)],
                    "{name}"
                );
                assert_eq!(told(&trial.run(&[usual.clone(), weak])), [("acme", Severity::Medium)], "{name}");
            }
            assert_eq!(
                told(&trial.run(&[usual.clone(), stage(9, name, 150, 864_000)])),
                [("acme", Severity::Low)]
            );
            assert_eq!(trial.run(&[usual.clone(), stage(9, name, 100, 800_000)]), []);
            assert_eq!(trial.run(&[usual.clone(), usual.earlier(-9)]), []);
        }
        // What is set far up already, and sent again.
        let far_up = [stage(0, "pre-login", 5_000, 1), stage(9_000, "pre-login", 5_000, 1)];
        assert_eq!(trial.run(&far_up).len(), 1);
    }

    #[test]
    fn more_attempts_and_fewer_notices_than_before_are_low() {
        let trial = Trial::of(&[NATIVE]);
        for (before, after) in [
            (json!({"max_attempts": 10}), json!({"max_attempts": 49})),
            (json!({"shields": ["block", "user_notification"]}), json!({"shields": ["block"]})),
            (json!({"admin_notification_frequency": ["daily"]}), json!({"admin_notification_frequency": []})),
        ] {
            assert_eq!(told(&trial.run(&[set(0, &before), set(9, &after)])), [("acme", Severity::Low)]);
            assert_eq!(trial.run(&[set(0, &after), set(9, &before)]), [], "{before}");
        }
        // Many have no block at sign-up, and send what they have.
        let off = json!({"stage": {"pre-user-registration": {"shields": []}}});
        assert_eq!(told(&trial.run(&[set(0, &off), set(9_000, &off)])), [("acme", Severity::Low)]);
    }

    #[test]
    fn to_switch_on_a_protection_that_does_not_block_weakens_nothing() {
        let answer = json!({"enabled": true, "shields": ["admin_notification"]});
        let on =
            patch(0, "/v2/attack-protection/breached-password-detection", &json!({"enabled": true}), &answer);
        assert_eq!(Trial::of(&[NATIVE]).run(&[on]), []);
    }

    #[test]
    fn an_access_list_that_blocks_others_or_none_is_recorded() {
        let trial = Trial::of(&[NATIVE]);
        let rule = |second, action: &str, network: &str| {
            let body = json!({"rule": {"action": {action: true}, "match": {"ipv4_cidrs": [network]}}});
            patch(second, "/api/v2/network-acls/acl_1", &body, &body)
        };
        let made = json!({"id": "acl_1", "active": true,
            "rule": {"action": {"block": true}, "match": {"ipv4_cidrs": ["192.0.2.0/24"]}}});
        let made = call(0, "post", "/api/v2/network-acls", &made, &made);
        assert_eq!(trial.run(&[made.clone(), rule(9, "block", "192.0.2.0/24")]), []);
        for rewritten in [rule(9, "log", "192.0.2.0/24"), rule(9, "block", "203.0.113.9/32")] {
            assert_eq!(told(&trial.run(&[made.clone(), rewritten.clone()])), [("acl_1", Severity::Low)]);
            assert_eq!(trial.run(&[rewritten]), []);
        }
        assert_eq!(trial.run(&[rule(0, "log", "192.0.2.0/24"), rule(9, "log", "192.0.2.1/32")]), []);
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
