//! Putting the parts together: configuration to a running application.

use std::{collections::BTreeMap, path::Path, sync::Arc, time::Duration};

use anyhow::Context;
use countersign_adapters::messages::Console;
use countersign_app::{App, Ports, TenantConfig, access, enrich::Enrich, hooks::Hook, places::Places};
use countersign_core::{Clock, Entropy, Secret, TenantId};
use countersign_policy::Snapshot;
use countersign_privacy::{MasterKey, Token};
use countersign_server::{Operator, Server, Settings, signature::SigningKey};
use countersign_store::{Access, Store, StoreError};
use tokio::time;

use crate::{
    clock::{SystemClock, SystemEntropy},
    commands::is_cut_off,
    config::{Built, Config, Configured, SecretReference, Tenant},
    data_dir::{DataDir, EVENT_FILE, LOG_FILE, hex, parse_hex, random},
    key_file::lines,
    reference_watch::ReferenceFiles,
};

/// What is said of a replica without keys.
const NO_SHARED_KEYS: &str = "with PostgreSQL no key is made at the start, since every replica needs the same: make them \
    once by `countersign keys init` and give each replica those files, or name them under `keys`";

/// How long a service that starts waits for whoever owns the data: a command that was denied has them for a moment, to tell of it.
const TURN: Duration = Duration::from_secs(10);

/// Between two looks at whether the data are free.
const LOOK: Duration = Duration::from_millis(50);

/// What stands below the use cases: time, chance, the data directory and its keys.
pub struct Base {
    /// The clock.
    pub clock: Arc<dyn Clock>,
    /// The randomness.
    pub entropy: Arc<dyn Entropy>,
    /// The data directory.
    pub data: DataDir,
    keys: Keys,
}

/// Keys of 32 bytes, the ones in use first.
struct Keys {
    master: Vec<Secret>,
    checkpoint: Vec<Secret>,
}

impl Base {
    /// Opens the data directory and gets its keys; makes what is missing, as long as nothing is recorded, with SQLite.
    pub fn open(config: &Config) -> anyhow::Result<Self> {
        let (clock, entropy) = (system_clock(), Arc::new(SystemEntropy));
        let data = DataDir::open(&config.storage.directory)?;
        assert_whole(data.path())?;
        let is_postgres = config.storage.is_postgres();
        let keys = Keys::get(config, |name| {
            // Why: another key than the records were begun with opens nothing, and makes strangers of everyone; and of
            // replicas that start at once each would make its own.
            match (is_postgres, data.has_records()) {
                (true, _) => data.existing_keys(name).context(NO_SHARED_KEYS),
                (false, true) => data.existing_keys(name),
                (false, false) => data.keys(name, entropy.as_ref()),
            }
        })?;
        Ok(Self { clock, entropy, data, keys })
    }

    /// Opens the data directory and makes the keys that are missing; refuses where something is recorded.
    pub async fn begin(config: &Config) -> anyhow::Result<Self> {
        let (clock, entropy) = (system_clock(), Arc::new(SystemEntropy));
        let data = DataDir::open(&config.storage.directory)?;
        assert_whole(data.path())?;
        let is_begun = match config.storage.is_postgres() {
            true => !open_store(config, Access::Own, &clock).await?.list_tenants().await?.is_empty(),
            false => data.has_records(),
        };
        let keys = Keys::get(config, |name| {
            if is_begun { data.existing_keys(name) } else { data.keys(name, entropy.as_ref()) }
        })?;
        Ok(Self { clock, entropy, data, keys })
    }

    /// Opens a data directory that holds a ledger, with the keys it was begun with; makes nothing.
    pub fn find(config: &Config) -> anyhow::Result<Self> {
        if !config.storage.is_postgres() {
            DataDir::find(&config.storage.directory)?;
        }
        Self::keys_of(config)
    }

    /// The keys that were made before in a data directory, whether it holds a ledger or not; makes nothing.
    pub fn keys_of(config: &Config) -> anyhow::Result<Self> {
        let data = DataDir::found(&config.storage.directory)?;
        let keys = Keys::get(config, |name| data.existing_keys(name))?;
        Ok(Self { clock: system_clock(), entropy: Arc::new(SystemEntropy), data, keys })
    }

