//! Comparing a tenant with what we take for granted of it.

use countersign_adapters::management::Management;
use countersign_app::management::{Error, Lane};
use countersign_auth0::management::{actions::ActionTrigger, logs};
use countersign_plan::install::{RUNTIME, TRIGGERS, trigger_version};
use serde_json::Value;

use super::{Site, trial};
use crate::{
    args::Probing,
    commands::{Verdict, print},
};

/// What reading can't tell, and how it can be found out.
const OPEN: [(&str, &str); 6] = [
    (
        "the batch size, time-out and user agent of webhooks",
        "look at deliveries of our log stream at the service",
    ),
    (
        "what an Action's failure looks like, by trigger",
        "deploy one that throws on a test tenant, and sign in",
    ),
    ("the answer to too many requests", "send requests beyond the plan's limit on a test tenant"),
    ("whether an organization's `metadata` is merged or replaced", BY_TRIAL),
    ("how many members can be added at once", "add more than 10 to a test organization"),
    (
        "the Actions' memory, and client certificates from there",
        "run an Action that measures it on a test tenant",
    ),
];

/// How what can be tried is found out.
const BY_TRIAL: &str = "add --write, which tries it on an organization of its own";

/// One thing that was looked at.
#[derive(Debug, PartialEq, Eq)]
pub struct Finding {
    is_as_assumed: bool,
    text: String,
}

pub fn finding(is_as_assumed: bool, text: String) -> Finding {
    Finding { is_as_assumed, text }
}

/// The versions of triggers, and what Actions run on.
fn of_triggers(known: &[ActionTrigger]) -> Vec<Finding> {
    let of = |trigger: countersign_core::Trigger| {
        let wanted = trigger_version(trigger);
        let mut versions = known.iter().filter(|known| known.id.as_str() == trigger.as_str());
        let current =
            versions.find(|known| known.status.as_option().is_some_and(|status| status == "CURRENT"));
        let Some(current) = current else {
            return finding(false, format!("`{trigger}` has no current version here; we take {wanted}"));
        };
        let version = current.version.as_option().map_or("none", String::as_str);
        let runtimes = current.runtimes.as_option().cloned().unwrap_or_default();
        let has_runtime = runtimes.iter().any(|runtime| runtime == RUNTIME);
        finding(
            version == wanted && has_runtime,
            format!("`{trigger}` is {version} on {}; we take {wanted} on {RUNTIME}", runtimes.join(", ")),
        )
    };
    TRIGGERS.into_iter().map(of).collect()
}

/// How log events come by this API.
fn of_logs(logs: &[Value]) -> Vec<Finding> {
    if logs.is_empty() {
        return vec![finding(true, "there are no log events to look at".to_owned())];
    }
    let with = |name: &str| logs.iter().filter(|log| log.get(name).is_some()).count();
    let (snake, camel) = (with("is_mobile"), with("isMobile"));
    let ids = with("log_id");
    vec![
        finding(
            true,
            format!(
                "`is_mobile` in {snake}, `isMobile` in {camel} of {} log events; both are taken",
                logs.len()
            ),
        ),
        finding(ids == logs.len(), format!("`log_id` in {ids} of {}", logs.len())),
        finding(with("date") == logs.len(), format!("`date` in {} of {}", with("date"), logs.len())),
    ]
}

async fn triggers(management: &Management) -> Result<Vec<Finding>, Error> {
    let page =
        management.read(&countersign_auth0::management::actions::triggers(), Lane::Interactive).await?;
    Ok(of_triggers(&page.items))
}

async fn newest_logs(management: &Management) -> Result<Vec<Finding>, Error> {
    let page = management.read(&logs::search(""), Lane::Interactive).await?;
    let items: Vec<Value> = page.items.iter().filter_map(|item| serde_json::to_value(item).ok()).collect();
    Ok(of_logs(&items))
}

pub async fn run(args: &Probing) -> anyhow::Result<Verdict> {
    let site = Site::open(&args.connected)?;
    let management = site.reader(&args.connected)?;
    let mut findings = Vec::new();
    let mut tell = |what: &str, looked: Result<Vec<Finding>, Error>| match looked {
        Ok(found) => findings.extend(found),
        Err(Error::Scope { operation }) => findings.push(finding(
            true,
            format!("{what}: not looked at; it needs one of {}", operation.scopes.join(", ")),
        )),
        Err(error) => findings.push(finding(false, format!("{what}: {error}"))),
    };
    tell("triggers", triggers(&management).await);
    tell("logs", newest_logs(&management).await);
    let scopes = management.scopes();
    findings.push(match scopes {
        Some(scopes) => {
            finding(true, format!("the tenant says that the credential has: {}", scopes.join(" ")))
        }
        None => {
            finding(false, "the tenant does not say which scopes a credential has; we need it to".to_owned())
        }
    });
    if let (true, Some(scopes)) = (args.write, &args.accept_scopes) {
        findings.push(trial::metadata(&args.connected, scopes).await?);
    }
    for Finding { is_as_assumed, text } in &findings {
        let mark = if *is_as_assumed { "  as assumed" } else { "  DIFFERS   " };
        print(&format!("{mark}  {}\n", text.replace(char::is_control, " ")));
    }
    print("\nWhat reading can't tell:\n");
    for (what, how) in OPEN.into_iter().filter(|(_, how)| !args.write || *how != BY_TRIAL) {
        print(&format!("  {what}: {how}\n"));
    }
    let holds = findings.iter().all(|finding| finding.is_as_assumed);
    Ok(if holds { Verdict::Holds } else { Verdict::Fails })
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    fn known(version: &str, runtime: &str) -> Vec<ActionTrigger> {
        let known = json!([
            {"id": "post-login", "version": "v1", "status": "DEPRECATED", "runtimes": ["node22"]},
            {"id": "post-login", "version": version, "status": "CURRENT", "runtimes": ["node18-actions", runtime]},
        ]);
        serde_json::from_value(known).unwrap()
    }

    #[test]
    fn another_version_or_runtime_of_a_trigger_is_told() {
        assert!(of_triggers(&known("v3", "node22"))[0].is_as_assumed);
        assert!(!of_triggers(&known("v4", "node22"))[0].is_as_assumed);
        assert!(!of_triggers(&known("v3", "node24"))[0].is_as_assumed);
        assert!(of_triggers(&known("v3", "node22"))[1..].iter().all(|finding| !finding.is_as_assumed));
    }

    #[test]
    fn log_events_without_what_we_go_by_are_told() {
        let good = json!({"log_id": "1", "date": "2026-01-01T00:00:00Z", "isMobile": true});
        assert!(of_logs(std::slice::from_ref(&good)).iter().all(|finding| finding.is_as_assumed));
        assert!(of_logs(&[good, json!({"log_id": "2"})]).iter().any(|finding| !finding.is_as_assumed));
    }
}
