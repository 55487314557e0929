use countersign_store::{AlertFilter, AlertRow, Store, Write};

use super::{
    Fresh,
    make::{at, tenant, writes},
};

fn alert(id: &str, seconds: i64) -> AlertRow {
    AlertRow {
        id: id.to_owned(),
        detector: "password_spray".to_owned(),
        severity: 2,
        audience: "raised".to_owned(),
        is_retracted: false,
        is_late: false,
        first: at(seconds - 1),
        last: at(seconds),
        entity: u64::MAX - 7,
        incident: None,
        key_id: "rec_1".to_owned(),
        sealed: vec![1, 2, 3],
    }
}

async fn put(store: &Store, of: &str, alerts: &[AlertRow]) {
    let put = alerts.iter().cloned().map(|alert| Write::Alert(Box::new(alert)));
    store.commit(writes(&tenant(of), put.collect())).await.unwrap();
}

async fn ids(store: &Store, filter: AlertFilter) -> Vec<String> {
    let rows = store.list_alerts(&tenant("t"), filter, 9).await.unwrap();
    rows.into_iter().map(|row| row.id).collect()
}

pub async fn an_alert_is_replaced_and_keeps_its_incident(Fresh { store, .. }: Fresh) {
    let first = AlertRow { incident: Some("inc_1".to_owned()), ..alert("a", 10) };
    put(&store, "t", std::slice::from_ref(&first)).await;
    assert_eq!(store.find_alert(&tenant("t"), "a").await, Ok(Some(first.clone())));
    assert_eq!(store.find_alert(&tenant("u"), "a").await, Ok(None));
    let grown = AlertRow { severity: 4, last: at(20), sealed: vec![9], ..alert("a", 10) };
    put(&store, "t", std::slice::from_ref(&grown)).await;
    let expected = AlertRow { incident: first.incident, ..grown };
    assert_eq!(store.find_alert(&tenant("t"), "a").await, Ok(Some(expected)));
}

pub async fn listed_newest_first_by_page_and_by_filter(Fresh { store, .. }: Fresh) {
    let other = AlertRow {
        detector: "mfa_fatigue".to_owned(),
        severity: 4,
        audience: "learning".to_owned(),
        entity: 5,
        incident: Some("inc_1".to_owned()),
        ..alert("c", 20)
    };
    put(&store, "t", &[alert("a", 20), alert("b", 30), other, alert("d", 10)]).await;
    put(&store, "u", &[alert("x", 20)]).await;
    assert_eq!(ids(&store, AlertFilter::default()).await, ["b", "c", "a", "d"]);
    let of = |change: fn(&mut AlertFilter)| {
        let mut filter = AlertFilter::default();
        change(&mut filter);
        filter
    };
    for (filter, found) in [
        (of(|filter| filter.before = Some((at(20), "c".to_owned()))), &["a", "d"][..]),
        (of(|filter| filter.since = Some(at(20))), &["b", "c", "a"]),
        (of(|filter| filter.until = Some(at(20))), &["d"]),
        (of(|filter| filter.severity = 3), &["c"]),
        (of(|filter| filter.detector = Some("mfa_fatigue".to_owned())), &["c"]),
        (of(|filter| filter.audience = Some("raised".to_owned())), &["b", "a", "d"]),
        (of(|filter| filter.entity = Some(5)), &["c"]),
        (of(|filter| (filter.entity, filter.detector) = (Some(5), Some("password_spray".to_owned()))), &[]),
        (of(|filter| filter.incident = Some("inc_1".to_owned())), &["c"]),
    ] {
        assert_eq!(ids(&store, filter.clone()).await, found, "{filter:?}");
    }
}

pub async fn a_retracted_alert_is_listed_only_on_request(Fresh { store, .. }: Fresh) {
    put(&store, "t", &[alert("a", 10), alert("b", 20)]).await;
    let retract = ["a", "none"].map(|id| Write::RetractAlert(id.to_owned()));
    store.commit(writes(&tenant("t"), retract.to_vec())).await.unwrap();
    assert_eq!(ids(&store, AlertFilter::default()).await, ["b"]);
    assert_eq!(ids(&store, AlertFilter { with_retracted: true, ..AlertFilter::default() }).await, ["b", "a"]);
    assert!(store.find_alert(&tenant("t"), "a").await.unwrap().unwrap().is_retracted);
}
