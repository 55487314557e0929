//! Lists of domains that an operator supplies for all tenants.

use std::{
    collections::HashSet,
    hash::{BuildHasherDefault, DefaultHasher},
    sync::Arc,
};

use super::Suffixes;
use crate::email::host;

/// Domains to look up. Its hash has no random key: whoever asks can't choose what is in it.
pub(super) type Hosts = HashSet<Box<str>, BuildHasherDefault<DefaultHasher>>;

/// What the operator's lists hold; `Default` holds nothing, so that what is embedded holds alone. Cheap to clone.
#[derive(Debug, Clone, Default)]
pub struct DomainLists {
    /// Domains of addresses that last for minutes, beside the embedded ones.
    pub disposable: Arc<DomainSet>,
    /// Domains of mailboxes that anyone may open, beside the embedded ones.
    pub free_mail: Arc<DomainSet>,
    /// Public suffixes in place of the embedded ones; `None`: those.
    pub suffixes: Option<Arc<Suffixes>>,
}

/// A list of domains, each with all below it.
#[derive(Clone, Default)]
pub struct DomainSet(Hosts);

impl std::fmt::Debug for DomainSet {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_tuple("DomainSet").field(&self.0.len()).finish()
    }
}

impl DomainSet {
    /// Reads a list: a domain a line, comments behind `#`. Also gives the numbers of lines, from 1, that are none; these are
    /// left out.
    #[must_use]
    pub fn read(text: &str) -> (Self, Vec<usize>) {
        let (mut hosts, mut faults) = (Hosts::default(), Vec::new());
        for (number, line) in (1..).zip(text.lines()) {
            let told = line.split('#').next().unwrap_or_default().trim();
            // Why a dot: a list of suffixes such as `com` is another one, and would hold nearly everything.
            match host(told).filter(|host| host.contains('.')) {
                Some(host) => drop(hosts.insert(host.into())),
                None if told.is_empty() => {}
                None => faults.push(number),
            }
        }
        hosts.shrink_to_fit();
        (Self(hosts), faults)
    }

    /// How many domains it holds.
    #[must_use]
    pub fn len(&self) -> usize {
        self.0.len()
    }

    /// Whether it holds none.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.0.is_empty()
    }

    /// Whether it holds this very domain, which is in lower case and in letters.
    pub(super) fn contains(&self, host: &str) -> bool {
        self.0.contains(host)
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn a_list_has_a_domain_a_line_and_other_lines_are_told_by_number() {
        let text = "# ours\n\nBurner.Example # since May\nxn--mller-kva.de\r\n0.0.0.0 x.example\n*.x.example\ncom\n@x.example\nburner.example.\n";
        let (set, faults) = DomainSet::read(text);
        assert_eq!(faults, [5, 6, 7, 8]);
        assert!(set.contains("burner.example") && set.contains("müller.de"));
        assert_eq!(set.len(), 2, "the same domain counts once");
    }

    proptest! {
        #[test]
        fn any_text_is_read(text in "(\\PC{0,20}\n){0,5}") {
            let (set, faults) = DomainSet::read(&text);
            prop_assert!(set.len() + faults.len() <= text.lines().count());
        }
    }
}
