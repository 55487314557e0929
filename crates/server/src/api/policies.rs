//! `/v1/policies/{tenant}`: the policy that holds, its versions, and putting another in force.

use axum::{
    Json,
    extract::{Request, State},
    http::StatusCode,
};
use countersign_core::TenantId;
use countersign_policy::{Document, Snapshot};
use serde::Deserialize;
use serde_json::{Value, json, value::RawValue};

use super::segments::Segments;
use crate::{Problem, Server, body};

/// Versions that are listed.
const VERSIONS: u32 = 100;

/// A change from the version that was looked at.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Change {
    expected_version: u64,
    document: Document,
}

fn tenant(server: &Server, id: &str) -> Result<std::sync::Arc<countersign_app::Tenant>, Problem> {
    let id: TenantId = id.parse().map_err(|_| Problem::from(countersign_app::Error::UnknownTenant))?;
    Ok(server.0.app.tenant(&id)?)
}

pub(super) async fn show(
    State(server): State<Server>,
    Segments(id): Segments<String>,
) -> Result<Json<Value>, Problem> {
    let tenant = tenant(&server, &id)?;
    let policy = tenant.policy();
    Ok(Json(json!({
        "version": tenant.policy_version(),
        "etag": policy.etag(),
        "document": policy.document(),
    })))
}

pub(super) async fn versions(
    State(server): State<Server>,
    Segments(id): Segments<String>,
) -> Result<Json<Value>, Problem> {
    let tenant = tenant(&server, &id)?;
    let rows = server.0.app.policies(&tenant, VERSIONS).await?;
    let versions = rows
        .into_iter()
        .map(|row| {
            let document = RawValue::from_string(row.document)
                .map_err(|error| countersign_app::Error::Unavailable { detail: error.to_string() })?;
            Ok(json!({ "version": row.version, "etag": row.etag, "since": row.at, "document": document }))
        })
        .collect::<Result<Vec<_>, countersign_app::Error>>()?;
    Ok(Json(json!({ "versions": versions })))
}

pub(super) async fn apply(
    State(server): State<Server>,
    Segments(id): Segments<String>,
    request: Request,
) -> Result<Json<Value>, Problem> {
    let tenant = tenant(&server, &id)?;
    let Change { expected_version, document } = body::parse(&body::read(request.into_body()).await?)?;
    let policy = Snapshot::new(document).map_err(|faults| {
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
