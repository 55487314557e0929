//! The store as callers see it, whatever database is behind it.

use std::{collections::BTreeMap, path::Path, sync::Arc, time::Duration};

use countersign_core::{Clock, DecisionId, SubjectId, TenantId, Timestamp};
use countersign_ledger::{
    Hash, leaf_hash,
    proof::{self, HashSource, ProofError},
};
use tokio::{runtime::Handle, sync::watch};

use crate::{
    AddressRow, AlertFilter, AlertRow, AttackSourceRow, CheckpointRow, Commit, Committed, DecisionFilter,
    DecisionRow, DeliveryFilter, DeliveryRow, IncidentFilter, IncidentNoteRow, IncidentRow, InquiryFilter,
    InquiryRow, JoinHow, JoinRow, JoinState, LeafRow, Lease, LedgerHead, LogEntryRow, LogFilter,
    LogRejectRow, LogSnapshotPiece, LogSnapshotRow, LogState, LogStretch, MentionRow, ModelActRow, ModelRow,
    NewLogEntry, NewLogReject, Old, PlacedMessage, PolicyRow, ProfileRow, RiskTokenRow, Scope, SealedBodyRow,
    SignUpRow, StoreError, SubjectKeyRow, SuppressionRow, SwitchRow, UserAtRiskRow, UsersAtRiskFilter,
    postgres::{Postgres, PostgresSettings},
    sqlite::Sqlite,
};

/// Whether a store is opened to be written to.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Access {
    /// For the one process that owns it, or on PostgreSQL for one of several.
    Own,
    /// For an audit beside it, or of a copy.
    ReadOnly,
}

/// Records, ledger and subject keys. Cheap to clone.
#[derive(Clone)]
pub struct Store(Arc<Backend>);

enum Backend {
    Sqlite(Sqlite),
    Postgres(Postgres),
}

/// Calls the method of the same name on the backend.
macro_rules! backend {
    ($self:ident.$($call:tt)+) => {
        match $self.0.as_ref() {
            Backend::Sqlite(backend) => backend.$($call)+,
            Backend::Postgres(backend) => backend.$($call)+,
        }
    };
}

mod access;
mod plans;
mod reviews;

impl Store {
    /// Opens the embedded database in `folder`; makes it when `access` is `Own` and there is none.
    ///
    /// # Errors
    /// `Unavailable` when another process owns it, SQLite is too old or commits would not be durable; `Corrupt` when
    /// it was written by a newer version.
    pub fn open_sqlite(folder: &Path, access: Access, clock: &Arc<dyn Clock>) -> Result<Self, StoreError> {
        Ok(Self(Arc::new(Backend::Sqlite(Sqlite::open(folder, access, clock)?))))
    }

    /// Connects to PostgreSQL; makes what is missing when `access` is `Own`.
    ///
    /// # Errors
    /// `Unavailable` when a server can't be reached, is too old, or commits would not be durable; `Corrupt` when the
    /// database was written by a newer version.
    pub async fn connect_postgres(
        settings: PostgresSettings,
        access: Access,
        clock: &Arc<dyn Clock>,
    ) -> Result<Self, StoreError> {
        Ok(Self(Arc::new(Backend::Postgres(Postgres::connect(settings, access, clock).await?))))
    }

    /// Sequences the leaves, does the writes, and answers when both are durable.
    ///
    /// # Errors
    /// `Conflict` or `Stale` when a write meets another state than it expects: then nothing of this commit was done.
    /// `Expired` when it was not begun in time. `Fenced` when another process took the lease that it names. `Unavailable`
    /// when the database can't be written.
    pub async fn commit(&self, commit: Commit) -> Result<Committed, StoreError> {
        backend!(self.commit(commit).await)
    }

    /// A person's profile; `None` when there is none.
    ///
    /// # Errors
    /// As every read: `Unavailable` or `Corrupt`.
    pub async fn find_profile(
        &self,
        tenant: &TenantId,
        subject: &SubjectId,
    ) -> Result<Option<ProfileRow>, StoreError> {
        backend!(self.find_profile(tenant, subject).await)
    }

    /// The people at a level of user risk: who stays there longest first, then by pseudonym.
    ///
    /// # Errors
    /// As every read: `Unavailable` or `Corrupt`.
    pub async fn list_users_at_risk(
        &self,
        tenant: &TenantId,
        filter: UsersAtRiskFilter,
        limit: u32,
    ) -> Result<Vec<UserAtRiskRow>, StoreError> {
        backend!(self.list_users_at_risk(tenant, filter, limit).await)
    }

