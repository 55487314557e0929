//! What was held against the person of a decision, and the forms by which an operator says what they know better.

use crate::authn::Known;
use axum::{
    Form,
    extract::{State, rejection::FormRejection},
    response::{IntoResponse, Redirect, Response},
};
use countersign_app::user_risk::{Mark, MarkedBy};
use countersign_core::{DecisionId, SubjectId, TenantId, Timestamp};
use countersign_rights::Action;
use countersign_risk::UserRiskAt;
use maud::{Markup, html};

use super::{
    confirm::{Pairs, named_tenant, of_form},
    detail::RiskNow,
    fault::Fault,
    filter::actor,
    query::{self, Link},
    words,
};
use crate::Server;

/// Answers `POST /users/mark`.
pub(super) async fn mark(
    State(server): State<Server>,
    Known(caller): Known,
    form: Result<Form<Pairs>, FormRejection>,
) -> Result<Response, Fault> {
    let parameters = of_form(form)?;
    let tenant = named_tenant(&server, &caller, Action::MarkUsers, &parameters).await?;
    let subject: Option<SubjectId> = parameters.get("subject").and_then(|text| text.parse().ok());
    let subject = subject.ok_or_else(|| Fault::query("`subject` is what the form says"))?;
    let decision = parameters.get("decision").map(query::decision_id).transpose()?;
    let mark = match parameters.get("mark") {
        Some("safe") => Mark::Safe,
        Some("compromised") => Mark::Compromised,
        _ => return Err(Fault::query("`mark` is `safe` or `compromised`")),
    };
    let actor = tenant.actor(parameters.get("actor"))?;
    let by = MarkedBy { actor: &actor, reason: parameters.get("reason").unwrap_or_default() };
    server.0.app.mark_user(&tenant, &subject, mark, by).await?;
    let from = decision.map_or_else(|| "/users".to_owned(), |decision| format!("/decisions/{decision}"));
    let link = Link::to(&from).with("tenant", tenant.id().as_str()).with("told", mark.as_str());
    Ok(Redirect::to(&link.done()).into_response())
}

/// The row of a decision's page: what was held then.
pub(super) fn row(held: Option<UserRiskAt>) -> Markup {
    html! {
        @match held {
            Some(held) => { (words::level(held.level)) " " (held.score) ", since " (words::absolute(held.since)) }
            None => span.quiet { "low: nothing was held against the person" },
        }
    }
}

/// What is held now, and the forms that change it, of a decision's page.
pub(super) fn forms(
    (tenant, reader): (&TenantId, &query::Reader),
    (subject, decision): (&SubjectId, &DecisionId),
    risk: &RiskNow,
    now: Timestamp,
) -> Markup {
    html! {
        section.card.acts aria-labelledby="user-risk" {
            h2 #user-risk { "User risk now" }
            p {
                @match risk.held {
                    Some(held) => { (words::level(held.level)) " " (held.score) ", since " (words::time(held.since, now)) }
                    None => { "Low: nothing is held against the person." }
                }
            }
            @if risk.may_mark { (mark_forms((tenant, reader), (subject, Some(decision)))) }
        }
    }
}

/// The forms that mark a person; they lead back to the decision, or to the list where there is none.
pub(super) fn mark_forms(
    (tenant, reader): (&TenantId, &query::Reader),
    (subject, decision): (&SubjectId, Option<&DecisionId>),
) -> Markup {
    html! {
        @for (mark, title) in [("safe", "Mark as safe"), ("compromised", "Mark as compromised")] {
            details name="mark" {
                summary { (title) }
                form.fields method="post" action="/users/mark" {
                    input type="hidden" name="tenant" value=(tenant);
                    input type="hidden" name="subject" value=(subject);
                    @if let Some(decision) = decision { input type="hidden" name="decision" value=(decision); }
                    input type="hidden" name="mark" value=(mark);
                    label { "Why" textarea name="reason" rows="3" required maxlength="1000" {} }
                    (actor(reader))
                    div.buttons { button.primary type="submit" { (title) } }
                }
            }
        }
    }
}
