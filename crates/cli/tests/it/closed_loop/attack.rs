//! Somebody guesses passwords, and gets in with a code that they got out of the person.

use countersign_core::Timestamp;
use countersign_sandbox::simulate::Kind;
use serde_json::{Value, json};

use super::scene::{DUBLIN, LIMA, PASSWORD, Scene, visit};
use crate::world::{TENANT, until};

/// Wrong passwords before the right one.
const GUESSES: usize = 6;

/// Whose account it is, and what the attacker has of it.
pub struct Attacked {
    pub user: String,
    pub email: String,
    pub refresh_token: String,
    pub session: String,
    /// What was decided about the attacker's sign-in.
    pub decision: String,
    /// Where the person signs in from.
    home: Value,
}

impl Attacked {
    /// The person signs in themselves.
    pub fn comes_home(&self, scene: &Scene) -> countersign_sandbox::simulate::Outcome {
        let own = json!({"user": self.email, "password": PASSWORD, "factor": "phone", "visit": self.home});
        scene.play(Kind::Login, &own)
    }
}

/// Somebody whose account is taken over, each from an address of its own.
pub fn attack(scene: &Scene, number: u32) -> Attacked {
    let email = format!("ann{number}@example.com");
    let user = scene.user(&email);
    let home = visit(&format!("2001:db8:100{number:x}::7"), DUBLIN);
    let mut attacked = Attacked {
        user,
        email,
        refresh_token: String::new(),
        session: String::new(),
        decision: String::new(),
        home,
    };
    assert_eq!(attacked.comes_home(scene).kind, "done");
    let away = away(number);
    for _ in 0..GUESSES {
        let wrong = json!({"user": attacked.email, "password": "a guess", "visit": away});
        assert_eq!(scene.play(Kind::Login, &wrong).logs, ["fp"]);
    }
    let right = json!({"user": attacked.email, "password": PASSWORD, "factor": "phone", "visit": away});
    let in_it = scene.play(Kind::Login, &right);
    assert_eq!(in_it.kind, "done", "{in_it:?}");
    attacked.session = in_it.session_id.unwrap();
    attacked.refresh_token = in_it.tokens.unwrap().refresh_token.unwrap();
    attacked.decision = scene.newest_decision()["decision_id"].as_str().unwrap().to_owned();
    attacked
}

/// Where an attacker comes from: a network of its own, so that each attack is an incident of its own.
pub fn away(number: u32) -> Value {
    visit(&format!("2001:db8:{number:x}::9"), LIMA)
}

fn time(value: &Value) -> Timestamp {
    value.as_str().unwrap().parse().unwrap()
}

/// From the arrival of the entry that shows it to the alert that opens an incident, of each incident, in seconds: both by the service's
/// clock, as the service tells them.
pub fn alerted_after(scene: &Scene, incidents: usize) -> Vec<f64> {
    let path = format!("/v1/alerts/{TENANT}");
    let alerts = || {
        let all = scene.read(&path)["alerts"].as_array().unwrap().clone();
        all.into_iter().filter(|alert| alert["detector"] == "success_after_failures").collect::<Vec<_>>()
    };
    until("the alerts", || alerts().len() >= incidents);
    let after = alerts().into_iter().map(|alert| {
        let alert = scene.read(&format!("{path}/{}", alert["id"].as_str().unwrap()));
        let ids: Vec<&str> =
            alert["log_ids"].as_array().unwrap().iter().map(|id| id.as_str().unwrap()).collect();
        let entries = scene.read(&format!("/v1/logs/{TENANT}?log_ids={}", ids.join(",")));
        let arrived =
            entries["entries"].as_array().unwrap().iter().map(|entry| time(&entry["arrived"])).max();
        let incident = scene.read(&format!("/v1/incidents/{TENANT}/{}", alert["incident"].as_str().unwrap()));
        // Each attack opens an incident of its own, by what its last entry shows.
        assert_eq!(incident["users"].as_array().unwrap().len(), 1, "{incident}");
        f64::from(u32::try_from(time(&incident["opened"]).since(arrived.unwrap())).unwrap()) / 1e6
    });
    after.collect()
}
