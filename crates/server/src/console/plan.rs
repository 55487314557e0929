//! `/plans/{id}`: one plan: what it does, in words made from its steps alone; who agreed; how far it came.

use super::segments::Segments;
use axum::{
    extract::{Query, State, rejection::QueryRejection},
    response::{IntoResponse, Response},
};
use countersign_app::{
    App,
    access::{Caller, Permit},
    acts::{Approvals, Evidence, GateReason, Halt, KindCount, PlanShown, SignInSince, StepState, Why},
    reveal::{Aliased, Asked},
};
use countersign_core::{Micros, TenantId, Timestamp};
use countersign_rights::{Action, How};
use maud::{Markup, html};

use super::{
    confirm::Pairs,
    fault::Fault,
    layout::{Layout, trail_through},
    plan_act,
    plan_steps::{self, Shown},
    plans::{many, many_of, priority, summary},
    query::{self, Link, Parameters, Reader, permitted},
    reveal::{self, Choice},
    sent::Sent,
    since, words,
};
use crate::{Server, authn::Known};

/// So many reasons are told one by one.
const REASONS: usize = 200;

/// So much of what a reason rests on is told.
const EVIDENCE: usize = 8;

/// How long after a run was begun its page looks for what comes after it.
const WATCHED: Micros = 15 * 60 * 1_000_000;

/// What can be opened of a plan.
const PARTS: [(&str, &str, bool); 4] = [
    ("accounts", "Accounts and addresses of mail", true),
    ("sources", "Networks", false),
    ("others", "Values of metadata", false),
    ("texts", "What people wrote", true),
];

/// What whoever reads may do.
#[derive(Debug, Clone, Copy, Default)]
pub(super) struct Rights {
    pub(super) approve: bool,
    pub(super) propose: bool,
    pub(super) execute: bool,
    pub(super) work: bool,
    pub(super) reveal: bool,
    /// Whether they came as a person who signed in.
    pub(super) is_person: bool,
    /// Whether they proposed it.
    pub(super) is_own: bool,
    /// Whether they agreed to it.
    pub(super) has_agreed: bool,
}

/// What the page shows.
pub(super) struct Page {
    pub(super) tenant: TenantId,
    pub(super) reader: Reader,
    pub(super) now: Timestamp,
    pub(super) shown: PlanShown,
    /// Which of the steps it shows.
    pub(super) steps: Shown,
    pub(super) rights: Rights,
    /// How whom it touches signed in since it was begun.
    pub(super) since: Vec<SignInSince>,
    /// The leaf that says what was opened.
    pub(super) revealed: Option<String>,
    pub(super) told: Option<&'static str>,
}

fn rights(server: &Server, caller: &Caller, permit: &Permit, shown: &PlanShown) -> Rights {
    let may = |action| server.0.app.may(caller, action, permit.id());
    Rights {
        approve: may(Action::ApprovePlans),
        propose: may(Action::ProposePlans),
        execute: may(Action::ExecutePlans),
        work: may(Action::WorkReviews),
        reveal: may(Action::RevealPlans),
        is_person: caller.principal().how == How::Oidc,
        is_own: [Some(&shown.plan.proposer), shown.behind.as_ref()].contains(&Some(&caller.id().to_owned())),
        has_agreed: shown
            .reviews
            .iter()
            .any(|review| review.act == "approved" && review.principal == caller.id()),
    }
}

/// How whom a plan touches signed in since it was begun, for who may read the log and decisions.
async fn signed_in_since(
    app: &App,
    caller: &Caller,
    permit: &Permit,
    shown: &PlanShown,
) -> Result<Vec<SignInSince>, Fault> {
    let may = |action| app.may(caller, action, permit.id());
    if shown.plan.begun.is_none() || !may(Action::ReadWatch) || !may(Action::ReadDecisions) {
        return Ok(Vec::new());
    }
    Ok(app.sign_ins_since(permit, &shown.plan.id).await?)
}

