//! What an error says.

use countersign_app::management::{Error, Lane, Refusal};
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
