//! `/tenant`: what is not as it should be at a tenant and on our side, and how it is mended.

use axum::{
    extract::{Query, State, rejection::QueryRejection},
    response::{IntoResponse, Response},
};
use countersign_app::posture::{self, Severity, Standing};
use countersign_core::{TenantId, Timestamp};
use maud::{Markup, html};

use super::{
    fault::Fault,
    layout::{Layout, trail_to},
    query::{self, Parameters},
    words,
};
use crate::Server;

/// What the page shows.
struct Page {
    tenant: TenantId,
    tenants: Vec<TenantId>,
    now: Timestamp,
    state: posture::State,
}

/// Answers `GET /tenant`.
pub(super) async fn handle(
    State(server): State<Server>,
    query: Result<Query<Vec<(String, String)>>, QueryRejection>,
) -> Result<Response, Fault> {
    let parameters = Parameters::of_query(query)?;
    let tenant = parameters.tenant(&server)?;
    let app = &server.0.app;
    let page = Page {
        tenant: tenant.id().clone(),
        tenants: query::tenants(&server),
        now: app.clock().now(),
        state: app.findings(&tenant),
    };
    Ok(page.render().into_response())
}

impl Page {
    fn render(&self) -> Markup {
        let main = html! {
            div.heading { h1 { "Tenant" } }
            @match self.state.checked_at {
                None => p.note {
                    "This process has not looked at the tenant. The one that leads its jobs does, a minute after its start at the latest."
                },
                Some(at) => p.note { (self.summary()) " Looked at " (words::time(at, self.now)) ", again each minute." },
            }
            @if !self.state.findings.is_empty() { (self.table()) }
        };
        let layout = Layout {
            title: "Tenant",
            tenant: &self.tenant,
            tenants: &self.tenants,
            trail: trail_to(&self.tenant, None),
            now: Some(self.now),
            scripts: &[],
        };
        layout.render(&main)
    }

    fn summary(&self) -> String {
        let count = |severity: Severity| {
            self.state.findings.iter().filter(|standing| standing.finding.severity == severity).count()
        };
        if self.state.findings.is_empty() {
            return "Everything is as it should be.".to_owned();
        }
        format!(
            "{} critical, {} warnings, {} notes.",
            count(Severity::Critical),
            count(Severity::Warning),
            count(Severity::Note)
        )
    }

    fn table(&self) -> Markup {
        html! {
            section aria-labelledby="findings-title" {
                h2 #findings-title { "Findings" }
                table {
                    thead {
                        tr {
                            th scope="col" { "Severity" }
                            th scope="col" { "Code" }
                            th scope="col" { "What is so" }
                            th scope="col" { "How it is mended" }
                            th scope="col" { "Since" }
                        }
                    }
                    tbody { @for standing in &self.state.findings { (self.row(standing)) } }
                }
            }
        }
    }

    fn row(&self, Standing { finding, since }: &Standing) -> Markup {
        html! {
            tr {
                td { @if finding.severity == Severity::Critical { strong.alarm { (finding.severity) } } @else { (finding.severity) } }
                th scope="row" { code { (finding.code) } }
                td { (finding.text) }
                td { (finding.fix) }
                td { (words::time(*since, self.now)) }
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use countersign_app::posture::Finding;

    use super::*;
    use crate::console::samples;

    fn page(state: posture::State) -> String {
        let page =
            Page { tenant: samples::tenant(), tenants: vec![samples::tenant()], now: samples::now(), state };
        page.render().into_string()
    }

    #[test]
    fn findings_are_shown_with_their_fixes_and_nothing_of_them_is_markup() {
        let finding = Finding {
            code: "action.edited",
            severity: Severity::Critical,
            about: "post-login".to_owned(),
            text: samples::HOSTILE.to_owned(),
            fix: "put it back".to_owned(),
        };
        let state = posture::State {
            checked_at: Some(samples::now()),
            findings: vec![Standing { finding, since: samples::now() }],
        };
        let page = page(state);
        samples::check_page(&page);
        for part in ["action.edited", "put it back", "1 critical, 0 warnings"] {
            assert!(page.contains(part), "{part}");
        }
    }

    #[test]
    fn a_page_says_whether_it_was_looked() {
        let never = page(posture::State::default());
        samples::check_page(&never);
        assert!(never.contains("has not looked"));
        let clean = page(posture::State { checked_at: Some(samples::now()), findings: vec![] });
        samples::check_page(&clean);
        assert!(clean.contains("Everything is as it should be."));
    }
}