/// Answers `GET /plans/{id}`.
pub(super) async fn handle(
    State(server): State<Server>,
    Known(caller): Known,
    Segments(id): Segments<String>,
    query: Result<Query<Pairs>, QueryRejection>,
) -> Result<Response, Fault> {
    let parameters = Parameters::of_query(query)?;
    let permit = permitted(&server, &caller, Action::ReadPlans, &parameters).await?;
    let app = &server.0.app;
    let shown = app.plan_in_short(&permit, &id).await?;
    let page = Page {
        since: signed_in_since(app, &caller, &permit, &shown).await?,
        tenant: permit.id().clone(),
        reader: query::reader(&server, &caller),
        now: app.clock().now(),
        rights: rights(&server, &caller, &permit, &shown),
        shown,
        steps: Shown::read(&parameters),
        revealed: None,
        told: plan_act::told(parameters.get("told")),
    };
    Ok(page.render().into_response())
}

/// Answers `POST /plans/{id}/reveal`: the same page with what was opened.
pub(super) async fn reveal(sent: Sent) -> Result<Response, Fault> {
    let permit = sent.permit(Action::RevealPlans).await?;
    let app = sent.app();
    let fields = reveal::fields(&sent.parameters);
    let asked = Asked { fields: &fields, reason: reveal::reason(&sent.parameters)? };
    let (record, shown) = app.reveal_plan(&permit, &sent.id, (asked, Aliased::Short)).await?;
    let page = Page {
        // Why no error: what was opened has its leaf by now.
        since: signed_in_since(app, &sent.caller, &permit, &shown).await.unwrap_or_default(),
        tenant: permit.id().clone(),
        reader: query::reader(&sent.server, &sent.caller),
        now: app.clock().now(),
        rights: rights(&sent.server, &sent.caller, &permit, &shown),
        shown,
        steps: Shown::All,
        revealed: Some(record),
        told: None,
    };
    Ok(page.render().into_response())
}

impl Page {
    pub(super) fn render(&self) -> Markup {
        let plan = &self.shown.plan;
        let main = html! {
            div.heading { h1 { (summary(&self.kinds(), false)) } span.tag { (plan.state) } }
            @if let Some(told) = self.told { p.banner.good role="status" { (told) } }
            @if let Some(record) = &self.revealed { (reveal::banner(record)) }
            (self.halted())
            (self.waiting())
            (self.undone())
            (self.redacted())
            div.columns {
                div {
                    (self.steps())
                    @if plan.begun.is_some() && plan.users > 0 {
                        (since::section(&self.tenant, &self.since, self.now, self.is_watched()))
                    }
                    (self.notes())
                    (self.because())
                    (self.said())
                }
                div.narrow {
                    (self.facts())
                    (plan_act::forms(self))
                    (self.who())
                }
            }
        };
        let trail = trail_through(&self.tenant, "Plans", "/plans");
        let layout = Layout {
            title: "Plan",
            tenant: &self.tenant,
            reader: &self.reader,
            trail,
            now: Some(self.now),
            // Why only then: what does not change by itself is not asked for again.
            scripts: if self.is_moving() || self.is_watched() { &["plan.js"] } else { &[] },
        };
        layout.render(&main)
    }

    /// Whether it goes on without anybody's doing.
    fn is_moving(&self) -> bool {
        self.revealed.is_none() && matches!(self.shown.plan.state.as_str(), "approved" | "running")
    }

    /// Whether what comes after it is still asked for by itself.
    fn is_watched(&self) -> bool {
        let is_young = |begun| self.now.since(begun) < WATCHED;
        self.revealed.is_none() && self.shown.plan.begun.is_some_and(is_young)
    }

    fn kinds(&self) -> Vec<KindCount> {
        let mut kinds: Vec<KindCount> = Vec::new();
        for step in &self.shown.steps {
            match kinds.iter_mut().find(|known| known.kind == step.kind) {
                Some(known) => known.count += 1,
                None => kinds.push(KindCount { kind: step.kind.clone(), count: 1 }),
            }
        }
        kinds
    }

