//! Who is told or called by the steps of plans, by name.

use std::{collections::BTreeMap, sync::Arc};

use anyhow::Context;
use countersign_app::hooks::SendHook;

use crate::config::Tenant;

/// The receivers of a tenant. A kind of receiver is a section of its own, whose names are taken here; none may stand for two.
pub fn receivers(tenant: &Tenant) -> anyhow::Result<BTreeMap<String, Arc<dyn SendHook>>> {
    let mut receivers = BTreeMap::new();
    for (name, hook) in &tenant.hooks {
        let receiver = hook.receiver(name).with_context(|| format!("`hooks.{name}`"))?;
        receivers.insert(name.clone(), receiver.sender);
    }
    Ok(receivers)
}
