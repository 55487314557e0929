//! Plans as people see them.

use countersign_core::Timestamp;
use countersign_plan::{
    change::{Because, Left, Note, Radius, Sentence, sentences},
    gate::{Approvals, Reason},
    run::{Halt, StepState},
};
use countersign_store::{PlanFilter, PlanRow};
use serde::Serialize;

use super::told::word;
use crate::{App, Error, Tenant};

/// A plan without what it says: it names nobody.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct PlanHead {
    /// Its id.
    pub id: String,
    /// Counts what was done with it.
    pub version: u64,
    /// Where it stands.
    pub state: String,
    /// The hash that an approval names: SHA-256, in hexadecimal digits.
    pub hash: String,
    /// What proposed it.
    pub origin: String,
    /// The incident that it is about.
    pub incident: Option<String>,
    /// The plan whose run it takes back.
    pub undoes: Option<String>,
    /// Whose queue it stands in.
    pub audience: String,
    /// Who proposed it: a principal's id.
    pub proposer: String,
    /// Who looks at it.
    pub assignee: Option<String>,
    /// How many steps it has.
    pub steps: u64,
    /// How many users it reaches.
    pub users: u64,
    /// How many organizations it reaches.
    pub organizations: u64,
    /// Whether no person was asked.
    pub is_by_policy: bool,
    /// When it was proposed.
    pub proposed: Timestamp,
    /// When somebody should have looked at it.
    pub due: Timestamp,
    /// It can't be begun from then on.
    pub expires: Timestamp,
    /// When its run was begun.
    pub begun: Option<Timestamp>,
    /// When it changed last.
    pub changed: Timestamp,
}

impl From<PlanRow> for PlanHead {
    fn from(row: PlanRow) -> Self {
        Self {
            id: row.id,
            version: row.version,
            state: row.state,
            hash: row.hash.as_bytes().iter().map(|byte| format!("{byte:02x}")).collect(),
            origin: row.origin,
            incident: row.incident,
            undoes: row.undoes,
            audience: row.audience,
            proposer: row.proposer,
            assignee: row.assignee,
            steps: row.steps,
            users: row.users,
            organizations: row.organizations,
            is_by_policy: row.is_by_policy,
            proposed: row.proposed,
            due: row.due,
            expires: row.expires,
            begun: row.begun,
            changed: row.changed,
        }
    }
}

/// A step as people see it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct StepShown {
    /// What it is called.
    pub name: String,
    /// What it does, in words made from the step alone.
    pub sentence: Sentence,
    /// Which of the reasons it is for.
    pub because: usize,
    /// How far it came.
    pub state: StepState,
    /// The status of the answer, where it was refused.
    pub status: Option<u16>,
}

/// What somebody did with a plan.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct ReviewShown {
    /// What.
    pub act: String,
    /// By which principal.
    pub principal: String,
    /// Who that is, for people.
    pub by: String,
    /// Why, where it was said.
    pub reason: Option<String>,
    /// When.
    pub at: Timestamp,
}

/// A plan as whoever approves sees it. It names people.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct PlanShown {
    /// Its head.
    pub plan: PlanHead,
    /// What whoever wants it calls it.
    pub title: String,
    /// Why it is wanted, in their words.
    pub because: Vec<Because>,
    /// Whom it touches.
    pub radius: Radius,
    /// Its steps, and how far they came.
    pub steps: Vec<StepShown>,
    /// What whoever approves must know.
    pub notes: Vec<String>,
    /// Of a plan that takes back another: what stays.
    pub left: Vec<Left>,
    /// Why it goes no further by itself.
    pub reasons: Vec<Reason>,
    /// Who has to agree.
    pub demanded: Vec<Approvals>,
    /// How many agreed so far.
    pub approvals: usize,
    /// What was done with it.
    pub reviews: Vec<ReviewShown>,
    /// Where and why its run halted.
    pub halt: Option<Halt>,
}

impl App {
    /// Plans, the newest first; they name nobody.
    ///
    /// # Errors
    /// `Unavailable`.
    pub async fn plans(
        &self,
        tenant: &Tenant,
        filter: PlanFilter,
        limit: u32,
    ) -> Result<Vec<PlanHead>, Error> {
        let rows = self.ports.store.list_plans(&tenant.id, filter, limit).await?;
        Ok(rows.into_iter().map(PlanHead::from).collect())
    }

    /// A plan as whoever approves sees it.
    ///
    /// # Errors
    /// `NotFound`, `Erased`, `Unavailable`.
    pub async fn plan(&self, tenant: &Tenant, id: &str) -> Result<PlanShown, Error> {
        let kept = self.open_plan(tenant, id).await?;
        let course = self.open_run(tenant, kept).await?;
        let plan = course.kept.plan();
        let sentences = sentences(plan);
        let steps =
            plan.steps.iter().zip(sentences).enumerate().map(|(number, (step, sentence))| StepShown {
                name: step.name.clone(),
                sentence,
                because: step.wanted,
                state: course.run.state(number),
                status: course.run.row(number).and_then(|row| row.status),
            });
        let reviews = course.kept.reviews.iter().map(|(row, told)| ReviewShown {
            act: word(&told.act).to_owned(),
            principal: row.principal.clone(),
            by: told.by.clone(),
            reason: match &told.act {
                countersign_plan::review::Act::Reject { reason, .. } => Some(reason.clone()),
                _ => None,
            },
            at: row.at,
        });
        Ok(PlanShown {
            title: plan.title.clone(),
            because: plan.because.clone(),
            radius: plan.radius(),
            steps: steps.collect(),
            notes: plan.notes.iter().copied().map(Note::text).collect(),
            left: plan.left.clone(),
            reasons: course.kept.body.reasons.clone(),
            demanded: course.kept.state.demanded.clone(),
            approvals: course.kept.state.approvals.len(),
            reviews: reviews.collect(),
            halt: course.run.halt().cloned(),
            plan: PlanHead::from(course.kept.row.clone()),
        })
    }

    /// The plan by which a write at the tenant was made, by the leaf of its intent: the plan's id and the step's number.
    ///
    /// # Errors
    /// `Unavailable`.
    pub async fn plan_of_write(&self, tenant: &Tenant, record: &str) -> Result<Option<(String, u64)>, Error> {
        let step = self.ports.store.find_plan_step(&tenant.id, record).await?;
        Ok(step.map(|step| (step.plan, step.step)))
    }
}
