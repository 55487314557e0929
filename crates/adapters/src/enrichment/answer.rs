//! Reading what a connector answers, within bounds.

use countersign_app::enrich::{EnrichError, Facts};
use reqwest::Response;

/// The most bytes of an answer.
const MAX_BYTES: usize = 4 * 1024;

/// Reads facts from a body of at most 4 KiB; what is longer is given up at its first byte too many.
pub(super) async fn read(mut response: Response) -> Result<Facts, EnrichError> {
    if response
        .content_length()
        .is_some_and(|length| usize::try_from(length).unwrap_or(usize::MAX) > MAX_BYTES)
    {
        return Err(EnrichError::TooLong);
    }
    let mut body = Vec::new();
    while let Some(chunk) = response.chunk().await.map_err(|error| broken(&error))? {
        if body.len() + chunk.len() > MAX_BYTES {
            return Err(EnrichError::TooLong);
        }
        body.extend_from_slice(&chunk);
    }
    // Why the cause is dropped: it may quote the answer, which tells of a person.
    serde_json::from_slice(&body).map_err(|_| EnrichError::Shape)
}

/// Why a request was not answered. The cause is dropped: it holds the address.
pub(super) fn broken(error: &reqwest::Error) -> EnrichError {
    if error.is_timeout() { EnrichError::Late } else { EnrichError::Unreachable }
}
