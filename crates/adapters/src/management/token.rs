//! The token that requests show: got once for all who wait, kept, and renewed before it ends.

use std::{collections::BTreeSet, sync::Arc, time::Duration};

use base64::{Engine, engine::general_purpose::URL_SAFE_NO_PAD};
use countersign_app::management::{Maker, Why};
use countersign_core::{ClientId, Clock, Entropy, Secret};
use parking_lot::Mutex;
use reqwest::{Client, StatusCode, Url, header::HeaderValue};
use serde::Deserialize;

use super::assertion::Signer;
use crate::http::{self, Answer, Failure};

/// The most bytes of an answer with a token.
const MAX_BYTES: usize = 64 * 1024;

/// How long before its end a token is renewed at the earliest, where it lives long enough.
const MARGIN: Duration = Duration::from_secs(300);

/// The first pause after the tenant gave no token; it doubles with each time in a row.
const FIRST_PAUSE: Duration = Duration::from_secs(1);

/// The longest such pause.
const LONGEST_PAUSE: Duration = Duration::from_secs(60);

/// How a client shows who it is.
pub(super) enum Proof {
    Secret(Secret),
    Key(Signer),
}

/// A token as it is shown.
#[derive(Clone)]
pub(super) struct Token {
    pub(super) header: HeaderValue,
    /// What the tenant says that it allows; `None` where it does not say.
    pub(super) scopes: Option<Arc<[String]>>,
    /// Its id; `None` where it is no JWT, or has none.
    id: Option<Arc<str>>,
    number: u64,
}

/// No token could be had.
#[derive(Debug, Clone, Copy)]
pub(super) struct Denied {
    pub(super) why: Why,
    /// Whether the tenant was asked just now; if not, this is what it came to before.
    pub(super) was_asked: bool,
}

/// A token and how long it is good.
pub(super) struct Held {
    pub(super) token: Token,
    pub(super) renew_at: Duration,
    pub(super) ends_at: Duration,
}

#[derive(Default)]
struct State {
    held: Option<Held>,
    failed: Option<Failed>,
    numbers: u64,
}

#[derive(Clone, Copy)]
struct Failed {
    why: Why,
    until: Duration,
    pause: Duration,
}

/// Where tokens come from.
pub(super) struct Tokens {
    client: Client,
    url: Url,
    /// The API that tokens are asked for.
    audience: String,
    /// Whom assertions are addressed to.
    issuer: String,
    client_id: ClientId,
    proof: Proof,
    /// The only scopes that are asked for and taken; `None`: whatever the client has.
    scopes: Option<BTreeSet<String>>,
    clock: Arc<dyn Clock>,
    entropy: Arc<dyn Entropy>,
    state: Mutex<State>,
    /// Held by the one that asks the tenant.
    asking: tokio::sync::Mutex<()>,
}

/// What tokens are asked with.
pub(super) struct Source {
    pub(super) client: Client,
    pub(super) origin: Url,
    pub(super) client_id: ClientId,
    pub(super) proof: Proof,
    pub(super) clock: Arc<dyn Clock>,
    pub(super) entropy: Arc<dyn Entropy>,
}

/// What is read of an answer with a token.
#[derive(Deserialize)]
pub(super) struct Given {
    access_token: String,
    token_type: String,
    expires_in: u64,
    scope: Option<String>,
}

impl Tokens {
    /// A source that has asked nothing yet; `None` when the origin is none.
    pub(super) fn new(source: Source) -> Option<Self> {
        let Source { client, origin, client_id, proof, clock, entropy } = source;
        let url = origin.join("/oauth/token").ok()?;
        let host = origin.host_str()?;
        let port = origin.port().map(|port| format!(":{port}")).unwrap_or_default();
        // A tenant of Auth0 is always reached by https; a stand-in on this machine names itself as it is reached.
        let issuer = format!("{}://{host}{port}/", origin.scheme());
        let audience = format!("{issuer}api/v2/");
        let (state, asking) = (Mutex::default(), tokio::sync::Mutex::new(()));
        let scopes = None;
        Some(Self { client, url, audience, issuer, client_id, proof, scopes, clock, entropy, state, asking })
    }

