//! What an assessment may look up: kinds of e-mail domains and of networks, and the names that others imitate.

mod domains;
mod language;
mod look_alike;
mod network;
mod suffixes;

use std::{collections::BTreeSet, sync::LazyLock};

pub use domains::{DomainLists, DomainSet};

pub(crate) use language::fits;
use look_alike::Names;
pub use network::NetworkKind;
use serde::{Deserialize, Serialize};
pub use suffixes::Suffixes;

use crate::{
    DomainKind, LookAlike,
    email::{Address, Domain, host},
};

const DISPOSABLE: &str = include_str!("../../data/disposable-domains.txt");
const FREE_MAIL: &str = include_str!("../../data/free-mail-domains.txt");

/// Reference data of one tenant as the operator writes it; `Default` adds nothing to the embedded lists.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct ReferenceLists {
    /// Domains of addresses that last for minutes, beside the embedded ones.
    pub disposable_domains: BTreeSet<String>,
    /// Domains of mailboxes that anyone may open, beside the embedded ones.
    pub free_mail_domains: BTreeSet<String>,
    /// Domains of the organizations that are served; they are guarded against imitations.
    pub organization_domains: BTreeSet<String>,
    /// Whether free mail is unusual here; true unless said otherwise.
    pub is_business: bool,
}

impl Default for ReferenceLists {
    fn default() -> Self {
        Self {
            disposable_domains: BTreeSet::new(),
            free_mail_domains: BTreeSet::new(),
            organization_domains: BTreeSet::new(),
            is_business: true,
        }
    }
}

/// Reference data made ready to look up, of one tenant's snapshot.
#[derive(Clone)]
pub struct Reference {
    disposable: BTreeSet<String>,
    free_mail: BTreeSet<String>,
    organizations: BTreeSet<String>,
    names: Names,
    is_business: bool,
    lists: DomainLists,
}

impl std::fmt::Debug for Reference {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Reference").field("organizations", &self.organizations.len()).finish_non_exhaustive()
    }
}

impl Default for Reference {
    /// The embedded lists alone.
    fn default() -> Self {
        Self::new(&ReferenceLists::default())
    }
}

impl Reference {
    /// Prepares `extra` beside the embedded lists; what is no domain is left out.
    #[must_use]
    pub fn new(extra: &ReferenceLists) -> Self {
        Self::with(extra, &DomainLists::default())
    }

    /// Prepares `extra` beside the operator's lists for all tenants and the embedded ones; what is no domain is left out.
    #[must_use]
    pub fn with(extra: &ReferenceLists, lists: &DomainLists) -> Self {
        let hosts = |domains: &BTreeSet<String>| domains.iter().filter_map(|text| host(text)).collect();
        let parse = |text: &String| Domain::parse_by(text, lists.suffixes.as_deref());
        let organizations: Vec<Domain> = extra.organization_domains.iter().filter_map(parse).collect();
        Self {
            disposable: hosts(&extra.disposable_domains),
            free_mail: hosts(&extra.free_mail_domains),
            names: Names::new(&organizations),
            organizations: organizations.iter().map(|domain| domain.registrable().to_owned()).collect(),
            is_business: extra.is_business,
            lists: lists.clone(),
        }
    }

    /// Reads an e-mail address, with its domain cut by the suffixes in force; `None` for what can't be delivered to anybody.
    pub(crate) fn address(&self, text: &str) -> Option<Address> {
        Address::parse_by(text, self.lists.suffixes.as_deref())
    }

    /// Whether free mail is unusual here.
    #[must_use]
    pub const fn is_business(&self) -> bool {
        self.is_business
    }

    /// Whether the e-mail address lasts for minutes only; false for what is no address.
    #[must_use]
    pub fn is_disposable(&self, address: &str) -> bool {
        self.address(address).is_some_and(|address| self.kind(&address.domain) == DomainKind::Disposable)
    }

    /// The domain's kind: by the tenant's policy, then by the operator's lists for all tenants, then by the embedded ones.
    pub(crate) fn kind(&self, domain: &Domain) -> DomainKind {
        let any = |holds: &dyn Fn(&str) -> bool| domain.parents().any(holds);
        if self.organizations.contains(domain.registrable()) {
            DomainKind::Organization
        } else if any(&|host| self.disposable.contains(host)) {
            DomainKind::Disposable
        } else if any(&|host| self.free_mail.contains(host)) {
            DomainKind::FreeMail
        } else if any(&|host| self.lists.disposable.contains(host)) {
            DomainKind::Disposable
        } else if any(&|host| self.lists.free_mail.contains(host)) {
            DomainKind::FreeMail
        } else if any(&|host| EMBEDDED.disposable.contains(host)) {
            DomainKind::Disposable
        } else if any(&|host| EMBEDDED.free_mail.contains(host)) {
            DomainKind::FreeMail
        } else {
            DomainKind::Other
        }
    }

    /// How the domain imitates a known organization's; `None` for well-known providers and for the organizations.
    pub(crate) fn look_alike(&self, domain: &Domain) -> Option<LookAlike> {
        match self.kind(domain) {
            DomainKind::Organization | DomainKind::FreeMail => None,
            DomainKind::Disposable | DomainKind::Other => self.names.imitated_by(domain),
        }
    }
}

