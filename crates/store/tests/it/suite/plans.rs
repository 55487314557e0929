use countersign_ledger::Hash;
use countersign_store::{
    Commit, DeskChange, DuePlans, Fence, IncidentRow, IncidentWrite, OldPlan, PlanFilter, PlanReviewRow,
    PlanRow, PlanStepRow, PlanWrite, PlansSpent, StoreError, Write,
};

use super::{
    Fresh,
    make::{at, commit_all, leaf, tenant, writes},
};

fn plan(id: &str) -> PlanRow {
    PlanRow {
        id: id.to_owned(),
        version: 1,
        state: "proposed".to_owned(),
        hash: Hash::new([7; 32]),
        origin: "person".to_owned(),
        incident: None,
        undoes: None,
        audience: "security".to_owned(),
        priority: 2,
        proposer: "per_1".to_owned(),
        assignee: None,
        steps: 3,
        users: 2,
        organizations: 1,
        proposed: at(1),
        due: at(100),
        expires: at(1_000),
        begun: None,
        halt: None,
        is_by_policy: true,
        changed: at(1),
        waits: None,
        try_at: None,
        key_id: "key".to_owned(),
        sealed: b"sealed".to_vec(),
    }
}

fn put(expected_version: u64, row: PlanRow) -> Write {
    Write::Plan(PlanWrite::Put { expected_version, row: Box::new(row) })
}

fn step(number: u64, state: &str) -> PlanStepRow {
    PlanStepRow {
        plan: "pln_1".to_owned(),
        step: number,
        state: state.to_owned(),
        record: format!("rec_{number}"),
        epoch: 1,
        sent: 1,
        is_seen: false,
        status: None,
        at: at(5),
        kept: vec![],
    }
}

fn come(expected: Option<&str>, row: PlanStepRow) -> Write {
    Write::Plan(PlanWrite::Step { expected: expected.map(str::to_owned), row })
}

fn review(version: u64, act: &str) -> PlanReviewRow {
    PlanReviewRow {
        plan: "pln_1".to_owned(),
        version,
        act: act.to_owned(),
        principal: "per_2".to_owned(),
        at: at(3),
        key_id: "key".to_owned(),
        sealed: b"why".to_vec(),
    }
}

pub async fn a_plan_comes_back_and_what_it_says_is_never_changed(Fresh { store, .. }: Fresh) {
    let (t, u) = (tenant("t"), tenant("u"));
    let first = PlanRow {
        incident: Some("inc_1".to_owned()),
        undoes: Some("pln_0".to_owned()),
        assignee: Some("per_3".to_owned()),
        ..plan("pln_1")
    };
    store.commit(writes(&t, vec![put(0, first.clone())])).await.unwrap();
    assert_eq!(store.find_plan(&t, "pln_1").await, Ok(Some(first.clone())));
    assert_eq!(store.find_plan(&u, "pln_1").await, Ok(None));
    assert_eq!(store.commit(writes(&t, vec![put(0, first.clone())])).await, Err(StoreError::Stale));
    let told = PlanRow {
        version: 2,
        state: "running".to_owned(),
        begun: Some(at(9)),
        halt: Some("{}".to_owned()),
        changed: at(9),
        waits: Some("{}".to_owned()),
        try_at: Some(at(11)),
        ..first.clone()
    };
    let lies = PlanRow {
        proposer: "per_9".to_owned(),
        sealed: b"else".to_vec(),
        users: 99,
        assignee: None,
        priority: 0,
        audience: "owners".to_owned(),
        due: at(2),
        ..told.clone()
    };
    store.commit(writes(&t, vec![put(1, lies)])).await.unwrap();
    assert_eq!(store.find_plan(&t, "pln_1").await, Ok(Some(told.clone())));
    let other = PlanRow { version: 3, hash: Hash::new([8; 32]), ..told.clone() };
    assert_eq!(store.commit(writes(&t, vec![put(2, other)])).await, Err(StoreError::Stale), "another plan");
    let late = PlanRow { version: 2, ..told };
    assert_eq!(store.commit(writes(&t, vec![put(1, late.clone())])).await, Err(StoreError::Stale));
    assert_eq!(store.commit(writes(&u, vec![put(2, late)])).await, Err(StoreError::Stale));
}

