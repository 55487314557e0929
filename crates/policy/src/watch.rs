//! How a tenant's log is watched: thresholds, learning, budgets, and what the operator knows of the tenant.
//!
//! Which detectors and rules there are, and what can be set of each, is not known here; whoever puts a policy in force asks those who
//! know.

use std::{
    collections::{BTreeMap, BTreeSet},
    net::IpAddr,
};

use countersign_core::OrganizationId;
use serde::{Deserialize, Serialize};
use serde_json::Value;

use crate::reference::is_domain;

/// The most entries of one list or table; a bound of our own on the size of a document.
const MAX_ENTRIES: usize = 10_000;

/// The longest learning period in days.
const MAX_LEARNING_DAYS: u16 = 90;

/// The largest budget of alerts a day.
const MAX_DAILY_ALERTS: u32 = 100_000;

/// The latest that an incident is due, in hours: a year.
const MAX_DUE_HOURS: u32 = 8_760;

/// How a tenant's log is watched.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct Watch {
    /// Days from a person's first login in which what is only new or unusual about them is recorded, and nobody is told; 0 to 90.
    pub learning_days: u16,
    /// The most alerts of one detector and day (UTC) that people are told of; 1 to 100,000.
    pub daily_alerts: u32,
    /// Until when somebody should have taken an incident up.
    pub due_hours: DueHours,
    /// What is set of each native detector, by its id: thresholds by their names, and `is_off`, `learning_days`, `daily_alerts`.
    #[serde(skip_serializing_if = "BTreeMap::is_empty")]
    pub detectors: BTreeMap<String, BTreeMap<String, Setting>>,
    /// What is set of each rule, by the name of its file without extension: values of its placeholders, and `is_off`,
    /// `daily_alerts`.
    #[serde(skip_serializing_if = "BTreeMap::is_empty")]
    pub rules: BTreeMap<String, BTreeMap<String, Value>>,
    /// What the operator knows of the tenant.
    #[serde(skip_serializing_if = "WatchContext::is_default")]
    pub context: WatchContext,
}

/// A number, or whether something is so.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize)]
#[serde(untagged, expecting = "a number, or `true` or `false`")]
pub enum Setting {
    /// Whether something is so.
    Flag(bool),
    /// A number in the unit that its name says.
    Number(f64),
}

/// Hours from an incident's opening until somebody should have taken it up, by severity; 1 to 8,760.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct DueHours {
    /// Of a critical one.
    pub critical: u32,
    /// Of a high one.
    pub high: u32,
    /// Of a medium one.
    pub medium: u32,
    /// Of any other.
    pub low: u32,
}

/// What the operator knows of a tenant.
#[derive(Debug, Clone, PartialEq, Default, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct WatchContext {
    /// Groups of organizations whose members may be the same people.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub relations: Vec<BTreeSet<OrganizationId>>,
    /// Networks that many honest people share, or that monitor us: `203.0.113.0/24`, `2001:db8::/64`.
    #[serde(skip_serializing_if = "BTreeSet::is_empty")]
    pub trusted_networks: BTreeSet<String>,
    /// E-mail domains of the operator's own staff, in lower case.
    #[serde(skip_serializing_if = "BTreeSet::is_empty")]
    pub staff_domains: BTreeSet<String>,
    /// Shares of the tenant's logins that have a JA4 fingerprint, 0 to 1, where they are known from elsewhere.
    #[serde(skip_serializing_if = "BTreeMap::is_empty")]
    pub fingerprint_shares: BTreeMap<String, f64>,
    /// Ids of Actions beside our own whose absence from their flow is tampering.
    #[serde(skip_serializing_if = "BTreeSet::is_empty")]
    pub guarded_actions: BTreeSet<String>,
}

impl Default for Watch {
    fn default() -> Self {
        Self {
            learning_days: 14,
            daily_alerts: 200,
            due_hours: DueHours::default(),
            detectors: BTreeMap::new(),
            rules: BTreeMap::new(),
            context: WatchContext::default(),
        }
    }
}

impl Default for DueHours {
    fn default() -> Self {
        Self { critical: 1, high: 4, medium: 24, low: 72 }
    }
}

impl WatchContext {
    fn is_default(&self) -> bool {
        *self == Self::default()
    }
}

impl Watch {
    pub(crate) fn is_default(&self) -> bool {
        *self == Self::default()
    }

