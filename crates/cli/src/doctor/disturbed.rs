//! More disturbances of a sandbox tenant: of what was installed with a journal, of streams, of limits, and by our own policy.

use std::{fs, os::unix::fs::PermissionsExt, time::Duration};

use countersign_app::{posture::ExpectedAction, tenant::Installed};
use countersign_core::{Clock, Mode, Trigger, Verdict};
use countersign_plan::{install::LOG_CATEGORIES, sha256};
use countersign_policy::{Document, Fallback, Snapshot};
use countersign_rights::Action;
use countersign_sandbox::tenant::Method;
use parking_lot::Mutex;
use serde_json::{Value, json};

use super::scene::{BUILD, Scene};
use crate::commands::tenant::built_in;

const EVENTS: &str = "https://cs.example.com/v1/events/acme";

/// What runs of before left, as the journal of installations has it.
fn left(scene: &Scene, installed: &Installed) {
    let id = scene.tenant.id();
    let journal =
        json!({"v": 1, "tenant": id, "folded": installed, "runs": [], "fingerprints": {}, "deployed": {}});
    let path = scene.service.folder().join(format!("{id}.install.json"));
    fs::write(&path, journal.to_string()).unwrap();
    fs::set_permissions(&path, fs::Permissions::from_mode(0o600)).unwrap();
}

/// Puts another policy in force.
async fn apply(scene: &Scene, change: impl FnOnce(&mut Document)) {
    let mut document = scene.tenant.policy().document().clone();
    change(&mut document);
    let version = scene.tenant.policy_version();
    scene
        .service
        .app
        .apply_policy(
            &scene.service.permit(Action::ApplyPolicies).await,
            Snapshot::new(document).unwrap(),
            version,
        )
        .await
        .unwrap();
}

/// A policy that enforces at sign-ins, with an Action that does so too.
async fn enforce(scene: &Scene) -> String {
    apply(scene, |document| {
        document.fallback = Fallback::Challenge;
        document.tenant.modes.insert(Trigger::PostLogin, Mode::Enforce);
    })
    .await;
    let code = built_in(Trigger::PostLogin)
        .replace("default: 'allow'", "default: 'challenge'")
        .replace("enforce: false", "enforce: true");
    scene.deploy(&code);
    assert_eq!(scene.codes().await, [""; 0], "enforced on both sides");
    code
}

fn made(scene: &Scene, path: &str, body: Value) -> String {
    scene.call(Method::Post, path, body)["id"].as_str().unwrap().to_owned()
}