pub async fn a_plan_goes_from_hand_to_hand_wherever_it_stands(Fresh { store, .. }: Fresh) {
    let t = tenant("t");
    let first = PlanRow { assignee: Some("per_3".to_owned()), ..plan("pln_1") };
    store.commit(writes(&t, vec![put(0, first.clone())])).await.unwrap();
    let desk = |plan: &str, change: DeskChange| {
        writes(&t, vec![Write::Plan(PlanWrite::Desk { plan: plan.to_owned(), change })])
    };
    store.commit(desk("pln_1", DeskChange::default())).await.unwrap();
    assert_eq!(store.find_plan(&t, "pln_1").await, Ok(Some(first.clone())), "what is absent stays");
    let change = DeskChange {
        audience: Some("owners".to_owned()),
        priority: Some(3),
        assignee: Some(None),
        due: Some(at(7)),
    };
    store.commit(desk("pln_1", change.clone())).await.unwrap();
    let given = PlanRow { audience: "owners".to_owned(), priority: 3, assignee: None, due: at(7), ..first };
    assert_eq!(store.find_plan(&t, "pln_1").await, Ok(Some(given)));
    assert_eq!(store.commit(desk("pln_2", change)).await, Err(StoreError::Stale));
}

pub async fn plans_are_listed_by_state_incident_queue_and_page(Fresh { store, .. }: Fresh) {
    let t = tenant("t");
    let rows = [
        PlanRow { incident: Some("inc_1".to_owned()), ..plan("pln_1") },
        PlanRow { state: "done".to_owned(), undoes: Some("pln_1".to_owned()), ..plan("pln_2") },
        PlanRow { audience: "owners".to_owned(), due: at(50), ..plan("pln_3") },
        PlanRow { assignee: Some("per_1".to_owned()), ..plan("pln_4") },
    ];
    store.commit(writes(&t, rows.into_iter().map(|row| put(0, row)).collect())).await.unwrap();
    let ids = async |filter: PlanFilter, limit| -> Vec<String> {
        store.list_plans(&t, filter, limit).await.unwrap().into_iter().map(|plan| plan.id).collect()
    };
    let text = |text: &str| Some(text.to_owned());
    let all = PlanFilter::default();
    assert_eq!(ids(all.clone(), 2).await, ["pln_4", "pln_3"]);
    assert_eq!(ids(PlanFilter { before: text("pln_3"), ..all.clone() }, 9).await, ["pln_2", "pln_1"]);
    let states = |states: &[&str]| PlanFilter {
        states: states.iter().map(|&state| state.to_owned()).collect(),
        ..PlanFilter::default()
    };
    assert_eq!(ids(states(&["done", "halted"]), 9).await, ["pln_2"]);
    assert_eq!(ids(states(&["one", "don"]), 9).await, [""; 0], "no part of a word is a state");
    assert_eq!(ids(PlanFilter { incident: text("inc_1"), ..all.clone() }, 9).await, ["pln_1"]);
    assert_eq!(ids(PlanFilter { undoes: text("pln_1"), ..all.clone() }, 9).await, ["pln_2"]);
    assert_eq!(ids(PlanFilter { audience: text("owners"), ..all.clone() }, 9).await, ["pln_3"]);
    assert_eq!(ids(PlanFilter { assignee: text("per_1"), ..all.clone() }, 9).await, ["pln_4"]);
    assert_eq!(ids(PlanFilter { overdue_at: Some(at(51)), ..all }, 9).await, ["pln_3"]);
}

