//! `countersign model train`.

use std::fs;

use countersign_risk::LoginModel;
use serde_json::{Value, json};

use crate::{
    bench_risk::{corpus, write},
    world::{Service, TENANT, complained, run, told},
};

#[test]
fn shapes_are_fitted_to_a_corpus_and_each_time_the_same() {
    let home = tempfile::tempdir().unwrap();
    let home = home.path();
    let lines = corpus();
    write(home, &lines);
    let sign_ins = lines.iter().map(|line| serde_json::from_str::<Value>(line).unwrap());
    let labels = sign_ins.filter(|line| line["kind"] == "post_login").map(|line| {
        let is_attack = line["id"].as_str().unwrap().starts_with('x');
        json!({ "id": line["id"], "label": u8::from(is_attack), "eval": true }).to_string()
    });
    fs::write(home.join("corpus/labels.jsonl"), labels.collect::<Vec<_>>().join("\n")).unwrap();
    let train = |out: &str| {
        let output = run(home, &["model", "train", "--corpus", "corpus", "--out", out]);
        assert_eq!(told(&output), "Shapes were fitted to 279 sign-ins.\n", "{}", complained(&output));
        fs::read_to_string(home.join(out)).unwrap()
    };
    let fitted = train("one.json");
    assert_eq!(fitted, train("two.json"));
    let fitted: LoginModel = serde_json::from_str(&fitted).unwrap();
    let network = &fitted.fresh.shapes["network"];
    assert!(network.at(3.0) > network.at(-3.0), "strangers came by a network of their own: {network:?}");

    fs::write(home.join("corpus/labels.jsonl"), "{\"id\": 7}").unwrap();
    let refused = run(home, &["model", "train", "--corpus", "corpus", "--out", "three.json"]);
    assert!(
        complained(&refused).contains("labels.jsonl, line 1: `id`: expected"),
        "{}",
        complained(&refused)
    );
    assert!(!home.join("three.json").exists());
}

#[test]
fn a_tenant_without_labels_gets_no_model() {
    let home = tempfile::tempdir().unwrap();
    let home = home.path();
    Service::start(home).stop();
    let arguments = ["model", "train", "--data", "data", "--tenant", TENANT, "--out", "fitted.json"];
    let output = run(home, &arguments);
    assert_eq!(output.status.code(), Some(3));
    let told = complained(&output);
    assert!(told.contains("nothing was written: there are 0 attacks and 0 honest sign-ins to fit"), "{told}");
    assert!(!home.join("fitted.json").exists());
    let refused = run(home, &[&arguments[..], &["--report-rate", "0"]].concat());
    assert!(complained(&refused).contains("a number from 0.01 to 1"), "{}", complained(&refused));
}
