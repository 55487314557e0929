//! The journal of a tenant's log as people ask for it: which entries there are, and one of them opened.

use countersign_core::{SubjectId, Timestamp};
use countersign_privacy::fields::{Allowed, Redacted, Source, masked, redact};
use countersign_store::{LogEntryRow, LogFilter};
use serde_json::{Value, json};

use crate::{
    App, Error, Tenant,
    access::Permit,
    acts::PlanOfLog,
    reveal::{MaskedField, Reason, check_reason, fields_view},
};

/// The most entries of one page.
pub const MAX_ENTRIES: u32 = 100;

/// How many entries are looked through for one page where only some are wanted: a page may then be short and have a next one.
const LOOKED_THROUGH: u64 = 100_000;

/// Which entries are asked for; what is absent means any.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct LogQuery {
    /// Of this type code.
    pub kind: Option<String>,
    /// About this account, which the entry tells by its id.
    pub account: Option<SubjectId>,
    /// That happened at this time or later.
    pub since: Option<Timestamp>,
    /// That happened earlier.
    pub until: Option<Timestamp>,
    /// Before this place in the journal.
    pub before: Option<u64>,
}

/// Entries, the last that came first.
#[derive(Debug)]
pub struct LogPage {
    /// Their rows; what they tell stays sealed.
    pub rows: Vec<LogEntryRow>,
    /// The place before which the next page begins; `None` at the end.
    pub next: Option<u64>,
}

/// An entry with all that it tells.
#[derive(Debug)]
pub struct OpenedEntry {
    /// Its row.
    pub row: LogEntryRow,
    /// The entry as Auth0 sent it.
    pub entry: Value,
}

/// An entry with what of it tells of nobody.
#[derive(Debug)]
pub struct RedactedEntry {
    /// Its row.
    pub row: LogEntryRow,
    /// What is left of the entry.
    pub entry: Value,
    /// What of it is masked and can be opened.
    pub fields: Vec<MaskedField>,
    /// Whether something is gone since the entry was too deep or too large.
    pub is_cut: bool,
    /// The plan whose step made it; `None` where no call of a plan of ours did.
    pub plan: Option<PlanOfLog>,
}

impl App {
    /// A page of the journal, in the order of its places, the last first. It names nobody.
    ///
    /// # Errors
    /// `Unavailable`.
    pub async fn log_entries(&self, tenant: &Tenant, query: LogQuery, limit: u32) -> Result<LogPage, Error> {
        let LogQuery { kind, account, since, until, before } = query;
        let limit = limit.clamp(1, MAX_ENTRIES);
        let before = match before {
            Some(before) => before,
            None => self.ports.store.get_log_state(&tenant.id).await?.next,
        };
        let key_id = match &account {
            Some(account) => match self.find_key(tenant, account).await? {
                Some(key) => Some(key.id.clone()),
                // Why: whoever has no key has no entry, or was erased.
                None => return Ok(LogPage { rows: Vec::new(), next: None }),
            },
            None => None,
        };
        let from = if key_id.is_some() { 0 } else { before.saturating_sub(LOOKED_THROUGH) };
        let filter = LogFilter { from, before, kind, key_id, since, until };
        let rows = self.ports.store.list_log_newest(&tenant.id, filter, limit).await?;
        let is_full = u32::try_from(rows.len()).is_ok_and(|count| count >= limit);
        let reached = if is_full { rows.last().map_or(from, |row| row.seq) } else { from };
        Ok(LogPage { rows, next: (reached > 0).then_some(reached) })
    }

    /// The entries of these ids, as far as they are there, in the order of the ids. They name nobody.
    ///
    /// # Errors
    /// `Unavailable`.
    pub async fn log_entries_of(&self, tenant: &Tenant, log_ids: &[&str]) -> Result<LogPage, Error> {
        let mut rows = Vec::new();
        for log_id in log_ids {
            rows.extend(self.ports.store.find_log_entry(&tenant.id, log_id).await?);
        }
        Ok(LogPage { rows, next: None })
    }

    /// The entry of an id with all that it tells, secrets within it too: who opens it and why is a leaf, on disk before it is told.
    ///
    /// # Errors
    /// `NotFound`; `Reason`; `Erased` when it was about a person who was erased; `Unavailable`.
    pub async fn log_entry(
        &self,
        permit: &Permit,
        log_id: &str,
        reason: Reason<'_>,
    ) -> Result<OpenedEntry, Error> {
        check_reason(permit, reason)?;
        let found = self.ports.store.find_log_entry(&permit.id, log_id).await?;
        let row = found.ok_or(Error::NotFound("log entry"))?;
        let raw = self.open_entry(permit, &row).await?.ok_or(Error::Erased)?;
        let entry = serde_json::from_str(&raw).map_err(Error::internal)?;
        let key = self.opening_key(permit, &row.entry.key_id).await?;
        self.record_opening(permit, &key, ("log", &row.entry.log_id), reason).await?;
        Ok(OpenedEntry { row, entry })
    }

    /// The entry of an id with what of it tells of nobody: words, times and flags, and aliases in place of ids, by the classes of
    /// its fields; of a call that was ours, with the plan that made it. Since it names nobody, the ledger is not told.
    ///
    /// # Errors
    /// `NotFound`; `Erased` when it was about a person who was erased; `Unavailable`.
    pub async fn log_entry_redacted(&self, tenant: &Tenant, log_id: &str) -> Result<RedactedEntry, Error> {
        let found = self.ports.store.find_log_entry(&tenant.id, log_id).await?;
        let row = found.ok_or(Error::NotFound("log entry"))?;
        let raw = self.open_entry(tenant, &row).await?.ok_or(Error::Erased)?;
        let entry = serde_json::from_str(&raw).map_err(Error::internal)?;
        let inner = Self::inner_aliases(tenant);
        let fields = masked(&entry, Source::Log, &inner);
        let Redacted { value: entry, is_cut } = redact(&entry, Source::Log, Allowed::PUBLIC, &inner);
        let plan = self.plan_of_log(tenant, log_id).await?;
        Ok(RedactedEntry { row, entry, fields, is_cut, plan })
    }
}

fn facts(row: &LogEntryRow) -> Value {
    json!({
        "log_id": row.entry.log_id,
        "kind": row.entry.kind,
        "place": row.seq,
        "at": row.entry.at,
        "arrived": row.arrived,
    })
}

impl LogPage {
    /// The page in the form of the API.
    #[must_use]
    pub fn view(&self) -> Value {
        json!({ "entries": self.rows.iter().map(facts).collect::<Vec<_>>(), "next": self.next })
    }
}

impl OpenedEntry {
    /// The entry in the form of the API.
    #[must_use]
    pub fn view(&self) -> Value {
        let mut view = facts(&self.row);
        if let Some(view) = view.as_object_mut() {
            view.insert("entry".to_owned(), self.entry.clone());
        }
        view
    }
}

impl RedactedEntry {
    /// The entry in the form of the API.
    #[must_use]
    pub fn view(&self) -> Value {
        let mut view = facts(&self.row);
        if let Some(view) = view.as_object_mut() {
            view.insert("entry".to_owned(), self.entry.clone());
            view.insert("fields".to_owned(), fields_view(&self.fields));
            view.insert("is_redacted".to_owned(), json!(true));
            view.insert("is_cut".to_owned(), json!(self.is_cut));
            view.insert("plan".to_owned(), json!(self.plan));
        }
        view
    }
}
