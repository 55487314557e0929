//! Use cases: the one place that orders effects.
//!
//! A sign-in is decided, recorded and answered here; outcomes are counted, checkpoints signed, people erased. Handlers,
//! commands and jobs call these functions and nothing below them. An answer with effects must never leave before its
//! leaf is on disk.
//!
//! ```no_run
//! # use countersign_app::{App, Error, Tenant, decide::Ask};
//! # async fn example(app: &App, tenant: &Tenant, ask: Ask) -> Result<(), Error> {
//! let decided = app.decide(tenant, ask).await?;
//! println!("{}", String::from_utf8_lossy(&decided.answer));
//! # Ok(())
//! # }
//! ```

pub mod access;
pub mod acts;
pub mod audit;
mod checkpoints;
mod clock;
mod crowd;
pub mod decide;
mod department;
pub mod enrich;
mod erase;
mod error;
pub mod explain;
mod feed;
mod gaps;
pub mod hooks;
pub mod incidents;
pub mod inquiries;
mod join;
pub mod journal;
mod key_sets;
mod lead;
mod learn;
mod leaves;
pub mod management;
pub mod models;
pub mod outcomes;
pub mod places;
mod policies;
pub mod posture;
mod read;
mod receipts;
pub mod reference;
mod refresh;
mod retain;
pub mod reveal;
pub mod reviews;
mod risk_tokens;
mod rollback;
mod rotate;
mod silence;
mod subjects;
mod switches;
pub mod tenant;
mod tenants;
pub mod user_risk;
pub mod users_at_risk;
mod watch;
mod writes;

use std::{path::PathBuf, sync::Arc};

use countersign_core::{ClientId, Clock, Entropy, IdKind, IdMaker, Secret, TenantId};
use countersign_policy::Snapshot;
use countersign_privacy::MasterKey;
use countersign_store::Store;

pub use checkpoints::file_name as checkpoint_file_name;
pub use countersign_store::{AlertFilter, AlertRow, DecisionFilter, DecisionRow, JoinHow, Scope, Standing};
pub use error::Error;
pub use feed::Live;
pub use join::{JoinCounts, Joined, LOGIN_WITHOUT_DECISION};
pub use key_sets::{Found, KeySet};
pub use lead::Lead;
pub use retain::Kept;
pub use subjects::CACHED_KEYS;
pub use tenants::Tenant;
pub use watch::{
    AlertBody, Backtest, Compared, Delivered, EventFault, History, Measures, Pulled, Reading, Replayed,
    RuleFiles, StreamState, Trial, Tried, Unfit, WatchConfig, WatchStatus, Worked, check_policy,
};
pub use writes::LedgerRecorder;

/// What the use cases stand on.
pub struct Ports {
    /// Records, ledger and subject keys.
    pub store: Store,
    /// Where the time comes from.
    pub clock: Arc<dyn Clock>,
    /// Where randomness comes from.
    pub entropy: Arc<dyn Entropy>,
    /// A name of this process that no other has, to hold leases by.
    pub process: String,
    /// Wraps subjects' keys and derives pseudonyms.
    pub master: MasterKey,
    /// Master keys that were in use before, the newest first: they open what is not wrapped anew yet.
    pub earlier_masters: Vec<MasterKey>,
    /// Seed of the Ed25519 key that signs checkpoints, 32 bytes.
    pub checkpoint_seed: Secret,
    /// Seeds that were in use before, the newest first: each goes on signing beside the newest while it stands here.
    pub earlier_checkpoint_seeds: Vec<Secret>,
    /// First part of each ledger's origin, such as `countersign.example.com`.
    pub site: String,
    /// Where addresses are; `None`: nobody but Auth0 says.
    pub places: Option<Arc<dyn places::Places>>,
    /// The operator's lists of domains; `None`: those that are embedded alone.
    pub domains: Option<Arc<dyn reference::Domains>>,
    /// Where the newest checkpoint of each tenant is written as a file; `None`: nowhere.
    pub checkpoint_folder: Option<PathBuf>,
    /// Who may sign in, and what they may.
    pub access: access::Settings,
}

impl Ports {
    /// What the operator's lists of domains hold now; nothing without files.
    fn lists(&self) -> Arc<reference::Lists> {
        self.domains.as_ref().map(|domains| domains.lists()).unwrap_or_default()
    }
}

