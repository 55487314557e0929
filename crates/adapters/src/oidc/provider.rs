//! Sign-in at an OpenID provider.

use std::{sync::Arc, time::Duration};

use aws_lc_rs::digest::{SHA256, digest};
use base64::{
    Engine,
    engine::general_purpose::{STANDARD, URL_SAFE_NO_PAD},
};
use countersign_app::{
    access::provider::{Begin, Finish, Flaw, Identity, IdentityProvider, Invalid, Part, ProviderError},
    management::{Pending, Why},
};
use countersign_core::{Clock, Secret};
use jsonwebtoken::Algorithm;
use reqwest::{
    Client, Url,
    header::{AUTHORIZATION, CONTENT_TYPE, HeaderValue},
};
use serde_json::Value;

use super::{
    Authentication, BuildError, Settings,
    discovery::{self, Discovered, Hosts},
    fetch,
    identity::{self, Expected},
    jws::Unverified,
    kept::{Kept, Need},
    keys::{KeyError, Keys},
};
use crate::{Endpoint, http};

/// What ID tokens may be signed with: nothing that rests on a shared secret, and never nothing.
pub(super) const ALGORITHMS: [(&str, Algorithm); 4] = [
    ("RS256", Algorithm::RS256),
    ("PS256", Algorithm::PS256),
    ("ES256", Algorithm::ES256),
    ("EdDSA", Algorithm::EdDSA),
];

/// How long the discovery document is gone by.
const RENEWED_AFTER: Duration = Duration::from_secs(60 * 60);

/// The most bytes of the discovery document, and of an answer with an ID token.
const MAX_BYTES: usize = 64 * 1024;

/// What a provider may refuse a code with (RFC 6749, section 5.2), and Auth0's word.
const REFUSALS: [&str; 7] = [
    "invalid_request",
    "invalid_client",
    "invalid_grant",
    "unauthorized_client",
    "unsupported_grant_type",
    "invalid_scope",
    "access_denied",
];

/// One OpenID provider.
pub struct Provider {
    settings: Settings,
    client: Client,
    address: Url,
    hosts: Hosts,
    discovered: Kept<Discovered, ProviderError>,
    keys: Keys,
    clock: Arc<dyn Clock>,
}

impl Provider {
    /// Builds it; nothing is asked yet.
    ///
    /// # Errors
    /// [`BuildError`].
    pub fn new(settings: Settings, clock: Arc<dyn Clock>) -> Result<Self, BuildError> {
        let issuer: Endpoint = settings.issuer.parse().map_err(|_| BuildError::Issuer)?;
        if issuer.url().query().is_some() {
            return Err(BuildError::Issuer);
        }
        if settings.client_id.is_empty() {
            return Err(BuildError::Empty);
        }
        // Why cut: an issuer may end in a slash, as Auth0's do, and the path begins with one (Discovery, section 4.1).
        let address = format!("{}/.well-known/openid-configuration", settings.issuer.trim_end_matches('/'));
        let address = Url::parse(&address).map_err(|_| BuildError::Issuer)?;
        let hosts = Hosts::new(&issuer, &settings.hosts)?;
        let client = http::client(&issuer, settings.authorities.as_deref(), settings.timeout)?;
        let discovered = Kept::new(Arc::clone(&clock), RENEWED_AFTER);
        let keys = Keys::new(client.clone(), Arc::clone(&clock));
        Ok(Self { settings, client, address, hosts, discovered, keys, clock })
    }

    async fn discover(&self) -> Result<Arc<Discovered>, ProviderError> {
        let request = async {
            let document = fetch::document(self.client.get(self.address.clone()), MAX_BYTES).await;
            let document = document.map_err(|why| ProviderError::Unavailable(Part::Discovery, why))?;
            discovery::read(document, &self.settings.issuer, &self.hosts)
        };
        self.discovered.get(Need::Kept, request).await
    }

    async fn address_of(&self, begin: &Begin) -> Result<String, ProviderError> {
        let discovered = self.discover().await?;
        let challenge = URL_SAFE_NO_PAD.encode(digest(&SHA256, begin.verifier.expose()));
        let mut scope = "openid".to_owned();
        for one in self.settings.scopes.iter().filter(|one| *one != "openid") {
            scope.push(' ');
            scope.push_str(one);
        }
        let mut url = discovered.authorization.clone();
        url.query_pairs_mut().extend_pairs([
            ("response_type", "code"),
            ("client_id", &self.settings.client_id),
            ("redirect_uri", &begin.redirect_uri),
            ("scope", &scope),
            ("state", &begin.state),
            ("nonce", &begin.nonce),
            ("code_challenge", &challenge),
            ("code_challenge_method", "S256"),
            ("max_age", &begin.max_age.as_secs().to_string()),
        ]);
        Ok(url.into())
    }

