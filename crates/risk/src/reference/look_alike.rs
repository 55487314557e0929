//! Which domains imitate a known organization's.

use std::collections::{BTreeMap, BTreeSet};

use crate::{
    LookAlike,
    email::{Domain, confusable, pairs, strokes},
};

/// The shortest name that letters that look alike, or another suffix, are held against, in characters: short names are
/// too common.
const MIN_ALIKE: usize = 4;

/// The shortest name that one edit, a place below a foreign domain, or words joined to it are held against, in characters.
const MIN_ONE_EDIT: usize = 5;

/// Words joined by hyphens that are looked at in one label; who reads a domain with more is not deceived by it.
const MAX_WORDS: usize = 8;

/// The shortest name that two edits are held against, in characters.
const MIN_TWO_EDITS: usize = 8;

/// Names of organizations by what the eye takes them for.
#[derive(Debug, Clone, Default)]
pub(super) struct Names {
    /// By the folded name, the names as they are written.
    written: BTreeMap<String, BTreeSet<String>>,
    /// Names folded in either way, by their length in characters, with the letters that they hold.
    by_length: BTreeMap<usize, BTreeSet<(u64, String)>>,
}

impl Names {
    pub(super) fn new(domains: &[Domain]) -> Self {
        let mut names = Self::default();
        for domain in domains {
            for folded in [strokes(domain.name()), confusable(domain.name())] {
                let row = names.by_length.entry(folded.chars().count()).or_default();
                row.insert((letters(&folded), folded));
            }
            let written = names.written.entry(confusable(domain.name())).or_default();
            written.insert(domain.name().to_owned());
        }
        names
    }

    /// The most deceptive way in which `domain`, which is none of the organizations', imitates one.
    pub(super) fn imitated_by(&self, domain: &Domain) -> Option<LookAlike> {
        if self.written.is_empty() {
            return None;
        }
        let name = domain.name();
        let folded = confusable(name);
        let length = folded.chars().count();
        match self.written.get(&folded).filter(|_| length >= MIN_ALIKE) {
            Some(written) if written.contains(name) => Some(LookAlike::OtherSuffix),
            Some(_) => Some(LookAlike::Confusable),
            None if domain.below().any(|label| self.is_name(&confusable(label))) => {
                Some(LookAlike::SubDomain)
            }
            None => {
                let mut labels = domain.below().chain([name]);
                let embedded = labels.any(|label| self.is_embedded_in(label)).then_some(LookAlike::Embedded);
                [self.edited(&strokes(name)), self.edited(&folded), embedded].into_iter().flatten().min()
            }
        }
    }

    fn is_name(&self, folded: &str) -> bool {
        folded.chars().count() >= MIN_ONE_EDIT && self.written.contains_key(folded)
    }

    /// Whether some neighboring words of `label` make up a name.
    fn is_embedded_in(&self, label: &str) -> bool {
        if !label.contains('-') {
            return false;
        }
        let words: Vec<String> = label.split('-').take(MAX_WORDS).map(strokes).collect();
        (0..words.len()).any(|first| {
            let mut run = String::new();
            words.iter().skip(first).any(|word| {
                run.push_str(word);
                self.is_name(&pairs(run.clone()))
            })
        })
    }

    fn edited(&self, folded: &str) -> Option<LookAlike> {
        let (held, length) = (letters(folded), folded.chars().count());
        let mut nearest = None;
        for (other_length, row) in self.by_length.range(length.saturating_sub(2)..=length.saturating_add(2)) {
            let most = match length.min(*other_length) {
                ..MIN_ONE_EDIT => continue,
                MIN_ONE_EDIT..MIN_TWO_EDITS => 1,
                MIN_TWO_EDITS.. => 2,
            };
            for (others, name) in row {
                // Why: an edit changes at most two of the letters held, and counting bits is far cheaper than the distance.
                if (held ^ others).count_ones() > 2 * most {
                    continue;
                }
                match distance(folded, name) {
                    1 => return Some(LookAlike::OneEdit),
                    2 if most == 2 => nearest = Some(LookAlike::TwoEdits),
                    _ => {}
                }
            }
        }
        nearest
    }
}

