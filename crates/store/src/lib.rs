//! Records, ledger and subject keys in a database.
//!
//! Callers hand over a [`Commit`]: writes and leaves that stand or fall together. The backend sequences the leaves,
//! makes everything durable and only then answers. It decides nothing, makes no ids and reads no clock for what it
//! stores; it writes what it is given. A write without its leaf, or a leaf acknowledged before it is on disk, must
//! never happen.
//!
//! ```no_run
//! # async fn example(store: countersign_store::Store, commit: countersign_store::Commit) -> Result<(), countersign_store::StoreError> {
//! let committed = store.commit(commit).await?;
//! assert!(committed.size > committed.first_index);
//! # Ok(())
//! # }
//! ```

mod access;
mod bodies;
mod commit;
mod error;
mod incidents;
mod inquiries;
mod joins;
mod journal;
mod models;
mod plans;
mod postgres;
mod reviews;
mod rows;
mod scope;
mod sqlite;
mod store;
mod turns;

pub use access::{AccessWrite, AccountRow, AccountTokenRow, GrantRow, LinkRow, PersonRow, SessionRow};
pub use commit::{Commit, Committed, Fence, IncidentWrite, NewBody, NewLeaf, Urgency, Write};
pub use error::{Conflict, StoreError};
pub use incidents::{
    AlertEntities, AttackSourceRow, DeliveryFilter, DeliveryRow, DeliveryState, IncidentFilter,
    IncidentNoteRow, IncidentRow, MentionRow, PlacedMessage, SuppressionRow,
};
pub use inquiries::{Follow, InquiryFilter, InquiryRow, InquiryState, InquiryWrite};
pub use joins::{JoinHow, JoinHowError, JoinRow, JoinState, JoinWrite};
pub use journal::{
    AlertFilter, AlertRow, LogEntryRow, LogFilter, LogProgress, LogRejectRow, LogSnapshotPiece,
    LogSnapshotRow, LogState, LogStretch, NewLogEntry, NewLogReject, Old,
};
pub use models::{ModelAct, ModelActError, ModelActRow, ModelKind, ModelKindError, ModelRow};
pub use plans::{
    DeskChange, DuePlans, OldPlan, PlanFilter, PlanReviewRow, PlanRow, PlanStepRow, PlanWrite, PlansSpent,
};
pub use postgres::PostgresSettings;
pub use reviews::{RemarkRow, ReviewFilter, ReviewRow, ReviewWrite};
pub use rows::{
    AddressRow, CheckpointRow, Counted, DecisionFilter, DecisionRow, HeldLevel, HeldUntil, LeafRow, Lease,
    LedgerHead, NewDecision, OutcomeRow, PolicyRow, ProfileRow, RiskTokenRow, SealedBodyRow, SignUpRow,
    Standing, SubjectKeyRow, SwitchRow, UserAtRiskRow, UsersAtRiskFilter,
};
pub use scope::Scope;
pub use sqlite::backup_sqlite;
pub use store::{Access, Store};
