//! Writes at a tenant go to its ledger, through a running service where one owns it.

use countersign_app::management::{End, Intent, Pending, RecordError, Recorder};
use countersign_core::TenantId;
use reqwest::Method;
use serde_json::{Value, json};

use crate::place::Remote;

/// Records through a running service.
pub struct RemoteRecorder {
    pub server: Remote,
    pub tenant: TenantId,
}

impl Recorder for RemoteRecorder {
    fn intend<'a>(&'a self, intent: Intent<'a>) -> Pending<'a, Result<String, RecordError>> {
        Box::pin(async move {
            let mut body = json!({ "operation": intent.request.operation().name, "cause": intent.cause });
            if let (Some(maker), Some(fields)) = (intent.maker, body.as_object_mut()) {
                fields.insert("maker".to_owned(), json!(maker));
            }
            let path = ["v1", "tenant-writes", self.tenant.as_str()];
            let answer = self.server.call(Method::POST, &path, Some(&body)).await.map_err(|error| {
                tracing::error!("a write at the tenant can't be recorded, so it is not sent: {error:#}");
                RecordError
            })?;
            answer.get("record").and_then(Value::as_str).map(str::to_owned).ok_or(RecordError)
        })
    }

    fn end<'a>(&'a self, record: &'a str, end: End) -> Pending<'a, ()> {
        Box::pin(async move {
            let body = match end {
                End::Done(status) => json!({ "end": "done", "status": status }),
                End::Refused(status) => json!({ "end": "refused", "status": status }),
                End::NotSent => json!({ "end": "not_sent" }),
                End::Unknown => json!({ "end": "unknown" }),
            };
            let path = ["v1", "tenant-writes", self.tenant.as_str(), record];
            if let Err(error) = self.server.call(Method::PUT, &path, Some(&body)).await {
                tracing::error!("how a write at the tenant ended can't be recorded: {error:#}");
            }
        })
    }
}
