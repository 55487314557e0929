//! Checks a whole log, leaf by leaf, in memory that grows with the logarithm of its size.

#[cfg(test)]
mod tests;

use countersign_core::TenantId;

use crate::{
    CHAIN_START, Frontier, Hash, chain,
    checkpoint::{Checkpoint, CheckpointError},
    leaf::Leaf,
    leaf_hash,
    note::{NoteError, Verifier},
};

/// A leaf as it is kept.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct StoredLeaf {
    /// Its place in the log, from 0.
    pub index: u64,
    /// Its bytes.
    pub leaf: Vec<u8>,
    /// The running chain up to and with this leaf.
    pub chain: Hash,
}

/// A checkpoint as it is kept.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct StoredCheckpoint {
    /// The size under which it is kept.
    pub size: u64,
    /// The signed note.
    pub note: String,
}

/// What a sound log looks like from outside.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Report {
    /// The number of leaves.
    pub size: u64,
    /// The root over them.
    pub root: Hash,
    /// How many signed checkpoints were checked, the one from elsewhere included.
    pub checkpoints_checked: u64,
    /// The size up to which a signature holds the leaves; behind it only the chain does, which anyone can recompute.
    pub signed: u64,
}

/// The first thing that is wrong with a log.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum Fault {
    /// The running chain breaks here, or this is no leaf of this tenant: it was changed, or something put in before it.
    #[error("leaf `{index}` was altered")]
    Altered {
        /// The leaf.
        index: u64,
    },
    /// There is no such leaf, but later ones or a head that counts it.
    #[error("leaf `{index}` is missing")]
    Missing {
        /// The leaf.
        index: u64,
    },
    /// A second leaf of this index, or one beyond the head.
    #[error("leaf `{index}` is one too many")]
    Extra {
        /// The leaf.
        index: u64,
    },
    /// A signed root differs, though the chain holds: leaves were changed and the chain rewritten.
    ///
    /// If the key ever signed only one history, the first bad leaf is one of `first..=last`.
    #[error("a leaf from `{first}` to `{last}` is not the one that was signed")]
    Checkpoint {
        /// The size of the checkpoint before, which held.
        first: u64,
        /// The last leaf under the checkpoint that did not hold.
        last: u64,
    },
    /// Two roots were signed for one size: the key signed two histories.
    #[error("two different logs of `{size}` leaves were signed")]
    Fork {
        /// The size.
        size: u64,
    },
    /// What is kept as the checkpoint of this size is not one of this size that a key of the log signed; the newest must be
    /// by a key that is in use.
    #[error("the checkpoint kept for size `{size}` is not signed by the log's key")]
    BadSignature {
        /// The size under which it is kept.
        size: u64,
    },
    /// A checkpoint came after the leaves that it heads, so it could not be checked.
    #[error("the checkpoint of size `{size}` came too late to be checked")]
    Unordered {
        /// The size under which it is kept.
        size: u64,
    },
    /// More leaves were signed than there are: the end was cut off, or an older copy put back.
    #[error("`{signed}` leaves were signed, but there are only `{size}`")]
    Truncated {
        /// How many leaves there are.
        size: u64,
        /// How many were signed.
        signed: u64,
    },
    /// The stored frontier is not that of the leaves.
    #[error("the stored head of size `{size}` is not that of the leaves")]
    Head {
        /// Its size, which equals the number of leaves.
        size: u64,
    },
}

/// Why `Auditor::run` ended without a report.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum AuditError<E> {
    /// The log is not sound.
    #[error(transparent)]
    Fault(Fault),
    /// The log could not be read, which says nothing about it.
    #[error("the log could not be read")]
    Source(#[source] E),
}

