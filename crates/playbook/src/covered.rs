//! What was wanted before for the same incident.

use std::collections::BTreeSet;

use countersign_auth0::management::UserId;
use countersign_core::ClientId;
use countersign_plan::change::{Change, Order, Origin};

/// Whom and what earlier plans of a playbook for an incident were about, however they ended: what people rejected is not proposed
/// again.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Covered {
    /// Accounts.
    pub users: BTreeSet<UserId>,
    /// Applications.
    pub clients: BTreeSet<ClientId>,
    /// Networks.
    pub networks: BTreeSet<String>,
    /// How many plans there were.
    pub plans: usize,
}

impl Covered {
    /// Adds an order, if it is the playbook's.
    pub fn add(&mut self, playbook: &str, order: &Order) {
        if !matches!(&order.origin, Origin::Incident { playbook: of, .. } if of == playbook) {
            return;
        }
        self.plans += 1;
        for wanted in &order.wanted {
            match &wanted.change {
                Change::BlockUser(of)
                | Change::RevokeSessions(of)
                | Change::RevokeRefreshTokens(of)
                | Change::RevokeAccess(of)
                | Change::ForcePasswordReset(of)
                | Change::ResetMfa(of) => drop(self.users.insert(of.user.clone())),
                Change::SetAppMetadata(of) => drop(self.users.insert(of.user.clone())),
                Change::RotateClientSecret(of) => drop(self.clients.insert(of.client.clone())),
                Change::AddNetworkBlock(of) => self.networks.extend(of.networks.iter().cloned()),
                _ => {}
            }
        }
    }
}
