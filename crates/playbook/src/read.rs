//! Reading a playbook's file.

use std::{collections::BTreeSet, str::FromStr};

use countersign_core::{Mode, UnknownWord};
use countersign_detect::{
    Severity,
    sigma::{Faults, Located, Node, Spot, documents, listed, quoted, suggest},
};
use countersign_plan::change::is_plain;

use crate::{Confidence, Playbook};

/// The keys of a playbook.
const KEYS: &[&str] = &[
    "title",
    "is_off",
    "detectors",
    "least_severity",
    "least_confidence",
    "least_mode",
    "users",
    "clients",
    "addresses",
    "notify",
    "most_users",
    "audience",
];

/// The longest title, in characters.
const TITLE: usize = 120;

/// The longest name of a playbook, a queue or a receiver.
const NAME: usize = 64;

/// The most accounts of one plan: what a run changes at the most where nobody says more, and where there is none.
const MOST_USERS: usize = 25;
const FEW_USERS: usize = 5;

/// A playbook, and where what it says stands.
#[derive(Debug)]
pub(crate) struct Read {
    pub(crate) playbook: Playbook,
    /// Where each detector is named.
    pub(crate) detectors: Vec<(String, Spot)>,
    /// Where `users` stands.
    pub(crate) users: Spot,
}

/// A file's name without folder and extension.
pub(crate) fn stem(name: &str) -> &str {
    let base = name.rsplit(['/', '\\']).next().unwrap_or(name);
    base.rsplit_once('.').map_or(base, |(stem, _)| stem)
}

pub(crate) fn is_name(text: &str) -> bool {
    !text.is_empty()
        && text.len() <= NAME
        && text.bytes().all(|byte| matches!(byte, b'a'..=b'z' | b'0'..=b'9' | b'_' | b'-'))
}

/// Reads a file; what is wrong is in the faults, and there is a playbook only where nothing is.
pub(crate) fn read(name: &str, text: &str) -> (Option<Read>, Vec<Located>) {
    let mut faults = Faults::of(name);
    let documents = documents(text, &mut faults);
    let read = match documents.as_slice() {
        [document] => Some(read_document(stem(name), document, &mut faults)),
        [] if faults.has_errors() => None,
        _ => {
            faults.error(Spot::default(), "this is not one playbook", "a file holds one, a map");
            None
        }
    };
    let is_good = !faults.has_errors();
    (read.filter(|_| is_good), faults.into_found())
}

fn read_document(name: &str, document: &Node, faults: &mut Faults) -> Read {
    if !is_name(name) {
        let right = "a playbook is called as its file: 1 to 64 of `a` to `z`, `0` to `9`, `_` and `-`";
        faults.error(document.spot, format!("`{}` is no name", quoted(name)), right);
    }
    if document.pairs().is_empty() {
        faults.error(
            document.spot,
            format!("this is {}", document.sort()),
            "a playbook is a map of its keys",
        );
    }
    for pair in document.pairs() {
        if !KEYS.contains(&&*pair.key) {
            faults.error(
                pair.spot,
                format!("`{}` is not known", quoted(&pair.key)),
                suggest(&pair.key, KEYS),
            );
        }
    }
    let mut detectors = Vec::new();
    for node in document.get("detectors").map_or(&[][..], Node::items) {
        match node.as_text().filter(|text| !text.is_empty()) {
            Some(text) => detectors.push((text.to_owned(), node.spot)),
            None => faults.error(node.spot, "this names no detector", "such as `refresh_family_spread`"),
        }
    }
    if detectors.is_empty() {
        faults.error(
            document.spot,
            "`detectors` names none",
            "a list of detectors and rules that it answers",
        );
    }
    let playbook = Playbook {
        name: name.to_owned(),
        title: title(document, faults),
        is_off: flag(document, "is_off", faults),
        detectors: detectors.iter().map(|(id, _)| id.clone()).collect(),
        least_severity: severity(document, faults),
        least_confidence: word(document, "least_confidence", Confidence::Low, faults),
        least_mode: word(document, "least_mode", Mode::Advisory, faults),
        users: words(document, "users", faults),
        clients: words(document, "clients", faults),
        addresses: words(document, "addresses", faults),
        notify: names(document, "notify", faults),
        most_users: number(document, "most_users", (FEW_USERS, MOST_USERS), faults),
        audience: names(document, "audience", faults)
            .into_iter()
            .next()
            .unwrap_or_else(|| "security".to_owned()),
    };
    if playbook.least_mode == Mode::Off {
        let spot = document.get("least_mode").map_or(document.spot, |node| node.spot);
        faults.error(spot, "in mode `off` nothing is answered", "`audit`, `advisory` or `enforce`");
    }
    if !playbook.is_off && !playbook.wants() && playbook.notify.is_empty() {
        let right = "at least one of `users`, `clients`, `addresses` and `notify`";
        faults.error(document.spot, "it wants nothing", right);
    }
    let users = document.get("users").map_or(document.spot, |node| node.spot);
    Read { playbook, detectors, users }
}

