//! `/models`: the models of a tenant, which of them hold, how they compare, and the forms that change it.

use super::query::Reader;
use super::query::permitted;
use crate::authn::Known;
use axum::{
    Form,
    extract::{
        Query, State,
        rejection::{FormRejection, QueryRejection},
    },
    response::{IntoResponse, Response},
};
use countersign_app::models::{ActView, Comparison, ModelBy, ModelChange, ModelHead, Models};
use countersign_core::{TenantId, Timestamp};
use countersign_rights::Action;
use maud::{Markup, html};

use super::{
    confirm::{Pairs, named_tenant, of_form},
    fault::Fault,
    filter::actor,
    layout::{Layout, trail_to},
    query::{self, Link, Parameters},
    sent::back,
    words,
};
use crate::Server;

/// What the page shows.
struct Page {
    tenant: TenantId,
    reader: Reader,
    now: Timestamp,
    models: Models,
    comparison: Option<Comparison>,
    told: Option<&'static str>,
}

/// Answers `GET /models`.
pub(super) async fn handle(
    State(server): State<Server>,
    Known(caller): Known,
    query: Result<Query<Vec<(String, String)>>, QueryRejection>,
) -> Result<Response, Fault> {
    let parameters = Parameters::of_query(query)?;
    let tenant = permitted(&server, &caller, Action::ReadModels, &parameters).await?;
    let app = &server.0.app;
    let page = Page {
        tenant: tenant.id().clone(),
        reader: query::reader(&server, &caller),
        now: app.clock().now(),
        models: app.models(&tenant).await?,
        comparison: app.compare_models(&tenant).await?,
        told: told(parameters.get("told")),
    };
    Ok(page.render().into_response())
}

/// Answers `POST /models/act`.
pub(super) async fn act(
    State(server): State<Server>,
    Known(caller): Known,
    form: Result<Form<Pairs>, FormRejection>,
) -> Result<Response, Fault> {
    let parameters = of_form(form)?;
    let tenant = named_tenant(&server, &caller, Action::ChangeModels, &parameters).await?;
    let number = |name: &str| parameters.get(name).and_then(|text| text.parse().ok());
    let expected = number("expected").ok_or_else(|| Fault::query("`expected` is what the form says"))?;
    let change = match (parameters.get("act"), number("version")) {
        (Some("promote"), Some(version)) => ModelChange::Promote(version),
        (Some("challenge"), Some(version)) => ModelChange::Challenge(version),
        (Some("withdraw"), None) => ModelChange::Withdraw,
        (Some("roll_back"), None) => ModelChange::RollBack,
        (Some("attach"), Some(version)) => ModelChange::Attach(version),
        (Some("detach"), None) => ModelChange::Detach,
        _ => return Err(Fault::query("`act` and `version` are what the form says")),
    };
    let actor = &*tenant.actor(parameters.get("actor"))?;
    let done = server.0.app.change_models(&tenant, change, ModelBy { actor, expected }).await?;
    Ok(back("/models", tenant.id(), done.act.as_str()))
}

fn told(word: Option<&str>) -> Option<&'static str> {
    match word? {
        "promote" => Some("It decides from the next sign-in on."),
        "challenge" => Some("It is compared from the next sign-in on, and changes nothing."),
        "withdraw" => Some("Nothing is compared any more."),
        "roll_back" => Some("What was before decides again, from the next sign-in on."),
        "attach" => Some("It counts from the next sign-in on."),
        "detach" => Some("No own model counts any more, from the next sign-in on."),
        _ => None,
    }
}

/// A version by its number.
pub(super) fn name(version: u64) -> String {
    if version == 0 { "shipped".to_owned() } else { format!("version {version}") }
}

impl Page {
    fn render(&self) -> Markup {
        let main = html! {
            div.heading { h1 { "Models" } }
            @if let Some(told) = self.told { p.banner.good role="status" { (told) } }
            p.note {
                "The champion decides. A challenger scores the same sign-ins beside it and changes nothing; its scores stand in the "
                "records of decisions. An own model that is attached is one more reason beside the champion's. Each change is a leaf of the ledger."
            }
            div.columns {
                div { (self.versions()) (self.acts()) }
                div.narrow { (self.standing()) @if let Some(comparison) = &self.comparison { (compared(comparison)) } }
            }
        };
        let layout = Layout {
            title: "Models",
            tenant: &self.tenant,
            reader: &self.reader,
            trail: trail_to(&self.tenant, None),
            now: Some(self.now),
            scripts: &[],
        };
        layout.render(&main)
    }

