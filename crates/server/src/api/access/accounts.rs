//! `/v1/access/accounts`: programs that use our API, and their tokens.

use crate::openapi::{refused, written};
use std::collections::BTreeSet;

use axum::{
    Json,
    extract::{Request, State},
    http::StatusCode,
};
use countersign_app::access::{NewToken, TokenMade};
use countersign_rights::Action;
use serde::Deserialize;
use serde_json::{Value, json};
use utoipa::ToSchema;

use crate::{Problem, Server, api::segments::Segments, authn::Known, body};

#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
#[schema(as = NewAccount)]
pub(in crate::api) struct Make {
    #[schema(min_length = 1, max_length = 100, pattern = "^[-A-Za-z0-9_. ]*[-A-Za-z0-9_.][-A-Za-z0-9_. ]*$")]
    name: String,
}

#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
#[schema(as = NewAccountToken)]
pub(in crate::api) struct MakeToken {
    /// Names of actions, or `*`.
    #[schema(value_type = Vec<written::Scope>, min_items = 1)]
    scopes: BTreeSet<String>,
    /// How long it holds; 1 to 365.
    #[schema(minimum = 1, maximum = 365)]
    days: u16,
}

#[utoipa::path(
    get,
    path = "/v1/access/accounts",
    operation_id = "list_accounts",
    tag = "access",
    summary = "Service accounts with their tokens, without their texts.",
    responses((status = 200, body = written::Accounts), refused::Guarded),
)]
pub(in crate::api) async fn list(
    State(server): State<Server>,
    Known(caller): Known,
) -> Result<Json<Value>, Problem> {
    let permit = server.permit_here(&caller, Action::ReadAccess).await?;
    Ok(Json(json!({ "accounts": server.0.app.accounts(&permit).await? })))
}

#[utoipa::path(
    post,
    path = "/v1/access/accounts",
    operation_id = "make_account",
    tag = "access",
    summary = "Makes a service account.",
    request_body = Make,
    responses(
        (status = 201, body = written::Made),
        refused::Guarded,
        refused::Body,
        refused::Conflict,
    ),
)]
pub(in crate::api) async fn make(
    State(server): State<Server>,
    Known(caller): Known,
    request: Request,
) -> Result<(StatusCode, Json<Value>), Problem> {
    let permit = server.permit_here(&caller, Action::ChangeAccess).await?;
    let Make { name } = body::take(request).await?;
    let id = server.0.app.make_account(&permit, &name).await?;
    Ok((StatusCode::CREATED, Json(json!({ "id": id }))))
}

#[utoipa::path(
    post,
    path = "/v1/access/accounts/{id}/disable",
    operation_id = "disable_account",
    tag = "access",
    summary = "Ends a service account with its tokens.",
    params(("id" = written::Identifier, Path)),
    responses((status = 200, body = written::Disabled), refused::Guarded, refused::Missing),
)]
pub(in crate::api) async fn disable(
    State(server): State<Server>,
    Known(caller): Known,
    Segments(id): Segments<String>,
) -> Result<Json<Value>, Problem> {
    let permit = server.permit_here(&caller, Action::ChangeAccess).await?;
    server.0.app.disable_account(&permit, &id).await?;
    Ok(Json(json!({ "id": id, "disabled": true })))
}

/// The token's text is in this answer and nowhere else.
#[utoipa::path(
    post,
    path = "/v1/access/accounts/{id}/tokens",
    operation_id = "make_account_token",
    tag = "access",
    summary = "Makes a token; its text is in this answer alone.",
    params(("id" = written::Identifier, Path)),
    request_body = MakeToken,
    responses(
        (status = 201, body = written::AccountTokenMade),
        refused::Guarded,
        refused::Missing,
        refused::Body,
        refused::Conflict,
    ),
)]
pub(in crate::api) async fn make_token(
    State(server): State<Server>,
    Known(caller): Known,
    Segments(id): Segments<String>,
    request: Request,
) -> Result<(StatusCode, Json<Value>), Problem> {
    let permit = server.permit_here(&caller, Action::ChangeAccess).await?;
    let MakeToken { scopes, days } = body::take(request).await?;
    let TokenMade { id, token, expires_at } =
        server.0.app.make_account_token(&permit, &id, &NewToken { scopes, days }).await?;
    let made = json!({ "id": id, "token": token.expose(), "expires_at": expires_at });
    Ok((StatusCode::CREATED, Json(made)))
}

#[utoipa::path(
    post,
    path = "/v1/access/tokens/{id}/revoke",
    operation_id = "revoke_account_token",
    tag = "access",
    summary = "Ends a token of a service account.",
    params(("id" = written::Identifier, Path)),
    responses((status = 200, body = written::TokenRevoked), refused::Guarded, refused::Missing),
)]
pub(in crate::api) async fn revoke_token(
    State(server): State<Server>,
    Known(caller): Known,
    Segments(id): Segments<String>,
) -> Result<Json<Value>, Problem> {
    let permit = server.permit_here(&caller, Action::ChangeAccess).await?;
    server.0.app.revoke_account_token(&permit, &id).await?;
    Ok(Json(json!({ "id": id, "revoked": true })))
}
