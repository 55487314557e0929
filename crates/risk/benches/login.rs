//! Cost of a sign-in with everything that can be told of it, after a year of history and among 100,000 people.
//!
//! `cargo bench -p countersign-risk --bench login`

use std::hint::black_box;

use countersign_core::{Channel, Timestamp};
use countersign_risk::{
    Features, Initial, NetworkKind, Place, Profile, Readings, ReadyModel, SessionOf, assess_with,
    crowd::{Crowd, Member},
    evidence, parse_agent, road_of,
};

fn main() {
    divan::main();
}

/// 2026-08-20T08:00:00Z.
const NOW: i64 = 1_787_212_800;

const DAY_S: i64 = 86_400;

const PEOPLE: u32 = 100_000;

const ORGANIZATIONS: u32 = 1_000;

const AGENTS: [&str; 4] = [
    "Mozilla/5.0 (Windows NT 10.0; Win64; x64) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/140.0.0.0 Safari/537.36",
    "Mozilla/5.0 (iPhone; CPU iPhone OS 18_1 like Mac OS X) AppleWebKit/605.1.15 (KHTML, like Gecko) Version/18.1 Mobile/15E148 Safari/604.1",
    "Mozilla/5.0 (Macintosh; Intel Mac OS X 10.15; rv:140.0) Gecko/20100101 Firefox/140.0",
    "Mozilla/5.0 (Windows NT 10.0; Win64; x64) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/140.0.0.0 Safari/537.36 Edg/140.0.0.0",
];

const COUNTRIES: [&str; 5] = ["DE", "FR", "GB", "US", "IN"];

/// A sign-in of one of many: `who` chooses the home, `turn` what differs from one to the next.
fn sign_in(at: i64, who: u32, turn: u32) -> Features {
    let at = Timestamp::from_seconds(at);
    let away = u32::from(turn.is_multiple_of(9));
    let place = Place {
        lat: 500_000 + i32::try_from(who % 90).unwrap_or(0) * 1_000,
        lon: 86_800 + i32::try_from(turn % 4).unwrap_or(0) * 2_000,
    };
    let pick = |from: &[&'static str], n: u32| {
        from.get(usize::try_from(n).unwrap_or(0) % from.len()).copied().unwrap_or("")
    };
    let (network, block) = (who % 300 + away * 300, (who % 5_000) * 3 + turn % 3);
    let mut features = Features::new(at, Channel::Interactive);
    features.is_login = true;
    features.country = Some(pick(&COUNTRIES, who + away).into());
    features.network = Some(format!("as{}", 64_500 + network).as_str().into());
    features.block = Some(format!("10.{}.{}.0/24", block >> 8, block & 255).as_str().into());
    features.place = Some(place);
    features.local_hour = Some(place.local_hour(at));
    features.device = parse_agent(pick(&AGENTS, who + turn % 2));
    features.ja4 = Some(format!("t13d1516h2_8daaf61527{:02}_02713d6af862", who % 40).as_str().into());
    features.language = Some("de-de".into());
    features.network_kind = Some(NetworkKind::Residential);
    features
}

/// The sign-in that is decided: it goes on with a session, and others fail and succeed around it.
fn decided(road: &str) -> Features {
    let mut features = sign_in(NOW, 7, 3);
    let told = Initial {
        network: features.network.clone(),
        block: features.block.clone(),
        device: features.device.clone(),
    };
    features.session = Some(SessionOf { key: 5, initial: Some(told.clone()), last: Some(told) });
    features.session_known = Some(road != "fresh");
    features.channel = if road == "refresh" { Channel::Refresh } else { Channel::Interactive };
    features.readings = Readings {
        failures_day: 7,
        network_failures_day: 40,
        ja4_failures_day: 9,
        block_successes_day: 3,
        ja4_successes_day: 200,
        user_failures_hour: 1,
        ..Readings::default()
    };
    features.shares = Some(crowd().read(&features, member(7)));
    features.note_missing();
    features
}

