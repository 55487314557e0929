//! The client as it is needed to carry out a plan.

use std::time::Duration;

use countersign_app::{
    management::{Api, Error, Lane, Pending},
    tenant::Port,
};
use countersign_auth0::{
    Json,
    management::{
        AnyRequest, Item, Page, Request, actions, client_grants, clients, event_streams, hooks,
        resource_servers, rules,
    },
};
use serde_json::Value;

use super::{Management, Pages};

impl Management {
    /// All items of a list, as they came.
    async fn all<T: Item>(&self, list: Request<Page<T>>, lane: Lane) -> Result<Vec<Value>, Error> {
        let operation = list.any().operation();
        let items = Pages::new(self, list, lane).all().await?;
        let written = items.into_iter().map(|item| serde_json::to_value(item)).collect::<Result<_, _>>();
        written.map_err(|_| Error::Malformed { operation })
    }

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
        Box::pin(async move {
            let last = request.path().rsplit('/').nth(1).unwrap_or_default();
            match request.operation().name {
                "actions.list" => self.all(actions::list(), lane).await,
                "actions.bindings" => match last.parse() {
                    Ok(trigger) => self.all(actions::bindings(&trigger), lane).await,
                    Err(_) => Err(Error::Malformed { operation: request.operation() }),
                },
                "event_streams.list" => self.all(event_streams::list(), lane).await,
                "resource_servers.list" => self.all(resource_servers::list(), lane).await,
                "clients.list" => self.all(clients::list(), lane).await,
                "client_grants.list" => self.all(client_grants::list(), lane).await,
                "hooks.list" => self.all(hooks::list(), lane).await,
                "rules.list" => self.all(rules::list(), lane).await,
                _ => self.whole(request, lane).await,
            }
        })
    }

    fn wait(&self, pause: Duration) -> Pending<'_, ()> {
        self.sleep.sleep(pause)
    }
}
