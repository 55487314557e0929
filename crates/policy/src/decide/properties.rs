//! What holds for every trigger, document, score and person.

use countersign_auth0::trigger::{
    credentials_exchange, custom_token_exchange, event_stream, password_reset_post_challenge,
    post_change_password, post_login, post_user_registration, pre_user_registration, send_phone_message,
};
use countersign_core::Trigger;
use proptest::prelude::*;
use serde::{Serialize, de::DeserializeOwned};

use super::*;
use crate::{
    document::{FederatedChallenge, NoFactor},
    recorded::Recorded,
    testing::{documents, people, scores},
    trigger::NoEffect,
};

const CLAIMS: [&str; 2] = ["idToken.setCustomClaim", "accessToken.setCustomClaim"];
const REFUSALS: [&str; 2] = ["access.deny", "guard.refuse"];
const ASKED: [&str; 3] =
    ["authentication.challengeWithAny", "authentication.enrollWithAny", "redirect.sendUserTo"];

/// Decides in the effects of the trigger, and checks on the way what concerns their form.
fn decide_any(document: &Document, score: Score, person: &Circumstances) -> Decision<Recorded> {
    fn of<E>(document: &Document, score: Score, person: &Circumstances) -> Decision<Recorded>
    where
        E: Realize + Serialize + DeserializeOwned + PartialEq + std::fmt::Debug,
    {
        let decision = decide::<E>(document, score, person);
        assert_eq!(
            decision,
            decide::<E>(document, score, person),
            "a decision is a function of what is given"
        );
        let bytes = serde_json::to_vec(&decision).unwrap();
        assert_eq!(serde_json::from_slice::<Decision<E>>(&bytes).unwrap(), decision);
        let recorded: Decision<Recorded> = serde_json::from_slice(&bytes).unwrap();
        assert_eq!(String::from_utf8(serde_json::to_vec(&recorded).unwrap()), String::from_utf8(bytes));
        recorded
    }
    let of = match person.trigger {
        Trigger::PostLogin => of::<post_login::Effect>,
        Trigger::PreUserRegistration => of::<pre_user_registration::Effect>,
        Trigger::PostUserRegistration => of::<post_user_registration::Effect>,
        Trigger::CredentialsExchange => of::<credentials_exchange::Effect>,
        Trigger::PasswordResetPostChallenge => of::<password_reset_post_challenge::Effect>,
        Trigger::PostChangePassword => of::<post_change_password::Effect>,
        Trigger::EventStream => of::<event_stream::Effect>,
        Trigger::SendPhoneMessage => of::<send_phone_message::Effect>,
        Trigger::CustomTokenExchange => of::<custom_token_exchange::Effect>,
        Trigger::ShortForm => of::<NoEffect>,
    };
    of(document, score, person)
}

fn calls(decision: &Decision<Recorded>) -> impl Iterator<Item = &str> {
    decision
        .effects
        .iter()
        .chain(decision.withheld.iter().map(|held| &held.effect))
        .map(|effect| effect.call.as_str())
}

/// The same document in `enforce` for everyone.
fn enforced(document: &Document) -> Document {
    let mut document = document.clone();
    let Document { tenant, organizations, clients, .. } = &mut document;
    for layer in std::iter::once(tenant).chain(organizations.values_mut()).chain(clients.values_mut()) {
        layer.mode = Some(Mode::Enforce);
        layer.modes.clear();
        layer.rollout_percent = Some(100);
    }
    document
}

