//! Each flow's sequences: weights were chosen on seed 1, and the tables of seed 2 were looked at between tunings. What is held
//! here is measured on seed 4, which has other people, places, times and rows than both. There are two halves of the lists of
//! names: seed 1 has one, seeds 2 and 4 the other.
//!
//! To see the tables of docs/flows.md: `cargo test -p countersign-risk --test it -- --nocapture flows`.

mod exchange;
mod hostile;
mod machine;
mod measure;
mod names;
mod reset;
mod rivals;
mod run;
mod sign_up;
mod sign_up_attacks;
mod world;

use countersign_risk::Model;
use measure::{Floors, LEVELS, figures, table};
use run::{Measured, Truth, run};

/// The seed that is measured, of which nothing was looked at before the weights stood.
const SEED: u64 = 4;

/// Prints the table and holds the figures at both levels.
fn hold(title: &str, all: &[Measured], floors: [Floors; 2]) {
    println!("{}", table(title, all));
    let sequences: std::collections::BTreeSet<usize> = all.iter().map(|measured| measured.sequence).collect();
    let attacks = all.iter().filter(|measured| measured.truth == Truth::Attack).count();
    assert!(sequences.len() >= 300 && attacks >= 100, "{title}: too few to say anything");
    for (level, floor) in LEVELS.into_iter().zip(floors) {
        let figures = figures(all, level);
        assert!(floor.hold(&figures), "{title} at {level}: {figures:?} under {floor:?}");
    }
}

const fn floors(precision_milli: usize, recall_milli: usize, sequences_milli: usize) -> Floors {
    Floors { precision_milli, recall_milli, sequences_milli }
}

#[test]
fn sign_ups_of_a_business_tenant_keep_their_precision_and_recall() {
    let all = run(sign_up::steps(SEED, true), true, &Model::default());
    hold("sign-up where free mail is unusual", &all, [floors(860, 720, 800), floors(970, 570, 690)]);
}

#[test]
fn sign_ups_of_a_tenant_for_anyone_keep_their_precision_and_recall() {
    let all = run(sign_up::steps(SEED, false), false, &Model::default());
    hold("sign-up where free mail is usual", &all, [floors(950, 640, 790), floors(970, 400, 620)]);
}

/// How many of the honest people whom `is_meant` would be at a score or above for a network of that weight alone.
///
/// Contributions add up, so that no list is needed to tell.
fn lifted(all: &[Measured], level_micro: i64, micro: i64, is_meant: fn(&Measured) -> bool) -> usize {
    let honest = all.iter().filter(|measured| measured.truth == Truth::Honest && is_meant(measured));
    let logits = honest.map(|measured| measured.assessment.logit_micro);
    logits.filter(|logit| *logit < level_micro && logit + micro >= level_micro).count()
}

#[test]
fn an_office_behind_a_vpn_is_not_medium_and_few_honest_people_are_high_by_their_network() {
    /// Log-odds of 0.3 and 0.6.
    const LEVELS_MICRO: [i64; 2] = [-847_298, 405_465];
    let [medium, high] = LEVELS_MICRO;
    let weights = Model::default().sign_up.network;
    let (vpn, hosting) = (weights.vpn_micro, weights.hosting_micro);
    let is_office = |measured: &Measured| measured.kind == "office of a firm";
    for (is_business, by_vpn, by_hosting) in [(true, 10, 13), (false, 1, 4)] {
        let all = run(sign_up::steps(SEED, is_business), is_business, &Model::default());
        assert!(all.iter().filter(|measured| is_office(measured)).count() > 50);
        assert_eq!(lifted(&all, medium, vpn, is_office), 0, "through a VPN");
        assert_eq!(lifted(&all, high, hosting, is_office), 0, "from rented machines");
        assert!(lifted(&all, high, vpn, |_| true) <= by_vpn, "through a VPN");
        assert!(lifted(&all, high, hosting, |_| true) <= by_hosting, "from rented machines");
    }
}

#[test]
fn resets_and_changes_keep_their_precision_and_recall() {
    let all = run(reset::steps(SEED), true, &Model::default());
    let (changes, resets): (Vec<_>, Vec<_>) = all.into_iter().partition(|measured| measured.is_change);
    hold("reset", &resets, [floors(870, 790, 770), floors(940, 490, 500)]);
    hold("change of a password", &changes, [floors(850, 700, 740), floors(930, 440, 470)]);
}

#[test]
fn machines_keep_their_precision_and_recall() {
    let all = run(machine::steps(SEED), true, &Model::default());
    hold("credentials exchange", &all, [floors(930, 520, 840), floors(940, 300, 520)]);
}

#[test]
fn token_exchanges_keep_their_precision_and_recall() {
    let all = run(exchange::steps(SEED), true, &Model::default());
    hold("token exchange", &all, [floors(950, 660, 820), floors(960, 440, 450)]);
}
