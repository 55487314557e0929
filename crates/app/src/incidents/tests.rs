use std::sync::Arc;

use countersign_auth0::log::LogEvent;
use countersign_core::{
    Secret, Timestamp,
    testing::{CountingEntropy, HeldClock},
};
use countersign_detect::{
    Alert, AlertId, Audience, DAY, Entity, EntityKind, Event, HOUR, Severity, detectors, incident::Status,
};
use countersign_policy::{Document, Snapshot};
use countersign_privacy::MasterKey;
use countersign_rights::{Action, How};
use countersign_store::{Access, AlertRow, Commit, Scope, Store, Write};
use tempfile::TempDir;

use super::*;
use crate::{
    Ports, TenantConfig,
    access::{Caller, Permit, provider::IdentityProvider},
    hooks::Hook,
    reveal::{Aliased, MASKED_TEXT, Names, Part},
};

pub(crate) const START: Timestamp = Timestamp::from_seconds(1_787_212_800);

/// Use cases over a database of their own.
pub(crate) struct Scene {
    pub(crate) app: Arc<App>,
    /// The tenant, with what is permitted there to whoever has the data directory.
    pub(crate) tenant: Permit,
    pub(crate) clock: Arc<HeldClock>,
    _folder: TempDir,
}

impl Scene {
    pub(crate) async fn new(hooks: Vec<Hook>) -> Self {
        Self::signing_in(hooks, None).await
    }

    /// Where people sign in to the service at the tenant.
    pub(crate) async fn signing_in(hooks: Vec<Hook>, provider: Option<Arc<dyn IdentityProvider>>) -> Self {
        let console_client = provider.as_ref().map(|_| "console".parse().unwrap());
        let folder = tempfile::tempdir().unwrap();
        let clock = Arc::new(HeldClock::at(START));
        let as_clock: Arc<dyn countersign_core::Clock> = Arc::clone(&clock) as _;
        let ports = Ports {
            store: Store::open_sqlite(folder.path(), Access::Own, &as_clock).unwrap(),
            clock: as_clock,
            entropy: Arc::new(CountingEntropy::default()),
            process: "one".to_owned(),
            master: MasterKey::new(&Secret::new(vec![1; 32])).unwrap(),
            earlier_masters: Vec::new(),
            checkpoint_seed: Secret::new(vec![9; 32]),
            earlier_checkpoint_seeds: Vec::new(),
            site: "countersign.test".to_owned(),
            places: None,
            domains: None,
            checkpoint_folder: None,
            access: crate::access::Settings { provider, ..Default::default() },
        };
        let policy = Snapshot::new(Document::default()).unwrap();
        let config = TenantConfig {
            id: "t".parse().unwrap(),
            policy,
            enrichment: None,
            console_client,
            hooks,
            watch: crate::WatchConfig::default(),
        };
        let app = App::start(ports, vec![config]).await.unwrap();
        let local = Caller::local(How::Process);
        let tenant = app.permit(&local, Action::WorkIncidents, &"t".parse().unwrap()).await.unwrap();
        Self { app, tenant, clock, _folder: folder }
    }

    /// An alert about an account, `hour` hours after the start.
    pub(crate) fn alert(&self, detector: &str, user: &str, hour: i64, severity: Severity) -> Alert {
        let (entity, at) = (Entity::new(EntityKind::User, user), START.plus(hour * HOUR));
        Alert {
            id: AlertId::new(&self.tenant.keys.tagger(), detector, 1, &entity, at),
            detector: detector.to_owned(),
            version: 1,
            entity,
            severity,
            first: at,
            last: at,
            findings: 1,
            evidence: vec![1],
            measures: Vec::new(),
            audience: Audience::Raised,
        }
    }

    /// Places alerts, each shown by a failed sign-in of its account, and commits them as the watch does.
    pub(crate) async fn place(&self, alerts: &[Alert], retracted: &[AlertId]) -> Result<Placed, Error> {
        let raw: Vec<String> = alerts.iter().map(entry).collect();
        let tagger = self.tenant.keys.tagger();
        let events: Vec<_> = raw
            .iter()
            .map(|raw| [Event::new(1, LogEvent::parse(raw, None).unwrap(), &tagger, |_| None)])
            .collect();
        let mut all = detectors::NATIVE.iter().map(|native| native.about);
        let about = all.find(|about| about.id == "brute_force_account").unwrap();
        let raised: Vec<_> =
            alerts.iter().zip(&events).map(|(alert, evidence)| Raised { alert, about, evidence }).collect();
        let placed = self.app.place_alerts(&self.tenant, &raised, &BTreeMap::new(), retracted).await?;
        let mut writes = placed.writes.clone();
        writes.extend(alerts.iter().map(|alert| row(alert, &placed)));
        writes.extend(retracted.iter().map(|id| Write::RetractAlert(id.to_string())));
        self.app.ports.store.commit(Commit { writes, ..Commit::background(self.tenant.id.clone()) }).await?;
        Ok(placed)
    }