    /// A decision by its id; `None` also when it is not within the scope.
    ///
    /// # Errors
    /// As every read: `Unavailable` or `Corrupt`.
    pub async fn find_decision(
        &self,
        scope: Scope<'_>,
        id: &DecisionId,
    ) -> Result<Option<DecisionRow>, StoreError> {
        backend!(self.find_decision(scope, id).await)
    }

    /// Decisions of the scope in the order of the ledger: newest first, or oldest first when the filter says `after`.
    ///
    /// # Errors
    /// As every read: `Unavailable` or `Corrupt`.
    pub async fn list_decisions(
        &self,
        scope: Scope<'_>,
        filter: DecisionFilter,
        limit: u32,
    ) -> Result<Vec<DecisionRow>, StoreError> {
        backend!(self.list_decisions(scope, filter, limit).await)
    }

    /// The leaf of a record; `None` also when it is not within the scope: to an organization only its decisions have leaves.
    ///
    /// # Errors
    /// As every read: `Unavailable` or `Corrupt`.
    pub async fn find_leaf(&self, scope: Scope<'_>, record_id: &str) -> Result<Option<LeafRow>, StoreError> {
        backend!(self.find_leaf(scope, record_id).await)
    }

    /// At most `count` leaves from `first` on, in order.
    ///
    /// # Errors
    /// As every read: `Unavailable` or `Corrupt`.
    pub async fn list_leaves(
        &self,
        tenant: &TenantId,
        first: u64,
        count: u64,
    ) -> Result<Vec<LeafRow>, StoreError> {
        backend!(self.list_leaves(tenant, first, count).await)
    }

    /// The first leaf that was recorded at `at` or later, as far as times follow the order of the leaves; the tree's size when
    /// there is none.
    ///
    /// # Errors
    /// As every read: `Unavailable` or `Corrupt`.
    pub async fn first_leaf_since(&self, tenant: &TenantId, at: Timestamp) -> Result<u64, StoreError> {
        backend!(self.first_leaf_since(tenant, at).await)
    }

    /// The sealed bodies of a leaf, in the order of its commitments; none when they were deleted, or the leaf is not within the
    /// scope.
    ///
    /// # Errors
    /// As every read: `Unavailable` or `Corrupt`.
    pub async fn list_sealed_bodies(
        &self,
        scope: Scope<'_>,
        leaf: u64,
    ) -> Result<Vec<SealedBodyRow>, StoreError> {
        backend!(self.list_sealed_bodies(scope, leaf).await)
    }

    /// The head of a tenant's ledger as committed.
    ///
    /// # Errors
    /// As every read: `Unavailable` or `Corrupt`.
    pub async fn get_ledger_head(&self, tenant: &TenantId) -> Result<LedgerHead, StoreError> {
        backend!(self.get_ledger_head(tenant).await)
    }

    /// Roots of complete subtrees of 256^`level` leaves, from the `first` on, in order.
    ///
    /// # Errors
    /// As every read: `Unavailable` or `Corrupt`.
    pub async fn list_nodes(
        &self,
        tenant: &TenantId,
        level: u8,
        first: u64,
        count: u64,
    ) -> Result<Vec<Hash>, StoreError> {
        backend!(self.list_nodes(tenant, level, first, count).await)
    }

    /// Checkpoints over at least `size` leaves, smallest first.
    ///
    /// # Errors
    /// As every read: `Unavailable` or `Corrupt`.
    pub async fn list_checkpoints(
        &self,
        tenant: &TenantId,
        size: u64,
        limit: u32,
    ) -> Result<Vec<CheckpointRow>, StoreError> {
        backend!(self.list_checkpoints(tenant, size, limit).await)
    }

    /// The newest checkpoint.
    ///
    /// # Errors
    /// As every read: `Unavailable` or `Corrupt`.
    pub async fn find_newest_checkpoint(
        &self,
        tenant: &TenantId,
    ) -> Result<Option<CheckpointRow>, StoreError> {
        backend!(self.find_newest_checkpoint(tenant).await)
    }

    /// The kill switches that were ever set.
    ///
    /// # Errors
    /// As every read: `Unavailable` or `Corrupt`.
    pub async fn list_switches(&self, tenant: &TenantId) -> Result<Vec<SwitchRow>, StoreError> {
        backend!(self.list_switches(tenant).await)
    }

    /// Versions of the model that scores, newest first, without their constants.
    ///
    /// # Errors
    /// As every read: `Unavailable` or `Corrupt`.
    pub async fn list_models(&self, tenant: &TenantId, limit: u32) -> Result<Vec<ModelRow>, StoreError> {
        backend!(self.list_models(tenant, limit).await)
    }

