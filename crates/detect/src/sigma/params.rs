//! Named values: `{threshold}` in a rule is what the operator set, else what the rule's `params` say.

use std::collections::{BTreeMap, BTreeSet};

use serde_json::Value;

use super::{
    located::{Faults, Spot, quoted},
    yaml::{Node, Pair, What},
};

/// Values that an operator set for one file, by name.
pub type Settings = BTreeMap<String, Value>;

/// A named value as a rule declares it: `threshold: 10`, or a map of `default`, `least`, `most` and `text`.
#[derive(Debug, Clone, PartialEq)]
pub(super) struct Declared {
    default: Node,
    least: Option<f64>,
    most: Option<f64>,
}

/// The named values of one file, and which of them were asked for.
#[derive(Debug, Default)]
pub(super) struct Params {
    values: BTreeMap<String, Node>,
    used: BTreeSet<String>,
}

impl Params {
    /// What the documents of a file declare, with what the operator set before it.
    pub(super) fn gather(documents: &[Node], set: &Settings, faults: &mut Faults) -> Self {
        let mut values = BTreeMap::new();
        for document in documents {
            let declared = document.get("countersign").and_then(|extension| extension.get("params"));
            for pair in declared.map(Node::pairs).unwrap_or_default() {
                let Some(declared) = Declared::read(pair, faults) else { continue };
                let value = set
                    .get(&pair.key)
                    .map_or_else(|| declared.default.clone(), |value| node_of(value, pair.spot));
                declared.check(pair, &value, faults);
                if values.insert(pair.key.clone(), value).is_some() {
                    let what = format!("`{}` is declared twice in this file", quoted(&pair.key));
                    faults.error(pair.spot, what, "the documents of a file share their params");
                }
            }
        }
        for (name, value) in set {
            values.entry(name.clone()).or_insert_with(|| node_of(value, Spot::default()));
        }
        Self { values, used: BTreeSet::new() }
    }

    /// The names that were set or declared and that no text asks for.
    pub(super) fn unused(&self) -> impl Iterator<Item = &str> {
        self.values.keys().filter(|name| !self.used.contains(*name)).map(String::as_str)
    }

    /// Fills what stands under the node; what can't be filled is told. In a regular expression braces are braces, unless their name
    /// is known.
    pub(super) fn fill(&mut self, node: &mut Node, is_regex: bool, faults: &mut Faults) {
        if let Some(name) = lone_name(node) {
            if let Some(value) = self.ask(&name, node.spot, is_regex, faults) {
                *node = value;
            }
            return;
        }
        match &mut node.what {
            What::Scalar { text, .. } => {
                if let Some(filled) = self.embed(text, node.spot, is_regex, faults) {
                    *text = filled;
                }
            }
            // Why here: a list that is empty as it is written is a slip, one that an operator left empty is not.
            What::List(items) if items.is_empty() => {
                faults.error(node.spot, "an empty list", "name what is wanted, or write `null` for nothing");
            }
            What::List(items) => {
                for item in std::mem::take(items) {
                    let mut item = item;
                    let is_name = lone_name(&item).is_some();
                    self.fill(&mut item, is_regex, faults);
                    match item.what {
                        // Why: a list in the place of one value is its values.
                        What::List(inner) if is_name => items.extend(inner),
                        _ => items.push(item),
                    }
                }
            }
            What::Map { pairs, .. } => {
                for Pair { key, value, .. } in pairs {
                    let is_regex = is_regex || key.split('|').skip(1).any(|modifier| modifier == "re");
                    self.fill(value, is_regex, faults);
                }
            }
        }
    }

    fn ask(&mut self, name: &str, spot: Spot, is_regex: bool, faults: &mut Faults) -> Option<Node> {
        let Some(value) = self.values.get(name) else {
            if !is_regex {
                let what = format!("the placeholder `{{{}}}` is not filled", quoted(name));
                faults.error(spot, what, "give it a value, or a default under `countersign: params:`");
            }
            return None;
        };
        self.used.insert(name.to_owned());
        Some(Node { spot, ..value.clone() })
    }

