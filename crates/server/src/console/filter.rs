//! Fields of the forms that filter and act.

use super::query::Reader;
use countersign_app::incidents::Severity;
use maud::{Markup, html};

use super::{fault::Fault, query::Parameters, severity::large};
use crate::api::read_cursor;

/// Detectors by id, with their titles.
pub(super) type Detectors = Vec<(String, String)>;

/// The least severity that is asked for.
pub(super) fn least(parameters: &Parameters) -> Result<Severity, Fault> {
    parameters.get("severity").map_or(Ok(Severity::Informational), |word| {
        let least = Severity::ALL.into_iter().find(|severity| severity.word() == word);
        least.ok_or_else(|| {
            Fault::query("`severity` is one of `informational`, `low`, `medium`, `high`, `critical`")
        })
    })
}

/// Where the page begins.
pub(super) fn before(
    parameters: &Parameters,
) -> Result<Option<(countersign_core::Timestamp, String)>, Fault> {
    let before = parameters.get("before").map(|text| {
        read_cursor(text).ok_or_else(|| Fault::query("`before` is what the link to older ones says"))
    });
    before.transpose()
}

/// The fields by which what people work on is looked for: its queue and its assignee, and whether it is overdue.
pub(super) fn of_hands((audience, assignee): (Option<&str>, Option<&str>), is_overdue: bool) -> Markup {
    html! {
        label {
            "Queue "
            input type="text" name="audience" value=[audience] maxlength="40" size="14" autocomplete="off" spellcheck="false";
        }
        label {
            "Assignee "
            input type="text" name="assignee" value=[assignee] maxlength="200" size="12" autocomplete="off";
        }
        label.toggle { input type="checkbox" name="overdue" value="yes" checked[is_overdue]; "Overdue" }
    }
}

/// A choice of one word, or of none.
pub(super) fn choice(name: &str, label: &str, words: &[&str], chosen: Option<&str>) -> Markup {
    html! {
        label {
            (label) " "
            select name=(name) {
                option value="" { "Any" }
                @for word in words {
                    option value=(word) selected[Some(*word) == chosen] { (large(&word.replace('_', " "))) }
                }
            }
        }
    }
}

/// A choice of the least severity.
pub(super) fn severities(chosen: Severity) -> Markup {
    html! {
        label {
            "At least "
            select name="severity" {
                @for severity in Severity::ALL {
                    option value=(severity.word()) selected[severity == chosen] { (large(severity.word())) }
                }
            }
        }
    }
}

/// A choice of a detector, or of none.
pub(super) fn detectors(all: &Detectors, chosen: Option<&str>, none: &str) -> Markup {
    html! {
        label {
            "Detector "
            select name="detector" {
                option value="" { (none) }
                @for (id, title) in all {
                    option value=(id) title=(title) selected[Some(id.as_str()) == chosen] { (id) }
                }
            }
        }
    }
}

/// Who acts: a session by a link names nobody, so that everyone says it.
pub(super) fn actor(reader: &Reader) -> Markup {
    html! {
        @if reader.is_shared {
            label { "Your name" input type="text" name="actor" required maxlength="200" autocomplete="name"; }
        }
    }
}

/// A sort of entity and its name.
pub(super) fn entity(is_required: bool) -> Markup {
    let sorts = [
        ("user", "Account"),
        ("address", "Address"),
        ("network", "Network"),
        ("client", "Client"),
        ("organization", "Organization"),
        ("fingerprint", "TLS fingerprint"),
    ];
    html! {
        label {
            "About "
            select name="kind" { @for (word, text) in sorts { option value=(word) { (text) } } }
        }
        label {
            "Named "
            input type="text" name="name" required[is_required] maxlength="256" autocomplete="off" spellcheck="false";
        }
    }
}

/// The entity that a form names; `None` where its name is empty.
pub(super) fn read_entity(
    parameters: &Parameters,
) -> Result<Option<countersign_app::incidents::Entity>, Fault> {
    use countersign_app::incidents::{Entity, EntityKind};
    let Some(name) = parameters.get("name") else { return Ok(None) };
    let kind = match parameters.get("kind") {
        Some("user") => EntityKind::User,
        Some("address") => EntityKind::Address,
        Some("network") => EntityKind::Network,
        Some("client") => EntityKind::Client,
        Some("organization") => EntityKind::Organization,
        Some("fingerprint") => EntityKind::Fingerprint,
        _ => return Err(Fault::query("`kind` is a sort of entity that the form offers")),
    };
    Ok(Some(Entity::new(kind, name.trim())))
}
