use countersign_auth0::factor::{ChallengeFactors, Factor};
use proptest::prelude::*;

use super::*;

use crate::{Ceiling, Claims, FederatedChallenge, Floor, NoFactor, Subject, Thresholds, Verdicts};

const NOW: Timestamp = Timestamp::from_seconds(1_787_212_800);

fn person(channel: Channel) -> Circumstances {
    Circumstances {
        trigger: Trigger::PostLogin,
        channel,
        at: NOW,
        organization: Some("org_a".parse().unwrap()),
        client: Some("portal".parse().unwrap()),
        roles: vec!["member".to_owned()],
        roles_truncated: false,
        is_federated: false,
        percentile: 42,
        usable_factors: vec![FactorType::Otp, FactorType::Phone],
        enrolled_none: false,
        newest_mfa_at: None,
        reason_codes: vec!["new_country".to_owned()],
        reference: "dec_1".to_owned(),
    }
}

fn enforcing() -> Document {
    let mut document = Document::default();
    document.tenant.mode = Some(Mode::Enforce);
    document
}

const HIGH: Score = Score::from_percent(70);
const LOW: Score = Score::from_percent(5);
const CRITICAL: Score = Score::from_percent(97);

fn calls(decision: &Decision) -> Vec<&'static str> {
    decision.effects.iter().map(Effect::call).collect()
}

#[test]
fn a_challenge_names_only_factors_that_are_switched_on_and_usable() {
    let mut document = enforcing();
    document.factors = vec![Factor::WebauthnRoaming, Factor::Otp];
    let decision = decide(&document, HIGH, &person(Channel::Interactive));
    assert_eq!(decision.verdict, Verdict::Challenge);
    assert_eq!(
        decision.effects,
        [Effect::ChallengeWithAny { factors: ChallengeFactors::new(vec![Factor::Otp]).unwrap() }]
    );
}

#[test]
fn where_nobody_can_be_asked_a_challenge_becomes_step_up_required() {
    for channel in [Channel::Silent, Channel::Refresh, Channel::Password, Channel::Exchange] {
        let decision = decide(&enforcing(), HIGH, &person(channel));
        assert_eq!(decision.verdict, Verdict::Deny, "{channel}");
        assert_eq!(decision.because, [Because::StepUpRequired]);
        let [Effect::Deny { reason }] = &decision.effects[..] else {
            panic!("{channel}: {:?}", decision.effects)
        };
        assert!(reason.starts_with("step_up_required"));
    }
}

#[test]
fn a_young_factor_of_the_session_stands_for_a_challenge_that_nobody_could_answer() {
    let hour = 3_600_000_000;
    for (age, verdict) in [(hour, Verdict::Annotate), (13 * hour, Verdict::Deny), (-hour, Verdict::Deny)] {
        let circumstances = Circumstances { newest_mfa_at: Some(NOW.plus(-age)), ..person(Channel::Refresh) };
        assert_eq!(decide(&enforcing(), HIGH, &circumstances).verdict, verdict, "age {age}");
    }
}

#[test]
fn no_enrollment_is_offered_above_low_risk() {
    let mut document = enforcing();
    document.tenant.offer_enrollment = Some(true);
    document.floors.push(Floor { when: Subject::default(), at_least: Verdict::Challenge });
    let nobody =
        Circumstances { usable_factors: vec![], enrolled_none: true, ..person(Channel::Interactive) };
    assert_eq!(calls(&decide(&document, LOW, &nobody)), ["authentication.enrollWithAny"]);
    for score in [Score::from_percent(40), HIGH] {
        assert_eq!(calls(&decide(&document, score, &nobody)), ["access.deny"]);
    }
}

#[test]
fn someone_with_a_factor_is_never_offered_another() {
    let mut document = enforcing();
    document.tenant.offer_enrollment = Some(true);
    document.floors.push(Floor { when: Subject::default(), at_least: Verdict::Challenge });
    let passed =
        Circumstances { usable_factors: vec![], enrolled_none: false, ..person(Channel::Interactive) };
    assert_eq!(calls(&decide(&document, LOW, &passed)), ["access.deny"]);
}

#[test]
fn without_a_usable_factor_policy_says_refuse_or_mark() {
    let nobody = Circumstances { usable_factors: vec![], ..person(Channel::Interactive) };
    let mut document = enforcing();
    assert_eq!(decide(&document, HIGH, &nobody).because, [Because::NoUsableFactor]);
    assert_eq!(calls(&decide(&document, HIGH, &nobody)), ["access.deny"]);
    document.tenant.no_factor = Some(NoFactor::Annotate);
    assert_eq!(decide(&document, HIGH, &nobody).verdict, Verdict::Annotate);
}

#[test]
fn federated_people_are_marked_by_default_and_refused_where_policy_says_so() {
    for channel in [Channel::Interactive, Channel::Refresh] {
        let federated = Circumstances { is_federated: true, ..person(channel) };
        let mut document = enforcing();
        assert_eq!(decide(&document, HIGH, &federated).verdict, Verdict::Annotate);
        document.tenant.federated = Some(FederatedChallenge::Deny);
        assert_eq!(calls(&decide(&document, HIGH, &federated)), ["access.deny"]);
    }
}

