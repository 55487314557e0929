//! The record of what was written at a tenant: a leaf before it is sent, and one of how it ended.

use std::sync::Arc;

use countersign_core::IdKind;
use countersign_ledger::leaf::Kind;
use countersign_store::{Commit, Scope};

use crate::{
    App, Error,
    access::Permit,
    incidents::Why,
    leaves::Draft,
    management::{Authority, Cause, End, Intent, Maker, Pending, RecordError, Recorder},
};

/// The longest text that a leaf takes, in characters.
const MAX_CHARS: usize = 200;

/// A word or an id as it stands in a leaf: bounded, and nothing that begins as a pseudonym does.
pub(crate) fn told(text: &str) -> String {
    let text: String = text.chars().filter(|char| !char.is_control()).take(MAX_CHARS).collect();
    text.trim_start_matches("sub_").to_owned()
}

/// Whether a text is an id or a hash, in which nobody can be named by chance.
fn is_id(text: &str) -> bool {
    let is_of_ids = |byte: u8| byte.is_ascii_alphanumeric() || b"-_.:".contains(&byte);
    (1..=MAX_CHARS).contains(&text.len()) && text.bytes().all(is_of_ids)
}

impl App {
    /// Tells the ledger what is about to be written at the tenant, and by whom; the answer names the record. It holds the
    /// operation's name, and neither path nor body, which can tell of people; the name that was given of who acts, and why, are sealed
    /// under the key of the day. By `maker` the entry of it in the tenant's log is known as our own doing.
    ///
    /// # Errors
    /// `WriteCause` where what joins writes, or what allowed this one, is no id; `Unavailable`.
    pub async fn record_tenant_write(
        &self,
        permit: &Permit,
        operation: &str,
        cause: &Cause,
        maker: Option<&Maker>,
    ) -> Result<String, Error> {
        let (authority, allowed_by) = match &cause.authority {
            Authority::Plan(plan) => ("plan", plan),
            Authority::Decision(decision) => ("decision", decision),
        };
        // Why: they stand in the leaf as they are, for good.
        if ![&cause.correlation_id, allowed_by].into_iter().all(|text| is_id(text)) {
            return Err(Error::WriteCause);
        }
        if let Some(maker) = maker {
            self.remember_token(permit, maker).await?;
        }
        let (id, at) = (self.make_id(IdKind::Record)?, self.ports.clock.now());
        let draft = Draft::new(&id, at, Kind::Administration)
            .fact("change", &"tenant_write")
            .fact("operation", &told(operation))
            .fact("correlation", &told(&cause.correlation_id))
            .fact(authority, &told(allowed_by))
            .by(permit.caller());
        let key = self.get_key(permit, &permit.keys.log_day(at.days()), None).await?;
        let (actor, reason) = (told(&cause.actor), told(&cause.reason));
        let why = serde_json::to_vec(&Why::new(&actor, &reason)).map_err(Error::internal)?;
        let leaf = self.personal_leaf(permit, draft, &key, &why)?;
        self.ports
            .store
            .commit(Commit { leaves: vec![leaf], ..Commit::background(permit.id.clone()) })
            .await?;
        Ok(id)
    }

    /// Tells the ledger how a write ended.
    ///
    /// # Errors
    /// `NotFound` where the ledger has no such record; `Unavailable`.
    pub async fn record_tenant_write_end(
        &self,
        permit: &Permit,
        record: &str,
        end: End,
    ) -> Result<(), Error> {
        // Why: whatever else was told would stand in the ledger for good.
        let began = self.ports.store.find_leaf(Scope::Tenant(&permit.id), record).await?;
        began.ok_or(Error::NotFound("record"))?;
        let id = self.make_id(IdKind::Record)?;
        let (word, status) = match end {
            End::Done(status) => ("done", Some(status)),
            End::Refused(status) => ("refused", Some(status)),
            End::NotSent => ("not_sent", None),
            End::Unknown => ("unknown", None),
        };
        let mut draft = Draft::new(&id, self.ports.clock.now(), Kind::Administration)
            .fact("change", &"tenant_write_ended")
            .fact("record", &told(record))
            .fact("end", &word)
            .by(permit.caller());
        if let Some(status) = status {
            draft = draft.fact("status", &status);
        }
        self.tell(permit, draft).await
    }
}

/// Records writes at a tenant in its ledger, by who may write there.
pub struct LedgerRecorder {
    app: Arc<App>,
    permit: Permit,
}

impl LedgerRecorder {
    /// Records in the ledger of the permit's tenant.
    #[must_use]
    pub const fn new(app: Arc<App>, permit: Permit) -> Self {
        Self { app, permit }
    }
}

impl Recorder for LedgerRecorder {
    fn intend<'a>(&'a self, intent: Intent<'a>) -> Pending<'a, Result<String, RecordError>> {
        Box::pin(async move {
            let operation = intent.request.operation().name;
            let recorded =
                self.app.record_tenant_write(&self.permit, operation, intent.cause, intent.maker).await;
            recorded.map_err(|error| {
                tracing::error!(tenant.id = %self.permit.id, detail = error.detail(), "a write at the tenant can't be recorded, so it is not sent");
                RecordError
            })
        })
    }

    fn end<'a>(&'a self, record: &'a str, end: End) -> Pending<'a, ()> {
        Box::pin(async move {
            if let Err(error) = self.app.record_tenant_write_end(&self.permit, record, end).await {
                tracing::error!(tenant.id = %self.permit.id, record, detail = error.detail(), "how a write at the tenant ended can't be recorded");
            }
        })
    }
}
