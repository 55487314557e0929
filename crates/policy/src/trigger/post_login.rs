//! `post-login`: the person may be asked, sent elsewhere, refused, or spared.

use countersign_auth0::{
    claim::{ClaimName, ClaimValue},
    trigger::post_login::Effect,
};

use super::{Answer, Case, Realize, Refusal};
use crate::{
    challenge::{self, Asking},
    document::Claims,
};

impl Realize for Effect {
    fn challenge(case: &Case<'_>) -> Answer<Self> {
        let asking = Asking {
            ask: |factors| Self::ChallengeWithAny { factors },
            enroll: Some(|factors| Self::EnrollWithAny { factors }),
            send: |url| Self::SendUserTo { url },
        };
        challenge::meet(case, &asking)
    }

    fn refuse(case: &Case<'_>, refusal: Refusal) -> Vec<Self> {
        vec![Self::Deny { reason: refusal.text("sign-in", case) }]
    }

    fn skip_mfa(case: &Case<'_>) -> Vec<Self> {
        if case.circumstances.channel.can_ask() { vec![Self::SkipMultifactor] } else { Vec::new() }
    }

    fn claim(claims: Claims, name: &ClaimName, value: &ClaimValue) -> Vec<Self> {
        let mut effects = vec![Self::SetIdTokenClaim { name: name.clone(), value: value.clone() }];
        if claims.access_token {
            effects.push(Self::SetAccessTokenClaim { name: name.clone(), value: value.clone() });
        }
        effects
    }
}

#[cfg(test)]
mod tests {
    use countersign_core::{Channel, Verdict};

    use super::*;
    use crate::{
        Circumstances, decide,
        decision::{Because, Decision},
        document::{Document, FederatedChallenge, NoFactor},
        testing::{HIGH, NOW, enforcing, person},
    };

    fn redirecting() -> Document {
        let mut document = enforcing();
        document.tenant.federated = Some(FederatedChallenge::Redirect);
        document.tenant.no_factor = Some(NoFactor::Redirect);
        document.tenant.redirect_url = Some("https://verify.example.com/step-up".parse().unwrap());
        document
    }

    fn federated(channel: Channel) -> Circumstances {
        Circumstances { is_federated: true, can_redirect: true, ..person(channel) }
    }

    #[test]
    fn a_redirect_goes_to_the_page_of_the_layer() {
        let factorless =
            Circumstances { usable_factors: vec![], can_redirect: true, ..person(Channel::Interactive) };
        for (circumstances, because) in
            [(federated(Channel::Interactive), Because::Federated), (factorless, Because::NoUsableFactor)]
        {
            let decision: Decision<Effect> = decide(&redirecting(), HIGH, &circumstances);
            let url = "https://verify.example.com/step-up".parse().unwrap();
            assert_eq!(decision.effects, [Effect::SendUserTo { url }]);
            assert_eq!((decision.verdict, decision.because), (Verdict::Challenge, vec![because]));
        }
    }

    #[test]
    fn where_nobody_can_be_sent_a_redirect_becomes_step_up_required() {
        let mut nowhere = redirecting();
        nowhere.tenant.redirect_url = None;
        let cannot = Circumstances { can_redirect: false, ..federated(Channel::Interactive) };
        for (document, circumstances) in [
            (redirecting(), cannot),
            (redirecting(), federated(Channel::Refresh)),
            (redirecting(), federated(Channel::Silent)),
            (nowhere, federated(Channel::Interactive)),
        ] {
            let decision: Decision<Effect> = decide(&document, HIGH, &circumstances);
            assert_eq!(decision.because, [Because::Federated, Because::StepUpRequired]);
            let [Effect::Deny { reason }] = &decision.effects[..] else { panic!("{:?}", decision.effects) };
            assert!(reason.starts_with("step_up_required"));
        }
    }

    #[test]
    fn who_is_contained_is_refused_on_every_channel_at_any_risk_and_a_factor_does_not_help() {
        let channels =
            [Channel::Interactive, Channel::Silent, Channel::Refresh, Channel::Password, Channel::Exchange];
        for channel in channels {
            let contained = Circumstances { is_contained: true, newest_mfa_at: Some(NOW), ..person(channel) };
            let decision: Decision<Effect> = decide(&enforcing(), crate::testing::LOW, &contained);
            assert_eq!((decision.verdict, decision.because), (Verdict::Deny, vec![Because::Contained]));
            assert!(matches!(decision.effects[..], [Effect::Deny { .. }]), "{:?}", decision.effects);
            let free = Circumstances { is_contained: false, ..contained };
            let decision: Decision<Effect> = decide(&enforcing(), crate::testing::LOW, &free);
            assert!(decision.verdict <= Verdict::Allow);
        }
    }

    #[test]
    fn a_young_factor_stands_for_a_redirect_that_nobody_could_follow() {
        let circumstances = Circumstances { newest_mfa_at: Some(NOW), ..federated(Channel::Refresh) };
        let decision: Decision<Effect> = decide(&redirecting(), HIGH, &circumstances);
        assert_eq!((decision.verdict, decision.because), (Verdict::Annotate, vec![Because::MfaRecent]));
    }
}
