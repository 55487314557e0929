//! Rows of steps: each change of one is kept before the run goes on, with a leaf where something is sent or came of it.

use std::collections::BTreeMap;

use countersign_core::{IdKind, Timestamp};
use countersign_plan::{
    Answers,
    change::{Call, ChangeStep},
    run::{Event, Halt, Misfit, Row, Run, StepState},
};
use countersign_store::{Commit, Fence, PlanStepRow, PlanWrite, StoreError, Write};
use serde_json::Value;

use super::{
    beside::Beside,
    kept::{KeptPlan, step_context},
    told::{Actor, draft},
};
use crate::{App, Error, Tenant};

/// Rows that are read at once.
const PAGE: u32 = 1_000;

/// A run that is under way here.
pub(super) struct Course {
    pub(super) kept: KeptPlan,
    pub(super) run: Run,
    /// How each step was kept last, and the leaf of its intent; `None`: it has no row.
    stored: Vec<Option<(Row, String)>>,
    /// When each step that has a row was kept last, as this run was opened.
    kept_at: Vec<Option<Timestamp>>,
}

impl Course {
    pub(super) fn step(&self, number: usize) -> Result<&ChangeStep, Error> {
        self.kept.plan().steps.get(number).ok_or_else(|| Error::internal("a run is beyond its plan"))
    }

    /// Takes in what came to be.
    pub(super) fn take(&mut self, event: Event) -> Result<(), Misfit> {
        self.run.apply(&self.kept.body.plan, event)
    }

    /// When a step was kept last, as this run was opened.
    pub(super) fn kept_at(&self, number: usize) -> Option<Timestamp> {
        self.kept_at.get(number).copied().flatten()
    }

    /// The leaf of a step's intent; empty where it has no row.
    pub(super) fn record(&self, number: usize) -> &str {
        self.stored.get(number).and_then(Option::as_ref).map_or("", |(_, record)| record)
    }
}

/// Whether nothing came of a step yet.
const fn is_held(state: StepState) -> bool {
    matches!(state, StepState::Intended | StepState::Waiting)
}

/// What stands in a leaf for what a step calls.
fn operation(step: &ChangeStep) -> &str {
    match &step.write.call {
        Call::Management(template) => &template.operation,
        Call::Notify { .. } => "notify",
        Call::Webhook { .. } => "webhook",
    }
}

impl App {
    /// A plan's run as its rows say.
    pub(super) async fn open_run(&self, tenant: &Tenant, kept: KeptPlan) -> Result<Course, Error> {
        let count = kept.plan().steps.len();
        let mut rows = vec![Row::default(); count];
        let mut stored = vec![None; count];
        let mut kept_at = vec![None; count];
        let mut answers = Answers::new();
        let mut from = 0;
        loop {
            let page = self.ports.store.list_plan_steps(&tenant.id, &kept.row.id, from, PAGE).await?;
            let is_last = u32::try_from(page.len()).is_ok_and(|length| length < PAGE);
            for row in page {
                from = row.step.saturating_add(1);
                let number = usize::try_from(row.step).map_err(Error::internal)?;
                let (Some(place), Some(kept_place)) = (rows.get_mut(number), stored.get_mut(number)) else {
                    return Err(Error::internal("a step is beyond its plan"));
                };
                let state: StepState = row.state.parse().map_err(Error::internal)?;
                *place = Row { state, is_seen: row.is_seen, sent: row.sent, status: row.status };
                *kept_place = Some((*place, row.record.clone()));
                if let Some(when) = kept_at.get_mut(number) {
                    *when = Some(row.at);
                }
                if !row.kept.is_empty() {
                    let context = step_context(&kept.row.id, number);
                    let found: BTreeMap<String, Value> =
                        self.open_sealed(tenant, &context, (&kept.row.key_id, &row.kept)).await?;
                    let name = kept.plan().steps.get(number).map(|step| step.name.clone());
                    answers.insert(name.unwrap_or_default(), found);
                }
            }
            if is_last {
                break;
            }
        }
        let halt: Option<Halt> =
            kept.row.halt.as_deref().map(serde_json::from_str).transpose().map_err(Error::internal)?;
        let run = Run::load(kept.plan(), rows, answers, halt).map_err(Error::internal)?;
        Ok(Course { kept, run, stored, kept_at })
    }

