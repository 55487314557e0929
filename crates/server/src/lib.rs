//! HTTP: signed endpoints for Actions, an operator API, a console.
//!
//! Handlers unpack a request, call one use case of `app`, and pack its answer. They decide nothing. Nothing but health
//! and the signed endpoints may answer without an operator's credential, and no answer, log line or metric may carry
//! personal data, a token or a cause from the inside.
//!
//! ```no_run
//! # async fn example(app: std::sync::Arc<countersign_app::App>, listener: tokio::net::TcpListener) -> std::io::Result<()> {
//! use countersign_server::{Operator, Server, Settings};
//!
//! let server = Server::new(app, Settings { keys: Default::default(), hosts: vec!["127.0.0.1:8080".into()], operator: Operator::new(b"a token") });
//! axum::serve(listener, server.router()).await
//! # }
//! ```

mod api;
#[cfg(feature = "bench")]
mod bench;
mod body;
mod console;
mod guard;
mod metrics;
mod operator;
mod problem;
mod replay;
pub mod signature;

use std::{collections::BTreeMap, sync::Arc};

use axum::{Router, extract::FromRef, middleware};
use countersign_app::App;
use countersign_core::TenantId;
use signature::SigningKey;

#[cfg(feature = "bench")]
pub use bench::{Bench, parse_to_measure};
pub use operator::Operator;
pub use problem::Problem;

/// The most bytes of a signed request's body.
pub const MAX_BODY_BYTES: usize = 64 * 1024;

/// What the server needs beside the use cases.
pub struct Settings {
    /// Each tenant's signing keys, one or two; the second is there while keys are rotated.
    pub keys: BTreeMap<TenantId, Vec<SigningKey>>,
    /// `Host` values that are answered, with their ports.
    pub hosts: Vec<String>,
    /// Who may use everything that is not signed.
    pub operator: Operator,
}

/// The state that every handler shares; cheap to clone.
#[derive(Clone)]
pub struct Server(Arc<Shared>);

struct Shared {
    app: Arc<App>,
    keys: BTreeMap<TenantId, Vec<SigningKey>>,
    hosts: Vec<String>,
    operator: Operator,
    metrics: metrics::Metrics,
    replays: replay::Replays,
}

impl Server {
    /// Puts the server together; nothing listens yet.
    #[must_use]
    pub fn new(app: Arc<App>, settings: Settings) -> Self {
        let Settings { keys, hosts, operator } = settings;
        Self(Arc::new(Shared {
            app,
            keys,
            hosts,
            operator,
            metrics: metrics::Metrics::new(),
            replays: replay::Replays::default(),
        }))
    }

    /// All routes, guarded.
    pub fn router(&self) -> Router {
        self.guarded(Router::new())
    }

    /// All routes and `further` ones that nobody operates, below the layers that hold for every request.
    fn guarded(&self, further: Router<Self>) -> Router {
        let operated = api::operated()
            .merge(console::router())
            .route_layer(middleware::from_fn_with_state(self.clone(), operator::require));
        Router::new()
            .merge(api::signed())
            .merge(api::open())
            .merge(console::open())
            .merge(operated)
            .merge(further)
            .fallback(problem::not_found)
            .method_not_allowed_fallback(problem::method_not_allowed)
            .layer(middleware::from_fn_with_state(self.clone(), guard::host_and_origin))
            .layer(middleware::from_fn_with_state(self.clone(), guard::observe))
            .with_state(self.clone())
    }

    /// Makes the one-time path by which a browser signs in.
    ///
    /// # Errors
    /// When no randomness could be had.
    pub fn one_time_path(
        &self,
        entropy: &dyn countersign_core::Entropy,
    ) -> Result<String, countersign_core::EntropyError> {
        let now = self.0.app.clock().monotonic();
        Ok(format!("/start/{}", self.0.operator.make_code(entropy, now)?))
    }
}

impl FromRef<Server> for Arc<App> {
    fn from_ref(server: &Server) -> Self {
        Self::clone(&server.0.app)
    }
}
