//! From entries of the log to the plans that playbooks propose.

use std::{sync::Arc, time::Duration};

use countersign_auth0::{log::LogEvent, trigger::Event};
use countersign_core::{Mode, Trigger, Verdict};
use countersign_plan::gate::Settings;
use countersign_policy::{Document, Snapshot};
use countersign_store::Fence;
use serde_json::{Value, json, value::RawValue};

use super::scene::Stage;
use crate::{
    Error, Lead,
    acts::{PlanFilter, PlanHead, PlanShown, PlaybookFiles, Responded},
    decide::{ActionInfo, Ask, Call},
    incidents::tests::START,
    reference::Lists,
    tenants::Current,
};

const POST_LOGIN: &str = include_str!("../../../../../fixtures/events/post-login.json");

/// A refresh token of `auth0|{user}` exchanged `minute` minutes after the start.
fn exchange(user: u8, minute: i64, is_far: bool) -> Value {
    let at = START.plus(minute * 60 * 1_000_000).to_string();
    let (country, latitude, longitude) = if is_far { ("PE", -12.1, -77.0) } else { ("IE", 53.4, -6.3) };
    let id = format!("log{user}x{minute}");
    json!({
        "id": id, "log_id": id, "type": "sertft", "date": at, "user_id": format!("auth0|{user}"), "client_id": "app",
        "ip": if is_far { "203.0.113.9" } else { "198.51.100.7" },
        "location_info": { "country_code": country, "latitude": latitude, "longitude": longitude },
        "details": { "familyId": format!("fam{user}"), "tokenCounter": 1 },
    })
}

/// A wrong password for `auth0|{user}`, all from one address.
fn failure(user: i64) -> Value {
    let (at, id) = (START.plus(user * 1_000_000).to_string(), format!("log{user}f"));
    json!({
        "id": id, "log_id": id, "type": "fp", "date": at, "user_id": format!("auth0|{user}"), "client_id": "app",
        "ip": "203.0.113.9",
    })
}

/// The same, so many minutes after the start.
fn at_minute(mut entry: Value, minute: i64) -> Value {
    entry["date"] = json!(START.plus(minute * 60 * 1_000_000).to_string());
    entry["ip"] = json!("198.18.0.9");
    entry
}

impl Stage {
    async fn watching(mode: Mode) -> Self {
        Self::watching_by(mode, Settings::default()).await
    }

    async fn watching_by(mode: Mode, settings: Settings) -> Self {
        let stage = Self::new(settings).await;
        let mut document = Document::default();
        document.tenant.mode = Some(mode);
        let policy = Arc::new(Snapshot::new(document).unwrap());
        stage.scene.tenant.current.store(Arc::new(Current::new(1, &policy, &Lists::default())));
        stage
    }

    /// The tenant knows these entries.
    fn know(&self, entries: &[Value]) {
        entries.iter().for_each(|entry| {
            self.fake.world.lock().collections.entry("logs".to_owned()).or_default().push(entry.clone());
        });
    }

    /// Entries come, are looked at, and incidents are answered.
    async fn deliver(&self, entries: &[Value]) -> Responded {
        self.watch(entries).await;
        self.answer().await
    }

    /// Entries come, and are looked at.
    async fn watch(&self, entries: &[Value]) {
        let tenant = &self.scene.tenant;
        let raw: Vec<String> = entries.iter().map(Value::to_string).collect();
        let delivery = raw.iter().map(|raw| Ok(LogEvent::parse(raw, None).unwrap())).collect();
        self.app().take_logs(tenant, delivery).await.unwrap();
        let lead = self.app().lead(tenant).await.unwrap().unwrap();
        while self.app().watch_next(tenant, &lead).await.unwrap().entries > 0 {}
    }

    /// The lead, as a process among several takes it.
    async fn lead_of(&self, process: &str) -> Lead {
        let store = &self.app().ports.store;
        let lease = store.acquire_lease(self.tenant(), "jobs", process, Duration::from_secs(5)).await;
        Lead::of(Fence { name: "jobs", epoch: lease.unwrap().unwrap().epoch })
    }

    async fn answer(&self) -> Responded {
        let lead = self.app().lead(&self.scene.tenant).await.unwrap().unwrap();
        self.app().respond_next(&self.scene.tenant, &lead).await.unwrap()
    }

