use countersign_core::DecisionId;
use countersign_store::{JoinHow, JoinRow, JoinState, JoinWrite, Store, StoreError};

use super::{
    Fresh,
    make::{at, tenant, writes},
};

fn decision(number: u32) -> DecisionId {
    format!("dec_{number:08}").parse().unwrap()
}

fn login(log_id: &str, seconds: i64, how: JoinHow, to: Option<u32>) -> JoinRow {
    JoinRow {
        log_id: log_id.to_owned(),
        seq: seconds.unsigned_abs(),
        at: at(seconds),
        is_login: true,
        decision: to.map(decision),
        how,
    }
}

async fn put(store: &Store, of: &str, row: JoinRow) -> Result<(), StoreError> {
    store.commit(writes(&tenant(of), vec![JoinWrite::Put(row).into()])).await.map(drop)
}

pub async fn decisions_are_found_by_key_and_time(Fresh { store, .. }: Fresh) {
    let t = tenant("t");
    let candidate = |key: &str, number, seconds| {
        JoinWrite::Candidate { key_id: key.to_owned(), decision: decision(number), at: at(seconds) }.into()
    };
    let known =
        vec![candidate("a", 1, 10), candidate("a", 2, 20), candidate("b", 3, 20), candidate("a", 4, 30)];
    store.commit(writes(&t, known.clone())).await.unwrap();
    store.commit(writes(&t, known)).await.unwrap();
    let find = async |from, until, limit| {
        store.list_join_candidates(&t, "a", (at(from), at(until)), limit).await.unwrap()
    };
    assert_eq!(find(10, 30, 9).await, [4, 2, 1].map(decision));
    assert_eq!(find(11, 29, 9).await, [decision(2)]);
    assert_eq!(find(0, 99, 2).await, [4, 2].map(decision));
    let elsewhere = store.list_join_candidates(&tenant("u"), "a", (at(0), at(99)), 9).await;
    assert_eq!(elsewhere, Ok(vec![]));
    store.commit(writes(&t, vec![JoinWrite::PruneCandidates { before: at(20) }.into()])).await.unwrap();
    assert_eq!(find(0, 99, 9).await, [4, 2].map(decision));
}

pub async fn a_join_is_replaced_and_a_decision_has_one_login(Fresh { store, .. }: Fresh) {
    let t = tenant("t");
    put(&store, "t", login("l1", 1, JoinHow::Waiting, None)).await.unwrap();
    assert_eq!(store.list_joins_of(&t, vec![decision(1)]).await, Ok(vec![]));
    let joined = login("l1", 1, JoinHow::Session, Some(1));
    put(&store, "t", joined.clone()).await.unwrap();
    put(&store, "t", joined.clone()).await.unwrap();
    let another = login("l2", 2, JoinHow::Time, Some(1));
    assert_eq!(put(&store, "t", another.clone()).await, Err(StoreError::Stale));
    let no_login = JoinRow { is_login: false, ..another };
    put(&store, "t", no_login.clone()).await.unwrap();
    put(&store, "u", login("l1", 1, JoinHow::Time, Some(1))).await.unwrap();
    let both = vec![joined.clone(), no_login];
    assert_eq!(store.list_joins_of(&t, vec![decision(2), decision(1)]).await, Ok(both));
    let at_entries = store.list_joins_at(&t, vec!["l1".to_owned(), "l9".to_owned()]).await;
    assert_eq!(at_entries, Ok(vec![joined]));
}

pub async fn the_place_moves_only_from_where_it_was(Fresh { store, .. }: Fresh) {
    let t = tenant("t");
    assert_eq!(store.get_join_state(&t).await, Ok(JoinState::default()));
    let first = JoinState { seq: 3, leaf: 5, since: None };
    let second = JoinState { since: Some(at(1)), ..first };
    let reach = |expected, state| writes(&t, vec![JoinWrite::Reached { expected, state }.into()]);
    store.commit(reach(JoinState::default(), first)).await.unwrap();
    assert_eq!(store.commit(reach(JoinState::default(), first)).await, Err(StoreError::Stale));
    store.commit(reach(first, second)).await.unwrap();
    assert_eq!(store.commit(reach(first, second)).await, Err(StoreError::Stale));
    assert_eq!(store.get_join_state(&t).await, Ok(second));
    assert_eq!(store.get_join_state(&tenant("u")).await, Ok(JoinState::default()));
}

pub async fn logins_are_listed_and_counted_by_how_and_time(Fresh { store, .. }: Fresh) {
    let t = tenant("t");
    for (n, how) in [JoinHow::None, JoinHow::Time, JoinHow::None, JoinHow::None].into_iter().enumerate() {
        let seconds = i64::try_from(n).unwrap();
        let to = (how == JoinHow::Time).then_some(1);
        put(&store, "t", login(&format!("l{n}"), seconds, how, to)).await.unwrap();
    }
    let other = JoinRow { is_login: false, ..login("x", 1, JoinHow::Time, Some(1)) };
    put(&store, "t", other).await.unwrap();
    let ids = async |from, until, limit| {
        let rows = store.list_logins(&t, JoinHow::None, (at(from), at(until)), limit).await.unwrap();
        rows.into_iter().map(|row| row.log_id).collect::<Vec<_>>()
    };
    assert_eq!(ids(0, 9, 9).await, ["l0", "l2", "l3"]);
    assert_eq!(ids(1, 3, 9).await, ["l2"]);
    assert_eq!(ids(0, 9, 2).await, ["l0", "l2"]);
    let counts = store.count_logins(&t, (at(0), at(3))).await.unwrap();
    assert_eq!((counts[&JoinHow::None], counts[&JoinHow::Time], counts[&JoinHow::Exempt]), (2, 1, 0));
}
