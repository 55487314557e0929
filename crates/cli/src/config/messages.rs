//! `[tenants.<name>.slack.<name>]`, `slack_webhooks` and `mail`: receivers that are told in words.

use std::{
    collections::{BTreeMap, BTreeSet},
    fs,
    path::{Path, PathBuf},
    sync::Arc,
};

use anyhow::Context;
use countersign_adapters::{
    Endpoint,
    messages::{
        Guarded, MAX_FILE_BYTES, Templates,
        mail::{self, Mail as MailSender, TlsMode},
        slack::{self, Slack as SlackSender, Way},
    },
};
use countersign_app::{
    hooks::{Audience, Hears, Hook as Receiver, SendHook, Topic},
    incidents::Severity,
};
use serde::Deserialize;

use super::{
    SecretReference,
    receivers::{Built, Section},
};

/// Where Slack's methods are.
const SLACK: &str = "https://slack.com/api/";

/// The most receivers of one mail.
const MAX_TO: usize = 20;

/// What a receiver hears of.
#[derive(Debug, Clone, Default, Deserialize)]
#[serde(default)]
pub struct Heard {
    /// Sorts of events; all when absent.
    pub hears: Option<BTreeSet<Topic>>,
    /// For whom; everybody when absent.
    pub audiences: Option<BTreeSet<Audience>>,
}

impl Heard {
    pub(super) fn hears(&self) -> Hears {
        let all = Hears::default();
        Hears {
            topics: self.hears.clone().unwrap_or(all.topics),
            audiences: self.audiences.clone().unwrap_or(all.audiences),
        }
    }
}

/// `[tenants.<name>.slack.<name>]`
#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Slack {
    /// An app's token, `xoxb-…`, with the scope `chat:write`.
    pub token: SecretReference,
    /// The id of the channel that it writes in.
    pub channel: String,
    /// Where Slack's methods are.
    #[serde(default = "slack_api")]
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

/// `[tenants.<name>.slack_webhooks.<name>]`
#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct SlackWebhook {
    /// The address of an incoming webhook: whoever has it can write there.
    pub url: SecretReference,
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

/// `[tenants.<name>.mail.<name>]`
#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Mail {
    /// The mail server's name, which its certificate has to bear.
    pub server: String,
    /// Its port; that which is usual for `tls` when absent.
    pub port: Option<u16>,
    /// `starttls`, `implicit`, or `none` to a loopback address.
    #[serde(default = "starttls")]
    pub tls: TlsMode,
    /// A file of authorities in place of the system's, PEM.
    pub authorities: Option<PathBuf>,
    /// Who signs in; with `password`.
    pub user: Option<String>,
    /// The password.
    pub password: Option<SecretReference>,
    /// Who writes.
    pub from: String,
    /// Who is told.
    #[serde(default)]
    pub to: Vec<String>,
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

fn slack_api() -> String {
    SLACK.to_owned()
}

const fn starttls() -> TlsMode {
    TlsMode::Starttls
}

impl Section for Slack {
    fn faults(&self) -> Vec<(&'static str, String)> {
        let mut faults = Vec::new();
        if !slack::is_channel(&self.channel) {
            faults.push(("channel", "a channel's id, such as `C0123456789`; no name".to_owned()));
        }
        faults.extend(folder_fault("api", &self.api));
        faults
    }

    fn receiver(&self, name: &str, built: &Built<'_>) -> anyhow::Result<Receiver> {
        let way = Way::Bot {
            api: self.api.parse().context("`api`")?,
            token: self.token.fetch().context("`token`")?,
            channel: self.channel.clone(),
        };
        let heard = Heard { hears: self.hears.clone(), audiences: self.audiences.clone() };
        in_slack((name, way), (self.min_severity, &heard), (self.templates.as_deref(), built))
    }
}

impl Section for SlackWebhook {
    fn faults(&self) -> Vec<(&'static str, String)> {
        Vec::new()
    }

    fn receiver(&self, name: &str, built: &Built<'_>) -> anyhow::Result<Receiver> {
        let fetched = self.url.fetch().context("`url`")?;
        let text = std::str::from_utf8(fetched.expose()).ok().context("`url`: an address is text")?;
        let way = Way::Webhook(text.parse().context("`url`")?);
        let heard = Heard { hears: self.hears.clone(), audiences: self.audiences.clone() };
        in_slack((name, way), (self.min_severity, &heard), (self.templates.as_deref(), built))
    }
}

