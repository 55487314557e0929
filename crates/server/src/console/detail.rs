//! `/decisions/{id}`: one decision, what it rests on, what was done, and what became of it.

use super::query::Reader;
use super::query::permitted_within;
use crate::authn::Known;
use countersign_rights::Action;
use std::collections::BTreeMap;

use super::segments::Segments;
use axum::{
    extract::{Query, State, rejection::QueryRejection},
    response::{IntoResponse, Response},
};
use countersign_app::{
    DecisionRow, Error,
    access::ScopedPermit,
    decide::record::Record,
    explain,
    inquiries::InquiryView,
    reveal::{Asked, MaskedField, Revealed, Target},
};
use countersign_core::{DecisionId, Level, SubjectId, TenantId, Timestamp};
use countersign_ledger::leaf::Leaf;
use countersign_policy::{Decision, Recorded, Thresholds};
use countersign_risk::{Assessment, UserRiskAt};
use maud::{Markup, html};

use super::{
    facts,
    fault::Fault,
    layout::{Layout, trail_to},
    query::{self, Link, Parameters},
    reveal::{self, Choice},
    review,
    sent::Sent,
    user_risk, waterfall, words,
};
use crate::Server;

/// What the page shows.
pub(super) struct Detail {
    pub(super) tenant: TenantId,
    pub(super) reader: Reader,
    pub(super) now: Timestamp,
    pub(super) row: DecisionRow,
    pub(super) content: Content,
    /// Thresholds of the policy that holds now.
    pub(super) thresholds: Thresholds,
    /// Name of the policy that holds now.
    pub(super) policy: String,
    /// Auth0's ids of the log entries that belong to it.
    pub(super) log_ids: Vec<String>,
    /// What is held against the person now, which is of the whole tenant; `None` for a reader who may not know it.
    pub(super) risk_now: Option<RiskNow>,
    /// What the person goes by; `None` once they were erased.
    pub(super) alias: Option<String>,
    /// What of the event is masked.
    pub(super) fields: Vec<MaskedField>,
    /// Whether the reader may open it.
    pub(super) may_reveal: bool,
    /// Whether the reader may have it reviewed.
    pub(super) may_review: bool,
    /// Whether the reader may say who it was.
    pub(super) may_tell: bool,
    /// What was opened.
    pub(super) revealed: Option<Revealed>,
    /// Whether the person is asked, or was, whether it was they.
    pub(super) inquiry: Asking,
    /// Whether a verdict was told just now.
    pub(super) notice: Option<&'static str>,
}

/// Whether the person of a sign-in is asked whether it was they.
pub(super) enum Asking {
    /// People of this tenant are not.
    Off,
    /// They were not yet.
    Open,
    /// They were.
    Asked(InquiryView),
}

/// What is held against a person now.
pub(super) struct RiskNow {
    /// `None` where nothing is.
    pub(super) held: Option<UserRiskAt>,
    /// Whether the reader may change it.
    pub(super) may_mark: bool,
}

/// What can be read of a decision.
pub(super) enum Content {
    /// All of it.
    Opened(Box<Record>),
    /// The versions in its public leaf; the person was erased.
    Erased(BTreeMap<String, String>),
    /// The same; the record is older than it is kept.
    NotKept(BTreeMap<String, String>),
}

/// Answers `GET /decisions/{id}`.
pub(super) async fn handle(
    State(server): State<Server>,
    Known(caller): Known,
    Segments(id): Segments<String>,
    query: Result<Query<Vec<(String, String)>>, QueryRejection>,
) -> Result<Response, Fault> {
    let parameters = Parameters::of_query(query)?;
    let permit = permitted_within(&server, &caller, Action::ReadDecisions, &parameters).await?;
    let notice = match parameters.get("told") {
        Some("recorded") => Some("The verdict was recorded, and the person's profile has learned from it."),
        Some("safe") => Some("The person is marked as safe: nothing is held against them any more."),
        Some("compromised") => Some("The person is marked as compromised."),
        Some("asked") => Some("The person is asked by mail whether it was they."),
        Some("known") => Some("That was told before; nothing changed."),
        _ => None,
    };
    let detail = detail(&server, &permit, &query::decision_id(&id)?).await?;
    Ok(Detail { notice, ..detail }.render().into_response())
}

