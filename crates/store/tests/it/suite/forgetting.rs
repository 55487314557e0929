use countersign_core::Timestamp;
use countersign_store::{
    AlertEntities, AlertFilter, AlertRow, DeliveryRow, DeliveryState, IncidentFilter, IncidentNoteRow,
    IncidentRow, IncidentWrite, JoinHow, JoinRow, JoinWrite, NewLogEntry, NewLogReject, Old, Store,
    StoreError, SuppressionRow, Write,
};

use super::{
    Fresh,
    make::{at, tenant, writes},
};

fn entry(log_id: &str, seconds: i64) -> NewLogEntry {
    NewLogEntry {
        log_id: log_id.to_owned(),
        kind: "s".to_owned(),
        at: at(seconds),
        key_id: format!("key_{log_id}"),
        sealed: vec![1, 2, 3],
    }
}

fn alert(id: &str, seconds: i64, incident: Option<&str>) -> Write {
    Write::Alert(Box::new(AlertRow {
        id: id.to_owned(),
        detector: "password_spray".to_owned(),
        severity: 2,
        audience: "raised".to_owned(),
        is_retracted: false,
        is_late: false,
        first: at(seconds),
        last: at(seconds),
        entity: 7,
        incident: incident.map(str::to_owned),
        key_id: "key_alert".to_owned(),
        sealed: vec![1],
    }))
}

fn incident(id: &str, status: &str) -> Write {
    let row = IncidentRow {
        id: id.to_owned(),
        version: 1,
        severity: 2,
        status: status.to_owned(),
        disposition: None,
        assignee: None,
        alerts: 1,
        first: at(1),
        last: at(1),
        opened: at(1),
        due: at(1),
        key_id: "key_incident".to_owned(),
        sealed: vec![1],
    };
    IncidentWrite::Put { expected_version: 0, row: Box::new(row) }.into()
}

fn note(id: &str, incident: &str) -> Write {
    let (id, incident, key_id) = (id.to_owned(), incident.to_owned(), "key_note".to_owned());
    IncidentWrite::Note(IncidentNoteRow { id, incident, at: at(1), key_id, sealed: vec![1] }).into()
}

fn suppression(id: &str, until: i64) -> Write {
    let (id, key_id) = (id.to_owned(), "key_suppression".to_owned());
    let row = SuppressionRow { id, detector: None, from: at(0), until: at(until), key_id, sealed: vec![1] };
    IncidentWrite::Suppress(row).into()
}

async fn write(store: &Store, of: &str, write: Vec<Write>) -> Result<(), StoreError> {
    store.commit(writes(&tenant(of), write)).await.map(drop)
}

/// Counts what is old and deletes it.
async fn forget(store: &Store, old: Old, most: u32) -> u64 {
    let count = store.count_old(&tenant("t"), old, most).await.unwrap();
    write(store, "t", vec![Write::Forget { old, most }]).await.unwrap();
    count
}

async fn log(store: &Store, of: &str) -> Vec<u64> {
    store.list_log(&tenant(of), 0, 9).await.unwrap().iter().map(|row| row.seq).collect()
}

async fn alerts(store: &Store) -> Vec<(String, Option<String>)> {
    let rows = store.list_alerts(&tenant("t"), AlertFilter::default(), 9).await.unwrap();
    rows.into_iter().map(|row| (row.id, row.incident)).collect()
}

