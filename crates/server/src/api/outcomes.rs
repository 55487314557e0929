//! `POST /v1/outcomes`: what became of a sign-in. Signed by an Action's key, or told by an operator.

use crate::openapi::{refused, written};
use axum::{
    extract::{Request, State},
    http::StatusCode,
    response::{IntoResponse, Response},
};
use countersign_app::outcomes::{Outcome, Taken};
use countersign_rights::Action;
use serde_json::json;

use super::signed::Signed;
use crate::{Problem, Server, admission, body, rate::Asked, signature::TENANT_HEADER};

#[utoipa::path(
    post,
    path = "/v1/outcomes",
    operation_id = "tell_outcome",
    tag = "decisions",
    summary = "What became of a sign-in, told by an Action or a person.",
    params(
        ("webhook-id" = Option<written::SignedId>, Header),
        ("webhook-timestamp" = Option<written::SignedAt>, Header),
        ("countersign-tenant" = written::TenantId, Header),
    ),
    request_body = written::Outcome,
    responses(
        (status = 200, body = written::OutcomeTaken, headers(("countersign-signature" = Option<String>))),
        refused::Signed,
        refused::Missing,
        refused::Erased,
    ),
    security(("signature" = []), ("bearer" = []), ("session" = [])),
)]
pub(super) async fn handle(State(server): State<Server>, request: Request) -> Response {
    if request.headers().contains_key("webhook-signature") {
        let admitted = admission::before(&server, request).await;
        let read = async { Signed::read(&server, admitted?).await };
        let signed = match read.await {
            Ok(signed) => signed,
            Err(problem) => {
                server.0.metrics.refused(problem.code());
                return problem.into_response();
            }
        };
        let asked = &signed.asked;
        let answer = match asked.limit(&server, Asked::Outcome) {
            Ok(()) => told_by_action(&server, &signed).await,
            Err(problem) => Err(problem),
        };
        if let Err(problem) = &answer {
            server.0.metrics.refused(problem.code());
        }
        return signed.answer(answer);
    }
    match told_by_operator(&server, request).await {
        Ok(answer) => ([(axum::http::header::CONTENT_TYPE, "application/json")], answer).into_response(),
        Err(problem) => problem.into_response(),
    }
}

async fn told_by_operator(server: &Server, request: Request) -> Result<Vec<u8>, Problem> {
    let (parts, body) = request.into_parts();
    let Some(caller) = server.caller(&parts.headers, &parts.extensions).await? else {
        let detail = "an outcome is signed by an Action's key, or told by somebody who may (`tell_outcomes`)";
        return Err(Problem::new(StatusCode::UNAUTHORIZED, "credential.missing", detail));
    };
    server.check_page(&caller, &parts.method, &parts.headers)?;
    let name = parts
        .headers
        .get(TENANT_HEADER)
        .and_then(|value| value.to_str().ok())
        .filter(|name| name.parse::<countersign_core::TenantId>().is_ok());
    let tenant = name.ok_or_else(|| {
        Problem::new(
            StatusCode::UNPROCESSABLE_ENTITY,
            "tenant.missing",
            format!("the header `{TENANT_HEADER}` names the tenant"),
        )
    })?;
    let permit = server.permit_within(&caller, Action::TellOutcomes, tenant).await?;
    let outcome: Outcome = body::parse(&body::read(body).await?)?;
    Ok(told(server.0.app.report_within(&permit, &outcome).await?))
}

/// Takes an outcome that an Action signed, once under its request's id.
async fn told_by_action(server: &Server, signed: &Signed) -> Result<Vec<u8>, Problem> {
    let asked = &signed.asked;
    let outcome: Outcome = body::parse(&asked.body)?;
    if outcome.needs_person() {
        let detail =
            "a verdict comes from a person: tell it with the operator's token, not with an Action's key";
        return Err(Problem::new(StatusCode::FORBIDDEN, "outcome.person", detail).at("kind", "not `verdict`"));
    }
    Ok(told(server.0.app.report_once(&asked.tenant, &outcome, &asked.id).await?))
}

fn told(taken: Taken) -> Vec<u8> {
    json!({ "outcome": taken }).to_string().into_bytes()
}
