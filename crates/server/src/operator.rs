//! Who may use what is not signed: whoever holds the operator's token, or came by a one-time link.

use std::{collections::HashMap, time::Duration};

use aws_lc_rs::{constant_time, digest};
use axum::{
    extract::{Request, State},
    http::{HeaderMap, StatusCode, header},
    middleware::Next,
    response::{IntoResponse, Redirect, Response},
};
use base64::{Engine, prelude::BASE64_URL_SAFE_NO_PAD};
use countersign_core::{Entropy, EntropyError};
use parking_lot::Mutex;

use crate::{Problem, Server};

/// The cookie of a signed-in browser. It has no `__Host-` prefix: that needs TLS, and we listen on loopback without.
const COOKIE: &str = "countersign_session";

/// How long a browser stays signed in.
const SESSION: Duration = Duration::from_secs(12 * 3_600);

/// How long a one-time link can be used.
const LINK: Duration = Duration::from_secs(15 * 60);

type Hash = [u8; 32];

/// Credentials, kept as hashes.
pub struct Operator {
    token: Mutex<Hash>,
    // Hash of a one-time code, or of a session's token, to when it ends on the monotonic clock.
    codes: Mutex<HashMap<Hash, Duration>>,
    sessions: Mutex<HashMap<Hash, Duration>>,
}

fn hash(text: &[u8]) -> Hash {
    let mut out = [0; 32];
    for (byte, source) in out.iter_mut().zip(digest::digest(&digest::SHA256, text).as_ref()) {
        *byte = *source;
    }
    out
}

fn make_token(entropy: &dyn Entropy) -> Result<String, EntropyError> {
    let mut bytes = [0_u8; 32];
    entropy.fill(&mut bytes)?;
    Ok(BASE64_URL_SAFE_NO_PAD.encode(bytes))
}

impl Operator {
    /// Accepts this token.
    #[must_use]
    pub fn new(token: &[u8]) -> Self {
        Self { token: Mutex::new(hash(token)), codes: Mutex::default(), sessions: Mutex::default() }
    }

    /// Accepts another token in place of the one before; codes and sessions that came by that end, unless it is the same.
    pub(crate) fn replace(&self, token: &[u8]) {
        let token = hash(token);
        if std::mem::replace(&mut *self.token.lock(), token) != token {
            self.codes.lock().clear();
            self.sessions.lock().clear();
        }
    }

    pub(crate) fn make_code(&self, entropy: &dyn Entropy, now: Duration) -> Result<String, EntropyError> {
        let code = make_token(entropy)?;
        self.codes.lock().insert(hash(code.as_bytes()), now + LINK);
        Ok(code)
    }

    /// Uses a one-time code up; a session's token when it was good.
    fn redeem(
        &self,
        code: &str,
        now: Duration,
        entropy: &dyn Entropy,
    ) -> Result<Option<String>, EntropyError> {
        let Some(ends) = self.codes.lock().remove(&hash(code.as_bytes())) else { return Ok(None) };
        if now > ends {
            return Ok(None);
        }
        let token = make_token(entropy)?;
        self.sessions.lock().insert(hash(token.as_bytes()), now + SESSION);
        Ok(Some(token))
    }

    /// Forgets codes and sessions that have ended.
    fn age(&self, now: Duration) {
        self.codes.lock().retain(|_, ends| now <= *ends);
        self.sessions.lock().retain(|_, ends| now <= *ends);
    }

    /// Whether the headers carry the token or a session.
    pub(crate) fn admits(&self, headers: &HeaderMap, now: Duration) -> bool {
        let text = |name| headers.get(name).and_then(|value: &header::HeaderValue| value.to_str().ok());
        if let Some(token) = text(header::AUTHORIZATION).and_then(|value| value.strip_prefix("Bearer ")) {
            return constant_time::verify_slices_are_equal(&hash(token.as_bytes()), &*self.token.lock())
                .is_ok();
        }
        let cookies = text(header::COOKIE).unwrap_or_default();
        let session = cookies
            .split(';')
            .filter_map(|pair| pair.trim().split_once('='))
            .find(|(name, _)| *name == COOKIE);
        let Some((_, token)) = session else { return false };
        self.sessions.lock().get(&hash(token.as_bytes())).is_some_and(|ends| now <= *ends)
    }
}

