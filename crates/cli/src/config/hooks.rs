//! `[tenants.<name>.hooks.<name>]`: a receiver that is told of incidents and plans by signed webhooks.

use std::{collections::BTreeSet, sync::Arc};

use anyhow::Context;
use countersign_adapters::{
    hooks::{Endpoint, EndpointError, HttpHook},
    messages::Guarded,
};
use countersign_app::{
    hooks::{Audience, Hook as Receiver, Topic},
    incidents::Severity,
};
use countersign_privacy::SigningKey;
use serde::Deserialize;

use super::{
    SecretReference,
    messages::Heard,
    receivers::{Built, Section},
};

/// The most keys of a receiver: the second while they are rotated.
const MAX_KEYS: usize = 2;

/// `[tenants.<name>.hooks.<name>]`
#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Hook {
    /// The one address that is told: `https`, or `http` on a loopback address.
    pub url: String,
    /// The key that messages are signed with, `whsec_…`; a second one in a line of its own while keys are rotated.
    pub secret: SecretReference,
    /// Incidents below this are not told; `high` when absent.
    #[serde(default = "least")]
    pub min_severity: Severity,
    /// Whether accounts, addresses and the narrative are told.
    #[serde(default)]
    pub with_names: bool,
    /// Sorts of events; all when absent.
    pub hears: Option<BTreeSet<Topic>>,
    /// For whom; everybody when absent.
    pub audiences: Option<BTreeSet<Audience>>,
}

pub(super) const fn least() -> Severity {
    Severity::High
}

impl Section for Hook {
    fn faults(&self) -> Vec<(&'static str, String)> {
        let fault = |error: EndpointError| ("url", error.to_string());
        self.url.parse::<Endpoint>().err().map(fault).into_iter().collect()
    }

    fn receiver(&self, name: &str, built: &Built<'_>) -> anyhow::Result<Receiver> {
        let secret = self.secret.fetch().context("`secret`")?;
        let text = std::str::from_utf8(secret.expose()).ok().context("`secret`: a key is text")?;
        let lines = text.lines().map(str::trim).filter(|line| !line.is_empty());
        let keys = lines.map(SigningKey::parse).collect::<Result<Vec<_>, _>>().context("`secret`")?;
        anyhow::ensure!(
            (1..=MAX_KEYS).contains(&keys.len()),
            "`secret`: one key, or two while they are rotated"
        );
        let sender = HttpHook::new(self.url.parse().context("`url`")?, keys)?;
        Ok(Receiver {
            name: name.to_owned(),
            least: self.min_severity,
            with_names: self.with_names,
            hears: Heard { hears: self.hears.clone(), audiences: self.audiences.clone() }.hears(),
            sender: Arc::new(Guarded::new(sender, Arc::clone(built.clock))),
        })
    }
}

#[cfg(test)]
mod tests {
    use countersign_adapters::messages::Console;

    use super::super::parse;
    use super::*;

    fn fault(lines: &str) -> String {
        parse(&format!("[tenants.acme.hooks.soc]\n{lines}\n"), vec![]).unwrap_err().to_string()
    }

    #[test]
    fn an_address_that_is_not_safe_is_told_without_it() {
        let told = fault("url = \"http://hunter2.example.com/\"\nsecret = \"env:HOOK\"");
        assert_eq!(told, "`tenants.acme.hooks.soc.url`: `https`, or `http` to a loopback address");
        assert!(fault("secret = \"env:HOOK\"").contains("missing field `url`"));
        assert!(fault("url = \"https://soc.example.com/\"").contains("missing field `secret`"));
        let told = fault("url = \"https://soc.example.com/\"\nsecret = \"whsec_hunter2\"");
        assert!(told.starts_with("`tenants.acme.hooks.soc.secret`: a secret is a reference"), "{told}");
        let told =
            fault("url = \"https://soc.example.com/\"\nsecret = \"env:HOOK\"\nmin_severity = \"grave\"");
        assert!(told.starts_with("`tenants.acme.hooks.soc.min_severity`: unknown variant `grave`"), "{told}");
        let told = fault("url = \"https://soc.example.com/\"\nsecret = \"env:HOOK\"\nwith_name = true");
        assert!(told.contains("did you mean `with_names`?"), "{told}");
        let text =
            "[tenants.acme.hooks.\"a b\"]\nurl = \"https://soc.example.com/\"\nsecret = \"env:HOOK\"\n";
        assert!(parse(text, vec![]).unwrap_err().to_string().contains("letters, digits"));
    }

    #[test]
    fn grave_incidents_are_told_without_names_unless_said_otherwise_and_keys_are_read() {
        let folder = tempfile::tempdir().unwrap();
        let file = folder.path().join("key");
        let text = format!(
            "[tenants.acme.hooks.soc]\nurl = \"http://127.0.0.1:1/\"\nsecret = \"file:{}\"\n",
            file.display()
        );
        let config = parse(&text, vec![]).unwrap();
        let hook = &config.tenants.values().next().unwrap().hooks["soc"];
        let key = SigningKey::text(&[1; 32]);
        for (content, is_taken) in [
            (key.clone(), true),
            (format!("{key}\n{key}\n"), true),
            (format!("{key}\n{key}\n{key}\n"), false),
            (String::new(), false),
            ("whsec_AAAA".to_owned(), false),
        ] {
            std::fs::write(&file, &content).unwrap();
            let clock = crate::compose::system_clock();
            let built = Built { console: Console("https://cs.example.com".to_owned()), clock: &clock };
            assert_eq!(hook.receiver("soc", &built).is_ok(), is_taken, "{content}");
        }
        assert_eq!((hook.min_severity, hook.with_names), (Severity::High, false));
    }
}
