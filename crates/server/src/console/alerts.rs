//! `/alerts`: what detectors found, told or not, the newest first. It names nobody.

use super::query::Reader;
use super::query::permitted;
use crate::authn::Known;
use axum::{
    extract::{Query, State, rejection::QueryRejection},
    response::{IntoResponse, Response},
};
use countersign_app::{
    App,
    incidents::{AlertFilter, AlertRow, Severity},
};
use countersign_core::{TenantId, Timestamp};
use countersign_rights::Action;
use maud::{Markup, html};

use super::{
    fault::Fault,
    filter::{self, Detectors},
    layout::{Layout, trail_to},
    query::{self, Link, Parameters},
    severity::severity,
    words,
};
use crate::{Server, api::write_cursor};

/// Alerts on one page.
const PAGE: u32 = 50;

/// Who is told, as it is stored, with what that means.
const AUDIENCES: [(&str, &str); 4] = [
    ("raised", "People are told."),
    ("learning", "Too little is known yet of what it is about; nobody is told."),
    ("suppressed", "Somebody suppressed it; nobody is told."),
    ("over_budget", "Its detector raised more than its budget that day; nobody is told."),
];

/// What the page shows.
struct Page {
    tenant: TenantId,
    reader: Reader,
    now: Timestamp,
    wanted: Wanted,
    detectors: Detectors,
    rows: Vec<AlertRow>,
    /// Whether older alerts follow.
    has_more: bool,
}

/// Which alerts are asked for.
#[derive(Default)]
struct Wanted {
    least: Option<Severity>,
    detector: Option<String>,
    audience: Option<String>,
    with_retracted: bool,
}

impl Wanted {
    const fn is_narrow(&self) -> bool {
        self.least.is_some() || self.detector.is_some() || self.audience.is_some()
    }

    fn link(&self, tenant: &TenantId) -> Link {
        let pairs = [
            ("severity", self.least.map(Severity::word)),
            ("detector", self.detector.as_deref()),
            ("audience", self.audience.as_deref()),
            ("retracted", self.with_retracted.then_some("yes")),
        ];
        Link::to("/alerts").with("tenant", tenant.as_str()).with_those(&pairs)
    }
}

/// Answers `GET /alerts`.
pub(super) async fn handle(
    State(server): State<Server>,
    Known(caller): Known,
    query: Result<Query<Vec<(String, String)>>, QueryRejection>,
) -> Result<Response, Fault> {
    let parameters = Parameters::of_query(query)?;
    let tenant = permitted(&server, &caller, Action::ReadIncidents, &parameters).await?;
    let wanted = Wanted {
        least: Some(filter::least(&parameters)?).filter(|least| *least > Severity::Informational),
        detector: parameters.get("detector").map(str::to_owned),
        audience: parameters.get("audience").map(str::to_owned),
        with_retracted: parameters.get("retracted").is_some(),
    };
    let filter = AlertFilter {
        severity: wanted.least.map_or(0, Severity::rank),
        detector: wanted.detector.clone(),
        audience: wanted.audience.clone(),
        with_retracted: wanted.with_retracted,
        before: filter::before(&parameters)?,
        ..AlertFilter::default()
    };
    let app = &server.0.app;
    let mut rows = app.alerts(&tenant, filter, PAGE + 1).await?;
    let shown = usize::try_from(PAGE).unwrap_or(usize::MAX);
    let has_more = rows.len() > shown;
    rows.truncate(shown);
    let page = Page {
        tenant: tenant.id().clone(),
        reader: query::reader(&server, &caller),
        now: app.clock().now(),
        wanted,
        detectors: App::detectors(&tenant)?,
        rows,
        has_more,
    };
    Ok(page.render().into_response())
}

impl Page {
    fn render(&self) -> Markup {
        let suppressions = Link::to("/suppressions").with("tenant", self.tenant.as_str()).done();
        let main = html! {
            div.heading { h1 { "Alerts" } a href=(suppressions) { "Suppressions" } }
            (self.filters())
            @if self.rows.is_empty() { (self.empty()) } @else { (self.table()) }
            @if self.has_more && let Some(last) = self.rows.last() {
                @let before = write_cursor(last.last, &last.id);
                nav.pages aria-label="Pages" {
                    a.button rel="next" href=(self.wanted.link(&self.tenant).with("before", &before).done()) { "Older alerts" }
                }
            }
        };
        let layout = Layout {
            title: "Alerts",
            tenant: &self.tenant,
            reader: &self.reader,
            trail: trail_to(&self.tenant, None),
            now: Some(self.now),
            scripts: &[],
        };
        layout.render(&main)
    }