    /// Starts the use cases over the configured store, and the operator's files of reference data.
    pub async fn app(
        &self,
        config: &Config,
        clock: &Arc<dyn Clock>,
        files: &ReferenceFiles,
    ) -> anyhow::Result<Arc<App>> {
        let store = open_store_in_turn(config, clock, TURN).await?;
        let mut tenants = tenants(config)?;
        for tenant in &mut tenants {
            tenant.enrichment = connector(config, &tenant.id, clock)?;
            tenant.hooks = receivers(config, &tenant.id, clock)?;
            tenant.watch = crate::rule_watch::configured(config, &tenant.id)?;
        }
        let ports = self.ports(config, store, clock, self.data.path())?;
        let (places, domains) = (files.places(), files.domains());
        let access = access(config, clock, ports.access)?;
        let app = App::start(Ports { places, domains, access, ..ports }, tenants).await?;
        for tenant in app.tenants() {
            let section = config.tenants.get(tenant.id()).and_then(|tenant| tenant.was_this_you.as_ref());
            if let Some(section) = section {
                tenant.ask_people(section.settings());
            }
        }
        Ok(app)
    }

    /// Opens the use cases over a store without recording anything.
    pub async fn existing_app(&self, config: &Config, store: Store) -> anyhow::Result<Arc<App>> {
        self.existing_app_beside(config, store, self.data.path()).await
    }

    /// As `existing_app`, with the operator's rule files, and with what tells where addresses are.
    pub async fn existing_app_watching(
        &self,
        config: &Config,
        store: Store,
        places: Option<Arc<dyn Places>>,
    ) -> anyhow::Result<Arc<App>> {
        let mut tenants = tenants(config)?;
        for tenant in &mut tenants {
            tenant.watch = crate::rule_watch::configured(config, &tenant.id)?;
        }
        let ports = self.ports(config, store, &self.clock, self.data.path())?;
        Ok(App::open(Ports { places, ..ports }, tenants).await?)
    }

    /// As `existing_app`, with checkpoints and retired keys in another folder.
    pub async fn existing_app_beside(
        &self,
        config: &Config,
        store: Store,
        folder: &Path,
    ) -> anyhow::Result<Arc<App>> {
        Ok(App::open(self.ports(config, store, &self.clock, folder)?, tenants(config)?).await?)
    }

    fn ports(
        &self,
        config: &Config,
        store: Store,
        clock: &Arc<dyn Clock>,
        checkpoint_folder: &Path,
    ) -> anyhow::Result<Ports> {
        let mut masters = self.keys.master.iter().map(MasterKey::new);
        let mut seeds = self.keys.checkpoint.iter().cloned();
        Ok(Ports {
            store,
            clock: Arc::clone(clock),
            entropy: Arc::clone(&self.entropy),
            process: hex(&random(self.entropy.as_ref())?),
            master: masters.next().context("no master key")??,
            earlier_masters: masters.collect::<Result<_, _>>()?,
            checkpoint_seed: seeds.next().context("no checkpoint key")?,
            earlier_checkpoint_seeds: seeds.collect(),
            site: config.ledger.site.clone(),
            places: None,
            domains: None,
            checkpoint_folder: Some(checkpoint_folder.to_owned()),
            access: access::Settings {
                policies: config.access.read_policies()?,
                ..access::Settings::default()
            },
        })
    }

    /// How many master keys there are: more than one while they are rotated.
    pub const fn master_keys(&self) -> usize {
        self.keys.master.len()
    }

    /// The keys shared with each tenant's Actions, the newest first; makes what is missing.
    pub fn action_keys(&self, config: &Config) -> anyhow::Result<BTreeMap<TenantId, Vec<SigningKey>>> {
        let find = |tenant: &TenantId| self.data.action_keys(tenant, self.entropy.as_ref());
        let read = |(id, tenant): (&TenantId, &Tenant)| Ok((id.clone(), read_action_keys(id, tenant, find)?));
        config.tenants.iter().map(read).collect()
    }

    /// The keys shared with a tenant's Actions as they are now; makes nothing.
    pub fn existing_action_keys(&self, id: &TenantId, tenant: &Tenant) -> anyhow::Result<Vec<SigningKey>> {
        read_action_keys(id, tenant, |tenant| self.data.action_file(tenant).get())
    }

