//! The run by itself, event by event.

use std::collections::BTreeMap;

use serde_json::json;

use super::*;
use crate::{
    Claim, Keep, Look, Miss, Part, Template,
    change::{Back, Call, Forever, Kind, Scope, Write, samples::plan},
};

fn look() -> Vec<Look> {
    vec![Look::at(Template::new("users.get", vec![Part::text("u")]), vec![Claim::is("/a", json!(1))])]
}

fn step(name: &str, kind: Kind, is_blind: bool, may_repeat: bool) -> ChangeStep {
    let template = Template::new("users.update", vec![Part::text("u")]);
    let write = Write {
        call: Call::Management(template),
        before: look(),
        after: if is_blind { vec![] } else { look() },
        is_blind,
        may_repeat,
        keeps: vec![],
    };
    let back = Back::Irreversible(Forever::Told);
    ChangeStep { name: name.to_owned(), kind, wanted: 0, scope: Scope::default(), write, back }
}

fn seen(step: usize, which: Which) -> Event {
    Event::Looked { step, which, found: Ok(Kept::new()) }
}

fn missed(step: usize, which: Which) -> Event {
    Event::Looked { step, which, found: Err(Miss::Differs("/a".to_owned())) }
}

fn answered(status: u16) -> Event {
    Event::Answered { step: 0, answer: Answer::of_status(status) }
}

fn settled(is_done: bool) -> Event {
    Event::Settled { step: 0, is_done, kept: Kept::new() }
}

fn apply(run: &mut Run, plan: &ChangePlan, events: impl IntoIterator<Item = Event>) {
    for event in events {
        run.apply(plan, event.clone()).unwrap_or_else(|_| panic!("{event:?} at {run:?}"));
    }
}

/// The run as somebody else takes it up.
fn taken_up(run: &Run, plan: &ChangePlan) -> Run {
    let text = serde_json::to_string(&(run.rows(), run.answers(), run.halt())).unwrap();
    let (rows, answers, halt) = serde_json::from_str(&text).unwrap();
    Run::load(plan, rows, answers, halt).unwrap()
}

#[test]
fn a_step_is_looked_at_intended_sent_and_observed() {
    let plan = plan(vec![step("a", Kind::BlockUser, false, true)]);
    let mut run = Run::new(&plan);
    assert_eq!(run.next(&plan), Next::Look { step: 0, which: Which::Before });
    apply(&mut run, &plan, [seen(0, Which::Before)]);
    assert_eq!(run.next(&plan), Next::Send { step: 0 });
    apply(&mut run, &plan, [Event::Intended { step: 0 }, answered(200)]);
    assert_eq!((run.state(0), run.next(&plan)), (StepState::Done, Next::Observe { step: 0 }));
    assert_eq!(taken_up(&run, &plan).next(&plan), Next::Observe { step: 0 });
    apply(&mut run, &plan, [Event::Observed { step: 0, found: Ok(Kept::new()) }]);
    assert!(run.is_finished());
    assert_eq!(run.next(&plan), Next::Finished);
}

#[test]
fn what_is_so_already_is_not_sent_and_what_moved_halts() {
    let plan = plan(vec![step("a", Kind::BlockUser, false, true)]);
    let mut run = Run::new(&plan);
    apply(&mut run, &plan, [missed(0, Which::Before), seen(0, Which::After)]);
    assert_eq!((run.state(0), run.is_finished()), (StepState::Already, true));
    let mut run = Run::new(&plan);
    apply(&mut run, &plan, [missed(0, Which::Before), missed(0, Which::After)]);
    let Next::Halt(halt) = run.next(&plan) else { panic!() };
    assert_eq!(halt.why, Why::Moved { what: "`/a` is not what it should be".to_owned() });
}

