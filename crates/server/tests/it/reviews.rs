//! `/v1/reviews/{tenant}` and its pages: what waits for a person, how long, and what they say it was.

use std::time::Duration;

use countersign_app::reviews::{Mark, Settings};
use countersign_core::Level;
use countersign_ledger::leaf::Leaf;
use countersign_rights::{Grant, Place, Role};
use countersign_testkit::{TENANT, event_of};
use serde_json::{Value, json};

use crate::{
    plans::{PATH as PLANS, Scene, Somebody, block},
    world::{at_home, check_problem, id_of, show},
};

const PATH: &str = "/v1/reviews/example-tenant";

/// Facts of the leaves that are there.
async fn changes(scene: &Scene) -> Vec<String> {
    let tenant = scene.service.tenant();
    let leaves = scene.service.store.list_leaves(tenant.id(), 0, 1_000).await.unwrap();
    let told = leaves.iter().filter_map(|row| {
        let leaf = Leaf::decode(&row.leaf).unwrap();
        leaf.facts.get("change").cloned()
    });
    told.collect()
}

async fn decided(scene: &Scene, user: &str) -> String {
    id_of(&scene.service.decide(&at_home(user)).await)
}

async fn opened(scene: &Scene, who: &Somebody, decision: &str) -> Value {
    let body = json!({"decision": decision, "reason": "Anna called"});
    let answer = scene.post(who, PATH, body).await;
    assert_eq!(answer.status, 201, "{}", answer.json);
    answer.json
}

fn act(review: &Value, verb: &str) -> String {
    format!("{PATH}/{}/{verb}", review["id"].as_str().unwrap())
}

#[tokio::test]
async fn a_sign_up_of_high_risk_waits_by_itself_until_somebody_says_what_it_was() {
    let scene = Scene::start(json!({})).await;
    let tenant = scene.service.tenant();
    let audience = "customer_success".to_owned();
    let settings =
        Settings { sign_ups_from: Some(Level::Low), sign_up_audience: audience, ..Settings::default() };
    tenant.set_reviews(settings);
    let app = &scene.service.app;
    let event = event_of("post-user-registration");
    let decision = id_of(&scene.service.ask("post-user-registration", &event).await);
    decided(&scene, "auth0|1").await;
    assert_eq!(app.queue_sign_ups(&tenant).await.unwrap(), 1, "a sign-in is none");
    assert_eq!(app.queue_sign_ups(&tenant).await.unwrap(), 0);
    let later = id_of(&scene.service.ask("post-user-registration", &event).await);
    assert_eq!(app.queue_sign_ups(&tenant).await.unwrap(), 1);
    let ana = scene.person("ana", &[Role::Analyst]).await;
    let page = scene.send(&ana, "GET", &format!("{PATH}?audience=customer_success"), &Value::Null).await.json;
    let reviews = page["reviews"].as_array().unwrap();
    // Both were made in the same moment.
    let of = |decision: &str| reviews.iter().find(|review| review["decision"] == decision).unwrap();
    assert_eq!((reviews.len(), &of(&later)["decision"]), (2, &json!(later)));
    let review = of(&decision);
    assert_eq!((&review["origin"], &review["opener"]), (&json!("risk"), &json!("reviews")));
    assert_eq!(review["trigger"], "post-user-registration");
    let body = |version: u64| json!({"version": version, "verdict": "fraudulent", "reason": "a bot"});
    check_problem(&scene.post(&ana, &act(review, "verdict"), body(9)).await, 409, "stale");
    let closed = scene.post(&ana, &act(review, "verdict"), body(1)).await;
    assert_eq!((closed.status, &closed.json["outcome"]), (200, &json!("recorded")), "{}", closed.json);
    assert_eq!(closed.json["review"]["verdict"], "fraudulent");
    check_problem(&scene.post(&ana, &act(review, "verdict"), body(2)).await, 409, "review.closed");
    assert_eq!(show(&scene.service, &decision).await["standing"], "fraudulent", "an outcome of the decision");
    let shown =
        scene.send(&ana, "GET", &format!("{PATH}/{}", review["id"].as_str().unwrap()), &Value::Null).await;
    assert_eq!(
        (&shown.json["closing"], &shown.json["closed_by"].is_string()),
        (&json!("[free_text]"), &true)
    );
    let changes = changes(&scene).await;
    assert!(changes.iter().filter(|change| *change == "review_opened").count() == 2, "{changes:?}");
    assert!(changes.contains(&"review_closed".to_owned()));
}

