//! A provider that others wrote: npm's `oidc-provider`, which `conformance/run` installs.

use std::{
    io::{BufRead, BufReader},
    process::{Child, Command, Stdio},
    sync::Arc,
    time::Duration,
};

use countersign_adapters::oidc::{Authentication, Provider, Settings};
use countersign_app::access::provider::{Finish, Flaw, Identity, IdentityProvider, Invalid, ProviderError};
use countersign_core::{Clock, Secret, Timestamp, testing::HeldClock};
use reqwest::Client;

use crate::oidc::{
    browser::Browser,
    issuer::{BACK, SECRET, begin, finish, settings},
};

const FOLDER: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/../../conformance");

/// The provider's process, which ends when its input does.
struct Other {
    issuer: String,
    child: Child,
}

impl Other {
    fn start() -> Self {
        let mut command = Command::new("node");
        command
            .arg("oidc-provider.mjs")
            .current_dir(FOLDER)
            .env("CLIENT_SECRET", SECRET)
            .env("REDIRECT_URI", BACK);
        let mut child = command.stdin(Stdio::piped()).stdout(Stdio::piped()).spawn().unwrap();
        let mut issuer = String::new();
        BufReader::new(child.stdout.as_mut().unwrap()).read_line(&mut issuer).unwrap();
        assert!(issuer.starts_with("http://127.0.0.1:"), "npm's oidc-provider does not start: {issuer}");
        Self { issuer: issuer.trim().to_owned(), child }
    }

    /// How its client of that name signs in.
    fn settings(&self, client: &str) -> Settings {
        let secret = Secret::new(SECRET.into());
        let authentication = match client {
            "public" => Authentication::None,
            "post" => Authentication::Post(secret),
            _ => Authentication::Basic(secret),
        };
        let scopes = vec!["profile".to_owned(), "groups".to_owned()];
        Settings { client_id: client.to_owned(), authentication, scopes, ..settings(&self.issuer) }
    }

    /// Signs its other keys from now on.
    async fn rotate(&self) {
        let client = Client::builder().no_proxy().tls_certs_only([]).build().unwrap();
        let response = client.post(format!("{}/rotate", self.issuer)).send().await.unwrap();
        assert_eq!(response.status(), 204);
    }
}

impl Drop for Other {
    fn drop(&mut self) {
        drop(self.child.kill());
        drop(self.child.wait());
    }
}

/// The time now, since the provider goes by it.
#[expect(clippy::disallowed_methods, reason = "the other process goes by the system's clock")]
fn now() -> Arc<HeldClock> {
    let since = std::time::SystemTime::now().duration_since(std::time::UNIX_EPOCH).unwrap();
    Arc::new(HeldClock::at(Timestamp::from_seconds(since.as_secs().try_into().unwrap())))
}

async fn sign_in(provider: &Provider) -> Result<Identity, ProviderError> {
    let begin = begin();
    let url = provider.begin(&begin).await.unwrap();
    let mut browser = Browser::new(&[("login", "pat"), ("password", "any")]);
    let back = browser.sign_in(&url, BACK).await;
    assert_eq!(back["state"], begin.state);
    let code = Secret::new(back.get("code").unwrap_or_else(|| panic!("{back:?}")).as_str().into());
    let without = Finish { code: code.clone(), ..finish() };
    let refused = provider.finish(&without).await;
    assert_eq!(refused, Err(ProviderError::Invalid(Invalid::NoIssuer)), "it names itself, as it says");
    provider.finish(&Finish { code, issuer: back.get("iss").cloned(), ..finish() }).await
}

#[tokio::test]
#[ignore = "needs what conformance/run installs, which runs it"]
async fn a_person_signs_in_at_software_of_others_with_each_kind_of_client() {
    let (other, clock) = (Other::start(), now());
    for client in ["basic", "post", "public"] {
        let provider = Provider::new(other.settings(client), Arc::clone(&clock) as _).unwrap();
        let identity = sign_in(&provider).await.unwrap();
        assert_eq!((&identity.issuer, identity.subject.as_str()), (&other.issuer, "pat"), "{client}");
        assert_eq!((identity.name.as_str(), identity.claimed), ("Pat Example", vec!["secops".to_owned()]));
        let ago = clock.now().since(identity.authenticated_at.unwrap());
        assert!(ago.abs() < 60_000_000, "{ago}");
    }
}

#[tokio::test]
#[ignore = "needs what conformance/run installs, which runs it"]
async fn a_code_of_software_of_others_is_bound_to_its_verifier() {
    let (other, clock) = (Other::start(), now());
    let provider = Provider::new(other.settings("public"), clock).unwrap();
    let url = provider.begin(&begin()).await.unwrap();
    let back = Browser::new(&[("login", "pat"), ("password", "any")]).sign_in(&url, BACK).await;
    let stolen = Finish {
        code: Secret::new(back["code"].as_str().into()),
        verifier: Secret::new("x".repeat(43).into_bytes()),
        issuer: back.get("iss").cloned(),
        ..finish()
    };
    assert_eq!(provider.finish(&stolen).await, Err(ProviderError::Refused("invalid_grant")));
}

#[tokio::test]
#[ignore = "needs what conformance/run installs, which runs it"]
async fn keys_that_software_of_others_rotates_are_found_within_a_minute() {
    let (other, clock) = (Other::start(), now());
    let provider = Provider::new(other.settings("basic"), Arc::clone(&clock) as _).unwrap();
    sign_in(&provider).await.unwrap();
    other.rotate().await;
    let unknown = ProviderError::Invalid(Invalid::Token(Flaw::UnknownKey));
    assert_eq!(sign_in(&provider).await, Err(unknown));
    clock.advance(Duration::from_secs(60));
    assert_eq!(sign_in(&provider).await.unwrap().subject, "pat");
}
