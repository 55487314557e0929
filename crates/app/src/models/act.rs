//! Taking a model in, and the acts that say which one holds. Each is a leaf, in the transaction that does it.

use std::sync::Arc;

use countersign_core::IdKind;
use countersign_ledger::leaf::Kind;
use countersign_plan::sha256;
use countersign_risk::{Card, Model};
use countersign_store::{Commit, ModelAct, ModelActRow, ModelRow, StoreError, Write};

use super::{Challenger, InForce, MAX_MODEL_BYTES, ModelRefusal, SHIPPED, install, load};
use crate::{App, Error, Tenant, leaves::Draft, writes::told};

/// The longest name of who acts, in bytes.
const MAX_ACTOR_BYTES: usize = 200;

/// The most versions that a tenant keeps.
const MOST: u32 = 1_000;

/// How many acts are looked through for a promotion that is left to be undone.
const ACTS: u32 = 10_000;

/// How often a model is taken in anew while others are.
const TRIES: u32 = 3;

/// What is to be done with models.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum ModelChange {
    /// A version decides from now on.
    Promote(u64),
    /// A version is compared with the one that decides.
    Challenge(u64),
    /// None is compared any more.
    Withdraw,
    /// The version that decided before the latest promotion that is left decides again.
    RollBack,
}

/// Who acts on what they saw.
#[derive(Debug, Clone, Copy)]
pub struct ModelBy<'a> {
    /// Who; a name of somebody on the operator's side, 1 to 200 bytes.
    pub actor: &'a str,
    /// The number of the newest act that they looked at; 0: there was none.
    pub expected: u64,
}

impl App {
    /// Takes a model in with its card; it holds nowhere until it is challenged or promoted. Returns its version.
    ///
    /// # Errors
    /// `Model` for a fault, for one that is too long and for one that is there; `Text` for the actor; `TooMany`; `Unavailable`.
    pub async fn import_model(
        &self,
        tenant: &Tenant,
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
        let tag = model.id().to_string();
        for _ in 0..TRIES {
            let version = self.next_version(tenant, &tag).await?;
            let at = self.ports.clock.now();
            let row = ModelRow { version, tag: tag.clone(), card: card.clone(), at, by: by.to_owned() };
            let id = self.make_id(IdKind::Record)?;
            let mut draft = Draft::new(&id, at, Kind::Administration)
                .fact("change", &"model_imported")
                .fact("version", &version)
                .fact("actor", &told(by));
            draft.versions.insert("model".to_owned(), tag.clone());
            draft.hashes.insert("model".to_owned(), sha256(document.as_bytes()));
            draft.hashes.insert("card".to_owned(), sha256(card.as_bytes()));
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

    /// Says which models hold, from the next sign-in on here, and within a second in other processes. It is done to its end
    /// also when the caller goes away.
    ///
    /// # Errors
    /// `ModelsChanged` when somebody else acted since; `Model` where nothing would change; `NotFound` for a version that is not
    /// there, `UnreadableModel` for one that this program can't use; `Text` for the actor; `Unavailable`: then what held before
    /// holds on, unless the database has the new act all the same.
    pub async fn change_models(
        self: &Arc<Self>,
        tenant: &Arc<Tenant>,
        change: ModelChange,
        by: ModelBy<'_>,
    ) -> Result<ModelActRow, Error> {
        check_actor(by.actor)?;
        let (app, tenant) = (Arc::clone(self), Arc::clone(tenant));
        let (actor, expected) = (by.actor.to_owned(), by.expected);
        let work = async move { app.do_change(&tenant, change, ModelBy { actor: &actor, expected }).await };
        self.late.finish(work).await?
    }

    async fn do_change(
        &self,
        tenant: &Tenant,
        change: ModelChange,
        by: ModelBy<'_>,
    ) -> Result<ModelActRow, Error> {
        let acts = self.ports.store.list_model_acts(&tenant.id, ACTS).await?;
        if acts.first().map_or(0, |act| act.number) != by.expected {
            return Err(Error::ModelsChanged);
        }
        let (act, champion, challenger) = next(change, &acts)?;
        let held = self.prepare(tenant, by.expected + 1, (champion, challenger)).await?;
        let row = ModelActRow {
            number: held.act,
            act,
            champion,
            challenger,
            at: self.ports.clock.now(),
            by: by.actor.to_owned(),
        };
        let id = self.make_id(IdKind::Record)?;
        let commit = Commit {
            leaves: vec![Self::public_leaf(tenant, draft(&id, &row, &held))?],
            writes: vec![Write::ModelAct(row.clone())],
            ..Commit::background(tenant.id.clone())
        };
        if let Err(error) = self.ports.store.commit(commit).await {
            // Why: another act holds by now, or this one, if the commit was done without a word of it.
            if let Err(error) = self.refresh_models(tenant).await {
                tracing::warn!(tenant.id = %tenant.id, detail = error.detail(), "which models hold could not be read");
            }
            return Err(if error == StoreError::Stale { Error::ModelsChanged } else { error.into() });
        }
        install(tenant, &Arc::new(held));
        tracing::warn!(tenant.id = %tenant.id, act = row.act.as_str(), champion, "which models hold was changed");
        Ok(row)
    }

    /// Reads the versions that are to hold; none that can't be used is put in force.
    async fn prepare(
        &self,
        tenant: &Tenant,
        act: u64,
        (version, challenger): (u64, Option<u64>),
    ) -> Result<InForce, Error> {
        let store = &self.ports.store;
        let champion = load(store, &tenant.id, version).await?;
        let challenger = match challenger {
            Some(challenger) => Some(Challenger { model: Some(load(store, &tenant.id, challenger).await?) }),
            None => None,
        };
        Ok(InForce { act, champion, challenger })
    }
}

fn draft<'a>(id: &'a str, row: &ModelActRow, held: &InForce) -> Draft<'a> {
    let kind = match row.act {
        ModelAct::Promote | ModelAct::RollBack => Kind::Policy,
        ModelAct::Challenge | ModelAct::Withdraw => Kind::Administration,
    };
    let mut draft = Draft::new(id, row.at, kind)
        .fact("change", &format_args!("model_{}", row.act.as_str()))
        .fact("act", &row.number)
        .fact("champion", &row.champion)
        .fact("actor", &told(&row.by));
    draft.versions.insert("model".to_owned(), held.champion.id().to_string());
    let challenger = held.challenger.as_ref().and_then(|challenger| challenger.model.as_ref());
    if let (Some(version), Some(model)) = (row.challenger, challenger) {
        draft = draft.fact("challenger", &version);
        draft.versions.insert("challenger".to_owned(), model.id().to_string());
    }
    draft
}

