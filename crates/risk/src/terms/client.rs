//! Terms of a machine's client beside those that it shares with people.

use countersign_core::Timestamp;

use super::familiarity::{Subject, shrink};
use crate::{
    Contribution, Features, Model, Profile, code,
    number::{LIMIT_MICRO, clip, micro, milli, nearest, real},
    profile::{Keys, Seen, decay::HALF_LIFE_DAYS},
};

/// New scopes beyond the first that add to what one counts.
const MOST_MORE: usize = 4;

/// Seconds of a day.
const DAY_S: i64 = 86_400;

/// Weight under which a value counts as never seen, in requests: what all unconfirmed requests together leave is less
/// ([`learning::PROVISIONAL_CAP_MILLI`](crate::learning::PROVISIONAL_CAP_MILLI)), and one confirmed is more for 45 days.
const LEAST_CONFIRMED: f64 = 0.5;

/// What was seen, of a machine without what nobody confirmed: else its first request from elsewhere would make the second
/// one look known, and a machine asks again within minutes.
pub(super) fn confirmed(seen: Seen, features: &Features) -> Seen {
    let is_known = features.machine.is_none() || seen.weight >= LEAST_CONFIRMED;
    if is_known || seen.weight <= 0.0 {
        return seen;
    }
    // The value itself is one of those held.
    Seen { weight: 0.0, total: (seen.total - seen.weight).max(0.0), distinct: (seen.distinct - 1.0).max(1.0) }
}

/// How well the API fits the client's history; `None` without either.
pub(super) fn audience(
    features: &Features,
    profile: Option<&Profile>,
    model: &Model,
) -> Option<Contribution> {
    let seen = confirmed(profile?.audience(Keys::of(features).audience?, features.at), features);
    Subject {
        constants: model.machine_client.audience,
        unfamiliar: code::UNFAMILIAR_AUDIENCE,
        familiar: code::FAMILIAR_AUDIENCE,
        noun: "this API",
        share_milli: 1_000,
    }
    .contribution(seen, features, model)
}

/// How well the scopes fit the client's history, which the least familiar one decides; `None` without either.
pub(super) fn scopes(features: &Features, profile: Option<&Profile>, model: &Model) -> Option<Contribution> {
    let asked = profile?.scopes(&features.machine.as_ref()?.plain(), features.at)?;
    let weights = &model.machine_client;
    let noun = match asked.unseen {
        0 => "the rarest of these scopes",
        1 => "one of these scopes",
        _ => "several of these scopes",
    };
    let more = u32::try_from(asked.unseen.saturating_sub(1).min(MOST_MORE)).unwrap_or(0);
    let constants =
        weights.scopes.scaled(weights.more_scope_milli.saturating_mul(more).saturating_add(1_000));
    Subject {
        constants,
        unfamiliar: code::UNFAMILIAR_SCOPES,
        familiar: code::FAMILIAR_SCOPES,
        noun,
        share_milli: 1_000,
    }
    .contribution(asked.least, features, model)
}

/// What it counts that a client wakes that nobody used for long; `None` without a confirmed request.
pub(super) fn dormant(features: &Features, profile: Option<&Profile>, model: &Model) -> Option<Contribution> {
    features.machine.as_ref()?;
    let days = features.at.seconds().saturating_sub(profile?.last_seen()?.seconds()) / DAY_S;
    (days > i64::from(model.machine_client.dormant_days)).then_some(())?;
    let text = format!("No request of this client was confirmed for {days} days.");
    Contribution::new(code::DORMANT_CLIENT, model.machine_client.dormant_micro, (0, LIMIT_MICRO), text)
}

/// What it counts that a client asks from a new block while it asks from another one; `None` without a history of blocks,
/// and the less the more of them it has.
pub(super) fn parallel(
    features: &Features,
    profile: Option<&Profile>,
    model: &Model,
) -> Option<Contribution> {
    (features.machine.as_ref()?.other_blocks > 0).then_some(())?;
    let seen = confirmed(profile?.network(Keys::of(features).network?, features.at), features);
    (seen.weight <= 0.0 && seen.total >= milli(model.min_history_milli)).then_some(())?;
    let counted =
        shrink(model.machine_client.parallel_micro, seen.total, model.half_trust_milli, 1.0 / seen.distinct);
    let text = "The client asks from a new network while it asks from another one.";
    Contribution::new(code::PARALLEL_NETWORKS, counted, (0, LIMIT_MICRO), text)
}

/// What it counts that a client asks more often in an hour than in a usual day; `None` without a history.
///
/// No more than 33 requests in an hour are counted, so that a client with more on a usual day is never told.
pub(super) fn rate(features: &Features, profile: Option<&Profile>, model: &Model) -> Option<Contribution> {
    let (machine, profile, weights) = (features.machine.as_ref()?, profile?, &model.machine_client);
    let history = profile.history(features.at);
    (history >= milli(model.min_history_milli)).then_some(())?;
    let usual = per_day(history, days_since(features, profile.first_seen()?));
    let asked = u32::from(machine.requests_hour) + 1;
    let free = usual.max(f64::from(weights.rate_free.max(1)));
    let evidence = micro(milli(weights.rate_milli) * libm::log(f64::from(asked) / free));
    let counted = shrink(clip(evidence, 0, weights.rate_hi_micro), history, model.half_trust_milli, 1.0);
    let text = format!("{asked} requests within an hour, where {} a day are usual.", nearest(usual.max(1.0)));
    Contribution::new(code::UNUSUAL_RATE, counted, (0, LIMIT_MICRO), text)
}

