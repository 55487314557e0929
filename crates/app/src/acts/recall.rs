//! What a part of the service does with its own plans: it finds them again, takes back what waits, and what was done.

use countersign_core::DecisionId;
use countersign_plan::{
    change::{Evidence, Frame, Origin, Person, undo},
    gate::Reason,
    review::{Act, Status},
    run::{Halt, Why},
};
use countersign_store::{PlanFilter, PlanRow, Write};

use super::{PlanHead, PlanRefusal, admit::Candidate, kept::KeptPlan, told::Actor, undo::title};
use crate::{App, Error, Tenant};

/// Plans that are read at once, and how many pages of them.
const PAGE: u32 = 50;
const PAGES: usize = 20;

/// A plan of a part of the service.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct OwnPlan {
    pub(crate) id: String,
    pub(crate) status: Status,
    /// Whether it takes back another.
    pub(crate) is_undo: bool,
    /// Whether it halted where it may go on, or where somebody has to say first whether a step was done.
    pub(crate) may_go_on: bool,
}

/// Whether a plan's run halted where it may still come to something.
fn may_go_on(row: &PlanRow) -> bool {
    let halt: Option<Halt> = row.halt.as_deref().and_then(|text| serde_json::from_str(text).ok());
    halt.is_some_and(|Halt { why, .. }| {
        why.may_resume() || matches!(why, Why::Uncertain | Why::NotSeen { .. } | Why::Unknown)
    })
}

impl App {
    /// The plans of a workflow about a decision, the plan `first` and those that were made since: what takes its place is one of them. The
    /// newest first.
    pub(crate) async fn plans_of_workflow(
        &self,
        tenant: &Tenant,
        (workflow, decision): (&str, &DecisionId),
        first: &str,
    ) -> Result<Vec<OwnPlan>, Error> {
        let mut found = Vec::new();
        let Some(first) = self.ports.store.find_plan(&tenant.id, first).await? else { return Ok(found) };
        let its_own = OwnPlan {
            id: first.id.clone(),
            status: first.state.parse().map_err(Error::internal)?,
            is_undo: false,
            may_go_on: may_go_on(&first),
        };
        let mut filter = PlanFilter::default();
        for _ in 0..PAGES {
            let page = self.ports.store.list_plans(&tenant.id, filter.clone(), PAGE).await?;
            let Some(last) = page.last() else { break };
            filter.before = Some(last.id.clone());
            let is_past = last.proposed < first.proposed;
            for row in page.into_iter().filter(|row| row.proposed >= first.proposed) {
                if row.id == first.id {
                    continue;
                }
                let (id, is_undo, word) = (row.id.clone(), row.undoes.is_some(), row.state.clone());
                let may_go_on = may_go_on(&row);
                let body = match self.open_plan_body(tenant, (&row.id, &row.key_id), &row.sealed).await {
                    Ok(body) => body,
                    Err(Error::Erased) => continue,
                    Err(error) => return Err(error),
                };
                let is_about =
                    |evidence: &Evidence| matches!(evidence, Evidence::Decision { id } if id == decision);
                let mut evidence = body.plan.because.iter().flat_map(|because| &because.evidence);
                if body.plan.origin.workflow() == Some(workflow) && evidence.any(is_about) {
                    found.push(OwnPlan {
                        id,
                        status: word.parse().map_err(Error::internal)?,
                        is_undo,
                        may_go_on,
                    });
                }
            }
            if is_past {
                break;
            }
        }
        // Why in any case: what was made since may be more than is looked through, and this one is known by its id.
        found.push(its_own);
        Ok(found)
    }

    /// Takes back a plan of the service's own that waits; `false` where it does not wait any more.
    pub(crate) async fn recall_plan(&self, tenant: &Tenant, id: &str, by: &str) -> Result<bool, Error> {
        let kept = self.open_plan(tenant, id).await?;
        let next = match self.next(tenant, &kept, (Act::Recall, by), Actor::Automation(by)).await {
            Ok(next) => next,
            Err(Error::Plan(PlanRefusal::Review(_))) => return Ok(false),
            Err(error) => return Err(error),
        };
        self.keep_next(tenant, next, None).await?;
        Ok(true)
    }

    /// Proposes what takes back a run of a workflow's own, by the workflow's settings; `None` where nothing was done. `person` is who wants it,
    /// and does not countersign it. What `more` says of the plan's id stands or falls with it.
    pub(crate) async fn take_back(
        &self,
        tenant: &Tenant,
        (id, workflow): (&str, &str),
        person: Option<Person>,
        more: impl FnOnce(&str) -> Vec<Write> + Send,
    ) -> Result<Option<PlanHead>, Error> {
        let hands = tenant.hands()?;
        let kept = self.open_plan(tenant, id).await?;
        // Why: whoever gives a verdict may have no other right, and leads to nothing but what the verdict is about.
        if kept.plan().origin.workflow() != Some(workflow) {
            return Err(Error::Plan(PlanRefusal::Misfit));
        }
        let audience = kept.row.audience.clone();
        let plan = self.way_back(tenant, kept, (workflow, person)).await?;
        let candidate = Candidate {
            plan,
            order: None,
            actor: Actor::Automation(workflow),
            incident: None,
            undoes: Some(id.to_owned()),
            asks_people: false,
            audience: Some(audience),
        };
        let (row, _, mut beside) = match self.let_in_later(tenant, hands, candidate).await {
            Err(Error::Plan(PlanRefusal::Gate(reasons))) if reasons == [Reason::Empty] => return Ok(None),
            admitted => admitted?,
        };
        beside.writes.extend(more(&row.id));
        self.keep_admitted(tenant, &row, (beside, None)).await?;
        Ok(Some(PlanHead::from(row)))
    }

    async fn way_back(
        &self,
        tenant: &Tenant,
        kept: KeptPlan,
        (workflow, person): (&str, Option<Person>),
    ) -> Result<countersign_plan::change::ChangePlan, Error> {
        let hands = tenant.hands()?;
        let origin = Origin::Undo {
            plan: kept.state.hash.clone(),
            person,
            is_own: false,
            workflow: Some(workflow.to_owned()),
        };
        let good_for = hands.settings.rules(None, Some(workflow)).waits_for();
        let frame = Frame { at: self.ports.clock.now(), good_for, receivers: hands.receivers() };
        let course = self.open_run(tenant, kept).await?;
        let named = title(&course.kept.plan().title);
        undo(course.kept.plan(), &course.run, None, &named, origin, &frame)
            .map_err(|faults| Error::Plan(PlanRefusal::Faults(faults)))
    }
}
