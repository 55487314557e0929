//! One exchange over HTTP, within bounds.

use std::{error::Error as _, time::Duration};

use base64::{Engine, engine::general_purpose::STANDARD};
use countersign_app::management::{Flaw, Why};
use reqwest::{
    Certificate, Client, RequestBuilder, Response, StatusCode,
    header::{HeaderMap, HeaderValue},
    redirect::Policy,
};
use rustls::{CertificateError, Error as TlsError};

use crate::Endpoint;

/// How long a connection may take.
const CONNECT_TIMEOUT: Duration = Duration::from_secs(5);

/// An answer: what its head says, and the whole body.
pub(crate) struct Answer {
    pub(crate) status: StatusCode,
    pub(crate) headers: HeaderMap,
    pub(crate) body: Vec<u8>,
}

/// An exchange without an answer.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Failure {
    pub(crate) why: Why,
    /// Whether the request may have reached the server.
    pub(crate) was_sent: bool,
}

/// A client that can't be built.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum ClientError {
    /// The authorities are no certificates in PEM.
    Authorities,
    /// TLS can't be used on this system.
    Client,
}

/// A client that goes to this address and nowhere else. `authorities`, in PEM, stand in place of the system's.
pub(crate) fn client(
    endpoint: &Endpoint,
    authorities: Option<&[u8]>,
    timeout: Duration,
) -> Result<Client, ClientError> {
    let builder = Client::builder()
        .redirect(Policy::none())
        .no_proxy()
        .referer(false)
        .timeout(timeout)
        .connect_timeout(CONNECT_TIMEOUT)
        .user_agent(concat!("countersign/", env!("CARGO_PKG_VERSION")))
        .https_only(!endpoint.is_plain());
    let builder = match authorities {
        Some(pem) => {
            let certificates = Certificate::from_pem_bundle(pem).map_err(|_| ClientError::Authorities)?;
            if certificates.is_empty() {
                return Err(ClientError::Authorities);
            }
            builder.tls_certs_only(certificates)
        }
        // Why: plain HTTP on this machine must not need the system's root certificates.
        None if endpoint.is_plain() => builder.tls_certs_only([]),
        None => builder,
    };
    builder.build().map_err(|_| ClientError::Client)
}

/// Sends a request and reads at most so many bytes of its answer.
pub(crate) async fn exchange(request: RequestBuilder, most: usize) -> Result<Answer, Failure> {
    let response = request.send().await.map_err(|error| failure(&error))?;
    let (status, headers) = (response.status(), response.headers().clone());
    let body = read(response, most).await?;
    Ok(Answer { status, headers, body })
}

async fn read(mut response: Response, most: usize) -> Result<Vec<u8>, Failure> {
    let too_long = Failure { why: Why::TooLong, was_sent: true };
    if response.content_length().is_some_and(|length| usize::try_from(length).unwrap_or(usize::MAX) > most) {
        return Err(too_long);
    }
    let mut body = Vec::new();
    while let Some(chunk) = response.chunk().await.map_err(|error| failure(&error))? {
        if body.len() + chunk.len() > most {
            return Err(too_long);
        }
        body.extend_from_slice(&chunk);
    }
    Ok(body)
}

/// Why there was no answer. The cause is dropped: it holds the address, and with it who was asked about.
fn failure(error: &reqwest::Error) -> Failure {
    let was_sent = !error.is_connect() && !error.is_builder();
    let why = if error.is_connect() {
        flaw(error).map_or(Why::Unreachable, Why::Certificate)
    } else if error.is_timeout() {
        Why::Late
    } else {
        Why::Broken
    };
    Failure { why, was_sent }
}

/// What is wrong with the server's certificate, if that is the cause.
fn flaw(error: &reqwest::Error) -> Option<Flaw> {
    let mut cause: Option<&(dyn std::error::Error + 'static)> = error.source();
    while let Some(found) = cause {
        // Why: an I/O error gives the cause of what it holds as its own, and passes over what it holds.
        let held = found.downcast_ref::<std::io::Error>().and_then(std::io::Error::get_ref);
        let tls = held.and_then(|held| held.downcast_ref()).or_else(|| found.downcast_ref::<TlsError>());
        if let Some(TlsError::InvalidCertificate(error)) = tls {
            return Some(match error {
                CertificateError::Expired | CertificateError::ExpiredContext { .. } => Flaw::Expired,
                CertificateError::NotValidYet | CertificateError::NotValidYetContext { .. } => Flaw::NotYet,
                CertificateError::NotValidForName | CertificateError::NotValidForNameContext { .. } => {
                    Flaw::OtherName
                }
                // Why the second: of an authority that has the name of a known one, and another key.
                CertificateError::UnknownIssuer | CertificateError::BadSignature => Flaw::Authority,
                _ => Flaw::Other,
            });
        }
        cause = held.map_or_else(|| found.source(), |held| Some(held));
    }
    None
}

/// The header in which a token is shown; `None` when it can't stand in one.
pub(crate) fn bearer(token: &[u8]) -> Option<HeaderValue> {
    let mut value = HeaderValue::from_bytes(&[b"Bearer ", token].concat()).ok()?;
    value.set_sensitive(true);
    Some(value)
}

/// The header in which a user name and a password are shown (RFC 7617); `None` when they can't stand in one.
pub(crate) fn basic(user: &str, password: &[u8]) -> Option<HeaderValue> {
    if user.contains(':') || user.chars().any(char::is_control) {
        return None;
    }
    let pair = STANDARD.encode([user.as_bytes(), b":", password].concat());
    let mut value = HeaderValue::from_str(&format!("Basic {pair}")).ok()?;
    value.set_sensitive(true);
    Some(value)
}
