//! The dependency arrows between the crates, and the purity of the pure ones.

#![expect(
    clippy::unwrap_used,
    clippy::indexing_slicing,
    reason = "a test ends where cargo's answer is not as documented"
)]

use std::{
    collections::{BTreeMap, BTreeSet},
    process::Command,
};

use serde_json::Value;

/// What each crate may import of the others. Arrows point down only; docs/architecture.md draws them.
const MAY_IMPORT: &[(&str, &[&str])] = &[
    ("core", &[]),
    ("auth0", &["core"]),
    ("privacy", &["core"]),
    ("ledger", &["core"]),
    ("risk", &["core", "auth0"]),
    ("policy", &["core", "auth0"]),
    ("plan", &["core", "auth0"]),
    ("detect", &["core", "auth0", "privacy", "risk"]),
    ("playbook", &["core", "auth0", "detect", "plan"]),
    ("rights", &["core"]),
    ("sandbox", &["core"]),
    ("store", &["core", "ledger"]),
    (
        "app",
        &[
            "core", "auth0", "privacy", "ledger", "risk", "policy", "plan", "detect", "playbook", "rights",
            "store",
        ],
    ),
    ("server", &["core", "auth0", "privacy", "ledger", "risk", "policy", "rights", "store", "app"]),
    ("testdb", &[]),
    ("fuzz", &[]),
    ("adapters", &["core", "auth0", "privacy", "app"]),
    ("testkit", &["core", "policy", "privacy", "rights", "store", "app", "server", "testdb"]),
    (
        "bench",
        &[
            "core", "auth0", "privacy", "ledger", "risk", "policy", "plan", "rights", "store", "app",
            "adapters", "server", "sandbox", "testdb",
        ],
    ),
    (
        "cli",
        &[
            "core", "auth0", "privacy", "ledger", "risk", "policy", "plan", "detect", "playbook", "rights",
            "store", "app", "adapters", "server", "sandbox",
        ],
    ),
];

/// Crates that compute and do nothing else.
const PURE: &[&str] =
    &["core", "auth0", "privacy", "ledger", "risk", "policy", "plan", "detect", "playbook", "rights"];

/// Packages that run, talk or store; nothing pure may reach one.
const IMPURE: &[&str] = &["tokio", "axum", "hyper", "reqwest", "rusqlite", "sqlx", "mio", "socket2"];

struct Package {
    name: String,
    /// Names of direct dependencies that are no dev-dependencies.
    uses: BTreeSet<String>,
}

#[expect(clippy::disallowed_methods, reason = "the path of cargo comes from cargo itself")]
fn workspace() -> (Vec<Package>, BTreeMap<String, BTreeSet<String>>) {
    let cargo = std::env::var("CARGO").unwrap_or_else(|_| "cargo".to_owned());
    let output = Command::new(cargo)
        .args([
            "metadata",
            "--format-version",
            "1",
            "--locked",
            "--filter-platform",
            "x86_64-unknown-linux-gnu",
        ])
        .output()
        .unwrap();
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
    let metadata: Value = serde_json::from_slice(&output.stdout).unwrap();
    let names: BTreeMap<&str, &str> = metadata["packages"]
        .as_array()
        .unwrap()
        .iter()
        .map(|package| (package["id"].as_str().unwrap(), package["name"].as_str().unwrap()))
        .collect();
    let mut graph = BTreeMap::new();
    for node in metadata["resolve"]["nodes"].as_array().unwrap() {
        let uses = node["deps"].as_array().unwrap().iter().filter(|dependency| {
            dependency["dep_kinds"].as_array().unwrap().iter().any(|kind| kind["kind"].is_null())
        });
        let uses = uses.map(|dependency| names[dependency["pkg"].as_str().unwrap()].to_owned()).collect();
        graph
            .entry(names[node["id"].as_str().unwrap()].to_owned())
            .or_insert_with(BTreeSet::new)
            .extend::<BTreeSet<String>>(uses);
    }
    let packages = metadata["workspace_members"].as_array().unwrap().iter().map(|id| {
        let name = names[id.as_str().unwrap()];
        Package { name: name.trim_start_matches("countersign-").to_owned(), uses: graph[name].clone() }
    });
    (packages.collect(), graph)
}

#[test]
fn each_crate_imports_only_what_its_row_allows() {
    let (packages, _) = workspace();
    let rows: BTreeMap<&str, BTreeSet<&str>> =
        MAY_IMPORT.iter().map(|(name, uses)| (*name, uses.iter().copied().collect())).collect();
    for Package { name, uses } in &packages {
        let row =
            rows.get(name.as_str()).unwrap_or_else(|| panic!("`{name}` has no row: say what it may import"));
        for used in uses.iter().filter_map(|used| used.strip_prefix("countersign-")) {
            assert!(row.contains(used), "`{name}` must not import `{used}`");
        }
    }
    assert_eq!(packages.len(), rows.len(), "a row without a crate");
}

#[test]
fn nothing_pure_reaches_a_runtime_a_network_or_a_database() {
    let (_, graph) = workspace();
    for pure in PURE {
        let mut reached = BTreeSet::new();
        let mut next = vec![format!("countersign-{pure}")];
        while let Some(package) = next.pop() {
            if reached.insert(package.clone()) {
                next.extend(graph[&package].iter().cloned());
            }
        }
        for impure in IMPURE {
            assert!(!reached.contains(*impure), "`{pure}` reaches `{impure}`");
        }
    }
}
