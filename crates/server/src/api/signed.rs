//! A signed request: authenticated, fresh, and its answer signed in turn.

use std::sync::Arc;

use axum::{
    body::{Body, Bytes},
    extract::Request,
    http::{HeaderValue, StatusCode, header},
    response::{IntoResponse, Response},
};
use countersign_app::Tenant;

use crate::{
    Problem, Server, body,
    signature::{self, ANSWER_HEADER, Fault, Headers, SigningKey, TENANT_HEADER},
};

/// A request that one of the tenant's keys signed.
pub(super) struct Signed {
    pub(super) tenant: Arc<Tenant>,
    pub(super) id: String,
    pub(super) body: Bytes,
    key: SigningKey,
}

impl Signed {
    /// Reads the body and checks the signature, the time and that the id is new.
    pub(super) async fn read(server: &Server, request: Request) -> Result<Self, Problem> {
        let (parts, body) = request.into_parts();
        let headers = Headers::read(&parts.headers).map_err(refused)?;
        let name = parts.headers.get(TENANT_HEADER).and_then(|value| value.to_str().ok());
        let name = name.ok_or_else(|| refused(Fault::Header(TENANT_HEADER)))?;
        let body = body::read(body).await?;
        let tenant = name.parse().ok().and_then(|id| server.0.app.tenant(&id).ok());
        let keys = tenant.as_ref().and_then(|tenant| server.0.keys.get(tenant.id()));
        // Why: an unknown tenant gets the same work and the same answer as a wrong signature.
        let keys = keys.or_else(|| server.0.keys.values().next()).map_or(&[][..], Vec::as_slice);
        let key = signature::verify(keys, &headers, &body, server.0.app.clock().now())
            .map_err(|fault| refused(if tenant.is_some() { fault } else { Fault::Mismatch }))?
            .clone();
        let tenant = tenant.ok_or_else(|| refused(Fault::Mismatch))?;
        if !server.0.replays.is_new(tenant.id(), headers.id) {
            return Err(Problem::from(countersign_app::Error::Replayed).of_request(headers.id));
        }
        Ok(Self { tenant, id: headers.id.to_owned(), body, key })
    }

    /// Signs what is answered to this request, problems included.
    pub(super) fn answer(&self, answer: Result<Vec<u8>, Problem>) -> Response {
        let (head, bytes) = match answer {
            Ok(bytes) => ([(header::CONTENT_TYPE, "application/json")].into_response(), bytes),
            Err(problem) => {
                let problem = problem.of_request(&self.id);
                let bytes = serde_json::to_vec(&problem).unwrap_or_default();
                (problem.into_response(), bytes)
            }
        };
        let signature = HeaderValue::from_str(&self.key.sign_answer(&self.id, &bytes));
        let mut response = head.map(|_| Body::from(bytes));
        if let Ok(signature) = signature {
            response.headers_mut().insert(ANSWER_HEADER, signature);
        }
        response
    }
}

fn refused(fault: Fault) -> Problem {
    match fault {
        Fault::Header(name) => Problem::new(
            StatusCode::UNAUTHORIZED,
            "signature.header",
            format!("the request is signed by the headers `webhook-id`, `webhook-timestamp`, `webhook-signature` and `{TENANT_HEADER}`; `{name}` is missing or can't be read"),
        )
        .at(format!("header.{name}"), "missing or unreadable"),
        Fault::Stale => Problem::new(
            StatusCode::UNAUTHORIZED,
            "signature.stale",
            format!("`webhook-timestamp` must lie within {} seconds of now", signature::TOLERANCE_SECONDS),
        )
        .at("header.webhook-timestamp", "seconds since 1970 in UTC, close to now"),
        Fault::Mismatch => Problem::new(
            StatusCode::UNAUTHORIZED,
            "signature.invalid",
            "no signature is by a key of that tenant; sign `{webhook-id}.{webhook-timestamp}.{body}` with HMAC-SHA256",
        )
        .at("header.webhook-signature", "`v1,` and the base64 of the signature"),
    }
}