    pub(crate) async fn place_one(&self, alert: &Alert) -> IncidentId {
        self.place(std::slice::from_ref(alert), &[]).await.unwrap().incidents[&alert.id]
    }

    /// What the incident tells to whoever opened all of it.
    pub(crate) async fn open(&self, id: IncidentId) -> Opened {
        let raw = self.app.raw_incident(&self.tenant, &id.to_string()).await.unwrap();
        let names = Names::new(&self.tenant, Aliased::Whole).with(Part::ALL.into());
        self.app.told_incident(&self.tenant, raw, &names).await.unwrap()
    }
}

fn entry(alert: &Alert) -> String {
    let (user, at) = (&alert.entity.name, alert.first);
    format!(r#"{{"log_id":"{}","type":"fp","date":"{at}","user_id":"{user}","ip":"203.0.113.9"}}"#, alert.id)
}

fn row(alert: &Alert, placed: &Placed) -> Write {
    Write::Alert(Box::new(AlertRow {
        id: alert.id.to_string(),
        detector: alert.detector.clone(),
        severity: alert.severity.rank(),
        audience: "raised".to_owned(),
        is_retracted: false,
        is_late: false,
        first: alert.first,
        last: alert.last,
        entity: 7,
        incident: placed.incidents.get(&alert.id).map(ToString::to_string),
        key_id: "none".to_owned(),
        sealed: Vec::new(),
    }))
}

fn by(version: u64) -> By<'static> {
    By { actor: "mia", version }
}

fn closure(disposition: Disposition, suppress: bool) -> Closure {
    Closure { disposition, duplicate_of: None, reason: "Ann was travelling".to_owned(), suppress, mark: true }
}

#[tokio::test]
async fn alerts_of_one_commit_and_of_later_ones_join_and_what_nobody_is_told_of_does_not() {
    let scene = Scene::new(Vec::new()).await;
    let one = scene.alert("a", "auth0|ann", 0, Severity::Medium);
    let two = scene.alert("b", "auth0|ann", 1, Severity::High);
    let silent = Alert { audience: Audience::Learning, ..scene.alert("c", "auth0|ann", 1, Severity::High) };
    let placed = scene.place(&[one.clone(), two.clone(), silent.clone()], &[]).await.unwrap();
    let id = placed.incidents[&one.id];
    assert_eq!(placed.incidents.get(&two.id), Some(&id));
    assert_eq!(placed.incidents.get(&silent.id), None);
    // It comes from the same address, so that it joins though it is about somebody else.
    let three = scene.alert("a", "auth0|bob", 5, Severity::Low);
    assert_eq!(scene.place_one(&three).await, id);
    let grown = Alert { findings: 9, ..one.clone() };
    scene.place(&[grown], &[]).await.unwrap();
    let opened = scene.open(id).await;
    assert_eq!((opened.row.version, opened.row.alerts, opened.row.severity), (3, 3, Severity::High.rank()));
    assert_eq!(opened.incident.users().len(), 2);
    let far = scene.alert("a", "auth0|ann", 80, Severity::Medium);
    assert_ne!(scene.place_one(&far).await, id);
    let signal = scene.alert("a", "auth0|ann", 200, Severity::Low);
    assert!(scene.place(&[signal], &[]).await.unwrap().incidents.is_empty(), "a signal opens none");
    let listed = scene.app.incidents(&scene.tenant, IncidentFilter::default(), 9).await.unwrap();
    assert_eq!(listed.iter().map(|listed| listed.incident.is_some()).collect::<Vec<_>>(), [true, true]);
}

#[tokio::test]
async fn what_a_replay_did_not_find_leaves_and_an_empty_incident_closes_itself() {
    let scene = Scene::new(Vec::new()).await;
    let (one, two) =
        (scene.alert("a", "auth0|ann", 0, Severity::High), scene.alert("b", "auth0|ann", 1, Severity::Low));
    let id = scene.place(&[one.clone(), two.clone()], &[]).await.unwrap().incidents[&one.id];
    scene.place(&[], &[one.id]).await.unwrap();
    let opened = scene.open(id).await;
    assert_eq!((opened.row.status.as_str(), opened.row.severity, opened.row.alerts), ("open", 1, 1));
    scene.place(&[], &[two.id]).await.unwrap();
    let opened = scene.open(id).await;
    assert_eq!(
        (opened.row.status.as_str(), opened.row.disposition.as_deref()),
        ("closed", Some("false_positive"))
    );
    let next = scene.alert("c", "auth0|ann", 2, Severity::Medium);
    assert_ne!(scene.place_one(&next).await, id);
    assert_eq!(scene.place_one(&two).await, id, "it is found again");
    assert_eq!(scene.open(id).await.incident.handling.status(), Status::Open);
}

