//! Entries of a tenant's log through everything that is loaded: parsing alone, parsing with the detectors, and one hot key.

#![expect(clippy::expect_used, reason = "a bench whose corpus is wrong must not go on")]

use std::{collections::BTreeMap, hint::black_box};

use countersign_auth0::log::LogEvent;
use countersign_detect::{Engine, EngineSettings, Event, detectors, pack::PACK, sigma};
use countersign_privacy::Tagger;
use divan::counter::ItemsCount;

fn main() {
    divan::main();
}

/// Entries in one pass.
const ENTRIES: u32 = 20_000;

const AGENT: &str = "Mozilla/5.0 (Windows NT 10.0; Win64; x64) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/140.0.0.0 Safari/537.36";

/// An entry of the size that tenants send, some 1.7 KB: `n`th in time, about `user` of 5,000.
fn entry(n: u32, kind: &str, user: u32, address: &str) -> String {
    let (day, second) = (n / 86_400, n % 86_400);
    let (hour, minute, rest) = (second / 3_600, second / 60 % 60, second % 60);
    let steps = (0..4).map(|step| {
        format!(r#"{{"name":"prompt-{step}","flow":"universal-login","initiatedAt":178721280{step}100,"completedAt":178721280{step}900,
            "connection":"Username-Password-Authentication","connection_id":"con_Xy12Ab34Cd56Ef78","strategy":"auth0","identity":"65f0c0ffee{user:014}","elapsedTime":1{step}0}}"#)
    });
    format!(
        r#"{{"log_id":"900{n:057}","type":"{kind}","date":"2026-08-{:02}T{hour:02}:{minute:02}:{rest:02}.000Z","description":"An entry",
        "client_id":"q3fYvK1mXn8sT0aBcDeFgHiJkLmNoPqR","client_name":"Example Portal","connection":"Username-Password-Authentication",
        "connection_id":"con_Xy12Ab34Cd56Ef78","strategy":"auth0","strategy_type":"database","user_id":"auth0|65f0c0ffee{user:014}",
        "user_name":"user{user}@example.com","organization_id":"org_{:016}","organization_name":"example-{}","ip":"{address}",
        "user_agent":"{AGENT}","hostname":"login.example.com","tenant_name":"example-tenant","environment_name":"prod-us-1",
        "security_context":{{"ja3":"a1ffa339ba0853d979d34a96ac9e4b6b","ja4":"t13d1516h2_8daaf6152771_d8a2da3f94cd"}},
        "location_info":{{"country_code":"DE","latitude":52.5,"longitude":13.4}},
        "details":{{"prompts":[{}],"stats":{{"loginsCount":42}},"session_id":"sess-{user}"}},"$event_schema":{{"version":"1.0.0"}}}}"#,
        1 + day,
        user % 50,
        user % 50,
        steps.collect::<Vec<_>>().join(","),
    )
}

/// What a tenant writes on a day: mostly sign-ins and refreshes, some failures, now and then an administrator.
fn ordinary() -> Vec<String> {
    (0..ENTRIES)
        .map(|n| {
            let user = n.wrapping_mul(2_654_435_761) % 5_000;
            let kind = match n % 20 {
                0..8 => "s",
                8..14 => "sertft",
                14..16 => "fp",
                16 => "seccft",
                17 => "gd_auth_succeed",
                18 => "ss",
                _ => "sapi",
            };
            entry(n, kind, user, &format!("198.51.{}.{}", user % 100, user % 250))
        })
        .collect()
}

/// Wrong passwords from one address, for accounts without end.
fn hot() -> Vec<String> {
    (0..ENTRIES).map(|n| entry(n, "fp", n, "203.0.113.50")).collect()
}

fn engine(tagger: &Tagger) -> Engine {
    let mut all = detectors::make_all(&BTreeMap::new()).expect("defaults hold");
    all.extend(sigma::load(PACK, &sigma::Values::new()).expect("the pack loads"));
    Engine::new(tagger.clone(), EngineSettings::default(), all)
}

fn watch(bencher: divan::Bencher<'_, '_>, entries: &[String]) {
    let tagger = Tagger::new(&[7; 32]);
    bencher.counter(ItemsCount::new(entries.len())).with_inputs(|| engine(&tagger)).bench_local_values(
        |mut engine| {
            for (seq, raw) in (0..).zip(entries) {
                let log = LogEvent::parse(raw, None).expect("an entry");
                black_box(engine.observe(&Event::new(seq, log, &tagger, |_| None)));
            }
            engine
        },
    );
}

#[divan::bench(sample_count = 10, sample_size = 1)]
fn parse_alone(bencher: divan::Bencher<'_, '_>) {
    let entries = ordinary();
    bencher.counter(ItemsCount::new(entries.len())).bench_local(|| {
        for raw in &entries {
            black_box(LogEvent::parse(raw, None).expect("an entry"));
        }
    });
}

#[divan::bench(sample_count = 10, sample_size = 1)]
fn watch_ordinary(bencher: divan::Bencher<'_, '_>) {
    watch(bencher, &ordinary());
}

#[divan::bench(sample_count = 10, sample_size = 1)]
fn watch_hot_address(bencher: divan::Bencher<'_, '_>) {
    watch(bencher, &hot());
}
