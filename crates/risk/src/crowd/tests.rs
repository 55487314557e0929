use countersign_core::Timestamp;
use proptest::prelude::*;

use super::*;
use crate::{
    Profile, Short, assess,
    learning::{Earlier, Event, FULL_MILLI, Intervention, Situation, weight},
    samples::{DAY_S, now, ordinary, stranger},
};

const ACME: Option<&str> = Some("org_acme");

fn login(features: Features) -> Features {
    Features { is_login: true, ..features }
}

/// A crowd of so many colleagues who signed in from the office once a day for ten days.
fn office(colleagues: u32) -> Crowd {
    let mut crowd = Crowd::default();
    for day in (0..10).rev() {
        let at = Timestamp::from_seconds(now().seconds() - day * DAY_S);
        for colleague in 0..colleagues {
            let member = Member::new(ACME, &format!("colleague-{colleague}"));
            crowd.credit(&Features { at, ..login(ordinary()) }, member, FULL_MILLI);
        }
    }
    crowd
}

#[test]
fn a_newcomer_in_the_office_is_ordinary_and_a_stranger_is_not() {
    let crowd = office(30);
    let score = |features: Features| {
        let features = Features { shares: Some(crowd.read(&features, Member::new(ACME, "new"))), ..features };
        assess(&features, None, &crate::Model::default()).score.as_f64()
    };
    let (office, elsewhere) = (score(login(ordinary())), score(login(stranger())));
    assert!(office < 0.05 && elsewhere > 0.5, "{office} {elsewhere}");
}

#[test]
fn another_organization_learns_through_the_tenant_alone() {
    let crowd = office(30);
    let read = |organization| crowd.read(&login(ordinary()), Member::new(organization, "new"));
    let (own, other) = (read(ACME), read(Some("org_other")));
    assert!(own.network.unwrap().organization_ppb > 900_000_000);
    assert_eq!(own.network.unwrap().tenant_ppb, other.network.unwrap().tenant_ppb);
    assert_eq!((own.block_others, other.block_others), (8, 0));
}

#[test]
fn colleagues_count_for_thirty_days_and_nobody_for_himself() {
    let mut crowd = Crowd::default();
    let (anna, ben) = (Member::new(ACME, "anna"), Member::new(ACME, "ben"));
    crowd.credit(&login(ordinary()), anna, FULL_MILLI);
    let others = |crowd: &Crowd, member, days: i64| {
        let at = Timestamp::from_seconds(now().seconds() + days * DAY_S);
        crowd.read(&Features { at, ..login(ordinary()) }, member).block_others
    };
    assert_eq!((others(&crowd, anna, 0), others(&crowd, ben, 0), others(&crowd, ben, 29)), (0, 1, 1));
    assert_eq!(others(&crowd, ben, 31), 0);
    crowd.debit(&login(ordinary()), anna, FULL_MILLI);
    assert_eq!(others(&crowd, ben, 0), 0);
}

/// Ten thousand risky sign-ins at one account, each completed: the account's own history learns what the cap allows, and
/// its colleagues nothing.
#[test]
fn an_attacker_who_signs_in_often_does_not_teach_the_crowd() {
    let mut crowd = office(30);
    let victim = Member::new(ACME, "victim");
    let before = crowd.read(&login(stranger()), Member::new(ACME, "new"));
    let mut profile = Profile::default();
    for attempt in 0..10_000_u64 {
        let at = now().plus(i64::try_from(attempt).unwrap() * 60_000_000);
        let attack = Features { at, ..login(stranger()) };
        let granted = weight(&Situation {
            below_threshold: false,
            intervention: Intervention::None,
            event: Event::Completed,
            earlier: Earlier::Nothing,
            granted_milli: 0,
            provisional_milli: profile.provisional_milli(at),
        });
        profile.credit(&attack, attempt, granted);
        crowd.credit(&attack, victim, granted);
    }
    let after = crowd.read(&login(stranger()), Member::new(ACME, "new"));
    assert_eq!(after, before, "not at all");
}

