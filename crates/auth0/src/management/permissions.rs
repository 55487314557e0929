//! Permissions of APIs, as roles and users have them.

use super::Item;

model! {
    /// A permission.
    Permission {
        required {
            /// The API's identifier.
            resource_server_identifier: String,
            /// What it permits there.
            permission_name: String,
        }
    }
}

impl Item for Permission {
    const KEY: &'static str = "permissions";

    fn id(&self) -> String {
        format!("{} {}", self.resource_server_identifier, self.permission_name)
    }
}
