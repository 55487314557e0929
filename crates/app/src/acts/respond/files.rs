//! An operator's playbooks, beside those that are built in.

use std::sync::Arc;

use arc_swap::ArcSwap;
use countersign_detect::{detectors::NATIVE, sigma::Grade};
use countersign_playbook::{Known, Playbook, load};

use super::Responding;
use crate::{App, LOGIN_WITHOUT_DECISION, RuleFiles, Tenant, watch};

/// The most faults that are told.
const TOLD: usize = 20;

/// Name and text of an operator's playbooks. One that is called as a built-in one takes its place.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct PlaybookFiles(Vec<(String, String)>);

impl PlaybookFiles {
    /// Files by name, with or without a folder, and text.
    #[must_use]
    pub fn new(files: Vec<(String, String)>) -> Self {
        Self(files)
    }

    /// The playbooks that hold with these files.
    ///
    /// # Errors
    /// What is wrong with them, a line each.
    pub fn load(&self, known: &Known) -> Result<Vec<Playbook>, Vec<String>> {
        let files: Vec<(&str, &str)> = self.0.iter().map(|(name, text)| (&**name, &**text)).collect();
        load(&files, known).map_err(|faults| {
            let errors = faults.iter().filter(|fault| fault.grade == Grade::Error);
            errors.map(ToString::to_string).collect()
        })
    }
}

/// The detectors and rules that playbooks can name, each with the types of log entries that it takes, also where it is switched off.
#[must_use]
pub fn known_detectors(policy: &countersign_policy::Watch, rules: &RuleFiles) -> Known {
    let kinds = |kinds: &[&str]| kinds.iter().map(|kind| (*kind).to_owned()).collect();
    let mut known: Known = watch::rule_names(rules).map(|name| (name.to_owned(), Vec::new())).collect();
    let native = NATIVE.iter().map(|native| native.about).chain([&LOGIN_WITHOUT_DECISION]);
    known.extend(native.map(|about| (about.id.to_string(), kinds(&about.kinds))));
    known.extend(watch::kinds(policy, rules));
    known
}

impl Responding {
    /// Begins with what is configured; with faults in it, with what is built in.
    pub(crate) fn new(files: PlaybookFiles, policy: &countersign_policy::Watch, rules: &RuleFiles) -> Self {
        // Why: rules are compiled for nothing else.
        let known = if files.0.is_empty() { Known::new() } else { known_detectors(policy, rules) };
        let (playbooks, files, told) = match files.load(&known) {
            Ok(playbooks) => (playbooks, files, Vec::new()),
            Err(faults) => (load(&[], &Known::new()).unwrap_or_default(), PlaybookFiles::default(), faults),
        };
        Self {
            playbooks: ArcSwap::from_pointee(playbooks),
            files: ArcSwap::from_pointee(files),
            told: parking_lot::Mutex::new(told),
            seen: tokio::sync::Mutex::default(),
            changed: tokio::sync::Notify::default(),
        }
    }
}

impl App {
    /// Takes an operator's playbooks as they are now; with a fault in them those before hold on. Says whether they were taken.
    pub fn take_playbooks(&self, tenant: &Tenant, files: Result<PlaybookFiles, Vec<String>>) -> bool {
        let responding = &tenant.responding;
        if files.as_ref().is_ok_and(|files| *files == **responding.files.load()) {
            responding.told.lock().clear();
            return true;
        }
        let loaded = files.and_then(|files| {
            let current = tenant.current();
            let known = known_detectors(&current.watch, &tenant.watch.rule_files());
            Ok((files.load(&known)?, files))
        });
        let mut told = responding.told.lock();
        match loaded {
            Ok((playbooks, files)) => {
                tracing::info!(tenant.id = %tenant.id, "changed playbooks are in force");
                told.clear();
                responding.playbooks.store(Arc::new(playbooks));
                responding.files.store(Arc::new(files));
                true
            }
            Err(faults) => {
                for fault in faults.iter().take(TOLD) {
                    tracing::error!(tenant.id = %tenant.id, fault, "changed playbooks can't be used, so those before hold on");
                }
                *told = faults.into_iter().take(TOLD).collect();
                false
            }
        }
    }

    /// What is wrong with playbooks that were changed, a line each: those before hold on.
    #[must_use]
    pub fn faulty_playbooks(&self, tenant: &Tenant) -> Vec<String> {
        tenant.responding.told.lock().clone()
    }

    /// The playbooks that hold at a tenant.
    #[must_use]
    pub fn playbooks(&self, tenant: &Tenant) -> Arc<Vec<Playbook>> {
        tenant.responding.playbooks.load_full()
    }
}
