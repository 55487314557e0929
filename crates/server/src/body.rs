//! Reading a body within bounds.

use std::time::Duration;

use axum::{body::Body, extract::Request, http::StatusCode};

use crate::{MAX_BODY_BYTES, Problem};

/// The deepest nesting of a body; Auth0's events need 8.
const MAX_DEPTH: usize = 24;

/// Time in which a whole body must have come: 64 KiB at 13 KiB a second.
const TIME: Duration = Duration::from_secs(5);

/// Reads a body of at most 64 KiB that comes within five seconds, before anything is parsed.
pub(crate) async fn read(body: Body) -> Result<axum::body::Bytes, Problem> {
    read_within(body, MAX_BODY_BYTES, TIME).await
}

/// Reads a body of at most `most` bytes that comes within five seconds.
pub(crate) async fn read_at_most(body: Body, most: usize) -> Result<axum::body::Bytes, Problem> {
    read_within(body, most, TIME).await
}

async fn read_within(body: Body, most: usize, time: Duration) -> Result<axum::body::Bytes, Problem> {
    #[expect(clippy::disallowed_methods, reason = "the one bounded place that clippy.toml points to")]
    let bytes = tokio::time::timeout(time, axum::body::to_bytes(body, most)).await;
    let Ok(bytes) = bytes else {
        let detail = format!("a whole body comes within {} seconds", TIME.as_secs());
        return Err(Problem::new(StatusCode::REQUEST_TIMEOUT, "body.timeout", detail));
    };
    bytes.map_err(|_| {
        Problem::new(
            StatusCode::PAYLOAD_TOO_LARGE,
            "body.too_large",
            format!("a body has at most {most} bytes"),
        )
    })
}

/// Reads the body of a request and parses it.
pub(crate) async fn take<T: serde::de::DeserializeOwned>(request: Request) -> Result<T, Problem> {
    parse(&read(request.into_body()).await?)
}

/// Parses a body, telling apart what is not JSON (400) from what has another shape (422).
pub(crate) fn parse<T: serde::de::DeserializeOwned>(bytes: &[u8]) -> Result<T, Problem> {
    if let Err(deep) = countersign_auth0::depth::check(bytes, MAX_DEPTH) {
        let detail = format!(
            "a body nests at most {MAX_DEPTH} levels deep; level {} begins at byte {}",
            MAX_DEPTH + 1,
            deep.offset
        );
        return Err(Problem::new(StatusCode::BAD_REQUEST, "body.too_deep", detail));
    }
    countersign_auth0::decode::<T>(bytes, "").map_err(|error| shape(bytes, &error))
}

/// A problem that says where the shape is wrong.
pub(crate) fn shape(bytes: &[u8], error: &countersign_auth0::ShapeError) -> Problem {
    // Why first as text: what is skipped is not checked to be UTF-8, which JSON is (RFC 8259, section 8.1).
    let is_json = std::str::from_utf8(bytes)
        .is_ok_and(|text| serde_json::from_str::<serde::de::IgnoredAny>(text).is_ok());
    let place = format!("line {}, column {}", error.line, error.column);
    if !is_json {
        let detail = format!("the body is not one JSON value in UTF-8 ({place})");
        return Problem::new(StatusCode::BAD_REQUEST, "body.malformed", detail);
    }
    // Why: a whole body has no name, so that the path of what is in it begins with the dot that joins.
    let path = error.path.trim_start_matches('.');
    let detail = format!("the body is not what this endpoint takes: {} ({place})", error.message);
    Problem::new(StatusCode::UNPROCESSABLE_ENTITY, "body.shape", detail).at(path, error.message.clone())
}

#[cfg(test)]
mod tests {
    use std::{
        io::{Read, Write},
        net::TcpStream,
    };

    use axum::{Router, routing::post};
    use tokio::{net::TcpListener, task::JoinSet};

    use super::*;

    #[tokio::test]
    async fn a_body_that_does_not_come_is_answered_and_the_connection_closed() {
        let read = |body: Body| async {
            read_within(body, MAX_BODY_BYTES, Duration::from_millis(50)).await.map(|_| "whole")
        };
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let address = listener.local_addr().unwrap();
        let mut serving = JoinSet::new();
        serving.spawn(async move { axum::serve(listener, Router::new().route("/", post(read))).await });
        let ask = move |body: &'static str| {
            let mut stream = TcpStream::connect(address).unwrap();
            stream.set_read_timeout(Some(Duration::from_secs(10))).unwrap();
            write!(
                stream,
                "POST / HTTP/1.1\r\nhost: x\r\nconnection: close\r\ncontent-length: 4\r\n\r\n{body}"
            )
            .unwrap();
            let mut answer = String::new();
            stream.read_to_string(&mut answer).unwrap();
            answer
        };
        let half = tokio::task::spawn_blocking(move || ask("ab")).await.unwrap();
        assert!(half.starts_with("HTTP/1.1 408 ") && half.contains("body.timeout"), "{half}");
        let whole = tokio::task::spawn_blocking(move || ask("abcd")).await.unwrap();
        assert!(whole.starts_with("HTTP/1.1 200 "), "{whole}");
    }
}