    fn versions(&self) -> Markup {
        html! {
            table.rows.plain role="table" aria-label="Versions" {
                thead role="rowgroup" {
                    tr role="row" {
                        @for name in ["Version", "Model", "Taken in", "Fitted to", "Change"] { th scope="col" role="columnheader" { (name) } }
                    }
                }
                tbody role="rowgroup" { @for head in &self.models.versions { (self.version(head)) } }
            }
        }
    }

    fn version(&self, head: &ModelHead) -> Markup {
        let version = head.version;
        let is_champion = version == self.models.champion;
        let is_challenger = self.models.challenger == Some(version);
        let is_own = head.kind == "own";
        let is_attached = self.models.own == Some(version);
        let page = Link::to(&format!("/models/{version}")).with("tenant", self.tenant.as_str()).done();
        html! {
            tr role="row" {
                th scope="row" role="rowheader" {
                    a href=(page) { (name(version)) }
                    @if is_champion { " " span.tag { "champion" } }
                    @if is_own { " " span.tag { @if is_attached { "attached" } @else { "own model" } } }
                    @if is_challenger { " " span.tag { "challenger" } }
                }
                td.wrap role="cell" data-label="Model" { code { (head.tag) } }
                td role="cell" data-label="Taken in" {
                    @if let (Some(at), Some(by)) = (head.imported_at, &head.imported_by) { (words::time(at, self.now)) " by " (by) }
                    @else { "with the program" }
                }
                td role="cell" data-label="Fitted to" { (fitted(head)) }
                td role="cell" {
                    @if is_own && !is_attached { (self.form("attach", Some(version), "Attach", "Let it count")) }
                    @if !is_own && !is_champion { (self.form("promote", Some(version), "Promote", "Let it decide")) }
                    @if !is_champion && !is_attached {
                        @if !is_challenger { (self.form("challenge", Some(version), "Challenge", "Compare it")) }
                    }
                }
            }
        }
    }

    fn standing(&self) -> Markup {
        let Models { champion, challenger, own, acts, .. } = &self.models;
        html! {
            section.card.acts aria-labelledby="standing-title" {
                h2 #standing-title { "In force" }
                dl.pairs {
                    div { dt { "Champion" } dd { (name(*champion)) } }
                    div { dt { "Challenger" } dd { @match challenger { Some(version) => (name(*version)), None => "none" } } }
                    div { dt { "Own model" } dd { @match own { Some(version) => (name(*version)), None => "none" } } }
                    @if let Some(newest) = acts.first() {
                        div { dt { "Since" } dd { (words::time(newest.at, self.now)) } }
                    }
                }
                @if challenger.is_some() { (self.form("withdraw", None, "Withdraw the challenger", "Withdraw")) }
                @if own.is_some() { (self.form("detach", None, "Detach the own model", "Detach")) }
                @if !acts.is_empty() { (self.form("roll_back", None, "Roll the latest promotion, or own model, back", "Roll back")) }
            }
        }
    }

    fn form(&self, act: &str, version: Option<u64>, title: &str, button: &str) -> Markup {
        html! {
            details name="act" {
                summary { (title) }
                form.fields method="post" action="/models/act" {
                    input type="hidden" name="tenant" value=(self.tenant);
                    input type="hidden" name="act" value=(act);
                    input type="hidden" name="expected" value=(self.models.act);
                    @if let Some(version) = version { input type="hidden" name="version" value=(version); }
                    (actor(&self.reader))
                    div.buttons { button.primary type="submit" { (button) } }
                }
            }
        }
    }

    fn acts(&self) -> Markup {
        html! {
            section.card aria-labelledby="acts-title" {
                h2 #acts-title { "What was done" }
                @if self.models.acts.is_empty() { p.quiet { "Nothing: the shipped model decides." } }
                ol.plain { @for act in &self.models.acts { li { (done(act, self.now)) } } }
            }
        }
    }
}

fn done(act: &ActView, now: Timestamp) -> Markup {
    let champion = name(act.champion);
    let challenger = act.challenger.map_or_else(|| "none".to_owned(), name);
    html! {
        (words::time(act.at, now)) " " strong { (act.act.replace('_', " ")) } " by " (act.by)
        ": champion " (champion) ", challenger " (challenger)
        @if let Some(own) = act.own { ", own model " (name(own)) }
    }
}

fn fitted(head: &ModelHead) -> String {
    if head.kind == "own" {
        return "what its operator knows".to_owned();
    }
    let Some(card) = &head.card else { return "its card can't be read here".to_owned() };
    let Some(training) = &card.trained_on else { return "judgement".to_owned() };
    let count: u64 =
        training.labels.iter().map(|label| label.fraudulent.saturating_add(label.legitimate)).sum();
    format!("{} examples", words::count(count))
}

