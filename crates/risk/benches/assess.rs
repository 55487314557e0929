//! Cost of an assessment, by length of history.

use std::hint::black_box;

use countersign_core::{Channel, Timestamp};
use countersign_risk::{Auth0Risk, Features, Model, Place, Profile, assess, extract, parse_agent};

fn main() {
    divan::main();
}

const AGENT: &str = "Mozilla/5.0 (Windows NT 10.0; Win64; x64) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/140.0.0.0 Safari/537.36";

fn features(at: Timestamp, variant: i64) -> Features {
    let place = Place { lat: 501_000 + i32::try_from(variant % 7).unwrap_or(0) * 1_000, lon: 86_800 };
    let mut features = Features::new(at, Channel::Interactive);
    features.country = Some(if variant % 9 == 0 { "FR" } else { "DE" }.into());
    features.network = Some(format!("as{}", 64_500 + variant % 15).as_str().into());
    features.place = Some(place);
    features.local_hour = Some(place.local_hour(at));
    features.device = parse_agent(AGENT);
    features.auth0 = Some(Auth0Risk { confidence: Some("low".into()), ..Auth0Risk::default() });
    features.note_missing();
    features
}

fn history(sign_ins: i64) -> (Features, Profile) {
    let start = 1_750_000_000;
    let mut profile = Profile::default();
    for n in 0..sign_ins {
        let at = Timestamp::from_seconds(start + n * 31_536_000 / sign_ins);
        profile.credit(&features(at, n), u64::try_from(n).unwrap_or(0), 1_000);
        if n % 10 == 0 {
            profile.failure(at);
        }
    }
    (features(Timestamp::from_seconds(start + 31_540_000), 3), profile)
}

#[divan::bench(args = [10, 100, 10_000])]
fn assess_with_history(bencher: divan::Bencher<'_, '_>, sign_ins: i64) {
    let (features, profile) = history(sign_ins);
    let model = Model::default();
    bencher.bench_local(|| assess(black_box(&features), Some(black_box(&profile)), &model));
}

#[divan::bench(args = [10, 100, 10_000])]
fn decode_profile(bencher: divan::Bencher<'_, '_>, sign_ins: i64) {
    let bytes = history(sign_ins).1.encode();
    bencher.bench_local(|| Profile::decode(black_box(&bytes)));
}

#[divan::bench]
fn read_agent() -> Option<countersign_risk::Device> {
    parse_agent(black_box(AGENT))
}

#[divan::bench]
fn extract_features(bencher: divan::Bencher<'_, '_>) {
    let text = include_bytes!("../../../fixtures/events/post-login.high-risk.json");
    let event = countersign_auth0::decode(text, "event").unwrap_or_else(|error| {
        // A fixture that does not parse makes this figure meaningless.
        unreachable!("{error}")
    });
    bencher.bench_local(|| extract(black_box(&event), Timestamp::from_seconds(1_787_212_802)));
}
