//! What foreign Actions call that collides with ours. Their code is read as text and never run.

use std::collections::BTreeSet;

use countersign_core::Trigger;

use super::{Goal, Observed, TRIGGERS, bindings, code, deployed_code, name};
use crate::{Finding, Severity};

/// What a call does to a transaction.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Collision {
    /// Ends it.
    Denies,
    /// Asks for a factor.
    Challenges,
    /// Sends the person elsewhere, or shows a form.
    Redirects,
    /// Makes another account the one that signs in.
    Links,
    /// Ends sessions or tokens.
    Revokes,
    /// Calls something that can't be told from the text.
    Hides,
}

impl Collision {
    const fn words(self) -> &'static str {
        match self {
            Self::Denies => "denies",
            Self::Challenges => "challenges",
            Self::Redirects => "redirects",
            Self::Links => "links accounts",
            Self::Revokes => "revokes",
            Self::Hides => "calls by computed names, so that nobody can tell",
        }
    }
}

/// The documented calls, by object and method; what is destructured is found by its method alone, where that is unmistakable.
const CALLS: [(&str, &str, Collision); 21] = [
    ("access", "deny", Collision::Denies),
    ("access", "rejectInvalidSubjectToken", Collision::Denies),
    ("validation", "error", Collision::Denies),
    ("authentication", "challengeWith", Collision::Challenges),
    ("authentication", "challengeWithAny", Collision::Challenges),
    ("authentication", "enrollWith", Collision::Challenges),
    ("authentication", "enrollWithAny", Collision::Challenges),
    ("multifactor", "enable", Collision::Challenges),
    ("redirect", "sendUserTo", Collision::Redirects),
    ("prompt", "render", Collision::Redirects),
    ("transaction", "setResultUrl", Collision::Redirects),
    ("authentication", "setPrimaryUser", Collision::Links),
    ("authentication", "setUserById", Collision::Links),
    ("authentication", "setUserByConnection", Collision::Links),
    ("session", "revoke", Collision::Revokes),
    ("refreshToken", "revoke", Collision::Revokes),
    ("", "challengeWith", Collision::Challenges),
    ("", "challengeWithAny", Collision::Challenges),
    ("", "enrollWithAny", Collision::Challenges),
    ("", "sendUserTo", Collision::Redirects),
    ("", "setPrimaryUser", Collision::Links),
];

/// What the code calls that ends, holds up or turns a transaction.
#[must_use]
pub fn collisions(code: &str) -> BTreeSet<Collision> {
    let code = without_comments(code);
    let words = words(&code);
    let mut found = BTreeSet::new();
    for (index, word) in words.iter().enumerate() {
        let is_call = words.get(index + 1) == Some(&"(");
        let object = match index.checked_sub(1).and_then(|at| words.get(at)) {
            Some(&".") => index.checked_sub(2).and_then(|at| words.get(at)).copied().unwrap_or_default(),
            _ => "",
        };
        for (owner, method, collision) in CALLS {
            if is_call && *word == method && (owner.is_empty() || owner == object) {
                found.insert(collision);
            }
        }
        if *word == "api" && words.get(index + 1) == Some(&"[") {
            found.insert(Collision::Hides);
        }
    }
    found
}

/// The code without its comments; what begins like one within a string or a pattern is kept up to the line's end.
fn without_comments(code: &str) -> String {
    let mut kept = String::with_capacity(code.len());
    let mut rest = code.chars().peekable();
    let mut quote: Option<char> = None;
    while let Some(char) = rest.next() {
        match (quote, char, rest.peek()) {
            (Some(_), '\\', _) => {
                kept.push(char);
                kept.extend(rest.next());
            }
            (Some(open), _, _) if char == open || (char == '\n' && open != '`') => {
                quote = None;
                kept.push(char);
            }
            (None, '"' | '\'' | '`', _) => {
                quote = Some(char);
                kept.push(char);
            }
            (None, '/', Some('/')) => while rest.next_if(|char| *char != '\n').is_some() {},
            (None, '/', Some('*')) => {
                let mut last = ' ';
                for char in rest.by_ref() {
                    if last == '*' && char == '/' {
                        break;
                    }
                    last = char;
                }
                kept.push(' ');
            }
            _ => kept.push(char),
        }
    }
    kept
}

