//! Each tenant's state in memory: keys, policy, switches, tokens, the signer of its ledger.

use std::{
    collections::{BTreeMap, BTreeSet},
    sync::{
        Arc,
        atomic::{AtomicU64, Ordering},
    },
    time::Duration,
};

use arc_swap::ArcSwap;
use countersign_core::{TenantId, Trigger};
use countersign_ledger::{
    checkpoint,
    note::{Signer, Verifier},
};
use countersign_policy::Snapshot;
use countersign_privacy::{PseudonymRoot, TenantKeys};
use countersign_risk::{Reference, ReferenceLists, Velocity};
use countersign_store::{Fence, RiskTokenRow};
use parking_lot::Mutex;

use crate::{Error, Ports, TenantConfig, enrich::Enrich, gaps::Gap};

/// How long a process that shares its database may go without a look at what holds, before decisions say so.
const STALE: Duration = Duration::from_secs(5);

/// One tenant: what a decision needs without a look at the disk.
pub struct Tenant {
    pub(crate) id: TenantId,
    pub(crate) keys: TenantKeys,
    pub(crate) current: ArcSwap<Current>,
    pub(crate) off: ArcSwap<BTreeSet<Trigger>>,
    pub(crate) risk_tokens: ArcSwap<Vec<RiskTokenRow>>,
    pub(crate) velocity: Mutex<Velocity>,
    pub(crate) signers: Vec<Signer>,
    pub(crate) origin: String,
    pub(crate) gap: Arc<Mutex<Gap>>,
    /// The lease on the tenant's jobs, while this process holds it.
    pub(crate) lease: Mutex<Option<Fence>>,
    /// What is asked about people who sign up.
    pub(crate) enrichment: Option<Arc<dyn Enrich>>,
    /// When what holds was last read, in microseconds on the monotonic clock; `None` where no other process can change it.
    confirmed: Option<AtomicU64>,
    /// Held while a checkpoint is signed and written.
    pub(crate) signing: tokio::sync::Mutex<()>,
    /// Held while a kill switch is set here and recorded; what was set here and could not be recorded.
    pub(crate) switching: tokio::sync::Mutex<BTreeMap<Trigger, bool>>,
}

/// What is replaced as a whole when the policy changes.
pub(crate) struct Current {
    /// The version of the policy.
    pub(crate) version: u64,
    /// The policy.
    pub(crate) policy: Arc<Snapshot>,
    /// What is known of domains: ours and what the policy adds.
    pub(crate) reference: Reference,
}

impl Current {
    pub(crate) fn new(version: u64, policy: Snapshot) -> Self {
        let lists = &policy.document().reference;
        let reference = Reference::new(&ReferenceLists {
            disposable_domains: lists.disposable_domains.clone(),
            free_mail_domains: lists.free_mail_domains.clone(),
            organization_domains: lists.organization_domains.clone(),
            is_business: lists.free_mail_is_unusual,
        });
        Self { version, policy: Arc::new(policy), reference }
    }
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
        Arc::clone(&self.current.load().policy)
    }

    /// The version of the policy that holds now.
    #[must_use]
    pub fn policy_version(&self) -> u64 {
        self.current.load().version
    }

    pub(crate) fn current(&self) -> Arc<Current> {
        self.current.load_full()
    }

    /// Whether the kill switch of `trigger` is thrown.
    #[must_use]
    pub fn is_off(&self, trigger: Trigger) -> bool {
        self.off.load().contains(&trigger)
    }

    /// The key that checks this tenant's checkpoints; give it to whoever must not have to trust us.
    #[must_use]
    pub fn verifier(&self) -> Verifier {
        self.signer().verifier()
    }

    /// Every key that signs this tenant's checkpoints, the newest first; more than one while they are rotated.
    pub fn verifiers(&self) -> impl Iterator<Item = Verifier> + '_ {
        self.signers.iter().map(Signer::verifier)
    }

    #[expect(clippy::expect_used, reason = "`load` refuses a tenant without a signer")]
    fn signer(&self) -> &Signer {
        self.signers.first().expect("a tenant has a signer")
    }

    /// Whether another process may have changed what holds without our knowledge.
    pub(crate) fn is_stale(&self, now: Duration) -> bool {
        self.unconfirmed(now) > STALE
    }

    /// For how long at `now` nobody looked at what holds; nothing where no other process can change it.
    pub(crate) fn unconfirmed(&self, now: Duration) -> Duration {
        let confirmed = self.confirmed.as_ref().map(|confirmed| confirmed.load(Ordering::Relaxed));
        confirmed.map_or(Duration::ZERO, |confirmed| now.saturating_sub(Duration::from_micros(confirmed)))
    }

    /// Notes that what holds was read at `now`.
    pub(crate) fn confirm(&self, now: Duration) {
        if let Some(confirmed) = &self.confirmed {
            confirmed.store(u64::try_from(now.as_micros()).unwrap_or(u64::MAX), Ordering::Relaxed);
        }
    }
}

