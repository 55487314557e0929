use std::{collections::BTreeSet, sync::LazyLock};

use super::*;
use crate::traffic::tests::{text, traffic, until};

fn attack(traffic: &mut Traffic, kind: AttackKind, organization: usize, at: Timestamp) -> SignIn {
    (0..5)
        .map(|n| traffic.attack(kind, organization, at.plus(n * 60_000_000)).unwrap())
        .find(|s| s.label != Label::Honest)
        .unwrap()
}

/// Traffic of a few seeds with a month behind it, made once.
static SEASONED: LazyLock<Vec<Traffic>> = LazyLock::new(|| {
    let seasoned = |seed| {
        let mut traffic = traffic(seed);
        drop(traffic.history(30, until()));
        traffic
    };
    (0..6).map(seasoned).collect()
});

/// Attacks of a kind on each organization, each on seasoned traffic of its own.
fn attacks(kind: AttackKind) -> impl Iterator<Item = (Traffic, SignIn)> {
    SEASONED.iter().flat_map(move |seasoned| {
        (0..3).map(move |organization| {
            let mut traffic = seasoned.clone();
            let sign_in = attack(&mut traffic, kind, organization, until());
            (traffic, sign_in)
        })
    })
}

#[test]
fn a_stolen_password_comes_from_another_continent_with_a_program() {
    for (traffic, sign_in) in attacks(AttackKind::StolenPassword) {
        let person = traffic.population().person(sign_in.person).unwrap();
        let agent = text(&sign_in, "/request/user_agent");
        assert!(agent.contains("python-requests") || agent.contains("HeadlessChrome"), "{agent}");
        assert_ne!(text(&sign_in, "/request/geoip/continentCode"), person.home.city.continent);
        assert!(!person.is_federated() && sign_in.failures.is_empty());
        assert_eq!(sign_in.channel, Channel::Interactive);
    }
}

#[test]
fn an_impossible_travel_follows_an_honest_sign_in_within_half_an_hour() {
    for (traffic, sign_in) in attacks(AttackKind::ImpossibleTravel) {
        let person = traffic.population().person(sign_in.person).unwrap();
        let (last, city) = traffic.standings[sign_in.person].last.unwrap();
        assert!((1..=30 * 60_000_000).contains(&sign_in.at.since(last)));
        assert_ne!(text(&sign_in, "/request/geoip/continentCode"), city.continent);
        let agent = text(&sign_in, "/request/user_agent");
        assert!(agent.starts_with("Mozilla/5.0") && !agent.contains("Headless"), "{agent}");
        assert_ne!(text(&sign_in, "/security_context/ja4"), person.device.ja4);
    }
}

#[test]
fn credential_stuffing_fails_at_several_accounts_before_it_succeeds() {
    for (traffic, sign_in) in attacks(AttackKind::CredentialStuffing) {
        let person = traffic.population().person(sign_in.person).unwrap();
        let victims: BTreeSet<&str> =
            sign_in.failures.iter().map(|failure| failure.user_id.as_str()).collect();
        assert!(victims.len() >= 3, "{}", victims.len());
        let own = sign_in.failures.iter().filter(|failure| failure.user_id == person.user_id).count();
        assert!(own >= 6);
        assert!(sign_in.failures.is_sorted_by_key(|failure| failure.at));
        assert!(sign_in.failures.iter().all(|f| (1..=300_000_000).contains(&sign_in.at.since(f.at))));
        let people = traffic.population().people();
        assert!(
            victims
                .iter()
                .all(|id| people.iter().any(|p| &p.user_id == id && p.organization == person.organization))
        );
    }
}

#[test]
fn a_replay_brings_the_persons_own_session_from_another_network() {
    let mut channels = BTreeSet::new();
    for (traffic, sign_in) in attacks(AttackKind::TokenReplay) {
        let session = traffic.standings[sign_in.person].session.as_ref().unwrap();
        assert_eq!(text(&sign_in, "/session/id"), session.id);
        let device = match sign_in.channel {
            Channel::Refresh => "/refresh_token/device",
            _ => "/session/device",
        };
        let device = sign_in.event.pointer(device).unwrap();
        assert_eq!(device["initial_asn"], session.traces.initial.asn.to_string());
        assert_ne!(device["initial_asn"], device["last_asn"]);
        assert_eq!(device["last_ip"].as_str(), Some(text(&sign_in, "/request/ip")));
        assert_eq!(text(&sign_in, "/request/user_agent"), session.traces.initial.user_agent);
        channels.insert(sign_in.channel);
    }
    assert_eq!(channels, [Channel::Silent, Channel::Refresh].into());
}

#[test]
fn an_attack_leaves_the_persons_own_habits_alone() {
    for (mut traffic, sign_in) in attacks(AttackKind::StolenPassword) {
        let next = traffic.honest_of(sign_in.person, sign_in.at.plus(60_000_000), true).unwrap();
        let risk = next.event.pointer("/authentication/riskAssessment/confidence");
        assert!(risk.is_none_or(|confidence| confidence != "low"));
        assert_eq!(text(&next, "/session/device/initial_ip"), text(&next, "/request/ip"));
    }
}

#[test]
fn a_cold_start_gives_an_honest_sign_in_to_build_on_first() {
    for kind in [AttackKind::ImpossibleTravel, AttackKind::TokenReplay] {
        let mut traffic = traffic(2);
        assert_eq!(traffic.attack(kind, 1, until()).unwrap().label, Label::Honest);
        let later = until().plus(60_000_000);
        assert_eq!(traffic.attack(kind, 1, later).unwrap().label, Label::Attack(kind));
    }
}

#[test]
fn a_spray_guesses_once_at_each_account_and_never_at_the_one_that_gives_in() {
    for (traffic, sign_in) in attacks(AttackKind::PasswordSpray) {
        let person = traffic.population().person(sign_in.person).unwrap();
        let colleagues = traffic.population().people().iter().filter(|other| {
            other.organization == person.organization && !other.is_federated() && *other != person
        });
        let expected: BTreeSet<&str> = colleagues.map(|other| other.user_id.as_str()).collect();
        let tried: BTreeSet<&str> = sign_in.failures.iter().map(|f| f.user_id.as_str()).collect();
        assert_eq!((tried, sign_in.failures.len()), (expected.clone(), expected.len()));
    }
}
