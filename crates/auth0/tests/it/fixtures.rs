//! The published examples.

use countersign_auth0::{decode, factor::FactorType, trigger::post_login::PostLogin};
use countersign_core::Channel;
use serde_json::Value;

/// Every example of a post-login event.
pub const POST_LOGIN: [&str; 3] = [
    include_str!("../../../../fixtures/events/post-login.json"),
    include_str!("../../../../fixtures/events/post-login.high-risk.json"),
    include_str!("../../../../fixtures/events/post-login.refresh-token.json"),
];

#[test]
fn examples_come_back_as_they_went() {
    for text in POST_LOGIN {
        let event: PostLogin = decode(text.as_bytes(), "event").unwrap();
        let expected: Value = serde_json::from_str(text).unwrap();
        assert_eq!(serde_json::to_value(&event).unwrap(), expected);
        let again: PostLogin = decode(serde_json::to_string(&event).unwrap().as_bytes(), "event").unwrap();
        assert_eq!(again, event);
    }
}

#[test]
fn examples_mean_what_they_show() {
    let [ordinary, risky, refresh] =
        POST_LOGIN.map(|text| decode::<PostLogin>(text.as_bytes(), "event").unwrap());
    assert_eq!(ordinary.channel(), Channel::Interactive);
    assert_eq!(ordinary.enrolled_factors(), [FactorType::Otp, FactorType::Phone]);
    assert!(risky.enrolled_factors().is_empty());
    assert_eq!(refresh.channel(), Channel::Refresh);
    assert_eq!(refresh.newest_mfa_at(), None);
}

#[test]
fn examples_hold_nothing_undocumented() {
    for text in POST_LOGIN {
        let event: PostLogin = decode(text.as_bytes(), "event").unwrap();
        assert!(event.extra.is_empty() && event.user.extra.is_empty() && event.request.extra.is_empty());
        let session = event.session.as_option().unwrap();
        assert!(session.extra.is_empty() && event.transaction.as_option().unwrap().extra.is_empty());
    }
}
