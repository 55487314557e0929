//! Every row of the table is a documented operation and asks for the documented scopes.

use std::collections::{BTreeMap, BTreeSet};

use countersign_sandbox::tenant::operations;

use crate::data;

#[test]
fn every_row_is_documented_and_asks_for_the_documented_scopes() {
    let Some(table) = data::read("auth0/management-endpoints.tsv") else { return };
    let rows = table.lines().skip(1).map(|line| line.split('\t').collect::<Vec<_>>());
    let documented: BTreeMap<(String, String), BTreeSet<String>> = rows
        .map(|row| {
            let scopes = row[2].split(',').filter(|scope| !scope.is_empty()).map(str::to_owned).collect();
            ((row[0].to_owned(), row[1].trim_start_matches("/api/v2").to_owned()), scopes)
        })
        .collect();
    for operation in operations() {
        let key = (operation.method.name().to_owned(), operation.path.to_owned());
        let scopes: BTreeSet<String> = operation.scopes.iter().map(|scope| (*scope).to_owned()).collect();
        assert_eq!(documented.get(&key), Some(&scopes), "{key:?}");
    }
}

#[test]
fn no_operation_has_two_rows() {
    let mut seen = BTreeSet::new();
    for operation in operations() {
        assert!(
            seen.insert((operation.method, operation.path)),
            "{} {}",
            operation.method.name(),
            operation.path
        );
    }
}
