use countersign_auth0::{
    factor::{ChallengeFactors, Factor},
    trigger::post_login::Effect,
};
use countersign_core::{Channel, Trigger};

use super::*;
use crate::{
    bounds::{Ceiling, Floor, Subject},
    document::{Claims, FederatedChallenge, Layer, NoFactor, TriggerLayer, UserRiskChallenge},
    settings::Verdicts,
    testing::{CRITICAL, HIGH, LOW, NOW, enforcing, person},
};

fn post_login(document: &Document, score: Score, circumstances: &Circumstances) -> Decision<Effect> {
    decide(document, score, circumstances)
}

fn calls(decision: &Decision<Effect>) -> Vec<&'static str> {
    decision.effects.iter().map(Effect::call).collect()
}

#[test]
fn a_challenge_names_only_factors_that_are_switched_on_and_usable() {
    let mut document = enforcing();
    document.factors = vec![Factor::WebauthnRoaming, Factor::Otp];
    let decision = post_login(&document, HIGH, &person(Channel::Interactive));
    assert_eq!(decision.verdict, Verdict::Challenge);
    assert_eq!(
        decision.effects,
        [Effect::ChallengeWithAny { factors: ChallengeFactors::new(vec![Factor::Otp]).unwrap() }]
    );
}

#[test]
fn where_nobody_can_be_asked_a_challenge_becomes_step_up_required() {
    for channel in [Channel::Silent, Channel::Refresh, Channel::Password, Channel::Exchange] {
        let decision = post_login(&enforcing(), HIGH, &person(channel));
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
        assert_eq!(post_login(&enforcing(), HIGH, &circumstances).verdict, verdict, "age {age}");
    }
}

#[test]
fn no_enrollment_is_offered_above_low_risk() {
    let mut document = enforcing();
    document.tenant.offer_enrollment = Some(true);
    document.floors.push(Floor { when: Subject::default(), at_least: Verdict::Challenge });
    let nobody =
        Circumstances { usable_factors: vec![], enrolled_none: true, ..person(Channel::Interactive) };
    assert_eq!(calls(&post_login(&document, LOW, &nobody)), ["authentication.enrollWithAny"]);
    for score in [Score::from_percent(40), HIGH] {
        assert_eq!(calls(&post_login(&document, score, &nobody)), ["access.deny"]);
    }
}

#[test]
fn someone_with_a_factor_is_never_offered_another() {
    let mut document = enforcing();
    document.tenant.offer_enrollment = Some(true);
    document.floors.push(Floor { when: Subject::default(), at_least: Verdict::Challenge });
    let passed =
        Circumstances { usable_factors: vec![], enrolled_none: false, ..person(Channel::Interactive) };
    assert_eq!(calls(&post_login(&document, LOW, &passed)), ["access.deny"]);
}

#[test]
fn without_a_usable_factor_policy_says_refuse_or_mark() {
    let nobody = Circumstances { usable_factors: vec![], ..person(Channel::Interactive) };
    let mut document = enforcing();
    assert_eq!(post_login(&document, HIGH, &nobody).because, [Because::NoUsableFactor]);
    assert_eq!(calls(&post_login(&document, HIGH, &nobody)), ["access.deny"]);
    document.tenant.no_factor = Some(NoFactor::Annotate);
    assert_eq!(post_login(&document, HIGH, &nobody).verdict, Verdict::Annotate);
}

#[test]
fn federated_people_are_marked_by_default_and_refused_where_policy_says_so() {
    for channel in [Channel::Interactive, Channel::Refresh] {
        let federated = Circumstances { is_federated: true, ..person(channel) };
        let mut document = enforcing();
        assert_eq!(post_login(&document, HIGH, &federated).verdict, Verdict::Annotate);
        document.tenant.federated = Some(FederatedChallenge::Deny);
        assert_eq!(calls(&post_login(&document, HIGH, &federated)), ["access.deny"]);
    }
}

