//! What people do with a plan: the forms of its page, and what they send. Approvals say the hash that was looked at.

use std::collections::BTreeSet;

use axum::response::Response;
use countersign_app::acts::{Handing, MAX_REMARK_BYTES, StepState, Why};
use countersign_rights::Action;
use maud::{Markup, html};

use super::{
    fault::Fault,
    filter::actor,
    plan::Page,
    plan_steps,
    query::{Link, Parameters},
    sent::{Sent, back},
};

/// Where the pages of plans are.
const PAGES: &str = "/plans";

/// Answers `POST /plans/{id}/approve`.
pub(super) async fn approve(sent: Sent) -> Result<Response, Fault> {
    let permit = sent.permit(Action::ApprovePlans).await;
    let permit = permit.map_err(|fault| fault.back_to(&page(&sent.parameters, &sent.id)))?;
    sent.app().approve_plan(&permit, &sent.id, hash(&sent.parameters)?).await?;
    Ok(sent.back(PAGES, permit.id(), "approved"))
}

/// Answers `POST /plans/{id}/reject`.
pub(super) async fn reject(sent: Sent) -> Result<Response, Fault> {
    let permit = sent.permit(Action::ApprovePlans).await;
    let permit = permit.map_err(|fault| fault.back_to(&page(&sent.parameters, &sent.id)))?;
    let reason = sent.parameters.text("reason");
    sent.app().reject_plan(&permit, &sent.id, (hash(&sent.parameters)?, &reason)).await?;
    Ok(sent.back(PAGES, permit.id(), "rejected"))
}

/// Answers `POST /plans/{id}/withdraw`.
pub(super) async fn withdraw(sent: Sent) -> Result<Response, Fault> {
    let permit = sent.permit(Action::ProposePlans).await?;
    sent.app().withdraw_plan(&permit, &sent.id).await?;
    Ok(sent.back(PAGES, permit.id(), "withdrawn"))
}

/// Answers `POST /plans/{id}/stop`.
pub(super) async fn stop(sent: Sent) -> Result<Response, Fault> {
    let permit = sent.permit(Action::ExecutePlans).await?;
    sent.app().stop_plan(&permit, &sent.id).await?;
    Ok(sent.back(PAGES, permit.id(), "stopped"))
}

/// Answers `POST /plans/{id}/resume`.
pub(super) async fn resume(sent: Sent) -> Result<Response, Fault> {
    let permit = sent.permit(Action::ExecutePlans).await?;
    sent.app().resume_plan(&permit, &sent.id).await?;
    Ok(sent.back(PAGES, permit.id(), "resumed"))
}

/// Answers `POST /plans/{id}/settle`.
pub(super) async fn settle(sent: Sent) -> Result<Response, Fault> {
    let permit = sent.permit(Action::ExecutePlans).await?;
    let step = sent.get("step").and_then(|text| text.parse().ok());
    let step = step.ok_or_else(|| Fault::query("`step` is what the form says"))?;
    let is_done = match sent.get("done") {
        Some("yes") => true,
        Some("no") => false,
        _ => return Err(Fault::query("`done` is `yes` or `no`")),
    };
    sent.app().settle_step(&permit, &sent.id, (step, is_done)).await?;
    Ok(sent.back(PAGES, permit.id(), "settled"))
}

/// Answers `POST /plans/{id}/undo`: goes on to the plan that takes it back.
pub(super) async fn undo(sent: Sent) -> Result<Response, Fault> {
    let permit = sent.permit(Action::ExecutePlans).await?;
    let chosen: BTreeSet<String> = sent.parameters.all("step").map(str::to_owned).collect();
    let chosen = (!chosen.is_empty()).then_some(chosen);
    let head = sent.app().undo_plan(&permit, &sent.id, chosen.as_ref()).await?;
    Ok(back(&format!("{PAGES}/{}", head.id), permit.id(), "undoing"))
}