#[test]
fn mfa_is_skipped_only_where_somebody_would_be_asked() {
    let mut document = enforcing();
    document.fallback = crate::Fallback::Challenge;
    document.tenant.verdicts = Some(Verdicts { low: Verdict::SkipMfa, ..Verdicts::default() });
    assert_eq!(calls(&decide(&document, LOW, &person(Channel::Interactive))), ["multifactor.enable"]);
    assert_eq!(decide(&document, LOW, &person(Channel::Refresh)).effects, []);
}

#[test]
fn a_floor_keeps_mfa_for_admins() {
    let mut document = enforcing();
    document.fallback = crate::Fallback::Challenge;
    document.tenant.verdicts = Some(Verdicts { low: Verdict::SkipMfa, ..Verdicts::default() });
    document.floors.push(Floor {
        when: Subject { roles: Some(vec!["admin".to_owned()]), ..Subject::default() },
        at_least: Verdict::Allow,
    });
    let admin = Circumstances { roles: vec!["admin".to_owned()], ..person(Channel::Interactive) };
    let decision = decide(&document, LOW, &admin);
    assert_eq!((decision.verdict, decision.effects.len()), (Verdict::Allow, 0));
    assert_eq!(decision.because, [Because::Floor]);
}

#[test]
fn a_ceiling_of_never_deny_holds_for_refusals_that_stand_for_a_challenge() {
    let mut document = enforcing();
    document.ceilings.push(Ceiling { when: Subject::default(), at_most: Verdict::Challenge });
    assert_eq!(decide(&document, CRITICAL, &person(Channel::Interactive)).verdict, Verdict::Challenge);
    let decision = decide(&document, CRITICAL, &person(Channel::Refresh));
    assert_eq!((decision.verdict, decision.effects.len()), (Verdict::Annotate, 0));
    assert!(decision.because.contains(&Because::Ceiling));
}

#[test]
fn outside_the_rollout_a_person_is_audited_and_told_apart() {
    let mut document = enforcing();
    document.tenant.rollout_percent = Some(42);
    let decision = decide(&document, HIGH, &person(Channel::Interactive));
    assert_eq!(decision.mode, Mode::Audit);
    assert_eq!(decision.withheld.iter().map(|held| held.because).collect::<Vec<_>>(), [Because::Rollout]);
    document.tenant.rollout_percent = Some(43);
    assert_eq!(decide(&document, HIGH, &person(Channel::Interactive)).mode, Mode::Enforce);
}

#[test]
fn off_decides_nothing() {
    let mut document = enforcing();
    document.tenant.mode = Some(Mode::Off);
    let decision = decide(&document, CRITICAL, &person(Channel::Interactive));
    assert_eq!((decision.effects.len(), decision.withheld.len()), (0, 0));
}

#[test]
fn claims_are_set_only_when_asked_for() {
    let mut document = enforcing();
    assert_eq!(decide(&document, LOW, &person(Channel::Interactive)).effects, []);
    document.tenant.claims =
        Some(Claims { risk_level: true, risk_score: true, access_token: true, ..Claims::default() });
    let decision = decide(&document, LOW, &person(Channel::Interactive));
    let set: Vec<_> = decision.effects.iter().map(|effect| serde_json::to_value(effect).unwrap()).collect();
    assert_eq!(
        set[0],
        json!({"call": "idToken.setCustomClaim", "args": ["https://countersign.example/risk_level", "low"]})
    );
    assert_eq!(
        set[3],
        json!({"call": "accessToken.setCustomClaim", "args": ["https://countersign.example/risk_score", 0.05]})
    );
}

#[test]
fn advisory_raises_an_alert_and_touches_nothing() {
    let mut document = enforcing();
    document.tenant.mode = Some(Mode::Advisory);
    let decision = decide(&document, HIGH, &person(Channel::Interactive));
    assert!(decision.is_alert && decision.effects.is_empty() && decision.withheld.len() == 1);
}

fn word<T: Copy + std::fmt::Debug + 'static>(words: &'static [T]) -> impl Strategy<Value = T> {
    prop::sample::select(words)
}

prop_compose! {
    fn documents()(
        mode in word(Mode::ALL), percent in 0_u8..=100, low in word(Verdict::ALL), medium in word(Verdict::ALL),
        high in word(Verdict::ALL), critical in word(Verdict::ALL), claims in any::<[bool; 5]>(),
        floor in prop::option::of(word(Verdict::ALL)), ceiling in prop::option::of(word(Verdict::ALL)),
        deny_federated in any::<bool>(), mark_factorless in any::<bool>(), enroll in any::<bool>(),
    ) -> Document {
        let tenant = crate::Layer {
            mode: Some(mode),
            rollout_percent: Some(percent),
            thresholds: Some(Thresholds { medium: Score::from_percent(30), high: Score::from_percent(60), critical: Score::from_percent(90) }),
            verdicts: Some(Verdicts { low, medium, high, critical }),
            federated: Some(if deny_federated { FederatedChallenge::Deny } else { FederatedChallenge::Annotate }),
            no_factor: Some(if mark_factorless { NoFactor::Annotate } else { NoFactor::Deny }),
            offer_enrollment: Some(enroll),
            claims: Some(Claims { risk_level: claims[0], risk_score: claims[1], risk_reason: claims[2], access_token: claims[3], in_every_mode: claims[4] }),
            ..crate::Layer::default()
        };
        let mut document = Document { tenant, ..Document::default() };
        document.floors.extend(floor.map(|at_least| Floor { when: Subject::default(), at_least }));
        document.ceilings.extend(ceiling.map(|at_most| Ceiling { when: Subject::default(), at_most }));
        document
    }
}

