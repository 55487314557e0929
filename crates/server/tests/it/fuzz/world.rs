//! A service on a runtime of its own, and requests as the targets write them.

use axum::{
    body::Body,
    http::{HeaderValue, Request, header::HeaderName},
};
use countersign_app::access::Settings;
use countersign_core::TenantId;
use countersign_rights::{Grant, Place, Role};
use countersign_testkit::{Answer, HOST, OTHER_TENANT, Setup, TENANT, TestApp, Vouching};
use serde_json::Value;

use crate::world::check_problem_shape;

pub struct World {
    pub runtime: tokio::runtime::Runtime,
    pub service: TestApp,
    /// The cookie of somebody who may do everything.
    pub cookie: String,
}

/// A request that was written down: a line with method and path, a line for each header, an empty one, the body.
pub struct Written {
    pub method: String,
    pub path: String,
    pub headers: Vec<(HeaderName, HeaderValue)>,
    pub body: Vec<u8>,
}

impl World {
    pub fn new() -> Self {
        let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap();
        let access = Settings { provider: Some(std::sync::Arc::new(Vouching)), ..Settings::default() };
        let (service, cookie) = runtime.block_on(async {
            let service = TestApp::start_with(|_| {}, Setup { access, ..Setup::default() }).await;
            service.grant("mia", vec![Grant::new(Role::Administrator, Place::Installation).unwrap()]).await;
            let cookie = service.session_of("mia").await;
            (service, cookie)
        });
        Self { runtime, service, cookie }
    }

    pub fn send(&self, request: Request<Body>) -> Answer {
        self.runtime.block_on(self.service.send(request))
    }

    /// How many leaves each tenant's ledger has.
    pub fn leaves(&self) -> [u64; 2] {
        self.runtime.block_on(self.service.app.denials_told());
        [TENANT, OTHER_TENANT].map(|tenant| {
            let id: TenantId = tenant.parse().unwrap();
            self.runtime.block_on(self.service.store.get_ledger_head(&id)).unwrap().frontier.size()
        })
    }

    /// Sends a request, holds the answer to what is promised of every answer, and says what became of it.
    pub fn tried(&self, request: Request<Body>) -> Result<Answer, String> {
        let answer = self.send(request);
        checked(&answer)?;
        Ok(answer)
    }

    /// As `tried`; a refusal left no leaf but of a denial, which is told of what is not there as well.
    pub fn tried_whole(&self, request: Request<Body>) -> Result<Answer, String> {
        let before = self.leaves();
        let answer = self.tried(request)?;
        let is_whole = match answer.status {
            403 | 404 => self.are_denials(before),
            400.. => is_busy(&answer) || self.leaves() == before,
            _ => true,
        };
        if !is_whole {
            return Err(format!("it was refused with {} and left a leaf", said(&answer)));
        }
        Ok(answer)
    }

    /// Whether whatever came since is told of a denial.
    fn are_denials(&self, before: [u64; 2]) -> bool {
        self.leaves();
        [TENANT, OTHER_TENANT].into_iter().zip(before).all(|(tenant, from)| {
            let tenant = tenant.parse().unwrap();
            let leaves = self.service.store.list_leaves(&tenant, from, 100);
            self.runtime.block_on(leaves).unwrap().iter().all(|row| {
                let leaf: Value = serde_json::from_slice(&row.leaf).unwrap();
                leaf["kind"] == "access" && leaf["facts"]["change"] == "denied"
            })
        })
    }

    /// What was decided and told so far is whole.
    pub fn assert_whole(&self) {
        for tenant in [TENANT, OTHER_TENANT] {
            let tenant = self.service.app.tenant(&tenant.parse().unwrap()).unwrap();
            self.runtime.block_on(self.service.app.audit(&tenant)).unwrap();
        }
    }
}

/// No fault of ours; a problem in the form that is promised, a page or JSON otherwise.
fn checked(answer: &Answer) -> Result<(), String> {
    if answer.status >= 500 && !is_busy(answer) {
        return Err(format!("a fault of ours: {}", said(answer)));
    }
    let kind = answer.headers.get("content-type").and_then(|value| value.to_str().ok()).unwrap_or_default();
    if answer.status >= 400 && !kind.starts_with("text/html") {
        check_problem_shape(answer);
    }
    for name in ["content-security-policy", "x-frame-options", "x-content-type-options", "cache-control"] {
        if !answer.headers.contains_key(name) {
            return Err(format!("an answer without `{name}`: {}", said(answer)));
        }
    }
    Ok(())
}

/// Whether it was refused for want of time, as is promised: a machine with other work may be too slow for a leaf's budget. What an input
/// costs is bounded by the target.
pub fn is_busy(answer: &Answer) -> bool {
    answer.status == 503 && matches!(answer.json["code"].as_str(), Some("ledger_unavailable" | "overloaded"))
}

/// Status, code and where something is wrong: one word for what became of a request.
pub fn said(answer: &Answer) -> String {
    let errors = answer.json["errors"].as_array().into_iter().flatten();
    let places: Vec<&str> = errors.filter_map(|error| error["path"].as_str()).collect();
    let status = ["2", "3", "4", "5"][usize::from(answer.status / 100).clamp(2, 5) - 2];
    let text = answer.json["code"].as_str().unwrap_or_default();
    let detail: String = answer.json["detail"].as_str().unwrap_or_default().chars().take(120).collect();
    format!("{status}xx {text} {} {detail}", places.join(" "))
}

impl Written {
    /// Reads a request; `None` where it is none that a client could send.
    pub fn read(input: &[u8]) -> Option<Self> {
        let (head, body) = match input.windows(2).position(|pair| pair == b"\n\n") {
            Some(at) => (&input[..at], &input[at + 2..]),
            None => (input, &[][..]),
        };
        let mut lines = head.split(|byte| *byte == b'\n');
        let first = std::str::from_utf8(lines.next()?).ok()?;
        let (method, path) = first.split_once(' ')?;
        let headers = lines.map(|line| {
            let at = line.windows(2).position(|pair| pair == b": ")?;
            let (name, value) = (&line[..at], &line[at + 2..]);
            Some((HeaderName::from_bytes(name).ok()?, HeaderValue::from_bytes(value).ok()?))
        });
        let headers = headers.collect::<Option<_>>()?;
        // Why: this one answers for as long as somebody listens.
        let is_endless = path.trim_start_matches('/').starts_with("console/live");
        (!is_endless).then(|| Self {
            method: method.to_owned(),
            path: path.to_owned(),
            headers,
            body: body.to_vec(),
        })
    }

    /// The request, for the service unless its headers say another host; `None` where no client could send it.
    pub fn request(&self, more: &[(&'static str, &str)]) -> Option<Request<Body>> {
        let mut request = Request::builder().method(&*self.method).uri(&*self.path);
        let has_host = self.headers.iter().any(|(name, _)| name == "host");
        if !has_host {
            request = request.header("host", HOST);
        }
        for (name, value) in more {
            request = request.header(*name, *value);
        }
        let mut request = request.body(Body::from(self.body.clone())).ok()?;
        for (name, value) in &self.headers {
            request.headers_mut().append(name, value.clone());
        }
        Some(request)
    }

    /// What a header says first, as the service reads it.
    pub fn header(&self, name: &str) -> Option<&str> {
        self.headers.iter().find(|(known, _)| known == name)?.1.to_str().ok()
    }
}
