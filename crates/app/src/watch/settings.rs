//! What a policy sets of the watching, held against the detectors and rules that there are.

use std::collections::{BTreeMap, BTreeSet};

use countersign_core::Micros;
use countersign_detect::{
    About, Context, DAY, Detector, EngineSettings, Params,
    detectors::{self, LEARNING, NATIVE},
    incident::Sla,
    sigma::{self, Located, Values},
};
use countersign_policy::{DueHours, Fault, Setting, Watch};

use super::rules::{RuleFiles, stem};

/// What is set of every detector and rule beside thresholds and values.
const IS_OFF: &str = "is_off";
const BUDGET: &str = "daily_alerts";
const PERIOD: &str = "learning_days";

/// The longest learning period, in days.
const LONGEST: f64 = 90.0;

/// Detectors without state.
pub(super) type Detectors = Vec<Box<dyn Detector>>;

type Thresholds = BTreeMap<String, BTreeMap<String, f64>>;

/// Everything in `watch` that names what there is not, or is out of its range, by its path in the document.
pub(crate) fn faults(watch: &Watch, rules: &RuleFiles) -> Vec<Fault> {
    let (_, mut faults) = thresholds(watch);
    let (values, mut of_rules) = values(watch, rules);
    // Why only then: the built-in rules are good as they are, and to compile them takes a while.
    if of_rules.is_empty() && (!values.is_empty() || *rules != RuleFiles::default()) {
        of_rules.extend(rules.faults(&values).into_iter().map(|fault| Fault {
            path: format!("watch.rules.{}", stem(&fault.file)),
            message: fault.to_string(),
        }));
    }
    faults.extend(of_rules);
    faults
}

/// The detectors that are on, as they are set; what does not fit is passed over and told.
pub(super) fn make(watch: &Watch, rules: &RuleFiles) -> Result<(Detectors, Vec<Fault>), Vec<Located>> {
    let (thresholds, mut faults) = thresholds(watch);
    let (values, of_rules) = values(watch, rules);
    faults.extend(of_rules);
    // Why no error: each threshold was tried by itself.
    let mut made = detectors::make_all(&thresholds).unwrap_or_default();
    made.extend(sigma::load(&rules.all(), &values)?);
    made.retain(|detector| is_on(watch, &detector.about().id));
    Ok((made, faults))
}

/// The types of log entries that the detectors and rules take that are on; nothing where the rules can't be used.
pub(crate) fn kinds(watch: &Watch, rules: &RuleFiles) -> BTreeMap<String, Vec<String>> {
    let (made, _) = make(watch, rules).unwrap_or_default();
    let kinds = |about: &About| about.kinds.iter().map(|kind| (*kind).to_owned()).collect();
    made.iter().map(|one| (one.about().id.to_string(), kinds(one.about()))).collect()
}

/// What holds for all detectors.
pub(super) fn engine_settings(watch: &Watch, made: &[Box<dyn Detector>], context: Context) -> EngineSettings {
    let ids = made.iter().map(|detector| detector.about().id.to_string());
    let budgets = ids.filter_map(|id| Some((id.clone(), budget(watch, &id)?))).collect();
    let learning = LEARNING.iter().filter(|id| !has_threshold(id, PERIOD));
    let learning = learning.map(|id| ((*id).to_owned(), period(watch, id))).collect();
    let daily_alerts = watch.daily_alerts;
    EngineSettings { daily_alerts, budgets, learning, context, ..EngineSettings::default() }
}

/// What the operator knows of the tenant.
pub(super) fn context(watch: &Watch) -> Context {
    let told = &watch.context;
    let relation = |group: &BTreeSet<_>| group.iter().map(ToString::to_string).collect();
    Context {
        relations: told.relations.iter().map(relation).collect(),
        guarded_actions: told.guarded_actions.clone(),
        fingerprint_shares: told.fingerprint_shares.clone(),
        trusted_networks: told.trusted_networks.clone(),
        staff_domains: told.staff_domains.clone(),
        ..Context::default()
    }
}

/// Until when somebody should have taken incidents up.
pub(crate) fn sla(watch: &Watch) -> Sla {
    let DueHours { critical, high, medium, low } = watch.due_hours;
    let span = |hours: u32| Micros::from(hours).saturating_mul(countersign_detect::HOUR);
    Sla { critical: span(critical), high: span(high), medium: span(medium), low: span(low) }
}

