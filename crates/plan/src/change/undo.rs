//! The way back of a run.

use std::collections::{BTreeSet, HashMap, HashSet};

use super::{
    Back, ChangePlan, ChangeStep, ERASED, Fault, FaultCode, Forever, Frame, Kind, Left, MAX_STEPS, MAX_TITLE,
    Note, Origin, Reverse, planner,
};
use crate::run::{Run, StepState};

/// Makes the plan that takes back what a run of `plan` did: all of it, or the `chosen` steps by name.
///
/// What must be so before each of its steps is what the run left, so that nobody's later change is lost unseen. What can't
/// be taken back is named in [`ChangePlan::left`]. What was so before the run is left alone.
///
/// # Errors
/// [`FaultCode::Absent`] for a chosen step that the plan does not have or the run did not do,
/// [`FaultCode::Uncertain`] where nobody knows whether it was done, [`FaultCode::Needed`] where a step that is not chosen
/// needs what a chosen one made, and faults of the title and origin.
pub fn undo(
    plan: &ChangePlan,
    run: &Run,
    chosen: Option<&BTreeSet<String>>,
    title: &str,
    origin: Origin,
    frame: &Frame,
) -> Result<ChangePlan, Vec<Fault>> {
    let title_fault = planner::text("title", title, MAX_TITLE);
    let mut faults: Vec<Fault> = title_fault.into_iter().chain(planner::origin(&origin)).collect();
    let fault = |place: &str, code, right: &str| Fault {
        wanted: None,
        place: place.to_owned(),
        code,
        right: right.to_owned(),
    };
    let is_chosen = |step: &ChangeStep| chosen.is_none_or(|chosen| chosen.contains(&step.name));
    let names: HashSet<&str> = plan.steps.iter().map(|step| step.name.as_str()).collect();
    for name in chosen.into_iter().flatten().filter(|name| !names.contains(name.as_str())) {
        faults.push(fault(name, FaultCode::Absent, "it has to be a step of the plan"));
    }
    let mut done = Vec::new();
    let mut kept_of: HashMap<&str, &str> = HashMap::new();
    for (number, step) in plan.steps.iter().enumerate() {
        let is_open = run.is_open(number);
        match (run.state(number), is_chosen(step)) {
            (StepState::Done, true) => done.push(step),
            // Why: it stays in any case.
            (_, true) if is_open && !matches!(step.back, Back::By(_)) => done.push(step),
            (StepState::Done, false) => {
                kept_of.extend(step.write.answers().map(|needed| (needed, step.name.as_str())));
            }
            (_, true) if is_open => {
                let right = "a person has to say first whether it was done";
                faults.push(fault(&step.name, FaultCode::Uncertain, right));
            }
            (_, true) if chosen.is_some() => {
                faults.push(fault(&step.name, FaultCode::Absent, "it has to be a step that was done"));
            }
            _ => {}
        }
    }
    for step in &done {
        if let Some(by) = kept_of.get(step.name.as_str()) {
            let right = format!("`{by}` needs it, and has to be taken back with it");
            faults.push(fault(&step.name, FaultCode::Needed, &right));
        }
    }
    if !faults.is_empty() {
        return Err(faults);
    }
    let mut back = ChangePlan {
        v: 1,
        tenant: plan.tenant.clone(),
        domain: plan.domain.clone(),
        title: title.to_owned(),
        origin,
        made_at: frame.at,
        begin_by: frame.at.plus(frame.good_for),
        because: plan.because.clone(),
        steps: Vec::new(),
        left: Vec::new(),
        notes: Vec::new(),
    };
    for step in done.into_iter().rev() {
        take_back(&mut back, step, run);
    }
    if back.steps.len() > MAX_STEPS {
        let right = format!("a plan has {MAX_STEPS} steps at the most: choose fewer");
        return Err(vec![fault("", FaultCode::TooMany, &right)]);
    }
    let mails = back.steps.iter().filter(|step| step.kind == Kind::WithdrawInvitation).count();
    if mails > 0 {
        back.notes.push(Note::MailWentOut { count: mails });
    }
    Ok(back)
}

fn take_back(plan: &mut ChangePlan, step: &ChangeStep, run: &Run) {
    let left = |why| Left { step: step.name.clone(), kind: step.kind, why };
    match &step.back {
        Back::Kept => plan.left.push(left(None)),
        Back::Irreversible(why) => plan.left.push(left(Some(*why))),
        Back::By(reverses) => {
            for (number, Reverse { kind, scope, write }) in reverses.iter().enumerate() {
                plan.steps.push(ChangeStep {
                    name: format!("{}.undo.{}", step.name, number + 1),
                    kind: *kind,
                    wanted: step.wanted,
                    scope: scope.clone(),
                    write: write.resolved(run.answers()),
                    back: again(step, reverses.len(), number, run),
                });
            }
        }
    }
}

/// The way back of a way back: the step itself, where it makes nothing that would have another id, and is one write.
fn again(step: &ChangeStep, count: usize, number: usize, run: &Run) -> Back {
    if !step.write.keeps.is_empty() {
        return Back::Irreversible(Forever::Deleted);
    }
    // Why with the first: taking members out again takes the roles, which were given back after it, with them.
    if count > 1 && number > 0 {
        return Back::Kept;
    }
    let write = step.write.resolved(run.answers());
    let mut scope = step.scope.clone();
    scope.users.retain(|user| user.as_str() != ERASED);
    Back::By(vec![Reverse { kind: step.kind, scope, write }])
}