    /// As after a start: what was looked at is not remembered.
    fn forget(&self, more: &str) {
        let text = format!("title: Another\ndetectors: [refresh_family_spread]\n{more}");
        let files = PlaybookFiles::new(vec![("another.yml".to_owned(), text)]);
        assert!(self.app().take_playbooks(&self.scene.tenant, Ok(files)));
    }

    async fn plans(&self) -> Vec<PlanHead> {
        let listed = self.app().plans(&self.scene.tenant, PlanFilter::default(), 99).await.unwrap();
        listed.into_iter().map(|listed| listed.plan).collect()
    }

    async fn shown(&self, plan: &PlanHead) -> PlanShown {
        self.app().plan(&self.scene.tenant, &plan.id).await.unwrap()
    }

    /// What is decided about the next sign-in of `auth0|1`, which the Action asks about with what the tenant has of the account.
    async fn next_sign_in(&self) -> (Verdict, String) {
        let mut event: Value = serde_json::from_str(POST_LOGIN).unwrap();
        event["tenant"]["id"] = json!("t");
        event["user"]["user_id"] = json!("auth0|1");
        let metadata = self.fake.world.lock().find("users", "auth0|1").unwrap().get("app_metadata").cloned();
        event["user"]["app_metadata"] = metadata.unwrap_or_else(|| json!({}));
        let text = event.to_string();
        let call = Call {
            request_id: None,
            raw_event: RawValue::from_string(text.clone()).unwrap(),
            action: ActionInfo {
                name: "countersign-post-login".to_owned(),
                version: "0.1.0".to_owned(),
                code: None,
                policy_etag: None,
            },
            deadline: Duration::from_secs(5),
            received: self.app().ports.clock.monotonic(),
            truncated: Vec::new(),
        };
        let event = Event::decode(Trigger::PostLogin, text.as_bytes(), "event").unwrap();
        let decided = self.app().decide(&self.scene.tenant, Ask { event, call }).await.unwrap();
        (decided.verdict.unwrap(), String::from_utf8(decided.answer).unwrap())
    }

    /// Noa, who proposed nothing, countersigns, and it is carried out.
    async fn countersign(&self, plan: &PlanHead) {
        let noa = self.approver("noa").await;
        self.app().approve_plan(&noa, &plan.id, &plan.hash).await.unwrap();
        assert_eq!(self.run().await.ended, 1);
        assert_eq!(self.state(&plan.id).await, "done");
    }

    /// Reasons for which playbooks proposed nothing, as the ledger tells.
    async fn withheld(&self) -> Vec<String> {
        let leaves = self.leaves().await;
        let told = leaves.iter().filter(|facts| facts["change"] == "withheld");
        told.map(|facts| format!("{} {}", facts["playbook"], facts["reason"])).collect()
    }
}

#[tokio::test]
async fn a_stolen_token_leads_to_a_plan_for_its_owner_once_and_to_another_for_who_comes_later() {
    let stage = Stage::watching(Mode::Enforce).await;
    let theft = [exchange(1, 0, false), exchange(1, 15, true)];
    stage.know(&theft);
    let came = stage.deliver(&theft).await;
    assert_eq!(came, Responded { proposed: 1, withheld: 0, waiting: 0 });
    let [plan] = &stage.plans().await[..] else { panic!() };
    assert_eq!(
        (
            plan.state.as_str(),
            plan.origin.as_str(),
            plan.proposer.as_str(),
            plan.users,
            plan.audience.as_str()
        ),
        ("proposed", "incident", "playbook", 1, "security")
    );
    let shown = stage.shown(plan).await;
    let kinds: Vec<&str> = shown.steps.iter().map(|step| step.name.rsplit('.').next().unwrap()).collect();
    assert_eq!(kinds, ["set_app_metadata", "block_user", "revoke_access"]);
    assert!(shown.notes.iter().any(|note| note.contains("up to 7200 seconds")), "{:?}", shown.notes);
    assert!(shown.because.iter().all(|because| because.evidence.len() >= 4), "{:?}", shown.because);
    stage.forget("users: [revoke_access]\nleast_severity: critical\n");
    assert_eq!(stage.answer().await, Responded::default(), "nothing twice, also after a start");
    let more = [exchange(2, 1, false), exchange(2, 16, true)];
    stage.know(&more);
    assert_eq!(stage.deliver(&more).await.proposed, 1);
    let plans = stage.plans().await;
    let second = plans.iter().find(|other| other.id != plan.id).unwrap();
    assert_eq!((plans.len(), second.users), (2, 1));
    assert_eq!(second.incident, plan.incident, "one incident, and what was new in it");
    let kept = stage.app().open_plan(&stage.scene.tenant, &second.id).await.unwrap();
    let text = serde_json::to_string(&kept.body.order).unwrap();
    assert!(text.contains("auth0|2") && !text.contains("auth0|1"), "{text}");
    stage.forget("users: [revoke_access]\nleast_severity: critical\nmost_users: 3\n");
    assert_eq!(stage.answer().await, Responded::default());
    assert!(stage.withheld().await.is_empty());
}