    fn halted(&self) -> Markup {
        html! {
            @if let Some(halt) = &self.shown.halt {
                p.banner.alarm role="status" {
                    strong { "The run halted before step " (halt.step + 1) ". " }
                    (halt_words(halt))
                }
            }
        }
    }

    fn waiting(&self) -> Markup {
        html! {
            @if let Some(waits) = &self.shown.plan.waits {
                p.banner role="status" {
                    strong { "It waits: " (waits.why.text()) " since " (waits.since) ". " }
                    "Tried " (waits.tries) " times; next at " (waits.next) "."
                }
            }
        }
    }

    /// That its run was taken back, and by which plan.
    fn undone(&self) -> Markup {
        let done = self.shown.undone_by.iter().filter(|undo| undo.state == "done");
        html! {
            @for undo in done {
                p.banner role="status" {
                    strong { "It was undone" @if undo.steps < self.shown.plan.steps { " in part" } ". " }
                    "Plan " (self.to_plan(&undo.id)) " took back " (many_of(undo.steps, "step")) ", "
                    (words::time(undo.changed, self.now)) "."
                }
            }
        }
    }

    fn to_plan(&self, id: &str) -> Markup {
        let at = Link::to(&format!("/plans/{id}")).with("tenant", self.tenant.as_str()).done();
        html! { a href=(at) { code { (words::end(id)) } } }
    }

    /// That somebody was erased out of it, and what can still be proved.
    fn redacted(&self) -> Markup {
        html! {
            @if let Some(left) = &self.shown.redacted {
                p.banner role="status" {
                    strong { "Somebody was erased out of this plan. " }
                    "What is left does not give the hash that was approved any more; the ledger names both, and this one is "
                    code.wrap { (left) } "."
                }
            }
        }
    }

    fn steps(&self) -> Markup {
        let steps = &self.shown.steps;
        let through = steps.iter().filter(|step| is_through(step.state)).count();
        let is_begun = self.shown.plan.begun.is_some();
        html! {
            section.card aria-labelledby="steps-title" {
                h2 #steps-title { "What it does" }
                div data-moving=[self.is_moving().then_some("steps")] {
                    @if is_begun {
                        p {
                            progress value=(through) max=(steps.len()) { (through) }
                            " " (through) " of " (steps.len()) " steps"
                            @if self.is_moving() { span.quiet { " · goes on" } }
                        }
                    }
                    (plan_steps::list((&self.tenant, &self.shown.plan.id), (steps, self.steps), is_begun))
                }
                p.note { "These sentences are made from what is sent, and from nothing that anybody wrote. What is sent stands beside each, all of it; a character that can't be seen stands as its number, such as " code { "\\u202e" } "." }
            }
        }
    }

    fn notes(&self) -> Markup {
        let PlanShown { notes, radius, left, .. } = &self.shown;
        html! {
            section.card aria-labelledby="notes-title" {
                h2 #notes-title { "What to know before" }
                ul {
                    @if radius.irreversible > 0 {
                        li { strong.alarm { (radius.irreversible) " of " (radius.steps) " steps can't be undone." } }
                    }
                    @if radius.is_everybody { li { strong.alarm { "It reaches everybody at the tenant." } } }
                    @for note in notes { li { (note) } }
                    @for stays in left {
                        li {
                            "Step " code { (stays.step) } " stays as it is: " (stays.kind.as_str().replace('_', " "))
                            @if let Some(why) = stays.why { ", since " (why.text()) }
                        }
                    }
                    @if notes.is_empty() && radius.irreversible == 0 && left.is_empty() && !radius.is_everybody {
                        li.quiet { "Nothing: every step can be undone." }
                    }
                }
            }
        }
    }

