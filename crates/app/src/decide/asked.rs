//! What a trigger's event gives to the one way in which all are decided about.

use countersign_auth0::{Dictionary, Maybe, factor::FactorType, object::Authorization};
use countersign_core::{Channel, ClientId, Mode, OrganizationId, SubjectId, TenantId, Timestamp, Trigger};
use countersign_playbook::CONTAINED;
use countersign_policy::{Circumstances, Realize};
use countersign_privacy::TenantKeys;
use countersign_risk::Extract;
use serde::Serialize;
use serde_json::Value;

use crate::Tenant;

/// Whose record a decision is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Who<'a> {
    /// A user, by Auth0's id.
    User(&'a str),
    /// Somebody who has no account yet, by e-mail address.
    Address(&'a str),
    /// A client that acts for itself.
    Client(&'a ClientId),
}

impl<'a> Who<'a> {
    /// Somebody without an id, by the first name that is told: e-mail address, phone number, user name.
    pub(crate) fn by_first_of(names: [&'a Maybe<String>; 3]) -> Self {
        let known = names.into_iter().find_map(|name| name.as_option());
        Self::Address(known.map_or("", String::as_str))
    }

    /// The pseudonym.
    pub(crate) fn subject(self, keys: &TenantKeys) -> SubjectId {
        match self {
            Self::User(id) => keys.subject(id),
            Self::Address(email) => keys.address(email),
            Self::Client(id) => keys.client(id),
        }
    }
}

/// An event that is decided about. To add a trigger: a file in `trigger/` that implements this, and an arm in
/// `App::decide`.
pub(crate) trait Asked: Extract + Sync {
    /// What may be done about it.
    type Effect: Realize + Serialize;

    /// Which trigger asks.
    const TRIGGER: Trigger;

    /// Whether the history of who has the address counts: the event itself names nobody.
    const ASKS_BY_ADDRESS: bool = false;

    /// By which road it comes.
    fn channel(&self) -> Channel;

    /// The tenant that the event names; `None` when it names none.
    fn tenant(&self) -> Option<TenantId>;

    /// Whose record it is.
    fn who(&self) -> Who<'_>;

    /// The e-mail address that the event names.
    fn address(&self) -> Option<&str>;

    /// Whether Auth0 says that it verified the address.
    fn is_verified(&self) -> bool {
        false
    }

    /// The connection that keeps the account, by id.
    fn connection(&self) -> Option<&str> {
        None
    }

    /// Whether a new account is what the event is about.
    fn is_sign_up(&self) -> bool {
        false
    }

    /// The organization that the event names.
    fn organization(&self) -> Option<&OrganizationId>;

    /// The client that the event names.
    fn client(&self) -> Option<&ClientId>;

    /// What policy takes from the event beside what `basis` has of any event.
    fn circumstances(&self, basis: Circumstances) -> Circumstances {
        basis
    }
}

impl Tenant {
    /// Whether an event of this tenant is answered by more than that Countersign is off there.
    pub(crate) fn answers<T: Asked>(&self, event: &T) -> bool {
        let policy = self.policy();
        let settings = policy.document().settings(T::TRIGGER, event.organization(), event.client());
        !self.is_off(T::TRIGGER) && settings.mode != Mode::Off
    }
}

/// Whether an account is marked as contained at the tenant: by a plan, or in the mark of sign-ins. Anything but absent, null or
/// false counts, as in the Action: a mark of another shape is no release.
pub(crate) fn is_contained(metadata: &Maybe<Dictionary>) -> bool {
    let Some(metadata) = metadata.as_option() else { return false };
    let marks = [metadata.get(CONTAINED), metadata.get("countersign").and_then(|mark| mark.get("contained"))];
    marks.into_iter().flatten().any(|mark| !mark.is_null() && *mark != Value::Bool(false))
}

/// What policy takes from whoever can be asked for a factor.
pub(crate) fn of_person(
    basis: Circumstances,
    authorization: &Maybe<Authorization>,
    enrolled: Vec<FactorType>,
    is_usable: impl Fn(&FactorType) -> bool,
) -> Circumstances {
    let roles = authorization.as_option().and_then(|authorization| authorization.roles.as_option());
    Circumstances {
        roles: roles.cloned().unwrap_or_default(),
        enrolled_none: enrolled.is_empty(),
        usable_factors: enrolled.into_iter().filter(is_usable).collect(),
        ..basis
    }
}

/// What policy takes from an event; `reference` is what a refused person may quote.
pub(crate) fn circumstances<T: Asked>(
    event: &T,
    keys: &TenantKeys,
    subject: &SubjectId,
    at: Timestamp,
    reference: &str,
) -> Circumstances {
    let basis = Circumstances {
        organization: event.organization().cloned(),
        client: event.client().cloned(),
        percentile: keys.percentile(subject),
        reference: reference.to_owned(),
        ..Circumstances::new(T::TRIGGER, event.channel(), at)
    };
    event.circumstances(basis)
}