    fn filters(&self) -> Markup {
        let audiences = AUDIENCES.map(|(word, _)| word);
        html! {
            form.filter method="get" action="/alerts" role="search" aria-label="Filter the alerts" {
                input type="hidden" name="tenant" value=(self.tenant);
                (filter::severities(self.wanted.least.unwrap_or(Severity::Informational)))
                (filter::detectors(&self.detectors, self.wanted.detector.as_deref(), "Any"))
                (filter::choice("audience", "Who is told", &audiences, self.wanted.audience.as_deref()))
                label.toggle {
                    input type="checkbox" name="retracted" value="yes" checked[self.wanted.with_retracted];
                    "With retracted ones"
                }
                button type="submit" { "Apply" }
                @if self.wanted.is_narrow() { a href=(Wanted::default().link(&self.tenant).done()) { "Clear" } }
            }
        }
    }

    fn empty(&self) -> Markup {
        html! {
            div.card.empty {
                @if self.wanted.is_narrow() {
                    h3 { "No alert fits" }
                    p { "Take a filter away, or " a href=(Wanted::default().link(&self.tenant).done()) { "look at all alerts" } "." }
                } @else {
                    h3 { "No alert" }
                    p { "The detectors found nothing in the tenant's log." }
                }
            }
        }
    }

    fn table(&self) -> Markup {
        html! {
            table.rows role="table" aria-label="Alerts, the newest finding first" {
                thead role="rowgroup" {
                    tr role="row" {
                        @for name in ["Severity", "What", "Who is told", "Incident", "Newest finding"] {
                            th scope="col" role="columnheader" { (name) }
                        }
                    }
                }
                tbody role="rowgroup" { @for row in &self.rows { (self.row(row)) } }
            }
        }
    }

    fn row(&self, row: &AlertRow) -> Markup {
        let title = self.detectors.iter().find(|(id, _)| *id == row.detector).map(|(_, title)| title);
        let meaning = AUDIENCES.iter().find(|(word, _)| *word == row.audience).map(|(_, meaning)| *meaning);
        html! {
            tr role="row" {
                td role="cell" { (severity(row.severity)) }
                th scope="row" role="rowheader" {
                    @if let Some(title) = title { (title) " " }
                    code.quiet { (row.detector) }
                    @if row.is_late { " " span.tag title="Its entries came late" { "late" } }
                    @if row.is_retracted { " " span.tag title="A replay in event time did not find it" { "retracted" } }
                }
                td role="cell" data-label="Who is told" {
                    @if row.audience == "raised" { "people" } @else { span.tag title=[meaning] { (row.audience.replace('_', " ")) } }
                }
                td role="cell" data-label="Incident" {
                    @match &row.incident {
                        Some(id) => a href=(Link::to(&format!("/incidents/{id}")).with("tenant", self.tenant.as_str()).done()) { code { (id) } },
                        None => span.quiet { "none" },
                    }
                }
                td role="cell" data-label="Newest finding" { (words::time(row.last, self.now)) }
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::console::samples;

    fn page(rows: Vec<AlertRow>) -> String {
        let page = Page {
            tenant: samples::tenant(),
            reader: samples::reader(),
            now: samples::now(),
            wanted: Wanted { detector: Some(samples::HOSTILE.to_owned()), ..Wanted::default() },
            detectors: vec![("mfa_fatigue".to_owned(), samples::HOSTILE.to_owned())],
            has_more: !rows.is_empty(),
            rows,
        };
        let page = page.render().into_string();
        samples::check_page(&page);
        page
    }

    #[test]
    fn an_alert_says_who_is_told_and_nothing_of_it_is_markup() {
        let row = |audience: &str, incident: Option<&str>| AlertRow {
            id: "alr_0000000000000001".to_owned(),
            detector: "mfa_fatigue".to_owned(),
            severity: 3,
            audience: audience.to_owned(),
            is_retracted: true,
            is_late: true,
            first: samples::now(),
            last: samples::now(),
            entity: 7,
            incident: incident.map(str::to_owned),
            key_id: "rec_1".to_owned(),
            sealed: Vec::new(),
        };
        let rows = vec![row("raised", Some("inc_1")), row("over_budget", None), row(samples::HOSTILE, None)];
        let page = page(rows);
        for part in ["over budget", "retracted", "/incidents/inc_1?", "more than its budget", "Older alerts"]
        {
            assert!(page.contains(part), "{part}");
        }
    }

    #[test]
    fn an_empty_list_says_so() {
        assert!(page(Vec::new()).contains("No alert fits"));
    }
}
