//! What is known of the account that is made: derived values only, never the address or the name.

use countersign_core::Score;
use serde::{Deserialize, Serialize};

use super::is_false;
use crate::{NetworkKind, Readings};

/// What sign-up tells of the person, the address and the crowd it comes in; `Default` knows nothing.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize)]
pub struct SignUp {
    /// Kind of the e-mail address's domain; `None` without an address.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub domain: Option<DomainKind>,
    /// Whether free mail is unusual in this tenant.
    #[serde(default, skip_serializing_if = "is_false")]
    pub is_business: bool,
    /// How the domain imitates a known organization's; `None` when it does not.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub look_alike: Option<LookAlike>,
    /// Whether the address names an office rather than a person, such as `info`.
    #[serde(default, skip_serializing_if = "is_false")]
    pub is_role: bool,
    /// How the address varies one mailbox; `None` when it does not.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub variant: Option<Variant>,
    /// How little the local part looks like a name or a word, 0 to 1,000; `None` when it is too short to tell.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub gibberish_milli: Option<u16>,
    /// How the name fits the local part; `None` when either can't be compared.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub name: Option<NameFit>,
    /// Whether the address or the name hides or imitates letters: invisible characters, two alphabets in one word.
    #[serde(default, skip_serializing_if = "is_false")]
    pub is_disguised: bool,
    /// Whether the name carries a link.
    #[serde(default, skip_serializing_if = "is_false")]
    pub has_link: bool,
    /// Whether the browser's language is spoken where the address is; `None` when either is not known.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub language_fits: Option<bool>,
    /// The kind of the network that it came from; `None` when no list names it, and at a sign-in, which has its own.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub network: Option<NetworkKind>,
    /// Other accounts lately seen with the same block, domain, client or pattern.
    #[serde(default, skip_serializing_if = "Readings::is_empty")]
    pub readings: Readings,
    /// Score of this address's sign-up, at the first login; `None` when there was none or the rest was read anew.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub carried: Option<Score>,
}

/// A kind of e-mail domain.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum DomainKind {
    /// Addresses that last for minutes.
    Disposable,
    /// Mailboxes that anyone may open.
    FreeMail,
    /// A known organization's, as the operator says; typed in, not yet proved.
    Organization,
    /// Any other.
    Other,
}

/// How a domain imitates a known organization's, the most deceptive first.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum LookAlike {
    /// Letters that look the same, such as `rn` for `m`, `0` for `o` or a Cyrillic letter.
    Confusable,
    /// The organization's name below a foreign domain.
    SubDomain,
    /// One letter more, less, other or swapped.
    OneEdit,
    /// The organization's name joined to other words by hyphens, such as `acme-login` for `acme`.
    Embedded,
    /// The same name under another suffix.
    OtherSuffix,
    /// Two letters more, less, other or swapped.
    TwoEdits,
}

/// How an address varies one mailbox.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Variant {
    /// A tag behind a plus sign.
    Tag,
    /// Dots where few people write any, at a provider that ignores them.
    Dots,
}

/// How a person's name fits the local part of the address.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum NameFit {
    /// A part of the name, or its initials with one, is there.
    Matches,
    /// Nothing of the name is there.
    Unrelated,
}
