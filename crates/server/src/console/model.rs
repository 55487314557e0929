//! `/models/{version}`: one model's card and constants.

use super::query::Reader;
use super::query::permitted;
use super::segments::Segments;
use crate::authn::Known;
use axum::{
    extract::{Query, State, rejection::QueryRejection},
    response::{IntoResponse, Response},
};
use countersign_app::models::ModelShown;
use countersign_core::{TenantId, Timestamp};
use countersign_rights::Action;
use countersign_risk::{Card, Evaluation, Figure, Training};
use maud::{Markup, html};

use super::{
    fault::Fault,
    layout::{Layout, trail_through},
    models::name,
    query::{self, Parameters},
    words,
};
use crate::Server;

/// What the page shows.
struct Page {
    tenant: TenantId,
    reader: Reader,
    now: Timestamp,
    model: ModelShown,
}

/// Answers `GET /models/{version}`.
pub(super) async fn handle(
    State(server): State<Server>,
    Known(caller): Known,
    Segments(version): Segments<String>,
    query: Result<Query<Vec<(String, String)>>, QueryRejection>,
) -> Result<Response, Fault> {
    let parameters = Parameters::of_query(query)?;
    let tenant = permitted(&server, &caller, Action::ReadModels, &parameters).await?;
    let version = version.parse().map_err(|_| Fault::not_found("version of the model"))?;
    let app = &server.0.app;
    let page = Page {
        tenant: tenant.id().clone(),
        reader: query::reader(&server, &caller),
        now: app.clock().now(),
        model: app.model(&tenant, version).await?,
    };
    Ok(page.render().into_response())
}

impl Page {
    fn render(&self) -> Markup {
        let ModelShown { head, model } = &self.model;
        let is_own = head.kind == "own";
        let title = format!("Model, {}", name(head.version));
        let main = html! {
            div.heading { h1 { (title) } }
            p { code.wrap { (head.tag) } }
            @match &head.card {
                Some(card) => (self.card(card)),
                None if is_own => p.note { "An own model of the operator's: it has no card, and counts as one more reason while it is attached." },
                None => p.note { "This program can't read its card." },
            }
            section.card aria-labelledby="constants-title" {
                h2 #constants-title { @if is_own { "File" } @else { "Constants" } }
                details { summary { "Show them as JSON" } pre.wrap { (pretty(model.get())) } }
            }
        };
        let trail = trail_through(&self.tenant, "Models", "/models");
        let layout = Layout {
            title: &title,
            tenant: &self.tenant,
            reader: &self.reader,
            trail,
            now: Some(self.now),
            scripts: &[],
        };
        layout.render(&main)
    }

    fn card(&self, card: &Card) -> Markup {
        let head = &self.model.head;
        html! {
            section.card aria-labelledby="card-title" {
                h2 #card-title { "Card" }
                dl.pairs {
                    div { dt { "Made" } dd { @match card.created_at { Some(at) => (words::absolute(at)), None => "with the program" } } }
                    @if let (Some(at), Some(by)) = (head.imported_at, &head.imported_by) {
                        div { dt { "Taken in" } dd { (words::absolute(at)) " by " (by) } }
                    }
                    div { dt { "From" } dd { @match &card.parent { Some(parent) => code.wrap { (parent) }, None => "no other model" } } }
                    div { dt { "Engine" } dd { (card.engine) } }
                    div { dt { "Base rate" } dd { (figure(card.base_rate)) } }
                    div { dt { "Reasons" } dd { (card.features.len()) } }
                    div { dt { "Bounded constants" } dd { (card.bounds.len()) } }
                }
                @if let Some(training) = &card.trained_on { (trained(training)) }
                @else { p.note { "Its constants are judgement: it was fitted to no examples." } }
                @match &card.evaluated_on {
                    Some(evaluation) => (evaluated(evaluation)),
                    None => p.note { "It was not measured on examples that it was not fitted to." },
                }
                @if !card.limits.is_empty() {
                    h3 { "Where not to trust it" }
                    ul { @for limit in &card.limits { li { (limit) } } }
                }
            }
        }
    }
}

