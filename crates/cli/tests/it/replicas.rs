//! Several processes of the service over one PostgreSQL: one ledger for each tenant, changes that hold everywhere, and
//! what happens when a process or the database dies.
//!
//! Everything is counted twice: by what callers were told, and by what the tables hold, read past the code that wrote them.

mod changes;
mod killed;
mod load;
mod relay;
mod together;
mod trouble;

use std::{
    fs,
    path::PathBuf,
    process::{Command, Output},
    sync::{Mutex, MutexGuard, PoisonError},
    time::Duration,
};

use countersign_server::signature::{SigningKey, TENANT_HEADER};
use countersign_testdb::Server;
use serde_json::{Value, json};
use tempfile::TempDir;

use crate::world::{Client, Service, TENANT, complained, countersign, now, seconds, sign_in, told};

/// The second tenant of these tests.
const OTHER: &str = "other-tenant";

/// Both tenants.
const TENANTS: [&str; 2] = [TENANT, OTHER];

/// Within which a change holds everywhere: it is told at once by NOTIFY, and looked for each half second without.
const EVERYWHERE: Duration = Duration::from_secs(1);

/// Two databases and the data directories of the processes over them.
struct Cluster {
    server: &'static Server,
    name: &'static str,
    homes: [TempDir; 2],
    /// What is measured in seconds is measured alone, as far as these tests go.
    _alone: MutexGuard<'static, ()>,
}

impl Cluster {
    /// Databases of this name on the server of this run; `None` when PostgreSQL is not installed.
    fn make(name: &'static str) -> Option<Self> {
        let server = countersign_testdb::shared()?;
        Some(Self::on(server, name))
    }

    /// The same on a server of its own, which may be restarted.
    fn alone(name: &'static str) -> Option<Self> {
        // Leaked, as the server of the other tests is: it ends with this process.
        let server = Box::leak(Box::new(countersign_testdb::start()?));
        Some(Self::on(server, name))
    }

    fn on(server: &'static Server, name: &'static str) -> Self {
        static TURN: Mutex<()> = Mutex::new(());
        let alone = TURN.lock().unwrap_or_else(PoisonError::into_inner);
        for database in [name.to_owned(), format!("{name}_keys")] {
            server.execute("postgres", &format!("CREATE DATABASE {database}")).unwrap();
        }
        Self {
            server,
            name,
            homes: [tempfile::tempdir().unwrap(), tempfile::tempdir().unwrap()],
            _alone: alone,
        }
    }

    /// The command in the home of process `n`.
    fn command(&self, n: usize) -> Command {
        let mut command = countersign(self.homes[n].path());
        command
            .env("COUNTERSIGN__STORAGE__DIRECTORY", "data")
            .env("COUNTERSIGN__SERVER__LISTEN", "127.0.0.1:0")
            .env("COUNTERSIGN__STORAGE__POSTGRES_URL", "env:RECORDS_URL")
            .env("COUNTERSIGN__STORAGE__POSTGRES_KEYS_URL", "env:KEYS_URL")
            .env("RECORDS_URL", self.server.url(self.name))
            .env("KEYS_URL", self.server.url(&format!("{}_keys", self.name)));
        for tenant in TENANTS {
            let tenant = tenant.to_uppercase();
            command.env(format!("COUNTERSIGN__TENANTS__{tenant}__LIMITS__DECISIONS_PER_SECOND"), "0");
        }
        command
    }

    /// Starts process `n`.
    fn start(&self, n: usize) -> Service {
        Service::start_by(self.command(n), self.homes[n].path())
    }

    /// Starts both, the second with the keys that the first made.
    fn start_both(&self) -> [Service; 2] {
        let first = self.start(0);
        let [from, to] = [0, 1].map(|n| self.data(n));
        fs::create_dir_all(&to).unwrap();
        let names = TENANTS.map(|tenant| format!("{tenant}.action-key"));
        for key in ["master.key", "checkpoint.key"].into_iter().chain(names.iter().map(String::as_str)) {
            fs::copy(from.join(key), to.join(key)).unwrap();
        }
        [first, self.start(1)]
    }

    fn data(&self, n: usize) -> PathBuf {
        self.homes[n].path().join("data")
    }

    /// What both processes logged, for whoever looks into a failure.
    fn logs(&self) -> String {
        let logs = self.homes.iter().map(|home| fs::read_to_string(home.path().join("log")).unwrap());
        logs.map(|log| format!("\n{log}")).collect()
    }

    /// What a statement finds in the records, a row a line.
    fn records(&self, sql: &str) -> String {
        self.server.execute(self.name, sql).unwrap().trim().to_owned()
    }