#[tokio::test]
async fn a_process_that_lost_the_lead_meanwhile_proposes_nothing() {
    let stage = Stage::watching(Mode::Enforce).await;
    let theft = [exchange(1, 0, false), exchange(1, 15, true)];
    stage.know(&theft);
    stage.watch(&theft).await;
    let lost = stage.lead_of("one").await;
    stage.scene.clock.advance(Duration::from_secs(6));
    let held = stage.lead_of("other").await;
    let (app, tenant) = (stage.app(), &stage.scene.tenant);
    let refused = app.respond_next(tenant, &lost).await;
    assert!(matches!(refused, Err(Error::Unavailable { .. })), "{refused:?}");
    assert!(stage.plans().await.is_empty());
    assert_eq!(app.respond_next(tenant, &held).await.unwrap().proposed, 1);
    assert_eq!(stage.plans().await.len(), 1);
}

#[tokio::test]
async fn what_is_contained_is_refused_at_the_next_sign_in_until_it_is_taken_back() {
    let stage = Stage::watching(Mode::Enforce).await;
    assert!(stage.next_sign_in().await.0 < Verdict::Challenge);
    let theft = [exchange(1, 0, false), exchange(1, 15, true)];
    stage.know(&theft);
    assert_eq!(stage.deliver(&theft).await.proposed, 1);
    assert!(stage.next_sign_in().await.0 < Verdict::Challenge, "nothing is done that nobody countersigned");
    let plan = stage.plans().await.remove(0);
    stage.countersign(&plan).await;
    {
        let world = stage.fake.world.lock();
        assert_eq!(world.find("users", "auth0|1").unwrap()["blocked"], true);
        assert!(
            world.listed("sessions of auth0|1").is_empty() && world.listed("tokens of auth0|1").is_empty()
        );
    }
    let (verdict, answer) = stage.next_sign_in().await;
    assert_eq!(verdict, Verdict::Deny);
    assert!(answer.contains("access.deny"), "{answer}");
    let back = stage.app().undo_plan(&stage.mia().await, &plan.id, None).await.unwrap();
    assert_eq!(stage.next_sign_in().await.0, Verdict::Deny, "to propose it lifts nothing");
    stage.countersign(&back).await;
    assert_ne!(stage.fake.world.lock().find("users", "auth0|1").unwrap()["blocked"], true);
    assert!(stage.next_sign_in().await.0 < Verdict::Challenge);
    let leaves = stage.leaves().await;
    let of = |plan: &PlanHead| leaves.iter().filter(|facts| facts.get("plan") == Some(&plan.id)).count();
    // Proposed, approved, begun and finished, and two for each step: three there, and the two that can be taken back.
    assert_eq!((of(&plan), of(&back)), (4 + 6, 4 + 4));
    assert!(leaves.iter().all(|facts| !format!("{facts:?}").contains("auth0|")), "{leaves:?}");
}

#[tokio::test]
async fn what_somebody_took_back_is_not_proposed_again_once_another_of_it_is_erased() {
    let stage = Stage::watching(Mode::Enforce).await;
    let theft = [exchange(1, 0, false), exchange(2, 1, false), exchange(1, 15, true), exchange(2, 16, true)];
    stage.know(&theft);
    assert_eq!(stage.deliver(&theft).await.proposed, 1);
    let plan = stage.plans().await.remove(0);
    assert_eq!(plan.users, 2);
    stage.countersign(&plan).await;
    let back = stage.app().undo_plan(&stage.mia().await, &plan.id, None).await.unwrap();
    stage.countersign(&back).await;
    let blocked = |user| stage.fake.world.lock().find("users", user).unwrap()["blocked"] == true;
    assert!(!blocked("auth0|1") && !blocked("auth0|2"));
    let tenant = &stage.scene.tenant;
    stage.app().erase(tenant, &crate::App::subject(tenant, "auth0|1")).await.unwrap();
    for most in [3, 4] {
        stage.forget(&format!("users: [revoke_access]\nleast_severity: critical\nmost_users: {most}\n"));
        assert_eq!(stage.answer().await.proposed, 0);
        stage.scene.clock.advance(Duration::from_secs(61));
    }
    let wants = |plan: &PlanHead| (plan.origin.clone(), plan.undoes.clone());
    let mut plans: Vec<_> = stage.plans().await.iter().map(wants).collect();
    plans.sort();
    assert_eq!(plans, [("incident".to_owned(), None), ("undo".to_owned(), Some(plan.id.clone()))]);
    stage.run().await;
    assert!(!blocked("auth0|2"), "what a person took back stays taken back");
}