#[tokio::test]
async fn of_two_people_who_act_at_once_one_is_told_so_and_every_act_is_a_leaf() {
    let scene = Scene::new(Vec::new()).await;
    let (app, tenant) = (&scene.app, &scene.tenant);
    let alert = scene.alert("a", "auth0|ann", 0, Severity::High);
    let id = scene.place_one(&alert).await.to_string();
    let before = app.audit(tenant).await.unwrap().size;
    assert_eq!(app.acknowledge_incident(tenant, &id, by(1)).await.unwrap(), 2);
    let refused = app.assign_incident(tenant, &id, by(1), Some("noa")).await;
    assert!(matches!(refused, Err(Error::IncidentChanged)));
    assert_eq!(app.assign_incident(tenant, &id, by(2), Some("noa")).await.unwrap(), 3);
    app.note_incident(tenant, &id, "noa", "I called Ann").await.unwrap();
    let closed = app.close_incident(tenant, &id, by(3), closure(Disposition::Benign, true)).await.unwrap();
    assert!(!closed.is_suppressed, "what was benign proposes nothing");
    let opened = app.incident(tenant, &id).await.unwrap();
    assert_eq!((opened.row.assignee.as_deref(), opened.row.status.as_str()), (Some("noa"), "closed"));
    assert_eq!((opened.notes[0].by.as_str(), opened.notes[0].text.as_str()), ("noa", MASKED_TEXT));
    assert_eq!(scene.open(id.parse().unwrap()).await.notes[0].text, "I called Ann");
    let refused = app.acknowledge_incident(tenant, &id, by(4)).await;
    assert!(matches!(refused, Err(Error::Handling(HandlingError::Closed))));
    assert_eq!(
        app.audit(tenant).await.unwrap().size,
        before + 4,
        "that it was shown without names is no leaf"
    );
    let leaves = app.ports.store.list_leaves(&tenant.id, before, 4).await.unwrap();
    let text: String = leaves.iter().map(|row| String::from_utf8(row.leaf.clone()).unwrap()).collect();
    assert!(text.contains("incident_closed") && text.contains("\"by\":\"local\""), "{text}");
    for sealed in ["Ann", "mia", "noa"] {
        assert!(!text.contains(sealed), "reasons and names of colleagues are sealed: {text}");
    }
}

#[tokio::test]
async fn a_suppression_holds_only_by_the_operators_word_until_it_is_lifted() {
    let scene = Scene::new(Vec::new()).await;
    let (app, tenant) = (&scene.app, &scene.tenant);
    for (user, suppress) in [("auth0|ann", false), ("auth0|bob", true)] {
        let alert = scene.alert("a", user, if suppress { 100 } else { 0 }, Severity::High);
        let id = scene.place_one(&alert).await.to_string();
        let closure = closure(Disposition::FalsePositive, suppress);
        let closed = app.close_incident(tenant, &id, by(1), closure).await.unwrap();
        assert_eq!((closed.consequences.suppressions.len(), closed.is_suppressed), (1, suppress));
    }
    let standing = app.suppressions(tenant, START).await.unwrap();
    let [Standing { id, suppression, by: who }] = &standing[..] else { panic!() };
    assert_eq!(who, "mia");
    assert_eq!(suppression.detector.as_deref(), Some("a"));
    assert_eq!(suppression.entity, Some(Entity::new(EntityKind::User, "auth0|bob")));
    assert_eq!((suppression.from, suppression.until), (START, START.plus(30 * DAY)));
    app.lift_suppression(tenant, id, "mia").await.unwrap();
    assert!(app.suppressions(tenant, START).await.unwrap().is_empty());
    assert!(app.lift_suppression(tenant, id, "mia").await.is_err());
}

