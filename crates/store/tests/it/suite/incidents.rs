use countersign_store::{
    AlertEntities, AlertRow, IncidentFilter, IncidentNoteRow, IncidentRow, IncidentWrite, MentionRow, Store,
    StoreError, Write,
};

use super::{
    Fresh,
    make::{at, tenant, writes},
};

fn incident(id: &str, seconds: i64) -> IncidentRow {
    IncidentRow {
        id: id.to_owned(),
        version: 1,
        severity: 2,
        status: "open".to_owned(),
        disposition: None,
        assignee: None,
        alerts: 3,
        first: at(seconds - 9),
        last: at(seconds),
        opened: at(seconds + 1),
        due: at(seconds + 99),
        key_id: "rec_1".to_owned(),
        sealed: vec![1, 2, 3],
    }
}

async fn write(store: &Store, of: &str, incident: IncidentWrite) -> Result<(), StoreError> {
    store.commit(writes(&tenant(of), vec![incident.into()])).await.map(drop)
}

async fn put(store: &Store, of: &str, expected_version: u64, row: &IncidentRow) -> Result<(), StoreError> {
    write(store, of, IncidentWrite::Put { expected_version, row: Box::new(row.clone()) }).await
}

async fn ids(store: &Store, filter: IncidentFilter) -> Vec<String> {
    let rows = store.list_incidents(&tenant("t"), filter, 9).await.unwrap();
    rows.into_iter().map(|row| row.id).collect()
}

pub async fn a_change_of_what_changed_is_stale(Fresh { store, .. }: Fresh) {
    let first = incident("a", 10);
    assert_eq!(put(&store, "t", 1, &first).await, Err(StoreError::Stale), "there is none to change");
    put(&store, "t", 0, &first).await.unwrap();
    assert_eq!(put(&store, "t", 0, &first).await, Err(StoreError::Stale), "it is there already");
    let second = IncidentRow {
        version: 2,
        severity: 4,
        status: "closed".to_owned(),
        disposition: Some("benign".to_owned()),
        assignee: Some("mia".to_owned()),
        alerts: 5,
        last: at(50),
        sealed: vec![9],
        key_id: "rec_2".to_owned(),
        ..first
    };
    put(&store, "t", 1, &second).await.unwrap();
    assert_eq!(put(&store, "t", 1, &second).await, Err(StoreError::Stale));
    assert_eq!(store.find_incident(&tenant("t"), "a").await, Ok(Some(second)));
    assert_eq!(store.find_incident(&tenant("u"), "a").await, Ok(None));
}

pub async fn listed_newest_first_by_page_and_by_filter(Fresh { store, .. }: Fresh) {
    let other = IncidentRow {
        severity: 4,
        status: "closed".to_owned(),
        disposition: Some("benign".to_owned()),
        assignee: Some("mia".to_owned()),
        ..incident("c", 20)
    };
    for row in [incident("a", 20), incident("b", 30), other, incident("d", 10)] {
        put(&store, "t", 0, &row).await.unwrap();
    }
    put(&store, "u", 0, &incident("x", 20)).await.unwrap();
    assert_eq!(ids(&store, IncidentFilter::default()).await, ["b", "c", "a", "d"]);
    let of = |change: fn(&mut IncidentFilter)| {
        let mut filter = IncidentFilter::default();
        change(&mut filter);
        filter
    };
    for (filter, found) in [
        (of(|filter| filter.before = Some((at(20), "c".to_owned()))), &["a", "d"][..]),
        (of(|filter| filter.since = Some(at(20))), &["b", "c", "a"]),
        (of(|filter| filter.until = Some(at(20))), &["d"]),
        (of(|filter| filter.overdue_at = Some(at(119))), &["d"]),
        (of(|filter| filter.overdue_at = Some(at(120))), &["a", "d"]),
        (of(|filter| filter.severity = 3), &["c"]),
        (of(|filter| filter.status = Some("open".to_owned())), &["b", "a", "d"]),
        (of(|filter| filter.disposition = Some("benign".to_owned())), &["c"]),
        (of(|filter| filter.assignee = Some("mia".to_owned())), &["c"]),
    ] {
        assert_eq!(ids(&store, filter.clone()).await, found, "{filter:?}");
    }
}