/// Answers `POST /plans/{id}/assign`.
pub(super) async fn assign(sent: Sent) -> Result<Response, Fault> {
    let permit = sent.permit(Action::WorkReviews).await?;
    sent.app().hand_plan(&permit, &sent.id, handing(&sent.parameters)?).await?;
    Ok(sent.back(PAGES, permit.id(), "assigned"))
}

/// Answers `POST /plans/{id}/comment`.
pub(super) async fn comment(sent: Sent) -> Result<Response, Fault> {
    let permit = sent.permit(Action::WorkReviews).await?;
    let actor = sent.actor(&permit)?;
    sent.app().remark_plan(&permit, &sent.id, (&actor, &sent.parameters.text("text"))).await?;
    Ok(sent.back(PAGES, permit.id(), "noted"))
}

/// What a form of hands says.
pub(super) fn handing(parameters: &Parameters) -> Result<Handing, Fault> {
    let priority = parameters.get("priority").map(str::parse).transpose();
    Ok(Handing {
        assignee: Some(parameters.get("assignee").map(str::to_owned)),
        audience: parameters.get("audience").map(str::to_owned),
        priority: priority.map_err(|_| Fault::query("`priority` is one that the form offers"))?,
    })
}

fn hash(parameters: &Parameters) -> Result<&str, Fault> {
    parameters.get("hash").ok_or_else(|| Fault::query("`hash` is what the form says"))
}

/// Where a plan's page is.
fn page(parameters: &Parameters, id: &str) -> String {
    let link = Link::to(&format!("/plans/{id}"));
    parameters.get("tenant").map_or_else(|| Link::to("/plans"), |tenant| link.with("tenant", tenant)).done()
}

/// What a page says of an act that was done.
pub(super) fn told(word: Option<&str>) -> Option<&'static str> {
    match word? {
        "proposed" => Some("The plan was proposed. Nothing is written before it was countersigned."),
        "approved" => Some("You agreed to this plan."),
        "rejected" => Some("You refused this plan."),
        "withdrawn" => Some("You took the plan back."),
        "stopped" => Some("The run stops before its next step."),
        "resumed" => Some("The run goes on."),
        "settled" => Some("What you said was recorded."),
        "undoing" => Some("This is the plan that takes it back."),
        "assigned" => Some("It was given into other hands."),
        "noted" => Some("Your comment was added."),
        _ => None,
    }
}

/// The forms of a plan's page: those that whoever reads may send.
pub(super) fn forms(page: &Page) -> Markup {
    let state = page.shown.plan.state.as_str();
    let rights = page.rights;
    let may_resume = page.shown.halt.as_ref().is_some_and(|halt| halt.why.may_resume());
    html! {
        section.card.acts aria-labelledby="acts-title" {
            h2 #acts-title { "Act" }
            @match state {
                "proposed" | "approved" => { (votes(page)) },
                "running" if rights.execute => { (form(page, "stop", "Stop", &html! { p { "Before its next step; what is on its way arrives." } })) },
                "halted" if rights.execute => {
                    @if may_resume { (form(page, "resume", "Let it go on", &html! {})) }
                    (settling(page))
                },
                _ => {},
            }
            @if rights.execute && matches!(state, "done" | "halted" | "failed" | "erased") && page.shown.plan.begun.is_some() { (undoing(page)) }
            @if rights.work {
                (form(page, "assign", "Assign", &hands(&page.shown.plan.audience, page.shown.plan.priority, page.shown.plan.assignee.as_deref())))
                (form(page, "comment", "Comment", &html! {
                    label { "Comment" textarea name="text" rows="4" required maxlength=(MAX_REMARK_BYTES) {} }
                    (actor(&page.reader))
                }))
            }
        }
    }
}