/// Edits between two texts: Damerau and Levenshtein's distance in its plain form (optimal string alignment), where no
/// letter is edited twice.
fn distance(a: &str, b: &str) -> usize {
    // Why: what begins or ends alike costs nothing, and most names that come this far do.
    let common = a.chars().zip(b.chars()).take_while(|(a, b)| a == b).map(|(c, _)| c.len_utf8()).sum();
    let (a, b) = (a.get(common..).unwrap_or_default(), b.get(common..).unwrap_or_default());
    let common: usize =
        a.chars().rev().zip(b.chars().rev()).take_while(|(a, b)| a == b).map(|(c, _)| c.len_utf8()).sum();
    let (a, b) = (a.get(..a.len() - common), b.get(..b.len() - common));
    strsim::osa_distance(a.unwrap_or_default(), b.unwrap_or_default())
}

/// Which letters a text holds, one bit a letter; letters of other scripts share bits.
fn letters(text: &str) -> u64 {
    text.chars().fold(0, |held, c| held | 1 << (u32::from(c) % 64))
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn names() -> Names {
        let domains = ["acme-corp.com", "northwind.example", "bolt.io", "abc.de"];
        Names::new(&domains.map(|domain| Domain::parse(domain).unwrap()))
    }

    fn of(text: &str) -> Option<LookAlike> {
        names().imitated_by(&Domain::parse(text).unwrap())
    }

    #[test]
    fn imitations_are_recognized() {
        for (domain, expected) in [
            ("acrne-corp.com", LookAlike::Confusable),
            ("acme-c0rp.com", LookAlike::Confusable),
            ("acmecorp.com", LookAlike::Confusable),
            ("асme-corp.com", LookAlike::Confusable),
            ("xn--cme-corp-06g.com", LookAlike::Confusable),
            ("b0lt.io", LookAlike::Confusable),
            ("acme-corp.net", LookAlike::OtherSuffix),
            ("acme-corp.co.uk", LookAlike::OtherSuffix),
            ("acmee-corp.com", LookAlike::OneEdit),
            ("acme-crop.com", LookAlike::OneEdit),
            ("norhtwind.example", LookAlike::OneEdit),
            ("acrne-corps.com", LookAlike::OneEdit),
            ("acme-crops.com", LookAlike::TwoEdits),
            ("acme-corp-login.com", LookAlike::Embedded),
            ("login-acme-corp.com", LookAlike::Embedded),
            ("my-acrne-c0rp-login.example", LookAlike::Embedded),
            ("northwind-payroll.com", LookAlike::Embedded),
            ("acme-corp-sso.attacker.example", LookAlike::Embedded),
            ("acme-corp.attacker.example", LookAlike::SubDomain),
            ("acme-corp-s.com", LookAlike::OneEdit),
            ("acme-corp.com.login.example", LookAlike::SubDomain),
            ("sso.acme-corp.attacker.example", LookAlike::SubDomain),
        ] {
            assert_eq!(of(domain), Some(expected), "{domain}");
        }
    }

    #[test]
    fn other_firms_are_not_imitations() {
        for domain in [
            "example.com",
            "abd.de",
            "boat.io",
            "acme.org",
            "northgate.example",
            "corp.com",
            "abc.com",
            "abc-login.com",
            "bolt-login.com",
            "bolt.attacker.example",
            "nuts-and-bolt-s.com",
            "acme-login.com",
            "corp-acme.com",
            "acme-and-corp-login.com",
            "northwinds-bakery.com",
            "north-windmill.com",
            "a-b-c-d-e-f-g-h-acme-corp.com",
            "--.com",
        ] {
            assert_eq!(of(domain), None, "{domain}");
        }
    }

    proptest! {
        #[test]
        fn what_is_alike_at_both_ends_changes_no_distance(a in "[abé]{0,8}", b in "[abé]{0,8}") {
            prop_assert_eq!(distance(&a, &b), strsim::osa_distance(&a, &b));
        }

        #[test]
        fn any_domain_is_compared(text in any::<String>()) {
            if let Some(domain) = Domain::parse(&text) {
                let _ = names().imitated_by(&domain);
                let _ = Names::new(&[domain]).imitated_by(&Domain::parse("example.com").unwrap());
            }
        }

        #[test]
        fn one_edit_is_found_whatever_it_is(at in 0..8_usize, letter in "[a-z]") {
            let mut name = "acmecorp".to_owned();
            name.replace_range(at..=at, &letter);
            let found = of(&format!("{name}.com"));
            prop_assert!(matches!(found, Some(LookAlike::OneEdit | LookAlike::Confusable)), "{name}: {found:?}");
        }
    }
}
