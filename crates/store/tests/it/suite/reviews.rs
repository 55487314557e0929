use countersign_store::{
    DeskChange, PlanWrite, RemarkRow, ReviewFilter, ReviewRow, ReviewWrite, StoreError, Write,
};

use super::{
    Fresh,
    make::{at, commit_all, tenant, writes},
};

fn review(id: &str) -> ReviewRow {
    ReviewRow {
        id: id.to_owned(),
        version: 1,
        decision: format!("dec_of_{id}"),
        origin: "person".to_owned(),
        audience: "security".to_owned(),
        priority: 1,
        status: "open".to_owned(),
        verdict: None,
        opener: "per_1".to_owned(),
        assignee: None,
        opened: at(1),
        due: at(100),
        escalated: None,
        closed: None,
        mark: None,
        clearing: None,
        is_settled: false,
        key_id: "key".to_owned(),
        sealed: b"why".to_vec(),
    }
}

fn put(expected_version: u64, row: ReviewRow) -> Write {
    Write::Review(ReviewWrite::Put { expected_version, row: Box::new(row) })
}

fn remark(about: &str, id: &str) -> RemarkRow {
    RemarkRow {
        about: about.to_owned(),
        id: id.to_owned(),
        principal: "per_2".to_owned(),
        at: at(5),
        key_id: "key".to_owned(),
        sealed: b"text".to_vec(),
    }
}

pub async fn a_review_comes_back_and_one_decision_has_one(Fresh { store, .. }: Fresh) {
    let (t, u) = (tenant("t"), tenant("u"));
    let full = ReviewRow {
        verdict: Some("legitimate".to_owned()),
        assignee: Some("noa".to_owned()),
        escalated: Some(at(2)),
        closed: Some(at(3)),
        mark: Some("pln_1".to_owned()),
        clearing: Some("pln_2".to_owned()),
        is_settled: true,
        ..review("rvw_1")
    };
    store.commit(writes(&t, vec![put(0, full.clone())])).await.unwrap();
    assert_eq!(store.find_review(&t, "rvw_1").await, Ok(Some(full.clone())));
    assert_eq!(store.find_review(&u, "rvw_1").await, Ok(None));
    let of_same = ReviewRow { decision: full.decision.clone(), ..review("rvw_2") };
    assert_eq!(store.commit(writes(&t, vec![put(0, of_same.clone())])).await, Err(StoreError::Stale));
    store.commit(writes(&u, vec![put(0, of_same)])).await.unwrap();
    store.commit(writes(&t, vec![Write::Review(ReviewWrite::Drop("rvw_1".to_owned()))])).await.unwrap();
    assert_eq!(store.find_review(&t, "rvw_1").await, Ok(None));
    assert!(store.find_review(&u, "rvw_2").await.unwrap().is_some());
}

pub async fn of_two_changes_of_a_review_one_is_stale(Fresh { store, .. }: Fresh) {
    let t = tenant("t");
    store.commit(writes(&t, vec![put(0, review("rvw_1"))])).await.unwrap();
    let closed = |verdict: &str| {
        let row = ReviewRow { version: 2, verdict: Some(verdict.to_owned()), ..review("rvw_1") };
        writes(&t, vec![put(1, row)])
    };
    let answers = commit_all(&store, vec![closed("legitimate"), closed("fraudulent")]).await;
    assert_eq!(answers.iter().filter(|answer| **answer == Err(StoreError::Stale)).count(), 1);
    let won = if answers[0].is_ok() { "legitimate" } else { "fraudulent" };
    let kept = store.find_review(&t, "rvw_1").await.unwrap().unwrap();
    assert_eq!((kept.verdict.as_deref(), kept.version), (Some(won), 2));
    let lies =
        ReviewRow { version: 3, opener: "per_9".to_owned(), decision: "dec_9".to_owned(), ..kept.clone() };
    store.commit(writes(&t, vec![put(2, lies)])).await.unwrap();
    let kept = store.find_review(&t, "rvw_1").await.unwrap().unwrap();
    assert_eq!((kept.opener.as_str(), kept.decision.as_str()), ("per_1", "dec_of_rvw_1"));
    assert_eq!(store.commit(writes(&tenant("u"), vec![put(3, kept)])).await, Err(StoreError::Stale));
}

