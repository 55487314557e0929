//! Lines of a log that tell of calls to the Management API.

use std::collections::BTreeSet;

use serde_json::{Value, json};

use super::trial::Line;

/// A call that succeeded, by client `mgmt` with token `t1`.
pub(in crate::detectors) fn call(
    second: i64,
    method: &str,
    path: &str,
    asked: &Value,
    answered: &Value,
) -> Line {
    answered_with(second, method, path, asked, 200, answered)
}

/// A `PUT` that succeeded.
pub(in crate::detectors) fn put(second: i64, path: &str, asked: &Value, answered: &Value) -> Line {
    call(second, "put", path, asked, answered)
}

/// A `PATCH` that succeeded.
pub(in crate::detectors) fn patch(second: i64, path: &str, asked: &Value, answered: &Value) -> Line {
    call(second, "patch", path, asked, answered)
}

/// A call that was refused.
pub(in crate::detectors) fn refused(second: i64, method: &str, path: &str, asked: &Value) -> Line {
    answered_with(second, method, path, asked, 403, &json!({"error": "Forbidden"}))
}

fn answered_with(
    second: i64,
    method: &str,
    path: &str,
    asked: &Value,
    status: u16,
    answered: &Value,
) -> Line {
    let details = json!({
        "request": {"method": method, "path": path, "body": asked, "auth": {"credentials": {"jti": "t1"}}},
        "response": {"statusCode": status, "body": answered},
    });
    Line::new("sapi", second).with("tenant_name", "acme").with("client_id", "mgmt").with("details", details)
}

/// The client and the token of these calls, as our own.
pub(in crate::detectors) fn by_us() -> (String, BTreeSet<String>) {
    ("mgmt".to_owned(), ["t1".to_owned()].into())
}
