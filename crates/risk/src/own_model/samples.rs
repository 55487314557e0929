//! Model files that tests share.

use serde_json::{Value, json};

use super::{Fault, OwnModel};

pub(super) fn logistic() -> Value {
    json!({
        "format": "countersign-own-model/1",
        "name": "night-shift",
        "version": 3,
        "kind": "logistic",
        "inputs": [{ "name": "local_hour", "missing": 12.5 }, { "name": "impossible_travel" }, { "name": "history", "missing": "default" }],
        "logistic": {
            "intercept": -0.25,
            "coefficients": [0.5, 1.25, -0.1],
            "mean": [12.0, 0.0, 30.0],
            "scale": [6.0, 1.0, 10.0]
        },
        "calibration": { "scale": 0.9, "offset": 0.2 },
        "weight_milli": 750,
        "bound_micro": 1_000_000
    })
}

pub(super) fn trees() -> Value {
    json!({
        "format": "countersign-own-model/1",
        "name": "boosted",
        "version": 1,
        "kind": "trees",
        "inputs": [{ "name": "local_hour" }, { "name": "logins_count", "missing": 0 }],
        "base_score": -0.5,
        "trees": [
            { "nodes": [
                { "input": 0, "threshold": 6.5, "left": 1, "right": 2, "missing": "right" },
                { "leaf": 0.7 },
                { "input": 1, "threshold": 3, "left": 4, "right": 3, "missing": "left" },
                { "leaf": -0.4 },
                { "leaf": 0.3 }
            ] },
            { "nodes": [{ "leaf": 0.125 }] }
        ],
        "weight_milli": 1000,
        "bound_micro": 2_000_000
    })
}

pub(super) fn parse(file: &Value) -> Result<OwnModel, Vec<Fault>> {
    OwnModel::parse(file.to_string().as_bytes())
}

/// Where the faults of `file` are.
pub(super) fn paths(file: &Value) -> Vec<String> {
    parse(file).err().into_iter().flatten().map(|fault| fault.path).collect()
}

/// A tree that is one long chain: `splits` in a row, each with a leaf to its left.
pub(super) fn chain(splits: usize) -> Value {
    let split = |at| json!({ "input": 0, "threshold": 0, "left": splits + 1 + at, "right": at + 1, "missing": "right" });
    let leaves = (0..=splits).map(|_| json!({ "leaf": 0.001 }));
    // The chain's end is the first of the leaves.
    let nodes: Vec<Value> = (0..splits).map(split).chain(leaves).collect();
    json!({ "nodes": nodes })
}

/// `file` with what stands at `pointer` replaced, or added.
pub(super) fn with(mut file: Value, pointer: &str, value: Value) -> Value {
    let (parent, key) = pointer.rsplit_once('/').unwrap();
    match file.pointer_mut(parent).unwrap() {
        Value::Object(map) => {
            map.insert(key.to_owned(), value);
        }
        Value::Array(list) => list[key.parse::<usize>().unwrap()] = value,
        other => panic!("{other} holds nothing"),
    }
    file
}
