//! Runs that take minutes: the memory of a million accounts, a flood of invented names, one hot key, and what parsing takes.
//!
//! `cargo bench -p countersign-detect --bench long` runs all of them; a word (`accounts`, `flood`, `hot`, `share`) runs one.

#![expect(clippy::expect_used, reason = "a bench whose corpus is wrong must not go on")]
#![expect(clippy::print_stdout, reason = "a bench prints what it measured")]
#![expect(clippy::disallowed_methods, reason = "a bench measures by the clock")]

use std::{
    collections::{BTreeMap, BTreeSet},
    hint::black_box,
    time::{Duration, Instant},
};

use countersign_auth0::log::LogEvent;
use countersign_core::Timestamp;
use countersign_detect::{Alert, Engine, EngineSettings, Event, Severity, detectors, pack::PACK, sigma};
use countersign_privacy::Tagger;

fn main() {
    let word = std::env::args().skip(1).find(|word| !word.starts_with('-'));
    let runs: [(&str, fn()); 4] = [("accounts", accounts), ("flood", flood), ("hot", hot), ("share", share)];
    for (name, run) in runs {
        if word.as_ref().is_none_or(|word| word == name) {
            println!("{name}");
            run();
        }
    }
}

/// 2026-08-20T08:00:00Z.
const START: Timestamp = Timestamp::from_seconds(1_787_212_800);

const AGENT: &str = "Mozilla/5.0 (Windows NT 10.0; Win64; x64) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/140.0.0.0 Safari/537.36";

const OTHER_AGENT: &str =
    "Mozilla/5.0 (Macintosh; Intel Mac OS X 10.15; rv:140.0) Gecko/20100101 Firefox/140.0";

/// Detectors, rules and the keys of one tenant.
struct Watched {
    tagger: Tagger,
    engine: Engine,
    seq: u64,
}

impl Watched {
    fn new(key: u8) -> Self {
        let tagger = Tagger::new(&[key; 32]);
        let mut all = detectors::make_all(&BTreeMap::new()).expect("defaults hold");
        all.extend(sigma::load(PACK, &sigma::Values::new()).expect("the pack loads"));
        Self { engine: Engine::new(tagger.clone(), EngineSettings::default(), all), tagger, seq: 0 }
    }

    fn take(&mut self, raw: &str) -> Vec<Alert> {
        self.seq += 1;
        let log = LogEvent::parse(raw, None).expect("an entry");
        self.engine.observe(&Event::new(self.seq, log, &self.tagger, |_| None))
    }

    fn evictions(&self) -> BTreeMap<&str, u64> {
        self.engine.evictions().filter(|(_, count)| *count > 0).collect()
    }
}

/// Resident memory of this process in MB, as Linux tells it.
fn resident() -> u64 {
    let status = std::fs::read_to_string("/proc/self/status").expect("Linux tells of its processes");
    let line = status.lines().find(|line| line.starts_with("VmRSS:")).expect("a line for resident memory");
    line.split_whitespace().nth(1).and_then(|text| text.parse::<u64>().ok()).expect("a number") / 1_000
}

fn rate(count: u32, took: Duration) -> f64 {
    f64::from(count) / took.as_secs_f64()
}

fn at(n: u32, step_micros: i64) -> Timestamp {
    START.plus(i64::from(n) * step_micros)
}

fn login(n: u32, date: Timestamp, day: u32) -> String {
    let agent = if day > 0 { OTHER_AGENT } else { AGENT };
    let (a, b, c) = (n % 200, n / 200 % 250, n % 250);
    format!(
        r#"{{"log_id":"{day}{n}","type":"s","date":"{date}","user_id":"auth0|{n:024}","ip":"10.{a}.{b}.{c}","user_agent":"{agent}","client_id":"portal",
        "organization_id":"org_{}","tenant_name":"acme","security_context":{{"ja4":"t13d151{day}h2"}}}}"#,
        n % 500
    )
}

/// A million accounts that sign in on a day each, and once more from a new device after three weeks.
fn accounts() {
    const ACCOUNTS: u32 = 1_000_000;
    let mut watched = Watched::new(7);
    println!("  empty: {} MB", resident());
    for (pass, days) in [(0, 0), (1, 21), (2, 22)] {
        let began = Instant::now();
        let mut alerts = 0;
        for n in 0..ACCOUNTS {
            let date = at(n, 80_000).plus(days * countersign_detect::DAY);
            alerts += watched.take(&login(n, date, pass.min(1))).len();
        }
        let took = began.elapsed();
        println!(
            "  pass {}: {} MB, {:.0} entries a second, {alerts} alerts, evicted {:?}",
            pass + 1,
            resident(),
            rate(ACCOUNTS, took),
            watched.evictions()
        );
    }
    let saved = watched.engine.save();
    println!("  saved: {} MB, and {} MB resident beside it", saved.len() / 1_000_000, resident());
}