#[tokio::test]
async fn an_open_incident_is_found_among_many_that_were_closed() {
    let scene = Scene::new(Vec::new()).await;
    for n in 0..120_u32 {
        // Why minutes: all come from one address within a day.
        let alert = |detector: &str, user: &str| {
            let alert = scene.alert(detector, user, 0, Severity::High);
            let at = START.plus(i64::from(n) * 60_000_000);
            Alert { first: at, last: at, ..alert }
        };
        let id = scene.place_one(&alert("a", &format!("auth0|{n}"))).await;
        let mut version = 1;
        if n >= 110 {
            assert_eq!(
                scene.place_one(&alert("b", &format!("auth0|other{n}"))).await,
                id,
                "after {n} closed"
            );
            version = 2;
        }
        let closure = closure(Disposition::Benign, false);
        scene.app.close_incident(&scene.tenant, &id.to_string(), by(version), closure).await.unwrap();
    }
}

#[tokio::test]
async fn an_erased_person_is_in_no_incident_and_does_not_stop_the_next_one() {
    let scene = Scene::new(Vec::new()).await;
    let (app, tenant) = (&scene.app, &scene.tenant);
    let alert = scene.alert("a", "auth0|ann", 0, Severity::High);
    let id = scene.place_one(&alert).await;
    app.erase(tenant, &tenant.keys.subject("auth0|ann")).await.unwrap();
    assert!(matches!(app.incident(tenant, &id.to_string()).await, Err(Error::Erased)));
    let listed = app.incidents(tenant, IncidentFilter::default(), 9).await.unwrap();
    assert!(listed[0].incident.is_none());
    let next = scene.alert("b", "auth0|ann", 1, Severity::High);
    let other = scene.place_one(&next).await;
    assert_ne!(other, id);
    // The same alert comes again in a replay: it joins the other one, which is open and near.
    assert_eq!(scene.place_one(&alert).await, other);
}

#[tokio::test]
async fn a_text_that_is_no_id_is_not_looked_up() {
    let scene = Scene::new(Vec::new()).await;
    for id in ["", "inc_1", "alr_0000000000000000", "inc_0000000000000000"] {
        assert!(
            matches!(scene.app.incident(&scene.tenant, id).await, Err(Error::NotFound("incident"))),
            "{id}"
        );
    }
}

#[tokio::test]
async fn an_erased_person_is_named_by_no_incident_and_no_suppression_that_are_about_others() {
    let scene = Scene::new(Vec::new()).await;
    let (app, tenant) = (&scene.app, &scene.tenant);
    let ann = scene.alert("a", "auth0|ann", 0, Severity::High);
    let bob = scene.alert("a", "auth0|bob", 1, Severity::Medium);
    let id = scene.place(&[ann.clone(), bob], &[]).await.unwrap().incidents[&ann.id].to_string();
    let closed = app.close_incident(tenant, &id, by(1), closure(Disposition::FalsePositive, true)).await;
    assert!(closed.unwrap().is_suppressed);
    let named = async || {
        let opened = scene.open(id.parse().unwrap()).await;
        let suppressions = app.suppressions(tenant, START).await.unwrap();
        let entities: Vec<_> = suppressions.into_iter().filter_map(|one| one.suppression.entity).collect();
        let text = format!("{:?} {} {entities:?}", opened.incident, opened.view());
        ["auth0|ann", "auth0|bob", "erased"].map(|name| text.contains(name))
    };
    assert_eq!(named().await, [true, true, false]);
    app.erase(tenant, &tenant.keys.subject("auth0|ann")).await.unwrap();
    assert_eq!(named().await, [false, true, true]);
    let version = app.incident(tenant, &id).await.unwrap().row.version;
    // Once more changes nothing, and neither does the erasure of somebody whom it does not name.
    for user in ["auth0|ann", "auth0|eve"] {
        app.erase(tenant, &tenant.keys.subject(user)).await.unwrap();
    }
    assert_eq!(app.incident(tenant, &id).await.unwrap().row.version, version);
}

fn suppression(detector: Option<&str>, user: Option<&str>, days: i64) -> NewSuppression {
    NewSuppression {
        detector: detector.map(str::to_owned),
        entity: user.map(|user| Entity::new(EntityKind::User, user)),
        until: START.plus(days * DAY),
        reason: "Ann travels".to_owned(),
        force: false,
    }
}