#[tokio::test]
async fn a_decision_is_put_there_once_given_away_and_written_about() {
    let scene = Scene::start(json!({})).await;
    let pia = scene.person("pia", &[Role::Approver]).await;
    let decision = decided(&scene, "auth0|1").await;
    for (body, status, code) in [
        (json!({"decision": "dec_none", "reason": "x"}), 404, "not_found"),
        (json!({"decision": decision, "reason": " "}), 422, "incident.invalid"),
        (json!({"decision": decision, "reason": "x", "audience": "A b"}), 422, "review.invalid"),
        (json!({"decision": decision}), 422, "body.shape"),
    ] {
        check_problem(&scene.post(&pia, PATH, body).await, status, code);
    }
    let review = opened(&scene, &pia, &decision).await;
    assert_eq!((&review["origin"], &review["audience"]), (&json!("person"), &json!("security")));
    let twice = scene.post(&pia, PATH, json!({"decision": decision, "reason": "again"})).await;
    check_problem(&twice, 409, "review.exists");
    let hand = json!({"version": 1, "assignee": "noa", "priority": 3});
    let given = scene.post(&pia, &act(&review, "assign"), hand.clone()).await;
    assert_eq!((given.status, &given.json["version"]), (200, &json!(2)), "{}", given.json);
    assert!(given.json["due"].as_str() < review["due"].as_str(), "what presses more is due sooner");
    check_problem(&scene.post(&pia, &act(&review, "assign"), hand).await, 409, "stale");
    let comment = json!({"text": "Anna again"});
    assert_eq!(scene.post(&pia, &act(&review, "comments"), comment).await.status, 200);
    let id = review["id"].as_str().unwrap();
    let masked = scene.send(&pia, "GET", &format!("{PATH}/{id}"), &Value::Null).await.json;
    let page = scene.page(&pia, &format!("/reviews/{id}?tenant={TENANT}")).await;
    let list = scene.page(&pia, &format!("/reviews?tenant={TENANT}")).await;
    assert!(list.contains(id) && ![masked.to_string(), page, list].iter().any(|text| text.contains("Anna")));
    let open = scene.post(&pia, &act(&review, "reveal"), json!({"reason": "to judge it"})).await;
    assert_eq!((open.status, &open.json["review"]["because"]), (200, &json!("Anna called")));
    assert_eq!(open.json["review"]["remarks"][0]["text"], "Anna again");
    let verdict = json!({"version": 2, "verdict": "legitimate", "reason": "it was her"});
    check_problem(&scene.post(&pia, &act(&review, "verdict"), verdict).await, 403, "denied");
    for query in ["status=waiting", "before=%27", "page=2"] {
        check_problem(
            &scene.send(&pia, "GET", &format!("{PATH}?{query}"), &Value::Null).await,
            422,
            "query.shape",
        );
    }
}

#[tokio::test]
async fn who_administers_an_organization_judges_its_own_decisions_alone() {
    let scene = Scene::start(json!({})).await;
    let pia = scene.person("pia", &[Role::Approver]).await;
    let mut reviews = Vec::new();
    for organization in ["org_ours", "org_theirs"] {
        let mut event = at_home("auth0|1");
        event["organization"]["id"] = organization.into();
        let decision = id_of(&scene.service.decide(&event).await);
        reviews.push(opened(&scene, &pia, &decision).await);
    }
    let at = Place::Organization(TENANT.parse().unwrap(), "org_ours".parse().unwrap());
    scene.service.grant("tia", vec![Grant::new(Role::TenantAdmin, at).unwrap()]).await;
    let tia = Somebody("cookie", scene.service.session_of("tia").await);
    let verdict = json!({"version": 1, "verdict": "legitimate", "reason": "one of ours"});
    check_problem(&scene.post(&tia, &act(&reviews[1], "verdict"), verdict.clone()).await, 404, "not_found");
    assert_eq!(scene.post(&tia, &act(&reviews[0], "verdict"), verdict).await.status, 200);
    check_problem(&scene.send(&tia, "GET", PATH, &Value::Null).await, 403, "denied");
}

#[tokio::test]
async fn what_nobody_looked_at_in_time_presses_more_and_is_told() {
    let scene = Scene::start(json!({})).await;
    let mia = scene.person("mia", &[Role::Operator]).await;
    let decision = decided(&scene, "auth0|1").await;
    let review = opened(&scene, &mia, &decision).await;
    let plan = scene.proposed(&mia, &[block("auth0|1")]).await;
    let (app, tenant) = (&scene.service.app, scene.service.tenant());
    assert_eq!(app.escalate(&tenant).await.unwrap(), 0);
    scene.service.clock.advance(Duration::from_secs(13 * 3_600));
    assert_eq!(app.escalate(&tenant).await.unwrap(), 1, "half of the plan's time is over");
    assert_eq!(app.escalate(&tenant).await.unwrap(), 0);
    let again = Somebody("cookie", scene.service.session_of("mia").await);
    let shown =
        scene.send(&again, "GET", &format!("{PLANS}/{}", plan["id"].as_str().unwrap()), &Value::Null).await;
    assert_eq!(
        (&shown.json["plan"]["priority"], &plan["priority"]),
        (&json!(2), &json!(1)),
        "{}",
        shown.json
    );
    scene.service.clock.advance(Duration::from_secs(90 * 3_600));
    assert_eq!(app.escalate(&tenant).await.unwrap(), 1, "a plan whose time is over is not told of");
    let again = Somebody("cookie", scene.service.session_of("mia").await);
    let shown = scene
        .send(&again, "GET", &format!("{PATH}/{}", review["id"].as_str().unwrap()), &Value::Null)
        .await
        .json;
    let before = review["priority"].as_u64().unwrap();
    assert_eq!((&shown["priority"], shown["escalated"].is_string()), (&json!(before + 1), true), "{shown}");
    let overdue = scene.send(&again, "GET", &format!("{PATH}?overdue=true"), &Value::Null).await.json;
    assert_eq!(overdue["reviews"], json!([]), "its time begins anew");
    let changes = changes(&scene).await;
    assert!(
        changes.contains(&"review_overdue".to_owned()) && changes.contains(&"overdue".to_owned()),
        "{changes:?}"
    );
}

