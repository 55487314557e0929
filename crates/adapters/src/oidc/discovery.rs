//! What a provider says about itself (OpenID Connect Discovery).

use countersign_app::access::provider::{Invalid, ProviderError};
use reqwest::Url;
use serde::Deserialize;
use serde_json::Value;

use super::{BuildError, provider::ALGORITHMS};
use crate::Endpoint;

/// Where a provider is, and what it does.
pub(super) struct Discovered {
    pub(super) authorization: Url,
    pub(super) token: Url,
    pub(super) keys: Url,
    /// Whether the browser's answer names the issuer (RFC 9207).
    pub(super) names_issuer: bool,
}

#[derive(Deserialize)]
struct Document {
    issuer: String,
    authorization_endpoint: String,
    token_endpoint: String,
    jwks_uri: String,
    response_types_supported: Option<Vec<String>>,
    code_challenge_methods_supported: Option<Vec<String>>,
    id_token_signing_alg_values_supported: Option<Vec<String>>,
    #[serde(default)]
    authorization_response_iss_parameter_supported: bool,
}

/// The hosts where a provider's endpoints may be, each with its port.
pub(super) struct Hosts {
    known: Vec<(String, u16)>,
    is_plain: bool,
}

impl Hosts {
    /// The issuer's, and those that are configured.
    ///
    /// # Errors
    /// [`BuildError::Host`] for a text that is none.
    pub(super) fn new(issuer: &Endpoint, others: &[String]) -> Result<Self, BuildError> {
        let mut known: Vec<_> = place(issuer.url()).into_iter().collect();
        for host in others {
            let url = Url::parse(&format!("https://{host}/")).map_err(|_| BuildError::Host)?;
            let is_host = url.path() == "/" && url.query().is_none() && url.fragment().is_none();
            if !is_host || !url.username().is_empty() || url.password().is_some() {
                return Err(BuildError::Host);
            }
            known.extend(place(&url));
        }
        Ok(Self { known, is_plain: issuer.is_plain() })
    }

    fn check(&self, name: &'static str, text: &str) -> Result<Url, Invalid> {
        let endpoint: Endpoint = text.parse().map_err(|_| Invalid::Endpoint(name))?;
        let is_known = place(endpoint.url()).is_some_and(|place| self.known.contains(&place));
        // Why: what begins with TLS must not go on without.
        if !is_known || (endpoint.is_plain() && !self.is_plain) {
            return Err(Invalid::Endpoint(name));
        }
        Ok(endpoint.url().clone())
    }
}

fn place(url: &Url) -> Option<(String, u16)> {
    Some((url.host_str()?.to_owned(), url.port_or_known_default()?))
}

/// Reads the document of the provider that is called `issuer`.
///
/// # Errors
/// [`ProviderError::Invalid`].
pub(super) fn read(document: Value, issuer: &str, hosts: &Hosts) -> Result<Discovered, ProviderError> {
    checked(document, issuer, hosts).map_err(ProviderError::Invalid)
}

