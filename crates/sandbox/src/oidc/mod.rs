//! OpenID Connect at the tenant: `/authorize` with single sign-on and pages, `/oauth/token`, `/userinfo`, signing out.
//!
//! Good enough for applications that sign people in by code and PKCE.

mod authorize;
mod cookie;
#[cfg(test)]
mod exchange_tests;
mod logout;
mod page;
mod request;
#[cfg(test)]
mod sso_tests;
#[cfg(test)]
mod testing;
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
        .route("/continue", get(authorize::back).post(authorize::back))
        .route("/authorize/continue", post(authorize::go_on))
        .route("/authorize/consent", post(authorize::consent))
        .route("/userinfo", get(userinfo::userinfo).post(userinfo::userinfo))
        .route("/oidc/logout", get(logout::oidc))
        .route("/v2/logout", get(logout::v2))
}