#[tokio::test]
async fn a_user_under_review_is_marked_by_a_plan_and_cleared_by_the_verdict_s() {
    let scene = Scene::start(json!({})).await;
    scene.service.tenant().set_reviews(Settings {
        mark: Some(Mark::AppMetadata("countersign_review".to_owned())),
        ..Settings::default()
    });
    let mia = scene.person("mia", &[Role::Operator, Role::Analyst]).await;
    let noa = scene.person("noa", &[Role::Approver]).await;
    let decision = decided(&scene, "auth0|1").await;
    let review = opened(&scene, &mia, &decision).await;
    let countersign = async |plan: &Value| {
        let id = plan.as_str().unwrap();
        let hash = json!({"hash": scene.show(&noa, id).await["plan"]["hash"]});
        assert_eq!(scene.post(&noa, &format!("{PLANS}/{id}/approve"), hash).await.status, 200);
        scene.run().await;
    };
    let mark = |scene: &Scene| {
        let world = scene.world.lock();
        world.find("users", "auth0|1").unwrap()["app_metadata"]["countersign_review"].clone()
    };
    countersign(&review["mark"]).await;
    assert_eq!(mark(&scene), "under_review");
    // Whoever gives the verdict need not be able to undo anything else.
    let ana = scene.person("ana", &[Role::Analyst]).await;
    let undo = format!("{PLANS}/{}/undo", review["mark"].as_str().unwrap());
    check_problem(&scene.post(&ana, &undo, json!({})).await, 403, "denied");
    let verdict = json!({"version": 2, "verdict": "legitimate", "reason": "it was her"});
    let closed = scene.post(&ana, &act(&review, "verdict"), verdict).await;
    assert_eq!(closed.status, 200, "{}", closed.json);
    let clearing = scene.show(&noa, closed.json["review"]["clearing"].as_str().unwrap()).await;
    let plan = &clearing["plan"];
    assert_eq!((&plan["proposer"], &plan["undoes"]), (&json!("reviews"), &review["mark"]));
    countersign(&closed.json["review"]["clearing"]).await;
    assert_eq!(mark(&scene), Value::Null);
}

#[tokio::test]
async fn a_sign_up_that_two_actions_ask_about_is_one_review_and_its_account_is_marked_and_judged_by_it() {
    let scene = Scene::start(json!({})).await;
    let tenant = scene.service.tenant();
    let mark = Some(Mark::AppMetadata("countersign_review".to_owned()));
    tenant.set_reviews(Settings { sign_ups_from: Some(Level::Low), mark, ..Settings::default() });
    let mut asked = event_of("pre-user-registration");
    asked["user"]["email"] = json!("ann@acme.example");
    let mut made = event_of("post-user-registration");
    (made["user"]["email"], made["connection"]) =
        (asked["user"]["email"].clone(), asked["connection"].clone());
    made["user"]["user_id"] = json!("auth0|1");
    let before = id_of(&scene.service.ask("pre-user-registration", &asked).await);
    let app = &scene.service.app;
    assert_eq!(app.queue_sign_ups(&tenant).await.unwrap(), 1);
    let after = id_of(&scene.service.ask("post-user-registration", &made).await);
    assert_eq!(app.queue_sign_ups(&tenant).await.unwrap(), 0, "it is the same sign-up");
    let ana = scene.person("ana", &[Role::Analyst]).await;
    let page = scene.send(&ana, "GET", PATH, &Value::Null).await.json;
    let [review] = &page["reviews"].as_array().unwrap()[..] else { panic!("{page}") };
    assert_eq!(review["decision"], before);
    let plan = scene.show(&ana, review["mark"].as_str().unwrap()).await;
    assert_eq!((&plan["plan"]["state"], &plan["plan"]["users"]), (&json!("proposed"), &json!(1)), "{plan}");
    let verdict = json!({"version": review["version"], "verdict": "fraudulent", "reason": "a bot"});
    assert_eq!(scene.post(&ana, &act(review, "verdict"), verdict).await.status, 200);
    for decision in [&before, &after] {
        assert_eq!(show(&scene.service, decision).await["standing"], "fraudulent");
    }
    let mut other = made.clone();
    other["user"]["email"] = json!("bo@acme.example");
    scene.service.ask("post-user-registration", &other).await;
    assert_eq!(app.queue_sign_ups(&tenant).await.unwrap(), 1, "nobody asked before that one was made");
}