#[test]
fn statuses_mean_what_they_mean() {
    let plan = plan(vec![step("a", Kind::BlockUser, false, true)]);
    for (status, state) in [
        (200, StepState::Done),
        (202, StepState::Done),
        (400, StepState::Refused),
        (403, StepState::Refused),
        (404, StepState::Refused),
        (408, StepState::Intended),
        (409, StepState::Pending),
        (429, StepState::Waiting),
        (500, StepState::Intended),
        (503, StepState::Intended),
    ] {
        let mut run = Run::new(&plan);
        apply(&mut run, &plan, [seen(0, Which::Before), Event::Intended { step: 0 }, answered(status)]);
        assert_eq!(run.state(0), state, "{status}");
        assert_eq!(run.halt().is_some(), state == StepState::Refused, "{status}");
    }
}

#[test]
fn an_intent_without_a_result_is_looked_after_first() {
    for (may_repeat, expected) in [(true, "send"), (false, "send")] {
        let plan = plan(vec![step("a", Kind::BlockUser, false, may_repeat)]);
        let mut run = Run::new(&plan);
        apply(&mut run, &plan, [seen(0, Which::Before), Event::Intended { step: 0 }]);
        let mut up = taken_up(&run, &plan);
        assert_eq!(up.next(&plan), Next::Look { step: 0, which: Which::After });
        let mut done = up.clone();
        apply(&mut done, &plan, [seen(0, Which::After)]);
        assert!(done.is_finished());
        apply(&mut up, &plan, [missed(0, Which::After)]);
        assert_eq!(up.next(&plan), Next::Look { step: 0, which: Which::Before });
        let mut lost = up.clone();
        apply(&mut lost, &plan, [missed(0, Which::Before)]);
        assert_eq!((lost.state(0), lost.halt().unwrap().why.code()), (StepState::Uncertain, "uncertain"));
        apply(&mut up, &plan, [seen(0, Which::Before)]);
        assert_eq!(up.next(&plan), Next::Send { step: 0 }, "{expected}");
    }
}

#[test]
fn what_can_not_be_seen_is_sent_again_where_it_may_and_else_waits_for_a_person() {
    let again = plan(vec![step("a", Kind::RevokeAccess, true, true)]);
    let mut run = Run::new(&again);
    apply(&mut run, &again, [seen(0, Which::Before), Event::Intended { step: 0 }]);
    for _ in 1..MOST_SENT {
        run = taken_up(&run, &again);
        assert_eq!(run.next(&again), Next::Send { step: 0 });
        apply(&mut run, &again, [Event::Intended { step: 0 }]);
    }
    assert_eq!(taken_up(&run, &again).state(0), StepState::Uncertain);
    let once =
        plan(vec![step("a", Kind::RotateClientSecret, true, false), step("b", Kind::BlockUser, false, true)]);
    let mut run = Run::new(&once);
    apply(&mut run, &once, [seen(0, Which::Before), Event::Intended { step: 0 }]);
    run = taken_up(&run, &once);
    assert_eq!(run.state(0), StepState::Uncertain);
    assert!(matches!(run.next(&once), Next::Halt(_)));
    let mut done = run.clone();
    apply(&mut done, &once, [settled(true)]);
    assert_eq!(done.next(&once), Next::Look { step: 1, which: Which::Before });
    apply(&mut run, &once, [settled(false)]);
    assert_eq!(run.next(&once), Next::Look { step: 0, which: Which::Before });
}

#[test]
fn a_message_that_nobody_knows_of_or_that_is_refused_does_not_halt() {
    let mut told = step("a", Kind::Notify, true, false);
    told.write = Write::told(Call::Notify { receiver: "r".to_owned(), text: "t".to_owned() });
    let plan = plan(vec![told]);
    for event in [Answer::Unknown, Answer::Refused(400)] {
        let mut run = Run::new(&plan);
        assert_eq!(run.next(&plan), Next::Send { step: 0 });
        apply(&mut run, &plan, [Event::Intended { step: 0 }, Event::Answered { step: 0, answer: event }]);
        assert!(run.is_finished());
    }
}

