//! `/v1/access`: who may sign in, what they may, and how they came. The design is docs/access.md.

pub(super) mod accounts;
pub(super) mod grants;
pub(super) mod links;
pub(super) mod people;
pub(super) mod sessions;

use crate::openapi::{refused, written};
use axum::{Json, extract::State};
use countersign_rights::Action;
use serde_json::{Map, Value, json};

use crate::{Problem, Server, authn::Known};

/// Who asks, as far as we know.
#[utoipa::path(
    get,
    path = "/v1/access/me",
    operation_id = "show_caller",
    tag = "access",
    summary = "Who asks, as far as is known.",
    responses((status = 200, body = written::Me), refused::Guarded),
)]
pub(super) async fn me(State(server): State<Server>, Known(caller): Known) -> Result<Json<Value>, Problem> {
    let principal = caller.principal();
    Ok(Json(json!({
        "principal": caller.id(),
        "kind": principal.kind.as_str(),
        "how": principal.how.as_str(),
        "grants": principal.grants,
        "scopes": principal.scopes,
        "tenants": server.0.app.tenants_of(&caller),
        "session": caller.session(),
    })))
}

/// The policies in force: what each file is called, and a hash over all of them.
#[utoipa::path(
    get,
    path = "/v1/access/policies",
    operation_id = "list_access_policies",
    tag = "access",
    summary = "The policies of access in force.",
    responses((status = 200, body = written::AccessPolicies), refused::Guarded),
)]
pub(super) async fn policies(
    State(server): State<Server>,
    Known(caller): Known,
) -> Result<Json<Value>, Problem> {
    let permit = server.permit_here(&caller, Action::ReadAccess).await?;
    let (policies, digest) = server.0.app.access_policies(&permit);
    let files: Map<String, Value> = server
        .0
        .app
        .access_policy_files(&permit)
        .into_iter()
        .map(|(name, hash)| (name, hash.into()))
        .collect();
    Ok(Json(json!({ "policies": policies, "sha256": digest, "files": files })))
}
