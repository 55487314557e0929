mod crowded;
mod failures;
mod renamed;

use std::collections::BTreeMap;

use countersign_auth0::log::LogEvent;
use proptest::prelude::*;

use super::*;
use crate::{About, Alert, Audience, DAY, EntityKind, Event, HOUR, detectors};

const START: Timestamp = Timestamp::from_seconds(1_787_212_800);

fn tagger() -> Tagger {
    Tagger::new(&[7; 32])
}

fn entity(kind: EntityKind, name: &str) -> Entity {
    Entity::new(kind, name)
}

fn about() -> &'static About {
    detectors::NATIVE
        .iter()
        .map(|native| native.about)
        .find(|about| about.id == "brute_force_account")
        .unwrap()
}

fn alert(detector: &str, entity: Entity, hour: i64, severity: Severity) -> Alert {
    let at = START.plus(hour * HOUR);
    Alert {
        id: AlertId::new(&tagger(), detector, 1, &entity, at),
        detector: detector.to_owned(),
        version: 1,
        entity,
        severity,
        first: at,
        last: at,
        findings: 1,
        evidence: Vec::new(),
        measures: Vec::new(),
        audience: Audience::Raised,
    }
}

fn entry(id: u64, kind: &str, hour: i64, rest: &str) -> String {
    let at = START.plus(hour * HOUR);
    format!(r#"{{"log_id":"{id}","type":"{kind}","date":"{at}"{rest}}}"#)
}

fn events(raw: &[String]) -> Vec<Event<'_>> {
    (0..)
        .zip(raw)
        .map(|(seq, raw)| Event::new(seq, LogEvent::parse(raw, None).unwrap(), &tagger(), |_| None))
        .collect()
}

