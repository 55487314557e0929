//! Connections of organizations.

use countersign_auth0::{
    Dictionary,
    management::{ConnectionId, connections, enabled_connections},
};
use serde::{Deserialize, Serialize};
use serde_json::{Map, Value, json};

use super::{Back, FaultCode, Kind, Organization, Reverse, Scope, Write, draft::Draft, wants::Wants};
use crate::{Claim, Look};

/// The most connections of an organization ("Entity limits").
const MOST: usize = 10;

/// A connection that an organization is to have.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct EnableConnection {
    /// The organization.
    pub organization: Organization,
    /// The connection.
    pub connection: ConnectionId,
    /// Whether who signs in through it becomes a member.
    #[serde(default)]
    pub assigns_membership: bool,
    /// Whether it is offered.
    #[serde(default = "yes")]
    pub is_offered: bool,
    /// Whether people may sign up through it; only at a database that assigns membership.
    #[serde(default)]
    pub takes_sign_ups: bool,
}

const fn yes() -> bool {
    true
}

impl EnableConnection {
    pub(super) fn reads(&self, wants: &mut Wants) {
        wants.read(connections::get(&self.connection));
        if let Some(id) = self.organization.id() {
            wants.read(enabled_connections::list(id));
        }
    }

    fn fields(&self, is_database: bool) -> Map<String, Value> {
        let mut fields = Map::new();
        fields.insert("connection_id".to_owned(), json!(self.connection));
        fields.insert("assign_membership_on_login".to_owned(), json!(self.assigns_membership));
        fields.insert("show_as_button".to_owned(), json!(self.is_offered));
        if is_database {
            fields.insert("is_signup_enabled".to_owned(), json!(self.takes_sign_ups));
        }
        fields
    }

    pub(super) fn plan(&self, draft: &mut Draft<'_>) {
        let Some(place) = draft.place(&self.organization) else { return };
        let Some(connection) = draft.document(&connections::get(&self.connection), "connection") else {
            return;
        };
        if !draft.touch(format!("connection {} {}", place.key, self.connection), "connection") {
            return;
        }
        let is_database = connection.get("strategy").and_then(Value::as_str) == Some("auth0");
        if self.takes_sign_ups && !(is_database && self.assigns_membership) {
            let right = "people sign up at a database that assigns membership";
            return draft.fault("takes_sign_ups", FaultCode::Unfit, right);
        }
        let mut there: &[Value] = &[];
        if !place.is_made {
            let Some(list) = draft.list(&enabled_connections::list(&place.id), "organization") else {
                return;
            };
            there = list;
        }
        let is_it =
            |one: &Value| one.get("connection_id").and_then(Value::as_str) == Some(self.connection.as_str());
        if there.iter().any(is_it) {
            let right = "the organization may not have it: how it is used there is not changed here";
            return draft.fault("connection", FaultCode::Exists, right);
        }
        let count = draft.connected.entry(place.key.clone()).or_default();
        *count += 1;
        if there.len() + *count > MOST {
            let right = "an organization has 10 connections at the most";
            return draft.fault("connection", FaultCode::TooMany, right);
        }
        let fields = self.fields(is_database);
        let claims: Vec<Claim> =
            fields.iter().map(|(name, value)| Claim::is(&format!("/{name}"), value.clone())).collect();
        let read = place.template(&enabled_connections::get(&place.id, &self.connection));
        let gone = vec![Look::gone(read.clone())];
        let there = vec![Look::at(read, claims)];
        let add = place.template(&enabled_connections::add(&place.id, Dictionary::from(fields)));
        let remove = place.template(&enabled_connections::remove(&place.id, &self.connection));
        let scope = Scope::organization(&self.organization);
        let back = Reverse {
            kind: Kind::DisableConnection,
            scope: scope.clone(),
            write: Write::with(remove, there.clone(), gone.clone()),
        };
        let write = Write::with(add, gone, there);
        draft.push(Kind::EnableConnection, scope, write, Back::By(vec![back]));
    }
}