/// The verdict that the level has within floors and ceilings, before the trigger makes something of it.
fn bounded(document: &Document, score: Score, person: &Circumstances) -> Verdict {
    let settings = document.settings(person.trigger, person.organization.as_ref(), person.client.as_ref());
    let wanted = settings.verdicts.of(settings.thresholds.level(score));
    Bound::of(document, person, person.roles_truncated).clamp(wanted)
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(1000))]

    #[test]
    fn in_every_mode_but_enforce_only_claims_that_were_opted_in_to_pass(
        document in documents(), score in scores(), person in people(),
    ) {
        let decision = decide_any(&document, score, &person);
        let settings = document.settings(person.trigger, person.organization.as_ref(), person.client.as_ref());
        if decision.mode != Mode::Enforce {
            for effect in &decision.effects {
                prop_assert!(settings.claims.in_every_mode && CLAIMS.contains(&effect.call.as_str()), "{effect:?}");
            }
            prop_assert!(decision.proposals.iter().all(|proposal| proposal.withheld.is_some()));
        }
        if decision.mode == Mode::Off {
            prop_assert_eq!((decision.effects.len(), decision.withheld.len(), decision.proposals.len()), (0, 0, 0));
        }
    }

    #[test]
    fn what_is_withheld_is_what_enforce_would_have_done(
        document in documents(), score in scores(), person in people(),
    ) {
        let decision = decide_any(&document, score, &person);
        let would = decide_any(&enforced(&document), score, &person);
        prop_assert!(would.withheld.is_empty());
        prop_assert!(would.proposals.iter().all(|proposal| proposal.withheld.is_none()));
        if decision.mode != Mode::Off {
            let mut all: Vec<_> = decision.effects.iter().chain(decision.withheld.iter().map(|held| &held.effect)).collect();
            prop_assert_eq!(all.len(), would.effects.len());
            all.retain(|effect| !would.effects.contains(effect));
            prop_assert!(all.is_empty());
            prop_assert_eq!(decision.verdict, would.verdict);
            let kinds = |decision: &Decision<Recorded>| decision.proposals.iter().map(|proposal| proposal.kind).collect::<Vec<_>>();
            prop_assert_eq!(kinds(&decision), kinds(&would));
        }
    }

    #[test]
    fn a_required_challenge_is_asked_met_deferred_advised_or_refused(
        document in documents(), score in scores(), person in people(),
    ) {
        let document = enforced(&document);
        if bounded(&document, score, &person) != Verdict::Challenge {
            return Ok(());
        }
        let decision = decide_any(&document, score, &person);
        let because = |reason| decision.because.contains(&reason);
        let has = |words: &[&str]| calls(&decision).any(|call| words.contains(&call));
        match decision.verdict {
            Verdict::Challenge => {
                let is_deferred = because(Because::Deferred) && has(&["user.setAppMetadata"]) && !decision.proposals.is_empty();
                let is_reduced = because(Because::ScopesReduced) && has(&["transaction.removeTargetScope"]);
                let is_asked = has(&ASKED) && person.channel.can_ask();
                prop_assert!(is_asked || is_deferred || is_reduced || because(Because::NoEffects), "{decision:?}");
            }
            Verdict::Deny => prop_assert!(has(&REFUSALS), "{decision:?}"),
            Verdict::Annotate => {
                let settings = document.settings(person.trigger, person.organization.as_ref(), person.client.as_ref());
                let is_operators_word = because(Because::Ceiling)
                    || because(Because::Federated) && settings.federated == FederatedChallenge::Annotate
                    || because(Because::NoUsableFactor) && settings.no_factor == NoFactor::Annotate;
                let is_met = because(Because::MfaRecent) || because(Because::MessageIsChallenge);
                prop_assert!(is_operators_word || is_met, "{decision:?}");
            }
            Verdict::Allow | Verdict::SkipMfa => prop_assert!(false, "dropped: {decision:?}"),
        }
    }

    #[test]
    fn a_ceiling_holds_for_verdicts_and_effects_alike(
        document in documents(), score in scores(), person in people(),
    ) {
        let document = enforced(&document);
        let decision = decide_any(&document, score, &person);
        let bound = Bound::of(&document, &person, person.roles_truncated);
        // A mark is the least that a refusal which may not be turns into, where even that is above the ceiling.
        prop_assert!(decision.verdict <= bound.at_most.max(Verdict::Allow), "{decision:?}");
        if bound.at_most < Verdict::Deny {
            prop_assert!(calls(&decision).all(|call| !REFUSALS.contains(&call)), "{decision:?}");
        }
        if bound.at_most < Verdict::Challenge {
            prop_assert!(calls(&decision).all(|call| !ASKED.contains(&call)), "{decision:?}");
        }
    }

    #[test]
    fn a_floor_up_to_a_mark_holds_where_no_ceiling_lowers_it(
        document in documents(), score in scores(), person in people(),
    ) {
        let document = enforced(&document);
        let bound = Bound::of(&document, &person, person.roles_truncated);
        if bound.at_least <= bound.at_most && bound.at_least <= Verdict::Annotate {
            prop_assert!(decide_any(&document, score, &person).verdict >= bound.at_least);
        }
    }

    #[test]
    fn an_asynchronous_trigger_and_the_short_form_have_no_effects(
        document in documents(), score in scores(), person in people(),
    ) {
        let decision = decide_any(&document, score, &person);
        if person.trigger.is_asynchronous() || person.trigger == Trigger::ShortForm {
            prop_assert_eq!((decision.effects.len(), decision.withheld.len()), (0, 0));
        }
    }

    #[test]
    fn a_refusal_is_told_and_nothing_else_is_asked_with_it(
        document in documents(), score in scores(), person in people(),
    ) {
        let decision = decide_any(&enforced(&document), score, &person);
        let refusals = calls(&decision).filter(|call| REFUSALS.contains(call)).count();
        let asked = calls(&decision).filter(|call| ASKED.contains(call)).count();
        prop_assert!(refusals + asked <= 1);
        if refusals == 1 {
            prop_assert_eq!(decision.verdict, Verdict::Deny);
        }
    }
}
