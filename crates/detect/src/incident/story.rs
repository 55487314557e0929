//! What happened, in words: the same alerts give the same text.

use std::collections::BTreeSet;

use countersign_core::Timestamp;

use super::{Incident, Line, Member, severity};
use crate::{Entity, EntityKind, Event};

/// The most characters of a name that a text repeats.
const MAX_SHOWN: usize = 80;

/// What stands before the account in a line.
pub(super) const FOR: &str = " for ";

/// What stands before the address in a line.
pub(super) const FROM: &str = " from ";

/// The most names that a sentence lists.
const MAX_LISTED: usize = 3;

/// Log types of attempts to sign in that failed ("Log Event Type Codes" of Auth0).
const FAILURES: &[&str] = &[
    "f",
    "fp",
    "fu",
    "fepft",
    "fepotpft",
    "fcoa",
    "feacft",
    "gd_auth_failed",
    "gd_auth_rejected",
    "pwd_leak",
];

/// Log types of attempts that went through.
const SUCCESSES: &[&str] = &["s", "scoa", "sepft", "gd_auth_succeed"];

/// Whether an entry of this type tells that an attempt to sign in failed.
pub(super) fn is_failure(kind: &str) -> bool {
    FAILURES.contains(&kind)
}

/// Whether an entry of this type tells that one went through.
pub(super) fn is_success(kind: &str) -> bool {
    SUCCESSES.contains(&kind)
}

/// What a log type says.
const MEANINGS: [(&str, &str); 26] = [
    ("s", "a sign-in succeeded"),
    ("scoa", "a sign-in succeeded"),
    ("sepft", "a sign-in succeeded"),
    ("f", "a sign-in failed"),
    ("fcoa", "a sign-in failed"),
    ("fepft", "a sign-in failed"),
    ("fp", "a sign-in failed: wrong password"),
    ("fu", "a sign-in failed: unknown name"),
    ("pwd_leak", "a sign-in with a leaked password was stopped"),
    ("signup_pwd_leak", "a sign-up with a leaked password was stopped"),
    ("limit_wc", "Auth0 blocked an address for one account"),
    ("limit_mu", "Auth0 blocked an address"),
    ("ss", "an account was made"),
    ("fs", "a sign-up failed"),
    ("scp", "a password was changed"),
    ("scpr", "a change of password was asked for"),
    ("sce", "an e-mail address was changed"),
    ("gd_auth_succeed", "a second factor was passed"),
    ("gd_auth_failed", "a second factor failed"),
    ("gd_auth_rejected", "a push for a second factor was rejected"),
    ("gd_send_pn", "a push for a second factor was sent"),
    ("gd_start_enroll", "enrolling a second factor began"),
    ("gd_enrollment_complete", "a second factor was enrolled"),
    ("gd_unenroll", "a second factor was removed"),
    ("sapi", "the Management API was used"),
    ("ferrt", "a refresh token was used twice"),
];

/// What a log type says; `None` for one that is told by its code alone.
fn meaning(kind: &str) -> Option<&'static str> {
    MEANINGS.iter().find(|(known, _)| *known == kind).map(|(_, text)| *text)
}

/// A name as a text repeats it: without control characters and what turns the direction of a text, and cut.
pub(super) fn shown(name: &str) -> String {
    let is_odd = |char: char| {
        char.is_control()
            || matches!(char, '\u{200b}'..='\u{200f}' | '\u{2028}'..='\u{202e}' | '\u{2060}'..='\u{2069}' | '\u{feff}')
    };
    let mut text: String =
        name.chars().take(MAX_SHOWN).map(|char| if is_odd(char) { '\u{fffd}' } else { char }).collect();
    if name.chars().nth(MAX_SHOWN).is_some() {
        text.push('\u{2026}');
    }
    text
}

/// The line of a log entry.
pub(super) fn line(event: &Event<'_>) -> Line {
    let mut text =
        meaning(event.kind()).map_or_else(|| format!("log type `{}`", shown(event.kind())), str::to_owned);
    if let Some(account) = event.account() {
        text.push_str(FOR);
        text.push_str(&shown(&account.name));
    }
    if let Some(source) = event.source() {
        text.push_str(FROM);
        text.push_str(&shown(&source.name));
    }
    Line { at: event.at(), seq: Some(event.seq), text }
}

