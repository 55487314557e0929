//! Each tenant's state in memory: keys, policy, switches, the signer of its ledger.

use std::{
    collections::{BTreeMap, BTreeSet},
    sync::Arc,
};

use arc_swap::ArcSwap;
use countersign_core::{TenantId, Trigger};
use countersign_ledger::{
    checkpoint,
    note::{Signer, Verifier},
};
use countersign_policy::Snapshot;
use countersign_privacy::TenantKeys;
use parking_lot::Mutex;

use crate::{Error, Ports, TenantConfig, gaps::Gap};

/// One tenant: what a decision needs without a look at the disk.
pub struct Tenant {
    pub(crate) id: TenantId,
    pub(crate) keys: TenantKeys,
    pub(crate) policy: ArcSwap<Snapshot>,
    pub(crate) off: ArcSwap<BTreeSet<Trigger>>,
    pub(crate) signer: Signer,
    pub(crate) origin: String,
    pub(crate) gap: Arc<Mutex<Gap>>,
    /// Held while a checkpoint is signed and written.
    pub(crate) signing: tokio::sync::Mutex<()>,
    /// Held while a kill switch is set here and recorded.
    pub(crate) switching: tokio::sync::Mutex<()>,
}

impl Tenant {
    /// Auth0's name of the tenant.
    #[must_use]
    pub const fn id(&self) -> &TenantId {
        &self.id
    }

    /// The policy that holds now.
    #[must_use]
    pub fn policy(&self) -> Arc<Snapshot> {
        self.policy.load_full()
    }

    /// Whether the kill switch of `trigger` is thrown.
    #[must_use]
    pub fn is_off(&self, trigger: Trigger) -> bool {
        self.off.load().contains(&trigger)
    }

    /// The key that checks this tenant's checkpoints; give it to whoever must not have to trust us.
    #[must_use]
    pub fn verifier(&self) -> Verifier {
        self.signer.verifier()
    }
}

pub(crate) struct Tenants(BTreeMap<TenantId, Arc<Tenant>>);

impl Tenants {
    pub(crate) async fn load(ports: &Ports, configs: Vec<TenantConfig>) -> Result<Self, Error> {
        let mut tenants = BTreeMap::new();
        let seed: [u8; 32] = ports
            .checkpoint_seed
            .expose()
            .try_into()
            .map_err(|_| Error::internal("the checkpoint key has not 32 bytes"))?;
        for TenantConfig { id, policy } in configs {
            let switches = ports.store.list_switches(&id).await?;
            let off =
                switches.into_iter().filter(|switch| switch.is_off).map(|switch| switch.trigger).collect();
            let origin = checkpoint::origin(&ports.site, &id).map_err(Error::internal)?;
            let tenant = Tenant {
                keys: ports.master.tenant(&id),
                policy: ArcSwap::from_pointee(policy),
                off: ArcSwap::from_pointee(off),
                signer: Signer::from_seed(&origin, &seed).map_err(Error::internal)?,
                origin,
                gap: Arc::default(),
                signing: tokio::sync::Mutex::default(),
                switching: tokio::sync::Mutex::default(),
                id: id.clone(),
            };
            tenants.insert(id, Arc::new(tenant));
        }
        Ok(Self(tenants))
    }

    pub(crate) fn get(&self, id: &TenantId) -> Option<Arc<Tenant>> {
        self.0.get(id).cloned()
    }

    pub(crate) fn iter(&self) -> impl Iterator<Item = &Arc<Tenant>> {
        self.0.values()
    }
}
