//! A model is fitted to what became of a tenant's own sign-ins, compared, promoted and taken back, by a running service.

use std::{collections::BTreeMap, fs, path::Path, process::Output};

use countersign_core::Timestamp;
use serde_json::{Value, json};

use crate::world::{
    Client, Service, TENANT, complained, countersign, leaves, run, seconds, sign_in, told, until,
};

/// Rounds of [`round`]: the last 30 % of them have some more than the 20 attacks and 500 honest sign-ins that it takes.
const ROUNDS: usize = 90;

/// Sign-ins of a round.
const A_ROUND: usize = 21;

/// Honest people, each with a block of their own.
const PEOPLE: usize = 30;

/// What asks a service: an id for each request.
struct Asking {
    client: Client,
    asked: usize,
}

impl Asking {
    fn of(service: &Service) -> Self {
        Self { client: service.client(), asked: 0 }
    }

    /// The bytes of a request, and the answer to them; again where the machine was too busy, of which the service says that
    /// nothing was decided or kept.
    fn ask(&mut self, question: impl Fn(&Client, &str) -> Vec<u8>) -> Value {
        let mut answered = Value::Null;
        until("an answer", || {
            self.asked += 1;
            let bytes = question(&self.client, &format!("msg_{}_{}", std::process::id(), self.asked));
            let answer = self.client.send(&bytes).unwrap();
            assert!([200, 503].contains(&answer.status), "{}", answer.text());
            answered = answer.json();
            answer.status == 200
        });
        answered
    }

    fn decide(&mut self, event: &Value) -> String {
        self.ask(|client, id| client.question(id, event))["decision_id"].as_str().unwrap().to_owned()
    }

    /// As an Action tells that a sign-in went through.
    fn complete(&mut self, decision: &str) {
        let outcome = json!({ "kind": "completed", "decision_id": decision });
        self.ask(|client, id| client.signed("/v1/outcomes", id, &outcome));
    }

    /// As a person says who it was.
    fn judge(&mut self, decision: &str, verdict: &str) {
        let outcome = json!({ "kind": "verdict", "decision_id": decision, "verdict": verdict });
        self.ask(|client, _| client.operated("/v1/outcomes", &outcome));
    }
}

/// A new session of one of the people at home, or of a stranger with their password.
fn event(person: usize, is_stranger: bool) -> Value {
    let mut event = sign_in(&format!("auth0|person{person}"));
    let now = Timestamp::from_seconds(seconds());
    event["session"] = json!({ "id": format!("s{person}-{is_stranger}-{}", now.micros()), "created_at": now,
        "authenticated_at": now, "device": {} });
    event["request"]["ip"] = json!(format!("203.0.{}.24", 100 + person));
    if is_stranger {
        event["request"]["ip"] = json!(format!("198.51.100.{}", 10 + person));
        event["request"]["asn"] = json!("64511");
        event["request"]["user_agent"] =
            json!("Mozilla/5.0 (X11; Linux x86_64; rv:128.0) Gecko/20100101 Firefox/128.0");
        event["request"]["geoip"] =
            json!({ "countryCode": "DE", "latitude": 50.1, "longitude": 8.68, "timeZone": "Europe/Berlin" });
    }
    event
}

/// Twenty people sign in, half of them with a person's word for it, and a stranger who is reported.
fn round(asking: &mut Asking, number: usize) {
    for turn in 1..A_ROUND {
        let id = asking.decide(&event((number + turn) % PEOPLE, false));
        if turn % 2 == 0 { asking.judge(&id, "legitimate") } else { asking.complete(&id) }
    }
    let id = asking.decide(&event(number % PEOPLE, true));
    asking.judge(&id, "fraudulent");
}

fn start(home: &Path) -> Service {
    let mut command = countersign(home);
    let limit = format!("COUNTERSIGN__TENANTS__{TENANT}__LIMITS__DECISIONS_PER_SECOND");
    command.env(limit, "0");
    Service::start_by(command, home)
}

fn model(home: &Path, arguments: &[&str]) -> Output {
    run(home, &[&["model"], arguments, &["--data", "data", "--tenant", TENANT]].concat())
}

fn done(home: &Path, arguments: &[&str]) -> String {
    let output = model(home, arguments);
    assert!(output.status.success(), "{arguments:?}: {}", complained(&output));
    told(&output)
}

/// The records of the decisions since a second, as an operator opens them, by the decisions' ids.
fn records(home: &Path, url: &str, since: i64) -> BTreeMap<String, Value> {
    let since = Timestamp::from_seconds(since).to_string();
    let data = ["--url", url, "--data", "data", "--tenant", TENANT, "--since", &since];
    let output =
        run(home, &[&["decisions", "export", "--open", "--reason", "labels of a test"], &data[..]].concat());
    assert!(output.status.success(), "{}", complained(&output));
    let lines = told(&output);
    let lines = lines.lines().map(|line| serde_json::from_str::<Value>(line).unwrap());
    lines.map(|line| (line["decision_id"].as_str().unwrap().to_owned(), line["record"].clone())).collect()
}

/// The newest public leaf with this fact.
fn act(service: &Service, change: &str) -> Value {
    let told = leaves(&service.data);
    told.into_iter().rev().find(|leaf| leaf["facts"]["change"] == change).unwrap()
}

