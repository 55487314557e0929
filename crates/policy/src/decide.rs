//! The decision: level, verdict, effects, and what is withheld.

use std::cmp::Ordering;

use countersign_auth0::claim::{ClaimName, ClaimValue};
use countersign_core::{Level, Mode, Score, Verdict};
use serde_json::json;

use crate::{
    bounds::Bound,
    circumstances::Circumstances,
    decision::{Because, Decision, Proposal, Withheld},
    document::Document,
    settings::Settings,
    trigger::{Answer, Case, Realize, Refusal},
};

/// How many reason codes a claim or a proposal carries. Three say why; more would teach what is looked at.
const MAX_REASON_CODES: usize = 3;

/// Decides about a transaction of the given `score`, in the effects of its trigger.
#[must_use]
pub fn decide<E: Realize>(document: &Document, score: Score, circumstances: &Circumstances) -> Decision<E> {
    let settings = document.settings(
        circumstances.trigger,
        circumstances.organization.as_ref(),
        circumstances.client.as_ref(),
    );
    let level = settings.thresholds.level(score);
    let case = Case { document, settings: &settings, circumstances, level, score };
    let mut because = Vec::new();
    let mode = effective_mode(&settings, circumstances, &mut because);
    if mode == Mode::Off {
        return Decision {
            mode,
            level,
            verdict: Verdict::Allow,
            because: vec![Because::ModeOff],
            effects: vec![],
            withheld: vec![],
            proposals: vec![],
            is_alert: false,
        };
    }
    let held = withholding(mode, because.contains(&Because::Rollout));
    let bound = Bound::of(document, circumstances, circumstances.roles_truncated);
    let bounded = clamp(&case, bound, &mut because);
    let (verdict, transaction) = realize::<E>(bounded, bound, &case, &mut because);
    let (effects, withheld) = match held {
        None if spares(verdict, circumstances) => {
            let withhold = |effect| Withheld { effect, because: Because::ConsoleClient };
            (annotations(&case), transaction.into_iter().map(withhold).collect())
        }
        held => gate(held, transaction, annotations(&case), &settings),
    };
    let proposals = proposals::<E>(verdict, held, circumstances);
    let is_alert = mode >= Mode::Advisory && level >= Level::High;
    Decision { mode, level, verdict, because, effects, withheld, proposals, is_alert }
}

/// Whether a verdict is not to be felt, since it would lock people out of our own console. No policy lifts it.
fn spares(verdict: Verdict, circumstances: &Circumstances) -> bool {
    circumstances.is_console_client && verdict >= Verdict::Challenge
}

fn effective_mode(settings: &Settings, circumstances: &Circumstances, because: &mut Vec<Because>) -> Mode {
    if settings.mode == Mode::Enforce && circumstances.percentile >= settings.rollout_percent {
        because.push(Because::Rollout);
        return Mode::Audit;
    }
    settings.mode
}

/// Why a mode keeps effects from the transaction; `None` in `enforce`, the only one that does not.
const fn withholding(mode: Mode, is_rollout: bool) -> Option<Because> {
    match mode {
        Mode::Enforce => None,
        Mode::Audit if is_rollout => Some(Because::Rollout),
        Mode::Audit => Some(Because::ModeAudit),
        Mode::Advisory => Some(Because::ModeAdvisory),
        Mode::Off => Some(Because::ModeOff),
    }
}

/// The verdict of the level, at least a challenge where the person's own risk asks for one, within the floors and ceilings.
fn clamp(case: &Case<'_>, bound: Bound, because: &mut Vec<Because>) -> Verdict {
    let of_event = case.settings.verdicts.of(case.level);
    let wanted = if case.settings.user_risk_challenge.asks(case.circumstances.user_risk) {
        of_event.max(Verdict::Challenge)
    } else {
        of_event
    };
    if wanted > of_event {
        because.push(Because::UserRisk);
    }
    let bounded = bound.clamp(wanted);
    match bounded.cmp(&wanted) {
        Ordering::Greater if case.circumstances.is_contained => because.push(Because::Contained),
        Ordering::Greater if case.circumstances.owes_challenge => because.push(Because::Owed),
        Ordering::Greater => because.push(Because::Floor),
        Ordering::Less => because.push(Because::Ceiling),
        Ordering::Equal => {}
    }
    let Circumstances { roles_truncated, .. } = *case.circumstances;
    if roles_truncated && bounded != Bound::of(case.document, case.circumstances, false).clamp(wanted) {
        because.push(Because::RolesTruncated);
    }
    bounded
}

