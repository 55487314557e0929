//! Paths into JSON values.

use std::fmt::Write as _;

use serde_json::Value;

/// One step into a value.
#[derive(Debug, Clone, PartialEq)]
pub enum Step {
    /// Into an object.
    Key(String),
    /// Into an array.
    Index(usize),
}

/// The paths of `value` itself and of everything in it.
pub fn paths(value: &Value) -> Vec<Vec<Step>> {
    let mut all = vec![vec![]];
    let children: Vec<(Step, &Value)> = match value {
        Value::Object(fields) => fields.iter().map(|(key, value)| (Step::Key(key.clone()), value)).collect(),
        Value::Array(items) => {
            items.iter().enumerate().map(|(index, item)| (Step::Index(index), item)).collect()
        }
        _ => vec![],
    };
    for (step, child) in children {
        all.extend(paths(child).into_iter().map(|path| [vec![step.clone()], path].concat()));
    }
    all
}

/// The value at `path`.
pub fn get<'a>(value: &'a Value, path: &[Step]) -> Option<&'a Value> {
    path.iter().try_fold(value, |value, step| match step {
        Step::Key(key) => value.get(key),
        Step::Index(index) => value.get(index),
    })
}

/// The value at `path`, to change it.
pub fn get_mut<'a>(value: &'a mut Value, path: &[Step]) -> Option<&'a mut Value> {
    path.iter().try_fold(value, |value, step| match step {
        Step::Key(key) => value.get_mut(key),
        Step::Index(index) => value.get_mut(index),
    })
}

/// Takes the value at `path` out.
pub fn remove(value: &mut Value, path: &[Step]) {
    let Some((last, parent)) = path.split_last() else { return };
    match (get_mut(value, parent), last) {
        (Some(Value::Object(fields)), Step::Key(key)) => drop(fields.remove(key)),
        (Some(Value::Array(items)), Step::Index(index)) => drop(items.remove(*index)),
        _ => panic!("no such path"),
    }
}

/// Reads a path as errors write it, such as `event.user.identities[0]`; the first name is left out.
pub fn parse(path: &str) -> Vec<Step> {
    let mut steps = vec![];
    for part in path.split('.').skip(1) {
        let mut pieces = part.split('[');
        steps.push(Step::Key(pieces.next().unwrap().to_owned()));
        steps.extend(pieces.map(|index| Step::Index(index.trim_end_matches(']').parse().unwrap())));
    }
    steps
}

/// Writes a path as errors do.
pub fn show(path: &[Step]) -> String {
    path.iter().fold("event".to_owned(), |mut text, step| {
        match step {
            Step::Key(key) => write!(text, ".{key}").unwrap(),
            Step::Index(index) => write!(text, "[{index}]").unwrap(),
        }
        text
    })
}

/// The JSON type of a value in the words of an error.
pub const fn type_name(value: &Value) -> &'static str {
    match value {
        Value::Null => "null",
        Value::Bool(_) => "a boolean",
        Value::Number(_) => "a number",
        Value::String(_) => "a string",
        Value::Array(_) => "an array",
        Value::Object(_) => "an object",
    }
}
