//! The stand-in for a tenant of Auth0: its Management API and its tokens, as a function of a call and a time.
//!
//! `Tenant::call` is pure and synchronous. In order: the token (401), the scope (403), the rate limit (429), the form of
//! the body (400), the handler; a write that succeeds is logged as `sapi`. `http` puts HTTP around it.
//!
//! # Adding a resource
//!
//! 1. A file `resource/<name>.rs` with its rows and handlers:
//!
//! ```ignore
//! pub(crate) const OPERATIONS: &[Operation] = &[
//!     get("/roles", "Get roles", &["read:roles"], list),
//!     post("/roles", "Create a role", &["create:roles"], create).body(&CREATE).group(Group::Other),
//! ];
//! static CREATE: Rule = Rule::Object(&[need("name", text(1, 255)), may("description", TEXT)]);
//!
//! fn list(context: &mut Context<'_>) -> Result<Reply, Fault> {
//!     let roles: Vec<&Object> = context.state.objects.all(ROLES).map(|role| &role.shown).collect();
//!     page::offset(context.call, "roles", &roles)
//! }
//! ```
//!
//! 2. A line for it in `resource/mod.rs` (`TABLES`).
//! 3. Tests beside it with `testing::Api`; every row must be called by some test in the file.
//!
//! Objects live in `context.state.objects` by collection and id (`Item`: `shown` and `hidden`), memberships in
//! `context.state.links`. `context.body()` is the body after `check`, `context.parameter("id")` a segment of the path,
//! `id::…(&mut context.state.dice)` makes identifiers, `context.log(Record::new(…))` writes the log.

pub mod access;
pub mod call;
mod certificate;
mod check;
mod context;
mod der;
mod events;
#[cfg(test)]
mod exercised;
mod fault;
mod furnish;
mod grant;
pub mod http;
pub mod id;
mod issuing;
mod limit;
mod links;
mod log;
mod multipart;
mod operations;
mod options;
mod page;
mod past;
mod populate;
mod resource;
mod search;
mod secret;
mod state;
#[cfg(test)]
pub(crate) mod testing;
#[cfg(test)]
mod tests;
mod token;

use countersign_core::Timestamp;
use serde_json::Value;

pub use call::{Call, Method, Payload, Reply};
pub use context::Context;
pub(crate) use events::publish;
pub use fault::Fault;
pub use grant::TokenRequest;
pub(crate) use id::{iso, log as log_id};
pub use limit::{Group, Plan, Standing};
pub use links::Links;
pub use log::{Record, Records};
pub use operations::{Operation, operations, scopes};
pub use options::Options;
pub use resource::actions::{BoundAction, BoundModule, Execution, Tester};
pub(crate) use resource::{
    event_streams::EVENT_STREAMS, log_streams::LOG_STREAMS,
    token_exchange_profiles::PROFILES as TOKEN_EXCHANGE_PROFILES,
};
pub use state::{Collections, Item, Object, SnapshotError, State};
pub use token::Caller;

use furnish::{furnish, settle};
use limit::Limits;
use token::Keys;

/// A tenant.
pub struct Tenant {
    options: Options,
    state: State,
    keys: Keys,
    limits: Limits,
    tester: Option<Tester>,
}

impl Tenant {
    /// A tenant with its first client and nothing else.
    ///
    /// # Errors
    /// `Key` when no signing key could be made.
    pub fn new(options: Options) -> Result<Self, SnapshotError> {
        let mut state = State::new(options.seed);
        token::add_key(&mut state, true);
        furnish(&mut state, &options);
        Self::with_state(options, state)
    }

    /// A tenant as `snapshot` wrote it down, reached as these options say and with their client.
    ///
    /// # Errors
    /// `Form`, `Version` and `Key` for what can't be used.
    pub fn restore(options: Options, snapshot: Value) -> Result<Self, SnapshotError> {
        let mut state = State::restore(snapshot)?;
        settle(&mut state, &options);
        Self::with_state(options, state)
    }

    fn with_state(options: Options, state: State) -> Result<Self, SnapshotError> {
        let keys = Keys::of(&state);
        if keys.is_empty() {
            return Err(SnapshotError::Key);
        }
        let limits = Limits::new(options.plan);
        Ok(Self { options, state, keys, limits, tester: None })
    }

    /// Everything as JSON, secrets included.
    ///
    /// # Errors
    /// None that is known; the writer's own.
    pub fn snapshot(&self) -> Result<Value, SnapshotError> {
        self.state.snapshot()
    }

