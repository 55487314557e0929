//! What changes between two documents, in words, and whether a change loosens protection.
//!
//! A layer's value counts by what holds where the layer does: what is absent is inherited, and said so. When in doubt a
//! change counts as loosening, so that a person looks at it.

use std::collections::BTreeSet;

use countersign_auth0::factor::Factor;
use countersign_core::{ClientId, OrganizationId};
use serde::Serialize;

use crate::document::{Document, Fallback, Layer};

mod bounds;
mod layer;
mod watch;

/// One thing that a new document changes.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Change {
    /// Dotted path of the key, such as `organizations.org_a.modes.post-login`; of a bound, whom it holds for.
    pub path: String,
    /// What held before, in words.
    pub old: String,
    /// What holds now, in words.
    pub new: String,
    /// Whether something is let through, or learned, that was not before.
    pub loosens: bool,
}

/// Lists what `new` changes against `old`, in the order of the document; empty when nothing.
#[must_use]
pub fn diff(old: &Document, new: &Document) -> Vec<Change> {
    let mut changes = Changes(Vec::new());
    changes.value(
        "fallback",
        &word(&old.fallback),
        &word(&new.fallback),
        matches!((old.fallback, new.fallback), (Fallback::Challenge, Fallback::Allow)),
    );
    changes.value("factors", &factors(old), &factors(new), has_weaker_factor(old, new));
    changes.value("claim_namespace", &old.claim_namespace, &new.claim_namespace, false);
    layer::diff("tenant", (old, &old.tenant), (new, &new.tenant), &[(None, None)], &mut changes);
    let absent = Layer::default();
    for id in old.organizations.keys().chain(new.organizations.keys()).collect::<BTreeSet<_>>() {
        let (before, after) = (old.organizations.get(id), new.organizations.get(id));
        let (before, after) = (before.unwrap_or(&absent), after.unwrap_or(&absent));
        let path = format!("organizations.{id}");
        layer::diff(&path, (old, before), (new, after), &[(Some(id), None)], &mut changes);
    }
    for id in old.clients.keys().chain(new.clients.keys()).collect::<BTreeSet<_>>() {
        let (before, after) = (old.clients.get(id), new.clients.get(id));
        let (before, after) = (before.unwrap_or(&absent), after.unwrap_or(&absent));
        let places = at_client(old, new, id);
        layer::diff(&format!("clients.{id}"), (old, before), (new, after), &places, &mut changes);
    }
    bounds::diff(old, new, &mut changes);
    reference(old, new, &mut changes);
    watch::diff(old, new, &mut changes);
    changes.0
}

/// Where a layer holds: in which organization, at which client.
type Place<'a> = (Option<&'a OrganizationId>, Option<&'a ClientId>);

/// A client in no organization and in each that either document names: what the client leaves open is theirs.
fn at_client<'a>(old: &'a Document, new: &'a Document, client: &'a ClientId) -> Vec<Place<'a>> {
    let organizations: BTreeSet<_> = old.organizations.keys().chain(new.organizations.keys()).collect();
    std::iter::once(None).chain(organizations.into_iter().map(Some)).map(|id| (id, Some(client))).collect()
}

struct Changes(Vec<Change>);

impl Changes {
    /// Notes a change, unless it is none.
    fn value(&mut self, path: impl Into<String>, old: &str, new: &str, loosens: bool) {
        if old != new {
            self.0.push(Change { path: path.into(), old: old.to_owned(), new: new.to_owned(), loosens });
        }
    }
}

/// A value as the document spells it.
fn word(value: &impl Serialize) -> String {
    match serde_json::to_value(value) {
        Ok(serde_json::Value::String(word)) => word,
        Ok(other) => other.to_string(),
        Err(_) => String::new(),
    }
}

fn factors(document: &Document) -> String {
    let words: Vec<_> = document.factors.iter().map(|factor| factor_word(*factor)).collect();
    if words.is_empty() { "none".to_owned() } else { words.join(", ") }
}

fn factor_word(factor: Factor) -> String {
    let options = word(&factor);
    let kind = word(&factor.factor_type());
    if Factor::plain(&factor.factor_type()) == Some(factor) { kind } else { format!("{kind} {options}") }
}

/// How well a factor withstands an attacker, from the weakest. NIST SP 800-63B-4, section 3.2.5 (phishing resistance)
/// and 3.1.3 (e-mail is no out-of-band channel, the telephone network a restricted one).
const fn strength(factor: Factor) -> u8 {
    match factor {
        Factor::Email => 0,
        Factor::Phone { .. } | Factor::RecoveryCode => 1,
        Factor::Otp | Factor::PushNotification { .. } => 2,
        Factor::WebauthnPlatform | Factor::WebauthnRoaming => 3,
    }
}

/// Whether a challenge can be passed by a factor weaker than each before: the person chooses, and so does the attacker.
fn has_weaker_factor(old: &Document, new: &Document) -> bool {
    let weakest = |document: &Document| document.factors.iter().map(|factor| strength(*factor)).min();
    matches!((weakest(old), weakest(new)), (Some(before), Some(after)) if after < before)
}

/// Which domains a list gains and loses. A domain less that is suspicious loosens; one that is served is protected.
fn reference(old: &Document, new: &Document, changes: &mut Changes) {
    for ((key, before), (_, after)) in old.reference.lists().into_iter().zip(new.reference.lists()) {
        for domain in before.difference(after) {
            changes.value(format!("reference.{key}"), domain, "absent", true);
        }
        for domain in after.difference(before) {
            changes.value(format!("reference.{key}"), "absent", domain, false);
        }
    }
    let (before, after) = (old.reference.free_mail_is_unusual, new.reference.free_mail_is_unusual);
    changes.value("reference.free_mail_is_unusual", &word(&before), &word(&after), before && !after);
}

#[cfg(test)]
mod tests;