/// Answers `POST /decisions/{id}/reveal`: the same page with what was opened.
pub(super) async fn reveal(sent: Sent) -> Result<Response, Fault> {
    let permit = sent.permit_within(Action::RevealPersonal).await?;
    let id = query::decision_id(&sent.id)?;
    let fields = reveal::fields(&sent.parameters);
    let asked = Asked { fields: &fields, reason: reveal::reason(&sent.parameters)? };
    // Why also this: the answer is the whole page.
    let page = permitted_within(&sent.server, &sent.caller, Action::ReadDecisions, &sent.parameters).await?;
    let revealed = sent.app().reveal(&permit, (Target::Decision, id.as_str()), asked).await?;
    let detail = detail(&sent.server, &page, &id).await?;
    Ok(Detail { revealed: Some(revealed), ..detail }.render().into_response())
}

async fn detail(server: &Server, permit: &ScopedPermit, id: &DecisionId) -> Result<Detail, Fault> {
    let app = &server.0.app;
    let (row, content) = find(server, permit, id).await?;
    let risk_now = match &row.subject {
        Some(subject) => risk_now(server, permit, subject).await?,
        None => None,
    };
    let decision = &row.decision;
    let thresholds =
        permit.thresholds(decision.trigger, decision.organization.as_ref(), decision.client.as_ref());
    let fields = match &content {
        Content::Opened(record) => permit.masked_event(record)?,
        Content::Erased(_) | Content::NotKept(_) => Vec::new(),
    };
    Ok(Detail {
        tenant: permit.id().clone(),
        reader: query::reader(server, permit.caller()),
        now: app.clock().now(),
        log_ids: app.log_ids(permit, &row).await?,
        alias: row.subject.as_ref().map(|subject| permit.aliases().of(subject).to_string()),
        row,
        content,
        thresholds,
        policy: permit.policy_etag(),
        risk_now,
        fields,
        may_reveal: app.may_within(permit, Action::RevealPersonal),
        may_tell: app.may_within(permit, Action::TellOutcomes),
        may_review: app.may(permit.caller(), Action::WorkReviews, permit.id()),
        revealed: None,
        inquiry: asking(server, permit, id).await?,
        notice: None,
    })
}

/// For who may know all of the tenant's.
async fn asking(server: &Server, permit: &ScopedPermit, id: &DecisionId) -> Result<Asking, Error> {
    let Some(tenant) = permit.whole().filter(|tenant| tenant.asks_people()) else { return Ok(Asking::Off) };
    Ok(server.0.app.find_inquiry(tenant, id).await?.map_or(Asking::Open, Asking::Asked))
}

/// Answers `POST /decisions/{id}/ask`: the person is asked whether it was they.
pub(super) async fn ask(sent: Sent) -> Result<Response, Fault> {
    let permit = sent.permit(Action::TellOutcomes).await?;
    let decision = query::decision_id(&sent.id)?;
    sent.app().ask_person(&permit, &decision).await?;
    Ok(sent.back("/decisions", permit.id(), "asked"))
}

/// What is held against a person now, for who may know that of all of the tenant's.
async fn risk_now(
    server: &Server,
    permit: &ScopedPermit,
    subject: &SubjectId,
) -> Result<Option<RiskNow>, Error> {
    let (app, caller) = (&server.0.app, permit.caller());
    let Some(tenant) = permit.whole().filter(|_| app.may(caller, Action::ReadUsers, permit.id())) else {
        return Ok(None);
    };
    let held = app.user_risk(tenant, subject).await?;
    let (level, score) = (held.level, held.score);
    let held = held.since.map(|since| UserRiskAt { level, score, since });
    Ok(Some(RiskNow { held, may_mark: app.may(caller, Action::MarkUsers, permit.id()) }))
}

