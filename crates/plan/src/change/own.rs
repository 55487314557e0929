//! What no plan may do to the service itself: what keeps it, or whoever administers it, out.

use std::collections::BTreeSet;

use countersign_auth0::management::UserId;
use countersign_core::ClientId;

use super::{Change, ChangePlan, ChangeStep, Fault, FaultCode, Kind, Order};

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

/// Whether a step is of a kind that could lock out the service, or somebody who administers it.
#[must_use]
pub const fn may_lock_out(step: &ChangeStep) -> bool {
    matches!(step.kind, Kind::BlockUser | Kind::RotateClientSecret)
}

/// The first step of a plan that is still to come and would lock out the service, or the last who administers it and is left by the
/// steps before.
#[must_use]
pub fn lock_out(plan: &ChangePlan, is_to_come: impl Fn(usize) -> bool, own: &Own) -> Option<usize> {
    let mut left = own.administrators.clone();
    let mut locks = |step: &ChangeStep| match step.kind {
        Kind::RotateClientSecret => step.scope.clients.iter().any(|client| own.clients.contains(client)),
        Kind::BlockUser => step.scope.users.iter().any(|user| left.remove(user) && left.is_empty()),
        _ => false,
    };
    let steps = plan.steps.iter().enumerate();
    steps.filter(|(_, step)| locks(step)).map(|(number, _)| number).find(|number| is_to_come(*number))
}

#[cfg(test)]
mod tests {
    use serde_json::{Value, json};

    use super::*;
    use crate::{
        Template,
        change::{Back, Call, Forever, Origin, Scope, Wanted, Write, samples::plan},
    };

    fn step(kind: Kind, scope: Scope) -> ChangeStep {
        let call = Call::Management(Template::new("users.update", vec![]));
        let write =
            Write { call, before: vec![], after: vec![], is_blind: true, may_repeat: true, keeps: vec![] };
        ChangeStep {
            name: "s".to_owned(),
            kind,
            wanted: 0,
            scope,
            write,
            back: Back::Irreversible(Forever::Told),
        }
    }

    fn blocks(user: &str) -> ChangeStep {
        step(Kind::BlockUser, Scope { users: vec![user.parse().unwrap()], ..Scope::default() })
    }

    #[test]
    fn what_would_lock_out_is_found_among_the_steps_that_are_to_come() {
        let rotates = |client: &str| {
            let clients = vec![client.parse().unwrap()];
            step(Kind::RotateClientSecret, Scope { clients, ..Scope::default() })
        };
        let own = |administrators: &[&str]| Own {
            clients: ["ours".parse().unwrap()].into(),
            administrators: administrators.iter().map(|id| id.parse().unwrap()).collect(),
        };
        let both = plan(vec![blocks("auth0|1"), rotates("theirs"), blocks("auth0|2"), rotates("ours")]);
        assert_eq!(lock_out(&both, |_| true, &own(&["auth0|1", "auth0|2"])), Some(2));
        assert_eq!(lock_out(&both, |_| true, &own(&["auth0|2"])), Some(2), "somebody lost the role since");
        assert_eq!(lock_out(&both, |_| true, &own(&["auth0|1", "auth0|2", "auth0|3"])), Some(3));
        assert_eq!(lock_out(&both, |number| number < 3, &own(&["auth0|3"])), None);
        assert_eq!(
            lock_out(&both, |number| number > 2, &own(&["auth0|2"])),
            Some(3),
            "what is through is through"
        );
        assert_eq!(lock_out(&both, |number| number < 3, &own(&[])), None, "others are let in as well");
        let kinds = [Kind::RevokeAccess, Kind::SetAppMetadata];
        assert!(kinds.iter().all(|kind| !may_lock_out(&step(*kind, Scope::default()))));
        assert!(both.steps.iter().all(may_lock_out));
    }

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
