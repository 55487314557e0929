//! Acting at a tenant: plans are proposed, countersigned, carried out and taken back. `docs/acting.md` is the design.
//!
//! What a plan says and where it stands is decided by `plan` alone; here it is read, kept, sealed and sent. Where it stands is a
//! fold over its reviews, each of which is a row and a leaf; how far a run came is a fold over its steps' rows.

mod admit;
mod alone;
mod approach;
mod beside;
mod breaker;
mod contain;
mod desk;
mod erased;
mod executor;
mod forget;
mod judged;
mod kept;
mod look;
mod of_log;
mod own;
mod propose;
mod recall;
mod recorder;
mod refusal;
mod renew;
mod respond;
mod review;
mod run;
mod send;
mod shown;
mod since;
mod steps;
#[cfg(test)]
mod tests;
mod told;
mod undo;
mod view;
mod wait;

use std::{
    collections::{BTreeMap, BTreeSet},
    sync::Arc,
};

use countersign_core::{ClientId, Secret};
use countersign_plan::gate::Settings;

pub use self::{
    contain::{CONTAINMENT, Containment},
    desk::{Handing, MAX_REMARK_BYTES, MOST_PRIORITY},
    executor::{Queue, Ran},
    of_log::PlanOfLog,
    propose::{Asked, NewPlan},
    recorder::PlanRecorder,
    refusal::PlanRefusal,
    respond::{PlaybookFiles, Responded, known_detectors},
    since::{SignInEnd, SignInSince},
    view::{KindCount, PlanHead, PlanListed, PlanShown, RemarkShown, ReviewShown, StepShown, UndoShown},
    wait::{Hindrance, Waits},
};
pub(crate) use self::{desk::facts as hand_facts, executor::Bell};
pub(crate) use self::{recall::OwnPlan, respond::Responding};
pub use countersign_plan::{
    change::{Evidence, Left, Sends, Wanted},
    gate::{Approvals, Reason as GateReason},
    review::Refused,
    run::{Halt, StepState, Why},
};
pub use countersign_playbook::{Known, Playbook};
pub use countersign_store::PlanFilter;

use crate::{Error, Tenant, hooks::SendHook, tenant::Port};

/// What a tenant's plans are made and carried out with.
pub struct Hands {
    /// The tenant, by a client of its own.
    pub port: Box<dyn Port>,
    /// Where its Management API is.
    pub domain: String,
    /// How far plans go by themselves, and who has to agree.
    pub settings: Settings,
    /// Receivers of messages and webhooks, by name.
    pub receivers: BTreeMap<String, Arc<dyn SendHook>>,
    /// Secrets that requests name.
    pub secrets: BTreeMap<String, Secret>,
    /// Where secrets are kept that a tenant makes; `None`: nowhere, so that steps that make one are refused.
    pub keeper: Option<Arc<dyn SecretKeeper>>,
}

/// Where secrets are kept that a tenant makes.
pub trait SecretKeeper: Send + Sync {
    /// Keeps a secret under a name, on disk when this returns.
    ///
    /// # Errors
    /// What went wrong, without the secret.
    fn keep(&self, name: &str, value: &Secret) -> Result<(), String>;
}

impl Hands {
    fn receivers(&self) -> BTreeSet<String> {
        self.receivers.keys().cloned().collect()
    }
}

impl Tenant {
    /// Gives the tenant what its plans are carried out with. Once; later ones are not taken.
    pub fn give_hands(&self, hands: Hands) {
        if self.hands.set(hands).is_err() {
            tracing::error!(tenant.id = %self.id, "a tenant was given hands twice");
        }
    }

    /// Takes the clients that the service itself has at the tenant, of which no plan may take the secret away. Once.
    pub fn name_own_clients(&self, clients: BTreeSet<ClientId>) {
        if self.own_clients.set(clients).is_err() {
            tracing::error!(tenant.id = %self.id, "a tenant's own clients were named twice");
        }
    }

    /// Whether plans can be made for it.
    #[must_use]
    pub fn has_hands(&self) -> bool {
        self.hands.get().is_some()
    }

    pub(crate) fn hands(&self) -> Result<&Hands, Error> {
        self.hands.get().ok_or(Error::Plan(PlanRefusal::NoHands))
    }
}
