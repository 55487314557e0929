//! The one way to write: writes and leaves that stand or fall together.

use std::time::Duration;

use countersign_core::{DecisionId, SubjectId, TenantId, Timestamp};

use crate::rows::{
    AddressRow, CheckpointRow, Counted, HeldUntil, NewDecision, OutcomeRow, PolicyRow, RiskTokenRow,
    SignUpRow, Standing, SwitchRow,
};
use crate::{
    AccessWrite, AlertEntities, AlertRow, AttackSourceRow, DeliveryRow, DeliveryState, IncidentNoteRow,
    IncidentRow, InquiryWrite, JoinWrite, LogProgress, LogSnapshotPiece, LogSnapshotRow, ModelActRow,
    ModelRow, Old, PlanWrite, ReviewWrite, SuppressionRow,
};

/// What is served first when the writer is busy.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Urgency {
    /// Somebody waits at a sign-in.
    Decision,
    /// Everything else.
    Background,
}

/// A leaf to be sequenced, with what it says about people.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct NewLeaf {
    /// When it is recorded; the leaf's own time.
    pub at: Timestamp,
    /// The record's id; unique within the tenant, so that an unknown commit can be tried again.
    pub record_id: String,
    /// The leaf's canonical bytes.
    pub leaf: Vec<u8>,
    /// One sealed body for each commitment of the leaf, in order.
    pub bodies: Vec<NewBody>,
}

/// A sealed body and whose key opens it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct NewBody {
    /// The name of the key that opens it; the key's row alone says whose it is.
    pub key_id: String,
    /// Salt and body, sealed under the person's key.
    pub sealed: Vec<u8>,
}

/// One change of a record.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Write {
    /// Remembers a signed request; `Conflict::Request` when it was seen before.
    Request {
        /// Its id.
        id: String,
        /// When it came.
        at: Timestamp,
    },
    /// Adds a decision; its leaf is the first of the commit, `Corrupt` when it is not.
    Decision(NewDecision),
    /// Adds an outcome; `Conflict::Outcome` when the same was told before.
    Outcome(OutcomeRow),
    /// Says what is known of a decision's outcome and what weight the profile gives it.
    Standing {
        /// The decision.
        decision: DecisionId,
        /// What was granted when the caller read it; `Stale` when another grant came between.
        expected_granted: u32,
        /// What is known now.
        standing: Standing,
        /// The weight that the profile gives it now, in thousandths.
        granted: u32,
        /// What counts beyond its organization, where that is something else.
        at_tenant: Option<Counted>,
    },
    /// Writes a profile; `Stale` when its version is not `expected_version` (0: no profile yet).
    Profile {
        /// Whose.
        subject: SubjectId,
        /// The version that was read.
        expected_version: u64,
        /// The profile, sealed under the person's key.
        sealed: Vec<u8>,
        /// Until when the person is at a level of user risk, by this profile.
        held: HeldUntil,
        /// When.
        at: Timestamp,
    },
    /// Says that nobody was told of a decision, so that silence about it teaches nothing; `Corrupt` when there is none.
    Unanswered(DecisionId),
    /// Deletes a person's profile, if there is one.
    DeleteProfile(SubjectId),
    /// Remembers that a key is to be destroyed, so that it is even after a crash or beside an old copy of the keys.
    Erasure {
        /// The key's name.
        key_id: String,
        /// When it was decided.
        at: Timestamp,
    },
    /// Sets a kill switch.
    Switch(SwitchRow),
    /// Adds a version of the policy; `Stale` when the newest version is not `expected_version` (0: there is none).
    Policy {
        /// The version that was read.
        expected_version: u64,
        /// The new version; its number is `expected_version + 1`.
        row: PolicyRow,
    },
    /// Adds a version of the model that scores; `Stale` when it is not the one after the newest, or its tag is known.
    Model {
        /// The version.
        row: ModelRow,
        /// Its constants, JSON.
        document: String,
    },
    /// Adds an act that says which models hold; `Stale` when it is not the one after the newest.
    ModelAct(ModelActRow),
    /// Says that an account has an address; once verified it stays so.
    Address(AddressRow),
    /// Keeps a sign-up, unless a riskier one of `since` or later is kept.
    SignUp {
        /// The sign-up.
        row: SignUpRow,
        /// Earlier ones say nothing any more.
        since: Timestamp,
    },
    /// Forgets which addresses a person has or who has this address, and their sign-ups.
    ForgetAddresses(SubjectId),
    /// Forgets sign-ups before a time.
    PruneSignUps {
        /// The earliest time that is kept.
        before: Timestamp,
    },
    /// Adds a token of the short form; `Stale` when as many hold as may.
    RiskToken {
        /// The token.
        row: RiskTokenRow,
        /// How many may hold at once, this one included.
        most: u32,
    },
    /// Ends a token of the short form; `Stale` when there is none of this id that still holds.
    RevokeRiskToken {
        /// Its id.
        id: String,
        /// When.
        at: Timestamp,
    },
    /// Deletes the sealed bodies of records of one kind at `from..until`; their leaves stay, so that every proof holds.
    DropBodies {
        /// The prefix of the kind's record ids, such as `dec_`.
        prefix: &'static str,
        /// The first leaf.
        from: u64,
        /// The leaf after the last.
        until: u64,
    },
    /// Says up to which leaf (exclusive) bodies of one kind were deleted.
    RetentionCursor {
        /// The prefix of the kind's record ids.
        prefix: &'static str,
        /// The leaf.
        leaf: u64,
    },
    /// Adds a signed checkpoint.
    Checkpoint(CheckpointRow),
    /// Says what is found at the tenant now, in place of what was.
    Findings {
        /// The caller's own document, at most a megabyte.
        document: String,
    },
    /// Says up to which leaf silence was counted.
    SilenceCursor(u64),
    /// Says how far the journal of the log was looked at, as the next turn; `Stale` when another turn came between.
    LogWorked(LogProgress),
    /// Adds an alert, or puts it in the place of the one of its id; an incident that this one has not is kept.
    Alert(Box<AlertRow>),
    /// Says that a replay did not find an alert; nothing where there is none.
    RetractAlert(String),
    /// Changes what is known of incidents and what follows from them.
    Incident(IncidentWrite),
    /// Changes what is known of plans.
    Plan(PlanWrite),
    /// Changes what is known of what waits for a review.
    Review(ReviewWrite),
    /// Changes questions to people.
    Inquiry(InquiryWrite),
    /// Changes who may ask for what; of the installation, whatever the commit's tenant is.
    Access(AccessWrite),
    /// Changes what is known of entries of the log and their decisions.
    Join(JoinWrite),
    /// Keeps what detectors know; its pieces are kept before it, and without it are nothing.
    LogSnapshot(LogSnapshotRow),
    /// Keeps a piece of a snapshot, in the place of one that is there.
    LogSnapshotPiece(LogSnapshotPiece),
    /// Forgets the snapshot of a number, but for its pieces.
    DropLogSnapshot(u64),
    /// Deletes what is old; of the log, it also says from when on it is kept.
    Forget {
        /// What.
        old: Old,
        /// How much at the most.
        most: u32,
    },
    /// Forgets pieces of a snapshot that is not there.
    DropLogSnapshotPieces {
        /// Its number.
        number: u64,
        /// How many at the most.
        most: u32,
    },
    /// Says up to where the log was read through the tenant's API.
    LogCursor {
        /// Which reading.
        name: &'static str,
        /// The API's own cursor.
        cursor: String,
    },
    /// Forgets requests that came outside these times, both inclusive.
    PruneRequests {
        /// The earliest time that is kept.
        from: Timestamp,
        /// The latest time that is kept: what lies beyond came while the clock ran ahead.
        until: Timestamp,
    },
}

