//! How a tenant should be: by the configuration, else by the journal of what was installed.

use std::collections::BTreeMap;

use countersign_app::{
    posture::{Expected, ExpectedAction, shipped},
    tenant::Installed,
};
use countersign_core::{TenantId, Trigger};
use countersign_plan::{
    Phase,
    install::{Place, TRIGGERS, needs},
};

use crate::{
    commands::tenant::{KEY, Kept, URL, built_in},
    config::{Config, Management as Section},
    data_dir::DataDir,
};

/// How a tenant should be. A journal that can't be read is none.
pub fn expected(config: &Config, tenant: &TenantId) -> Expected {
    let mut expected = Expected::nothing(tenant.clone());
    let section = config.tenants.get(tenant).and_then(|tenant| tenant.management.as_ref());
    let Some(section) = section.filter(|section| section.client_id.is_some()) else { return expected };
    expected.reads_tenant = true;
    expected.client_id.clone_from(&section.client_id);
    let console = config.console_client(tenant, None).ok().flatten();
    expected.console_client = console.map(|client| client.as_str().to_owned());
    let applied = applied(config, tenant);
    let Installed { owned, actions, log_endpoint, event_endpoint, scopes } = match applied {
        Some(applied) => {
            expected.actions = Some(BTreeMap::new());
            applied
        }
        None => Installed::default(),
    };
    expected.owned = owned;
    if expected.actions.is_some() {
        expected.actions =
            Some(actions.into_iter().map(|(trigger, action)| (trigger, known(trigger, action))).collect());
    }
    (expected.log_endpoint, expected.event_endpoint, expected.scopes) =
        (log_endpoint, event_endpoint, scopes);
    configured(section, &mut expected);
    expected
}

fn applied(config: &Config, tenant: &TenantId) -> Option<Installed> {
    let data = DataDir::found(&config.storage.directory).ok()?;
    match Kept::new(data, tenant.clone()).journal() {
        Ok(journal) => journal.installed(),
        Err(error) => {
            tracing::error!(tenant.id = %tenant, error = format!("{error:#}"), "the journal of the installation can't be read");
            None
        }
    }
}

/// With what this version ships.
fn known(trigger: Trigger, action: ExpectedAction) -> ExpectedAction {
    ExpectedAction { shipped: Some(shipped(built_in(trigger))), ..action }
}

/// Puts what the configuration says over it.
fn configured(section: &Section, expected: &mut Expected) {
    if let Some(triggers) = &section.triggers {
        let before = expected.actions.take().unwrap_or_default();
        let action = |trigger: &Trigger| {
            let fresh = || ExpectedAction {
                secrets: vec![URL.to_owned(), KEY.to_owned()],
                ..known(*trigger, ExpectedAction::default())
            };
            (*trigger, before.get(trigger).cloned().unwrap_or_else(fresh))
        };
        let ours = triggers.iter().filter(|trigger| TRIGGERS.contains(trigger));
        expected.actions = Some(ours.map(action).collect());
    }
    if let Some(place) = section.place.as_ref().and_then(|place| place.parse::<Place>().ok()) {
        for action in expected.actions.iter_mut().flat_map(BTreeMap::values_mut) {
            action.place = Some(place.clone());
        }
    }
    if let Some(capabilities) = &section.capabilities {
        expected.scopes = capabilities
            .iter()
            .flat_map(|(capability, autonomy)| needs(*capability, *autonomy))
            .filter(|need| need.phase == Phase::Serve)
            .map(|need| (need.scope, need.capability))
            .collect();
    }
    if section.logs_url.is_some() {
        expected.log_endpoint.clone_from(&section.logs_url);
    }
}
