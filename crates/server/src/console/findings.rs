//! `/tenant`: what is not as it should be at a tenant and on our side, and how it is mended.

use super::query::Reader;
use super::query::permitted;
use crate::authn::Known;
use axum::{
    extract::{self, Query, rejection::QueryRejection},
    response::{IntoResponse, Response},
};
use countersign_app::posture::{Severity, Standing, State};
use countersign_core::{TenantId, Timestamp};
use countersign_rights::Action;
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
    reader: Reader,
    now: Timestamp,
    state: State,
}

/// Answers `GET /tenant`.
pub(super) async fn handle(
    extract::State(server): extract::State<Server>,
    Known(caller): Known,
    query: Result<Query<Vec<(String, String)>>, QueryRejection>,
) -> Result<Response, Fault> {
    let parameters = Parameters::of_query(query)?;
    let tenant = permitted(&server, &caller, Action::ReadFindings, &parameters).await?;
    let app = &server.0.app;
    let page = Page {
        tenant: tenant.id().clone(),
        reader: query::reader(&server, &caller),
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
                    "This process has not looked at the tenant. Of the processes of " code { "countersign serve" }
                    " the one that leads its jobs looks, within a minute after its start; " code { "countersign demo" } " does not."
                },
                Some(at) => {
                    p.note { (self.summary()) " Looked at " (words::time(at, self.now)) "; again within a minute." }
                    p.note { (self.reach(at)) }
                },
            }
            @if !self.state.findings.is_empty() { (self.list()) }
        };
        let layout = Layout {
            title: "Tenant",
            tenant: &self.tenant,
            reader: &self.reader,
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
            let State { checked_at, reads_tenant, tenant_read_at, .. } = &self.state;
            let is_all_read = *reads_tenant && tenant_read_at == checked_at;
            return if is_all_read { "Everything is as it should be." } else { "Nothing was found." }
                .to_owned();
        }
        format!(
            "{} critical, {}, {}.",
            count(Severity::Critical),
            counted(count(Severity::Warning), "warning"),
            counted(count(Severity::Note), "note")
        )
    }

    /// How much of the tenant the last look saw.
    fn reach(&self, checked_at: Timestamp) -> Markup {
        html! {
            @match (self.state.reads_tenant, self.state.tenant_read_at) {
                (false, _) => {
                    "The tenant itself is not read, our own side alone: " code { "tenants." (self.tenant) ".management" }
                    " names no client."
                },
                (true, None) => { strong { "The tenant could not be read since the start" } ": what is found is not all." },
                (true, Some(at)) if at == checked_at => "The tenant itself was read.",
                (true, Some(at)) => {
                    strong { "Not all of the tenant could be read" } "; it last was " (words::time(at, self.now)) "."
                },
            }
        }
    }

    fn list(&self) -> Markup {
        html! {
            section.findings aria-labelledby="findings-title" {
                h2 #findings-title { "Findings" }
                ol { @for standing in &self.state.findings { (self.item(standing)) } }
            }
        }
    }

    fn item(&self, Standing { finding, since }: &Standing) -> Markup {
        html! {
            li.card {
                h3 {
                    @if finding.severity == Severity::Critical { strong.alarm { (finding.severity) } }
                    @else { span.quiet { (finding.severity) } }
                    " " code { (finding.code) }
                }
                p { (marked(&finding.text)) "." }
                p { strong { "To mend it: " } (marked(&finding.fix)) "." }
                p.note { "First found " (words::time(*since, self.now)) "." }
            }
        }
    }
}

/// A text in which code stands between backticks; as it is where these are no pairs.
fn marked(text: &str) -> Markup {
    let parts: Vec<&str> = text.split('`').collect();
    html! {
        @if parts.len().is_multiple_of(2) { (text) } @else {
            @for (place, part) in parts.into_iter().enumerate() {
                @if place.is_multiple_of(2) { (part) } @else { code.wrap { (part) } }
            }
        }
    }
}

/// A number and what it counts.
fn counted(number: usize, word: &str) -> String {
    format!("{number} {word}{}", if number == 1 { "" } else { "s" })
}

#[cfg(test)]
mod tests {
    use countersign_app::posture::Finding;

    use super::*;
    use crate::console::samples;

    fn page(state: State) -> String {
        let page = Page { tenant: samples::tenant(), reader: samples::reader(), now: samples::now(), state };
        page.render().into_string()
    }

    #[test]
    fn findings_are_shown_with_their_fixes_and_nothing_of_them_is_markup() {
        let finding = Finding {
            code: "action.edited",
            severity: Severity::Critical,
            about: "post-login".to_owned(),
            text: samples::HOSTILE.to_owned(),
            fix: "put it back by `countersign tenant apply`".to_owned(),
        };
        let state = State {
            checked_at: Some(samples::now()),
            findings: vec![Standing { finding, since: samples::now() }],
            ..State::default()
        };
        let page = page(state);
        samples::check_page(&page);
        for part in [
            "action.edited",
            "put it back by <code class=\"wrap\">countersign tenant apply</code>.",
            "1 critical, 0 warnings, 0 notes.",
        ] {
            assert!(page.contains(part), "{part}");
        }
    }

    #[test]
    fn a_page_says_whether_it_was_looked() {
        let never = page(State::default());
        samples::check_page(&never);
        assert!(never.contains("has not looked"));
        let now = samples::now();
        let earlier = now.plus(-600_000_000);
        let look = |reads_tenant: bool, tenant_read_at: Option<Timestamp>| {
            let state = State { checked_at: Some(now), reads_tenant, tenant_read_at, findings: vec![] };
            let page = page(state);
            samples::check_page(&page);
            page
        };
        assert!(look(true, Some(now)).contains("Everything is as it should be."));
        for (page, why) in [
            (look(false, None), "names no client"),
            (look(true, None), "could not be read since the start"),
            (look(true, Some(earlier)), "Not all of the tenant could be read"),
        ] {
            assert!(page.contains(why) && !page.contains("Everything"), "{why}");
        }
    }

    #[test]
    fn code_is_marked_where_backticks_are_pairs_and_one_is_one() {
        assert_eq!(marked("a `b` c").into_string(), "a <code class=\"wrap\">b</code> c");
        assert_eq!(marked("a ` <b>").into_string(), "a ` &lt;b&gt;");
        assert_eq!((counted(1, "note"), counted(2, "note")), ("1 note".to_owned(), "2 notes".to_owned()));
    }
}
