//! `/v1/access/grants`: roles that people and service accounts have.

use crate::openapi::{refused, written};
use axum::{
    Json,
    extract::{Query, Request, State, rejection::QueryRejection},
    http::StatusCode,
};
use countersign_app::{Error, access::NewGrant};
use countersign_core::{OrganizationId, TenantId};
use countersign_rights::{Action, Grant, Place, Role};
use serde::Deserialize;
use serde_json::{Value, json};
use utoipa::ToSchema;

use crate::{
    Problem, Server,
    api::{decisions::bad_query, segments::Segments},
    authn::Known,
    body,
};

/// A role at an organization, at a tenant, or, without both, at all tenants.
#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
#[schema(as = NewGrant)]
pub(in crate::api) struct Add {
    principal: String,
    #[schema(value_type = written::Role)]
    role: Role,
    #[schema(value_type = Option<written::TenantId>)]
    tenant: Option<TenantId>,
    #[schema(value_type = Option<written::OrganizationId>)]
    organization: Option<OrganizationId>,
}

/// Grants of one tenant, for who may see or change access there; of all of them where none is named.
#[derive(Deserialize, utoipa::IntoParams)]
#[serde(deny_unknown_fields)]
#[into_params(parameter_in = Query)]
pub(in crate::api) struct AtQuery {
    #[param(value_type = Option<written::TenantId>)]
    tenant: Option<TenantId>,
}

/// What `AtQuery` takes, in words.
const AT_QUERY: &str = "at most once `tenant`";

#[utoipa::path(
    get,
    path = "/v1/access/grants",
    operation_id = "list_grants",
    tag = "access",
    summary = "Roles that people and service accounts have, at one tenant or anywhere.",
    params(AtQuery),
    responses(
        (status = 200, body = written::Grants),
        refused::Guarded,
        refused::Missing,
        refused::Query,
    ),
)]
pub(in crate::api) async fn list(
    State(server): State<Server>,
    Known(caller): Known,
    query: Result<Query<AtQuery>, QueryRejection>,
) -> Result<Json<Value>, Problem> {
    let Query(AtQuery { tenant }) = query.map_err(|_| bad_query(AT_QUERY))?;
    let app = &server.0.app;
    let grants = match tenant {
        Some(tenant) => {
            app.grants_at(&server.permit(&caller, Action::ReadAccess, tenant.as_str()).await?).await?
        }
        None => app.grants(&server.permit_here(&caller, Action::ReadAccess).await?).await?,
    };
    Ok(Json(json!({ "grants": grants })))
}

/// Who may change access at one tenant may grant roles there; roles at all tenants take that right at all of them.
#[utoipa::path(
    post,
    path = "/v1/access/grants",
    operation_id = "add_grant",
    tag = "access",
    summary = "Grants a role.",
    request_body = Add,
    responses(
        (status = 201, body = written::Made),
        refused::Guarded,
        refused::Missing,
        refused::Body,
        refused::Conflict,
    ),
)]
pub(in crate::api) async fn add(
    State(server): State<Server>,
    Known(caller): Known,
    request: Request,
) -> Result<(StatusCode, Json<Value>), Problem> {
    let Add { principal, role, tenant, organization } = body::take(request).await?;
    let app = &server.0.app;
    let id = match tenant {
        None if organization.is_some() => {
            let detail = "an organization is one of a tenant: say which";
            let status = StatusCode::UNPROCESSABLE_ENTITY;
            return Err(Problem::new(status, "body.shape", detail).at("tenant", detail));
        }
        None => {
            let permit = server.permit_here(&caller, Action::ChangeAccess).await?;
            let grant = Grant::new(role, Place::Installation).map_err(Error::Grant)?;
            app.grant(&permit, &NewGrant { principal, grant }).await?
        }
        Some(tenant) => {
            let permit = server.permit(&caller, Action::ChangeAccess, tenant.as_str()).await?;
            let at = match organization {
                Some(organization) => Place::Organization(tenant, organization),
                None => Place::Tenant(tenant),
            };
            let grant = Grant::new(role, at).map_err(Error::Grant)?;
            app.grant_at(&permit, &NewGrant { principal, grant }).await?
        }
    };
    Ok((StatusCode::CREATED, Json(json!({ "id": id }))))
}

#[utoipa::path(
    post,
    path = "/v1/access/grants/{id}/end",
    operation_id = "end_grant",
    tag = "access",
    summary = "Takes a role back.",
    params(("id" = written::Identifier, Path), AtQuery),
    responses(
        (status = 200, body = written::Ended),
        refused::Guarded,
        refused::Missing,
        refused::Query,
    ),
)]
pub(in crate::api) async fn end(
    State(server): State<Server>,
    Known(caller): Known,
    Segments(id): Segments<String>,
    query: Result<Query<AtQuery>, QueryRejection>,
) -> Result<Json<Value>, Problem> {
    let Query(AtQuery { tenant }) = query.map_err(|_| bad_query(AT_QUERY))?;
    let app = &server.0.app;
    match tenant {
        Some(tenant) => {
            let permit = server.permit(&caller, Action::ChangeAccess, tenant.as_str()).await?;
            app.end_grant_at(&permit, &id).await?;
        }
        None => app.end_grant(&server.permit_here(&caller, Action::ChangeAccess).await?, &id).await?,
    }
    Ok(Json(json!({ "id": id, "ended": true })))
}