#[test]
fn mfa_is_skipped_only_where_somebody_would_be_asked() {
    let mut document = enforcing();
    document.fallback = crate::Fallback::Challenge;
    document.tenant.verdicts = Some(Verdicts { low: Verdict::SkipMfa, ..Verdicts::default() });
    assert_eq!(calls(&post_login(&document, LOW, &person(Channel::Interactive))), ["multifactor.enable"]);
    assert_eq!(post_login(&document, LOW, &person(Channel::Refresh)).effects, []);
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
    let decision = post_login(&document, LOW, &admin);
    assert_eq!((decision.verdict, decision.effects.len()), (Verdict::Allow, 0));
    assert_eq!(decision.because, [Because::Floor]);
}

#[test]
fn a_ceiling_of_never_deny_holds_for_refusals_that_stand_for_a_challenge() {
    let mut document = enforcing();
    document.ceilings.push(Ceiling { when: Subject::default(), at_most: Verdict::Challenge });
    assert_eq!(post_login(&document, CRITICAL, &person(Channel::Interactive)).verdict, Verdict::Challenge);
    let decision = post_login(&document, CRITICAL, &person(Channel::Refresh));
    assert_eq!((decision.verdict, decision.effects.len()), (Verdict::Annotate, 0));
    assert!(decision.because.contains(&Because::Ceiling));
}

#[test]
fn outside_the_rollout_a_person_is_audited_and_told_apart() {
    let mut document = enforcing();
    document.tenant.rollout_percent = Some(42);
    let decision = post_login(&document, HIGH, &person(Channel::Interactive));
    assert_eq!(decision.mode, Mode::Audit);
    assert_eq!(decision.withheld.iter().map(|held| held.because).collect::<Vec<_>>(), [Because::Rollout]);
    document.tenant.rollout_percent = Some(43);
    assert_eq!(post_login(&document, HIGH, &person(Channel::Interactive)).mode, Mode::Enforce);
}

#[test]
fn off_decides_nothing() {
    let mut document = enforcing();
    document.tenant.mode = Some(Mode::Off);
    let decision = post_login(&document, CRITICAL, &person(Channel::Interactive));
    assert_eq!((decision.effects.len(), decision.withheld.len()), (0, 0));
}

#[test]
fn claims_are_set_only_when_asked_for() {
    let mut document = enforcing();
    assert_eq!(post_login(&document, LOW, &person(Channel::Interactive)).effects, []);
    document.tenant.claims =
        Some(Claims { risk_level: true, risk_score: true, access_token: true, ..Claims::default() });
    let decision = post_login(&document, LOW, &person(Channel::Interactive));
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
    let decision = post_login(&document, HIGH, &person(Channel::Interactive));
    assert!(decision.is_alert && decision.effects.is_empty() && decision.withheld.len() == 1);
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
    assert_eq!(post_login(&document, LOW, &whole).verdict, Verdict::Allow);
    let decision = post_login(&document, LOW, &cut);
    assert_eq!(decision.verdict, Verdict::Challenge);
    assert_eq!(decision.because, [Because::Floor, Because::RolesTruncated]);
    // Where the role is known, or the level says the same, nothing hung on what was cut.
    let admin = Circumstances { roles: vec!["admin".to_owned()], ..cut.clone() };
    assert_eq!(post_login(&document, LOW, &admin).because, [Because::Floor]);
    assert_eq!(post_login(&document, HIGH, &cut).because, []);
    // Its other conditions hold.
    document.floors[0].when.organizations = Some(vec!["org_b".parse().unwrap()]);
    assert_eq!(post_login(&document, LOW, &cut).verdict, Verdict::Allow);
}

#[test]
fn a_ceiling_of_a_role_holds_for_nobody_whose_role_was_cut() {
    let mut document = enforcing();
    document.ceilings.push(Ceiling {
        when: Subject { roles: Some(vec!["service".to_owned()]), ..Subject::default() },
        at_most: Verdict::Allow,
    });
    let cut = Circumstances { roles_truncated: true, ..person(Channel::Interactive) };
    assert_eq!(post_login(&document, HIGH, &cut).verdict, Verdict::Challenge);
}