#[test]
fn what_was_made_is_known_by_the_answer_or_by_what_is_seen() {
    let mut makes = step("a", Kind::CreateOrganization, false, false);
    makes.write.keeps = vec![Keep::id("id", "/id"), Keep::secret("hidden", "/secret")];
    let plan = plan(vec![makes]);
    let kept = makes_kept(&plan);
    let mut run = Run::new(&plan);
    let done = Event::Answered { step: 0, answer: Answer::Done(kept.clone()) };
    let observed = |kept: Kept| Event::Observed { step: 0, found: Ok(kept) };
    let begun = [seen(0, Which::Before), Event::Intended { step: 0 }];
    apply(&mut run, &plan, begun.clone().into_iter().chain([done, observed(Kept::new())]));
    assert_eq!(run.answers()["a"], kept);
    // What is there by somebody else's hand is theirs.
    let mut other = Run::new(&plan);
    apply(&mut other, &plan, [missed(0, Which::Before)]);
    assert_eq!(other.halt().unwrap().why.code(), "moved");
    // Nothing of it is known: later steps can't go by it.
    let mut unknown = Run::new(&plan);
    apply(&mut unknown, &plan, begun.into_iter().chain([answered(200), observed(Kept::new())]));
    assert_eq!(unknown.halt().unwrap().why, Why::Unknown);
}

fn makes_kept(plan: &ChangePlan) -> Kept {
    let write = &plan.steps[0].write;
    let answer = json!({"id": "org_1", "secret": "hush", "more": 1});
    assert_eq!(write.kept_secrets(&answer).len(), 1);
    let kept = write.kept(&answer);
    assert_eq!(kept, BTreeMap::from([("id".to_owned(), json!("org_1"))]));
    kept
}

/// A step that makes an organization.
fn making() -> ChangePlan {
    let mut makes = step("a", Kind::CreateOrganization, false, false);
    makes.write.keeps = vec![Keep::id("id", "/id")];
    plan(vec![makes, step("b", Kind::AddMembers, false, false)])
}

#[test]
fn what_is_there_at_the_first_sending_is_somebody_elses() {
    let begun = [seen(0, Which::Before), Event::Intended { step: 0 }];
    let making = making();
    let mut run = Run::new(&making);
    apply(&mut run, &making, begun.clone().into_iter().chain([answered(409)]));
    for run in [run.clone(), taken_up(&run, &making)] {
        assert_eq!((run.state(0), run.is_open(0)), (StepState::Refused, false));
        assert_eq!(run.halt().unwrap().why.code(), "moved");
        assert!(run.answers().is_empty(), "its id is none of ours");
    }
    // What is set and not made: as what was so before, which an undo leaves alone.
    let setting = plan(vec![step("a", Kind::EnableConnection, false, false)]);
    let mut run = Run::new(&setting);
    apply(&mut run, &setting, begun.clone().into_iter().chain([answered(409)]));
    assert_eq!(run.next(&setting), Next::Look { step: 0, which: Which::After });
    let mut moved = run.clone();
    apply(&mut run, &setting, [seen(0, Which::After)]);
    assert_eq!(run.state(0), StepState::Already);
    apply(&mut moved, &setting, [missed(0, Which::After)]);
    assert_eq!(moved.halt().unwrap().why.code(), "moved");
}

#[test]
fn what_is_there_after_a_sending_of_which_nobody_knows_is_looked_at() {
    let making = making();
    let begun = [seen(0, Which::Before), Event::Intended { step: 0 }];
    let mut run = Run::new(&making);
    apply(&mut run, &making, begun.into_iter().chain([answered(503), missed(0, Which::After)]));
    apply(&mut run, &making, [seen(0, Which::Before), Event::Intended { step: 0 }, answered(409)]);
    assert_eq!(run.next(&making), Next::Look { step: 0, which: Which::After });
    let kept = Kept::from([("id".to_owned(), json!("org_1"))]);
    let found = Event::Looked { step: 0, which: Which::After, found: Ok(kept.clone()) };
    apply(&mut run, &making, [found]);
    assert_eq!((run.state(0), &run.answers()["a"]), (StepState::Done, &kept));
    // What can't be seen: as ever.
    let blind = plan(vec![step("a", Kind::CallWebhook, true, false)]);
    let mut run = Run::new(&blind);
    apply(&mut run, &blind, [seen(0, Which::Before), Event::Intended { step: 0 }, answered(409)]);
    assert_eq!(run.state(0), StepState::Uncertain);
}

