//! Asking too often on purpose, to see how a tenant says so.

use countersign_app::management::{Error, Refusal};
use countersign_auth0::management::AnyRequest;
use reqwest::{
    StatusCode,
    header::{ACCEPT, AUTHORIZATION, RETRY_AFTER},
};
use tokio::task::JoinSet;

use super::{Ended, MAX_BYTES, Management, refusal, retry, token::Denied};
use crate::http::{self, Failure};

/// How many requests are under way at once.
const WAVE: usize = 20;

/// How a tenant says that there were too many requests.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct TooMany {
    /// How many requests it answered before.
    pub answered: u32,
    /// Whether `Retry-After` says when to come again.
    pub has_retry_after: bool,
    /// Whether `x-ratelimit-reset` does.
    pub has_reset: bool,
    /// What the body says; `None` when it is not JSON.
    pub refusal: Option<Refusal>,
}

impl Management {
    /// Sends a request that reads again and again, past the limiter, until one is refused for their number; `most` times
    /// at the most, after which the answer is `None`. Meanwhile it takes what the tenant allows from everybody else.
    ///
    /// # Errors
    /// [`Error`]; [`Error::NotRead`] for a request that writes.
    pub async fn provoke(&self, request: &AnyRequest, most: u32) -> Result<Option<TooMany>, Error> {
        let operation = request.operation();
        if !operation.is_read() {
            return Err(Error::NotRead { operation });
        }
        let url = self.url(request).ok_or(Error::Malformed { operation })?;
        let token = self.tokens.token().await;
        let token = token.map_err(|Denied { why, .. }| Error::Unavailable { operation, why })?;
        let (mut sent, mut answered, mut under_way) = (0, 0, JoinSet::new());
        loop {
            while sent < most && under_way.len() < WAVE {
                let builder = self.client.get(url.clone()).header(ACCEPT, "application/json");
                under_way
                    .spawn(http::exchange(builder.header(AUTHORIZATION, token.header.clone()), MAX_BYTES));
                sent += 1;
            }
            // Why no answer of a task that ended otherwise: none is cancelled, and none can panic.
            let Some(Ok(answer)) = under_way.join_next().await else { return Ok(None) };
            let answer = answer.map_err(|Failure { why, .. }| Error::Unavailable { operation, why })?;
            if answer.status == StatusCode::TOO_MANY_REQUESTS {
                let shown = self.tokens.shown(&token);
                return Ok(Some(TooMany {
                    answered,
                    has_retry_after: answer.headers.contains_key(RETRY_AFTER),
                    has_reset: retry::number(&answer.headers, "x-ratelimit-reset").is_some(),
                    refusal: refusal::read(request, answer.status.as_u16(), &answer.body, shown),
                }));
            }
            match self.judge(request, answer, &token) {
                Ok(_) => answered += 1,
                Err(Ended::Final(error)) => return Err(error),
                Err(Ended::Token(refusal)) => return Err(Error::Refused { operation, refusal }),
                Err(Ended::Failed { failure: Failure { why, .. }, .. }) => {
                    return Err(Error::Unavailable { operation, why });
                }
                Err(Ended::Limited(after)) => return Err(Error::Limited { operation, after }),
            }
        }
    }
}
