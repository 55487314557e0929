//! `countersign doctor`

use anyhow::Context;
use countersign_app::{
    management::Lane,
    posture::{self, Finding, Local, Posture, Severity},
};
use countersign_core::TenantId;
use countersign_rights::Action;
use countersign_store::Access;
use serde::Serialize;

use super::{Verdict, print};
use crate::{
    args::{Doctor, FindingsFormat},
    compose::system_clock,
    config::Config,
    doctor::{deaf, expected, local, read, source},
    place::Here,
    reference_watch::{ReferenceFiles, by_setting},
};

/// What was found at one tenant.
#[derive(Serialize)]
struct Report {
    tenant: TenantId,
    /// Whether the tenant itself was read, or our own side alone.
    is_tenant_read: bool,
    findings: Vec<Finding>,
}

pub async fn run(args: &Doctor) -> anyhow::Result<Verdict> {
    let config = args.folder.load()?;
    let tenants: Vec<TenantId> = match &args.tenant {
        Some(tenant) => vec![tenant.clone()],
        None => config.tenants.keys().cloned().collect(),
    };
    anyhow::ensure!(!tenants.is_empty(), "no tenant is configured: name one by --tenant");
    let mut is_sound = true;
    for tenant in tenants {
        let report = look(&config, tenant).await?;
        is_sound &= report.findings.iter().all(|finding| finding.severity == Severity::Note);
        match args.format {
            FindingsFormat::Json => print(&format!("{}\n", serde_json::to_string(&report)?)),
            FindingsFormat::Text => print(&text(&report)),
        }
    }
    Ok(if is_sound { Verdict::Holds } else { Verdict::Fails })
}

async fn look(config: &Config, tenant: TenantId) -> anyhow::Result<Report> {
    let clock = system_clock();
    let section = config.tenants.get(&tenant).and_then(|tenant| tenant.management.as_ref());
    let source = section.map(|section| source(section, &clock)).transpose();
    let source = source.with_context(|| format!("`tenants.{tenant}.management`"))?.flatten();
    let mut posture = match &source {
        Some(source) => read(source, Lane::Interactive, clock.now()).await,
        None => Posture::default(),
    };
    let mut expected = expected(config, &tenant);
    // Why without a fault: the configuration can be checked before there are records.
    let here = Here::open(config.clone(), &tenant, Access::ReadOnly, Action::ReadFindings).await.ok();
    expected.policy = match (&here, config.tenants.get(&tenant)) {
        (Some(here), _) => here.tenant.checked_policy(),
        (None, configured) => posture::policy(&configured.cloned().unwrap_or_default().policy),
    };
    if let Some(here) = &here {
        posture.logins = here.app.logins(&here.tenant, &posture).await?;
    }
    let files = ReferenceFiles::open(config, &clock);
    let faulty_reference = files.as_ref().err().map(by_setting).unwrap_or_default();
    let deaf_receivers = deaf(config, &tenant, &clock).await;
    posture.local = Some(Local { faulty_reference, deaf_receivers, ..local(config, &tenant) });
    let findings = posture::check(&posture, &expected, clock.now());
    Ok(Report { is_tenant_read: source.is_some(), tenant, findings })
}

fn text(report: &Report) -> String {
    let tenant = &report.tenant;
    let mut text = String::new();
    if !report.is_tenant_read {
        text.push_str(&format!(
            "{tenant}: the tenant itself is not checked, since `[tenants.{tenant}.management]` names no client; our own side is.\n"
        ));
    }
    for Finding { code, severity, text: what, fix, .. } in &report.findings {
        text.push_str(&format!("{tenant}: {severity} {code}: {what}. To mend it: {fix}.\n"));
    }
    if report.findings.is_empty() {
        text.push_str(&format!("{tenant}: nothing was found.\n"));
    }
    text
}
