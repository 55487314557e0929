//! What holds for every file and every input.

use proptest::prelude::*;
use serde_json::{Value, json};

use super::{
    samples::{chain, logistic, trees, with},
    *,
};

fn any_json() -> impl Strategy<Value = Value> {
    let leaf = prop_oneof![
        Just(Value::Null),
        any::<bool>().prop_map(Value::from),
        any::<i64>().prop_map(Value::from),
        (0..40_i64).prop_map(Value::from),
        any::<f64>().prop_map(Value::from),
        ".{0,12}".prop_map(Value::from),
        prop::sample::select(&["left", "right", "default", "logistic", "trees", "local_hour"][..])
            .prop_map(Value::from),
    ];
    let key = prop_oneof![
        prop::sample::select(
            &["leaf", "input", "threshold", "left", "right", "missing", "nodes", "name"][..]
        )
        .prop_map(str::to_owned),
        ".{0,8}",
    ];
    leaf.prop_recursive(4, 40, 6, move |inner| {
        prop_oneof![
            prop::collection::vec(inner.clone(), 0..6).prop_map(Value::from),
            prop::collection::btree_map(key.clone(), inner, 0..6)
                .prop_map(|map| Value::Object(map.into_iter().collect())),
        ]
    })
}

/// A valid file, or a nearly valid one with the largest trees there are.
fn any_sample() -> impl Strategy<Value = Value> {
    prop_oneof![
        Just(logistic()),
        Just(trees()),
        (0..40_usize, 1..4_usize).prop_map(|(splits, count)| {
            let mut file = trees();
            file["trees"] = json!(vec![chain(splits); count]);
            file
        }),
    ]
}

/// Every place in `value`, as JSON pointers.
fn places(value: &Value, here: &str, found: &mut Vec<String>) {
    found.push(here.to_owned());
    match value {
        Value::Array(list) => {
            list.iter().enumerate().for_each(|(at, inner)| places(inner, &format!("{here}/{at}"), found));
        }
        Value::Object(map) => {
            let escaped = |key: &str| key.replace('~', "~0").replace('/', "~1");
            map.iter().for_each(|(key, inner)| places(inner, &format!("{here}/{}", escaped(key)), found));
        }
        _ => {}
    }
}

/// Samples in which up to three places hold something else.
fn any_mutated() -> impl Strategy<Value = Value> {
    let new =
        prop_oneof![any_json(), (0..70_i64).prop_map(Value::from), (-3.0..3.0_f64).prop_map(Value::from)];
    (any_sample(), prop::collection::vec((any::<prop::sample::Index>(), new), 0..4)).prop_map(
        |(mut file, news)| {
            for (index, new) in news {
                let mut found = Vec::new();
                places(&file, "", &mut found);
                *file.pointer_mut(&found[index.index(found.len())]).unwrap() = new;
            }
            file
        },
    )
}

fn any_inputs() -> impl Strategy<Value = Inputs> {
    let number = prop_oneof![
        5 => (-50.0..50.0_f64).prop_map(Some),
        2 => any::<f64>().prop_map(Some),
        2 => Just(None),
        1 => prop::sample::select(&[f64::NAN, f64::INFINITY, f64::MAX, f64::MIN, -0.0][..]).prop_map(Some),
    ];
    let name = prop::sample::select(&["local_hour", "logins_count", "impossible_travel", "history"][..]);
    prop::collection::vec((name, number), 0..6).prop_map(|pairs| pairs.into_iter().collect())
}

fn schema() -> jsonschema::Validator {
    let text = include_str!("../../../../docs/own-model.schema.json");
    jsonschema::validator_for(&serde_json::from_str(text).unwrap()).unwrap()
}

