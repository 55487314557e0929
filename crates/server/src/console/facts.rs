//! Parts of a decision's record in readable form: features, versions, calls, what was missing.

use countersign_app::decide::record::Record;
use countersign_policy::Recorded;
use countersign_risk::{Auth0Risk, Device, Features, Short, Signal};
use maud::{Markup, html};
use serde::Serialize;
use serde_json::Value;

use super::words;

/// The longest argument on one line, in bytes.
const MAX_LINE: usize = 160;

/// One `api` call with its arguments as JSON.
pub(super) fn call(effect: &Recorded) -> Markup {
    let args = match serde_json::to_value(effect) {
        Ok(Value::Object(mut object)) => object.remove("args"),
        _ => None,
    };
    let args = match args {
        Some(Value::Array(args)) => args.iter().map(argument).collect::<Vec<_>>().join(", "),
        _ => String::new(),
    };
    html! { pre.call tabindex="0" { code { "api." (effect.call) "(" (args) ")" } } }
}

/// An argument on one line while it is short.
fn argument(value: &Value) -> String {
    let line = value.to_string();
    if line.len() <= MAX_LINE { line } else { format!("{value:#}") }
}

/// What was read off the event. The address, its block, coordinates and names are left out.
pub(super) fn features(features: &Features) -> Markup {
    let Features {
        country,
        network,
        local_hour,
        device,
        ja4,
        auth0,
        logins_count,
        language,
        network_kind,
        shares,
        readings,
        session_known,
        enrolled,
        sign_up,
        reset,
        machine: of_machine,
        ..
    } = features;
    html! {
        dl.pairs {
            div { dt { "Country" } dd { (known(country.as_ref())) } }
            div { dt { "Network" } dd { (known(network.as_ref().filter(|network| is_number(network)))) } }
            @if let Some(kind) = network_kind { (rows("Network", &serde_json::json!({ "kind": kind }))) }
            div { dt { "Language" } dd { (known(language.as_ref())) } }
            div { dt { "Device" } dd { @match device { Some(device) => (machine(device)), None => (unknown()) } } }
            div { dt { "Local hour" } dd { @match local_hour { Some(hour) => { (hour) ":00 to " (hour) ":59 by the sun" }, None => (unknown()) } } }
            div { dt { "TLS client (JA4)" } dd { @if ja4.is_some() { span.quiet { "known" } } @else { (unknown()) } } }
            div { dt { "Sign-ins so far" } dd { @match logins_count { Some(number) => (words::count(*number)), None => (unknown()) } } }
            div { dt { "Session" } dd { @match session_known { Some(true) => "continued", Some(false) => "new", None => (unknown()) } } }
            div { dt { "Factors enrolled" } dd { @if enrolled.is_empty() { span.quiet { "none" } } @else { (list(enrolled)) } } }
            @if let Some(Auth0Risk { confidence, new_device, impossible_travel, untrusted_ip }) = auth0 {
                div { dt { "Auth0's confidence" } dd { (known(confidence.as_ref())) } }
                div { dt { "Auth0: NewDevice" } dd { (known(new_device.as_ref())) } }
                div { dt { "Auth0: ImpossibleTravel" } dd { (known(impossible_travel.as_ref())) } }
                div { dt { "Auth0: UntrustedIP" } dd { (known(untrusted_ip.as_ref())) } }
            } @else {
                div { dt { "Auth0's assessment" } dd { (unknown()) } }
            }
            @if let Some(shares) = shares {
                div { dt { "Colleagues on the same block" } dd { (shares.block_others) @if shares.block_others >= 8 { " or more" } } }
            }
            @if !readings.is_empty() { (rows("Alike lately", readings)) }
            @if let Some(part) = sign_up { (rows("Sign-up", part)) }
            @if let Some(part) = reset { (rows("Reset", part)) }
            @if let Some(part) = of_machine { (rows("Machine", part)) }
        }
    }
}

/// A part of the features, a row a field; the names are those of the record.
fn rows(part: &str, fields: &impl Serialize) -> Markup {
    let fields = match serde_json::to_value(fields) {
        Ok(Value::Object(fields)) => fields,
        _ => serde_json::Map::new(),
    };
    html! {
        @for (name, value) in &fields {
            div {
                dt { (part) ": " (name.replace('_', " ")) }
                dd { @match value { Value::String(word) => code.wrap { (word) }, other => code.wrap { (other) } } }
            }
        }
    }
}

