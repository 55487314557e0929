use countersign_store::{IncidentWrite, StoreError, SuppressionRow};

use super::{
    Fresh,
    make::{at, tenant, writes},
};

pub async fn those_that_hold_are_listed_and_one_is_lifted_once(Fresh { store, .. }: Fresh) {
    let suppression = |id: &str, detector: Option<&str>, until: i64| SuppressionRow {
        id: id.to_owned(),
        detector: detector.map(str::to_owned),
        from: at(1),
        until: at(until),
        key_id: "rec_1".to_owned(),
        sealed: vec![1, 2],
    };
    let rows = [suppression("a", None, 10), suppression("b", Some("mfa_fatigue"), 20)];
    let write = |write: IncidentWrite| store.commit(writes(&tenant("t"), vec![write.into()]));
    for row in rows.clone() {
        write(IncidentWrite::Suppress(row)).await.unwrap();
    }
    let holding = async |seconds: i64| store.list_suppressions(&tenant("t"), at(seconds)).await.unwrap();
    assert_eq!(holding(9).await, rows);
    assert_eq!(holding(10).await, rows[1..]);
    assert!(store.list_suppressions(&tenant("u"), at(0)).await.unwrap().is_empty());
    let lift = || IncidentWrite::Lift { id: "b".to_owned(), at: at(12) };
    write(lift()).await.unwrap();
    assert_eq!(write(lift()).await, Err(StoreError::Stale));
    assert!(holding(12).await.is_empty());
}