pub async fn what_is_due_is_told_by_its_id_the_oldest_first_and_not_before_it_is_tried_again(
    Fresh { store, .. }: Fresh,
) {
    let t = tenant("t");
    let running = |id: &str, try_at| PlanRow { state: "running".to_owned(), try_at, ..plan(id) };
    let rows = [running("pln_3", None), running("pln_1", None), running("pln_2", Some(at(9))), plan("pln_4")];
    store.commit(writes(&t, rows.into_iter().map(|row| put(0, row)).collect())).await.unwrap();
    let due = async |state: &str, (expired, tried), limit| {
        let (expired_by, tried_by) = (at(expired), at(tried));
        store
            .list_due_plans(&t, DuePlans { state: state.to_owned(), expired_by, tried_by }, limit)
            .await
            .unwrap()
    };
    assert_eq!(due("running", (1_000, 8), 9).await, ["pln_1", "pln_3"]);
    assert_eq!(due("running", (1_000, 9), 9).await, ["pln_1", "pln_2", "pln_3"]);
    assert_eq!(due("running", (1_000, 9), 1).await, ["pln_1"]);
    assert_eq!(due("proposed", (999, 9), 9).await, [""; 0], "its time is not over");
    assert_eq!(due("proposed", (1_000, 9), 9).await, ["pln_4"]);
    let waits = |version, waits: Option<&str>, try_at| {
        let (plan, waits) = ("pln_1".to_owned(), waits.map(str::to_owned));
        writes(&t, vec![Write::Plan(PlanWrite::Waits { plan, version, waits, try_at })])
    };
    assert_eq!(store.commit(waits(Some(2), Some("why"), Some(at(20)))).await, Err(StoreError::Stale));
    store.commit(waits(Some(1), Some("why"), Some(at(20)))).await.unwrap();
    let waiting = PlanRow { waits: Some("why".to_owned()), ..running("pln_1", Some(at(20))) };
    assert_eq!(store.find_plan(&t, "pln_1").await, Ok(Some(waiting)), "and its version stays");
    assert_eq!(due("running", (1_000, 9), 9).await, ["pln_2", "pln_3"]);
    store.commit(waits(None, None, None)).await.unwrap();
    assert_eq!(store.find_plan(&t, "pln_1").await, Ok(Some(running("pln_1", None))));
}

pub async fn of_two_reviews_at_once_one_is_stale_and_none_is_changed(Fresh { store, raw, .. }: Fresh) {
    let t = tenant("t");
    store.commit(writes(&t, vec![put(0, plan("pln_1"))])).await.unwrap();
    let said = |act: &str| {
        let row = PlanRow { version: 2, state: "approved".to_owned(), ..plan("pln_1") };
        writes(&t, vec![put(1, row), Write::Plan(PlanWrite::Review(review(2, act)))])
    };
    let answers = commit_all(&store, vec![said("approve"), said("reject")]).await;
    assert_eq!(answers.iter().filter(|answer| **answer == Err(StoreError::Stale)).count(), 1);
    let kept = store.list_plan_reviews(&t, "pln_1", 9).await.unwrap();
    assert_eq!(kept.len(), 1);
    let won = if answers[0].is_ok() { "approve" } else { "reject" };
    assert_eq!(kept, [review(2, won)]);
    let again = writes(&t, vec![Write::Plan(PlanWrite::Review(review(2, "approve")))]);
    assert_eq!(store.commit(again).await, Err(StoreError::Stale));
    let refusal = raw("UPDATE plan_reviews SET act = 'approve'").await.unwrap_err();
    assert!(refusal.contains("insert only"), "{refusal}");
}