#[tokio::test]
async fn what_the_tenant_does_not_know_is_no_evidence_and_that_is_told_once() {
    let stage = Stage::watching(Mode::Enforce).await;
    let forged = [exchange(1, 0, false), exchange(1, 15, true)];
    let other = json!({ "ip": "203.0.113.77" });
    let mut known = forged[0].clone();
    known["ip"] = other["ip"].clone();
    stage.know(&[known]);
    assert_eq!(stage.deliver(&forged).await.waiting, 1, "the log may be behind the stream");
    stage.scene.clock.advance(Duration::from_secs(61));
    assert_eq!(stage.answer().await.withheld, 1);
    stage.forget("users: [revoke_access]\nleast_severity: critical\n");
    assert_eq!(stage.answer().await, Responded::default());
    assert_eq!(stage.withheld().await, ["token_theft unconfirmed"]);
    assert!(stage.plans().await.is_empty());
    let filter = crate::incidents::IncidentFilter::default();
    let incidents = stage.app().incidents(&stage.scene.tenant, filter, 9).await.unwrap();
    let notes =
        stage.app().ports.store.list_incident_notes(stage.tenant(), &incidents[0].row.id, 9).await.unwrap();
    assert_eq!(notes.len(), 1);
}

#[tokio::test]
async fn whoever_fails_as_a_victim_does_not_get_the_victim_blocked() {
    let stage = Stage::watching(Mode::Enforce).await;
    let text = "title: Blocks victims\ndetectors: [password_spray]\nleast_severity: low\nusers: [block_user]\nmost_users: 25\n";
    let files = PlaybookFiles::new(vec![("mine.yml".to_owned(), text.to_owned())]);
    assert!(stage.app().take_playbooks(&stage.scene.tenant, Ok(files)));
    let spray: Vec<Value> = (0..25).map(failure).collect();
    stage.know(&spray);
    let came = stage.deliver(&spray).await;
    assert_eq!((came.proposed, came.withheld), (1, 1));
    assert_eq!(stage.withheld().await, ["mine unproved"]);
    let shown = stage.shown(&stage.plans().await[0]).await;
    let kinds: Vec<&str> = shown.steps.iter().map(|step| step.name.rsplit('.').next().unwrap()).collect();
    assert_eq!((kinds.as_slice(), shown.plan.users), (&["add_network_block"][..], 0));
}

/// Where containment goes by itself, with a playbook that answers theft and sprays alike.
async fn by_itself() -> Stage {
    let all = json!({"users": 99, "organizations": 9, "steps": 999});
    let kinds: Value = ["set_app_metadata", "block_user", "revoke_access", "add_network_block"]
        .iter()
        .map(|kind| ((*kind).to_owned(), json!("auto")))
        .collect::<serde_json::Map<_, _>>()
        .into();
    let tenant = json!({"autonomy": kinds, "caps": {"run": all, "day": all}});
    let settings = Settings { tenant: serde_json::from_value(tenant).unwrap(), ..Settings::default() };
    let stage = Stage::watching_by(Mode::Enforce, settings).await;
    let text = "title: Mine\ndetectors: [refresh_family_spread, password_spray]\nleast_severity: low\nusers: [block_user]\nmost_users: 25\n";
    let files = PlaybookFiles::new(vec![("mine.yml".to_owned(), text.to_owned())]);
    assert!(stage.app().take_playbooks(&stage.scene.tenant, Ok(files)));
    stage
}

impl Stage {
    /// Where the plan of the playbook `mine` stands.
    async fn mine(&self) -> Option<String> {
        for plan in self.plans().await {
            let shown = self.shown(&plan).await;
            if shown.workflow.as_deref() == Some("mine") {
                return Some(shown.plan.state);
            }
        }
        None
    }
}

