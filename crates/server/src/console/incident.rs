//! `/incidents/{id}`: one incident, its story, timeline and steps; people by alias, until somebody opens who they are.

use super::query::Reader;
use super::query::permitted;
use super::segments::Segments;
use crate::authn::Known;
use axum::{
    extract::{Query, State, rejection::QueryRejection},
    response::{IntoResponse, Response},
};
use countersign_app::{
    App,
    access::Permit,
    acts::{PlanFilter, PlanListed},
    incidents::{EntityKind, Opened, Status},
    reveal::{Aliased, Asked, ShownEntity},
};
use countersign_core::{TenantId, Timestamp};
use countersign_rights::Action;
use maud::{Markup, html};

use super::{
    act, contain,
    fault::Fault,
    layout::{Layout, trail_through},
    query::{self, Link, Parameters},
    reveal::{self, Choice},
    sent::Sent,
    severity::severity,
    words,
};
use crate::Server;

/// What the page shows.
struct Page {
    tenant: TenantId,
    reader: Reader,
    now: Timestamp,
    opened: Opened,
    /// Plans about it, the newest first; whoever may not read plans has none.
    plans: Vec<PlanListed>,
    may_propose: bool,
    /// Whether the reader may open who is in it.
    may_reveal: bool,
    /// The leaf that says what was opened.
    revealed: Option<String>,
    told: Option<&'static str>,
}

/// Answers `GET /incidents/{id}`.
pub(super) async fn handle(
    State(server): State<Server>,
    Known(caller): Known,
    Segments(id): Segments<String>,
    query: Result<Query<Vec<(String, String)>>, QueryRejection>,
) -> Result<Response, Fault> {
    let parameters = Parameters::of_query(query)?;
    let tenant = permitted(&server, &caller, Action::ReadIncidents, &parameters).await?;
    let app = &server.0.app;
    let page = Page {
        tenant: tenant.id().clone(),
        reader: query::reader(&server, &caller),
        now: app.clock().now(),
        opened: app.incident_in_short(&tenant, &id).await?,
        plans: plans_about(app, &tenant, &id).await?,
        may_propose: tenant.has_hands() && app.may(&caller, Action::ProposePlans, tenant.id()),
        may_reveal: app.may_reveal(&tenant),
        revealed: None,
        told: act::told(parameters.get("told")),
    };
    Ok(page.render().into_response())
}

/// Answers `POST /incidents/{id}/reveal`: the same page with what was opened.
pub(super) async fn reveal(sent: Sent) -> Result<Response, Fault> {
    let permit = sent.permit(Action::RevealPersonal).await?;
    // Why also this: the answer is the whole page.
    permitted(&sent.server, &sent.caller, Action::ReadIncidents, &sent.parameters).await?;
    let app = sent.app();
    let fields = reveal::fields(&sent.parameters);
    let asked = Asked { fields: &fields, reason: reveal::reason(&sent.parameters)? };
    let (opened, revealed) = app.reveal_incident(&permit, &sent.id, asked, Aliased::Short).await?;
    let page = Page {
        tenant: permit.id().clone(),
        reader: query::reader(&sent.server, &sent.caller),
        now: app.clock().now(),
        plans: plans_about(app, &permit, &sent.id).await?,
        may_propose: permit.has_hands() && app.may(&sent.caller, Action::ProposePlans, permit.id()),
        opened,
        may_reveal: true,
        revealed: Some(revealed.record),
        told: None,
    };
    Ok(page.render().into_response())
}

/// So many plans are listed on an incident's page.
const PLANS: u32 = 20;

async fn plans_about(app: &App, permit: &Permit, incident: &str) -> Result<Vec<PlanListed>, Fault> {
    if !app.may(permit.caller(), Action::ReadPlans, permit.id()) {
        return Ok(Vec::new());
    }
    let filter = PlanFilter { incident: Some(incident.to_owned()), ..PlanFilter::default() };
    Ok(app.plans(permit, filter, PLANS).await?)
}

impl Page {
    fn render(&self) -> Markup {
        let incident = &self.opened.incident;
        let main = html! {
            div.heading { h1 { (incident.title()) } (severity(self.opened.row.severity)) }
            @if let Some(told) = self.told { p.banner.good role="status" { (told) } }
            @if let Some(record) = &self.revealed { (reveal::banner(record)) }
            div.columns {
                div {
                    section.card aria-labelledby="story-title" {
                        h2 #story-title { "What happened" }
                        p { (incident.narrative()) }
                        @if !incident.steps().is_empty() {
                            h3 { "What to do" }
                            ol.steps { @for step in incident.steps() { li { (step) } } }
                        }
                    }
                    (self.timeline())
                    (self.alerts())
                    (self.related())
                    (self.notes())
                }
                div.narrow {
                    (self.facts())
                    (contain::section(&self.tenant, &self.opened.row.id, &self.plans, self.may_propose))
                    (self.who())
                    (act::forms(&self.tenant, &self.reader, &self.opened, self.now))
                }
            }
        };
        let trail = trail_through(&self.tenant, "Incidents", "/incidents");
        let layout = Layout {
            title: "Incident",
            tenant: &self.tenant,
            reader: &self.reader,
            trail,
            now: Some(self.now),
            scripts: &[],
        };
        layout.render(&main)
    }