    /// A version of the model that scores, with its constants as JSON.
    ///
    /// # Errors
    /// As every read: `Unavailable` or `Corrupt`.
    pub async fn find_model(
        &self,
        tenant: &TenantId,
        version: u64,
    ) -> Result<Option<(ModelRow, String)>, StoreError> {
        backend!(self.find_model(tenant, version).await)
    }

    /// The version of the model with this tag.
    ///
    /// # Errors
    /// As every read: `Unavailable` or `Corrupt`.
    pub async fn find_model_version(&self, tenant: &TenantId, tag: &str) -> Result<Option<u64>, StoreError> {
        backend!(self.find_model_version(tenant, tag).await)
    }

    /// Acts that said which models hold, newest first.
    ///
    /// # Errors
    /// As every read: `Unavailable` or `Corrupt`.
    pub async fn list_model_acts(
        &self,
        tenant: &TenantId,
        limit: u32,
    ) -> Result<Vec<ModelActRow>, StoreError> {
        backend!(self.list_model_acts(tenant, limit).await)
    }

    /// The newest act, which says which models hold; `None`: the shipped one decides.
    ///
    /// # Errors
    /// As every read: `Unavailable` or `Corrupt`.
    pub async fn find_model_act(&self, tenant: &TenantId) -> Result<Option<ModelActRow>, StoreError> {
        backend!(self.find_model_act(tenant).await)
    }

    /// The newest version of the policy.
    ///
    /// # Errors
    /// As every read: `Unavailable` or `Corrupt`.
    pub async fn find_policy(&self, tenant: &TenantId) -> Result<Option<PolicyRow>, StoreError> {
        backend!(self.find_policy(tenant).await)
    }

    /// Versions of the policy, newest first.
    ///
    /// # Errors
    /// As every read: `Unavailable` or `Corrupt`.
    pub async fn list_policies(&self, tenant: &TenantId, limit: u32) -> Result<Vec<PolicyRow>, StoreError> {
        backend!(self.list_policies(tenant, limit).await)
    }

    /// What was found at the tenant, as it was last written.
    ///
    /// # Errors
    /// As every read: `Unavailable` or `Corrupt`.
    pub async fn find_findings(&self, tenant: &TenantId) -> Result<Option<String>, StoreError> {
        backend!(self.find_findings(tenant).await)
    }

    /// Up to which leaf silence was counted.
    ///
    /// # Errors
    /// As every read: `Unavailable` or `Corrupt`.
    pub async fn find_silence_cursor(&self, tenant: &TenantId) -> Result<Option<u64>, StoreError> {
        backend!(self.find_silence_cursor(tenant).await)
    }

    /// Up to which leaf (exclusive) bodies of the kind whose record ids begin with `prefix` were deleted.
    ///
    /// # Errors
    /// As every read: `Unavailable` or `Corrupt`.
    pub async fn find_retention_cursor(
        &self,
        tenant: &TenantId,
        prefix: &str,
    ) -> Result<Option<u64>, StoreError> {
        backend!(self.find_retention_cursor(tenant, prefix).await)
    }

    /// The accounts that have an address, in the order of their pseudonyms.
    ///
    /// # Errors
    /// As every read: `Unavailable` or `Corrupt`.
    pub async fn list_address_holders(
        &self,
        tenant: &TenantId,
        address: &SubjectId,
    ) -> Result<Vec<AddressRow>, StoreError> {
        backend!(self.list_address_holders(tenant, address).await)
    }

    /// The addresses that a person has, in the order of their pseudonyms.
    ///
    /// # Errors
    /// As every read: `Unavailable` or `Corrupt`.
    pub async fn list_addresses(
        &self,
        tenant: &TenantId,
        subject: &SubjectId,
    ) -> Result<Vec<AddressRow>, StoreError> {
        backend!(self.list_addresses(tenant, subject).await)
    }

    /// The sign-up that is kept of an account, or of an address at a connection.
    ///
    /// # Errors
    /// As every read: `Unavailable` or `Corrupt`.
    pub async fn find_sign_up(
        &self,
        tenant: &TenantId,
        holder: &SubjectId,
        connection: &str,
    ) -> Result<Option<SignUpRow>, StoreError> {
        backend!(self.find_sign_up(tenant, holder, connection).await)
    }

    /// The tokens of the short form, oldest first.
    ///
    /// # Errors
    /// As every read: `Unavailable` or `Corrupt`.
    pub async fn list_risk_tokens(&self, tenant: &TenantId) -> Result<Vec<RiskTokenRow>, StoreError> {
        backend!(self.list_risk_tokens(tenant).await)
    }

