//! Each disturbance of a sandbox tenant is found at the next look, and gone when it was undone.

use std::{sync::atomic::Ordering, time::Duration};

use countersign_app::posture::declared;
use countersign_core::{Clock, Timestamp, Trigger};
use countersign_rights::Action;
use countersign_sandbox::tenant::Method;
use countersign_testkit::{TestApp, post_login};
use parking_lot::Mutex;
use serde_json::{Value, json};

use super::scene::{BUILD, SCOPES, Scene};
use crate::commands::tenant::built_in;

/// Asks for a decision about a sign-in as an Action of this code would.
async fn ask(scene: &Scene, code: Option<&str>) {
    let mut question = TestApp::question(&post_login());
    question["action"]["code"] = code.into();
    let body = question.to_string().into_bytes();
    let answer = scene.service.signed("/v1/decisions", body, scene.service.signing()).await;
    assert_eq!(answer.status, 200, "{}", answer.json);
}

/// Delivers an entry of the log.
fn journal(scene: &Scene, log_id: &str, kind: &str, at: Timestamp) {
    let entry = json!({"log_id": log_id, "type": kind, "date": at.to_string()}).to_string();
    let entries = countersign_auth0::log::entries(&entry).unwrap();
    let taken = scene.service.app.take_logs(&scene.tenant, entries);
    tokio::task::block_in_place(|| tokio::runtime::Handle::current().block_on(taken)).unwrap();
}

/// Takes what the stream would bring, so that it is not silent.
fn deliver(scene: &Scene) {
    let date = scene.service.clock.now();
    journal(scene, &date.to_string(), "s", date);
}