/// Lets only operators through.
pub(crate) async fn require(State(server): State<Server>, request: Request, next: Next) -> Response {
    let now = server.0.app.clock().monotonic();
    server.0.operator.age(now);
    if server.0.operator.admits(request.headers(), now) {
        return next.run(request).await;
    }
    let wants_page = request
        .headers()
        .get(header::ACCEPT)
        .is_some_and(|accept| accept.to_str().is_ok_and(|text| text.contains("text/html")));
    if wants_page {
        return crate::console::signed_out();
    }
    let detail =
        "this needs `Authorization: Bearer` with the token in the data directory's file `operator.token`";
    Problem::new(StatusCode::UNAUTHORIZED, "credential.missing", detail).into_response()
}

/// Signs a browser in by a one-time link.
pub(crate) fn start(server: &Server, code: &str) -> Response {
    let shared = &server.0;
    let token = shared.operator.redeem(code, shared.app.clock().monotonic(), shared.app.entropy());
    match token {
        Ok(Some(token)) => {
            let cookie =
                format!("{COOKIE}={token}; Path=/; HttpOnly; SameSite=Strict; Max-Age={}", SESSION.as_secs());
            ([(header::SET_COOKIE, cookie)], Redirect::to("/")).into_response()
        }
        Ok(None) | Err(EntropyError) => crate::console::signed_out(),
    }
}

#[cfg(test)]
mod tests {
    use countersign_core::testing::CountingEntropy;

    use super::*;

    fn headers(name: header::HeaderName, value: &str) -> HeaderMap {
        HeaderMap::from_iter([(name, value.parse().unwrap())])
    }

    const START: Duration = Duration::from_secs(1_000);

    #[test]
    fn only_the_right_token_is_admitted() {
        let operator = Operator::new(b"right");
        assert!(operator.admits(&headers(header::AUTHORIZATION, "Bearer right"), START));
        for wrong in ["Bearer wrong", "Bearer ", "right", "Basic right"] {
            assert!(!operator.admits(&headers(header::AUTHORIZATION, wrong), START), "{wrong}");
        }
        assert!(!operator.admits(&HeaderMap::new(), START));
    }

    #[test]
    fn a_link_works_once_and_its_session_ends() {
        let entropy = CountingEntropy::default();
        let operator = Operator::new(b"token");
        let code = operator.make_code(&entropy, START).unwrap();
        let session = operator.redeem(&code, START, &entropy).unwrap().unwrap();
        assert_eq!(operator.redeem(&code, START, &entropy).unwrap(), None);
        let cookie = headers(header::COOKIE, &format!("other=1; {COOKIE}={session}"));
        assert!(operator.admits(&cookie, START));
        assert!(!operator.admits(&cookie, START + SESSION + Duration::from_secs(1)));
    }

    #[test]
    fn another_token_ends_what_came_by_the_one_before() {
        let entropy = CountingEntropy::default();
        let operator = Operator::new(b"one");
        let code = operator.make_code(&entropy, START).unwrap();
        let session = operator.redeem(&code, START, &entropy).unwrap().unwrap();
        let cookie = headers(header::COOKIE, &format!("{COOKIE}={session}"));
        operator.replace(b"one");
        assert!(operator.admits(&cookie, START), "nothing changed");
        operator.replace(b"other");
        assert!(!operator.admits(&cookie, START));
        assert!(!operator.admits(&headers(header::AUTHORIZATION, "Bearer one"), START));
        assert!(operator.admits(&headers(header::AUTHORIZATION, "Bearer other"), START));
    }

    #[test]
    fn an_unused_link_ends() {
        let entropy = CountingEntropy::default();
        let operator = Operator::new(b"token");
        let code = operator.make_code(&entropy, START).unwrap();
        operator.age(START);
        operator.age(START + LINK + Duration::from_secs(1));
        assert_eq!(operator.redeem(&code, START + LINK + Duration::from_secs(2), &entropy).unwrap(), None);
    }
}