/// The thresholds that fit, with the general learning period where a detector takes it as one.
fn thresholds(watch: &Watch) -> (Thresholds, Vec<Fault>) {
    let (mut good, mut faults) = (Thresholds::new(), Vec::new());
    for id in LEARNING.iter().filter(|id| has_threshold(id, PERIOD)) {
        good.entry((*id).to_owned()).or_default().insert(PERIOD.to_owned(), f64::from(watch.learning_days));
    }
    for (id, settings) in &watch.detectors {
        let path = format!("watch.detectors.{id}");
        let Some(native) = NATIVE.iter().find(|native| native.about.id == **id) else {
            let known = NATIVE.iter().map(|native| &*native.about.id).collect::<Vec<_>>().join(", ");
            faults.push(Fault { path, message: format!("there is no such detector; there is {known}") });
            continue;
        };
        for (name, setting) in settings {
            let Setting::Number(number) = *setting else { continue };
            let path = format!("{path}.{name}");
            if name == BUDGET {
                continue;
            }
            if name == PERIOD && LEARNING.contains(&id.as_str()) && !has_threshold(id, PERIOD) {
                if !(0.0..=LONGEST).contains(&number) {
                    faults.push(Fault { path, message: format!("days from 0 to {LONGEST}") });
                }
                continue;
            }
            match Params::new(native.about, [(name.clone(), number)].into()) {
                Ok(_) => drop(good.entry(id.clone()).or_default().insert(name.clone(), number)),
                Err(error) => faults.push(Fault { path, message: error.to_string() }),
            }
        }
    }
    (good, faults)
}

/// The values that fit their rule file.
fn values(watch: &Watch, rules: &RuleFiles) -> (Values, Vec<Fault>) {
    let (files, mut good, mut faults) = (rules.all(), Values::new(), Vec::new());
    for (name, settings) in &watch.rules {
        let path = format!("watch.rules.{name}");
        let Some(file) = files.iter().find(|(file, _)| stem(file) == name) else {
            faults.push(Fault { path, message: "there is no rule file of this name".to_owned() });
            continue;
        };
        let set = settings.iter().filter(|(key, _)| ![IS_OFF, BUDGET].contains(&key.as_str()));
        let set: sigma::Settings = set.map(|(key, value)| (key.clone(), value.clone())).collect();
        if set.is_empty() {
            continue;
        }
        let check = |values: &Values| sigma::check(&[*file], values).faults;
        let (with, without) = (check(&[(name.clone(), set.clone())].into()), check(&Values::new()));
        let caused: Vec<_> = with.into_iter().filter(|fault| !without.contains(fault)).collect();
        if caused.is_empty() {
            good.insert(name.clone(), set);
        }
        let told = |Located { what, right, .. }: Located| Fault {
            path: path.clone(),
            message: format!("{what}; {right}"),
        };
        faults.extend(caused.into_iter().map(told));
    }
    (good, faults)
}

fn has_threshold(id: &str, name: &str) -> bool {
    let native = NATIVE.iter().find(|native| native.about.id == id);
    native.is_some_and(|native| native.about.params.iter().any(|param| param.name == name))
}

fn period(watch: &Watch, id: &str) -> Micros {
    let days = match watch.detectors.get(id).and_then(|settings| settings.get(PERIOD)) {
        Some(Setting::Number(days)) => *days,
        _ => f64::from(watch.learning_days),
    };
    #[expect(clippy::cast_possible_truncation, reason = "days are from 0 to 90")]
    let days = days.clamp(0.0, LONGEST) as Micros;
    days.saturating_mul(DAY)
}

fn is_on(watch: &Watch, id: &str) -> bool {
    let is_native_off = watch.detectors.get(id).and_then(|set| set.get(IS_OFF)) == Some(&Setting::Flag(true));
    let rule = watch.rules.get(stem_of_rule(id)).and_then(|set| set.get(IS_OFF));
    !is_native_off && rule.and_then(serde_json::Value::as_bool) != Some(true)
}

fn budget(watch: &Watch, id: &str) -> Option<u32> {
    let native = match watch.detectors.get(id).and_then(|set| set.get(BUDGET)) {
        Some(Setting::Number(alerts)) => Some(*alerts),
        _ => None,
    };
    let rule = || watch.rules.get(stem_of_rule(id))?.get(BUDGET)?.as_f64();
    #[expect(
        clippy::cast_possible_truncation,
        clippy::cast_sign_loss,
        reason = "`as` saturates, and the range is small"
    )]
    native.or_else(rule).map(|alerts| alerts as u32)
}

