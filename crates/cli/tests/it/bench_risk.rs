//! `countersign bench risk`.

use std::{fs, path::Path, process::Output};

use countersign_core::Timestamp;
use countersign_risk::{Card, LoginModel, Model};
use serde_json::{Value, json};

use crate::{
    dice::Dice,
    world::{run, told},
};

/// Home networks, blocks and systems of the people of the corpus.
const HOMES: [(&str, &str, &str); 3] = [
    ("64496", "203.0.113", "Windows NT 10.0; Win64; x64"),
    ("64497", "198.51.100", "Macintosh; Intel Mac OS X 10_15_7"),
    ("64498", "192.0.2", "X11; Linux x86_64"),
];

const SECONDS_A_DAY: i64 = 86_400;

fn line(id: &str, at: Timestamp, kind: &str, event: &Value) -> String {
    json!({ "id": id, "time": at, "kind": kind, "event": event }).to_string()
}

fn sign_in(user: usize, (network, block, system): (&str, &str, &str), at: Timestamp) -> Value {
    let mut event = countersign_testkit::post_login();
    event["user"]["user_id"] = json!(format!("auth0|{user}"));
    event["request"]["ip"] = json!(format!("{block}.{}", 10 + user));
    event["request"]["asn"] = json!(network);
    event["request"]["user_agent"] = json!(format!(
        "Mozilla/5.0 ({system}) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/126.0.0.0 Safari/537.36"
    ));
    event["session"] =
        json!({ "id": format!("s{user}-{at}"), "created_at": at, "authenticated_at": at, "device": {} });
    event
}

/// Nine people who sign in on 30 days, now and then after a typing error; on the last day a stranger has each of their
/// passwords, and what he did to the first is reported. The ids of his sign-ins begin with `x`.
pub fn corpus() -> Vec<String> {
    let mut dice = Dice(7);
    let start: Timestamp = "2026-07-01T08:00:00Z".parse().unwrap();
    let mut lines = Vec::new();
    let second = |day: i64, dice: &mut Dice| {
        start.plus((day * SECONDS_A_DAY + i64::try_from(dice.below(60)).unwrap()) * 1_000_000)
    };
    for day in 0..30 {
        for user in 0..9 {
            let at = second(day, &mut dice);
            if dice.below(9) == 0 {
                let entry = json!({ "date": at, "type": "fp", "user_id": format!("auth0|{user}"), "ip": "203.0.113.9" });
                let entry = json!({ "log_id": format!("l{day}-{user}"), "data": entry });
                lines.push(line(&format!("l{day}-{user}"), at, "log", &entry));
            }
            let event = sign_in(user, HOMES[user % 3], at);
            lines.push(line(&format!("h{day}-{user}"), at, "post_login", &event));
        }
    }
    for user in 0..9 {
        let at = second(30, &mut dice);
        let mut event = sign_in(user, ("64511", "203.0.112", "X11; CrOS x86_64 14541.0.0"), at);
        event["request"]["geoip"] =
            json!({ "countryCode": "DE", "latitude": 50.1, "longitude": 8.68, "timeZone": "Europe/Berlin" });
        lines.push(line(&format!("x{user}"), at, "post_login", &event));
        let word = json!({ "verdict": "compromised", "source": "user", "ref": format!("x{user}") });
        lines.push(line(&format!("f{user}"), at, "feedback", &word));
    }
    lines
}

/// Puts a corpus in the folder `corpus`.
pub fn write(home: &Path, lines: &[String]) {
    fs::create_dir_all(home.join("corpus")).unwrap();
    fs::write(home.join("corpus/events.jsonl"), lines.join("\n")).unwrap();
    let networks = "asn,name,category\n64496,Home,isp\n64511,Rent a Rack,hosting\n";
    fs::write(home.join("corpus/asn_intel.csv"), networks).unwrap();
}

fn bench(home: &Path, lines: &[String], flags: &[&str]) -> (Output, String) {
    write(home, lines);
    let output = run(home, &[&["bench", "risk", "--data", "corpus", "--out", "out.jsonl"], flags].concat());
    (output, fs::read_to_string(home.join("out.jsonl")).unwrap_or_default())
}

fn read(scored: &str) -> Vec<Value> {
    scored.lines().map(|line| serde_json::from_str(line).unwrap()).collect()
}

#[test]
fn each_sign_in_is_a_line_and_strangers_score_above_everybody_at_home() {
    let home = tempfile::tempdir().unwrap();
    let (output, scored) = bench(home.path(), &corpus(), &[]);
    assert_eq!(output.status.code(), Some(0), "{output:?}");
    assert!(told(&output).starts_with("279 decisions were made, "), "{}", told(&output));
    assert!(told(&output).contains(" µs each, 0 lines could not be read.\n9 profiles, the largest of "));
    let lines = read(&scored);
    let score = |line: &Value| line["score"].as_f64().unwrap();
    let (strange, honest): (Vec<&Value>, Vec<&Value>) =
        lines.iter().partition(|line| line["id"].as_str().unwrap().starts_with('x'));
    assert_eq!((strange.len(), honest.len()), (9, 270));
    let highest = honest.iter().map(|line| score(line)).fold(0.0, f64::max);
    for line in strange {
        assert!(score(line) > highest && score(line) < 1.0, "{line} beside {highest}");
        assert!(["high", "critical"].contains(&line["level"].as_str().unwrap()), "{line}");
        assert!((1..=5).contains(&line["reasons"].as_array().unwrap().len()), "{line}");
    }
    assert_eq!(lines[0]["id"], "h0-0");
}

