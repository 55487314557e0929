//! Two routes that decisions are measured against; only with the feature `bench`, and never in the service's router.

use std::{
    sync::{
        Arc,
        atomic::{AtomicU64, Ordering},
    },
    time::Duration,
};

use axum::{
    Router,
    extract::{Request, State},
    http::{StatusCode, header},
    response::{IntoResponse, Response},
    routing::post,
};
use countersign_app::decide::Ask;
use countersign_core::TenantId;
use countersign_store::{Commit, NewBody, NewLeaf, Store, Urgency};

use crate::{Problem, Server, api, body, signature::ANSWER_HEADER};

/// The bytes of a decision's leaf, as the shipped Action's sign-in makes it (measured 2026-11-22: 473).
const LEAF_BYTES: usize = 473;

/// A key's name, as long as those that are made.
const KEY_ID: &str = "rec_00000000000000000000000000000000";

/// What the floor and the bare append work with.
pub struct Bench {
    /// Where the bare append goes; the service's own.
    pub store: Store,
    /// Whose ledger it goes to; best none that is served, since its leaves say nothing.
    pub tenant: TenantId,
    /// The bytes of its sealed body.
    pub sealed_bytes: usize,
    /// What the floor answers, as long as a decision's answer.
    pub answer: String,
}

struct Shared {
    bench: Bench,
    appended: AtomicU64,
}

impl Server {
    /// The service's routes, and below the same layers `POST /bench/floor` and `POST /bench/append`.
    ///
    /// The floor reads and parses a decision's request as the service does, looks at nothing of it and answers a fixed
    /// text. The append makes one leaf and its sealed body durable.
    pub fn router_to_measure(&self, bench: Bench) -> Router {
        let shared = Arc::new(Shared { bench, appended: AtomicU64::new(0) });
        let for_floor = Arc::clone(&shared);
        let floor = move |State(server): State<Self>, request: Request| floor(server, for_floor, request);
        let append = move || append(shared);
        self.guarded(Router::new().route("/bench/floor", post(floor)).route("/bench/append", post(append)))
    }
}

async fn floor(server: Server, shared: Arc<Shared>, request: Request) -> Response {
    let received = server.0.app.clock().monotonic();
    let parsed = match body::read(request.into_body()).await {
        Ok(bytes) => api::parse_ask(&bytes, "floor", received),
        Err(problem) => Err(problem),
    };
    match parsed {
        Ok(ask) => {
            drop(std::hint::black_box(ask));
            let headers = [
                (header::CONTENT_TYPE.as_str(), "application/json"),
                (ANSWER_HEADER, "v1,AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA="),
            ];
            (headers, shared.bench.answer.clone()).into_response()
        }
        Err(problem) => problem.into_response(),
    }
}

async fn append(shared: Arc<Shared>) -> Result<StatusCode, Problem> {
    let Bench { store, tenant, sealed_bytes, .. } = &shared.bench;
    let number = shared.appended.fetch_add(1, Ordering::Relaxed);
    let bodies = vec![NewBody { key_id: KEY_ID.to_owned(), sealed: vec![7; *sealed_bytes] }];
    let leaf = NewLeaf { record_id: format!("rec_{number:032x}"), leaf: vec![7; LEAF_BYTES], bodies };
    let commit =
        Commit { urgency: Urgency::Decision, leaves: vec![leaf], ..Commit::background(tenant.clone()) };
    store.commit(commit).await.map_err(countersign_app::Error::from)?;
    Ok(StatusCode::NO_CONTENT)
}

/// Parses a decision's request as the service does; `None` when it is refused.
#[must_use]
pub fn parse_to_measure(bytes: &[u8]) -> Option<Ask> {
    api::parse_ask(bytes, "floor", Duration::ZERO).ok()
}