    /// Journals log entries once each by their ids, and what could not be read among them; durable when it returns.
    /// Says the place of each entry in turn, `None` for one that is journaled already.
    ///
    /// # Errors
    /// `Unavailable` when the database can't be written; then nobody knows how many of them are journaled, and all are to be given again.
    pub async fn append_log(
        &self,
        tenant: &TenantId,
        arrived: Timestamp,
        entries: Vec<NewLogEntry>,
        rejects: Vec<NewLogReject>,
    ) -> Result<Vec<Option<u64>>, StoreError> {
        backend!(self.append_log(tenant, arrived, entries, rejects).await)
    }

    /// How far the log was journaled and looked at.
    ///
    /// # Errors
    /// As every read: `Unavailable` or `Corrupt`.
    pub async fn get_log_state(&self, tenant: &TenantId) -> Result<LogState, StoreError> {
        backend!(self.get_log_state(tenant).await)
    }

    /// Log entries from the place `from` on, in the order of arrival.
    ///
    /// # Errors
    /// As every read: `Unavailable` or `Corrupt`.
    pub async fn list_log(
        &self,
        tenant: &TenantId,
        from: u64,
        limit: u32,
    ) -> Result<Vec<LogEntryRow>, StoreError> {
        backend!(self.list_log(tenant, from, limit).await)
    }

    /// Log entries of a stretch, in the order of event time.
    ///
    /// # Errors
    /// As every read: `Unavailable` or `Corrupt`.
    pub async fn list_log_in_time(
        &self,
        tenant: &TenantId,
        stretch: LogStretch,
        limit: u32,
    ) -> Result<Vec<LogEntryRow>, StoreError> {
        backend!(self.list_log_in_time(tenant, stretch, limit).await)
    }

    /// The log entry of an id.
    ///
    /// # Errors
    /// As every read: `Unavailable` or `Corrupt`.
    pub async fn find_log_entry(
        &self,
        tenant: &TenantId,
        log_id: &str,
    ) -> Result<Option<LogEntryRow>, StoreError> {
        backend!(self.find_log_entry(tenant, log_id).await)
    }

    /// Log entries, the last that came first.
    ///
    /// # Errors
    /// `Unavailable` and `Corrupt`.
    pub async fn list_log_newest(
        &self,
        tenant: &TenantId,
        filter: LogFilter,
        limit: u32,
    ) -> Result<Vec<LogEntryRow>, StoreError> {
        backend!(self.list_log_newest(tenant, filter, limit).await)
    }

    /// The log entries at these places, as far as they are there, in the order of the places.
    ///
    /// # Errors
    /// As every read: `Unavailable` or `Corrupt`.
    pub async fn list_log_at(
        &self,
        tenant: &TenantId,
        places: Vec<u64>,
    ) -> Result<Vec<LogEntryRow>, StoreError> {
        backend!(self.list_log_at(tenant, places).await)
    }

    /// What came among log entries and could not be read, newest first.
    ///
    /// # Errors
    /// As every read: `Unavailable` or `Corrupt`.
    pub async fn list_log_rejects(
        &self,
        tenant: &TenantId,
        limit: u32,
    ) -> Result<Vec<LogRejectRow>, StoreError> {
        backend!(self.list_log_rejects(tenant, limit).await)
    }

    /// How much there is of what is old, counted up to `most`.
    ///
    /// # Errors
    /// As every read: `Unavailable` or `Corrupt`.
    pub async fn count_old(&self, tenant: &TenantId, old: Old, most: u32) -> Result<u64, StoreError> {
        backend!(self.count_old(tenant, old, most).await)
    }

    /// Whether anything is sealed under the key of this name beside the ledger's records and profiles. Of the log, only entries are
    /// looked at that happened at `until` or before: no later one may have been sealed under it.
    ///
    /// # Errors
    /// As every read: `Unavailable` or `Corrupt`.
    pub async fn is_key_used(
        &self,
        tenant: &TenantId,
        key_id: &str,
        until: Timestamp,
    ) -> Result<bool, StoreError> {
        backend!(self.is_key_used(tenant, key_id, until).await)
    }

    /// The alert of an id.
    ///
    /// # Errors
    /// As every read: `Unavailable` or `Corrupt`.
    pub async fn find_alert(&self, tenant: &TenantId, id: &str) -> Result<Option<AlertRow>, StoreError> {
        backend!(self.find_alert(tenant, id).await)
    }

