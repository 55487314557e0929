//! OpenID Connect at the tenant: `/authorize` with a page that signs a user in, `/oauth/token`, `/userinfo`.
//!
//! Good enough for applications that sign people in by code and PKCE. There is no single sign-on: each `/authorize` asks.

mod authorize;
mod page;
#[cfg(test)]
mod tests;
mod token;
mod userinfo;

use axum::{
    Router,
    routing::{get, post},
};

use crate::tenant::http::Shell;

pub(crate) use token::token;

/// The routes that are no part of the Management API.
pub(crate) fn routes() -> Router<Shell> {
    Router::new()
        .route("/authorize", get(authorize::ask).post(authorize::answer))
        .route("/continue", get(authorize::back))
        .route("/authorize/continue", post(authorize::go_on))
        .route("/userinfo", get(userinfo::userinfo).post(userinfo::userinfo))
        .route("/oidc/logout", get(authorize::logout))
}