    fn because(&self) -> Markup {
        html! {
            section.card aria-labelledby="because-title" {
                h2 #because-title { "In the words of whoever asks" }
                p.note { "What stands here was written by whoever proposed the plan, and proves nothing." }
                blockquote.wrap { p { strong { (self.shown.title) } } }
                ol.steps {
                    @for because in self.shown.because.iter().take(REASONS) {
                        li {
                            p.wrap { (because.reason) }
                            @if !because.evidence.is_empty() {
                                p.quiet.wrap { "Rests on: " @for evidence in because.evidence.iter().take(EVIDENCE) { (self.evidence(evidence)) " " }
                                    @if because.evidence.len() > EVIDENCE { "and " (because.evidence.len() - EVIDENCE) " more" } }
                            }
                        }
                    }
                }
            }
        }
    }

    fn evidence(&self, evidence: &Evidence) -> Markup {
        let at = |path: String| Link::to(&path).with("tenant", self.tenant.as_str()).done();
        html! {
            @match evidence {
                Evidence::Log { id } => { span { "log entry " code { (words::end(id.as_str())) } } },
                Evidence::Decision { id } => { a href=(at(format!("/decisions/{id}"))) { "decision " code { (words::end(id.as_str())) } } },
                Evidence::Alert { id } => { span { "alert " code { (id) } } },
                Evidence::Incident { id } => { a href=(at(format!("/incidents/{id}"))) { "incident " code { (id) } } },
                Evidence::Span { document, from, to } => { span { "document " code { (words::short(document)) } ", bytes " (from) " to " (to) } },
                Evidence::Domain { domain, at } => { span { "domain " code { (domain) } ", proved " (words::absolute(*at)) } },
            }
        }
    }

    fn said(&self) -> Markup {
        html! {
            section.card aria-labelledby="said-title" {
                h2 #said-title { "What was done and said" }
                @if self.shown.reviews.is_empty() && self.shown.remarks.is_empty() { p.quiet { "Nobody did anything yet." } }
                @for review in &self.shown.reviews {
                    article.comment {
                        p { strong { (review.act) } " by " (review.by) " " span.quiet { (words::time(review.at, self.now)) } }
                        @if let Some(reason) = &review.reason { p.text { (reason) } }
                    }
                }
                @for remark in &self.shown.remarks {
                    article.comment {
                        p { strong { (remark.by) } " " span.quiet { (words::time(remark.at, self.now)) } }
                        p.text { (remark.text) }
                    }
                }
            }
        }
    }

    fn facts(&self) -> Markup {
        let PlanShown { plan, radius, .. } = &self.shown;
        let at = |path: String| Link::to(&path).with("tenant", self.tenant.as_str()).done();
        let is_late = plan.state == "proposed" && plan.due < self.now;
        html! {
            section.card aria-labelledby="facts-title" {
                h2 #facts-title { "Facts" }
                dl.pairs {
                    div { dt { "State" } dd { (plan.state) @if is_late { " · " strong.alarm { "overdue" } } } }
                    div { dt { "Reaches" } dd {
                        (many(radius.users, "user")) ", " (many(radius.organizations, "organization")) ", "
                        (many(radius.clients, "application")) ", " (many(radius.steps, "step"))
                    } }
                    div { dt { "Agreed" } dd {
                        @if plan.is_by_policy { "the policy countersigned it" } @else { (self.shown.approvals) " of: " (self.demanded()) }
                    } }
                    @if !self.shown.reasons.is_empty() {
                        div { dt { "Asks people" } dd { (reasons_words(&self.shown.reasons)) } }
                    }
                    div { dt { "Proposed" } dd {
                        @match (&self.shown.proposed_by, &self.shown.workflow) {
                            (Some(name), _) => { "by " (name) ", " },
                            (None, Some(workflow)) => { "by " code { (workflow) } ", " },
                            (None, None) => { "by " code { (plan.proposer) } ", " },
                        }
                        (words::absolute(plan.proposed))
                    } }
                    div { dt { "Look by" } dd { (words::absolute(plan.due)) } }
                    div { dt { "Good until" } dd { (words::absolute(plan.expires)) } }
                    div { dt { "Queue" } dd { (plan.audience.replace('_', " ")) " · " (priority(plan.priority)) } }
                    div { dt { "Assignee" } dd { (plan.assignee.as_deref().unwrap_or("nobody")) } }
                    @if let Some(incident) = &plan.incident {
                        div { dt { "Incident" } dd { a href=(at(format!("/incidents/{incident}"))) { code { (incident) } } } }
                    }
                    @if let Some(undone) = &plan.undoes {
                        div { dt { "Undoes" } dd { "the run of plan " (self.to_plan(undone)) } }
                    }
                    @if !self.shown.undone_by.is_empty() {
                        div { dt { "Undone by" } dd {
                            @for undo in &self.shown.undone_by {
                                p { "plan " (self.to_plan(&undo.id)) " · " (undo.state) " · " (many_of(undo.steps, "step")) }
                            }
                        } }
                    }
                    div { dt { "Plan" } dd { code.wrap { (plan.id) } } }
                    div { dt { "Hash" } dd { code.wrap { (plan.hash) } } }
                }
            }
        }
    }

