//! Jobs of the tenant, such as an export of users.

use super::{Endpoint, JobId, Operation, Request};
use crate::Dictionary;

model! {
    /// A job.
    Job {
        required {
            /// The id.
            id: JobId,
        }
        maybe {
            /// What it does.
            #[serde(rename = "type")]
            kind: String,
            /// `pending`, `completed` or `failed`, among others.
            status: String,
            /// How many were inserted, updated and failed.
            summary: Dictionary,
        }
    }
}

static GET: Endpoint<Job, 1> =
    Endpoint::get("jobs.get", "/jobs/{id}").scopes(&["create:users", "read:users"]);

pub(super) static OPERATIONS: &[&Operation] = &[&GET.operation];

/// Reads how a job stands.
#[must_use]
pub fn get(id: &JobId) -> Request<Job> {
    Request::new(&GET, [id.as_str()])
}
