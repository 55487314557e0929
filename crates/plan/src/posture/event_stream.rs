//! Our event stream.

use serde_json::Value;

use super::{Area, Check, Finding, Rule, Severity, View, bound::APPLY};

const MISSING: Rule = Rule::new("event_stream.missing", Severity::Warning).of(&[Area::EventStreams]);
const DISABLED: Rule = Rule::new("event_stream.disabled", Severity::Warning).of(&[Area::EventStreams]);
const ALTERED: Rule = Rule::new("event_stream.altered", Severity::Critical).of(&[Area::EventStreams]);

pub(super) const CHECK: Check = Check { rules: &[&MISSING, &DISABLED, &ALTERED], run };

const ABOUT: &str = "event_stream";

fn run(view: &View<'_>) -> Vec<Finding> {
    let Some(endpoint) =
        view.expected.event_endpoint.as_ref().filter(|_| view.posture.has(Area::EventStreams))
    else {
        return Vec::new();
    };
    let Some(stream) = view.posture.installed.our_event_stream() else {
        return vec![MISSING.found(ABOUT, "our event stream is not there", APPLY)];
    };
    let mut found = Vec::new();
    if stream.status.as_option().is_some_and(|status| status != "enabled") {
        let text = "our event stream is disabled; Auth0 does that by itself after many failures";
        let fix = "mend why deliveries failed, then run `countersign tenant apply`";
        found.push(DISABLED.found(ABOUT, text, fix));
    }
    let configuration =
        stream.destination.as_option().and_then(|destination| destination.get("configuration"));
    let there = configuration.and_then(|found| found.get("webhook_endpoint")).and_then(Value::as_str);
    if there != Some(endpoint) {
        let text = "our event stream leads somewhere else, so that changes of users go to a stranger";
        found.push(ALTERED.found(ABOUT, text, "find out who changed it, and run `countersign tenant apply`"));
    }
    found
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::super::testing::{codes, edit_event_stream, expected, posture};

    #[test]
    fn a_stream_that_is_gone_disabled_or_led_elsewhere_is_found() {
        let mut gone = posture();
        gone.installed.event_streams.clear();
        assert_eq!(codes(&gone, &expected()), ["event_stream.missing"]);
        for (at, value, code) in [
            ("/status", json!("disabled"), "event_stream.disabled"),
            (
                "/destination/configuration/webhook_endpoint",
                json!("https://elsewhere.example/"),
                "event_stream.altered",
            ),
        ] {
            let mut altered = posture();
            edit_event_stream(&mut altered, at, value);
            assert_eq!(codes(&altered, &expected()), [code]);
        }
        let mut none = expected();
        none.event_endpoint = None;
        assert_eq!(codes(&gone, &none), [""; 0]);
    }
}
