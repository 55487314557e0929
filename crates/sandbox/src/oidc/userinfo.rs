//! `/userinfo`.

use axum::{extract::State, http::HeaderMap, response::Response};
use serde_json::{Value, json};

use crate::{
    simulate::profile,
    tenant::{
        Reply,
        http::{Shell, credentials, send},
    },
};

/// The profile of whom an access token is of, as far as its scopes go.
pub(super) async fn userinfo(State(shell): State<Shell>, headers: HeaderMap) -> Response {
    send(answer(&shell, &headers).unwrap_or_else(|| {
        Reply::new(
            401,
            json!({"error": "invalid_token", "error_description": "The access token is not valid"}),
        )
        .with_header("www-authenticate", "Bearer error=\"invalid_token\"")
    }))
}

fn answer(shell: &Shell, headers: &HeaderMap) -> Option<Reply> {
    let token = credentials(headers, "bearer")?;
    let own = format!("{}/userinfo", shell.base_url(headers));
    let now = shell.now();
    let tenant = shell.tenant();
    let tenant = tenant.lock();
    let claims = tenant.claims_of(token, now)?;
    let audience = claims.get("aud")?;
    let is_meant = *audience == own.as_str() || audience.as_array()?.iter().any(|one| *one == own.as_str());
    let user = tenant.state().objects.find("users", claims.get("sub")?.as_str()?).filter(|_| is_meant)?;
    let scopes = claims.get("scope")?.as_str()?.split_whitespace().map(str::to_owned).collect::<Vec<_>>();
    let mut shown = profile(&Value::Object(user.shown.clone()), &scopes);
    shown.insert("sub".to_owned(), json!(user.id));
    Some(Reply::ok(shown))
}