fn days_since(features: &Features, first: Timestamp) -> f64 {
    (real(features.at.seconds().saturating_sub(first.seconds())) / real(DAY_S)).max(1.0)
}

/// Requests a day that leave a decayed weight of `history` after so many days: the sum of a geometric series, where a day
/// counts `2^(-1 / half-life)` of the next.
fn per_day(history: f64, days: f64) -> f64 {
    let half_life = real(HALF_LIFE_DAYS);
    let whole = half_life / core::f64::consts::LN_2;
    history / (whole * (1.0 - libm::exp2(-days / half_life)))
}

#[cfg(test)]
mod tests {
    use countersign_core::{Score, Timestamp};

    use super::*;
    use crate::{
        Assessment, Machine, Short, assess,
        samples::{machine, machine_home, now},
    };

    fn of(features: &Features, profile: &Profile) -> Assessment {
        assess(features, Some(profile), &Model::default())
    }

    fn codes(assessment: &Assessment) -> Vec<&str> {
        assessment.reasons.iter().map(|reason| reason.code.as_str()).collect()
    }

    fn with_network(network: &str) -> Features {
        Features { network: Some(Short::new(network)), ..machine(now()) }
    }

    #[test]
    fn an_ordinary_request_is_low() {
        let assessment = of(&machine(now()), &machine_home(60));
        assert!(assessment.score < Score::from_percent(5), "{assessment:?}");
        for code in
            ["familiar_network", "familiar_audience", "familiar_scopes", "familiar_browser", "usual_hour"]
        {
            assert!(codes(&assessment).contains(&code), "{code}: {assessment:?}");
        }
        assert!(assessment.reasons.iter().all(|reason| !reason.text.contains("user")), "{assessment:?}");
    }

    #[test]
    fn machines_do_not_travel() {
        let moved = with_network("198.51.100.0/24");
        let constant = of(&moved, &machine_home(60));
        assert_eq!(codes(&constant).first(), Some(&"unfamiliar_network"));
        assert!(constant.score >= Score::from_percent(30), "{constant:?}");
        let mut roaming = Profile::default();
        for n in 0..60_u64 {
            let network = with_network(&format!("192.0.{}.0/24", n % 8));
            roaming.credit(&network, n, 1_000);
        }
        assert!(of(&moved, &roaming).score < Score::from_percent(10), "{:?}", of(&moved, &roaming));
        let abroad = Features { country: Some("AU".into()), place: None, ..moved };
        assert!(of(&abroad, &machine_home(60)).score >= Score::from_percent(60));
    }

    fn asking(scopes: &[&str]) -> Machine {
        let mut asked = machine(now()).machine.unwrap();
        asked.scopes.clear();
        asked.ask(scopes.iter().copied());
        asked
    }

    /// The code and the weight of the reason about scopes.
    fn of_scopes(scopes: &[&str], profile: &Profile) -> Option<(String, i64)> {
        let features = Features { machine: Some(asking(scopes)), ..machine(now()) };
        let reasons = of(&features, profile).reasons;
        let found = reasons.into_iter().find(|reason| reason.code.as_str().ends_with("_scopes"))?;
        Some((found.code.as_str().to_owned(), found.micro))
    }

    #[test]
    fn one_new_scope_among_known_ones_is_noticed_and_several_count_more() {
        let profile = machine_home(60);
        let unfamiliar = |scopes: &[&str]| {
            let (code, micro) = of_scopes(scopes, &profile).unwrap();
            assert_eq!(code, "unfamiliar_scopes", "{scopes:?}");
            micro
        };
        let one = unfamiliar(&["read:orders", "write:orders", "write:users"]);
        assert_eq!(one, unfamiliar(&["write:users"]));
        let two = unfamiliar(&["read:orders", "delete:users", "write:users"]);
        assert!(one > 1_000_000 && two > one && two < 2 * one, "{one} {two}");
        for known in [&["read:orders"][..], &["write:orders", "read:orders"]] {
            assert_eq!(of_scopes(known, &profile), Some(("familiar_scopes".to_owned(), -132_893)));
        }
        assert_eq!(of_scopes(&[], &profile), None);
    }

    #[test]
    fn more_scopes_than_are_kept_are_new_to_whoever_never_asked_for_so_many() {
        let names: Vec<String> = (0..30).map(|n| format!("read:{n}")).collect();
        let many: Vec<&str> = names.iter().map(String::as_str).collect();
        let mut profile = Profile::default();
        for (key, scopes) in [&many[..15], &many[15..]].into_iter().cycle().take(40).enumerate() {
            let features = Features { machine: Some(asking(scopes)), ..machine(now()) };
            profile.credit(&features, u64::try_from(key).unwrap(), 1_000);
        }
        assert_eq!(of_scopes(&many[5..25], &profile).unwrap().0, "familiar_scopes");
        assert_eq!(of_scopes(&many, &profile).unwrap().0, "unfamiliar_scopes");
        for key in 40..80 {
            let features = Features { machine: Some(asking(&many)), ..machine(now()) };
            profile.credit(&features, key, 1_000);
        }
        assert_eq!(of_scopes(&many, &profile).unwrap().0, "familiar_scopes");
    }

