//! `POST /risk/{token}`: the short form, for people who write their own Action.
//!
//! The token stands in the URL since such Actions can often set nothing else; it is no more than the right to ask, and
//! is ended by itself. It never reaches a log line or a metric, which name routes and not paths.

use crate::openapi::{refused, written};
use axum::{
    Json,
    extract::{Request, State},
    http::StatusCode,
};
use countersign_app::{
    access::Refusal,
    decide::{LEDGER_BUDGET, Quick, QuickAsk},
};
use countersign_privacy::Token;
use countersign_risk::ShortForm;
use serde_json::value::RawValue;

use super::segments::Segments;
use crate::{Problem, Server, admission, body, peer, rate::Asked};

/// The most bytes of an address (RFC 5321, section 4.5.3.1) and of an IP address as text.
const MAX_EMAIL: usize = 254;
const MAX_IP: usize = 64;

/// The most bytes of a user agent that are taken.
const MAX_AGENT: usize = 2_048;

#[utoipa::path(
    post,
    path = "/risk/{token}",
    operation_id = "score",
    tag = "short form",
    summary = "Scores a sign-up; the token stands in the path.",
    params(("token" = written::Identifier, Path)),
    request_body = written::ShortForm,
    responses((status = 200, body = written::ShortFormAnswer), refused::Signed),
    security(()),
)]
pub(super) async fn handle(
    State(server): State<Server>,
    Segments(token): Segments<String>,
    request: Request,
) -> Result<Json<Quick>, Problem> {
    let received = server.0.app.clock().monotonic();
    let unknown = || {
        let detail = "the token in the path is none that holds";
        let refusal = Problem::new(StatusCode::UNAUTHORIZED, "token.unknown", detail);
        server.unknown(request.extensions(), None, Refusal::ShortForm, refusal)
    };
    let token = Token::received(&token).ok_or_else(unknown)?;
    let tenant = server.0.app.tenant_of_risk_token(&token).ok_or_else(unknown)?;
    peer::check(&server, request.extensions(), tenant.id()).inspect_err(|problem| {
        server.0.metrics.refused(problem.code());
    })?;
    server.0.rates.take(tenant.id(), Asked::ShortForm).inspect_err(|problem| {
        server.0.metrics.refused(problem.code());
    })?;
    let request = admission::before(&server, request).await?;
    let bytes = body::read(request.into_body()).await?;
    let raw: Box<RawValue> = body::parse(&bytes)?;
    let form: ShortForm = body::parse(&bytes)?;
    check(&form)?;
    let ask = QuickAsk { tenant: tenant.id().clone(), form };
    let place = admission::begin(&server, tenant.id(), received, LEDGER_BUDGET)?;
    let quick = server.0.app.quick(tenant, &ask, raw, received).await;
    place.end(server.0.app.clock().monotonic());
    let quick = quick?;
    server.0.metrics.quick(&quick);
    Ok(Json(quick))
}

fn check(form: &ShortForm) -> Result<(), Problem> {
    let ShortForm { email, ip, user_agent } = form;
    let bounds = [
        ("email", email.len(), MAX_EMAIL, email.contains('@')),
        ("ip", ip.len(), MAX_IP, ip.parse::<std::net::IpAddr>().is_ok()),
        ("user_agent", user_agent.len(), MAX_AGENT, true),
    ];
    for (path, bytes, most, is_sound) in bounds {
        if bytes > most || !is_sound {
            let what = match path {
                "email" => format!("an e-mail address of at most {most} bytes"),
                "ip" => "an IPv4 or IPv6 address".to_owned(),
                _ => format!("a text of at most {most} bytes"),
            };
            return Err(Problem::new(
                StatusCode::UNPROCESSABLE_ENTITY,
                "body.shape",
                format!("`{path}`: {what}"),
            )
            .at(path, what));
        }
    }
    Ok(())
}
