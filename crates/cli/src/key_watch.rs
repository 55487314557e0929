//! Keys of Actions, tokens of streams and the operator's token, read again while the service runs: when their files change, and on SIGHUP.

use std::{collections::BTreeMap, path::PathBuf, sync::Arc, time::Duration};

use countersign_app::{App, Found, KeySet, Tenant};
use countersign_core::TenantId;
use countersign_server::{Server, signature::SigningKey};
use tokio::{
    signal::unix::{Signal, SignalKind, signal},
    sync::watch,
    time,
};

use crate::{
    compose::Base,
    config::{Config, SecretReference},
    data_dir::EVENT_FILE,
    listen::stopped,
};

/// Between two looks at the files.
const LOOK: Duration = Duration::from_secs(2);

/// What a file looks like from outside: it changed when this did. A file that is not there has none.
type Mark = Option<(u64, i64, i64, u64)>;

/// Keeps a server's keys as their files have them.
pub struct KeyWatch {
    base: Arc<Base>,
    config: Arc<Config>,
    app: Arc<App>,
    server: Server,
    hangup: Signal,
    /// The files as they were when what is in force was read.
    seen: Vec<Mark>,
    /// What is in force.
    known: Arc<Secrets>,
    /// What ledgers are yet to be told, in order.
    untold: Vec<Untold>,
}

/// Keys of a tenant's set that came into force.
struct Untold {
    tenant: Arc<Tenant>,
    set: KeySet,
    keys: Vec<Vec<u8>>,
    found: Found,
}

/// What is read again.
#[derive(Default)]
struct Secrets {
    action_keys: BTreeMap<TenantId, Vec<SigningKey>>,
    operator_token: String,
    log_tokens: BTreeMap<TenantId, Vec<Vec<u8>>>,
    event_tokens: BTreeMap<TenantId, Vec<Vec<u8>>>,
}

impl Secrets {
    /// Reads them, and what is wrong with those that can't be used: such a one stays as it was `before`, and holds up no other.
    fn read(base: &Base, config: &Config, before: &Self) -> (Self, Vec<anyhow::Error>) {
        let mut faults = Vec::new();
        let token = base.data.operator_file().get();
        let token = token.map(|lines| lines.into_iter().next().unwrap_or_default());
        let mut read = Self {
            operator_token: or_before(token, Some(&before.operator_token), &mut faults),
            ..Self::default()
        };
        for (id, tenant) in &config.tenants {
            let keys = base.existing_action_keys(id, tenant);
            let keys = or_before(keys, before.action_keys.get(id), &mut faults);
            read.action_keys.insert(id.clone(), keys);
            let log = or_before(base.existing_log_tokens(id), before.log_tokens.get(id), &mut faults);
            read.log_tokens.insert(id.clone(), log);
            let event = or_before(base.existing_event_tokens(id), before.event_tokens.get(id), &mut faults);
            read.event_tokens.insert(id.clone(), event);
        }
        (read, faults)
    }

    /// A tenant's keys of a set; of an Action's keys what each makes of one text, since those that make the same are the same.
    fn of(&self, tenant: &TenantId, set: KeySet) -> Vec<Vec<u8>> {
        let tokens = match set {
            KeySet::Actions => {
                let keys = self.action_keys.get(tenant).into_iter().flatten();
                return keys.map(|key| key.sign_answer("", b"").into_bytes()).collect();
            }
            KeySet::Operator => return vec![self.operator_token.as_bytes().to_vec()],
            KeySet::LogStream => &self.log_tokens,
            KeySet::EventStream => &self.event_tokens,
        };
        tokens.get(tenant).cloned().unwrap_or_default()
    }

    /// Has a server accept this and nothing else.
    fn put_in_force(&self, server: &Server) {
        server.replace_keys(self.action_keys.clone());
        server.replace_operator_token(self.operator_token.as_bytes());
        server.replace_log_tokens(self.log_tokens.clone());
        server.replace_event_tokens(self.event_tokens.clone());
    }
}

/// What was read; else what there was before, with the fault.
fn or_before<T: Clone + Default>(
    read: anyhow::Result<T>,
    before: Option<&T>,
    faults: &mut Vec<anyhow::Error>,
) -> T {
    read.unwrap_or_else(|fault| {
        faults.push(fault);
        before.cloned().unwrap_or_default()
    })
}

impl KeyWatch {
    /// Begins to watch.
    pub fn new(base: Arc<Base>, config: Arc<Config>, app: Arc<App>, server: Server) -> anyhow::Result<Self> {
        // Why before they are read: what changes between the two is read again.
        let seen = marks(&base, &config);
        let (known, faults) = Secrets::read(&base, &config, &Secrets::default());
        if let Some(fault) = faults.into_iter().next() {
            return Err(fault);
        }
        known.put_in_force(&server);
        let is_shared = app.is_shared();
        // Why not tokens beside other processes: each may have files of its own, and would tell of them at each start.
        let sets = KeySet::ALL.into_iter().filter(|set| *set == KeySet::Actions || !is_shared);
        let at_start = |(tenant, set): (&Arc<Tenant>, KeySet)| {
            let (tenant, keys) = (Arc::clone(tenant), known.of(tenant.id(), set));
            Untold { tenant, set, keys, found: Found::AtStart }
        };
        let of = |tenant| sets.clone().map(move |set| (tenant, set));
        let untold = app.tenants().flat_map(of).map(at_start).collect();
        let known = Arc::new(known);
        Ok(Self { base, config, app, server, hangup: signal(SignalKind::hangup())?, seen, known, untold })
    }

