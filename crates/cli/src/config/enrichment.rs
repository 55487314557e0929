//! `[tenants.<name>.enrichment]`: an API of the operator's that is asked about people who sign up.

use std::{sync::Arc, time::Duration};

use anyhow::Context;
use countersign_adapters::enrichment::{DEFAULT_TIMEOUT, Endpoint, HttpEnrichment, MAX_TIMEOUT, Settings};
use countersign_core::Clock;
use serde::Deserialize;

use super::SecretReference;

/// `[tenants.<name>.enrichment]`
#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Enrichment {
    /// The one address that is asked: `https`, or `http` on a loopback address.
    pub url: String,
    /// The bearer token that it is shown; `None`: none.
    #[serde(default)]
    pub token: Option<SecretReference>,
    /// How long it may take, in milliseconds, up to 1,000; 200 when absent.
    #[serde(default)]
    pub timeout_ms: Option<u16>,
    /// Whether it is told the whole e-mail address, not its domain alone.
    #[serde(default)]
    pub send_email: bool,
}

impl Enrichment {
    fn timeout(&self) -> Duration {
        self.timeout_ms.map_or(DEFAULT_TIMEOUT, |timeout| Duration::from_millis(timeout.into()))
    }

    /// Everything that is wrong, a line each, without the tenant's path. No line repeats the address.
    pub(super) fn faults(&self) -> Vec<String> {
        let mut faults = Vec::new();
        if let Err(error) = self.url.parse::<Endpoint>() {
            faults.push(format!("enrichment.url`: {error}"));
        }
        if self.timeout().is_zero() || self.timeout() > MAX_TIMEOUT {
            faults.push(format!("enrichment.timeout_ms`: from 1 to {}", MAX_TIMEOUT.as_millis()));
        }
        faults
    }

    /// The connector, with its token fetched.
    pub fn connector(&self, clock: &Arc<dyn Clock>) -> anyhow::Result<HttpEnrichment> {
        let settings = Settings {
            endpoint: self.url.parse().context("`url`")?,
            token: self.token.as_ref().map(SecretReference::fetch).transpose().context("`token`")?,
            timeout: self.timeout(),
            sends_email: self.send_email,
        };
        Ok(HttpEnrichment::new(settings, Arc::clone(clock))?)
    }
}

#[cfg(test)]
mod tests {
    use super::super::parse;
    use super::*;
    use crate::compose::system_clock;

    fn fault(lines: &str) -> String {
        parse(&format!("[tenants.acme.enrichment]\n{lines}\n"), vec![]).unwrap_err().to_string()
    }

    #[test]
    fn an_address_that_is_not_safe_and_a_time_that_is_too_long_are_told_without_the_address() {
        let told = fault("url = \"http://user:hunter2@crm.example.com/\"\ntimeout_ms = 1001");
        assert_eq!(
            told,
            "`tenants.acme.enrichment.url`: `https`, or `http` to a loopback address\n\
             `tenants.acme.enrichment.timeout_ms`: from 1 to 1000"
        );
        let told = fault("url = \"https://user:hunter2@crm.example.com/\"\ntimeout_ms = 0");
        assert!(told.contains("without user and password") && !told.contains("hunter2"), "{told}");
        assert!(told.contains("`tenants.acme.enrichment.timeout_ms`"), "{told}");
    }

    #[test]
    fn a_section_without_an_address_and_a_plain_token_are_refused() {
        assert!(fault("send_email = true").starts_with("`tenants.acme.enrichment`: missing field `url`"));
        let told = fault("url = \"https://crm.example.com/\"\ntoken = \"hunter2\"");
        assert!(told.starts_with("`tenants.acme.enrichment.token`: a secret is a reference"), "{told}");
    }

    #[test]
    fn only_the_domain_is_sent_and_200_ms_are_waited_unless_said_otherwise() {
        let config = parse("[tenants.acme.enrichment]\nurl = \"http://127.0.0.1:1/\"\n", vec![]).unwrap();
        let enrichment = config.tenants.values().next().unwrap().enrichment.as_ref().unwrap();
        assert!(!enrichment.send_email);
        assert_eq!(enrichment.timeout(), Duration::from_millis(200));
        assert!(enrichment.connector(&system_clock()).is_ok());
    }
}
