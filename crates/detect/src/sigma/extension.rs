//! What we add to Sigma, under our own key `countersign`.

use countersign_core::Micros;

use super::{
    bounds::Bounds,
    duration,
    field::Field,
    located::{Faults, Spot, quoted, suggest},
    yaml::{Node, Pair},
};
use crate::{EntityKind, HOUR, Severity};

/// The keys under `countersign`.
const KEYS: &[&str] = &[
    "cooldown",
    "severity_by",
    "min_ratio",
    "allowed_lateness",
    "params",
    "suppress_if",
    "steps",
    "covers",
    "tests",
    "entity",
];

/// What a rule says beside Sigma.
#[derive(Debug, Clone)]
pub(super) struct Extension {
    /// How long findings about one entity join into one alert.
    pub(super) cooldown: Micros,
    /// How much older than the newest of its group an entry may be and still be counted live.
    pub(super) allowed_lateness: Option<(Micros, Spot)>,
    /// Severities that hold instead of the rule's own.
    pub(super) severity_by: Vec<SeverityBy>,
    /// How many entries must come on one of another rule.
    pub(super) min_ratio: Option<MinRatio>,
    /// A condition under which the rule is silent.
    pub(super) suppress_if: Option<(String, Spot)>,
    /// What to do about it.
    pub(super) steps: Vec<String>,
    /// What it is about.
    pub(super) entity: Option<About>,
    /// The titles or file names of the rules of others that it covers.
    pub(super) covers: Vec<String>,
    /// Entries, and whether it speaks.
    pub(super) tests: Vec<Case>,
}

impl Default for Extension {
    fn default() -> Self {
        Self {
            cooldown: HOUR,
            allowed_lateness: None,
            severity_by: Vec::new(),
            min_ratio: None,
            suppress_if: None,
            steps: Vec::new(),
            entity: None,
            covers: Vec::new(),
            tests: Vec::new(),
        }
    }
}

/// A severity and when it holds.
#[derive(Debug, Clone)]
pub(super) struct SeverityBy {
    pub(super) severity: Severity,
    pub(super) when: When,
}

/// When a severity holds: by a condition over the rule's selections, or by a correlation's count.
#[derive(Debug, Clone)]
pub(super) enum When {
    Condition(String, Spot),
    Count(Bounds, Spot),
}

/// At least `ratio` counted entries must come on one of `rule`.
#[derive(Debug, Clone)]
pub(super) struct MinRatio {
    pub(super) rule: String,
    pub(super) ratio: u32,
    pub(super) spot: Spot,
}

/// What an alert is about.
#[derive(Debug, Clone)]
pub(super) enum About {
    Kind(EntityKind),
    Field(Field),
}

/// A test inside a rule.
#[derive(Debug, Clone)]
pub(super) struct Case {
    pub(super) name: String,
    pub(super) spot: Spot,
    pub(super) events: Vec<Told>,
    pub(super) expect: Expect,
}

/// Entries of a test: one, or the same several times.
#[derive(Debug, Clone)]
pub(super) struct Told {
    pub(super) event: serde_json::Value,
    pub(super) times: u32,
    pub(super) every: Micros,
    pub(super) after: Micros,
}

/// What a test expects.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Expect {
    Any(bool),
    Alerts(usize),
}

impl Extension {
    /// Reads what stands under `countersign`; what is wrong is told.
    pub(super) fn read(node: Option<&Node>, faults: &mut Faults) -> Self {
        let mut extension = Self::default();
        let Some(node) = node else { return extension };
        if node.pairs().is_empty() {
            faults.error(node.spot, format!("{} under `countersign`", node.sort()), "a map");
        }
        for Pair { key, spot, value } in node.pairs() {
            extension.take(key, *spot, value, faults);
        }
        extension
    }

    fn take(&mut self, key: &str, spot: Spot, value: &Node, faults: &mut Faults) {
        match key {
            "params" => {}
            "cooldown" => self.cooldown = duration::read(value, faults).unwrap_or(self.cooldown),
            "allowed_lateness" => {
                self.allowed_lateness = duration::read(value, faults).map(|span| (span, spot));
            }
            "severity_by" => {
                self.severity_by =
                    value.items().iter().filter_map(|item| severity_by(item, faults)).collect();
            }
            "min_ratio" => self.min_ratio = min_ratio(value, faults),
            "suppress_if" => match value.as_text() {
                Some(text) => self.suppress_if = Some((text.to_owned(), value.spot)),
                None => faults.error(value.spot, value.sort(), "a condition over the rule's selections"),
            },
            "steps" => self.steps = texts(value, faults),
            "covers" => self.covers = texts(value, faults),
            "entity" => self.entity = entity(value, faults),
            "tests" => self.tests = value.items().iter().filter_map(|item| case(item, faults)).collect(),
            _ => faults.error(spot, format!("`countersign` has no `{}`", quoted(key)), suggest(key, KEYS)),
        }
    }
}

/// The texts of a list, or one text.
pub(super) fn texts(node: &Node, faults: &mut Faults) -> Vec<String> {
    let text = |item: &Node| match item.as_text().filter(|_| !item.is_empty()) {
        Some(text) => Some(text.trim().to_owned()),
        None => {
            faults.error(item.spot, format!("{} where a text should stand", item.sort()), "a list of texts");
            None
        }
    };
    node.items().iter().filter_map(text).collect()
}

