//! The connection of whoever installs: by a credential from the command line, never by the service's.

use std::sync::Arc;

use anyhow::{Context, bail};
use countersign_adapters::management::{
    Credentials, DEFAULT_TIMEOUT, KeyAlgorithm, Management, Plan, RealSleep, Settings, Surroundings,
};
use countersign_app::management::{End, Intent, Pending, RecordError, Recorder};
use countersign_core::{Clock, TenantId};

use crate::{
    args::Connected,
    clock::SystemEntropy,
    config::{Config, SecretReference, address, host},
};

/// Whom nothing is told: for commands that only read.
pub struct ReadsOnly;

impl Recorder for ReadsOnly {
    fn intend<'a>(&'a self, _: Intent<'a>) -> Pending<'a, Result<String, RecordError>> {
        Box::pin(async { Err(RecordError) })
    }

    fn end<'a>(&'a self, _: &'a str, _: End) -> Pending<'a, ()> {
        Box::pin(async {})
    }
}

/// A reference that stands on the command line.
pub fn reference(text: &str, what: &str) -> anyhow::Result<SecretReference> {
    // Why without the text: whoever puts the secret itself there must not read it again in a log.
    SecretReference::try_from(text.to_owned()).map_err(|error| anyhow::anyhow!("`{what}`: {error}"))
}

/// Where the tenant is.
pub fn domain(args: &Connected, config: &Config, tenant: &TenantId) -> anyhow::Result<String> {
    let configured = || Some(config.tenants.get(tenant)?.management.as_ref()?.domain.clone());
    args.domain.clone().or_else(configured).with_context(|| {
        format!("say where the tenant is by --domain, or by `tenants.{tenant}.management.domain`")
    })
}

/// The host of the tenant alone.
pub fn tenant_host(args: &Connected, config: &Config, tenant: &TenantId) -> anyhow::Result<String> {
    Ok(host(&domain(args, config, tenant)?).to_owned())
}

/// Builds the client of whoever installs; nothing is asked yet.
pub fn connect(
    args: &Connected,
    config: &Config,
    tenant: &TenantId,
    clock: &Arc<dyn Clock>,
    recorder: Arc<dyn Recorder>,
) -> anyhow::Result<Management> {
    let section = config.tenants.get(tenant).and_then(|tenant| tenant.management.as_ref());
    let client_id = args.client_id.clone().context("name the client of whoever installs by --client-id")?;
    if section.and_then(|section| section.client_id.as_ref()) == Some(&client_id) {
        bail!(
            "--client-id is the service's own client: whoever installs needs another, which the service never has"
        );
    }
    let credentials = match (&args.client_secret, &args.private_key) {
        (Some(text), _) => Credentials::Secret(reference(text, "--client-secret")?.fetch()?),
        (None, Some(text)) => Credentials::Key {
            pem: reference(text, "--private-key")?.fetch()?,
            algorithm: KeyAlgorithm::Rs256,
            key_id: None,
        },
        (None, None) => bail!("give the client's --client-secret or --private-key, by reference"),
    };
    let limits = args.limits.as_ref().or_else(|| section?.plan.as_ref());
    let plan = limits.map_or(Ok(Plan::Free), |plan| plan.parse::<Plan>()).context("--limits")?;
    let ca = args.tenant_ca.as_ref().or_else(|| section?.ca.as_ref());
    let read = |path: &std::path::PathBuf| {
        std::fs::read(path).with_context(|| format!("can't read `{}`", path.display()))
    };
    let settings = Settings {
        tenant: address(&domain(args, config, tenant)?).parse().context("the tenant's domain")?,
        client_id: client_id.parse().context("--client-id")?,
        credentials,
        plan,
        authorities: ca.map(read).transpose()?,
        timeout: DEFAULT_TIMEOUT,
    };
    let surroundings = Surroundings {
        clock: Arc::clone(clock),
        entropy: Arc::new(SystemEntropy),
        sleep: Arc::new(RealSleep),
        recorder,
    };
    Ok(Management::new(settings, surroundings)?)
}