    fn facts(&self) -> Markup {
        let Opened { row, incident, .. } = &self.opened;
        let techniques = incident.techniques();
        let is_late = row.status == Status::Open.as_str() && row.due < self.now;
        html! {
            section.card aria-labelledby="facts-title" {
            h2 #facts-title { "Facts" }
            dl.pairs {
                div { dt { "Id" } dd { code { (row.id) } } }
                div { dt { "Severity" } dd { (severity(row.severity)) ul { @for reason in incident.reasons() { li { (reason) } } } } }
                div { dt { "Status" } dd { (row.status) @if is_late { " · " strong.alarm { "overdue" } } } }
                @if let Some(closing) = incident.handling.closing() {
                    div { dt { "Closed" } dd { (closing.disposition.as_str().replace('_', " ")) " by " (closing.by) ": " (self.opened.closing_reason().unwrap_or_default()) } }
                }
                div { dt { "Assignee" } dd { (row.assignee.as_deref().unwrap_or("nobody")) } }
                @if row.status == Status::Open.as_str() { div { dt { "Take up by" } dd { (words::absolute(row.due)) } } }
                div { dt { "From" } dd { (words::absolute(row.first)) } }
                div { dt { "To" } dd { (words::absolute(row.last)) } }
                @if !techniques.is_empty() {
                    div { dt { "ATT&CK" } dd { @for technique in &techniques { span.tag { (technique) } " " } } }
                }
            }
            }
        }
    }

    /// Whom and what it is about: each leads to all that is found about it.
    fn who(&self) -> Markup {
        let follow = |tag: &dyn std::fmt::Display| {
            let link = Link::to("/incidents").with("tenant", self.tenant.as_str());
            link.with("entity", &tag.to_string()).done()
        };
        let list = |entities: &[ShownEntity]| {
            html! {
                ul.who {
                    @for shown in entities {
                        li {
                            span.quiet { (kind(shown.entity.kind)) " " }
                            a href=(follow(&shown.tag)) { code title=[shown.alias.as_deref()] { (shown.entity.name) } }
                        }
                    }
                }
            }
        };
        let (first, more) = self.opened.involved.split_at(FIRST.min(self.opened.involved.len()));
        let action = Link::to(&format!("/incidents/{}/reveal", self.opened.row.id)).done();
        let choices = PARTS.map(|(field, text, is_chosen)| Choice { field, text, shown: None, is_chosen });
        html! {
            section.card.acts aria-labelledby="who-title" {
                h2 #who-title { "Who and what" }
                (list(first))
                @if !more.is_empty() { details { summary { (more.len()) " more" } (list(more)) } }
                @if self.may_reveal { (reveal::form((&self.tenant, &self.reader), &action, &choices, &[])) }
            }
        }
    }

    fn timeline(&self) -> Markup {
        html! {
            section.card aria-labelledby="timeline-title" {
                h2 #timeline-title { "Timeline" }
                table.rows.plain role="table" {
                    thead role="rowgroup" {
                        tr role="row" {
                            @for name in ["Time", "What happened", "Log entry", "Decision"] { th scope="col" role="columnheader" { (name) } }
                        }
                    }
                    tbody role="rowgroup" {
                        @for line in self.opened.incident.timeline() {
                            tr role="row" {
                                td.at role="cell" { time datetime=(line.at) { (words::absolute(line.at)) } }
                                td role="cell" { (line.text) }
                                td.wrap role="cell" data-label="Log entry" { @if let Some(id) = line.seq.and_then(|seq| self.opened.log_ids.get(&seq)) { code title=(id) { (words::end(id)) } } }
                                td role="cell" data-label="Decision" {
                                    @if let Some((id, level)) = line.seq.and_then(|seq| self.opened.decisions.get(&seq)) {
                                        a href=(Link::to(&format!("/decisions/{id}")).with("tenant", self.tenant.as_str()).done()) { (words::level(*level)) }
                                    }
                                }
                            }
                        }
                    }
                }
            }
        }
    }

    fn alerts(&self) -> Markup {
        let incident = &self.opened.incident;
        html! {
            section.card aria-labelledby="alerts-title" {
                h2 #alerts-title { "Alerts" }
                table.rows.plain role="table" {
                    thead role="rowgroup" {
                        tr role="row" {
                            @for name in ["Severity", "What", "About", "Findings", "Alert"] {
                                th scope="col" role="columnheader" { (name) }
                            }
                        }
                    }
                    tbody role="rowgroup" {
                        @for member in incident.members() {
                            tr role="row" {
                                td role="cell" { (severity(member.severity.rank())) }
                                th scope="row" role="rowheader" { (member.title) }
                                td.wrap role="cell" data-label="About" { (member.entity.name) }
                                td role="cell" data-label="Findings" { (member.findings) }
                                td role="cell" data-label="Alert" { code { (member.alert) } }
                            }
                        }
                    }
                }
                @if incident.beyond() > 0 { p.note { "More came than are told here." } }
            }
        }
    }