pub(crate) struct Tenants(BTreeMap<TenantId, Arc<Tenant>>);

impl Tenants {
    pub(crate) async fn load(ports: &Ports, configs: Vec<TenantConfig>) -> Result<Self, Error> {
        let mut tenants = BTreeMap::new();
        for config in configs {
            let tenant = load(ports, config).await?;
            tenants.insert(tenant.id.clone(), Arc::new(tenant));
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

async fn load(ports: &Ports, config: TenantConfig) -> Result<Tenant, Error> {
    let TenantConfig { id, policy, enrichment } = config;
    let origin = checkpoint::origin(&ports.site, &id).map_err(Error::internal)?;
    let signers = signers(ports, &origin)?;
    let confirmed = ports
        .store
        .is_shared()
        .then(|| AtomicU64::new(u64::try_from(ports.clock.monotonic().as_micros()).unwrap_or(u64::MAX)));
    let stored = ports.store.find_policy(&id).await?;
    let current = match stored {
        Some(row) => Current::new(row.version, crate::policies::read(&id, &row)?),
        None => Current::new(0, policy),
    };
    let switches = ports.store.list_switches(&id).await?;
    let off = switches.into_iter().filter(|switch| switch.is_off).map(|switch| switch.trigger).collect();
    Ok(Tenant {
        keys: ports.master.tenant_with(&id, &pseudonym_root(ports, &id).await?, &ports.earlier_masters),
        current: ArcSwap::from_pointee(current),
        off: ArcSwap::from_pointee(off),
        risk_tokens: ArcSwap::from_pointee(ports.store.list_risk_tokens(&id).await?),
        velocity: Mutex::default(),
        signers,
        origin,
        gap: Arc::default(),
        lease: Mutex::default(),
        enrichment,
        confirmed,
        signing: tokio::sync::Mutex::default(),
        switching: tokio::sync::Mutex::default(),
        id,
    })
}

/// The keys that sign checkpoints, the newest first.
fn signers(ports: &Ports, origin: &str) -> Result<Vec<Signer>, Error> {
    let seeds = std::iter::once(&ports.checkpoint_seed).chain(&ports.earlier_checkpoint_seeds);
    seeds
        .map(|seed| {
            let seed: [u8; 32] = seed
                .expose()
                .try_into()
                .map_err(|_| Error::internal("the checkpoint key has not 32 bytes"))?;
            Signer::from_seed(origin, &seed).map_err(Error::internal)
        })
        .collect()
}

/// What a tenant's pseudonyms are made from; it outlives a rotated master key.
pub(crate) async fn pseudonym_root(ports: &Ports, tenant: &TenantId) -> Result<PseudonymRoot, Error> {
    let Ports { store, master, earlier_masters: earlier, .. } = ports;
    match store.find_pseudonym_root(tenant).await? {
        Some(wrapped) => std::iter::once(master)
            .chain(earlier)
            .find_map(|master| master.unwrap_root(tenant, &wrapped).ok())
            .ok_or(Error::ForeignMasterKey),
        // Why: a rotation that was cut off before its first write leaves everything under the oldest key.
        None => Ok(earlier.last().unwrap_or(master).pseudonym_root(tenant)),
    }
}
