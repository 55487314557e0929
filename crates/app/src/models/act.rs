//! The acts that say which models hold. Each is a leaf, in the transaction that does it.

use std::sync::Arc;

use countersign_core::IdKind;
use countersign_ledger::leaf::Kind;
use countersign_store::{Commit, ModelAct, ModelActRow, StoreError, Write};

use super::{Challenger, InForce, ModelRefusal, SHIPPED, install, load, load_constants, load_own, usable};
use crate::{
    App, Error, Tenant,
    access::{Caller, Permit},
    leaves::Draft,
};

/// The longest name of who acts, in bytes.
const MAX_ACTOR_BYTES: usize = 200;

/// How many acts are looked through for a promotion that is left to be undone.
const ACTS: u32 = 10_000;

/// What is to be done with models.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum ModelChange {
    /// A version decides from now on.
    Promote(u64),
    /// A version is compared with the one that decides; an own model by counting beside it.
    Challenge(u64),
    /// None is compared any more.
    Withdraw,
    /// An own model counts from now on beside the version that decides, in the place of another.
    Attach(u64),
    /// No own model counts any more.
    Detach,
    /// What decided before the latest promotion, attachment or detachment that is left decides again.
    RollBack,
}

/// Which versions hold.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Versions {
    pub(super) champion: u64,
    pub(super) own: Option<u64>,
    pub(super) challenger: Option<u64>,
}

impl Versions {
    /// Those that hold since the newest of these acts.
    fn since(acts: &[ModelActRow]) -> Self {
        acts.first().map_or(Self { champion: SHIPPED, own: None, challenger: None }, |act| Self {
            champion: act.champion,
            own: act.own,
            challenger: act.challenger,
        })
    }

    /// With the challenger that is left when another champion or own model decides: none that decides itself.
    fn decided_by(self, champion: u64, own: Option<u64>) -> Self {
        let challenger = self.challenger.filter(|version| *version != champion && Some(*version) != own);
        Self { champion, own, challenger }
    }
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
    /// Says which models hold, from the next sign-in on here, and within a second in other processes. It is done to its end
    /// also when the caller goes away.
    ///
    /// # Errors
    /// `ModelsChanged` when somebody else acted since; `Model` where nothing would change; `NotFound` for a version that is not
    /// there, `UnreadableModel` for one that this program can't use; `Text` for the actor; `Unavailable`: then what held before
    /// holds on, unless the database has the new act all the same.
    pub async fn change_models(
        self: &Arc<Self>,
        permit: &Permit,
        change: ModelChange,
        by: ModelBy<'_>,
    ) -> Result<ModelActRow, Error> {
        check_actor(by.actor)?;
        let (app, permit) = (Arc::clone(self), permit.clone());
        let (actor, expected) = (by.actor.to_owned(), by.expected);
        let work = async move { app.do_change(&permit, change, ModelBy { actor: &actor, expected }).await };
        self.late.finish(work).await?
    }

