//! What replaces a Hook, as it is written down and as it is told.

use std::{collections::BTreeMap, path::Path};

use countersign_core::Timestamp;
use countersign_plan::posture::{Area, Expected, Posture, check};
use serde_json::json;

/// Where a Hook could run (Auth0: "Hook extensibility points").
const POINTS: [&str; 5] = [
    "credentials-exchange",
    "pre-user-registration",
    "post-user-registration",
    "post-change-password",
    "send-phone-message",
];

/// The rows of the table of Hooks in the documentation: where the Hook ran, and what is here.
fn rows() -> BTreeMap<&'static str, &'static str> {
    let text = include_str!("../../../../docs/api.md");
    let section = text.split("\n#### Hooks\n").nth(1).unwrap();
    let section = section.split("\n#").next().unwrap();
    let rows = section.lines().filter_map(|line| line.strip_prefix("| `")?.split_once("` | "));
    rows.collect()
}

#[test]
fn every_hook_has_a_row_that_names_an_action_of_ours() {
    let rows = rows();
    assert_eq!(rows.keys().copied().collect::<Vec<_>>(), {
        let mut points = POINTS;
        points.sort_unstable();
        points
    });
    let shipped = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../actions/dist");
    for (point, row) in rows {
        let file = row.split('`').find(|word| word.ends_with(".js")).unwrap_or_default();
        assert!(file.strip_suffix(".js").is_some_and(|name| name.ends_with(point)), "{point}: {row}");
        assert!(shipped.join(file).is_file(), "{point}: {file}");
    }
}

#[test]
fn every_hook_that_is_left_is_told_with_the_action_that_it_becomes() {
    let mut posture = Posture { read: Area::ALL.to_vec(), ..Posture::default() };
    posture.hooks = POINTS
        .iter()
        .map(|point| {
            serde_json::from_value(json!({"id": point, "triggerId": point, "enabled": true})).unwrap()
        })
        .collect();
    let found = check(&posture, &Expected::nothing("acme".parse().unwrap()), Timestamp::from_seconds(1));
    for point in POINTS {
        let left = found
            .iter()
            .find(|finding| finding.code == "hook.leftover" && finding.text.contains(&format!("`{point}`")));
        let fix = &left.unwrap().fix;
        assert!(fix.starts_with(&format!("make it an Action of `{point}` v2")), "{fix}");
    }
}
