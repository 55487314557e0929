//! Versions as this program reads them.

use std::sync::Arc;

use countersign_core::TenantId;
use countersign_risk::{Model, ReadyModel, own_model::OwnModel};
use countersign_store::{ModelKind, Store};
use tracing::error;

use super::{ModelRefusal, SHIPPED};
use crate::Error;

/// A version, ready to score.
#[derive(Debug, Clone)]
pub(crate) enum Kept {
    /// Constants of the model that scores.
    Constants(Arc<ReadyModel>),
    /// An operator's own model.
    Own(Arc<OwnModel>),
}

impl Kept {
    /// The model's tag.
    pub(super) fn tag(&self) -> String {
        match self {
            Self::Constants(model) => model.id().to_string(),
            Self::Own(own) => own.id().to_string(),
        }
    }
}

/// A version; `UnreadableModel` where this program can't use it.
pub(super) async fn load(store: &Store, tenant: &TenantId, version: u64) -> Result<Kept, Error> {
    if version == SHIPPED {
        return Ok(Kept::Constants(Arc::default()));
    }
    let found = store.find_model(tenant, version).await?;
    let (row, document) = found.ok_or(Error::NotFound("version of the model"))?;
    let unreadable = |detail: String| Error::UnreadableModel { tenant: tenant.clone(), version, detail };
    match row.kind {
        ModelKind::Constants => {
            let model: Model =
                serde_json::from_str(&document).map_err(|error| unreadable(error.to_string()))?;
            model.check().map_err(|fault| unreadable(fault.to_string()))?;
            Ok(Kept::Constants(Arc::new(model.into())))
        }
        ModelKind::Own => {
            let told = |faults| unreadable(ModelRefusal::OwnFaults(faults).to_string());
            Ok(Kept::Own(Arc::new(OwnModel::parse(document.as_bytes()).map_err(told)?)))
        }
    }
}

/// A version that may decide.
pub(super) async fn load_constants(
    store: &Store,
    tenant: &TenantId,
    version: u64,
) -> Result<Arc<ReadyModel>, Error> {
    match load(store, tenant, version).await? {
        Kept::Constants(model) => Ok(model),
        Kept::Own(_) => Err(ModelRefusal::IsOwn(version).into()),
    }
}

/// A version that may count beside the one that decides.
pub(super) async fn load_own(store: &Store, tenant: &TenantId, version: u64) -> Result<Arc<OwnModel>, Error> {
    match load(store, tenant, version).await? {
        Kept::Own(own) => Ok(own),
        Kept::Constants(_) => Err(ModelRefusal::IsNotOwn(version).into()),
    }
}

/// `None` for a version that is there, or should be, and can't be used.
pub(super) fn usable<T>(loaded: Result<T, Error>) -> Result<Option<T>, Error> {
    match loaded {
        Ok(model) => Ok(Some(model)),
        Err(fault @ (Error::UnreadableModel { .. } | Error::NotFound(_) | Error::Model(_))) => {
            error!(%fault, "a model can't be used");
            Ok(None)
        }
        Err(error) => Err(error),
    }
}
