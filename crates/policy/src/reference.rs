//! What the operator knows of e-mail domains.

use std::collections::BTreeSet;

use serde::{Deserialize, Serialize};

/// The most domains in one list; a bound of our own on the size of a document.
const MAX_DOMAINS: usize = 50_000;

/// E-mail domains that count beside the lists that are built in, and how free mail is judged.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct Reference {
    /// Domains of addresses that live for minutes.
    pub disposable_domains: BTreeSet<String>,
    /// Domains at which anyone gets an address for nothing.
    pub free_mail_domains: BTreeSet<String>,
    /// Domains of the organizations that are served; look-alikes of them are suspicious.
    pub organization_domains: BTreeSet<String>,
    /// Whether an address at a free-mail provider is unusual here, as where only companies sign up.
    pub free_mail_is_unusual: bool,
}

impl Default for Reference {
    fn default() -> Self {
        Self {
            disposable_domains: BTreeSet::new(),
            free_mail_domains: BTreeSet::new(),
            organization_domains: BTreeSet::new(),
            free_mail_is_unusual: true,
        }
    }
}

impl Reference {
    pub(crate) fn is_default(&self) -> bool {
        *self == Self::default()
    }

    /// The lists by the names of their keys.
    pub(crate) const fn lists(&self) -> [(&'static str, &BTreeSet<String>); 3] {
        [
            ("disposable_domains", &self.disposable_domains),
            ("free_mail_domains", &self.free_mail_domains),
            ("organization_domains", &self.organization_domains),
        ]
    }

    /// What is wrong with the lists: the key and the message, in order.
    pub(crate) fn faults(&self) -> Vec<(&'static str, String)> {
        let mut faults = Vec::new();
        for (index, (key, list)) in self.lists().into_iter().enumerate() {
            if list.len() > MAX_DOMAINS {
                faults.push((key, format!("a list has at most {MAX_DOMAINS} domains")));
                continue;
            }
            for domain in list {
                let shown: String = domain.chars().take(64).collect();
                if !is_domain(domain) {
                    let message =
                        format!("`{shown}` is not a domain in lower case, such as `mail.example.com`");
                    faults.push((key, message));
                } else if let Some((other, _)) =
                    self.lists().into_iter().take(index).find(|(_, other)| other.contains(domain))
                {
                    faults.push((key, format!("`{shown}` stands in `{other}` as well; it can be one only")));
                }
            }
        }
        faults
    }
}

/// RFC 1123, section 2.1, with at least two labels, in lower case; RFC 1035, section 2.3.4 for the lengths. A name in
/// another script is written in its ASCII form (RFC 5890, A-label).
pub(crate) fn is_domain(text: &str) -> bool {
    let is_label = |label: &str| {
        (1..=63).contains(&label.len())
            && label.bytes().all(|byte| matches!(byte, b'a'..=b'z' | b'0'..=b'9' | b'-'))
            && !label.starts_with('-')
            && !label.ends_with('-')
    };
    text.len() <= 253 && text.contains('.') && text.split('.').all(is_label)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn set(domains: &[&str]) -> BTreeSet<String> {
        domains.iter().map(|domain| (*domain).to_owned()).collect()
    }

    #[test]
    fn domains_are_in_lower_case_with_at_least_two_labels() {
        for text in ["example.com", "a.b-c.example", "xn--bcher-kva.example", "1.example"] {
            assert!(is_domain(text), "{text}");
        }
        let (long_label, long) = (format!("{}.example", "a".repeat(64)), "a.".repeat(127));
        for text in [
            "",
            "example",
            "Example.com",
            "a..b",
            ".a.b",
            "a.b.",
            "-a.b",
            "a-.b",
            "b\u{fc}cher.example",
            "a b.c",
            "@a.b",
            &long_label,
            &long,
        ] {
            assert!(!is_domain(text), "{text}");
        }
    }

    #[test]
    fn a_domain_in_two_lists_or_of_no_shape_is_a_fault_of_its_list() {
        let reference = Reference {
            disposable_domains: set(&["a.example", "no domain"]),
            organization_domains: set(&["a.example", "b.example"]),
            ..Reference::default()
        };
        let keys: Vec<_> = reference.faults().into_iter().map(|(key, _)| key).collect();
        assert_eq!(keys, ["disposable_domains", "organization_domains"]);
        assert_eq!(Reference::default().faults(), []);
    }

    #[test]
    fn a_list_without_end_is_one_fault() {
        let reference = Reference {
            free_mail_domains: (0..=MAX_DOMAINS).map(|index| index.to_string()).collect(),
            ..Reference::default()
        };
        assert_eq!(reference.faults().len(), 1);
    }
}