#[test]
fn of_a_stopped_run_a_person_says_what_nobody_knows_and_it_stays_stopped() {
    let steps = vec![step("a", Kind::BlockUser, false, true), step("b", Kind::BlockUser, false, true)];
    let plan = plan(steps);
    let begun = [seen(0, Which::Before), Event::Intended { step: 0 }];
    for (waits, why) in [(false, Why::Stopped), (true, Why::Late), (true, Why::Stopped)] {
        let mut run = Run::new(&plan);
        apply(&mut run, &plan, begun.clone());
        if waits {
            apply(&mut run, &plan, [answered(503), missed(0, Which::After)]);
            apply(&mut run, &plan, [seen(0, Which::Before), Event::Intended { step: 0 }, answered(429)]);
        }
        assert_eq!(run.apply(&plan, settled(true)), Err(Misfit), "it did not halt");
        let halts = if why == Why::Stopped { Event::Stopped } else { Event::Barred { why: why.clone() } };
        apply(&mut run, &plan, [halts]);
        let mut run = taken_up(&run, &plan);
        assert!(run.is_open(0));
        let mut again = run.clone();
        apply(&mut run, &plan, [settled(true)]);
        assert_eq!((run.state(0), run.is_open(0)), (StepState::Done, false));
        assert_eq!(run.halt(), Some(&Halt { step: 1, why: why.clone() }), "nothing more is sent");
        apply(&mut run, &plan, [Event::Resumed]);
        assert_eq!(run.next(&plan), Next::Look { step: 1, which: Which::Before });
        apply(&mut again, &plan, [settled(false)]);
        assert_eq!((again.state(0), again.halt()), (StepState::Pending, Some(&Halt { step: 0, why })));
        assert_eq!(again.apply(&plan, settled(true)), Err(Misfit), "of what was not begun nothing is open");
    }
}

#[test]
fn what_was_made_is_not_settled_as_done_without_its_id() {
    let making = making();
    let mut run = Run::new(&making);
    apply(&mut run, &making, [seen(0, Which::Before), Event::Intended { step: 0 }, Event::Stopped]);
    assert_eq!(run.apply(&making, settled(true)), Err(Misfit));
    let kept = Kept::from([("id".to_owned(), json!("org_1"))]);
    apply(&mut run, &making, [Event::Settled { step: 0, is_done: true, kept: kept.clone() }]);
    assert_eq!((run.state(0), &run.answers()["a"]), (StepState::Done, &kept));
}

#[test]
fn a_person_stops_a_run_and_what_was_on_its_way_counts() {
    let plan = plan(vec![step("a", Kind::BlockUser, false, true), step("b", Kind::BlockUser, false, true)]);
    let mut run = Run::new(&plan);
    apply(
        &mut run,
        &plan,
        [seen(0, Which::Before), Event::Intended { step: 0 }, Event::Stopped, answered(200)],
    );
    assert_eq!(run.state(0), StepState::Done);
    assert!(matches!(run.next(&plan), Next::Halt(Halt { why: Why::Stopped, .. })));
    apply(&mut run, &plan, [Event::Resumed]);
    assert_eq!(run.next(&plan), Next::Observe { step: 0 });
}

