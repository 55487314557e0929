//! The use cases over a service's data while it does not run, or beside it over PostgreSQL: to propose, and to look.

use std::{
    collections::BTreeMap,
    fs,
    path::{Path, PathBuf},
    sync::Arc,
};

use countersign_adapters::management::{
    Credentials, DEFAULT_TIMEOUT, Management, Plan, RealSleep, Settings as ClientSettings, Surroundings,
};
use countersign_app::{
    App, Ports, Tenant, TenantConfig, WatchConfig,
    access::{Caller, Permit},
    acts::{Asked, Hands, PlanHead, PlanShown},
    management::{End, Intent, Pending, RecordError, Recorder},
};
use countersign_core::{Clock, Secret, testing::CountingEntropy};
use countersign_plan::{
    change::{Change, Order, Origin, Wanted},
    gate::Settings,
};
use countersign_policy::{Document, Snapshot};
use countersign_privacy::MasterKey;
use countersign_rights::{Action, How};
use countersign_store::{Access, PostgresSettings, Store};
use serde_json::Value;

use crate::{
    tenant_sandbox::{Passing, SECRET},
    world::TENANT,
};

/// Nothing is written from here.
struct Nobody;

impl Recorder for Nobody {
    fn intend<'a>(&'a self, _: Intent<'a>) -> Pending<'a, Result<String, RecordError>> {
        Box::pin(async { Err(RecordError) })
    }

    fn end<'a>(&'a self, _: &'a str, _: End) -> Pending<'a, ()> {
        Box::pin(async {})
    }
}

/// Where the records are.
pub enum Place {
    Sqlite,
    Postgres(PostgresSettings),
}

/// The use cases over the data in a folder.
pub struct Beside {
    app: Arc<App>,
    tenant: Arc<Tenant>,
    runtime: tokio::runtime::Runtime,
}

fn key(data: &Path, name: &str) -> Secret {
    let text = fs::read_to_string(data.join(name)).unwrap();
    let digits = text.lines().next().unwrap().trim().as_bytes().to_vec();
    let byte = |pair: &[u8]| u8::from_str_radix(std::str::from_utf8(pair).unwrap(), 16).unwrap();
    Secret::new(digits.chunks(2).map(byte).collect())
}

/// The client that anything at the sandbox may be read with.
pub fn client(domain: &str, clock: &Arc<dyn Clock>) -> Management {
    let settings = ClientSettings {
        tenant: domain.parse().unwrap(),
        client_id: "installer".parse().unwrap(),
        credentials: Credentials::Secret(Secret::new(SECRET.as_bytes().to_vec())),
        plan: Plan::Unlimited,
        authorities: None,
        timeout: DEFAULT_TIMEOUT,
    };
    let surroundings = Surroundings {
        clock: Arc::clone(clock),
        entropy: Arc::new(CountingEntropy::default()),
        sleep: Arc::new(RealSleep),
        recorder: Arc::new(Nobody),
    };
    Management::new(settings, surroundings).unwrap()
}

impl Beside {
    pub fn open(data: &Path, place: Place, domain: &str, settings: Settings) -> Self {
        let runtime =
            tokio::runtime::Builder::new_multi_thread().worker_threads(1).enable_all().build().unwrap();
        let clock: Arc<dyn Clock> = Arc::new(Passing::start());
        let store = runtime.block_on(async {
            match place {
                Place::Sqlite => Store::open_sqlite(data, Access::Own, &clock).unwrap(),
                Place::Postgres(settings) => {
                    Store::connect_postgres(settings, Access::Own, &clock).await.unwrap()
                }
            }
        });
        let ports = Ports {
            store,
            clock: Arc::clone(&clock),
            entropy: Arc::new(CountingEntropy::default()),
            process: "beside".to_owned(),
            master: MasterKey::new(&key(data, "master.key")).unwrap(),
            earlier_masters: Vec::new(),
            checkpoint_seed: key(data, "checkpoint.key"),
            earlier_checkpoint_seeds: Vec::new(),
            site: "countersign.local".to_owned(),
            places: None,
            domains: None,
            checkpoint_folder: Some(PathBuf::from(data)),
            access: Default::default(),
        };
        let config = TenantConfig {
            id: TENANT.parse().unwrap(),
            policy: Snapshot::new(Document::default()).unwrap(),
            enrichment: None,
            console_client: None,
            hooks: Vec::new(),
            watch: WatchConfig::default(),
        };
        let app = runtime.block_on(App::open(ports, vec![config])).unwrap();
        let tenant = app.tenant(&TENANT.parse().unwrap()).unwrap();
        tenant.give_hands(Hands {
            port: Box::new(client(domain, &clock)),
            domain: domain.trim_start_matches("http://").to_owned(),
            settings,
            receivers: BTreeMap::new(),
            secrets: BTreeMap::new(),
            keeper: None,
        });
        Self { app, tenant, runtime }
    }

    /// Proposes what a workflow wants.
    pub fn propose(&self, changes: &[Value]) -> PlanHead {
        let wanted = changes.iter().map(|change| Wanted {
            change: serde_json::from_value::<Change>(change.clone()).unwrap(),
            reason: "because".to_owned(),
            evidence: Vec::new(),
        });
        let order = Order {
            tenant: TENANT.parse().unwrap(),
            title: "a title".to_owned(),
            origin: Origin::Workflow { workflow: "w".to_owned(), person: None },
            wanted: wanted.collect(),
        };
        let asked = Asked { order, by: "w", incident: None, asks_people: false, audience: None };
        self.runtime.block_on(self.app.propose_order(&self.tenant, asked)).unwrap()
    }

    fn permit(&self) -> Permit {
        let caller = Caller::local(How::Process);
        let permit = self.app.permit(&caller, Action::ProposePlans, self.tenant.id());
        self.runtime.block_on(permit).unwrap()
    }

    /// Proposes the way back.
    pub fn undo(&self, plan: &str) -> PlanHead {
        self.runtime.block_on(self.app.undo_plan(&self.permit(), plan, None)).unwrap()
    }

    pub fn plan(&self, id: &str) -> PlanShown {
        self.runtime.block_on(self.app.plan(&self.tenant, id)).unwrap()
    }
}
