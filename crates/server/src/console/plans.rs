//! `/plans`: what waits for whoever reads, and all plans; they name nobody.

use axum::{
    Form,
    extract::{
        Query, State,
        rejection::{FormRejection, QueryRejection},
    },
    response::{IntoResponse, Response},
};
use countersign_app::acts::{KindCount, PlanFilter, PlanListed};
use countersign_core::{TenantId, Timestamp};
use countersign_rights::Action;
use maud::{Markup, html};

use super::{
    confirm::{Pairs, named_tenant, of_form},
    fault::Fault,
    filter,
    layout::{Layout, trail_to},
    query::{self, Link, Parameters, Reader, permitted},
    sent::back,
    words,
};
use crate::{Server, api::PLAN_STATES, authn::Known};

/// Plans on one page.
const PAGE: u32 = 50;

/// What the page shows.
struct Page {
    tenant: TenantId,
    reader: Reader,
    now: Timestamp,
    wanted: Wanted,
    /// What waits for whoever reads; `None`: nothing can, since they approve nothing.
    waiting: Option<Vec<PlanListed>>,
    rows: Vec<PlanListed>,
    /// Whether older plans follow.
    has_more: bool,
    breaker: Breaker,
    told: Option<&'static str>,
}

/// How the breaker stands, and what the reader may do about it.
#[derive(Default)]
struct Breaker {
    is_open: bool,
    may_close: bool,
    may_report: bool,
}

/// Which plans are asked for.
#[derive(Default)]
struct Wanted {
    state: Option<String>,
    audience: Option<String>,
    assignee: Option<String>,
    is_overdue: bool,
}

impl Wanted {
    fn read(parameters: &Parameters) -> Result<Self, Fault> {
        let owned = |name: &str| parameters.get(name).map(str::to_owned);
        let state = owned("state");
        if state.as_ref().is_some_and(|state| !PLAN_STATES.contains(&state.as_str())) {
            return Err(Fault::query("`state` is one that the form offers"));
        }
        Ok(Self {
            state,
            audience: owned("audience"),
            assignee: owned("assignee"),
            is_overdue: parameters.get("overdue").is_some(),
        })
    }

    const fn is_narrow(&self) -> bool {
        self.state.is_some() || self.audience.is_some() || self.assignee.is_some() || self.is_overdue
    }

    fn of_store(&self, now: Timestamp) -> PlanFilter {
        PlanFilter {
            states: self.state.clone().into_iter().collect(),
            audience: self.audience.clone(),
            assignee: self.assignee.clone(),
            overdue_at: self.is_overdue.then_some(now),
            ..PlanFilter::default()
        }
    }

    /// The page with this filter.
    fn link(&self, tenant: &TenantId) -> Link {
        let pairs = [
            ("state", self.state.as_deref()),
            ("audience", self.audience.as_deref()),
            ("assignee", self.assignee.as_deref()),
            ("overdue", self.is_overdue.then_some("yes")),
        ];
        Link::to("/plans").with("tenant", tenant.as_str()).with_those(&pairs)
    }
}

/// What a plan does, in one line.
pub(super) fn summary(kinds: &[KindCount], is_erased: bool) -> String {
    if is_erased {
        return "erased".to_owned();
    }
    let one = |KindCount { kind, count }: &KindCount| {
        let words = kind.replace('_', " ");
        if *count == 1 { words } else { format!("{words} ×{count}") }
    };
    let said: Vec<String> = kinds.iter().take(4).map(one).collect();
    let more = kinds.len().saturating_sub(4);
    let rest = if more > 0 { format!(" and {} more", many(more, "kind")) } else { String::new() };
    let mut text = said.join(", ") + &rest;
    // Why: it begins a line; kinds are words of ours.
    if let Some(first) = text.get_mut(..1) {
        first.make_ascii_uppercase();
    }
    if text.is_empty() { "Nothing".to_owned() } else { text }
}

/// So many of something.
pub(super) fn many(count: usize, one: &str) -> String {
    let s = if count == 1 { "" } else { "s" };
    format!("{} {one}{s}", words::count(u64::try_from(count).unwrap_or(u64::MAX)))
}

pub(super) fn many_of(count: u64, one: &str) -> String {
    many(usize::try_from(count).unwrap_or(usize::MAX), one)
}

/// How much something presses, for people.
pub(super) const fn priority(priority: u8) -> &'static str {
    match priority {
        0 => "low",
        1 => "normal",
        2 => "high",
        _ => "urgent",
    }
}