/// Reads a level; what is wrong is told.
pub(super) fn level(node: &Node, faults: &mut Faults) -> Option<Severity> {
    let found = match node.as_text() {
        Some("informational") => Some(Severity::Informational),
        Some("low") => Some(Severity::Low),
        Some("medium") => Some(Severity::Medium),
        Some("high") => Some(Severity::High),
        Some("critical") => Some(Severity::Critical),
        _ => None,
    };
    if found.is_none() {
        let what = format!("`{}` is no level", quoted(node.as_text().unwrap_or(node.sort())));
        faults.error(node.spot, what, "`informational`, `low`, `medium`, `high` or `critical`");
    }
    found
}

fn severity_by(node: &Node, faults: &mut Faults) -> Option<SeverityBy> {
    let Some(severity) = node.get("level").map(|value| level(value, faults)) else {
        faults.error(
            node.spot,
            "a severity without `level`",
            "`level: high` with `condition`, or with `gte`",
        );
        return None;
    };
    let others = || node.pairs().iter().filter(|pair| pair.key != "level");
    let when = match node.get("condition") {
        Some(condition) if others().count() == 1 => {
            When::Condition(condition.as_text().unwrap_or_default().to_owned(), condition.spot)
        }
        _ => When::Count(Bounds::read(others(), node.spot, faults)?, node.spot),
    };
    Some(SeverityBy { severity: severity?, when })
}

fn min_ratio(node: &Node, faults: &mut Faults) -> Option<MinRatio> {
    let rule = node.get("rule").and_then(Node::as_text);
    let ratio = node.get("ratio").and_then(Node::as_text).and_then(|text| text.parse::<u32>().ok());
    let (Some(rule), Some(ratio @ 1..), 2) = (rule, ratio, node.pairs().len()) else {
        faults.error(
            node.spot,
            "`min_ratio` is read otherwise",
            "`rule: successes` and `ratio: 3`, a whole number",
        );
        return None;
    };
    Some(MinRatio { rule: rule.to_owned(), ratio, spot: node.spot })
}

fn entity(node: &Node, faults: &mut Faults) -> Option<About> {
    let text = node.as_text().unwrap_or_default();
    let kind = match text {
        "user" => EntityKind::User,
        "address" => EntityKind::Address,
        "network" => EntityKind::Network,
        "fingerprint" => EntityKind::Fingerprint,
        "organization" => EntityKind::Organization,
        "client" => EntityKind::Client,
        "tenant" => EntityKind::Tenant,
        _ => {
            let field = Field::parse(text);
            if field.is_none() {
                let right = "`user`, `address`, `network`, `fingerprint`, `organization`, `client`, `tenant` or a field";
                faults.error(node.spot, format!("`{}` is no entity", quoted(text)), right);
            }
            return field.map(About::Field);
        }
    };
    Some(About::Kind(kind))
}

/// The most entries of a test.
const MAX_EVENTS: u32 = 5_000;

fn case(node: &Node, faults: &mut Faults) -> Option<Case> {
    let known = ["name", "events", "expect", "alerts"];
    for pair in node.pairs().iter().filter(|pair| !known.contains(&&*pair.key)) {
        faults.error(pair.spot, format!("a test has no `{}`", quoted(&pair.key)), suggest(&pair.key, &known));
    }
    let name = node.get("name").and_then(Node::as_text).map(str::to_owned);
    let alerts = node.get("alerts").map(|value| value.as_text().and_then(|text| text.parse().ok()));
    let expect = match (node.get("expect").and_then(Node::as_text), alerts) {
        (Some("true"), None) => Some(Expect::Any(true)),
        (Some("false"), None) => Some(Expect::Any(false)),
        (None, Some(Some(alerts))) => Some(Expect::Alerts(alerts)),
        _ => None,
    };
    let events: Option<Vec<Told>> = node
        .get("events")
        .map(|events| events.items().iter().map(told).collect::<Option<_>>())
        .unwrap_or(None);
    let few =
        |events: &Vec<Told>| events.iter().map(|told| told.times).fold(0, u32::saturating_add) <= MAX_EVENTS;
    let (Some(name), Some(expect), Some(events)) = (name, expect, events.filter(few)) else {
        let right =
            "`name`, `events`, and `expect: true` or `expect: false` or `alerts: 2`; at most 5000 events";
        faults.error(node.spot, "a test is read otherwise", right);
        return None;
    };
    Some(Case { name, spot: node.spot, events, expect })
}

fn told(node: &Node) -> Option<Told> {
    let Some(event) = node.get("event") else {
        let event = Some(node.to_json()).filter(serde_json::Value::is_object)?;
        return Some(Told { event, times: 1, every: 1_000_000, after: 1_000_000 });
    };
    let known = ["event", "times", "every", "after"];
    let are_known = node.pairs().iter().all(|pair| known.contains(&&*pair.key));
    let span = |key: &str| node.get(key).map_or(Some(1_000_000), |value| duration::parse(value.as_text()?));
    let times = node.get("times").map_or(Some(1), |value| value.as_text()?.parse().ok());
    let event = Some(event.to_json()).filter(|event| event.is_object() && are_known)?;
    Some(Told { event, times: times?, every: span("every")?, after: span("after")? })
}
