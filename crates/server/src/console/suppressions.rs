//! `/suppressions`: what nobody is to be told of, for a while; added and lifted here.

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
use countersign_app::{
    App, Error, Tenant,
    incidents::{NewSuppression, SENSORS, Standing, Suppression},
    reveal::{Aliased, Asked, MASKED_TEXT, ShownEntity, Target},
};
use countersign_core::{TenantId, Timestamp};
use countersign_rights::Action;
use maud::{Markup, html};

use super::{
    confirm::{Pairs, named_tenant, of_form},
    fault::Fault,
    filter::{self, Detectors, actor},
    layout::{Layout, trail_to},
    query::{self, Link, Parameters},
    reveal::{self, Choice},
    sent::{Sent, back},
    words,
};
use crate::Server;

/// For how many days something can be suppressed here.
const DAYS: [i64; 4] = [1, 7, 30, 90];

/// A day in microseconds.
const DAY: i64 = 24 * 3_600 * 1_000_000;

/// What the page shows.
struct Page {
    tenant: TenantId,
    reader: Reader,
    now: Timestamp,
    detectors: Detectors,
    rows: Vec<Row>,
    /// Whether the reader may open whom they are about.
    may_reveal: bool,
    /// The leaf that says what was opened.
    revealed: Option<String>,
    told: Option<&'static str>,
}

/// A suppression as it is shown.
struct Row {
    standing: Standing,
    /// What it is about, by alias unless it was opened.
    about: Option<ShownEntity>,
    /// Why, unless that is masked.
    reason: String,
}

/// The suppressions that hold, about whom nobody opened.
async fn rows(app: &App, tenant: &Tenant, now: Timestamp) -> Result<Vec<Row>, Error> {
    let row = |standing: Standing| {
        let entity = standing.suppression.entity.as_ref();
        let about = entity.map(|entity| App::shown_entity(tenant, entity, Aliased::Short));
        Row { about, reason: MASKED_TEXT.to_owned(), standing }
    };
    Ok(app.suppressions(tenant, now).await?.into_iter().map(row).collect())
}

/// Answers `GET /suppressions`.
pub(super) async fn handle(
    State(server): State<Server>,
    Known(caller): Known,
    query: Result<Query<Vec<(String, String)>>, QueryRejection>,
) -> Result<Response, Fault> {
    let parameters = Parameters::of_query(query)?;
    let tenant = permitted(&server, &caller, Action::ReadIncidents, &parameters).await?;
    let app = &server.0.app;
    let now = app.clock().now();
    let told = match parameters.get("told") {
        Some("added") => Some("It is suppressed from now on."),
        Some("lifted") => Some("It was lifted: people are told again."),
        _ => None,
    };
    let page = Page {
        tenant: tenant.id().clone(),
        reader: query::reader(&server, &caller),
        now,
        detectors: App::detectors(&tenant)?,
        rows: rows(app, &tenant, now).await?,
        may_reveal: app.may_reveal(&tenant),
        revealed: None,
        told,
    };
    Ok(page.render().into_response())
}

/// Answers `POST /suppressions/{id}/reveal`: the same page with what was opened of one.
pub(super) async fn reveal(sent: Sent) -> Result<Response, Fault> {
    let permit = sent.permit_within(Action::RevealPersonal).await?;
    // Why also this: the answer is the whole page.
    let tenant = permitted(&sent.server, &sent.caller, Action::ReadIncidents, &sent.parameters).await?;
    let app = sent.app();
    let fields = reveal::fields(&sent.parameters);
    let asked = Asked { fields: &fields, reason: reveal::reason(&sent.parameters)? };
    let opened = app.reveal(&permit, (Target::Suppression, &sent.id), asked).await?;
    let now = app.clock().now();
    let mut rows = rows(app, &tenant, now).await?;
    for row in rows.iter_mut().filter(|row| row.standing.id == sent.id) {
        let Suppression { entity, reason, .. } = &row.standing.suppression;
        if let (true, Some(about), Some(entity)) =
            (opened.values.contains_key("entity"), &mut row.about, entity)
        {
            about.entity = entity.clone();
        }
        if opened.values.contains_key("reason") {
            row.reason.clone_from(reason);
        }
    }
    let page = Page {
        tenant: tenant.id().clone(),
        reader: query::reader(&sent.server, &sent.caller),
        now,
        detectors: App::detectors(&tenant)?,
        rows,
        may_reveal: true,
        revealed: Some(opened.record),
        told: None,
    };
    Ok(page.render().into_response())
}

