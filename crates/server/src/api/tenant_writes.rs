//! `/v1/tenant-writes/{tenant}`: what an installer is about to write at the tenant, and how it ended, for the ledger.

use crate::authn::Known;
use crate::openapi::{refused, written};
use axum::{
    Json,
    extract::{Request, State},
    http::StatusCode,
};
use countersign_app::management::{Cause, End, Maker};
use countersign_rights::Action;
use serde::Deserialize;
use serde_json::{Value, json};
use utoipa::ToSchema;

use super::{about::About, segments::Segments};
use crate::{Problem, Server, body};

/// What is about to be written.
#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
#[schema(as = TenantWrite)]
pub(super) struct Write {
    operation: String,
    #[schema(value_type = written::WriteCause)]
    cause: Cause,
    /// Whose token it will be sent with, where that is known.
    #[serde(default)]
    #[schema(value_type = Option<written::WriteMaker>)]
    maker: Option<Maker>,
}

/// How it ended.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Ended {
    end: Word,
    #[serde(default)]
    status: Option<u16>,
}

#[derive(Deserialize)]
#[serde(rename_all = "snake_case")]
enum Word {
    Done,
    Refused,
    NotSent,
    Unknown,
}

impl Ended {
    fn end(&self) -> Option<End> {
        match (&self.end, self.status) {
            (Word::Done, Some(status)) => Some(End::Done(status)),
            (Word::Refused, Some(status)) => Some(End::Refused(status)),
            (Word::NotSent, None) => Some(End::NotSent),
            (Word::Unknown, None) => Some(End::Unknown),
            _ => None,
        }
    }
}

#[utoipa::path(
    post,
    path = "/v1/tenant-writes/{tenant}",
    operation_id = "begin_tenant_write",
    tag = "operations",
    summary = "Records what is about to be written at the tenant.",
    params(("tenant" = written::TenantId, Path)),
    request_body = Write,
    responses(
        (status = 200, body = written::WriteRecorded),
        refused::Guarded,
        refused::Missing,
        refused::Body,
    ),
)]
pub(super) async fn begin(
    State(server): State<Server>,
    Known(caller): Known,
    Segments(tenant): Segments<String>,
    request: Request,
) -> Result<Json<Value>, Problem> {
    let tenant = server.permit(&caller, Action::WriteTenant, &tenant).await?;
    let Write { operation, cause, maker } = body::take(request).await?;
    if countersign_auth0::management::operation_named(&operation).is_none() {
        return Err(Problem::new(
            StatusCode::UNPROCESSABLE_ENTITY,
            "operation.unknown",
            "no operation of the Management API has this name".to_owned(),
        ));
    }
    if maker.as_ref().is_some_and(|maker| !maker.is_sound()) {
        return Err(Problem::new(
            StatusCode::UNPROCESSABLE_ENTITY,
            "body.shape",
            format!("`client_id` and `token_id` have 1 to {} bytes", Maker::MAX_BYTES),
        ));
    }
    let record = server.0.app.record_tenant_write(&tenant, &operation, &cause, maker.as_ref()).await?;
    Ok(Json(json!({ "record": record })))
}

#[utoipa::path(
    put,
    path = "/v1/tenant-writes/{tenant}/{record}",
    operation_id = "end_tenant_write",
    tag = "operations",
    summary = "Records how a write ended.",
    params(("tenant" = written::TenantId, Path), ("record" = written::Identifier, Path)),
    request_body = written::WriteEnd,
    responses(
        (status = 200, body = written::WriteRecorded),
        refused::Guarded,
        refused::Missing,
        refused::Body,
    ),
)]
pub(super) async fn end(about: About, request: Request) -> Result<Json<Value>, Problem> {
    let tenant = about.permit(Action::WriteTenant).await?;
    let ended: Ended = body::take(request).await?;
    let end = ended.end().ok_or_else(|| {
        Problem::new(
            StatusCode::UNPROCESSABLE_ENTITY,
            "body.shape",
            "`done` and `refused` come with a status, the others without".to_owned(),
        )
    })?;
    about.app().record_tenant_write_end(&tenant, &about.id, end).await?;
    Ok(Json(json!({ "record": about.id })))
}
