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
//! let hosts = vec!["127.0.0.1:8080".into()];
//! let (keys, limits) = Default::default();
//! let settings = Settings { keys, hosts, limits, ..Settings::new(Operator::new(b"a token")) };
//! let server = Server::new(app, settings);
//! axum::serve(listener, server.router()).await
//! # }
//! ```

mod admission;
mod api;
mod authn;
#[cfg(feature = "bench")]
mod bench;
mod body;
mod console;
mod guard;
mod metrics;
mod openapi;
mod operator;
mod peer;
mod problem;
mod rate;
mod replay;
pub mod signature;

use std::{collections::BTreeMap, sync::Arc};

use arc_swap::ArcSwap;
use axum::{Router, extract::FromRef, middleware};
use countersign_app::{App, access::Caller};
use countersign_core::TenantId;
use countersign_rights::{Action, How};
use ipnet::IpNet;
use signature::SigningKey;

#[cfg(feature = "bench")]
pub use bench::{Bench, MODELS, parse_to_measure};
pub use operator::Operator;
pub use peer::{PeerAddress, PeerTenants};
pub use problem::Problem;
pub use rate::{CallerLimits, Limits};

/// The most bytes of a signed request's body.
pub const MAX_BODY_BYTES: usize = 64 * 1024;

/// What the server needs beside the use cases.
pub struct Settings {
    /// Each tenant's signing keys, the newest first; more than one while keys are rotated.
    pub keys: BTreeMap<TenantId, Vec<SigningKey>>,
    /// `Host` values that are answered, with their ports.
    pub hosts: Vec<String>,
    /// Where browsers reach us, without a slash at the end, such as `https://countersign.example.com`.
    pub public_url: String,
    /// Who may use everything that is not signed.
    pub operator: Operator,
    /// SHA-256 of the tokens by which each tenant's log stream delivers; a tenant without one is delivered nothing.
    pub log_tokens: BTreeMap<TenantId, Vec<Vec<u8>>>,
    /// The same for each tenant's event stream.
    pub event_tokens: BTreeMap<TenantId, Vec<Vec<u8>>>,
    /// The addresses from which each tenant's streams deliver; any for those that are not here.
    pub log_sources: BTreeMap<TenantId, Vec<IpNet>>,
    /// How often each tenant may ask; the default for those that are not here.
    pub limits: BTreeMap<TenantId, Limits>,
    /// How often callers and addresses may ask.
    pub caller_limits: CallerLimits,
}

impl Settings {
    /// Settings by which nobody but the operator may do anything.
    #[must_use]
    pub fn new(operator: Operator) -> Self {
        Self {
            keys: BTreeMap::new(),
            hosts: Vec::new(),
            public_url: String::new(),
            operator,
            log_tokens: BTreeMap::new(),
            event_tokens: BTreeMap::new(),
            log_sources: BTreeMap::new(),
            limits: BTreeMap::new(),
            caller_limits: CallerLimits::default(),
        }
    }
}

/// The state that every handler shares; cheap to clone.
#[derive(Clone)]
pub struct Server(Arc<Shared>);

struct Shared {
    app: Arc<App>,
    keys: ArcSwap<BTreeMap<TenantId, Vec<SigningKey>>>,
    log_tokens: ArcSwap<BTreeMap<TenantId, Vec<Vec<u8>>>>,
    event_tokens: ArcSwap<BTreeMap<TenantId, Vec<Vec<u8>>>>,
    log_sources: BTreeMap<TenantId, Vec<IpNet>>,
    hosts: Vec<String>,
    public_url: String,
    operator: Operator,
    metrics: metrics::Metrics,
    replays: replay::Replays,
    rates: rate::Rates<rate::AppClock>,
    callers: rate::Callers<rate::AppClock>,
    admission: admission::Admission,
    watchers: console::Watchers,
}

impl Server {
    /// Puts the server together; nothing listens yet.
    #[must_use]
    pub fn new(app: Arc<App>, settings: Settings) -> Self {
        let Settings {
            keys,
            hosts,
            public_url,
            operator,
            log_tokens,
            event_tokens,
            log_sources,
            limits,
            caller_limits,
        } = settings;
        let limits = app.tenants().map(|tenant| {
            let id = tenant.id().clone();
            (id.clone(), limits.get(&id).copied().unwrap_or_default())
        });
        let clock = rate::AppClock(Arc::clone(&app));
        let (rates, callers) = (rate::Rates::new(&clock, limits), rate::Callers::new(caller_limits, &clock));
        Self(Arc::new(Shared {
            app,
            keys: ArcSwap::from_pointee(keys),
            log_tokens: ArcSwap::from_pointee(log_tokens),
            event_tokens: ArcSwap::from_pointee(event_tokens),
            log_sources,
            hosts,
            public_url,
            operator,
            metrics: metrics::Metrics::new(),
            replays: replay::Replays::default(),
            rates,
            callers,
            admission: admission::Admission::default(),
            watchers: console::Watchers::default(),
        }))
    }

    /// Accepts these keys of Actions from now on, and no others; a request that was accepted by an earlier one is still
    /// answered under it.
    pub fn replace_keys(&self, keys: BTreeMap<TenantId, Vec<SigningKey>>) {
        self.0.keys.store(Arc::new(keys));
    }

    /// Accepts deliveries of log streams by these tokens from now on, and by no others.
    pub fn replace_log_tokens(&self, tokens: BTreeMap<TenantId, Vec<Vec<u8>>>) {
        self.0.log_tokens.store(Arc::new(tokens));
    }

    /// Accepts deliveries of event streams by these tokens from now on, and by no others.
    pub fn replace_event_tokens(&self, tokens: BTreeMap<TenantId, Vec<Vec<u8>>>) {
        self.0.event_tokens.store(Arc::new(tokens));
    }

    /// Accepts this token of the operator from now on, and no other. Who signed in by a one-time link stays so until
    /// [`App::record_keys`] tells of it.
    pub fn replace_operator_token(&self, token: &[u8]) {
        self.0.operator.replace(token);
    }

    /// All routes, guarded.
    pub fn router(&self) -> Router {
        self.guarded(Router::new())
    }

    /// All routes and `further` ones that nobody operates, below the layers that hold for every request.
    fn guarded(&self, further: Router<Self>) -> Router {
        let operated = api::operated()
            .merge(console::router())
            .route_layer(middleware::from_fn_with_state(self.clone(), authn::require));
        let attempts =
            console::attempts().route_layer(middleware::from_fn_with_state(self.clone(), rate::attempt));
        Router::new()
            .merge(attempts)
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

    /// Where browsers reach us.
    #[must_use]
    pub fn public_url(&self) -> &str {
        &self.0.public_url
    }

    /// Makes the one-time path by which a browser signs in as administrator.
    ///
    /// # Errors
    /// `Unavailable`.
    pub async fn one_time_path(&self) -> Result<String, countersign_app::Error> {
        let caller = Caller::local(How::Process);
        let permit = self.0.app.permit_here(&caller, Action::ChangeAccess).await?;
        let code = self.0.app.make_link(&permit, Some("the start of the service")).await?;
        Ok(format!("/start/{}", code.expose()))
    }
}

impl FromRef<Server> for Arc<App> {
    fn from_ref(server: &Server) -> Self {
        Self::clone(&server.0.app)
    }
}
