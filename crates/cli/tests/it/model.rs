//! Models are taken in, compared, promoted and rolled back, by a running server and without one.

use std::{fs, path::Path, process::Output};

use serde_json::{Value, json};

use crate::world::{Service, TENANT, complained, run, told};

/// An own model is refused with its places, taken in, attached as it is in a file, and detached.
fn attach_one_of_ones_own(home: &Path, model: &dyn Fn(&[&str]) -> Output, there: &[&str]) {
    let mut file = json!({
        "format": "countersign-own-model/1", "name": "night-shift", "version": 1, "kind": "logistic",
        "inputs": [{ "name": "histori" }], "logistic": { "intercept": 0.5, "coefficients": [0.1] },
        "weight_milli": 1001, "bound_micro": 1_000_000,
    });
    fs::write(home.join("own.json"), file.to_string()).unwrap();
    let refused = model(&[&["import", "own.json"], there].concat());
    let told_of = complained(&refused);
    assert!(told_of.contains("`own.json`: `weight_milli`: must be from 0 to 1000"), "{told_of}");
    assert!(
        told_of.contains("`inputs[0].name`: there is no input `histori`; did you mean `history`"),
        "{told_of}"
    );
    file["inputs"][0]["name"] = "history".into();
    file["weight_milli"] = 1_000.into();
    fs::write(home.join("own.json"), file.to_string()).unwrap();
    let taken = model(&[&["import", "own.json"], there].concat());
    assert!(
        told(&taken).contains(" is version 2; it holds nowhere until it is challenged or attached"),
        "{taken:?}"
    );
    let shown = model(&[&["show", "2", "--json"], &there[..2]].concat());
    assert_eq!(serde_json::from_slice::<Value>(&shown.stdout).unwrap(), file);
    let done = model(&[&["attach", "2"], there].concat());
    assert_eq!(told(&done), "Champion: version 1. Challenger: none. Own model: version 2.\n");
    let done = model(&[&["detach"], there].concat());
    assert_eq!(told(&done), "Champion: version 1. Challenger: none.\n");
    let done = model(&[&["roll-back"], there].concat());
    assert_eq!(told(&done), "Champion: version 1. Challenger: none. Own model: version 2.\n");
    let done = model(&[&["roll-back"], there].concat());
    assert_eq!(told(&done), "Champion: version 1. Challenger: none.\n");
}

#[test]
fn a_model_is_imported_promoted_and_rolled_back_beside_a_service_and_without_one() {
    let home = tempfile::tempdir().unwrap();
    let home = home.path();
    let model = |arguments: &[&str]| {
        run(home, &[&["model"], arguments, &["--data", "data", "--tenant", TENANT]].concat())
    };
    let service = Service::start(home);
    let url = format!("http://{}", service.host);
    let there = ["--url", &url, "--actor", "mia"];
    let shown = model(&["show", "0", "--json"]);
    let mut file: Value = serde_json::from_slice(&shown.stdout).unwrap();
    fs::write(home.join("same.json"), file.to_string()).unwrap();
    file["model"]["bias_micro"] = (-1_000_000).into();
    file["model"]["name"] = "fitted".into();
    fs::write(home.join("wrong.json"), file.to_string()).unwrap();
    file["card"]["name"] = "fitted".into();
    fs::write(home.join("fitted.json"), file.to_string()).unwrap();
    fs::write(home.join("long.json"), " ".repeat(300_000)).unwrap();

    let beside = model(&["import", "fitted.json"]);
    assert!(complained(&beside).contains("--url"), "{}", complained(&beside));
    let refused = model(&[&["import", "wrong.json"], &there[..]].concat());
    assert!(
        complained(&refused).contains("`wrong.json`: `card.name`: is the model's name"),
        "{}",
        complained(&refused)
    );
    let refused = model(&[&["import", "long.json"], &there[..]].concat());
    assert!(complained(&refused).contains("at most 262144"), "{}", complained(&refused));
    let refused = model(&[&["import", "same.json"], &there[..]].concat());
    assert!(complained(&refused).contains("the same model is version 0 already"), "{}", complained(&refused));
    let taken = model(&[&["import", "fitted.json"], &there[..]].concat());
    assert!(told(&taken).contains(" is version 1; it holds nowhere"), "{}", complained(&taken));

    let done = model(&[&["challenge", "1"], &there[..]].concat());
    assert_eq!(told(&done), "Champion: the shipped model. Challenger: version 1.\n");
    let compared = model(&["compare", "--url", &url]);
    assert!(told(&compared).contains(": 0 decisions compared"), "{}", complained(&compared));
    let explored = model(&["thresholds", "--url", &url]);
    assert!(told(&explored).contains("0.3*   0 of 0 (-)"), "{} {}", told(&explored), complained(&explored));
    let explored = model(&["thresholds", "--trigger", "risk", "--at-most", "0.5", "--json"]);
    let explored: Value = serde_json::from_slice(&explored.stdout).unwrap();
    assert_eq!((&explored["trigger"], &explored["at_most"]), (&json!("risk"), &json!(0.5)));
    let refused = model(&["thresholds", "--at-most", "1.5"]);
    assert!(complained(&refused).contains("a number from 0 to 1"), "{}", complained(&refused));
    let done = model(&[&["promote", "1"], &there[..]].concat());
    assert_eq!(told(&done), "Champion: version 1. Challenger: none.\n");
    let refused = model(&[&["promote", "7"], &there[..]].concat());
    assert!(complained(&refused).contains("no such version of the model"), "{}", complained(&refused));
    attach_one_of_ones_own(home, &model, &there);
    let listed = model(&["list", "--url", &url]);
    assert!(told(&listed).contains("1  champion    fitted@"), "{}", told(&listed));
    service.stop();

    let done = model(&["roll-back"]);
    assert_eq!(told(&done), "Champion: the shipped model. Challenger: none.\n", "{}", complained(&done));
    let refused = model(&["roll-back"]);
    assert!(complained(&refused).contains("no promotion is left"), "{}", complained(&refused));
    assert!(told(&model(&["show", "1"])).contains("Fitted to no examples"));
    assert_eq!(run(home, &["verify", "--data", "data"]).status.code(), Some(0));
}
