//! `/v1/plans/{tenant}`: what is to be written at a tenant, who agreed to it, and how far it came.

pub(super) mod desk;
pub(super) mod propose;
pub(super) mod read;
pub(super) mod review;
pub(super) mod run;

use axum::Json;
use countersign_app::acts::PlanHead;

/// How many digits an id has after its kind.
const ID_DIGITS: usize = 32;

/// Whether a text is an id of this kind: what a list goes on from.
pub(super) fn is_id(kind: &str, text: &str) -> bool {
    let is_digit = |byte: u8| matches!(byte, b'0'..=b'9' | b'a'..=b'f');
    text.strip_prefix(kind).is_some_and(|rest| rest.len() == ID_DIGITS && rest.bytes().all(is_digit))
}

/// Words for where a plan stands.
pub(crate) const STATES: [&str; 12] = [
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
    "erased",
];

/// What an act answers: where the plan stands now.
fn stands(head: PlanHead) -> Json<PlanHead> {
    Json(head)
}