    /// Asks for these scopes alone, and takes no token with more.
    pub(super) fn ask_for(&mut self, scopes: &BTreeSet<String>) {
        self.scopes = Some(scopes.clone());
    }

    /// Whether a token allows more than was asked for. Where the tenant does not say, it allows what was (RFC 6749, section 5.1).
    fn is_too_much(&self, given: &Given) -> bool {
        let (Some(asked), Some(given)) = (&self.scopes, &given.scope) else { return false };
        given.split_whitespace().any(|scope| !asked.contains(scope))
    }

    /// A token that is good, at least for a while.
    pub(super) async fn token(&self) -> Result<Token, Denied> {
        if let Some((token, is_due)) = self.held() {
            if !is_due {
                return Ok(token);
            }
            // Whoever comes while it is renewed goes on with the old one, and so do all when it can't be.
            let Ok(_asking) = self.asking.try_lock() else { return Ok(token) };
            return Ok(self.renew().await.unwrap_or(token));
        }
        let _asking = self.asking.lock().await;
        // Whoever waited finds what the one before it got, or why it got nothing.
        match self.held() {
            Some((token, _)) => Ok(token),
            None => self.renew().await,
        }
    }

    /// The API did not take the token: it is not shown again.
    pub(super) fn refused(&self, token: &Token) {
        let mut state = self.state.lock();
        if state.held.as_ref().is_some_and(|held| held.token.number == token.number) {
            state.held = None;
        }
    }

    /// By whom something is made that shows this token; `None` where the token has no id.
    pub(super) fn maker(&self, token: &Token) -> Option<Maker> {
        let token_id = token.id.as_deref()?.to_owned();
        Some(Maker { client_id: self.client_id.to_string(), token_id }).filter(Maker::is_sound)
    }

    /// What the token at hand allows, as far as known.
    pub(super) fn scopes(&self) -> Option<Arc<[String]>> {
        self.state.lock().held.as_ref()?.token.scopes.clone()
    }

    /// What was shown of secrets with a token, so that it can be taken out of what comes back.
    pub(super) fn shown(&self, token: &Token) -> Vec<String> {
        let header =
            token.header.to_str().ok().and_then(|header| header.strip_prefix("Bearer ")).map(str::to_owned);
        let secret = match &self.proof {
            Proof::Secret(secret) => String::from_utf8(secret.expose().to_vec()).ok(),
            Proof::Key(_) => None,
        };
        header.into_iter().chain(secret).collect()
    }

    /// The token at hand, and whether it should be renewed.
    fn held(&self) -> Option<(Token, bool)> {
        let now = self.clock.monotonic();
        let state = self.state.lock();
        let held = state.held.as_ref().filter(|held| now < held.ends_at)?;
        let is_left_alone = state.failed.is_some_and(|failed| now < failed.until);
        Some((held.token.clone(), now >= held.renew_at && !is_left_alone))
    }

    async fn renew(&self) -> Result<Token, Denied> {
        let asked_at = self.clock.monotonic();
        let before = self.state.lock().failed;
        if let Some(failed) = before.filter(|failed| asked_at < failed.until) {
            return Err(Denied { why: failed.why, was_asked: false });
        }
        let given = self.ask().await;
        let mut state = self.state.lock();
        state.numbers += 1;
        let number = state.numbers;
        let held = given.and_then(|given| hold(&given, asked_at, number).ok_or(Why::Nonsense));
        match held {
            Ok(held) => {
                let token = held.token.clone();
                state.held = Some(held);
                state.failed = None;
                Ok(token)
            }
            Err(why) => {
                let pause =
                    before.map_or(FIRST_PAUSE, |failed| failed.pause.saturating_mul(2).min(LONGEST_PAUSE));
                let until = self.clock.monotonic().saturating_add(pause);
                state.failed = Some(Failed { why, until, pause });
                Err(Denied { why, was_asked: true })
            }
        }
    }

