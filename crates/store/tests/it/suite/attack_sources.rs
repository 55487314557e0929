use countersign_store::{AttackSourceRow, IncidentWrite};

use super::{
    Fresh,
    make::{at, tenant, writes},
};

pub async fn a_source_counts_until_its_end_and_once_for_each_incident(Fresh { store, .. }: Fresh) {
    let source = |source: u64, incident: &str, until: i64| AttackSourceRow {
        source,
        incident: incident.to_owned(),
        from: at(1),
        until: at(until),
    };
    let rows = [source(7, "inc_1", 20), source(7, "inc_2", 10), source(u64::MAX, "inc_1", 20)];
    for row in [source(7, "inc_1", 5)].iter().chain(&rows) {
        let write = IncidentWrite::AttackSource(row.clone());
        store.commit(writes(&tenant("t"), vec![write.into()])).await.unwrap();
    }
    let counting = async |seconds: i64| {
        let mut found = store.list_attack_sources(&tenant("t"), at(seconds)).await.unwrap();
        found.sort_by_key(|row| (row.source, row.incident.clone()));
        found
    };
    assert_eq!(counting(9).await, rows);
    assert_eq!(counting(10).await, [rows[0].clone(), rows[2].clone()], "the end is not in it");
    assert!(store.list_attack_sources(&tenant("u"), at(0)).await.unwrap().is_empty());
}
