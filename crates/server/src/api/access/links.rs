//! `POST /v1/access/links`: a one-time link; break-glass, where people can sign in otherwise.

use crate::openapi::{refused, written};
use axum::{
    Json,
    extract::{Request, State},
    http::StatusCode,
};
use countersign_rights::{Action, How};
use serde::Deserialize;
use serde_json::{Value, json};
use utoipa::ToSchema;

use crate::{Problem, Server, authn::Known, body};

#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
#[schema(as = NewLink)]
pub(in crate::api) struct Make {
    #[schema(max_length = 1_000)]
    reason: Option<String>,
}

/// Only whoever has the token of the data directory: who signed in has no need of it.
#[utoipa::path(
    post,
    path = "/v1/access/links",
    operation_id = "make_link",
    tag = "access",
    summary = "Makes a one-time link, with the token of the data directory alone.",
    request_body = Make,
    responses((status = 201, body = written::LinkMade), refused::Guarded, refused::Body),
)]
pub(in crate::api) async fn make(
    State(server): State<Server>,
    Known(caller): Known,
    request: Request,
) -> Result<(StatusCode, Json<Value>), Problem> {
    let permit = server.permit_here(&caller, Action::ChangeAccess).await?;
    if caller.principal().how != How::File {
        let detail =
            "a one-time link is made with the token in the data directory's file `operator.token` alone";
        return Err(Problem::new(StatusCode::FORBIDDEN, "denied", detail));
    }
    let Make { reason } = body::take(request).await?;
    let code = server.0.app.make_link(&permit, reason.as_deref()).await?;
    Ok((StatusCode::CREATED, Json(json!({ "path": format!("/start/{}", code.expose()) }))))
}