    #[test]
    fn a_new_api_and_new_scopes_are_noticed() {
        let mut features = machine(now());
        features.machine = Some(Machine { audience: Some("00000001".into()), ..asking(&["write:users"]) });
        let assessment = of(&features, &machine_home(60));
        assert!(codes(&assessment).contains(&"unfamiliar_audience"));
        assert!(codes(&assessment).contains(&"unfamiliar_scopes"));
        assert!(assessment.score > of(&machine(now()), &machine_home(60)).score);
    }

    #[test]
    fn a_client_that_slept_for_a_month_is_noticed() {
        let later = |days| machine(Timestamp::from_seconds(now().seconds() + days * DAY_S));
        assert!(!codes(&of(&later(29), &machine_home(60))).contains(&"dormant_client"));
        assert!(codes(&of(&later(31), &machine_home(60))).contains(&"dormant_client"));
    }

    fn reason(features: &Features, profile: &Profile, code: &str) -> Option<i64> {
        let found = of(features, profile).reasons.into_iter().find(|reason| reason.code.as_str() == code);
        found.map(|reason| reason.micro)
    }

    fn busy(network: &str, other_blocks: u16, requests_hour: u16) -> Features {
        let asked = Machine { other_blocks, requests_hour, ..machine(now()).machine.unwrap() };
        Features { machine: Some(asked), ..with_network(network) }
    }

    #[test]
    fn a_new_network_beside_another_is_noticed_and_a_known_one_is_not() {
        let (home, abroad) = ("203.0.113.0/24", "198.51.100.0/24");
        let mut profile = Profile::default();
        for key in 0..60 {
            profile.credit(&with_network(home), key, 1_000);
        }
        let code = "parallel_networks";
        assert_eq!(reason(&busy(home, 1, 0), &profile, code), None);
        assert_eq!(reason(&busy(abroad, 0, 0), &profile, code), None);
        let noticed = reason(&busy(abroad, 1, 0), &profile, code).unwrap();
        assert!(noticed > 500_000, "{noticed}");
        for key in 60..63 {
            profile.credit(&with_network(abroad), key, 150);
        }
        assert!(reason(&busy(abroad, 1, 0), &profile, code).is_some(), "nobody confirmed it");
        profile.credit(&with_network(abroad), 99, 1_000);
        assert_eq!(reason(&busy(abroad, 1, 0), &profile, code), None);
    }

    #[test]
    fn more_in_an_hour_than_in_a_usual_day_is_noticed() {
        let profile = machine_home(60);
        let of = |requests| reason(&busy("203.0.113.0/24", 0, requests), &profile, "unusual_rate");
        assert_eq!(of(0), None);
        assert_eq!(of(4), None, "a few in a row are a retry");
        assert!(of(10) < of(32) && of(32) > Some(3_000_000), "{:?}", of(32));
        let text = |days| {
            let reasons = rate(&busy("203.0.113.0/24", 0, 32), Some(&machine_home(days)), &Model::default());
            reasons.unwrap().text
        };
        for days in [10, 60] {
            assert_eq!(text(days), "33 requests within an hour, where 1 a day are usual.");
        }
        assert_eq!(rate(&busy("203.0.113.0/24", 0, 32), Some(&machine_home(2)), &Model::default()), None);
    }

    #[test]
    fn what_nobody_confirmed_makes_no_network_known_to_a_machine() {
        let moved = with_network("198.51.100.0/24");
        let mut profile = machine_home(60);
        let before = reason(&moved, &profile, "unfamiliar_network").unwrap();
        for key in 0..3 {
            profile.credit(&moved, 900 + key, 150);
        }
        let after = reason(&moved, &profile, "unfamiliar_network").unwrap();
        assert!(after * 10 > before * 9, "{before} {after}");
    }

    #[test]
    fn a_program_is_what_a_machine_is() {
        let mut features = machine(now());
        features.device = crate::parse_agent("curl/8.5.0");
        assert!(!codes(&of(&features, &Profile::default())).contains(&"automated_client"));
    }

    #[test]
    fn a_machine_s_grants_can_be_taken_back() {
        let (before, moved) = (machine_home(20), with_network("198.51.100.0/24"));
        let mut after = before.clone();
        after.regrant(&moved, 99, 0, 150);
        after.regrant(&moved, 99, 150, 1_000);
        assert_ne!(after, before);
        after.regrant(&moved, 99, 1_000, 0);
        assert_eq!(after.total_milli(now()), before.total_milli(now()));
        assert_eq!(of(&moved, &after).logit_micro, of(&moved, &before).logit_micro);
        assert_eq!(Profile::decode(&after.encode()), Ok(after));
    }
}
