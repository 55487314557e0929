//! A write has a cause, and is recorded before it is sent.

use std::sync::{
    Arc,
    atomic::{AtomicUsize, Ordering},
};

use countersign_app::management::{Api, Error, Lane};
use countersign_auth0::management::{AnyRequest, users};
use serde_json::json;

use super::tenant::{Act, answer, cause, decided, id, ok, refuse, tenant, user};

#[tokio::test]
async fn a_write_is_recorded_before_it_is_sent_and_when_it_ended() {
    let tenant = tenant(|_| ok(&user())).await;
    let user =
        tenant.management.write(&users::block(&id(), true), Lane::Containment, &cause()).await.unwrap();
    assert_eq!(user.rest["later"], json!([1, null]));
    assert_eq!(*tenant.records.lines.lock().unwrap(), ["users.update tester", "1: Done(200)"]);
    assert_eq!(tenant.asked(), ["PATCH /api/v2/users/auth0%7C1"]);
    assert_eq!(tenant.all().pop().unwrap().json(), json!({"blocked": true}));
}

#[tokio::test]
async fn the_intent_stands_when_the_request_arrives() {
    let at_arrival = Arc::new(AtomicUsize::new(0));
    let counted = Arc::clone(&at_arrival);
    let records: Arc<std::sync::OnceLock<Arc<super::tenant::Records>>> = Arc::default();
    let seen = Arc::clone(&records);
    let tenant = tenant(move |_| {
        counted.store(seen.get().unwrap().lines.lock().unwrap().len(), Ordering::SeqCst);
        ok(&user())
    })
    .await;
    records.set(Arc::clone(&tenant.records)).ok().unwrap();
    tenant.management.write(&users::block(&id(), true), Lane::Containment, &cause()).await.unwrap();
    assert_eq!(at_arrival.load(Ordering::SeqCst), 1);
}

#[tokio::test]
async fn what_can_not_be_recorded_is_not_sent() {
    let tenant = tenant(|_| ok(&user())).await;
    tenant.records.is_broken.store(true, Ordering::SeqCst);
    let error =
        tenant.management.write(&users::block(&id(), true), Lane::Containment, &cause()).await.unwrap_err();
    assert!(matches!(error, Error::Unrecorded { .. }));
    assert_eq!((tenant.asked().len(), tenant.records.lines.lock().unwrap().len()), (0, 0));
}

#[tokio::test]
async fn each_end_is_recorded_as_what_it_is() {
    for (act, end) in [
        ((|| answer("204 No Content", &[], "")) as fn() -> Act, "1: Done(204)"),
        (|| refuse("404 Not Found", "inexistent_user", "no"), "1: Refused(404)"),
        (|| refuse("403 Forbidden", "insufficient_scope", "no"), "1: Refused(403)"),
        (|| answer("429 Too Many Requests", &["retry-after: 90"], "{}"), "1: Refused(429)"),
        (|| answer("503 Down", &[], "{}"), "1: Unknown"),
        (|| Act::Close, "1: Unknown"),
    ] {
        let tenant = tenant(move |_| act()).await;
        drop(tenant.management.write(&users::delete(&id()), Lane::Interactive, &cause()).await);
        assert_eq!(tenant.records.lines.lock().unwrap()[1], end);
    }
}

#[tokio::test]
async fn what_may_have_been_done_before_a_refusal_is_unknown_to_all() {
    let tenant = tenant(|asked| {
        if asked.before == 0 { Act::Close } else { refuse("404 Not Found", "inexistent_user", "gone") }
    })
    .await;
    let error =
        tenant.management.write(&users::delete(&id()), Lane::Interactive, &decided()).await.unwrap_err();
    assert!(matches!(error, Error::Unknown { .. }), "{error}");
    assert_eq!(tenant.records.lines.lock().unwrap()[1], "1: Unknown");
}

#[tokio::test]
async fn a_write_is_not_sent_as_a_read_and_a_read_has_no_cause() {
    let tenant = tenant(|_| ok(&user())).await;
    let api: &dyn Api = tenant.management.as_ref();
    let write = users::block(&id(), true).into_any();
    assert!(matches!(api.fetch(&write, Lane::Interactive).await, Err(Error::NotRead { .. })));
    let read = users::get(&id()).into_any();
    assert!(matches!(api.change(&read, Lane::Interactive, &cause()).await, Err(Error::NotRead { .. })));
    assert_eq!((tenant.all().len(), tenant.records.lines.lock().unwrap().len()), (0, 0));
}

#[tokio::test]
async fn a_request_that_was_written_down_is_sent_as_it_was() {
    let tenant = tenant(|_| ok(&user())).await;
    let text = serde_json::to_string(users::block(&id(), true).any()).unwrap();
    let request: AnyRequest = serde_json::from_str(&text).unwrap();
    let api: &dyn Api = tenant.management.as_ref();
    assert_eq!(api.change(&request, Lane::Interactive, &cause()).await.unwrap().status, 200);
    assert_eq!(tenant.all().pop().unwrap().json(), json!({"blocked": true}));
}
