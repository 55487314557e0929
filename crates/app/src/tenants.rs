//! Each tenant's state in memory: keys, policy, switches, tokens, the signer of its ledger.

use std::{
    collections::{BTreeMap, BTreeSet},
    sync::{
        Arc, OnceLock,
        atomic::{AtomicBool, AtomicU64, Ordering},
    },
    time::Duration,
};

use arc_swap::ArcSwap;
use countersign_core::{ClientId, TenantId, Trigger};
use countersign_ledger::{
    checkpoint::{self, Checkpoint},
    note::{Signer, Verifier},
};
use countersign_policy::Snapshot;
use countersign_privacy::{MasterKey, PseudonymRoot, TenantKeys, WrappedKey};
use countersign_risk::{LocalCounts, Reference, Velocity};
use countersign_store::RiskTokenRow;
use parking_lot::Mutex;

use crate::{
    Error, Ports, TenantConfig,
    acts::{Bell, Hands, Responding},
    clock::Witness,
    crowd::Crowds,
    enrich::Enrich,
    gaps::Gap,
    hooks::Hook,
    join::Joining,
    models::{self, InForce, Taking},
    posture::Findings,
    reference::Lists,
    risk_tokens, rollback,
    switches::Unrecorded,
    watch::Watch,
};

/// How long a process that shares its database may go without a look at what holds, before decisions say so.
const STALE: Duration = Duration::from_secs(5);

/// People's keys that are tried with each master key where no root of pseudonyms was kept.
const LOOKED_AT: u32 = 256;

/// One tenant: what a decision needs without a look at the disk.
pub struct Tenant {
    pub(crate) id: TenantId,
    pub(crate) keys: TenantKeys,
    pub(crate) current: ArcSwap<Current>,
    pub(crate) off: ArcSwap<BTreeSet<Trigger>>,
    /// The models that hold.
    pub(crate) models: ArcSwap<InForce>,
    /// The tokens of the short form that hold.
    pub(crate) risk_tokens: ArcSwap<Vec<RiskTokenRow>>,
    /// What happened alike lately, of decisions and of the log.
    pub(crate) velocity: Mutex<Velocity>,
    /// What its sign-ins look like; a fold over records, warmed from them at start.
    pub(crate) crowd: Crowds,
    /// Whether the clock can be right.
    pub(crate) clock: Witness,
    /// The watching of its log.
    pub(crate) watch: Watch,
    /// The joining of its log with decisions.
    pub(crate) joining: Joining,
    /// What is found at it now.
    pub(crate) findings: Findings,
    pub(crate) signers: Vec<Signer>,
    pub(crate) origin: String,
    pub(crate) gap: Arc<Mutex<Gap>>,
    /// Whether this process has the lead of the tenant's jobs, as far as it knows.
    pub(crate) is_leading: AtomicBool,
    /// What is asked about people who sign up.
    pub(crate) enrichment: Option<Arc<dyn Enrich>>,
    /// The client of our own console, where people sign in to it here.
    pub(crate) console_client: Option<ClientId>,
    /// Who is told of incidents.
    pub(crate) hooks: Vec<Hook>,
    /// What its plans are made and carried out with; none: it has no client for that.
    pub(crate) hands: OnceLock<Hands>,
    /// How its reviews go.
    pub(crate) reviews: OnceLock<crate::reviews::Settings>,
    /// Up to which leaf, exclusive, this process looked for sign-ups to review; 0: not yet.
    pub(crate) scanned: AtomicU64,
    /// The same for sign-ins of which the person is asked.
    pub(crate) doubted: AtomicU64,
    /// How people are asked whether sign-ins were theirs; none: they are not.
    pub(crate) inquiries: OnceLock<crate::inquiries::Settings>,
    /// The clients that the service has at it.
    pub(crate) own_clients: OnceLock<BTreeSet<ClientId>>,
    /// Tells that there is something to carry out.
    pub(crate) bell: Bell,
    /// What incidents are answered with.
    pub(crate) responding: Responding,
    /// When what holds was last read, in microseconds on the monotonic clock; `None` where no other process can change it.
    confirmed: Option<AtomicU64>,
    /// Held while a checkpoint is signed and written.
    pub(crate) signing: Arc<tokio::sync::Mutex<()>>,
    /// Held while a kill switch is recorded, and while those on record are read.
    pub(crate) switching: tokio::sync::Mutex<()>,
    /// Kill switches that were set here and are not known to be on record; held whenever `off` is replaced.
    pub(crate) unrecorded: Mutex<BTreeMap<Trigger, Unrecorded>>,
}

