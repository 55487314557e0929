//! The enrichment connector: an API of the operator's that is asked about a sign-up before the account is made.
//!
//! A request is `POST` of `{"email_domain": "example.com"}`, or of `{"email": "…"}` where the operator said so. The answer
//! is 200 with a flat object of facts, or 204 when nothing is known.

mod answer;

use std::{sync::Arc, time::Duration};

use countersign_app::enrich::{Answering, Enrich, EnrichError, Facts, Question};
use countersign_core::{Clock, Secret};
use parking_lot::Mutex;
use reqwest::{
    Client, StatusCode,
    header::{ACCEPT, AUTHORIZATION, CONTENT_TYPE, HeaderValue},
    redirect::Policy,
};
use serde_json::json;
use tokio::sync::Semaphore;

use crate::breaker::Breaker;
pub use crate::{Endpoint, EndpointError};

/// How long a connector may take where nothing else is configured: a quarter of the shipped Action's deadline of 800 ms.
pub const DEFAULT_TIMEOUT: Duration = Duration::from_millis(200);

/// How long it may be given at the most.
pub const MAX_TIMEOUT: Duration = Duration::from_secs(1);

/// Requests under way at once: a slow connector at 500 sign-ups a second and the default timeout keeps 100 open.
const MAX_UNDER_WAY: usize = 128;

/// A connector as configured.
pub struct Settings {
    /// Where it is asked.
    pub endpoint: Endpoint,
    /// The bearer token that it is shown; `None`: none.
    pub token: Option<Secret>,
    /// How long it may take, up to one second; what the caller's deadline leaves may be less.
    pub timeout: Duration,
    /// Whether it is told the whole address, not its domain alone.
    pub sends_email: bool,
}

/// A connector that can't be built.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum BuildError {
    /// The time limit is none from one millisecond to a second.
    #[error("a connector has from 1 to {} ms", MAX_TIMEOUT.as_millis())]
    Timeout,
    /// The token can't stand in a header.
    #[error("the connector's token is no printable text")]
    Token,
    /// TLS can't be used on this system, such as for want of root certificates.
    #[error("no client for HTTPS could be built: the system may have no root certificates")]
    Client,
}

/// An enrichment connector over HTTPS, with bounds on everything that it can do to a sign-up.
pub struct HttpEnrichment {
    client: Client,
    endpoint: Endpoint,
    authorization: Option<HeaderValue>,
    timeout: Duration,
    sends_email: bool,
    clock: Arc<dyn Clock>,
    breaker: Mutex<Breaker>,
    under_way: Semaphore,
}

impl HttpEnrichment {
    /// Builds the connector; nothing is asked yet. `clock` times its pauses.
    ///
    /// # Errors
    /// [`BuildError`].
    pub fn new(settings: Settings, clock: Arc<dyn Clock>) -> Result<Self, BuildError> {
        let Settings { endpoint, token, timeout, sends_email } = settings;
        if timeout < Duration::from_millis(1) || timeout > MAX_TIMEOUT {
            return Err(BuildError::Timeout);
        }
        let authorization = token.as_ref().map(bearer).transpose()?;
        let builder = Client::builder()
            .redirect(Policy::none())
            .no_proxy()
            .referer(false)
            .timeout(timeout)
            .https_only(!endpoint.is_plain());
        // Why: plain HTTP on this machine must not need the system's root certificates.
        let builder = if endpoint.is_plain() { builder.tls_certs_only([]) } else { builder };
        Ok(Self {
            client: builder.build().map_err(|_| BuildError::Client)?,
            endpoint,
            authorization,
            timeout,
            sends_email,
            clock,
            breaker: Mutex::default(),
            under_way: Semaphore::new(MAX_UNDER_WAY),
        })
    }

    async fn ask(&self, question: Question<'_>) -> Result<Facts, EnrichError> {
        let body = if self.sends_email {
            json!({ "email": question.email })
        } else {
            // Why: of an address without a domain there is nothing to ask.
            let Some(domain) = question.domain() else { return Ok(Facts::none()) };
            json!({ "email_domain": domain })
        };
        let _place = self.under_way.try_acquire().map_err(|_| EnrichError::Busy)?;
        let trial = self.begin(question.within >= self.timeout)?;
        let limit = self.timeout.min(question.within);
        let answer = tokio::time::timeout(limit, self.send(body.to_string()));
        let answer = answer.await.unwrap_or(Err(EnrichError::Late));
        trial.end(&answer);
        answer
    }

