//! From an attack in the log to an account that is shut, and back.

use std::fs;

use base64::{Engine, engine::general_purpose::STANDARD};
use countersign_sandbox::{
    simulate::{Kind, Outcome},
    tenant::Method,
};
use serde_json::{Value, json};

use super::{
    attack::{Attacked, alerted_after, attack, away},
    plans::of_plan,
    scene::{PASSWORD, Scene, segment},
};
use crate::world::{TENANT, complained, run, sign_in, told, until};

/// Accounts that are taken over; the time to the alert is judged by the middle one, so that one turn of a busy machine decides nothing.
const ATTACKS: u32 = 3;

/// Within which an alert is there, in seconds (requirement R61).
const SOON: f64 = 1.0;

/// What marks a contained account at the tenant.
const MARK: &str = "countersign_contained";

impl Scene {
    /// A user as the tenant has them, without when that changed; who was never blocked is as who is not any more.
    fn document(&self, user: &str) -> Value {
        let mut user = self.of_user(user, "");
        let fields = user.as_object_mut().unwrap();
        fields.retain(|name, value| name != "updated_at" && (name != "blocked" || *value == true));
        user
    }

    /// The attacker tries the password, from where they came.
    fn attacker_tries(&self, of: &Attacked) -> Outcome {
        let order = json!({"user": of.email, "password": PASSWORD, "factor": "phone", "visit": away(1)});
        self.play(Kind::Login, &order)
    }

    fn standing(&self, decision: &str) -> Value {
        self.read(&format!("/v1/decisions/{decision}?tenant={TENANT}"))["standing"].clone()
    }
}

/// The tenant lets nobody on by what the attacker has: password, session, refresh token.
fn assert_shut_out(scene: &Scene, of: &Attacked) {
    let user = scene.document(&of.user);
    assert!(user["blocked"] == true && !user["app_metadata"][MARK].is_null(), "{user}");
    for (path, list) in [("/sessions", "sessions"), ("/refresh-tokens", "tokens")] {
        assert_eq!(scene.of_user(&of.user, path)[list], json!([]));
    }
    let refresh = json!({"refresh_token": of.refresh_token, "visit": away(1)});
    let silent = json!({"session_id": of.session, "prompt": "none", "visit": away(1)});
    for (kind, order) in [(Kind::Refresh, refresh), (Kind::Login, silent)] {
        let refused = scene.play(kind, &order);
        assert_eq!((refused.kind, &refused.tokens, refused.executions.len()), ("refused", &None, 0));
    }
    let refused = scene.attacker_tries(of);
    assert_eq!((refused.kind, refused.executions.len()), ("refused", 0), "before any Action is asked");
}

/// Nor does the service: where the session lives still, as at a tenant that ends it late, and where somebody lifts the block by hand.
fn assert_denied(scene: &Scene, of: &Attacked) {
    let mut event = sign_in(&of.user);
    event["user"]["app_metadata"] = scene.document(&of.user)["app_metadata"].clone();
    event["session"] = json!({"id": of.session});
    let answer = scene.question("msg_session", &event);
    assert_eq!(answer["effects"][0]["call"], "access.deny", "{answer}");
    let path = format!("/users/{}", segment(&of.user));
    scene.sandbox.call(Method::Patch, &path, json!({"blocked": false}));
    let refused = scene.attacker_tries(of);
    assert_eq!((refused.kind, refused.executions.len()), ("refused", 1), "the Action refuses: {refused:?}");
    let decided = scene.newest_decision();
    let because = &decided["decision"]["because"];
    assert_eq!((&decided["verdict"], because), (&json!("deny"), &json!(["contained"])), "{decided}");
    scene.sandbox.call(Method::Patch, &path, json!({"blocked": true}));
}

/// The ledger tells of all of a plan, and of how many steps.
fn assert_told(scene: &Scene, plan: &Value, steps: usize) {
    let told = scene.told_of(plan);
    let counts: Vec<(&str, usize)> =
        told.iter().map(|(change, leaves)| (change.as_str(), leaves.len())).collect();
    let once = ["approved", "begun", "finished", "proposed"].map(|change| (change, 1));
    let each = ["step_ended", "step_intended"].map(|change| (change, steps));
    assert_eq!(counts, [&once[..], &each[..]].concat());
    let (approved, hash) = (&told["approved"][0], scene.read(&of_plan(plan, ""))["plan"]["hash"].clone());
    assert_eq!((&approved["facts"]["actor_type"], &approved["hashes"]["plan"]), (&json!("person"), &hash));
}