/// Answers `GET /plans`.
pub(super) async fn handle(
    State(server): State<Server>,
    Known(caller): Known,
    query: Result<Query<Pairs>, QueryRejection>,
) -> Result<Response, Fault> {
    let parameters = Parameters::of_query(query)?;
    let permit = permitted(&server, &caller, Action::ReadPlans, &parameters).await?;
    let app = &server.0.app;
    let (now, wanted) = (app.clock().now(), Wanted::read(&parameters)?);
    let before = parameters.get("before").map(str::to_owned);
    let filter = PlanFilter { before, ..wanted.of_store(now) };
    let mut rows = app.plans(&permit, filter, PAGE + 1).await?;
    let has_more = u32::try_from(rows.len()).is_ok_and(|count| count > PAGE);
    rows.truncate(usize::try_from(PAGE).unwrap_or(usize::MAX));
    let waiting = match app.may(&caller, Action::ApprovePlans, permit.id()) {
        true => Some(app.plans_to_approve(&permit, &caller, wanted.audience.clone()).await?),
        false => None,
    };
    let page = Page {
        tenant: permit.id().clone(),
        reader: query::reader(&server, &caller),
        now,
        wanted,
        waiting,
        rows,
        has_more,
        breaker: Breaker {
            is_open: app.is_breaker_open(&permit).await?,
            may_close: app.may(&caller, Action::ExecutePlans, permit.id()),
            may_report: app.may(&caller, Action::WorkReviews, permit.id()),
        },
        told: match parameters.get("told") {
            Some("harm") => Some("Harm was reported: nothing goes by itself from now on."),
            Some("closed") => Some("The breaker was closed."),
            _ => None,
        },
    };
    Ok(page.render().into_response())
}

/// Answers `POST /breaker/harm`.
pub(super) async fn harm(
    State(server): State<Server>,
    Known(caller): Known,
    form: Result<Form<Pairs>, FormRejection>,
) -> Result<Response, Fault> {
    let permit = named_tenant(&server, &caller, Action::WorkReviews, &of_form(form)?).await?;
    server.0.app.report_harm(&permit).await?;
    Ok(back("/plans", permit.id(), "harm"))
}

/// Answers `POST /breaker/close`.
pub(super) async fn close(
    State(server): State<Server>,
    Known(caller): Known,
    form: Result<Form<Pairs>, FormRejection>,
) -> Result<Response, Fault> {
    let permit = named_tenant(&server, &caller, Action::ExecutePlans, &of_form(form)?).await?;
    server.0.app.close_breaker(&permit).await?;
    Ok(back("/plans", permit.id(), "closed"))
}

impl Page {
    fn render(&self) -> Markup {
        let main = html! {
            h1 { "Plans" }
            p.lead { "What is to be written at the tenant. Nothing is, before a person or the policy countersigned exactly it." }
            @if let Some(told) = self.told { p.banner.good role="status" { (told) } }
            @if self.breaker.is_open { (self.breaker()) }
            (self.waiting())
            section.queue aria-labelledby="all-title" {
                h2 #all-title { "All plans" }
                (self.filters())
                @if self.rows.is_empty() { (self.empty()) } @else { (self.table(&self.rows, "Plans, the newest first")) }
                @if let Some(last) = self.rows.last().filter(|_| self.has_more) {
                    nav.pages aria-label="Pages" {
                        a.button href=(self.wanted.link(&self.tenant).with("before", &last.plan.id).done()) { "Older plans" }
                    }
                }
            }
            @if !self.breaker.is_open { (self.breaker()) }
        };
        let layout = Layout {
            title: "Plans",
            tenant: &self.tenant,
            reader: &self.reader,
            trail: trail_to(&self.tenant, None),
            now: Some(self.now),
            scripts: &[],
        };
        layout.render(&main)
    }

    fn breaker(&self) -> Markup {
        let form = |action: &str, text: &str| {
            html! {
                form method="post" action=(action) {
                    input type="hidden" name="tenant" value=(self.tenant);
                    button.ghost type="submit" { (text) }
                }
            }
        };
        html! {
            @if self.breaker.is_open {
                div.banner.alarm role="status" {
                    p { strong { "The breaker is open. " } "Runs failed, or somebody reported harm: nothing goes by itself, and people are asked for everything." }
                    @if self.breaker.may_close { (form("/breaker/close", "Close the breaker")) }
                }
            } @else if self.breaker.may_report {
                details.acts.harm {
                    summary { "Something did harm…" }
                    p { "Until somebody closes the breaker, nothing goes by itself then: people are asked for everything." }
                    (form("/breaker/harm", "Report harm"))
                }
            }
        }
    }

    fn waiting(&self) -> Markup {
        html! {
            @if let Some(waiting) = &self.waiting {
                section.queue aria-labelledby="waiting-title" {
                    h2 #waiting-title { "Waits for you" @if !waiting.is_empty() { " " span.tag { (waiting.len()) } } }
                    @if waiting.is_empty() {
                        p.quiet { "Nothing: what is proposed is your own, or you agreed to it." }
                    } @else {
                        (self.table(waiting, "Plans that wait for you, what presses most first"))
                    }
                }
            }
        }
    }

    fn filters(&self) -> Markup {
        let wanted = &self.wanted;
        html! {
            form.filter method="get" action="/plans" role="search" aria-label="Filter the plans" {
                input type="hidden" name="tenant" value=(self.tenant);
                (filter::choice("state", "State", &PLAN_STATES, wanted.state.as_deref()))
                (filter::of_hands((wanted.audience.as_deref(), wanted.assignee.as_deref()), wanted.is_overdue))
                button type="submit" { "Apply" }
                @if wanted.is_narrow() { a href=(Wanted::default().link(&self.tenant).done()) { "Clear" } }
            }
        }
    }

