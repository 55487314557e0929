//! Every field of every body and query that the API takes has a class.

use std::{
    collections::BTreeSet,
    fs,
    path::{Path, PathBuf},
};

use countersign_app::outcomes::{Outcome, PersonVerdict};
use countersign_privacy::fields::{Source, classed, rows};
use countersign_risk::ShortForm;
use countersign_testkit::fields::paths;
use serde_json::Value;

use super::*;

/// The fields of each type that is read from a request, by the name of its endpoint's file.
macro_rules! inputs {
    ($($file:ident: $($kind:ty),+;)+) => {
        vec![$($((stringify!($file), stringify!($kind), paths::<$kind>(&[]))),+),+]
    };
}

fn inputs() -> Vec<(&'static str, &'static str, BTreeSet<String>)> {
    inputs! {
        access: access::people::ListQuery, access::people::Add, access::grants::Add, access::grants::AtQuery, access::accounts::Make,
            access::accounts::MakeToken, access::links::Make;
        alerts: alerts::ListQuery;
        decide: decide::DecisionRequest;
        decisions: decisions::ListQuery, decisions::TenantQuery;
        entities: countersign_app::incidents::Entity;
        erasures: erasures::ErasureRequest;
        incidents: incidents::ListQuery, incidents::Act, incidents::Assign, incidents::Note, incidents::Close;
        inquiries: decisions::TenantQuery;
        journal: journal::ListQuery;
        models: models::Import, models::ImportOwn, models::Act, models::ThresholdsQuery;
        plans: plans::read::ListQuery, plans::propose::Propose, plans::review::Approve, plans::review::Reject, plans::run::Settle,
            plans::run::Undo, plans::desk::Hand, plans::desk::Remark, plans::desk::Reveal;
        policies: policies::VersionQuery, policies::Change;
        receipt: decisions::TenantQuery;
        reveals: reveals::What, reveals::Reveal, reveals::Opening;
        reviews: reviews::ListQuery, reviews::Open, reviews::Hand, reviews::Verdict;
        risk: ShortForm;
        suppressions: suppressions::Add, suppressions::Lift;
        switches: switches::SwitchRequest;
        tenant_writes: tenant_writes::Write, tenant_writes::Ended;
        users: users::ListQuery, users::Named, users::Marking;
    }
}

/// The name in the table where it is not that of the file.
fn endpoint(file: &str) -> &str {
    match file {
        "decide" => "decisions",
        "journal" => "logs",
        other => other,
    }
}

/// One of each outcome that may be told, for kinds do not say their fields. A new one is an error here.
fn outcomes() -> Vec<Outcome> {
    let decision_id: countersign_core::DecisionId = "dec_1".parse().unwrap();
    let told = [
        Outcome::Completed { decision_id: decision_id.clone() },
        Outcome::ChallengePassed { decision_id: decision_id.clone(), factor: None },
        Outcome::ChallengeFailed { decision_id: decision_id.clone() },
        Outcome::Verdict { decision_id, verdict: PersonVerdict::Legitimate },
        Outcome::LoginFailed { user_id: "auth0|1".to_owned(), at: None },
    ];
    for outcome in &told {
        match outcome {
            Outcome::Completed { .. }
            | Outcome::ChallengePassed { .. }
            | Outcome::ChallengeFailed { .. }
            | Outcome::Verdict { .. }
            | Outcome::LoginFailed { .. }
            // Told by the log alone.
            | Outcome::PasswordLeaked { .. }
            | Outcome::PasswordChanged { .. }
            | Outcome::FactorEnrolled { .. } => {}
        }
    }
    told.to_vec()
}

fn read() -> BTreeSet<String> {
    let mut read: BTreeSet<String> = inputs()
        .into_iter()
        .flat_map(|(file, _, paths)| paths.into_iter().map(move |path| format!("{}.{path}", endpoint(file))))
        .collect();
    for outcome in outcomes() {
        let Value::Object(fields) = serde_json::to_value(&outcome).unwrap() else {
            panic!("{outcome:?} is no object")
        };
        read.extend(fields.keys().map(|name| format!("outcomes.{name}")));
    }
    read
}

#[test]
fn whatever_the_api_takes_has_a_class_and_no_row_is_stale() {
    let read = read();
    let missing: Vec<_> =
        read.iter().filter(|path| classed(Source::Api, &path.replace("**", "any")).is_none()).collect();
    assert!(missing.is_empty(), "no row in crates/privacy/data/fields.tsv: {missing:#?}");
    let is_read = |row: &str| {
        let start = row.strip_suffix("**");
        read.iter().any(|path| start.map_or(path == row, |start| path.starts_with(start)))
    };
    let stale: Vec<_> =
        rows().filter(|row| row.source == "api" && !is_read(row.path)).map(|row| row.path).collect();
    assert!(stale.is_empty(), "rows of what nothing takes: {stale:#?}");
}

/// The source files of a folder, those in folders of it too.
fn sources(folder: &str) -> Vec<PathBuf> {
    let entries = fs::read_dir(folder).unwrap().map(|entry| entry.unwrap().path());
    entries
        .flat_map(|path| if path.is_dir() { sources(path.to_str().unwrap()) } else { vec![path] })
        .collect()
}

/// What a file is called as a module below `api`.
fn module(path: &Path) -> String {
    let below = path.to_str().unwrap().rsplit_once("/src/api/").unwrap().1;
    below.trim_end_matches(".rs").replace('/', "::")
}

/// The structs of a source file that derive `Deserialize`, whatever else they derive.
fn structs_that_are_read(text: &str) -> impl Iterator<Item = &str> {
    text.split("#[derive(").skip(1).filter_map(|declared| {
        let (derived, rest) = declared.split_once(")]")?;
        let (_, named) = rest.split_once('{')?.0.split_once("struct ")?;
        derived.contains("Deserialize").then(|| named.trim())
    })
}

#[test]
fn every_type_that_is_read_from_a_request_is_listed() {
    let inputs = inputs();
    let listed =
        |file: &str, kind: &str| inputs.iter().any(|(_, known, _)| *known == format!("{file}::{kind}"));
    let mut count = 0;
    for path in sources(concat!(env!("CARGO_MANIFEST_DIR"), "/src/api")) {
        let module = module(&path);
        let file = module.split("::").next().unwrap().to_owned();
        let text = fs::read_to_string(&path).unwrap();
        for kind in structs_that_are_read(&text) {
            assert!(listed(&module, kind), "`{module}::{kind}` has no line above");
            count += 1;
        }
        // Elsewhere declared: the message of an event stream has a source of its own, outcomes stand above.
        let is_elsewhere = ["events", "outcomes", "inputs"].contains(&file.as_str());
        let takes = text.contains("body::parse(") || text.contains("Query<");
        assert!(
            is_elsewhere || !takes || inputs.iter().any(|(known, ..)| *known == file),
            "`{file}` has no line above"
        );
    }
    assert!(count > 15, "{count}");
}