#[test]
fn user_risk_asks_for_a_challenge_only_where_the_policy_says_so_and_leaves_the_level() {
    let at = |user_risk| Circumstances { user_risk, ..person(Channel::Interactive) };
    let [low, medium, high] = [Level::Low, Level::Medium, Level::High].map(Some);
    for (setting, user_risk, is_asked) in [
        (None, high, false),
        (Some(UserRiskChallenge::Never), high, false),
        (Some(UserRiskChallenge::High), high, true),
        (Some(UserRiskChallenge::High), medium, false),
        (Some(UserRiskChallenge::Medium), medium, true),
        (Some(UserRiskChallenge::Medium), low, false),
        (Some(UserRiskChallenge::Medium), None, false),
    ] {
        let mut document = enforcing();
        document.tenant.user_risk_challenge = setting;
        let decision = post_login(&document, LOW, &at(user_risk));
        assert_eq!(decision.level, Level::Low, "the event's level is its own");
        assert_eq!(decision.because.contains(&Because::UserRisk), is_asked, "{setting:?} {user_risk:?}");
        let verdict = if is_asked { Verdict::Challenge } else { Verdict::Allow };
        assert_eq!(decision.verdict, verdict, "{setting:?} {user_risk:?}");
        assert_eq!(
            post_login(&document, CRITICAL, &at(user_risk)).verdict,
            Verdict::Deny,
            "nothing is softened"
        );
    }
}

#[test]
fn user_risk_is_held_against_people_by_trigger_and_organization_and_yields_to_a_ceiling() {
    let risky = Circumstances { user_risk: Some(Level::High), ..person(Channel::Interactive) };
    let mut document = enforcing();
    let own = TriggerLayer { user_risk_challenge: Some(UserRiskChallenge::High), ..TriggerLayer::default() };
    document.tenant.triggers.insert(Trigger::PasswordResetPostChallenge, own);
    assert_eq!(post_login(&document, LOW, &risky).verdict, Verdict::Allow);
    document.tenant.triggers.insert(Trigger::PostLogin, own);
    assert_eq!(post_login(&document, LOW, &risky).verdict, Verdict::Challenge);
    let spared = Layer { user_risk_challenge: Some(UserRiskChallenge::Never), ..Layer::default() };
    let mut lenient = document.clone();
    lenient.organizations.insert("org_a".parse().unwrap(), spared);
    assert_eq!(post_login(&lenient, LOW, &risky).verdict, Verdict::Allow);
    document.ceilings.push(Ceiling { when: Subject::default(), at_most: Verdict::Annotate });
    let decision = post_login(&document, LOW, &risky);
    assert_eq!(decision.because, [Because::UserRisk, Because::Ceiling]);
    assert_eq!(decision.verdict, Verdict::Annotate);
}

#[test]
fn sign_ins_to_our_own_console_are_never_challenged_or_refused_whatever_the_policy_says() {
    let mut document = enforcing();
    document.floors = vec![Floor { when: Subject::default(), at_least: Verdict::Deny }];
    document.tenant.claims = Some(Claims { risk_level: true, ..Claims::default() });
    for (score, floors) in
        [(HIGH, vec![]), (LOW, document.floors.clone()), (CRITICAL, document.floors.clone())]
    {
        document.floors = floors;
        for channel in [Channel::Interactive, Channel::Silent] {
            let console = Circumstances { is_console_client: true, ..person(channel) };
            let decision = post_login(&document, score, &console);
            assert!(decision.verdict >= Verdict::Challenge);
            assert!(
                calls(&decision).iter().all(|call| call.contains("setCustomClaim")),
                "{:?}",
                calls(&decision)
            );
            assert!(!decision.withheld.is_empty());
            assert!(decision.withheld.iter().all(|withheld| withheld.because == Because::ConsoleClient));
            let other = post_login(&document, score, &person(channel));
            assert_eq!((other.verdict, other.level), (decision.verdict, decision.level));
            assert!(other.withheld.is_empty());
        }
    }
    let audited = post_login(
        &Document::default(),
        HIGH,
        &Circumstances { is_console_client: true, ..person(Channel::Interactive) },
    );
    assert!(audited.withheld.iter().all(|withheld| withheld.because == Because::ModeAudit));
}