/// Five million invented names in one tenant, 1,000 a second, while somebody guesses at two accounts of it and one of another tenant.
fn flood() {
    const NAMES: u32 = 5_000_000;
    let (mut flooded, mut other) = (Watched::new(7), Watched::new(8));
    let mut found: BTreeSet<(&str, String)> = BTreeSet::new();
    let mut took = Duration::ZERO;
    for n in 0..NAMES {
        let date = at(n, 1_000);
        let (a, b, c) = (n % 251, n % 241, n % 239);
        let raw = format!(
            r#"{{"log_id":"{n}","type":"fp","date":"{date}","user_name":"u{n}@example.com","ip":"10.{a}.{b}.{c}","user_agent":"{AGENT}","tenant_name":"acme"}}"#
        );
        let began = Instant::now();
        black_box(flooded.take(&raw));
        took += began.elapsed();
        if n % 30_000 == 7 {
            for who in [r#""user_id":"auth0|victim""#, r#""user_name":"eve@example.com""#] {
                let raw = format!(
                    r#"{{"log_id":"v{n}","type":"fp","date":"{date}",{who},"ip":"192.0.2.{}","tenant_name":"acme"}}"#,
                    n % 250
                );
                note(&mut found, "acme", flooded.take(&raw));
                note(&mut found, "other", other.take(&raw));
            }
        }
        if (n + 1) % 1_000_000 == 0 {
            println!("  {} names: {} MB, {:.0} entries a second", n + 1, resident(), rate(n + 1, took));
        }
    }
    println!("  found: {found:?}");
    println!("  evicted: {:?}; of the other tenant: {:?}", flooded.evictions(), other.evictions());
    for tenant in ["acme", "other"] {
        for who in ["auth0|victim", "eve@example.com"] {
            assert!(found.contains(&(tenant, who.to_owned())), "{who} of {tenant} was lost");
        }
    }
    assert!(other.evictions().is_empty(), "a flood of one tenant takes nothing of another");
}

fn note(found: &mut BTreeSet<(&'static str, String)>, tenant: &'static str, alerts: Vec<Alert>) {
    let guessed = alerts.into_iter().filter(|alert| alert.detector == "brute_force_account");
    let guessed = guessed.filter(|alert| alert.severity >= Severity::Medium);
    found.extend(guessed.map(|alert| (tenant, alert.entity.name)));
}

/// A million failures from one address, beside as many from different ones: by the cost of each tenth.
fn hot() {
    const ENTRIES: u32 = 1_000_000;
    let entry = |n: u32, address: &str| {
        let date = at(n, 10_000);
        format!(
            r#"{{"log_id":"{n}","type":"fp","date":"{date}","user_id":"auth0|{n:024}","ip":"{address}","user_agent":"{}","organization_id":"org_{}","tenant_name":"acme"}}"#,
            AGENT,
            n % 50
        )
    };
    let spread = |n: u32| format!("10.{}.{}.{}", n % 251, n % 241, n % 239);
    let one = |_: u32| "203.0.113.50".to_owned();
    let sorts: [(&str, &dyn Fn(u32) -> String); 2] = [("spread", &spread), ("one address", &one)];
    for (name, address) in sorts {
        let mut watched = Watched::new(7);
        let mut tenths = Vec::new();
        for tenth in 0..10 {
            let raws: Vec<String> =
                (0..ENTRIES / 10).map(|n| tenth * ENTRIES / 10 + n).map(|n| entry(n, &address(n))).collect();
            let began = Instant::now();
            for raw in &raws {
                black_box(watched.take(raw));
            }
            tenths.push(rate(ENTRIES / 10, began.elapsed()));
        }
        let told: Vec<String> = tenths.iter().map(|rate| format!("{rate:.0}")).collect();
        println!("  {name}: {} entries a second by tenths, {} MB", told.join(", "), resident());
    }
}

/// What of the time goes into reading JSON.
fn share() {
    const ENTRIES: u32 = 200_000;
    let raws: Vec<String> = (0..ENTRIES).map(|n| login(n % 5_000, at(n, 432_000), n / 5_000)).collect();
    let mut parse = Duration::MAX;
    let mut whole = Duration::MAX;
    for _ in 0..5 {
        let began = Instant::now();
        for raw in &raws {
            black_box(LogEvent::parse(raw, None).expect("an entry"));
        }
        parse = parse.min(began.elapsed());
        let mut watched = Watched::new(7);
        let began = Instant::now();
        for raw in &raws {
            black_box(watched.take(raw));
        }
        whole = whole.min(began.elapsed());
    }
    let part = 100.0 * parse.as_secs_f64() / whole.as_secs_f64();
    println!(
        "  parse alone {:.0} a second, the whole {:.0} a second: {part:.0} % of the time (fastest of five)",
        rate(ENTRIES, parse),
        rate(ENTRIES, whole)
    );
}
