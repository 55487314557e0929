//! `/users`: who is at user risk, by pseudonym, and the forms by which an operator says what they know better.

use axum::{
    extract::{Query, State, rejection::QueryRejection},
    response::{IntoResponse, Response},
};
use countersign_app::users_at_risk::{AtLeast, UserAtRisk, UsersAtRisk};
use countersign_core::{SubjectId, TenantId, Timestamp};
use countersign_rights::Action;
use maud::{Markup, html};

use super::{
    fault::Fault,
    filter,
    layout::{Layout, trail_to},
    query::{self, Link, Parameters, Reader},
    severity::large,
    user_risk, words,
};
use crate::{Server, api::write_cursor, authn::Known};

/// What the page shows.
struct Page {
    tenant: TenantId,
    reader: Reader,
    now: Timestamp,
    at_least: AtLeast,
    users: Vec<UserAtRisk>,
    /// After whom the next page begins.
    next: Option<(Timestamp, SubjectId)>,
    told: Option<&'static str>,
}

/// Answers `GET /users`.
pub(super) async fn handle(
    State(server): State<Server>,
    Known(caller): Known,
    query: Result<Query<Vec<(String, String)>>, QueryRejection>,
) -> Result<Response, Fault> {
    let parameters = Parameters::of_query(query)?;
    let tenant = query::permitted(&server, &caller, Action::ReadUsers, &parameters).await?;
    let at_least = parameters.get("at_least").map_or(Ok(AtLeast::default()), |word| {
        AtLeast::parse(word).ok_or_else(|| Fault::query("`at_least` is `medium` or `high`"))
    })?;
    let after = filter::before(&parameters)?
        .map(|(until, subject)| match subject.parse() {
            Ok(subject) => Ok((until, subject)),
            Err(_) => Err(Fault::query("`before` is what the link to more says")),
        })
        .transpose()?;
    let app = &server.0.app;
    let UsersAtRisk { users, next } = app.users_at_risk(&tenant, at_least, after).await?;
    let page = Page {
        tenant: tenant.id().clone(),
        reader: query::reader(&server, &caller),
        now: app.clock().now(),
        at_least,
        users,
        next,
        told: told(parameters.get("told")),
    };
    Ok(page.render().into_response())
}

fn told(word: Option<&str>) -> Option<&'static str> {
    match word? {
        "safe" => Some("Nothing is held against the person any more."),
        "compromised" => Some("The person counts as compromised."),
        _ => None,
    }
}

impl Page {
    fn link(&self) -> Link {
        let link = Link::to("/users").with("tenant", self.tenant.as_str());
        link.with("at_least", self.at_least.as_str())
    }

    fn render(&self) -> Markup {
        let main = html! {
            div.heading { h1 { "Users at risk" } }
            @if let Some(told) = self.told { p.banner.good role="status" { (told) } }
            p.note {
                "What was confirmed about a person and is not long ago; it halves in 14 days. Who stays at the level longest stands first."
            }
            (self.filters())
            @if self.users.is_empty() { (self.empty()) } @else { (self.table()) }
            @if let Some((until, subject)) = &self.next {
                nav.pages aria-label="Pages" {
                    a.button rel="next" href=(self.link().with("before", &write_cursor(*until, subject.as_str())).done()) { "More" }
                }
            }
        };
        let layout = Layout {
            title: "Users at risk",
            tenant: &self.tenant,
            reader: &self.reader,
            trail: trail_to(&self.tenant, None),
            now: Some(self.now),
            scripts: &[],
        };
        layout.render(&main)
    }

    fn filters(&self) -> Markup {
        html! {
            form.filter method="get" action="/users" role="search" aria-label="Filter the people" {
                input type="hidden" name="tenant" value=(self.tenant);
                label {
                    "At least "
                    select name="at_least" {
                        @for least in AtLeast::ALL {
                            option value=(least.as_str()) selected[least == self.at_least] { (large(least.as_str())) }
                        }
                    }
                }
                button type="submit" { "Apply" }
            }
        }
    }

    fn empty(&self) -> Markup {
        html! {
            div.card.empty {
                h3 { "Nobody is at this level" }
                p { "Nothing that was confirmed about anybody counts as much now." }
                @if self.next.is_some() { p { "More may follow." } }
            }
        }
    }

    fn table(&self) -> Markup {
        html! {
            table.rows.plain role="table" aria-label="People at user risk" {
                thead role="rowgroup" {
                    tr role="row" {
                        @for name in ["Person", "User risk", "Since", "Until, by itself", "What was confirmed", "Change"] {
                            th scope="col" role="columnheader" { (name) }
                        }
                    }
                }
                tbody role="rowgroup" { @for user in &self.users { (self.row(user)) } }
            }
        }
    }

    fn row(&self, UserAtRisk { held, until }: &UserAtRisk) -> Markup {
        let kinds: Vec<String> =
            held.signals.iter().map(|signal| signal.kind.as_str().replace('_', " ")).collect();
        html! {
            tr role="row" {
                th.wrap scope="row" role="rowheader" { code { (held.subject) } }
                td role="cell" data-label="User risk" { (words::level(held.level)) " " (held.score) }
                td role="cell" data-label="Since" {
                    @if let Some(since) = held.since { (words::time(since, self.now)) }
                }
                td role="cell" data-label="Until, by itself" { (words::absolute(*until)) }
                td role="cell" data-label="What was confirmed" { (kinds.join(", ")) }
                td role="cell" { (user_risk::mark_forms((&self.tenant, &self.reader), (&held.subject, None))) }
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use countersign_app::user_risk::UserRiskView;
    use countersign_core::{Level, Score};
    use countersign_risk::{UserSignalAt, UserSignalKind};

    use super::*;
    use crate::console::samples;

    fn page(users: Vec<UserAtRisk>, next: Option<(Timestamp, SubjectId)>) -> String {
        let page = Page {
            tenant: samples::tenant(),
            reader: samples::reader(),
            now: samples::now(),
            at_least: AtLeast::High,
            users,
            next,
            told: told(Some("safe")),
        };
        let page = page.render().into_string();
        samples::check_page(&page);
        page
    }

    #[test]
    fn a_person_is_a_pseudonym_with_what_was_confirmed_and_can_be_marked() {
        let subject: SubjectId = "sub_00000001".parse().unwrap();
        let signal = UserSignalAt {
            kind: UserSignalKind::FraudulentSignIn,
            at: samples::now(),
            weight: Score::from_percent(80),
        };
        let held = UserRiskView {
            subject: subject.clone(),
            level: Level::High,
            score: Score::from_percent(80),
            since: Some(samples::now()),
            signals: vec![signal],
        };
        let until = samples::now().plus(86_400 * 1_000_000);
        let page = page(vec![UserAtRisk { held, until }], Some((until, subject)));
        let next = format!("before={}~sub_00000001", until.micros());
        for part in ["sub_00000001", "fraudulent sign in", "High", &next, "Nothing is held against"] {
            assert!(page.contains(part), "{part} in {page}");
        }
        let offered = |mark: &str| page.matches(&format!("name=\"mark\" value=\"{mark}\"")).count();
        assert_eq!(["safe", "compromised"].map(offered), [1, 1]);
        assert!(!page.contains("name=\"decision\""), "it leads back to the list");
    }

    #[test]
    fn an_empty_list_says_so() {
        assert!(page(Vec::new(), None).contains("Nobody is at this level"));
    }
}