#[test]
fn a_confirmed_attack_speaks_against_its_network_until_it_is_taken_back() {
    let mut crowd = office(30);
    let read = |crowd: &Crowd| crowd.read(&login(stranger()), Member::new(ACME, "new")).network_attacks_milli;
    crowd.blame(&login(stranger()), FULL_MILLI);
    assert!(read(&crowd) >= 990);
    let later = Features { at: now().plus(14 * DAY_S * 1_000_000), ..login(stranger()) };
    let faded = crowd.read(&later, Member::new(ACME, "new")).network_attacks_milli;
    assert!((450..550).contains(&faded), "half in two weeks: {faded}");
    crowd.pardon(&login(stranger()), FULL_MILLI);
    assert_eq!(read(&crowd), 0);
}

#[test]
fn taking_back_what_was_forgotten_makes_nothing() {
    let mut crowd = Crowd::default();
    for n in 0..1_000 {
        let features = Features { block: Some(Short::new(&format!("b{n}"))), ..login(ordinary()) };
        let anna = Member::new(Some(&format!("org-{n}")), "anna");
        crowd.debit(&features, anna, FULL_MILLI);
        assert!(crowd.organizations.get(anna.organization).is_none());
    }
    assert_eq!(crowd.size_bytes(), 0);
}

#[test]
fn memory_is_bounded_whatever_comes() {
    let mut crowd = Crowd::default();
    for n in 0..40_000_u32 {
        let text = |prefix: &str| Some(Short::new(&format!("{prefix}{n}")));
        let features = Features {
            country: text("c"),
            network: text("n"),
            block: text("b"),
            language: text("l"),
            ja4: text("j"),
            ..login(ordinary())
        };
        crowd.credit(&features, Member::new(Some(&format!("org-{}", n % 50)), &n.to_string()), FULL_MILLI);
    }
    // Ten tables of 4,096 cells for the tenant, of 256 for each organization, and 16,384 blocks with a person each.
    let most = (10 * 4_096 + 50 * 10 * 256) * 24 + 16_384 * 200;
    assert!(crowd.size_bytes() < most, "{} of {most}", crowd.size_bytes());
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(64))]

    #[test]
    // Within the days that no rescaling lies between; that leaves a rounding.
    fn what_is_taken_back_leaves_no_trace(
        history in prop::collection::vec((0..20_i64, any::<bool>(), 0..3_u8), 0..30),
        day in 0..20_i64, strange in any::<bool>(),
    ) {
        let of = |day: i64, strange: bool| {
            let at = Timestamp::from_seconds(now().seconds() - day * DAY_S);
            Features { at, ..login(if strange { stranger() } else { ordinary() }) }
        };
        let mut crowd = Crowd::default();
        for (day, strange, user) in history {
            crowd.credit(&of(day, strange), Member::new(ACME, &user.to_string()), FULL_MILLI);
        }
        let read = |crowd: &Crowd| {
            let member = Member::new(ACME, "reader");
            (crowd.read(&of(0, false), member), crowd.read(&of(0, true), member))
        };
        let before = read(&crowd);
        let (features, member) = (of(day, strange), Member::new(ACME, "somebody"));
        crowd.credit(&features, member, FULL_MILLI);
        crowd.blame(&features, 500);
        crowd.pardon(&features, 500);
        crowd.debit(&features, member, FULL_MILLI);
        if before.0.tenant_milli > 0 {
            prop_assert_eq!(read(&crowd), before);
        }
    }

    #[test]
    fn shares_are_shares(strange in any::<bool>(), colleagues in 0..40_u32, at in any::<i64>()) {
        let crowd = office(colleagues.min(5));
        let features = Features { at: Timestamp::from_micros(at), ..login(if strange { stranger() } else { ordinary() }) };
        let shares = crowd.read(&features, Member::new(ACME, "reader"));
        for share in [shares.country, shares.network, shares.block, shares.machine, shares.browser, shares.fingerprint, shares.pair, shares.hour] {
            let share = share.unwrap();
            prop_assert!((1..=1_000_000_000).contains(&share.organization_ppb) && (1..=1_000_000_000).contains(&share.tenant_ppb));
        }
    }
}
