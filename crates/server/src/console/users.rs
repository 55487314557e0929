//! `/users`: who is at user risk, by alias, and the forms by which an operator says what they know better.

use axum::{
    Form,
    extract::{
        Query, State,
        rejection::{FormRejection, QueryRejection},
    },
    response::{IntoResponse, Response},
};
use countersign_app::{
    access::Permit,
    reveal::{Asked, Revealed, Target},
    users_at_risk::{AtLeast, UserAtRisk, UsersAtRisk},
};
use countersign_core::{SubjectId, TenantId, Timestamp};
use countersign_rights::Action;
use maud::{Markup, html};

use super::{
    confirm::{Pairs, named_within, of_form},
    fault::Fault,
    filter,
    layout::{Layout, trail_to},
    query::{self, Link, Parameters, Reader},
    reveal::{self, Choice},
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
    /// The place where the page begins, as its address says it.
    before: Option<String>,
    /// Whether the reader may open who they are.
    may_reveal: bool,
    /// Who was opened, and what of them.
    revealed: Option<(SubjectId, Revealed)>,
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
    Ok(page(&server, &tenant, &parameters, None).await?.render().into_response())
}

/// Answers `POST /users/reveal`: the same page with what was opened of one person.
pub(super) async fn reveal(
    State(server): State<Server>,
    Known(caller): Known,
    form: Result<Form<Pairs>, FormRejection>,
) -> Result<Response, Fault> {
    let parameters = of_form(form)?;
    let permit = named_within(&server, &caller, Action::RevealPersonal, &parameters).await?;
    // Why also this: the answer is the whole page.
    let tenant = query::permitted(&server, &caller, Action::ReadUsers, &parameters).await?;
    let subject: Option<SubjectId> = parameters.get("subject").and_then(|text| text.parse().ok());
    let subject = subject.ok_or_else(|| Fault::query("`subject` is what the form says"))?;
    let fields = reveal::fields(&parameters);
    let asked = Asked { fields: &fields, reason: reveal::reason(&parameters)? };
    let revealed = server.0.app.reveal(&permit, (Target::User, subject.as_str()), asked).await?;
    Ok(page(&server, &tenant, &parameters, Some((subject, revealed))).await?.render().into_response())
}

async fn page(
    server: &Server,
    tenant: &Permit,
    parameters: &Parameters,
    revealed: Option<(SubjectId, Revealed)>,
) -> Result<Page, Fault> {
    let at_least = parameters.get("at_least").map_or(Ok(AtLeast::default()), |word| {
        AtLeast::parse(word).ok_or_else(|| Fault::query("`at_least` is `medium` or `high`"))
    })?;
    let after = filter::before(parameters)?
        .map(|(until, subject)| match subject.parse() {
            Ok(subject) => Ok((until, subject)),
            Err(_) => Err(Fault::query("`before` is what the link to more says")),
        })
        .transpose()?;
    let app = &server.0.app;
    let UsersAtRisk { users, next } = app.users_at_risk(tenant, at_least, after).await?;
    Ok(Page {
        tenant: tenant.id().clone(),
        reader: query::reader(server, tenant.caller()),
        now: app.clock().now(),
        at_least,
        users,
        next,
        before: parameters.get("before").map(str::to_owned),
        may_reveal: app.may_reveal(tenant),
        revealed,
        told: told(parameters.get("told")),
    })
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
            @if let Some((_, revealed)) = &self.revealed { (reveal::banner(&revealed.record)) }
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
                th.wrap scope="row" role="rowheader" { (words::alias(&held.alias)) (self.opened(&held.subject)) }
                td role="cell" data-label="User risk" { (words::level(held.level)) " " (held.score) }
                td role="cell" data-label="Since" {
                    @if let Some(since) = held.since { (words::time(since, self.now)) }
                }
                td role="cell" data-label="Until, by itself" { (words::absolute(*until)) }
                td role="cell" data-label="What was confirmed" { (kinds.join(", ")) }
                td role="cell" {
                    @if self.may_reveal { (self.form(&held.subject)) }
                    (user_risk::mark_forms((&self.tenant, &self.reader), (&held.subject, None)))
                }
            }
        }
    }

    /// What was opened of a person.
    fn opened(&self, subject: &SubjectId) -> Markup {
        let opened = self.revealed.as_ref().filter(|(opened, _)| opened == subject);
        html! {
            @if let Some((_, revealed)) = opened {
                dl.pairs {
                    @for (name, value) in &revealed.values {
                        div { dt { (name.replace('_', " ")) } dd.wrap { (value.as_str().unwrap_or("not known")) } }
                    }
                }
            }
        }
    }

    fn form(&self, subject: &SubjectId) -> Markup {
        let texts = [
            ("user_id", "User id"),
            ("name", "Name"),
            ("email", "E-mail address"),
            ("phone", "Telephone number"),
        ];
        let choices =
            texts.map(|(field, text)| Choice { field, text, shown: None, is_chosen: field == "user_id" });
        let mut hidden = vec![("subject", subject.as_str()), ("at_least", self.at_least.as_str())];
        hidden.extend(self.before.as_deref().map(|before| ("before", before)));
        reveal::form((&self.tenant, &self.reader), "/users/reveal", &choices, &hidden)
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
            before: Some(samples::HOSTILE.to_owned()),
            may_reveal: true,
            revealed: Some((
                "sub_00000001".parse().unwrap(),
                Revealed {
                    record: "rec_9".to_owned(),
                    values: [
                        ("email".to_owned(), samples::HOSTILE.into()),
                        ("name".to_owned(), serde_json::Value::Null),
                    ]
                    .into(),
                },
            )),
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
            alias: "als_00000001".to_owned(),
            level: Level::High,
            score: Score::from_percent(80),
            since: Some(samples::now()),
            signals: vec![signal],
        };
        let until = samples::now().plus(86_400 * 1_000_000);
        let page = page(vec![UserAtRisk { held, until }], Some((until, subject)));
        let next = format!("before={}~sub_00000001", until.micros());
        for part in [
            "sub_00000001",
            "als_000000…",
            "rec_9",
            "not known",
            "fraudulent sign in",
            "High",
            &next,
            "Nothing is held against",
        ] {
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