    async fn ask(&self) -> Result<Given, Why> {
        let body = self.body().ok_or(Why::NoToken)?;
        let request = self.client.post(self.url.clone()).header("accept", "application/json").json(&body);
        let answer = http::exchange(request, MAX_BYTES).await.map_err(|Failure { why, .. }| why)?;
        let given = read(&answer)?;
        if self.is_too_much(&given) { Err(Why::TooMuch) } else { Ok(given) }
    }

    fn body(&self) -> Option<serde_json::Value> {
        let mut body = serde_json::json!({
            "grant_type": "client_credentials",
            "client_id": self.client_id,
            "audience": self.audience,
        });
        let fields = body.as_object_mut()?;
        if let Some(scopes) = &self.scopes {
            let asked: Vec<&str> = scopes.iter().map(String::as_str).collect();
            fields.insert("scope".to_owned(), asked.join(" ").into());
        }
        let text = |secret: &Secret| String::from_utf8(secret.expose().to_vec()).ok();
        match &self.proof {
            Proof::Secret(secret) => {
                fields.insert("client_secret".to_owned(), text(secret)?.into());
            }
            Proof::Key(signer) => {
                let now = self.clock.now();
                let assertion = signer.sign(&self.client_id, &self.issuer, now, self.entropy.as_ref())?;
                fields.insert("client_assertion_type".to_owned(), ASSERTION_TYPE.into());
                fields.insert("client_assertion".to_owned(), text(&assertion)?.into());
            }
        }
        Some(body)
    }
}

/// The kind of assertion (RFC 7523, section 2.2).
const ASSERTION_TYPE: &str = "urn:ietf:params:oauth:client-assertion-type:jwt-bearer";

/// Reads what is answered to who asks for a token.
pub(super) fn read(answer: &Answer) -> Result<Given, Why> {
    match answer.status {
        StatusCode::OK => {
            let given: Given = serde_json::from_slice(&answer.body).map_err(|_| Why::Nonsense)?;
            if given.token_type.eq_ignore_ascii_case("bearer") { Ok(given) } else { Err(Why::Nonsense) }
        }
        StatusCode::BAD_REQUEST | StatusCode::UNAUTHORIZED | StatusCode::FORBIDDEN => Err(Why::Credentials),
        status if status.is_redirection() => Err(Why::Redirect),
        _ => Err(Why::NoToken),
    }
}

/// What is kept of a token that was given; `None` where no header can show it.
pub(super) fn hold(given: &Given, asked_at: Duration, number: u64) -> Option<Held> {
    let lifetime = Duration::from_secs(given.expires_in);
    let header = http::bearer(given.access_token.as_bytes())?;
    let scopes = given.scope.as_deref().map(|scope| scope.split_whitespace().map(str::to_owned).collect());
    let ends_at = asked_at.saturating_add(lifetime);
    let renew_at = ends_at.saturating_sub(MARGIN.min(lifetime / 10));
    let id = id(&given.access_token).map(Arc::from);
    Some(Held { token: Token { header, scopes, id, number }, renew_at, ends_at })
}

#[derive(Deserialize)]
struct Claims {
    jti: String,
}

/// The id in a token that we were just given. Nothing is checked, since nothing is trusted for it: it says by which entries of the log
/// our own writes are known.
fn id(token: &str) -> Option<String> {
    let payload = token.split('.').nth(1)?;
    let claims = URL_SAFE_NO_PAD.decode(payload).ok()?;
    serde_json::from_slice::<Claims>(&claims).ok().map(|claims| claims.jti)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_id_of_a_token_is_read_and_what_is_no_such_token_has_none() {
        let token = |claims: &str| format!("e30.{}.x", URL_SAFE_NO_PAD.encode(claims));
        assert_eq!(id(&token(r#"{"sub":"a","jti":"t1"}"#)).as_deref(), Some("t1"));
        for none in [token("{}"), token(r#"{"jti":7}"#), token("x"), "opaque".to_owned(), "a.%.b".to_owned()]
        {
            assert_eq!(id(&none), None, "{none}");
        }
    }
}
