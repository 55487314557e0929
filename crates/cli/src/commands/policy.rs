//! `countersign policy`

use countersign_rights::Action;
use std::path::Path;

use anyhow::{Context, bail};
use countersign_app::{RuleFiles, check_policy};
use countersign_core::TenantId;
use countersign_policy::{Change, Document, Snapshot, diff};
use countersign_store::{Access, PolicyRow};
use reqwest::Method;
use serde::Deserialize;
use serde_json::{Value, json};

use super::{Verdict, print};
use crate::{
    args::{Apply, At, Policy, Proposed, ShowPolicy},
    compose::{open_store, system_clock},
    config::Config,
    place::{Place, Remote, demand, place},
    rule_watch,
};

/// The most bytes of a policy that are read: what a server takes.
const MAX_BYTES: u64 = countersign_server::MAX_BODY_BYTES as u64;

/// How many versions are looked through.
const VERSIONS: u32 = 10_000;

/// A version of the policy, as a running server lists it.
#[derive(Deserialize)]
struct Version {
    version: u64,
    document: Document,
}

pub async fn run(command: Policy) -> anyhow::Result<Verdict> {
    match command {
        Policy::Check(args) => check(&args),
        Policy::Diff(args) => {
            let tenant = tenant(&args.at.folder.load()?, args.tenant.as_ref())?;
            let new = proposed(&args, &tenant)?;
            let Version { version, document: old } = current(&args.at, &tenant).await?;
            let changes = diff(&old, new.document());
            print(&format!("Against version {version}:\n{}", words(&changes)));
            Ok(Verdict::Holds)
        }
        Policy::Apply(args) => apply(&args).await,
        Policy::Show(args) => show(&args).await,
    }
}

fn check(args: &Proposed) -> anyhow::Result<Verdict> {
    let config = args.at.folder.load()?;
    let checked = match (&args.file, tenant(&config, args.tenant.as_ref())) {
        (_, Ok(tenant)) => proposed(args, &tenant).map(drop),
        (Some(file), Err(_)) => read(file, &RuleFiles::default()).map(drop),
        (None, Err(error)) => Err(error),
    };
    match checked {
        Ok(()) => {
            print("The policy is good.\n");
            Ok(Verdict::Holds)
        }
        Err(error) => {
            print(&format!("{error:#}\n"));
            Ok(Verdict::Fails)
        }
    }
}

async fn apply(Apply { proposed: args, loosen }: &Apply) -> anyhow::Result<Verdict> {
    let tenant = tenant(&args.at.folder.load()?, args.tenant.as_ref())?;
    let new = proposed(args, &tenant)?;
    let place = Place::open(&args.at, &tenant, Access::Own, Action::ApplyPolicies).await?;
    let (version, old) = match &place {
        Place::Server(server) => {
            let Version { version, document } = newest(server, &tenant).await?;
            (version, document)
        }
        Place::Here(here) => (here.tenant.policy_version(), here.tenant.policy().document().clone()),
    };
    let changes = diff(&old, new.document());
    print(&format!("Against version {version}:\n{}", words(&changes)));
    if changes.is_empty() && version > 0 {
        print("The policy holds already.\n");
        return Ok(Verdict::Holds);
    }
    if changes.iter().any(|change| change.loosens) && !loosen {
        print("Protection would be loosened, so nothing was changed; add --loosen if that is meant.\n");
        return Ok(Verdict::Fails);
    }
    let version = match place {
        Place::Server(server) => {
            let body = json!({ "expected_version": version, "document": new.document() });
            let path = ["v1", "policies", tenant.as_str()];
            let answer = server.call(Method::PUT, &path, Some(&body)).await?;
            answer.get("version").and_then(Value::as_u64).context("the answer names no version")?
        }
        Place::Here(here) => {
            let version = here.app.apply_policy(&here.tenant, new, version).await?;
            here.app.sign_checkpoint(&here.tenant).await?;
            version
        }
    };
    print(&format!("Version {version} is in force.\n"));
    Ok(Verdict::Holds)
}

async fn show(args: &ShowPolicy) -> anyhow::Result<Verdict> {
    let config = args.at.folder.load()?;
    let tenant = tenant(&config, args.tenant.as_ref())?;
    let (version, document) = match (args.version, &args.at.url) {
        (None, _) => {
            let Version { version, document } = current(&args.at, &tenant).await?;
            (version, document)
        }
        (Some(wanted), Some(_)) => {
            let Place::Server(server) =
                Place::open(&args.at, &tenant, Access::ReadOnly, Action::ReadPolicies).await?
            else {
                bail!("no server")
            };
            let listed = server.get(&["v1", "policies", tenant.as_str(), "versions"], &[]).await?;
            let versions: Vec<Version> =
                serde_json::from_value(listed.get("versions").cloned().unwrap_or_default())
                    .context("the server's answer is none of Countersign's")?;
            let found = versions.into_iter().find(|version| version.version == wanted);
            let Version { version, document } =
                found.with_context(|| format!("there is no version {wanted}"))?;
            (version, document)
        }
        (Some(wanted), None) => {
            demand(&config, Some(&tenant), Action::ReadPolicies).await?;
            let store = open_store(&config, Access::ReadOnly, &system_clock()).await?;
            let rows = store.list_policies(&tenant, VERSIONS).await?;
            let row = rows.into_iter().find(|row| row.version == wanted);
            stored(&row.with_context(|| format!("there is no version {wanted}"))?)?
        }
    };
    print(&format!(
        "{}\n",
        serde_json::to_string_pretty(&json!({ "version": version, "document": document }))?
    ));
    Ok(Verdict::Holds)
}

