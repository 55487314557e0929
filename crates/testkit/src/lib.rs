//! A whole service in the test's process: real SQLite in a folder of its own, or PostgreSQL; a held clock, seeded chance.
//!
//! For tests alone. It decides nothing and replaces nothing but time, chance and the network: requests go straight
//! into the router that production serves.
//!
//! ```
//! # #[tokio::main(flavor = "current_thread")] async fn main() {
//! use countersign_testkit::{TestApp, post_login};
//!
//! let service = TestApp::start(|_| {}).await;
//! let answer = service.decide(&post_login()).await;
//! assert_eq!(answer.status, 200);
//! assert_eq!(answer.json["mode"], "audit");
//! # }
//! ```
#![expect(clippy::expect_used, reason = "a test ends where its frame can't be built")]

mod access_tokens;
pub mod fields;
pub mod postgres;
mod request;
mod sign_in;

use std::{
    path::{Path, PathBuf},
    sync::{
        Arc,
        atomic::{AtomicU64, Ordering},
    },
};

use countersign_app::{
    App, Lead, Ports, Tenant, TenantConfig, WatchConfig,
    access::{self, Caller, Permit},
    enrich::Enrich,
    hooks::Hook,
    places::Places,
    reference::Domains,
};
use countersign_core::{
    Clock, Entropy, Secret, TenantId, Timestamp,
    testing::{CountingEntropy, HeldClock},
};
use countersign_policy::{Document, Snapshot};
use countersign_privacy::{MasterKey, Token};
use countersign_rights::{Action, How};
use countersign_server::{CallerLimits, Limits, Operator, Server, Settings, signature::SigningKey};
use countersign_store::{Access, Store};
use serde_json::Value;
use tempfile::TempDir;

pub use access_tokens::{Granting, access_token};
pub use postgres::Databases;
pub use request::{Answer, Signing};
pub use sign_in::{ISSUER, REFUSED, Vouching, cookie_of};

/// The tenant of the fixtures.
pub const TENANT: &str = "example-tenant";

/// A second tenant that the service knows.
pub const OTHER_TENANT: &str = "other-tenant";

/// The `Host` that the service answers for.
pub const HOST: &str = "127.0.0.1:8377";

/// The operator's token.
pub const TOKEN: &str = "operator-token-of-the-tests";

/// A file system in memory, where Linux has one.
const MEMORY: &str = "/dev/shm";

/// When the held clock starts: as the fixtures were made.
pub const START: Timestamp = Timestamp::from_seconds(1_787_212_800);

/// The token by which the log stream of a tenant delivers.
#[must_use]
pub fn log_token(tenant: &str) -> Token {
    Token::received(&format!("lgs_{}", tenant.replace('-', "_"))).expect("a token")
}

/// The token by which the event stream of a tenant delivers.
#[must_use]
pub fn event_token(tenant: &str) -> Token {
    Token::received(&format!("evs_{}", tenant.replace('-', "_"))).expect("a token")
}

/// What a test may add to each tenant.
pub struct Setup {
    /// How often it may ask; any number of times unless a test is about it, since the clock stands.
    pub limits: Limits,
    /// How often callers and addresses may ask; any number of times unless a test is about it.
    pub caller_limits: CallerLimits,
    /// What is asked about people who sign up.
    pub enrichment: Option<Arc<dyn Enrich>>,
    /// The client of the console.
    pub console_client: Option<&'static str>,
    /// Who is told of incidents.
    pub hooks: Vec<Hook>,
    /// Where addresses are, for all tenants.
    pub places: Option<Arc<dyn Places>>,
    /// The operator's lists of domains, for all tenants.
    pub domains: Option<Arc<dyn Domains>>,
    /// The addresses from which streams deliver, such as `203.0.113.0/24`; any when empty.
    pub log_sources: Vec<&'static str>,
    /// What the log is watched with.
    pub watch: WatchConfig,
    /// Who may sign in, and what they may.
    pub access: access::Settings,
}

impl Default for Setup {
    fn default() -> Self {
        let limits =
            Limits { decisions_per_second: 0, decisions_per_second_per_client: 0, log_entries_per_second: 0 };
        let caller_limits =
            CallerLimits { requests_per_second: 0, attempts_per_minute: 0, ..CallerLimits::default() };
        Self {
            limits,
            caller_limits,
            enrichment: None,
            console_client: None,
            hooks: Vec::new(),
            places: None,
            domains: None,
            log_sources: Vec::new(),
            watch: WatchConfig::default(),
            access: access::Settings::default(),
        }
    }
}

/// A running service and what a test needs to work it.
pub struct TestApp {
    /// The use cases.
    pub app: Arc<App>,
    /// The HTTP side.
    pub server: Server,
    /// The clock, which stands until moved.
    pub clock: Arc<HeldClock>,
    /// The store behind the use cases.
    pub store: Store,
    entropy: Arc<CountingEntropy>,
    place: Place,
    sent: Arc<AtomicU64>,
}

