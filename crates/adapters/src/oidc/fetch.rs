//! Documents in JSON, within bounds.

use countersign_app::management::Why;
use reqwest::{RequestBuilder, StatusCode, Url, header::ACCEPT};
use serde_json::Value;

use crate::http::{self, Failure};

/// A document that is published: 200 and JSON, or nothing.
///
/// # Errors
/// [`Why`].
pub(super) async fn document(request: RequestBuilder, most: usize) -> Result<Value, Why> {
    let (status, document) = answer(request, most).await?;
    if status != StatusCode::OK {
        return Err(Why::Status(status.as_u16()));
    }
    document.ok_or(Why::Nonsense)
}

/// An answer, and what it holds where that is JSON.
///
/// # Errors
/// [`Why`].
pub(super) async fn answer(request: RequestBuilder, most: usize) -> Result<(StatusCode, Option<Value>), Why> {
    let request = request.header(ACCEPT, "application/json");
    let answer = http::exchange(request, most).await.map_err(|Failure { why, .. }| why)?;
    if answer.status.is_redirection() {
        return Err(Why::Redirect);
    }
    Ok((answer.status, serde_json::from_slice(&answer.body).ok()))
}

/// Fields as a form is sent, and as a query is.
pub(super) fn form(url: &Url, fields: &[(&str, &str)]) -> String {
    let mut blank = url.clone();
    blank.set_query(None);
    blank.query_pairs_mut().extend_pairs(fields);
    blank.query().unwrap_or_default().to_owned()
}