async fn find(
    server: &Server,
    permit: &ScopedPermit,
    id: &DecisionId,
) -> Result<(DecisionRow, Content), Fault> {
    match server.0.app.decision(permit, id).await {
        Ok((row, record)) => Ok((row, Content::Opened(Box::new(record)))),
        Err(Error::Erased) => Ok(find_rest(server, permit, id, Content::Erased).await?),
        Err(Error::NotKept) => Ok(find_rest(server, permit, id, Content::NotKept).await?),
        Err(error) => Err(error.into()),
    }
}

/// What is left of a decision whose record can't be read any more: its row, and its leaf.
async fn find_rest(
    server: &Server,
    permit: &ScopedPermit,
    id: &DecisionId,
    content: impl FnOnce(BTreeMap<String, String>) -> Content,
) -> Result<(DecisionRow, Content), Error> {
    let app = &server.0.app;
    let row = app.find_decision(permit, id).await?;
    let receipt = app.receipt(permit, id.as_str()).await?;
    let leaf =
        Leaf::decode(&receipt.leaf.0).map_err(|error| Error::Internal { detail: error.to_string() })?;
    Ok((row, content(leaf.versions)))
}

impl Detail {
    pub(super) fn render(&self) -> Markup {
        let main = html! {
            (self.heading())
            @if let Some(notice) = self.notice { p.banner role="status" { (notice) } }
            @if let Some(revealed) = &self.revealed { (reveal::banner(&revealed.record)) }
            @match &self.content {
                Content::Opened(record) => (self.opened(record)),
                Content::Erased(versions) => (self.gone(ERASED, versions)),
                Content::NotKept(versions) => (self.gone(NOT_KEPT, versions)),
            }
        };
        let layout = Layout {
            title: "Decision",
            tenant: &self.tenant,
            reader: &self.reader,
            trail: trail_to(&self.tenant, None),
            now: Some(self.now),
            scripts: &[],
        };
        layout.render(&main)
    }

    fn heading(&self) -> Markup {
        let decision = &self.row.decision;
        html! {
            div.heading.decision {
                h1 {
                    span.hidden { "Decision: " }
                    (words::level(decision.level)) " "
                    span.score { (decision.score) } " "
                    (words::verdict(decision.mode, decision.verdict))
                }
                dl.pairs.inline {
                    div { dt { "When" } dd { (words::absolute(decision.at)) " (" (words::time(decision.at, self.now)) ")" } }
                    div { dt { "Person" } dd { @match &self.alias { Some(alias) => (words::alias(alias)), None => span.quiet { "erased" } } } }
                    @if let Content::Opened(record) = &self.content {
                        @if record.features.machine.is_none() { div { dt { "User risk" } dd { (user_risk::row(record.user_risk)) } } }
                    }
                    div { dt { "Organization" } dd { (or_none(decision.organization.as_ref())) } }
                    div { dt { "Client" } dd { (or_none(decision.client.as_ref())) } }
                    div { dt { "Channel" } dd { (decision.channel) span.quiet { " · " (words::channel_text(decision.channel)) } } }
                    div { dt { "Id" } dd { code.wrap { (decision.id) } } }
                }
            }
        }
    }

