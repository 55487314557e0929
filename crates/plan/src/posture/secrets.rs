//! The secrets of our Actions: their names and their age. Values can't be read.

use countersign_core::Timestamp;
use serde_json::Value;

use super::{Area, Check, Finding, Rule, Severity, View, bound::APPLY};

const MISSING: Rule = Rule::new("secret.missing", Severity::Critical).of(&[Area::Actions]);
const OLD: Rule = Rule::new("secret.old", Severity::Warning).of(&[Area::Actions]);

pub(super) const CHECK: Check = Check { rules: &[&MISSING, &OLD], run };

/// The age at which a shared secret is replaced: ours to choose; half a year is what most rules for service credentials ask.
pub(super) const OLDEST_DAYS: i64 = 180;

fn run(view: &View<'_>) -> Vec<Finding> {
    if !view.posture.has(Area::Actions) {
        return Vec::new();
    }
    let mut found = Vec::new();
    for (trigger, expected) in view.expected.actions() {
        let Some(action) = view.posture.installed.our_action(trigger) else { continue };
        let secrets = action.rest.get("secrets").and_then(Value::as_array).map_or(&[][..], Vec::as_slice);
        let named = |name: &str| {
            secrets.iter().find(|secret| secret.get("name").and_then(Value::as_str) == Some(name))
        };
        for name in &expected.secrets {
            let about = format!("{trigger}.{name}");
            let Some(secret) = named(name) else {
                let text =
                    format!("our Action for `{trigger}` has no secret `{name}`, so that it can't ask us");
                found.push(MISSING.found(about, text, APPLY));
                continue;
            };
            let written: Option<Timestamp> =
                secret.get("updated_at").and_then(Value::as_str).and_then(|text| text.parse().ok());
            let days = written.map_or(0, |written| view.now.days() - written.days());
            if days > OLDEST_DAYS && name.ends_with("_KEY") {
                let text = format!("the secret `{name}` of our Action for `{trigger}` is {days} days old");
                let fix = "replace it by `countersign keys rotate action`, and hand it over by `countersign tenant apply`";
                found.push(OLD.found(about, text, fix));
            }
        }
    }
    found
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::super::testing::{codes, edit_action, expected, posture};

    #[test]
    fn a_secret_that_is_gone_or_old_is_found() {
        let mut gone = posture();
        edit_action(
            &mut gone,
            "/secrets",
            json!([{"name": "COUNTERSIGN_KEY", "updated_at": "2026-11-01T00:00:00Z"}]),
        );
        assert_eq!(codes(&gone, &expected()), ["secret.missing"]);
        let mut old = posture();
        let of = |name: &str, at: &str| json!({"name": name, "updated_at": at});
        let secrets = json!([
            of("COUNTERSIGN_URL", "2020-01-01T00:00:00Z"),
            of("COUNTERSIGN_KEY", "2026-01-01T00:00:00Z")
        ]);
        edit_action(&mut old, "/secrets", secrets);
        assert_eq!(codes(&old, &expected()), ["secret.old"]);
        let unknown = json!([of("COUNTERSIGN_URL", ""), of("COUNTERSIGN_KEY", "yesterday")]);
        edit_action(&mut old, "/secrets", unknown);
        assert_eq!(codes(&old, &expected()), [""; 0]);
    }
}
