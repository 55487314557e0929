//! Routes that decisions are measured against; only with the feature `bench`, and never in the service's router.

use std::{
    collections::VecDeque,
    sync::{
        Arc,
        atomic::{AtomicUsize, Ordering},
    },
    time::Duration,
};

use arc_swap::ArcSwap;
use axum::{
    Json, Router,
    body::Bytes,
    extract::{Request, State},
    http::{StatusCode, header},
    response::{IntoResponse, Response},
    routing::post,
};
use countersign_app::{Error, decide::Ask};
use countersign_core::{DecisionId, TenantId};
use countersign_store::{Commit, NewBody, NewLeaf, Scope, Store, Urgency};
use serde::Deserialize;
use serde_json::{Value, json};

use crate::{Problem, Server, api, body, signature::ANSWER_HEADER};

/// What the floor and the bare append work with.
pub struct Bench {
    /// Where the bare append goes; the service's own.
    pub store: Store,
    /// Whose decisions are measured.
    pub tenant: TenantId,
    /// Whose ledger the bare append goes to; best none that is served, since its leaves say nothing.
    pub appended_to: TenantId,
}

/// As many real decisions are kept, the newest: what the floor and the append do spreads as decisions themselves do.
pub const MODELS: usize = 100;

struct Shared {
    bench: Bench,
    models: ArcSwap<VecDeque<Arc<Model>>>,
    floored: AtomicUsize,
    appended: AtomicUsize,
}

/// A real decision, whose bytes the floor answers and the append writes.
struct Model {
    answer: Bytes,
    leaf: Vec<u8>,
    bodies: Vec<NewBody>,
}

impl Server {
    /// The service's routes, and below the same layers `POST /bench/like`, `/bench/floor`, `/bench/append` and `/bench/logs`.
    ///
    /// `like` takes the answer of a decision and says the sizes of that answer, its leaf and its sealed bodies. The floor
    /// reads and parses a decision's request as the service does, looks at nothing of it and answers the bytes of the newest
    /// such answers in turn; the append makes one of their leaves with its bodies durable, and nothing else. `logs` reads and
    /// parses a delivery of a log stream, looks at nothing of it and answers.
    pub fn router_to_measure(&self, bench: Bench) -> Router {
        let shared = Arc::new(Shared::of(bench));
        let (for_like, for_floor) = (Arc::clone(&shared), Arc::clone(&shared));
        let like = move |request: Request| like(for_like, request);
        let floor = move |State(server): State<Self>, request: Request| floor(server, for_floor, request);
        let append = move |State(server): State<Self>| append(server, shared);
        self.guarded(
            Router::new()
                .route("/bench/like", post(like))
                .route("/bench/floor", post(floor))
                .route("/bench/append", post(append))
                .route("/bench/logs", post(logs)),
        )
    }
}

impl Shared {
    fn of(bench: Bench) -> Self {
        Self {
            bench,
            models: ArcSwap::default(),
            floored: AtomicUsize::new(0),
            appended: AtomicUsize::new(0),
        }
    }

    /// The model whose turn it is; `None` before there is one.
    fn model(&self, turn: usize) -> Option<Arc<Model>> {
        let models = self.models.load();
        models.get(turn.checked_rem(models.len())?).cloned()
    }
}

#[derive(Deserialize)]
struct Answered {
    decision_id: DecisionId,
}

async fn like(shared: Arc<Shared>, request: Request) -> Result<Json<Value>, Problem> {
    let answer = body::read(request.into_body()).await?;
    let Answered { decision_id: id } = body::parse(&answer)?;
    let Bench { store, tenant, .. } = &shared.bench;
    let leaf = store.find_leaf(Scope::Tenant(tenant), id.as_str()).await.map_err(Error::from)?;
    let leaf = leaf.ok_or(Error::NotFound("decision"))?;
    let sealed = store.list_sealed_bodies(Scope::Tenant(tenant), leaf.index).await.map_err(Error::from)?;
    let bodies: Vec<NewBody> =
        sealed.into_iter().map(|body| NewBody { key_id: body.key_id, sealed: body.sealed }).collect();
    let sizes = json!({
        "answer": answer.len(),
        "leaf": leaf.leaf.len(),
        "bodies": bodies.iter().map(|body| body.sealed.len()).sum::<usize>(),
    });
    let model = Arc::new(Model { answer, leaf: leaf.leaf, bodies });
    shared.models.rcu(|models| {
        let mut models = models.as_ref().clone();
        models.push_back(Arc::clone(&model));
        if models.len() > MODELS {
            models.pop_front();
        }
        models
    });
    Ok(Json(sizes))
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
            let model = shared.model(shared.floored.fetch_add(1, Ordering::Relaxed));
            (headers, model.map(|model| model.answer.clone()).unwrap_or_default()).into_response()
        }
        Err(problem) => problem.into_response(),
    }
}

async fn logs(request: Request) -> Response {
    let count = match body::read_at_most(request.into_body(), api::MAX_DELIVERY_BYTES).await {
        Ok(bytes) => api::count_entries(&bytes),
        Err(problem) => Err(problem),
    };
    match count {
        Ok(taken) => Json(json!({ "taken": taken, "repeated": 0, "unread": 0 })).into_response(),
        Err(problem) => problem.into_response(),
    }
}

async fn append(server: Server, shared: Arc<Shared>) -> Result<StatusCode, Problem> {
    let number = shared.appended.fetch_add(1, Ordering::Relaxed);
    let model = shared.model(number).ok_or(Error::NotFound("decision"))?;
    let leaf = NewLeaf {
        at: server.0.app.clock().now(),
        record_id: format!("rec_{number:032x}"),
        leaf: model.leaf.clone(),
        bodies: model.bodies.clone(),
    };
    let Bench { store, appended_to, .. } = &shared.bench;
    let commit =
        Commit { urgency: Urgency::Decision, leaves: vec![leaf], ..Commit::background(appended_to.clone()) };
    store.commit(commit).await.map_err(Error::from)?;
    Ok(StatusCode::NO_CONTENT)
}

/// Parses a decision's request as the service does; `None` when it is refused.
#[must_use]
pub fn parse_to_measure(bytes: &[u8]) -> Option<Ask> {
    api::parse_ask(bytes, "floor", Duration::ZERO).ok()
}
