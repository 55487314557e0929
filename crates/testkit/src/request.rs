//! Requests into the router, signed or not.

use axum::{
    body::Body,
    http::{HeaderMap, Request},
};
use countersign_core::Clock;
use countersign_server::signature::{SigningKey, TENANT_HEADER};
use serde_json::{Value, json};
use tower::ServiceExt;

use crate::{HOST, TENANT, TOKEN, TestApp, signing_key};

/// What came back.
#[derive(Debug)]
pub struct Answer {
    /// The status.
    pub status: u16,
    /// The headers.
    pub headers: HeaderMap,
    /// The body as it came.
    pub bytes: Vec<u8>,
    /// The body as JSON; null when it is none.
    pub json: Value,
}

/// How a request is signed; the default is right.
pub struct Signing {
    /// The tenant that the header names.
    pub tenant: String,
    /// The key.
    pub key: SigningKey,
    /// The request's id.
    pub id: String,
    /// The timestamp, in seconds.
    pub timestamp: i64,
}

impl TestApp {
    /// Signs as the fixtures' tenant would, now and with an id of its own.
    pub fn signing(&self) -> Signing {
        Signing {
            tenant: TENANT.to_owned(),
            key: signing_key(TENANT, 1),
            id: self.fresh_id(),
            timestamp: self.clock.now().seconds(),
        }
    }

    /// The body of a request for a decision.
    #[must_use]
    pub fn question(event: &Value) -> Value {
        Self::question_of("post-login", event)
    }

    /// The body of a request for a decision, by the Action of any trigger.
    #[must_use]
    pub fn question_of(trigger: &str, event: &Value) -> Value {
        let name = format!("countersign-{trigger}");
        let action = json!({ "name": name, "version": "0.1.0", "policy_etag": null });
        json!({ "trigger": trigger, "event": event, "deadline_ms": 800, "action": action, "truncated": [] })
    }

    /// Asks for a decision as the Action would.
    pub async fn decide(&self, event: &Value) -> Answer {
        self.ask("post-login", event).await
    }

    /// Asks for a decision as the Action of any trigger would.
    pub async fn ask(&self, trigger: &str, event: &Value) -> Answer {
        let question = Self::question_of(trigger, event).to_string().into_bytes();
        self.signed("/v1/decisions", question, self.signing()).await
    }

    /// Posts a signed body.
    pub async fn signed(&self, path: &str, body: Vec<u8>, signing: Signing) -> Answer {
        let Signing { tenant, key, id, timestamp } = signing;
        let request = Request::post(path)
            .header("host", HOST)
            .header("webhook-signature", key.sign_request(&id, timestamp, &body))
            .header("webhook-id", id)
            .header("webhook-timestamp", timestamp)
            .header(TENANT_HEADER, tenant)
            .body(Body::from(body));
        self.send(request.expect("a request")).await
    }

    /// Tells an outcome as the Action would.
    pub async fn outcome(&self, outcome: &Value) -> Answer {
        self.signed("/v1/outcomes", outcome.to_string().into_bytes(), self.signing()).await
    }

    /// Gets a path as the operator.
    pub async fn get(&self, path: &str) -> Answer {
        let request =
            Request::get(path).header("host", HOST).header("authorization", format!("Bearer {TOKEN}"));
        self.send(request.body(Body::empty()).expect("a request")).await
    }

    /// Sends a JSON body as the operator.
    pub async fn operate(&self, method: &str, path: &str, body: &Value) -> Answer {
        let request = Request::builder()
            .method(method)
            .uri(path)
            .header("host", HOST)
            .header("authorization", format!("Bearer {TOKEN}"))
            .header(TENANT_HEADER, TENANT)
            .body(Body::from(body.to_string()));
        self.send(request.expect("a request")).await
    }

    /// Opens the receipt of a decision of the fixtures' tenant as the operator.
    pub async fn open_receipt(&self, decision: &str) -> Answer {
        let path = format!("/v1/decisions/{decision}/receipt?tenant={TENANT}");
        self.operate("POST", &path, &json!({ "actor": "mia", "reason": "a test looks" })).await
    }

    /// Sends any request.
    pub async fn send(&self, request: Request<Body>) -> Answer {
        let response = self.server.router().oneshot(request).await.expect("the router answers");
        let (parts, body) = response.into_parts();
        #[expect(clippy::disallowed_methods, reason = "a test's own service is trusted with its body's size")]
        let bytes = axum::body::to_bytes(body, usize::MAX).await.expect("the body arrives").to_vec();
        let json = serde_json::from_slice(&bytes).unwrap_or(Value::Null);
        Answer { status: parts.status.as_u16(), headers: parts.headers, bytes, json }
    }
}
