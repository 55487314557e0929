//! The models that score at a tenant: which version decides, which own model counts beside it, which is only compared, and
//! where they are kept.

mod act;
mod compare;
mod import;
mod kept;
mod refusal;
mod scorer;
#[cfg(test)]
mod tests;
mod thresholds;
mod train;
mod view;

use std::sync::Arc;

use countersign_core::{Score, TenantId, Trigger};
use countersign_risk::{Features, Profile, ReadyModel, own_model::OwnModel};
use countersign_store::Store;

pub use self::{
    act::{ModelBy, ModelChange},
    compare::{Comparison, Scored},
    refusal::ModelRefusal,
    thresholds::Exploration,
    view::{ActView, ModelHead, ModelShown, Models},
};
pub(crate) use self::{
    kept::Kept,
    scorer::{ChallengerFailed, Scorer, challenged},
};
use self::{
    kept::{load, load_constants, load_own, usable},
    scorer::guarded,
};
use crate::{App, Error, Tenant, decide::record::Challenged};

/// The most bytes that a model and its card have together, as JSON.
pub const MAX_MODEL_BYTES: usize = 256 * 1024;

/// The number of the version that is shipped with the program.
pub const SHIPPED: u64 = 0;

/// What is replaced as a whole when another version is to hold.
pub(crate) struct InForce {
    /// The number of the act that says so; 0: none did.
    pub(crate) act: u64,
    /// The constants that decide.
    champion: Arc<ReadyModel>,
    /// The own model that counts beside them.
    own: Option<Arc<OwnModel>>,
    /// Whether an own model is attached that this program can't use.
    is_own_lost: bool,
    /// What is compared with them.
    challenger: Option<Challenger>,
}

/// A version that is compared and never decides.
struct Challenger {
    /// What it is; `None` where this program can't use it.
    kept: Option<Kept>,
}

impl InForce {
    /// The shipped model alone.
    pub(crate) fn shipped() -> Self {
        Self { act: 0, champion: Arc::default(), own: None, is_own_lost: false, challenger: None }
    }

    /// What decides.
    pub(crate) fn champion(&self) -> Scorer<'_> {
        Scorer { model: &self.champion, own: self.own.as_deref() }
    }

    /// Whether an own model is attached that can't be asked.
    pub(crate) const fn is_own_lost(&self) -> bool {
        self.is_own_lost
    }

    /// What the challenger thinks of the same event; `None` where there is none. Its level is left to the caller, who knows the thresholds.
    pub(crate) fn challenge(
        &self,
        trigger: Trigger,
        features: &Features,
        profile: Option<&Profile>,
        level: impl FnOnce(Score) -> countersign_core::Level,
    ) -> Result<Option<Challenged>, ChallengerFailed> {
        let Some(challenger) = &self.challenger else { return Ok(None) };
        let scorer = match challenger.kept.as_ref().ok_or(ChallengerFailed)? {
            Kept::Constants(model) => Scorer { model, ..self.champion() },
            Kept::Own(own) => Scorer { own: Some(own), ..self.champion() },
        };
        // Why: whatever constants that were never in force do, the sign-in must be answered.
        guarded(|| challenged(scorer, trigger, features, profile, level))?.map(Some)
    }
}

/// What to do about versions on record that this program can't use.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Taking {
    /// Refuse them all: what held before holds on.
    Refresh,
    /// At the start of the service, before which nothing held: refuse a champion, and go on without an own model. Decisions
    /// say so, and are else as without it, which its owner prefers to no decisions at all.
    Start,
    /// Go on without them, with the shipped champion, so that others can be put in force.
    Mend,
}

/// What holds, as it is on record.
pub(crate) async fn in_force(store: &Store, tenant: &TenantId, taking: Taking) -> Result<InForce, Error> {
    let Some(act) = store.find_model_act(tenant).await? else { return Ok(InForce::shipped()) };
    let champion = load_constants(store, tenant, act.champion).await;
    let champion = if taking == Taking::Mend { usable(champion)?.unwrap_or_default() } else { champion? };
    let own = match act.own {
        Some(version) => {
            let own = load_own(store, tenant, version).await;
            if taking == Taking::Refresh { Some(own?) } else { usable(own)? }
        }
        None => None,
    };
    let is_own_lost = own.is_none() && act.own.is_some();
    if is_own_lost {
        tracing::error!(tenant.id = %tenant, version = act.own, "the attached own model can't be used: decisions are made without it, and say so");
    }
    let challenger = match act.challenger {
        Some(version) => Some(Challenger { kept: usable(load(store, tenant, version).await)? }),
        None => None,
    };
    Ok(InForce { act: act.number, champion, own, is_own_lost, challenger })
}

impl App {
    /// Takes what is on record, unless something newer holds here already.
    pub(crate) async fn refresh_models(&self, tenant: &Tenant) -> Result<(), Error> {
        let newest = self.ports.store.find_model_act(&tenant.id).await?;
        if newest.is_some_and(|act| act.number > tenant.models.load().act) {
            // Why: an own model that is lost already keeps nothing else from being taken.
            let taking = if tenant.models.load().is_own_lost { Taking::Start } else { Taking::Refresh };
            let held = Arc::new(in_force(&self.ports.store, &tenant.id, taking).await?);
            install(tenant, &held);
        }
        Ok(())
    }

    /// The model of a tag: the shipped one, or one that this tenant keeps.
    pub(crate) async fn model_of_tag(&self, tenant: &Tenant, tag: &str) -> Result<Option<Kept>, Error> {
        let shipped = ReadyModel::default();
        if shipped.id().as_str() == tag {
            return Ok(Some(Kept::Constants(Arc::new(shipped))));
        }
        let Some(version) = self.ports.store.find_model_version(&tenant.id, tag).await? else {
            return Ok(None);
        };
        usable(load(&self.ports.store, &tenant.id, version).await)
    }
}

/// Puts what was read in force, unless a later act holds.
fn install(tenant: &Tenant, held: &Arc<InForce>) {
    tenant.models.rcu(|known| Arc::clone(if known.act < held.act { held } else { known }));
}