pub async fn found_by_what_their_alerts_are_about_in_time(Fresh { store, .. }: Fresh) {
    let of = |alert: &str, incident: &str, seconds: i64, entities: &[u64]| {
        IncidentWrite::Entities(AlertEntities {
            alert: alert.to_owned(),
            incident: incident.to_owned(),
            first: at(seconds),
            last: at(seconds + 5),
            entities: entities.to_vec(),
        })
    };
    write(&store, "t", of("a", "inc_1", 10, &[7, u64::MAX, 7])).await.unwrap();
    write(&store, "t", of("b", "inc_2", 20, &[7])).await.unwrap();
    write(&store, "u", of("a", "inc_3", 10, &[7])).await.unwrap();
    let find = async |entities: &[u64], from: i64, until: i64| {
        let mut found =
            store.list_mentions(&tenant("t"), entities.to_vec(), (at(from), at(until))).await.unwrap();
        found.sort_by_key(|(incident, mention)| (incident.clone(), mention.entity));
        found.into_iter().map(|(incident, mention)| (incident, mention.entity)).collect::<Vec<_>>()
    };
    let pair = |incident: &str, entity: u64| (incident.to_owned(), entity);
    assert_eq!(find(&[7], 0, 99).await, [pair("inc_1", 7), pair("inc_2", 7)]);
    assert_eq!(
        find(&[7, u64::MAX], 15, 19).await,
        [pair("inc_1", 7), pair("inc_1", u64::MAX)],
        "both ends are in it"
    );
    assert_eq!(find(&[7], 16, 19).await, []);
    assert_eq!(find(&[], 0, 99).await, []);
    // It grew: what it was about before it is about still, and all of it in the new time.
    write(&store, "t", of("a", "inc_1", 40, &[7, 8])).await.unwrap();
    let grown = store.list_mentions(&tenant("t"), vec![8], (at(0), at(99))).await.unwrap();
    assert_eq!(grown, [("inc_1".to_owned(), MentionRow { entity: 8, first: at(40), last: at(45) })]);
    assert_eq!(find(&[7, 8], 40, 99).await, [pair("inc_1", 7), pair("inc_1", 8)]);
    write(&store, "t", IncidentWrite::ForgetEntities("a".to_owned())).await.unwrap();
    assert_eq!(find(&[7, 8, u64::MAX], 0, 99).await, [pair("inc_2", 7)]);
}

pub async fn listed_by_what_their_alerts_are_about_and_by_their_detector(Fresh { store, .. }: Fresh) {
    for (of, id, detector, entity, is_retracted) in [
        ("t", "a", "mfa_fatigue", u64::MAX, false),
        ("t", "b", "mfa_fatigue", 7, true),
        ("t", "c", "password_spray", 7, false),
        ("u", "d", "mfa_fatigue", 7, false),
    ] {
        put(&store, of, 0, &incident(id, 10)).await.unwrap();
        let alert = AlertRow {
            id: format!("alr_{id}"),
            detector: detector.to_owned(),
            severity: 2,
            audience: "raised".to_owned(),
            is_retracted,
            is_late: false,
            first: at(1),
            last: at(2),
            entity,
            incident: Some(id.to_owned()),
            key_id: "rec_1".to_owned(),
            sealed: vec![1],
        };
        store.commit(writes(&tenant(of), vec![Write::Alert(Box::new(alert))])).await.unwrap();
        let about = AlertEntities {
            alert: format!("alr_{id}"),
            incident: id.to_owned(),
            first: at(1),
            last: at(2),
            entities: vec![entity],
        };
        write(&store, of, IncidentWrite::Entities(about)).await.unwrap();
    }
    let by_detector =
        |detector: &str| IncidentFilter { detector: Some(detector.to_owned()), ..IncidentFilter::default() };
    assert_eq!(ids(&store, by_detector("mfa_fatigue")).await, ["a"], "a retracted alert shows nothing");
    assert_eq!(ids(&store, by_detector("password_spray")).await, ["c"]);
    let about = |entity: u64| IncidentFilter { entity: Some(entity), ..IncidentFilter::default() };
    assert_eq!(ids(&store, about(u64::MAX)).await, ["a"]);
    assert_eq!(ids(&store, about(7)).await, ["c", "b"]);
    let both = IncidentFilter { entity: Some(7), ..by_detector("password_spray") };
    assert_eq!(ids(&store, both).await, ["c"]);
}

pub async fn notes_are_listed_newest_first_and_stay_apart(Fresh { store, .. }: Fresh) {
    let note = |id: &str, incident: &str| IncidentNoteRow {
        id: id.to_owned(),
        incident: incident.to_owned(),
        at: at(3),
        key_id: "rec_1".to_owned(),
        sealed: vec![4, 5],
    };
    for (of, note) in [
        ("t", note("a", "inc_1")),
        ("t", note("b", "inc_1")),
        ("t", note("c", "inc_2")),
        ("u", note("d", "inc_1")),
    ] {
        write(&store, of, IncidentWrite::Note(note)).await.unwrap();
    }
    let listed = store.list_incident_notes(&tenant("t"), "inc_1", 9).await;
    assert_eq!(listed, Ok(vec![note("b", "inc_1"), note("a", "inc_1")]));
    assert_eq!(store.list_incident_notes(&tenant("t"), "inc_1", 1).await.unwrap().len(), 1);
}
