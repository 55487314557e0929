//! `[tenants.<name>.pagerduty.<name>]`, `servicenow` and `zendesk`: receivers that keep a ticket or an alert for each matter.

use std::{
    collections::BTreeSet,
    path::{Path, PathBuf},
    sync::Arc,
};

use anyhow::Context;
use countersign_adapters::{
    Endpoint,
    messages::{
        Console, Guarded, Templates,
        pagerduty::PagerDuty as PagerDutySender,
        servicenow::{Credential, ServiceNow as ServiceNowSender, Settings},
        zendesk::Zendesk as ZendeskSender,
    },
};
use countersign_app::{
    hooks::{Audience, Hook as Receiver, SendHook, Topic},
    incidents::Severity,
};
use serde::Deserialize;

use super::{
    SecretReference,
    messages::{Heard, folder_fault, receiver, templates},
    receivers::{Built, Section},
};

/// Where PagerDuty takes events.
const PAGERDUTY: &str = "https://events.pagerduty.com/v2/enqueue";

/// The resolution code of what is over (ServiceNow, table `incident`, choices of `close_code`).
const CLOSE_CODE: &str = "Solution provided";

/// `[tenants.<name>.pagerduty.<name>]`
#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct PagerDuty {
    /// The key of an integration of Events API v2.
    pub routing_key: SecretReference,
    /// Where events are taken.
    #[serde(default = "pagerduty_api")]
    pub api: String,
    /// A folder of files with the operator's words.
    pub templates: Option<PathBuf>,
    /// Incidents below this are not told; `high` when absent.
    #[serde(default = "super::hooks::least")]
    pub min_severity: Severity,
    /// Sorts of events; all when absent.
    pub hears: Option<BTreeSet<Topic>>,
    /// For whom; everybody when absent.
    pub audiences: Option<BTreeSet<Audience>>,
}

/// `[tenants.<name>.servicenow.<name>]`
#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct ServiceNow {
    /// The instance's address, with a slash at its end.
    pub url: String,
    /// Who signs in; `None`: whoever the token is of.
    pub user: Option<String>,
    /// The user's password, or a token of OAuth where no user is named.
    pub secret: SecretReference,
    /// Whose incidents they are, by name or `sys_id`.
    pub assignment_group: Option<String>,
    /// Who reports them, by user name or `sys_id`.
    pub caller: Option<String>,
    /// One of the instance's resolution codes.
    #[serde(default = "close_code")]
    pub close_code: String,
    /// A folder of files with the operator's words.
    pub templates: Option<PathBuf>,
    /// Incidents below this are not told; `high` when absent.
    #[serde(default = "super::hooks::least")]
    pub min_severity: Severity,
    /// Sorts of events; all when absent.
    pub hears: Option<BTreeSet<Topic>>,
    /// For whom; everybody when absent.
    pub audiences: Option<BTreeSet<Audience>>,
}

/// `[tenants.<name>.zendesk.<name>]`
#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Zendesk {
    /// The account's address, with a slash at its end.
    pub url: String,
    /// The e-mail address of the agent whose API token it is; `None`: the token is one of OAuth.
    pub user: Option<String>,
    /// The token.
    pub token: SecretReference,
    /// Whose tickets they are.
    pub group_id: Option<u64>,
    /// A folder of files with the operator's words.
    pub templates: Option<PathBuf>,
    /// Incidents below this are not told; `high` when absent.
    #[serde(default = "super::hooks::least")]
    pub min_severity: Severity,
    /// Sorts of events; all when absent.
    pub hears: Option<BTreeSet<Topic>>,
    /// For whom; everybody when absent.
    pub audiences: Option<BTreeSet<Audience>>,
}

fn pagerduty_api() -> String {
    PAGERDUTY.to_owned()
}

fn close_code() -> String {
    CLOSE_CODE.to_owned()
}

/// Where links lead, and the words.
fn words(built: &Built<'_>, folder: Option<&Path>) -> anyhow::Result<(Console, Templates)> {
    Ok((built.console.clone(), templates(folder)?))
}

