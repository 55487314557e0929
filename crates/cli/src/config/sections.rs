//! The sections of the configuration, one struct each, with their defaults.

use std::{
    collections::BTreeMap,
    net::{Ipv4Addr, SocketAddr},
    path::PathBuf,
};

use anyhow::Context;
use countersign_app::{RuleFiles, check_policy};
use countersign_core::{ClientId, TenantId};
use countersign_policy::Document;
use serde::Deserialize;

use super::{
    SecretReference, Tls,
    access::{Access, Api},
    acting::Acting,
    enrichment::Enrichment,
    gate::GateLayer,
    hooks::Hook,
    host,
    limits::{CallerLimits, Limits},
    log_stream::LogStream,
    management::Management,
    messages::{Mail, Slack, SlackWebhook},
    places::Places,
    reference::Reference,
    retention::Retention,
    reviews::Reviews,
    storage::Storage,
    tickets::{PagerDuty, ServiceNow, Zendesk},
    was_this_you::WasThisYou,
};

/// Everything that can be configured.
#[derive(Debug, Clone, Default, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct Config {
    /// Where and for whom it listens.
    pub server: Server,
    /// Where records are kept.
    pub storage: Storage,
    /// How long records are kept.
    pub retention: Retention,
    /// Where keys come from.
    pub keys: Keys,
    /// The transparency log.
    pub ledger: Ledger,
    /// Log lines.
    pub log: Log,
    /// Who may sign in, and what they may.
    pub access: Access,
    /// How far plans go by themselves at every tenant.
    pub acting: GateLayer,
    /// Where addresses are.
    pub places: Places,
    /// What is known of domains.
    pub reference: Reference,
    /// The Auth0 tenants that are answered.
    pub tenants: BTreeMap<TenantId, Tenant>,
}

/// `[server]`
#[derive(Debug, Clone, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct Server {
    /// Address and port.
    pub listen: SocketAddr,
    /// Further `Host` values to answer, with their ports where a client sends one.
    pub hosts: Vec<String>,
    /// Where browsers reach the console, without a path; `None`: at the address that is listened at.
    pub public_url: Option<String>,
    /// Whether plain HTTP may be spoken beyond loopback, because a proxy with TLS is before it.
    pub behind_tls_proxy: bool,
    /// How often callers and addresses may ask.
    pub limits: CallerLimits,
    /// TLS; `None`: plain HTTP.
    pub tls: Option<Tls>,
}

impl Default for Server {
    fn default() -> Self {
        Self {
            listen: SocketAddr::from((Ipv4Addr::LOCALHOST, 8377)),
            hosts: Vec::new(),
            public_url: None,
            behind_tls_proxy: false,
            limits: CallerLimits::default(),
            tls: None,
        }
    }
}

/// `[keys]`
#[derive(Debug, Clone, Default, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct Keys {
    /// The master key, 32 bytes in hexadecimal digits; made in the data directory when absent.
    pub master: Option<SecretReference>,
    /// The seed of the key that signs checkpoints, likewise.
    pub checkpoint: Option<SecretReference>,
    /// Master keys of before, the newest first, while they are rotated.
    pub earlier_masters: Vec<SecretReference>,
    /// Seeds of before, the newest first, while they are rotated.
    pub earlier_checkpoints: Vec<SecretReference>,
}

/// `[ledger]`
#[derive(Debug, Clone, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct Ledger {
    /// First part of each log's origin.
    pub site: String,
}

impl Default for Ledger {
    fn default() -> Self {
        Self { site: "countersign.local".to_owned() }
    }
}

/// How log lines look.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum LogFormat {
    /// For people.
    #[default]
    Text,
    /// For programs, a JSON object a line.
    Json,
}

/// `[log]`
#[derive(Debug, Clone, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct Log {
    /// Least level: `error`, `warn`, `info`, `debug` or `trace`.
    pub level: String,
    /// Text or JSON.
    pub format: LogFormat,
}

impl Default for Log {
    fn default() -> Self {
        Self { level: "info".to_owned(), format: LogFormat::default() }
    }
}