#[tokio::test]
async fn a_suppression_has_a_subject_a_reason_and_an_end_and_leaves_the_sensors_awake() {
    let scene = Scene::new(Vec::new()).await;
    let (app, tenant) = (&scene.app, &scene.tenant);
    let fault = async |new: NewSuppression| match app.suppress(tenant, new, "mia").await {
        Err(Error::Suppression(fault)) => fault,
        other => panic!("{other:?}"),
    };
    assert_eq!(fault(suppression(None, None, 1)).await, SuppressionError::Everything);
    assert_eq!(fault(suppression(Some("nothing"), None, 1)).await, SuppressionError::Detector);
    assert_eq!(fault(suppression(Some("mfa_fatigue"), None, 0)).await, SuppressionError::Until);
    assert_eq!(fault(suppression(Some("mfa_fatigue"), None, 91)).await, SuppressionError::Until);
    assert_eq!(fault(suppression(Some(SENSORS), None, 1)).await, SuppressionError::Sensors);
    let reasonless = NewSuppression { reason: " ".to_owned(), ..suppression(Some("mfa_fatigue"), None, 1) };
    assert!(matches!(app.suppress(tenant, reasonless, "mia").await, Err(Error::Text("reason", 1_000))));
    assert!(app.suppressions(tenant, START).await.unwrap().is_empty());
    let forced = NewSuppression { force: true, ..suppression(Some(SENSORS), None, 90) };
    app.suppress(tenant, forced, "mia").await.unwrap();
    assert_eq!(app.suppressions(tenant, START).await.unwrap().len(), 1);
}

#[tokio::test]
async fn a_suppression_and_its_end_are_leaves_that_name_nobody() {
    let scene = Scene::new(Vec::new()).await;
    let (app, tenant) = (&scene.app, &scene.tenant);
    let before = app.audit(tenant).await.unwrap().size;
    let id = app.suppress(tenant, suppression(None, Some("auth0|ann"), 9), "mia").await.unwrap();
    app.lift_suppression(tenant, &id, "noa").await.unwrap();
    assert!(matches!(app.lift_suppression(tenant, &id, "noa").await, Err(Error::NotFound("suppression"))));
    let leaves = app.ports.store.list_leaves(&tenant.id, before, 9).await.unwrap();
    let text: String = leaves.iter().map(|row| String::from_utf8(row.leaf.clone()).unwrap()).collect();
    for part in ["suppression_added", "\"by\":\"local\"", "suppression_lifted", "\"how\":\"process\"", &id] {
        assert!(text.contains(part), "{part}: {text}");
    }
    for sealed in ["ann\"", "travels", "mia", "noa"] {
        assert!(!text.to_lowercase().contains(sealed), "{sealed}: {text}");
    }
    let row = &leaves[1];
    let bodies = app.ports.store.list_sealed_bodies(Scope::Tenant(&tenant.id), row.index).await.unwrap();
    assert_eq!(bodies.len(), 1, "who lifted it, by name, is sealed beside the leaf");
    assert_eq!(leaves.len(), 2);
}

#[tokio::test]
async fn where_a_confirmed_attack_came_from_counts_for_a_week_and_nothing_else_does() {
    let scene = Scene::new(Vec::new()).await;
    let (app, tenant) = (&scene.app, &scene.tenant);
    for (hour, disposition, mark, count) in [
        (0, Disposition::Benign, true, 0),
        (100, Disposition::FalsePositive, true, 0),
        (200, Disposition::TruePositive, false, 0),
        (300, Disposition::TruePositive, true, 1),
    ] {
        let id = scene.place_one(&scene.alert("a", "auth0|ann", hour, Severity::High)).await;
        let closure = Closure { mark, ..closure(disposition, false) };
        let closed = app.close_incident(tenant, &id.to_string(), by(1), closure).await.unwrap();
        assert_eq!(closed.marked, count, "{disposition:?}");
        assert_eq!(app.confirmed_sources(tenant, START).await.unwrap().len(), count);
    }
    let [source] = &app.confirmed_sources(tenant, START).await.unwrap()[..] else { panic!() };
    let address = Entity::new(EntityKind::Address, "203.0.113.9");
    assert_eq!(Some(source.source), address.source_tag(&tenant.keys.tagger()));
    assert_eq!((source.from, source.until), (START, START.plus(7 * DAY)));
    assert!(app.confirmed_sources(tenant, START.plus(7 * DAY)).await.unwrap().is_empty());
}

#[tokio::test]
async fn an_alert_that_is_not_there_or_whose_key_is_gone_does_not_open() {
    let scene = Scene::new(Vec::new()).await;
    for id in ["", "alr_1", "alr_0000000000000000"] {
        let refused = scene.app.alert(&scene.tenant, id).await;
        assert!(matches!(refused, Err(Error::NotFound("alert"))), "{id}");
    }
    let alert = scene.alert("a", "auth0|ann", 0, Severity::High);
    scene.place_one(&alert).await;
    let refused = scene.app.alert(&scene.tenant, &alert.id.to_string()).await;
    assert!(matches!(refused, Err(Error::Erased)), "its key is not there");
}
