//! An operator's rule files, beside those that are built in.

use std::sync::Arc;

use countersign_detect::{
    pack::PACK,
    sigma::{self, Grade, Located, Values},
};
use countersign_policy::{Document, Fault, Snapshot};

use super::settings;
use crate::{App, Tenant};

/// The most faults that are told.
pub(super) const TOLD: usize = 20;

/// Name and text of an operator's rule files. One that is called as a built-in one takes its place.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct RuleFiles(Vec<(String, String)>);

impl RuleFiles {
    /// Files by name, with or without a folder, and text.
    #[must_use]
    pub fn new(files: Vec<(String, String)>) -> Self {
        Self(files)
    }

    /// What is wrong with the files as they stand, without what a policy sets for them; warnings are left out.
    #[must_use]
    pub fn faults(&self, values: &Values) -> Vec<Located> {
        let faults = sigma::check(&self.all(), values).faults;
        faults.into_iter().filter(|fault| fault.grade == Grade::Error).collect()
    }

    /// The built-in files that none of these replaces, then these.
    pub(super) fn all(&self) -> Vec<(&str, &str)> {
        let is_replaced = |name: &str| self.0.iter().any(|(own, _)| stem(own) == stem(name));
        let built_in = PACK.iter().copied().filter(|(name, _)| !is_replaced(name));
        built_in.chain(self.0.iter().map(|(name, text)| (&**name, &**text))).collect()
    }
}

impl App {
    /// Takes an operator's rule files as they are now, to hold from the next turn; with a fault in them those before hold on. Says
    /// whether they were taken.
    pub fn take_rules(&self, tenant: &Tenant, files: Result<RuleFiles, Vec<String>>) -> bool {
        if files.as_ref().is_ok_and(|files| *files == **tenant.watch.rules.load()) {
            tenant.watch.told.lock().rules.clear();
            return true;
        }
        let checked = files.and_then(|files| {
            let watch = Arc::clone(&tenant.current().watch);
            match settings::make(&watch, &files) {
                Ok(_) => Ok(files),
                Err(faults) => {
                    let errors = faults.iter().filter(|fault| fault.grade == Grade::Error);
                    Err(errors.map(ToString::to_string).collect())
                }
            }
        });
        let mut told = tenant.watch.told.lock();
        match checked {
            Ok(files) => {
                tracing::info!(tenant.id = %tenant.id, "changed rule files are in force");
                told.rules.clear();
                tenant.watch.rules.store(Arc::new(files));
                true
            }
            Err(faults) => {
                for fault in faults.iter().take(TOLD) {
                    tracing::error!(tenant.id = %tenant.id, fault, "changed rule files can't be used, so those before hold on");
                }
                told.rules = faults.into_iter().take(TOLD).collect();
                false
            }
        }
    }

    /// Checks a policy against the detectors and rules that there are.
    ///
    /// # Errors
    /// Everything that is wrong with it.
    pub fn check_policy(&self, tenant: &Tenant, document: Document) -> Result<Snapshot, Vec<Fault>> {
        super::check_policy(document, &tenant.watch.rules.load())
    }
}

/// The names of all rule files, built in and the operator's.
pub(crate) fn rule_names(files: &RuleFiles) -> impl Iterator<Item = &str> {
    files.all().into_iter().map(|(name, _)| stem(name))
}

/// A file's name without folder and extension: what its rules are called by.
pub(super) fn stem(name: &str) -> &str {
    let base = name.rsplit(['/', '\\']).next().unwrap_or(name);
    base.rsplit_once('.').map_or(base, |(stem, _)| stem)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_file_that_is_called_as_a_built_in_one_takes_its_place() {
        let own = |name: &str| RuleFiles::new(vec![(name.to_owned(), "title: ours".to_owned())]);
        let files = own("/etc/rules/users_exported.yml");
        let all = files.all();
        assert_eq!(all.len(), PACK.len());
        let named: Vec<_> = all.iter().filter(|(name, _)| stem(name) == "users_exported").collect();
        assert_eq!(named, [&("/etc/rules/users_exported.yml", "title: ours")]);
        assert_eq!(own("another.yml").all().len(), PACK.len() + 1);
        let faults = files.faults(&Values::new());
        assert!(faults.iter().all(|fault| fault.file == "/etc/rules/users_exported.yml"), "{faults:?}");
        assert!(!faults.is_empty());
        assert_eq!(RuleFiles::default().faults(&Values::new()), []);
    }
}