/// What a change comes to, after these acts, the newest first.
pub(super) fn next(
    change: ModelChange,
    acts: &[ModelActRow],
) -> Result<(ModelAct, u64, Option<u64>), ModelRefusal> {
    let (champion, challenger) = acts.first().map_or((SHIPPED, None), |act| (act.champion, act.challenger));
    match change {
        ModelChange::Promote(version) | ModelChange::Challenge(version) if version == champion => {
            Err(ModelRefusal::IsChampion(version))
        }
        ModelChange::Challenge(version) if challenger == Some(version) => {
            Err(ModelRefusal::IsChallenger(version))
        }
        ModelChange::Challenge(version) => Ok((ModelAct::Challenge, champion, Some(version))),
        ModelChange::Promote(version) => Ok((ModelAct::Promote, version, other(challenger, version))),
        ModelChange::Withdraw if challenger.is_none() => Err(ModelRefusal::NoChallenger),
        ModelChange::Withdraw => Ok((ModelAct::Withdraw, champion, None)),
        ModelChange::RollBack => {
            let before = champion_before(acts).ok_or(ModelRefusal::NothingBefore)?;
            Ok((ModelAct::RollBack, before, other(challenger, before)))
        }
    }
}

/// The challenger, unless it is the champion now.
fn other(challenger: Option<u64>, champion: u64) -> Option<u64> {
    challenger.filter(|challenger| *challenger != champion)
}

/// The version that decided before the latest promotion that no roll-back undid.
fn champion_before(acts: &[ModelActRow]) -> Option<u64> {
    let mut undone = 0_u32;
    for (place, act) in acts.iter().enumerate() {
        match act.act {
            ModelAct::RollBack => undone += 1,
            ModelAct::Promote if undone > 0 => undone -= 1,
            ModelAct::Promote => return Some(acts.get(place + 1).map_or(SHIPPED, |before| before.champion)),
            ModelAct::Challenge | ModelAct::Withdraw => {}
        }
    }
    None
}

fn check_actor(actor: &str) -> Result<(), Error> {
    if (1..=MAX_ACTOR_BYTES).contains(&actor.len()) {
        Ok(())
    } else {
        Err(Error::Text("actor", MAX_ACTOR_BYTES))
    }
}
