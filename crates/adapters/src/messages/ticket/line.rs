//! One vendor's address, and what its answers mean.

use std::{sync::Arc, time::Duration};

use countersign_app::{hooks::HookError, management::Why};
use countersign_core::Clock;
use reqwest::{
    Client, Method, Url,
    header::{ACCEPT, AUTHORIZATION, CONTENT_TYPE, HeaderName, HeaderValue},
};
use serde_json::Value;

use super::BuildError;
use crate::{
    Endpoint,
    http::{self, Answer},
    management::retry,
};

/// How long a vendor has to take a request.
const TIMEOUT: Duration = Duration::from_secs(10);

/// The most bytes of an answer that are read.
const MAX_ANSWER: usize = 256 * 1024;

/// For how long a vendor is left alone that says it takes no more, and not for how long.
const PAUSE: u32 = 30;

/// What to mend, in one vendor's words.
pub(in super::super) struct Told {
    /// It does not take who we say we are.
    pub(in super::super) credential: &'static str,
    /// Nobody takes tickets there.
    pub(in super::super) address: &'static str,
    /// It refuses what was sent.
    pub(in super::super) form: &'static str,
    /// What answered is somebody else.
    pub(in super::super) stranger: &'static str,
}

/// A vendor's address.
pub(in super::super) struct Line {
    client: Client,
    base: Url,
    credential: Option<HeaderValue>,
    clock: Arc<dyn Clock>,
    told: &'static Told,
}

/// What is asked.
pub(in super::super) struct Ask<'a> {
    pub(in super::super) method: Method,
    /// Below the address; empty: the address itself.
    pub(in super::super) path: &'a str,
    pub(in super::super) query: &'a [(&'a str, &'a str)],
    pub(in super::super) body: Option<&'a Value>,
    /// A key by which the vendor knows a request that comes again.
    pub(in super::super) once: Option<&'a str>,
}

impl Line {
    pub(in super::super) fn new(
        endpoint: &Endpoint,
        credential: Option<HeaderValue>,
        (clock, told): (Arc<dyn Clock>, &'static Told),
    ) -> Result<Self, BuildError> {
        let client = http::client(endpoint, None, TIMEOUT).map_err(|_| BuildError::Client)?;
        Ok(Self { client, base: endpoint.url().clone(), credential, clock, told })
    }

    /// What is to be mended where what answered is somebody else.
    pub(in super::super) const fn stranger(&self) -> HookError {
        HookError::Refused(self.told.stranger)
    }

    /// What is to be mended where what should be there is not.
    pub(in super::super) const fn missing(&self) -> HookError {
        HookError::Refused(self.told.address)
    }

    /// Asks once; `None` where nothing is there (404).
    pub(in super::super) async fn ask(&self, ask: Ask<'_>) -> Result<Option<Value>, HookError> {
        let mut url = self.base.clone();
        if !ask.path.is_empty() {
            url = url.join(ask.path).map_err(|_| self.missing())?;
        }
        if !ask.query.is_empty() {
            url.query_pairs_mut().extend_pairs(ask.query);
        }
        let json = HeaderValue::from_static("application/json");
        let mut request = self.client.request(ask.method, url).header(ACCEPT, json.clone());
        if let Some(body) = ask.body {
            request = request.header(CONTENT_TYPE, json).body(body.to_string());
        }
        if let Some(credential) = &self.credential {
            request = request.header(AUTHORIZATION, credential.clone());
        }
        if let Some(once) = ask.once {
            request = request.header(HeaderName::from_static("idempotency-key"), once);
        }
        let answer = http::exchange(request, MAX_ANSWER).await.map_err(|failure| self.failed(failure.why))?;
        self.read(&answer)
    }

    fn read(&self, answer: &Answer) -> Result<Option<Value>, HookError> {
        let status = answer.status.as_u16();
        match status {
            200..=299 => serde_json::from_slice(&answer.body).map(Some).map_err(|_| self.stranger()),
            401 | 403 => Err(HookError::Refused(self.told.credential)),
            404 => Ok(None),
            429 | 503 => Err(self.busy(answer)),
            410 | 500.. => Err(HookError::Status(status)),
            300..=399 => Err(self.stranger()),
            _ => Err(HookError::Refused(self.told.form)),
        }
    }

    fn busy(&self, answer: &Answer) -> HookError {
        let status = answer.status.as_u16();
        let named = retry::named(&answer.headers, self.clock.now());
        match named.map(|pause| u32::try_from(pause.as_secs()).unwrap_or(u32::MAX)) {
            Some(seconds) => HookError::Busy { status, seconds },
            None if status == 429 => HookError::Busy { status, seconds: PAUSE },
            None => HookError::Status(status),
        }
    }

    fn failed(&self, why: Why) -> HookError {
        match why {
            Why::Late => HookError::Late,
            Why::Certificate(_) => HookError::Refused("its certificate is not to be trusted"),
            Why::TooLong => self.stranger(),
            _ => HookError::Unreachable,
        }
    }
}
