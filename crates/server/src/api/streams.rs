//! Who may deliver for a tenant: by the stream's token, from the addresses that the operator named.

use std::{collections::BTreeMap, sync::Arc};

use axum::http::{HeaderMap, StatusCode, header, request::Parts};
use countersign_app::{Tenant, access::Refusal};
use countersign_core::TenantId;
use countersign_privacy::Token;

use crate::{Problem, Server, peer::PeerAddress};

/// SHA-256 of the tokens that hold for each tenant.
pub(super) type Digests = BTreeMap<TenantId, Vec<Vec<u8>>>;

/// The tenant for which a request delivers.
pub(super) fn admit(
    server: &Server,
    stream: &str,
    parts: &Parts,
    digests: &Digests,
) -> Result<Arc<Tenant>, Problem> {
    let named = stream.parse().ok().and_then(|id| server.0.app.tenant(&id).ok());
    let proved = named.as_ref().filter(|tenant| {
        let token = bearer(&parts.headers);
        let kept = digests.get(tenant.id()).map_or(&[][..], Vec::as_slice);
        // Why: every one is compared, so that the time tells nothing of which one it was.
        token.is_some_and(|token| kept.iter().filter(|kept| token.is(kept)).count() > 0)
    });
    let Some(tenant) = proved else {
        let detail = "`Authorization` is not `Bearer` with the token of this stream";
        let refusal = Problem::new(StatusCode::UNAUTHORIZED, "stream.unknown", detail);
        return Err(server.unknown(
            &parts.extensions,
            named.as_deref().map(Tenant::id),
            Refusal::Stream,
            refusal,
        ));
    };
    let sources = server.0.log_sources.get(tenant.id()).map_or(&[][..], Vec::as_slice);
    let from = parts.extensions.get::<PeerAddress>().map(|peer| peer.0);
    if !sources.is_empty() && !from.is_some_and(|from| sources.iter().any(|net| net.contains(&from))) {
        server.0.app.count_refused_at(tenant.id(), Refusal::Stream);
        let detail = "this stream does not deliver from this address";
        return Err(Problem::new(StatusCode::FORBIDDEN, "stream.foreign_address", detail));
    }
    Ok(Arc::clone(tenant))
}

/// Counts a delivery that is refused as a whole.
pub(super) fn counted<T>(server: &Server, answer: Result<T, Problem>) -> Result<T, Problem> {
    answer.inspect_err(|problem| server.0.metrics.delivery_refused(problem.code()))
}

fn bearer(headers: &HeaderMap) -> Option<Token> {
    let value = headers.get(header::AUTHORIZATION)?.to_str().ok()?;
    Token::received(value.strip_prefix("Bearer ")?)
}
