//! Reference data that the operator's files hold: which of it is in force, and how the files stand.

use std::sync::Arc;

use countersign_core::Timestamp;
use countersign_policy::Snapshot;
pub use countersign_risk::{DomainLists, DomainSet, Suffixes};
use countersign_risk::{Reference, ReferenceLists};

use crate::{App, tenants::Current};

/// One file, as it is in force.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct DataSet {
    /// The setting that names it, such as `places.city` or `places.networks[0]`.
    pub key: String,
    /// The first 12 hexadecimal digits of the SHA-256 of its content.
    pub version: String,
    /// How many entries it has; of a database in the MaxMind DB format, the nodes of its tree.
    pub entries: u64,
    /// When the file was last written.
    pub written: Timestamp,
    /// When it was put in force.
    pub loaded_at: Timestamp,
    /// How often a replacement could not be used.
    pub failures: u64,
    /// Why the newest one can't be; `None` where it is in force.
    pub fault: Option<String>,
}

/// Lists of domains, and which they are.
#[derive(Debug, Clone, Default)]
pub struct Lists {
    /// The lists.
    pub domains: DomainLists,
    /// Which content of which file they are, in one line for a record; `None` without files.
    pub version: Option<Arc<str>>,
}

/// The operator's lists of domains.
pub trait Domains: Send + Sync {
    /// What is in force.
    fn lists(&self) -> Arc<Lists>;

    /// How each file stands.
    fn sets(&self) -> Vec<DataSet>;
}

/// Settings with the versions of their files, in one line; `None` for none.
pub fn named<'a>(versions: impl Iterator<Item = (&'a str, &'a str)>) -> Option<Arc<str>> {
    let named: Vec<String> = versions.map(|(setting, version)| format!("{setting}:{version}")).collect();
    (!named.is_empty()).then(|| named.join(" ").into())
}

impl Lists {
    /// What a policy's tenant looks up.
    pub(crate) fn prepare(&self, policy: &Snapshot) -> Reference {
        let lists = &policy.document().reference;
        let extra = ReferenceLists {
            disposable_domains: lists.disposable_domains.clone(),
            free_mail_domains: lists.free_mail_domains.clone(),
            organization_domains: lists.organization_domains.clone(),
            is_business: lists.free_mail_is_unusual,
        };
        Reference::with(&extra, &self.domains)
    }
}

impl App {
    /// What the operator's lists of domains hold now; nothing without files.
    pub(crate) fn lists(&self) -> Arc<Lists> {
        self.ports.lists()
    }

    /// Takes the operator's lists of domains as they are now, for all decisions to come.
    pub fn take_domains(&self) {
        for tenant in self.tenants.iter() {
            tenant
                .current
                .rcu(|current| Arc::new(Current::new(current.version, &current.policy, &self.lists())));
        }
    }

    /// How each file of reference data stands.
    #[must_use]
    pub fn reference(&self) -> Vec<DataSet> {
        let places = self.ports.places.as_ref().map(|places| places.sets());
        let domains = self.ports.domains.as_ref().map(|domains| domains.sets());
        places.into_iter().chain(domains).flatten().collect()
    }
}
