//! `/reviews`: decisions that wait for a person; they name nobody.

use axum::{
    extract::{Query, State, rejection::QueryRejection},
    response::{IntoResponse, Response},
};
use countersign_app::reviews::{ReviewFilter, ReviewListed};
use countersign_core::{TenantId, Timestamp};
use countersign_rights::Action;
use maud::{Markup, html};

use super::{
    confirm::Pairs,
    fault::Fault,
    filter,
    layout::{Layout, trail_to},
    plans::priority,
    query::{self, Link, Parameters, Reader, permitted},
    words,
};
use crate::{Server, authn::Known};

/// Reviews on one page.
const PAGE: u32 = 50;

/// The most open ones that are put in the order of what presses.
const OPEN: u32 = 200;

/// What the page shows.
struct Page {
    tenant: TenantId,
    reader: Reader,
    now: Timestamp,
    wanted: Wanted,
    rows: Vec<ReviewListed>,
    has_more: bool,
}

/// Which reviews are asked for; open ones where nothing else is.
#[derive(Default)]
struct Wanted {
    is_closed: bool,
    audience: Option<String>,
    assignee: Option<String>,
    is_overdue: bool,
}

impl Wanted {
    fn read(parameters: &Parameters) -> Result<Self, Fault> {
        let owned = |name: &str| parameters.get(name).map(str::to_owned);
        let is_closed = match parameters.get("status") {
            None | Some("open") => false,
            Some("closed") => true,
            Some(_) => return Err(Fault::query("`status` is `open` or `closed`")),
        };
        Ok(Self {
            is_closed,
            audience: owned("audience"),
            assignee: owned("assignee"),
            is_overdue: parameters.get("overdue").is_some(),
        })
    }

    const fn is_narrow(&self) -> bool {
        self.is_closed || self.audience.is_some() || self.assignee.is_some() || self.is_overdue
    }

    const fn status(&self) -> &'static str {
        if self.is_closed { "closed" } else { "open" }
    }

    fn of_store(&self, now: Timestamp) -> ReviewFilter {
        ReviewFilter {
            status: Some(self.status().to_owned()),
            audience: self.audience.clone(),
            assignee: self.assignee.clone(),
            overdue_at: self.is_overdue.then_some(now),
            ..ReviewFilter::default()
        }
    }

    fn link(&self, tenant: &TenantId) -> Link {
        let pairs = [
            ("status", self.is_closed.then_some("closed")),
            ("audience", self.audience.as_deref()),
            ("assignee", self.assignee.as_deref()),
            ("overdue", self.is_overdue.then_some("yes")),
        ];
        Link::to("/reviews").with("tenant", tenant.as_str()).with_those(&pairs)
    }
}

/// Answers `GET /reviews`.
pub(super) async fn handle(
    State(server): State<Server>,
    Known(caller): Known,
    query: Result<Query<Pairs>, QueryRejection>,
) -> Result<Response, Fault> {
    let parameters = Parameters::of_query(query)?;
    let permit = permitted(&server, &caller, Action::ReadPlans, &parameters).await?;
    let app = &server.0.app;
    let (now, wanted) = (app.clock().now(), Wanted::read(&parameters)?);
    let filter = ReviewFilter { before: parameters.get("before").map(str::to_owned), ..wanted.of_store(now) };
    let most = if wanted.is_closed { PAGE } else { OPEN };
    let mut rows = app.reviews(&permit, filter, most + 1).await?;
    let has_more = u32::try_from(rows.len()).is_ok_and(|count| count > most);
    rows.truncate(usize::try_from(most).unwrap_or(usize::MAX));
    let page = Page {
        tenant: permit.id().clone(),
        reader: query::reader(&server, &caller),
        now,
        wanted,
        rows,
        has_more,
    };
    Ok(page.render().into_response())
}

impl Page {
    fn render(&self) -> Markup {
        let mut rows: Vec<&ReviewListed> = self.rows.iter().collect();
        let oldest = rows.last().map(|row| row.review.id.clone());
        if !self.wanted.is_closed {
            rows.sort_by_key(|row| (std::cmp::Reverse(row.review.priority), row.review.due));
        }
        let main = html! {
            h1 { "Reviews" }
            p.lead { "Decisions that a person looks at: sign-ups of high risk, and what somebody put here. What they were is what the model learns from." }
            (self.filters())
            @if rows.is_empty() { (self.empty()) } @else { (self.table(&rows)) }
            @if let Some(oldest) = oldest.filter(|_| self.has_more) {
                nav.pages aria-label="Pages" {
                    a.button href=(self.wanted.link(&self.tenant).with("before", &oldest).done()) { "Older reviews" }
                }
            }
        };
        let layout = Layout {
            title: "Reviews",
            tenant: &self.tenant,
            reader: &self.reader,
            trail: trail_to(&self.tenant, None),
            now: Some(self.now),
            scripts: &[],
        };
        layout.render(&main)
    }