/// Whether a network is named by its number; otherwise it is a block of addresses.
fn is_number(network: &Short) -> bool {
    network.as_str().strip_prefix("as").is_some_and(|digits| digits.parse::<u32>().is_ok())
}

fn known(text: Option<&Short>) -> Markup {
    html! { @match text { Some(text) => code.wrap { (text) }, None => (unknown()) } }
}

fn unknown() -> Markup {
    html! { span.quiet { "not known" } }
}

fn machine(device: &Device) -> Markup {
    let Device { browser, major, os, class, automation } = device;
    html! {
        (browser) @if *major > 0 { " " (major) } " on " (os) " (" (class.as_str()) ")"
        @if *automation { " " span.tag { "a program" } }
    }
}

fn list(items: impl IntoIterator<Item = impl std::fmt::Display>) -> Markup {
    html! { ul.words { @for item in items { li { code.wrap { (item) } } } } }
}

/// Which code, model and policy made the decision, and which Action asked.
pub(super) fn versions(record: &Record, current_policy: &str) -> Markup {
    let Record { action, assessment, challenger, policy, .. } = record;
    html! {
        dl.pairs {
            div { dt { "Engine" } dd { code { (assessment.engine) } } }
            div { dt { "Model" } dd { code.wrap { (assessment.model) } } }
            @if let Some(challenged) = challenger {
                div {
                    dt { "Challenger" }
                    dd { code.wrap { (challenged.model) } " scored " (challenged.score) ", " (challenged.level) "; it changed nothing" }
                }
            }
            div {
                dt { "Policy" }
                dd {
                    code.wrap { (policy) } " "
                    @if policy == current_policy { span.quiet { "holds now" } } @else { span.tag { "not the one that holds now" } }
                }
            }
            div { dt { "Action" } dd { code.wrap { (action.name) "@" (action.version) } } }
            @if let Some(hash) = &action.code { div { dt { "Code of the Action" } dd { code.wrap { (hash) } } } }
            @if action.policy_etag.as_ref().is_some_and(|etag| etag != policy) {
                div { dt { "Policy the Action knew" } dd { code.wrap { @if let Some(etag) = &action.policy_etag { (etag) } } } }
            }
        }
    }
}

/// Signals that were absent, what failed on the way, and what the Action cut.
pub(super) fn missing(record: &Record) -> Markup {
    let Record { features, degraded, truncated, .. } = record;
    html! {
        @if features.missing.is_empty() && degraded.is_empty() && truncated.is_empty() { p { "Nothing." } }
        @if !degraded.is_empty() {
            h3 { "Degraded" }
            ul { @for code in degraded { li { (words::degraded_text(code)) " " code.quiet { (code) } } } }
        }
        @if !truncated.is_empty() {
            h3 { "Fields that the Action cut" }
            (list(truncated))
        }
        @if !features.missing.is_empty() {
            h3 { "Signals that Auth0 did not send" }
            ul { @for signal in &features.missing { li { (signal_text(*signal)) } } }
        }
    }
}

const fn signal_text(signal: Signal) -> &'static str {
    match signal {
        Signal::Country => "The country of the address",
        Signal::Network => "The network of the address",
        Signal::Place => "The place of the address",
        Signal::Device => "The user agent",
        Signal::Ja4 => "The fingerprint of the TLS client",
        Signal::Auth0 => "Auth0's own assessment (Adaptive MFA)",
        Signal::LoginsCount => "The count of sign-ins",
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::console::samples;

    #[test]
    fn a_call_reads_like_the_documentation() {
        let effect: Recorded = serde_json::from_str(r#"{"call":"access.deny","args":["no"]}"#).unwrap();
        assert_eq!(
            call(&effect).into_string(),
            "<pre class=\"call\" tabindex=\"0\"><code>api.access.deny(&quot;no&quot;)</code></pre>"
        );
    }

    #[test]
    fn a_block_of_addresses_is_not_shown_as_the_network() {
        let mut record = samples::record();
        assert!(features(&record.features).into_string().contains("as65550"));
        record.features.network = Some("198.51.100.0/24".into());
        assert!(!features(&record.features).into_string().contains("198.51"));
    }

    #[test]
    fn a_record_without_gaps_says_so() {
        let mut record = samples::record();
        record.features.missing.clear();
        record.degraded.clear();
        record.truncated.clear();
        assert_eq!(missing(&record).into_string(), "<p>Nothing.</p>");
    }
}