    /// Keeps a step's row as the run has it now; with a leaf where the intent or the end of a call is told.
    pub(super) async fn keep_step(
        &self,
        tenant: &Tenant,
        course: &mut Course,
        number: usize,
        fence: &Fence,
    ) -> Result<(), Error> {
        let Some((stored, Beside { leaves, mut writes })) =
            self.step_now(tenant, (course, number), (course.actor(), fence.epoch)).await?
        else {
            return Ok(());
        };
        if course.kept.row.waits.is_some() && !is_held(stored.0.state) {
            let plan = course.kept.row.id.clone();
            writes.push(Write::Plan(PlanWrite::Waits { plan, version: None, waits: None, try_at: None }));
            (course.kept.row.waits, course.kept.row.try_at) = (None, None);
        }
        if stored.0.state == StepState::Intended {
            // Why: nothing is sent for a plan that a person stopped meanwhile; the row stays as it is.
            let unchanged = Box::new(course.kept.row.clone());
            writes.push(Write::Plan(PlanWrite::Put { expected_version: unchanged.version, row: unchanged }));
        }
        let commit =
            Commit { fence: Some(fence.clone()), leaves, writes, ..Commit::background(tenant.id.clone()) };
        match self.ports.store.commit(commit).await {
            Ok(_) => {}
            Err(StoreError::Stale) => return Err(Error::Stale),
            Err(error) => return Err(error.into()),
        }
        if let Some(place) = course.stored.get_mut(number) {
            *place = Some(stored);
        }
        Ok(())
    }

    /// A step's row as the run has it now, with what keeps it; `None` where it is kept so already. `actor` is who says so, `epoch` the
    /// lease's, 0 where a person says what became of it.
    pub(super) async fn step_now(
        &self,
        tenant: &Tenant,
        (course, number): (&Course, usize),
        (actor, epoch): (Actor<'_>, u64),
    ) -> Result<Option<((Row, String), Beside)>, Error> {
        let row = *course.run.row(number).ok_or_else(|| Error::internal("a run is beyond its plan"))?;
        let before = course.stored.get(number).cloned().flatten();
        if row == before.as_ref().map_or(Row::default(), |(row, _)| *row) {
            return Ok(None);
        }
        let now = self.ports.clock.now();
        let id = self.make_id(IdKind::Record)?;
        let was = before.as_ref().map(|(row, _)| row.state);
        let is_intended = row.state == StepState::Intended;
        // Why not of what waits: the intent stands until something new is known, however often it is tried.
        let goes_on = row.state == StepState::Waiting || is_intended && was == Some(StepState::Waiting);
        let is_told = !goes_on && (was != Some(row.state) || is_intended);
        let record = match before {
            Some((_, record)) if goes_on || !is_intended => record,
            _ => id.clone(),
        };
        if is_intended {
            // Why: nothing is sent for a plan that was erased meanwhile, while what came of a call is kept in any case.
            self.key_of_plan(tenant, &course.kept.row).await?;
        }
        let leaves = if is_told {
            vec![Self::step_leaf(tenant, (course, actor), (number, row), (&id, now))?]
        } else {
            Vec::new()
        };
        let written = PlanStepRow {
            plan: course.kept.row.id.clone(),
            step: u64::try_from(number).map_err(Error::internal)?,
            state: row.state.as_str().to_owned(),
            record: record.clone(),
            epoch,
            sent: row.sent,
            is_seen: row.is_seen,
            status: row.status,
            at: now,
            kept: self.kept_answers(tenant, (course, number)).await?,
        };
        let expected = was.map(|state| state.as_str().to_owned());
        let writes = vec![Write::Plan(PlanWrite::Step { expected, row: written })];
        Ok(Some(((row, record), Beside { leaves, writes })))
    }

    fn step_leaf(
        tenant: &Tenant,
        (course, actor): (&Course, Actor<'_>),
        (number, row): (usize, Row),
        (id, now): (&str, Timestamp),
    ) -> Result<countersign_store::NewLeaf, Error> {
        let step = course.step(number)?;
        let change = if row.state == StepState::Intended { "step_intended" } else { "step_ended" };
        let mut told = draft((id, now), change, (&course.kept.row.id, &course.kept.state), actor)
            .fact("step", &number)
            .fact("kind", &step.kind)
            .fact("operation", &operation(step))
            .fact("step_state", &row.state)
            .fact("sent", &row.sent)
            .fact("approved_by", &course.approved_by());
        if let Some(status) = row.status {
            told = told.fact("status", &status);
        }
        Self::public_leaf(tenant, told)
    }

    async fn kept_answers(
        &self,
        tenant: &Tenant,
        (course, number): (&Course, usize),
    ) -> Result<Vec<u8>, Error> {
        let Some(kept) = course.run.answers().get(&course.step(number)?.name) else { return Ok(Vec::new()) };
        match self.key_of_plan(tenant, &course.kept.row).await {
            Ok(key) => self.seal(tenant, &key, &step_context(&course.kept.row.id, number), kept),
            Err(Error::Erased) => Ok(Vec::new()),
            Err(error) => Err(error),
        }
    }
}

impl Course {
    /// By whose countersignature the run goes on.
    pub(super) fn actor(&self) -> Actor<'static> {
        if self.kept.row.is_by_policy { Actor::Policy } else { Actor::Automation("executor") }
    }

    /// Who approved, by principals' ids.
    fn approved_by(&self) -> String {
        let approvals = self.kept.reviews.iter().filter(|(row, _)| row.act == "approved");
        let ids: Vec<&str> = approvals.map(|(row, _)| row.principal.as_str()).collect();
        if ids.is_empty() { "policy".to_owned() } else { ids.join(" ") }
    }
}