    fn demanded(&self) -> Markup {
        html! {
            @for (index, demanded) in self.shown.demanded.iter().enumerate() {
                @if index > 0 { ", and " }
                @match demanded {
                    Approvals::People(1) => "one person",
                    Approvals::People(count) => { (count) " different people" },
                    Approvals::Roles { at_least, of } => {
                        "people of " (at_least) " of the roles " (of.iter().map(|role| role.replace('_', " ")).collect::<Vec<_>>().join(", "))
                    },
                }
            }
            @if self.shown.own_suffices { ", who may be the one who proposed it" }
        }
    }

    /// Whom it touches: each leads to all that is found about them.
    fn who(&self) -> Markup {
        let action = Link::to(&format!("/plans/{}/reveal", self.shown.plan.id)).done();
        let choices = PARTS.map(|(field, text, is_chosen)| Choice { field, text, shown: None, is_chosen });
        let users = &self.shown.users;
        html! {
            section.card.acts aria-labelledby="who-title" {
                h2 #who-title { "Whom it touches" }
                @if users.is_empty() { p.quiet { "No user." } }
                ul.who {
                    @for user in users.iter().take(12) {
                        li {
                            @let name = user.get("name").and_then(|name| name.as_str()).unwrap_or_default();
                            @let tag = user.get("entity").and_then(|tag| tag.as_str()).unwrap_or_default();
                            a href=(Link::to("/incidents").with("tenant", self.tenant.as_str()).with("entity", tag).done()) { code { (name) } }
                        }
                    }
                }
                @if self.shown.radius.users > 12 { p.quiet { "and " (self.shown.radius.users - 12) " more" } }
                @if self.rights.reveal { (reveal::form((&self.tenant, &self.reader), &action, &choices, &[])) }
            }
        }
    }
}

const fn is_through(state: StepState) -> bool {
    matches!(state, StepState::Done | StepState::Already)
}

/// Where and why a run halted, and what can be done.
fn halt_words(halt: &Halt) -> String {
    match &halt.why {
        Why::Moved { what } => {
            format!(
                "The tenant is not as it was when the plan was made: {what}. A fresh plan was proposed where one could be made."
            )
        }
        Why::Refused { status } => format!("The tenant refused the step with status {status}."),
        Why::Uncertain => {
            "Nobody knows whether the step was done. Look at the tenant, and say it below.".to_owned()
        }
        Why::NotSeen { what } => format!("The step was answered as done, and that does not show: {what}."),
        Why::Unknown => "What an earlier step answered, or a secret, is not known.".to_owned(),
        Why::Stopped => "A person stopped it.".to_owned(),
        Why::Late => {
            "The tenant took nothing until the plan's time was over. What was done until then stands; let it go on, or undo it."
                .to_owned()
        }
        Why::LockOut { at } => format!(
            "Step {} would lock out whoever administers Countersign, or its own client. Give somebody else the role, then let it go on.",
            at + 1
        ),
    }
}

