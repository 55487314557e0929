//! Flows joined with a tenant: what somebody does, from the request to what the tenant remembers of it.
//!
//! An `Order` says who comes and how. It is made into facts out of the state, the bound Actions run in Node, and how that
//! ends is written into the state: fields of the user, session, tokens, blocks, log records, executions. The tenant is
//! locked before and after a flow, never while Actions run.
//!
//! `POST /sandbox/simulate/{kind}` takes an order as JSON; `/authorize` and `/oauth/token` make orders themselves.

mod actions;
mod answer;
mod apply;
mod credentials;
mod exchange;
mod gather;
mod grant;
mod http;
mod issue;
mod limits;
mod login;
mod order;
mod password;
mod play;
mod refresh;
mod scenario;
mod session;
mod sign_out;
mod sign_up;
#[cfg(test)]
mod tests;
mod wait;

use countersign_core::Timestamp;
use serde_json::Value;

pub use actions::Actions;
pub use answer::{Outcome, Tokens};
pub(crate) use grant::Grant;
pub(crate) use grant::profile;
pub(crate) use http::routes;
pub(crate) use issue::{Code, exchange as exchange_code};
pub use order::{Kind, Order};
pub(crate) use scenario::Cast;
pub use scenario::{ExportError, Moment};
pub(crate) use session::{Cookie, Standing, cookie, of_cookie, standing};
pub(crate) use sign_out::{Leaving, sign_out};
pub(crate) use wait::asked_by;

use crate::tenant::{Fault, http::Shell};
use play::Play;

/// Does what an order says, at the tenant's time.
///
/// # Errors
/// What is wrong with the order: somebody or something in it isn't there. A flow that ends badly is no error.
pub async fn run(shell: &Shell, base_url: &str, kind: Kind, order: Order) -> Result<Outcome, Fault> {
    run_at(shell, base_url, kind, order, shell.now()).await
}

/// The same at another time, for a history.
///
/// # Errors
/// As `run`.
pub async fn run_at(
    shell: &Shell,
    base_url: &str,
    kind: Kind,
    order: Order,
    at: Timestamp,
) -> Result<Outcome, Fault> {
    let mut play = Play::begin(shell, base_url, at).await;
    let outcome = match kind {
        Kind::Login => login::run(&mut play, order).await,
        Kind::Continue => wait::run(&mut play, order).await,
        Kind::SignUp => sign_up::run(&mut play, order).await,
        Kind::Reset => password::reset(&mut play, order).await,
        Kind::ChangePassword => password::change(&mut play, order).await,
        Kind::ClientCredentials => credentials::run(&mut play, order).await,
        Kind::TokenExchange => exchange::run(&mut play, order).await,
        Kind::Refresh => refresh::run(&mut play, order).await,
    };
    shell.touch();
    outcome
}

/// A text of an object; empty when there is none.
fn text<'a>(object: &'a Value, name: &str) -> &'a str {
    object.get(name).and_then(Value::as_str).unwrap_or_default()
}
