//! A signed request: authenticated, fresh, and its answer signed in turn.

use std::sync::Arc;

use axum::{
    body::{Body, Bytes},
    extract::Request,
    http::{HeaderValue, StatusCode, header},
    response::{IntoResponse, Response},
};
use countersign_app::{Tenant, access::Refusal};
use countersign_core::ClientId;

use crate::{
    Problem, Server, body, peer,
    rate::Asked,
    signature::{self, ANSWER_HEADER, Fault, Headers, SigningKey, TENANT_HEADER},
};

/// What somebody asks who was proved to ask for a tenant; under its id it is answered once.
pub(super) struct Proved {
    pub(super) tenant: Arc<Tenant>,
    pub(super) id: String,
    pub(super) body: Bytes,
}

/// A request that one of the tenant's keys signed.
pub(super) struct Signed {
    pub(super) asked: Proved,
    key: SigningKey,
}

impl Proved {
    /// Takes what was proved to be asked for a tenant, once under its id.
    pub(super) fn new(server: &Server, tenant: Arc<Tenant>, id: &str, body: Bytes) -> Result<Self, Problem> {
        if !server.0.replays.is_new(tenant.id(), id) {
            return Err(Problem::from(countersign_app::Error::Replayed).of_request(id));
        }
        Ok(Self { tenant, id: id.to_owned(), body })
    }

    /// Takes this request out of its tenant's allowance.
    pub(super) fn limit(&self, server: &Server, asked: Asked) -> Result<(), Problem> {
        self.unless_limited(server, server.0.rates.take(self.tenant.id(), asked))
    }

    /// Takes this request out of the allowance of a client of its tenant.
    pub(super) fn limit_client(&self, server: &Server, client: &ClientId) -> Result<(), Problem> {
        self.unless_limited(server, server.0.rates.take_of_client(self.tenant.id(), client))
    }

    /// Why the id is forgotten: nothing was done for the request, so that it may come again.
    fn unless_limited(&self, server: &Server, taken: Result<(), Problem>) -> Result<(), Problem> {
        taken.inspect_err(|_| server.0.replays.forget(self.tenant.id(), &self.id))
    }
}

impl Signed {
    /// Reads the body and checks the signature, the time and that the id is new.
    pub(super) async fn read(server: &Server, request: Request) -> Result<Self, Problem> {
        let (parts, body) = request.into_parts();
        let headers = Headers::read(&parts.headers).map_err(refused)?;
        let name = parts.headers.get(TENANT_HEADER).and_then(|value| value.to_str().ok());
        let name = name.ok_or_else(|| refused(Fault::Header(TENANT_HEADER)))?;
        let body = body::read(body).await?;
        let known = server.0.keys.load();
        let tenant = name.parse().ok().and_then(|id| server.0.app.tenant(&id).ok());
        // INVARIANT: no tenant is proved by another's keys, so that one without keys of its own is as good as none.
        let tenant = tenant.filter(|tenant| known.contains_key(tenant.id()));
        let keys = tenant.as_ref().and_then(|tenant| known.get(tenant.id()));
        // Why: an unknown tenant gets the same work and the same answer as a wrong signature.
        let keys = keys.or_else(|| known.values().next()).map_or(&[][..], Vec::as_slice);
        let key = signature::verify(keys, &headers, &body, server.0.app.clock().now())
            .map_err(|fault| unproved(server, tenant.as_deref(), fault))?
            .clone();
        let tenant = tenant.ok_or_else(|| unproved(server, None, Fault::Mismatch))?;
        peer::check(server, &parts.extensions, tenant.id())?;
        Ok(Self { asked: Proved::new(server, tenant, headers.id, body)?, key })
    }

    /// Signs what is answered to this request, problems included.
    pub(super) fn answer(&self, answer: Result<Vec<u8>, Problem>) -> Response {
        let (head, bytes) = match answer {
            Ok(bytes) => ([(header::CONTENT_TYPE, "application/json")].into_response(), bytes),
            Err(problem) => {
                let problem = problem.of_request(&self.asked.id);
                let bytes = serde_json::to_vec(&problem).unwrap_or_default();
                (problem.into_response(), bytes)
            }
        };
        let signature = HeaderValue::from_str(&self.key.sign_answer(&self.asked.id, &bytes));
        let mut response = head.map(|_| Body::from(bytes));
        if let Ok(signature) = signature {
            response.headers_mut().insert(ANSWER_HEADER, signature);
        }
        response
    }
}

/// Counts a signature that proves nothing. Of a tenant that is not there, it is a wrong one in any case.
fn unproved(server: &Server, tenant: Option<&Tenant>, fault: Fault) -> Problem {
    server.count_refused(tenant.map(Tenant::id), Refusal::Signature);
    refused(if tenant.is_some() { fault } else { Fault::Mismatch })
}

pub(super) fn refused(fault: Fault) -> Problem {
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