    fn filters(&self) -> Markup {
        let wanted = &self.wanted;
        html! {
            form.filter method="get" action="/reviews" role="search" aria-label="Filter the reviews" {
                input type="hidden" name="tenant" value=(self.tenant);
                (filter::choice("status", "Status", &["open", "closed"], Some(wanted.status())))
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
                    h3 { "No review fits" }
                    p { "Take a filter away, or " a href=(Wanted::default().link(&self.tenant).done()) { "look at all that is open" } "." }
                } @else {
                    h3 { "Nothing waits" }
                    p { "A decision's page puts it here, and sign-ups of high risk come by themselves." }
                }
            }
        }
    }

    fn table(&self, rows: &[&ReviewListed]) -> Markup {
        html! {
            table.rows role="table" aria-label="Reviews, what presses most first" {
                thead role="rowgroup" {
                    tr role="row" {
                        @for name in ["What", "Level", "Who", "Queue", "Presses", "Assignee", "Look by"] {
                            th scope="col" role="columnheader" { (name) }
                        }
                    }
                }
                tbody role="rowgroup" { @for row in rows { (self.row(row)) } }
            }
        }
    }

    fn row(&self, ReviewListed { review, level, trigger, alias, .. }: &ReviewListed) -> Markup {
        let link = Link::to(&format!("/reviews/{}", review.id)).with("tenant", self.tenant.as_str()).done();
        let is_late = review.status == "open" && review.due < self.now;
        html! {
            tr role="row" {
                th scope="row" role="rowheader" {
                    a href=(link) { @match trigger { Some(trigger) => (trigger), None => "no longer kept" } }
                    @if let Some(verdict) = &review.verdict { " · " (verdict) }
                }
                td role="cell" data-label="Level" { @match level { Some(level) => (words::level(*level)), None => "–" } }
                td role="cell" data-label="Who" { @match alias { Some(alias) => (words::alias(alias)), None => "–" } }
                td role="cell" data-label="Queue" { (review.audience.replace('_', " ")) }
                td role="cell" data-label="Presses" { (priority(review.priority)) @if review.escalated.is_some() { " · escalated" } }
                td role="cell" data-label="Assignee" { @match &review.assignee { Some(assignee) => (assignee), None => span.quiet { "nobody" } } }
                td role="cell" data-label="Look by" { (words::absolute(review.due)) @if is_late { " · " strong.alarm { "overdue" } } }
            }
        }
    }
}

#[cfg(test)]
pub(super) mod tests {
    use countersign_app::reviews::ReviewHead;
    use countersign_core::{Level, Trigger};

    use super::*;
    use crate::console::samples;

    /// A review, with hostile words where people wrote some.
    pub(in crate::console) fn listed(status: &str) -> ReviewListed {
        ReviewListed {
            review: ReviewHead {
                id: "rvw_1".to_owned(),
                version: 3,
                decision: samples::DECISION.to_owned(),
                origin: "risk".to_owned(),
                audience: "customer_success".to_owned(),
                priority: 3,
                status: status.to_owned(),
                verdict: (status == "closed").then(|| "fraudulent".to_owned()),
                opener: "reviews".to_owned(),
                assignee: Some(samples::HOSTILE.to_owned()),
                opened: samples::now(),
                due: samples::now().plus(-1),
                escalated: Some(samples::now()),
                closed: None,
                mark: Some("pln_1".to_owned()),
                clearing: Some("pln_2".to_owned()),
            },
            decided: Some(samples::now()),
            level: Some(Level::High),
            trigger: Some(Trigger::PostUserRegistration),
            alias: Some("als_0123456789abcdef".to_owned()),
        }
    }

    fn page(rows: Vec<ReviewListed>, is_closed: bool) -> String {
        let page = Page {
            tenant: samples::tenant(),
            reader: samples::reader(),
            now: samples::now(),
            wanted: Wanted { is_closed, audience: Some(samples::HOSTILE.to_owned()), ..Wanted::default() },
            has_more: !rows.is_empty(),
            rows,
        };
        page.render().into_string()
    }

    #[test]
    fn what_waits_is_listed_and_nothing_of_it_is_markup() {
        let gone = ReviewListed { level: None, trigger: None, alias: None, ..listed("open") };
        let page = page(vec![listed("open"), gone], false);
        samples::check_page(&page);
        for part in
            ["post-user-registration", "customer success", "urgent · escalated", "overdue", "no longer kept"]
        {
            assert!(page.contains(part), "{part}");
        }
    }

    #[test]
    fn an_empty_list_says_so() {
        let page = page(Vec::new(), true);
        samples::check_page(&page);
        assert!(page.contains("No review fits") && !page.contains("Older reviews"));
    }
}
