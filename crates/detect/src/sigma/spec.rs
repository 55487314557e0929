//! Correlations as they are written.

use countersign_core::Micros;

use super::{
    bounds::Bounds,
    correlation::Sort,
    duration,
    extension::texts,
    field::Field,
    located::{Faults, Spot, quoted, suggest},
    window::MAX_VALUES,
    yaml::Node,
};

/// A correlation as it was written.
#[derive(Debug, Clone)]
pub(super) struct Spec {
    pub(super) sort: Sort,
    pub(super) rules: Vec<(String, Spot)>,
    pub(super) group_by: Vec<String>,
    pub(super) values: Vec<String>,
    pub(super) window: Micros,
    /// Absent where all rules must speak.
    pub(super) bounds: Option<Bounds>,
    pub(super) aliases: Vec<Alias>,
    pub(super) generate: bool,
}

/// A name for a field that is called otherwise in each rule.
#[derive(Debug, Clone)]
pub(super) struct Alias {
    pub(super) name: String,
    pub(super) fields: Vec<(String, Field, Spot)>,
}

/// Reads a list of names and ids of rules; what is wrong is told.
pub(super) fn references(
    node: Option<&Node>,
    spot: Spot,
    faults: &mut Faults,
) -> Option<Vec<(String, Spot)>> {
    let rules: Vec<(String, Spot)> = (node.map(Node::items).unwrap_or_default().iter())
        .filter_map(|item| Some((item.as_text().filter(|text| !text.is_empty())?.to_owned(), item.spot)))
        .collect();
    if rules.is_empty() || Some(rules.len()) != node.map(|node| node.items().len()) {
        faults.error(node.map_or(spot, |node| node.spot), "no rules are named", "`rules:` with names or ids");
        return None;
    }
    Some(rules)
}

/// Reads what stands under `correlation`; what is wrong is told.
pub(super) fn correlation(document: &Node, node: &Node, faults: &mut Faults) -> Option<Spec> {
    let known = ["type", "rules", "group-by", "timespan", "condition", "aliases", "generate"];
    for pair in node.pairs().iter().filter(|pair| !known.contains(&&*pair.key)) {
        let what = format!("a correlation has no `{}`", quoted(&pair.key));
        faults.error(pair.spot, what, suggest(&pair.key, &known));
    }
    let rules = references(node.get("rules"), node.spot, faults);
    let sort = sort(node, faults);
    let Some(window) = node.get("timespan").map(|value| duration::read(value, faults)) else {
        faults.error(node.spot, "there is no `timespan`", "`timespan: 1h`");
        return None;
    };
    let group_by = node.get("group-by").map(|value| texts(value, faults)).unwrap_or_default();
    let aliases = node.get("aliases").map(|value| aliases(value, faults)).unwrap_or_default();
    let generate = [node.get("generate"), document.get("generate")];
    let generate = generate.into_iter().flatten().any(|value| is_true(value, faults));
    let (sort, rules) = (sort?, rules?);
    let (bounds, values) = bounds(node, sort, &rules, faults)?;
    let fields = || group_by.iter().chain(&values);
    let is_alias = |name: &String| aliases.iter().any(|alias| alias.name == *name);
    for name in fields().filter(|name| !is_alias(name) && Field::parse(name).is_none()) {
        faults.error(
            node.spot,
            format!("`{}` is no field", quoted(name)),
            "a path such as `details.familyId`",
        );
    }
    Some(Spec { sort, rules, group_by, values, window: window?, bounds, aliases, generate })
}

fn is_true(node: &Node, faults: &mut Faults) -> bool {
    let text = node.as_text().unwrap_or_default();
    if !matches!(text, "true" | "false") {
        faults.error(node.spot, format!("`{}` here", quoted(text)), "`true` or `false`");
    }
    text == "true"
}

fn sort(node: &Node, faults: &mut Faults) -> Option<Sort> {
    let known = ["event_count", "value_count", "temporal", "temporal_ordered"];
    let value = node.get("type");
    match value.and_then(Node::as_text).unwrap_or_default() {
        "event_count" => Some(Sort::EventCount),
        "value_count" => Some(Sort::ValueCount),
        "temporal" => Some(Sort::Temporal),
        "temporal_ordered" => Some(Sort::TemporalOrdered),
        other => {
            let what = format!("correlations of type `{}` are not evaluated", quoted(other));
            faults.error(value.map_or(node.spot, |value| value.spot), what, suggest(other, &known));
            None
        }
    }
}

fn bounds(
    node: &Node,
    sort: Sort,
    rules: &[(String, Spot)],
    faults: &mut Faults,
) -> Option<(Option<Bounds>, Vec<String>)> {
    let is_temporal = matches!(sort, Sort::Temporal | Sort::TemporalOrdered);
    if is_temporal && rules.len() < 2 {
        faults.error(node.spot, "one rule alone has no order in time", "two rules, or `event_count`");
        return None;
    }
    let Some(condition) = node.get("condition") else {
        if is_temporal {
            return Some((None, Vec::new()));
        }
        faults.error(node.spot, "there is no `condition`", "`condition:` with `gte: 10`");
        return None;
    };
    let values = condition.get("field").map(|value| texts(value, faults)).unwrap_or_default();
    if condition.pairs().is_empty() {
        let right = "a map such as `gte: 10`; of `temporal`, leave it out where all rules must speak";
        faults.error(condition.spot, format!("{} as a correlation's condition", condition.sort()), right);
        return None;
    }
    match sort {
        Sort::ValueCount if values.is_empty() => {
            faults.error(condition.spot, "no field whose values are counted", "`field: user_id`");
            return None;
        }
        Sort::EventCount | Sort::Temporal | Sort::TemporalOrdered if !values.is_empty() => {
            faults.warn(condition.spot, "`field` counts nothing here", "`type: value_count` counts values");
        }
        _ => {}
    }
    let signs = condition.pairs().iter().filter(|pair| pair.key != "field");
    let bounds = Bounds::read(signs, condition.spot, faults)?;
    bounds.lint(condition.spot, faults);
    if sort == Sort::ValueCount && bounds.reach() > MAX_VALUES as u64 {
        let right = format!("at most {MAX_VALUES} values are told apart");
        faults.error(condition.spot, "so many different values are not counted", right);
    }
    if is_temporal && bounds.threshold() > rules.len() as u64 {
        faults.error(condition.spot, "more rules than there are", format!("at most {}", rules.len()));
    }
    Some((Some(bounds), values))
}

fn aliases(node: &Node, faults: &mut Faults) -> Vec<Alias> {
    let mut aliases = Vec::new();
    for pair in node.pairs() {
        let mut fields = Vec::new();
        for part in pair.value.pairs() {
            match part.value.as_text().and_then(Field::parse) {
                Some(field) => fields.push((part.key.clone(), field, part.spot)),
                None => faults.error(part.spot, "an alias that names no field", "`rule_name: details.ip`"),
            }
        }
        if fields.is_empty() {
            faults.error(
                pair.spot,
                format!("the alias `{}` names no rule", quoted(&pair.key)),
                "`rule_name: field`",
            );
        }
        aliases.push(Alias { name: pair.key.clone(), fields });
    }
    aliases
}
