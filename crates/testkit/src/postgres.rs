//! A PostgreSQL server of the test run's own; a crate of its own, so that `store` need not build a whole service to be
//! tested.

use std::sync::{
    Arc,
    atomic::{AtomicU32, Ordering},
};

use countersign_core::{Clock, Secret};
use countersign_store::{Access, PostgresSettings, Store};

pub use countersign_testdb::{Server, shared, start};

/// The variable that puts every service of a test's process over PostgreSQL: `postgres`.
pub const STORE_VARIABLE: &str = "COUNTERSIGN_TEST_STORE";

/// Connections for reads: few, so that tests at once do not use up the server's.
const CONNECTIONS: u32 = 3;

/// Two empty databases of a test: records, and people's keys.
pub struct Databases {
    server: &'static Server,
    name: String,
}

impl Databases {
    /// Makes them on the server of this process; `None` when PostgreSQL is not installed.
    ///
    /// # Panics
    /// When it is missing though the variable `CI` is set.
    #[must_use]
    pub fn make() -> Option<Self> {
        Some(Self::on(shared()?))
    }

    /// Makes them on a server that may be one of the test's own.
    ///
    /// # Panics
    /// When the server refuses.
    #[must_use]
    pub fn on(server: &'static Server) -> Self {
        static MADE: AtomicU32 = AtomicU32::new(0);
        let name = format!("service_{}", MADE.fetch_add(1, Ordering::Relaxed));
        for database in [name.clone(), format!("{name}_keys")] {
            server.execute("postgres", &format!("CREATE DATABASE {database}")).expect("a database is made");
        }
        Self { server, name }
    }

    /// The server that they are on.
    #[must_use]
    pub const fn server(&self) -> &'static Server {
        self.server
    }

    /// Runs statements on the records; what they find, a row a line, its columns parted by `|`.
    ///
    /// # Panics
    /// When the server refuses one.
    pub fn records(&self, sql: &str) -> String {
        self.server.execute(&self.name, sql).expect("the statement is sound").trim().to_owned()
    }

    /// A store over them, as a process of its own would have.
    pub(crate) async fn open(&self, clock: &Arc<dyn Clock>) -> Store {
        let url = |name: &str| Secret::new(self.server.url(name).into_bytes());
        let settings = PostgresSettings {
            records_url: url(&self.name),
            keys_url: url(&format!("{}_keys", self.name)),
            connections: CONNECTIONS,
        };
        Store::connect_postgres(settings, Access::Own, clock).await.expect("the store opens")
    }
}

/// Databases for a service that did not ask for any, where the environment says that all are over PostgreSQL.
#[expect(clippy::disallowed_methods, reason = "a test starts another process of itself by it")]
pub(crate) fn of_environment() -> Option<Databases> {
    let is_asked_for = std::env::var(STORE_VARIABLE).is_ok_and(|store| store == "postgres");
    is_asked_for.then(|| Databases::make().expect("PostgreSQL is installed where it is asked for"))
}
