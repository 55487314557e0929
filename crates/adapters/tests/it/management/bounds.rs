//! What a tenant can do to us: nothing but not answer.

use std::{sync::Arc, time::Duration};

use countersign_adapters::management::{BuildError, Credentials, KeyAlgorithm, Management, Plan, Settings};
use countersign_app::management::{Error, Lane, Why};
use countersign_auth0::management::{AnyRequest, users};
use countersign_core::{Secret, testing::HeldClock};
use rcgen::{CertifiedKey, generate_simple_self_signed};
use tokio::{net::TcpListener, task::JoinSet};
use tokio_rustls::{
    TlsAcceptor,
    rustls::{
        ServerConfig,
        crypto::aws_lc_rs,
        pki_types::{PrivateKeyDer, PrivatePkcs8KeyDer},
    },
};

use super::tenant::{Act, START, Tenant, answer, id, ok, serve, settings, tenant, token, user};

async fn get(tenant: &Tenant) -> Result<users::User, Error> {
    tenant.management.read(&users::get(&id()), Lane::Interactive).await
}

fn why(answer: Result<users::User, Error>) -> Why {
    match answer {
        Err(Error::Unavailable { why, .. }) => why,
        other => panic!("{other:?}"),
    }
}

#[tokio::test]
async fn an_answer_of_five_megabytes_is_refused() {
    let body = format!("[{}0]", "0,".repeat(5 * 512 * 1024));
    let whole = body.clone();
    let declared = tenant(move |_| answer("200 OK", &[], &whole)).await;
    assert_eq!(why(get(&declared).await), Why::TooLong);
    let endless =
        tenant(move |_| Act::Bytes(format!("HTTP/1.1 200 OK\r\nconnection: close\r\n\r\n{body}").into()))
            .await;
    assert_eq!(why(get(&endless).await), Why::TooLong);
    assert_eq!(endless.asked().len(), 1);
}

#[tokio::test]
async fn a_redirect_is_not_followed() {
    let elsewhere = tenant(|_| ok(&user())).await;
    let location = format!("location: {}api/v2/users/auth0%7C1", elsewhere.url);
    for status in ["301 Moved", "302 Found", "307 Temporary", "308 Permanent"] {
        let location = location.clone();
        let tenant = tenant(move |_| answer(status, &[&location], "")).await;
        assert_eq!(why(get(&tenant).await), Why::Redirect);
    }
    assert_eq!(elsewhere.all().len(), 0);
}

#[tokio::test]
async fn answers_that_are_none_open_the_breaker_and_one_that_is_closes_it() {
    let tenant =
        tenant(|asked| if asked.before < 5 { answer("200 OK", &[], "<html>") } else { ok(&user()) }).await;
    for _ in 0..5 {
        assert_eq!(why(get(&tenant).await), Why::Nonsense);
    }
    for _ in 0..3 {
        assert!(matches!(get(&tenant).await, Err(Error::Paused { .. })));
    }
    assert_eq!(tenant.asked().len(), 5);
    tenant.clock.advance(Duration::from_secs(30));
    get(&tenant).await.unwrap();
    get(&tenant).await.unwrap();
}

#[tokio::test]
async fn connections_that_break_open_the_breaker() {
    let tenant = tenant(|_| Act::Close).await;
    assert_eq!(why(get(&tenant).await), Why::Broken);
    assert!(matches!(get(&tenant).await, Err(Error::Paused { .. })));
    assert_eq!(tenant.asked().len(), 5);
}

#[tokio::test]
async fn a_tenant_that_says_nothing_is_waited_for_as_long_as_configured() {
    let act = |asked: &super::tenant::Asked| {
        if asked.target == "/oauth/token" { token(0, 100) } else { Act::Silence }
    };
    let timeout = Duration::from_millis(100);
    let with = |url: &str| Settings { timeout, ..settings(url, Plan::Unlimited) };
    let tenant = serve(Arc::new(HeldClock::at(START)), act, with).await;
    assert_eq!(why(get(&tenant).await), Why::Late);
    assert_eq!(tenant.asked().len(), 4);
    let request = users::create(super::tenant::fields(&serde_json::json!({"connection": "db"})));
    let error =
        tenant.management.write(&request, Lane::Interactive, &super::tenant::cause()).await.unwrap_err();
    assert!(matches!(error, Error::Unknown { why: Why::Late, .. }), "{error}");
    assert_eq!(tenant.asked().len(), 5);
}

#[tokio::test]
async fn one_break_while_a_token_is_awaited_counts_once_however_many_wait() {
    let act = |asked: &super::tenant::Asked| match (asked.target.as_str(), asked.before) {
        ("/oauth/token", 0) => Act::Close,
        ("/oauth/token", _) => token(1, 100),
        _ => ok(&user()),
    };
    let tenant = serve(Arc::new(HeldClock::at(START)), act, |url| settings(url, Plan::Unlimited)).await;
    let mut tasks = JoinSet::new();
    for _ in 0..20 {
        let management = Arc::clone(&tenant.management);
        tasks.spawn(async move { management.read(&users::get(&id()), Lane::Interactive).await.is_ok() });
    }
    assert!(tasks.join_all().await.into_iter().all(|is_ok| is_ok));
}