    fn embed(&mut self, text: &str, spot: Spot, is_regex: bool, faults: &mut Faults) -> Option<String> {
        if !text.contains('{') {
            return None;
        }
        let (mut filled, mut rest) = (String::new(), text);
        while let Some((before, after)) = rest.split_once('{') {
            let escaped = before.strip_suffix('\\').filter(|_| !is_regex);
            filled.push_str(escaped.unwrap_or(before));
            rest = after;
            let name = after.split_once('}').filter(|(name, _)| escaped.is_none() && is_name(name));
            let Some((name, behind)) = name else {
                filled.push('{');
                continue;
            };
            match self.ask(name, spot, is_regex, faults) {
                Some(Node { what: What::Scalar { text, .. }, .. }) => filled.push_str(&text),
                Some(_) => faults.error(
                    spot,
                    format!("`{{{}}}` is a list inside a text", quoted(name)),
                    "a list stands for a whole value",
                ),
                None => {
                    filled.push('{');
                    continue;
                }
            }
            rest = behind;
        }
        filled.push_str(rest);
        Some(filled)
    }
}

impl Declared {
    fn read(pair: &Pair, faults: &mut Faults) -> Option<Self> {
        let is_long = matches!(pair.value.what, What::Map { .. });
        if !is_name(&pair.key) || pair.value.is_empty() {
            let right = "letters, digits, `_` and `-`, and a default: `threshold: 10`";
            faults.error(pair.spot, format!("`{}` is no param", quoted(&pair.key)), right);
            return None;
        }
        if !is_long {
            return Some(Self { default: pair.value.clone(), least: None, most: None });
        }
        let known = ["default", "least", "most", "text"];
        for part in pair.value.pairs().iter().filter(|part| !known.contains(&&*part.key)) {
            let right = super::located::suggest(&part.key, &known);
            faults.error(part.spot, format!("a param has no `{}`", quoted(&part.key)), right);
        }
        let number = |key: &str| pair.value.get(key)?.as_text()?.parse::<f64>().ok();
        let default = pair.value.get("default").cloned();
        if default.is_none() {
            faults.error(pair.spot, format!("`{}` has no default", quoted(&pair.key)), "`default: 10`");
        }
        Some(Self { default: default?, least: number("least"), most: number("most") })
    }

    fn check(&self, pair: &Pair, value: &Node, faults: &mut Faults) {
        let (Self { least: None, most: None, .. }, name) = (self, &pair.key) else {
            let (least, most) = (self.least.unwrap_or(f64::MIN), self.most.unwrap_or(f64::MAX));
            let number = value.as_text().and_then(|text| text.parse::<f64>().ok());
            if !number.is_some_and(|number| (least..=most).contains(&number)) {
                let what = format!("`{}` is out of its range", quoted(&pair.key));
                faults.error(pair.spot, what, format!("a number from {least} to {most}"));
            }
            return;
        };
        let is_list_of_texts = |node: &Node| node.items().iter().all(|item| item.as_text().is_some());
        if !is_list_of_texts(value) {
            let what = format!("`{}` is neither a value nor a list of values", quoted(name));
            faults.error(pair.spot, what, "a text, a number, or a list of them");
        }
    }
}

/// `threshold`, `your-tenant-url`: what may stand in braces.
fn is_name(text: &str) -> bool {
    let is_first = text.starts_with(|first: char| first.is_ascii_alphabetic() || first == '_');
    is_first && text.len() <= 64 && text.chars().all(|c| c.is_ascii_alphanumeric() || matches!(c, '_' | '-'))
}

/// The name of a node that is a placeholder and nothing else: `'{name}'`, or `{name}`, which YAML takes for a map.
fn lone_name(node: &Node) -> Option<String> {
    let name = match &node.what {
        What::Scalar { text, .. } => text.strip_prefix('{')?.strip_suffix('}')?,
        What::Map { pairs, is_flow: true } => match &**pairs {
            [pair] if pair.value.is_empty() => &pair.key,
            _ => return None,
        },
        _ => return None,
    };
    is_name(name).then(|| name.to_owned())
}

fn node_of(value: &Value, spot: Spot) -> Node {
    match value {
        Value::Array(items) => {
            let items = items.iter().map(|item| node_of(item, spot)).collect();
            Node { spot, what: What::List(items) }
        }
        Value::String(text) => Node::text(spot, text, false),
        other => Node::text(spot, &other.to_string(), true),
    }
}