pub async fn the_oldest_entries_go_first_and_only_those_that_nothing_needs(Fresh { store, .. }: Fresh) {
    for (of, arrived) in [("t", 10), ("u", 10)] {
        let entries = ["e", "d", "c", "b"].into_iter().zip([5, 4, 3, 2]);
        let entries = entries.map(|(id, seconds)| entry(id, seconds)).collect();
        store.append_log(&tenant(of), at(arrived), entries, vec![]).await.unwrap();
    }
    store.append_log(&tenant("t"), at(90), vec![entry("a", 1)], vec![]).await.unwrap();
    let join = |log_id: &str| JoinRow {
        log_id: log_id.to_owned(),
        seq: 0,
        at: at(2),
        is_login: true,
        decision: None,
        how: JoinHow::None,
    };
    for (of, log_id) in [("t", "b"), ("t", "e"), ("u", "b")] {
        store.commit(writes(&tenant(of), vec![JoinWrite::Put(join(log_id)).into()])).await.unwrap();
    }
    let joined = async |of: &str| {
        let rows = store.list_joins_at(&tenant(of), vec!["b".to_owned(), "e".to_owned()]).await.unwrap();
        rows.into_iter().map(|row| row.log_id).collect::<Vec<_>>()
    };
    let old = |before, arrived, place| Old::Log { before: at(before), arrived: at(arrived), place };
    assert_eq!(forget(&store, old(9, 10, 9), 9).await, 0, "they came too lately");
    assert_eq!(forget(&store, old(9, 11, 0), 9).await, 0, "a snapshot stands before them");
    assert_eq!(log(&store, "t").await, [0, 1, 2, 3, 4]);
    assert_eq!(forget(&store, old(5, 11, 3), 9).await, 2, "neither the youngest, nor what stands behind");
    assert_eq!(log(&store, "t").await, [0, 3, 4]);
    assert_eq!(forget(&store, old(9, 91, 9), 2).await, 2);
    assert_eq!((joined("t").await, joined("u").await), (vec!["e".to_owned()], vec!["b".to_owned()]));
    assert_eq!(log(&store, "t").await, [0], "two at the most, and the oldest by event time");
    assert_eq!(store.get_log_state(&tenant("t")).await.unwrap().kept_from, Some(at(9)));
    forget(&store, old(2, 91, 9), 2).await;
    assert_eq!(store.get_log_state(&tenant("t")).await.unwrap().kept_from, Some(at(9)), "it never goes back");
    assert_eq!(log(&store, "u").await.len(), 4);
    assert_eq!(store.get_log_state(&tenant("u")).await.unwrap().kept_from, None);
    let again = store.append_log(&tenant("t"), at(92), vec![entry("f", 6)], vec![]).await.unwrap();
    assert_eq!(again, [Some(5)], "places are given out once");
}

pub async fn what_could_not_be_read_goes_by_its_arrival(Fresh { store, .. }: Fresh) {
    let reject =
        |reason: &str| NewLogReject { reason: reason.to_owned(), key_id: "key".to_owned(), sealed: vec![9] };
    for (of, seconds) in [("t", 1), ("t", 5), ("u", 1)] {
        store.append_log(&tenant(of), at(seconds), vec![], vec![reject("why")]).await.unwrap();
    }
    assert_eq!(forget(&store, Old::Rejects(at(5)), 9).await, 1);
    let left = store.list_log_rejects(&tenant("t"), 9).await.unwrap();
    assert_eq!(left.iter().map(|row| row.arrived).collect::<Vec<_>>(), [at(5)]);
    assert_eq!(store.list_log_rejects(&tenant("u"), 9).await.unwrap().len(), 1);
}

pub async fn alerts_go_but_for_those_of_open_incidents(Fresh { store, .. }: Fresh) {
    let rows = vec![
        incident("open", "acknowledged"),
        incident("closed", "closed"),
        alert("a", 1, None),
        alert("b", 2, Some("open")),
        alert("c", 3, Some("closed")),
        alert("d", 4, Some("gone")),
        alert("e", 9, None),
    ];
    write(&store, "t", rows).await.unwrap();
    write(&store, "u", vec![alert("a", 1, None)]).await.unwrap();
    assert_eq!(forget(&store, Old::Alerts(at(9)), 2).await, 2);
    assert_eq!(alerts(&store).await.iter().map(|(id, _)| id.as_str()).collect::<Vec<_>>(), ["e", "d", "b"]);
    assert_eq!(forget(&store, Old::Alerts(at(9)), 2).await, 1);
    assert_eq!(forget(&store, Old::Alerts(at(9)), 2).await, 0);
    assert_eq!(alerts(&store).await.iter().map(|(id, _)| id.as_str()).collect::<Vec<_>>(), ["e", "b"]);
    assert!(store.find_alert(&tenant("u"), "a").await.unwrap().is_some());
}

