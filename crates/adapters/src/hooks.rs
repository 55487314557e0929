//! Webhooks to receivers that the operator configured, signed by the Standard Webhooks scheme.
//!
//! `webhook-id` is the delivery's id, the same at each attempt; `webhook-timestamp` is the attempt's; `webhook-signature` is HMAC-SHA256
//! over both and the body, once for each key while two are in use. Any status 2xx takes the message; the answer's body is not read.

use std::time::Duration;

use countersign_app::hooks::{HookError, Message, SendHook, Sending, Taken};
use countersign_privacy::SigningKey;
use reqwest::{
    Client,
    header::{CONTENT_TYPE, HeaderValue},
    redirect::Policy,
};

use crate::management::retry;
pub use crate::{Endpoint, EndpointError};

/// How long a receiver has to take a message (Standard Webhooks recommends 15 to 30 s; a turn must not take so long).
pub const TIMEOUT: Duration = Duration::from_secs(10);

/// A receiver that can't be built: TLS can't be used on this system, such as for want of root certificates.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("no client for HTTPS could be built: the system may have no root certificates")]
pub struct BuildError;

/// A receiver of webhooks.
pub struct HttpHook {
    client: Client,
    endpoint: Endpoint,
    keys: Vec<SigningKey>,
}

impl HttpHook {
    /// Builds the sender; nothing is sent yet. Messages are signed by each of `keys`, more than one while they are rotated.
    ///
    /// # Errors
    /// [`BuildError`].
    pub fn new(endpoint: Endpoint, keys: Vec<SigningKey>) -> Result<Self, BuildError> {
        let builder = Client::builder()
            .redirect(Policy::none())
            .no_proxy()
            .referer(false)
            .timeout(TIMEOUT)
            .https_only(!endpoint.is_plain());
        // Why: plain HTTP on this machine must not need the system's root certificates.
        let builder = if endpoint.is_plain() { builder.tls_certs_only([]) } else { builder };
        Ok(Self { client: builder.build().map_err(|_| BuildError)?, endpoint, keys })
    }

    async fn post(&self, message: Message<'_>) -> Result<Taken, HookError> {
        let seconds = message.at.seconds();
        let sign = |key: &SigningKey| key.sign_request(message.id, seconds, message.body);
        let signatures = self.keys.iter().map(sign).collect::<Vec<_>>().join(" ");
        let response = self
            .client
            .post(self.endpoint.url().clone())
            .header(CONTENT_TYPE, HeaderValue::from_static("application/json"))
            .header("webhook-id", message.id)
            .header("webhook-timestamp", seconds)
            .header("webhook-signature", signatures)
            .body(message.body.to_vec())
            .send()
            .await
            .map_err(|error| if error.is_timeout() { HookError::Late } else { HookError::Unreachable })?;
        let status = response.status();
        let code = status.as_u16();
        let is_asking = matches!(code, 429 | 503);
        let pause = retry::named(response.headers(), message.at).filter(|_| is_asking);
        match pause.map(|pause| u32::try_from(pause.as_secs()).unwrap_or(u32::MAX)) {
            _ if status.is_success() => Ok(Taken::default()),
            Some(seconds) => Err(HookError::Busy { status: code, seconds }),
            None => Err(HookError::Status(code)),
        }
    }
}

impl SendHook for HttpHook {
    fn send<'a>(&'a self, message: Message<'a>) -> Sending<'a> {
        Box::pin(self.post(message))
    }
}