pub async fn a_step_goes_on_from_where_it_was_read_and_by_one_holder_alone(Fresh { store, .. }: Fresh) {
    let (t, second) = (tenant("t"), std::time::Duration::from_secs(1));
    let fenced = |epoch, write| Commit {
        fence: Some(Fence { name: "executor", epoch }),
        leaves: vec![],
        ..writes(&t, vec![write])
    };
    let lease = store.acquire_lease(&t, "executor", "a", second).await.unwrap().unwrap();
    store.commit(fenced(lease.epoch, come(None, step(0, "intended")))).await.unwrap();
    let again = store.commit(fenced(lease.epoch, come(None, step(0, "intended")))).await;
    assert_eq!(again, Err(StoreError::Stale), "begun twice");
    let skipped = store.commit(fenced(lease.epoch, come(Some("pending"), step(0, "done")))).await;
    assert_eq!(skipped, Err(StoreError::Stale));
    store.release_lease(&t, "executor", "a").await.unwrap();
    let next = store.acquire_lease(&t, "executor", "b", second).await.unwrap().unwrap();
    let late = store.commit(fenced(lease.epoch, come(Some("intended"), step(0, "done")))).await;
    assert_eq!(late, Err(StoreError::Fenced));
    let done = PlanStepRow {
        epoch: next.epoch,
        sent: 2,
        is_seen: true,
        status: Some(204),
        kept: vec![1],
        ..step(0, "done")
    };
    store.commit(fenced(next.epoch, come(Some("intended"), done.clone()))).await.unwrap();
    store.commit(fenced(next.epoch, come(None, step(1, "refused")))).await.unwrap();
    assert_eq!(store.list_plan_steps(&t, "pln_1", 0, 9).await, Ok(vec![done.clone(), step(1, "refused")]));
    assert_eq!(store.list_plan_steps(&t, "pln_1", 1, 9).await, Ok(vec![step(1, "refused")]));
    assert_eq!(store.list_plan_steps(&t, "pln_1", 0, 1).await, Ok(vec![done.clone()]));
    assert_eq!(store.find_plan_step(&t, "rec_0").await, Ok(Some(done)));
    assert_eq!(store.find_plan_step(&t, "rec_9").await, Ok(None));
    assert_eq!(store.find_plan_step(&tenant("u"), "rec_0").await, Ok(None));
}

pub async fn what_was_begun_is_summed_and_a_dropped_plan_is_gone(Fresh { store, .. }: Fresh) {
    let (t, u) = (tenant("t"), tenant("u"));
    let begun = |id: &str, seconds| PlanRow { begun: Some(at(seconds)), ..plan(id) };
    let mut all = vec![put(0, begun("pln_1", 10)), put(0, begun("pln_2", 20)), put(0, plan("pln_3"))];
    all.push(Write::Plan(PlanWrite::Review(review(1, "propose"))));
    all.push(come(None, step(0, "done")));
    store.commit(Commit { leaves: vec![leaf("rec_0")], ..writes(&t, all) }).await.unwrap();
    store.commit(writes(&u, vec![put(0, begun("pln_9", 15))])).await.unwrap();
    let approved = PlanRow { is_by_policy: false, ..begun("pln_4", 30) };
    store.commit(writes(&t, vec![put(0, approved)])).await.unwrap();
    let spent = |runs| PlansSpent { users: 2 * runs, organizations: runs, steps: 3 * runs, runs };
    assert_eq!(store.plans_spent(&t, at(10)).await, Ok(spent(2)));
    assert_eq!(store.plans_spent(&t, at(11)).await, Ok(spent(1)));
    assert_eq!(store.plans_spent(&t, at(21)).await, Ok(spent(0)));
    store.commit(writes(&t, vec![Write::Plan(PlanWrite::Drop("pln_1".to_owned()))])).await.unwrap();
    assert_eq!(store.find_plan(&t, "pln_1").await, Ok(None));
    assert_eq!(store.list_plan_reviews(&t, "pln_1", 9).await, Ok(vec![]));
    assert_eq!(store.list_plan_steps(&t, "pln_1", 0, 9).await, Ok(vec![]));
    assert_eq!(store.plans_spent(&t, at(10)).await, Ok(spent(1)));
}

