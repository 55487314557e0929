//! Putting the parts together: configuration to a running application.

use std::{collections::BTreeMap, path::Path, sync::Arc};

use anyhow::Context;
use countersign_app::{App, Ports, TenantConfig};
use countersign_core::{Clock, Entropy, Secret, TenantId};
use countersign_policy::Snapshot;
use countersign_privacy::MasterKey;
use countersign_server::{Operator, Server, Settings, signature::SigningKey};
use countersign_store::{Access, Store};

use crate::{
    clock::{SystemClock, SystemEntropy},
    config::{Config, SecretReference},
    data_dir::{DataDir, parse_hex},
};

/// What stands below the use cases: time, chance, the data directory and its keys.
pub struct Base {
    /// The clock.
    pub clock: Arc<dyn Clock>,
    /// The randomness.
    pub entropy: Arc<dyn Entropy>,
    /// The data directory.
    pub data: DataDir,
    master: Secret,
    checkpoint_seed: Secret,
}

impl Base {
    /// Opens the data directory and gets its keys, making what is missing.
    pub fn open(config: &Config) -> anyhow::Result<Self> {
        let entropy: Arc<dyn Entropy> = Arc::new(SystemEntropy);
        let data = DataDir::open(&config.storage.directory)?;
        let keys = keys(config, |name| data.key(name, entropy.as_ref()))?;
        Ok(Self::new(entropy, data, keys))
    }

    /// Opens a data directory that holds a ledger, with the keys it was begun with; makes nothing.
    pub fn find(config: &Config) -> anyhow::Result<Self> {
        let data = DataDir::find(&config.storage.directory)?;
        let keys = keys(config, |name| data.existing_key(name))?;
        Ok(Self::new(Arc::new(SystemEntropy), data, keys))
    }

    fn new(entropy: Arc<dyn Entropy>, data: DataDir, keys: [Secret; 2]) -> Self {
        let [master, checkpoint_seed] = keys;
        Self { clock: Arc::new(SystemClock::start()), entropy, data, master, checkpoint_seed }
    }

    /// The master key.
    pub fn master(&self) -> anyhow::Result<MasterKey> {
        Ok(MasterKey::new(&self.master)?)
    }

    /// Starts the use cases over the store in the data directory.
    pub async fn app(&self, config: &Config, clock: &Arc<dyn Clock>) -> anyhow::Result<Arc<App>> {
        let store = open_store(self.data.path(), Access::Own, clock)?;
        Ok(App::start(self.ports(config, store, clock)?, tenants(config)?).await?)
    }

    /// Opens the use cases over a store without recording anything.
    pub async fn existing_app(&self, config: &Config, store: Store) -> anyhow::Result<Arc<App>> {
        Ok(App::open(self.ports(config, store, &self.clock)?, tenants(config)?).await?)
    }

    fn ports(&self, config: &Config, store: Store, clock: &Arc<dyn Clock>) -> anyhow::Result<Ports> {
        Ok(Ports {
            store,
            clock: Arc::clone(clock),
            entropy: Arc::clone(&self.entropy),
            master: self.master()?,
            checkpoint_seed: self.checkpoint_seed.clone(),
            site: config.ledger.site.clone(),
            checkpoint_folder: Some(self.data.path().to_owned()),
        })
    }

    /// The keys shared with each tenant's Actions.
    pub fn action_keys(&self, config: &Config) -> anyhow::Result<BTreeMap<TenantId, Vec<SigningKey>>> {
        let mut keys = BTreeMap::new();
        for (id, tenant) in &config.tenants {
            let texts = if tenant.action_keys.is_empty() {
                vec![self.data.action_key(id, self.entropy.as_ref())?]
            } else {
                let fetched = tenant
                    .action_keys
                    .iter()
                    .map(|reference| Ok(String::from_utf8(reference.fetch()?.expose().to_vec())?));
                fetched.collect::<anyhow::Result<_>>()?
            };
            let parsed = texts.iter().map(|text| SigningKey::parse(text)).collect::<Result<Vec<_>, _>>();
            keys.insert(id.clone(), parsed.with_context(|| format!("`tenants.{id}.action_keys`"))?);
        }
        Ok(keys)
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
        let operator = Operator::new(self.data.operator_token(self.entropy.as_ref())?.as_bytes());
        Ok(Server::new(app, Settings { keys: self.action_keys(config)?, hosts, operator }))
    }
}

/// The master key and the seed of the checkpoint key: as configured, else by file name from `find`.
fn keys(config: &Config, find: impl Fn(&str) -> anyhow::Result<Secret>) -> anyhow::Result<[Secret; 2]> {
    let key = |reference: &Option<SecretReference>, name: &str| match reference {
        Some(reference) => parse_hex(reference.fetch()?.expose()).with_context(|| format!("`keys.{name}`")),
        None => find(&format!("{name}.key")),
    };
    Ok([key(&config.keys.master, "master")?, key(&config.keys.checkpoint, "checkpoint")?])
}

fn tenants(config: &Config) -> anyhow::Result<Vec<TenantConfig>> {
    let tenants = config.tenants.iter().map(|(id, tenant)| {
        let faults = |faults: Vec<countersign_policy::Fault>| {
            anyhow::anyhow!("the policy of `{id}` has {} faults", faults.len())
        };
        Ok(TenantConfig { id: id.clone(), policy: Snapshot::new(tenant.policy.clone()).map_err(faults)? })
    });
    tenants.collect()
}

/// Opens the store in a data directory.
pub fn open_store(folder: &Path, access: Access, clock: &Arc<dyn Clock>) -> anyhow::Result<Store> {
    Store::open_sqlite(folder, access, clock).with_context(|| format!("the store in `{}`", folder.display()))
}
