//! What is sent again, when, and what never is.

use std::{sync::Arc, time::Duration};

use countersign_adapters::management::Plan;
use countersign_app::management::{Api, Error, Lane, Why};
use countersign_auth0::management::{members, users};
use serde_json::json;

use super::tenant::{Act, START, Tenant, answer, cause, decided, fields, id, ok, tenant, tenant_on, user};

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
    tenant.management.write(&request, Lane::Interactive, &decided()).await.unwrap();
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
        tenant.management.write(&users::block(&id(), true), Lane::Interactive, &decided()).await.unwrap();
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
    tenant.management.write(&request, Lane::Bulk, &decided()).await.unwrap();
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
        Arc::new(countersign_core::testing::HeldClock::at(START)),
        |_| Act::Close,
        |_| super::tenant::settings("http://127.0.0.1:1/", Plan::Unlimited),
    )
    .await;
    let request = users::create(fields(&json!({"connection": "db"})));
    let error = tenant.management.write(&request, Lane::Interactive, &decided()).await.unwrap_err();
    assert!(matches!(error, Error::Unavailable { why: Why::Unreachable, .. }), "{error}");
    assert_eq!(tenant.records.lines.lock().unwrap()[1], "1: NotSent");
}

#[tokio::test]
async fn what_a_plan_allows_is_sent_once_and_told_at_once() {
    type Is = fn(&Error) -> bool;
    let cases: [(fn() -> Act, Is); 5] = [
        (
            || answer("429 Too Many Requests", &["retry-after: 60"], "{}"),
            |error| matches!(error, Error::Limited { after: Some(after), .. } if after.as_secs() == 60),
        ),
        (|| answer("429 Too Many Requests", &[], "{}"), |error| matches!(error, Error::Limited { .. })),
        (|| answer("503 Down", &["retry-after: 1"], "{}"), |error| matches!(error, Error::Unknown { .. })),
        (|| answer("408 Late", &[], "{}"), |error| matches!(error, Error::Unknown { .. })),
        (|| Act::Close, |error| matches!(error, Error::Unknown { .. })),
    ];
    for (act, is_it) in cases {
        for lane in Lane::ALL {
            let tenant = first(9, act).await;
            let request = users::block(&id(), true);
            let error = tenant.management.write(&request, lane, &cause()).await.unwrap_err();
            assert!(is_it(&error), "{error}");
            assert_eq!((tenant.asked().len(), tenant.slept()), (1, vec![]), "{error}");
        }
    }
}

#[tokio::test]
async fn what_is_sent_in_a_turn_that_was_waited_for_waits_no_more() {
    let tenant = tenant_on(Plan::Professional, |_| ok(&user())).await;
    let request = users::block(&id(), true).into_any();
    let api: &dyn Api = tenant.management.as_ref();
    for _ in 0..20 {
        api.change(&request, Lane::Containment, &cause()).await.unwrap();
    }
    let pass = api.pass(request.operation(), Lane::Containment).await.unwrap();
    let waited = tenant.slept();
    assert!(!waited.is_empty(), "the limit was reached");
    api.change_in(pass, (&request, Lane::Containment), &cause()).await.unwrap();
    assert_eq!((tenant.slept(), tenant.asked().len(), tenant.tokens()), (waited, 21, 1));
    drop(api.pass(request.operation(), Lane::Containment).await.unwrap());
    let waited = tenant.slept();
    drop(api.pass(request.operation(), Lane::Containment).await.unwrap());
    assert_eq!(tenant.slept(), waited, "a turn that is not used is given back");
}

#[tokio::test]
async fn what_was_looked_at_is_sent_once_more_with_a_new_token_unless_its_turn_takes_long() {
    let refused =
        || answer("401 Unauthorized", &[], r#"{"statusCode":401,"error":"Unauthorized","message":"no"}"#);
    let request = users::block(&id(), true).into_any();
    for (plan, sent) in [(Plan::Unlimited, 2), (Plan::Free, 1)] {
        let tenant = tenant_on(plan, move |asked| {
            if asked.method == "PATCH" && asked.before == 0 { refused() } else { ok(&user()) }
        })
        .await;
        let api: &dyn Api = tenant.management.as_ref();
        let pass = api.pass(request.operation(), Lane::Bulk).await.unwrap();
        let others = Arc::clone(&tenant.management);
        // Many wait, so that the next turn is far.
        let mut waiting = tokio::task::JoinSet::new();
        for _ in 0..20 {
            let others = Arc::clone(&others);
            waiting.spawn(async move { drop(others.read(&users::list(), Lane::Containment).await) });
        }
        tokio::task::yield_now().await;
        let ended = api.change_in(pass, (&request, Lane::Bulk), &cause()).await;
        let is_put_off = matches!(ended, Err(Error::Limited { .. }));
        assert_eq!(is_put_off, sent == 1, "{ended:?}");
        let writes = tenant.asked().iter().filter(|asked| asked.starts_with("PATCH")).count();
        assert_eq!(writes, sent);
    }
}

#[tokio::test]
async fn what_keeps_somebody_out_is_read_again_once_and_never_waits_long() {
    let read =
        async |tenant: &Tenant| tenant.management.read(&users::get(&id()), Lane::Containment).await.map(drop);
    let tenant = first(1, || Act::Close).await;
    read(&tenant).await.unwrap();
    let tenant = first(9, || Act::Close).await;
    assert!(matches!(read(&tenant).await, Err(Error::Unavailable { .. })));
    assert_eq!(tenant.asked().len(), 2);
    let tenant = first(9, || answer("429 Too Many Requests", &["retry-after: 60"], "{}")).await;
    assert!(matches!(read(&tenant).await, Err(Error::Limited { after: Some(_), .. })));
    assert_eq!((tenant.asked().len(), tenant.slept()), (1, vec![]));
}
