//! Whoever is told, of whatever kind. A new kind is a section of its own, and a line in [`Tenant::lists`].

use std::{
    collections::{BTreeMap, BTreeSet},
    sync::Arc,
};

use countersign_adapters::messages::Console;
use countersign_app::hooks::Hook;
use countersign_core::Clock;

use super::Tenant;

/// The longest name of a receiver, in bytes.
const MAX_NAME: usize = 64;

/// What receivers are built with.
pub struct Built<'a> {
    /// Where links lead.
    pub console: Console,
    /// Times pauses.
    pub clock: &'a Arc<dyn Clock>,
}

/// A section that says who is told, and how.
pub trait Section {
    /// Everything that is wrong: keys, and what would be right. No text repeats an address or a secret.
    fn faults(&self) -> Vec<(&'static str, String)>;

    /// The receiver, with its secrets fetched and its templates read.
    ///
    /// # Errors
    /// What can't be had or used, by its key.
    fn receiver(&self, name: &str, built: &Built<'_>) -> anyhow::Result<Hook>;
}

/// A receiver as configured.
pub struct Configured<'a> {
    /// The section that it stands in.
    pub section: &'static str,
    /// Its name.
    pub name: &'a str,
    /// What is configured.
    pub config: &'a dyn Section,
}

/// The receivers of one kind.
fn of<'a, S: Section>(
    section: &'static str,
    configured: &'a BTreeMap<String, S>,
) -> (&'static str, Vec<Configured<'a>>) {
    let receiver = |(name, config): (&'a String, &'a S)| Configured { section, name, config };
    (section, configured.iter().map(receiver).collect())
}

/// Whether a receiver can be called so.
fn is_name(name: &str) -> bool {
    let is_plain = |byte: u8| byte.is_ascii_alphanumeric() || matches!(byte, b'-' | b'_');
    !name.is_empty() && name.len() <= MAX_NAME && name.bytes().all(is_plain)
}

impl Configured<'_> {
    fn faults(&self) -> Vec<String> {
        let Self { section, name, config } = self;
        if !is_name(name) {
            return vec![format!("{section}`: a name has 1 to {MAX_NAME} letters, digits, `-` and `_`")];
        }
        config.faults().into_iter().map(|(key, why)| format!("{section}.{name}.{key}`: {why}")).collect()
    }
}

impl Tenant {
    /// Every kind of receivers, and those that are configured.
    fn lists(&self) -> Vec<(&'static str, Vec<Configured<'_>>)> {
        vec![
            of("hooks", &self.hooks),
            of("slack", &self.slack),
            of("slack_webhooks", &self.slack_webhooks),
            of("mail", &self.mail),
            of("pagerduty", &self.pagerduty),
            of("servicenow", &self.servicenow),
            of("zendesk", &self.zendesk),
        ]
    }

    /// Whoever is told.
    pub fn receivers(&self) -> Vec<Configured<'_>> {
        self.lists().into_iter().flat_map(|(_, configured)| configured).collect()
    }

    /// The sections in which receivers stand.
    pub fn receiver_sections() -> Vec<&'static str> {
        Self::default().lists().into_iter().map(|(section, _)| section).collect()
    }

    /// Everything that is wrong with them, a line each, without the tenant's path.
    pub(super) fn receiver_faults(&self) -> Vec<String> {
        let receivers = self.receivers();
        let mut faults: Vec<String> = receivers.iter().flat_map(Configured::faults).collect();
        let (mut known, mut twice) = (BTreeSet::new(), BTreeSet::new());
        for Configured { name, .. } in &receivers {
            if !known.insert(*name) {
                twice.insert(*name);
            }
        }
        // Why: the outbox and plans could not tell them apart.
        let sections = Self::receiver_sections().join("`, `");
        faults.extend(twice.iter().map(|name| format!("{sections}`: `{name}` is the name of two receivers")));
        faults
    }
}
