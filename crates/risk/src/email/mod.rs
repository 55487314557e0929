//! What an e-mail address tells without being kept: its parts, its likeness to others, its sense.

mod disguise;
mod fold;
mod gibberish;
mod name;
mod punycode;
mod skeleton;

pub(crate) use disguise::{has_link, is_disguised_address, is_disguised_name};
pub(crate) use fold::{confusable, pairs, strokes};
pub(crate) use gibberish::gibberish_milli;
pub(crate) use name::{fit, full};
pub(crate) use skeleton::{is_role, skeleton, variant};

use crate::Suffixes;

/// The longest local part read, in bytes (RFC 5321, 4.5.3.1.1); what is longer is cut.
const MAX_LOCAL_BYTES: usize = 64;

/// The longest domain read, in bytes (RFC 1035, 2.3.4); an address with a longer one has none.
const MAX_DOMAIN_BYTES: usize = 253;

/// An e-mail address in its two parts, in lower case; only ever held while features are read.
#[derive(Clone, PartialEq, Eq)]
pub(crate) struct Address {
    /// Before the last `@`, 1 to 64 bytes.
    pub(crate) local: String,
    /// After it.
    pub(crate) domain: Domain,
}

impl Address {
    /// Reads `text`, and cuts its domain by the embedded list of suffixes; `None` for what can't be delivered to anybody.
    pub(crate) fn parse(text: &str) -> Option<Self> {
        Self::parse_by(text, None)
    }

    /// The same by these suffixes, or the embedded ones where there are none.
    pub(crate) fn parse_by(text: &str, suffixes: Option<&Suffixes>) -> Option<Self> {
        let (local, domain) = text.trim().rsplit_once('@')?;
        let local = local.get(..local.floor_char_boundary(MAX_LOCAL_BYTES))?;
        let local: String = local.chars().flat_map(char::to_lowercase).collect();
        (!local.is_empty()).then_some(())?;
        Some(Self { local, domain: Domain::parse_by(domain, suffixes)? })
    }
}

/// Whose mailbox an e-mail address is, as far as its form tells.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Mailbox {
    /// What stands before the `@`, in lower case, 1 to 64 bytes.
    pub local: String,
    /// The registrable part of the domain, such as `example.co.uk`; the whole where the suffix list has no answer.
    pub company: String,
    /// Whether what stands before the `@` names an office (`info`, `admin`) rather than a person.
    pub is_office: bool,
}

impl Mailbox {
    /// Reads an e-mail address; `None` for what can't be delivered to anybody.
    #[must_use]
    pub fn parse(text: &str) -> Option<Self> {
        let Address { local, domain } = Address::parse(text)?;
        let is_office = is_role(&local);
        Some(Self { local, company: domain.registrable().to_owned(), is_office })
    }
}

/// A domain in lower case and in letters rather than punycode, cut at its public suffix.
#[derive(Clone, PartialEq, Eq)]
pub(crate) struct Domain {
    host: String,
    registrable_at: usize,
    name_end: usize,
}

impl Domain {
    /// Reads `text` and cuts it by the embedded list of suffixes; `None` for what is no domain of letters, digits, hyphens and
    /// dots.
    #[cfg(test)]
    pub(crate) fn parse(text: &str) -> Option<Self> {
        Self::cut(host(text)?, None)
    }

    /// The same by these suffixes, or the embedded ones where there are none.
    pub(crate) fn parse_by(text: &str, suffixes: Option<&Suffixes>) -> Option<Self> {
        Self::cut(host(text)?, suffixes)
    }

    fn cut(host: String, suffixes: Option<&Suffixes>) -> Option<Self> {
        let length = match suffixes {
            Some(suffixes) => suffixes.length(&host),
            None => psl::suffix_str(&host).map_or(0, str::len),
        };
        let name_end = host.len().checked_sub(length + 1).filter(|end| *end > 0 && length > 0);
        let Some(name_end) = name_end else {
            return Some(Self { registrable_at: 0, name_end: host.len(), host });
        };
        let registrable_at = host.get(..name_end)?.rfind('.').map_or(0, |dot| dot + 1);
        Some(Self { host, registrable_at, name_end })
    }

    /// The whole domain.
    pub(crate) fn host(&self) -> &str {
        &self.host
    }

