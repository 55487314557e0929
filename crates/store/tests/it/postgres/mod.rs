//! The suite on PostgreSQL, and what only several processes and a server can get wrong.

mod apart;
mod broken;
mod killed;
mod open;
mod together;

use std::{
    pin::Pin,
    sync::{
        Arc,
        atomic::{AtomicU32, Ordering},
    },
};

use countersign_core::{Clock, Secret, Timestamp, testing::HeldClock};
use countersign_store::{Access, PostgresSettings, Store, StoreError};
use countersign_testdb::Server;
use tokio::sync::OnceCell;

use crate::suite::Fresh;

suite!(crate::postgres::fresh);

async fn fresh() -> Option<Fresh> {
    let databases = Databases::make().await?;
    let store = databases.open().await.unwrap();
    let (server, records) = (databases.server, databases.records.clone());
    let raw = move |statement: &str| {
        let done = server.execute(&records, &format!("SET search_path = countersign; {statement}"));
        let answer: Pin<Box<dyn Future<Output = _> + Send>> = Box::pin(std::future::ready(done.map(drop)));
        answer
    };
    Some(Fresh { store, raw: Box::new(raw), _guard: Box::new(()) })
}

/// Databases of one test on the server of this run.
struct Databases {
    server: &'static Server,
    records: String,
    keys: String,
}

impl Databases {
    /// `None` when PostgreSQL is not installed.
    async fn make() -> Option<Self> {
        static MADE: AtomicU32 = AtomicU32::new(0);
        let server = countersign_testdb::shared()?;
        let template = template(server).await;
        let number = MADE.fetch_add(1, Ordering::Relaxed);
        let made = Self { server, records: format!("records_{number}"), keys: format!("keys_{number}") };
        for (name, template) in [(&made.records, &template.records), (&made.keys, &template.keys)] {
            server.execute("postgres", &format!("CREATE DATABASE {name} TEMPLATE {template}")).unwrap();
        }
        Some(made)
    }

    fn settings(&self) -> PostgresSettings {
        settings(&self.server.url(&self.records), &self.server.url(&self.keys))
    }

    /// A store over them, on a clock that stands still; each is as a process of its own.
    async fn open(&self) -> Result<Store, StoreError> {
        open(self.settings(), Access::Own).await
    }

    fn records(&self, sql: &str) -> String {
        self.server.execute(&self.records, sql).unwrap()
    }
}

fn settings(records: &str, keys: &str) -> PostgresSettings {
    let [records_url, keys_url] = [records, keys].map(|url| Secret::new(url.as_bytes().to_vec()));
    PostgresSettings { records_url, keys_url, connections: 4 }
}

async fn open(settings: PostgresSettings, access: Access) -> Result<Store, StoreError> {
    let clock: Arc<dyn Clock> = Arc::new(HeldClock::at(Timestamp::from_seconds(1_755_676_800)));
    Store::connect_postgres(settings, access, &clock).await
}

/// Databases that a store was opened on once, to be copied: no test waits for migrations.
async fn template(server: &'static Server) -> &'static Databases {
    static TEMPLATE: OnceCell<Databases> = OnceCell::const_new();
    let make = || async {
        let made = empty(server, "template");
        drop(made.open().await.unwrap());
        for name in [&made.records, &made.keys] {
            // What is copied must have no connections, and those of the store close in their own time.
            let end = format!(
                "ALTER DATABASE {name} ALLOW_CONNECTIONS false;
                 SELECT pg_terminate_backend(pid, 10000) FROM pg_stat_activity WHERE datname = '{name}'"
            );
            server.execute("postgres", &end).unwrap();
        }
        made
    };
    TEMPLATE.get_or_init(make).await
}

/// Two databases without anything in them.
fn empty(server: &'static Server, name: &str) -> Databases {
    let made = Databases { server, records: format!("records_{name}"), keys: format!("keys_{name}") };
    for name in [&made.records, &made.keys] {
        server.execute("postgres", &format!("CREATE DATABASE {name}")).unwrap();
    }
    made
}
