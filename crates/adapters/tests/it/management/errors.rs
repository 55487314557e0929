//! What an error says.

use countersign_app::management::{Error, Lane, Refusal, Why};
use countersign_auth0::management::users;

use super::tenant::{id, refuse, tenant};

#[tokio::test]
async fn a_refusal_keeps_the_apis_words() {
    let tenant = tenant(|_| refuse("404 Not Found", "inexistent_user", "The user does not exist.")).await;
    let error = tenant.management.read(&users::get(&id()), Lane::Interactive).await.unwrap_err();
    assert_eq!(error.to_string(), "`users.get` was refused with status 404: The user does not exist.");
    let Error::Refused { refusal, .. } = error else { panic!() };
    let expected = Refusal {
        status: 404,
        error: "Not Found".to_owned(),
        code: Some("inexistent_user".to_owned()),
        message: "The user does not exist.".to_owned(),
    };
    assert_eq!(refusal, expected);
}

#[tokio::test]
async fn a_missing_scope_is_named() {
    let tenant = tenant(|_| refuse("403 Forbidden", "insufficient_scope", "Insufficient scope")).await;
    let error = tenant.management.read(&users::roles(&id()), Lane::Interactive).await.unwrap_err();
    assert_eq!(
        error.to_string(),
        r#"`users.roles` needs one of the scopes ["read:users", "read:roles", "read:role_members"]"#
    );
    assert_eq!(tenant.asked().len(), 1, "another try would not help");
}

/// Every status that the documentation names for failures ("Management API v2", responses), and what becomes of it.
#[tokio::test]
async fn each_documented_status_is_told_as_what_it_is() {
    for (status, is_refusal) in [
        ("400 Bad Request", true),
        ("401 Unauthorized", true),
        ("402 Payment Required", true),
        ("403 Forbidden", true),
        ("404 Not Found", true),
        ("409 Conflict", true),
        ("410 Gone", true),
        ("412 Precondition Failed", true),
        ("413 Payload Too Large", true),
        ("429 Too Many Requests", false),
        ("500 Internal Server Error", false),
        ("503 Service Unavailable", false),
    ] {
        let tenant = tenant(move |_| refuse(status, "code", "words")).await;
        let error = tenant.management.read(&users::get(&id()), Lane::Interactive).await.unwrap_err();
        let number: u16 = status[..3].parse().unwrap();
        match error {
            Error::Refused { refusal, .. } => assert!(is_refusal && refusal.status == number, "{status}"),
            Error::Limited { .. } => assert_eq!(number, 429),
            Error::Unavailable { why, .. } => assert_eq!(why, Why::Status(number)),
            other => panic!("{status}: {other}"),
        }
    }
}
