//! How long an event takes to read; `json_value` is the same bytes into an untyped value, to compare with.

use countersign_auth0::{decode, depth, trigger::post_login::PostLogin};
use divan::{Bencher, black_box, counter::BytesCount};
use serde_json::Value;

const FIXTURES: [(&str, &str); 3] = [
    ("ordinary", include_str!("../../../fixtures/events/post-login.json")),
    ("high-risk", include_str!("../../../fixtures/events/post-login.high-risk.json")),
    ("refresh", include_str!("../../../fixtures/events/post-login.refresh-token.json")),
];

fn main() {
    divan::main();
}

/// The named example without white space, as an Action sends it.
fn compact(name: &str) -> String {
    let text = FIXTURES.iter().find(|(known, _)| *known == name).map_or("", |(_, text)| text);
    serde_json::from_str::<Value>(text).unwrap_or_default().to_string()
}

#[divan::bench(args = ["ordinary", "high-risk", "refresh"])]
fn post_login(bencher: Bencher<'_, '_>, name: &str) {
    let text = compact(name);
    bencher
        .counter(BytesCount::of_str(&text))
        .bench_local(|| decode::<PostLogin>(black_box(text.as_bytes()), "event"));
}

#[divan::bench]
fn post_login_with_white_space(bencher: Bencher<'_, '_>) {
    let [(_, text), ..] = FIXTURES;
    bencher
        .counter(BytesCount::of_str(text))
        .bench_local(|| decode::<PostLogin>(black_box(text.as_bytes()), "event"));
}

#[divan::bench]
fn json_value(bencher: Bencher<'_, '_>) {
    let text = compact("ordinary");
    bencher
        .counter(BytesCount::of_str(&text))
        .bench_local(|| serde_json::from_slice::<Value>(black_box(text.as_bytes())));
}

#[divan::bench]
fn refused(bencher: Bencher<'_, '_>) {
    let text = compact("ordinary").replace("\"203.0.113.24\"", "7");
    bencher
        .counter(BytesCount::of_str(&text))
        .bench_local(|| decode::<PostLogin>(black_box(text.as_bytes()), "event"));
}

#[divan::bench]
fn depth_check(bencher: Bencher<'_, '_>) {
    let text = compact("ordinary");
    bencher.counter(BytesCount::of_str(&text)).bench_local(|| depth::check(black_box(text.as_bytes()), 32));
}

#[divan::bench]
fn write(bencher: Bencher<'_, '_>) {
    let event = decode::<PostLogin>(compact("ordinary").as_bytes(), "event");
    bencher.bench_local(|| black_box(&event).as_ref().map(serde_json::to_vec));
}
