//! The tenant's settings.

use super::{Endpoint, Operation, Request};
use crate::Dictionary;

model! {
    /// The settings of a tenant.
    Settings {
        maybe {
            /// What users read as its name.
            friendly_name: String,
            /// What is on and off.
            flags: Dictionary,
            /// The connection of the password grant.
            default_directory: String,
        }
    }
}

static SETTINGS: Endpoint<Settings, 0> =
    Endpoint::get("tenant.settings", "/tenants/settings").scopes(&["read:tenant_settings"]);
static SET_SETTINGS: Endpoint<Settings, 0> =
    Endpoint::patch("tenant.set_settings", "/tenants/settings").scopes(&["update:tenant_settings"]);

pub(super) static OPERATIONS: &[&Operation] = &[&SETTINGS.operation, &SET_SETTINGS.operation];

/// Reads the settings.
#[must_use]
pub fn settings() -> Request<Settings> {
    Request::new(&SETTINGS, [])
}

/// Sets some of the settings.
#[must_use]
pub fn set_settings(fields: Dictionary) -> Request<Settings> {
    Request::new(&SET_SETTINGS, []).fields(fields)
}
