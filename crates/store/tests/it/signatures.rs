//! Every read and write of the store says whose records it is about, but for those that a list names with a reason.

use std::{
    collections::BTreeMap,
    fs,
    path::{Path, PathBuf},
};

/// What takes no tenant: a name, ` — `, and why.
const WITHOUT_TENANT: &str = include_str!("without_tenant.txt");

/// The files under `folder` that give `Store` methods.
fn files(folder: &Path) -> Vec<PathBuf> {
    let mut found = Vec::new();
    for entry in fs::read_dir(folder).unwrap() {
        let path = entry.unwrap().path();
        if path.is_dir() {
            found.extend(files(&path));
        } else if fs::read_to_string(&path).unwrap().contains("impl Store {") {
            found.push(path);
        }
    }
    found
}

/// The public async functions of a source, each with the first thing that it takes beside `self`; empty: nothing.
fn functions(source: &str) -> Vec<(&str, &str)> {
    source
        .split("pub async fn ")
        .skip(1)
        .map(|rest| {
            let (head, takes) = rest.split_once('(').expect("a function has a list of what it takes");
            // What comes first is a name and a type without a comma, so that the next comma or parenthesis ends it.
            let mut takes = takes.split([',', ')']).map(str::trim);
            let first = takes.next().unwrap_or_default();
            let first = if first == "&self" { takes.next().unwrap_or_default() } else { first };
            (head.split('<').next().unwrap_or_default(), first)
        })
        .collect()
}

fn says_whose(first: &str) -> bool {
    ["tenant: &TenantId", "scope: Scope<'_>"].contains(&first)
}

#[test]
fn every_read_and_write_says_whose_records_it_is_about() {
    let listed: BTreeMap<&str, &str> = WITHOUT_TENANT
        .lines()
        .map(|line| line.split_once(" — ").unwrap_or_else(|| panic!("no reason: {line}")))
        .collect();
    assert_eq!(listed.len(), WITHOUT_TENANT.lines().count(), "a name stands once");
    assert!(listed.values().all(|reason| !reason.trim().is_empty()));
    let source: String = files(&Path::new(env!("CARGO_MANIFEST_DIR")).join("src"))
        .iter()
        .map(|path| fs::read_to_string(path).unwrap())
        .collect();
    let functions = functions(&source);
    assert!(functions.iter().any(|(name, _)| *name == "find_decision"), "the source was read");
    let without: Vec<&str> =
        functions.iter().filter(|(_, first)| !says_whose(first)).map(|(name, _)| *name).collect();
    for name in &without {
        assert!(listed.contains_key(name), "`{name}` takes neither a tenant nor a scope first");
    }
    for name in listed.keys() {
        assert!(
            without.contains(name),
            "without_tenant.txt: `{name}` is not there, or takes a tenant by now"
        );
    }
}

#[test]
fn what_a_function_takes_first_is_told() {
    let source = "
        pub async fn alone(&self) -> u8 {}
        pub async fn find(&self, tenant: &TenantId, id: &str) {}
        pub async fn list<'a>(
            &self,
            scope: Scope<'_>,
            between: (Timestamp, Timestamp),
        ) {}
        pub async fn other(&self, between: (Timestamp, Timestamp), tenant: &TenantId) {}
        pub async fn name(&self, tenant: &str) {}
        pub async fn connect(settings: Settings) {}
        async fn own(&self, id: &str) {}
        pub fn now(&self) {}";
    let told: Vec<(&str, bool)> =
        functions(source).into_iter().map(|(name, first)| (name, says_whose(first))).collect();
    assert_eq!(
        told,
        [
            ("alone", false),
            ("find", true),
            ("list", true),
            ("other", false),
            ("name", false),
            ("connect", false)
        ]
    );
}
