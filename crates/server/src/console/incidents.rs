//! `/incidents`: what was found at a tenant, the newest first. It names nobody.

use super::query::Reader;
use super::query::permitted;
use crate::authn::Known;
use axum::{
    Form,
    extract::{
        Query, State,
        rejection::{FormRejection, QueryRejection},
    },
    response::{IntoResponse, Redirect, Response},
};
use countersign_app::{
    App,
    incidents::{EntityTag, IncidentFilter, Listed, Severity, Status},
};
use countersign_core::{TenantId, Timestamp};
use countersign_rights::Action;
use maud::{Markup, html};

use super::{
    confirm::{Pairs, named_tenant, of_form},
    fault::Fault,
    filter::{self, Detectors},
    layout::{Layout, trail_to},
    query::{self, Link, Parameters},
    severity::severity,
    words,
};
use crate::{Server, api::write_cursor};

/// Incidents on one page.
const PAGE: u32 = 50;

/// What the page shows.
struct Page {
    tenant: TenantId,
    reader: Reader,
    now: Timestamp,
    wanted: Wanted,
    detectors: Detectors,
    rows: Vec<Listed>,
    /// Whether older incidents follow.
    has_more: bool,
}

/// Which incidents are asked for.
#[derive(Default)]
struct Wanted {
    status: Option<Status>,
    least: Option<Severity>,
    detector: Option<String>,
    assignee: Option<String>,
    disposition: Option<String>,
    entity: Option<EntityTag>,
    is_overdue: bool,
}

impl Wanted {
    fn read(parameters: &Parameters) -> Result<Self, Fault> {
        let status = parameters.get("status").map(|word| {
            Status::parse(word).ok_or_else(|| Fault::query("`status` is `open`, `acknowledged` or `closed`"))
        });
        let entity = parameters.get("entity").map(str::parse).transpose();
        let owned = |name: &str| parameters.get(name).map(str::to_owned);
        Ok(Self {
            status: status.transpose()?,
            least: Some(filter::least(parameters)?).filter(|least| *least > Severity::Informational),
            detector: owned("detector"),
            assignee: owned("assignee"),
            disposition: owned("disposition"),
            entity: entity.map_err(|_| Fault::query("`entity` is what looking for a name gave"))?,
            is_overdue: parameters.get("overdue").is_some(),
        })
    }

    fn of_store(&self, now: Timestamp) -> IncidentFilter {
        IncidentFilter {
            severity: self.least.map_or(0, Severity::rank),
            status: self.status.map(|status| status.as_str().to_owned()),
            disposition: self.disposition.clone(),
            assignee: self.assignee.clone(),
            detector: self.detector.clone(),
            entity: self.entity.map(|EntityTag(tag)| tag),
            overdue_at: self.is_overdue.then_some(now),
            ..IncidentFilter::default()
        }
    }

    const fn is_narrow(&self) -> bool {
        self.status.is_some()
            || self.least.is_some()
            || self.detector.is_some()
            || self.assignee.is_some()
            || self.disposition.is_some()
            || self.entity.is_some()
            || self.is_overdue
    }

    /// The page with this filter.
    fn link(&self, tenant: &TenantId) -> Link {
        let entity = self.entity.map(|entity| entity.to_string());
        let pairs = [
            ("status", self.status.map(Status::as_str)),
            ("severity", self.least.map(Severity::word)),
            ("detector", self.detector.as_deref()),
            ("assignee", self.assignee.as_deref()),
            ("disposition", self.disposition.as_deref()),
            ("entity", entity.as_deref()),
            ("overdue", self.is_overdue.then_some("yes")),
        ];
        Link::to("/incidents").with("tenant", tenant.as_str()).with_those(&pairs)
    }
}

/// Answers `GET /incidents`.
pub(super) async fn handle(
    State(server): State<Server>,
    Known(caller): Known,
    query: Result<Query<Vec<(String, String)>>, QueryRejection>,
) -> Result<Response, Fault> {
    let parameters = Parameters::of_query(query)?;
    let tenant = permitted(&server, &caller, Action::ReadIncidents, &parameters).await?;
    let app = &server.0.app;
    let (wanted, now) = (Wanted::read(&parameters)?, app.clock().now());
    let filter = IncidentFilter { before: filter::before(&parameters)?, ..wanted.of_store(now) };
    let mut rows = app.incidents(&tenant, filter, PAGE + 1).await?;
    let shown = usize::try_from(PAGE).unwrap_or(usize::MAX);
    let has_more = rows.len() > shown;
    rows.truncate(shown);
    let page = Page {
        tenant: tenant.id().clone(),
        reader: query::reader(&server, &caller),
        now,
        wanted,
        detectors: App::detectors(&tenant)?,
        rows,
        has_more,
    };
    Ok(page.render().into_response())
}

/// Answers `POST /incidents/find`: an address must not name anybody, so that a name is sent and its tag comes back.
pub(super) async fn find(
    State(server): State<Server>,
    Known(caller): Known,
    form: Result<Form<Pairs>, FormRejection>,
) -> Result<Response, Fault> {
    let parameters = of_form(form)?;
    let tenant = named_tenant(&server, &caller, Action::FindEntities, &parameters).await?;
    let entity = filter::read_entity(&parameters)?.map(|entity| App::entity_tag(&tenant, &entity));
    let wanted = Wanted { entity, ..Wanted::default() };
    Ok(Redirect::to(&wanted.link(tenant.id()).done()).into_response())
}

