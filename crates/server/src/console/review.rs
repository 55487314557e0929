//! `/reviews/{id}`: one decision that waits for a person, and what they say it was.

use super::segments::Segments;
use axum::{
    Form,
    extract::{
        Query, State,
        rejection::{FormRejection, QueryRejection},
    },
    response::{IntoResponse, Response},
};
use countersign_app::{
    acts::{Handing, MAX_REMARK_BYTES},
    outcomes::PersonVerdict,
    reveal::Asked,
    reviews::{ReviewShown, VerdictGiven},
};
use countersign_core::{TenantId, Timestamp};
use countersign_rights::Action;
use maud::{Markup, html};

use super::{
    confirm::{Pairs, named_tenant, of_form},
    fault::Fault,
    filter::actor,
    layout::{Layout, trail_through},
    plan_act::{handing, hands},
    plans::priority,
    query::{self, Link, Parameters, Reader, permitted},
    reveal::{self, Choice},
    sent::{Sent, back},
    words,
};
use crate::{Server, authn::Known};

/// Where the pages of reviews are.
const PAGES: &str = "/reviews";

/// What the page shows.
struct Page {
    tenant: TenantId,
    reader: Reader,
    now: Timestamp,
    shown: ReviewShown,
    may_work: bool,
    may_judge: bool,
    may_reveal: bool,
    revealed: Option<String>,
    told: Option<&'static str>,
}

/// Answers `GET /reviews/{id}`.
pub(super) async fn handle(
    State(server): State<Server>,
    Known(caller): Known,
    Segments(id): Segments<String>,
    query: Result<Query<Pairs>, QueryRejection>,
) -> Result<Response, Fault> {
    let parameters = Parameters::of_query(query)?;
    let permit = permitted(&server, &caller, Action::ReadPlans, &parameters).await?;
    let app = &server.0.app;
    let page = Page {
        tenant: permit.id().clone(),
        reader: query::reader(&server, &caller),
        now: app.clock().now(),
        shown: app.review(&permit, &id).await?,
        may_work: app.may(&caller, Action::WorkReviews, permit.id()),
        may_judge: app.may(&caller, Action::TellOutcomes, permit.id()),
        may_reveal: app.may(&caller, Action::RevealPlans, permit.id()),
        revealed: None,
        told: told(parameters.get("told")),
    };
    Ok(page.render().into_response())
}

/// Answers `POST /reviews/{id}/reveal`: the same page with what was written.
pub(super) async fn reveal(sent: Sent) -> Result<Response, Fault> {
    let permit = sent.permit(Action::RevealPlans).await?;
    let app = sent.app();
    let fields = reveal::fields(&sent.parameters);
    let asked = Asked { fields: &fields, reason: reveal::reason(&sent.parameters)? };
    let (record, shown) = app.reveal_review(&permit, &sent.id, asked).await?;
    let page = Page {
        tenant: permit.id().clone(),
        reader: query::reader(&sent.server, &sent.caller),
        now: app.clock().now(),
        shown,
        may_work: app.may(&sent.caller, Action::WorkReviews, permit.id()),
        may_judge: app.may(&sent.caller, Action::TellOutcomes, permit.id()),
        may_reveal: true,
        revealed: Some(record),
        told: None,
    };
    Ok(page.render().into_response())
}

/// Answers `POST /reviews`: puts a decision into the queue.
pub(super) async fn open(
    State(server): State<Server>,
    Known(caller): Known,
    form: Result<Form<Pairs>, FormRejection>,
) -> Result<Response, Fault> {
    let parameters = of_form(form)?;
    let permit = named_tenant(&server, &caller, Action::WorkReviews, &parameters).await?;
    let decision = query::decision_id(parameters.get("decision").unwrap_or_default())?;
    let audience = parameters.get("audience").map(str::to_owned);
    let handing = Handing { audience, ..Handing::default() };
    let reason = parameters.text("reason");
    let head = server.0.app.open_review(&permit, &decision, (handing, &reason)).await?;
    Ok(back(&format!("{PAGES}/{}", head.id), permit.id(), "opened"))
}

/// Answers `POST /reviews/{id}/assign`.
pub(super) async fn assign(sent: Sent) -> Result<Response, Fault> {
    let permit = sent.permit(Action::WorkReviews).await?;
    let handed = (sent.version()?, handing(&sent.parameters)?);
    sent.app().hand_review(&permit, &sent.id, handed).await?;
    Ok(sent.back(PAGES, permit.id(), "assigned"))
}