pub async fn reviews_are_listed_by_status_queue_hand_and_page(Fresh { store, .. }: Fresh) {
    let t = tenant("t");
    let given = DeskChange {
        assignee: Some(Some("noa".to_owned())),
        audience: Some("owners".to_owned()),
        due: Some(at(50)),
        ..DeskChange::default()
    };
    let rows = [
        review("rvw_1"),
        ReviewRow { status: "closed".to_owned(), closed: Some(at(50)), is_settled: true, ..review("rvw_2") },
        review("rvw_3").in_hands(given),
    ];
    store.commit(writes(&t, rows.into_iter().map(|row| put(0, row)).collect())).await.unwrap();
    let ids = async |filter: ReviewFilter, limit| -> Vec<String> {
        store.list_reviews(&t, filter, limit).await.unwrap().into_iter().map(|review| review.id).collect()
    };
    let text = |text: &str| Some(text.to_owned());
    let all = ReviewFilter::default();
    assert_eq!(ids(all.clone(), 2).await, ["rvw_3", "rvw_2"]);
    assert_eq!(ids(ReviewFilter { before: text("rvw_2"), ..all.clone() }, 9).await, ["rvw_1"]);
    assert_eq!(ids(ReviewFilter { status: text("open"), ..all.clone() }, 9).await, ["rvw_3", "rvw_1"]);
    assert_eq!(ids(ReviewFilter { decision: text("dec_of_rvw_2"), ..all.clone() }, 9).await, ["rvw_2"]);
    assert_eq!(ids(ReviewFilter { is_unsettled: true, ..all.clone() }, 9).await, ["rvw_3", "rvw_1"]);
    assert_eq!(ids(ReviewFilter { closed_before: Some(at(60)), ..all.clone() }, 9).await, ["rvw_2"]);
    assert_eq!(ids(ReviewFilter { closed_before: Some(at(50)), ..all.clone() }, 9).await, [""; 0]);
    assert_eq!(ids(ReviewFilter { audience: text("owners"), ..all.clone() }, 9).await, ["rvw_3"]);
    assert_eq!(ids(ReviewFilter { assignee: text("noa"), ..all.clone() }, 9).await, ["rvw_3"]);
    assert_eq!(ids(ReviewFilter { overdue_at: Some(at(51)), ..all }, 9).await, ["rvw_3"]);
}

pub async fn remarks_stay_in_their_order_and_go_with_what_they_are_about(Fresh { store, raw, .. }: Fresh) {
    let t = tenant("t");
    let add = |about: &str, id: &str| Write::Review(ReviewWrite::Remark(remark(about, id)));
    store
        .commit(writes(&t, vec![put(0, review("rvw_1")), add("rvw_1", "rec_2"), add("pln_1", "rec_3")]))
        .await
        .unwrap();
    store.commit(writes(&t, vec![add("rvw_1", "rec_1")])).await.unwrap();
    assert_eq!(store.commit(writes(&t, vec![add("rvw_1", "rec_1")])).await, Err(StoreError::Stale));
    let kept = store.list_remarks(&t, "rvw_1", 9).await;
    assert_eq!(kept, Ok(vec![remark("rvw_1", "rec_1"), remark("rvw_1", "rec_2")]));
    assert_eq!(store.list_remarks(&t, "rvw_1", 1).await.unwrap().len(), 1);
    assert_eq!(store.list_remarks(&tenant("u"), "rvw_1", 9).await, Ok(vec![]));
    let refusal = raw("UPDATE remarks SET principal = 'per_9'").await.unwrap_err();
    assert!(refusal.contains("insert only"), "{refusal}");
    store.commit(writes(&t, vec![Write::Review(ReviewWrite::Drop("rvw_1".to_owned()))])).await.unwrap();
    store.commit(writes(&t, vec![Write::Plan(PlanWrite::Drop("pln_1".to_owned()))])).await.unwrap();
    assert_eq!(store.list_remarks(&t, "rvw_1", 9).await, Ok(vec![]));
    assert_eq!(store.list_remarks(&t, "pln_1", 9).await, Ok(vec![]));
}
