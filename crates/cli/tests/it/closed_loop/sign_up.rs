//! A sign-up of high risk: marked, queued for a person, and stepped up when it first signs in.

use std::time::Duration;

use countersign_sandbox::simulate::{Kind, Outcome};
use serde_json::{Value, json};

use super::scene::{DUBLIN, PASSWORD, Scene, visit};
use crate::world::{TENANT, now, pause};

/// Sign-ups are queued each minute.
const QUEUED: Duration = Duration::from_secs(75);

/// A provider of addresses that last for minutes.
const EMAIL: &str = "jane.miller@mailinator.com";

impl Scene {
    fn newcomer(&self, kind: Kind, order: &Value) -> Outcome {
        let mut whole = json!({"password": PASSWORD, "visit": visit("198.51.100.7", DUBLIN)});
        whole.as_object_mut().unwrap().extend(order.as_object().cloned().unwrap());
        self.play(kind, &whole)
    }

    fn reviews(&self) -> Vec<Value> {
        self.read(&format!("/v1/reviews/{TENANT}"))["reviews"].as_array().unwrap().clone()
    }
}

/// The review of the sign-up, once it names the plan by which the account is marked.
fn marked(scene: &Scene) -> Value {
    let began = now();
    loop {
        let reviews = scene.reviews();
        if let [review] = &reviews[..]
            && review["mark"].is_string()
        {
            return review.clone();
        }
        assert!(began.elapsed() < QUEUED && reviews.len() < 2, "{reviews:?}");
        pause();
    }
}

#[test]
fn a_sign_up_of_high_risk_is_marked_queued_once_and_stepped_up_at_its_first_sign_in() {
    let scene = Scene::start(&[("REVIEWS__MARK", "app_metadata:review")]);
    let made = scene.newcomer(Kind::SignUp, &json!({"profile": {"email": EMAIL, "name": "Jane Miller"}}));
    assert_eq!((made.kind, made.executions.len()), ("done", 2), "both Actions ran: {made:?}");
    let user = made.user_id.unwrap();
    let metadata = |key: &str| scene.of_user(&user, "")["app_metadata"][key].clone();
    assert_eq!(metadata("countersign")["level"], "high", "at once, by the Action");

    scene.enroll(&user);
    let asked = scene.newcomer(Kind::Login, &json!({"user": EMAIL}));
    assert_eq!((asked.kind, &asked.tokens), ("challenge", &None));
    assert_eq!(scene.newest_decision()["decision"]["because"], json!(["owed"]));

    let (noa, ana) = (scene.person("noa", &["approver"]), scene.person("ana", &["analyst"]));
    let review = marked(&scene);
    assert_eq!((&review["origin"], &review["level"]), (&json!("risk"), &json!("high")));
    assert_eq!(metadata("review"), Value::Null, "nobody countersigned yet");
    scene.countersigned(&noa, &review["mark"]);
    assert_eq!(metadata("review"), "under_review");

    let path = format!("/v1/reviews/{TENANT}/{}/verdict", review["id"].as_str().unwrap());
    let verdict =
        json!({"version": review["version"], "verdict": "legitimate", "reason": "a customer of ours"});
    let closed = scene.done(&ana, &path, &verdict);
    assert_eq!(
        (&closed["outcome"], &closed["review"]["verdict"]),
        (&json!("recorded"), &json!("legitimate"))
    );
    scene.countersigned(&noa, &closed["review"]["clearing"]);
    assert_eq!(metadata("review"), Value::Null);
    let again = scene.newcomer(Kind::Login, &json!({"user": EMAIL, "factor": "phone"}));
    assert_eq!(again.kind, "done", "{again:?}");
}
