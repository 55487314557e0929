//! No secret, no token and nothing about a person is in an error or in a log line, whatever a tenant answers.

use countersign_app::management::Lane;
use countersign_auth0::management::users;
use serde_json::json;

use super::tenant::{Act, answer, cause, fields, refuse, tenant};
use crate::service::{listen, logged};

const MESSAGE: &str = "CANARY-token-0 CANARY-client-secret auth0|CANARY canary@example.com does not exist";

#[tokio::test]
async fn errors_and_log_lines_hold_no_secret_and_nothing_about_a_person() {
    listen();
    let acts: [fn() -> Act; 7] = [
        || refuse("404 Not Found", "inexistent_user", MESSAGE),
        || refuse("400 Bad Request", "invalid_body", MESSAGE),
        || refuse("403 Forbidden", "insufficient_scope", MESSAGE),
        || answer("500 CANARY", &["x-canary: CANARY"], MESSAGE),
        || answer("200 OK", &[], MESSAGE),
        || answer("302 CANARY", &["location: https://CANARY.example/"], ""),
        || Act::Close,
    ];
    let id = "auth0|CANARY".parse().unwrap();
    for act in acts {
        let tenant = tenant(move |_| act()).await;
        let set = users::update(&id, fields(&json!({"name": "CANARY-name", "blocked": true})));
        let written = tenant.management.write(&set, Lane::Interactive, &cause()).await.unwrap_err();
        let read =
            tenant.management.read(&users::by_email("canary@example.com"), Lane::Bulk).await.unwrap_err();
        for error in [written, read] {
            let text = format!("{error} {error:?}").to_lowercase();
            assert!(!text.contains("canary"), "{text}");
        }
    }
    let log = logged().to_lowercase();
    let line = log.lines().find(|line| line.contains("canary"));
    assert_eq!(line, None);
}
