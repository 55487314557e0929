//! The decision: level, verdict, effects, and what is withheld.

use countersign_auth0::{claim::ClaimName, factor::FactorType, trigger::post_login::Effect};
use countersign_core::{Channel, ClientId, Level, Mode, OrganizationId, Score, Timestamp, Trigger, Verdict};
use serde::{Deserialize, Serialize};
use serde_json::json;

use crate::{
    bounds::Bound,
    challenge::{self, Challenge},
    document::Document,
    settings::Settings,
};

/// What a decision takes from the sign-in beside its score.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Circumstances {
    /// The trigger that asks.
    pub trigger: Trigger,
    /// The road by which the sign-in comes.
    pub channel: Channel,
    /// When the decision is made.
    pub at: Timestamp,
    /// The organization signed into, if any.
    pub organization: Option<OrganizationId>,
    /// The client signed in at.
    pub client: Option<ClientId>,
    /// The person's roles, by name.
    pub roles: Vec<String>,
    /// Whether roles may be missing above, since the Action cut the list.
    #[serde(default)]
    pub roles_truncated: bool,
    /// Whether the person signs in at another identity provider.
    pub is_federated: bool,
    /// A stable number in 0..100 for this person.
    pub percentile: u8,
    /// Factors that are enrolled, not yet passed and independent of the first factor.
    pub usable_factors: Vec<FactorType>,
    /// Whether the person has no factor enrolled at all.
    pub enrolled_none: bool,
    /// When a factor was last passed in this session; `None` when never.
    pub newest_mfa_at: Option<Timestamp>,
    /// Codes of the heaviest reasons, for the `risk_reason` claim.
    pub reason_codes: Vec<String>,
    /// What a refused person may quote to support; the decision's id.
    pub reference: String,
}

/// Why a verdict or effect is not simply that of the level.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Because {
    /// The mode is `off`, or a kill switch is.
    ModeOff,
    /// The mode is `audit`.
    ModeAudit,
    /// The mode is `advisory`.
    ModeAdvisory,
    /// The person is outside the percentage that `enforce` holds for.
    Rollout,
    /// A floor raised the verdict.
    Floor,
    /// A floor of a role raised the verdict, since the Action cut the list of roles and it may have stood there.
    RolesTruncated,
    /// A ceiling lowered the verdict.
    Ceiling,
    /// The person signs in at another identity provider.
    Federated,
    /// A factor passed a short while ago stands for the challenge.
    MfaRecent,
    /// No factor can be asked for.
    NoUsableFactor,
    /// A challenge is required and nobody can be asked.
    StepUpRequired,
    /// MFA can be skipped only where somebody would be asked.
    NothingToSkip,
}

/// An effect that is not applied, and why.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Withheld {
    /// What would have been done.
    #[serde(flatten)]
    pub effect: Effect,
    /// Why it is not.
    pub because: Because,
}

/// What policy says about one assessment.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Decision {
    /// The mode that held for this person.
    pub mode: Mode,
    /// The level of the score.
    pub level: Level,
    /// What was decided, before the mode; on a channel where nobody can be asked a challenge is a `deny`.
    pub verdict: Verdict,
    /// Why the verdict or its effects differ from the level's own.
    pub because: Vec<Because>,
    /// What the Action is told to do.
    pub effects: Vec<Effect>,
    /// What it would have been told.
    pub withheld: Vec<Withheld>,
    /// Whether operators should be told at once.
    pub is_alert: bool,
}

/// Decides about a sign-in of the given `score`.
#[must_use]
pub fn decide(document: &Document, score: Score, circumstances: &Circumstances) -> Decision {
    let settings = document.settings(
        circumstances.trigger,
        circumstances.organization.as_ref(),
        circumstances.client.as_ref(),
    );
    let level = settings.thresholds.level(score);
    let mut because = Vec::new();
    let mode = effective_mode(&settings, circumstances, &mut because);
    if mode == Mode::Off {
        let because = vec![Because::ModeOff];
        return Decision {
            mode,
            level,
            verdict: Verdict::Allow,
            because,
            effects: vec![],
            withheld: vec![],
            is_alert: false,
        };
    }
    let bound = bound(document, circumstances, circumstances.roles_truncated);
    let wanted = settings.verdicts.of(level);
    let bounded = bound.clamp(wanted);
    match bounded.cmp(&wanted) {
        std::cmp::Ordering::Greater => because.push(Because::Floor),
        std::cmp::Ordering::Less => because.push(Because::Ceiling),
        std::cmp::Ordering::Equal => {}
    }
    if circumstances.roles_truncated && bounded != self::bound(document, circumstances, false).clamp(wanted) {
        because.push(Because::RolesTruncated);
    }
    let (verdict, transaction) =
        realize(bounded, bound, level, &settings, document, circumstances, &mut because);
    let annotations = annotations(level, score, &settings, document, circumstances);
    let (effects, withheld) =
        gate(mode, because.contains(&Because::Rollout), transaction, annotations, &settings);
    let is_alert = mode >= Mode::Advisory && level >= Level::High;
    Decision { mode, level, verdict, because, effects, withheld, is_alert }
}