    /// Alerts, the newest finding first.
    ///
    /// # Errors
    /// As every read: `Unavailable` or `Corrupt`.
    pub async fn list_alerts(
        &self,
        tenant: &TenantId,
        filter: AlertFilter,
        limit: u32,
    ) -> Result<Vec<AlertRow>, StoreError> {
        backend!(self.list_alerts(tenant, filter, limit).await)
    }

    /// The incident of an id.
    ///
    /// # Errors
    /// As every read: `Unavailable` or `Corrupt`.
    pub async fn find_incident(
        &self,
        tenant: &TenantId,
        id: &str,
    ) -> Result<Option<IncidentRow>, StoreError> {
        backend!(self.find_incident(tenant, id).await)
    }

    /// Incidents, the newest finding first.
    ///
    /// # Errors
    /// As every read: `Unavailable` or `Corrupt`.
    pub async fn list_incidents(
        &self,
        tenant: &TenantId,
        filter: IncidentFilter,
        limit: u32,
    ) -> Result<Vec<IncidentRow>, StoreError> {
        backend!(self.list_incidents(tenant, filter, limit).await)
    }

    /// The incidents whose alerts are about one of these entities and true at some time between two, both inclusive; one mention
    /// for each alert and entity, in no promised order.
    ///
    /// # Errors
    /// As every read: `Unavailable` or `Corrupt`.
    pub async fn list_mentions(
        &self,
        tenant: &TenantId,
        entities: Vec<u64>,
        between: (Timestamp, Timestamp),
    ) -> Result<Vec<(String, MentionRow)>, StoreError> {
        backend!(self.list_mentions(tenant, entities, between).await)
    }

    /// What people wrote about an incident, newest first.
    ///
    /// # Errors
    /// As every read: `Unavailable` or `Corrupt`.
    pub async fn list_incident_notes(
        &self,
        tenant: &TenantId,
        incident: &str,
        limit: u32,
    ) -> Result<Vec<IncidentNoteRow>, StoreError> {
        backend!(self.list_incident_notes(tenant, incident, limit).await)
    }

    /// Where confirmed attacks came from, as far as it counts at `at` or later, in event time.
    ///
    /// # Errors
    /// `Unavailable` and `Corrupt`.
    pub async fn list_attack_sources(
        &self,
        tenant: &TenantId,
        at: Timestamp,
    ) -> Result<Vec<AttackSourceRow>, StoreError> {
        backend!(self.list_attack_sources(tenant, at).await)
    }

    /// Suppressions that hold at `at` or later, in event time.
    ///
    /// # Errors
    /// As every read: `Unavailable` or `Corrupt`.
    pub async fn list_suppressions(
        &self,
        tenant: &TenantId,
        at: Timestamp,
    ) -> Result<Vec<SuppressionRow>, StoreError> {
        backend!(self.list_suppressions(tenant, at).await)
    }

    /// What is or was to be told to receivers, in the order in which it is tried.
    ///
    /// # Errors
    /// As every read: `Unavailable` or `Corrupt`.
    pub async fn list_deliveries(
        &self,
        tenant: &TenantId,
        filter: DeliveryFilter,
        limit: u32,
    ) -> Result<Vec<DeliveryRow>, StoreError> {
        backend!(self.list_deliveries(tenant, filter, limit).await)
    }

    /// Questions to people, in the order in which they are mailed.
    ///
    /// # Errors
    /// As every read: `Unavailable` or `Corrupt`.
    pub async fn list_inquiries(
        &self,
        tenant: &TenantId,
        filter: InquiryFilter,
        limit: u32,
    ) -> Result<Vec<InquiryRow>, StoreError> {
        backend!(self.list_inquiries(tenant, filter, limit).await)
    }

    /// Where a receiver put the newest message about something; `None` where it said of none.
    ///
    /// # Errors
    /// As every read: `Unavailable` or `Corrupt`.
    pub async fn find_placed_message(
        &self,
        tenant: &TenantId,
        hook: &str,
        about: &str,
    ) -> Result<Option<PlacedMessage>, StoreError> {
        backend!(self.find_placed_message(tenant, hook, about).await)
    }

    /// The snapshots of what detectors know, in the order of event time.
    ///
    /// # Errors
    /// As every read: `Unavailable` or `Corrupt`.
    pub async fn list_log_snapshots(&self, tenant: &TenantId) -> Result<Vec<LogSnapshotRow>, StoreError> {
        backend!(self.list_log_snapshots(tenant).await)
    }

