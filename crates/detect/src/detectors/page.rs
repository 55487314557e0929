//! The page about the native detectors, written from what each says of itself.

use std::fmt::Write;

use crate::{About, Param, Severity, detectors::NATIVE};

const HEAD: &str = "# Detectors

What is found in a tenant's log, by native detectors; how they run is told in [watch.md](watch.md). This page is written from what each
detector says of itself. To write it anew after a change: `COUNTERSIGN_BLESS=1 cargo test -p countersign-detect page`.

A severity is that of a plain case; a finding may be milder or graver. Thresholds are set by tenant, within their range. Detectors are in
the order in which they run.
";

/// `docs/detectors.md`.
#[must_use]
pub fn page() -> String {
    let mut page = HEAD.to_owned();
    page.push_str("\n| detector | finds | severity | ATT&CK |\n|---|---|---|---|\n");
    for native in NATIVE {
        let About { id, title, techniques, .. } = native.about;
        let severity = name(native.about.severity);
        // Writing to a text can't fail.
        let _ = writeln!(page, "| [`{id}`](#{id}) | {title} | {severity} | {} |", techniques.join(", "));
    }
    for native in NATIVE {
        section(&mut page, native.about);
    }
    page
}

fn section(page: &mut String, about: &About) {
    let kinds: Vec<String> = about.kinds.iter().map(|kind| format!("`{kind}`")).collect();
    let kinds = if kinds.is_empty() { "all".to_owned() } else { kinds.join(", ") };
    let _ = write!(page, "\n## `{}`\n\n**{}.** {}\n\n", about.id, about.title, about.text);
    let _ = writeln!(page, "- Log types: {kinds}");
    let _ = writeln!(page, "- Severity: {}", name(about.severity));
    let _ = writeln!(page, "- ATT&CK: {}", about.techniques.join(", "));
    let _ = writeln!(page, "- Findings join into one alert for {}", minutes(about.cooldown / crate::MINUTE));
    let _ = writeln!(page, "- Version: {}", about.version);
    list(page, "What else looks like it:", &about.false_positives, |_| "-".to_owned());
    list(page, "What to do:", &about.steps, |index| format!("{}.", index + 1));
    if about.params.is_empty() {
        return;
    }
    page.push_str("\n| threshold | default | range | meaning |\n|---|---|---|---|\n");
    for Param { name, default, least, most, text } in about.params {
        let _ = writeln!(page, "| `{name}` | {default} | {least} to {most} | {text} |");
    }
}

fn list(page: &mut String, title: &str, items: &[&str], mark: fn(usize) -> String) {
    if !items.is_empty() {
        let _ = writeln!(page, "\n{title}\n");
    }
    for (index, item) in items.iter().enumerate() {
        let _ = writeln!(page, "{} {item}", mark(index));
    }
}

const fn name(severity: Severity) -> &'static str {
    match severity {
        Severity::Informational => "informational",
        Severity::Low => "low",
        Severity::Medium => "medium",
        Severity::High => "high",
        Severity::Critical => "critical",
    }
}

fn minutes(minutes: i64) -> String {
    match minutes {
        1_440 => "a day".to_owned(),
        60 => "an hour".to_owned(),
        _ => format!("{minutes} minutes"),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const PAGE: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/../../docs/detectors.md");

    #[test]
    fn the_page_says_what_the_detectors_say() {
        if std::env::var_os("COUNTERSIGN_BLESS").is_some() {
            std::fs::write(PAGE, page()).unwrap();
        }
        let kept = std::fs::read_to_string(PAGE).unwrap();
        assert!(kept == page(), "docs/detectors.md is old; its head says how it is written anew");
    }

    #[test]
    fn every_detector_says_what_a_person_needs() {
        for About { id, title, text, techniques, false_positives, steps, params, .. } in
            NATIVE.iter().map(|native| native.about)
        {
            assert!(!title.is_empty() && text.len() > 80 && !techniques.is_empty(), "{id}");
            assert!(!false_positives.is_empty() && !steps.is_empty(), "{id}");
            for param in *params {
                assert!(
                    (param.least..=param.most).contains(&param.default) && !param.text.contains('|'),
                    "{id}"
                );
            }
        }
    }
}