/// An audit in progress.
///
/// Feed it by `run`, or by hand: every leaf in order of its index, each checkpoint once as many leaves have been fed as
/// it heads, at the end the stored frontier. A fault ends the audit.
#[derive(Debug, Clone)]
pub struct Auditor {
    tenant: TenantId,
    /// The keys that the log's newest checkpoint may be signed by.
    verifiers: Vec<Verifier>,
    /// Keys that only older checkpoints may be signed by.
    retired: Vec<Verifier>,
    /// The checkpoint that was checked last, when only a retired key signed it.
    by_retired: Option<u64>,
    frontier: Frontier,
    chain: Hash,
    /// Checkpoints from elsewhere that are not met yet, greatest size first.
    known: Vec<Checkpoint>,
    checkpoints_checked: u64,
    signed: u64,
}

impl Auditor {
    /// Begins the audit of this tenant's log, each of whose checkpoints one of `verifiers` must have signed: keys of
    /// the log that are trusted from elsewhere. Without any, no checkpoint holds.
    #[must_use]
    pub fn new(tenant: TenantId, verifiers: Vec<Verifier>) -> Self {
        Self {
            tenant,
            verifiers,
            retired: Vec::new(),
            by_retired: None,
            frontier: Frontier::default(),
            chain: CHAIN_START,
            known: Vec::new(),
            checkpoints_checked: 0,
            signed: 0,
        }
    }

    /// Accepts checkpoints that one of these keys signed before it was retired, as long as a later one is by a key that
    /// `new` was given: that one covers all leaves before it, so that a list of retired keys need not be trusted.
    #[must_use]
    pub fn accept_retired(mut self, retired: Vec<Verifier>) -> Self {
        self.retired = retired;
        self
    }

    /// Holds the log to a checkpoint from elsewhere, such as one that a receipt or a witness has; call it for each.
    ///
    /// Without one, an older copy of everything is sound, and so is another history that the log's key signed. Given at
    /// the start, because a root is only known while the audit passes its size.
    ///
    /// # Errors
    /// When the note is not a checkpoint signed by a key of the log, in use or retired; says nothing about the log.
    pub fn hold_to(mut self, note: &str) -> Result<Self, CheckpointError> {
        self.known.push(open_by_any(note, self.verifiers.iter().chain(&self.retired))?);
        self.known.sort_by_key(|known| std::cmp::Reverse(known.size));
        Ok(self)
    }

    /// How many leaves have been checked; the next leaf's index.
    #[must_use]
    pub const fn size(&self) -> u64 {
        self.frontier.size()
    }

    /// Audits a log from its leaves in order of their index, its checkpoints in order of their size, and its head.
    ///
    /// # Errors
    /// `Fault` with the first thing that is wrong, `Source` with the first error of an iterator.
    pub fn run<E>(
        mut self,
        leaves: impl IntoIterator<Item = Result<StoredLeaf, E>>,
        checkpoints: impl IntoIterator<Item = Result<StoredCheckpoint, E>>,
        head: &Frontier,
    ) -> Result<Report, AuditError<E>> {
        let mut checkpoints = checkpoints.into_iter();
        let mut next = checkpoints.next().transpose().map_err(AuditError::Source)?;
        for leaf in leaves {
            while let Some(checkpoint) = next.take_if(|checkpoint| checkpoint.size <= self.size()) {
                self.checkpoint(&checkpoint).map_err(AuditError::Fault)?;
                next = checkpoints.next().transpose().map_err(AuditError::Source)?;
            }
            self.leaf(&leaf.map_err(AuditError::Source)?).map_err(AuditError::Fault)?;
        }
        while let Some(checkpoint) = next {
            self.checkpoint(&checkpoint).map_err(AuditError::Fault)?;
            next = checkpoints.next().transpose().map_err(AuditError::Source)?;
        }
        self.finish(head).map_err(AuditError::Fault)
    }