fn trained(training: &Training) -> Markup {
    html! {
        h3 { "Fitted to" }
        p { (words::absolute(training.from)) " to " (words::absolute(training.until)) }
        table.rows.plain role="table" aria-label="Examples by the source of their label" {
            thead role="rowgroup" {
                tr role="row" {
                    @for name in ["Label", "Fraudulent", "Legitimate", "Weight"] { th scope="col" role="columnheader" { (name) } }
                }
            }
            tbody role="rowgroup" {
                @for label in &training.labels {
                    tr role="row" {
                        th scope="row" role="rowheader" { (label.source) }
                        td role="cell" data-label="Fraudulent" { (words::count(label.fraudulent)) }
                        td role="cell" data-label="Legitimate" { (words::count(label.legitimate)) }
                        td role="cell" data-label="Weight" { (figure(Some(label.weight))) }
                    }
                }
            }
        }
    }
}

fn evaluated(evaluation: &Evaluation) -> Markup {
    html! {
        h3 { "Measured on" }
        p {
            (words::absolute(evaluation.from)) " to " (words::absolute(evaluation.until)) ": "
            (words::count(evaluation.fraudulent)) " fraudulent, " (words::count(evaluation.legitimate)) " legitimate"
        }
        dl.pairs {
            div { dt { "AUC" } dd { (figure(evaluation.auc)) } }
            div { dt { "Found at 1 % false alarms" } dd { (figure(evaluation.tpr_at_fpr_1)) } }
            div { dt { "Brier skill" } dd { (figure(evaluation.brier_skill)) } }
            div { dt { "Calibration error" } dd { (figure(evaluation.ece)) } }
        }
    }
}

fn figure(figure: Option<Figure>) -> String {
    figure.map_or_else(|| "not measured".to_owned(), |figure| format!("{:.4}", figure.get()))
}

/// The constants with a line each.
fn pretty(json: &str) -> String {
    let value = serde_json::from_str::<serde_json::Value>(json).ok();
    value.and_then(|value| serde_json::to_string_pretty(&value).ok()).unwrap_or_else(|| json.to_owned())
}

#[cfg(test)]
mod tests {
    use countersign_app::models::ModelHead;
    use countersign_risk::LabelSource;

    use super::*;
    use crate::console::samples;

    #[test]
    fn a_card_is_shown_whole_and_nothing_of_it_is_markup() {
        let (from, until) = (samples::now(), samples::now());
        let label = LabelSource {
            source: samples::HOSTILE.into(),
            fraudulent: 12,
            legitimate: 3_400,
            weight: Figure::new(0.5).unwrap(),
        };
        let card = Card {
            parent: Some(samples::HOSTILE_ID.to_owned()),
            limits: vec![samples::HOSTILE.to_owned()],
            trained_on: Some(Training { from, until, labels: vec![label] }),
            evaluated_on: Some(Evaluation {
                from,
                until,
                fraudulent: 5,
                legitimate: 50,
                auc: Figure::new(0.9321),
                tpr_at_fpr_1: None,
                brier_skill: Figure::new(-0.25),
                ece: Figure::new(0.0),
            }),
            ..Card::of_baseline()
        };
        let head = ModelHead {
            version: 3,
            kind: "constants",
            tag: samples::HOSTILE_ID.to_owned(),
            imported_at: Some(from),
            imported_by: Some(samples::HOSTILE.to_owned()),
            card: Some(card),
        };
        let model = serde_json::value::RawValue::from_string(r#"{"name":"<script>"}"#.to_owned()).unwrap();
        let page = Page {
            tenant: samples::tenant(),
            reader: samples::reader(),
            now: samples::now(),
            model: ModelShown { head, model },
        };
        let page = page.render().into_string();
        samples::check_page(&page);
        for part in ["0.9321", "not measured", "-0.2500", "3,400", "Where not to trust it"] {
            assert!(page.contains(part), "{part}");
        }
    }
}
