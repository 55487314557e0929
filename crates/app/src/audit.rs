//! Checking a whole ledger from what is stored, and rendering it for tools of others.

use std::{collections::VecDeque, path::Path};

use countersign_core::TenantId;
use countersign_ledger::{
    Frontier,
    audit::{Auditor, Fault, Report, StoredCheckpoint, StoredLeaf},
    export::{self, ExportError, File},
    note::Verifier,
};
use countersign_store::{CheckpointRow, LeafRow, LedgerHead, Store, StoreError};

use crate::{App, Error, Tenant};

/// Leaves read at once.
const PAGE: u64 = 1_024;

/// Checkpoints read at once.
const CHECKPOINT_PAGE: u32 = 1_024;

/// The same, for counting in steps.
const PAGE_STEP: usize = 1_024;

/// The file in the data directory that lists the public keys of signing keys that are in use no more, one a line.
pub const RETIRED_VERIFIERS: &str = "retired-verifiers";

/// By whose signatures a ledger is checked.
#[derive(Debug, Clone, Default)]
pub struct Trust {
    /// The keys in use, one of which must have signed the newest checkpoint.
    pub verifiers: Vec<Verifier>,
    /// Keys of before: older checkpoints may be by them.
    pub retired: Vec<Verifier>,
}

/// The retired keys of one log that a data directory lists; none without such a list.
///
/// # Errors
/// When the list can't be read, or a line of it is no public key.
pub fn retired_verifiers(folder: &Path, origin: &str) -> std::io::Result<Vec<Verifier>> {
    let text = match std::fs::read_to_string(folder.join(RETIRED_VERIFIERS)) {
        Err(error) if error.kind() == std::io::ErrorKind::NotFound => return Ok(Vec::new()),
        text => text?,
    };
    let lines = text.lines().map(str::trim).filter(|line| !line.is_empty());
    let keys = lines.map(|line| line.parse::<Verifier>().map_err(std::io::Error::other));
    let of_log = |key: &Verifier| key.name() == origin;
    keys.filter(|key| !key.as_ref().is_ok_and(|key| !of_log(key))).collect()
}