/// Answers `POST /reviews/{id}/comment`.
pub(super) async fn comment(sent: Sent) -> Result<Response, Fault> {
    let permit = sent.permit(Action::WorkReviews).await?;
    let actor = sent.actor(&permit)?;
    sent.app().remark_review(&permit, &sent.id, (&actor, &sent.parameters.text("text"))).await?;
    Ok(sent.back(PAGES, permit.id(), "noted"))
}

/// Answers `POST /reviews/{id}/verdict`.
pub(super) async fn verdict(sent: Sent) -> Result<Response, Fault> {
    let permit = sent.permit_within(Action::TellOutcomes).await?;
    let verdict = match sent.get("verdict") {
        Some("legitimate") => PersonVerdict::Legitimate,
        Some("fraudulent") => PersonVerdict::Fraudulent,
        _ => return Err(Fault::query("`verdict` is `legitimate` or `fraudulent`")),
    };
    let reason = sent.parameters.text("reason");
    let actor = sent.get("actor");
    let given = VerdictGiven { verdict, reason: &reason, actor, version: sent.version()? };
    sent.app().close_review(&permit, &sent.id, given).await?;
    Ok(sent.back(PAGES, permit.id(), "judged"))
}

fn told(word: Option<&str>) -> Option<&'static str> {
    match word? {
        "opened" => Some("The decision waits for a person now."),
        "assigned" => Some("It was given into other hands."),
        "noted" => Some("Your comment was added."),
        "judged" => Some("What it was is recorded, and the model learns from it."),
        _ => None,
    }
}

/// The form on a decision's page that puts it into the queue.
pub(super) fn ask((tenant, reader): (&TenantId, &Reader), decision: &str) -> Markup {
    html! {
        details name="act" {
            summary { "Have it reviewed…" }
            form.fields method="post" action="/reviews" {
                input type="hidden" name="tenant" value=(tenant);
                input type="hidden" name="decision" value=(decision);
                label { "Queue; empty for the usual one" input type="text" name="audience" maxlength="40" pattern="[a-z0-9_]+" autocomplete="off" spellcheck="false"; }
                label { "Why" textarea name="reason" rows="2" required maxlength="1000" {} }
                (actor(reader))
                div.buttons { button.primary type="submit" { "Put it there" } }
            }
        }
    }
}

impl Page {
    fn render(&self) -> Markup {
        let review = &self.shown.listed.review;
        let main = html! {
            div.heading { h1 { "Review" } span.tag { (review.status) } }
            @if let Some(told) = self.told { p.banner.good role="status" { (told) } }
            @if let Some(record) = &self.revealed { (reveal::banner(record)) }
            div.columns {
                div { (self.facts()) (self.said()) }
                div.narrow { (self.acts()) }
            }
        };
        let trail = trail_through(&self.tenant, "Reviews", "/reviews");
        let layout = Layout {
            title: "Review",
            tenant: &self.tenant,
            reader: &self.reader,
            trail,
            now: Some(self.now),
            scripts: &[],
        };
        layout.render(&main)
    }

    fn facts(&self) -> Markup {
        let listed = &self.shown.listed;
        let review = &listed.review;
        let at = |path: String| Link::to(&path).with("tenant", self.tenant.as_str()).done();
        let is_late = review.status == "open" && review.due < self.now;
        html! {
            section.card aria-labelledby="facts-title" {
                h2 #facts-title { "What it is about" }
                dl.pairs {
                    div { dt { "Decision" } dd { a href=(at(format!("/decisions/{}", review.decision))) { code { (words::end(&review.decision)) } } } }
                    div { dt { "Level" } dd { @match listed.level { Some(level) => (words::level(level)), None => "no longer kept" } } }
                    @if let Some(trigger) = listed.trigger { div { dt { "Asked by" } dd { (trigger) } } }
                    @if let Some(alias) = &listed.alias { div { dt { "Who" } dd { (words::alias(alias)) } } }
                    div { dt { "Here since" } dd { (words::absolute(review.opened)) @if review.origin == "risk" { ", by its risk" } @else { ", by a person" } } }
                    @if let Some(because) = &self.shown.because { div { dt { "Why" } dd.wrap { (because) } } }
                    div { dt { "Look by" } dd { (words::absolute(review.due)) @if is_late { " · " strong.alarm { "overdue" } } } }
                    div { dt { "Queue" } dd { (review.audience.replace('_', " ")) " · " (priority(review.priority)) @if review.escalated.is_some() { " · escalated" } } }
                    div { dt { "Assignee" } dd { (review.assignee.as_deref().unwrap_or("nobody")) } }
                    @if let Some(verdict) = &review.verdict {
                        div { dt { "It was" } dd.wrap { (verdict) @if let Some(by) = &self.shown.closed_by { ", says " (by) } @if let Some(why) = &self.shown.closing { ": " (why) } } }
                    }
                    @if let Some(mark) = &review.mark { div { dt { "Mark" } dd { a href=(at(format!("/plans/{mark}"))) { "the plan that marks the user" } } } }
                    @if let Some(clearing) = &review.clearing { div { dt { "Cleared" } dd { a href=(at(format!("/plans/{clearing}"))) { "the plan that takes the mark back" } } } }
                }
            }
        }
    }

