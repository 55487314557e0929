//! What each field that comes in may tell, and what follows for where it may be shown.
//!
//! One table, `data/fields.tsv`, has a row for every field. What has no row is secret: a field that Auth0 adds tomorrow is
//! shown to nobody until somebody looked at it.

#[cfg(test)]
mod page;
mod redact;
mod reveal;
mod table;

use std::fmt;

use countersign_core::Trigger;

pub use redact::{Allowed, Redacted, redact};
pub use reveal::{Masked, masked, opened};
pub use table::{Row, rows};

/// What a field may tell.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum FieldClass {
    /// Names one account, client, session or other thing by an id.
    Identifier,
    /// Tells of a person: names, addresses, telephone numbers, pictures.
    Personal,
    /// Where somebody came from and with what: addresses, places, agents, fingerprints.
    Network,
    /// Must not be kept or shown: passwords, codes, tokens, and what nobody classed.
    Secret,
    /// Written by people or by a tenant, with anything in it.
    FreeText,
    /// Words of Auth0's or of ours, times, flags and numbers.
    Public,
}

impl FieldClass {
    /// Every class.
    pub const ALL: [Self; 6] =
        [Self::Identifier, Self::Personal, Self::Network, Self::Secret, Self::FreeText, Self::Public];

    /// Its word in the table.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Identifier => "identifier",
            Self::Personal => "personal",
            Self::Network => "network",
            Self::Secret => "secret",
            Self::FreeText => "free_text",
            Self::Public => "public",
        }
    }
}

impl fmt::Display for FieldClass {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.as_str())
    }
}

/// From where fields come in.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Source {
    /// The event of an Action; the short form has none.
    Event(Trigger),
    /// An entry of a tenant's log.
    Log,
    /// A message of an event stream.
    Stream,
    /// The answer of an enrichment connector.
    Enrichment,
    /// Bodies and queries of our own API; a path begins with the endpoint's name.
    Api,
    /// Claims of the tokens by which people sign in and applications ask.
    Identity,
    /// What the Management API answers; a path begins with the kind of object.
    Management,
}

/// The class of the field at `path`, such as `user.identities[0].provider`; `None` where the table has no row for it, which
/// means secret.
#[must_use]
pub fn classed(source: Source, path: &str) -> Option<FieldClass> {
    table::of(source).at(path).class()
}

/// As [`classed`], and what has no row is secret.
#[must_use]
pub fn class_of(source: Source, path: &str) -> FieldClass {
    classed(source, path).unwrap_or(FieldClass::Secret)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_has_no_row_is_secret() {
        let login = Source::Event(Trigger::PostLogin);
        for path in
            ["", "later", "user", "user.later", "user.email.later", "user.identities", "user.identities[]x"]
        {
            assert_eq!((classed(login, path), class_of(login, path)), (None, FieldClass::Secret), "{path}");
        }
        assert_eq!(classed(Source::Event(Trigger::ShortForm), "user.email"), None);
    }

    #[test]
    fn rows_cover_items_and_what_lies_below() {
        let login = Source::Event(Trigger::PostLogin);
        for (source, path, class) in [
            (login, "user.email", FieldClass::Personal),
            (login, "user.user_metadata", FieldClass::FreeText),
            (login, "user.user_metadata.a.b[3].c", FieldClass::FreeText),
            (login, "user.identities[12].provider", FieldClass::Public),
            (login, "user.identities[].provider", FieldClass::Public),
            (Source::Event(Trigger::EventStream), "message.data.object.user_id", FieldClass::Identifier),
            (Source::Stream, "data.object.later", FieldClass::Personal),
            (Source::Enrichment, "seat_count", FieldClass::Personal),
        ] {
            assert_eq!(classed(source, path), Some(class), "{path}");
        }
    }

    #[test]
    fn a_trigger_has_its_own_rows_and_those_of_all() {
        let phone = Source::Event(Trigger::SendPhoneMessage);
        assert_eq!(classed(phone, "message_options.code"), Some(FieldClass::Secret));
        assert_eq!(classed(phone, "user.email"), Some(FieldClass::Personal));
        assert_eq!(classed(Source::Event(Trigger::PostLogin), "message_options.action"), None);
    }
}