#[test]
fn an_attack_in_the_log_is_answered_countersigned_enforced_and_taken_back() {
    let scene = Scene::start(&[]);
    let attacked: Vec<Attacked> = (1..=ATTACKS).map(|number| attack(&scene, number)).collect();
    let first = &attacked[0];
    let mut after = alerted_after(&scene, attacked.len());
    after.sort_by(f64::total_cmp);
    println!("from the arrival of the entry to the alert: {after:?} s");
    assert!(after[after.len() / 2] < SOON, "{after:?}");

    until("the plans", || scene.plans("proposed").len() == attacked.len());
    let (mia, noa) = (scene.person("mia", &["operator", "approver"]), scene.person("noa", &["approver"]));
    let plan = scene.plan_for(&noa, &first.user);
    assert_eq!((&plan["origin"], &plan["proposer"]), (&json!("incident"), &json!("playbook")));
    let before = scene.document(&first.user);
    assert_eq!(before["app_metadata"], json!({"plan": "gold"}), "nobody countersigned yet");
    let plan = &plan["id"];
    let done = scene.countersigned(&noa, plan);
    let steps = done["steps"].as_array().unwrap();
    let kinds: Vec<&str> = steps.iter().map(|step| step["kind"].as_str().unwrap()).collect();
    assert_eq!(kinds, ["set_app_metadata", "block_user", "revoke_access"], "{done}");
    assert_shut_out(&scene, first);
    assert_denied(&scene, first);

    let back = scene.done(&mia, &of_plan(plan, "/undo"), &json!({}));
    let own = scene.ask(&mia, "POST", &of_plan(&back["id"], "/approve"), &json!({"hash": back["hash"]}));
    assert_eq!((own.0, &own.1["code"]), (409, &json!("plan.own")), "whoever proposes does not agree");
    assert_eq!(scene.document(&first.user)["blocked"], true, "to propose it lifts nothing");
    let back = &back["id"];
    scene.countersigned(&noa, back);
    assert_eq!(scene.document(&first.user), before);
    assert_eq!(first.comes_home(&scene).kind, "done");
    let last = scene.newest_decision()["decision_id"].as_str().unwrap().to_owned();
    until("what became of the last sign-in", || scene.standing(&last) == "completed");

    // The attacker's own went through, too, until a person says what it was.
    assert_eq!(scene.standing(&first.decision), "completed");
    let verdict = json!({"kind": "verdict", "decision_id": first.decision, "verdict": "fraudulent"});
    assert_eq!(scene.operate("/v1/outcomes", &verdict)["outcome"], "recorded");
    assert_eq!(scene.standing(&first.decision), "fraudulent");
    for (plan, steps) in [(plan, 3), (back, 2)] {
        until("our writes in the tenant's log", || scene.steps_in_the_log(plan).len() == steps);
        assert_told(&scene, plan, steps);
    }
    assert_verifies(scene, plan);
}

/// Offline, by files alone: the whole ledger against a checkpoint that was kept elsewhere, and the approval by its receipt.
fn assert_verifies(scene: Scene, plan: &Value) {
    let approval = scene.told_of(plan)["approved"][0]["id"].as_str().unwrap().to_owned();
    let Scene { service, home, .. } = scene;
    service.stop();
    let home = home.path();
    let runs = |arguments: &[&str]| {
        let output = run(home, arguments);
        assert!(output.status.success(), "{arguments:?}: {}{}", told(&output), complained(&output));
    };
    runs(&["ledger", "export", "--data", "data", "--out", "proof", "--record", &approval]);
    runs(&["verify", "--receipt", "proof/receipt.json", "--verifier", "proof/verifier.key"]);
    runs(&[
        "verify",
        "--data",
        "data",
        "--verifier",
        "proof/verifier.key",
        "--checkpoint",
        "proof/checkpoint",
    ]);
    let receipt: Value = serde_json::from_slice(&fs::read(home.join("proof/receipt.json")).unwrap()).unwrap();
    let leaf = STANDARD.decode(receipt["leaf"].as_str().unwrap()).unwrap();
    assert_eq!(serde_json::from_slice::<Value>(&leaf).unwrap()["id"], *approval);
}