    /// Pieces of a snapshot from one on, in their order.
    ///
    /// # Errors
    /// As every read: `Unavailable` or `Corrupt`.
    pub async fn list_log_snapshot_pieces(
        &self,
        tenant: &TenantId,
        number: u64,
        from: u32,
        limit: u32,
    ) -> Result<Vec<LogSnapshotPiece>, StoreError> {
        backend!(self.list_log_snapshot_pieces(tenant, number, from, limit).await)
    }

    /// The number of a snapshot that is not there and of which pieces are.
    ///
    /// # Errors
    /// As every read: `Unavailable` or `Corrupt`.
    pub async fn find_log_snapshot_rest(&self, tenant: &TenantId) -> Result<Option<u64>, StoreError> {
        backend!(self.find_log_snapshot_rest(tenant).await)
    }

    /// How far the journal was joined to decisions.
    ///
    /// # Errors
    /// As every read: `Unavailable` or `Corrupt`.
    pub async fn get_join_state(&self, tenant: &TenantId) -> Result<JoinState, StoreError> {
        backend!(self.get_join_state(tenant).await)
    }

    /// Decisions that are sealed under the key of this name and were made between two times, both inclusive, as far as they
    /// were made known as candidates; newest first.
    ///
    /// # Errors
    /// As every read: `Unavailable` or `Corrupt`.
    pub async fn list_join_candidates(
        &self,
        tenant: &TenantId,
        key_id: &str,
        between: (Timestamp, Timestamp),
        limit: u32,
    ) -> Result<Vec<DecisionId>, StoreError> {
        backend!(self.list_join_candidates(tenant, key_id, between, limit).await)
    }

    /// The entries that belong to these decisions, by decision and then by Auth0's id.
    ///
    /// # Errors
    /// As every read: `Unavailable` or `Corrupt`.
    pub async fn list_joins_of(
        &self,
        tenant: &TenantId,
        decisions: Vec<DecisionId>,
    ) -> Result<Vec<JoinRow>, StoreError> {
        backend!(self.list_joins_of(tenant, decisions).await)
    }

    /// What is known of these entries' decisions, in no promised order.
    ///
    /// # Errors
    /// As every read: `Unavailable` or `Corrupt`.
    pub async fn list_joins_at(
        &self,
        tenant: &TenantId,
        log_ids: Vec<String>,
    ) -> Result<Vec<JoinRow>, StoreError> {
        backend!(self.list_joins_at(tenant, log_ids).await)
    }

    /// Sign-ins that were joined so, and happened from the first time on and before the second; oldest first.
    ///
    /// # Errors
    /// As every read: `Unavailable` or `Corrupt`.
    pub async fn list_logins(
        &self,
        tenant: &TenantId,
        how: JoinHow,
        between: (Timestamp, Timestamp),
        limit: u32,
    ) -> Result<Vec<JoinRow>, StoreError> {
        backend!(self.list_logins(tenant, how, between, limit).await)
    }

    /// How many sign-ins were joined how, of those that happened from the first time on and before the second.
    ///
    /// # Errors
    /// As every read: `Unavailable` or `Corrupt`.
    pub async fn count_logins(
        &self,
        tenant: &TenantId,
        between: (Timestamp, Timestamp),
    ) -> Result<BTreeMap<JoinHow, u64>, StoreError> {
        backend!(self.count_logins(tenant, between).await)
    }

    /// Up to where the log was read through the tenant's API.
    ///
    /// # Errors
    /// As every read: `Unavailable` or `Corrupt`.
    pub async fn find_log_cursor(&self, tenant: &TenantId, name: &str) -> Result<Option<String>, StoreError> {
        backend!(self.find_log_cursor(tenant, name).await)
    }

    /// Names of the keys that were to be destroyed at `since` or later, in the order of the names; all when `None`.
    ///
    /// # Errors
    /// As every read: `Unavailable` or `Corrupt`.
    pub async fn list_erasures(
        &self,
        tenant: &TenantId,
        since: Option<Timestamp>,
    ) -> Result<Vec<String>, StoreError> {
        backend!(self.list_erasures(tenant, since).await)
    }

    /// The tenants that have a ledger.
    ///
    /// # Errors
    /// As every read: `Unavailable` or `Corrupt`.
    pub async fn list_tenants(&self) -> Result<Vec<TenantId>, StoreError> {
        backend!(self.list_tenants().await)
    }

    /// A person's wrapped key; `None` when there never was one, or it was erased.
    ///
    /// # Errors
    /// As every read: `Unavailable` or `Corrupt`.
    pub async fn find_subject_key(
        &self,
        tenant: &TenantId,
        subject: &SubjectId,
    ) -> Result<Option<SubjectKeyRow>, StoreError> {
        backend!(self.find_subject_key(tenant, subject).await)
    }

