//! The record of what was written at a tenant: a leaf before it is sent, and one of how it ended.

use std::sync::Arc;

use countersign_core::IdKind;
use countersign_ledger::leaf::Kind;
use countersign_store::Scope;

use crate::{
    App, Error, Tenant,
    leaves::Draft,
    management::{Authority, Cause, End, Intent, Maker, Pending, RecordError, Recorder},
};

/// The longest text of a cause that stands in a leaf, in characters.
const MAX_CHARS: usize = 200;

/// A text of a cause as it stands in a leaf: bounded, and nothing that begins as a pseudonym does.
pub(crate) fn told(text: &str) -> String {
    let text: String = text.chars().filter(|char| !char.is_control()).take(MAX_CHARS).collect();
    text.trim_start_matches("sub_").to_owned()
}

impl App {
    /// Tells the ledger what is about to be written at the tenant, and why; the answer names the record. It holds the
    /// operation's name, and neither path nor body, which can tell of people. By `maker` the entry of it in the tenant's log is known
    /// as our own doing.
    ///
    /// # Errors
    /// `Unavailable`.
    pub async fn record_tenant_write(
        &self,
        tenant: &Tenant,
        operation: &str,
        cause: &Cause,
        maker: Option<&Maker>,
    ) -> Result<String, Error> {
        if let Some(maker) = maker {
            self.remember_token(tenant, maker).await?;
        }
        let id = self.make_id(IdKind::Record)?;
        let draft = Draft::new(&id, self.ports.clock.now(), Kind::Administration)
            .fact("change", &"tenant_write")
            .fact("operation", &told(operation))
            .fact("actor", &told(&cause.actor))
            .fact("reason", &told(&cause.reason))
            .fact("correlation", &told(&cause.correlation_id));
        let draft = match &cause.authority {
            Authority::Plan(plan) => draft.fact("plan", &told(plan)),
            Authority::Decision(decision) => draft.fact("decision", &told(decision)),
        };
        self.tell(tenant, draft).await?;
        Ok(id)
    }

    /// Tells the ledger how a write ended.
    ///
    /// # Errors
    /// `NotFound` where the ledger has no such record; `Unavailable`.
    pub async fn record_tenant_write_end(
        &self,
        tenant: &Tenant,
        record: &str,
        end: End,
    ) -> Result<(), Error> {
        // Why: whatever else was told would stand in the ledger for good.
        let began = self.ports.store.find_leaf(Scope::Tenant(&tenant.id), record).await?;
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
            .fact("end", &word);
        if let Some(status) = status {
            draft = draft.fact("status", &status);
        }
        self.tell(tenant, draft).await
    }
}

/// Records writes at a tenant in its ledger.
pub struct LedgerRecorder {
    app: Arc<App>,
    tenant: Arc<Tenant>,
}

impl LedgerRecorder {
    /// Records in the ledger of this tenant.
    #[must_use]
    pub const fn new(app: Arc<App>, tenant: Arc<Tenant>) -> Self {
        Self { app, tenant }
    }
}

impl Recorder for LedgerRecorder {
    fn intend<'a>(&'a self, intent: Intent<'a>) -> Pending<'a, Result<String, RecordError>> {
        Box::pin(async move {
            let operation = intent.request.operation().name;
            let recorded =
                self.app.record_tenant_write(&self.tenant, operation, intent.cause, intent.maker).await;
            recorded.map_err(|error| {
                tracing::error!(tenant.id = %self.tenant.id, detail = error.detail(), "a write at the tenant can't be recorded, so it is not sent");
                RecordError
            })
        })
    }

    fn end<'a>(&'a self, record: &'a str, end: End) -> Pending<'a, ()> {
        Box::pin(async move {
            if let Err(error) = self.app.record_tenant_write_end(&self.tenant, record, end).await {
                tracing::error!(tenant.id = %self.tenant.id, record, detail = error.detail(), "how a write at the tenant ended can't be recorded");
            }
        })
    }
}
