//! `/incidents`: what was found at a tenant, the newest first. It names nobody.

use axum::{
    extract::{Query, State, rejection::QueryRejection},
    response::{IntoResponse, Response},
};
use countersign_app::incidents::{IncidentFilter, Listed, Severity, Status, severity_word};
use countersign_core::{TenantId, Timestamp};
use maud::{Markup, html};

use super::{
    fault::Fault,
    layout::{Layout, trail_to},
    query::{self, Link, Parameters},
    words,
};
use crate::{
    Server,
    api::{read_cursor, write_cursor},
};

/// Incidents on one page.
const PAGE: u32 = 50;

/// What the page shows.
struct Page {
    tenant: TenantId,
    tenants: Vec<TenantId>,
    now: Timestamp,
    status: Option<Status>,
    least: Severity,
    rows: Vec<Listed>,
    /// Whether older incidents follow.
    has_more: bool,
}

/// Answers `GET /incidents`.
pub(super) async fn handle(
    State(server): State<Server>,
    query: Result<Query<Vec<(String, String)>>, QueryRejection>,
) -> Result<Response, Fault> {
    let parameters = Parameters::of_query(query)?;
    let tenant = parameters.tenant(&server)?;
    let status = parameters.get("status").map(|word| {
        Status::parse(word).ok_or_else(|| Fault::query("`status` is `open`, `acknowledged` or `closed`"))
    });
    let status = status.transpose()?;
    let least = parameters.get("severity").map_or(Ok(Severity::Informational), |word| {
        let least = Severity::ALL.into_iter().find(|severity| severity.word() == word);
        least.ok_or_else(|| {
            Fault::query("`severity` is one of `informational`, `low`, `medium`, `high`, `critical`")
        })
    })?;
    let before = parameters.get("before").map(|text| {
        read_cursor(text).ok_or_else(|| Fault::query("`before` is what the link to older incidents says"))
    });
    let filter = IncidentFilter {
        severity: least.rank(),
        status: status.map(|status| status.as_str().to_owned()),
        before: before.transpose()?,
        ..IncidentFilter::default()
    };
    let app = &server.0.app;
    let mut rows = app.incidents(&tenant, filter, PAGE + 1).await?;
    let shown = usize::try_from(PAGE).unwrap_or(usize::MAX);
    let has_more = rows.len() > shown;
    rows.truncate(shown);
    let page = Page {
        tenant: tenant.id().clone(),
        tenants: query::tenants(&server),
        now: app.clock().now(),
        status,
        least,
        rows,
        has_more,
    };
    Ok(page.render().into_response())
}

impl Page {
    fn render(&self) -> Markup {
        let main = html! {
            div.heading { h1 { "Incidents" } }
            (self.filters())
            @if self.rows.is_empty() {
                p.note { "Nothing was found, or nothing like this." }
            } @else {
                (self.table())
            }
            @if self.has_more && let Some(last) = self.rows.last() {
                p { a.button href=(self.link().with("before", &write_cursor(last.row.last, &last.row.id)).done()) { "Older incidents" } }
            }
        };
        let layout = Layout {
            title: "Incidents",
            tenant: &self.tenant,
            tenants: &self.tenants,
            trail: trail_to(&self.tenant, None),
            now: Some(self.now),
            scripts: &[],
        };
        layout.render(&main)
    }

    /// This page with its filter.
    fn link(&self) -> Link {
        let link = Link::to("/incidents").with("tenant", self.tenant.as_str());
        link.with("status", self.status.map_or("", Status::as_str)).with("severity", self.least.word())
    }

    fn filters(&self) -> Markup {
        let of = |status: Option<Status>, least: Severity| {
            Self {
                status,
                least,
                rows: Vec::new(),
                has_more: false,
                tenants: Vec::new(),
                tenant: self.tenant.clone(),
                now: self.now,
            }
            .link()
            .done()
        };
        let statuses = [None, Some(Status::Open), Some(Status::Acknowledged), Some(Status::Closed)];
        html! {
            nav aria-label="Which incidents" {
                p {
                    @for status in statuses {
                        a href=(of(status, self.least)) aria-current=[(status == self.status).then_some("true")] {
                            (status.map_or("any", Status::as_str))
                        }
                        " "
                    }
                    span.quiet { " · at least " }
                    @for least in Severity::ALL {
                        a href=(of(self.status, least)) aria-current=[(least == self.least).then_some("true")] { (least.word()) }
                        " "
                    }
                }
            }
        }
    }

    fn table(&self) -> Markup {
        html! {
            section aria-labelledby="incidents-title" {
                h2 #incidents-title { "Newest first" }
                table {
                    thead {
                        tr {
                            th scope="col" { "Severity" }
                            th scope="col" { "What" }
                            th scope="col" { "Alerts" }
                            th scope="col" { "Accounts" }
                            th scope="col" { "Status" }
                            th scope="col" { "Assignee" }
                            th scope="col" { "Newest finding" }
                        }
                    }
                    tbody { @for listed in &self.rows { (self.row(listed)) } }
                }
            }
        }
    }

    fn row(&self, Listed { row, incident }: &Listed) -> Markup {
        let link = Link::to(&format!("/incidents/{}", row.id)).with("tenant", self.tenant.as_str()).done();
        let is_grave = row.severity >= Severity::High.rank();
        let is_late = row.status == Status::Open.as_str() && row.due < self.now;
        html! {
            tr {
                td { @if is_grave { strong.alarm { (severity_word(row.severity)) } } @else { (severity_word(row.severity)) } }
                th scope="row" {
                    a href=(link) { @match incident { Some(incident) => (incident.title()), None => "erased" } }
                }
                td { (words::count(row.alerts)) }
                td { @if let Some(incident) = incident { (incident.users().len()) } }
                td {
                    (row.status)
                    @if let Some(disposition) = &row.disposition { " · " (disposition.replace('_', " ")) }
                    @if is_late { " · " strong.alarm { "overdue" } }
                }
                td { (row.assignee.as_deref().unwrap_or("nobody")) }
                td { (words::time(row.last, self.now)) }
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::console::{incident::tests::opened, samples};

    fn page(rows: Vec<Listed>, has_more: bool) -> String {
        let page = Page {
            tenant: samples::tenant(),
            tenants: vec![samples::tenant()],
            now: samples::now(),
            status: Some(Status::Open),
            least: Severity::Low,
            rows,
            has_more,
        };
        page.render().into_string()
    }

    #[test]
    fn rows_name_nobody_and_nothing_of_them_is_markup() {
        let mut opened = opened();
        opened.row.assignee = Some(samples::HOSTILE.to_owned());
        opened.row.due = samples::now().plus(-1);
        let listed = Listed { row: opened.row.clone(), incident: Some(opened.incident) };
        let erased = Listed { row: opened.row, incident: None };
        let page = page(vec![listed, erased], true);
        samples::check_page(&page);
        for part in [
            "Many wrong passwords",
            "overdue",
            "erased",
            "Older incidents",
            "status=open&amp;severity=low&amp;before=",
        ] {
            assert!(page.contains(part), "{part}");
        }
    }

    #[test]
    fn an_empty_list_says_so() {
        let page = page(Vec::new(), false);
        samples::check_page(&page);
        assert!(page.contains("Nothing was found") && !page.contains("Older incidents"));
    }
}
