//! Taking models in. Each is a leaf, in the transaction that does it.

use countersign_core::IdKind;
use countersign_ledger::leaf::Kind;
use countersign_plan::sha256;
use countersign_risk::{
    Card, Model,
    own_model::{OwnModel, OwnModelId},
};
use countersign_store::{Commit, ModelKind, ModelRow, StoreError, Write};

use super::{MAX_MODEL_BYTES, ModelRefusal, SHIPPED, act::check_actor};
use crate::{App, Error, Tenant, access::Permit, leaves::Draft};

/// The most versions that a tenant keeps.
const MOST: u32 = 1_000;

/// How often a model is taken in anew while others are.
const TRIES: u32 = 3;

/// What is taken in.
struct Taken {
    kind: ModelKind,
    tag: String,
    document: String,
    card: String,
}

impl App {
    /// Takes a model in with its card; it holds nowhere until it is challenged or promoted. Returns its version.
    ///
    /// # Errors
    /// `Model` for a fault, for one that is too long and for one that is there; `Text` for the actor; `TooMany`; `Unavailable`.
    pub async fn import_model(
        &self,
        permit: &Permit,
        model: &Model,
        card: &Card,
        by: &str,
    ) -> Result<u64, Error> {
        check_actor(by)?;
        let refused = |fault| Error::Model(ModelRefusal::Fault(fault));
        model.check().map_err(refused)?;
        card.check(model).map_err(refused)?;
        let document = serde_json::to_string(model).map_err(Error::internal)?;
        let card = serde_json::to_string(card).map_err(Error::internal)?;
        let size = document.len() + card.len();
        if size > MAX_MODEL_BYTES {
            return Err(ModelRefusal::Size(size).into());
        }
        let taken = Taken { kind: ModelKind::Constants, tag: model.id().to_string(), document, card };
        self.take_in(permit, &taken, by).await
    }

    /// Takes an operator's own model in, its file as it is; it counts nowhere until it is challenged or attached. Returns its
    /// version and its tag.
    ///
    /// # Errors
    /// `Model` for all faults of the file and for one that is there; `Text` for the actor; `TooMany`; `Unavailable`.
    pub async fn import_own_model(
        &self,
        permit: &Permit,
        file: &str,
        by: &str,
    ) -> Result<(u64, OwnModelId), Error> {
        check_actor(by)?;
        let own = OwnModel::parse(file.as_bytes()).map_err(ModelRefusal::OwnFaults)?;
        let (tag, document) = (own.id().to_string(), file.to_owned());
        let taken = Taken { kind: ModelKind::Own, tag, document, card: String::new() };
        Ok((self.take_in(permit, &taken, by).await?, own.id().clone()))
    }

    async fn take_in(&self, permit: &Permit, taken: &Taken, by: &str) -> Result<u64, Error> {
        let tenant: &Tenant = permit;
        let Taken { kind, tag, document, card } = taken;
        for _ in 0..TRIES {
            let version = self.next_version(tenant, tag).await?;
            let at = self.ports.clock.now();
            let row = ModelRow {
                version,
                kind: *kind,
                tag: tag.clone(),
                card: card.clone(),
                at,
                by: by.to_owned(),
            };
            let id = self.make_id(IdKind::Record)?;
            let mut draft = Draft::new(&id, at, Kind::Administration)
                .fact("change", &"model_imported")
                .fact("version", &version)
                .by(permit.caller());
            let name = match kind {
                ModelKind::Constants => "model",
                ModelKind::Own => "own_model",
            };
            draft.versions.insert(name.to_owned(), tag.clone());
            draft.hashes.insert(name.to_owned(), sha256(document.as_bytes()));
            if *kind == ModelKind::Constants {
                draft.hashes.insert("card".to_owned(), sha256(card.as_bytes()));
            }
            let commit = Commit {
                leaves: vec![Self::public_leaf(tenant, draft)?],
                writes: vec![Write::Model { row, document: document.clone() }],
                ..Commit::background(tenant.id.clone())
            };
            match self.ports.store.commit(commit).await {
                Err(StoreError::Stale) => {}
                done => return done.map(|_| version).map_err(Error::from),
            }
        }
        Err(Error::ModelsChanged)
    }

    /// The number of the next version, where the model is not there yet.
    async fn next_version(&self, tenant: &Tenant, tag: &str) -> Result<u64, Error> {
        let store = &self.ports.store;
        if Model::default().id().as_str() == tag {
            return Err(ModelRefusal::Known(SHIPPED).into());
        }
        if let Some(version) = store.find_model_version(&tenant.id, tag).await? {
            return Err(ModelRefusal::Known(version).into());
        }
        let newest = store.list_models(&tenant.id, 1).await?.pop().map_or(0, |row| row.version);
        if newest >= u64::from(MOST) {
            return Err(Error::TooMany("versions of the model", MOST));
        }
        Ok(newest + 1)
    }
}
