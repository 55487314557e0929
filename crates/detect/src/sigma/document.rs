//! The documents of a rule file: rules, correlations and filters, read and not yet joined.

use super::{
    condition::{self, Expr},
    extension::{Extension, level, texts},
    lint,
    located::{Faults, Spot, quoted, suggest},
    params::{Params, Settings},
    selection::{Selection, selection},
    spec::{self, Spec},
    yaml::{Node, What},
};
use crate::Severity;

/// A document.
#[derive(Debug, Clone)]
pub(super) struct Document {
    pub(super) spot: Spot,
    pub(super) name: Option<String>,
    pub(super) id: Option<String>,
    pub(super) title: Option<String>,
    pub(super) text: String,
    pub(super) level: Option<Severity>,
    pub(super) techniques: Vec<String>,
    pub(super) false_positives: Vec<String>,
    pub(super) extension: Extension,
    pub(super) body: Body,
}

/// What a document is.
#[derive(Debug, Clone)]
pub(super) enum Body {
    Rule(Detection),
    Correlation(Box<Spec>),
    Filter { rules: Vec<(String, Spot)>, detection: Detection },
}

/// Selections and the condition over them.
#[derive(Debug, Clone)]
pub(super) struct Detection {
    pub(super) selections: Vec<Selection>,
    pub(super) condition: Expr,
    /// The condition as it was written.
    pub(super) text: String,
    pub(super) spot: Spot,
}

impl Document {
    /// Whether a reference means this document.
    pub(super) fn is_called(&self, reference: &str) -> bool {
        self.name.as_deref() == Some(reference) || self.id.as_deref() == Some(reference)
    }

    pub(super) const fn is_filter(&self) -> bool {
        matches!(self.body, Body::Filter { .. })
    }
}

/// The keys of a document that say something to an evaluator.
const KEYS: &[&str] = &[
    "title",
    "id",
    "name",
    "description",
    "level",
    "tags",
    "falsepositives",
    "logsource",
    "detection",
    "correlation",
    "filter",
    "generate",
    "countersign",
];

/// The keys that are for people: Sigma's, and the prose of the catalog of Auth0's vendor.
const PROSE: &[&str] = &[
    "status",
    "author",
    "date",
    "modified",
    "references",
    "related",
    "license",
    "taxonomy",
    "scope",
    "fields",
    "explanation",
    "splunk",
    "comments",
    "tenant_logs",
    "prevention",
];

/// Reads the documents of a file and fills their placeholders; what is wrong is told.
pub(super) fn read(nodes: Vec<Node>, set: &Settings, faults: &mut Faults) -> Vec<Document> {
    let mut params = Params::gather(&nodes, set, faults);
    let mut documents: Vec<Document> = Vec::new();
    for mut node in nodes.into_iter().filter(|node| !node.is_empty() && !node.is_null()) {
        fill(&mut node, &mut params, faults);
        let Some(document) = document(&node, faults) else { continue };
        let names = [&document.name, &document.id].into_iter().flatten();
        let twice = names.into_iter().find(|name| documents.iter().any(|other| other.is_called(name)));
        if let Some(name) = twice {
            let what = format!("`{}` names two documents of this file", quoted(name));
            faults.error(document.spot, what, "a name and an id of its own");
        }
        documents.push(document);
    }
    for name in params.unused() {
        let what = format!("the param `{}` is asked for nowhere", quoted(name));
        faults.error(Spot::default(), what, "write `{name}` where it counts, or take it out");
    }
    documents
}

fn fill(node: &mut Node, params: &mut Params, faults: &mut Faults) {
    let What::Map { pairs, .. } = &mut node.what else { return };
    for pair in pairs {
        match &*pair.key {
            "detection" | "filter" | "correlation" => params.fill(&mut pair.value, false, faults),
            "countersign" => {
                if let What::Map { pairs, .. } = &mut pair.value.what {
                    let filled = pairs.iter_mut().filter(|pair| !matches!(&*pair.key, "params" | "tests"));
                    filled.for_each(|pair| params.fill(&mut pair.value, false, faults));
                }
            }
            _ => {}
        }
    }
}

