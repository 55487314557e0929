//! `/v1/policies/{tenant}`: the policy that holds, its versions, and putting another in force.

use crate::authn::Known;
use crate::openapi::{refused, written};
use countersign_rights::Action;

use axum::{
    Json,
    extract::{Query, Request, State, rejection::QueryRejection},
    http::StatusCode,
};
use countersign_app::{Error, Tenant};
use countersign_core::Timestamp;
use countersign_policy::Document;
use serde::Deserialize;
use serde_json::{Value, json, value::RawValue};
use utoipa::ToSchema;

use super::{decisions::bad_query, segments::Segments};
use crate::{Problem, Server, body};

/// Versions that are listed.
const VERSIONS: u32 = 100;

/// How many versions back one is looked for.
const MOST_BACK: u64 = 10_000;

/// What `VersionQuery` takes, in words.
const VERSION_QUERY: &str = "at most once `version`, a number";

#[derive(Deserialize, utoipa::IntoParams)]
#[serde(deny_unknown_fields)]
#[into_params(parameter_in = Query)]
pub(super) struct VersionQuery {
    #[param(value_type = Option<written::Count>)]
    version: Option<u64>,
}

/// A change from the version that was looked at.
#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
#[schema(as = PolicyChange)]
pub(super) struct Change {
    #[schema(value_type = written::Count)]
    expected_version: u64,
    #[schema(value_type = written::PolicyDocument)]
    document: Document,
}

#[utoipa::path(
    get,
    path = "/v1/policies/{tenant}",
    operation_id = "show_policy",
    tag = "policies",
    summary = "The policy that holds, or one version of it.",
    params(("tenant" = written::TenantId, Path), VersionQuery),
    responses(
        (status = 200, body = written::PolicyShown),
        refused::Guarded,
        refused::Missing,
        refused::Query,
    ),
)]
pub(super) async fn show(
    State(server): State<Server>,
    Known(caller): Known,
    Segments(id): Segments<String>,
    query: Result<Query<VersionQuery>, QueryRejection>,
) -> Result<Json<Value>, Problem> {
    let Query(VersionQuery { version }) = query.map_err(|_| bad_query(VERSION_QUERY))?;
    let tenant = server.permit(&caller, Action::ReadPolicies, &id).await?;
    if let Some(version) = version {
        return show_version(&server, &tenant, version).await;
    }
    let policy = tenant.policy();
    Ok(Json(json!({
        "version": tenant.policy_version(),
        "etag": policy.etag(),
        "document": policy.document(),
    })))
}

async fn show_version(server: &Server, tenant: &Tenant, version: u64) -> Result<Json<Value>, Problem> {
    // Why: versions count up without a gap, so that this many of the newest have it.
    let back = tenant.policy_version().saturating_sub(version).saturating_add(u64::from(VERSIONS));
    let limit = u32::try_from(back.min(MOST_BACK)).unwrap_or(VERSIONS);
    let rows = server.0.app.policies(tenant, limit).await?;
    let row = rows.into_iter().find(|row| row.version == version);
    let row = row.ok_or(Error::NotFound("version of the policy"))?;
    Ok(Json(listed(row.version, &row.etag, row.at, row.document)?))
}

/// A version as stored.
fn listed(version: u64, etag: &str, since: Timestamp, document: String) -> Result<Value, Error> {
    let document =
        RawValue::from_string(document).map_err(|error| Error::Unavailable { detail: error.to_string() })?;
    Ok(json!({ "version": version, "etag": etag, "since": since, "document": document }))
}

#[utoipa::path(
    get,
    path = "/v1/policies/{tenant}/versions",
    operation_id = "list_policy_versions",
    tag = "policies",
    summary = "The latest 100 versions of the policy.",
    params(("tenant" = written::TenantId, Path)),
    responses((status = 200, body = written::PolicyVersions), refused::Guarded, refused::Missing),
)]
pub(super) async fn versions(
    State(server): State<Server>,
    Known(caller): Known,
    Segments(id): Segments<String>,
) -> Result<Json<Value>, Problem> {
    let tenant = server.permit(&caller, Action::ReadPolicies, &id).await?;
    let rows = server.0.app.policies(&tenant, VERSIONS).await?;
    let versions = rows
        .into_iter()
        .map(|row| listed(row.version, &row.etag, row.at, row.document))
        .collect::<Result<Vec<_>, Error>>()?;
    Ok(Json(json!({ "versions": versions })))
}

#[utoipa::path(
    put,
    path = "/v1/policies/{tenant}",
    operation_id = "apply_policy",
    tag = "policies",
    summary = "Puts another version in force.",
    params(("tenant" = written::TenantId, Path)),
    request_body = Change,
    responses(
        (status = 200, body = written::PolicyApplied),
        refused::Guarded,
        refused::Missing,
        refused::Body,
        refused::Conflict,
    ),
)]
pub(super) async fn apply(
    State(server): State<Server>,
    Known(caller): Known,
    Segments(id): Segments<String>,
    request: Request,
) -> Result<Json<Value>, Problem> {
    let tenant = server.permit(&caller, Action::ApplyPolicies, &id).await?;
    let Change { expected_version, document } = body::take(request).await?;
    let policy = server.0.app.check_policy(&tenant, document).map_err(|faults| {
        let problem = Problem::new(
            StatusCode::UNPROCESSABLE_ENTITY,
            "policy.faults",
            format!("the policy has {} faults, so the one before holds on", faults.len()),
        );
        faults
            .into_iter()
            .fold(problem, |problem, fault| problem.at(format!("document.{}", fault.path), fault.message))
    })?;
    let etag = policy.etag().to_owned();
    let version = server.0.app.apply_policy(&tenant, policy, expected_version).await?;
    Ok(Json(json!({ "version": version, "etag": etag })))
}