/// A receiver behind a breaker.
fn guarded(
    name: &str,
    (least, hears, audiences): (Severity, &Option<BTreeSet<Topic>>, &Option<BTreeSet<Audience>>),
    (sender, built): (impl SendHook + 'static, &Built<'_>),
) -> Receiver {
    let heard = Heard { hears: hears.clone(), audiences: audiences.clone() };
    receiver(name, (least, &heard), Arc::new(Guarded::new(sender, Arc::clone(built.clock))))
}

impl Section for PagerDuty {
    fn faults(&self) -> Vec<(&'static str, String)> {
        let fault = self.api.parse::<Endpoint>().err().map(|error| ("api", error.to_string()));
        fault.into_iter().collect()
    }

    fn receiver(&self, name: &str, built: &Built<'_>) -> anyhow::Result<Receiver> {
        let api = self.api.parse().context("`api`")?;
        let key = self.routing_key.fetch().context("`routing_key`")?;
        let words = words(built, self.templates.as_deref())?;
        let sender =
            PagerDutySender::new((&api, key), words, Arc::clone(built.clock)).context("`routing_key`")?;
        Ok(guarded(name, (self.min_severity, &self.hears, &self.audiences), (sender, built)))
    }
}

impl Section for ServiceNow {
    fn faults(&self) -> Vec<(&'static str, String)> {
        let mut faults: Vec<_> = folder_fault("url", &self.url).into_iter().collect();
        if self.user.as_ref().is_some_and(|user| user.contains(':')) {
            faults.push(("user", "without a colon".to_owned()));
        }
        if self.close_code.is_empty() {
            faults.push(("close_code", "one of the instance's resolution codes".to_owned()));
        }
        faults
    }

    fn receiver(&self, name: &str, built: &Built<'_>) -> anyhow::Result<Receiver> {
        let url = self.url.parse().context("`url`")?;
        let settings = Settings {
            assignment_group: self.assignment_group.clone(),
            caller: self.caller.clone(),
            close_code: self.close_code.clone(),
        };
        let secret = self.secret.fetch().context("`secret`")?;
        let credential = match &self.user {
            Some(user) => Credential::Basic(user.clone(), secret),
            None => Credential::Bearer(secret),
        };
        let words = words(built, self.templates.as_deref())?;
        let clock = Arc::clone(built.clock);
        let sender = ServiceNowSender::new((&url, &credential, settings), words, clock)?;
        Ok(guarded(name, (self.min_severity, &self.hears, &self.audiences), (sender, built)))
    }
}

impl Section for Zendesk {
    fn faults(&self) -> Vec<(&'static str, String)> {
        let mut faults: Vec<_> = folder_fault("url", &self.url).into_iter().collect();
        if self.user.as_ref().is_some_and(|user| !user.contains('@') || user.contains([':', '/'])) {
            faults.push(("user", "an agent's e-mail address, without `/token`".to_owned()));
        }
        faults
    }

    fn receiver(&self, name: &str, built: &Built<'_>) -> anyhow::Result<Receiver> {
        let url = self.url.parse().context("`url`")?;
        let token = self.token.fetch().context("`token`")?;
        let credential = match &self.user {
            Some(user) => Credential::Basic(format!("{user}/token"), token),
            None => Credential::Bearer(token),
        };
        let words = words(built, self.templates.as_deref())?;
        let clock = Arc::clone(built.clock);
        let sender = ZendeskSender::new((&url, &credential, self.group_id), words, clock)?;
        Ok(guarded(name, (self.min_severity, &self.hears, &self.audiences), (sender, built)))
    }
}

#[cfg(test)]
mod tests {
    use super::{super::parse, *};
    use crate::compose::system_clock;

    fn fault(section: &str, lines: &str) -> String {
        parse(&format!("[tenants.acme.{section}]\n{lines}\n"), vec![]).unwrap_err().to_string()
    }