pub async fn a_breaker_is_changed_by_who_knows_its_version(Fresh { store, .. }: Fresh) {
    let t = tenant("t");
    let put = |expected_version, document: &str| {
        store.commit(writes(
            &t,
            vec![Write::Plan(PlanWrite::Breaker { expected_version, document: document.to_owned() })],
        ))
    };
    assert_eq!(store.find_breaker(&t).await, Ok(None));
    assert_eq!(put(1, "early").await, Err(StoreError::Stale));
    put(0, "first").await.unwrap();
    assert_eq!(put(0, "again").await, Err(StoreError::Stale));
    put(1, "second").await.unwrap();
    assert_eq!(put(1, "late").await, Err(StoreError::Stale));
    assert_eq!(store.find_breaker(&t).await, Ok(Some((2, "second".to_owned()))));
    assert_eq!(store.find_breaker(&tenant("u")).await, Ok(None));
}

pub async fn what_is_left_of_a_plan_takes_its_place_in_the_version_that_was_read(Fresh { store, .. }: Fresh) {
    let t = tenant("t");
    store.commit(writes(&t, vec![put(0, plan("pln_1")), put(0, plan("pln_2"))])).await.unwrap();
    let redact = |version| PlanWrite::Redact { plan: "pln_1".to_owned(), version, sealed: b"left".to_vec() };
    assert_eq!(store.commit(writes(&t, vec![Write::Plan(redact(2))])).await, Err(StoreError::Stale));
    assert_eq!(
        store.commit(writes(&tenant("u"), vec![Write::Plan(redact(1))])).await,
        Err(StoreError::Stale)
    );
    store.commit(writes(&t, vec![Write::Plan(redact(1))])).await.unwrap();
    let left = PlanRow { sealed: b"left".to_vec(), ..plan("pln_1") };
    assert_eq!(store.find_plan(&t, "pln_1").await, Ok(Some(left)), "the hash stays");
    assert_eq!(store.find_plan(&t, "pln_2").await, Ok(Some(plan("pln_2"))));
}

pub async fn old_plans_are_those_that_ended_and_that_nothing_needs(Fresh { store, .. }: Fresh) {
    let t = tenant("t");
    let ended = |id: &str, seconds| PlanRow { state: "done".to_owned(), changed: at(seconds), ..plan(id) };
    let about = |id: &str, incident: &str| PlanRow { incident: Some(incident.to_owned()), ..ended(id, 30) };
    let incident = |id: &str, status: &str| IncidentRow {
        id: id.to_owned(),
        version: 1,
        severity: 2,
        status: status.to_owned(),
        disposition: None,
        assignee: None,
        alerts: 1,
        first: at(1),
        last: at(2),
        opened: at(2),
        due: at(9),
        key_id: "key".to_owned(),
        sealed: vec![1],
    };
    let add = |row| IncidentWrite::Put { expected_version: 0, row: Box::new(row) }.into();
    let undo = |id: &str, state: &str, of: &str| PlanRow {
        state: state.to_owned(),
        undoes: Some(of.to_owned()),
        changed: at(90),
        ..plan(id)
    };
    let rows = [
        ended("pln_1", 20),
        ended("pln_2", 10),
        PlanRow { state: "halted".to_owned(), ..ended("pln_3", 5) },
        about("pln_4", "inc_open"),
        about("pln_5", "inc_closed"),
        ended("pln_6", 40),
        undo("pln_7", "proposed", "pln_6"),
        ended("pln_8", 50),
        undo("pln_9", "withdrawn", "pln_8"),
        ended("pln_young", 60),
    ];
    let mut all: Vec<Write> = rows.into_iter().map(|row| put(0, row)).collect();
    all.push(add(incident("inc_open", "open")));
    all.push(add(incident("inc_closed", "closed")));
    store.commit(writes(&t, all)).await.unwrap();
    let open = || ["proposed", "approved", "running", "halted"].map(str::to_owned).to_vec();
    let old = async |most| store.list_old_plans(&t, (at(60), open()), most).await.unwrap();
    let named = |id: &str| OldPlan { id: id.to_owned(), steps: 3 };
    assert_eq!(old(9).await, ["pln_2", "pln_1", "pln_5", "pln_8"].map(named));
    assert_eq!(old(1).await, ["pln_2"].map(named), "the oldest first");
    assert_eq!(store.list_old_plans(&tenant("u"), (at(99), open()), 9).await, Ok(vec![]));
}