/// Answers `POST /suppressions`.
pub(super) async fn add(
    State(server): State<Server>,
    Known(caller): Known,
    form: Result<Form<Pairs>, FormRejection>,
) -> Result<Response, Fault> {
    let parameters = of_form(form)?;
    let tenant = named_tenant(&server, &caller, Action::ChangeSuppressions, &parameters).await?;
    let days = parameters.get("days").and_then(|text| text.parse().ok()).filter(|days| DAYS.contains(days));
    let days = days.ok_or_else(|| Fault::query("`days` is a number that the form offers"))?;
    let app = &server.0.app;
    let new = NewSuppression {
        detector: parameters.get("detector").map(str::to_owned),
        entity: filter::read_entity(&parameters)?,
        until: app.clock().now().plus(days * DAY),
        reason: parameters.get("reason").unwrap_or_default().to_owned(),
        force: false,
    };
    app.suppress(&tenant, new, &tenant.actor(parameters.get("actor"))?).await?;
    Ok(back("/suppressions", tenant.id(), "added"))
}

/// Answers `POST /suppressions/{id}/lift`.
pub(super) async fn lift(sent: Sent) -> Result<Response, Fault> {
    let tenant = sent.permit(Action::ChangeSuppressions).await?;
    let actor = sent.actor(&tenant)?;
    sent.app().lift_suppression(&tenant, &sent.id, &actor).await?;
    Ok(back("/suppressions", tenant.id(), "lifted"))
}

impl Page {
    fn render(&self) -> Markup {
        let main = html! {
            div.heading { h1 { "Suppressions" } }
            @if let Some(told) = self.told { p.banner.good role="status" { (told) } }
            @if let Some(record) = &self.revealed { (reveal::banner(record)) }
            p.note { "What is suppressed is still found and listed under "
                a href=(Link::to("/alerts").with("tenant", self.tenant.as_str()).with("audience", "suppressed").done()) { "Alerts" }
                "; it opens no incident, and nobody is told. It holds for what happens from its beginning to its end." }
            div.columns {
                div { @if self.rows.is_empty() { (empty()) } @else { (self.table()) } }
                div.narrow { (self.form()) }
            }
        };
        let layout = Layout {
            title: "Suppressions",
            tenant: &self.tenant,
            reader: &self.reader,
            trail: trail_to(&self.tenant, None),
            now: Some(self.now),
            scripts: &[],
        };
        layout.render(&main)
    }

    fn table(&self) -> Markup {
        html! {
            table.rows role="table" aria-label="Suppressions that hold" {
                thead role="rowgroup" {
                    tr role="row" {
                        @for name in ["Detector", "About", "Why", "Until", "Lift"] { th scope="col" role="columnheader" { (name) } }
                    }
                }
                tbody role="rowgroup" { @for standing in &self.rows { (self.row(standing)) } }
            }
        }
    }

