//! `POST /v1/decisions`: an Action asks what to do.

mod by_token;

use crate::openapi::{refused, written};
use std::time::Duration;

use axum::{
    extract::{Request, State},
    http::StatusCode,
    response::{IntoResponse, Response},
};
use countersign_app::decide::{ActionInfo, Ask, Call};
use countersign_auth0::trigger::Event;
use countersign_core::Trigger;
use countersign_risk::DevicePosture;
use serde::Deserialize;
use serde_json::value::RawValue;

use super::signed::{Proved, Signed};
use crate::{Problem, Server, admission, body, rate::Asked};

/// Shortest and longest deadline of a caller, in milliseconds; Auth0 gives all Actions of a trigger 20 seconds.
const DEADLINE_MS: std::ops::RangeInclusive<u32> = 50..=20_000;

/// The most characters of the Action's name and version, and of a cut field's path.
const MAX_CHARS: usize = 128;

/// How long the hash of the Action's code is.
const HASH_DIGITS: usize = 64;

/// The most paths of cut fields.
const MAX_TRUNCATED: usize = 64;

#[derive(Deserialize)]
pub(super) struct DecisionRequest {
    trigger: String,
    event: Box<RawValue>,
    deadline_ms: u32,
    action: ActionInfo,
    #[serde(default)]
    truncated: Vec<String>,
    #[serde(default)]
    device_posture: Option<Box<RawValue>>,
}

#[utoipa::path(
    post,
    path = "/v1/decisions",
    operation_id = "decide",
    tag = "decisions",
    summary = "An Action asks what to do.",
    params(
        ("webhook-id" = written::SignedId, Header),
        ("webhook-timestamp" = written::SignedAt, Header),
        ("countersign-tenant" = written::TenantId, Header),
    ),
    request_body = written::DecisionRequest,
    responses(
        (status = 200, body = written::DecisionAnswer, headers(("countersign-signature" = Option<String>))),
        refused::Signed,
    ),
    security(("signature" = [])),
)]
pub(super) async fn handle(State(server): State<Server>, request: Request) -> Response {
    let received = server.0.app.clock().monotonic();
    if by_token::is_asked(request.headers()) {
        return by_token::handle(&server, request, received).await;
    }
    let admitted = admission::before(&server, request).await;
    let read = async { Signed::read(&server, admitted?).await };
    let signed = match read.await {
        Ok(signed) => signed,
        Err(problem) => {
            server.0.metrics.refused(problem.code());
            return problem.into_response();
        }
    };
    let answer = match ask(&server, &signed.asked, received) {
        Ok(ask) => decide(&server, &signed.asked, ask).await,
        Err(problem) => Err(problem),
    };
    if let Err(problem) = &answer {
        server.0.metrics.refused(problem.code());
    }
    signed.answer(answer)
}

/// What an Action asks, within what the tenant and the event's client may.
fn ask(server: &Server, asked: &Proved, received: Duration) -> Result<Ask, Problem> {
    asked.limit(server, Asked::Decision)?;
    let ask = parse(&asked.body, &asked.id, received)?;
    limit_client(server, asked, &ask)?;
    Ok(ask)
}

/// The same of what was parsed before, so that who may not ask takes nothing out of it.
fn limit(server: &Server, asked: &Proved, ask: &Ask) -> Result<(), Problem> {
    asked.limit(server, Asked::Decision)?;
    limit_client(server, asked, ask)
}

fn limit_client(server: &Server, asked: &Proved, ask: &Ask) -> Result<(), Problem> {
    ask.client().map_or(Ok(()), |client| asked.limit_client(server, client))
}

async fn decide(server: &Server, asked: &Proved, mut ask: Ask) -> Result<Vec<u8>, Problem> {
    // Why before a place is taken: a slow connector is no sign of too many decisions.
    let told = server.0.app.enrich(&asked.tenant, &mut ask).await;
    let place = admission::begin(server, asked.tenant.id(), ask.call.received, ask.call.deadline)?;
    let decided = server.0.app.decide_with(&asked.tenant, ask, told).await;
    place.end(server.0.app.clock().monotonic());
    let decided = decided?;
    server.0.metrics.decided(&decided);
    Ok(decided.answer)
}

/// Parses a body into what is asked; the floor of the benchmark parses by the same function.
pub(crate) fn parse(bytes: &[u8], request_id: &str, received: Duration) -> Result<Ask, Problem> {
    let DecisionRequest { trigger, event, deadline_ms, action, truncated, device_posture } =
        body::parse(bytes)?;
    let fault = |path: &str, message: String| {
        Err(Problem::new(StatusCode::UNPROCESSABLE_ENTITY, "body.shape", format!("`{path}`: {message}"))
            .at(path, message))
    };
    let trigger = asked(&trigger)?;
    if !DEADLINE_MS.contains(&deadline_ms) {
        return fault(
            "deadline_ms",
            format!("a number of milliseconds from {} to {}", DEADLINE_MS.start(), DEADLINE_MS.end()),
        );
    }
    for (path, text) in [("action.name", &action.name), ("action.version", &action.version)] {
        if text.is_empty() || text.chars().count() > MAX_CHARS || text.chars().any(char::is_control) {
            return fault(
                path,
                format!("a text of 1 to {MAX_CHARS} characters, none of them a control character"),
            );
        }
        // Why: it stands in the public leaf, which takes nothing that looks like a person's pseudonym.
        if text.starts_with("sub_") {
            return fault(path, "a text that does not begin with `sub_`".to_owned());
        }
    }
    let is_digit = |byte: u8| matches!(byte, b'0'..=b'9' | b'a'..=b'f');
    if action.code.as_ref().is_some_and(|code| code.len() != HASH_DIGITS || !code.bytes().all(is_digit)) {
        return fault("action.code", format!("a SHA-256 in {HASH_DIGITS} hexadecimal digits, or nothing"));
    }
    if truncated.len() > MAX_TRUNCATED || truncated.iter().any(|path| path.len() > MAX_CHARS) {
        return fault("truncated", format!("at most {MAX_TRUNCATED} paths of at most {MAX_CHARS} bytes"));
    }
    let typed = Event::decode(trigger, event.get().as_bytes(), "event")
        .map_err(|error| body::shape(event.get().as_bytes(), &error))?;
    let call = Call {
        request_id: Some(request_id.to_owned()),
        raw_event: event,
        action,
        deadline: Duration::from_millis(deadline_ms.into()),
        received,
        truncated,
        // Why not refused where it is another: somebody's sign-in does not hang on what is told of their machine.
        device_posture: device_posture.and_then(|told| DevicePosture::read(told.get())),
    };
    Ok(Ask { event: typed, call })
}

/// The trigger of this name; the short form has an endpoint of its own.
fn asked(trigger: &str) -> Result<Trigger, Problem> {
    trigger.parse().ok().filter(|trigger| *trigger != Trigger::ShortForm).ok_or_else(|| {
        let known = Trigger::ALL.iter().filter(|known| **known != Trigger::ShortForm);
        let known = known.map(|known| format!("`{known}`")).collect::<Vec<_>>().join(", ");
        let detail = format!("this server answers {known}");
        Problem::new(StatusCode::UNPROCESSABLE_ENTITY, "trigger.unknown", detail.clone())
            .at("trigger", detail)
    })
}