fn document(node: &Node, faults: &mut Faults) -> Option<Document> {
    if node.pairs().is_empty() {
        faults.error(
            node.spot,
            format!("{} as a document", node.sort()),
            "a map with `detection` or `correlation`",
        );
        return None;
    }
    for pair in node.pairs() {
        if !KEYS.contains(&&*pair.key) && !PROSE.contains(&&*pair.key) {
            let right = suggest(&pair.key, KEYS);
            faults.warn(pair.spot, format!("`{}` is not read", quoted(&pair.key)), right);
        }
    }
    let text =
        |key: &str| node.get(key).and_then(Node::as_text).filter(|text| !text.is_empty()).map(str::to_owned);
    let body = body(node, faults);
    let list =
        |key: &str, faults: &mut Faults| node.get(key).map(|value| texts(value, faults)).unwrap_or_default();
    let techniques = list("tags", faults).iter().filter_map(|tag| technique(tag)).collect();
    let document = Document {
        spot: node.spot,
        name: text("name"),
        id: text("id"),
        title: text("title"),
        text: text("description").unwrap_or_default().trim().to_owned(),
        level: node.get("level").and_then(|value| level(value, faults)),
        techniques,
        false_positives: list("falsepositives", faults),
        extension: Extension::read(node.get("countersign"), faults),
        body: body?,
    };
    if document.title.is_none() && matches!(document.body, Body::Rule(_)) {
        faults.error(node.spot, "a rule without `title`", "a line that says what it finds");
    }
    Some(document)
}

fn body(node: &Node, faults: &mut Faults) -> Option<Body> {
    let sorts = ["detection", "correlation", "filter"];
    let mut bodies = node.pairs().iter().filter(|pair| sorts.contains(&&*pair.key));
    let (Some(pair), None) = (bodies.next(), bodies.next()) else {
        let right = "one of `detection`, `correlation` and `filter`; documents are parted by `---`";
        faults.error(node.spot, "a document is a rule, a correlation or a filter", right);
        return None;
    };
    if pair.value.pairs().is_empty() {
        faults.error(pair.value.spot, format!("{} under `{}`", pair.value.sort(), pair.key), "a map");
        return None;
    }
    match &*pair.key {
        "correlation" => spec::correlation(node, &pair.value, faults).map(Box::new).map(Body::Correlation),
        "filter" => {
            logsource(node, faults);
            for pair in
                node.pairs().iter().filter(|pair| matches!(&*pair.key, "countersign" | "level" | "tags"))
            {
                faults.error(
                    pair.spot,
                    format!("a filter has no `{}`", pair.key),
                    "it alerts of nothing by itself",
                );
            }
            let rules = spec::references(pair.value.get("rules"), pair.value.spot, faults)?;
            let detection = detection(&pair.value, true, faults)?;
            Some(Body::Filter { rules, detection })
        }
        _ => {
            logsource(node, faults);
            detection(&pair.value, false, faults).map(Body::Rule)
        }
    }
}

fn logsource(node: &Node, faults: &mut Faults) {
    let Some(source) = node.get("logsource") else {
        faults.error(node.spot, "there is no `logsource`", "`logsource:` with `product: auth0`");
        return;
    };
    match source.get("product").and_then(Node::as_text) {
        Some("auth0") => {}
        Some(other) => {
            let what = format!("the logs of `{}` do not come here", quoted(other));
            faults.error(source.spot, what, "`product: auth0`");
        }
        None => faults.error(source.spot, "the logsource names no product", "`product: auth0`"),
    }
    let others = source.pairs().iter().filter(|pair| !matches!(&*pair.key, "product" | "definition"));
    for pair in others {
        let what = format!("`{}` of a logsource narrows nothing here", quoted(&pair.key));
        faults.warn(pair.spot, what, "select by `type`");
    }
}

fn detection(node: &Node, is_filter: bool, faults: &mut Faults) -> Option<Detection> {
    let mut selections = Vec::new();
    let mut is_whole = true;
    for pair in node.pairs() {
        match &*pair.key {
            "condition" => {}
            "rules" if is_filter => {}
            "timeframe" => {
                faults.error(
                    pair.spot,
                    "`timeframe` is not evaluated",
                    "a document with `correlation` and `timespan`",
                );
                is_whole = false;
            }
            name => match selection(name, pair.spot, &pair.value, faults) {
                Some(selection) => selections.push(selection),
                None => is_whole = false,
            },
        }
    }
    let Some(condition) = node.get("condition") else {
        faults.error(node.spot, "there is no `condition`", "`condition: selection`");
        return None;
    };
    let Some(text) = condition.as_text() else {
        faults.error(condition.spot, format!("{} as a condition", condition.sort()), "one text");
        return None;
    };
    // Why: a condition over selections that can't be read would be told as a second fault.
    if !is_whole {
        return None;
    }
    let names: Vec<&str> = selections.iter().map(|selection| &*selection.name).collect();
    let expr = condition::parse(text, condition.spot, &names, faults)?;
    selections.iter().for_each(|selection| lint::fields(selection, faults));
    Some(Detection { selections, condition: expr, text: text.to_owned(), spot: condition.spot })
}

/// `attack.t1110.004` as `T1110.004`; `None` for tactics and other tags.
fn technique(tag: &str) -> Option<String> {
    let id = tag.strip_prefix("attack.")?.strip_prefix(['t', 'T'])?;
    let is_id = id.starts_with(|first: char| first.is_ascii_digit())
        && id.chars().all(|character| character.is_ascii_digit() || character == '.');
    is_id.then(|| format!("T{id}"))
}
