//! What our client may do: what it needs, and nothing else.

use std::collections::BTreeSet;

use super::{Area, Aside, Check, Finding, Rule, Severity, View};
use crate::install::{audience, is_read};

const MISSING: Rule = Rule::new("scope.missing", Severity::Warning).of(&[Area::Grants]).or(Aside::Scopes);
const UNUSED: Rule = Rule::new("scope.unused", Severity::Warning).of(&[Area::Grants]).or(Aside::Scopes);

pub(super) const CHECK: Check = Check { rules: &[&MISSING, &UNUSED], run };

/// What our client may do: as its grant says, which is so from the next token on, else as the token does.
fn granted<'a>(view: &View<'a>) -> Option<BTreeSet<&'a str>> {
    let (posture, expected) = (view.posture, view.expected);
    let client = expected.client_id.as_deref();
    let is_ours = |grant: &&countersign_auth0::management::client_grants::ClientGrant| {
        let is_management = |known: &String| known.ends_with("/api/v2/") && known.len() > audience("").len();
        grant.client_id.as_option().map(countersign_core::ClientId::as_str) == client
            && grant.audience.as_option().is_some_and(is_management)
    };
    if client.is_some() && posture.has(Area::Grants) {
        let grant = posture.installed.grants.iter().find(is_ours);
        let scopes = grant.and_then(|grant| grant.scope.as_option()).into_iter().flatten();
        return Some(scopes.map(String::as_str).collect());
    }
    posture.granted.as_ref().map(|scopes| scopes.iter().map(String::as_str).collect())
}

fn run(view: &View<'_>) -> Vec<Finding> {
    let expected = view.expected;
    let Some(granted) = granted(view).filter(|_| !expected.scopes.is_empty()) else { return Vec::new() };
    let mut found = Vec::new();
    for (scope, capability) in &expected.scopes {
        if !granted.contains(scope.as_str()) {
            let text = format!("our client may not `{scope}`, which `{capability}` needs");
            let fix = "grant it by `countersign tenant apply`, or by hand in the Auth0 dashboard under Applications, APIs";
            found.push(MISSING.found(scope, text, fix));
        }
    }
    let ours: BTreeSet<String> = Area::ALL.into_iter().map(Area::scope).collect();
    for scope in granted {
        if !expected.scopes.contains_key(scope) && !ours.contains(scope) {
            let harm = if is_read(scope) { "" } else { ", and that lets it change the tenant" };
            let text = format!("our client may `{scope}`, which nothing here needs{harm}");
            let fix = "take it away by `countersign tenant apply`, or by hand in the Auth0 dashboard";
            found.push(UNUSED.found(scope, text, fix));
        }
    }
    found
}

#[cfg(test)]
mod tests {
    use super::super::testing::{codes, expected, grant, posture};

    #[test]
    fn a_scope_that_lacks_and_one_too_many_are_found_in_the_grant() {
        let mut posture = posture();
        grant(&mut posture, &["read:logs"]);
        assert_eq!(codes(&posture, &expected()), ["scope.missing"]);
        grant(&mut posture, &["read:logs", "read:actions", "update:users"]);
        assert_eq!(codes(&posture, &expected()), ["scope.unused"]);
        grant(&mut posture, &["read:logs", "read:actions", "read:hooks"]);
        assert_eq!(codes(&posture, &expected()), [""; 0], "what the checks read with is needed");
    }

    #[test]
    fn without_the_grant_the_token_tells() {
        let mut posture = posture();
        posture.read.retain(|area| *area != super::Area::Grants);
        posture.granted = Some(vec!["read:logs".to_owned()]);
        assert_eq!(codes(&posture, &expected()), ["scope.missing"]);
        posture.granted = None;
        assert_eq!(codes(&posture, &expected()), [""; 0]);
    }
}
