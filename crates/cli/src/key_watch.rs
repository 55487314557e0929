//! Keys of Actions and the operator's token, read again while the service runs: when their files change, and on SIGHUP.

use std::{collections::BTreeMap, path::PathBuf, sync::Arc, time::Duration};

use countersign_app::{App, Error, KeySet, Tenant};
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
    /// What is in force.
    known: Secrets,
}

/// What is read again.
struct Secrets {
    action_keys: BTreeMap<TenantId, Vec<SigningKey>>,
    operator_token: String,
    log_tokens: BTreeMap<TenantId, Vec<Vec<u8>>>,
    event_tokens: BTreeMap<TenantId, Vec<Vec<u8>>>,
}

impl Secrets {
    fn read(base: &Base, config: &Config) -> anyhow::Result<Self> {
        let tokens = base.data.operator_file().get()?;
        Ok(Self {
            action_keys: base.existing_action_keys(config)?,
            operator_token: tokens.into_iter().next().unwrap_or_default(),
            log_tokens: base.existing_log_tokens(config)?,
            event_tokens: base.existing_event_tokens(config)?,
        })
    }

    /// What is told of a tenant where it is another than before. Why what keys make of one text: those that make the same are the same.
    fn sets(&self, tenant: &TenantId) -> [(KeySet, Vec<Vec<u8>>); 4] {
        let keys = self.action_keys.get(tenant).into_iter().flatten();
        let traces = keys.map(|key| key.sign_answer("", b"").into_bytes()).collect();
        let tokens = |of: &BTreeMap<TenantId, Vec<Vec<u8>>>| of.get(tenant).cloned().unwrap_or_default();
        [
            (KeySet::Actions, traces),
            (KeySet::LogStream, tokens(&self.log_tokens)),
            (KeySet::EventStream, tokens(&self.event_tokens)),
            (KeySet::Operator, vec![self.operator_token.as_bytes().to_vec()]),
        ]
    }
}

impl KeyWatch {
    /// Begins to watch.
    pub fn new(base: Arc<Base>, config: Arc<Config>, app: Arc<App>, server: Server) -> anyhow::Result<Self> {
        let known = Secrets::read(&base, &config)?;
        Ok(Self { base, config, app, server, hangup: signal(SignalKind::hangup())?, known })
    }

    /// Takes changed keys until told to stop; broken files leave those in force that are.
    pub async fn run(mut self, mut stop: watch::Receiver<bool>) {
        let mut seen = self.marks();
        self.tell_start().await;
        let mut ticks = time::interval(LOOK);
        loop {
            let is_asked = tokio::select! {
                _ = ticks.tick() => false,
                _ = self.hangup.recv() => true,
                () = stopped(&mut stop) => return,
            };
            let marks = self.marks();
            if is_asked || marks != seen {
                seen = marks;
                self.read().await;
            }
        }
    }

    async fn read(&mut self) {
        let (base, config) = (Arc::clone(&self.base), Arc::clone(&self.config));
        match tokio::task::spawn_blocking(move || Secrets::read(&base, &config)).await {
            Ok(Ok(found)) => self.take(found).await,
            Ok(Err(error)) => {
                tracing::error!(
                    error = format!("{error:#}"),
                    "changed keys can't be used, so the ones before hold on"
                );
            }
            Err(error) => tracing::error!(%error, "changed keys could not be read"),
        }
    }

    /// Puts what was read in force, and tells the ledgers what changed.
    async fn take(&mut self, found: Secrets) {
        self.server.replace_keys(found.action_keys.clone());
        if self.server.replace_operator_token(found.operator_token.as_bytes())
            && let Err(error) = self.app.end_local_sessions().await
        {
            tracing::error!(detail = error.detail(), "sessions by one-time links could not be ended");
        }
        self.server.replace_log_tokens(found.log_tokens.clone());
        self.server.replace_event_tokens(found.event_tokens.clone());
        let known = std::mem::replace(&mut self.known, found);
        for tenant in self.app.tenants() {
            let id = tenant.id();
            for ((set, keys), (_, before)) in self.known.sets(id).into_iter().zip(known.sets(id)) {
                if keys != before {
                    tracing::info!(tenant.id = %id, ?set, count = keys.len(), "other keys or tokens are in force");
                    told(tenant, self.app.record_keys(tenant, set, &keys).await);
                }
            }
        }
    }

    /// Tells the ledgers what changed while no service ran.
    async fn tell_start(&self) {
        for tenant in self.app.tenants() {
            for (set, keys) in self.known.sets(tenant.id()) {
                told(tenant, self.app.record_keys_at_start(tenant, set, &keys).await);
            }
        }
    }

    fn marks(&self) -> Vec<Mark> {
        self.files().into_iter().map(|path| mark(&path)).collect()
    }

    /// The files that keys are in; those by environment or program are read again on SIGHUP alone.
    fn files(&self) -> Vec<PathBuf> {
        let data = &self.base.data;
        let mut files = vec![data.operator_file().path().to_owned()];
        for (id, tenant) in &self.config.tenants {
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
}

/// A change that the ledger could not be told of holds all the same: the key before may be in the wrong hands.
fn told(tenant: &Tenant, end: Result<(), Error>) {
    if let Err(error) = end {
        tracing::error!(tenant.id = %tenant.id(), code = error.code(), detail = error.detail(), "a change of keys could not be recorded");
    }
}

fn mark(path: &std::path::Path) -> Mark {
    use std::os::unix::fs::MetadataExt;
    let found = std::fs::metadata(path).ok()?;
    Some((found.len(), found.mtime(), found.mtime_nsec(), found.ino()))
}
