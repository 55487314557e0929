//! Which files are refused, and how it is told.

use serde_json::{Value, json};

use super::{
    samples::{chain, logistic, parse, paths, trees, with},
    *,
};

#[test]
fn an_unknown_input_is_told_with_those_that_it_may_mean() {
    let file = with(trees(), "/inputs/1/name", json!("login_count"));
    assert_eq!(
        parse(&file).unwrap_err().iter().map(ToString::to_string).collect::<Vec<_>>(),
        ["`inputs[1].name`: there is no input `login_count`; did you mean `logins_count`?"]
    );
    let far = parse(&with(trees(), "/inputs/1/name", json!("zzz"))).unwrap_err();
    assert!(far[0].message.ends_with("docs/own-model.md lists what there is"), "{far:?}");
    let twice = with(trees(), "/inputs/1/name", json!("local_hour"));
    assert_eq!(paths(&twice), ["inputs[1].name"]);
    assert_eq!(paths(&with(trees(), "/inputs/1/name", json!("x".repeat(900_000)))), ["inputs[1].name"]);
}

#[test]
fn faults_of_shape_are_told_with_their_place() {
    for (pointer, value, path) in [
        ("/trees/0/nodes/2/left", json!("four"), "trees[0].nodes[2].left"),
        ("/trees/0/nodes/2/left", json!(-1), "trees[0].nodes[2].left"),
        ("/trees/0/nodes/1", json!([0.7]), "trees[0].nodes[1]"),
        ("/calibration", json!([1.0, 0.0]), "calibration"),
        ("/trees/0/nodes/1/leaf", Value::Null, "trees[0].nodes[1].leaf"),
        ("/trees/0/nodes/0/missing", json!("up"), "trees[0].nodes[0].missing"),
        ("/inputs/0/missing", json!("mean"), "inputs[0].missing"),
        ("/calibration", json!({ "scale": 1.0 }), "calibration"),
        ("/weight_milli", json!(0.5), "weight_milli"),
        ("/kind", json!("network"), "kind"),
        ("/extra", json!(1), "extra"),
    ] {
        assert_eq!(paths(&with(trees(), pointer, value)), [path]);
    }
    assert_eq!(paths(&json!([])), ["."]);
    assert_eq!(paths(&json!({ "": null })), ["."]);
}

#[test]
fn faults_of_meaning_are_told_all_at_once_with_their_places() {
    let mut file = trees();
    for (pointer, value) in [
        ("/format", json!("countersign-own-model/2")),
        ("/name", json!("Night shift")),
        ("/weight_milli", json!(1001)),
        ("/bound_micro", json!(2_000_001)),
        ("/logistic", json!({ "intercept": 0, "coefficients": [0, 0] })),
        ("/trees/0/nodes/0/input", json!(2)),
        ("/trees/1/nodes/0/left", json!(0)),
    ] {
        file = with(file, pointer, value);
    }
    assert_eq!(
        paths(&file),
        [
            "format",
            "name",
            "weight_milli",
            "bound_micro",
            "logistic",
            "trees[0].nodes[0].input",
            "trees[1].nodes[0].left"
        ]
    );
}

#[test]
fn a_weighted_sum_has_a_number_for_each_input() {
    let mut file = with(logistic(), "/logistic/coefficients", json!([1.0]));
    file = with(file, "/logistic/scale", json!([1.0, 0.0, -2.0]));
    assert_eq!(paths(&file), ["logistic.coefficients", "logistic.scale[1]", "logistic.scale[2]"]);
    let mut without = logistic();
    without.as_object_mut().unwrap().remove("logistic");
    assert_eq!(paths(&without), ["."]);
}