    /// What is wrong, as far as it can be told without the detectors and rules: the path below `watch` and the message.
    pub(crate) fn faults(&self) -> Vec<(String, String)> {
        let mut faults = Vec::new();
        let mut push = |path: String, message: String| faults.push((path, message));
        if self.learning_days > MAX_LEARNING_DAYS {
            push("learning_days".to_owned(), format!("days from 0 to {MAX_LEARNING_DAYS}"));
        }
        if !(1..=MAX_DAILY_ALERTS).contains(&self.daily_alerts) {
            push("daily_alerts".to_owned(), format!("from 1 to {MAX_DAILY_ALERTS}"));
        }
        let DueHours { critical, high, medium, low } = self.due_hours;
        for (name, hours) in [("critical", critical), ("high", high), ("medium", medium), ("low", low)] {
            if !(1..=MAX_DUE_HOURS).contains(&hours) {
                push(format!("due_hours.{name}"), format!("hours from 1 to {MAX_DUE_HOURS}"));
            }
        }
        for (id, settings) in &self.detectors {
            for (name, setting) in settings {
                if let Some(message) = setting_fault(name, *setting) {
                    push(format!("detectors.{}.{}", shown(id), shown(name)), message);
                }
            }
        }
        for (stem, values) in &self.rules {
            for (name, value) in values {
                if let Some(message) = value_fault(name, value) {
                    push(format!("rules.{}.{}", shown(stem), shown(name)), message);
                }
            }
        }
        faults.extend(
            self.context.faults().into_iter().map(|(key, message)| (format!("context.{key}"), message)),
        );
        faults
    }
}

fn setting_fault(name: &str, setting: Setting) -> Option<String> {
    match (name, setting) {
        ("is_off", Setting::Flag(_)) => None,
        ("is_off", Setting::Number(_)) => Some("`true` or `false`".to_owned()),
        (_, Setting::Flag(_)) => Some("a number".to_owned()),
        ("daily_alerts", Setting::Number(number)) => budget_fault(number),
        (_, Setting::Number(number)) => (!number.is_finite()).then(|| "a finite number".to_owned()),
    }
}

fn value_fault(name: &str, value: &Value) -> Option<String> {
    let is_scalar = |value: &Value| matches!(value, Value::String(_) | Value::Number(_) | Value::Bool(_));
    match (name, value) {
        ("is_off", Value::Bool(_)) => None,
        ("is_off", _) => Some("`true` or `false`".to_owned()),
        ("daily_alerts", value) => budget_fault(value.as_f64().unwrap_or(0.0)),
        (_, Value::Array(items)) if items.len() <= MAX_ENTRIES && items.iter().all(is_scalar) => None,
        (_, value) if is_scalar(value) => None,
        _ => Some(format!("a text, a number, a truth value, or a list of at most {MAX_ENTRIES} of them")),
    }
}

fn budget_fault(alerts: f64) -> Option<String> {
    let is_budget = (1.0..=f64::from(MAX_DAILY_ALERTS)).contains(&alerts) && alerts.fract() == 0.0;
    (!is_budget).then(|| format!("a whole number from 1 to {MAX_DAILY_ALERTS}"))
}

impl WatchContext {
    fn faults(&self) -> Vec<(&'static str, String)> {
        let mut faults = Vec::new();
        let sizes = [
            ("relations", self.relations.iter().map(BTreeSet::len).sum()),
            ("trusted_networks", self.trusted_networks.len()),
            ("staff_domains", self.staff_domains.len()),
            ("fingerprint_shares", self.fingerprint_shares.len()),
            ("guarded_actions", self.guarded_actions.len()),
        ];
        let too_long = sizes.into_iter().filter(|(_, size)| *size > MAX_ENTRIES);
        faults.extend(too_long.map(|(key, _)| (key, format!("at most {MAX_ENTRIES} entries"))));
        for network in self.trusted_networks.iter().filter(|network| !is_network(network)) {
            let message =
                format!("`{}` is no network such as `203.0.113.0/24` or `2001:db8::/64`", shown(network));
            faults.push(("trusted_networks", message));
        }
        for domain in self.staff_domains.iter().filter(|domain| !is_domain(domain)) {
            let message =
                format!("`{}` is not a domain in lower case, such as `mail.example.com`", shown(domain));
            faults.push(("staff_domains", message));
        }
        for (fingerprint, _) in
            self.fingerprint_shares.iter().filter(|(_, share)| !(0.0..=1.0).contains(*share))
        {
            faults.push((
                "fingerprint_shares",
                format!("the share of `{}` is from 0 to 1", shown(fingerprint)),
            ));
        }
        faults
    }
}

