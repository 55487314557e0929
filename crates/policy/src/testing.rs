//! Documents and people that tests share.

use countersign_auth0::factor::FactorType;
use countersign_core::{Channel, Level, Mode, Score, Timestamp, Trigger, Verdict};
use proptest::prelude::*;

use crate::{
    bounds::{Ceiling, Floor, Subject},
    circumstances::Circumstances,
    document::{Claims, Document, FederatedChallenge, Layer, NoFactor, TriggerLayer, UserRiskChallenge},
    settings::{Thresholds, Verdicts},
};

pub(crate) const NOW: Timestamp = Timestamp::from_seconds(1_787_212_800);
pub(crate) const LOW: Score = Score::from_percent(5);
pub(crate) const HIGH: Score = Score::from_percent(70);
pub(crate) const CRITICAL: Score = Score::from_percent(97);

pub(crate) fn enforcing() -> Document {
    let mut document = Document::default();
    document.tenant.mode = Some(Mode::Enforce);
    document
}

pub(crate) fn person(channel: Channel) -> Circumstances {
    Circumstances {
        organization: Some("org_a".parse().unwrap()),
        client: Some("portal".parse().unwrap()),
        roles: vec!["member".to_owned()],
        percentile: 42,
        usable_factors: vec![FactorType::Otp, FactorType::Phone],
        reason_codes: ["new_country", "impossible_travel", "new_device", "odd_hour"]
            .map(str::to_owned)
            .to_vec(),
        reference: "dec_1".to_owned(),
        ..Circumstances::new(Trigger::PostLogin, channel, NOW)
    }
}

/// Whoever or whatever comes by `trigger`.
pub(crate) fn at(trigger: Trigger) -> Circumstances {
    let channel = match trigger {
        Trigger::CredentialsExchange | Trigger::CustomTokenExchange => Channel::Exchange,
        _ => Channel::Interactive,
    };
    Circumstances { trigger, ..person(channel) }
}

fn word<T: Copy + std::fmt::Debug + 'static>(words: &'static [T]) -> impl Strategy<Value = T> {
    prop::sample::select(words)
}

fn verdicts() -> impl Strategy<Value = Verdicts> {
    let one = || word(Verdict::ALL);
    (one(), one(), one(), one()).prop_map(|(low, medium, high, critical)| Verdicts {
        low,
        medium,
        high,
        critical,
    })
}

fn thresholds() -> impl Strategy<Value = Thresholds> {
    (0_u8..=100, 0_u8..=100, 0_u8..=100).prop_map(|(a, b, c)| {
        let mut sorted = [a, b, c];
        sorted.sort_unstable();
        let [medium, high, critical] = sorted.map(Score::from_percent);
        Thresholds { medium, high, critical }
    })
}

fn claims() -> impl Strategy<Value = Claims> {
    any::<[bool; 5]>().prop_map(|[risk_level, risk_score, risk_reason, access_token, in_every_mode]| Claims {
        risk_level,
        risk_score,
        risk_reason,
        access_token,
        in_every_mode,
    })
}

pub(crate) fn layers() -> impl Strategy<Value = Layer> {
    let challenge = || {
        prop::option::of(word(&[
            UserRiskChallenge::Medium,
            UserRiskChallenge::High,
            UserRiskChallenge::Never,
        ]))
    };
    let own = (prop::option::of(thresholds()), prop::option::of(verdicts()), challenge()).prop_map(
        |(thresholds, verdicts, user_risk_challenge)| TriggerLayer {
            thresholds,
            verdicts,
            user_risk_challenge,
        },
    );
    let federated = [FederatedChallenge::Annotate, FederatedChallenge::Redirect, FederatedChallenge::Deny];
    let no_factor = [NoFactor::Annotate, NoFactor::Redirect, NoFactor::Deny];
    (
        (prop::option::of(word(Mode::ALL)), prop::option::of(0_u8..=100), prop::option::of(0_u32..2000)),
        prop::collection::btree_map(word(Trigger::ALL), word(Mode::ALL), 0..3),
        prop::collection::btree_map(word(Trigger::ALL), own, 0..3),
        (prop::option::of(thresholds()), prop::option::of(verdicts()), prop::option::of(claims())),
        (
            prop::option::of(prop::sample::select(federated.to_vec())),
            prop::option::of(prop::sample::select(no_factor.to_vec())),
            challenge(),
        ),
        any::<[Option<bool>; 3]>(),
    )
        .prop_map(|(scalars, modes, triggers, levels, asked, flags)| Layer {
            mode: scalars.0,
            rollout_percent: scalars.1,
            mfa_max_age_minutes: scalars.2,
            modes,
            triggers,
            thresholds: levels.0,
            verdicts: levels.1,
            claims: levels.2,
            federated: asked.0,
            no_factor: asked.1,
            user_risk_challenge: asked.2,
            offer_enrollment: flags[0],
            reduce_scopes: flags[1],
            redirect_url: flags[2]
                .filter(|is_set| *is_set)
                .map(|_| "https://verify.example.com/step-up".parse().unwrap()),
        })
}

