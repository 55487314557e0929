//! What no plan may do to the service itself: what keeps it, or whoever administers it, out.

use std::collections::BTreeSet;

use countersign_auth0::management::UserId;
use countersign_core::ClientId;

use super::{Change, Fault, FaultCode, Order};

/// What is the service's own at a tenant.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Own {
    /// The clients that it reads and writes with.
    pub clients: BTreeSet<ClientId>,
    /// Everybody who administers it and signs in to it there; empty where others do as well, or nobody can tell.
    pub administrators: BTreeSet<UserId>,
}

/// What an order wants of the service's own that it can't have.
#[must_use]
pub fn own_faults(order: &Order, own: &Own) -> Vec<Fault> {
    let mut left = own.administrators.clone();
    let mut faults = Vec::new();
    for (number, wanted) in order.wanted.iter().enumerate() {
        let found = match &wanted.change {
            Change::RotateClientSecret(of) if own.clients.contains(&of.client) => Some((
                "client",
                "another application: a new secret of the service's own client would lock the service out; give it one at the tenant, and to the configuration",
            )),
            Change::BlockUser(of) => (left.remove(&of.user) && left.is_empty()).then_some((
                "user",
                "somebody who administers Countersign has to be able to sign in: leave one of them, or give the role to somebody else first",
            )),
            _ => None,
        };
        faults.extend(found.map(|(place, right)| Fault {
            wanted: Some(number),
            place: place.to_owned(),
            code: FaultCode::Own,
            right: right.to_owned(),
        }));
    }
    faults
}

#[cfg(test)]
mod tests {
    use serde_json::{Value, json};

    use super::*;
    use crate::change::{Origin, Wanted};

    fn faults(changes: &[Value]) -> Vec<(Option<usize>, String)> {
        let wanted = changes.iter().map(|change| Wanted {
            change: serde_json::from_value(change.clone()).unwrap(),
            reason: "because".to_owned(),
            evidence: Vec::new(),
        });
        let order = Order {
            tenant: "acme".parse().unwrap(),
            title: "a title".to_owned(),
            origin: Origin::Workflow { workflow: "w".to_owned(), person: None },
            wanted: wanted.collect(),
        };
        let own = Own {
            clients: ["ours".parse().unwrap()].into(),
            administrators: ["auth0|1", "auth0|2"].map(|id| id.parse().unwrap()).into(),
        };
        let found = own_faults(&order, &own);
        assert!(found.iter().all(|fault| fault.code == FaultCode::Own));
        found.into_iter().map(|fault| (fault.wanted, fault.place)).collect()
    }

    #[test]
    fn the_service_and_who_administers_it_are_not_locked_out() {
        let block = |user: &str| json!({"change": "block_user", "user": user});
        let rotate = |client: &str| json!({"change": "rotate_client_secret", "client": client});
        assert_eq!(faults(&[rotate("other"), block("auth0|1"), block("auth0|3")]), []);
        assert_eq!(faults(&[rotate("other"), rotate("ours")]), [(Some(1), "client".to_owned())]);
        let both = [block("auth0|2"), block("auth0|3"), block("auth0|1")];
        assert_eq!(faults(&both), [(Some(2), "user".to_owned())]);
        assert_eq!(faults(&[block("auth0|1"), block("auth0|1")]), []);
    }
}
