//! `[tenants.<name>.management]`: the service's own client at the tenant.

use std::{collections::BTreeMap, path::PathBuf};

use countersign_adapters::management::Plan;
use countersign_core::Trigger;
use countersign_plan::install::{Autonomy, Capability, Place, TRIGGERS};
use serde::Deserialize;

use super::SecretReference;

/// `[tenants.<name>.management]`
#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Management {
    /// Where the tenant is, such as `acme.eu.auth0.com`.
    pub domain: String,
    /// The service's client, made by `countersign tenant apply`; `None`: the service does not read the tenant.
    #[serde(default)]
    pub client_id: Option<String>,
    /// Its secret.
    #[serde(default)]
    pub client_secret: Option<SecretReference>,
    /// Its private key, RSA in PEM; where it is there, the secret is not used.
    #[serde(default)]
    pub private_key: Option<SecretReference>,
    /// What the tenant's plan allows.
    #[serde(default)]
    pub plan: Option<String>,
    /// Certificates of authorities in PEM, in place of the system's.
    #[serde(default)]
    pub ca: Option<PathBuf>,
    /// The triggers that an Action of ours is bound to; by the journal of the installation when absent.
    #[serde(default)]
    pub triggers: Option<Vec<Trigger>>,
    /// Where our Actions stand.
    #[serde(default)]
    pub place: Option<String>,
    /// What it is used for, and how far it goes by itself.
    #[serde(default)]
    pub capabilities: Option<BTreeMap<Capability, Autonomy>>,
    /// Where our log stream leads.
    #[serde(default)]
    pub logs_url: Option<String>,
    /// Whether the tenant's log is read: once what it still keeps, then what the stream did not deliver.
    #[serde(default = "yes")]
    pub pull_log: bool,
    /// Between two looks at the tenant, in seconds.
    #[serde(default = "minute")]
    pub check_seconds: u64,
}

/// Between two looks at the most: a finding is told within two minutes.
const MOST_SECONDS: u64 = 60;

const fn yes() -> bool {
    true
}

const fn minute() -> u64 {
    MOST_SECONDS
}

/// The address of a tenant: `https` unless the domain says otherwise, which only a tenant on this machine may.
pub fn address(domain: &str) -> String {
    if domain.contains("://") { domain.to_owned() } else { format!("https://{domain}/") }
}

/// The domain by itself.
pub fn host(domain: &str) -> &str {
    domain.split_once("://").map_or(domain, |(_, host)| host).trim_end_matches('/')
}

impl Management {
    /// Everything that is wrong, a line each, without the tenant's path.
    pub(super) fn faults(&self) -> Vec<String> {
        let mut faults = Vec::new();
        if let Err(error) = address(&self.domain).parse::<countersign_adapters::Endpoint>() {
            faults.push(format!("management.domain`: {error}"));
        }
        if let Some(Err(error)) = self.plan.as_ref().map(|plan| plan.parse::<Plan>()) {
            faults.push(format!("management.plan`: {error}"));
        }
        if let Some(Err(error)) = self.place.as_ref().map(|place| place.parse::<Place>()) {
            faults.push(format!("management.place`: {error}"));
        }
        if !self.triggers.iter().flatten().all(|trigger| TRIGGERS.contains(trigger)) {
            faults.push("management.triggers`: one of them has no Action of ours".to_owned());
        }
        if !(1..=MOST_SECONDS).contains(&self.check_seconds) {
            faults.push(format!("management.check_seconds`: from 1 to {MOST_SECONDS}"));
        }
        let has_proof = self.client_secret.is_some() || self.private_key.is_some();
        if has_proof != self.client_id.is_some() {
            faults.push(
                "management.client_id`: a client comes with `client_secret` or `private_key`".to_owned(),
            );
        }
        faults
    }
}

#[cfg(test)]
mod tests {
    use super::{super::parse, *};

    fn fault(lines: &str) -> String {
        parse(&format!("[tenants.acme.management]\n{lines}\n"), vec![]).unwrap_err().to_string()
    }

    #[test]
    fn a_client_has_a_way_to_prove_itself_and_a_tenant_is_reached_safely() {
        assert!(fault("domain = \"http://acme.eu.auth0.com/\"").contains("`https`"));
        assert!(fault("domain = \"acme.eu.auth0.com\"\nclient_id = \"a\"").contains("comes with"));
        assert!(fault("domain = \"acme.eu.auth0.com\"\nclient_secret = \"env:A\"").contains("comes with"));
        assert!(fault("domain = \"acme.eu.auth0.com\"\nplan = \"huge\"").contains("`professional`"));
        let text = "[tenants.acme.management]\ndomain = \"acme.eu.auth0.com\"\nclient_id = \"a\"\nprivate_key = \"env:B\"\n";
        assert!(parse(text, vec![]).is_ok());
        assert_eq!((address("a:1").as_str(), host("http://a:1/")), ("https://a:1/", "a:1"));
    }
}