    /// The HTTP server for a listener that is already bound.
    pub fn server(
        &self,
        config: &Config,
        app: Arc<App>,
        address: std::net::SocketAddr,
    ) -> anyhow::Result<Server> {
        let mut hosts = config.server.hosts.clone();
        hosts.extend([address.to_string(), format!("localhost:{}", address.port())]);
        let scheme = if config.server.tls.is_some() { "https" } else { "http" };
        let public_url = config.server.public_url.clone().unwrap_or_else(|| format!("{scheme}://{address}"));
        hosts.extend(public_url.split_once("://").map(|(_, host)| host.to_owned()));
        let operator = Operator::new(self.data.operator_token(self.entropy.as_ref())?.as_bytes());
        let limits = config.tenants.iter().map(|(id, tenant)| (id.clone(), tenant.limits.into())).collect();
        let (keys, log_tokens) = (self.action_keys(config)?, self.log_tokens(config)?);
        let event_tokens = config.tenants.keys().map(|id| Ok((id.clone(), self.existing_event_tokens(id)?)));
        let event_tokens = event_tokens.collect::<anyhow::Result<_>>()?;
        let log_sources =
            config.tenants.iter().map(|(id, tenant)| (id.clone(), tenant.log_stream.sources.clone()));
        let log_sources = log_sources.collect();
        Ok(Server::new(
            app,
            Settings {
                keys,
                hosts,
                public_url,
                operator,
                limits,
                caller_limits: config.server.limits.into(),
                log_tokens,
                event_tokens,
                log_sources,
            },
        ))
    }

    /// Digests of the tokens by which a tenant's event stream delivers, none where none was installed; makes nothing.
    pub fn existing_event_tokens(&self, tenant: &TenantId) -> anyhow::Result<Vec<Vec<u8>>> {
        let tokens = self.data.tenant_file(tenant, EVENT_FILE).find()?.unwrap_or_default();
        digests(tenant, EVENT_FILE, &tokens)
    }

    /// Digests of the tokens by which each tenant's log stream delivers; makes what is missing.
    pub fn log_tokens(&self, config: &Config) -> anyhow::Result<BTreeMap<TenantId, Vec<Vec<u8>>>> {
        let read = |id: &TenantId| {
            let tokens = self.data.log_tokens(id, self.entropy.as_ref())?;
            Ok((id.clone(), digests(id, LOG_FILE, &tokens)?))
        };
        config.tenants.keys().map(read).collect()
    }

    /// The same of one tenant as they are now; makes nothing.
    pub fn existing_log_tokens(&self, tenant: &TenantId) -> anyhow::Result<Vec<Vec<u8>>> {
        digests(tenant, LOG_FILE, &self.data.log_token_file(tenant).get()?)
    }
}

impl Keys {
    /// The keys as configured, else by file name from `find`.
    fn get(config: &Config, find: impl Fn(&str) -> anyhow::Result<Vec<Secret>>) -> anyhow::Result<Self> {
        let keys = |first: &Option<SecretReference>, earlier: &[SecretReference], name: &str| {
            let mut keys = match first {
                Some(reference) => fetch(reference).with_context(|| format!("`keys.{name}`"))?,
                None => find(&format!("{name}.key"))?,
            };
            for reference in earlier {
                keys.extend(fetch(reference).with_context(|| format!("`keys.earlier_{name}s`"))?);
            }
            anyhow::Ok(keys)
        };
        let config = &config.keys;
        Ok(Self {
            master: keys(&config.master, &config.earlier_masters, "master")?,
            checkpoint: keys(&config.checkpoint, &config.earlier_checkpoints, "checkpoint")?,
        })
    }
}

/// The keys that a reference leads to, one a line.
pub fn fetch(reference: &SecretReference) -> anyhow::Result<Vec<Secret>> {
    let fetched = reference.fetch()?;
    let lines = lines(std::str::from_utf8(fetched.expose()).context("a key is text")?);
    anyhow::ensure!(!lines.is_empty(), "there is no key");
    lines.iter().map(|line| parse_hex(line.as_bytes())).collect()
}

