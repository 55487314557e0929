//! An application of the tenant asks by an access token, in place of an Action by its key.

use std::time::Duration;

use axum::{
    extract::Request,
    http::{HeaderMap, StatusCode, header},
    response::{IntoResponse, Response},
};
use countersign_core::TenantId;
use countersign_rights::{Action, PrincipalKind};

use super::{
    super::signed::{Proved, refused},
    decide, limit, parse,
};
use crate::{
    Problem, Server, admission, authn, body, peer,
    signature::{self, TENANT_HEADER},
};

/// Whether a request says who asks by a token and not by a signature.
pub(super) fn is_asked(headers: &HeaderMap) -> bool {
    headers.contains_key(header::AUTHORIZATION) && !headers.contains_key("webhook-signature")
}

/// Answers it; the answer is not signed.
pub(super) async fn handle(server: &Server, request: Request, received: Duration) -> Response {
    match answer(server, request, received).await {
        Ok(answer) => ([(header::CONTENT_TYPE, "application/json")], answer).into_response(),
        Err(problem) => {
            server.0.metrics.refused(problem.code());
            problem.into_response()
        }
    }
}

async fn answer(server: &Server, request: Request, received: Duration) -> Result<Vec<u8>, Problem> {
    let (parts, body) = admission::before(server, request).await?.into_parts();
    let id = signature::read_id(&parts.headers).map_err(refused)?;
    // Why a caller's allowance before all else: who may not decide must not be able to use up the tenant's, or to fill its ledger.
    let caller = server.caller(&parts.headers, &parts.extensions).await?.ok_or_else(authn::missing)?;
    let principal = caller.principal();
    let named = || parts.headers.get(TENANT_HEADER)?.to_str().ok()?.parse::<TenantId>().ok();
    // Why another's header: so that their denial is a leaf of the tenant that they asked for.
    let tenant = principal.tenant.clone().or_else(named).ok_or_else(not_an_application)?;
    let body = body::read(body).await?;
    // Why before the tenant is looked at: they are told of none at which they have no role, whether it is there or not.
    if principal.kind != PrincipalKind::Application {
        server.0.app.permit(&caller, Action::Decide, &tenant).await?;
        return Err(not_an_application());
    }
    let held = server.0.app.tenant(&tenant)?;
    peer::check(server, &parts.extensions, &tenant)?;
    let of_request = |problem: Problem| problem.of_request(id);
    let ask = parse(&body, id, received).map_err(of_request)?;
    let permitted = server.0.app.permit_decision(&caller, &tenant, ask.organization()).await;
    permitted.map_err(|error| of_request(error.into()))?;
    let asked = Proved::new(server, held, id, body)?;
    limit(server, &asked, &ask).map_err(of_request)?;
    decide(server, &asked, ask).await.map_err(of_request)
}

fn not_an_application() -> Problem {
    let detail =
        "decisions are asked for by an Action's key, or by an access token of an application of the tenant";
    Problem::new(StatusCode::FORBIDDEN, "denied", detail)
}
