//! Severities as people see them: a shape, a color and a word, never a color alone.

use countersign_app::incidents::{Severity, severity_word};
use maud::{Markup, html};

/// The severity of a rank.
pub(super) fn severity(rank: u8) -> Markup {
    let word = severity_word(rank);
    html! {
        span.level data-level=(word) {
            svg viewBox="0 0 16 16" width="12" height="12" aria-hidden="true" {
                @match Severity::ALL.into_iter().find(|severity| severity.rank() == rank) {
                    Some(Severity::Critical) => path d="M5 1h6l4 4v6l-4 4H5l-4-4V5z" {},
                    Some(Severity::High) => path d="M8 1.8 15 14H1z" {},
                    Some(Severity::Medium) => path d="M8 1.5 14.5 8 8 14.5 1.5 8z" {},
                    Some(Severity::Low | Severity::Informational) | None => circle cx="8" cy="8" r="5.5" {},
                }
            }
            (word)
        }
    }
}

/// The word with its first letter large.
pub(super) fn large(word: &str) -> String {
    let mut chars = word.chars();
    chars.next().map_or_else(String::new, |first| first.to_uppercase().chain(chars).collect())
}
