//! What anybody can cause by failing.

use super::*;
use crate::{Share, Shares};

/// As many failures as there are counted, everywhere.
fn under_fire(features: Features) -> Features {
    let readings = crate::Readings {
        failures_day: 5_000,
        ja4_failures_day: 5_000,
        network_failures_day: 5_000,
        ..crate::Readings::default()
    };
    Features { readings, ..features }
}

/// In a tenant where the fingerprint has a share of so many in a hundred.
fn in_a_tenant(percent: u32, features: Features) -> Features {
    let share = |percent: u32| {
        Some(Share { organization_ppb: percent * 10_000_000, tenant_ppb: percent * 10_000_000 })
    };
    let shares = Shares {
        country: share(90),
        network: share(20),
        block: share(10),
        machine: share(50),
        browser: share(60),
        language: share(60),
        fingerprint: share(percent),
        pair: share(60),
        hour: share(8),
        tenant_milli: 2_000_000,
        ..Shares::default()
    };
    Features { shares: Some(shares), ..features }
}

#[test]
fn failures_from_a_known_block_with_a_known_client_raise_nothing() {
    let known = home(60);
    let calm = of(&usual(), Some(&known));
    let mut attacked = usual();
    attacked.readings =
        crate::Readings { failures_day: 5_000, ja4_failures_day: 5_000, ..crate::Readings::default() };
    assert_eq!(of(&attacked, Some(&known)).logit_micro, calm.logit_micro);
}

#[test]
fn failures_with_a_common_client_say_less_than_those_with_a_rare_one() {
    let tls = |percent| {
        let features = under_fire(in_a_tenant(percent, usual()));
        evidence(&features, None).of(Term::TlsFailures).unwrap()
    };
    assert!(tls(30) * 10.0 < tls(0), "{} {}", tls(30), tls(0));
    assert!(tls(0) > 5.0, "{}", tls(0));
}

#[test]
fn a_newcomer_at_the_provider_that_everybody_fails_with_is_not_denied() {
    let newcomer = in_a_tenant(30, usual());
    let (calm, attacked) = (of(&newcomer, None), of(&under_fire(newcomer), None));
    assert!(calm.score < Score::from_percent(30), "{calm:?}");
    assert!(attacked.score < Score::from_percent(75), "{attacked:?}");
}

proptest! {
    #[test]
    fn failures_alone_deny_nobody(features in any_login(), days in 0..40_u32, account in 0..20_u32) {
        let mut profile = home(days);
        let calm = Features { readings: crate::Readings::default(), ..features };
        let before = of(&calm, Some(&profile));
        (0..account).for_each(|_| profile.failure(calm.at));
        let after = of(&under_fire(calm), Some(&profile));
        prop_assert!(after.logit_micro >= before.logit_micro);
        if before.score < Score::from_percent(60) {
            prop_assert!(after.score < Score::from_percent(90), "{before:?} {after:?}");
        }
    }
}