/// Where a service's data is.
#[derive(Clone)]
struct Place {
    folder: Arc<TempDir>,
    /// `None`: in the folder.
    databases: Option<Arc<Databases>>,
}

impl Place {
    fn new(databases: Option<Databases>) -> Self {
        // Why: a disk that pauses longer than a leaf may take is not what these tests are about; those that kill a process or
        // fill a disk have a real one.
        let folder = tempfile::tempdir_in(MEMORY).or_else(|_| TempDir::new());
        let folder = Arc::new(folder.expect("a temporary folder"));
        Self { folder, databases: databases.map(Arc::new) }
    }
}

/// The ordinary sign-in of the fixtures.
#[must_use]
pub fn post_login() -> Value {
    fixture(include_str!("../../../fixtures/events/post-login.json"))
}

/// The risky sign-in of the fixtures.
#[must_use]
pub fn high_risk() -> Value {
    fixture(include_str!("../../../fixtures/events/post-login.high-risk.json"))
}

/// The refresh-token exchange of the fixtures.
#[must_use]
pub fn refresh() -> Value {
    fixture(include_str!("../../../fixtures/events/post-login.refresh-token.json"))
}

/// The fixture of every trigger, as its shipped Action or guard sends it: without what never leaves the Action.
#[must_use]
pub fn fixtures() -> Vec<(&'static str, Value)> {
    let read = |trigger, text| (trigger, fixture(text));
    vec![
        ("post-login", post_login()),
        ("post-login", high_risk()),
        ("post-login", refresh()),
        read("pre-user-registration", include_str!("../../../fixtures/events/pre-user-registration.json")),
        read("post-user-registration", include_str!("../../../fixtures/events/post-user-registration.json")),
        read("credentials-exchange", include_str!("../../../fixtures/events/credentials-exchange.json")),
        read(
            "password-reset-post-challenge",
            include_str!("../../../fixtures/events/password-reset-post-challenge.json"),
        ),
        read("post-change-password", include_str!("../../../fixtures/events/post-change-password.json")),
        read("event-stream", include_str!("../../../fixtures/events/event-stream.json")),
        read("send-phone-message", include_str!("../../../fixtures/events/send-phone-message.sent.json")),
        read(
            "custom-token-exchange",
            include_str!("../../../fixtures/events/custom-token-exchange.sent.json"),
        ),
    ]
}

/// The fixture of one trigger.
#[must_use]
pub fn event_of(trigger: &str) -> Value {
    let found = fixtures().into_iter().find(|(name, _)| *name == trigger);
    found.expect("the trigger has a fixture").1
}

fn fixture(text: &str) -> Value {
    serde_json::from_str(text).expect("the fixture is JSON")
}

/// A tenant's signing key: `seed` is 1 for its first and 2 for its second.
#[must_use]
pub fn signing_key(tenant: &str, seed: u8) -> SigningKey {
    let byte = seed.wrapping_mul(31) ^ u8::try_from(tenant.len()).unwrap_or(0);
    SigningKey::parse(&SigningKey::text(&[byte; 32])).expect("the key is long enough")
}

impl TestApp {
    /// Starts a service whose policy is the default one as changed by `change`.
    pub async fn start(change: impl FnOnce(&mut Document)) -> Self {
        Self::start_with(change, Setup::default()).await
    }

    /// Starts a service as `start` does, with what `setup` adds to each tenant.
    pub async fn start_with(change: impl FnOnce(&mut Document), setup: Setup) -> Self {
        Self::start_in(Place::new(postgres::of_environment()), change, setup).await
    }

    /// Starts a service as `start` does, over PostgreSQL; `None` when that is not installed.
    pub async fn start_on_postgres(change: impl FnOnce(&mut Document)) -> Option<Self> {
        Some(Self::start_over(Databases::make()?, change).await)
    }

    /// Starts a service as `start` does, over these empty databases.
    pub async fn start_over(databases: Databases, change: impl FnOnce(&mut Document)) -> Self {
        Self::start_in(Place::new(Some(databases)), change, Setup::default()).await
    }

    async fn start_in(place: Place, change: impl FnOnce(&mut Document), setup: Setup) -> Self {
        let mut document = Document::default();
        change(&mut document);
        let entropy = Arc::new(CountingEntropy::starting_at(u64::from(std::process::id())));
        Self::open(place, document, Arc::new(HeldClock::at(START)), entropy, setup).await
    }

    /// Starts a second process over the same databases and beside this one, by the same clock. Ids of requests are shared.
    ///
    /// # Panics
    /// When this service is not over PostgreSQL.
    pub async fn beside(&self) -> Self {
        let databases = self.place.databases.clone();
        assert!(databases.is_some(), "one process alone owns SQLite");
        let place = Place { databases, ..Place::new(None) };
        let (clock, entropy) = (Arc::clone(&self.clock), Arc::clone(&self.entropy));
        let sent = Arc::clone(&self.sent);
        Self { sent, ..Self::open(place, Document::default(), clock, entropy, Setup::default()).await }
    }