/// Names and marks; `?.` counts as `.`, and a name in brackets and quotes as one after a dot.
fn words(code: &str) -> Vec<&str> {
    let mut words = Vec::new();
    let mut start = None;
    for (index, char) in code.char_indices() {
        let is_name = char.is_alphanumeric() || char == '_' || char == '$';
        match (is_name, start) {
            (true, None) => start = Some(index),
            (false, Some(from)) => {
                words.extend(code.get(from..index));
                start = None;
            }
            _ => {}
        }
        if !is_name && !char.is_whitespace() && char != '?' {
            words.extend(code.get(index..index + char.len_utf8()));
        }
    }
    words.extend(start.and_then(|from| code.get(from..)));
    words
}

/// What is to be known of the foreign Actions bound to the triggers that ours are bound to.
pub(super) fn findings(goal: &Goal, observed: &Observed) -> Vec<Finding> {
    TRIGGERS
        .into_iter()
        .filter(|trigger| goal.actions.contains_key(trigger))
        .flat_map(|trigger| of(goal, observed, trigger))
        .collect()
}

fn of(goal: &Goal, observed: &Observed, trigger: Trigger) -> Vec<Finding> {
    let Some(order) = bindings::wanted(goal, observed, trigger) else { return Vec::new() };
    let ours = order.iter().position(|slot| slot.is_ours).unwrap_or_default();
    let by_id = |id: &crate::Part| {
        observed.actions.iter().find(|action| &crate::Part::text(action.id.as_str()) == id)
    };
    let mut findings = Vec::new();
    for (index, slot) in order.iter().enumerate().filter(|(_, slot)| !slot.is_ours) {
        let Some(action) = by_id(&slot.action) else { continue };
        let found = collisions(deployed_code(action).unwrap_or_else(|| code(action)));
        if found.is_empty() {
            continue;
        }
        let (place, meaning) = if index < ours {
            ("before", "what it ends never reaches us, and what it asks for comes before our decision")
        } else {
            ("after", "it can act on what our decision let through")
        };
        let does: Vec<&str> = found.iter().map(|collision| collision.words()).collect();
        findings.push(Finding {
            severity: Severity::Warning,
            code: "action.collides".to_owned(),
            text: format!("`{}` ({trigger}, {place} ours) {}: {meaning}", name(action), does.join(", ")),
        });
    }
    findings
}

#[cfg(test)]
mod tests {
    use super::*;

    fn found(code: &str) -> Vec<Collision> {
        collisions(code).into_iter().collect()
    }

    #[test]
    fn the_documented_calls_are_found_however_they_are_laid_out() {
        assert_eq!(found("api.access.deny('no')"), [Collision::Denies]);
        assert_eq!(found("api\n  .access\n  ?.deny ( 'no' )"), [Collision::Denies]);
        assert_eq!(found("const { redirect } = api; redirect.sendUserTo(url)"), [Collision::Redirects]);
        assert_eq!(found("const a = api.authentication; a.challengeWithAny([x])"), [Collision::Challenges]);
        assert_eq!(
            found("a.multifactor.enable('any'); a.session.revoke('x')"),
            [Collision::Challenges, Collision::Revokes]
        );
        assert_eq!(found("api.authentication.setPrimaryUser(id)"), [Collision::Links]);
        assert_eq!(found("api['access']['deny']('no')"), [Collision::Hides]);
    }

    #[test]
    fn what_is_only_written_about_is_not() {
        for code in [
            "// api.access.deny('no')\nexports.x = 1",
            "/* api.access.deny('no') */",
            "logger.session.start(); cache.deny('x'); access.denied('y')",
            "form.render(x)",
            "",
        ] {
            assert_eq!(found(code), [], "{code}");
        }
        assert_eq!(found("const url = 'https://x'; api.access.deny(url)"), [Collision::Denies]);
        assert_eq!(found("const a = '\\'//'; api.access.deny(a)"), [Collision::Denies]);
    }

    #[test]
    fn code_of_any_kind_ends_the_reading() {
        for code in ["/*", "'", "`//", "api[", "é.deny(", "/", "\\"] {
            let _ = collisions(code);
        }
        assert_eq!(found(&"api.access.deny(1);".repeat(5_000)), [Collision::Denies]);
    }
}
