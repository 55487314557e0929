//! Models are taken in, compared, promoted and rolled back, by a running server and without one.

use std::fs;

use serde_json::Value;

use crate::world::{Service, TENANT, complained, run, told};

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
    let done = model(&[&["promote", "1"], &there[..]].concat());
    assert_eq!(told(&done), "Champion: version 1. Challenger: none.\n");
    let refused = model(&[&["promote", "7"], &there[..]].concat());
    assert!(complained(&refused).contains("no such version of the model"), "{}", complained(&refused));
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