fn checked(document: Value, issuer: &str, hosts: &Hosts) -> Result<Discovered, Invalid> {
    let document: Document = serde_json::from_value(document).map_err(|_| Invalid::Discovery)?;
    if document.issuer != issuer {
        return Err(Invalid::DiscoveryIssuer);
    }
    // Why absence passes: providers that do it do not all say so.
    let lacks = |list: &Option<Vec<String>>, wanted: &[&str]| {
        list.as_ref().is_some_and(|list| !list.iter().any(|one| wanted.contains(&one.as_str())))
    };
    if lacks(&document.response_types_supported, &["code"]) {
        return Err(Invalid::Offer("the authorization code flow"));
    }
    if lacks(&document.code_challenge_methods_supported, &["S256"]) {
        return Err(Invalid::Offer("PKCE with S256"));
    }
    if lacks(&document.id_token_signing_alg_values_supported, &ALGORITHMS.map(|(name, _)| name)) {
        return Err(Invalid::Offer("ID tokens signed with RS256, PS256, ES256 or EdDSA"));
    }
    Ok(Discovered {
        authorization: hosts.check("authorization_endpoint", &document.authorization_endpoint)?,
        token: hosts.check("token_endpoint", &document.token_endpoint)?,
        keys: hosts.check("jwks_uri", &document.jwks_uri)?,
        names_issuer: document.authorization_response_iss_parameter_supported,
    })
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    const ISSUER: &str = "https://acme.eu.auth0.com/";

    #[expect(clippy::needless_pass_by_value, reason = "callers write the value in place")]
    fn read_with(changes: Value, others: &[&str]) -> Result<Discovered, ProviderError> {
        let mut document = json!({
            "issuer": ISSUER,
            "authorization_endpoint": "https://acme.eu.auth0.com/authorize",
            "token_endpoint": "https://acme.eu.auth0.com/oauth/token",
            "jwks_uri": "https://acme.eu.auth0.com/.well-known/jwks.json",
        });
        document.as_object_mut().unwrap().extend(changes.as_object().unwrap().clone());
        let others: Vec<String> = others.iter().map(|host| (*host).to_owned()).collect();
        let hosts = Hosts::new(&ISSUER.parse().unwrap(), &others).unwrap();
        read(document, ISSUER, &hosts)
    }

    fn refusal(changes: Value) -> Option<ProviderError> {
        read_with(changes, &[]).err()
    }

    #[test]
    fn an_issuer_is_compared_to_the_last_slash() {
        assert!(read_with(json!({}), &[]).is_ok());
        for issuer in ["https://acme.eu.auth0.com", "https://ACME.eu.auth0.com/", "https://evil.example/"] {
            let refused = refusal(json!({ "issuer": issuer }));
            assert_eq!(refused, Some(ProviderError::Invalid(Invalid::DiscoveryIssuer)), "{issuer}");
        }
    }

    #[test]
    fn endpoints_stand_on_known_hosts_and_behind_tls() {
        for name in ["authorization_endpoint", "token_endpoint", "jwks_uri"] {
            for address in [
                "https://evil.example/x",
                "https://acme.eu.auth0.com:8443/x",
                "https://acme.eu.auth0.com@evil.example/x",
                "http://acme.eu.auth0.com/x",
                "http://127.0.0.1:443/x",
                "javascript:alert(1)",
                "/relative",
            ] {
                let refused = refusal(json!({ name: address }));
                let wanted = ProviderError::Invalid(Invalid::Endpoint(name));
                assert_eq!(refused, Some(wanted), "{name} {address}");
            }
        }
    }

    #[test]
    fn a_configured_host_is_taken_besides_the_issuers() {
        let keys = json!({"jwks_uri": "https://keys.example.com/set", "token_endpoint": "https://t.example.com:8443/t"});
        assert!(read_with(keys.clone(), &["keys.example.com", "t.example.com:8443"]).is_ok());
        assert!(read_with(keys, &["keys.example.com", "t.example.com"]).is_err());
        for host in ["https://keys.example.com", "keys.example.com/set", "user@keys.example.com", ""] {
            let hosts = Hosts::new(&ISSUER.parse().unwrap(), &[host.to_owned()]);
            assert_eq!(hosts.err(), Some(BuildError::Host), "{host}");
        }
    }

    #[test]
    fn a_provider_that_lacks_what_a_sign_in_needs_is_told_so() {
        for (changes, what) in [
            (json!({"response_types_supported": ["id_token"]}), "the authorization code flow"),
            (json!({"code_challenge_methods_supported": ["plain"]}), "PKCE with S256"),
            (
                json!({"id_token_signing_alg_values_supported": ["HS256", "none"]}),
                "ID tokens signed with RS256, PS256, ES256 or EdDSA",
            ),
        ] {
            assert_eq!(refusal(changes), Some(ProviderError::Invalid(Invalid::Offer(what))));
        }
        assert_eq!(refusal(json!({"jwks_uri": null})), Some(ProviderError::Invalid(Invalid::Discovery)));
    }
}
