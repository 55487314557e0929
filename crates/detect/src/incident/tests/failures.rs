use super::*;

fn failed(range: std::ops::Range<u64>, kind: &str) -> Vec<String> {
    range.map(|id| entry(id, kind, i64::try_from(id).unwrap(), r#","user_id":"auth0|ann""#)).collect()
}

#[test]
fn an_entry_that_several_alerts_name_counts_once() {
    let raw = [failed(0..5, "fp"), failed(5..7, "fu"), vec![entry(7, "s", 7, "")]].concat();
    let events = events(&raw);
    let (one, two) = (alert("a", ann(), 0, Severity::High), alert("b", ann(), 1, Severity::Low));
    let incident = incident([member(&one, &events[..5]), member(&two, &events[3..])]);
    let failures = incident.failures();
    assert_eq!(failures.by_type, BTreeMap::from([("fp".to_owned(), 5), ("fu".to_owned(), 2)]));
    assert_eq!((failures.first, failures.last), (Some(START), Some(START.plus(6 * HOUR))));
    assert_eq!(failures.count(), 7);
}

#[test]
fn what_an_alert_said_before_it_grew_is_counted_and_bounded() {
    let raw = failed(0..300, "fp");
    let events = events(&raw);
    let one = alert("a", ann(), 0, Severity::High);
    let mut incident = incident([member(&one, &events[..50])]);
    incident.take(member(&one, &events[40..90]));
    assert_eq!(incident.failures().count(), 90);
    for start in [90, 140, 190, 240] {
        incident.take(member(&one, &events[start..start + 50]));
    }
    assert_eq!(incident.failures().count(), 200);
    assert_eq!(incident.failures().last, Some(START.plus(289 * HOUR)));
}

#[test]
fn entries_of_somebody_who_was_erased_are_not_counted_and_what_was_kept_before_has_none() {
    let raw = failed(0..4, "fp");
    let mut incident = incident([member(&alert("a", ann(), 0, Severity::High), &events(&raw))]);
    incident.forget(|name| name == "auth0|ann", &BTreeSet::from([0, 1, 2]));
    assert_eq!(incident.failures().by_type, BTreeMap::from([("fp".to_owned(), 1)]));
    let mut kept = serde_json::to_value(&incident).unwrap();
    for name in ["failures", "failed_last"] {
        kept["members"][0].as_object_mut().unwrap().remove(name).unwrap();
    }
    let kept: Incident = serde_json::from_value(kept).unwrap();
    assert_eq!((kept.failures().count(), kept.failures().first), (0, Some(START)));
}
