//! `[reference]`: the operator's lists of domains, for all tenants.

use std::path::PathBuf;

use countersign_adapters::domains::Settings;
use serde::Deserialize;

/// `[reference]`
#[derive(Debug, Clone, Default, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct Reference {
    /// Domains of addresses that last for minutes, beside the built-in ones; `None`: those alone.
    pub disposable_domains: Option<PathBuf>,
    /// Domains of mailboxes that anyone may open, beside the built-in ones.
    pub free_mail_domains: Option<PathBuf>,
    /// Public suffixes in place of the built-in ones.
    pub public_suffixes: Option<PathBuf>,
}

impl Reference {
    /// The files to open; `None` when there are none.
    pub fn settings(&self) -> Option<Settings> {
        let Self { disposable_domains: disposable, free_mail_domains: free_mail, public_suffixes: suffixes } =
            self.clone();
        let is_set = disposable.is_some() || free_mail.is_some() || suffixes.is_some();
        is_set.then_some(Settings { disposable, free_mail, suffixes })
    }
}

#[cfg(test)]
mod tests {
    use super::super::parse;

    #[test]
    fn without_a_file_there_is_nothing_to_open() {
        let settings = |text: &str| parse(text, vec![]).unwrap().reference.settings();
        assert!(settings("[reference]\n").is_none());
        let found = settings("[reference]\npublic_suffixes = \"list.dat\"\n").unwrap();
        assert!(found.suffixes.is_some() && found.disposable.is_none() && found.free_mail.is_none());
    }
}