/// Whether it is the network of an address as detectors know it: the first 24 bits of IPv4, the first 64 of IPv6, in the usual
/// spelling.
fn is_network(text: &str) -> bool {
    let parts =
        text.split_once('/').and_then(|(address, bits)| Some((address.parse::<IpAddr>().ok()?, bits)));
    match parts {
        Some((IpAddr::V4(v4), "24")) => v4.octets()[3] == 0 && text == format!("{v4}/24"),
        Some((IpAddr::V6(v6), "64")) => {
            v6.segments().iter().skip(4).all(|part| *part == 0) && text == format!("{v6}/64")
        }
        _ => false,
    }
}

/// An operator's name in a message: short, and nothing that moves a cursor.
fn shown(text: &str) -> String {
    text.chars().take(64).map(|letter| if letter.is_control() { ' ' } else { letter }).collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::Document;

    fn paths(json: &Value) -> Vec<String> {
        let document: Document = serde_json::from_value(serde_json::json!({ "watch": json })).unwrap();
        document.faults().into_iter().map(|fault| fault.path).collect()
    }

    #[test]
    fn a_policy_that_says_nothing_of_watching_keeps_its_name_and_a_misspelt_key_is_refused() {
        let json = serde_json::to_value(Document::default()).unwrap();
        assert!(json.get("watch").is_none(), "its name would change without its content");
        for misspelt in [r#"{"learning":3}"#, r#"{"context":{"trusted":[]}}"#, r#"{"due_hours":{"grave":1}}"#]
        {
            assert!(serde_json::from_str::<Watch>(misspelt).is_err(), "{misspelt}");
        }
    }

    #[test]
    fn a_threshold_is_a_number_and_the_message_says_where() {
        let text = r#"{"watch":{"detectors":{"password_spray":{"distinct_users":"many"}}}}"#;
        let fault = serde_json::from_str::<Document>(text).unwrap_err().to_string();
        assert!(fault.contains("a number, or `true` or `false`"), "{fault}");
        let set =
            serde_json::json!({"detectors": {"a": {"is_off": 1, "x": true, "daily_alerts": 0.5, "y": 3}}});
        assert_eq!(
            paths(&set),
            ["watch.detectors.a.daily_alerts", "watch.detectors.a.is_off", "watch.detectors.a.x"]
        );
    }

    #[test]
    fn what_json_can_not_hold_is_refused() {
        let mut document = Document::default();
        let infinite = [("x".to_owned(), Setting::Number(f64::NAN))];
        document.watch.detectors.insert("a".to_owned(), infinite.into());
        assert_eq!(document.faults()[0].path, "watch.detectors.a.x");
    }

    #[test]
    fn ranges_are_held_and_told_by_their_keys() {
        let told = paths(&serde_json::json!({
            "learning_days": 91, "daily_alerts": 0, "due_hours": {"high": 0},
            "rules": {"r": {"is_off": "yes", "daily_alerts": 0, "names": {"a": 1}, "list": ["a", 1], "n": null}},
            "context": {"staff_domains": ["Corp"], "fingerprint_shares": {"t13": 2.0},
                "trusted_networks": ["10.0.0.0/8", "203.0.113.7/24", "203.0.113.0/24", "2001:db8::/64", "2001:DB8::/64"]},
        }));
        assert_eq!(
            told,
            [
                "watch.learning_days",
                "watch.daily_alerts",
                "watch.due_hours.high",
                "watch.rules.r.daily_alerts",
                "watch.rules.r.is_off",
                "watch.rules.r.n",
                "watch.rules.r.names",
                "watch.context.trusted_networks",
                "watch.context.trusted_networks",
                "watch.context.trusted_networks",
                "watch.context.staff_domains",
                "watch.context.fingerprint_shares",
            ]
        );
    }

    #[test]
    fn what_is_set_comes_back_as_it_was() {
        let text = r#"{"learning_days":7,"daily_alerts":200,"due_hours":{"critical":1,"high":4,"medium":24,"low":72},"detectors":{"a":{"is_off":true,"x":2.5}},"rules":{"r":{"names":["b","c"]}}}"#;
        let watch: Watch = serde_json::from_str(text).unwrap();
        assert_eq!(serde_json::to_string(&watch).unwrap(), text);
    }
}