fn subjects() -> impl Strategy<Value = Subject> {
    (any::<[bool; 3]>(), prop::option::of(word(Trigger::ALL)), prop::option::of(any::<bool>())).prop_map(
        |([roles, organizations, clients], trigger, is_first_login)| Subject {
            roles: roles.then(|| vec!["admin".to_owned()]),
            organizations: organizations.then(|| vec!["org_a".parse().unwrap()]),
            clients: clients.then(|| vec!["portal".parse().unwrap()]),
            triggers: trigger.map(|trigger| vec![trigger]),
            is_first_login,
        },
    )
}

/// Documents of any shape, faulty ones too: a decision must hold what it promises for each.
pub(crate) fn documents() -> impl Strategy<Value = Document> {
    let floors = (subjects(), word(Verdict::ALL)).prop_map(|(when, at_least)| Floor { when, at_least });
    let ceilings = (subjects(), word(Verdict::ALL)).prop_map(|(when, at_most)| Ceiling { when, at_most });
    (
        layers(),
        prop::option::of(layers()),
        prop::option::of(layers()),
        prop::collection::vec(floors, 0..3),
        prop::collection::vec(ceilings, 0..3),
        any::<bool>(),
    )
        .prop_map(|(tenant, organization, client, floors, ceilings, has_factors)| {
            let mut document = Document { tenant, floors, ceilings, ..Document::default() };
            document.organizations.extend(organization.map(|layer| ("org_a".parse().unwrap(), layer)));
            document.clients.extend(client.map(|layer| ("portal".parse().unwrap(), layer)));
            if !has_factors {
                document.factors.clear();
            }
            document
        })
}

pub(crate) fn scores() -> impl Strategy<Value = Score> {
    (0_u32..=1_000_000).prop_map(|millionths| Score::from_millionths(millionths).unwrap())
}

/// Whoever may come by any trigger, on any channel, whether or not they go together.
pub(crate) fn people() -> impl Strategy<Value = Circumstances> {
    (
        word(Trigger::ALL),
        word(Channel::ALL),
        (any::<[bool; 7]>(), prop::option::of(word(Level::ALL))),
        0_u8..100,
        prop::option::of(0_i64..48 * 3600),
        prop::collection::vec("[a-z:]{0,4}", 0..3),
    )
        .prop_map(|(trigger, channel, (flags, user_risk), percentile, mfa_age, new_scopes)| {
            let [
                is_federated,
                has_factor,
                enrolled_none,
                can_redirect,
                is_first_login,
                is_admin,
                roles_truncated,
            ] = flags;
            Circumstances {
                trigger,
                is_federated,
                percentile,
                usable_factors: if has_factor { vec![FactorType::Otp] } else { vec![] },
                enrolled_none,
                newest_mfa_at: mfa_age.map(|age| NOW.plus(-age * 1_000_000)),
                can_redirect,
                is_first_login,
                roles: if is_admin { vec!["admin".to_owned()] } else { vec![] },
                roles_truncated,
                user_risk,
                new_scopes,
                ..person(channel)
            }
        })
}
