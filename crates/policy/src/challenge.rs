//! What a required challenge becomes where a person may be asked: a challenge, a redirect, an enrollment, a mark, a
//! refusal, or nothing, since one was passed just now.

use countersign_auth0::{
    factor::{ChallengeFactors, EnrollFactors, Factor},
    redirect::RedirectUrl,
};
use countersign_core::{Level, Timestamp};

use crate::{
    decision::Because,
    document::{FederatedChallenge, NoFactor},
    settings::Settings,
    trigger::{Answer, Case},
};

/// The effects by which a trigger asks a person.
pub(crate) struct Asking<E> {
    /// Asks for one of these factors.
    pub(crate) ask: fn(ChallengeFactors) -> E,
    /// Offers to enroll one of these factors; `None` where the trigger can't.
    pub(crate) enroll: Option<fn(EnrollFactors) -> E>,
    /// Sends the person to a page.
    pub(crate) send: fn(RedirectUrl) -> E,
}

/// Decides how a challenge is met on this channel, for this person.
///
/// Where nobody can be asked, a challenge is never dropped: it is met by a young factor or becomes a refusal;
/// otherwise a thief would sign in at a lax client and walk into the strict one.
pub(crate) fn meet<E>(case: &Case<'_>, asking: &Asking<E>) -> Answer<E> {
    let Case { circumstances, settings, document, .. } = *case;
    if circumstances.is_federated {
        return match settings.federated {
            FederatedChallenge::Annotate => Answer::Pass(Because::Federated),
            FederatedChallenge::Redirect => redirect(case, Because::Federated, asking.send),
            FederatedChallenge::Deny => Answer::Refuse(vec![Because::Federated]),
        };
    }
    let is_young = has_young_factor(case);
    if !circumstances.channel.can_ask() {
        return if is_young {
            Answer::Pass(Because::MfaRecent)
        } else {
            Answer::Refuse(vec![Because::StepUpRequired])
        };
    }
    let enabled = || document.factors.iter().copied();
    let usable = enabled().filter(|factor| circumstances.usable_factors.contains(&factor.factor_type()));
    if let Ok(factors) = ChallengeFactors::new(usable.collect()) {
        return Answer::Ask(vec![(asking.ask)(factors)], None);
    }
    if is_young {
        return Answer::Pass(Because::MfaRecent);
    }
    // Why: an attacker must not enroll a factor of his own.
    let can_enroll = circumstances.enrolled_none && settings.offer_enrollment && case.level == Level::Low;
    let offered = enabled().filter(|factor| *factor != Factor::Email);
    if can_enroll
        && let Some(enroll) = asking.enroll
        && let Ok(factors) = EnrollFactors::new(offered.collect())
    {
        return Answer::Ask(vec![enroll(factors)], None);
    }
    match settings.no_factor {
        NoFactor::Annotate => Answer::Pass(Because::NoUsableFactor),
        NoFactor::Redirect => redirect(case, Because::NoUsableFactor, asking.send),
        NoFactor::Deny => Answer::Refuse(vec![Because::NoUsableFactor]),
    }
}

/// Sends the person to the page of the settings; where nobody can be sent, a young factor stands for it, or nothing.
fn redirect<E>(case: &Case<'_>, why: Because, send: fn(RedirectUrl) -> E) -> Answer<E> {
    let can_send = case.circumstances.can_redirect && case.circumstances.channel.can_ask();
    match &case.settings.redirect_url {
        Some(url) if can_send => Answer::Ask(vec![send(url.clone())], Some(why)),
        _ if has_young_factor(case) => Answer::Pass(Because::MfaRecent),
        _ => Answer::Refuse(vec![why, Because::StepUpRequired]),
    }
}

fn has_young_factor(case: &Case<'_>) -> bool {
    case.circumstances.newest_mfa_at.is_some_and(|at| is_young(at, case.circumstances.at, case.settings))
}

/// Whether a factor passed at `passed` still stands for a challenge at `now`; one from the future does not.
fn is_young(passed: Timestamp, now: Timestamp, settings: &Settings) -> bool {
    let max_age = i64::from(settings.mfa_max_age_minutes) * 60_000_000;
    // Why: clocks of two machines differ a little; a factor passed "in the next minute" was passed just now.
    let skew = 60_000_000;
    (-skew..=max_age).contains(&now.since(passed))
}