fn read_action_keys(
    id: &TenantId,
    Tenant { action_keys: references, .. }: &Tenant,
    find: impl Fn(&TenantId) -> anyhow::Result<Vec<String>>,
) -> anyhow::Result<Vec<SigningKey>> {
    let mut texts = if references.is_empty() { find(id)? } else { Vec::new() };
    for reference in references {
        texts.extend(lines(std::str::from_utf8(reference.fetch()?.expose()).context("a key is text")?));
    }
    anyhow::ensure!(!texts.is_empty(), "`tenants.{id}.action_keys`: there is no key");
    let parsed = texts.iter().map(|text| SigningKey::parse(text)).collect::<Result<Vec<_>, _>>();
    parsed.with_context(|| format!("`tenants.{id}.action_keys`"))
}

fn digests(tenant: &TenantId, file: &str, tokens: &[String]) -> anyhow::Result<Vec<Vec<u8>>> {
    let read = tokens.iter().map(|text| Some(Token::received(text)?.digest())).collect::<Option<_>>();
    read.with_context(|| format!("`{tenant}.{file}` holds no token"))
}

fn tenants(config: &Config) -> anyhow::Result<Vec<TenantConfig>> {
    let tenants = config.tenants.iter().map(|(id, tenant)| {
        let faults = |faults: Vec<countersign_policy::Fault>| {
            anyhow::anyhow!("the policy of `{id}` has {} faults", faults.len())
        };
        Ok(TenantConfig {
            id: id.clone(),
            policy: Snapshot::new(tenant.policy.clone()).map_err(faults)?,
            enrichment: None,
            console_client: config.console_client(id, None)?,
            hooks: Vec::new(),
            watch: countersign_app::WatchConfig::default(),
        })
    });
    tenants.collect()
}

/// Who may sign in and whose tokens are taken, with what proves it; fetched by what answers people alone.
fn access(
    config: &Config,
    clock: &Arc<dyn Clock>,
    policies: access::Settings,
) -> anyhow::Result<access::Settings> {
    let mut tokens = BTreeMap::new();
    for (id, tenant) in &config.tenants {
        let Some(api) = &tenant.api else { continue };
        let verifier = api.tokens(tenant.management.as_ref(), clock);
        tokens.insert(id.clone(), verifier.with_context(|| format!("`tenants.{id}.api`"))?);
    }
    let (provider, claims) = (config.access.provider(clock)?, config.access.grants());
    let (fresh, described) = (config.access.fresh(), described(config)?);
    Ok(access::Settings { provider, claims, tokens, fresh, described, ..policies })
}

/// What is configured of who gets in, without secrets: as which client people sign in, by which claim they have roles, and where tokens are from.
fn described(config: &Config) -> anyhow::Result<String> {
    let oidc = config.access.oidc.as_ref();
    let oidc = oidc.map(|oidc| (&oidc.client_id, &oidc.roles_claim, &oidc.scopes, &oidc.hosts));
    let of = |(id, tenant): (&TenantId, &Tenant)| {
        tenant
            .api
            .as_ref()
            .map(|api| (id.clone(), api.audience.clone(), api.domain.clone(), api.custom_domains.clone()))
    };
    let apis: Vec<_> = config.tenants.iter().filter_map(of).collect();
    Ok(serde_json::to_string(&(oidc, apis))?)
}

/// What is asked about people who sign up at a tenant, with its token; fetched by what answers them alone.
fn connector(
    config: &Config,
    id: &TenantId,
    clock: &Arc<dyn Clock>,
) -> anyhow::Result<Option<Arc<dyn Enrich>>> {
    let section = config.tenants.get(id).and_then(|tenant| tenant.enrichment.as_ref());
    let Some(section) = section else { return Ok(None) };
    let connector = section.connector(clock).with_context(|| format!("`tenants.{id}.enrichment`"))?;
    Ok(Some(Arc::new(connector)))
}

/// Who is told of a tenant's incidents, with their keys; fetched by what tells them alone.
pub fn receivers(config: &Config, id: &TenantId, clock: &Arc<dyn Clock>) -> anyhow::Result<Vec<Hook>> {
    let names = receiver_names(config, id);
    names.iter().map(|name| receiver(config, (id, name), clock)).collect()
}

