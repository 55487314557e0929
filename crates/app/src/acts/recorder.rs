//! Who is told of the executor's writes: by which token each was sent, so that its entry in the tenant's log is known.

use std::sync::{Arc, Weak};

use crate::{
    App, Tenant,
    management::{End, Intent, Pending, RecordError, Recorder},
};

/// Records by which token the executor's writes are sent. The intent and the end of each are rows and leaves of its plan.
pub struct PlanRecorder {
    app: Weak<App>,
    tenant: Weak<Tenant>,
}

impl PlanRecorder {
    /// Records for this tenant, for as long as the use cases are there.
    #[must_use]
    pub fn new(app: &Arc<App>, tenant: &Arc<Tenant>) -> Self {
        Self { app: Arc::downgrade(app), tenant: Arc::downgrade(tenant) }
    }
}

impl Recorder for PlanRecorder {
    fn intend<'a>(&'a self, intent: Intent<'a>) -> Pending<'a, Result<String, RecordError>> {
        Box::pin(async move {
            let (app, tenant) =
                (self.app.upgrade().ok_or(RecordError)?, self.tenant.upgrade().ok_or(RecordError)?);
            if let Some(maker) = intent.maker {
                app.remember_token(&tenant, maker).await.map_err(|error| {
                    tracing::error!(tenant.id = %tenant.id, detail = error.detail(), "by what a write is made can't be recorded, so it is not sent");
                    RecordError
                })?;
            }
            Ok(intent.cause.correlation_id.clone())
        })
    }

    fn end<'a>(&'a self, _: &'a str, _: End) -> Pending<'a, ()> {
        // Why nothing: how it ended is a row and a leaf of the plan's step.
        Box::pin(async {})
    }
}