    /// Takes changed keys until told to stop; broken files leave those in force that are.
    pub async fn run(mut self, mut stop: watch::Receiver<bool>) {
        let mut ticks = time::interval(LOOK);
        loop {
            let is_asked = tokio::select! {
                _ = ticks.tick() => false,
                _ = self.hangup.recv() => true,
                () = stopped(&mut stop) => return,
            };
            let marks = marks(&self.base, &self.config);
            if is_asked || marks != self.seen {
                self.seen = marks;
                self.read().await;
            }
            // Why not for as long as it takes: what changes meanwhile must come into force, and what is cut off is told at the next look.
            tokio::select! {
                () = self.tell() => {}
                () = time::sleep(LOOK) => {}
                () = stopped(&mut stop) => return,
            }
        }
    }

    async fn read(&mut self) {
        let (base, config, before) =
            (Arc::clone(&self.base), Arc::clone(&self.config), Arc::clone(&self.known));
        match tokio::task::spawn_blocking(move || Secrets::read(&base, &config, &before)).await {
            Ok((found, faults)) => {
                if !faults.is_empty() {
                    // What could not be read is read again at the next look.
                    self.seen.clear();
                }
                for fault in faults {
                    let error = format!("{fault:#}");
                    tracing::error!(error, "changed keys can't be used, so the ones before hold on");
                }
                self.take(found);
            }
            Err(error) => tracing::error!(%error, "changed keys could not be read"),
        }
    }

    /// Puts what was read in force; the ledgers are to be told of what changed.
    fn take(&mut self, found: Secrets) {
        found.put_in_force(&self.server);
        let before = std::mem::replace(&mut self.known, Arc::new(found));
        for tenant in self.app.tenants() {
            for set in KeySet::ALL {
                let keys = self.known.of(tenant.id(), set);
                if keys != before.of(tenant.id(), set) {
                    tracing::info!(tenant.id = %tenant.id(), ?set, count = keys.len(), "other keys or tokens are in force");
                    let tenant = Arc::clone(tenant);
                    self.untold.push(Untold { tenant, set, keys, found: Found::Running });
                }
            }
        }
    }

    /// Tells the ledgers what they are yet to be told. What can't be told holds all the same, since the key before may be in the wrong
    /// hands, and is told at the next look.
    async fn tell(&mut self) {
        let mut place = 0;
        // Why looked at where it stands: this may be cut off, and nothing of it may get lost.
        while let Some(Untold { tenant, set, keys, found }) = self.untold.get(place) {
            // Why: what comes after it is told after it.
            let is_same = |kept: &Untold| kept.tenant.id() == tenant.id() && kept.set == *set;
            let is_behind = self.untold.iter().take(place).any(is_same);
            if is_behind || !self.record(tenant, *set, keys, *found).await {
                place += 1;
            } else {
                self.untold.remove(place);
            }
        }
    }

    async fn record(&self, tenant: &Tenant, set: KeySet, keys: &[Vec<u8>], found: Found) -> bool {
        let end = self.app.record_keys(tenant, set, keys, found).await;
        end.inspect_err(|error| {
            tracing::error!(tenant.id = %tenant.id(), code = error.code(), detail = error.detail(), "a change of keys could not be recorded");
        })
        .is_ok()
    }
}

fn marks(base: &Base, config: &Config) -> Vec<Mark> {
    files(base, config).into_iter().map(|path| mark(&path)).collect()
}

/// The files that keys are in; those by environment or program are read again on SIGHUP alone.
fn files(Base { data, .. }: &Base, config: &Config) -> Vec<PathBuf> {
    let mut files = vec![data.operator_file().path().to_owned()];
    for (id, tenant) in &config.tenants {
        files.push(data.action_file(id).path().to_owned());
        files.push(data.log_token_file(id).path().to_owned());
        files.push(data.tenant_file(id, EVENT_FILE).path().to_owned());
        files.extend(tenant.action_keys.iter().filter_map(|reference| match reference {
            SecretReference::File(path) => Some(PathBuf::from(path)),
            SecretReference::Environment(_) | SecretReference::Command(_) => None,
        }));
    }
    files
}

fn mark(path: &std::path::Path) -> Mark {
    use std::os::unix::fs::MetadataExt;
    let found = std::fs::metadata(path).ok()?;
    Some((found.len(), found.mtime(), found.mtime_nsec(), found.ino()))
}
