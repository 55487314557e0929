//! What is sent again, when, and what never is.

use std::time::Duration;

use countersign_app::management::{Error, Lane, Why};
use countersign_auth0::management::{members, users};
use serde_json::json;

use super::tenant::{Act, START, Tenant, answer, cause, fields, id, ok, tenant, user};

async fn get(tenant: &Tenant) -> Result<users::User, Error> {
    tenant.management.read(&users::get(&id()), Lane::Interactive).await
}

/// A tenant that does this about the first requests, and then gives the user.
async fn first(count: usize, act: impl Fn() -> Act + Send + Sync + 'static) -> Tenant {
    tenant(move |asked| if asked.before < count { act() } else { ok(&user()) }).await
}

#[tokio::test]
async fn each_form_of_a_429_is_waited_for() {
    let reset = format!("x-ratelimit-reset: {}", START.seconds() + 9);
    // The start is 2026-08-20T08:00:00Z.
    for (headers, least, most) in [
        (vec!["retry-after: 7"], 7_000, 7_300),
        (vec!["retry-after: Thu, 20 Aug 2026 08:00:05 GMT"], 5_000, 5_300),
        (vec![reset.as_str()], 9_000, 9_300),
        (vec!["retry-after: 7", reset.as_str()], 7_000, 7_300),
        (vec![], 500, 1_100),
    ] {
        let headers: Vec<String> = headers.into_iter().map(str::to_owned).collect();
        let told = headers.clone();
        let tenant = first(1, move || {
            let headers: Vec<&str> = headers.iter().map(String::as_str).collect();
            answer("429 Too Many Requests", &headers, r#"{"statusCode":429}"#)
        })
        .await;
        get(&tenant).await.unwrap();
        let slept: Duration = tenant.slept().iter().sum();
        assert!((least..=most).contains(&slept.as_millis()), "{slept:?} for {told:?}");
        assert_eq!(tenant.asked().len(), 2);
    }
}

#[tokio::test]
async fn a_create_that_was_refused_for_want_of_room_is_sent_again_because_nothing_was_done() {
    let tenant = first(2, || answer("429 Too Many Requests", &["retry-after: 1"], "{}")).await;
    let request = users::create(fields(&json!({"connection": "db"})));
    tenant.management.write(&request, Lane::Interactive, &cause()).await.unwrap();
    assert_eq!(tenant.asked().len(), 3);
}

#[tokio::test]
async fn a_wait_too_long_and_too_many_of_them_are_told() {
    let tenant = first(9, || answer("429 Too Many Requests", &["retry-after: 3600"], "{}")).await;
    let error = get(&tenant).await.unwrap_err();
    assert!(
        matches!(error, Error::Limited { after: Some(after), .. } if after == Duration::from_secs(3_600))
    );
    assert_eq!((tenant.asked().len(), tenant.slept().len()), (1, 0));
    let tenant = first(9, || answer("429 Too Many Requests", &["retry-after: 1"], "{}")).await;
    assert!(matches!(get(&tenant).await, Err(Error::Limited { .. })));
    assert_eq!(tenant.asked().len(), 4);
}

#[tokio::test]
async fn what_reads_and_what_sets_is_sent_again_after_a_break() {
    for act in [
        || Act::Close,
        || answer("503 Down", &[], "<html>"),
        || answer("500 Error", &[], "{}"),
        || answer("408 Late", &[], "{}"),
    ] {
        let tenant = first(3, act).await;
        get(&tenant).await.unwrap();
        assert_eq!(tenant.asked().len(), 4);
        let waits = tenant.slept();
        assert!(
            waits.windows(2).all(|pair| pair[1] > pair[0] / 2)
                && waits.iter().sum::<Duration>() < Duration::from_secs(8)
        );
        let tenant = first(2, act).await;
        tenant.management.write(&users::block(&id(), true), Lane::Containment, &cause()).await.unwrap();
        assert_eq!(tenant.asked().len(), 3);
        let tenant = first(9, act).await;
        assert!(matches!(get(&tenant).await, Err(Error::Unavailable { .. })));
        assert_eq!(tenant.asked().len(), 4, "three times again at the most");
    }
}

#[tokio::test]
async fn a_post_that_sets_is_sent_again() {
    let tenant =
        tenant(|asked| if asked.before == 0 { Act::Close } else { answer("204 No Content", &[], "") }).await;
    let request = members::add(&"org_1".parse().unwrap(), &[id()]);
    tenant.management.write(&request, Lane::Bulk, &cause()).await.unwrap();
    assert_eq!(tenant.asked().len(), 2);
}

#[tokio::test]
async fn a_create_is_never_repeated_blindly() {
    for (act, why) in [
        ((|| Act::Close) as fn() -> Act, Why::Broken),
        (|| answer("500 Error", &[], "{}"), Why::Status(500)),
        (|| answer("503 Down", &["retry-after: 1"], "{}"), Why::Status(503)),
        (|| answer("200 OK", &[], "<html>"), Why::Nonsense),
        (|| Act::Bytes(b"HTTP/1.1 201 Created\r\ncontent-length: 100\r\n\r\n{".to_vec()), Why::Broken),
    ] {
        let tenant = first(1, act).await;
        let request = users::create(fields(&json!({"connection": "db"})));
        let error = tenant.management.write(&request, Lane::Interactive, &cause()).await.unwrap_err();
        assert!(matches!(error, Error::Unknown { why: found, .. } if found == why), "{error}");
        assert_eq!(tenant.asked(), ["POST /api/v2/users"]);
        assert_eq!(tenant.records.lines.lock().unwrap()[1], "1: Unknown");
    }
}

#[tokio::test]
async fn a_create_that_never_left_is_sent_again() {
    let tenant = super::tenant::serve(
        std::sync::Arc::new(countersign_core::testing::HeldClock::at(START)),
        |_| Act::Close,
        |_| super::tenant::settings("http://127.0.0.1:1/", countersign_adapters::management::Plan::Unlimited),
    )
    .await;
    let request = users::create(fields(&json!({"connection": "db"})));
    let error = tenant.management.write(&request, Lane::Interactive, &cause()).await.unwrap_err();
    assert!(matches!(error, Error::Unavailable { why: Why::Unreachable, .. }), "{error}");
    assert_eq!(tenant.records.lines.lock().unwrap()[1], "1: NotSent");
}