#[tokio::test(flavor = "multi_thread")]
async fn code_that_we_deployed_and_do_not_ship_any_more_is_found() {
    let scene = Scene::start().await;
    let code = built_in(Trigger::PostLogin);
    let before =
        code.replace("exports.onExecutePostLogin", "exports.before = 1;\nexports.onExecutePostLogin");
    let deploy = |code: &str| {
        let code = code.to_owned();
        move |scene: &Scene| {
            let applied = [sha256(code.as_bytes())].into();
            let action = ExpectedAction { applied, ..ExpectedAction::default() };
            left(
                scene,
                &Installed { actions: [(Trigger::PostLogin, action)].into(), ..Installed::default() },
            );
            scene.deploy(&code);
        }
    };
    scene.finds("action.outdated", deploy(&before), deploy(code)).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn what_an_action_runs_on_and_with_is_looked_at() {
    let scene = Scene::start().await;
    let path = scene.path("/actions/actions", "ours");
    let set = |change: Value| {
        let path = path.clone();
        move |scene: &Scene| {
            scene.call(Method::Patch, &path, change);
            scene.service.clock.advance(BUILD);
            scene.call(Method::Post, &format!("{path}/deploy"), Value::Null);
        }
    };
    let runtime = |name: &str| set(json!({"runtime": name}));
    scene.finds("action.runtime", runtime("node18-actions"), runtime("node22")).await;
    let packages = |packages: Value| set(json!({"dependencies": packages}));
    let some = json!([{"name": "lodash", "version": "4.17.21"}]);
    scene.finds("action.dependencies", packages(some), packages(json!([]))).await;
    let secrets = |names: &[&str]| {
        let secrets: Vec<Value> = names.iter().map(|name| json!({"name": name, "value": "v"})).collect();
        set(json!({"secrets": secrets}))
    };
    let both = ["COUNTERSIGN_URL", "COUNTERSIGN_KEY"];
    scene.finds("secret.missing", secrets(&both[..1]), secrets(&both)).await;
    let again = |scene: &Scene| scene.deploy_as("foreign", built_in(Trigger::PostLogin));
    let other = |scene: &Scene| scene.deploy_as("foreign", "exports.onExecutePostLogin = async () => {};");
    scene.finds("action.twice", again, other).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_log_stream_that_is_gone_or_narrowed_is_found() {
    let scene = Scene::start().await;
    let path = scene.path("/log-streams", "stream");
    let filters = |names: &[&str]| {
        let filters: Vec<Value> =
            names.iter().map(|name| json!({"type": "category", "name": name})).collect();
        let path = path.clone();
        move |scene: &Scene| drop(scene.call(Method::Patch, &path, json!({"filters": filters})))
    };
    scene.finds("log_stream.filtered", filters(&["auth.login.fail"]), filters(&LOG_CATEGORIES)).await;
    scene.finds("log_stream.filtered", filters(&LOG_CATEGORIES[1..]), filters(&[])).await;
    let again = |scene: &Scene| {
        let sink =
            json!({"httpEndpoint": "https://cs.example.com/v1/logs/acme", "httpContentFormat": "JSONLINES"});
        made(scene, "/log-streams", json!({"name": "Countersign logs", "type": "http", "sink": sink}));
    };
    let take = |scene: &Scene| drop(scene.call(Method::Delete, &path, Value::Null));
    scene.finds("log_stream.missing", take, again).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn an_event_stream_that_is_gone_disabled_or_led_elsewhere_is_found() {
    let scene = Scene::start().await;
    let destination = |to: &str| {
        let authorization = json!({"method": "bearer", "token": "t"});
        json!({"type": "webhook",
            "configuration": {"webhook_endpoint": to, "webhook_authorization": authorization}})
    };
    let create = |scene: &Scene| {
        let body = json!({"name": "Countersign events", "subscriptions": [{"event_type": "user.created"}],
            "destination": destination(EVENTS)});
        format!("/event-streams/{}", made(scene, "/event-streams", body))
    };
    left(&scene, &Installed { event_endpoint: Some(EVENTS.to_owned()), ..Installed::default() });
    let path = Mutex::new(create(&scene));
    assert_eq!(scene.codes().await, [""; 0], "as it was set up");
    let set = |change: Value| {
        let path = &path;
        move |scene: &Scene| drop(scene.call(Method::Patch, &path.lock(), change))
    };
    let status = |word: &str| set(json!({"status": word}));
    scene.finds("event_stream.disabled", status("disabled"), status("enabled")).await;
    let lead = |to: &str| set(json!({"destination": destination(to)}));
    scene.finds("event_stream.altered", lead("https://elsewhere.example/"), lead(EVENTS)).await;
    let take = |scene: &Scene| drop(scene.call(Method::Delete, &path.lock(), Value::Null));
    scene.finds("event_stream.missing", take, |scene| *path.lock() = create(scene)).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn limits_that_are_near_are_found() {
    let scene = Scene::start().await;
    let more: Mutex<Vec<String>> = Mutex::default();
    let add = |count: usize| {
        let more = &more;
        move |scene: &Scene| {
            let body = |number: usize| {
                json!({"name": format!("More {number}"), "code": "exports.onExecutePostLogin = async () => {};",
                    "runtime": "node22", "supported_triggers": [{"id": "post-login", "version": "v3"}]})
            };
            *more.lock() = (0..count).map(|number| made(scene, "/actions/actions", body(number))).collect();
        }
    };
    let take = |scene: &Scene| {
        scene.bind(&["ours", "foreign"]);
        for id in more.lock().drain(..) {
            scene.call(Method::Delete, &format!("/actions/actions/{id}"), Value::Null);
        }
    };
    scene.finds("limit.actions", add(88), take).await;
    let bind = |scene: &Scene| {
        add(16)(scene);
        scene.service.clock.advance(BUILD);
        let slot = |reference: Value, name: &str| json!({"ref": reference, "display_name": name});
        let named = |name: &str| slot(json!({"type": "action_name", "value": name}), name);
        let mut bindings = vec![named("Countersign post-login"), named("Other")];
        for id in more.lock().iter() {
            scene.call(Method::Post, &format!("/actions/actions/{id}/deploy"), Value::Null);
            bindings.push(slot(json!({"type": "action_id", "value": id}), id));
        }
        scene.call(Method::Patch, "/actions/triggers/post-login/bindings", json!({"bindings": bindings}));
    };
    scene.finds("limit.bindings", bind, take).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn what_the_log_and_the_headers_say_of_limits_and_failures_is_found() {
    let scene = Scene::start().await;
    // Why the log alone: its answer is the last of a look, so that nothing waits for the limit to recover.
    let logs = |entries: Value| move |scene: &Scene| scene.whims.set("/api/v2/logs", entries);
    let entry = |kind: &str| {
        let date = scene.service.clock.now().to_string();
        logs(json!([{"log_id": "9", "type": kind, "date": date}]))
    };
    scene.finds("limit.reached", entry("api_limit_warning"), logs(json!([]))).await;
    scene.finds("action.failing", entry("actions_execution_failed"), logs(json!([]))).await;
    let remaining = |left: u32| {
        move |scene: &Scene| {
            scene.service.clock.advance(Duration::from_secs(120));
            scene.whims.limits.lock().insert("/api/v2/logs".to_owned(), (50, left));
        }
    };
    scene.finds("limit.rate", remaining(9), remaining(50)).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn an_assessment_of_risk_beside_an_enforcing_policy_is_found() {
    let scene = Scene::start().await;
    let code = enforce(&scene).await;
    let ask =
        |word: &'static str| move |scene: &Scene| scene.whims.set("/api/v2/guardian/policies", json!([word]));
    scene.finds("guardian.adaptive", ask("confidence-score"), ask("all-applications")).await;
    let lax = code.replace("enforce: true", "enforce: false");
    scene.finds("action.enforce", |scene| scene.deploy(&lax), |scene| scene.deploy(&code)).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_policy_that_decides_nothing_or_lets_everybody_in_without_us_is_found() {
    let scene = Scene::start().await;
    apply(&scene, |document| document.tenant.modes = [(Trigger::PostLogin, Mode::Off)].into()).await;
    assert_eq!(scene.codes().await, ["policy.off"]);
    apply(&scene, |document| document.tenant.modes.clear()).await;
    assert_eq!(scene.codes().await, [""; 0]);
    let verdicts = countersign_policy::Verdicts { high: Verdict::Challenge, ..Default::default() };
    apply(&scene, |document| document.tenant.verdicts = Some(verdicts)).await;
    enforce(&scene).await;
    apply(&scene, |document| document.fallback = Fallback::Allow).await;
    let found = scene.codes().await;
    assert!(found.contains(&"policy.fallback"), "{found:?}");
    apply(&scene, |document| document.fallback = Fallback::Challenge).await;
    assert_eq!(scene.codes().await, [""; 0]);
}