#[tokio::test]
async fn evidence_in_doubt_contains_nobody_without_a_person_whatever_the_settings_say() {
    let theft = [exchange(1, 0, false), exchange(1, 15, true)];
    let stage = by_itself().await;
    stage.know(&theft);
    stage.deliver(&theft).await;
    assert_eq!(stage.mine().await.as_deref(), Some("approved"), "what is beyond doubt goes by itself");

    // Whoever feeds the stream adds an entry that the tenant does not know.
    let stage = by_itself().await;
    stage.know(&theft);
    let mut forged = theft.to_vec();
    forged.push(exchange(1, 20, true));
    stage.deliver(&forged).await;
    stage.scene.clock.advance(Duration::from_secs(61));
    stage.answer().await;
    assert_eq!(stage.mine().await.as_deref(), Some("proposed"));
    stage.run().await;
    assert!(stage.fake.taken.lock().iter().all(|write| !write.contains("blocked")));

    // Anybody may fail in somebody's name, so that it is part of the evidence and proves nothing.
    let stage = by_itself().await;
    let mut failures: Vec<Value> = (0..25).map(failure).collect();
    failures.extend(theft);
    stage.know(&failures);
    stage.deliver(&failures).await;
    assert_eq!(stage.mine().await.as_deref(), Some("proposed"));
}

#[tokio::test]
async fn who_shares_an_egress_with_an_attacker_is_not_contained_without_a_person() {
    let stage = by_itself().await;
    let text =
        "title: Mine\ndetectors: [login_from_attacker_tls]\nleast_severity: low\nusers: [block_user]\n";
    let files = PlaybookFiles::new(vec![("mine.yml".to_owned(), text.to_owned())]);
    assert!(stage.app().take_playbooks(&stage.scene.tenant, Ok(files)));
    let spray: Vec<Value> = (20..45).map(failure).collect();
    let mut sign_in = failure(1);
    sign_in["type"] = json!("s");
    sign_in["date"] = json!(START.plus(900 * 1_000_000).to_string());
    stage.know(&spray);
    stage.deliver(&spray).await;
    assert_eq!(stage.mine().await, None);
    // All that shows it is the person's own sign-in, which they did cause.
    stage.know(std::slice::from_ref(&sign_in));
    stage.deliver(std::slice::from_ref(&sign_in)).await;
    assert_eq!(stage.mine().await.as_deref(), Some("proposed"));
    stage.run().await;
    assert!(stage.fake.taken.lock().iter().all(|write| !write.contains("blocked")));
}

#[tokio::test]
async fn the_gravest_incident_is_answered_first_however_new_another_is() {
    let stage = Stage::watching(Mode::Enforce).await;
    let theft = [exchange(1, 0, false), exchange(1, 15, true)];
    let spray: Vec<Value> = (20..45).map(|user| at_minute(failure(user), 30)).collect();
    let all = [&theft[..], &spray].concat();
    stage.know(&all);
    assert_eq!(stage.deliver(&all).await.proposed, 2);
    let leaves = stage.leaves().await;
    let proposed = leaves.iter().filter(|facts| facts["change"] == "proposed");
    let users: Vec<&str> = proposed.map(|facts| facts["users"].as_str()).collect();
    assert_eq!(users, ["1", "0"], "the account before the network");
}

#[tokio::test]
async fn who_is_gone_at_the_tenant_is_left_out_and_a_tenant_that_is_away_is_asked_again() {
    let stage = Stage::watching(Mode::Enforce).await;
    let theft = [exchange(9, 0, false), exchange(9, 15, true), exchange(1, 1, false), exchange(1, 16, true)];
    stage.know(&theft);
    *stage.fake.is_flooded.lock() = true;
    let came = stage.deliver(&theft[..2]).await;
    assert_eq!((came.proposed, came.waiting), (0, 1));
    *stage.fake.is_flooded.lock() = false;
    assert_eq!(stage.answer().await, Responded::default(), "not before its pause is over");
    stage.scene.clock.advance(Duration::from_secs(3));
    assert_eq!(stage.answer().await.withheld, 1, "there is nobody of that name");
    assert_eq!(stage.withheld().await, ["token_theft unplanned"]);
    assert_eq!(stage.deliver(&theft[2..]).await.proposed, 1);
    assert_eq!(stage.plans().await[0].users, 1);
}

#[tokio::test]
async fn in_audit_nothing_is_proposed() {
    let stage = Stage::watching(Mode::Audit).await;
    let theft = [exchange(1, 0, false), exchange(1, 15, true)];
    stage.know(&theft);
    assert_eq!(stage.deliver(&theft).await, Responded::default());
}
