//! `GET /v1/openapi.json`: every endpoint of this folder in OpenAPI 3.1.

use std::sync::LazyLock;

use axum::{
    http::header,
    response::{IntoResponse, Response},
};
use countersign_app::Error;
use utoipa::{
    Modify, OpenApi,
    openapi::{
        Components, OpenApi as Document,
        security::{ApiKey, ApiKeyValue, HttpAuthScheme, HttpBuilder, SecurityScheme},
    },
};

use crate::{
    Problem,
    openapi::{self, refused, written},
};

/// Everything that is described beside a handler. A test holds it to the routes.
#[derive(OpenApi)]
#[openapi(
    info(
        title = "Countersign",
        description = "Decisions about sign-ins, and what is found in the tenant's log. docs/api.md explains it."
    ),
    security(("bearer" = []), ("session" = [])),
    modifiers(&Credentials),
    paths(
        super::access::me, super::access::policies, super::access::people::list, super::access::people::add,
        super::access::people::disable, super::access::people::enable, super::access::grants::list, super::access::grants::add,
        super::access::grants::end, super::access::sessions::list, super::access::sessions::end,
        super::access::accounts::list, super::access::accounts::make, super::access::accounts::disable,
        super::access::accounts::make_token, super::access::accounts::revoke_token, super::access::links::make,
        super::decide::handle, super::decisions::handle, super::decisions::show, super::receipt::handle,
        super::inquiries::ask, super::receipt::open, super::reveals::handle, super::journal::open,
        super::outcomes::handle, super::ledger::checkpoint, super::ledger::verifier, super::switches::handle,
        super::erasures::handle, super::policies::show, super::policies::versions, super::policies::apply,
        super::risk_tokens::list, super::risk_tokens::make, super::risk_tokens::revoke, super::risk::handle,
        super::models::list, super::models::import, super::models::import_own, super::models::show,
        super::models::compare, super::models::thresholds, super::models::act, super::users::list, super::users::find,
        super::users::mark, super::users::show,
        super::findings::handle, super::watch::handle, super::incidents::list, super::incidents::show,
        super::incidents::acknowledge, super::incidents::assign, super::incidents::close,
        super::incidents::note, super::alerts::list, super::alerts::show, super::journal::list,
        super::journal::show, super::logs::handle, super::events::handle, super::entities::handle,
        super::suppressions::list, super::suppressions::add, super::suppressions::lift, super::hooks::test,
        super::plans::read::list, super::plans::read::show, super::plans::propose::handle, super::plans::review::approve,
        super::plans::review::reject, super::plans::review::withdraw, super::plans::run::stop, super::plans::run::resume,
        super::plans::run::settle, super::plans::run::undo, super::plans::desk::assign, super::plans::desk::remark,
        super::plans::desk::reveal, super::reviews::list, super::reviews::open, super::reviews::show,
        super::reviews::assign, super::reviews::remark, super::reviews::verdict, super::reviews::reveal, super::breakers::show, super::breakers::harm, super::breakers::close,
        super::tenant_writes::begin, super::tenant_writes::end, super::metrics::handle, super::health::handle,
        handle,
    )
)]
struct Described;

/// What callers prove themselves by.
struct Credentials;

impl Modify for Credentials {
    fn modify(&self, document: &mut Document) {
        let bearer = |what: &str| {
            SecurityScheme::Http(
                HttpBuilder::new().scheme(HttpAuthScheme::Bearer).description(Some(what)).build(),
            )
        };
        let key = |name: &str, what: &str| ApiKeyValue::with_description(name, what);
        let session = "a signed-in browser; over TLS the cookie is `__Host-countersign`";
        let signature = "`v1,` and the base64 of HMAC-SHA256 over `{webhook-id}.{webhook-timestamp}.{body}`";
        let components = document.components.get_or_insert_with(Components::new);
        for (name, scheme) in [
            ("bearer", bearer("a service account's token, an access token, or the operator's token")),
            ("session", SecurityScheme::ApiKey(ApiKey::Cookie(key("countersign_session", session)))),
            ("signature", SecurityScheme::ApiKey(ApiKey::Header(key("webhook-signature", signature)))),
            ("log_stream", bearer("the token of the tenant's log stream")),
            ("event_stream", bearer("the token of the tenant's event stream")),
        ] {
            components.add_security_scheme(name, scheme);
        }
    }
}

static TEXT: LazyLock<Result<String, String>> =
    LazyLock::new(|| openapi::text(&Described::openapi()).map_err(|error| error.to_string()));

#[utoipa::path(
    get,
    path = "/v1/openapi.json",
    operation_id = "show_openapi",
    tag = "operations",
    summary = "This document.",
    responses((status = 200, body = written::Document), refused::Any),
    security(()),
)]
pub(super) async fn handle() -> Result<Response, Problem> {
    match &*TEXT {
        Ok(text) => Ok(([(header::CONTENT_TYPE, "application/json")], text.as_str()).into_response()),
        Err(detail) => Err(Error::Internal { detail: detail.clone() }.into()),
    }
}