/// Why a plan goes no further by itself.
fn reasons_words(reasons: &[GateReason]) -> String {
    let mut kinds = Vec::new();
    let mut said = Vec::new();
    for reason in reasons {
        match reason {
            GateReason::Kind { kind, .. } => kinds.push(kind.as_str().replace('_', " ")),
            GateReason::RunCap { .. } => said.push("it reaches further than a run may by itself".to_owned()),
            GateReason::DayCap { .. } => {
                said.push("runs of a day reach as far as they may by themselves".to_owned());
            }
            GateReason::Breaker => said.push("the breaker is open".to_owned()),
            GateReason::OwnUndo => said.push("it undoes a run of whoever wants that".to_owned()),
            other => said.push(other.code().replace('_', " ")),
        }
    }
    if !kinds.is_empty() {
        said.insert(0, format!("the settings ask for: {}", kinds.join(", ")));
    }
    said.join("; ")
}

#[cfg(test)]
mod tests {
    use countersign_app::acts::{StepShown, UndoShown};
    use serde_json::json;

    use super::*;
    use crate::console::{plans::tests::head, samples};

    fn shown(state: &str) -> PlanShown {
        let sentence =
            json!({"step": "1.1.block_user", "text": samples::HOSTILE, "undone": "Lift the block."});
        let sends = json!({"method": "PATCH", "path": "/users/{id}",
            "arguments": [{"name": "id", "value": samples::HOSTILE}], "body": samples::HOSTILE});
        let step = |state: &str, irreversible: bool| StepShown {
            name: "1.1.block_user".to_owned(),
            kind: "block_user".to_owned(),
            sentence: serde_json::from_value(sentence.clone()).unwrap(),
            sends: serde_json::from_value(sends.clone()).unwrap(),
            is_irreversible: irreversible,
            because: 0,
            state: state.parse().unwrap(),
            sent: 1,
            status: Some(409),
        };
        let evidence = [
            json!({"kind": "log", "id": "900"}),
            json!({"kind": "decision", "id": "dec_1"}),
            json!({"kind": "alert", "id": samples::HOSTILE}),
            json!({"kind": "incident", "id": "inc_1"}),
            json!({"kind": "span", "document": "00", "from": 1, "to": 2}),
            json!({"kind": "domain", "domain": "example.com", "at": samples::now()}),
        ];
        let mut plan = head();
        plan.state = state.to_owned();
        plan.begun = (state != "proposed").then(samples::now);
        PlanShown {
            plan,
            proposed_by: Some(samples::HOSTILE.to_owned()),
            behind: None,
            workflow: None,
            title: samples::HOSTILE.to_owned(),
            because: vec![
                serde_json::from_value(json!({"reason": samples::HOSTILE, "evidence": evidence})).unwrap(),
            ],
            radius: serde_json::from_value(json!({"users": 40, "organizations": 0, "clients": 0, "steps": 2, "irreversible": 1, "is_everybody": true})).unwrap(),
            users: vec![json!({"kind": "user", "name": samples::HOSTILE, "entity": "ent_0000000000000007"})],
            steps: vec![step("done", false), step("pending", true)],
            notes: vec!["Access tokens that are out stay good.".to_owned()],
            left: vec![serde_json::from_value(json!({"step": "1.1", "kind": "revoke_access", "why": "sign_in"})).unwrap()],
            undone_by: ["proposed", "done"].map(|state| UndoShown {
                id: format!("pln_undo_{state}"), state: state.to_owned(), steps: 1, changed: samples::now(),
            }).into(),
            reasons: vec![serde_json::from_value(json!({"code": "breaker"})).unwrap()],
            demanded: vec![
                Approvals::People(2),
                Approvals::Roles { at_least: 1, of: ["approver".to_owned()].into() },
            ],
            approvals: 1,
            own_suffices: false,
            reviews: vec![countersign_app::acts::ReviewShown {
                act: "rejected".to_owned(),
                principal: "per_1".to_owned(),
                by: "Mia".to_owned(),
                reason: Some(samples::HOSTILE.to_owned()),
                at: samples::now(),
            }],
            remarks: vec![countersign_app::acts::RemarkShown {
                id: "rec_1".to_owned(),
                by: "Noa".to_owned(),
                text: samples::HOSTILE.to_owned(),
                at: samples::now(),
            }],
            redacted: (state == "erased").then(|| samples::HOSTILE.to_owned()),
            halt: (state == "halted").then_some(Halt { step: 1, why: Why::Uncertain }),
        }
    }

