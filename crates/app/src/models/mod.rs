//! The models that score at a tenant: which version decides, which is only compared with it, and where they are kept.

mod act;
mod compare;
mod refusal;
#[cfg(test)]
mod tests;
mod train;
mod view;

use std::sync::Arc;

use countersign_core::TenantId;
use countersign_risk::{Features, Model, Profile};
use countersign_store::Store;
use tracing::error;

pub use self::{
    act::{ModelBy, ModelChange},
    compare::{Comparison, Scored},
    refusal::ModelRefusal,
    view::{ActView, ModelHead, ModelShown, Models},
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
    pub(crate) champion: Arc<Model>,
    /// What is compared with it.
    pub(crate) challenger: Option<Challenger>,
}

/// A version that is compared and never decides.
pub(crate) struct Challenger {
    /// Its constants; `None` where this program can't use them.
    pub(crate) model: Option<Arc<Model>>,
}

/// A challenger that could not be asked.
#[derive(Debug, PartialEq, Eq)]
pub(crate) struct ChallengerFailed;

impl InForce {
    /// The shipped model alone.
    pub(crate) fn shipped() -> Self {
        Self { act: 0, champion: Arc::default(), challenger: None }
    }

    /// What the challenger thinks of the same event; `None` where there is none. Its level is left to the caller, who knows the thresholds.
    pub(crate) fn challenge(
        &self,
        features: &Features,
        profile: Option<&Profile>,
        level: impl FnOnce(countersign_core::Score) -> countersign_core::Level,
    ) -> Result<Option<Challenged>, ChallengerFailed> {
        let Some(challenger) = &self.challenger else { return Ok(None) };
        let model = challenger.model.as_deref().ok_or(ChallengerFailed)?;
        // Why: whatever constants that were never in force do, the sign-in must be answered.
        guarded(|| challenged(features, profile, model, level)).map(Some)
    }
}

/// What a model thinks of an event, as a record keeps it of a challenger.
pub(crate) fn challenged(
    features: &Features,
    profile: Option<&Profile>,
    model: &Model,
    level: impl FnOnce(countersign_core::Score) -> countersign_core::Level,
) -> Challenged {
    let assessment = countersign_risk::assess(features, profile, model);
    Challenged { level: level(assessment.score), score: assessment.score, model: assessment.model }
}

fn guarded<T>(work: impl FnOnce() -> T) -> Result<T, ChallengerFailed> {
    std::panic::catch_unwind(std::panic::AssertUnwindSafe(work)).map_err(|_| ChallengerFailed)
}

/// The constants of a version.
pub(crate) async fn load(store: &Store, tenant: &TenantId, version: u64) -> Result<Arc<Model>, Error> {
    if version == SHIPPED {
        return Ok(Arc::default());
    }
    let found = store.find_model(tenant, version).await?;
    let (_, document) = found.ok_or(Error::NotFound("version of the model"))?;
    let unreadable = |detail: String| Error::UnreadableModel { tenant: tenant.clone(), version, detail };
    let model: Model = serde_json::from_str(&document).map_err(|error| unreadable(error.to_string()))?;
    model.check().map_err(|fault| unreadable(fault.to_string()))?;
    Ok(Arc::new(model))
}

/// What holds, as it is on record. With `is_lenient` a champion that this program can't use gives way to the shipped one, so that
/// another can be put in force.
pub(crate) async fn in_force(store: &Store, tenant: &TenantId, is_lenient: bool) -> Result<InForce, Error> {
    let Some(act) = store.find_model_act(tenant).await? else { return Ok(InForce::shipped()) };
    let champion = load(store, tenant, act.champion).await;
    let champion = if is_lenient { usable(champion)?.unwrap_or_default() } else { champion? };
    let challenger = match act.challenger {
        Some(version) => Some(Challenger { model: usable(load(store, tenant, version).await)? }),
        None => None,
    };
    Ok(InForce { act: act.number, champion, challenger })
}

/// `None` for constants that are there, or should be, and can't be used.
fn usable(loaded: Result<Arc<Model>, Error>) -> Result<Option<Arc<Model>>, Error> {
    match loaded {
        Ok(model) => Ok(Some(model)),
        Err(fault @ (Error::UnreadableModel { .. } | Error::NotFound(_))) => {
            error!(%fault, "a model can't be used");
            Ok(None)
        }
        Err(error) => Err(error),
    }
}

impl App {
    /// Takes what is on record, unless something newer holds here already.
    pub(crate) async fn refresh_models(&self, tenant: &Tenant) -> Result<(), Error> {
        let newest = self.ports.store.find_model_act(&tenant.id).await?;
        if newest.is_some_and(|act| act.number > tenant.models.load().act) {
            let held = Arc::new(in_force(&self.ports.store, &tenant.id, false).await?);
            install(tenant, &held);
        }
        Ok(())
    }

    /// The model of a tag: the shipped one, or one that this tenant keeps.
    pub(crate) async fn model_of_tag(&self, tenant: &Tenant, tag: &str) -> Result<Option<Arc<Model>>, Error> {
        let shipped = Model::default();
        if shipped.id().as_str() == tag {
            return Ok(Some(Arc::new(shipped)));
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
