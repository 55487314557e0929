//! Lines of selections as they are written: a field, its modifiers, and values.

use regex::{Regex, RegexBuilder};

use super::{
    field::Field,
    located::{Faults, Spot, quoted, suggest},
    matcher::{Comparison, Item, Wanted},
    network::Network,
    pattern::Pattern,
    yaml::{Node, What},
};

/// The modifiers that are evaluated.
const KNOWN: &[&str] = &[
    "contains",
    "startswith",
    "endswith",
    "all",
    "every",
    "re",
    "i",
    "m",
    "s",
    "cidr",
    "exists",
    "cased",
    "neq",
    "gt",
    "gte",
    "lt",
    "lte",
    "fieldref",
];

/// The modifiers of Sigma that are not, and why.
const REFUSED: &[(&str, &str)] = &[
    ("base64", "logs of Auth0 hold no encoded commands"),
    ("base64offset", "logs of Auth0 hold no encoded commands"),
    ("utf16", "logs of Auth0 are UTF-8"),
    ("utf16le", "logs of Auth0 are UTF-8"),
    ("utf16be", "logs of Auth0 are UTF-8"),
    ("wide", "logs of Auth0 are UTF-8"),
    ("windash", "it is for command lines of Windows"),
    ("expand", "write `{name}` and declare it under `countersign: params:`"),
    ("minute", "compare `date` by a native detector"),
    ("hour", "compare `date` by a native detector"),
    ("day", "compare `date` by a native detector"),
    ("week", "compare `date` by a native detector"),
    ("month", "compare `date` by a native detector"),
    ("year", "compare `date` by a native detector"),
];

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum How {
    Like { before: bool, after: bool },
    Regex { ignore_case: bool, multi_line: bool, dot_all: bool },
    Within,
    Exists,
    Compares(Comparison),
    Refers { before: bool, after: bool },
}

/// Reads one line of a selection; what is wrong is told.
pub(super) fn item(key: &str, spot: Spot, value: &Node, faults: &mut Faults) -> Option<Item> {
    let mut parts = key.split('|');
    let name = parts.next().unwrap_or_default();
    let modifiers: Vec<&str> = parts.collect();
    let field = if name.is_empty() {
        None
    } else {
        let field = Field::parse(name);
        if field.is_none() {
            let right = "a path such as `details.request.path`, at most 16 parts";
            faults.error(spot, format!("`{}` is no field", quoted(name)), right);
            return None;
        }
        field
    };
    let mut how = how(&modifiers, spot, faults)?;
    if field.is_none() && matches!(how, How::Like { .. }) {
        // Why: a keyword is looked for inside of texts.
        how = How::Like { before: true, after: true };
    }
    let has = |modifier: &str| modifiers.contains(&modifier);
    let needs_field = has("every") || matches!(how, How::Exists | How::Refers { .. } | How::Compares(_));
    if field.is_none() && needs_field {
        faults.error(spot, "this modifier needs a field", "keywords are texts, looked for everywhere");
        return None;
    }
    let values = value.items();
    let is_from_param = matches!(&value.what, What::List(items) if items.is_empty());
    if is_from_param && has("all") {
        faults.error(value.spot, "all of nothing", "name values");
        return None;
    }
    let wanted: Option<Vec<Wanted>> =
        values.iter().map(|node| wanted(node, how, [has("cased"), has("every")], faults)).collect();
    Some(Item {
        field,
        label: key.to_owned(),
        spot,
        wanted: wanted?,
        is_all: has("all"),
        is_every: has("every"),
        is_negated: has("neq"),
    })
}

fn how(modifiers: &[&str], spot: Spot, faults: &mut Faults) -> Option<How> {
    for (index, modifier) in modifiers.iter().enumerate() {
        if let Some((_, why)) = REFUSED.iter().find(|(name, _)| name == modifier) {
            faults.error(spot, format!("the modifier `{modifier}` is not evaluated"), *why);
            return None;
        }
        if !KNOWN.contains(modifier) {
            let what = format!("there is no modifier `{}`", quoted(modifier));
            faults.error(spot, what, suggest(modifier, KNOWN));
            return None;
        }
        if modifiers.iter().take(index).any(|before| before == modifier) {
            faults.error(spot, format!("the modifier `{modifier}` stands twice"), "once is enough");
            return None;
        }
    }
    let has = |modifier: &str| modifiers.contains(&modifier);
    let (before, after) = (has("contains") || has("endswith"), has("contains") || has("startswith"));
    let comparison = [
        ("gt", Comparison::Above),
        ("gte", Comparison::AtLeast),
        ("lt", Comparison::Below),
        ("lte", Comparison::AtMost),
    ];
    let comparison = comparison.into_iter().find(|(name, _)| has(name)).map(|(_, comparison)| comparison);
    let how = if has("re") {
        How::Regex { ignore_case: has("i"), multi_line: has("m"), dot_all: has("s") }
    } else if has("cidr") {
        How::Within
    } else if has("exists") {
        How::Exists
    } else if let Some(comparison) = comparison {
        How::Compares(comparison)
    } else if has("fieldref") {
        How::Refers { before, after }
    } else {
        How::Like { before, after }
    };
    let allowed: &[&str] = match how {
        How::Regex { .. } => &["re", "i", "m", "s", "all", "every", "neq"],
        How::Within => &["cidr", "all", "every", "neq"],
        How::Exists => &["exists"],
        How::Compares(_) => &["gt", "gte", "lt", "lte", "neq"],
        How::Refers { .. } => &["fieldref", "contains", "startswith", "endswith", "cased", "all", "neq"],
        How::Like { .. } => &["contains", "startswith", "endswith", "cased", "all", "every", "neq"],
    };
    let sorts = ["contains", "startswith", "endswith", "re", "cidr", "exists", "gt", "gte", "lt", "lte"];
    let many = if has("all") { modifiers.iter().find(|modifier| **modifier == "every") } else { None };
    let second = modifiers.iter().filter(|modifier| sorts.contains(modifier)).nth(1);
    if let Some(odd) = modifiers.iter().find(|modifier| !allowed.contains(modifier)).or(second).or(many) {
        let what = format!("the modifier `{odd}` does not go with the others here");
        faults.error(spot, what, "one way of comparing, and what refines it");
        return None;
    }
    Some(how)
}