    #[test]
    fn an_alert_goes_to_a_safe_address_and_its_key_is_a_reference() {
        for (lines, told) in [
            (
                "routing_key = \"hunter2\"",
                "`tenants.acme.pagerduty.soc.routing_key`: a secret is a reference",
            ),
            (
                "routing_key = \"env:K\"\napi = \"http://events.pagerduty.com/v2/enqueue\"",
                "`tenants.acme.pagerduty.soc.api`: `https`",
            ),
            ("routing_key = \"env:K\"\nhears = [\"plan\"]", "`tenants.acme.pagerduty.soc.hears[0]`: unknown"),
        ] {
            let found = fault("pagerduty.soc", lines);
            assert!(found.starts_with(told) && !found.contains("hunter2"), "{lines}: {found}");
        }
        let twice = "[tenants.acme.pagerduty.soc]\nrouting_key = \"env:K\"\n[tenants.acme.slack_webhooks.soc]\nurl = \"env:W\"\n";
        let found = parse(twice, vec![]).unwrap_err().to_string();
        assert!(found.contains("`soc` is the name of two receivers"), "{found}");
    }
    #[test]
    fn a_desk_is_at_a_safe_address_and_its_secret_is_a_reference() {
        let url = "url = \"https://acme.service-now.com/\"";
        for (lines, told) in [
            ("url = \"https://acme.service-now.com\"\nsecret = \"env:S\"", "url`: it ends in a slash"),
            ("url = \"http://acme.service-now.com/\"\nsecret = \"env:S\"", "url`: `https`"),
            (&format!("{url}\nuser = \"c:s\"\nsecret = \"env:S\""), "user`: without a colon"),
            (&format!("{url}\nsecret = \"hunter2\""), "secret`: a secret is a reference"),
            (&format!("{url}\nsecret = \"env:S\"\nclose_code = \"\""), "close_code`: one of"),
        ] {
            let found = fault("servicenow.desk", lines);
            let told = format!("`tenants.acme.servicenow.desk.{told}");
            assert!(found.starts_with(&told) && !found.contains("hunter2"), "{lines}: {found}");
        }
        for (lines, told) in [
            ("url = \"https://acme.zendesk.com\"\ntoken = \"env:T\"", "url`: it ends in a slash"),
            (
                "url = \"https://acme.zendesk.com/\"\ntoken = \"env:T\"\nuser = \"bot@acme.example/token\"",
                "user`: an agent's e-mail address",
            ),
        ] {
            let found = fault("zendesk.desk", lines);
            assert!(found.starts_with(&format!("`tenants.acme.zendesk.desk.{told}")), "{lines}: {found}");
        }
    }

    #[test]
    fn each_is_built_with_its_secret_and_hears_of_what_it_is_configured_to() {
        let folder = tempfile::tempdir().unwrap();
        let file = folder.path().join("secret");
        std::fs::write(&file, "00112233445566778899aabbccddeeff").unwrap();
        let secret = format!("\"file:{}\"", file.display());
        let text = format!(
            "[tenants.acme.pagerduty.page]\nrouting_key = {secret}\nhears = [\"incidents\"]\n\
             [tenants.acme.servicenow.desk]\nurl = \"https://acme.service-now.com/\"\nuser = \"cs\"\nsecret = {secret}\n\
             [tenants.acme.zendesk.help]\nurl = \"https://acme.zendesk.com/\"\ntoken = {secret}\n"
        );
        let config = parse(&text, vec![]).unwrap();
        let tenant = config.tenants.values().next().unwrap();
        let clock = system_clock();
        let built = Built { console: Console("https://cs.example.com".to_owned()), clock: &clock };
        let hooks: Vec<_> = tenant
            .receivers()
            .iter()
            .map(|found| (found.section, found.config.receiver(found.name, &built).unwrap()))
            .collect();
        let names: Vec<_> = hooks.iter().map(|(section, hook)| (*section, hook.name.as_str())).collect();
        assert_eq!(names, [("pagerduty", "page"), ("servicenow", "desk"), ("zendesk", "help")]);
        assert_eq!(hooks[0].1.hears.topics, BTreeSet::from([Topic::Incidents]));
        assert!(hooks.iter().all(|(_, hook)| !hook.with_names && hook.least == Severity::High));
        std::fs::write(&file, "hunter2").unwrap();
        let error = format!("{:#}", tenant.pagerduty["page"].receiver("page", &built).err().unwrap());
        assert!(error.contains("32 letters and digits") && !error.contains("hunter2"), "{error}");
    }
}