/// The file that a rule's id begins with.
fn stem_of_rule(id: &str) -> &str {
    id.split_once('.').map_or(id, |(stem, _)| stem)
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    fn watch(json: serde_json::Value) -> Watch {
        serde_json::from_value(json).unwrap()
    }

    fn told(json: serde_json::Value) -> Vec<String> {
        faults(&watch(json), &RuleFiles::default()).iter().map(ToString::to_string).collect()
    }

    #[test]
    fn what_is_not_known_or_out_of_range_is_told_where_it_stands() {
        assert_eq!(told(json!({})), [""; 0]);
        let good = json!({
            "detectors": {"brute_force_account": {"failures": 20, "is_off": false, "daily_alerts": 5},
                "weaker_factor_login": {"learning_days": 3}, "new_country_or_device": {"learning_days": 3}},
            "rules": {"users_exported": {"is_off": true, "daily_alerts": 3}, "allowlist_unrecognized": {"networks": ["203.0.113.0/24"]}},
        });
        assert_eq!(told(good), [""; 0]);
        let places = [
            (
                json!({"detectors": {"brute_force": {"failures": 20}}}),
                "`watch.detectors.brute_force`: there is no such",
            ),
            (
                json!({"detectors": {"brute_force_account": {"failures": 0}}}),
                "`watch.detectors.brute_force_account.failures`: ",
            ),
            (
                json!({"detectors": {"brute_force_account": {"learning_days": 3}}}),
                "`watch.detectors.brute_force_account.learning_days`: ",
            ),
            (
                json!({"detectors": {"weaker_factor_login": {"learning_days": 91}}}),
                "`watch.detectors.weaker_factor_login.learning_days`: days",
            ),
            (
                json!({"rules": {"users_export": {"is_off": true}}}),
                "`watch.rules.users_export`: there is no rule file",
            ),
            (
                json!({"rules": {"allowlist_unrecognized": {"network": ["203.0.113.0/24"]}}}),
                "`watch.rules.allowlist_unrecognized`: the param `network`",
            ),
            (
                json!({"rules": {"allowlist_unrecognized": {"networks": ["nowhere"]}}}),
                "`watch.rules.allowlist_unrecognized`: ",
            ),
        ];
        for (set, wanted) in places {
            let told = told(set);
            assert!(told.len() == 1 && told[0].starts_with(wanted), "{wanted}: {told:?}");
        }
    }

    #[test]
    fn what_does_not_fit_is_passed_over_and_the_rest_holds() {
        let watch = watch(json!({
            "detectors": {"gone_since": {"x": 1}, "brute_force_account": {"failures": 0, "is_off": true}},
            "rules": {"gone_too": {"is_off": true}, "users_exported": {"is_off": true}, "allowlist_unrecognized": {"networks": ["nowhere"]}},
        }));
        let (made, faults) = make(&watch, &RuleFiles::default()).unwrap();
        assert_eq!(faults.len(), 4, "{faults:?}");
        let ids: BTreeSet<String> = made.iter().map(|detector| detector.about().id.to_string()).collect();
        assert!(!ids.contains("brute_force_account") && !ids.contains("users_exported"));
        assert!(ids.contains("allowlist_unrecognized") && ids.contains("password_spray"));
    }

    #[test]
    fn periods_and_budgets_reach_the_engine() {
        let watch = watch(json!({
            "learning_days": 7, "daily_alerts": 9,
            "detectors": {"weaker_factor_login": {"learning_days": 3}, "password_spray": {"daily_alerts": 4}},
            "rules": {"users_exported": {"daily_alerts": 2}},
        }));
        let (made, _) = make(&watch, &RuleFiles::default()).unwrap();
        let settings = engine_settings(&watch, &made, Context::default());
        assert_eq!(settings.daily_alerts, 9);
        assert_eq!(
            settings.budgets,
            [("password_spray".to_owned(), 4), ("users_exported".to_owned(), 2)].into()
        );
        let days =
            [("dormant_member_returns".to_owned(), 7 * DAY), ("weaker_factor_login".to_owned(), 3 * DAY)];
        assert_eq!(settings.learning, days.into());
        let (thresholds, _) = thresholds(&watch);
        assert_eq!(thresholds["new_country_or_device"]["learning_days"], 7.0);
    }
}