/// Who is at `low` skips MFA where a policy lets them and no floor forbids it.
#[test]
fn nearly_all_honest_sign_ins_could_skip_mfa_and_no_stranger() {
    let home = tempfile::tempdir().unwrap();
    let (_, scored) = bench(home.path(), &corpus(), &[]);
    let (strange, honest): (Vec<Value>, Vec<Value>) =
        read(&scored).into_iter().partition(|line| line["id"].as_str().unwrap().starts_with('x'));
    let low = |lines: &[Value]| lines.iter().filter(|line| line["level"] == "low").count();
    assert_eq!((low(&strange), strange.len()), (0, 9));
    assert_eq!((low(&honest), honest.len()), (270, 270));
    let is_below = |line: &Value| line["score"].as_f64().unwrap() < 0.3;
    assert!(honest.iter().chain(&strange).all(|line| is_below(line) == (line["level"] == "low")));
}

#[test]
fn a_sign_in_is_decided_by_what_was_before_it_alone_and_each_run_alike() {
    let home = tempfile::tempdir().unwrap();
    let all = corpus();
    let (_, whole) = bench(home.path(), &all, &[]);
    let (_, again) = bench(home.path(), &all, &[]);
    let (_, half) = bench(home.path(), &all[..all.len() / 2], &[]);
    assert_eq!(whole, again);
    assert!(half.lines().count() > 100 && whole.starts_with(&half));
}

#[test]
fn another_model_can_be_judged_and_a_wrong_one_is_refused() {
    let home = tempfile::tempdir().unwrap();
    let model = Model { name: "flat".into(), login: LoginModel::empty(), ..Model::default() };
    let card = Card { name: "flat".into(), ..Card::of_baseline() };
    let mut file = json!({ "model": model, "card": card });
    fs::write(home.path().join("flat.json"), file.to_string()).unwrap();
    let lines: Vec<String> = corpus().into_iter().filter(|line| line.contains("h0-")).take(9).collect();
    let (output, scored) = bench(home.path(), &lines, &["--model", "flat.json"]);
    assert_eq!(output.status.code(), Some(0), "{output:?}");
    let scored = read(&scored);
    let of_auth0 = |reason: &Value| reason.as_str().unwrap().starts_with("auth0_");
    assert_eq!(scored.len(), 9);
    for line in &scored {
        assert!(line["reasons"].as_array().unwrap().iter().all(of_auth0), "no shape counts: {line}");
    }
    file["card"]["name"] = json!("other");
    fs::write(home.path().join("flat.json"), file.to_string()).unwrap();
    let (output, _) = bench(home.path(), &lines, &["--model", "flat.json"]);
    assert_eq!(output.status.code(), Some(1));
    assert!(String::from_utf8(output.stderr).unwrap().contains("`flat.json`: `card.name`"));
}

#[test]
fn a_bad_line_of_a_corpus_is_located_and_changes_no_other() {
    let home = tempfile::tempdir().unwrap();
    let good = corpus();
    let (_, wanted) = bench(home.path(), &good, &[]);
    let at: Timestamp = "2026-07-01T08:00:00Z".parse().unwrap();
    let shape = |kind: &str, event: Value| line("bad", at, kind, &event);
    let mut nameless = countersign_testkit::post_login();
    nameless["user"]["user_id"] = json!(["pat@example.com"]);
    let bad = [
        "{".to_owned(),
        good[0].clone().replacen("h0-0", "x", 1).replacen("post_login", "pre_login", 1),
        shape("post_login", nameless),
        shape("log", json!({ "log_id": "1", "data": { "type": "fp" } })),
        shape("feedback", json!({ "verdict": "pat@example.com", "ref": "h0-0" })),
        json!({ "id": "bad", "time": "yesterday", "kind": "log", "event": {} }).to_string(),
        " ".repeat(4 * 1024 * 1024 + 1),
    ];
    let mut lines = bad.to_vec();
    lines.extend(good.iter().cloned());
    lines.push(good.iter().find(|line| line.contains("post_login")).unwrap().clone());
    let (output, scored) = bench(home.path(), &lines, &[]);
    assert_eq!(output.status.code(), Some(3));
    assert_eq!(scored, wanted);
    let complaints = String::from_utf8(output.stderr).unwrap();
    let told: Vec<&str> = complaints.lines().collect();
    let twice = format!("line {}:", lines.len());
    for (complaint, parts) in told.iter().zip([
        ["line 1:", "EOF"],
        ["line 2:", "`kind`: expected one of"],
        ["line 3:", "`event.user.user_id`: expected a string"],
        ["line 4:", "`event.data`: expected"],
        ["line 5:", "`event.verdict`: expected"],
        ["line 6:", "`time`: "],
        ["line 7:", "at most 4194304 bytes"],
        [&twice, "`id`: expected an id that no sign-in before it has"],
    ]) {
        assert!(complaint.contains("corpus/events.jsonl, line"), "{complaint}");
        assert!(parts.iter().all(|part| complaint.contains(part)), "{parts:?} in {complaint}");
    }
    assert_eq!(told.len(), 8);
    assert!(!complaints.contains("pat@"), "{complaints}");
}

#[test]
fn a_corpus_without_its_files_is_named() {
    let home = tempfile::tempdir().unwrap();
    let output = run(home.path(), &["bench", "risk", "--data", "none", "--out", "out.jsonl"]);
    assert_eq!(output.status.code(), Some(1));
    assert!(String::from_utf8(output.stderr).unwrap().contains("can't open `none/asn_intel.csv`"));
}
