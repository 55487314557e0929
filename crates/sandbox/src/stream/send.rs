//! What really posts: HTTPS anywhere, plain HTTP to this machine, no redirects, no proxies, and an end to waiting.

use std::time::Duration;

use countersign_core::Timestamp;
use parking_lot::Mutex;
use reqwest::{
    Client, Url,
    header::{HeaderMap, HeaderName, HeaderValue},
    redirect::Policy,
};

use super::{Delivery, Mishaps, Outcome, endpoint, events, logs};
use crate::tenant::{Tenant, publish};

/// How long one request may take (not documented; judgement).
const TIMEOUT: Duration = Duration::from_secs(5);

/// No client could be made.
#[derive(Debug, thiserror::Error)]
#[error("no HTTP client could be built")]
pub struct BuildError(#[source] reqwest::Error);

/// Posts deliveries.
pub struct Sender {
    secure: Client,
    plain: Client,
}

impl Sender {
    /// Two clients, with and without TLS; nothing is sent yet.
    ///
    /// # Errors
    /// [`BuildError`], such as without root certificates.
    pub fn new() -> Result<Self, BuildError> {
        let client = || Client::builder().redirect(Policy::none()).no_proxy().referer(false).timeout(TIMEOUT);
        let secure = client().https_only(true).build().map_err(BuildError)?;
        // Why: plain HTTP on this machine must not need the system's root certificates.
        let plain = client().tls_certs_only([]).build().map_err(BuildError)?;
        Ok(Self { secure, plain })
    }

    /// Sends the requests of a delivery in order, until one isn't taken.
    pub async fn send(&self, delivery: &Delivery) -> Outcome {
        if delivery.is_lost {
            return Outcome::Failed;
        }
        let target = endpoint::parse(&delivery.url).zip(headers(&delivery.headers));
        let Some((url, headers)) = target else { return Outcome::Failed };
        for body in &delivery.bodies {
            let outcome = self.post(&url, &headers, body).await;
            if outcome != Outcome::Taken {
                return outcome;
            }
        }
        Outcome::Taken
    }

    async fn post(&self, url: &Url, headers: &HeaderMap, body: &str) -> Outcome {
        let client = if url.scheme() == "https" { &self.secure } else { &self.plain };
        let request = client.post(url.clone()).headers(headers.clone()).body(body.to_owned());
        match request.send().await {
            Ok(response) if response.status().is_success() => Outcome::Taken,
            Ok(response) => Outcome::Refused(response.status().as_u16()),
            Err(_) => Outcome::Failed,
        }
    }
}

fn headers(pairs: &[(String, String)]) -> Option<HeaderMap> {
    let mut headers = HeaderMap::new();
    for (name, value) in pairs {
        let mut value = HeaderValue::from_str(value).ok()?;
        value.set_sensitive(true);
        headers.insert(HeaderName::from_bytes(name.as_bytes()).ok()?, value);
    }
    Some(headers)
}

/// Sends everything that is due at a time, until nothing more is; says how many deliveries were taken.
pub async fn pump(tenant: &Mutex<Tenant>, sender: &Sender, mishaps: Mishaps, now: Timestamp) -> usize {
    let mut taken = 0_usize;
    loop {
        let (records, events) = due(&mut tenant.lock(), mishaps, now);
        if records.is_empty() && events.is_empty() {
            return taken;
        }
        for delivery in records {
            let outcome = sender.send(&delivery).await;
            logs::settle(tenant.lock().state_mut(), &delivery, outcome, now);
            taken = taken.saturating_add(usize::from(outcome == Outcome::Taken));
        }
        for delivery in events {
            let outcome = sender.send(&delivery).await;
            events::settle(tenant.lock().state_mut(), &delivery.upto, outcome, now);
            taken = taken.saturating_add(usize::from(outcome == Outcome::Taken));
        }
    }
}

/// What is due of the log and of events, those included that came of changes outside of the API.
fn due(tenant: &mut Tenant, mishaps: Mishaps, now: Timestamp) -> (Vec<Delivery>, Vec<Delivery>) {
    let options = tenant.options().clone();
    let state = tenant.state_mut();
    publish(&options, state, now);
    (logs::due(state, mishaps, now), events::due(state, mishaps, now))
}