/// The policy that holds, without the right to change it: also beside a running service.
async fn current(at: &At, tenant: &TenantId) -> anyhow::Result<Version> {
    if at.url.is_some() {
        let Place::Server(server) = Place::open(at, tenant, Access::ReadOnly, Action::ReadPolicies).await?
        else {
            bail!("no server")
        };
        return newest(&server, tenant).await;
    }
    let config = at.folder.load()?;
    demand(&config, Some(tenant), Action::ReadPolicies).await?;
    let store = open_store(&config, Access::ReadOnly, &system_clock()).await?;
    let row = store.find_policy(tenant).await?;
    let row = row.with_context(|| format!("`{}` holds no policy of `{tenant}`", place(&config)))?;
    let (version, document) = stored(&row)?;
    Ok(Version { version, document })
}

async fn newest(server: &Remote, tenant: &TenantId) -> anyhow::Result<Version> {
    let answer = server.get(&["v1", "policies", tenant.as_str()], &[]).await?;
    serde_json::from_value(answer).context("the server's answer is none of Countersign's")
}

fn stored(row: &PolicyRow) -> anyhow::Result<(u64, Document)> {
    let document = serde_json::from_str(&row.document)
        .with_context(|| format!("version {} can't be read by this program", row.version))?;
    Ok((row.version, document))
}

/// The tenant that is named, or the only one that is configured.
pub(super) fn tenant(config: &Config, named: Option<&TenantId>) -> anyhow::Result<TenantId> {
    match (named, config.tenants.len()) {
        (Some(tenant), _) => Ok(tenant.clone()),
        (None, 1) => config.tenants.keys().next().cloned().context("no tenant"),
        (None, count) => bail!("name the tenant by --tenant; {count} are configured"),
    }
}

/// The policy in the file, else the one in the configuration.
fn proposed(args: &Proposed, tenant: &TenantId) -> anyhow::Result<Snapshot> {
    let config = args.at.folder.load()?;
    let rules = rule_watch::rules(&config, tenant)?;
    if let Some(file) = &args.file {
        return read(file, &rules);
    }
    let configured = config.tenants.get(tenant);
    let configured = configured.with_context(|| format!("name a file; `{tenant}` is not configured"))?;
    snapshot(configured.policy.clone(), &rules)
}

/// Reads a policy, JSON where the file's name says so, else TOML.
fn read(file: &Path, rules: &RuleFiles) -> anyhow::Result<Snapshot> {
    let told = || format!("`{}`", file.display());
    let length = std::fs::metadata(file).with_context(|| format!("can't read {}", told()))?.len();
    anyhow::ensure!(length <= MAX_BYTES, "{} has more than {MAX_BYTES} bytes", told());
    let text = std::fs::read_to_string(file).with_context(|| format!("can't read {}", told()))?;
    let is_json = file.extension().is_some_and(|extension| extension.eq_ignore_ascii_case("json"));
    let document = if is_json { from_json(&text) } else { from_toml(&text) };
    document.and_then(|document| snapshot(document, rules)).with_context(told)
}

pub(crate) fn from_json(text: &str) -> anyhow::Result<Document> {
    let mut reader = serde_json::Deserializer::from_str(text);
    let document = serde_path_to_error::deserialize(&mut reader)
        .map_err(|error| anyhow::anyhow!("`{}`: {}", error.path(), error.inner()))?;
    reader.end()?;
    Ok(document)
}

pub(crate) fn from_toml(text: &str) -> anyhow::Result<Document> {
    let table = crate::toml_text::read(text)?;
    serde_path_to_error::deserialize(toml::Value::Table(table))
        .map_err(|error| anyhow::anyhow!("`{}`: {}", error.path(), error.inner().to_string().trim()))
}

fn snapshot(document: Document, rules: &RuleFiles) -> anyhow::Result<Snapshot> {
    check_policy(document, rules).map_err(|faults| {
        let lines = faults.iter().map(|fault| format!("`{}`: {}", fault.path, fault.message));
        anyhow::anyhow!("{}", lines.collect::<Vec<_>>().join("\n"))
    })
}

/// One line a change.
fn words(changes: &[Change]) -> String {
    if changes.is_empty() {
        return "  no change\n".to_owned();
    }
    let line = |Change { path, old, new, loosens }: &Change| {
        let mark = if *loosens { "  [loosens]" } else { "" };
        format!("  {path}: {old} -> {new}{mark}\n")
    };
    changes.iter().map(line).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn toml_and_json_say_the_same_and_faults_have_their_place() {
        let toml = from_toml("fallback = \"challenge\"\n[tenant]\nmode = \"enforce\"\n").unwrap();
        let json = from_json(r#"{"fallback":"challenge","tenant":{"mode":"enforce"}}"#).unwrap();
        assert_eq!(toml, json);
        let fault = from_toml("[tenant]\nmode = \"enforced\"\n").unwrap_err().to_string();
        assert!(fault.starts_with("`tenant.mode`: unknown variant"), "{fault}");
        assert!(from_json("{} {}").is_err());
        let fault = snapshot(from_toml("claim_namespace = \"x\"\n").unwrap(), &RuleFiles::default());
        let fault = fault.unwrap_err().to_string();
        assert!(fault.starts_with("`claim_namespace`: "), "{fault}");
    }

    #[test]
    fn a_change_that_loosens_is_marked() {
        let mut old = Document::default();
        old.tenant.mode = Some(countersign_core::Mode::Enforce);
        let text = words(&diff(&old, &Document::default()));
        assert!(text.contains("tenant.mode: enforce -> ") && text.ends_with("[loosens]\n"), "{text}");
        assert_eq!(words(&diff(&old, &old)), "  no change\n");
    }
}