    fn opened(&self, record: &Record) -> Markup {
        html! {
            div.columns {
                div.wide {
                    section.card aria-labelledby="why" {
                        h2 #why { "Why this score" }
                        p { "Confidence " strong { (record.assessment.confidence) } span.quiet { " · how much the score rests on; little history and missing signals lower it" } }
                        (waterfall::render(&record.assessment, self.thresholds))
                    }
                    section.card aria-labelledby="flip" {
                        h2 #flip { "What would have changed the level" }
                        (self.flip(&record.assessment, &record.policy))
                    }
                    section.card aria-labelledby="features" { h2 #features { "What was known" } (facts::features(&record.features)) }
                }
                div.narrow {
                    section.card aria-labelledby="done" { h2 #done { "What was done" } (done(&record.decision)) }
                    (self.personal())
                    (self.outcome(self.may_tell))
                    @if let (Some(subject), Some(risk), None) = (&self.row.subject, &self.risk_now, &record.features.machine) {
                        (user_risk::forms((&self.tenant, &self.reader), (subject, &self.row.decision.id), risk, self.now))
                    }
                    (self.receipt())
                    section.card aria-labelledby="versions" { h2 #versions { "Made by" } (facts::versions(record, &self.policy)) }
                    section.card aria-labelledby="missing" { h2 #missing { "What was missing" } (facts::missing(record)) }
                }
            }
        }
    }

    /// What of the event is masked, and what of it was opened.
    fn personal(&self) -> Markup {
        let opened = |path: &str| self.revealed.as_ref().and_then(|revealed| revealed.values.get(path));
        let closed: Vec<_> = self.fields.iter().filter(|field| opened(&field.path).is_none()).collect();
        let choices: Vec<_> = closed
            .iter()
            .map(|field| Choice {
                field: &field.path,
                text: &field.path,
                shown: Some(&field.shown),
                is_chosen: FIRST.contains(&&*field.path),
            })
            .collect();
        let action = Link::to(&format!("/decisions/{}/reveal", self.row.decision.id)).done();
        html! {
            @if !self.fields.is_empty() {
                section.card.acts aria-labelledby="personal" {
                    h2 #personal { "Personal data" }
                    @if let Some(revealed) = &self.revealed {
                        dl.pairs {
                            @for (path, value) in &revealed.values {
                                div { dt { code.wrap { (path) } } dd.wrap { (text(value)) } }
                            }
                        }
                    }
                    p.quiet { (self.fields.len()) " fields of the event tell of somebody. They are masked." }
                    @if self.may_reveal && !choices.is_empty() {
                        (reveal::form((&self.tenant, &self.reader), &action, &choices, &[]))
                    }
                }
            }
        }
    }

    /// What is left of a decision whose record can't be read any more; `why` is a title and what it means.
    fn gone(&self, why: (&str, &str), versions: &BTreeMap<String, String>) -> Markup {
        html! {
            p.banner role="status" { strong { (why.0) " " } (why.1) }
            div.columns {
                div.wide {
                    section.card aria-labelledby="versions" {
                        h2 #versions { "What the leaf still says" }
                        dl.pairs { @for (name, version) in versions { div { dt { (name) } dd { code.wrap { (version) } } } } }
                    }
                }
                div.narrow { (self.outcome(false)) (self.receipt()) }
            }
        }
    }

    fn flip(&self, assessment: &Assessment, policy: &str) -> Markup {
        let Thresholds { medium, high, critical } = self.thresholds;
        html! {
            @match explain::flip(assessment, self.thresholds) {
                Some(flip) => {
                    p {
                        "Without " @if let [_] = flip.codes.as_slice() { "this reason" } @else { "these " (flip.codes.len()) " reasons" }
                        " the score would have been " strong { (flip.score) } " and the level " (level_of(flip.to)) ":"
                    }
                    ul.codes {
                        @for code in &flip.codes {
                            @let text = assessment.reasons.iter().find(|reason| reason.code == *code).map_or("", |reason| &*reason.text);
                            li { code { (code) } " " (text) }
                        }
                    }
                }
                None if self.thresholds.level(assessment.score) == Level::Low => { p { "The level is the lowest already." } }
                None => { p { "No reason alone or with others: what holds before anything is known reaches this level." } }
            }
            p.note {
                "Thresholds: medium from " (medium) ", high from " (high) ", critical from " (critical) ". "
                @if policy != self.policy {
                    strong { "The policy has changed since: " }
                    "these are the thresholds that hold now, not those of " code { (policy) } "."
                }
            }
        }
    }

    fn outcome(&self, can_tell: bool) -> Markup {
        let path = format!("/decisions/{}/verdict", self.row.decision.id);
        let link =
            |verdict| Link::to(&path).with("tenant", self.tenant.as_str()).with("verdict", verdict).done();
        html! {
            section.card aria-labelledby="outcome" {
                h2 #outcome { "What became of it" }
                p { strong { (words::standing_text(self.row.standing)) } " " code.quiet { (self.row.standing.as_str()) } }
                @if !self.log_ids.is_empty() {
                    p { "Told by Auth0's log:" }
                    ul.codes { @for id in &self.log_ids { li { code.wrap { (id) } } } }
                }
                (self.asked(can_tell))
                @if can_tell {
                    p.quiet { "Do you know who it was? The person's profile learns from your answer." }
                    p.buttons {
                        a.button href=(link("legitimate")) { "It was the user…" }
                        a.button.danger href=(link("fraudulent")) { "It was not the user…" }
                    }
                }
                @if self.may_review { (review::ask((&self.tenant, &self.reader), self.row.decision.id.as_str())) }
            }
        }
    }

    /// What the person was asked, and said.
    fn asked(&self, can_ask: bool) -> Markup {
        let path = format!("/decisions/{}/ask", self.row.decision.id);
        html! {
            @match &self.inquiry {
                Asking::Off => {}
                Asking::Open => @if can_ask && matches!(self.content, Content::Opened(_)) {
                    form method="post" action=(path) {
                        input type="hidden" name="tenant" value=(self.tenant.as_str());
                        p.buttons { button.button { "Ask the person whether it was they" } }
                    }
                },
                Asking::Asked(asked) => p {
                    "The person was asked whether it was they: "
                    strong { (words::inquiry(asked.state)) } " " code.quiet { (asked.state) }
                    @if asked.origin == "risk" { " The service asked by itself." }
                    @if let Some(follow) = asked.follow {
                        " " (words::follow(follow)) " "
                        @if let Some(plan) = &asked.plan {
                            a href=(Link::to(&format!("/plans/{plan}")).with("tenant", self.tenant.as_str()).done()) { "The plan" }
                        }
                    }
                },
            }
        }
    }

    fn receipt(&self) -> Markup {
        let path = format!("/decisions/{}/receipt", self.row.decision.id);
        html! {
            section.card aria-labelledby="proof" {
                h2 #proof { "Proof" }
                p { "Leaf " strong { (words::count(self.row.leaf_index)) } " of this tenant's ledger." }
                p.buttons { a.button href=(Link::to(&path).with("tenant", self.tenant.as_str()).done()) { "Verify the receipt now" } }
            }
        }
    }
}

/// The person's key was destroyed.
const ERASED: (&str, &str) = (
    "This person was erased.",
    "The key that sealed what was recorded about them was destroyed, here and for every backup and export, so the event, \
     the reasons and the features can't be read by anyone. The row above and the ledger's leaf name nobody; they stay, \
     and the leaf still proves that this decision was made then.",
);

/// Retention deleted the record.
const NOT_KEPT: (&str, &str) = (
    "This record is older than it is kept.",
    "What it said about the person was deleted, as the ledger tells. The row above and the ledger's leaf name nobody; they \
     stay, and the leaf still proves that this decision was made then.",
);

/// Fields that are chosen before anybody chooses.
const FIRST: [&str; 2] = ["user.user_id", "user.email"];

/// A value that was opened.
fn text(value: &serde_json::Value) -> String {
    value.as_str().map_or_else(|| value.to_string(), str::to_owned)
}

fn level_of(reached: usize) -> Markup {
    words::level(Level::ALL.get(reached).copied().unwrap_or(Level::Critical))
}

fn or_none(id: Option<&impl std::fmt::Display>) -> Markup {
    html! { @match id { Some(id) => code.wrap { (id) }, None => span.quiet { "none" } } }
}

/// Effects, and why they are what they are.
fn done(decision: &Decision<Recorded>) -> Markup {
    html! {
        p { "Mode " strong { (decision.mode) } span.quiet { " · " (words::mode_text(decision.mode)) } }
        p { "Verdict " strong { (words::verdict_word(decision.verdict)) } }
        @if !decision.because.is_empty() {
            ul.because { @for because in &decision.because { li { (words::because_text(*because)) } } }
        }
        h3 { "The Action was told" }
        @if decision.effects.is_empty() { p.quiet { "Nothing." } }
        @for effect in &decision.effects { (facts::call(effect)) }
        @if !decision.withheld.is_empty() {
            h3 { "Withheld" }
            @for withheld in &decision.withheld {
                (facts::call(&withheld.effect))
                @if !decision.because.contains(&withheld.because) { p.note { (words::because_text(withheld.because)) } }
            }
        }
        @if !decision.proposals.is_empty() {
            h3 { "Proposed, for a plan" }
            ul.because { @for proposal in &decision.proposals { li { (words::proposal_text(proposal.kind)) } } }
        }
        @if decision.is_alert { p.note { "Operators were alerted." } }
    }
}

#[cfg(test)]
mod tests {
    use countersign_app::Standing;
    use countersign_core::Score;
    use countersign_privacy::fields::FieldClass;

    use super::*;
    use crate::console::samples;

    impl Detail {
        pub(crate) fn sample() -> Self {
            let record = samples::record();
            Self {
                tenant: samples::tenant(),
                reader: samples::reader(),
                now: samples::now(),
                row: samples::row_of(&record),
                policy: record.policy.clone(),
                log_ids: vec![samples::HOSTILE.to_owned()],
                risk_now: Some(RiskNow { held: None, may_mark: true }),
                alias: Some("als_0199c1f0".to_owned()),
                fields: vec![MaskedField {
                    path: "user.email".to_owned(),
                    class: FieldClass::Personal,
                    shown: "[personal]".to_owned(),
                }],
                may_reveal: true,
                may_review: true,
                may_tell: true,
                revealed: None,
                content: Content::Opened(Box::new(record)),
                thresholds: countersign_policy::Settings::default().thresholds,
                inquiry: Asking::Off,
                notice: None,
            }
        }

        pub(crate) fn erased_sample() -> Self {
            let mut detail = Self::sample();
            detail.row.subject = None;
            detail.alias = None;
            let version = |name: &str| (name.to_owned(), format!("{name}@1"));
            detail.content = Content::Erased(["action", "engine", "model"].map(version).into());
            detail
        }
    }

    #[test]
    fn the_page_explains_the_decision() {
        let detail = Detail::sample();
        let page = detail.render().into_string();
        samples::check_page(&page);
        for part in [
            "impossible_travel",
            "add up to exactly",
            "Without this reason",
            "api.authentication.challengeWithAny",
            "It was not the user",
            "Verify the receipt now",
            "The mode is audit",
        ] {
            assert!(page.contains(part), "{part}");
        }
        assert!(!page.contains("The policy has changed since"));
    }

    #[test]
    fn a_changed_policy_is_told() {
        let detail = Detail { policy: "another".to_owned(), ..Detail::sample() };
        assert!(detail.render().into_string().contains("The policy has changed since"));
    }

    #[test]
    fn what_was_opened_is_shown_as_text_and_the_rest_stays_masked() {
        let opened = |value: &str| Revealed {
            record: "rec_9".to_owned(),
            values: [("user.email".to_owned(), value.into())].into(),
        };
        let detail = Detail { revealed: Some(opened(samples::HOSTILE)), ..Detail::sample() };
        let page = detail.render().into_string();
        samples::check_page(&page);
        assert!(page.contains("rec_9") && !page.contains("[personal]"));
        let page = Detail::sample().render().into_string();
        assert!(page.contains("[personal]") && page.contains("/reveal\""));
        assert!(
            !Detail { may_reveal: false, ..Detail::sample() }.render().into_string().contains("/reveal\"")
        );
        assert!(!Detail { may_tell: false, ..Detail::sample() }.render().into_string().contains("/verdict"));
    }

    #[test]
    fn nothing_personal_is_shown() {
        let page = Detail::sample().render().into_string();
        for secret in samples::SECRETS {
            assert!(!page.contains(secret), "{secret}");
        }
    }

    #[test]
    fn an_erased_person_leaves_what_names_nobody() {
        let page = Detail::erased_sample().render().into_string();
        samples::check_page(&page);
        assert!(page.contains("This person was erased") && page.contains("engine@1"));
        assert!(page.contains("Verify the receipt now"), "the proof outlives the person");
        assert!(!page.contains("It was not the user") && !page.contains("als_"));
    }

    #[test]
    fn hostile_text_comes_out_as_text() {
        let mut detail = Detail::sample();
        let Content::Opened(record) = &mut detail.content else { panic!() };
        record.action.version = samples::HOSTILE.to_owned();
        record.action.name = samples::HOSTILE.to_owned();
        record.degraded = vec![samples::HOSTILE.to_owned()];
        record.truncated = vec![samples::HOSTILE.to_owned()];
        record.policy = samples::HOSTILE.to_owned();
        record.assessment.reasons[0].text = samples::HOSTILE.into();
        record.features.country = Some(samples::HOSTILE.into());
        record.features.network = Some("as<script>".into());
        let hostile = serde_json::json!({ "call": samples::HOSTILE, "args": [samples::HOSTILE] });
        record.decision.effects = vec![serde_json::from_value(hostile).unwrap()];
        detail.row.decision.organization = Some(samples::HOSTILE_ID.parse().unwrap());
        detail.row.decision.client = Some(samples::HOSTILE_ID.parse().unwrap());
        samples::check_page(&detail.render().into_string());
        detail.content = Content::Erased([(samples::HOSTILE.to_owned(), samples::HOSTILE.to_owned())].into());
        samples::check_page(&detail.render().into_string());
    }

    #[test]
    fn user_risk_is_shown_as_it_was_and_as_it_is_with_what_can_be_said_of_it() {
        let mut detail = Detail::sample();
        assert!(detail.render().into_string().contains("nothing was held against the person"));
        let held = |level| UserRiskAt { level, score: Score::from_percent(50), since: samples::now() };
        let Content::Opened(record) = &mut detail.content else { panic!() };
        record.user_risk = Some(held(Level::Medium));
        let risk_now = |may_mark| Some(RiskNow { held: Some(held(Level::High)), may_mark });
        detail.risk_now = risk_now(true);
        let page = detail.render().into_string();
        samples::check_page(&page);
        assert!(page.contains("<dt>User risk</dt>") && page.contains(", since "), "{page}");
        for mark in ["safe", "compromised"] {
            assert!(page.contains(&format!("name=\"mark\" value=\"{mark}\"")), "{mark}");
        }
        detail.risk_now = risk_now(false);
        let page = detail.render().into_string();
        assert!(page.contains("User risk now") && !page.contains("name=\"mark\""), "who may only read it");
        detail.risk_now = None;
        let page = detail.render().into_string();
        assert!(!page.contains("User risk now") && !page.contains("/users/mark"), "who may not know it");
        detail.risk_now = risk_now(true);
        let Content::Opened(record) = &mut detail.content else { panic!() };
        record.features.machine = Some(countersign_risk::Machine::default());
        assert!(!detail.render().into_string().contains("User risk"), "a machine has none");
    }

    #[test]
    fn every_standing_has_its_words() {
        for standing in Standing::ALL {
            let mut detail = Detail::sample();
            detail.row.standing = standing;
            assert!(detail.render().into_string().contains(words::standing_text(standing)));
        }
    }
}
