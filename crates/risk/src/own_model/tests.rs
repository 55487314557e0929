//! What a model says.

use serde_json::{Value, json};

use super::{
    samples::{chain, logistic, parse, trees, with},
    *,
};

fn inputs(pairs: &[(&'static str, f64)]) -> Inputs {
    pairs.iter().map(|(name, value)| (*name, Some(*value))).collect()
}

#[test]
fn a_weighted_sum_says_what_its_numbers_say() {
    let model = parse(&logistic()).unwrap();
    // 0.9 · (-0.25 + 0.5 · (3 - 12) / 6 + 1.25 · 2 - 0.1 · (50 - 30) / 10) + 0.2
    let given = inputs(&[("local_hour", 3.0), ("impossible_travel", 2.0), ("history", 50.0)]);
    assert!((model.logit(&given).unwrap() - 1.37).abs() < 1e-12);
    assert_eq!(model.contribute(&given), Ok(1_000_000), "1.0275 is over the bound");
}

#[test]
fn what_is_missing_is_the_files_number_or_counts_nothing() {
    let model = parse(&logistic()).unwrap();
    let as_noon = inputs(&[("local_hour", 12.5), ("impossible_travel", 0.0), ("history", 30.0)]);
    assert_eq!(model.logit(&Inputs::default()), model.logit(&as_noon));
    let told: Inputs = [("local_hour", None), ("history", None)].into_iter().collect();
    assert_eq!(model.logit(&told), model.logit(&as_noon));
}

#[test]
fn trees_add_up_and_a_value_at_the_threshold_goes_left() {
    let model = parse(&trees()).unwrap();
    let micro = |pairs: &[(&'static str, f64)]| model.contribute(&inputs(pairs)).unwrap();
    assert_eq!(micro(&[("local_hour", 6.5)]), 325_000);
    assert_eq!(micro(&[("local_hour", 6.500_000_000_000_001), ("logins_count", 3.0)]), -75_000);
    assert_eq!(micro(&[("local_hour", 7.0), ("logins_count", 3.5)]), -775_000);
}

#[test]
fn what_is_missing_goes_the_nodes_way_unless_the_input_has_a_number() {
    let model = parse(&trees()).unwrap();
    assert_eq!(model.contribute(&Inputs::default()), Ok(-75_000), "right by the node, then left as 0");
}

#[test]
fn leaves_may_be_shares_of_a_probability() {
    let file = with(with(trees(), "/leaves", json!("probability")), "/base_score", json!(0.0));
    let model = parse(&file).unwrap();
    let logit = model.logit(&inputs(&[("local_hour", 3.0)])).unwrap();
    assert!((logit - libm::log(0.825 / 0.175)).abs() < 1e-12);
    let certain = parse(&with(file, "/base_score", json!(5.0))).unwrap();
    let logit = certain.logit(&Inputs::default()).unwrap();
    assert!((logit - 13.815_509).abs() < 1e-5, "a certainty is held at one in a million: {logit}");
}

#[test]
fn a_contribution_is_the_same_to_the_digit_on_every_machine() {
    let file = with(with(trees(), "/leaves", json!("probability")), "/base_score", json!(0.1));
    let digits = |file: &Value| {
        let given = inputs(&[("local_hour", 3.1), ("impossible_travel", 0.7), ("history", 3.3)]);
        parse(file).unwrap().logit(&given).unwrap().to_bits()
    };
    assert_eq!(
        [digits(&logistic()), digits(&trees()), digits(&file)].map(|bits| format!("{bits:016x}")),
        ["3fd5758e219652be", "3fd4cccccccccccc", "40041933b0e44636"]
    );
}

#[test]
fn the_sentence_names_the_model_and_the_direction() {
    let model = parse(&trees()).unwrap();
    assert_eq!(model.sentence(1).as_deref(), Some("The operator's own model boosted raises the risk."));
    assert_eq!(model.sentence(-1).as_deref(), Some("The operator's own model boosted lowers the risk."));
    assert_eq!(model.sentence(0), None);
}

#[test]
fn the_tag_follows_what_the_file_says_and_not_how_it_is_written() {
    let model = parse(&trees()).unwrap();
    assert!(model.id().as_str().starts_with("boosted@1:"), "{}", model.id());
    let spread = serde_json::to_string_pretty(&trees()).unwrap();
    assert_eq!(OwnModel::parse(spread.as_bytes()).unwrap().id(), model.id());
    let other = with(trees(), "/trees/1/nodes/0/leaf", json!(0.126));
    assert_ne!(parse(&other).unwrap().id(), model.id());
}

#[test]
fn the_greatest_model_takes_no_more_steps_than_promised() {
    // Each chain's longest way is a step for the input, one for each split, and one for the leaf.
    let model = parse(&with(trees(), "/trees", json!(vec![chain(MAX_DEPTH); 252]))).unwrap();
    let Shape::Trees(forest) = &model.shape else { panic!("these are trees") };
    let right: Vec<f64> = vec![1.0; model.inputs.len()];
    assert_eq!(forest.visits(&right), 252 * (MAX_DEPTH + 1));
    assert!(model.inputs.len() + forest.visits(&right) <= MAX_STEPS);
}

#[test]
fn a_sum_that_overflows_is_a_fault_and_not_a_contribution() {
    let logistic = with(logistic(), "/logistic/coefficients", json!([1e308, 1e308, 1e308]));
    let given = inputs(&[("local_hour", 1e9)]);
    assert_eq!(parse(&logistic).unwrap().contribute(&given), Err(OwnModelFault::NotANumber));
    let infinite =
        with(with(trees(), "/base_score", json!(1.7e308)), "/trees/0/nodes/1/leaf", json!(1.7e308));
    let given = inputs(&[("local_hour", 1.0)]);
    assert_eq!(parse(&infinite).unwrap().contribute(&given), Err(OwnModelFault::NotANumber));
    let shares = with(infinite, "/leaves", json!("probability"));
    assert_eq!(parse(&shares).unwrap().contribute(&given), Err(OwnModelFault::NotANumber));
    let stretched = with(trees(), "/calibration", json!({ "scale": 1.7e308, "offset": 1.7e308 }));
    let given = inputs(&[("local_hour", 9.0), ("logins_count", 9.0)]);
    assert!(parse(&stretched).unwrap().contribute(&given).is_ok(), "0.775 of it stays finite");
    let stretched = with(stretched, "/base_score", json!(5));
    assert_eq!(parse(&stretched).unwrap().contribute(&given), Err(OwnModelFault::NotANumber));
}

#[test]
fn an_input_that_is_no_number_is_a_fault() {
    let model = parse(&trees()).unwrap();
    for number in [f64::NAN, f64::INFINITY, f64::NEG_INFINITY] {
        assert_eq!(model.contribute(&inputs(&[("local_hour", number)])), Err(OwnModelFault::NotANumber));
        assert!(model.contribute(&inputs(&[("history", number)])).is_ok(), "it does not read this one");
    }
}
