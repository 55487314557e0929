//! `GET /v1/ledger/{tenant}/checkpoint` and `…/verifier`: what an auditor needs to hold us to.

use std::sync::Arc;

use axum::extract::State;
use countersign_app::{Error, Tenant};
use countersign_core::TenantId;

use super::segments::Segments;
use crate::{Problem, Server};

pub(super) async fn checkpoint(
    State(server): State<Server>,
    Segments(tenant): Segments<String>,
) -> Result<String, Problem> {
    let tenant = find(&server, &tenant)?;
    Ok(server.0.app.newest_checkpoint(&tenant).await?)
}

pub(super) async fn verifier(
    State(server): State<Server>,
    Segments(tenant): Segments<String>,
) -> Result<String, Problem> {
    let tenant = find(&server, &tenant)?;
    Ok(tenant.verifiers().map(|key| format!("{key}\n")).collect())
}

fn find(server: &Server, tenant: &str) -> Result<Arc<Tenant>, Error> {
    let id: TenantId = tenant.parse().map_err(|_| Error::UnknownTenant)?;
    server.0.app.tenant(&id)
}
