//! The terms of a sign-in.

use std::borrow::Cow;

use super::{Login, client, context, crowd, place, session, words};
use crate::{Code, Features, Profile, code};

/// A term as the table holds it.
pub(super) struct Row {
    pub(super) name: &'static str,
    read: fn(&Login<'_>) -> Option<f64>,
    /// The code where it raises the risk.
    pub(super) raises: &'static Code,
    /// The code where it lowers it.
    pub(super) lowers: &'static Code,
    /// The sentence, of a term that raises the risk or lowers it.
    pub(super) words: fn(&Login<'_>, bool) -> Cow<'static, str>,
}

macro_rules! terms {
    ($($variant:ident = $name:literal, $read:path, $raises:ident | $lowers:ident, $words:path, $doc:literal;)+) => {
        /// What a sign-in is weighed by.
        #[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
        pub enum Term {
            $(#[doc = $doc] $variant,)+
        }

        /// Every term by its name in a model, in order.
        pub const TERM_NAMES: &[(Term, &str)] = &[$((Term::$variant, $name)),+];

        pub(super) const TABLE: &[Row] = &[$(Row {
            name: $name,
            read: $read,
            raises: &code::$raises,
            lowers: &code::$lowers,
            words: $words,
        }),+];
    };
}

/// One number for each term; `None` where it says nothing.
#[derive(Debug, Clone, PartialEq)]
pub struct Evidence([Option<f64>; TABLE.len()]);

impl Evidence {
    /// The evidence of a term.
    #[must_use]
    pub fn of(&self, term: Term) -> Option<f64> {
        let place = TERM_NAMES.iter().position(|(other, _)| *other == term)?;
        self.0.get(place).copied().flatten()
    }

    /// All of it, in the order of [`TERM_NAMES`].
    #[must_use]
    pub const fn values(&self) -> &[Option<f64>] {
        &self.0
    }
}

/// The evidence of each term, in the order of [`TERM_NAMES`]; `None` for a person without a history.
#[must_use]
pub fn evidence(features: &Features, profile: Option<&Profile>) -> Evidence {
    let nobody = Profile::default();
    read(&Login::new(features, profile.unwrap_or(&nobody)))
}

pub(super) fn read(login: &Login<'_>) -> Evidence {
    let mut values = [None; TABLE.len()];
    for (value, row) in values.iter_mut().zip(TABLE) {
        *value = (row.read)(login);
    }
    Evidence(values)
}

terms! {
    Country = "country", place::country, UNFAMILIAR_COUNTRY | FAMILIAR_COUNTRY, words::country, "The country against the person's, their organization's and the tenant's.";
    Network = "network", place::network, UNFAMILIAR_NETWORK | FAMILIAR_NETWORK, words::network, "The network among those of its country.";
    Block = "block", place::block, UNFAMILIAR_BLOCK | FAMILIAR_BLOCK, words::block, "The block of addresses among those of its network.";
    Distance = "distance", place::distance, FAR_PLACE | KNOWN_PLACE, words::distance, "The distance from the nearest known place.";
    Travel = "travel", place::travel, FAST_TRAVEL | FAST_TRAVEL, words::travel, "The speed since the last confirmed sign-in.";
    Machine = "machine", client::machine, UNFAMILIAR_DEVICE | FAMILIAR_DEVICE, words::machine, "The kind of machine and its system.";
    Browser = "browser", client::browser, UNFAMILIAR_BROWSER | FAMILIAR_BROWSER, words::browser, "The browser among those of such machines.";
    Version = "version", client::version, UNUSUAL_VERSION | USUAL_VERSION, words::version, "The browser's version against the newest that the person used.";
    Language = "language", client::language, UNFAMILIAR_LANGUAGE | FAMILIAR_LANGUAGE, words::language, "The browser's language.";
    Tls = "tls", client::tls, UNFAMILIAR_TLS | FAMILIAR_TLS, words::tls, "The TLS fingerprint against the person's.";
    TlsPair = "tls_pair", client::tls_pair, TLS_MISMATCH | TLS_MATCH, words::tls_pair, "The TLS fingerprint against those of the same browser and system.";
    Hour = "hour", context::hour, UNUSUAL_HOUR | USUAL_HOUR, words::hour, "The hour of the day.";
    History = "history", context::history, THIN_HISTORY | THIN_HISTORY, words::history, "How little is known of the person.";
    Dormant = "dormant", context::dormant, LONG_ABSENCE | LONG_ABSENCE, words::absence, "How long the account was not used.";
    Failures = "failures", context::failures, RECENT_FAILURES | RECENT_FAILURES, words::failures, "Failed attempts at the account.";
    BlockFailures = "block_failures", crowd::block_failures, BLOCK_FAILURES | BLOCK_IN_USE, words::block_failures, "Accounts that failed from the block against those that did not.";
    TlsFailures = "tls_failures", crowd::tls_failures, TLS_FAILURES | TLS_IN_USE, words::tls_failures, "Accounts that failed with the TLS fingerprint against those that did not.";
    NetworkFailures = "network_failures", crowd::network_failures, NETWORK_FAILURES | NETWORK_FAILURES, words::network_failures, "Accounts that failed from the network.";
    Colleagues = "colleagues", crowd::colleagues, COLLEAGUES_HERE | COLLEAGUES_HERE, words::colleagues, "Colleagues who were confirmed on the block.";
    Kind = "kind", crowd::kind, SUSPECT_NETWORK | ACCESS_NETWORK, words::kind, "The kind of a network that is new to the person.";
    NetworkAttacks = "network_attacks", crowd::network_attacks, NETWORK_ATTACKS | NETWORK_ATTACKS, words::network_attacks, "Confirmed attacks from the network.";
    TlsAttacks = "tls_attacks", crowd::tls_attacks, TLS_ATTACKS | TLS_ATTACKS, words::tls_attacks, "Confirmed attacks with the TLS fingerprint.";
    SessionNetwork = "session_network", session::network, SESSION_NETWORK_CHANGED | SESSION_NETWORK_SAME, words::session_network, "The network against the session's.";
    SessionCountry = "session_country", session::country, SESSION_COUNTRY_CHANGED | SESSION_COUNTRY_SAME, words::session_country, "The country against the session's.";
    SessionDevice = "session_device", session::device, SESSION_DEVICE_CHANGED | SESSION_DEVICE_SAME, words::session_device, "The program and machine against the session's.";
    SessionTls = "session_tls", session::tls, SESSION_TLS_CHANGED | SESSION_TLS_SAME, words::session_tls, "The TLS fingerprint against the session's.";
    SessionBlock = "session_block", session::block, SESSION_BLOCK_CHANGED | SESSION_BLOCK_SAME, words::session_block, "The block of addresses against the session's.";
    NewBoth = "new_both", context::new_both, NEW_CLIENT_AND_NETWORK | NEW_CLIENT_AND_NETWORK, words::new_both, "Client and network are both new.";
    HomeMove = "home_move", context::home_move, NEW_PROVIDER | NEW_PROVIDER, words::home_move, "A new network at a known place with a known client.";
}
