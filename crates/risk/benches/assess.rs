//! Cost of an assessment, by length of history.

use std::hint::black_box;

use countersign_auth0::trigger::{post_login::PostLogin, pre_user_registration::PreUserRegistration};
use countersign_core::{Channel, Timestamp};
use countersign_risk::{
    Auth0Risk, Context, Extract, Features, LocalCounts, Mark, Place, Profile, Readings, ReadyModel,
    Reference, ReferenceLists, Sightings, Velocity, assess_with, parse_agent,
};

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
    let model = ReadyModel::default();
    bencher.bench_local(|| assess_with(black_box(&features), Some(black_box(&profile)), &model, None));
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
    let event: PostLogin = countersign_auth0::decode(text, "event").unwrap_or_else(|error| {
        // A fixture that does not parse makes this figure meaningless.
        unreachable!("{error}")
    });
    let reference = Reference::default();
    let context = Context::new(&reference);
    bencher.bench_local(|| black_box(&event).extract(Timestamp::from_seconds(1_787_212_802), &context));
}

const SIGN_UP: &[u8] = include_bytes!("../../../fixtures/events/pre-user-registration.json");

/// An organization's domain, one in ten by a name much like the others.
fn name(n: u32) -> String {
    let mut rest = n.wrapping_mul(2_654_435_761);
    let mut letter = || {
        rest = rest.wrapping_mul(1_664_525).wrapping_add(1_013_904_223);
        char::from_digit(10 + (rest >> 16) % 26, 36).unwrap_or('a')
    };
    if n.is_multiple_of(10) {
        format!("acme-corp-{n}.com")
    } else {
        (0..6 + n % 9).map(|_| letter()).chain(".com".chars()).collect()
    }
}

/// A new account at a look-alike domain, where `organizations` are known.
fn sign_up(organizations: u32) -> (PreUserRegistration, Reference) {
    let mut event: PreUserRegistration =
        countersign_auth0::decode(SIGN_UP, "event").unwrap_or_else(|error| {
            // A fixture that does not parse makes this figure meaningless.
            unreachable!("{error}")
        });
    event.user.email = Some("xkqzvbnw.doe83+a@acme-corpse-77.com".to_owned()).into();
    let organization_domains = (0..organizations).map(name).collect();
    (event, Reference::new(&ReferenceLists { organization_domains, ..ReferenceLists::default() }))
}

#[divan::bench(args = [1, 100, 10_000])]
fn extract_sign_up(bencher: divan::Bencher<'_, '_>, organizations: u32) {
    let (event, reference) = sign_up(organizations);
    let context = Context::new(&reference);
    bencher.bench_local(|| black_box(&event).extract(Timestamp::from_seconds(1_787_212_802), &context));
}

#[divan::bench]
fn assess_sign_up(bencher: divan::Bencher<'_, '_>) {
    let (event, reference) = sign_up(100);
    let readings =
        Readings { block_hour: 9, domain_hour: 9, skeleton_hour: 9, ja4_hour: 32, ..Readings::default() };
    let context = Context { readings, ..Context::new(&reference) };
    let (features, model) =
        (event.extract(Timestamp::from_seconds(1_787_212_802), &context), ReadyModel::default());
    bencher.bench_local(|| assess_with(black_box(&features), None, &model, None));
}

#[divan::bench]
fn count_sign_up(bencher: divan::Bencher<'_, '_>) {
    let sightings = sign_up(1).0.sightings();
    let (mut velocity, mut second) = (Velocity::default(), 1_787_212_802);
    bencher.bench_local(|| {
        second += 1;
        velocity.note(black_box(&sightings), Timestamp::from_seconds(second));
        velocity.read(&sightings, Timestamp::from_seconds(second))
    });
}

/// Counters that saw so many accounts fail from one block in an hour, and 16,384 other blocks.
fn failures(accounts: u32) -> Velocity {
    let mut velocity = Velocity::new(LocalCounts::salted(7));
    for n in 0..16_384_u32 {
        velocity.note(&failure(&format!("10.{}.{}.1", n >> 8, n & 255), n), at(0));
    }
    for n in 0..accounts {
        velocity.note(&failure("203.0.113.9", n), at(i64::from(n) * 3_600 / i64::from(accounts)));
    }
    velocity
}

fn at(second: i64) -> Timestamp {
    Timestamp::from_seconds(1_787_212_802 + second)
}

fn failure(ip: &str, account: u32) -> Sightings {
    Sightings::failure(ip, &format!("person{account}"), Some("t13d1516h2_8daaf6152771"), Some("as64500"))
}

#[divan::bench(args = [1, 32, 1_000, 100_000])]
fn note_failure(bencher: divan::Bencher<'_, '_>, accounts: u32) {
    let (mut velocity, mut account) = (failures(accounts), 1_000_000);
    bencher.bench_local(|| {
        account += 1;
        velocity.note(&failure("203.0.113.9", account), at(3_600));
    });
}

#[divan::bench(args = [1, 32, 1_000, 100_000])]
fn read_failures(bencher: divan::Bencher<'_, '_>, accounts: u32) {
    let (velocity, sightings) = (failures(accounts), failure("203.0.113.9", 0));
    bencher.bench_local(|| velocity.read(black_box(&sightings), at(3_600)));
}

#[divan::bench(args = [1_000, 100_000])]
fn merge_failures(bencher: divan::Bencher<'_, '_>, accounts: u32) {
    let delta = failures(accounts).counts().since(Mark::default());
    let mut velocity = Velocity::new(LocalCounts::salted(7));
    bencher.bench_local(|| velocity.counts_mut().merge(black_box(&delta)));
}