#[tokio::test]
async fn keys_and_authorities_that_are_none_are_told_at_once() {
    let tenant = tenant(|_| ok(&user())).await;
    let build = |change: fn(&mut Settings)| {
        let mut settings = settings(&tenant.url, Plan::Free);
        change(&mut settings);
        Management::new(settings, tenant.surroundings()).err()
    };
    assert_eq!(
        build(|settings| {
            settings.credentials = Credentials::Key {
                pem: Secret::new(b"-----BEGIN PRIVATE KEY-----\nCANARY\n-----END PRIVATE KEY-----".to_vec()),
                algorithm: KeyAlgorithm::Rs256,
                key_id: None,
            };
        }),
        Some(BuildError::Key)
    );
    assert_eq!(
        build(|settings| settings.authorities = Some(b"CANARY".to_vec())),
        Some(BuildError::Authorities)
    );
    assert_eq!(
        build(|settings| settings.tenant = "http://127.0.0.1:1/api/v2/".parse().unwrap()),
        Some(BuildError::Tenant)
    );
    assert_eq!(
        build(|settings| settings.tenant = "http://127.0.0.1:1/?a=b".parse().unwrap()),
        Some(BuildError::Tenant)
    );
}

#[tokio::test]
async fn refusals_do_not_open_the_breaker() {
    let tenant = tenant(|_| answer("400 Bad Request", &[], r#"{"statusCode":400,"message":"no"}"#)).await;
    for _ in 0..10 {
        assert!(matches!(get(&tenant).await, Err(Error::Refused { .. })));
    }
}

#[tokio::test]
async fn an_answer_of_another_shape_is_told_without_what_came() {
    let tenant = tenant(|_| answer("200 OK", &[], r#"{"user_id":"auth0|1","email":{"CANARY":1}}"#)).await;
    let error = get(&tenant).await.unwrap_err();
    assert_eq!(
        error.to_string(),
        "`users.get` was answered in another shape: `answer.email`: expected a string, found an object (line 1, column 29)"
    );
}

#[tokio::test]
async fn a_path_that_leads_elsewhere_is_never_sent() {
    let tenant = tenant(|_| ok(&user())).await;
    let dots = countersign_auth0::management::organizations::get(&"..".parse().unwrap());
    assert!(matches!(tenant.management.read(&dots, Lane::Interactive).await, Err(Error::Malformed { .. })));
    let query = users::get(&id()).with("fields", "CANARY");
    assert!(matches!(tenant.management.read(&query, Lane::Interactive).await, Err(Error::Malformed { .. })));
    let written = r#"{"operation":"users.get","path":"/users/x/../../clients"}"#;
    assert!(serde_json::from_str::<AnyRequest>(written).is_err());
    assert_eq!(tenant.all().len(), 0);
}

/// A server with a certificate of its own that answers each with a token; its address and the certificate in PEM.
async fn with_tls() -> (String, String, JoinSet<bool>) {
    let CertifiedKey { cert, signing_key } =
        generate_simple_self_signed(vec!["127.0.0.1".to_owned()]).unwrap();
    let key = PrivateKeyDer::Pkcs8(PrivatePkcs8KeyDer::from(signing_key.serialize_der()));
    let config = ServerConfig::builder_with_provider(Arc::new(aws_lc_rs::default_provider()))
        .with_safe_default_protocol_versions()
        .unwrap()
        .with_no_client_auth()
        .with_single_cert(vec![cert.der().clone()], key)
        .unwrap();
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let url = format!("https://{}/", listener.local_addr().unwrap());
    let mut serving = JoinSet::new();
    serving.spawn(async move {
        let (stream, _) = listener.accept().await.unwrap();
        TlsAcceptor::from(Arc::new(config)).accept(stream).await.is_ok()
    });
    (url, cert.pem(), serving)
}

#[tokio::test]
async fn only_who_a_known_or_named_authority_vouches_for_is_told_anything() {
    for is_named in [false, true] {
        let (url, pem, mut serving) = with_tls().await;
        let authorities = is_named.then(|| pem.into_bytes());
        let with = |_: &str| Settings { authorities, ..settings(&url, Plan::Unlimited) };
        let tenant = serve(Arc::new(HeldClock::at(START)), |_| Act::Close, with).await;
        let error = get(&tenant).await.unwrap_err();
        let is_told = matches!(error, Error::Unavailable { why: Why::Certificate(_), .. });
        assert_eq!(is_told, !is_named, "{error}");
        assert_eq!(serving.join_next().await.unwrap().unwrap(), is_named, "whether the handshake completes");
    }
}
