//! An incident of many alerts must not hide a grave one.

use super::*;

fn full(severity: Severity) -> Incident {
    let count = i64::try_from(MAX_MEMBERS).unwrap();
    incident((0..count).map(|hour| member(&alert("a", ann(), hour, severity), &[])))
}

#[test]
fn a_full_incident_takes_a_worse_alert_in_place_of_its_least() {
    let mut incident = full(Severity::Low);
    let first = incident.first();
    let critical = alert("cross_org_coordinated", ann(), 200, Severity::Critical);
    assert_eq!(incident.take(member(&critical, &[])), Change::Took);
    assert_eq!(incident.severity(), Severity::Critical);
    assert_eq!((incident.members().len(), incident.beyond(), incident.alerts()), (100, 1, 101));
    assert_eq!((incident.first(), incident.last()), (first, critical.last), "its beginning is told still");
    assert!(incident.timeline().iter().any(|line| line.text.contains("(critical)")));
}

#[test]
fn a_full_incident_counts_what_is_no_worse_than_all_that_it_has() {
    let mut incident = full(Severity::Medium);
    for (minute, severity) in [(200, Severity::Low), (201, Severity::Medium)] {
        assert_eq!(incident.take(member(&alert("b", ann(), minute, severity), &[])), Change::Full);
    }
    assert_eq!((incident.beyond(), incident.severity()), (2, Severity::Medium));
    assert!(incident.members().iter().all(|member| member.detector == "a"));
}

#[test]
fn a_full_incident_that_was_closed_is_open_again_when_it_gets_worse() {
    let mut incident = full(Severity::Medium);
    let id = incident.id;
    incident.handling.close(id, closing(Disposition::Benign, None, "a test")).unwrap();
    assert_eq!(incident.take(member(&alert("b", ann(), 200, Severity::Medium), &[])), Change::Full);
    assert_eq!(incident.handling.status(), Status::Closed);
    assert_eq!(incident.take(member(&alert("b", ann(), 201, Severity::High), &[])), Change::Reopened);
}

#[test]
fn an_alert_that_gets_worse_makes_its_incident_worse() {
    let one = alert("a", ann(), 0, Severity::Medium);
    let mut incident = incident([member(&one, &[])]);
    incident.take(member(&Alert { severity: Severity::High, findings: 2, ..one }, &[]));
    assert_eq!((incident.severity(), incident.alerts()), (Severity::High, 1));
}

#[test]
fn what_is_below_medium_joins_an_incident_and_opens_none() {
    let open = alert("a", ann(), 0, Severity::High);
    let known = [known(&open, false, &open)];
    for severity in [Severity::Informational, Severity::Low] {
        let signal = alert("b", ann(), 5, severity);
        let keys = Involved::new(&signal, &[]).keys(&tagger());
        let joined = Placement::Joins { incident: known[0].id, related: BTreeSet::new() };
        assert_eq!(join(&signal, &keys, None, &known), joined);
        assert_eq!(join(&signal, &keys, None, &[]), Placement::Apart, "a signal is no alarm");
        assert_eq!(join(&signal, &keys, Some(known[0].id), &[]), joined, "it stays where it is");
    }
}
