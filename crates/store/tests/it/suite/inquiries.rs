use countersign_core::{DecisionId, SubjectId};
use countersign_store::{
    Follow, InquiryFilter, InquiryRow, InquiryState, InquiryWrite, Store, StoreError, Write,
};

use super::{
    Fresh,
    make::{at, tenant, writes},
};

fn decision(number: u8) -> DecisionId {
    format!("dec_{number:08}").parse().unwrap()
}

fn subject(number: u8) -> SubjectId {
    format!("sub_{number:08x}").parse().unwrap()
}

fn inquiry(id: &str, number: u8, whose: u8) -> InquiryRow {
    InquiryRow {
        id: id.to_owned(),
        decision: decision(number),
        subject: subject(whose),
        token: vec![number; 32],
        state: InquiryState::Waiting,
        attempts: 0,
        made: at(number.into()),
        next: at(number.into()),
        expires: at(100),
        answered: None,
        origin: "person".to_owned(),
        follow: None,
        follow_tries: 0,
        plan: None,
        key_id: "rec_1".to_owned(),
        sealed: vec![1, 2],
    }
}

async fn write(store: &Store, of: &str, write: InquiryWrite) -> Result<(), StoreError> {
    store.commit(writes(&tenant(of), vec![Write::Inquiry(write)])).await.map(drop)
}

async fn ids(store: &Store, of: &str, filter: InquiryFilter) -> Vec<String> {
    store.list_inquiries(&tenant(of), filter, 9).await.unwrap().into_iter().map(|row| row.id).collect()
}

fn moved(id: &str, expected: (InquiryState, u32), state: InquiryState) -> InquiryWrite {
    let answered = (state == InquiryState::No).then(|| at(50));
    InquiryWrite::Move {
        id: id.to_owned(),
        expected,
        state,
        next: at(60),
        answered,
        leads_to_plan: state == InquiryState::No,
    }
}

pub async fn a_sign_in_is_asked_about_once_in_its_tenant(Fresh { store, .. }: Fresh) {
    let row = inquiry("a", 1, 1);
    write(&store, "t", InquiryWrite::Add(Box::new(row.clone()))).await.unwrap();
    let again = InquiryWrite::Add(Box::new(inquiry("b", 1, 1)));
    assert_eq!(write(&store, "t", again.clone()).await, Err(StoreError::Stale));
    write(&store, "u", again).await.unwrap();
    let found = store.list_inquiries(&tenant("t"), InquiryFilter::Decision(decision(1)), 9).await;
    assert_eq!(found, Ok(vec![row]));
    assert_eq!(ids(&store, "t", InquiryFilter::Id("b".to_owned())).await, [""; 0]);
}

pub async fn an_answer_is_taken_once(Fresh { store, .. }: Fresh) {
    write(&store, "t", InquiryWrite::Add(Box::new(inquiry("a", 1, 1)))).await.unwrap();
    write(&store, "t", moved("a", (InquiryState::Waiting, 0), InquiryState::Sent)).await.unwrap();
    let answer = || moved("a", (InquiryState::Sent, 1), InquiryState::No);
    write(&store, "t", answer()).await.unwrap();
    assert_eq!(write(&store, "t", answer()).await, Err(StoreError::Stale));
    let [row] = &store.list_inquiries(&tenant("t"), InquiryFilter::Id("a".to_owned()), 9).await.unwrap()[..]
    else {
        panic!()
    };
    assert_eq!((row.state, row.attempts, row.answered), (InquiryState::No, 2, Some(at(50))));
}

pub async fn they_are_found_by_person_and_by_what_is_to_be_done(Fresh { store, .. }: Fresh) {
    for (id, number, whose) in [("a", 1, 1), ("b", 2, 1), ("c", 3, 2)] {
        write(&store, "t", InquiryWrite::Add(Box::new(inquiry(id, number, whose)))).await.unwrap();
    }
    write(&store, "t", moved("a", (InquiryState::Waiting, 0), InquiryState::Sent)).await.unwrap();
    assert_eq!(ids(&store, "t", InquiryFilter::Subject(subject(1), at(2))).await, ["b"]);
    assert_eq!(ids(&store, "t", InquiryFilter::Due(at(2))).await, ["b"]);
    assert_eq!(ids(&store, "t", InquiryFilter::Over(at(99))).await, [""; 0]);
    assert_eq!(ids(&store, "t", InquiryFilter::Over(at(100))).await, ["b", "c", "a"]);
    write(&store, "t", InquiryWrite::Prune { before: at(3) }).await.unwrap();
    assert_eq!(ids(&store, "t", InquiryFilter::Over(at(100))).await, ["c"]);
}

pub async fn what_an_answer_leads_to_is_found_until_it_came_to_its_end(Fresh { store, .. }: Fresh) {
    write(&store, "t", InquiryWrite::Add(Box::new(inquiry("a", 1, 1)))).await.unwrap();
    write(&store, "t", moved("a", (InquiryState::Waiting, 0), InquiryState::Sent)).await.unwrap();
    assert_eq!(ids(&store, "t", InquiryFilter::ToFollow(at(99))).await, [""; 0], "it has no answer");
    write(&store, "t", moved("a", (InquiryState::Sent, 1), InquiryState::No)).await.unwrap();
    assert_eq!(ids(&store, "t", InquiryFilter::ToFollow(at(59))).await, [""; 0], "not yet");
    assert_eq!(ids(&store, "t", InquiryFilter::ToFollow(at(60))).await, ["a"]);
    let follow = |tries, follow, plan: Option<&str>| InquiryWrite::Follow {
        id: "a".to_owned(),
        tries,
        follow,
        next: at(70),
        plan: plan.map(str::to_owned),
    };
    write(&store, "t", follow(0, Follow::Pending, None)).await.unwrap();
    assert_eq!(write(&store, "t", follow(0, Follow::Proposed, Some("late"))).await, Err(StoreError::Stale));
    assert_eq!(ids(&store, "t", InquiryFilter::ToFollow(at(69))).await, [""; 0]);
    write(&store, "t", follow(1, Follow::Proposed, Some("pln_1"))).await.unwrap();
    assert_eq!(write(&store, "t", follow(2, Follow::Failed, None)).await, Err(StoreError::Stale), "it ended");
    assert_eq!(ids(&store, "t", InquiryFilter::ToFollow(at(99))).await, [""; 0]);
    let row =
        store.list_inquiries(&tenant("t"), InquiryFilter::Id("a".to_owned()), 9).await.unwrap().remove(0);
    let kept = (row.follow, row.follow_tries, row.plan.as_deref(), row.state);
    assert_eq!(kept, (Some(Follow::Proposed), 2, Some("pln_1"), InquiryState::No));
}