/// The names of a tenant's receivers.
pub fn receiver_names(config: &Config, id: &TenantId) -> Vec<String> {
    let Some(tenant) = config.tenants.get(id) else { return Vec::new() };
    tenant.receivers().into_iter().map(|receiver| receiver.name.to_owned()).collect()
}

/// One receiver of a tenant, with its secrets.
pub fn receiver(
    config: &Config,
    (id, name): (&TenantId, &str),
    clock: &Arc<dyn Clock>,
) -> anyhow::Result<Hook> {
    let built = Built { console: console(config), clock };
    let receivers = config.tenants.get(id).map(Tenant::receivers).unwrap_or_default();
    let found = receivers.into_iter().find(|receiver| receiver.name == name);
    let Configured { section, config, .. } = found.with_context(|| {
        let sections = Tenant::receiver_sections();
        format!("no receiver `{name}` is configured: `[tenants.{id}.SECTION.{name}]`, where SECTION is one of `{}`", sections.join("`, `"))
    })?;
    config.receiver(name, &built).with_context(|| format!("`tenants.{id}.{section}.{name}`"))
}

/// Where links of messages lead.
fn console(config: &Config) -> Console {
    let scheme = if config.server.tls.is_some() { "https" } else { "http" };
    let here = || format!("{scheme}://{}", config.server.listen);
    Console(config.server.public_url.clone().unwrap_or_else(here))
}

/// The system's clock, to be shared.
pub fn system_clock() -> Arc<dyn Clock> {
    Arc::new(SystemClock::start())
}

/// Opens the configured store: PostgreSQL, else SQLite in the data directory.
pub async fn open_store(config: &Config, access: Access, clock: &Arc<dyn Clock>) -> anyhow::Result<Store> {
    if let Some(settings) = config.storage.postgres()? {
        return Store::connect_postgres(settings, access, clock).await.context("the store in PostgreSQL");
    }
    let folder = &config.storage.directory;
    let open = || {
        Store::open_sqlite(folder, access, clock)
            .with_context(|| format!("the store in `{}`", folder.display()))
    };
    if access == Access::ReadOnly {
        return open();
    }
    assert_whole(folder)?;
    let store = open()?;
    // Why again: from here on nobody else moves files, but until the store was locked somebody could.
    assert_whole(folder)?;
    Ok(store)
}

/// Opens the configured store to own it, once whoever owns it now is done; waits for so long at the most.
async fn open_store_in_turn(
    config: &Config,
    clock: &Arc<dyn Clock>,
    patience: Duration,
) -> anyhow::Result<Store> {
    let until = clock.monotonic() + patience;
    let mut is_told = false;
    loop {
        let error = match open_store(config, Access::Own, clock).await {
            Err(error) if is_in_use(&error) => error,
            opened => return opened,
        };
        if clock.monotonic() >= until {
            return Err(error.context(format!("waited {} seconds for its turn", patience.as_secs())));
        }
        if !std::mem::replace(&mut is_told, true) {
            tracing::warn!(
                seconds = patience.as_secs(),
                "another process uses the data directory, so the start waits for it"
            );
        }
        time::sleep(LOOK).await;
    }
}

fn is_in_use(error: &anyhow::Error) -> bool {
    matches!(error.downcast_ref(), Some(StoreError::InUse(_)))
}

/// Refuses a data directory whose files a restore has moved in part.
fn assert_whole(folder: &Path) -> anyhow::Result<()> {
    anyhow::ensure!(
        !is_cut_off(folder),
        "a restore into `{0}` was cut off: call `countersign restore --data {0}`, which finishes it",
        folder.display()
    );
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test]
    async fn a_start_waits_for_whoever_has_the_data_for_a_moment_and_not_for_ever() {
        let folder = tempfile::tempdir().unwrap();
        let mut config = Config::default();
        config.storage.directory = folder.path().to_owned();
        let clock = system_clock();
        let owner = open_store(&config, Access::Own, &clock).await.unwrap();
        let refused = open_store_in_turn(&config, &clock, LOOK).await.err().unwrap();
        assert!(is_in_use(&refused) && format!("{refused:#}").contains("in use by another process"));
        let (opened, ()) = tokio::join!(open_store_in_turn(&config, &clock, TURN), async {
            time::sleep(3 * LOOK).await;
            drop(owner);
        });
        assert!(opened.is_ok(), "{:?}", opened.err());
    }
}