    /// The part that one registers, such as `example.co.uk`; the whole where the suffix list has no answer.
    pub(crate) fn registrable(&self) -> &str {
        self.host.get(self.registrable_at..).unwrap_or_default()
    }

    /// The registrable part without its public suffix, such as `example`.
    pub(crate) fn name(&self) -> &str {
        self.host.get(self.registrable_at..self.name_end).unwrap_or_default()
    }

    /// The labels below the registrable part.
    pub(crate) fn below(&self) -> impl Iterator<Item = &str> {
        let below = self.host.get(..self.registrable_at).unwrap_or_default();
        below.split('.').filter(|label| !label.is_empty())
    }

    /// The domain and each one above it, down to the registrable part.
    pub(crate) fn parents(&self) -> impl Iterator<Item = &str> {
        let starts = std::iter::once(0).chain(self.host.match_indices('.').map(|(at, _)| at + 1));
        starts.filter(|at| *at <= self.registrable_at).filter_map(|at| self.host.get(at..))
    }
}

/// A domain in lower case and in letters; `None` for what is no domain of letters, digits, hyphens and dots.
pub(crate) fn host(text: &str) -> Option<String> {
    let text = text.trim_matches(|c: char| c == '.' || c.is_whitespace());
    if text.is_empty() || text.len() > MAX_DOMAIN_BYTES {
        return None;
    }
    let labels: Vec<String> = text.split(is_dot).map(punycode::letters).collect();
    let is_label = |label: &String| {
        !label.is_empty()
            && label.chars().all(|c| c.is_alphanumeric() || c == '-' || c == '_' || !c.is_ascii())
    };
    labels.iter().all(is_label).then(|| labels.join("."))
}

/// Dots that resolvers take for one (UTS 46, 4.5).
const fn is_dot(c: char) -> bool {
    matches!(c, '.' | '\u{3002}' | '\u{ff0e}' | '\u{ff61}')
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn an_address_is_cut_at_its_public_suffix() {
        for (text, registrable, name, below) in [
            ("Pat@Example.COM", "example.com", "example", 0),
            ("pat@mail.eu.example.co.uk", "example.co.uk", "example", 2),
            ("pat@xn--mller-kva.de.", "müller.de", "müller", 0),
            ("\"a@b\"@example.org", "example.org", "example", 0),
            ("root@localhost", "localhost", "localhost", 0),
            ("pat@co.uk", "co.uk", "co.uk", 0),
        ] {
            let domain = Address::parse(text).unwrap().domain;
            assert_eq!((domain.registrable(), domain.name()), (registrable, name), "{text}");
            assert_eq!(domain.below().count(), below, "{text}");
        }
    }

    #[test]
    fn a_mailbox_is_a_persons_or_an_offices_at_a_company() {
        let of = |text: &str| Mailbox::parse(text).map(|is| (is.local, is.company, is.is_office));
        let told = |local: &str, company: &str, is| Some((local.to_owned(), company.to_owned(), is));
        assert_eq!(of("Pat.Doe@eu.Acme.co.uk"), told("pat.doe", "acme.co.uk", false));
        assert_eq!(of("info@acme.example"), told("info", "acme.example", true));
        assert_eq!(of("acme.example"), None);
    }

    #[test]
    fn what_is_no_address_is_none() {
        let long = format!("a@{}", "x.".repeat(200));
        for text in ["", "@", "a@", "@b.c", "a", "a@b c", "a@.", "a@b..c", "a@[203.0.113.9]", long.as_str()] {
            assert!(Address::parse(text).is_none(), "{text}");
        }
    }

    #[test]
    fn parents_end_at_the_registrable_part() {
        let domain = Domain::parse("a.b.example.com").unwrap();
        let parents: Vec<_> = domain.parents().collect();
        assert_eq!(parents, ["a.b.example.com", "b.example.com", "example.com"]);
    }

    proptest! {
        #[test]
        fn any_text_is_read_or_refused(local in any::<String>(), domain in "\\PC{0,40}") {
            let _ = Address::parse(&local);
            if let Some(address) = Address::parse(&format!("{local}@{domain}")) {
                prop_assert!(address.domain.host().len() <= 4 * MAX_DOMAIN_BYTES);
                prop_assert!(address.domain.host().ends_with(address.domain.registrable()));
                prop_assert!(address.domain.registrable().starts_with(address.domain.name()));
                prop_assert!(address.domain.parents().all(|parent| !parent.is_empty()));
            }
        }
    }
}
