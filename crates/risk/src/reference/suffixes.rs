//! Public suffixes: where a domain that someone can register begins.

use super::domains::Hosts;
use crate::email::host;

/// The rules of a list in the form of publicsuffix.org ("Format"), those of both its sections.
#[derive(Clone, Default)]
pub struct Suffixes {
    /// `co.uk`
    exact: Hosts,
    /// `ck` of `*.ck`
    below: Hosts,
    /// `www.ck` of `!www.ck`
    except: Hosts,
}

impl std::fmt::Debug for Suffixes {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_tuple("Suffixes").field(&self.len()).finish()
    }
}

impl Suffixes {
    /// Reads a list: a rule a line, up to the first white space; comments begin with `//`. Also gives the numbers of lines,
    /// from 1, that are no rule; these are left out.
    #[must_use]
    pub fn read(text: &str) -> (Self, Vec<usize>) {
        let (mut suffixes, mut faults) = (Self::default(), Vec::new());
        for (number, line) in (1..).zip(text.lines()) {
            let Some(rule) = line.split_whitespace().next().filter(|rule| !rule.starts_with("//")) else {
                continue;
            };
            let (hosts, told) = if let Some(told) = rule.strip_prefix('!') {
                (&mut suffixes.except, told)
            } else if let Some(told) = rule.strip_prefix("*.") {
                (&mut suffixes.below, told)
            } else {
                (&mut suffixes.exact, rule)
            };
            match host(told) {
                Some(host) => drop(hosts.insert(host.into())),
                None => faults.push(number),
            }
        }
        (suffixes, faults)
    }

    /// How many rules it holds.
    #[must_use]
    pub fn len(&self) -> usize {
        self.exact.len() + self.below.len() + self.except.len()
    }

    /// Whether it holds none.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.len() == 0
    }

    /// The length in bytes of the public suffix of a domain in lower case and in letters: its last label where no rule says more.
    pub(crate) fn length(&self, host: &str) -> usize {
        let mut rest = host;
        while let Some((_, above)) = rest.split_once('.') {
            if self.except.contains(rest) {
                return above.len();
            }
            if self.exact.contains(rest) || self.below.contains(above) {
                return rest.len();
            }
            rest = above;
        }
        rest.len()
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn rules_wildcards_and_exceptions_hold_as_the_list_s_format_says() {
        let text = "// ===BEGIN ICANN DOMAINS===\ncom\nuk\nco.uk  // said behind white space\n*.ck\n!www.ck\n公司.cn\n\n// ===BEGIN PRIVATE DOMAINS===\nxn--55qx5d.hk\n";
        let (suffixes, faults) = Suffixes::read(text);
        assert_eq!((suffixes.len(), faults), (7, vec![]));
        for (host, suffix) in [
            ("example.com", "com"),
            ("a.example.co.uk", "co.uk"),
            ("co.uk", "co.uk"),
            ("a.b.ck", "b.ck"),
            ("www.ck", "ck"),
            ("a.www.ck", "ck"),
            ("a.公司.cn", "公司.cn"),
            ("a.公司.hk", "公司.hk"),
            ("a.nowhere", "nowhere"),
            ("localhost", "localhost"),
        ] {
            assert_eq!(suffixes.length(host), suffix.len(), "{host}");
        }
    }

    #[test]
    fn lines_that_are_no_rule_are_told_by_number() {
        let (suffixes, faults) = Suffixes::read("com\n*\na.*.b\n!\nco..uk\n<html>\n");
        assert_eq!((suffixes.len(), faults), (1, vec![2, 3, 4, 5, 6]));
    }

    proptest! {
        #[test]
        // The label is none that the list has, such as `sa.com`, which the text does not.
        fn the_embedded_list_and_its_rules_read_from_text_cut_alike(
            label in "qz[0-9]{2,4}q", host in "[a-z]{1,3}(\\.[a-z]{1,3}){0,2}",
            suffix in prop::sample::select(vec!["com", "co.uk", "uk", "www.ck", "x.ck", "ck", "github.io", "s3.amazonaws.com", "nowhere"]),
        ) {
            let text = "com\nuk\nco.uk\n*.ck\n!www.ck\nio\ngithub.io\ns3.amazonaws.com\n";
            let host = format!("{host}.{label}.{suffix}");
            let embedded = psl::suffix_str(&host).map(str::len);
            prop_assert_eq!(Some(Suffixes::read(text).0.length(&host)), embedded, "{}", host);
        }
    }
}
