//! What is known of ledgers from elsewhere: how far they went, and who was erased.

use std::{collections::BTreeMap, path::Path};

use anyhow::{Context, bail};
use countersign_app::{access::Ended, audit::Trust, checkpoint_file_name};
use countersign_core::TenantId;
use countersign_ledger::checkpoint::Checkpoint;
use countersign_store::Store;

use super::super::{print, verify::own_verifiers};
use crate::config::Config;

/// What is known of ledgers from elsewhere.
#[derive(Default)]
pub struct Known {
    /// How many leaves the data have that are replaced.
    pub replaced: BTreeMap<TenantId, u64>,
    /// Signed checkpoints, with their sizes.
    pub checkpoints: BTreeMap<TenantId, Vec<(u64, String)>>,
    /// Names of keys that were to be destroyed.
    pub erasures: BTreeMap<TenantId, Vec<String>>,
    /// Of the data that are replaced, who and what lets nobody in any more.
    pub ended: Option<Ended>,
}

/// A ledger that would lose leaves.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Rollback {
    pub tenant: TenantId,
    pub from: u64,
    pub to: u64,
}

impl Known {
    /// Takes what a store knows that is replaced.
    pub async fn add_store(&mut self, store: &Store) -> anyhow::Result<()> {
        for tenant in store.list_tenants().await? {
            let size = store.get_ledger_head(&tenant).await?.frontier.size();
            self.replaced.insert(tenant.clone(), size);
            let erased = store.list_erasures(&tenant, None).await?;
            self.erasures.entry(tenant).or_default().extend(erased);
        }
        self.ended = Some(Ended::of(store).await?);
        Ok(())
    }

    /// Takes a checkpoint that one of the ledger's keys signed.
    pub fn add_checkpoint(&mut self, config: &Config, folder: &Path, note: &str) -> anyhow::Result<()> {
        let origin = note.lines().next().unwrap_or_default();
        let tenant = origin.rsplit_once('/').and_then(|(_, tenant)| tenant.parse::<TenantId>().ok());
        let tenant = tenant.context("it is no checkpoint of a ledger of ours")?;
        let Trust { verifiers, retired } = trust(config, folder, &tenant)?;
        let opened = verifiers.iter().chain(&retired).find_map(|key| Checkpoint::open(note, key).ok());
        let Some(Checkpoint { size, .. }) = opened else { bail!("none of the ledger's keys signed it") };
        self.checkpoints.entry(tenant).or_default().push((size, note.to_owned()));
        Ok(())
    }

    /// Takes the checkpoints that a data directory has as files; one that can't be used is passed over, with a word.
    pub fn add_files(&mut self, config: &Config, folder: &Path) -> anyhow::Result<()> {
        for found in
            std::fs::read_dir(folder).with_context(|| format!("can't read `{}`", folder.display()))?
        {
            let path = found?.path();
            if path.extension().is_none_or(|extension| extension != "checkpoint") {
                continue;
            }
            let added = std::fs::read_to_string(&path)
                .map_err(anyhow::Error::from)
                .and_then(|note| self.add_checkpoint(config, folder, &note));
            if let Err(error) = added {
                print(&format!("`{}` was passed over: {error:#}.\n", path.display()));
            }
        }
        Ok(())
    }

    /// The ledgers that would lose leaves with these sizes.
    pub fn rollbacks(&self, sizes: &BTreeMap<TenantId, u64>) -> Vec<Rollback> {
        let mut most = self.replaced.clone();
        for (tenant, notes) in &self.checkpoints {
            let signed = notes.iter().map(|(size, _)| *size).max().unwrap_or(0);
            let known = most.entry(tenant.clone()).or_default();
            *known = signed.max(*known);
        }
        let size = |tenant: &TenantId| sizes.get(tenant).copied().unwrap_or(0);
        let rollback = |(tenant, from): (TenantId, u64)| Rollback { to: size(&tenant), tenant, from };
        most.into_iter().map(rollback).filter(|rollback| rollback.from > rollback.to).collect()
    }

    /// Whether data are replaced that go further than these sizes.
    pub fn is_newer(&self, sizes: &BTreeMap<TenantId, u64>) -> bool {
        self.replaced.iter().any(|(tenant, size)| *size > sizes.get(tenant).copied().unwrap_or(0))
    }

    /// The checkpoints of a ledger over at most `size` leaves: it must agree with them.
    pub fn notes(&self, tenant: &TenantId, size: u64) -> Vec<String> {
        let notes = self.checkpoints.get(tenant).into_iter().flatten();
        notes.filter(|(signed, _)| *signed <= size).map(|(_, note)| note.clone()).collect()
    }
}

/// The keys that may have signed a ledger's checkpoints: the installation's own, and those that the folder has on record.
pub fn trust(config: &Config, folder: &Path, tenant: &TenantId) -> anyhow::Result<Trust> {
    let verifiers = own_verifiers(config, tenant)?;
    let origin = verifiers.first().context("no checkpoint key")?.name();
    let retired = countersign_app::audit::retired_verifiers(folder, origin).context("the retired keys")?;
    Ok(Trust { verifiers, retired })
}

/// Moves the checkpoint file of a ledger aside that was rolled back, so that the service starts again.
pub fn set_aside(folder: &Path, tenant: &TenantId) -> anyhow::Result<()> {
    let path = folder.join(checkpoint_file_name(tenant.as_str()));
    if path.exists() {
        std::fs::rename(&path, path.with_added_extension("before-rollback"))
            .with_context(|| format!("can't move `{}`", path.display()))?;
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_ledger_that_would_lose_leaves_is_told_by_whatever_knows_most() {
        let tenant = |name: &str| name.parse::<TenantId>().unwrap();
        let mut known = Known::default();
        known.replaced.insert(tenant("a"), 10);
        known.replaced.insert(tenant("b"), 3);
        known.checkpoints.insert(tenant("b"), vec![(7, "n".to_owned()), (5, "o".to_owned())]);
        let sizes = BTreeMap::from([(tenant("a"), 10), (tenant("b"), 6)]);
        assert_eq!(known.rollbacks(&sizes), [Rollback { tenant: tenant("b"), from: 7, to: 6 }]);
        assert!(!known.is_newer(&sizes));
        assert_eq!(known.notes(&tenant("b"), 6), ["o"]);
        assert_eq!(known.rollbacks(&BTreeMap::new()).len(), 2, "a ledger that is not there lost everything");
        assert!(known.is_newer(&BTreeMap::new()));
    }
}
