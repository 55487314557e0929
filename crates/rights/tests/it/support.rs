//! Principals and places to ask about.

use std::collections::BTreeSet;

use countersign_rights::{Grant, How, Place, Principal, PrincipalKind, Rights, Role};

/// `kind` by `how`, with `grants` and nothing else.
pub(crate) fn principal(kind: PrincipalKind, how: How, grants: Vec<Grant>) -> Principal {
    Principal {
        kind,
        id: "one".to_owned(),
        grants,
        scopes: BTreeSet::new(),
        how,
        tenant: None,
        organization: None,
    }
}

pub(crate) fn person(grants: Vec<Grant>) -> Principal {
    principal(PrincipalKind::Person, How::Oidc, grants)
}

pub(crate) fn service_account(grants: Vec<Grant>, scopes: &[&str]) -> Principal {
    let bare = principal(PrincipalKind::ServiceAccount, How::Token, grants);
    Principal { scopes: owned(scopes), ..bare }
}

pub(crate) fn application(tenant: &str, organization: Option<&str>, scopes: &[&str]) -> Principal {
    Principal {
        scopes: owned(scopes),
        tenant: Some(tenant.parse().unwrap()),
        organization: organization.map(|id| id.parse().unwrap()),
        ..principal(PrincipalKind::Application, How::AccessToken, Vec::new())
    }
}

fn owned(scopes: &[&str]) -> BTreeSet<String> {
    scopes.iter().map(|scope| (*scope).to_owned()).collect()
}

pub(crate) fn tenant(tenant: &str) -> Place {
    Place::Tenant(tenant.parse().unwrap())
}

pub(crate) fn organization(tenant: &str, organization: &str) -> Place {
    Place::Organization(tenant.parse().unwrap(), organization.parse().unwrap())
}

pub(crate) fn grant(role: Role, at: &Place) -> Grant {
    Grant::new(role, at.clone()).unwrap()
}

/// The shipped policies and one file `own.cedar`.
pub(crate) fn with(text: &str) -> Rights {
    Rights::with(&[("own.cedar".to_owned(), text.to_owned())]).unwrap()
}