/// A sign-in on each day of a year, a session a week, and a failure each ten days.
fn history() -> Profile {
    let mut profile = Profile::default();
    for day in 0..365_u32 {
        let at = NOW - i64::from(365 - day) * DAY_S + i64::from(day % 5) * 3_600;
        let mut features = sign_in(at, 7, day);
        features.session = Some(SessionOf { key: day / 7, initial: None, last: None });
        profile.credit(&features, u64::from(day), 1_000);
        if day.is_multiple_of(10) {
            profile.failure(features.at);
        }
    }
    profile
}

fn member(who: u32) -> Member {
    Member::new(Some(&format!("org_{}", who % ORGANIZATIONS)), &format!("person{who}"))
}

/// What three sign-ins of everybody within a month leave.
fn crowd() -> Crowd {
    let mut crowd = Crowd::default();
    for turn in 0..3_u32 {
        for who in 0..PEOPLE {
            let at = NOW - i64::from(29 - turn * 9) * DAY_S + i64::from(who % 86_400);
            crowd.credit(&sign_in(at, who, turn), member(who), 1_000);
        }
    }
    crowd.blame(&sign_in(NOW - DAY_S, 11, 1), 1_000);
    crowd
}

const ROADS: [&str; 3] = ["fresh", "session", "refresh"];

#[divan::bench(args = ROADS)]
fn read_evidence(bencher: divan::Bencher<'_, '_>, road: &str) {
    let (features, profile) = (decided(road), history());
    bencher.bench_local(|| evidence(black_box(&features), Some(black_box(&profile))));
}

/// Evidence, shapes, sentences, order and sum: all that an assessment is.
#[divan::bench(args = ROADS)]
fn assess_login(bencher: divan::Bencher<'_, '_>, road: &str) {
    let (features, profile, model) = (decided(road), history(), ReadyModel::default());
    debug_assert!(
        model.constants().login.road(&features).shapes.len() > 20,
        "the road {:?} is fitted",
        road_of(&features)
    );
    bencher.bench_local(|| assess_with(black_box(&features), Some(black_box(&profile)), &model, None));
}

#[divan::bench]
fn read_shares(bencher: divan::Bencher<'_, '_>) {
    let (features, crowd, member) = (decided("session"), crowd(), member(7));
    bencher.bench_local(|| crowd.read(black_box(&features), member));
}

/// Each time another person signs in, so that what they touch is not in the processor's cache.
#[divan::bench]
fn read_shares_of_everybody_in_turn(bencher: divan::Bencher<'_, '_>) {
    let crowd = crowd();
    let asked: Vec<(Features, Member)> =
        (0..20_000).map(|n| (sign_in(NOW, n * 31 % PEOPLE, n), member(n * 31 % PEOPLE))).collect();
    let mut turn = asked.iter().cycle();
    bencher.bench_local(|| turn.next().map(|(features, member)| crowd.read(black_box(features), *member)));
}

#[divan::bench]
fn teach_crowd(bencher: divan::Bencher<'_, '_>) {
    let (features, mut crowd, member) = (decided("session"), crowd(), member(7));
    bencher.bench_local(|| crowd.credit(black_box(&features), member, 1_000));
}

#[divan::bench]
fn decode_profile(bencher: divan::Bencher<'_, '_>) {
    let bytes = history().encode();
    bencher.bench_local(|| Profile::decode(black_box(&bytes)));
}

#[divan::bench]
fn encode_profile(bencher: divan::Bencher<'_, '_>) {
    let profile = history();
    bencher.bench_local(|| black_box(&profile).encode());
}

#[divan::bench]
fn teach_profile(bencher: divan::Bencher<'_, '_>) {
    let (features, mut profile) = (decided("session"), history());
    bencher.bench_local(|| profile.credit(black_box(&features), 1, 1_000));
}
