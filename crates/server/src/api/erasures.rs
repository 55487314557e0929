//! `POST /v1/erasures/{tenant}`: a person is erased while the service runs.

use axum::{
    Json,
    extract::{Request, State},
    http::StatusCode,
};
use countersign_app::App;
use countersign_core::{SubjectId, TenantId};
use serde::Deserialize;
use serde_json::{Value, json};

use super::segments::Segments;
use crate::{Problem, Server, body};

/// Names the person; exactly one of the two.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct ErasureRequest {
    user_id: Option<String>,
    subject: Option<SubjectId>,
}

pub(super) async fn handle(
    State(server): State<Server>,
    Segments(tenant): Segments<String>,
    request: Request,
) -> Result<Json<Value>, Problem> {
    let tenant: TenantId =
        tenant.parse().map_err(|_| Problem::from(countersign_app::Error::UnknownTenant))?;
    let tenant = server.0.app.tenant(&tenant)?;
    let request: ErasureRequest = body::parse(&body::read(request.into_body()).await?)?;
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
