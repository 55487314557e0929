//! "Was this you?": what the service shows to whoever has no link of ours, and to operators.

use countersign_testkit::{TENANT, TestApp, post_login};
use serde_json::json;

#[tokio::test]
async fn a_link_that_is_none_of_ours_tells_nothing_and_a_look_ahead_is_refused() {
    let service = TestApp::start(|_| {}).await;
    let code = "0".repeat(64);
    let mut pages = Vec::new();
    for path in [
        format!("/was-this-you/{TENANT}/rec_0/{code}"),
        format!("/was-this-you/nobody/rec_0/{code}"),
        format!("/was-this-you/{TENANT}/rec_0/%3Cscript%3E"),
    ] {
        let shown = service.browse("GET", &path, "").await;
        assert_eq!(shown.status, 404, "{path}");
        assert_eq!(shown.headers["cache-control"], "no-store");
        pages.push(shown.bytes);
        assert_eq!(service.browse("HEAD", &path, "").await.status, 405, "{path}");
        assert_eq!(service.browse("POST", &path, "").await.status, 404, "{path}");
    }
    assert!(pages.iter().all(|page| page == &pages[0]), "one page for all of them");
}

#[tokio::test]
async fn nobody_is_asked_where_it_is_not_configured() {
    let service = TestApp::start(|_| {}).await;
    let decided = service.decide(&post_login()).await;
    let id = decided.json["decision_id"].as_str().unwrap();
    let path = format!("/v1/decisions/{id}/inquiry?tenant={TENANT}");
    assert_eq!(service.operate("POST", &path, &json!(null)).await.status, 404);
}