/// `[tenants.<name>]`
#[derive(Debug, Clone, Default, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct Tenant {
    /// What its plans are carried out with; `None`: none can be made.
    pub acting: Option<Acting>,
    /// One or two keys shared with the tenant's Actions; made in the data directory when absent.
    pub action_keys: Vec<SecretReference>,
    /// SHA-256 of the client certificates (DER) that its requests may come with, in hexadecimal digits, with or without
    /// colons; empty, and no names either: of any client, with or without a certificate, that is no other tenant's.
    pub client_certificate_sha256: Vec<String>,
    /// DNS names, one of which stands in the subject alternative names of a client certificate that may be used instead.
    pub client_names: Vec<String>,
    /// What is asked about people who sign up; `None`: nothing.
    pub enrichment: Option<Enrichment>,
    /// Who is told of its incidents, by names of the operator's choice.
    pub hooks: BTreeMap<String, Hook>,
    /// Who is told by mail.
    pub mail: BTreeMap<String, Mail>,
    /// Who is alerted by PagerDuty.
    pub pagerduty: BTreeMap<String, PagerDuty>,
    /// Who gets incidents in ServiceNow.
    pub servicenow: BTreeMap<String, ServiceNow>,
    /// Who is told in Slack.
    pub slack: BTreeMap<String, Slack>,
    /// Who is told in Slack by an incoming webhook.
    pub slack_webhooks: BTreeMap<String, SlackWebhook>,
    /// How often it may ask.
    pub limits: Limits,
    /// Our API at the tenant, whose access tokens are taken; `None`: none are.
    pub api: Option<Api>,
    /// Its streams.
    pub log_stream: LogStream,
    /// The service's own client at the tenant; `None`: it does not read it.
    pub management: Option<Management>,
    /// The policy.
    pub policy: Document,
    /// Which decisions wait for a person, in whose queue, and how long.
    pub reviews: Reviews,
    /// Whether people are asked whether sign-ins were theirs; `None`: they are not.
    pub was_this_you: Option<WasThisYou>,
    /// What its log is watched with, beside the policy.
    pub watch: Watch,
    /// Who gets tickets in Zendesk.
    pub zendesk: BTreeMap<String, Zendesk>,
}

/// `[tenants.<name>.watch]`
#[derive(Debug, Clone, Default, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct Watch {
    /// A folder of rule files; `None`: the built-in rules alone.
    pub rules: Option<PathBuf>,
    /// A folder of playbooks; `None`: the built-in ones alone.
    pub playbooks: Option<PathBuf>,
}

impl Config {
    /// The client of our own console, where people sign in to it at this tenant, which may be at a `further` host.
    pub fn console_client(
        &self,
        tenant: &TenantId,
        further: Option<&str>,
    ) -> anyhow::Result<Option<ClientId>> {
        let Some(provider) = &self.access.oidc else { return Ok(None) };
        let issuer = host(&provider.issuer).trim_end_matches('/');
        let configured = self.tenants.get(tenant).into_iter().flat_map(|tenant| {
            let api = tenant.api.iter().flat_map(|api| api.domain.iter().chain(&api.custom_domains));
            tenant.management.iter().map(|management| &management.domain).chain(api)
        });
        let mut hosts = configured.map(|domain| host(domain)).chain(further);
        if !hosts.any(|host| host.eq_ignore_ascii_case(issuer)) {
            return Ok(None);
        }
        Ok(Some(provider.client_id.parse().context("`access.oidc.client_id`")?))
    }
}

impl Config {
    /// Everything that is wrong with the values, a line each.
    pub fn faults(&self) -> Vec<String> {
        let mut faults = super::tls::faults(self);
        if !["error", "warn", "info", "debug", "trace"].contains(&self.log.level.as_str()) {
            faults.push("`log.level`: one of `error`, `warn`, `info`, `debug`, `trace`".to_owned());
        }
        faults.extend(self.storage.faults());
        faults.extend(self.retention.faults());
        faults.extend(self.places.faults());
        faults.extend(self.access.faults());
        faults.extend(self.acting.faults("`acting"));
        faults.extend(self.server.limits.faults());
        faults.extend(super::public_url::fault(&self.server));
        for (id, tenant) in &self.tenants {
            if tenant.action_keys.len() > 2 {
                faults.push(format!(
                    "`tenants.{id}.action_keys`: at most two, the second while keys are rotated"
                ));
            }
            if let Err(error) = countersign_ledger::checkpoint::origin(&self.ledger.site, id) {
                faults.push(format!("`ledger.site` with tenant `{id}`: {error}"));
            }
            let enrichment = tenant.enrichment.iter().flat_map(Enrichment::faults);
            let management = tenant.management.iter().flat_map(Management::faults);
            let asks = tenant
                .was_this_you
                .iter()
                .flat_map(|asks| asks.faults(tenant.mail.contains_key(&asks.mail), tenant.acting.is_some()));
            let receivers = asks.chain(tenant.receiver_faults());
            let of_management = tenant.management.as_ref();
            let acting = tenant.acting.iter().flat_map(|acting| acting.faults(of_management, &self.acting));
            faults.extend(
                enrichment
                    .chain(management)
                    .chain(receivers)
                    .chain(acting)
                    .map(|fault| format!("`tenants.{id}.{fault}")),
            );
            faults.extend(tenant.reviews.faults().into_iter().map(|fault| format!("`tenants.{id}.{fault}")));
            faults.extend(
                policy_faults(tenant)
                    .into_iter()
                    .map(|fault| format!("`tenants.{id}.policy.{}`: {}", fault.path, fault.message)),
            );
        }
        faults
    }
}

/// What is wrong with a configured policy. What it sets of rules is held against the operator's files when those are read.
fn policy_faults(tenant: &Tenant) -> Vec<countersign_policy::Fault> {
    let mut faults = check_policy(tenant.policy.clone(), &RuleFiles::default()).err().unwrap_or_default();
    if tenant.watch.rules.is_some() {
        faults.retain(|fault| !fault.path.starts_with("watch.rules."));
    }
    faults
}
