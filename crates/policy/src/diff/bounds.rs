//! What changes in floors and ceilings.

use std::collections::{BTreeMap, BTreeSet};

use countersign_core::Verdict;
use serde::Serialize;

use super::Changes;
use crate::{bounds::Subject, document::Document};

const ABSENT: &str = "none";

/// Notes floors and ceilings by whom they hold for; of several for the same, the one that counts.
pub(super) fn diff(old: &Document, new: &Document, changes: &mut Changes) {
    let (before, after) = (floors(old), floors(new));
    for subject in keys(&before, &after) {
        let (old, new) = (before.get(subject), after.get(subject));
        let say = |verdict: Option<&Verdict>| {
            verdict.map_or_else(|| ABSENT.to_owned(), |at| format!("at least {at}"))
        };
        // Why `None` is the least: without a floor, anything may be let through.
        changes.value(format!("floors for {subject}"), &say(old), &say(new), new < old);
    }
    let (before, after) = (ceilings(old), ceilings(new));
    for subject in keys(&before, &after) {
        let (old, new) = (before.get(subject), after.get(subject));
        let say = |verdict: Option<&Verdict>| {
            verdict.map_or_else(|| ABSENT.to_owned(), |at| format!("at most {at}"))
        };
        let strictest = |verdict: Option<&Verdict>| verdict.copied().unwrap_or(Verdict::Deny);
        changes.value(
            format!("ceilings for {subject}"),
            &say(old),
            &say(new),
            strictest(new) < strictest(old),
        );
    }
}

type Bounds = BTreeMap<String, Verdict>;

fn keys<'a>(before: &'a Bounds, after: &'a Bounds) -> BTreeSet<&'a String> {
    before.keys().chain(after.keys()).collect()
}

fn floors(document: &Document) -> Bounds {
    let mut bounds = Bounds::new();
    for floor in &document.floors {
        let at_least = bounds.entry(subject(&floor.when)).or_insert(floor.at_least);
        *at_least = floor.at_least.max(*at_least);
    }
    bounds
}

fn ceilings(document: &Document) -> Bounds {
    let mut bounds = Bounds::new();
    for ceiling in &document.ceilings {
        let at_most = bounds.entry(subject(&ceiling.when)).or_insert(ceiling.at_most);
        *at_most = ceiling.at_most.min(*at_most);
    }
    bounds
}

/// Whom a bound holds for, in words; the order in which a list is written does not count. Names are quoted as JSON, so
/// that no name reads like two.
fn subject(subject: &Subject) -> String {
    let Subject { roles, organizations, clients, triggers, is_first_login } = subject;
    let words: Vec<String> = [
        ("roles", list(roles.as_deref())),
        ("organizations", list(organizations.as_deref())),
        ("clients", list(clients.as_deref())),
        ("triggers", list(triggers.as_deref())),
    ]
    .into_iter()
    .filter_map(|(name, list)| list.map(|list| format!("{name} {list}")))
    .chain(is_first_login.map(|first| if first { "first sign-ins" } else { "later sign-ins" }.to_owned()))
    .collect();
    if words.is_empty() { "everyone".to_owned() } else { words.join(", ") }
}

fn list<T: Serialize>(values: Option<&[T]>) -> Option<String> {
    let mut words: Vec<_> =
        values?.iter().map(|value| serde_json::to_string(value).unwrap_or_default()).collect();
    words.sort_unstable();
    words.dedup();
    Some(if words.is_empty() { "none".to_owned() } else { words.join(" ") })
}