fn member(alert: &Alert, events: &[Event<'_>]) -> Member {
    Member::new(alert, about(), &Involved::new(alert, events), events)
}

fn incident(members: impl IntoIterator<Item = Member>) -> Incident {
    let mut members = members.into_iter().peekable();
    let mut incident = Incident::open(&tagger(), members.peek().unwrap().alert, START, BTreeSet::new());
    for member in members {
        incident.take(member);
    }
    incident
}

fn ann() -> Entity {
    entity(EntityKind::User, "auth0|ann")
}

#[test]
fn involved_are_those_whom_the_entries_name_each_account_once() {
    let raw = [
        entry(
            1,
            "fp",
            0,
            r#","user_name":"Ann@example.com","ip":"203.0.113.9","client_id":"spa","organization_id":"org_1""#,
        ),
        entry(2, "s", 1, r#","user_id":"auth0|ann","user_name":"Ann@example.com","ip":"203.0.113.9""#),
        entry(3, "sapi", 1, r#","client_id":"m2m","ip":"198.51.100.7""#),
    ];
    let events = events(&raw);
    let involved = Involved::new(&alert("d", ann(), 0, Severity::High), &events);
    assert_eq!(involved.accounts().collect::<Vec<_>>(), [&ann()]);
    assert_eq!(involved.person(), Some("auth0|ann"));
    assert_eq!(involved.machines, BTreeSet::from([entity(EntityKind::Client, "m2m")]));
    assert_eq!(involved.addresses.len(), 2);
    assert_eq!(involved.organizations, BTreeSet::from([entity(EntityKind::Organization, "org_1")]));
    let two = Involved::new(&alert("d", ann(), 0, Severity::High), &events[..1]);
    assert_eq!(two.person(), None, "a name that was typed is nobody's id");
}

#[test]
fn tenant_organization_and_the_client_that_people_use_join_nothing() {
    let raw = [entry(1, "fp", 0, r#","user_name":"a","client_id":"spa","organization_id":"org_1""#)];
    let other = [entry(2, "fp", 0, r#","user_name":"b","client_id":"spa","organization_id":"org_1""#)];
    let tenant = alert("d", entity(EntityKind::Tenant, "t"), 0, Severity::High);
    let keys = |raw: &[String]| Involved::new(&tenant, &events(raw)).keys(&tagger());
    assert!(keys(&raw).is_disjoint(&keys(&other)));
    let same = [entry(3, "fp", 0, r#","user_name":" A ""#)];
    assert!(!keys(&raw).is_disjoint(&keys(&same)), "a name is one in whatever letters");
}

fn known(id: &Alert, is_closed: bool, of: &Alert) -> Known {
    let keys = Involved::new(of, &[]).keys(&tagger());
    Known {
        id: IncidentId::new(&tagger(), id.id),
        first: of.first,
        is_closed,
        mentions: keys.into_iter().map(|key| Mention { key, first: of.first, last: of.last }).collect(),
    }
}

#[test]
fn the_oldest_open_incident_within_a_day_is_joined_and_others_are_related() {
    let source = entity(EntityKind::Address, "203.0.113.9");
    let [old, new, closed, far] =
        [20, 30, 10, 80].map(|hour| alert("d", source.clone(), hour, Severity::High));
    let known = [
        known(&new, false, &new),
        known(&closed, true, &closed),
        known(&old, false, &old),
        known(&far, false, &far),
    ];
    let place =
        |alert: &Alert, current| join(alert, &Involved::new(alert, &[]).keys(&tagger()), current, &known);
    let coming = alert("other", source.clone(), 33, Severity::Low);
    let related = BTreeSet::from([known[0].id, known[1].id]);
    assert_eq!(place(&coming, None), Placement::Joins { incident: known[2].id, related: related.clone() });
    let stays = BTreeSet::from([known[1].id, known[2].id]);
    assert_eq!(place(&coming, Some(known[0].id)), Placement::Joins { incident: known[0].id, related: stays });
    let late = alert("other", source, 200, Severity::Medium);
    assert_eq!(place(&late, None), Placement::Opens { related: BTreeSet::new() });
    for audience in [Audience::Learning, Audience::Suppressed, Audience::OverBudget] {
        assert_eq!(place(&Alert { audience, ..coming.clone() }, None), Placement::Apart);
    }
}

/// Places alerts one after the other; returns the groups of incidents that are related, as sets of alerts.
fn groups(alerts: &[(Alert, BTreeSet<Tag>)]) -> BTreeSet<BTreeSet<AlertId>> {
    let mut known: Vec<Known> = Vec::new();
    let mut groups: Vec<(BTreeSet<IncidentId>, BTreeSet<AlertId>)> = Vec::new();
    for (alert, keys) in alerts {
        let (id, related) = match join(alert, keys, None, &known) {
            Placement::Apart => panic!("every alert here is told"),
            Placement::Opens { related } => {
                let id = IncidentId::new(&tagger(), alert.id);
                known.push(Known { id, first: alert.first, is_closed: false, mentions: Vec::new() });
                (id, related)
            }
            Placement::Joins { incident, related } => (incident, related),
        };
        let its = known.iter_mut().find(|known| known.id == id).unwrap();
        its.first = its.first.min(alert.first);
        its.mentions.extend(keys.iter().map(|&key| Mention { key, first: alert.first, last: alert.last }));
        let mut merged = (related, BTreeSet::from([alert.id]));
        merged.0.insert(id);
        groups.retain(|group| {
            let is_apart = group.0.is_disjoint(&merged.0);
            if !is_apart {
                merged.0.extend(&group.0);
                merged.1.extend(&group.1);
            }
            is_apart
        });
        groups.push(merged);
    }
    groups.into_iter().map(|(_, alerts)| alerts).collect()
}

proptest! {
    #[test]
    fn related_incidents_make_the_same_groups_in_any_order(
        facts in prop::collection::vec((0..200_i64, prop::collection::btree_set(0..12_u64, 1..3)), 1..16),
        seed in any::<u64>(),
    ) {
        let alerts: Vec<_> = facts.into_iter().enumerate().map(|(index, (hour, keys))| {
            let alert = alert(&format!("d{index}"), ann(), hour, Severity::High);
            (alert, keys.into_iter().map(Tag).collect::<BTreeSet<_>>())
        }).collect();
        let mut shuffled = alerts.clone();
        shuffled.sort_by_key(|(alert, _)| tagger().tag(&seed.to_string(), alert.id.to_string().as_bytes()));
        prop_assert_eq!(groups(&alerts), groups(&shuffled));
    }
}

#[test]
fn severity_is_argued() {
    let one = alert("a", ann(), 0, Severity::Medium);
    let failed = [entry(1, "fp", 0, r#","user_id":"auth0|ann""#)];
    let passed = [entry(2, "s", 1, r#","user_id":"auth0|ann""#)];
    let (failed, passed) = (events(&failed), events(&passed));
    let mut incident = incident([member(&one, &failed)]);
    assert_eq!((incident.severity(), incident.reasons().len()), (Severity::Medium, 1));
    incident.take(member(&alert("b", ann(), 1, Severity::Low), &passed));
    assert_eq!(incident.severity(), Severity::High);
    assert_eq!(incident.reasons()[1], Reason::WentThrough);
    for detector in ["c", "d"] {
        incident.take(member(&alert(detector, ann(), 2, Severity::Medium), &[]));
    }
    assert_eq!(incident.severity(), Severity::High, "one level and no more");
    assert_eq!(incident.reasons()[2], Reason::Agree { detectors: 3 });
    let low = self::incident([
        member(&alert("a", ann(), 0, Severity::Low), &failed),
        member(&alert("b", ann(), 1, Severity::Low), &passed),
    ]);
    assert_eq!(low.severity(), Severity::Low);
}

#[test]
fn the_story_is_told_in_plain_words_and_keeps_hostile_names_harmless() {
    let raw = [
        entry(1, "fp", 0, r#","user_id":"auth0|ann","ip":"203.0.113.9","organization_id":"org_1""#),
        entry(2, "s", 1, r#","user_id":"auth0|ann","ip":"203.0.113.9""#),
        entry(3, "odd\\u001b[31m", 1, r#","user_id":"auth0|\u202eann""#),
    ];
    let events = events(&raw);
    let incident = incident([member(&alert("a", ann(), 0, Severity::High), &events)]);
    assert_eq!(
        incident.narrative(),
        "From 2026-08-20 08:00 UTC to 2026-08-20 08:00 UTC, 1 detector found 1 thing that belongs here. It began with \u{201c}Many wrong \
         passwords for one account\u{201d}, about the account auth0|ann. 2 accounts are involved: auth0|ann and auth0|\u{fffd}ann. 1 \
         organization is involved: org_1. 1 source address is involved: 203.0.113.9. It is critical: the worst alert, \u{201c}Many \
         wrong passwords for one account\u{201d}, is high; an attempt went through after others had failed."
    );
    let lines: Vec<_> = incident.timeline().into_iter().map(|line| (line.seq, line.text)).collect();
    assert_eq!(
        lines[0],
        (Some(0), "a sign-in failed: wrong password for auth0|ann from 203.0.113.9".to_owned())
    );
    assert_eq!(
        lines[1],
        (None, "found: Many wrong passwords for one account, about auth0|ann (high)".to_owned())
    );
    assert_eq!(lines[2].0, Some(1));
    assert!(lines[3].1.starts_with("log type `odd\u{fffd}[31m` for auth0|\u{fffd}ann"), "{}", lines[3].1);
    assert_eq!(incident.steps(), about().steps.to_vec());
    assert_eq!(incident.techniques(), BTreeSet::from(["T1110.001"]));
}

#[test]
fn a_long_evidence_is_told_by_its_ends() {
    let raw: Vec<_> = (0..30).map(|n| entry(n, "fp", i64::try_from(n).unwrap(), "")).collect();
    let member = member(&alert("a", ann(), 0, Severity::High), &events(&raw));
    let told: Vec<_> = member.lines.iter().filter_map(|line| line.seq).collect();
    assert_eq!((told, member.untold), (vec![0, 1, 2, 3, 24, 25, 26, 27, 28, 29], 20));
}

#[test]
fn a_retracted_alert_leaves_and_the_last_one_closes_the_incident() {
    let (one, two) = (alert("a", ann(), 0, Severity::High), alert("b", ann(), 5, Severity::Low));
    let mut incident = incident([member(&one, &[]), member(&two, &[])]);
    assert!(incident.retract(one.id, START));
    assert!(!incident.retract(one.id, START));
    assert_eq!((incident.severity(), incident.first(), incident.alerts()), (Severity::Low, two.first, 1));
    assert_eq!(incident.handling.status(), Status::Open);
    incident.retract(two.id, START.plus(DAY));
    let closing = incident.handling.closing().unwrap();
    assert_eq!(
        (closing.disposition, &*closing.reason),
        (Disposition::FalsePositive, "not found in event time")
    );
    assert_eq!(incident.take(member(&two, &[])), Change::Reopened, "a replay found it after all");
    assert_eq!(incident.handling.status(), Status::Open);
}

fn closing(disposition: Disposition, duplicate_of: Option<IncidentId>, reason: &str) -> Closing {
    Closing { disposition, duplicate_of, reason: reason.to_owned(), by: "mia".to_owned(), at: START }
}

#[test]
fn what_people_closed_stays_closed_until_it_gets_worse() {
    let one = alert("a", ann(), 0, Severity::Medium);
    let mut incident = incident([member(&one, &[])]);
    let id = incident.id;
    let other = IncidentId::new(&tagger(), alert("z", ann(), 9, Severity::Low).id);
    for (disposition, of, reason, error) in [
        (Disposition::Duplicate, None, "as the other", HandlingError::DuplicateOf),
        (Disposition::Duplicate, Some(id), "as itself", HandlingError::DuplicateOf),
        (Disposition::Benign, Some(other), "a test", HandlingError::DuplicateOf),
        (Disposition::Benign, None, "  ", HandlingError::Reason),
    ] {
        assert_eq!(incident.handling.close(id, closing(disposition, of, reason)), Err(error));
    }
    incident.handling.close(id, closing(Disposition::Benign, None, "a test")).unwrap();
    assert_eq!(incident.handling.acknowledge(), Err(HandlingError::Closed));
    assert_eq!(incident.take(member(&Alert { findings: 2, ..one.clone() }, &[])), Change::Took);
    assert_eq!(incident.handling.status(), Status::Closed);
    assert_eq!(incident.take(member(&Alert { severity: Severity::High, ..one }, &[])), Change::Reopened);
}

#[test]
fn a_disposition_proposes_and_does_nothing() {
    let raw = [entry(1, "fp", 0, r#","ip":"203.0.113.9""#)];
    let incident = incident([member(&alert("a", ann(), 0, Severity::High), &events(&raw))]);
    let proposed = consequences(&incident, Disposition::FalsePositive, START).suppressions;
    let proposal = Proposal { detector: "a".to_owned(), entity: ann(), until: START.plus(SUPPRESSED_FOR) };
    assert_eq!(proposed, BTreeSet::from([proposal]));
    let attackers = consequences(&incident, Disposition::TruePositive, START).attackers;
    assert_eq!(attackers, BTreeSet::from([entity(EntityKind::Address, "203.0.113.9")]));
    assert_eq!(consequences(&incident, Disposition::Benign, START), Consequences::default());
}

#[test]
fn an_incident_is_bounded_and_survives_storage() {
    let mut incident = incident([member(&alert("a", ann(), 0, Severity::High), &[])]);
    for hour in 1..=i64::try_from(MAX_MEMBERS).unwrap() {
        incident.take(member(&alert("a", ann(), hour, Severity::Low), &[]));
    }
    assert_eq!((incident.members().len(), incident.beyond(), incident.alerts()), (100, 1, 101));
    let last = alert("a", ann(), 100, Severity::Low);
    incident.take(member(&last, &[]));
    assert_eq!(incident.alerts(), 101, "one that grows is one");
    assert!(incident.retract(last.id, START) && !incident.retract(last.id, START));
    incident.take(member(&last, &[]));
    let text = serde_json::to_string(&incident).unwrap();
    assert_eq!(serde_json::from_str::<Incident>(&text).unwrap(), incident);
    let dues: BTreeMap<_, _> =
        Severity::ALL.iter().map(|severity| (Sla::default().due(*severity, START), *severity)).collect();
    assert_eq!(dues.first_key_value(), Some((&START.plus(HOUR), &Severity::Critical)));
}

#[test]
fn an_id_is_read_only_in_its_one_form() {
    let id = IncidentId::new(&tagger(), alert("a", ann(), 0, Severity::High).id);
    assert_eq!(id.to_string().parse(), Ok(id));
    for text in [
        "",
        "inc_",
        "inc_12",
        "inc_000000000000000G",
        "inc_+00000000000000a",
        "inc_000000000000000A",
        "alr_0000000000000000",
    ] {
        assert_eq!(text.parse::<IncidentId>(), Err(IncidentIdError), "{text}");
    }
}