#[test]
fn what_is_no_tree_is_refused() {
    for (pointer, value, path) in [
        ("/trees/0/nodes/2/left", json!(5), "trees[0].nodes[2].left"),
        ("/trees/0/nodes/2/left", json!(0), "trees[0].nodes[2].left"),
        ("/trees/0/nodes/2/left", json!(2), "trees[0].nodes[2].left"),
        ("/trees/0/nodes/2/left", json!(3), "trees[0].nodes[2].right"),
        ("/trees/0/nodes/2", json!({ "leaf": 0 }), "trees[0].nodes[3]"),
        ("/trees/0/nodes", json!([]), "trees[0].nodes"),
        ("/trees", json!([]), "trees"),
    ] {
        assert_eq!(
            paths(&with(trees(), pointer, value.clone())).first().unwrap(),
            path,
            "{pointer} = {value}"
        );
    }
}

#[test]
fn a_circle_apart_from_the_root_is_refused() {
    let split =
        |left, right| json!({ "input": 0, "threshold": 0, "left": left, "right": right, "missing": "left" });
    let nodes = json!([{ "leaf": 0 }, split(2, 3), split(1, 4), { "leaf": 0 }, { "leaf": 0 }]);
    assert_eq!(
        paths(&with(trees(), "/trees/1/nodes", nodes)),
        ["trees[1].nodes[1]", "trees[1].nodes[2]", "trees[1].nodes[3]", "trees[1].nodes[4]"]
    );
}

#[test]
fn limits_hold_to_the_last_one() {
    let leaf = || json!({ "nodes": [{ "leaf": 0.001 }] });
    let of = |trees_list: Vec<Value>| with(trees(), "/trees", json!(trees_list));
    assert_eq!(paths(&of(vec![leaf(); MAX_TREES])), Vec::<String>::new());
    assert_eq!(paths(&of(vec![leaf(); MAX_TREES + 1])), ["trees"]);
    assert_eq!(paths(&of(vec![chain(MAX_DEPTH)])), Vec::<String>::new());
    assert_eq!(paths(&of(vec![chain(MAX_DEPTH + 1)])), [format!("trees[0].nodes[{}]", 2 * (MAX_DEPTH + 1))]);
    // Chains of 65 nodes: 252 of them and 4 leaves make 16,384.
    let full = [vec![chain(32); 252], vec![leaf(); 4]].concat();
    assert_eq!(full.iter().map(|tree| tree["nodes"].as_array().unwrap().len()).sum::<usize>(), MAX_NODES);
    let over = [vec![chain(32); 252], vec![chain(1)], vec![leaf(); 2]].concat();
    assert_eq!(paths(&of(full)), Vec::<String>::new());
    assert_eq!(paths(&of(over)), ["trees"]);

    let names = crate::CODES
        .iter()
        .chain(RAW_INPUTS)
        .filter(|(name, _)| known_input(name).is_some())
        .map(|(name, _)| json!({ "name": name }));
    let many: Vec<Value> = names.cycle().take(MAX_INPUTS + 1).collect();
    assert!(paths(&with(trees(), "/inputs", json!(many))).contains(&"inputs".to_owned()));
    assert_eq!(paths(&with(trees(), "/inputs", json!([]))).first().map(String::as_str), Some("inputs"));

    let mut padded = trees().to_string();
    padded.push_str(&" ".repeat(MAX_BYTES - padded.len()));
    assert!(OwnModel::parse(padded.as_bytes()).is_ok());
    padded.push(' ');
    assert_eq!(OwnModel::parse(padded.as_bytes()).unwrap_err()[0].path, ".");
}

#[test]
fn no_more_than_twenty_faults_are_told() {
    let nodes: Vec<Value> = (0..100).map(|_| json!({})).collect();
    assert_eq!(paths(&with(trees(), "/trees/0/nodes", json!(nodes))).len(), MAX_FAULTS);
}

#[test]
fn numbers_that_are_none_are_refused() {
    let text = trees().to_string();
    for number in ["NaN", "Infinity", "-1e999", "1e999", "null", "\"1\""] {
        let faults = OwnModel::parse(text.replace("6.5", number).as_bytes()).unwrap_err();
        assert_eq!(faults[0].path, "trees[0].nodes[0].threshold", "{number}: {faults:?}");
    }
    assert!(OwnModel::parse(text.replace("6.5", "1e308").as_bytes()).is_ok());
}