/// Turns a verdict into what the trigger, the channel and the person's factors permit, and into effects on the
/// transaction.
fn realize<E: Realize>(
    verdict: Verdict,
    bound: Bound,
    case: &Case<'_>,
    because: &mut Vec<Because>,
) -> (Verdict, Vec<E>) {
    match verdict {
        Verdict::SkipMfa => {
            let effects = E::skip_mfa(case);
            if effects.is_empty() {
                because.push(Because::NothingToSkip);
                return (Verdict::Allow, E::allow(case));
            }
            (verdict, effects)
        }
        Verdict::Allow => (verdict, E::allow(case)),
        Verdict::Annotate => (verdict, E::mark(case)),
        Verdict::Deny => {
            let effects = E::refuse(case, Refusal::Refused);
            if effects.is_empty() {
                because.push(Because::NoEffects);
            }
            (verdict, effects)
        }
        Verdict::Challenge => match E::challenge(case) {
            Answer::Ask(effects, reason) => {
                because.extend(reason);
                (verdict, effects)
            }
            Answer::Pass(reason) => {
                because.push(reason);
                (Verdict::Annotate, E::mark(case))
            }
            Answer::Refuse(reasons) => {
                because.extend_from_slice(&reasons);
                // INVARIANT: "never deny here" holds for refusals that stand for a challenge too.
                if bound.at_most < Verdict::Deny {
                    because.push(Because::Ceiling);
                    return (Verdict::Annotate, E::mark(case));
                }
                (Verdict::Deny, E::refuse(case, Refusal::of(&reasons)))
            }
        },
    }
}

fn annotations<E: Realize>(case: &Case<'_>) -> Vec<E> {
    let Case { document, settings, circumstances, level, score } = *case;
    let claims = settings.claims;
    let values = [
        (claims.risk_level, "risk_level", json!(level)),
        (claims.risk_score, "risk_score", json!(score)),
        (claims.risk_reason, "risk_reason", json!(heaviest(circumstances))),
    ];
    let mut effects = Vec::new();
    for (is_wanted, name, value) in values {
        if !is_wanted {
            continue;
        }
        // Why: the namespace was checked when the document was; a name or value that fails all the same sets no claim.
        let Ok(name) = format!("{}{name}", document.claim_namespace).parse::<ClaimName>() else { continue };
        let Ok(value) = ClaimValue::try_from(value) else { continue };
        effects.extend(E::claim(claims, &name, &value));
    }
    effects
}

fn heaviest(circumstances: &Circumstances) -> Vec<String> {
    circumstances.reason_codes.iter().take(MAX_REASON_CODES).cloned().collect()
}

/// Lets effects through or withholds them: those on the transaction pass in `enforce` alone, claims also where the
/// operator said so.
fn gate<E>(
    held: Option<Because>,
    transaction: Vec<E>,
    annotations: Vec<E>,
    settings: &Settings,
) -> (Vec<E>, Vec<Withheld<E>>) {
    let Some(because) = held else {
        return (annotations.into_iter().chain(transaction).collect(), vec![]);
    };
    let withhold = |effect| Withheld { effect, because };
    if settings.claims.in_every_mode {
        return (annotations, transaction.into_iter().map(withhold).collect());
    }
    (vec![], annotations.into_iter().chain(transaction).map(withhold).collect())
}

fn proposals<E: Realize>(
    verdict: Verdict,
    held: Option<Because>,
    circumstances: &Circumstances,
) -> Vec<Proposal> {
    let propose = |kind: &_| Proposal { kind: *kind, reason_codes: heaviest(circumstances), withheld: held };
    E::proposals(verdict).iter().map(propose).collect()
}

#[cfg(test)]
mod properties;
#[cfg(test)]
mod tests;
