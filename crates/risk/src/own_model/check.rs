//! What a file must say beyond its shape, all of it at once.

use countersign_core::Trigger;

use super::{
    document::{Document, FORMAT, Kind, Logistic},
    faults::Faults,
    inputs::{known_input, near},
    limits::{MAX_BOUND_MICRO, MAX_INPUTS},
    structure,
};

/// The longest name of a model, in bytes.
const MAX_NAME: usize = 32;

/// The longest name of an input that is compared with the known ones, in bytes.
const MAX_INPUT_NAME: usize = 64;

pub(super) fn check(document: &Document, faults: &mut Faults) {
    let is_named = (1..=MAX_NAME).contains(&document.name.len())
        && document.name.bytes().all(|b| b.is_ascii_lowercase() || b.is_ascii_digit() || b == b'-');
    if document.format != FORMAT {
        faults.push("format", format!("must be `{FORMAT}`"));
    }
    if !is_named {
        faults.push("name", "has 1 to 32 characters of a-z, 0-9 and `-`");
    }
    if document.weight_milli > 1000 {
        faults.push("weight_milli", "must be from 0 to 1000");
    }
    if !(0..=MAX_BOUND_MICRO).contains(&document.bound_micro) {
        faults.push("bound_micro", format!("must be from 0 to {MAX_BOUND_MICRO}"));
    }
    check_triggers(document.triggers.as_deref(), faults);
    check_inputs(document, faults);
    check_kind(document, faults);
}

fn check_triggers(triggers: Option<&[Trigger]>, faults: &mut Faults) {
    if triggers.is_some_and(<[Trigger]>::is_empty) {
        faults.push("triggers", "names at least one, or is left out for `post-login` alone");
    }
    for (index, trigger) in triggers.into_iter().flatten().enumerate() {
        if triggers.into_iter().flatten().take(index).any(|other| other == trigger) {
            faults.push(format!("triggers[{index}]"), format!("`{trigger}` stands twice"));
        }
    }
}

fn check_inputs(document: &Document, faults: &mut Faults) {
    let inputs = &document.inputs;
    if !(1..=MAX_INPUTS).contains(&inputs.len()) {
        faults.push("inputs", format!("has {} inputs; there are 1 to {MAX_INPUTS}", inputs.len()));
    }
    for (index, input) in inputs.iter().take(MAX_INPUTS).enumerate() {
        let path = format!("inputs[{index}].name");
        if input.name.len() > MAX_INPUT_NAME {
            faults.push(path, "no input has so long a name");
        } else if known_input(&input.name).is_none() {
            let near: Vec<String> = near(&input.name).iter().map(|name| format!("`{name}`")).collect();
            let hint = match near.as_slice() {
                [] => "docs/own-model.md lists what there is".to_owned(),
                near => format!("did you mean {}?", near.join(", ")),
            };
            faults.push(path, format!("there is no input `{}`; {hint}", input.name));
        } else if inputs.iter().take(index).any(|other| other.name == input.name) {
            faults.push(path, format!("`{}` stands twice", input.name));
        }
    }
}

fn check_kind(document: &Document, faults: &mut Faults) {
    let keys = [
        ("logistic", Kind::Logistic, document.logistic.is_some(), true),
        ("base_score", Kind::Trees, document.base_score.is_some(), true),
        ("trees", Kind::Trees, document.trees.is_some(), true),
        ("leaves", Kind::Trees, document.leaves.is_some(), false),
    ];
    for (key, kind, is_told, is_needed) in keys {
        if is_told && kind != document.kind {
            faults.push(key, "does not belong to this `kind`");
        } else if !is_told && is_needed && kind == document.kind {
            faults.push(".", format!("lacks `{key}`, which this `kind` has"));
        }
    }
    match (document.kind, &document.logistic, &document.trees) {
        (Kind::Logistic, Some(logistic), _) => check_logistic(logistic, document.inputs.len(), faults),
        (Kind::Trees, _, Some(trees)) => structure::check(trees, document.inputs.len(), faults),
        _ => {}
    }
}

fn check_logistic(logistic: &Logistic, inputs: usize, faults: &mut Faults) {
    let lists = [
        ("coefficients", Some(&logistic.coefficients)),
        ("mean", logistic.mean.as_ref()),
        ("scale", logistic.scale.as_ref()),
    ];
    for (key, list) in lists {
        if let Some(list) = list.filter(|list| list.len() != inputs) {
            let message = format!("has {} numbers; there are {inputs} inputs", list.len());
            faults.push(format!("logistic.{key}"), message);
        }
    }
    for (index, _) in logistic.scale.iter().flatten().enumerate().filter(|(_, scale)| **scale <= 0.0) {
        faults.push(format!("logistic.scale[{index}]"), "must be above 0");
    }
}
