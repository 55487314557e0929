//! Policy documents that anybody may have written: read whole or refused with a place, and the same after they were written down.

use countersign_fuzz::Target;
use proptest::{
    strategy::{Strategy as _, ValueTree as _},
    test_runner::TestRunner,
};

use crate::{Document, Snapshot, diff, testing};

/// Documents that say something of all there is, the same ones each time.
fn samples() -> Vec<String> {
    let (mut runner, documents) = (TestRunner::deterministic(), testing::documents());
    let mut sample = || documents.new_tree(&mut runner).unwrap().current();
    (0..24).map(|_| serde_json::to_string(&sample()).unwrap()).collect()
}

#[test]
fn policies() {
    Target::new("policies")
        .examples(["{}".to_owned(), serde_json::to_string_pretty(&Document::default()).unwrap()])
        .examples(samples())
        .words([
            "\"organizations\":",
            "\"clients\":",
            "\"floors\":[",
            "\"rollout_percent\":101",
            "post-login",
            "enforce",
            "deny",
        ])
        .run(|input| {
            let mut reader = serde_json::Deserializer::from_slice(input);
            let document: Document = match serde::Deserialize::deserialize(&mut reader)
                .and_then(|read| reader.end().map(|()| read))
            {
                Ok(document) => document,
                Err(error) => return Ok(error.to_string()),
            };
            let faults = document.faults();
            if let Some(fault) = faults.iter().find(|fault| fault.path.is_empty() || fault.message.is_empty())
            {
                return Err(format!("a fault without a place or a word: {fault:?}"));
            }
            let written = serde_json::to_vec(&document).unwrap();
            let again: Document =
                serde_json::from_slice(&written).map_err(|error| format!("it is not read again: {error}"))?;
            if again != document {
                return Err(format!("it comes back as another one: {}", String::from_utf8_lossy(&written)));
            }
            if !diff(&document, &again).is_empty() {
                return Err("a document differs from itself".to_owned());
            }
            let changes = diff(&Document::default(), &document);
            match (Snapshot::new(document), Snapshot::new(again)) {
                (Ok(one), Ok(other)) if one.etag() == other.etag() => Ok(format!(
                    "{} changes",
                    changes.iter().map(|change| &*change.path).collect::<Vec<_>>().join(" ")
                )),
                (Err(found), Err(_)) if found == faults => {
                    Ok(faults.iter().map(ToString::to_string).collect())
                }
                (one, other) => Err(format!("{one:?} and {other:?}")),
            }
        });
}