pub async fn a_closed_incident_goes_with_its_notes_and_an_open_one_stays(Fresh { store, .. }: Fresh) {
    let entities = AlertEntities {
        alert: "a".to_owned(),
        incident: "closed".to_owned(),
        first: at(1),
        last: at(1),
        entities: vec![7],
    };
    let rows = || {
        vec![
            incident("open", "open"),
            incident("closed", "closed"),
            note("n", "closed"),
            note("m", "open"),
            alert("a", 1, Some("closed")),
            IncidentWrite::Entities(entities.clone()).into(),
        ]
    };
    write(&store, "t", rows()).await.unwrap();
    write(&store, "u", rows()).await.unwrap();
    let drop_it = |id: &str| vec![IncidentWrite::Drop(id.to_owned()).into()];
    for id in ["open", "none", ""] {
        assert_eq!(write(&store, "t", drop_it(id)).await, Err(StoreError::Stale), "{id}");
    }
    write(&store, "t", drop_it("closed")).await.unwrap();
    let left = store.list_incidents(&tenant("t"), IncidentFilter::default(), 9).await.unwrap();
    assert_eq!(left.iter().map(|row| row.id.as_str()).collect::<Vec<_>>(), ["open"]);
    let notes = async |of, id| store.list_incident_notes(&tenant(of), id, 9).await.unwrap().len();
    assert_eq!((notes("t", "closed").await, notes("t", "open").await, notes("u", "closed").await), (0, 1, 1));
    assert_eq!(alerts(&store).await, [("a".to_owned(), None)]);
    let always = (Timestamp::from_micros(i64::MIN), Timestamp::from_micros(i64::MAX));
    let mentions = async |of| store.list_mentions(&tenant(of), vec![7], always).await.unwrap().len();
    assert_eq!((mentions("t").await, mentions("u").await), (0, 1));
}

pub async fn ended_suppressions_go_and_one_by_its_id(Fresh { store, .. }: Fresh) {
    write(&store, "t", vec![suppression("a", 3), suppression("b", 9), suppression("c", 9)]).await.unwrap();
    write(&store, "u", vec![suppression("a", 3)]).await.unwrap();
    assert_eq!(forget(&store, Old::Suppressions(at(4)), 9).await, 1);
    write(&store, "t", vec![IncidentWrite::DropSuppression("b".to_owned()).into()]).await.unwrap();
    let left = async |of| store.list_suppressions(&tenant(of), at(0)).await.unwrap();
    assert_eq!(left("t").await.iter().map(|row| row.id.as_str()).collect::<Vec<_>>(), ["c"]);
    assert_eq!(left("u").await.len(), 1);
}

pub async fn a_key_is_used_while_anything_is_sealed_under_it(Fresh { store, .. }: Fresh) {
    let reject = NewLogReject { reason: "why".to_owned(), key_id: "key_reject".to_owned(), sealed: vec![9] };
    store.append_log(&tenant("t"), at(1), vec![entry("a", 5)], vec![reject]).await.unwrap();
    let delivery = DeliveryRow {
        id: "d".to_owned(),
        hook: "h".to_owned(),
        about: "inc".to_owned(),
        event: "e".to_owned(),
        state: DeliveryState::Sent,
        attempts: 1,
        made: at(1),
        next: at(1),
        key_id: "key_delivery".to_owned(),
        sealed: vec![1],
        place: None,
    };
    let deliver = IncidentWrite::Deliver(delivery).into();
    let rows = vec![alert("a", 1, None), incident("i", "open"), note("n", "i"), suppression("s", 1), deliver];
    write(&store, "t", rows).await.unwrap();
    let used = async |of, key: &str, until| store.is_key_used(&tenant(of), key, at(until)).await.unwrap();
    for kind in ["a", "reject", "alert", "incident", "note", "suppression", "delivery"] {
        let key = format!("key_{kind}");
        assert!(used("t", &key, 5).await && !used("u", &key, 5).await, "{kind}");
    }
    assert!(!used("t", "key_a", 4).await, "no entry of that time is looked at");
    assert!(!used("t", "key_none", 5).await);
}
