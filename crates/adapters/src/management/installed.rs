//! The client as it is needed to carry out a plan.

use std::time::Duration;

use countersign_app::{
    management::{Api, Error, Lane, Pending},
    tenant::Port,
};
use countersign_auth0::{
    Json,
    management::{
        AnyRequest, Item, Paging, Request, actions, authentication_methods, client_grants, clients,
        connections, discovery_domains, enabled_connections, event_streams, hooks, invitations, logs,
        members, network_acls, organizations, permissions, refresh_tokens, resource_servers, roles, rules,
        sessions, users,
    },
};
use serde_json::Value;

use super::{Management, Pages};

/// Reads a list of one type to its end.
type Reader = for<'a> fn(&'a Management, &'a AnyRequest, Lane) -> Pending<'a, Result<Vec<Value>, Error>>;

/// The lists that come in pages, by operation.
const LISTS: &[(&str, Reader)] = &[
    ("actions.list", all::<actions::Action>),
    ("actions.versions", all::<actions::ActionVersion>),
    ("actions.bindings", all::<actions::Binding>),
    ("authentication_methods.list", all::<authentication_methods::AuthenticationMethod>),
    ("client_grants.list", all::<client_grants::ClientGrant>),
    ("clients.list", all::<clients::Client>),
    ("connections.list", all::<connections::Connection>),
    ("connections.clients", all::<connections::EnabledClient>),
    ("discovery_domains.list", all::<discovery_domains::DiscoveryDomain>),
    ("enabled_connections.list", all::<enabled_connections::EnabledConnection>),
    ("event_streams.list", all::<event_streams::EventStream>),
    ("hooks.list", all::<hooks::Hook>),
    ("invitations.list", all::<invitations::Invitation>),
    ("logs.list", all::<logs::Log>),
    ("members.list", all::<members::Member>),
    ("members.roles", all::<roles::Role>),
    ("network_acls.list", all::<network_acls::NetworkAcl>),
    ("organizations.list", all::<organizations::Organization>),
    ("organizations.grants", all::<client_grants::ClientGrant>),
    ("refresh_tokens.list", all::<refresh_tokens::RefreshToken>),
    ("resource_servers.list", all::<resource_servers::ResourceServer>),
    ("roles.list", all::<roles::Role>),
    ("roles.permissions", all::<permissions::Permission>),
    ("roles.users", all::<users::User>),
    ("rules.list", all::<rules::Rule>),
    ("sessions.list", all::<sessions::Session>),
    ("users.list", all::<users::User>),
    ("users.roles", all::<roles::Role>),
    ("users.organizations", all::<organizations::Organization>),
];

/// All items of a list, as they came.
fn all<'a, T: Item + Send + Sync + 'static>(
    client: &'a Management,
    list: &'a AnyRequest,
    lane: Lane,
) -> Pending<'a, Result<Vec<Value>, Error>> {
    Box::pin(async move {
        let operation = list.operation();
        let items = Pages::<T>::new(client, Request::read_as(list.clone()), lane).all().await?;
        let written = items.into_iter().map(|item| serde_json::to_value(item)).collect::<Result<_, _>>();
        written.map_err(|_| Error::Malformed { operation })
    })
}

impl Management {
    async fn whole(&self, request: &AnyRequest, lane: Lane) -> Result<Vec<Value>, Error> {
        let operation = request.operation();
        let shape = |shape| Error::Shape { operation, shape };
        let items: Vec<Json> = self.fetch(request, lane).await?.read().map_err(shape)?;
        Ok(items.into_iter().map(|Json(item)| item).collect())
    }
}

impl Port for Management {
    fn api(&self) -> &dyn Api {
        self
    }

    fn list<'a>(&'a self, request: &'a AnyRequest, lane: Lane) -> Pending<'a, Result<Vec<Value>, Error>> {
        let operation = request.operation();
        match LISTS.iter().find(|(name, _)| *name == operation.name) {
            Some((_, reader)) => reader(self, request, lane),
            None if operation.paging == Paging::Whole => Box::pin(self.whole(request, lane)),
            // Why: its first page is not the list.
            None => Box::pin(async move { Err(Error::Malformed { operation }) }),
        }
    }

    fn wait(&self, pause: Duration) -> Pending<'_, ()> {
        self.sleep.sleep(pause)
    }
}

#[cfg(test)]
mod tests {
    use countersign_auth0::management::operations;

    use super::*;

    #[test]
    fn every_list_that_comes_in_pages_is_read_to_its_end() {
        let paged = operations().filter(|operation| operation.paging != Paging::Whole);
        let unread: Vec<&str> = paged
            .map(|operation| operation.name)
            .filter(|name| !LISTS.iter().any(|(known, _)| known == name))
            .collect();
        assert_eq!(unread, [""; 0]);
        for (name, _) in LISTS {
            assert!(operations().any(|operation| operation.name == *name), "{name}");
        }
    }
}
