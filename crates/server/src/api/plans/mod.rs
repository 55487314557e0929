//! `/v1/plans/{tenant}`: what is to be written at a tenant, who agreed to it, and how far it came.

pub(super) mod desk;
pub(super) mod propose;
pub(super) mod read;
pub(super) mod review;
pub(super) mod run;

use axum::Json;
use countersign_app::acts::PlanHead;

/// Whether a text may be the id of a plan or a review: what a list goes on from.
pub(super) fn is_id(text: &str) -> bool {
    text.len() <= 64 && text.bytes().all(|byte| byte.is_ascii_alphanumeric() || byte == b'_')
}

/// Words for where a plan stands.
pub(crate) const STATES: [&str; 11] = [
    "reported",
    "proposed",
    "approved",
    "rejected",
    "expired",
    "superseded",
    "withdrawn",
    "running",
    "done",
    "halted",
    "failed",
];

/// What an act answers: where the plan stands now.
fn stands(head: PlanHead) -> Json<PlanHead> {
    Json(head)
}