/// One change of what is known of incidents and what follows from them.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum IncidentWrite {
    /// Adds an incident or changes it; `Stale` when its version is not `expected_version` (0: there is none).
    Put {
        /// The version that was read.
        expected_version: u64,
        /// The incident as it is now, with its next version.
        row: Box<IncidentRow>,
    },
    /// Adds what an alert of an incident is about to what it was about before.
    Entities(AlertEntities),
    /// Forgets what an alert is about, so that nothing joins by it any more.
    ForgetEntities(String),
    /// Adds what somebody wrote about an incident.
    Note(IncidentNoteRow),
    /// Adds a suppression.
    Suppress(SuppressionRow),
    /// Ends a suppression at a time; `Stale` when there is none of this id that would hold longer.
    Lift {
        /// Its id.
        id: String,
        /// When, in event time.
        at: Timestamp,
    },
    /// Says where a confirmed attack came from; once more for the same source and incident moves its times.
    AttackSource(AttackSourceRow),
    /// Adds what is to be told to a receiver, unless it was or is to be told the same.
    Deliver(DeliveryRow),
    /// Says how an attempt to tell a receiver ended; `Stale` when it does not wait after `attempts` any more.
    Tried {
        /// The delivery.
        id: String,
        /// How often it had been tried when it was read.
        attempts: u32,
        /// How far it came.
        state: DeliveryState,
        /// When it is tried next, while it waits.
        next: Timestamp,
        /// Where the receiver put it.
        place: Option<String>,
    },
    /// Deletes an incident that is closed, with what people wrote about it; its alerts stay and have none.
    Drop(String),
    /// Deletes a suppression.
    DropSuppression(String),
    /// Forgets deliveries that were made before a time.
    PruneDeliveries {
        /// The earliest time that is kept.
        before: Timestamp,
    },
}

impl From<JoinWrite> for Write {
    fn from(write: JoinWrite) -> Self {
        Self::Join(write)
    }
}

impl From<IncidentWrite> for Write {
    fn from(write: IncidentWrite) -> Self {
        Self::Incident(write)
    }
}

/// Work that only the holder of a lease may do.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Fence {
    /// The lease's name.
    pub name: &'static str,
    /// The epoch in which it was taken.
    pub epoch: u64,
}

/// Writes and leaves of one tenant that stand or fall together.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Commit {
    /// Whose records these are.
    pub tenant: TenantId,
    /// What is served first.
    pub urgency: Urgency,
    /// The time on the monotonic clock after which the work must not begin; `None`: it may always.
    pub expires_at: Option<Duration>,
    /// The lease without which nothing may be written, `Fenced` when another process took it; `None`: anyone may.
    pub fence: Option<Fence>,
    /// The leaves, in the order in which they are to stand.
    pub leaves: Vec<NewLeaf>,
    /// The writes, in the order in which they are done.
    pub writes: Vec<Write>,
}

impl Commit {
    /// An empty commit of background work.
    #[must_use]
    pub const fn background(tenant: TenantId) -> Self {
        Self {
            tenant,
            urgency: Urgency::Background,
            expires_at: None,
            fence: None,
            leaves: Vec::new(),
            writes: Vec::new(),
        }
    }
}

/// Where a commit's leaves stand.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Committed {
    /// The index of the commit's first leaf; the tree's size when it has none.
    pub first_index: u64,
    /// The tree's size after the commit's last leaf.
    pub size: u64,
}
