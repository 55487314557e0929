//! The scenarios that are shipped, and the records of their past.

use std::{
    collections::{BTreeMap, BTreeSet},
    path::Path,
    sync::Arc,
};

use countersign_core::{Clock, Timestamp, testing::HeldClock};
use countersign_sandbox::{
    AttackKind, Label, Scenario,
    tenant::{Options, Plan, Tenant, http::Shell},
};
use serde_json::Value;

use crate::facts::reference;

const NOW: Timestamp = Timestamp::from_seconds(1_787_212_800);

/// Name and text of each.
fn shipped() -> Vec<(String, String)> {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../scenarios");
    let files = std::fs::read_dir(folder).unwrap().map(|entry| entry.unwrap().path());
    files
        .map(|path| {
            (path.file_name().unwrap().to_str().unwrap().to_owned(), std::fs::read_to_string(path).unwrap())
        })
        .collect()
}

/// The past of a scenario in a tenant with a key of its own.
async fn exported(scenario: Scenario, seed: u64) -> Vec<(Value, Label)> {
    let options = Options {
        name: "countersign-sandbox".to_owned(),
        base_url: "https://tenant.example.com".to_owned(),
        plan: Plan::Unlimited,
        seed,
        client_id: "first".to_owned(),
        client_secret: "sesame".to_owned(),
    };
    let clock: Arc<dyn Clock> = Arc::new(HeldClock::at(NOW));
    let shell = Shell::new(Tenant::new(options).unwrap(), clock, "https").with_scenario(scenario);
    let mut entries = Vec::new();
    let write = |entry: &Value, label| {
        entries.push((entry.clone(), label));
        Ok(())
    };
    shell.export_scenario(NOW, write).await.unwrap();
    entries
}

#[test]
fn each_loads_and_explains_itself() {
    let shipped = shipped();
    assert!(shipped.len() >= 4);
    for (name, text) in shipped {
        assert!(text.starts_with("# "), "{name} begins with what it is");
        let scenario = Scenario::parse(&text).unwrap_or_else(|error| panic!("{name}: {error}"));
        assert!(!scenario.population(1).people().is_empty(), "{name}");
    }
}

#[tokio::test]
async fn the_past_is_the_same_for_the_same_seed_whatever_the_tenants_key() {
    let (_, text) = shipped().into_iter().find(|(name, _)| name == "small-b2b.toml").unwrap();
    let scenario = Scenario::parse(&text).unwrap();
    let one = exported(scenario.clone(), 5).await;
    assert!(one == exported(scenario.clone(), 5).await);
    assert!(one != exported(scenario, 6).await);
}

#[tokio::test]
async fn thirty_days_under_attack_have_every_kind_and_are_valid_by_the_vendors_schemas() {
    let (_, text) = shipped().into_iter().find(|(name, _)| name == "under-attack.toml").unwrap();
    let entries = exported(Scenario::parse(&text).unwrap(), 1).await;
    assert!(entries.len() > 5_000, "{}", entries.len());
    let kinds: BTreeSet<String> = entries
        .iter()
        .filter_map(|(_, label)| match label {
            Label::Attack(kind) => Some(kind.to_string()),
            Label::Honest => None,
        })
        .collect();
    assert_eq!(kinds, AttackKind::ALL.map(|kind| kind.to_string()).into());
    let Some(folder) = reference() else { return };
    let mut schemas = BTreeMap::new();
    for (entry, _) in &entries {
        let (data, kind) = (&entry["data"], entry["data"]["type"].as_str().unwrap());
        let schema = schemas.entry(kind).or_insert_with(|| {
            let path = folder.join(format!("schemas/log-types/{kind}.schema.json"));
            let text = std::fs::read_to_string(path).unwrap();
            jsonschema::validator_for(&serde_json::from_str(&text).unwrap()).unwrap()
        });
        let faults: Vec<String> =
            schema.iter_errors(data).map(|error| format!("{}: {error}", error.instance_path())).collect();
        assert_eq!(faults, Vec::<String>::new(), "{kind}");
    }
    for kind in ["s", "ssa", "sertft", "fp", "limit_wc"] {
        assert!(schemas.contains_key(kind), "{kind}");
    }
}
