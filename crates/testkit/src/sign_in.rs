//! People who sign in: a provider that vouches for whomever a code names, and a browser that goes there and back.

use axum::{body::Body, http::Request};
use countersign_app::{
    access::{
        Caller, NewGrant,
        provider::{Begin, Finish, Identity, IdentityProvider, ProviderError},
    },
    management::Pending,
};
use countersign_core::{Clock as _, Timestamp};
use countersign_rights::{Action, Grant, How};

use crate::{Answer, HOST, TestApp};

/// The provider's name.
pub const ISSUER: &str = "https://id.test/";

/// The code by which the provider says no.
pub const REFUSED: &str = "refused";

/// Vouches for whomever a code names, such as `mia`, or `mia,security` with what is claimed of her, or `mia~1787212800` with the second
/// in which she showed who she is. The real client of a real
/// provider is tested where it is; here it is who gets in.
pub struct Vouching;

impl IdentityProvider for Vouching {
    fn issuer(&self) -> &'static str {
        ISSUER
    }

    fn begin<'a>(&'a self, begin: &'a Begin) -> Pending<'a, Result<String, ProviderError>> {
        let Begin { state, nonce, redirect_uri, max_age, .. } = begin;
        let (age, to) = (max_age.as_secs(), redirect_uri);
        let url = format!("{ISSUER}authorize?state={state}&nonce={nonce}&max_age={age}&redirect_uri={to}");
        Box::pin(async move { Ok(url) })
    }

    fn finish<'a>(&'a self, finish: &'a Finish) -> Pending<'a, Result<Identity, ProviderError>> {
        let code = String::from_utf8_lossy(finish.code.expose()).into_owned();
        Box::pin(async move {
            if code.split('~').next() == Some(REFUSED) {
                return Err(ProviderError::Refused("invalid_grant"));
            }
            let (code, at) = code.split_once('~').map_or((&*code, None), |(code, at)| (code, Some(at)));
            let authenticated_at = at.and_then(|at| at.parse().ok()).map(Timestamp::from_seconds);
            let mut parts = code.split(',').map(str::to_owned);
            let subject = parts.next().unwrap_or_default();
            let (issuer, name) = (ISSUER.to_owned(), format!("Name of {subject}"));
            let (claimed, methods) = (parts.collect(), Vec::new());
            Ok(Identity { issuer, subject, name, claimed, authenticated_at, methods })
        })
    }
}

/// What a cookie's header gives, without its attributes; empty where there is none.
#[must_use]
pub fn cookie_of(answer: &Answer, name: &str) -> String {
    let all = answer.headers.get_all("set-cookie").iter().filter_map(|value| value.to_str().ok());
    let found = all.filter_map(|value| value.split(';').next()).find(|pair| pair.starts_with(name));
    found.unwrap_or_default().to_owned()
}

impl TestApp {
    /// Makes somebody known and grants them roles; returns their id.
    ///
    /// # Panics
    /// When that is refused.
    pub async fn grant(&self, subject: &str, grants: Vec<Grant>) -> String {
        let local = Caller::local(How::Process);
        let permit = self.app.permit_here(&local, Action::ChangeAccess).await.expect("an administrator");
        let name = format!("Name of {subject}");
        let id = self.app.add_person(&permit, Some(ISSUER), subject, &name).await.expect("a person");
        for grant in grants {
            let new = NewGrant { principal: id.clone(), grant };
            self.app.grant(&permit, &new).await.expect("a grant");
        }
        id
    }

    /// Sends a browser to the provider and back, which then vouches for `code`; what it is answered at last. Who has no time in it showed
    /// just now who they are, which the provider says since it is asked; after `~` alone it says nothing.
    pub async fn sign_in(&self, code: &str) -> Answer {
        let began = self.browse("GET", "/sign-in/start?to=%2Fincidents", "").await;
        let location =
            began.headers.get("location").and_then(|value| value.to_str().ok()).unwrap_or_default();
        let state =
            location.split(['?', '&']).find_map(|pair| pair.strip_prefix("state=")).unwrap_or_default();
        let now = match code.contains('~') || !location.contains("max_age=") {
            true => String::new(),
            false => format!("~{}", self.clock.now().seconds()),
        };
        let path = format!("/sign-in/callback?state={state}&code={code}{now}");
        self.browse("GET", &path, &cookie_of(&began, "countersign_sign_in")).await
    }

    /// Signs somebody in; the cookie of their session.
    ///
    /// # Panics
    /// When they are refused.
    pub async fn session_of(&self, code: &str) -> String {
        let answer = self.sign_in(code).await;
        assert_eq!(answer.status, 303, "{}", String::from_utf8_lossy(&answer.bytes));
        cookie_of(&answer, "countersign_session")
    }

    /// A request of a browser with a cookie, from a page of ours.
    pub async fn browse(&self, method: &str, path: &str, cookie: &str) -> Answer {
        let request = Request::builder()
            .method(method)
            .uri(path)
            .header("host", HOST)
            .header("cookie", cookie)
            .header("sec-fetch-site", "same-origin")
            .body(Body::empty());
        self.send(request.expect("a request")).await
    }
}
