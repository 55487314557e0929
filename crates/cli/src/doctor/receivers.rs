//! Whether receivers would take messages.

use std::{collections::BTreeMap, sync::Arc};

use countersign_core::{Clock, TenantId};

use crate::{
    compose::{receiver, receiver_names},
    config::Config,
};

/// Asks each receiver of a tenant that can be asked without a message; those that would take none, and why.
pub async fn deaf(config: &Config, tenant: &TenantId, clock: &Arc<dyn Clock>) -> BTreeMap<String, String> {
    let mut deaf = BTreeMap::new();
    for name in receiver_names(config, tenant) {
        let why = match receiver(config, (tenant, &name), clock) {
            Ok(found) => found.sender.look().await.err().map(|error| error.to_string()),
            Err(error) => Some(format!("{error:#}")),
        };
        deaf.extend(why.map(|why| (name, why)));
    }
    deaf
}