    fn said(&self) -> Markup {
        html! {
            section.card aria-labelledby="said-title" {
                h2 #said-title { "Comments" }
                @if self.shown.remarks.is_empty() { p.quiet { "Nobody wrote anything yet." } }
                @for remark in &self.shown.remarks {
                    article.comment {
                        p { strong { (remark.by) } " " span.quiet { (words::time(remark.at, self.now)) } }
                        p.text { (remark.text) }
                    }
                }
            }
        }
    }

    fn acts(&self) -> Markup {
        let review = &self.shown.listed.review;
        let is_open = review.status == "open";
        let choice = Choice { field: "texts", text: "What people wrote", shown: None, is_chosen: true };
        let action = Link::to(&format!("/reviews/{}/reveal", review.id)).done();
        html! {
            section.card.acts aria-labelledby="acts-title" {
                h2 #acts-title { "Act" }
                @if is_open && self.may_judge {
                    (self.form("verdict", "Say what it was", &html! {
                        fieldset {
                            legend { "It was" }
                            label.check { input type="radio" name="verdict" value="legitimate" required; span { "legitimate: the person's profile learns it in full" } }
                            label.check { input type="radio" name="verdict" value="fraudulent"; span { "fraudulent: what was learned from it is taken out" } }
                        }
                        label { "Why" textarea name="reason" rows="3" required maxlength="1000" {} }
                        (actor(&self.reader))
                    }))
                }
                @if is_open && self.may_work { (self.form("assign", "Assign", &hands(&review.audience, review.priority, review.assignee.as_deref()))) }
                @if self.may_work {
                    (self.form("comment", "Comment", &html! {
                        label { "Comment" textarea name="text" rows="4" required maxlength=(MAX_REMARK_BYTES) {} }
                        (actor(&self.reader))
                    }))
                }
                @if self.may_reveal { (reveal::form((&self.tenant, &self.reader), &action, &[choice], &[])) }
            }
        }
    }

    fn form(&self, act: &str, title: &str, fields: &Markup) -> Markup {
        let review = &self.shown.listed.review;
        let action = Link::to(&format!("/reviews/{}/{act}", review.id)).done();
        html! {
            details name="act" {
                summary { (title) }
                form.fields method="post" action=(action) {
                    input type="hidden" name="tenant" value=(self.tenant);
                    input type="hidden" name="version" value=(review.version);
                    (fields)
                    div.buttons { button.primary type="submit" { (title) } }
                }
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use countersign_app::acts::RemarkShown;

    use super::*;
    use crate::console::{reviews::tests::listed, samples};

    fn page(status: &str) -> String {
        let remark = RemarkShown {
            id: "rec_1".to_owned(),
            by: "mia".to_owned(),
            text: samples::HOSTILE.to_owned(),
            at: samples::now(),
        };
        let page = Page {
            tenant: samples::tenant(),
            reader: samples::reader(),
            now: samples::now(),
            shown: ReviewShown {
                listed: listed(status),
                because: Some(samples::HOSTILE.to_owned()),
                closing: Some(samples::HOSTILE.to_owned()),
                closed_by: Some("noa".to_owned()),
                remarks: vec![remark],
            },
            may_work: true,
            may_judge: true,
            may_reveal: true,
            revealed: Some("rec_9".to_owned()),
            told: told(Some("noted")),
        };
        page.render().into_string()
    }

    #[test]
    fn a_review_is_shown_whole_and_nothing_of_it_is_markup() {
        let open = page("open");
        samples::check_page(&open);
        for part in [
            "/decisions/",
            "/plans/pln_1",
            "name=\"version\" value=\"3\"",
            "/verdict\"",
            "escalated",
            "rec_9",
        ] {
            assert!(open.contains(part), "{part}");
        }
        let closed = page("closed");
        samples::check_page(&closed);
        assert!(closed.contains("fraudulent, says noa") && !closed.contains("/verdict\""));
    }

    #[test]
    fn a_decision_is_put_there_with_a_reason() {
        let form = ask((&samples::tenant(), &samples::reader()), samples::HOSTILE_ID).into_string();
        samples::check_fragment(&form);
        assert!(form.contains("action=\"/reviews\"") && form.contains("name=\"reason\""));
    }
}