#[test]
fn a_model_of_a_tenants_own_labels_is_trained_compared_promoted_and_rolled_back() {
    let home = tempfile::tempdir().unwrap();
    let home = home.path();
    let service = start(home);
    let url = format!("http://{}", service.host);
    let there = ["--url", &*url, "--actor", "mia"];
    let mut asking = Asking::of(&service);
    round(&mut asking, 0);
    // Why later: that nobody complains of a sign-in says something after three days.
    let later = Timestamp::from_seconds(seconds() + 4 * 86_400).to_string();
    let train = |flags: &[&str]| model(home, &[&["train", "--made-at", &later], flags].concat());
    let few = train(&there);
    assert_eq!(few.status.code(), Some(3));
    let wanted = "nothing was written: there are 0 attacks and 14 honest sign-ins to fit a model with; it takes 20 and 500";
    assert!(complained(&few).contains(wanted), "{}", complained(&few));
    (1..ROUNDS).for_each(|number| round(&mut asking, number));

    let [first, second] = ["one.json", "two.json"].map(|file| {
        let printed = train(&["--out", file]);
        assert!(told(&printed).starts_with("Judged on 27 attacks and 540 honest sign-ins"), "{printed:?}");
        fs::read(home.join(file)).unwrap()
    });
    assert!(first == second, "the same labels give the same bytes");
    let taken = train(&there);
    assert!(told(&taken).contains("is version 1; it holds nowhere"), "{}", complained(&taken));
    let again = train(&there);
    assert!(complained(&again).contains("the same model is version 1 already"), "{}", complained(&again));
    let shown: Value = serde_json::from_str(&done(home, &["show", "1", "--json", "--url", &url])).unwrap();
    assert_eq!(shown, serde_json::from_slice::<Value>(&first).unwrap());
    check_card(&shown["card"]);
    assert!(done(home, &["show", "1", "--url", &url]).contains(": 27 fraudulent, 540 legitimate\n  AUC "));

    stand_and_fall(home, &service, &mut asking);
    service.stop();
    assert_eq!(run(home, &["verify", "--data", "data"]).status.code(), Some(0));
}

/// The card names the labels, and figures on sign-ins that came after those that it was fitted to.
fn check_card(card: &Value) {
    assert_eq!(card["parent"].as_str().unwrap().split('@').next(), Some("baseline"), "{card}");
    let labels = card["trained_on"]["labels"].as_array().unwrap();
    let source = |name: &str| labels.iter().find(|label| label["source"] == name).unwrap();
    assert_eq!(source("verdict_fraudulent")["fraudulent"], 63);
    assert_eq!(source("verdict_legitimate")["legitimate"], 630);
    assert_eq!(source("no_complaint")["legitimate"], 630);
    let measured = &card["evaluated_on"];
    let time = |value: &Value| value.as_str().unwrap().parse::<Timestamp>().unwrap();
    assert!(time(&card["trained_on"]["until"]) <= time(&measured["from"]), "{card}");
    assert!(time(&measured["from"]) < time(&measured["until"]), "{card}");
    assert_eq!((&measured["fraudulent"], &measured["legitimate"]), (&json!(27), &json!(540)));
    assert!(measured["auc"].as_f64().unwrap() > 0.9, "{card}");
}

/// Version 1 is challenger, then champion, then neither; each shows in the next decision.
fn stand_and_fall(home: &Path, service: &Service, asking: &mut Asking) {
    let url = format!("http://{}", service.host);
    let there = ["--url", &*url, "--actor", "mia"];
    let decided = |asking: &mut Asking| {
        let since = seconds();
        // Why: what was run since the last one took longer than an idle connection is kept.
        asking.client = service.client();
        let id = asking.decide(&event(3, true));
        (records(home, &url, since).remove(&id).unwrap(), id)
    };
    let (alone, _) = decided(asking);
    assert!(alone["challenger"].is_null(), "{alone}");
    let shipped = alone["assessment"]["model"].clone();

    let told = done(home, &[&["challenge", "1"], &there[..]].concat());
    assert_eq!(told, "Champion: the shipped model. Challenger: version 1.\n");
    let fitted = act(service, "model_challenge")["versions"]["challenger"].clone();
    let (beside, id) = decided(asking);
    assert_eq!((&beside["assessment"]["model"], &beside["challenger"]["model"]), (&shipped, &fitted));
    assert_ne!(beside["challenger"]["score"], beside["assessment"]["score"], "each has a mind of its own");
    asking.client = service.client();
    asking.judge(&id, "fraudulent");
    let compared = done(home, &["compare", "--url", &url]);
    assert!(compared.contains(": 1 decisions compared") && compared.contains("  fraudulent: 1, champion "));

    let told = done(home, &[&["promote", "1"], &there[..]].concat());
    assert_eq!(told, "Champion: version 1. Challenger: none.\n");
    let leaf = act(service, "model_promote");
    assert_eq!((&leaf["kind"], &leaf["versions"]["model"]), (&json!("policy"), &fitted), "{leaf}");
    assert_eq!((&leaf["facts"]["champion"], &leaf["facts"]["act"]), (&json!("1"), &json!("2")), "{leaf}");
    let (promoted, id) = decided(asking);
    assert_eq!(promoted["assessment"]["model"], fitted);
    let leaf = leaves(&service.data).into_iter().rev().find(|leaf| leaf["id"] == *id).unwrap();
    assert_eq!(leaf["versions"]["model"], fitted, "{leaf}");

    let told = done(home, &[&["roll-back"], &there[..]].concat());
    assert_eq!(told, "Champion: the shipped model. Challenger: none.\n");
    assert_eq!(decided(asking).0["assessment"]["model"], shipped);
    let replay = ["decisions", "show", &id, "--replay", "--data", "data", "--tenant", TENANT];
    let replayed = run(home, &replay);
    assert!(self::told(&replayed).ends_with("the same record, byte for byte.\n"), "{replayed:?}");
}