    fn page(state: &str, rights: Rights) -> String {
        let page = Page {
            tenant: samples::tenant(),
            reader: samples::reader(),
            now: samples::now(),
            shown: shown(state),
            steps: Shown::From(0),
            rights,
            since: Vec::new(),
            revealed: Some("rec_9".to_owned()),
            told: plan_act::told(Some("approved")),
        };
        page.render().into_string()
    }

    fn all() -> Rights {
        Rights {
            approve: true,
            propose: true,
            execute: true,
            work: true,
            reveal: true,
            is_person: true,
            is_own: false,
            has_agreed: false,
        }
    }

    #[test]
    fn a_plan_that_waits_is_shown_whole_and_nothing_of_it_is_markup() {
        let page = page("proposed", all());
        samples::check_page(&page);
        for part in [
            "Block user ×2",
            "1 of 2 steps can't be undone",
            "In the words of whoever asks",
            "2 different people, and people of 1 of the roles approver",
            "the breaker is open",
            "name=\"hash\" value=\"0000",
            "/plans/pln_1/approve",
            "/plans/pln_1/reject",
            "decision <code>",
            "It reaches everybody",
            "rec_9",
        ] {
            assert!(page.contains(part), "{part} in {page}");
        }
    }

    #[test]
    fn a_run_that_waits_says_why_since_when_and_until_when() {
        let mut shown = shown("running");
        let waits = json!({"why": "limited", "since": samples::now(), "next": samples::now(), "tries": 7});
        shown.plan.waits = serde_json::from_value(waits).unwrap();
        let page = Page {
            tenant: samples::tenant(),
            reader: samples::reader(),
            now: samples::now(),
            shown,
            steps: Shown::From(0),
            rights: all(),
            revealed: None,
            since: Vec::new(),
            told: None,
        };
        let page = page.render().into_string();
        for part in ["It waits: the tenant answers 429 since ", "Tried 7 times; next at "] {
            assert!(page.contains(part), "{part}");
        }
    }

    #[test]
    fn a_halted_run_says_where_and_what_can_be_done() {
        let page = page("halted", all());
        samples::check_page(&page);
        for part in ["halted before step 2", "/settle", "/undo", "1 of 2 steps", "was done"] {
            assert!(page.contains(part), "{part}");
        }
        assert!(!page.contains("/approve\""));
    }

    #[test]
    fn what_was_undone_says_by_which_plan_and_an_undo_says_of_which() {
        let page = page("done", all());
        samples::check_page(&page);
        let tenant = samples::tenant();
        for part in [
            "It was undone in part. </strong>Plan <a href=\"/plans/pln_undo_done?tenant=",
            "took back 1 step, ",
            "</a> · proposed · 1 step</p>",
            &format!("the run of plan <a href=\"/plans/pln_0?tenant={tenant}\">"),
        ] {
            assert!(page.contains(part), "{part} in {page}");
        }
        assert_eq!(page.matches("It was undone").count(), 1, "what is proposed undid nothing");
    }

    #[test]
    fn who_may_not_approve_is_told_why() {
        for (rights, said) in [
            (Rights { is_own: true, ..all() }, "You proposed it"),
            (Rights { has_agreed: true, ..all() }, "You agreed to it"),
            (Rights { approve: false, is_person: false, ..all() }, "signed in at the identity provider"),
            (Rights { approve: false, ..all() }, "the role approver"),
        ] {
            let page = page("proposed", rights);
            assert!(page.contains(said) && !page.contains("/approve\""), "{said}");
        }
        let reader = page("done", Rights::default());
        assert!(!reader.contains("<form class=\"fields\""), "a reader has no form");
    }
}