    fn related(&self) -> Markup {
        let link = |id: &dyn std::fmt::Display| {
            Link::to(&format!("/incidents/{id}")).with("tenant", self.tenant.as_str()).done()
        };
        html! {
            @if !self.opened.incident.related().is_empty() {
                section.card aria-labelledby="related-title" {
                    h2 #related-title { "Related incidents" }
                    ul { @for id in self.opened.incident.related() { li { a href=(link(id)) { code { (id) } } } } }
                }
            }
        }
    }

    fn notes(&self) -> Markup {
        html! {
            section.card aria-labelledby="notes-title" {
                h2 #notes-title { "Comments" }
                @if self.opened.notes.is_empty() { p.quiet { "Nobody wrote anything yet." } }
                @for note in &self.opened.notes {
                    article.comment {
                        p { strong { (note.by) } " " span.quiet { (words::time(note.at, self.now)) } }
                        p.text { (note.text) }
                    }
                }
            }
        }
    }
}

/// So many of those whom it is about are listed before the rest is folded.
const FIRST: usize = 12;

/// What can be opened of an incident.
const PARTS: [(&str, &str, bool); 4] = [
    ("accounts", "Accounts", true),
    ("sources", "Addresses, networks, TLS fingerprints", true),
    ("others", "What else a rule goes by", false),
    ("texts", "What people wrote", true),
];

const fn kind(kind: EntityKind) -> &'static str {
    match kind {
        EntityKind::User => "account",
        EntityKind::Address => "address",
        EntityKind::Network => "network",
        EntityKind::Fingerprint => "TLS fingerprint",
        EntityKind::Organization => "organization",
        EntityKind::Client => "client",
        EntityKind::Tenant => "tenant",
        EntityKind::Other => "other",
    }
}

#[cfg(test)]
pub(super) mod tests {
    use std::collections::BTreeSet;

    use countersign_app::incidents::{EntityTag, IncidentRow, Note};
    use countersign_detect::{
        Alert, AlertId, Audience, Entity, Severity, detectors,
        incident::{Incident, Involved, Member},
    };
    use countersign_privacy::Tagger;

    use super::*;
    use crate::console::samples;

    /// An incident about an account of a hostile name.
    pub(in crate::console) fn opened() -> Opened {
        let (tagger, at) = (Tagger::new(&[1; 32]), samples::now());
        let entity = Entity::new(EntityKind::User, samples::HOSTILE);
        let alert = Alert {
            id: AlertId::new(&tagger, "brute_force_account", 1, &entity, at),
            detector: "brute_force_account".to_owned(),
            version: 1,
            entity,
            severity: Severity::High,
            first: at,
            last: at,
            findings: 2,
            evidence: Vec::new(),
            measures: Vec::new(),
            audience: Audience::Raised,
        };
        let mut incident = Incident::open(&tagger, alert.id, at, BTreeSet::new());
        let other = AlertId::new(&tagger, "other", 1, &alert.entity, at);
        incident.relate([Incident::open(&tagger, other, at, BTreeSet::new()).id]);
        let mut all = detectors::NATIVE.iter().map(|native| native.about);
        let about = all.find(|about| about.id == "brute_force_account").unwrap();
        incident.take(Member::new(&alert, about, &Involved::new(&alert, &[]), &[]));
        let row = IncidentRow {
            id: incident.id.to_string(),
            version: 1,
            severity: Severity::High.rank(),
            status: "open".to_owned(),
            disposition: None,
            assignee: None,
            alerts: 1,
            first: at,
            last: at,
            opened: at,
            due: at,
            key_id: "rec_1".to_owned(),
            sealed: Vec::new(),
        };
        let note =
            Note { id: "rec_2".to_owned(), at, by: "mia".to_owned(), text: samples::HOSTILE.to_owned() };
        Opened {
            row,
            incident,
            notes: vec![note],
            log_ids: [(1, "900\u{202e}1".to_owned())].into(),
            decisions: [(1, ("dec_1\"<b>".parse().unwrap(), countersign_core::Level::High))].into(),
            involved: vec![ShownEntity {
                entity: Entity::new(EntityKind::User, samples::HOSTILE),
                alias: Some("als_1".to_owned()),
                tag: EntityTag(7),
                subject: None,
            }],
            are_texts_open: true,
        }
    }

    #[test]
    fn the_story_is_shown_and_nothing_of_it_is_markup() {
        let page = Page {
            tenant: samples::tenant(),
            reader: samples::reader(),
            now: samples::now(),
            opened: opened(),
            plans: Vec::new(),
            may_propose: true,
            may_reveal: true,
            revealed: Some("rec_9".to_owned()),
            told: act::told(Some("noted")),
        };
        let page = page.render().into_string();
        samples::check_page(&page);
        for part in [
            "Many wrong passwords for one account",
            "ask the person whether it was them",
            "T1110.001",
            "Related incidents",
            "2 times until 2026-08-20 08:00 UTC",
            "entity=ent_0000000000000007",
            "title=\"als_1\"",
            "/reveal\"",
            "rec_9",
        ] {
            assert!(page.contains(part), "{part}");
        }
    }
}