/// What is replaced as a whole when the policy or the operator's lists of domains change.
pub(crate) struct Current {
    /// The version of the policy.
    pub(crate) version: u64,
    /// The policy.
    pub(crate) policy: Arc<Snapshot>,
    /// What is known of domains: ours and what the policy adds.
    pub(crate) reference: Reference,
    /// Which of the operator's lists of domains that has; `None` without any.
    pub(crate) lists: Option<Arc<str>>,
    /// How the log is watched.
    pub(crate) watch: Arc<countersign_policy::Watch>,
}

impl Current {
    pub(crate) fn new(version: u64, policy: &Arc<Snapshot>, lists: &Lists) -> Self {
        let watch = Arc::new(policy.document().watch.clone());
        let (reference, lists) = (lists.prepare(policy), lists.version.clone());
        Self { version, policy: Arc::clone(policy), reference, lists, watch }
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

    /// Whether an own model is attached that can't be used.
    #[must_use]
    pub fn is_own_model_lost(&self) -> bool {
        self.models.load().is_own_lost()
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
    /// Loads each tenant and checks that it goes on where it ended. `is_start` also keeps what its pseudonyms are made from, where
    /// nothing was kept.
    pub(crate) async fn load(
        ports: &Ports,
        configs: Vec<TenantConfig>,
        is_start: bool,
    ) -> Result<Self, Error> {
        let mut tenants = BTreeMap::new();
        let taking = if is_start { Taking::Start } else { Taking::Mend };
        for config in configs {
            let mut tenant = load(ports, config).await?;
            check_signature(ports, &tenant).await?;
            rollback::check(ports, &tenant).await?;
            tenant.models.store(Arc::new(models::in_force(&ports.store, &tenant.id, taking).await?));
            if is_start {
                tenant.watch.check(&tenant.id, &tenant.policy())?;
                // Why after the checks: what is kept under the keys of another installation would lock out the right ones.
                let root = keep_pseudonym_root(ports, &tenant.id).await?;
                tenant.keys = ports.master.tenant_with(&tenant.id, &root, &ports.earlier_masters);
            }
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
    let TenantConfig { id, policy, enrichment, console_client, hooks, watch } = config;
    let origin = checkpoint::origin(&ports.site, &id).map_err(Error::internal)?;
    let signers = signers(ports, &origin)?;
    let confirmed = ports
        .store
        .is_shared()
        .then(|| AtomicU64::new(u64::try_from(ports.clock.monotonic().as_micros()).unwrap_or(u64::MAX)));
    let stored = ports.store.find_policy(&id).await?;
    let (version, policy) = match stored {
        Some(row) => (row.version, crate::policies::read(&id, &row)?),
        None => (0, policy),
    };
    let current = Current::new(version, &Arc::new(policy), &ports.lists());
    let switches = ports.store.list_switches(&id).await?;
    let off = switches.into_iter().filter(|switch| switch.is_off).map(|switch| switch.trigger).collect();
    let keys = ports.master.tenant_with(&id, &pseudonym_root(ports, &id).await?, &ports.earlier_masters);
    // Why of the tenant: processes that share it can merge what they count.
    let salt = keys.tagger().tag("velocity", b"sample").0;
    let responding = Responding::new(watch.playbooks.clone(), &current.watch, &watch.rules);
    Ok(Tenant {
        keys,
        current: ArcSwap::from_pointee(current),
        off: ArcSwap::from_pointee(off),
        models: ArcSwap::from_pointee(InForce::shipped()),
        risk_tokens: ArcSwap::from_pointee(risk_tokens::held(&ports.store, &id).await?),
        velocity: Mutex::new(Velocity::new(LocalCounts::salted(salt))),
        crowd: Crowds::default(),
        clock: Witness::default(),
        watch: Watch::new(watch),
        joining: Joining::default(),
        findings: Findings::default(),
        signers,
        origin,
        gap: Arc::default(),
        is_leading: AtomicBool::new(false),
        enrichment,
        console_client,
        hooks,
        hands: OnceLock::new(),
        reviews: OnceLock::new(),
        scanned: AtomicU64::new(0),
        doubted: AtomicU64::new(0),
        inquiries: OnceLock::new(),
        own_clients: OnceLock::new(),
        bell: Bell::default(),
        responding,
        confirmed,
        signing: Arc::default(),
        switching: tokio::sync::Mutex::default(),
        unrecorded: Mutex::default(),
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

/// Demands that one of the keys in use signed the newest checkpoint.
async fn check_signature(ports: &Ports, tenant: &Tenant) -> Result<(), Error> {
    let newest = ports.store.find_newest_checkpoint(&tenant.id).await?;
    let is_ours = |note: &str| tenant.verifiers().any(|key| Checkpoint::open(note, &key).is_ok());
    match newest {
        Some(newest) if !is_ours(&newest.note) => Err(Error::ForeignKey { tenant: tenant.id.clone() }),
        _ => Ok(()),
    }
}

/// What a tenant's pseudonyms are made from; it outlives a rotated master key.
pub(crate) async fn pseudonym_root(ports: &Ports, tenant: &TenantId) -> Result<PseudonymRoot, Error> {
    match ports.store.find_pseudonym_root(tenant).await? {
        Some(wrapped) => unwrap_root(ports, tenant, &wrapped),
        None => derive_root(ports, tenant).await,
    }
}

/// As `pseudonym_root`, and keeps it where none was kept: from then on no other master key makes strangers of everyone.
pub(crate) async fn keep_pseudonym_root(ports: &Ports, tenant: &TenantId) -> Result<PseudonymRoot, Error> {
    match ports.store.find_pseudonym_root(tenant).await? {
        Some(wrapped) => unwrap_root(ports, tenant, &wrapped),
        None => keep_root(ports, tenant, &derive_root(ports, tenant).await?).await,
    }
}

/// Keeps this root unless another process was first, whose root it is then.
async fn keep_root(ports: &Ports, tenant: &TenantId, root: &PseudonymRoot) -> Result<PseudonymRoot, Error> {
    let Ports { store, master, entropy, .. } = ports;
    let wrapped = master.wrap_root(tenant, root, entropy.as_ref()).map_err(Error::internal)?;
    let kept = store.find_or_insert_pseudonym_root(tenant, wrapped).await?;
    unwrap_root(ports, tenant, &kept)
}

fn unwrap_root(ports: &Ports, tenant: &TenantId, wrapped: &[u8]) -> Result<PseudonymRoot, Error> {
    masters(ports).find_map(|master| master.unwrap_root(tenant, wrapped).ok()).ok_or(Error::ForeignMasterKey)
}

/// The master keys, the newest first.
fn masters(ports: &Ports) -> impl DoubleEndedIterator<Item = &MasterKey> {
    std::iter::once(&ports.master).chain(&ports.earlier_masters)
}

/// The root of a tenant without a kept one: by the key that its people's keys were begun with, the newest where it has no
/// people.
async fn derive_root(ports: &Ports, tenant: &TenantId) -> Result<PseudonymRoot, Error> {
    let known = ports.store.list_subject_keys(tenant, None, LOOKED_AT).await?;
    if known.is_empty() {
        return Ok(ports.master.pseudonym_root(tenant));
    }
    let opens = |master: &&MasterKey| {
        let keys = master.tenant(tenant);
        let is_opened =
            |wrapped: &[u8], subject| keys.unwrap(subject, &WrappedKey::from_bytes(wrapped.to_vec())).is_ok();
        known.iter().any(|(subject, row)| is_opened(&row.wrapped, subject))
    };
    // Why the oldest: people who came since a rotation was begun have keys under the newest, and names by the one before.
    let begun_with = masters(ports).rev().find(opens).ok_or(Error::ForeignMasterKey)?;
    Ok(begun_with.pseudonym_root(tenant))
}

#[cfg(test)]
mod tests;
