//! What people do with an incident: the forms of its page, and what they send.
//!
//! Each form says the version that was looked at, so that nobody overwrites another's act.

use super::query::Reader;
use axum::response::Response;
use countersign_app::incidents::{By, Closure, Disposition, MAX_NOTE_BYTES, Opened, Status, consequences};
use countersign_core::{TenantId, Timestamp};
use countersign_rights::Action;
use maud::{Markup, html};

use super::{fault::Fault, filter::actor, query::Link, sent::Sent};

/// Where the pages of incidents are.
const PAGES: &str = "/incidents";

/// Answers `POST /incidents/{id}/acknowledge`.
pub(super) async fn acknowledge(sent: Sent) -> Result<Response, Fault> {
    let tenant = sent.permit(Action::WorkIncidents).await?;
    let actor = sent.actor(&tenant)?;
    let by = By { actor: &actor, version: sent.version()? };
    sent.app().acknowledge_incident(&tenant, &sent.id, by).await?;
    Ok(sent.back(PAGES, tenant.id(), "taken"))
}

/// Answers `POST /incidents/{id}/assign`.
pub(super) async fn assign(sent: Sent) -> Result<Response, Fault> {
    let tenant = sent.permit(Action::WorkIncidents).await?;
    let actor = sent.actor(&tenant)?;
    let by = By { actor: &actor, version: sent.version()? };
    sent.app().assign_incident(&tenant, &sent.id, by, sent.get("assignee")).await?;
    Ok(sent.back(PAGES, tenant.id(), "assigned"))
}

/// Answers `POST /incidents/{id}/note`.
pub(super) async fn note(sent: Sent) -> Result<Response, Fault> {
    let tenant = sent.permit(Action::WorkIncidents).await?;
    let actor = sent.actor(&tenant)?;
    sent.app().note_incident(&tenant, &sent.id, &actor, &sent.parameters.text("text")).await?;
    Ok(sent.back(PAGES, tenant.id(), "noted"))
}

/// Answers `POST /incidents/{id}/close`.
pub(super) async fn close(sent: Sent) -> Result<Response, Fault> {
    let tenant = sent.permit(Action::WorkIncidents).await?;
    let disposition = DISPOSITIONS
        .into_iter()
        .find(|(disposition, _)| sent.get("disposition") == Some(disposition.as_str()));
    let (disposition, _) =
        disposition.ok_or_else(|| Fault::query("`disposition` is one that the form offers"))?;
    let duplicate_of = sent.get("duplicate_of").map(|other| other.trim().parse());
    let duplicate_of =
        duplicate_of.transpose().map_err(|_| Fault::query("`duplicate_of` is an incident's id"))?;
    let closure = Closure {
        disposition,
        duplicate_of,
        reason: sent.parameters.text("reason"),
        suppress: sent.get("suppress").is_some(),
        mark: sent.get("mark").is_some(),
    };
    let actor = sent.actor(&tenant)?;
    let by = By { actor: &actor, version: sent.version()? };
    sent.app().close_incident(&tenant, &sent.id, by, closure).await?;
    Ok(sent.back(PAGES, tenant.id(), "closed"))
}

/// What a page says of an act that was done.
pub(super) fn told(word: Option<&str>) -> Option<&'static str> {
    match word? {
        "taken" => Some("You took the incident up."),
        "assigned" => Some("Its assignee was set."),
        "noted" => Some("Your comment was added."),
        "closed" => Some("The incident was closed."),
        _ => None,
    }
}

/// What an incident may be closed as, with what that means.
const DISPOSITIONS: [(Disposition, &str); 4] = [
    (Disposition::TruePositive, "True positive: an attack"),
    (Disposition::Benign, "Benign: it happened, and was meant to"),
    (Disposition::FalsePositive, "False positive: it did not happen so"),
    (Disposition::Duplicate, "Duplicate of another incident"),
];

/// The forms of an incident's page; what is closed can still be commented on.
pub(super) fn forms(tenant: &TenantId, reader: &Reader, opened: &Opened, now: Timestamp) -> Markup {
    let is_closed = opened.row.status == Status::Closed.as_str();
    html! {
        section.card.acts aria-labelledby="acts-title" {
            h2 #acts-title { "Act" }
            @if !is_closed {
                @if opened.row.status == Status::Open.as_str() {
                    (form((tenant, reader), opened, "acknowledge", "Take it up", &html! {}))
                }
                (form((tenant, reader), opened, "assign", "Assign", &html! {
                    label { "To whom; empty for nobody" input type="text" name="assignee" maxlength="200" autocomplete="off"; }
                }))
            }
            (form((tenant, reader), opened, "note", "Comment", &html! {
                label { "Comment" textarea name="text" rows="4" required maxlength=(MAX_NOTE_BYTES) {} }
            }))
            @if !is_closed { (form((tenant, reader), opened, "close", "Close", &closing(opened, now))) }
        }
    }
}

fn form(
    (tenant, reader): (&TenantId, &Reader),
    opened: &Opened,
    act: &str,
    title: &str,
    fields: &Markup,
) -> Markup {
    let action = Link::to(&format!("/incidents/{}/{act}", opened.row.id)).done();
    html! {
        details name="act" {
            summary { (title) }
            form.fields method="post" action=(action) {
                input type="hidden" name="tenant" value=(tenant);
                input type="hidden" name="version" value=(opened.row.version);
                (fields)
                (actor(reader))
                div.buttons { button.primary type="submit" { (title) } }
            }
        }
    }
}

fn closing(opened: &Opened, now: Timestamp) -> Markup {
    let suppressions = consequences(&opened.incident, Disposition::FalsePositive, now).suppressions;
    let attackers = consequences(&opened.incident, Disposition::TruePositive, now).attackers;
    html! {
        label {
            "What it was"
            select name="disposition" required {
                option value="" { "Choose" }
                @for (disposition, text) in DISPOSITIONS { option value=(disposition.as_str()) { (text) } }
            }
        }
        label { "Why" textarea name="reason" rows="3" required maxlength="1000" {} }
        label { "If a duplicate, of which incident" input type="text" name="duplicate_of" maxlength="20" placeholder="inc_…" autocomplete="off" spellcheck="false"; }
        @if !attackers.is_empty() {
            label.check { input type="checkbox" name="mark" value="yes" checked; span { "If a true positive, find logins from where it came from for 7 days" } }
            ul.quiet { @for entity in attackers.iter().take(10) { li { code { (entity.name) } } } }
            @if attackers.len() > 10 { p.note { "and " (attackers.len() - 10) " more" } }
        }
        @if !suppressions.is_empty() {
            label.check { input type="checkbox" name="suppress" value="yes"; span { "If a false positive, tell nobody of the like for 30 days" } }
            ul.quiet { @for one in suppressions.iter().take(10) { li { code { (one.detector) } " about " code { (one.entity.name) } } } }
        }
    }
}