    /// Checks the next leaf.
    ///
    /// # Errors
    /// `Missing`, `Extra`, `Altered`; `Checkpoint` or `Fork` when the log does not hold to the checkpoint from elsewhere.
    pub fn leaf(&mut self, stored: &StoredLeaf) -> Result<(), Fault> {
        self.meet_known()?;
        let index = self.size();
        if stored.index > index {
            return Err(Fault::Missing { index });
        }
        if stored.index < index {
            return Err(Fault::Extra { index: stored.index });
        }
        let hash = leaf_hash(&stored.leaf);
        let link = chain(&self.chain, &hash);
        let is_ours = Leaf::decode(&stored.leaf).is_ok_and(|leaf| leaf.tenant == self.tenant);
        if link != stored.chain || !is_ours {
            return Err(Fault::Altered { index });
        }
        self.chain = link;
        self.frontier.push(hash, &mut |_| {});
        Ok(())
    }

    /// Checks a checkpoint against the leaves so far.
    ///
    /// # Errors
    /// `BadSignature`, `Checkpoint`, `Fork`; `Unordered` when it heads fewer leaves than were fed, `Truncated` when more.
    pub fn checkpoint(&mut self, stored: &StoredCheckpoint) -> Result<(), Fault> {
        let (size, here) = (stored.size, self.size());
        let in_use = open_by_any(&stored.note, &self.verifiers).ok();
        self.by_retired = in_use.is_none().then_some(size);
        let opened = in_use.or_else(|| open_by_any(&stored.note, &self.retired).ok());
        let opened = opened.filter(|opened| opened.size == size);
        let Some(Checkpoint { root, .. }) = opened else { return Err(Fault::BadSignature { size }) };
        if size < here {
            return Err(Fault::Unordered { size });
        }
        if size > here {
            return Err(Fault::Truncated { size: here, signed: size });
        }
        self.compare(&root)
    }

    /// Checks the stored frontier against the leaves and ends the audit.
    ///
    /// # Errors
    /// `Truncated` when the checkpoint from elsewhere heads more leaves, `Missing`, `Extra` and `Head` when the frontier
    /// does not fit; `BadSignature` when the last checkpoint is by a retired key alone; `Checkpoint` or `Fork` as in `leaf`.
    pub fn finish(mut self, head: &Frontier) -> Result<Report, Fault> {
        self.meet_known()?;
        let size = self.size();
        if let Some(known) = self.known.first() {
            return Err(Fault::Truncated { size, signed: known.size });
        }
        if head.size() > size {
            return Err(Fault::Missing { index: size });
        }
        if head.size() < size {
            return Err(Fault::Extra { index: head.size() });
        }
        if *head != self.frontier {
            return Err(Fault::Head { size });
        }
        if let Some(size) = self.by_retired {
            return Err(Fault::BadSignature { size });
        }
        let Self { checkpoints_checked, signed, .. } = self;
        Ok(Report { size, root: self.frontier.root(), checkpoints_checked, signed })
    }

    /// Compares with the checkpoints from elsewhere whose size is reached.
    fn meet_known(&mut self) -> Result<(), Fault> {
        let size = self.size();
        while let Some(known) = self.known.pop_if(|known| known.size == size) {
            self.compare(&known.root)?;
        }
        Ok(())
    }

    /// Compares a signed root with that of the leaves so far.
    fn compare(&mut self, root: &Hash) -> Result<(), Fault> {
        let size = self.size();
        if *root == self.frontier.root() {
            self.signed = size;
            self.checkpoints_checked += 1;
            return Ok(());
        }
        match size.checked_sub(1) {
            Some(last) if self.signed < size => Err(Fault::Checkpoint { first: self.signed, last }),
            _ => Err(Fault::Fork { size }),
        }
    }
}

/// Opens a checkpoint that at least one of `keys` signed; the error is the last key's.
fn open_by_any<'k>(
    note: &str,
    keys: impl IntoIterator<Item = &'k Verifier>,
) -> Result<Checkpoint, CheckpointError> {
    let mut refused = CheckpointError::Note(NoteError::Unsigned);
    for key in keys {
        match Checkpoint::open(note, key) {
            Ok(checkpoint) => return Ok(checkpoint),
            Err(error) => refused = error,
        }
    }
    Err(refused)
}