fn in_slack(
    (name, way): (&str, Way),
    hears: (Severity, &Heard),
    (folder, built): (Option<&Path>, &Built<'_>),
) -> anyhow::Result<Receiver> {
    let words = (built.console.clone(), templates(folder)?);
    let sender = SlackSender::new(way, words, Arc::clone(built.clock))?;
    Ok(receiver(name, hears, Arc::new(Guarded::new(sender, Arc::clone(built.clock)))))
}

impl Mail {
    fn sender(&self, built: &Built<'_>) -> anyhow::Result<MailSender> {
        let login = match (&self.user, &self.password) {
            (Some(user), Some(password)) => Some((user.clone(), password.fetch().context("`password`")?)),
            _ => None,
        };
        let authorities = self
            .authorities
            .as_deref()
            .map(|path| fs::read(path).with_context(|| format!("`{}`", path.display())));
        let server = mail::Server {
            name: self.server.clone(),
            port: self.port.unwrap_or(self.tls.port()),
            tls: self.tls,
            authorities: authorities.transpose().context("`authorities`")?,
            login,
        };
        let words = (built.console.clone(), templates(self.templates.as_deref())?);
        Ok(MailSender::new(server, (&self.from, &self.to), words)?)
    }
}

impl Section for Mail {
    fn faults(&self) -> Vec<(&'static str, String)> {
        let mut faults = Vec::new();
        let mut fault = |key: &'static str, why: &str| faults.push((key, why.to_owned()));
        let is_here = self.server.parse::<std::net::IpAddr>().is_ok_and(|address| address.is_loopback());
        if self.tls == TlsMode::None && !is_here {
            fault("tls", "`none` is for a server on a loopback address alone, such as `127.0.0.1`");
        }
        if self.server.is_empty() || self.server.contains(['/', ':', ' ']) && !is_here {
            fault("server", "a name such as `smtp.example.com`, without a port");
        }
        if self.user.is_some() != self.password.is_some() {
            fault("user", "it comes with `password`, by reference");
        }
        if !mail::is_address(&self.from) {
            fault("from", "an address such as `Countersign <countersign@example.com>`");
        }
        if self.to.len() > MAX_TO || !self.to.iter().all(|to| mail::is_address(to)) {
            fault("to", &format!("at most {MAX_TO} addresses such as `soc@example.com`"));
        }
        faults
    }

    fn receiver(&self, name: &str, built: &Built<'_>) -> anyhow::Result<Receiver> {
        let sender = Guarded::new(self.sender(built)?, Arc::clone(built.clock));
        let heard = Heard { hears: self.hears.clone(), audiences: self.audiences.clone() };
        Ok(receiver(name, (self.min_severity, &heard), Arc::new(sender)))
    }
}

/// What is wrong with an address that others are below.
pub(super) fn folder_fault(key: &'static str, text: &str) -> Option<(&'static str, String)> {
    match text.parse::<Endpoint>() {
        Err(error) => Some((key, error.to_string())),
        Ok(_) if !text.ends_with('/') => Some((key, "it ends in a slash".to_owned())),
        Ok(_) => None,
    }
}

/// A receiver that is told in words, which name nobody.
pub(super) fn receiver(
    name: &str,
    (least, heard): (Severity, &Heard),
    sender: Arc<dyn SendHook>,
) -> Receiver {
    Receiver { name: name.to_owned(), least, with_names: false, hears: heard.hears(), sender }
}

/// The built-in words, with those of the files in a folder in their place.
pub(super) fn templates(folder: Option<&Path>) -> anyhow::Result<Templates> {
    let mut files = BTreeMap::new();
    if let Some(folder) = folder {
        let entries = fs::read_dir(folder).with_context(|| format!("`templates`: `{}`", folder.display()))?;
        for entry in entries {
            let entry = entry.with_context(|| format!("`templates`: `{}`", folder.display()))?;
            let name = entry.file_name().to_string_lossy().into_owned();
            if !name.ends_with(".txt") {
                continue;
            }
            let is_short = entry.metadata().is_ok_and(|found| found.len() <= MAX_FILE_BYTES as u64);
            anyhow::ensure!(is_short, "`templates`: `{name}`: a file of at most {MAX_FILE_BYTES} bytes");
            let text = fs::read_to_string(entry.path()).with_context(|| format!("`templates`: `{name}`"))?;
            files.insert(name, text);
        }
    }
    Templates::new(&files).map_err(|faults| {
        let lines: Vec<_> = faults.iter().map(ToString::to_string).collect();
        anyhow::anyhow!("`templates`: {}", lines.join("\n"))
    })
}

#[cfg(test)]
mod tests {
    use countersign_adapters::messages::Console;
    use countersign_app::hooks::Topic;

    use super::{super::parse, *};
    use crate::compose::system_clock;

    fn fault(section: &str, lines: &str) -> String {
        parse(&format!("[tenants.acme.{section}]\n{lines}\n"), vec![]).unwrap_err().to_string()
    }

    const MAIL: &str =
        "server = \"smtp.example.com\"\nfrom = \"cs@example.com\"\nto = [\"soc@example.com\"]\n";

    #[test]
    fn what_can_not_be_told_is_a_fault_with_its_place() {
        for (lines, told) in [
            ("token = \"env:T\"\nchannel = \"#ops\"", "`tenants.acme.slack.ops.channel`: a channel's id"),
            (
                "token = \"xoxb-hunter2\"\nchannel = \"C1\"",
                "`tenants.acme.slack.ops.token`: a secret is a reference",
            ),
            (
                "token = \"env:T\"\nchannel = \"C1\"\napi = \"http://slack.com/api/\"",
                "`tenants.acme.slack.ops.api`: `https`",
            ),
            (
                "token = \"env:T\"\nchannel = \"C1\"\napi = \"https://slack.com/api\"",
                "`tenants.acme.slack.ops.api`: it ends",
            ),
            (
                "token = \"env:T\"\nchannel = \"C1\"\nhears = [\"plan\"]",
                "`tenants.acme.slack.ops.hears[0]`: unknown variant",
            ),
        ] {
            let found = fault("slack.ops", lines);
            assert!(found.starts_with(told), "{lines}: {found}");
        }
        assert!(
            fault("slack_webhooks.ops", "url = \"https://hooks.slack.com/x\"")
                .contains("a secret is a reference")
        );
        for (lines, told) in [
            ("tls = \"none\"", "`tenants.acme.mail.ops.tls`: `none` is for a server on a loopback"),
            ("user = \"cs\"", "`tenants.acme.mail.ops.user`: it comes with `password`"),
            ("password = \"hunter2\"", "`tenants.acme.mail.ops.password`: a secret is a reference"),
            ("audiences = [\"all\"]", "`tenants.acme.mail.ops.audiences[0]`: unknown variant"),
        ] {
            let found = fault("mail.ops", &format!("{MAIL}{lines}"));
            assert!(found.starts_with(told), "{lines}: {found}");
        }
        let found =
            fault("mail.ops", "server = \"smtp.example.com\"\nfrom = \"hunter2\"\nto = [\"hunter2\"]");
        assert!(
            found.contains("`tenants.acme.mail.ops.from`") && found.contains("`tenants.acme.mail.ops.to`")
        );
        assert!(!found.contains("hunter2"));
        let twice =
            format!("[tenants.acme.mail.ops]\n{MAIL}[tenants.acme.slack_webhooks.ops]\nurl = \"env:W\"\n");
        let found = parse(&twice, vec![]).unwrap_err().to_string();
        assert!(found.contains("`ops` is the name of two receivers"), "{found}");
    }

    #[test]
    fn a_receiver_is_built_with_the_words_of_its_folder() {
        let folder = tempfile::tempdir().unwrap();
        let file = folder.path().join("plan.done.txt");
        let text = format!(
            "[tenants.acme.mail.ops]\n{MAIL}hears = [\"plans\"]\ntemplates = \"{}\"\n",
            folder.path().display()
        );
        let config = parse(&text, vec![]).unwrap();
        let mail = &config.tenants.values().next().unwrap().mail["ops"];
        let clock = system_clock();
        let built = Built { console: Console("https://cs.example.com".to_owned()), clock: &clock };
        fs::write(&file, "Done: {{ title }}\n\nSee {{ link }}").unwrap();
        let hook = mail.receiver("ops", &built).unwrap();
        assert_eq!(hook.hears.topics, BTreeSet::from([Topic::Plans]));
        assert!(!hook.with_names);
        fs::write(&file, "Done: {{ titel }}\n\nSee {{ link }}").unwrap();
        let error = format!("{:#}", mail.receiver("ops", &built).err().unwrap());
        assert!(error.contains("`plan.done.txt` line 1: a field of this kind"), "{error}");
    }
}
