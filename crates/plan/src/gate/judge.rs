//! How far a plan goes.

use std::collections::BTreeSet;

use countersign_core::{Micros, OrganizationId, TenantId};
use serde::{Deserialize, Serialize};

use super::{Approvals, Autonomy, Breaker, Over, Reason, Rules, Settings, Spent};
use crate::change::{Back, ChangePlan, ChangeStep, Kind, MAX_STEPS, Origin, kinds_of};

words!(
    /// How far a plan goes.
    Outcome {
        /// It is not taken at all.
        Refused = "refused",
        /// It is shown and kept, and can't be approved.
        Report = "report",
        /// It waits for people.
        Propose = "propose",
        /// The policy countersigns it.
        Auto = "auto",
    }
);

/// What the gate says of a plan.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Verdict {
    /// How far it goes.
    pub outcome: Outcome,
    /// Why no further.
    pub reasons: Vec<Reason>,
    /// Who has to agree, all of it at once; empty where nobody is asked.
    pub approvals: Vec<Approvals>,
    /// Whether whoever proposed it may approve it, since it undoes their own run.
    pub own_suffices: bool,
    /// How long it waits for people, in microseconds.
    pub waits_for: Micros,
}

/// Says how far a plan goes. `today` is what was done today at this tenant without a person.
#[must_use]
pub fn judge(
    plan: &ChangePlan,
    tenant: &TenantId,
    settings: &Settings,
    today: Spent,
    breaker: &Breaker,
) -> Verdict {
    let general = settings.rules(None, plan.origin.workflow());
    let refusals = refusals(plan, tenant);
    if !refusals.is_empty() {
        return Verdict {
            outcome: Outcome::Refused,
            reasons: refusals,
            approvals: Vec::new(),
            own_suffices: false,
            waits_for: general.waits_for(),
        };
    }
    let mut all: Vec<Rules> =
        organizations(plan).into_iter().map(|id| settings.rules(Some(id), plan.origin.workflow())).collect();
    all.push(general);
    let (mut outcome, mut reasons) = kinds(plan, settings);
    if outcome == Autonomy::Auto {
        let caps = all.iter().map(Rules::caps).reduce(super::Caps::least).unwrap_or_default();
        let over = caps.over(&plan.radius(), today).into_iter().map(|over| match over {
            Over::Run(count) => Reason::RunCap { count },
            Over::Day(count) => Reason::DayCap { count },
        });
        let beyond: Vec<Reason> = over.chain(breaker.is_open().then_some(Reason::Breaker)).collect();
        if !beyond.is_empty() {
            outcome = Autonomy::Propose;
            reasons.extend(beyond);
        }
    }
    let own_suffices = matches!(plan.origin, Origin::Undo { is_own: true, person: Some(_), .. })
        && !all.iter().any(Rules::undo_needs_another);
    if own_suffices && outcome == Autonomy::Propose {
        reasons.push(Reason::OwnUndo);
    }
    Verdict {
        outcome: match outcome {
            Autonomy::Report => Outcome::Report,
            Autonomy::Propose => Outcome::Propose,
            Autonomy::Auto => Outcome::Auto,
        },
        reasons,
        approvals: if outcome == Autonomy::Propose { demanded(plan, &all, own_suffices) } else { Vec::new() },
        own_suffices,
        waits_for: all.iter().map(Rules::waits_for).min().unwrap_or_default(),
    }
}

fn refusals(plan: &ChangePlan, tenant: &TenantId) -> Vec<Reason> {
    let mut reasons = Vec::new();
    if plan.steps.is_empty() {
        reasons.push(Reason::Empty);
    }
    if plan.steps.len() > MAX_STEPS {
        reasons.push(Reason::TooManySteps);
    }
    if plan.tenant != *tenant {
        reasons.push(Reason::OtherTenant);
    }
    reasons.extend(plan.misnamed().map(|step| Reason::Misnamed { step: step.name.clone() }));
    reasons
}

fn organizations(plan: &ChangePlan) -> BTreeSet<&OrganizationId> {
    let touched = plan.steps.iter().flat_map(|step| &step.scope.organizations);
    touched.filter_map(crate::change::Organization::id).collect()
}

/// The least autonomy of the steps, each by the rules of every organization that it touches and by every kind that it counts as, and
/// which kinds hold it back.
fn kinds(plan: &ChangePlan, settings: &Settings) -> (Autonomy, Vec<Reason>) {
    let workflow = plan.origin.workflow();
    let mut pairs: BTreeSet<(Kind, Kind, Option<&OrganizationId>)> = BTreeSet::new();
    let mut bare: BTreeSet<Kind> = BTreeSet::new();
    for step in &plan.steps {
        let touched: Vec<&OrganizationId> =
            step.scope.organizations.iter().filter_map(crate::change::Organization::id).collect();
        for kind in kinds_of(&step.write.call) {
            let goes_as = if kind == step.kind { goes_as(plan, step) } else { kind };
            pairs.insert((kind, goes_as, None));
            pairs.extend(touched.iter().map(|id| (kind, goes_as, Some(*id))));
            if touched.is_empty() {
                bare.insert(kind);
            }
        }
    }
    // Why an organization's own rules alone: they are the narrower ones, and ceilings are in them.
    let of_organizations: BTreeSet<Kind> =
        pairs.iter().filter(|(.., id)| id.is_some()).map(|(kind, ..)| *kind).collect();
    let judged = pairs
        .into_iter()
        .filter(|(kind, _, id)| id.is_some() || !of_organizations.contains(kind) || bare.contains(kind));
    let judged: Vec<(Kind, Autonomy)> = judged
        .map(|(kind, goes_as, id)| (kind, settings.rules(id, workflow).autonomy_as(kind, goes_as)))
        .collect();
    let least = judged.iter().map(|(_, autonomy)| *autonomy).min().unwrap_or(Autonomy::Report);
    let held = judged.into_iter().filter(|(_, autonomy)| *autonomy < Autonomy::Auto);
    let reasons: BTreeSet<Reason> = held.map(|(kind, autonomy)| Reason::Kind { kind, autonomy }).collect();
    (least, reasons.into_iter().collect())
}

/// By which kind it is said how far a step goes by itself: where a workflow takes back what it did, by the kind that is taken back.
fn goes_as(plan: &ChangePlan, step: &ChangeStep) -> Kind {
    match (&plan.origin, &step.back) {
        (Origin::Undo { workflow: Some(_), .. }, Back::By(reverses)) => {
            reverses.first().map_or(step.kind, |reverse| reverse.kind)
        }
        _ => step.kind,
    }
}

/// Who has to agree: all that any of the rules demands. One's own undo demands oneself.
fn demanded(plan: &ChangePlan, all: &[Rules], own_suffices: bool) -> Vec<Approvals> {
    if own_suffices {
        return vec![Approvals::People(1)];
    }
    let kinds: BTreeSet<Kind> = plan.steps.iter().flat_map(|step| kinds_of(&step.write.call)).collect();
    let mut approvals: Vec<Approvals> =
        all.iter().flat_map(|rules| rules.approvals(kinds.iter().copied())).collect();
    approvals.sort();
    approvals.dedup();
    approvals
}