/// Agreeing, refusing and taking back, or why that is not for whoever reads.
fn votes(page: &Page) -> Markup {
    let rights = page.rights;
    let hash = html! { input type="hidden" name="hash" value=(page.shown.plan.hash); };
    let is_open = page.shown.plan.state == "proposed";
    let count = page.shown.steps.len();
    let own_counts = page.shown.own_suffices || !rights.is_own;
    html! {
        @if rights.approve && is_open && own_counts && !rights.has_agreed {
            (form(page, "approve", "Approve", &html! {
                (hash)
                p { "You agree to exactly what is shown here, with the hash " code { (page.shown.plan.hash.get(..12).unwrap_or_default()) } "…" }
                @if page.steps.of(count).1 < count { p { strong { (plan_steps::which(count, page.steps)) } " You agree to all of them." } }
            }))
        }
        @if rights.approve {
            (form(page, "reject", "Reject", &html! {
                (hash)
                label { "Why" textarea name="reason" rows="3" required maxlength="1000" {} }
            }))
        }
        @if is_open && rights.is_own && !page.shown.own_suffices { p.quiet { "You proposed it: somebody else has to agree." } }
        @if rights.has_agreed { p.quiet { "You agreed to it." } }
        @if !rights.approve {
            p.quiet {
                @if rights.is_person { "Approving takes the role approver." }
                @else { "Approving takes a person who signed in at the identity provider: a link or a token approves nothing." }
            }
        }
        @if rights.is_own && rights.propose && rights.is_person { (form(page, "withdraw", "Take it back", &html! {})) }
    }
}

fn settling(page: &Page) -> Markup {
    html! {
        @if let Some(halt) = &page.shown.halt {
            @let state = page.shown.steps.get(halt.step).map(|step| (step.state, step.sent));
            // Why also of a stopped run: of what was on its way then nobody knows, and an undo has to.
            @let is_open = matches!(state, Some((StepState::Uncertain | StepState::Intended, _) | (StepState::Waiting, 1..)));
            @if matches!(halt.why, Why::Uncertain | Why::NotSeen { .. }) || is_open {
                (form(page, "settle", "Say whether it was done", &html! {
                    input type="hidden" name="step" value=(halt.step);
                    fieldset {
                        legend { "Look at the tenant: step " (halt.step + 1) }
                        label.check { input type="radio" name="done" value="yes" required; span { "was done" } }
                        label.check { input type="radio" name="done" value="no"; span { "was not done, and is sent again when the run goes on" } }
                    }
                }))
            }
        }
    }
}

/// So many steps are offered one by one.
const CHOICES: usize = 30;

fn undoing(page: &Page) -> Markup {
    let done: Vec<_> = page
        .shown
        .steps
        .iter()
        .filter(|step| step.state == StepState::Done && !step.is_irreversible)
        .collect();
    html! {
        @if !done.is_empty() {
            (form(page, "undo", "Undo", &html! {
                p { "Proposes another plan that takes back what was done; it is looked at and agreed to as every plan." }
                @if done.len() <= CHOICES {
                    fieldset {
                        legend { "Only these steps; all where none is chosen" }
                        @for step in &done { label.check { input type="checkbox" name="step" value=(step.name); span.wrap { (step.sentence.text) } } }
                    }
                }
            }))
        }
    }
}

/// The fields of whose hands something is in.
pub(super) fn hands(audience: &str, priority: u8, assignee: Option<&str>) -> Markup {
    html! {
        label { "To whom; empty for nobody" input type="text" name="assignee" value=[assignee] maxlength="200" autocomplete="off"; }
        label { "Queue" input type="text" name="audience" value=(audience) maxlength="40" pattern="[a-z0-9_]+" autocomplete="off" spellcheck="false"; }
        label {
            "Presses"
            select name="priority" {
                @for (value, word) in [(0_u8, "Low"), (1, "Normal"), (2, "High"), (3, "Urgent")] {
                    option value=(value) selected[value == priority] { (word) }
                }
            }
        }
    }
}

fn form(page: &Page, act: &str, title: &str, fields: &Markup) -> Markup {
    let action = Link::to(&format!("/plans/{}/{act}", page.shown.plan.id)).done();
    html! {
        details name="act" {
            summary { (title) }
            form.fields method="post" action=(action) {
                input type="hidden" name="tenant" value=(page.tenant);
                (fields)
                div.buttons { button.primary.danger[act == "reject"] type="submit" { (title) } }
            }
        }
    }
}
