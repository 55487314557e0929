//! What nobody is to be told of, for a while.

use countersign_core::{IdKind, Timestamp};
use countersign_detect::{Entity, Suppression};
use countersign_ledger::leaf::Kind;
use countersign_store::{Commit, IncidentWrite};
use serde::{Deserialize, Serialize};

use crate::{App, Error, Tenant, incidents::changed, leaves::Draft, writes::told};

/// What is sealed of a suppression.
#[derive(Serialize, Deserialize)]
pub(super) struct Body {
    pub(super) entity: Option<Entity>,
    pub(super) reason: String,
    pub(super) by: String,
}

impl App {
    /// The suppressions that hold now or begin later, with their ids. Those about a person who was erased are passed over: whom
    /// they were about nobody knows any more.
    ///
    /// # Errors
    /// `Unavailable`.
    pub async fn suppressions(&self, tenant: &Tenant) -> Result<Vec<(String, Suppression)>, Error> {
        self.suppressions_after(tenant, self.ports.clock.now()).await
    }

    /// The suppressions that end after `at`.
    pub(crate) async fn suppressions_after(
        &self,
        tenant: &Tenant,
        at: Timestamp,
    ) -> Result<Vec<(String, Suppression)>, Error> {
        let mut found = Vec::new();
        for row in self.ports.store.list_suppressions(&tenant.id, at).await? {
            let body: Body = match self.open_sealed(tenant, &row.id, (&row.key_id, &row.sealed)).await {
                Ok(body) => body,
                Err(Error::Erased) => continue,
                Err(error) => return Err(error),
            };
            let Body { entity, reason, .. } = body;
            let suppression =
                Suppression { detector: row.detector, entity, from: row.from, until: row.until, reason };
            found.push((row.id, suppression));
        }
        Ok(found)
    }

    /// Ends a suppression now.
    ///
    /// # Errors
    /// `IncidentChanged` when there is none of this id that holds; `Unavailable`.
    pub async fn lift_suppression(&self, tenant: &Tenant, id: &str, actor: &str) -> Result<(), Error> {
        let (record, at) = (self.make_id(IdKind::Record)?, self.ports.clock.now());
        let draft = Draft::new(&record, at, Kind::Administration)
            .fact("change", &"suppression_lifted")
            .fact("suppression", &told(id))
            .fact("actor", &told(actor));
        let commit = Commit {
            leaves: vec![Self::public_leaf(tenant, draft)?],
            writes: vec![IncidentWrite::Lift { id: id.to_owned(), at }.into()],
            ..Commit::background(tenant.id.clone())
        };
        self.ports.store.commit(commit).await.map_err(changed)?;
        Ok(())
    }
}
