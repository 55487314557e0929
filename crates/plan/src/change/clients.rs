//! Applications.

use countersign_auth0::management::clients;
use countersign_core::ClientId;
use serde::{Deserialize, Serialize};

use super::{Back, Forever, Kind, Scope, Write, draft::Draft, wants::Wants};
use crate::{Keep, Look, Template};

/// One application.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct OneClient {
    /// The application.
    pub client: ClientId,
}

impl OneClient {
    pub(super) fn reads(&self, wants: &mut Wants) {
        wants.read(clients::get(&self.client));
    }

    /// Gives the application a new secret, which is kept where secrets are.
    pub(super) fn plan_rotate(&self, draft: &mut Draft<'_>) {
        let get = clients::get(&self.client);
        if draft.document(&get, "client").is_none()
            || !draft.touch(format!("secret {}", self.client), "client")
        {
            return;
        }
        let look = Look::at(Template::of(get.any()), vec![]);
        let mut write = Write::of(&clients::rotate_secret(&self.client), vec![look], vec![]);
        write.is_blind = true;
        write.keeps = vec![Keep::secret(&format!("client_secret.{}", self.client), "/client_secret")];
        draft.tally.secrets += 1;
        let scope = Scope { clients: vec![self.client.clone()], ..Scope::default() };
        draft.push(Kind::RotateClientSecret, scope, write, Back::Irreversible(Forever::Secret));
    }
}