    fn empty(&self) -> Markup {
        html! {
            div.card.empty {
                @if self.wanted.is_narrow() {
                    h3 { "No plan fits" }
                    p { "Take a filter away, or " a href=(Wanted::default().link(&self.tenant).done()) { "look at all plans" } "." }
                } @else {
                    h3 { "No plan" }
                    p { "An incident's page proposes one, and so does " code { "countersign plan propose" } "." }
                }
            }
        }
    }

    fn table(&self, rows: &[PlanListed], label: &str) -> Markup {
        html! {
            table.rows role="table" aria-label=(label) {
                thead role="rowgroup" {
                    tr role="row" {
                        @for name in ["What", "State", "Queue", "Presses", "Reaches", "Assignee", "Look by"] {
                            th scope="col" role="columnheader" { (name) }
                        }
                    }
                }
                tbody role="rowgroup" { @for listed in rows { (self.row(listed)) } }
            }
        }
    }

    fn row(&self, PlanListed { plan, kinds, is_erased }: &PlanListed) -> Markup {
        let link = Link::to(&format!("/plans/{}", plan.id)).with("tenant", self.tenant.as_str()).done();
        let is_late = plan.state == "proposed" && plan.due < self.now;
        html! {
            tr role="row" {
                th scope="row" role="rowheader" { a href=(link) { (summary(kinds, *is_erased)) } }
                td role="cell" data-label="State" {
                    (plan.state)
                    @if is_late { " · " strong.alarm { "overdue" } }
                }
                td role="cell" data-label="Queue" { (plan.audience.replace('_', " ")) }
                td role="cell" data-label="Presses" { (priority(plan.priority)) }
                td role="cell" data-label="Reaches" { (many_of(plan.users, "user")) ", " (many_of(plan.steps, "step")) }
                td role="cell" data-label="Assignee" { @match &plan.assignee { Some(assignee) => (assignee), None => span.quiet { "nobody" } } }
                td role="cell" data-label="Look by" { (words::absolute(plan.due)) }
            }
        }
    }
}

#[cfg(test)]
pub(super) mod tests {
    use countersign_app::acts::PlanHead;

    use super::*;
    use crate::console::samples;

    /// A plan that waits, with hostile words where people wrote some.
    pub(in crate::console) fn head() -> PlanHead {
        PlanHead {
            id: "pln_1".to_owned(),
            version: 1,
            state: "proposed".to_owned(),
            hash: "0".repeat(64),
            origin: "incident".to_owned(),
            incident: Some("inc_0123456789abcdef".to_owned()),
            undoes: Some("pln_0".to_owned()),
            audience: "security".to_owned(),
            priority: 2,
            proposer: "playbook".to_owned(),
            assignee: Some(samples::HOSTILE.to_owned()),
            steps: 3,
            users: 2,
            organizations: 0,
            is_by_policy: false,
            proposed: samples::now(),
            due: samples::now().plus(-1),
            expires: samples::now().plus(1),
            begun: None,
            changed: samples::now(),
            waits: None,
        }
    }

    fn page(rows: Vec<PlanListed>, is_open: bool) -> String {
        let page = Page {
            tenant: samples::tenant(),
            reader: samples::reader(),
            now: samples::now(),
            wanted: Wanted {
                state: Some("proposed".to_owned()),
                audience: Some(samples::HOSTILE.to_owned()),
                ..Wanted::default()
            },
            waiting: Some(rows.clone()),
            has_more: !rows.is_empty(),
            rows,
            breaker: Breaker { is_open, may_close: true, may_report: true },
            told: Some("It is so."),
        };
        page.render().into_string()
    }

    #[test]
    fn what_waits_stands_first_and_nothing_of_it_is_markup() {
        let kinds = [("block_user", 2), ("revoke_access", 1)]
            .map(|(kind, count)| KindCount { kind: kind.to_owned(), count });
        let listed = PlanListed { plan: head(), kinds: kinds.to_vec(), is_erased: false };
        let erased = PlanListed { kinds: Vec::new(), is_erased: true, ..listed.clone() };
        let page = page(vec![listed, erased], true);
        samples::check_page(&page);
        for part in [
            "Waits for you",
            "Block user ×2, revoke access",
            "erased",
            "overdue",
            "high",
            "Older plans",
            "Close the breaker",
            "before=pln_1",
        ] {
            assert!(page.contains(part), "{part}");
        }
    }

    #[test]
    fn an_empty_list_says_so() {
        let page = page(Vec::new(), false);
        samples::check_page(&page);
        assert!(page.contains("No plan fits") && page.contains("Nothing: what is proposed is your own"));
        assert!(page.contains("Report harm") && !page.contains("Older plans"));
    }
}
