//! The checks of a running service: each tenant by itself, by the process that leads its jobs.

use std::{collections::BTreeMap, sync::Arc, time::Duration};

use anyhow::Context;
use countersign_adapters::management::Management;
use countersign_app::{
    App, Error, Tenant, Unfit,
    access::Job,
    management::Lane,
    posture::{self, Local, Look, Posture},
};
use countersign_core::{Clock, TenantId};
use tokio::{sync::watch, task::JoinSet, time};

use super::{expected, local, read, source};
use crate::{config::Config, listen::stopped};

/// Between two looks where the configuration names no tenant to read.
const LOOK: Duration = Duration::from_secs(60);

/// Checks tenants and our side.
pub struct Doctor {
    pub(super) config: Arc<Config>,
    pub(super) app: Arc<App>,
    pub(super) sources: Sources,
}

/// The service's own client at each tenant that has one.
pub type Sources = BTreeMap<TenantId, Arc<Management>>;

/// Builds the service's own clients; nothing is asked yet. All that reads a tenant shares one, and so keeps its limits.
pub fn sources(config: &Config, clock: &Arc<dyn Clock>) -> anyhow::Result<Sources> {
    let mut sources = BTreeMap::new();
    for (id, tenant) in &config.tenants {
        let Some(section) = &tenant.management else { continue };
        let found = source(section, clock).with_context(|| format!("`tenants.{id}.management`"))?;
        sources.extend(found.map(|found| (id.clone(), Arc::new(found))));
    }
    Ok(sources)
}

impl Doctor {
    /// A doctor with the service's own clients.
    pub const fn new(config: Arc<Config>, app: Arc<App>, sources: Sources) -> Self {
        Self { config, app, sources }
    }

    /// Checks until told to stop.
    pub async fn run(self, mut stop: watch::Receiver<bool>) {
        let doctor = Arc::new(self);
        let mut tasks = JoinSet::new();
        for tenant in doctor.app.tenants() {
            tasks.spawn(Arc::clone(&doctor).attend(Arc::clone(tenant)));
        }
        stopped(&mut stop).await;
        // Why at once: a look that is not finished says nothing.
        tasks.shutdown().await;
    }

    async fn attend(self: Arc<Self>, tenant: Arc<Tenant>) {
        let Some(tenant) = self.app.permit_job(Job::Doctor, &tenant).await else { return };
        let section = self.config.tenants.get(tenant.id()).and_then(|tenant| tenant.management.as_ref());
        let period = section.map_or(LOOK, |section| Duration::from_secs(section.check_seconds));
        let mut ticks = time::interval(period);
        ticks.set_missed_tick_behavior(time::MissedTickBehavior::Delay);
        loop {
            ticks.tick().await;
            if let Err(error) = self.look(&tenant).await {
                tracing::error!(tenant.id = %tenant.id(), code = error.code(), detail = error.detail(), "the tenant could not be checked");
            }
        }
    }

    pub(super) async fn look(&self, tenant: &Arc<Tenant>) -> Result<(), Error> {
        let Some(lead) = self.app.lead(tenant).await? else {
            self.app.forget_findings(tenant);
            return Ok(());
        };
        let delivery = self.app.delivery(tenant).await?;
        let source = self.sources.get(tenant.id());
        let mut posture = match source {
            // Why in bulk: nobody waits for it, and it must never take the place of somebody who does.
            Some(source) => read(source.as_ref(), Lane::Bulk, self.app.clock().now()).await,
            None => Posture::default(),
        };
        posture.delivery = delivery;
        posture.logins = self.app.logins(tenant, &posture).await?;
        let (config, id) = (Arc::clone(&self.config), tenant.id().clone());
        let looked = tokio::task::spawn_blocking(move || (expected(&config, &id), local(&config, &id))).await;
        let (mut expected, local) = looked
            .map_err(|_| Error::Unavailable { detail: "our own side could not be looked at".to_owned() })?;
        expected.policy = tenant.checked_policy();
        // Why before: whose code asks is told by which of the tenant's Actions is ours.
        posture.installed.owned.clone_from(&expected.owned);
        posture.asking = self.app.asking(tenant, &posture);
        let Unfit { mut rules, settings } = self.app.unfit(tenant);
        rules.extend(self.app.faulty_playbooks(tenant));
        let sets = self.app.reference().into_iter();
        let faulty_reference = sets.filter_map(|set| Some((set.key, set.fault?))).collect();
        let is_own_model_lost = tenant.is_own_model_lost();
        posture.local = Some(Local {
            faulty_rules: rules,
            unfit_settings: settings,
            is_own_model_lost,
            faulty_reference,
            ..local
        });
        let findings = posture::check(&posture, &expected, self.app.clock().now());
        let look = Look { posture: &posture, reads_tenant: source.is_some(), findings };
        self.app.take_findings(tenant, &lead, look).await.map(drop)
    }
}