proptest! {
    #[test]
    fn no_bytes_make_the_reader_panic(bytes in prop::collection::vec(any::<u8>(), 0..200)) {
        let _ = OwnModel::parse(&bytes);
    }

    #[test]
    fn a_file_that_is_cut_or_bent_is_read_or_told(file in any_sample(), at in any::<prop::sample::Index>(), byte: u8) {
        let mut bytes = file.to_string().into_bytes();
        let at = at.index(bytes.len());
        prop_assert!(OwnModel::parse(&bytes[..at]).is_err());
        bytes[at] = byte;
        let _ = OwnModel::parse(&bytes);
    }

    #[test]
    fn any_json_is_read_or_told(value in any_json()) {
        let faults = OwnModel::parse(value.to_string().as_bytes()).unwrap_err();
        prop_assert!((1..=MAX_FAULTS).contains(&faults.len()));
    }

    #[test]
    fn a_contribution_is_within_its_bound_and_the_steps_within_theirs(
        file in any_mutated(),
        rows in prop::collection::vec(any_inputs(), 1..6),
    ) {
        match OwnModel::parse(file.to_string().as_bytes()) {
            Ok(model) => {
                for inputs in rows {
                    if let Ok(micro) = model.contribute(&inputs) {
                        prop_assert!(micro.abs() <= model.bound_micro && micro.abs() <= MAX_BOUND_MICRO);
                        prop_assert!(model.logit(&inputs).unwrap().is_finite());
                        prop_assert_eq!(model.contribute(&inputs), Ok(micro));
                    }
                    if let Shape::Trees(forest) = &model.shape {
                        let mut values = [f64::NAN; MAX_INPUTS];
                        values[0] = inputs.get("local_hour").unwrap_or(f64::NAN);
                        prop_assert!(model.inputs.len() + forest.visits(&values) <= MAX_STEPS);
                        prop_assert!(forest.logit(&values).is_some(), "a walk of a checked tree ends in a leaf");
                    }
                }
            }
            Err(faults) => {
                prop_assert!((1..=MAX_FAULTS).contains(&faults.len()));
                prop_assert!(faults.iter().all(|fault| !fault.path.is_empty() && fault.message.len() < 400));
            }
        }
    }

    #[test]
    fn what_is_read_is_valid_by_the_schema(file in any_mutated()) {
        if OwnModel::parse(file.to_string().as_bytes()).is_ok() {
            let errors: Vec<String> = schema().iter_errors(&file).map(|error| error.to_string()).collect();
            prop_assert!(errors.is_empty(), "{errors:?} in {file}");
        }
    }
}

#[test]
fn the_schema_refuses_what_a_schema_can() {
    let schema = schema();
    assert!(schema.is_valid(&logistic()) && schema.is_valid(&trees()));
    for (pointer, value) in [
        ("/format", json!("other")),
        ("/name", json!("Night shift")),
        ("/weight_milli", json!(1001)),
        ("/bound_micro", json!(MAX_BOUND_MICRO + 1)),
        ("/inputs", json!([])),
        ("/inputs/0/missing", json!("mean")),
        ("/kind", json!("logistic")),
        ("/trees/0/nodes/0", json!({})),
        ("/trees/0/nodes/1/leaf", Value::Null),
        ("/trees", json!(vec![chain(0); MAX_TREES + 1])),
        ("/base_score", json!("0")),
    ] {
        let file = with(trees(), pointer, value);
        assert!(!schema.is_valid(&file), "{pointer}");
        assert!(OwnModel::parse(file.to_string().as_bytes()).is_err(), "{pointer}");
    }
}

#[test]
fn the_page_lists_every_input_and_limit() {
    let page = include_str!("../../../../docs/own-model.md");
    for (name, doc) in RAW_INPUTS {
        assert!(page.contains(&format!("| `{name}` | {doc} |")), "{name}");
    }
    for limit in [MAX_BYTES, MAX_TREES, MAX_NODES, MAX_DEPTH, MAX_INPUTS, MAX_STEPS, MAX_FAULTS] {
        let shown = number::grouped(i64::try_from(limit).unwrap());
        assert!(page.contains(&format!("| {shown} |")), "{shown}");
    }
}