    /// The wrapped keys of these people, as far as they have one, in no promised order.
    ///
    /// # Errors
    /// As every read: `Unavailable` or `Corrupt`.
    pub async fn find_subject_keys(
        &self,
        tenant: &TenantId,
        subjects: Vec<SubjectId>,
    ) -> Result<Vec<(SubjectId, SubjectKeyRow)>, StoreError> {
        backend!(self.find_subject_keys(tenant, subjects).await)
    }

    /// The wrapped keys of these names, as far as they are there, with whose they are, in no promised order.
    ///
    /// # Errors
    /// As every read: `Unavailable` or `Corrupt`.
    pub async fn find_keys_named(
        &self,
        tenant: &TenantId,
        key_ids: Vec<String>,
    ) -> Result<Vec<(SubjectId, SubjectKeyRow)>, StoreError> {
        backend!(self.find_keys_named(tenant, key_ids).await)
    }

    /// Whose key has this name; `None` when it was deleted, so that its person was erased.
    ///
    /// # Errors
    /// As every read: `Unavailable` or `Corrupt`.
    pub async fn find_subject_of_key(
        &self,
        tenant: &TenantId,
        key_id: &str,
    ) -> Result<Option<SubjectId>, StoreError> {
        backend!(self.find_subject_of_key(tenant, key_id).await)
    }

    /// Wrapped keys in the order of their subjects, after `after`.
    ///
    /// # Errors
    /// As every read: `Unavailable` or `Corrupt`.
    pub async fn list_subject_keys(
        &self,
        tenant: &TenantId,
        after: Option<&SubjectId>,
        limit: u32,
    ) -> Result<Vec<(SubjectId, SubjectKeyRow)>, StoreError> {
        backend!(self.list_subject_keys(tenant, after, limit).await)
    }

    /// Keeps `key` for a person, unless there is one already, and returns the one that is kept; durable when it answers.
    /// After `expires_at` on the monotonic clock the work must not begin; `None`: it may always.
    ///
    /// # Errors
    /// `Expired` when it was not begun in time. `Unavailable` when it can't be written.
    pub async fn find_or_insert_subject_key(
        &self,
        tenant: &TenantId,
        subject: &SubjectId,
        key: SubjectKeyRow,
        expires_at: Option<Duration>,
    ) -> Result<SubjectKeyRow, StoreError> {
        backend!(self.find_or_insert_subject_key(tenant, subject, key, expires_at).await)
    }

    /// As `find_or_insert_subject_key` of many people, each once, in one transaction; returns the kept keys in their order.
    ///
    /// # Errors
    /// `Unavailable` when it can't be written.
    pub async fn find_or_insert_subject_keys(
        &self,
        tenant: &TenantId,
        keys: Vec<(SubjectId, SubjectKeyRow)>,
    ) -> Result<Vec<SubjectKeyRow>, StoreError> {
        backend!(self.find_or_insert_subject_keys(tenant, keys).await)
    }

    /// Puts a key that is wrapped anew in the place of the same key; returns whether it was there as `old` says. One that was
    /// erased meanwhile stays erased.
    ///
    /// # Errors
    /// `Unavailable` when it can't be written.
    pub async fn rewrap_subject_key(
        &self,
        tenant: &TenantId,
        subject: &SubjectId,
        old: &SubjectKeyRow,
        wrapped: Vec<u8>,
    ) -> Result<bool, StoreError> {
        backend!(self.rewrap_subject_key(tenant, subject, old, wrapped).await)
    }

    /// Destroys the key of this name, if it is the person's; returns whether it was. Nothing sealed under it opens again. A
    /// key that the person has by another name, since they came anew, stays.
    ///
    /// # Errors
    /// `Unavailable` when it can't be written, or when the key is deleted and its bytes could not be cleared from the
    /// write-ahead log: call it again, which clears the log though it finds no key.
    pub async fn delete_subject_key(
        &self,
        tenant: &TenantId,
        subject: &SubjectId,
        key_id: &str,
    ) -> Result<bool, StoreError> {
        backend!(self.delete_subject_key(tenant, subject, key_id).await)
    }

    /// A tenant's wrapped root of pseudonyms, kept beside the subjects' keys; `None` when none was kept yet.
    ///
    /// # Errors
    /// As every read: `Unavailable` or `Corrupt`.
    pub async fn find_pseudonym_root(&self, tenant: &TenantId) -> Result<Option<Vec<u8>>, StoreError> {
        backend!(self.find_pseudonym_root(tenant).await)
    }