/// Why an audit did not end in a report.
#[derive(Debug, thiserror::Error)]
pub enum AuditFailure {
    /// The ledger is not what was signed.
    #[error(transparent)]
    Fault(#[from] Fault),
    /// The checkpoint from elsewhere can't be used.
    #[error("the checkpoint given: {0}")]
    Checkpoint(#[from] countersign_ledger::checkpoint::CheckpointError),
    /// The database can't be read.
    #[error(transparent)]
    Store(#[from] StoreError),
}

fn stored(row: LeafRow) -> StoredLeaf {
    StoredLeaf { index: row.index, leaf: row.leaf, chain: row.chain }
}

/// Checks every leaf, checkpoint and the head of a tenant's ledger; `known` are checkpoints from elsewhere, without
/// which an older copy of everything is sound.
///
/// # Errors
/// `Fault` names the first bad leaf.
pub async fn audit(
    store: &Store,
    tenant: &TenantId,
    trust: &Trust,
    known: &[String],
) -> Result<Report, AuditFailure> {
    let Trust { verifiers, retired } = trust.clone();
    let mut auditor = Auditor::new(tenant.clone(), verifiers).accept_retired(retired);
    for note in known {
        auditor = auditor.hold_to(note)?;
    }
    let head = store.get_ledger_head(tenant).await?;
    let size = head.frontier.size();
    let mut checkpoints = Checkpoints::default();
    while auditor.size() < size {
        let page = store.list_leaves(tenant, auditor.size(), PAGE.min(size - auditor.size())).await?;
        if page.is_empty() {
            break;
        }
        for row in page {
            checkpoints.feed(store, tenant, &mut auditor).await?;
            auditor.leaf(&stored(row))?;
        }
    }
    checkpoints.feed(store, tenant, &mut auditor).await?;
    check_beyond(store, tenant, &head, &mut auditor).await?;
    if let Some(row) = store.find_newest_checkpoint(tenant).await?.filter(|row| row.size > size) {
        // Why: a service at work signs beyond the head that was read; one at rest does not.
        if store.get_ledger_head(tenant).await?.frontier.size() < row.size {
            auditor.checkpoint(&StoredCheckpoint { size: row.size, note: row.note })?;
        }
    }
    Ok(auditor.finish(&head.frontier)?)
}

/// The stored checkpoints in order of their size, a page of them in memory.
#[derive(Default)]
struct Checkpoints {
    page: VecDeque<CheckpointRow>,
    next: u64,
    is_read: bool,
}

impl Checkpoints {
    /// Feeds those that head no more leaves than the audit has passed.
    async fn feed(
        &mut self,
        store: &Store,
        tenant: &TenantId,
        auditor: &mut Auditor,
    ) -> Result<(), AuditFailure> {
        loop {
            if self.page.is_empty() && !self.is_read {
                self.page = store.list_checkpoints(tenant, self.next, CHECKPOINT_PAGE).await?.into();
                self.next = self.page.back().map_or(self.next, |last| last.size.saturating_add(1));
                self.is_read = self.page.is_empty();
            }
            let is_due = self.page.front().is_some_and(|row| row.size <= auditor.size());
            let Some(row) = self.page.pop_front_if(|_| is_due) else { return Ok(()) };
            auditor.checkpoint(&StoredCheckpoint { size: row.size, note: row.note })?;
        }
    }
}

/// Looks for leaves behind the head: some are there while a service is at work, none otherwise.
async fn check_beyond(
    store: &Store,
    tenant: &TenantId,
    head: &LedgerHead,
    auditor: &mut Auditor,
) -> Result<(), AuditFailure> {
    let beyond = store.list_leaves(tenant, head.frontier.size(), 1).await?;
    let is_at_work = store.get_ledger_head(tenant).await?.frontier.size() > head.frontier.size();
    if let Some(row) = beyond.into_iter().next()
        && !is_at_work
    {
        auditor.leaf(&stored(row))?;
    }
    Ok(())
}

/// Renders the ledger's first `size` leaves as files in the tlog-tiles layout, a page of leaves in memory at a time, and
/// gives the frontier over what was written, to be compared with what was signed.
/// Blocks its thread: call it from a runtime of several threads.
///
/// # Errors
/// `Unavailable` when the database can't be read or `write` fails.
pub fn export_log(
    store: &Store,
    tenant: &TenantId,
    size: u64,
    write: &mut (dyn FnMut(File) -> std::io::Result<()> + Send),
) -> Result<Frontier, Error> {
    let read = |first| {
        let page = store.list_leaves(tenant, first, PAGE.min(size - first));
        tokio::task::block_in_place(|| tokio::runtime::Handle::current().block_on(page))
            .map_err(std::io::Error::other)
    };
    let leaves = (0..size).step_by(PAGE_STEP).flat_map(|first| match read(first) {
        Ok(page) => page.into_iter().map(|row| Ok(row.leaf)).collect(),
        Err(error) => vec![Err(error)],
    });
    export::log_files(leaves, write).map_err(|error| match error {
        ExportError::Leaf { index } => Error::internal(format!("leaf {index} is too long to be exported")),
        ExportError::Outside(error) => Error::Unavailable { detail: error.to_string() },
    })
}

impl App {
    /// Checks this tenant's ledger as stored.
    ///
    /// # Errors
    /// `Fault` names the first bad leaf.
    pub async fn audit(&self, tenant: &Tenant) -> Result<Report, AuditFailure> {
        self.audit_against(tenant, &[]).await
    }

    /// As `audit`, and holds the ledger to checkpoints from elsewhere.
    ///
    /// # Errors
    /// As `audit`, and `Checkpoint` when one of them is by none of the ledger's keys.
    pub async fn audit_against(&self, tenant: &Tenant, known: &[String]) -> Result<Report, AuditFailure> {
        audit(&self.ports.store, &tenant.id, &self.trust(tenant)?, known).await
    }

    /// The keys that may have signed a tenant's checkpoints: those in use, and the retired ones of the data directory.
    ///
    /// # Errors
    /// `Store` when the list of retired keys can't be read.
    pub fn trust(&self, tenant: &Tenant) -> Result<Trust, AuditFailure> {
        let folder = self.ports.checkpoint_folder.as_deref();
        let retired =
            folder.map_or_else(|| Ok(Vec::new()), |folder| retired_verifiers(folder, &tenant.origin));
        let retired = retired.map_err(|error| {
            StoreError::Unavailable(format!("the list of retired keys, `{RETIRED_VERIFIERS}`: {error}"))
        })?;
        Ok(Trust { verifiers: tenant.verifiers().collect(), retired })
    }
}