    /// The number that a statement finds.
    fn count(&self, sql: &str) -> u64 {
        let found = self.records(sql);
        found.parse().unwrap_or_else(|_| panic!("`{found}` is no number: {sql}"))
    }

    /// Signs a request for a decision of a tenant about a person; it can be sent to either process.
    fn question(&self, host: &str, tenant: &str, id: &str, user_id: &str) -> Vec<u8> {
        let mut event = sign_in(user_id);
        event["tenant"]["id"] = json!(tenant);
        let action = json!({ "name": "countersign-post-login", "version": "0.1.0" });
        let body = json!({ "trigger": "post-login", "event": event, "deadline_ms": 2_000, "action": action });
        let (body, at) = (body.to_string(), seconds());
        let key = fs::read_to_string(self.data(0).join(format!("{tenant}.action-key"))).unwrap();
        let signature = SigningKey::parse(key.trim()).unwrap().sign_request(id, at, body.as_bytes());
        let length = body.len();
        format!(
            "POST /v1/decisions HTTP/1.1\r\nhost: {host}\r\nwebhook-id: {id}\r\nwebhook-timestamp: {at}\r\n\
             webhook-signature: {signature}\r\n{TENANT_HEADER}: {tenant}\r\ncontent-length: {length}\r\n\r\n{body}"
        )
        .into_bytes()
    }

    /// Checks the whole of both ledgers by the command, and by their tables.
    fn check_ledgers(&self) {
        let verified: Output = self.command(0).args(["verify", "--data", "data"]).output().unwrap();
        assert!(verified.status.success(), "{}{}", told(&verified), complained(&verified));
        for tenant in TENANTS {
            let size = "SELECT count(*), count(DISTINCT leaf_index), count(DISTINCT record_id), min(leaf_index), max(leaf_index) + 1";
            let found =
                self.records(&format!("{size} FROM countersign.records WHERE tenant_id = '{tenant}'"));
            let [leaves, places, ids, first, end]: [u64; 5] =
                found.split('|').map(|n| n.parse().unwrap()).collect::<Vec<_>>().try_into().unwrap();
            assert_eq!([places, ids, first, end], [leaves, leaves, 0, leaves], "each place is filled once");
        }
    }

    /// Which process has the lead of the jobs, by the name it gave itself, and how often it changed hands.
    fn lead(&self) -> (String, u64) {
        let sql = "SELECT holder, epoch FROM countersign.leases WHERE name = 'jobs' AND tenant_id = ";
        let found = self.records(&format!("{sql}'{TENANT}'"));
        let (holder, epoch) = found.split_once('|').unwrap();
        (holder.to_owned(), epoch.parse().unwrap())
    }

    /// Decisions that were counted as gaps, of all tenants.
    fn gaps(&self) -> u64 {
        self.count(
            "SELECT COALESCE(SUM((convert_from(leaf, 'UTF8')::json -> 'facts' ->> 'count')::bigint), 0)
             FROM countersign.records WHERE convert_from(leaf, 'UTF8')::json ->> 'kind' = 'gap'",
        )
    }

    /// Decisions on record, and those of them that nobody was told of.
    fn decisions(&self) -> (u64, u64) {
        (
            self.count("SELECT count(*) FROM countersign.records WHERE verdict IS NOT NULL"),
            self.count("SELECT count(*) FROM countersign.standings WHERE is_unanswered = 1"),
        )
    }
}

/// Asks until it is so; how long that took.
fn time_until(what: &str, mut is_so: impl FnMut() -> bool) -> Duration {
    let began = now();
    crate::world::until(what, &mut is_so);
    began.elapsed()
}

/// Sends a JSON body as the operator of a service.
fn operate(service: &Service, method: &str, path: &str, body: &Value) -> crate::world::Answer {
    let (host, body) = (&service.host, body.to_string());
    let token = fs::read_to_string(service.data.join("operator.token")).unwrap();
    let (token, length) = (token.trim(), body.len());
    let request = format!(
        "{method} {path} HTTP/1.1\r\nhost: {host}\r\nauthorization: Bearer {token}\r\n{TENANT_HEADER}: {TENANT}\r\n\
         content-length: {length}\r\n\r\n{body}"
    );
    service.client().send(request.as_bytes()).unwrap()
}

impl Client {
    /// Sends a request for a decision once more, to wherever this client is connected; the status.
    fn send_again(&mut self, request: &[u8]) -> u16 {
        let request = String::from_utf8(request.to_vec()).unwrap();
        let host = request.lines().find_map(|line| line.strip_prefix("host: ")).unwrap().to_owned();
        let request = request.replacen(&host, self.host(), 1);
        self.send(request.as_bytes()).unwrap().status
    }
}