    fn row(&self, Row { standing: Standing { id, suppression, by }, about, reason }: &Row) -> Markup {
        let action = Link::to(&format!("/suppressions/{id}/reveal")).done();
        let choices = [("entity", "About"), ("reason", "Why")].map(|(field, text)| Choice {
            field,
            text,
            shown: None,
            is_chosen: true,
        });
        html! {
            tr role="row" {
                td role="cell" data-label="Detector" {
                    @match &suppression.detector { Some(detector) => code { (detector) }, None => "any" }
                }
                td.wrap role="cell" data-label="About" {
                    @match about { Some(about) => code title=[about.alias.as_deref()] { (about.entity.name) }, None => "anything" }
                }
                td.wrap role="cell" data-label="Why" { (reason) " " span.quiet { "(" (by) ")" } }
                td role="cell" data-label="Until" { (words::absolute(suppression.until)) }
                td role="cell" {
                    @if self.may_reveal { (reveal::form((&self.tenant, &self.reader), &action, &choices, &[])) }
                    details {
                        summary { "Lift" }
                        form.fields method="post" action=(Link::to(&format!("/suppressions/{id}/lift")).done()) {
                            input type="hidden" name="tenant" value=(self.tenant);
                            (actor(&self.reader))
                            div.buttons { button type="submit" { "Lift it now" } }
                        }
                    }
                }
            }
        }
    }

    fn form(&self) -> Markup {
        let offered = self.detectors.iter().filter(|(id, _)| id != SENSORS).cloned().collect();
        html! {
            section.card aria-labelledby="add-title" {
                h2 #add-title { "Suppress" }
                form.fields method="post" action="/suppressions" {
                    input type="hidden" name="tenant" value=(self.tenant);
                    (filter::detectors(&offered, None, "Any, if an entity is named"))
                    (filter::entity(false))
                    label {
                        "For "
                        select name="days" {
                            @for days in DAYS { option value=(days) selected[days == 7] { (days) " days" } }
                        }
                    }
                    label { "Why" textarea name="reason" rows="3" required maxlength="1000" {} }
                    (actor(&self.reader))
                    div.buttons { button.primary type="submit" { "Suppress" } }
                    p.note { "What tells that somebody blinds the watch, " code { (SENSORS) } ", is not suppressed here." }
                }
            }
        }
    }
}

fn empty() -> Markup {
    html! {
        div.card.empty {
            h3 { "Nothing is suppressed" }
            p { "People are told of everything that is found, within each detector's daily budget." }
        }
    }
}

#[cfg(test)]
mod tests {
    use countersign_app::incidents::{Entity, EntityKind, EntityTag};

    use super::*;
    use crate::console::samples;

    fn page(rows: Vec<Row>) -> String {
        let detectors = ["mfa_fatigue", SENSORS].map(|id| (id.to_owned(), samples::HOSTILE.to_owned()));
        let page = Page {
            tenant: samples::tenant(),
            reader: samples::reader(),
            now: samples::now(),
            detectors: detectors.to_vec(),
            rows,
            may_reveal: true,
            revealed: None,
            told: Some("It is suppressed from now on."),
        };
        let page = page.render().into_string();
        samples::check_page(&page);
        page
    }

    #[test]
    fn what_is_suppressed_is_told_with_its_reason_and_nothing_of_it_is_markup() {
        let suppression = Suppression {
            detector: Some("mfa_fatigue".to_owned()),
            entity: Some(Entity::new(EntityKind::User, samples::HOSTILE)),
            from: samples::now(),
            until: samples::now().plus(DAY),
            reason: samples::HOSTILE.to_owned(),
        };
        let by = samples::HOSTILE.to_owned();
        let standing = Standing { id: "rec_1".to_owned(), suppression, by };
        let about = ShownEntity {
            entity: Entity::new(EntityKind::User, samples::HOSTILE),
            alias: Some(samples::HOSTILE.to_owned()),
            tag: EntityTag(7),
            subject: None,
        };
        let row = Row { standing, about: Some(about), reason: samples::HOSTILE.to_owned() };
        let page = page(vec![row]);
        assert!(
            page.contains("2026-08-21 08:00:00 UTC") && page.contains("action=\"/suppressions/rec_1/lift\"")
        );
        assert!(!page.contains("option value=\"sensor_tampering\""));
    }

    #[test]
    fn an_empty_list_says_so() {
        assert!(page(Vec::new()).contains("Nothing is suppressed"));
    }
}
