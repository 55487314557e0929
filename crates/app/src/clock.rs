//! Whether the clock can be right: whoever learned by one that was set back would take all that is on record for the work of one that
//! ran ahead, and begin histories anew.

use countersign_core::Timestamp;
use countersign_store::{DecisionFilter, Scope};
use parking_lot::Mutex;

use crate::{App, Error, Tenant};

/// How far the clock may lie behind what was decided, in microseconds: a day, which no time zone and no leap explains.
const BEHIND_MICROS: i64 = 86_400 * 1_000_000;

/// What is known of the clock from a tenant's decisions.
#[derive(Default)]
pub(crate) struct Witness(Mutex<Seen>);

#[derive(Default)]
struct Seen {
    /// The latest time that was found right; `None`: it was not looked at yet.
    right: Option<Timestamp>,
    /// Whether it was said that it is behind.
    is_told: bool,
}

impl Witness {
    /// Whether `now` follows on a time that was found right, or lies less than a day before it.
    fn follows(&self, now: Timestamp) -> bool {
        let mut seen = self.0.lock();
        let Some(right) = seen.right.filter(|right| right.since(now) < BEHIND_MICROS) else { return false };
        seen.right = Some(right.max(now));
        true
    }
}

impl App {
    /// Demands that the clock does not lie a day or more behind what was decided last: what is told then is to be told again once it is
    /// set right.
    ///
    /// The order of the ledger and no maximum: after a clock that ran ahead was set right, the next decision says so. Decisions vouch for
    /// the time since requests of Actions are signed with it, and refused where ours is another.
    ///
    /// # Errors
    /// `Unavailable`, also where the decisions can't be read.
    pub(crate) async fn demand_clock(&self, tenant: &Tenant, now: Timestamp) -> Result<(), Error> {
        if tenant.clock.follows(now) {
            return Ok(());
        }
        let newest =
            self.ports.store.list_decisions(Scope::Tenant(&tenant.id), DecisionFilter::default(), 1).await?;
        let is_behind = newest.first().is_some_and(|row| row.decision.at.since(now) >= BEHIND_MICROS);
        let mut seen = tenant.clock.0.lock();
        if !is_behind {
            *seen = Seen { right: Some(now), is_told: false };
            return Ok(());
        }
        if !std::mem::replace(&mut seen.is_told, true) {
            tracing::error!(tenant.id = %tenant.id, "the clock lies a day or more behind the newest decision; nothing is learned until it is set right");
        }
        Err(Error::Unavailable {
            detail: "the clock lies a day or more behind the newest decision".to_owned(),
        })
    }
}