fn wanted(node: &Node, how: How, [is_cased, is_every]: [bool; 2], faults: &mut Faults) -> Option<Wanted> {
    let Some(text) = node.as_text() else {
        faults.error(
            node.spot,
            format!("{} as a value", node.sort()),
            "a text, a number, true, false or null",
        );
        return None;
    };
    if node.is_empty() {
        let right =
            "list what is wanted, or write `null` for a field that is absent, or `''` for an empty text";
        faults.error(node.spot, "nothing stands where a value should", right);
        return None;
    }
    if node.is_null() {
        if how == (How::Like { before: false, after: false }) && !is_every {
            return Some(Wanted::Null);
        }
        faults.error(node.spot, "`null` with a modifier", "`field: null` alone");
        return None;
    }
    let found = match how {
        How::Like { before, after } => {
            let text = if is_cased { truth(node).unwrap_or(text) } else { text };
            let number = text.parse::<f64>().ok().filter(|number| !before && !after && number.is_finite());
            return Some(Wanted::Like(Pattern::new(text, is_cased).widened(before, after), number));
        }
        How::Regex { ignore_case, multi_line, dot_all } => {
            return regex(text, node.spot, [ignore_case, multi_line, dot_all], faults).map(Wanted::Matches);
        }
        How::Within => Network::parse(text).map(Wanted::Within).ok_or("a network such as `203.0.113.0/24`"),
        How::Exists => match text {
            "true" => Ok(Wanted::Exists(true)),
            "false" => Ok(Wanted::Exists(false)),
            _ => Err("`exists` is `true` or `false`"),
        },
        How::Compares(comparison) => {
            let number = text.parse::<f64>().ok().filter(|number| number.is_finite());
            number.map(|number| Wanted::Compares(comparison, number)).ok_or("a number")
        }
        How::Refers { before, after } => Field::parse(text)
            .map(|field| Wanted::Refers { field, before, after, is_cased })
            .ok_or("the path of a field"),
    };
    found.map_err(|right| faults.error(node.spot, format!("`{}` here", quoted(text)), right)).ok()
}

fn truth(node: &Node) -> Option<&'static str> {
    match node.to_json() {
        serde_json::Value::Bool(true) => Some("true"),
        serde_json::Value::Bool(false) => Some("false"),
        _ => None,
    }
}

/// How large a compiled regular expression may be, in bytes.
const MAX_REGEX: usize = 1 << 20;

fn regex(text: &str, spot: Spot, [i, m, s]: [bool; 3], faults: &mut Faults) -> Option<Regex> {
    let built = RegexBuilder::new(text)
        .case_insensitive(i)
        .multi_line(m)
        .dot_matches_new_line(s)
        .size_limit(MAX_REGEX)
        .dfa_size_limit(MAX_REGEX)
        .nest_limit(50)
        .build();
    match built {
        Ok(regex) => Some(regex),
        Err(_) if ["(?=", "(?!", "(?<=", "(?<!"].iter().any(|look| text.contains(look)) => {
            let right = "say it by a second selection and `not`";
            faults.error(spot, "look-around in a regular expression is not evaluated", right);
            None
        }
        Err(regex::Error::CompiledTooBig(_)) => {
            let what = "the regular expression is too large";
            faults.error(spot, what, format!("at most {MAX_REGEX} bytes when compiled"));
            None
        }
        Err(error) => {
            let last = error.to_string().lines().last().unwrap_or_default().to_owned();
            let what = format!("not a regular expression: {}", quoted(&last));
            faults.error(spot, what, "the syntax of Rust's `regex`, without look-around and back-references");
            None
        }
    }
}