#[tokio::test(flavor = "multi_thread")]
async fn what_is_done_to_our_actions_is_found() {
    let scene = Scene::start().await;
    assert_eq!(scene.codes().await, [""; 0], "as it was set up");
    scene
        .finds("action.unbound", |scene| scene.bind(&["foreign"]), |scene| scene.bind(&["ours", "foreign"]))
        .await;
    let reorder = |scene: &Scene| scene.bind(&["foreign", "ours"]);
    scene.finds("action.reordered", reorder, |scene| scene.bind(&["ours", "foreign"])).await;
    let code = built_in(Trigger::PostLogin);
    let edited =
        code.replace("exports.onExecutePostLogin", "exports.onExecutePostLogin = undefined; exports.other");
    scene.finds("action.edited", |scene| scene.deploy(&edited), |scene| scene.deploy(code)).await;
    let replaced = "exports.onExecutePostLogin = async () => {};";
    scene.finds("action.missing", |scene| scene.deploy(replaced), |scene| scene.deploy(code)).await;
    let path = scene.path("/actions/actions", "ours");
    let draft = |scene: &Scene| {
        scene.call(Method::Patch, &path, json!({"code": format!("{code}// more\n")}));
        scene.service.clock.advance(BUILD);
    };
    scene.finds("action.undeployed", draft, |scene| scene.deploy(code)).await;
    let other = code.replace("default: 'allow'", "default: 'challenge'");
    scene.finds("action.fallback", |scene| scene.deploy(&other), |scene| scene.deploy(code)).await;
    let age = |scene: &Scene| scene.service.clock.advance(Duration::from_secs(181 * 86_400));
    let renew = |scene: &Scene| {
        // Why: what the log had half a year ago would be missed by now.
        let date = scene.service.clock.now();
        journal(scene, "1", "sapi", date);
        let secrets = ["COUNTERSIGN_URL", "COUNTERSIGN_KEY"].map(|name| json!({"name": name, "value": "w"}));
        scene.call(Method::Patch, &path, json!({"secrets": secrets}));
        scene.service.clock.advance(BUILD);
        scene.call(Method::Post, &format!("{path}/deploy"), Value::Null);
    };
    scene.finds("secret.old", age, renew).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn what_is_done_to_our_stream_and_client_is_found() {
    let scene = Scene::start().await;
    let path = scene.path("/log-streams", "stream");
    let set = |status: &'static str| {
        let path = path.clone();
        move |scene: &Scene| drop(scene.call(Method::Patch, &path, json!({"status": status})))
    };
    scene.finds("log_stream.paused", set("paused"), set("active")).await;
    let sink = |to: &'static str| {
        let path = path.clone();
        move |scene: &Scene| {
            let sink = json!({"httpEndpoint": to, "httpContentFormat": "JSONLINES"});
            scene.call(Method::Patch, &path, json!({"sink": sink}));
        }
    };
    let ours = "https://cs.example.com/v1/logs/acme";
    scene.finds("log_stream.altered", sink("https://elsewhere.example/"), sink(ours)).await;
    let grant = scene.path("/client-grants", "grant");
    let to = |scopes: Vec<&'static str>| {
        let grant = grant.clone();
        move |scene: &Scene| drop(scene.call(Method::Patch, &grant, json!({"scope": scopes})))
    };
    let few: Vec<&str> = SCOPES.into_iter().filter(|scope| *scope != "read:log_streams").collect();
    scene.finds("scope.missing", to(few), to(SCOPES.to_vec())).await;
    let many: Vec<&str> = SCOPES.into_iter().chain(["update:users"]).collect();
    scene.finds("scope.unused", to(many), to(SCOPES.to_vec())).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn hooks_rules_guardian_protection_and_the_clock_are_looked_at() {
    let scene = Scene::start().await;
    let hook = json!({"name": "h", "script": "module.exports = 1;", "triggerId": "credentials-exchange", "enabled": true});
    let made = Mutex::new(String::new());
    let add = |scene: &Scene| {
        *made.lock() = scene.call(Method::Post, "/hooks", hook)["id"].as_str().unwrap().to_owned();
    };
    let take =
        |scene: &Scene| drop(scene.call(Method::Delete, &format!("/hooks/{}", made.lock()), Value::Null));
    scene.finds("hook.leftover", add, take).await;
    let rule = json!({"name": "r", "script": "function (user, context, callback) {}", "enabled": true});
    let add = |scene: &Scene| {
        *made.lock() = scene.call(Method::Post, "/rules", rule)["id"].as_str().unwrap().to_owned();
    };
    let take =
        |scene: &Scene| drop(scene.call(Method::Delete, &format!("/rules/{}", made.lock()), Value::Null));
    scene.finds("rule.leftover", add, take).await;
    let shield = |is_on: bool| {
        move |scene: &Scene| {
            scene.whims.set("/api/v2/attack-protection/brute-force-protection", json!({"enabled": is_on}));
        }
    };
    scene.finds("protection.off", shield(false), shield(true)).await;
    let skew = |seconds: i64| move |scene: &Scene| scene.whims.skew_seconds.store(seconds, Ordering::Relaxed);
    scene.finds("clock.skew", skew(30), skew(0)).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_guardian_policy_at_odds_with_ours_is_found() {
    let scene = Scene::start().await;
    let mut document = scene.tenant.policy().document().clone();
    document.fallback = countersign_policy::Fallback::Challenge;
    let verdicts =
        countersign_policy::Verdicts { low: countersign_core::Verdict::SkipMfa, ..Default::default() };
    document.tenant.verdicts = Some(verdicts);
    let snapshot = countersign_policy::Snapshot::new(document).unwrap();
    let version = scene.tenant.policy_version();
    scene
        .service
        .app
        .apply_policy(&scene.service.permit(Action::ApplyPolicies).await, snapshot, version)
        .await
        .unwrap();
    scene.deploy(&built_in(Trigger::PostLogin).replace("default: 'allow'", "default: 'challenge'"));
    let set = |policies: Value, is_enabled: bool| {
        move |scene: &Scene| {
            scene.whims.set("/api/v2/guardian/policies", policies);
            scene.whims.set("/api/v2/guardian/factors", json!([{"name": "otp", "enabled": is_enabled}]));
        }
    };
    let always = || json!(["all-applications"]);
    scene.finds("guardian.unguarded", set(json!([]), true), set(always(), true)).await;
    scene.finds("guardian.no_factor", set(always(), false), set(always(), true)).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_silent_stream_and_sign_ins_that_we_were_not_asked_about_are_found() {
    let scene = Scene::start().await;
    assert_eq!(scene.codes().await, [""; 0]);
    let advance = |seconds| scene.service.clock.advance(Duration::from_secs(seconds));
    advance(10);
    // What is written at the tenant is in its log.
    scene.bind(&["ours", "foreign"]);
    advance(30);
    assert_eq!(scene.codes().await, [""; 0], "it may be on its way");
    advance(31);
    assert_eq!(scene.codes().await, ["log_stream.silent"]);
    let at = scene.service.clock.now();
    journal(&scene, "1", "sapi", at);
    assert_eq!(scene.codes().await, [""; 0]);

    let login = json!([{"log_id": "9", "type": "s", "date": at.to_string()}]);
    scene.whims.set("/api/v2/logs", login);
    assert_eq!(scene.codes().await, [""; 0], "its decision may be on its way");
    advance(61);
    assert_eq!(scene.codes().await, ["login.undecided"]);
    let decided = json!([{"log_id": "9", "type": "s", "date": scene.service.clock.now().to_string()}]);
    ask(&scene, Some(declared(built_in(Trigger::PostLogin)).unwrap())).await;
    scene.whims.set("/api/v2/logs", decided);
    advance(61);
    journal(&scene, "2", "s", scene.service.clock.now());
    assert_eq!(scene.codes().await, [""; 0]);
}

#[tokio::test(flavor = "multi_thread")]
async fn entries_that_are_read_do_not_hide_a_stream_that_is_dead() {
    let scene = Scene::start().await;
    let advance = |seconds| scene.service.clock.advance(Duration::from_secs(seconds));
    advance(300);
    assert!(scene.pull().await > 0, "what the tenant keeps from before is its history");
    assert_eq!(scene.codes().await, [""; 0], "it was there before we looked");
    for _ in 0..3 {
        advance(10);
        scene.bind(&["ours", "foreign"]);
        advance(180);
        assert!(scene.pull().await > 0);
        assert_eq!(scene.codes().await, ["log_stream.silent"]);
    }
    let status = scene.service.app.watch_status(&scene.tenant).await.unwrap();
    assert!(status.reading.gaps >= 3 && status.reading.undelivered_since.is_some());
    assert_eq!((status.stream.last, status.stream.newest), (None, None));
    deliver(&scene);
    assert_eq!(scene.codes().await, [""; 0]);
}

#[tokio::test(flavor = "multi_thread")]
async fn each_finding_is_a_leaf_when_it_appears_and_when_it_is_gone() {
    let scene = Scene::start().await;
    scene
        .finds("action.unbound", |scene| scene.bind(&["foreign"]), |scene| scene.bind(&["ours", "foreign"]))
        .await;
    scene
        .finds("action.unbound", |scene| scene.bind(&["foreign"]), |scene| scene.bind(&["ours", "foreign"]))
        .await;
    let connection = rusqlite::Connection::open(scene.service.folder().join("countersign.db")).unwrap();
    let mut statement = connection.prepare("SELECT leaf FROM records ORDER BY place").unwrap();
    let leaves = statement.query_map([], |row| row.get::<_, Vec<u8>>(0)).unwrap();
    let told: Vec<String> = leaves
        .map(|leaf| serde_json::from_slice::<Value>(&leaf.unwrap()).unwrap())
        .filter(|leaf| leaf["facts"]["code"] == "action.unbound")
        .map(|leaf| {
            format!("{} {}", leaf["kind"].as_str().unwrap(), leaf["facts"]["change"].as_str().unwrap())
        })
        .collect();
    let (raised, cleared) = ("administration finding_raised", "administration finding_cleared");
    assert_eq!(told, [raised, cleared, raised, cleared]);
}

#[tokio::test(flavor = "multi_thread")]
async fn an_area_without_an_answer_clears_nothing_of_its_own_and_hides_no_other() {
    let scene = Scene::start().await;
    scene.bind(&["foreign"]);
    assert_eq!(scene.codes().await, ["action.unbound"]);
    scene.whims.set("/api/v2/actions/actions", json!("nonsense"));
    assert_eq!(scene.codes().await, ["action.unbound", "tenant.unread"]);
    scene.whims.set("/api/v2/attack-protection/brute-force-protection", json!({"enabled": false}));
    let found = scene.codes().await;
    assert!(found.contains(&"protection.off"), "what comes later is read all the same: {found:?}");
    scene.whims.set("/api/v2/attack-protection/brute-force-protection", json!({"enabled": true}));
    assert_eq!(scene.codes().await, ["action.unbound", "tenant.unread"], "what was looked at is gone");
    scene.whims.answers.lock().remove("/api/v2/actions/actions");
    scene.whims.refused.lock().insert("/api/v2/actions/actions".to_owned(), 403);
    assert_eq!(scene.codes().await, ["action.unbound", "tenant.unscoped"], "a lost scope mends nothing");
    scene.whims.refused.lock().clear();
    scene.bind(&["ours", "foreign"]);
    assert_eq!(scene.codes().await, [""; 0]);
}

#[tokio::test(flavor = "multi_thread")]
async fn what_is_said_not_to_be_there_is_gone_for_hooks_and_rules_alone() {
    let scene = Scene::start().await;
    scene.bind(&["foreign"]);
    assert_eq!(scene.codes().await, ["action.unbound"]);
    let refuse = |path: &str, status: u16| {
        scene.whims.refused.lock().insert(path.to_owned(), status);
    };
    for status in [402, 404, 410] {
        refuse("/api/v2/hooks", status);
        refuse("/api/v2/rules", status);
        assert_eq!(scene.codes().await, ["action.unbound"], "{status}");
        refuse("/api/v2/actions/actions", status);
        assert_eq!(scene.codes().await, ["action.unbound", "tenant.unread"], "{status}");
        scene.whims.refused.lock().clear();
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn sign_ins_of_a_busy_tenant_are_compared_further_back_than_a_page() {
    let scene = Scene::start().await;
    assert_eq!(scene.codes().await, [""; 0]);
    scene.service.clock.advance(Duration::from_secs(1_200));
    let now = scene.service.clock.now();
    let logs = |seconds_each: i64| -> Value {
        let log = |place: i64| json!({"log_id": place.to_string(), "type": "s", "date": now.plus(-place * seconds_each).to_string()});
        (0..3_000).map(log).collect()
    };
    deliver(&scene);
    // Two a second: the newest page is younger than what is compared.
    scene.whims.set("/api/v2/logs", logs(500_000));
    assert_eq!(scene.codes().await, ["login.undecided"]);
    // A hundred a second: what a search gives is.
    scene.whims.set("/api/v2/logs", logs(10_000));
    assert_eq!(scene.codes().await, ["login.uncompared"]);
}

#[tokio::test(flavor = "multi_thread")]
async fn code_that_asks_and_is_not_installed_is_found() {
    let scene = Scene::start().await;
    assert_eq!(scene.codes().await, [""; 0]);
    let ours = declared(built_in(Trigger::PostLogin)).unwrap();
    let later = |seconds| {
        scene.service.clock.advance(Duration::from_secs(seconds));
        deliver(&scene);
    };
    later(61);
    ask(&scene, Some(ours)).await;
    assert_eq!(scene.codes().await, [""; 0]);
    ask(&scene, None).await;
    assert_eq!(scene.codes().await, ["action.strange"]);
    later(601);
    ask(&scene, Some(ours)).await;
    assert_eq!(scene.codes().await, [""; 0], "it did not ask again");
    ask(&scene, Some(&"0".repeat(64))).await;
    assert_eq!(scene.codes().await, ["action.strange"]);
}

#[tokio::test(flavor = "multi_thread")]
async fn another_s_action_of_our_first_line_hides_no_code_that_asks() {
    let scene = Scene::start().await;
    scene.own();
    assert_eq!(scene.codes().await, [""; 0]);
    scene.service.clock.advance(Duration::from_secs(61));
    let code = built_in(Trigger::PostLogin);
    let theirs = code.replace(declared(code).unwrap(), &"0".repeat(64));
    scene.deploy_as("foreign", &theirs);
    scene.bind(&["foreign"]);
    ask(&scene, None).await;
    let found = scene.codes().await;
    assert!(found.contains(&"action.strange") && found.contains(&"action.unbound"), "{found:?}");
}