/// One tenant as configured.
pub struct TenantConfig {
    /// Auth0's name of the tenant.
    pub id: TenantId,
    /// Its checked policy, for as long as the database holds none.
    pub policy: Snapshot,
    /// What is asked about people who sign up; `None`: nothing.
    pub enrichment: Option<Arc<dyn enrich::Enrich>>,
    /// The client at which people sign in to our own console, where the tenant is its identity provider.
    pub console_client: Option<ClientId>,
    /// Who is told of incidents.
    pub hooks: Vec<hooks::Hook>,
    /// What its log is watched with.
    pub watch: WatchConfig,
}

/// The application: all use cases over one set of ports. Cheap to share.
pub struct App {
    ports: Ports,
    access: access::Access,
    tenants: tenants::Tenants,
    subjects: Arc<subjects::SubjectKeys>,
    feed: feed::Feed,
    turns: learn::Turns,
    late: decide::Late,
    /// Denials that are being told.
    telling: decide::Late,
    links: decide::Links,
}

impl App {
    /// Starts the use cases: opens them, keeps what pseudonyms are made from, destroys keys whose erasure is on record, and puts
    /// configured policies in force where there is none.
    ///
    /// # Errors
    /// As `open`; `UnreadableModel` when this program can't use the champion of a tenant.
    pub async fn start(ports: Ports, configs: Vec<TenantConfig>) -> Result<Arc<Self>, Error> {
        let app = Self::load(ports, configs, true).await?;
        app.finish_erasures().await?;
        app.found_policies().await?;
        app.record_access_policies().await?;
        for tenant in app.tenants.iter() {
            app.record_signing_key(tenant).await?;
        }
        Ok(app)
    }

    /// Opens the use cases without writing anything: loads each tenant's switches and checks that the signing key is the
    /// one that signed before.
    ///
    /// # Errors
    /// `Unavailable` when the store is; `ForeignKey` when the newest checkpoint of a tenant is by none of the signing keys;
    /// `RolledBack` when the checkpoint file covers more leaves than there are, `Diverged` when it covers others;
    /// `ForeignMasterKey` when the keys of people are under none of the master keys; `UnreadablePolicy`; `Internal` when a key can't be used.
    /// A champion that can't be used gives way to the shipped model here, so that another can be put in force.
    pub async fn open(ports: Ports, configs: Vec<TenantConfig>) -> Result<Arc<Self>, Error> {
        Self::load(ports, configs, false).await
    }

    async fn load(mut ports: Ports, configs: Vec<TenantConfig>, is_start: bool) -> Result<Arc<Self>, Error> {
        let access = std::mem::take(&mut ports.access);
        let access = access::Access::new(access).map_err(Error::AccessPolicy)?;
        let tenants = tenants::Tenants::load(&ports, configs, is_start).await?;
        Ok(Arc::new(Self {
            ports,
            access,
            tenants,
            subjects: Arc::new(subjects::SubjectKeys::new()),
            feed: feed::Feed::new(),
            turns: learn::Turns::new(),
            late: decide::Late::default(),
            telling: decide::Late::default(),
            links: decide::Links::new(),
        }))
    }

    /// The tenant of this name.
    ///
    /// # Errors
    /// `UnknownTenant` when it is not configured.
    pub fn tenant(&self, id: &TenantId) -> Result<Arc<Tenant>, Error> {
        self.tenants.get(id).ok_or(Error::UnknownTenant)
    }

    /// Every configured tenant.
    pub fn tenants(&self) -> impl Iterator<Item = &Arc<Tenant>> {
        self.tenants.iter()
    }

    /// The clock that everything here goes by.
    #[must_use]
    pub fn clock(&self) -> &dyn Clock {
        self.ports.clock.as_ref()
    }

    /// Makes an identifier of the given kind.
    ///
    /// # Errors
    /// `Internal` when no randomness could be had.
    pub fn make_id(&self, kind: IdKind) -> Result<String, Error> {
        IdMaker::new(kind)
            .try_make(self.ports.clock.now(), self.ports.entropy.as_ref())
            .map_err(Error::internal)
    }

    /// Decisions as they are made, for a page that shows them live.
    #[must_use]
    pub fn watch(&self) -> tokio::sync::broadcast::Receiver<Live> {
        self.feed.watch()
    }
}