    /// Keeps a tenant's wrapped root of pseudonyms, unless there is one already, and returns the one that is kept; durable when it
    /// answers.
    ///
    /// # Errors
    /// `Unavailable` when it can't be written.
    pub async fn find_or_insert_pseudonym_root(
        &self,
        tenant: &TenantId,
        wrapped: Vec<u8>,
    ) -> Result<Vec<u8>, StoreError> {
        backend!(self.find_or_insert_pseudonym_root(tenant, wrapped).await)
    }

    /// Keeps a tenant's wrapped root of pseudonyms, in the place of an earlier one.
    ///
    /// # Errors
    /// `Unavailable` when it can't be written.
    pub async fn put_pseudonym_root(&self, tenant: &TenantId, wrapped: Vec<u8>) -> Result<(), StoreError> {
        backend!(self.put_pseudonym_root(tenant, wrapped).await)
    }

    /// Takes or renews the lease `name` of a tenant for `holder`, a name unique to the process, for `ttl` by the database's own
    /// clock; `None` while another process holds it. The epoch stays while one process renews.
    ///
    /// # Errors
    /// `Unavailable` when it can't be written.
    pub async fn acquire_lease(
        &self,
        tenant: &TenantId,
        name: &str,
        holder: &str,
        ttl: Duration,
    ) -> Result<Option<Lease>, StoreError> {
        backend!(self.acquire_lease(tenant, name, holder, ttl).await)
    }

    /// Gives a lease back; nothing happens when it is not held.
    ///
    /// # Errors
    /// `Unavailable` when it can't be written.
    pub async fn release_lease(&self, tenant: &TenantId, name: &str, holder: &str) -> Result<(), StoreError> {
        backend!(self.release_lease(tenant, name, holder).await)
    }

    /// Whether other processes may work on the same database.
    #[must_use]
    pub fn is_shared(&self) -> bool {
        matches!(self.0.as_ref(), Backend::Postgres(_))
    }

    /// Counts up when another process, or this one, changed switches, policy, models, tokens or erasures. A hint: it may be late or
    /// lost, so look also without it.
    #[must_use]
    pub fn changes(&self) -> watch::Receiver<u64> {
        backend!(self.changes())
    }

    /// Proves that the leaf at `index` is in the tree of a tenant's first `size` leaves (RFC 6962, section 2.1.1).
    ///
    /// # Errors
    /// `Outside` when `index >= size`, `Short` when leaves are missing, `Source` as every read.
    pub async fn inclusion_proof(
        &self,
        tenant: &TenantId,
        index: u64,
        size: u64,
    ) -> Result<Vec<Hash>, ProofError<StoreError>> {
        self.prove(tenant, move |hashes| proof::inclusion_proof(hashes, index, size)).await
    }

    /// Proves that the tree of a tenant's first `new` leaves extends that of the first `old` (RFC 6962, section 2.1.2).
    ///
    /// # Errors
    /// `Outside` when `old > new`, `Short` when leaves are missing, `Source` as every read.
    pub async fn consistency_proof(
        &self,
        tenant: &TenantId,
        old: u64,
        new: u64,
    ) -> Result<Vec<Hash>, ProofError<StoreError>> {
        self.prove(tenant, move |hashes| proof::consistency_proof(hashes, old, new)).await
    }

    /// Runs the pure proof beside the threads that answer sign-ins: it asks for hashes one after the other.
    async fn prove<F>(&self, tenant: &TenantId, proof: F) -> Result<Vec<Hash>, ProofError<StoreError>>
    where
        F: FnOnce(&Hashes) -> Result<Vec<Hash>, ProofError<StoreError>> + Send + 'static,
    {
        let hashes = Hashes { store: self.clone(), tenant: tenant.clone(), handle: Handle::current() };
        tokio::task::spawn_blocking(move || proof(&hashes)).await.unwrap_or_else(|_| {
            Err(ProofError::Source(StoreError::Unavailable("a read was stopped".to_owned())))
        })
    }
}

/// The hashes of one tenant's tree, read from a thread that may block.
struct Hashes {
    store: Store,
    tenant: TenantId,
    handle: Handle,
}

impl HashSource for Hashes {
    type Error = StoreError;

    fn leaves(&self, first: u64, count: u64) -> Result<Vec<Hash>, StoreError> {
        let rows = self.handle.block_on(self.store.list_leaves(&self.tenant, first, count))?;
        Ok(rows.iter().map(|row| leaf_hash(&row.leaf)).collect())
    }

    fn nodes(&self, level: u8, first: u64, count: u64) -> Result<Vec<Hash>, StoreError> {
        self.handle.block_on(self.store.list_nodes(&self.tenant, level, first, count))
    }
}