    /// Forgets everything but the signing keys, and begins anew.
    pub fn reset(&mut self) {
        let keys: Vec<Item> = self.state.objects.all(token::KEYS).cloned().collect();
        let lag = self.state.lag();
        self.state = State::new(self.options.seed);
        self.state.set_lag(lag);
        for key in keys {
            self.state.objects.insert(token::KEYS, key);
        }
        furnish(&mut self.state, &self.options);
        self.limits = Limits::new(self.options.plan);
    }

    /// Gives the tenant something that runs an Action for a test. It is called while the tenant answers, and so must not call
    /// the tenant.
    pub fn set_tester(&mut self, tester: Tester) {
        self.tester = Some(tester);
    }

    /// What the tenant remembers.
    #[must_use]
    pub const fn state(&self) -> &State {
        &self.state
    }

    /// What the tenant remembers, to put something there that nobody created.
    pub const fn state_mut(&mut self) -> &mut State {
        &mut self.state
    }

    /// How the tenant began.
    #[must_use]
    pub const fn options(&self) -> &Options {
        &self.options
    }

    /// Whether an identity, by its `user_id`, has a password, be it a user's own or linked; false where there is none.
    #[must_use]
    pub fn has_password(&self, user_id: &str, password: &str) -> bool {
        secret::matches(password, resource::password(&self.state, user_id))
    }

    /// The content of an export of users by the last part of its link, which is good once and for a minute.
    pub fn export(&mut self, ticket: &str, now: Timestamp) -> Option<String> {
        resource::export(&mut self.state, ticket, now)
    }

    /// Gives a user a password.
    pub(crate) fn set_password(&mut self, user_id: &str, password: &str) {
        let hash = secret::hash(password, &mut self.state.dice);
        if let Some(user) = self.state.objects.find_mut("users", user_id) {
            user.hidden.insert(resource::PASSWORD.to_owned(), hash.into());
        }
    }

    /// Answers a call of the Management API.
    pub fn call(&mut self, call: &Call, now: Timestamp) -> Reply {
        self.answer(call, now).unwrap_or_else(Reply::from)
    }

    fn answer(&mut self, call: &Call, now: Timestamp) -> Result<Reply, Fault> {
        let routed = operations::route(call.method, &call.path);
        let (operation, parameters) = routed.ok_or_else(|| Fault::not_found("Not Found"))?;
        #[cfg(test)]
        exercised::note(operation);
        let audience = self.options.audience();
        let bearer = call.bearer.as_deref();
        let caller = self.keys.caller(&self.state, bearer, &call.base_url, &audience, now)?;
        if !operation.scopes.is_empty() && !operation.scopes.iter().any(|scope| caller.has(scope)) {
            let any = operation.scopes.join(",");
            let message = format!("Insufficient scope, expected any of: {any}");
            return Err(Fault::new(403, message).code("insufficient_scope"));
        }
        let standing = match self.limits.count(operation.group, now) {
            Ok(standing) => standing,
            Err(standing) => {
                if self.limits.is_news(standing, now) {
                    let record = log::of_limit(standing, call, &caller);
                    self.state.log(record, &self.options.name, now);
                }
                return Ok(with_standing(too_many(), Some(standing)));
            }
        };
        let checked = operation.body.map_or(Ok(()), |rule| check::body(rule, call.json()));
        let (options, tester) = (&self.options, self.tester.as_ref());
        let mut context = Context {
            state: &mut self.state,
            call,
            caller: &caller,
            now,
            tester,
            options,
            parameters: &parameters,
        };
        let reply = checked.and_then(|()| (operation.handler)(&mut context)).unwrap_or_else(Reply::from);
        publish(context.options, context.state, now);
        if operation.path.starts_with(KEY_PATHS) {
            self.keys = Keys::of(context.state);
        }
        if operation.method != Method::Get && reply.status < 400 {
            context.log(log::of_write(operation, call, &caller, &reply));
        }
        Ok(with_standing(reply, standing))
    }
}

/// Paths whose operations may change the signing keys.
const KEY_PATHS: &str = "/keys/signing";

fn too_many() -> Reply {
    let message = "Too many requests. Check the X-RateLimit-Limit, X-RateLimit-Remaining and X-RateLimit-Reset headers.";
    Fault::new(429, message).code("too_many_requests").into()
}

pub(crate) fn with_standing(reply: Reply, standing: Option<Standing>) -> Reply {
    let Some(Standing { limit, remaining, reset, .. }) = standing else { return reply };
    reply
        .with_header("x-ratelimit-limit", limit.to_string())
        .with_header("x-ratelimit-remaining", remaining.to_string())
        .with_header("x-ratelimit-reset", reset.to_string())
}
