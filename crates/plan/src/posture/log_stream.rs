//! Our log stream: there, active, and as it was set up.

use std::collections::BTreeSet;

use serde_json::Value;

use super::{Area, Check, Finding, Rule, Severity, View, bound::APPLY};
use crate::install::LOG_CATEGORIES;

const MISSING: Rule = Rule::new("log_stream.missing", Severity::Critical).of(&[Area::LogStreams]);
const PAUSED: Rule = Rule::new("log_stream.paused", Severity::Critical).of(&[Area::LogStreams]);
const ALTERED: Rule = Rule::new("log_stream.altered", Severity::Critical).of(&[Area::LogStreams]);
const FILTERED: Rule = Rule::new("log_stream.filtered", Severity::Warning).of(&[Area::LogStreams]);

pub(super) const CHECK: Check = Check { rules: &[&MISSING, &PAUSED, &ALTERED, &FILTERED], run };

const ABOUT: &str = "log_stream";

fn run(view: &View<'_>) -> Vec<Finding> {
    let Some(endpoint) = view.expected.log_endpoint.as_ref().filter(|_| view.posture.has(Area::LogStreams))
    else {
        return Vec::new();
    };
    let Some(stream) = view.posture.installed.our_log_stream() else {
        return vec![MISSING.found(ABOUT, "our log stream is not there", APPLY)];
    };
    let mut found = Vec::new();
    if stream.status.as_option().is_some_and(|status| status != "active") {
        let text = "our log stream is not active, so that nothing of the tenant's log comes to us";
        let fix = "resume it in the Auth0 dashboard under Monitoring, Streams, or run `countersign tenant apply`; \
                   entries that wait are delivered then, as long as the tenant still has them";
        found.push(PAUSED.found(ABOUT, text, fix));
    }
    let there = stream.sink.as_option().and_then(|sink| sink.get("httpEndpoint")).and_then(Value::as_str);
    if there != Some(endpoint) {
        let text = "our log stream leads somewhere else, so that the tenant's log goes to a stranger";
        let fix = "find out who changed it, run `countersign tenant apply`, and make a new token for it";
        found.push(ALTERED.found(ABOUT, text, fix));
    }
    let filters = stream.rest.get("filters").and_then(Value::as_array).map_or(&[][..], Vec::as_slice);
    let names: BTreeSet<&str> = filters.iter().filter_map(|filter| filter.get("name")?.as_str()).collect();
    // Why only where there are some: a stream without filters carries everything.
    if !names.is_empty() && LOG_CATEGORIES.iter().any(|category| !names.contains(category)) {
        found.push(FILTERED.found(
            ABOUT,
            "our log stream leaves out categories that matter to security",
            APPLY,
        ));
    }
    found
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::super::testing::{codes, edit_log_stream, expected, posture};

    #[test]
    fn a_stream_that_is_gone_paused_led_elsewhere_or_narrowed_is_found() {
        let mut gone = posture();
        gone.installed.log_streams.clear();
        assert_eq!(codes(&gone, &expected()), ["log_stream.missing"]);
        for (at, value, code) in [
            ("/status", json!("paused"), "log_stream.paused"),
            ("/sink/httpEndpoint", json!("https://elsewhere.example/"), "log_stream.altered"),
            ("/filters", json!([{"type": "category", "name": "auth.login.fail"}]), "log_stream.filtered"),
        ] {
            let mut altered = posture();
            edit_log_stream(&mut altered, at, value);
            assert_eq!(codes(&altered, &expected()), [code]);
        }
    }

    #[test]
    fn nobody_misses_a_stream_that_is_not_expected() {
        let (mut gone, mut none) = (posture(), expected());
        gone.installed.log_streams.clear();
        none.log_endpoint = None;
        assert_eq!(codes(&gone, &none), [""; 0]);
    }

    #[test]
    fn ours_is_the_one_that_was_made_from_here_and_only_without_a_journal_the_one_of_its_name() {
        let mut known = expected();
        known.owned.add("log_stream", "lst_another");
        assert_eq!(codes(&posture(), &known), ["log_stream.missing"]);
        known.owned.remove("log_stream");
        assert_eq!(codes(&posture(), &known), [""; 0]);
    }
}