struct Embedded {
    disposable: BTreeSet<&'static str>,
    free_mail: BTreeSet<&'static str>,
}

static EMBEDDED: LazyLock<Embedded> =
    LazyLock::new(|| Embedded { disposable: lines(DISPOSABLE), free_mail: lines(FREE_MAIL) });

fn lines(text: &'static str) -> BTreeSet<&'static str> {
    text.lines().map(str::trim).filter(|line| !line.is_empty() && !line.starts_with('#')).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn kind(reference: &Reference, text: &str) -> DomainKind {
        reference.kind(&Domain::parse(text).unwrap())
    }

    #[test]
    fn addresses_at_disposable_domains_are_known() {
        let reference = Reference::default();
        assert!(
            reference.is_disposable("A.b@Mailinator.com") && reference.is_disposable("a@sub.mailinator.com")
        );
        for other in ["a@gmail.com", "mailinator.com", "@mailinator.com", "a@", ""] {
            assert!(!reference.is_disposable(other), "{other}");
        }
    }

    #[test]
    fn the_embedded_lists_are_domains_and_do_not_overlap() {
        for domain in EMBEDDED.disposable.iter().chain(&EMBEDDED.free_mail) {
            assert_eq!(Domain::parse(domain).unwrap().host(), *domain);
        }
        assert_eq!(EMBEDDED.disposable.intersection(&EMBEDDED.free_mail).count(), 0);
        assert!(EMBEDDED.disposable.len() >= 150 && EMBEDDED.free_mail.len() >= 60);
    }

    #[test]
    fn domains_are_sorted_into_kinds() {
        let reference = Reference::new(&ReferenceLists {
            disposable_domains: ["burner.example".to_owned()].into(),
            free_mail_domains: ["mailinator.com".to_owned()].into(),
            organization_domains: ["eu.Acme-Corp.com".to_owned(), "not a domain".to_owned()].into(),
            ..ReferenceLists::default()
        });
        assert_eq!(kind(&reference, "Mail.Acme-Corp.com"), DomainKind::Organization);
        assert_eq!(kind(&reference, "x.burner.example"), DomainKind::Disposable);
        assert_eq!(kind(&reference, "yopmail.com"), DomainKind::Disposable);
        assert_eq!(
            kind(&reference, "mailinator.com"),
            DomainKind::FreeMail,
            "the operator's word counts more"
        );
        assert_eq!(kind(&reference, "gmail.com"), DomainKind::FreeMail);
        assert_eq!(kind(&reference, "example.com"), DomainKind::Other);
        assert_eq!(reference.organizations.len(), 1);
    }

    #[test]
    fn lists_for_all_tenants_count_more_than_the_embedded_ones_and_less_than_the_policy() {
        let read = |text: &str| std::sync::Arc::new(DomainSet::read(text).0);
        let lists = DomainLists {
            disposable: read("burner.example\npolicy.example\n"),
            free_mail: read("mailinator.com\nmail.example\n"),
            suffixes: None,
        };
        let extra = ReferenceLists {
            free_mail_domains: ["policy.example".to_owned()].into(),
            ..ReferenceLists::default()
        };
        let reference = Reference::with(&extra, &lists);
        assert_eq!(kind(&reference, "x.burner.example"), DomainKind::Disposable);
        assert_eq!(kind(&reference, "mail.example"), DomainKind::FreeMail);
        assert_eq!(kind(&reference, "mailinator.com"), DomainKind::FreeMail);
        assert_eq!(kind(&reference, "policy.example"), DomainKind::FreeMail);
        assert_eq!(kind(&reference, "yopmail.com"), DomainKind::Disposable, "what is embedded stays");
    }

    #[test]
    fn public_suffixes_of_the_operator_take_the_place_of_the_embedded_ones() {
        let suffixes = Suffixes::read("example\nshared.example\n").0;
        let lists = DomainLists { suffixes: Some(suffixes.into()), ..DomainLists::default() };
        let extra = ReferenceLists {
            organization_domains: ["acme.shared.example".to_owned()].into(),
            ..ReferenceLists::default()
        };
        let reference = Reference::with(&extra, &lists);
        let kind = |text: &str| reference.kind(&reference.address(text).unwrap().domain);
        assert_eq!(kind("pat@eu.acme.shared.example"), DomainKind::Organization);
        assert_eq!(kind("pat@other.shared.example"), DomainKind::Other, "the suffix is shared by strangers");
        let embedded = Reference::new(&extra);
        assert_eq!(self::kind(&embedded, "other.shared.example"), DomainKind::Organization);
    }

    #[test]
    fn lists_are_read_from_part_of_a_document() {
        let lists: ReferenceLists = serde_json::from_str(r#"{"free_mail_domains":["a.example"]}"#).unwrap();
        assert!(lists.is_business && lists.free_mail_domains.len() == 1);
        assert!(serde_json::from_str::<ReferenceLists>(r#"{"domains":[]}"#).is_err());
    }
}