#[test]
fn what_the_tenant_does_not_take_waits_counts_as_not_sent_and_is_looked_at_anew() {
    let plan = plan(vec![step("a", Kind::BlockUser, false, true)]);
    let mut run = Run::new(&plan);
    for _ in 0..9 {
        apply(&mut run, &plan, [seen(0, Which::Before), Event::Intended { step: 0 }, answered(429)]);
        assert_eq!((run.state(0), run.row(0).unwrap().sent, run.is_open(0)), (StepState::Waiting, 0, false));
        run = taken_up(&run, &plan);
        assert_eq!(run.next(&plan), Next::Look { step: 0, which: Which::Before });
    }
    // Of a sending before it nobody knows: that is looked for first, each time.
    apply(&mut run, &plan, [seen(0, Which::Before), Event::Intended { step: 0 }, answered(503)]);
    for _ in 0..9 {
        apply(&mut run, &plan, [missed(0, Which::After), seen(0, Which::Before)]);
        apply(&mut run, &plan, [Event::Intended { step: 0 }, answered(429)]);
        assert_eq!((run.state(0), run.row(0).unwrap().sent, run.is_open(0)), (StepState::Waiting, 1, true));
        run = taken_up(&run, &plan);
        assert_eq!(run.next(&plan), Next::Look { step: 0, which: Which::After });
    }
    apply(&mut run, &plan, [seen(0, Which::After)]);
    assert!(run.is_finished());
}

#[test]
fn what_may_not_go_on_halts_and_goes_on_when_a_person_says_so() {
    let plan = plan(vec![step("a", Kind::BlockUser, false, true)]);
    for why in [Why::Late, Why::LockOut { at: 0 }] {
        let mut run = Run::new(&plan);
        apply(&mut run, &plan, [seen(0, Which::Before), Event::Barred { why: why.clone() }]);
        assert_eq!(run.halt(), Some(&Halt { step: 0, why: why.clone() }));
        assert_eq!(run.apply(&plan, Event::Intended { step: 0 }), Err(Misfit), "nothing is sent");
        assert_eq!(run.apply(&plan, Event::Barred { why }), Err(Misfit));
        run = taken_up(&run, &plan);
        apply(&mut run, &plan, [Event::Resumed]);
        assert_eq!(run.next(&plan), Next::Look { step: 0, which: Which::Before });
    }
}

#[test]
fn what_was_on_its_way_at_the_stop_and_nobody_knows_of_holds_the_run_that_goes_on() {
    let blind = plan(vec![step("a", Kind::RotateClientSecret, true, false)]);
    for (answer, why) in
        [(Answer::Unknown, Why::Uncertain), (Answer::Refused(403), Why::Refused { status: 403 })]
    {
        let mut run = Run::new(&blind);
        let begun = [seen(0, Which::Before), Event::Intended { step: 0 }, Event::Stopped];
        apply(&mut run, &blind, begun.into_iter().chain([Event::Answered { step: 0, answer }]));
        assert_eq!(run.halt().unwrap().why, Why::Stopped);
        let mut up = taken_up(&run, &blind);
        for run in [&mut run, &mut up] {
            apply(run, &blind, [Event::Resumed]);
            assert_eq!(
                run.next(&blind),
                Next::Halt(Halt { step: 0, why: why.clone() }),
                "it is not sent again"
            );
            // As the plan's row says by then: nothing of why it halted before.
            let next = Run::load(&blind, run.rows().to_vec(), Answers::new(), None).unwrap().next(&blind);
            assert_eq!(next, Next::Halt(Halt { step: 0, why: why.clone() }));
        }
    }
}

#[test]
fn what_does_not_fit_changes_nothing() {
    let plan = plan(vec![step("a", Kind::BlockUser, false, true), step("b", Kind::BlockUser, false, true)]);
    let mut run = Run::new(&plan);
    let fresh = run.clone();
    for event in [
        Event::Intended { step: 0 },
        answered(200),
        seen(0, Which::After),
        seen(1, Which::Before),
        seen(7, Which::Before),
        Event::Observed { step: 0, found: Ok(Kept::new()) },
        settled(true),
        Event::Resumed,
    ] {
        assert_eq!(run.apply(&plan, event), Err(Misfit));
        assert_eq!(run, fresh);
    }
    apply(&mut run, &plan, [seen(0, Which::Before), Event::Intended { step: 0 }]);
    assert_eq!(run.apply(&plan, Event::Intended { step: 0 }), Err(Misfit));
    assert!(Run::load(&plan, vec![], Answers::new(), None).is_err());
}
