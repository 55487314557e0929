//! Looking at a tenant for a plan: what it is made from, and what must be so of its steps.

use std::{collections::BTreeMap, time::Duration};

use countersign_auth0::management::{AnyRequest, Paging};
use countersign_plan::{
    Answers, FillError, Look, Miss,
    change::{Found, Order, Origin, Reads, Write},
    run::Kept,
};
use serde_json::Value;

use super::{Hands, PlanRefusal};
use crate::{
    Error, Tenant,
    management::{Error as ApiError, Lane},
    tenant::Port,
};

const NOT_FOUND: u16 = 404;
const FORBIDDEN: u16 = 403;

/// How often something that becomes so by itself is looked at, a pause apart.
const LOOKS: u32 = 40;

/// Between two looks.
const PAUSE: Duration = Duration::from_millis(500);

/// Nobody could look now; it may be tried later.
#[derive(Debug)]
pub(super) struct CantLook(pub(super) ApiError);

/// Reads what a plan is made from.
pub(super) async fn read(tenant: &Tenant, hands: &Hands, order: &Order) -> Result<Reads, Error> {
    // Why: what answers an attack does not wait for anybody who looks at something.
    let lane = match order.origin {
        Origin::Incident { .. } => Lane::Containment,
        _ => Lane::Interactive,
    };
    let mut reads = Reads::new(tenant.id.clone(), hands.domain.clone());
    for request in order.reads() {
        let found = match fetch(hands.port.as_ref(), &request, lane).await {
            Ok(Some(document)) => Found::Document(document),
            Ok(None) => Found::Absent,
            Err(ApiError::Refused { refusal, .. }) if refusal.status == FORBIDDEN => Found::Denied,
            Err(error) => return Err(Error::Plan(PlanRefusal::Read(error.to_string()))),
        };
        reads.insert(&request, found);
    }
    Ok(reads)
}

/// What a request reads: of a list all items; `None` where there is nothing.
pub(super) async fn fetch(
    port: &dyn Port,
    request: &AnyRequest,
    lane: Lane,
) -> Result<Option<Value>, ApiError> {
    let operation = request.operation();
    let is_list = operation.paging != Paging::Whole || operation.name.ends_with(".list");
    let absent =
        |error: &ApiError| matches!(error, ApiError::Refused { refusal, .. } if refusal.status == NOT_FOUND);
    if is_list {
        return match port.list(request, lane).await {
            Ok(items) => Ok(Some(Value::Array(items))),
            Err(error) if absent(&error) => Ok(None),
            Err(error) => Err(error),
        };
    }
    match port.api().fetch(request, lane).await {
        Ok(reply) => {
            let shape = |shape| ApiError::Shape { operation, shape };
            Ok(Some(reply.read::<countersign_auth0::Json>().map_err(shape)?.0))
        }
        Err(error) if absent(&error) => Ok(None),
        Err(error) => Err(error),
    }
}

/// Whether all of it is so, and what is kept of what was found last; the first that is not.
pub(super) async fn look_at(
    port: &dyn Port,
    write: &Write,
    looks: &[Look],
    (answers, lane): (&Answers, Lane),
) -> Result<Result<Kept, Miss>, CantLook> {
    let mut kept = Kept::new();
    for look in looks {
        let request = match look.read.fill(answers, &BTreeMap::new()) {
            Ok(request) => request,
            Err(error) => return Ok(Err(error.into())),
        };
        let found = match fetch(port, &request, lane).await {
            Ok(found) => found,
            // Why no wait: what is refused now is refused each time.
            Err(ApiError::Refused { .. } | ApiError::Scope { .. } | ApiError::Shape { .. }) => {
                return Ok(Err(Miss::Fill(FillError::Request(request.operation().name.to_owned()))));
            }
            Err(error) => return Err(CantLook(error)),
        };
        match look.check(found.as_ref(), answers) {
            Ok(Some(value)) => kept = write.kept(value),
            Ok(None) => {}
            Err(miss) => return Ok(Err(miss)),
        }
    }
    Ok(Ok(kept))
}

/// As `look_at`, until it is so or its time is over.
pub(super) async fn watch_for(
    port: &dyn Port,
    write: &Write,
    (answers, lane): (&Answers, Lane),
) -> Result<Result<Kept, Miss>, CantLook> {
    let mut left = if write.after.iter().any(|look| look.waits) { LOOKS } else { 3 };
    loop {
        let found = look_at(port, write, &write.after, (answers, lane)).await?;
        left -= 1;
        if found.is_ok() || left == 0 {
            return Ok(found);
        }
        port.wait(PAUSE).await;
    }
}
