//! What plans are carried out with: the client that writes, receivers, and where made secrets are kept.

mod keeper;

use std::{
    collections::{BTreeMap, BTreeSet},
    path::Path,
    sync::Arc,
};

use anyhow::Context;
use countersign_adapters::management::{Management, Settings, Surroundings};
use countersign_app::{
    App, Tenant,
    acts::{Hands, PlanRecorder},
    management::Recorder,
};
use countersign_auth0::management::operations;
use countersign_core::Clock;
use countersign_plan::install::is_read;

use self::keeper::Folder;
use crate::{
    commands::tenant::Nobody,
    compose::receivers,
    config::{Acting, Config, Management as Section, host},
    doctor::{Sources, credentials, settings, surroundings},
};

/// Where secrets are kept that a tenant makes, in the data directory.
const SECRETS: &str = "made-secrets";

/// Gives each tenant that has a section `acting` what its plans are carried out with; nothing is asked yet.
pub fn give(
    config: &Config,
    app: &Arc<App>,
    data: &Path,
    clock: &Arc<dyn Clock>,
    sources: &Sources,
) -> anyhow::Result<()> {
    for tenant in app.tenants() {
        let Some(configured) = config.tenants.get(tenant.id()) else { continue };
        let (Some(acting), Some(management)) = (&configured.acting, &configured.management) else { continue };
        let place = || format!("`tenants.{}.acting`", tenant.id());
        let reading = sources.get(tenant.id()).map(Arc::as_ref);
        let settings = acting.settings(&config.acting);
        let is_report_only = settings.is_report_only();
        let recorder: Arc<dyn Recorder> = match is_report_only {
            // Why nobody: what can't be recorded is not sent.
            true => Arc::new(Nobody),
            false => Arc::new(PlanRecorder::new(app, tenant)),
        };
        let client = client((acting, management), surroundings(clock, recorder)).with_context(place)?;
        let client = if is_report_only { client.asking_for(&reading_scopes()) } else { client };
        // Why: the tenant counts what both send together.
        let client = match reading {
            Some(reading) => client.beside(reading),
            None => client,
        };
        let folder = acting.secrets_folder.clone().unwrap_or_else(|| data.join(SECRETS));
        let receivers = receivers(config, tenant.id(), clock)?;
        tenant.give_hands(Hands {
            port: Box::new(client),
            domain: host(&management.domain).to_owned(),
            settings,
            receivers: receivers.into_iter().map(|hook| (hook.name, hook.sender)).collect(),
            secrets: BTreeMap::new(),
            keeper: Some(Arc::new(Folder::new(folder, tenant.id()))),
        });
        introduce(tenant, is_report_only);
    }
    Ok(())
}

fn introduce(tenant: &Tenant, is_report_only: bool) {
    tracing::info!(tenant.id = %tenant.id(), is_report_only, "plans can be made for this tenant");
}

/// The client of the section, or the one that reads where nothing is written.
fn client(
    (acting, management): (&Acting, &Section),
    surroundings: Surroundings,
) -> anyhow::Result<Management> {
    let (client_id, private_key, client_secret) = match &acting.client_id {
        Some(id) => (id, &acting.private_key, &acting.client_secret),
        None => {
            let id = management.client_id.as_ref().context("`management.client_id`")?;
            (id, &management.private_key, &management.client_secret)
        }
    };
    let credentials =
        credentials(private_key.as_ref(), client_secret.as_ref())?.context("`client_secret`")?;
    let settings: Settings = settings(management, client_id, credentials)?;
    Ok(Management::new(settings, surroundings)?)
}

/// The scopes that anything is read with, and none that writes.
fn reading_scopes() -> BTreeSet<String> {
    let scopes = operations().filter(|operation| operation.is_read()).flat_map(|operation| operation.scopes);
    scopes.copied().filter(|scope| is_read(scope)).map(str::to_owned).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn no_scope_that_writes_is_asked_for_where_nothing_is_written() {
        let scopes = reading_scopes();
        assert!(scopes.contains("read:users") && scopes.contains("read:organizations"), "{scopes:?}");
        assert!(scopes.iter().all(|scope| scope.starts_with("read:")), "{scopes:?}");
    }
}