    async fn identity(&self, finish: &Finish) -> Result<Identity, ProviderError> {
        let issuer = self.settings.issuer.as_str();
        // Why first: a code of another provider must not be shown to this one (RFC 9207).
        if finish.issuer.as_deref().is_some_and(|named| named != issuer) {
            return Err(ProviderError::Invalid(Invalid::MixedUp));
        }
        let discovered = self.discover().await?;
        if discovered.names_issuer && finish.issuer.is_none() {
            return Err(ProviderError::Invalid(Invalid::NoIssuer));
        }
        let token = self.exchange(&discovered.token, finish).await?;
        let token = std::str::from_utf8(token.expose()).unwrap_or_default();
        let flawed = |flaw| ProviderError::Invalid(Invalid::Token(flaw));
        let token = Unverified::read(token, &ALGORITHMS.map(|(_, algorithm)| algorithm)).map_err(flawed)?;
        if token.issuer() != Some(issuer) {
            return Err(flawed(Flaw::Issuer));
        }
        let claims = self.keys.verify(&discovered.keys, &token).await.map_err(|error| match error {
            KeyError::Unavailable(why) => ProviderError::Unavailable(Part::Keys, why),
            KeyError::Flaw(flaw) => flawed(flaw),
        })?;
        let expected = Expected {
            issuer,
            client_id: &self.settings.client_id,
            nonce: &finish.nonce,
            roles_claim: self.settings.roles_claim.as_deref(),
            now: self.clock.now(),
        };
        identity::read(claims, &expected).map_err(ProviderError::Invalid)
    }

    /// The ID token for a code. What else comes with it is dropped: nothing is asked in the person's name.
    async fn exchange(&self, url: &Url, finish: &Finish) -> Result<Secret, ProviderError> {
        let invalid = ProviderError::Invalid(Invalid::Answer);
        let text = |secret: &'_ Secret| String::from_utf8(secret.expose().to_vec()).map_err(|_| invalid);
        let (code, verifier) = (text(&finish.code)?, text(&finish.verifier)?);
        let client_id = self.settings.client_id.as_str();
        let mut fields = vec![
            ("grant_type", "authorization_code"),
            ("code", &code),
            ("redirect_uri", &finish.redirect_uri),
            ("code_verifier", &verifier),
        ];
        let mut request = self.client.post(url.clone());
        let secret;
        match &self.settings.authentication {
            Authentication::None => fields.push(("client_id", client_id)),
            Authentication::Post(given) => {
                secret = text(given)?;
                fields.extend([("client_id", client_id), ("client_secret", secret.as_str())]);
            }
            Authentication::Basic(given) => {
                request = request.header(AUTHORIZATION, basic(url, client_id, &text(given)?).ok_or(invalid)?);
            }
        }
        let request = request.header(CONTENT_TYPE, "application/x-www-form-urlencoded");
        let answer = fetch::answer(request.body(fetch::form(url, &fields)), MAX_BYTES).await;
        let (status, document) = answer.map_err(|why| ProviderError::Unavailable(Part::Token, why))?;
        if status.is_success() {
            let document = document.ok_or(ProviderError::Unavailable(Part::Token, Why::Nonsense))?;
            let token = document.get("id_token").and_then(Value::as_str).ok_or(invalid)?;
            return Ok(Secret::new(token.as_bytes().to_vec()));
        }
        let word = document.as_ref().and_then(|document| document.get("error")?.as_str());
        match word {
            Some(word) if matches!(status.as_u16(), 400 | 401 | 403) => {
                let known = REFUSALS.into_iter().find(|known| *known == word);
                Err(ProviderError::Refused(known.unwrap_or("other")))
            }
            _ => Err(ProviderError::Unavailable(Part::Token, Why::Status(status.as_u16()))),
        }
    }
}

/// The header that shows a client's secret: each half as in a form (RFC 6749, section 2.3.1).
fn basic(url: &Url, client_id: &str, secret: &str) -> Option<HeaderValue> {
    let encoded = |text: &str| fetch::form(url, &[(text, "")]).trim_end_matches('=').to_owned();
    let both = STANDARD.encode(format!("{}:{}", encoded(client_id), encoded(secret)));
    let mut value = HeaderValue::from_str(&format!("Basic {both}")).ok()?;
    value.set_sensitive(true);
    Some(value)
}

impl IdentityProvider for Provider {
    fn issuer(&self) -> &str {
        &self.settings.issuer
    }

    fn begin<'a>(&'a self, begin: &'a Begin) -> Pending<'a, Result<String, ProviderError>> {
        Box::pin(self.address_of(begin))
    }

    fn finish<'a>(&'a self, finish: &'a Finish) -> Pending<'a, Result<Identity, ProviderError>> {
        Box::pin(self.identity(finish))
    }
}