    /// The databases that the service is over.
    ///
    /// # Panics
    /// When it is over SQLite.
    #[must_use]
    pub fn databases(&self) -> &Databases {
        self.place.databases.as_deref().expect("the service is over PostgreSQL")
    }

    /// Starts another service over the same data; the earlier one must be gone. Ids go on where they ended.
    pub async fn reopen(self, document: Document) -> Self {
        let Self { app, server, clock, store, entropy, place, sent } = self;
        drop((app, server, store));
        Self { sent, ..Self::open(place, document, clock, entropy, Setup::default()).await }
    }

    async fn open(
        place: Place,
        document: Document,
        clock: Arc<HeldClock>,
        entropy: Arc<CountingEntropy>,
        setup: Setup,
    ) -> Self {
        let as_clock: Arc<dyn Clock> = Arc::clone(&clock) as Arc<dyn Clock>;
        let store = match &place.databases {
            Some(databases) => databases.open(&as_clock).await,
            None => Store::open_sqlite(place.folder.path(), Access::Own, &as_clock).expect("the store opens"),
        };
        let policy = Snapshot::new(document).expect("the policy has no faults");
        let Setup {
            limits,
            caller_limits,
            enrichment,
            console_client,
            hooks,
            places,
            domains,
            log_sources,
            watch,
            access,
        } = setup;
        let sources = log_sources.iter().map(|net| net.parse().expect("a network")).collect::<Vec<_>>();
        let log_sources =
            [TENANT, OTHER_TENANT].map(|id| (id.parse().expect("an id"), sources.clone())).into();
        let tenants = [TENANT, OTHER_TENANT].map(|id| TenantConfig {
            id: id.parse().expect("an id"),
            policy: policy.clone(),
            enrichment: enrichment.clone(),
            console_client: console_client.map(|id| id.parse().expect("an id")),
            hooks: hooks.clone(),
            watch: watch.clone(),
        });
        let ports = Ports {
            store: store.clone(),
            clock: as_clock,
            entropy: Arc::clone(&entropy) as Arc<dyn Entropy>,
            process: place.folder.path().display().to_string(),
            earlier_masters: Vec::new(),
            earlier_checkpoint_seeds: Vec::new(),
            master: MasterKey::new(&Secret::new(vec![5; 32])).expect("32 bytes"),
            checkpoint_seed: Secret::new(vec![6; 32]),
            site: "countersign.test".to_owned(),
            places,
            domains,
            checkpoint_folder: Some(place.folder.path().to_owned()),
            access,
        };
        let app = App::start(ports, Vec::from(tenants)).await.expect("the service starts");
        let keys = [TENANT, OTHER_TENANT]
            .map(|id| (id.parse::<TenantId>().expect("an id"), vec![signing_key(id, 1), signing_key(id, 2)]));
        let settings = Settings {
            keys: keys.into(),
            hosts: vec![HOST.to_owned()],
            public_url: format!("http://{HOST}"),
            event_tokens: [TENANT, OTHER_TENANT]
                .map(|id| (id.parse().expect("an id"), vec![event_token(id).digest()]))
                .into(),
            log_sources,
            log_tokens: [TENANT, OTHER_TENANT]
                .map(|id| (id.parse().expect("an id"), vec![log_token(id).digest()]))
                .into(),
            limits: [TENANT, OTHER_TENANT].map(|id| (id.parse().expect("an id"), limits)).into(),
            caller_limits,
            ..Settings::new(Operator::new(TOKEN.as_bytes()))
        };
        let server = Server::new(Arc::clone(&app), settings);
        Self { app, server, clock, store, entropy, place, sent: Arc::default() }
    }

    /// The folder with the service's data.
    #[must_use]
    pub fn folder(&self) -> &Path {
        self.place.folder.path()
    }

    /// The files with the service's data, keys' apart.
    #[must_use]
    pub fn files(&self) -> Vec<PathBuf> {
        let entries = std::fs::read_dir(self.folder()).expect("the folder can be read");
        entries.filter_map(|entry| Some(entry.ok()?.path())).filter(|path| path.is_file()).collect()
    }

    /// The tenant of the fixtures.
    #[must_use]
    pub fn tenant(&self) -> Arc<Tenant> {
        self.app.tenant(&TENANT.parse().expect("an id")).expect("the tenant is configured")
    }

    /// What whoever has the data directory may do at the fixtures' tenant.
    ///
    /// # Panics
    /// When no policy permits it.
    pub async fn permit(&self, action: Action) -> Permit {
        let (by, tenant) = (Caller::local(How::Process), self.tenant());
        self.app.permit(&by, action, tenant.id()).await.expect("an administrator")
    }

    /// The lead of the jobs of the fixtures' tenant.
    ///
    /// # Panics
    /// When another service has it.
    pub async fn lead(&self) -> Lead {
        let lead = self.app.lead(&self.tenant()).await.expect("the lease can be asked for");
        lead.expect("no other service leads")
    }

    /// An id that no request of this service had.
    pub fn fresh_id(&self) -> String {
        format!("msg_test_{}", self.sent.fetch_add(1, Ordering::Relaxed))
    }
}