    async fn do_change(
        &self,
        permit: &Permit,
        change: ModelChange,
        by: ModelBy<'_>,
    ) -> Result<ModelActRow, Error> {
        let tenant: &Tenant = permit;
        let acts = self.ports.store.list_model_acts(&tenant.id, ACTS).await?;
        if acts.first().map_or(0, |act| act.number) != by.expected {
            return Err(Error::ModelsChanged);
        }
        let (act, versions) = next(change, &acts)?;
        let held = self.prepare(tenant, by.expected + 1, versions, Versions::since(&acts)).await?;
        let Versions { champion, own, challenger } = versions;
        let row = ModelActRow {
            number: held.act,
            act,
            champion,
            challenger,
            own,
            at: self.ports.clock.now(),
            by: by.actor.to_owned(),
        };
        let id = self.make_id(IdKind::Record)?;
        let commit = Commit {
            leaves: vec![Self::public_leaf(tenant, draft(&id, (&row, permit.caller()), &held))?],
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
        versions: Versions,
        before: Versions,
    ) -> Result<InForce, Error> {
        let store = &self.ports.store;
        let champion = load_constants(store, &tenant.id, versions.champion).await?;
        // Why only what is new must be usable: what held before and is lost already would keep a bad champion from being taken back.
        let own = match versions.own {
            Some(own) => {
                let loaded = load_own(store, &tenant.id, own).await;
                if versions.own == before.own { usable(loaded)? } else { Some(loaded?) }
            }
            None => None,
        };
        let challenger = match versions.challenger {
            Some(challenger) => {
                let loaded = load(store, &tenant.id, challenger).await;
                let is_carried = versions.challenger == before.challenger;
                Some(Challenger { kept: if is_carried { usable(loaded)? } else { Some(loaded?) } })
            }
            None => None,
        };
        let is_own_lost = own.is_none() && versions.own.is_some();
        Ok(InForce { act, champion, own, is_own_lost, challenger })
    }
}

fn draft<'a>(id: &'a str, (row, by): (&ModelActRow, &Caller), held: &InForce) -> Draft<'a> {
    let kind = match row.act {
        ModelAct::Promote | ModelAct::RollBack | ModelAct::Attach | ModelAct::Detach => Kind::Policy,
        ModelAct::Challenge | ModelAct::Withdraw => Kind::Administration,
    };
    let mut draft = Draft::new(id, row.at, kind)
        .fact("change", &format_args!("model_{}", row.act.as_str()))
        .fact("act", &row.number)
        .fact("champion", &row.champion)
        .by(by);
    draft.versions.insert("model".to_owned(), held.champion.id().to_string());
    if let (Some(version), Some(own)) = (row.own, &held.own) {
        draft = draft.fact("own_model", &version);
        draft.versions.insert("own_model".to_owned(), own.id().to_string());
    }
    let challenger = held.challenger.as_ref().and_then(|challenger| challenger.kept.as_ref());
    if let (Some(version), Some(kept)) = (row.challenger, challenger) {
        draft = draft.fact("challenger", &version);
        draft.versions.insert("challenger".to_owned(), kept.tag());
    }
    draft
}

/// What a change comes to, after these acts, the newest first.
pub(super) fn next(change: ModelChange, acts: &[ModelActRow]) -> Result<(ModelAct, Versions), ModelRefusal> {
    let held = Versions::since(acts);
    let Versions { champion, own, challenger } = held;
    match change {
        ModelChange::Promote(version) | ModelChange::Challenge(version) if version == champion => {
            Err(ModelRefusal::IsChampion(version))
        }
        ModelChange::Attach(version) | ModelChange::Challenge(version) if Some(version) == own => {
            Err(ModelRefusal::IsAttached(version))
        }
        ModelChange::Challenge(version) if challenger == Some(version) => {
            Err(ModelRefusal::IsChallenger(version))
        }
        ModelChange::Challenge(version) => {
            Ok((ModelAct::Challenge, Versions { challenger: Some(version), ..held }))
        }
        ModelChange::Promote(version) => Ok((ModelAct::Promote, held.decided_by(version, own))),
        ModelChange::Attach(version) => Ok((ModelAct::Attach, held.decided_by(champion, Some(version)))),
        ModelChange::Detach if own.is_none() => Err(ModelRefusal::NoneAttached),
        ModelChange::Detach => Ok((ModelAct::Detach, Versions { own: None, ..held })),
        ModelChange::Withdraw if challenger.is_none() => Err(ModelRefusal::NoChallenger),
        ModelChange::Withdraw => Ok((ModelAct::Withdraw, Versions { challenger: None, ..held })),
        ModelChange::RollBack => {
            let before = decided_before(acts).ok_or(ModelRefusal::NothingBefore)?;
            Ok((ModelAct::RollBack, held.decided_by(before.champion, before.own)))
        }
    }
}

/// What held before the latest act that changed what decides and that no roll-back undid.
fn decided_before(acts: &[ModelActRow]) -> Option<Versions> {
    let mut undone = 0_u32;
    for (place, act) in acts.iter().enumerate() {
        match act.act {
            ModelAct::RollBack => undone += 1,
            ModelAct::Promote | ModelAct::Attach | ModelAct::Detach if undone > 0 => undone -= 1,
            ModelAct::Promote | ModelAct::Attach | ModelAct::Detach => {
                return Some(Versions::since(acts.get(place + 1..).unwrap_or_default()));
            }
            ModelAct::Challenge | ModelAct::Withdraw => {}
        }
    }
    None
}

pub(super) fn check_actor(actor: &str) -> Result<(), Error> {
    if (1..=MAX_ACTOR_BYTES).contains(&actor.len()) {
        Ok(())
    } else {
        Err(Error::Text("actor", MAX_ACTOR_BYTES))
    }
}