/// A line as [`line`] wrote it: what happened, to which account and from which address. `None` for a text that it can't have written.
pub(super) fn read_line(text: &str) -> Option<(&str, Option<&str>, Option<&str>)> {
    let is_rest = |rest: &&str| rest.is_empty() || rest.starts_with(FOR) || rest.starts_with(FROM);
    let known = MEANINGS.iter().filter_map(|(_, meaning)| text.strip_prefix(meaning).filter(is_rest));
    let coded = || {
        let (_, rest) = text.strip_prefix("log type `")?.split_once('`')?;
        Some(rest).filter(is_rest)
    };
    // Why the shortest rest: one meaning may begin as another.
    let rest = known.min_by_key(|rest| rest.len()).or_else(coded)?;
    let what = text.get(..text.len() - rest.len())?;
    if let Some(source) = rest.strip_prefix(FROM) {
        return Some((what, None, Some(source)));
    }
    let Some(names) = rest.strip_prefix(FOR) else { return Some((what, None, None)) };
    // Why: whoever fails to sign in chooses the name, and the word may be part of it.
    let parted = names.rsplit_once(FROM).filter(|(_, source)| source.parse::<std::net::IpAddr>().is_ok());
    Some(parted.map_or((what, Some(names), None), |(account, source)| (what, Some(account), Some(source))))
}

/// Lines of all alerts in the order of time, an entry that several name once.
pub(super) fn timeline(members: &[Member]) -> Vec<Line> {
    let found = members.iter().map(|member| {
        let Member { title, severity, entity, findings, untold, .. } = member;
        let mut text = format!("found: {title}, about {} ({})", shown(&entity.name), severity.word());
        if *findings > 1 {
            text.push_str(&format!(", {findings} times until {}", minute(member.last)));
        }
        if *untold > 0 {
            text.push_str(&format!("; {untold} more entries show it"));
        }
        Line { at: member.first, seq: None, text }
    });
    let mut lines: Vec<Line> = members.iter().flat_map(|member| member.lines.clone()).chain(found).collect();
    // Why what was found last: it became true with the entry of that time.
    lines.sort_by(|one, other| (one.at, one.seq.is_none(), one).cmp(&(other.at, other.seq.is_none(), other)));
    let mut told = BTreeSet::new();
    lines.retain(|line| line.seq.is_none_or(|seq| told.insert(seq)));
    lines
}

/// The steps of all detectors, the worst alert's first, each once.
pub(super) fn steps(members: &[Member]) -> Vec<&str> {
    let worst = severity::worst(members);
    let mut told = BTreeSet::new();
    let all = worst.into_iter().chain(members).flat_map(|member| &member.steps).map(String::as_str);
    all.filter(|step| told.insert(*step)).collect()
}

/// An instant to the minute, as `2026-08-20 08:00 UTC`.
fn minute(at: Timestamp) -> String {
    let text = at.to_string();
    text.get(..16).map_or_else(|| text.clone(), |text| format!("{} UTC", text.replace('T', " ")))
}

fn count(number: usize, one: &str, many: &str) -> String {
    format!("{number} {}", if number == 1 { one } else { many })
}

/// Names as `a, b and 3 more`.
fn list(names: &BTreeSet<&Entity>) -> String {
    let mut texts: Vec<String> = names.iter().take(MAX_LISTED).map(|entity| shown(&entity.name)).collect();
    if names.len() > MAX_LISTED {
        texts.push(format!("{} more", names.len() - MAX_LISTED));
    }
    match texts.pop() {
        Some(last) if !texts.is_empty() => format!("{} and {last}", texts.join(", ")),
        last => last.unwrap_or_default(),
    }
}

const fn sort(kind: EntityKind) -> &'static str {
    match kind {
        EntityKind::User => "the account ",
        EntityKind::Address => "the address ",
        EntityKind::Network => "the network ",
        EntityKind::Fingerprint => "the TLS fingerprint ",
        EntityKind::Organization => "the organization ",
        EntityKind::Client => "the client ",
        EntityKind::Tenant => "the tenant ",
        EntityKind::Other => "",
    }
}

/// The story: when and how much, how it began, whom it touches, what it came to, why it is as bad as it is.
pub(super) fn narrative(incident: &Incident) -> String {
    let members = incident.members();
    let Some(first) = members.first() else {
        return "Nothing is left of this incident: none of its alerts was found in event time.".to_owned();
    };
    let detectors: BTreeSet<&str> = members.iter().map(|member| &*member.detector).collect();
    let alerts = usize::try_from(incident.alerts()).unwrap_or(usize::MAX);
    let mut text = format!(
        "From {} to {}, {} found {}. It began with \u{201c}{}\u{201d}, about {}{}.",
        minute(incident.first()),
        minute(incident.last()),
        count(detectors.len(), "detector", "detectors"),
        count(alerts, "thing that belongs here", "things that belong together"),
        first.title,
        sort(first.entity.kind),
        shown(&first.entity.name),
    );
    for (names, one, many) in [
        (incident.users(), "account is", "accounts are"),
        (incident.organizations(), "organization is", "organizations are"),
        (incident.addresses(), "source address is", "source addresses are"),
    ] {
        if !names.is_empty() {
            text.push_str(&format!(" {} involved: {}.", count(names.len(), one, many), list(&names)));
        }
    }
    let reasons = incident.reasons().iter().map(ToString::to_string).collect::<Vec<_>>().join("; ");
    text.push_str(&format!(" It is {}: {reasons}.", incident.severity().word()));
    text
}