    async fn send(&self, body: String) -> Result<Facts, EnrichError> {
        let mut request = self
            .client
            .post(self.endpoint.url().clone())
            .header(CONTENT_TYPE, "application/json")
            .header(ACCEPT, "application/json")
            .body(body);
        if let Some(authorization) = &self.authorization {
            request = request.header(AUTHORIZATION, authorization.clone());
        }
        let response = request.send().await.map_err(|error| answer::broken(&error))?;
        match response.status() {
            StatusCode::OK => answer::read(response).await,
            StatusCode::NO_CONTENT => Ok(Facts::none()),
            status => Err(EnrichError::Status(status.as_u16())),
        }
    }

    /// Asks the breaker, which holds it for a failure until told otherwise, unless it has less than its full time.
    fn begin(&self, has_time: bool) -> Result<Trial<'_>, EnrichError> {
        let now = self.clock.monotonic();
        if self.breaker.lock().admits(now) {
            Ok(Trial { connector: Some(self), has_time })
        } else {
            Err(EnrichError::Paused)
        }
    }
}

impl Enrich for HttpEnrichment {
    fn enrich<'a>(&'a self, question: Question<'a>) -> Answering<'a> {
        Box::pin(self.ask(question))
    }
}

/// A request under way. One that is given up before its end, or is late, counts as a failure where it had its full time: a
/// caller with little must not have a connector that is well left alone.
struct Trial<'a> {
    connector: Option<&'a HttpEnrichment>,
    has_time: bool,
}

impl Trial<'_> {
    fn end(mut self, answer: &Result<Facts, EnrichError>) {
        let Some(connector) = self.connector.take() else { return };
        if *answer == Err(EnrichError::Late) && !self.has_time {
            return;
        }
        let mut breaker = connector.breaker.lock();
        if answer.as_ref().err().is_some_and(is_failure) {
            breaker.failed(connector.clock.monotonic());
        } else {
            breaker.answered();
        }
    }
}

impl Drop for Trial<'_> {
    fn drop(&mut self) {
        if let Some(connector) = self.connector.filter(|_| self.has_time) {
            connector.breaker.lock().failed(connector.clock.monotonic());
        }
    }
}

/// Whether a connector is not well. An answer that is of no use is none such: whoever signs up chooses the domain, and
/// must not be able to have the connector left alone.
const fn is_failure(error: &EnrichError) -> bool {
    match error {
        EnrichError::Late | EnrichError::Unreachable => true,
        EnrichError::Status(status) => *status == 429 || *status >= 500,
        EnrichError::Paused | EnrichError::Busy | EnrichError::TooLong | EnrichError::Shape => false,
    }
}

fn bearer(token: &Secret) -> Result<HeaderValue, BuildError> {
    let bytes = [b"Bearer ", token.expose()].concat();
    let mut value = HeaderValue::from_bytes(&bytes).map_err(|_| BuildError::Token)?;
    value.set_sensitive(true);
    Ok(value)
}

#[cfg(test)]
mod tests {
    use countersign_core::{Timestamp, testing::HeldClock};

    use super::*;

    fn build(timeout_ms: u64, token: &[u8]) -> Result<HttpEnrichment, BuildError> {
        let settings = Settings {
            endpoint: "http://127.0.0.1:1/".parse().unwrap(),
            token: Some(Secret::new(token.to_vec())),
            timeout: Duration::from_millis(timeout_ms),
            sends_email: false,
        };
        HttpEnrichment::new(settings, Arc::new(HeldClock::at(Timestamp::default())))
    }

    #[test]
    fn a_time_beyond_the_bounds_and_a_token_of_two_lines_are_refused() {
        assert_eq!(build(0, b"t").err(), Some(BuildError::Timeout));
        assert_eq!(build(1_001, b"t").err(), Some(BuildError::Timeout));
        assert_eq!(build(200, b"a\r\nx: y").err(), Some(BuildError::Token));
        assert!(build(1_000, b"t").is_ok());
    }

    #[test]
    fn a_token_does_not_print() {
        let value = build(200, b"hunter2").unwrap().authorization.unwrap();
        assert_eq!(format!("{value:?}"), "Sensitive");
    }
}