prop_compose! {
    fn people()(
        channel in word(Channel::ALL), is_federated in any::<bool>(), percentile in 0_u8..100,
        usable in prop::bool::ANY, enrolled_none in any::<bool>(), mfa_age in prop::option::of(0_i64..48 * 3600),
    ) -> Circumstances {
        Circumstances {
            is_federated,
            percentile,
            usable_factors: if usable { vec![FactorType::Otp] } else { vec![] },
            enrolled_none,
            newest_mfa_at: mfa_age.map(|age| NOW.plus(-age * 1_000_000)),
            ..person(channel)
        }
    }
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(2000))]

    #[test]
    fn in_every_mode_but_enforce_no_effect_changes_the_transaction(document in documents(), person in people(), millionths in 0_u32..=1_000_000) {
        let decision = decide(&document, Score::from_millionths(millionths).unwrap(), &person);
        if decision.mode != Mode::Enforce {
            prop_assert!(decision.effects.iter().all(|effect| !effect.changes_transaction()));
        }
    }

    #[test]
    fn what_is_withheld_is_what_enforce_would_have_done(document in documents(), person in people(), millionths in 0_u32..=1_000_000) {
        let score = Score::from_millionths(millionths).unwrap();
        let decision = decide(&document, score, &person);
        let mut enforced = document.clone();
        enforced.tenant.mode = Some(Mode::Enforce);
        enforced.tenant.rollout_percent = Some(100);
        let would = decide(&enforced, score, &person);
        prop_assert!(would.withheld.is_empty());
        if decision.mode != Mode::Off {
            let mut all: Vec<_> = decision.effects.iter().cloned().chain(decision.withheld.iter().map(|held| held.effect.clone())).collect();
            prop_assert_eq!(all.len(), would.effects.len());
            all.retain(|effect| !would.effects.contains(effect));
            prop_assert!(all.is_empty());
            prop_assert_eq!(decision.verdict, would.verdict);
        }
    }

    #[test]
    fn a_required_challenge_is_never_dropped_where_nobody_can_be_asked(person in people()) {
        let decision = decide(&enforcing(), HIGH, &person);
        if !person.channel.can_ask() && !person.is_federated {
            let is_met = decision.because.contains(&Because::MfaRecent);
            prop_assert!(is_met || decision.verdict == Verdict::Deny);
            prop_assert!(decision.effects.iter().all(|effect| effect.call() != "authentication.challengeWithAny"));
        }
    }
}

#[test]
fn a_floor_of_a_role_holds_when_the_list_of_roles_was_cut() {
    let mut document = enforcing();
    document.floors.push(Floor {
        when: Subject { roles: Some(vec!["admin".to_owned()]), ..Subject::default() },
        at_least: Verdict::Challenge,
    });
    let whole = person(Channel::Interactive);
    let cut = Circumstances { roles_truncated: true, ..whole.clone() };
    assert_eq!(decide(&document, LOW, &whole).verdict, Verdict::Allow);
    let decision = decide(&document, LOW, &cut);
    assert_eq!(decision.verdict, Verdict::Challenge);
    assert_eq!(decision.because, [Because::Floor, Because::RolesTruncated]);
    // Where the role is known, or the level says the same, nothing hung on what was cut.
    let admin = Circumstances { roles: vec!["admin".to_owned()], ..cut.clone() };
    assert_eq!(decide(&document, LOW, &admin).because, [Because::Floor]);
    assert_eq!(decide(&document, HIGH, &cut).because, []);
    // Its other conditions hold.
    document.floors[0].when.organizations = Some(vec!["org_b".parse().unwrap()]);
    assert_eq!(decide(&document, LOW, &cut).verdict, Verdict::Allow);
}

#[test]
fn a_ceiling_of_a_role_holds_for_nobody_whose_role_was_cut() {
    let mut document = enforcing();
    document.ceilings.push(Ceiling {
        when: Subject { roles: Some(vec!["service".to_owned()]), ..Subject::default() },
        at_most: Verdict::Allow,
    });
    let cut = Circumstances { roles_truncated: true, ..person(Channel::Interactive) };
    assert_eq!(decide(&document, HIGH, &cut).verdict, Verdict::Challenge);
}

#[test]
fn circumstances_on_record_from_before_the_word_still_parse() {
    let mut json = serde_json::to_value(person(Channel::Interactive)).unwrap();
    json.as_object_mut().unwrap().remove("roles_truncated");
    let parsed: Circumstances = serde_json::from_value(json).unwrap();
    assert!(!parsed.roles_truncated);
}
