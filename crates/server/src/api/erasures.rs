//! `POST /v1/erasures/{tenant}`: a person is erased while the service runs.

use crate::authn::Known;
use crate::openapi::{refused, written};
use axum::{
    Json,
    extract::{Request, State},
    http::StatusCode,
};
use countersign_app::App;
use countersign_core::SubjectId;
use countersign_rights::Action;
use serde::Deserialize;
use serde_json::{Value, json};

use super::segments::Segments;
use crate::{Problem, Server, body};

/// Names the person; exactly one of the two.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct ErasureRequest {
    user_id: Option<String>,
    subject: Option<SubjectId>,
}

#[utoipa::path(
    post,
    path = "/v1/erasures/{tenant}",
    operation_id = "erase_person",
    tag = "operations",
    summary = "Erases a person. It can not be undone.",
    params(("tenant" = written::TenantId, Path)),
    request_body = written::PersonNamed,
    responses(
        (status = 200, body = written::Erasure),
        refused::Guarded,
        refused::Missing,
        refused::Body,
    ),
)]
pub(super) async fn handle(
    State(server): State<Server>,
    Known(caller): Known,
    Segments(tenant): Segments<String>,
    request: Request,
) -> Result<Json<Value>, Problem> {
    let tenant = server.permit(&caller, Action::ErasePeople, &tenant).await?;
    let request: ErasureRequest = body::take(request).await?;
    let subject = match request {
        ErasureRequest { user_id: Some(user_id), subject: None } if !user_id.is_empty() => {
            App::subject(&tenant, &user_id)
        }
        ErasureRequest { user_id: None, subject: Some(subject) } => subject,
        _ => {
            let detail = "either `user_id` or `subject` names the person";
            return Err(Problem::new(StatusCode::UNPROCESSABLE_ENTITY, "body.shape", detail));
        }
    };
    let was_there = server.0.app.erase(&tenant, &subject).await?;
    Ok(Json(json!({ "subject": subject, "erased": was_there })))
}
