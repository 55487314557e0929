//! What is left to be wanted after a run that halted.

use std::collections::BTreeMap;

use countersign_core::OrganizationId;
use serde_json::Value;

use crate::{
    change::{Change, ChangePlan, ChangeStep, Order, Organization},
    run::{Run, StepState},
};

/// What is left of an order.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Again {
    /// The order without what is not wanted again; `None`: nothing is left.
    pub order: Option<Order>,
    /// How many of the changes are through.
    pub done: usize,
    /// How many were begun and can't be done again: what they did can't be undone, and would be done twice.
    pub begun: usize,
}

/// How far a wanted change came.
enum Came {
    /// All of it.
    Through,
    /// To something that must not be done twice.
    Begun,
    /// Not so far, or to what does no harm when it is done again.
    Left,
}

/// Says what of an order is left to be wanted after a run of its plan. What was made by then is named by its id.
#[must_use]
pub fn again(order: &Order, plan: &ChangePlan, run: &Run) -> Again {
    let mut steps: BTreeMap<usize, Vec<(usize, &ChangeStep)>> = BTreeMap::new();
    for (number, step) in plan.steps.iter().enumerate() {
        steps.entry(step.wanted).or_default().push((number, step));
    }
    let made = made(order, &steps, run);
    let (mut done, mut begun, mut wanted) = (0, 0, Vec::new());
    for (number, one) in order.wanted.iter().enumerate() {
        match came(steps.get(&number).map_or(&[], Vec::as_slice), run) {
            Came::Through => done += 1,
            Came::Begun => begun += 1,
            Came::Left => {
                let mut one = one.clone();
                name(&mut one.change, &made);
                wanted.push(one);
            }
        }
    }
    let order = (!wanted.is_empty()).then(|| Order { wanted, ..order.clone() });
    Again { order, done, begun }
}

fn came(steps: &[(usize, &ChangeStep)], run: &Run) -> Came {
    let is_through = |(number, step): &(usize, &ChangeStep)| match run.state(*number) {
        StepState::Done | StepState::Already => true,
        StepState::Refused | StepState::Uncertain => step.kind.is_dispensable(),
        StepState::Pending | StepState::Intended | StepState::Waiting => false,
    };
    if !steps.is_empty() && steps.iter().all(is_through) {
        return Came::Through;
    }
    let may_be_done = |number: usize| {
        matches!(run.state(number), StepState::Done | StepState::Intended | StepState::Uncertain)
    };
    let is_once = |(number, step): &(usize, &ChangeStep)| {
        step.is_irreversible() && !step.write.may_repeat && may_be_done(*number)
    };
    if steps.iter().any(is_once) { Came::Begun } else { Came::Left }
}

/// The organizations that the run made, by their names.
fn made<'a>(
    order: &'a Order,
    steps: &BTreeMap<usize, Vec<(usize, &ChangeStep)>>,
    run: &Run,
) -> BTreeMap<&'a str, OrganizationId> {
    let mut made = BTreeMap::new();
    for (number, wanted) in order.wanted.iter().enumerate() {
        let Change::CreateOrganization(new) = &wanted.change else { continue };
        let kept =
            steps.get(&number).into_iter().flatten().find_map(|(_, step)| run.answers().get(&step.name));
        let id = kept.and_then(|kept| kept.get("id")).and_then(Value::as_str);
        if let Some(id) = id.and_then(|id| id.parse().ok()) {
            made.insert(new.name.as_str(), id);
        }
    }
    made
}

/// Names an organization that was made by its id.
fn name(change: &mut Change, made: &BTreeMap<&str, OrganizationId>) {
    let organization = match change {
        Change::AddMembers(of) | Change::RemoveMembers(of) => Some(&mut of.organization),
        Change::AssignRoles(of) | Change::RemoveRoles(of) => of.organization.as_mut(),
        Change::EnableConnection(of) => Some(&mut of.organization),
        Change::Invite(of) => Some(&mut of.organization),
        Change::AddDiscoveryDomain(of) => Some(&mut of.organization),
        _ => None,
    };
    let Some(organization) = organization else { return };
    if let Organization::Made(called) = organization
        && let Some(id) = made.get(called.as_str())
    {
        *organization = Organization::Id(id.clone());
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;
    use crate::{
        Answers,
        change::{Back, Call, Forever, Kind, Scope, Wanted, Write, samples},
        run::Row,
    };

    /// A step of a wanted change that can't be undone.
    fn step(wanted: usize, may_repeat: bool) -> ChangeStep {
        let call = Call::Webhook { receiver: "r".to_owned(), body: json!({}) };
        ChangeStep {
            name: format!("{wanted}.{may_repeat}"),
            kind: Kind::CallWebhook,
            wanted,
            scope: Scope::default(),
            write: Write { may_repeat, ..Write::told(call) },
            back: Back::Irreversible(Forever::Told),
        }
    }

    fn wanted() -> Wanted {
        let change = json!({"change": "call_webhook", "receiver": "r", "body": {}});
        Wanted {
            change: serde_json::from_value(change).unwrap(),
            reason: "because".to_owned(),
            evidence: vec![],
        }
    }

    fn left(steps: Vec<ChangeStep>, states: &[StepState]) -> Again {
        let count = steps.iter().map(|step| step.wanted + 1).max().unwrap();
        let plan = samples::plan(steps);
        let order = Order {
            tenant: plan.tenant.clone(),
            title: plan.title.clone(),
            origin: plan.origin.clone(),
            wanted: vec![wanted(); count],
        };
        let rows = states.iter().map(|state| Row { state: *state, is_seen: true, ..Row::default() });
        let run = Run::load(&plan, rows.collect(), Answers::new(), None).unwrap();
        again(&order, &plan, &run)
    }

    #[test]
    fn what_is_through_is_not_wanted_again_and_what_was_not_begun_is() {
        let left = left(vec![step(0, false), step(1, false)], &[StepState::Done, StepState::Pending]);
        assert_eq!((left.order.map(|order| order.wanted.len()), left.done, left.begun), (Some(1), 1, 0));
    }

    #[test]
    fn what_was_begun_is_wanted_again_only_where_doing_it_twice_is_the_same() {
        let states = [StepState::Done, StepState::Pending];
        let twice = left(vec![step(0, true), step(0, false)], &states);
        assert_eq!((twice.order.is_some(), twice.done, twice.begun), (true, 0, 0));
        let once = left(vec![step(0, false), step(0, true)], &states);
        assert_eq!((once.order.is_some(), once.done, once.begun), (false, 0, 1));
    }
}