fn effective_mode(settings: &Settings, circumstances: &Circumstances, because: &mut Vec<Because>) -> Mode {
    if settings.mode == Mode::Enforce && circumstances.percentile >= settings.rollout_percent {
        because.push(Because::Rollout);
        return Mode::Audit;
    }
    settings.mode
}

/// The range of verdicts for this person. With `any_role` a floor asks for no role: one that was cut may be its own.
/// A ceiling asks all the same, since it would be lenient on a guess.
fn bound(document: &Document, circumstances: &Circumstances, any_role: bool) -> Bound {
    let Circumstances { roles, organization, client, .. } = circumstances;
    let (organization, client) = (organization.as_ref(), client.as_ref());
    let floors = document.floors.iter().filter(|floor| {
        floor.when.matches(roles, organization, client)
            || any_role && floor.when.matches_but_for_roles(organization, client)
    });
    let ceilings =
        document.ceilings.iter().filter(|ceiling| ceiling.when.matches(roles, organization, client));
    Bound {
        at_least: floors.map(|floor| floor.at_least).max().unwrap_or(Verdict::SkipMfa),
        at_most: ceilings.map(|ceiling| ceiling.at_most).min().unwrap_or(Verdict::Deny),
    }
}

/// Turns a verdict into what the channel and the person's factors permit, and into effects on the transaction.
fn realize(
    verdict: Verdict,
    bound: Bound,
    level: Level,
    settings: &Settings,
    document: &Document,
    circumstances: &Circumstances,
    because: &mut Vec<Because>,
) -> (Verdict, Vec<Effect>) {
    match verdict {
        Verdict::SkipMfa if circumstances.channel.can_ask() => (verdict, vec![Effect::SkipMultifactor]),
        Verdict::SkipMfa => {
            because.push(Because::NothingToSkip);
            (Verdict::Allow, vec![])
        }
        Verdict::Allow | Verdict::Annotate => (verdict, vec![]),
        Verdict::Deny => (verdict, vec![refusal(None, circumstances)]),
        Verdict::Challenge => match challenge::meet(circumstances, level, settings, &document.factors) {
            Challenge::Ask(factors) => (verdict, vec![Effect::ChallengeWithAny { factors }]),
            Challenge::Enroll(factors) => (verdict, vec![Effect::EnrollWithAny { factors }]),
            Challenge::Met => {
                because.push(Because::MfaRecent);
                (Verdict::Annotate, vec![])
            }
            Challenge::Mark(reason) => {
                because.push(reason);
                (Verdict::Annotate, vec![])
            }
            Challenge::Refuse(reason) => {
                because.push(reason);
                // INVARIANT: "never deny here" holds for refusals that stand for a challenge too.
                if bound.at_most < Verdict::Deny {
                    because.push(Because::Ceiling);
                    return (Verdict::Annotate, vec![]);
                }
                (Verdict::Deny, vec![refusal(Some(reason), circumstances)])
            }
        },
    }
}

fn refusal(reason: Option<Because>, circumstances: &Circumstances) -> Effect {
    let code = match reason {
        Some(Because::StepUpRequired) => "step_up_required",
        Some(Because::NoUsableFactor) => "no_usable_factor",
        _ => "refused",
    };
    Effect::Deny {
        reason: format!(
            "{code}: this sign-in was refused for security; reference {}",
            circumstances.reference
        ),
    }
}

fn annotations(
    level: Level,
    score: Score,
    settings: &Settings,
    document: &Document,
    circumstances: &Circumstances,
) -> Vec<Effect> {
    let claims = settings.claims;
    let values = [
        (claims.risk_level, "risk_level", json!(level)),
        (claims.risk_score, "risk_score", json!(score)),
        (
            claims.risk_reason,
            "risk_reason",
            json!(circumstances.reason_codes.iter().take(3).collect::<Vec<_>>()),
        ),
    ];
    let mut effects = Vec::new();
    for (is_wanted, name, value) in values {
        if !is_wanted {
            continue;
        }
        // Why: the namespace was checked when the document was; a name that fails all the same sets no claim.
        let Ok(name) = format!("{}{name}", document.claim_namespace).parse::<ClaimName>() else { continue };
        effects.push(Effect::SetIdTokenClaim { name: name.clone(), value: value.clone() });
        if claims.access_token {
            effects.push(Effect::SetAccessTokenClaim { name, value });
        }
    }
    effects
}

/// Lets effects through or withholds them: those on the transaction pass in `enforce` alone, claims also where the
/// operator said so.
fn gate(
    mode: Mode,
    is_rollout: bool,
    transaction: Vec<Effect>,
    annotations: Vec<Effect>,
    settings: &Settings,
) -> (Vec<Effect>, Vec<Withheld>) {
    let because = match mode {
        Mode::Enforce => {
            return (annotations.into_iter().chain(transaction).collect(), vec![]);
        }
        Mode::Audit if is_rollout => Because::Rollout,
        Mode::Audit => Because::ModeAudit,
        Mode::Advisory => Because::ModeAdvisory,
        Mode::Off => Because::ModeOff,
    };
    let withhold = |effect| Withheld { effect, because };
    if settings.claims.in_every_mode {
        return (annotations, transaction.into_iter().map(withhold).collect());
    }
    (vec![], annotations.into_iter().chain(transaction).map(withhold).collect())
}

#[cfg(test)]
mod tests;
