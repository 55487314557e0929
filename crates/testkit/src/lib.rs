//! A whole service in the test's process: real SQLite in a folder of its own, a held clock, seeded chance.
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

mod request;

use std::{
    path::{Path, PathBuf},
    sync::{
        Arc,
        atomic::{AtomicU64, Ordering},
    },
};

use countersign_app::{App, Ports, Tenant, TenantConfig};
use countersign_core::{
    Clock, Entropy, Secret, TenantId, Timestamp,
    testing::{CountingEntropy, HeldClock},
};
use countersign_policy::{Document, Snapshot};
use countersign_privacy::MasterKey;
use countersign_server::{Operator, Server, Settings, signature::SigningKey};
use countersign_store::{Access, Store};
use serde_json::Value;
use tempfile::TempDir;

pub use request::{Answer, Signing};

/// The tenant of the fixtures.
pub const TENANT: &str = "example-tenant";

/// A second tenant that the service knows.
pub const OTHER_TENANT: &str = "other-tenant";

/// The `Host` that the service answers for.
pub const HOST: &str = "127.0.0.1:8377";

/// The operator's token.
pub const TOKEN: &str = "operator-token-of-the-tests";

/// When the held clock starts: as the fixtures were made.
pub const START: Timestamp = Timestamp::from_seconds(1_787_212_800);

/// A running service and what a test needs to work it.
pub struct TestApp {
    /// The use cases.
    pub app: Arc<App>,
    /// The HTTP side.
    pub server: Server,
    /// The clock, which stands until moved.
    pub clock: Arc<HeldClock>,
    entropy: Arc<CountingEntropy>,
    folder: Arc<TempDir>,
    sent: AtomicU64,
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
        let mut document = Document::default();
        change(&mut document);
        let folder = Arc::new(TempDir::new().expect("a temporary folder"));
        let entropy = Arc::new(CountingEntropy::starting_at(u64::from(std::process::id())));
        Self::open(folder, document, Arc::new(HeldClock::at(START)), entropy).await
    }

    /// Starts another service over the same data; the earlier one must be gone. Ids go on where they ended.
    pub async fn reopen(self, document: Document) -> Self {
        let Self { app, server, clock, entropy, folder, sent } = self;
        drop((app, server));
        Self { sent, ..Self::open(folder, document, clock, entropy).await }
    }

    async fn open(
        folder: Arc<TempDir>,
        document: Document,
        clock: Arc<HeldClock>,
        entropy: Arc<CountingEntropy>,
    ) -> Self {
        let as_clock: Arc<dyn Clock> = Arc::clone(&clock) as Arc<dyn Clock>;
        let store = Store::open_sqlite(folder.path(), Access::Own, &as_clock).expect("the store opens");
        let policy = Snapshot::new(document).expect("the policy has no faults");
        let tenants = [TENANT, OTHER_TENANT]
            .map(|id| TenantConfig { id: id.parse().expect("an id"), policy: policy.clone() });
        let ports = Ports {
            store,
            clock: as_clock,
            entropy: Arc::clone(&entropy) as Arc<dyn Entropy>,
            master: MasterKey::new(&Secret::new(vec![5; 32])).expect("32 bytes"),
            checkpoint_seed: Secret::new(vec![6; 32]),
            site: "countersign.test".to_owned(),
            checkpoint_folder: Some(folder.path().to_owned()),
        };
        let app = App::start(ports, Vec::from(tenants)).await.expect("the service starts");
        let keys = [TENANT, OTHER_TENANT]
            .map(|id| (id.parse::<TenantId>().expect("an id"), vec![signing_key(id, 1), signing_key(id, 2)]));
        let settings = Settings {
            keys: keys.into(),
            hosts: vec![HOST.to_owned()],
            operator: Operator::new(TOKEN.as_bytes()),
        };
        let server = Server::new(Arc::clone(&app), settings);
        Self { app, server, clock, entropy, folder, sent: AtomicU64::new(0) }
    }

    /// The folder with the service's data.
    #[must_use]
    pub fn folder(&self) -> &Path {
        self.folder.path()
    }

    /// The files with the service's data, keys' apart.
    #[must_use]
    pub fn files(&self) -> Vec<PathBuf> {
        let entries = std::fs::read_dir(self.folder.path()).expect("the folder can be read");
        entries.filter_map(|entry| Some(entry.ok()?.path())).filter(|path| path.is_file()).collect()
    }

    /// The tenant of the fixtures.
    #[must_use]
    pub fn tenant(&self) -> Arc<Tenant> {
        self.app.tenant(&TENANT.parse().expect("an id")).expect("the tenant is configured")
    }

    /// An id that no request of this service had.
    pub fn fresh_id(&self) -> String {
        format!("msg_test_{}", self.sent.fetch_add(1, Ordering::Relaxed))
    }
}