fn compared(comparison: &Comparison) -> Markup {
    let percent =
        |share: Option<f64>| share.map_or_else(|| "-".to_owned(), |share| format!("{:.1} %", share * 100.0));
    html! {
        section.card aria-labelledby="comparison-title" {
            h2 #comparison-title { "Side by side" }
            dl.pairs {
                div { dt { "Since" } dd { (words::absolute(comparison.since)) } }
                div { dt { "Decisions" } dd { (comparison.decisions) } }
                div { dt { "Same level" } dd { (percent(comparison.level_agreement)) } }
                div { dt { "Mean difference" } dd { (comparison.mean_difference.map_or_else(|| "-".to_owned(), |mean| format!("{mean:.3}"))) } }
                @if comparison.unread > 0 { div { dt { "Not comparable" } dd { (comparison.unread) } } }
            }
            @if !comparison.outcomes.is_empty() {
                table.rows.plain role="table" aria-label="Mean scores by outcome" {
                    thead role="rowgroup" {
                        tr role="row" {
                            @for name in ["Outcome", "Decisions", "Champion", "Challenger"] { th scope="col" role="columnheader" { (name) } }
                        }
                    }
                    tbody role="rowgroup" {
                        @for (outcome, scored) in &comparison.outcomes {
                            tr role="row" {
                                th scope="row" role="rowheader" { (outcome) }
                                td role="cell" data-label="Decisions" { (scored.count) }
                                td role="cell" data-label="Champion" { (format!("{:.2}", scored.champion)) }
                                td role="cell" data-label="Challenger" { (format!("{:.2}", scored.challenger)) }
                            }
                        }
                    }
                }
            }
            p.note { "Of the newest 500 decisions, and of up to 500 that a person judged." }
        }
    }
}

#[cfg(test)]
mod tests {
    use countersign_app::models::Scored;
    use countersign_risk::Card;

    use super::*;
    use crate::console::samples;

    fn page() -> Page {
        let head = |version, by: Option<&str>| ModelHead {
            version,
            kind: if version == 4 || version == 5 { "own" } else { "constants" },
            tag: format!("fitted@{version}:{}", samples::HOSTILE),
            imported_at: by.map(|_| samples::now()),
            imported_by: by.map(str::to_owned),
            card: Some(Card::of_baseline()).filter(|_| version != 2),
        };
        let act = ActView {
            number: 3,
            act: "roll_back",
            champion: 0,
            challenger: Some(2),
            own: Some(4),
            at: samples::now(),
            by: samples::HOSTILE.to_owned(),
        };
        let scored = Scored { count: 2, champion: 0.5, challenger: 0.75 };
        Page {
            tenant: samples::tenant(),
            reader: samples::reader(),
            now: samples::now(),
            models: Models {
                act: 3,
                champion: 0,
                challenger: Some(2),
                own: Some(4),
                versions: vec![
                    head(5, Some("mia")),
                    head(4, Some("mia")),
                    head(2, Some(samples::HOSTILE)),
                    head(1, Some("mia")),
                    head(0, None),
                ],
                acts: vec![act],
            },
            comparison: Some(Comparison {
                since: samples::now(),
                decisions: 10,
                unread: 1,
                level_agreement: Some(0.9),
                mean_difference: Some(0.125),
                outcomes: [("fraudulent", scored)].into(),
            }),
            told: told(Some("promote")),
        }
    }

    #[test]
    fn the_page_offers_what_can_be_done_and_nothing_in_it_is_markup() {
        let page = page().render().into_string();
        samples::check_page(&page);
        for part in [
            "champion</span>",
            "challenger</span>",
            "90.0 %",
            "0.125",
            "0.75",
            "roll back",
            "attached</span>",
        ] {
            assert!(page.contains(part), "{part}");
        }
        let offered = |act: &str| page.matches(&format!("name=\"act\" value=\"{act}\"")).count();
        assert_eq!(
            ["promote", "challenge", "withdraw", "roll_back", "attach", "detach"].map(offered),
            [2, 2, 1, 1, 1, 1]
        );
        assert_eq!(page.matches("name=\"expected\" value=\"3\"").count(), 8);
    }

    #[test]
    fn without_an_act_there_is_nothing_to_undo() {
        let none = Models { act: 0, challenger: None, own: None, acts: Vec::new(), ..page().models };
        let page = Page { models: none, comparison: None, told: None, ..page() }.render().into_string();
        samples::check_page(&page);
        assert!(!page.contains("Roll back") && page.contains("the shipped model decides"));
    }
}