fn title(document: &Node, faults: &mut Faults) -> String {
    let Some(node) = document.get("title") else {
        faults.error(document.spot, "`title` is absent", "what it is for, in a line");
        return String::new();
    };
    let text = node.as_text().unwrap_or_default();
    if text.trim().is_empty() || text.chars().count() > TITLE || !is_plain(text) {
        let right = format!("1 to {TITLE} characters, none of which steers a terminal or hides");
        faults.error(node.spot, "this is no title", right);
    }
    text.to_owned()
}

fn flag(document: &Node, key: &str, faults: &mut Faults) -> bool {
    let Some(node) = document.get(key) else { return false };
    match node.as_text() {
        Some("true") => true,
        Some("false") => false,
        _ => {
            faults.error(node.spot, format!("`{key}` is not so"), "`true` or `false`");
            false
        }
    }
}

fn number(document: &Node, key: &str, (usual, most): (usize, usize), faults: &mut Faults) -> usize {
    let Some(node) = document.get(key) else { return usual };
    let number =
        node.as_text().and_then(|text| text.parse().ok()).filter(|number| (1..=most).contains(number));
    number.unwrap_or_else(|| {
        faults.error(node.spot, format!("`{key}` is out of its range"), format!("a number from 1 to {most}"));
        usual
    })
}

fn severity(document: &Node, faults: &mut Faults) -> Severity {
    let Some(node) = document.get("least_severity") else { return Severity::High };
    let text = node.as_text().unwrap_or_default();
    let found = Severity::ALL.into_iter().find(|severity| severity.word() == text);
    found.unwrap_or_else(|| {
        let known = Severity::ALL.map(Severity::word);
        faults.error(node.spot, format!("`{}` is no severity", quoted(text)), suggest(text, &known));
        Severity::High
    })
}

fn word<T: FromStr<Err = UnknownWord>>(document: &Node, key: &str, usual: T, faults: &mut Faults) -> T {
    let Some(node) = document.get(key) else { return usual };
    let text = node.as_text().unwrap_or_default();
    text.parse().unwrap_or_else(|error: UnknownWord| {
        faults.error(
            node.spot,
            format!("`{}` is no {}", quoted(text), error.what),
            format!("known are {}", error.known),
        );
        usual
    })
}

fn words<T: FromStr<Err = UnknownWord> + Ord>(
    document: &Node,
    key: &str,
    faults: &mut Faults,
) -> BTreeSet<T> {
    let mut found = BTreeSet::new();
    for node in document.get(key).map_or(&[][..], Node::items) {
        let text = node.as_text().unwrap_or_default();
        match text.parse() {
            Ok(word) => drop(found.insert(word)),
            Err(UnknownWord { what, known, .. }) => {
                faults.error(
                    node.spot,
                    format!("`{}` is no {what}", quoted(text)),
                    format!("known are {known}"),
                );
            }
        }
    }
    found
}

fn names(document: &Node, key: &str, faults: &mut Faults) -> BTreeSet<String> {
    let mut found = BTreeSet::new();
    for node in document.get(key).map_or(&[][..], Node::items) {
        let text = node.as_text().unwrap_or_default();
        if is_name(text) {
            found.insert(text.to_owned());
        } else {
            let right = format!("names such as {}", listed(&["security"]));
            faults.error(node.spot, format!("`{}` is no name", quoted(text)), right);
        }
    }
    found
}