impl Page {
    fn render(&self) -> Markup {
        let suppressions = Link::to("/suppressions").with("tenant", self.tenant.as_str()).done();
        let main = html! {
            div.heading { h1 { "Incidents" } a href=(suppressions) { "Suppressions" } }
            (self.filters())
            (self.finder())
            @if self.rows.is_empty() {
                (self.empty())
            } @else {
                (self.table())
            }
            @if self.has_more && let Some(last) = self.rows.last() {
                @let before = write_cursor(last.row.last, &last.row.id);
                nav.pages aria-label="Pages" {
                    a.button rel="next" href=(self.wanted.link(&self.tenant).with("before", &before).done()) { "Older incidents" }
                }
            }
        };
        let layout = Layout {
            title: "Incidents",
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
        let dispositions = ["true_positive", "benign", "false_positive", "duplicate"];
        html! {
            form.filter method="get" action="/incidents" role="search" aria-label="Filter the incidents" {
                input type="hidden" name="tenant" value=(self.tenant);
                (filter::choice("status", "Status", &["open", "acknowledged", "closed"], wanted.status.map(Status::as_str)))
                (filter::severities(wanted.least.unwrap_or(Severity::Informational)))
                (filter::detectors(&self.detectors, wanted.detector.as_deref(), "Any"))
                (filter::choice("disposition", "Closed as", &dispositions, wanted.disposition.as_deref()))
                label {
                    "Assignee "
                    input type="text" name="assignee" value=[wanted.assignee.as_deref()] maxlength="200" size="12" autocomplete="off";
                }
                label.toggle { input type="checkbox" name="overdue" value="yes" checked[wanted.is_overdue]; "Overdue" }
                @if let Some(entity) = wanted.entity { input type="hidden" name="entity" value=(entity); }
                button type="submit" { "Apply" }
                @if wanted.is_narrow() { a href=(Wanted::default().link(&self.tenant).done()) { "Clear" } }
            }
        }
    }

    fn finder(&self) -> Markup {
        html! {
            form.filter method="post" action="/incidents/find" aria-label="Find incidents by a name" {
                input type="hidden" name="tenant" value=(self.tenant);
                (filter::entity(true))
                button type="submit" { "Find" }
                @if self.wanted.entity.is_some() { span.tag { "Only those about the name that you looked for" } }
            }
        }
    }

    fn empty(&self) -> Markup {
        html! {
            div.card.empty {
                @if self.wanted.is_narrow() {
                    h3 { "No incident fits" }
                    p { "Take a filter away, or " a href=(Wanted::default().link(&self.tenant).done()) { "look at all incidents" } "." }
                } @else {
                    h3 { "No incident" }
                    p { "Nothing was found in the tenant's log that people have to be told of. What was found and told to nobody stands under "
                        a href=(Link::to("/alerts").with("tenant", self.tenant.as_str()).done()) { "Alerts" } "." }
                }
            }
        }
    }

    fn table(&self) -> Markup {
        html! {
            table.rows role="table" aria-label="Incidents, the newest finding first" {
                thead role="rowgroup" {
                    tr role="row" {
                        @for name in ["Severity", "What", "Alerts", "Accounts", "Status", "Assignee", "Newest finding"] {
                            th scope="col" role="columnheader" { (name) }
                        }
                    }
                }
                tbody role="rowgroup" { @for listed in &self.rows { (self.row(listed)) } }
            }
        }
    }

    fn row(&self, Listed { row, incident }: &Listed) -> Markup {
        let link = Link::to(&format!("/incidents/{}", row.id)).with("tenant", self.tenant.as_str()).done();
        let is_late = row.status == Status::Open.as_str() && row.due < self.now;
        html! {
            tr role="row" {
                td role="cell" { (severity(row.severity)) }
                th scope="row" role="rowheader" {
                    a href=(link) { @match incident { Some(incident) => (incident.title()), None => "erased" } }
                }
                td role="cell" data-label="Alerts" { (words::count(row.alerts)) }
                td role="cell" data-label="Accounts" { @if let Some(incident) = incident { (incident.users().len()) } @else { "–" } }
                td role="cell" data-label="Status" {
                    (row.status)
                    @if let Some(disposition) = &row.disposition { " · " (disposition.replace('_', " ")) }
                    @if is_late { " · " strong.alarm { "overdue" } }
                }
                td role="cell" data-label="Assignee" { @match &row.assignee { Some(assignee) => (assignee), None => span.quiet { "nobody" } } }
                td role="cell" data-label="Newest finding" { (words::time(row.last, self.now)) }
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
            reader: samples::reader(),
            now: samples::now(),
            wanted: Wanted {
                status: Some(Status::Open),
                least: Some(Severity::Low),
                assignee: Some(samples::HOSTILE.to_owned()),
                entity: Some(EntityTag(7)),
                ..Wanted::default()
            },
            detectors: vec![("mfa_fatigue".to_owned(), samples::HOSTILE.to_owned())],
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
            "status=open&amp;severity=low&amp;assignee=%22",
            "entity=ent_0000000000000007&amp;before=",
        ] {
            assert!(page.contains(part), "{part}");
        }
    }

    #[test]
    fn an_empty_list_says_so() {
        let page = page(Vec::new(), false);
        samples::check_page(&page);
        assert!(page.contains("No incident fits") && !page.contains("Older incidents"));
    }
}
