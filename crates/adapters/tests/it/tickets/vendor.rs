//! A vendor of a test's own: it remembers what it was asked, and answers as told, else as it does.

use std::{collections::BTreeMap, sync::Arc};

use axum::{
    Json, Router,
    body::Bytes,
    extract::State,
    http::{HeaderMap, Method, StatusCode, Uri, header},
    response::{IntoResponse, Response},
};
use countersign_adapters::messages::{Console, Templates};
use countersign_app::hooks::{HookError, Message, SendHook, Taken};
use countersign_core::Timestamp;
use parking_lot::Mutex;
use serde_json::{Value, json};
use tokio::task::JoinSet;

/// What every secret of these tests holds.
pub const CANARY: &str = "CANARY";

/// What was asked.
#[derive(Debug, Clone)]
pub struct Asked {
    pub method: Method,
    /// With its query, as it was sent.
    pub path: String,
    pub credential: Option<String>,
    pub once: Option<String>,
    pub body: Value,
}

/// What is answered: status, `Retry-After`, body.
pub type Reply = (u16, Option<&'static str>, Value);

/// How the vendor answers what it was not told to answer otherwise.
pub type Manner = fn(&mut BTreeMap<String, Value>, &Asked) -> Reply;

#[derive(Clone)]
struct Desk {
    asked: Arc<Mutex<Vec<Asked>>>,
    next: Arc<Mutex<Vec<Option<Reply>>>>,
    /// Answers that get lost: what was asked is done, and nobody hears of it.
    lost: Arc<Mutex<u32>>,
    tickets: Arc<Mutex<BTreeMap<String, Value>>>,
    manner: Manner,
}

/// A vendor, gone with this value.
pub struct Vendor {
    desk: Desk,
    /// Where it is, with a slash at its end.
    pub base: String,
    _serving: JoinSet<()>,
}

async fn answer(
    State(desk): State<Desk>,
    method: Method,
    uri: Uri,
    headers: HeaderMap,
    body: Bytes,
) -> Response {
    let header = |name: &str| headers.get(name).map(|value| value.to_str().unwrap().to_owned());
    let asked = Asked {
        method,
        path: uri.to_string(),
        credential: header("authorization"),
        once: header("idempotency-key"),
        body: if body.is_empty() { Value::Null } else { serde_json::from_slice(&body).unwrap() },
    };
    desk.asked.lock().push(asked.clone());
    let told = desk.next.lock().pop().flatten();
    let (status, retry, body) = told.unwrap_or_else(|| (desk.manner)(&mut desk.tickets.lock(), &asked));
    if asked.method != Method::GET && *desk.lost.lock() > 0 {
        *desk.lost.lock() -= 1;
        return (StatusCode::BAD_GATEWAY, "the answer was lost").into_response();
    }
    let mut answer = (StatusCode::from_u16(status).unwrap(), Json(body)).into_response();
    if let Some(seconds) = retry {
        answer.headers_mut().insert(header::RETRY_AFTER, seconds.parse().unwrap());
    }
    answer
}

impl Vendor {
    pub async fn new(manner: Manner) -> Self {
        let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
        let base = format!("http://{}/", listener.local_addr().unwrap());
        let desk = Desk {
            asked: Arc::default(),
            next: Arc::default(),
            lost: Arc::default(),
            tickets: Arc::default(),
            manner,
        };
        let routes = Router::new().fallback(answer).with_state(desk.clone());
        let mut serving = JoinSet::new();
        serving.spawn(async move { axum::serve(listener, routes).await.unwrap() });
        Self { desk, base, _serving: serving }
    }

    /// Answers the next requests so; `None`: as it does.
    pub fn answer(&self, replies: impl DoubleEndedIterator<Item = Option<Reply>>) {
        *self.desk.next.lock() = replies.rev().collect();
    }

    /// Loses its answers to the next so many changes.
    pub fn lose(&self, count: u32) {
        *self.desk.lost.lock() = count;
    }

    /// What it was asked since the last time.
    pub fn asked(&self) -> Vec<Asked> {
        std::mem::take(&mut *self.desk.asked.lock())
    }

    /// Its tickets, by id.
    pub fn tickets(&self) -> BTreeMap<String, Value> {
        self.desk.tickets.lock().clone()
    }

    /// What somebody does to a ticket there.
    pub fn change(&self, id: &str, change: impl FnOnce(&mut Value)) {
        change(self.desk.tickets.lock().get_mut(id).unwrap());
    }

    /// What somebody takes away there.
    pub fn remove(&self, id: &str) {
        self.desk.tickets.lock().remove(id).unwrap();
    }
}

pub fn words() -> (Console, Templates) {
    (Console("https://cs.example.com".to_owned()), Templates::new(&BTreeMap::new()).unwrap())
}

/// What an incident or a plan tells, with words in it that a vendor might take for more than words.
pub fn data() -> Value {
    json!({
        "tenant": "acme", "incident_id": "inc_1", "title": "Many <b>wrong</b> passwords [code]x[/code] {{ticket.id}}",
        "severity": "high", "status": "open", "reasons": ["worst_alert"], "detectors": ["brute_force_account"],
        "alerts": 2, "accounts": 1, "addresses": 3, "organizations": 1,
        "failed_sign_ins": 39, "failures": ["fp ×37", "fu ×2"],
        "failed_first": "2026-11-29T20:00:07.000000Z", "failed_last": "2026-11-29T20:09:07.000000Z",
        "why": ["the worst alert is high", "an attempt went through after others had failed"],
        "next_steps": ["reset the password", "end its sessions, all of them"],
        "first": "2026-11-29T20:00:07.000000Z", "last": "2026-11-29T20:10:07.000000Z",
        "account_aliases": ["als_30d690_a"], "plan_id": "plan_1", "state": "proposed",
        "text": "who was here?\n\nthe end", "path": "/incidents/inc_1?tenant=acme",
        "disposition": "true_positive",
    })
}

/// Tells a receiver of an event about `inc_1`.
pub async fn tell(sender: &impl SendHook, kind: &str, place: Option<&str>) -> Result<Taken, HookError> {
    let body = json!({"type": kind, "timestamp": "2026-11-29T20:10:07.000000Z", "data": data()}).to_string();
    let message =
        Message { id: "rec_1", about: "inc_1", at: Timestamp::default(), body: body.as_bytes(), place };
    let told = sender.send(message).await;
    if let Err(error) = &told {
        assert!(!error.to_string().contains(CANARY) && !format!("{error:?}").contains(CANARY), "{error:?}");
    }
    told
}

/// Holds what was asked to what the vendor publishes.
pub fn hold(format: &str, asked: &Asked) {
    let schema: Value = serde_json::from_str(format).unwrap();
    let validator = jsonschema::draft202012::options().should_validate_formats(true).build(&schema).unwrap();
    let faults: Vec<_> = validator.iter_errors(&asked.body).map(|fault| fault.to_string()).collect();
    assert!(faults.is_empty(), "{} {}: {faults:?}\n{:#}", asked.method, asked.path, asked.body);
}

/// What every vendor's refusals come to, whatever is asked.
pub fn refusals() -> [(Reply, Option<HookError>); 9] {
    let busy = |status, seconds| Some(HookError::Busy { status, seconds });
    [
        ((429, Some("17"), json!({})), busy(429, 17)),
        ((429, None, json!({})), busy(429, 30)),
        ((503, Some("7"), json!({})), busy(503, 7)),
        ((503, None, json!({})), Some(HookError::Status(503))),
        ((500, None, json!({})), Some(HookError::Status(500))),
        ((410, None, json!({})), Some(HookError::Status(410))),
        ((401, None, json!({"error": CANARY})), None),
        ((403, None, json!({"error": CANARY})), None),
        ((400, None, json!({"error": CANARY})), None),
    ]
}

/// That each refusal of the next request comes to what it should.
pub async fn refuses(vendor: &Vendor, sender: &impl SendHook) {
    for (reply, expected) in refusals() {
        vendor.answer([Some(reply.clone())].into_iter());
        let said = tell(sender, "incident.opened", None).await.unwrap_err();
        match expected {
            Some(expected) => assert_eq!(said, expected, "{reply:?}"),
            None => assert!(matches!(said, HookError::Refused(_)), "{reply:?}: {said}"),
        }
    }
    vendor.answer([Some((200, None, json!("<html>")))].into_iter());
    let said = tell(sender, "incident.opened", None).await.unwrap_err();
    assert!(said.to_string().contains("what answered is not"), "{said}");
}

/// The path that was asked for, and its query.
pub fn query(asked: &Asked) -> (String, BTreeMap<String, String>) {
    let url = reqwest::Url::parse(&format!("http://vendor{}", asked.path)).unwrap();
    let pairs = url.query_pairs().map(|(name, value)| (name.into_owned(), value.into_owned()));
    (url.path().to_owned(), pairs.collect())
}
