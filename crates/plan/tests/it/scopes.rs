//! Each scope that we ask for is one that the Management API knows; read from data that is not part of the repository.

#![expect(clippy::disallowed_methods, reason = "where the data is stands in the environment")]

use std::{collections::BTreeSet, env, fs, path::Path};

use countersign_plan::install::{self, Autonomy, Capability};

use crate::support::{Run, everything};

#[test]
fn every_scope_is_a_documented_one() {
    let Ok(folder) = env::var("COUNTERSIGN_CONFORMANCE_DATA") else {
        assert!(env::var("CI").is_err(), "set COUNTERSIGN_CONFORMANCE_DATA");
        println!("passed over: COUNTERSIGN_CONFORMANCE_DATA is not set");
        return;
    };
    let path = Path::new(&folder).join("auth0/management-endpoints.tsv");
    let text = fs::read_to_string(&path).unwrap();
    let known: BTreeSet<&str> = text
        .split(|char: char| char.is_whitespace() || char == ',')
        .filter(|word| word.contains(':'))
        .collect();
    assert!(known.len() > 100, "{} holds no scopes", path.display());
    let mut goal = everything(1);
    for autonomy in goal.capabilities.values_mut() {
        *autonomy = Autonomy::Auto;
    }
    let plan = install::plan(&goal, &Run::default().observe());
    assert!(plan.needs.iter().any(|need| need.capability == "client"));
    for need in &plan.needs {
        assert!(known.contains(need.scope.as_str()), "{}", need.scope);
    }
    for capability in Capability::ALL {
        assert!(!install::needs(*capability, Autonomy::Auto).is_empty());
    }
}
