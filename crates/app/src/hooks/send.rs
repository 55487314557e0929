//! Sending what is due.

use std::time::Duration;

use countersign_core::{Entropy, Micros, Timestamp};
use countersign_detect::{DAY, HOUR, MINUTE};
use countersign_store::{Commit, DeliveryFilter, DeliveryRow, DeliveryState, IncidentWrite, StoreError};
use serde_json::Value;

use super::{Hook, HookError, Message, Taken};
use crate::{App, Error, Lead, Tenant};

const SECOND: Micros = MINUTE / 60;

/// How long after each failed attempt the next is made: growing, a day in all.
const PAUSES: [Micros; 10] = [
    5 * SECOND,
    30 * SECOND,
    2 * MINUTE,
    10 * MINUTE,
    30 * MINUTE,
    HOUR,
    2 * HOUR,
    4 * HOUR,
    8 * HOUR,
    8 * HOUR,
];

/// After so many attempts a message is given up.
pub const LAST_ATTEMPT: u32 = 11;

/// A receiver that asks for a longer pause is not left alone for longer.
const MOST_ASKED: Micros = HOUR;

/// The most messages to one receiver in one turn.
const BATCH: u32 = 64;

/// How long the outbox remembers what was told.
const REMEMBERED: Micros = 7 * DAY;

/// How long to wait after `attempts` attempts failed, a fifth more or less by `chance`; `None`: it is given up.
#[must_use]
pub fn pause(attempts: u32, chance: u8) -> Option<Micros> {
    let index = usize::try_from(attempts.checked_sub(1)?).ok()?;
    let pause = PAUSES.get(index)?;
    // From 0.8 to 1.2 times.
    Some(pause * (800 + i64::from(chance) * 400 / 255) / 1_000)
}

/// How long one receiver is told of what is due before the others are: what is left waits for the next turn.
const TURN: Duration = Duration::from_secs(10);

/// Whether it makes sense to try again: a receiver that says `410 Gone` wants no more (Standard Webhooks, "Delivery").
const fn is_final(error: HookError) -> bool {
    matches!(error, HookError::Status(410))
}

impl Tenant {
    /// Whether anybody is told of its incidents.
    #[must_use]
    pub fn has_hooks(&self) -> bool {
        !self.hooks.is_empty()
    }
}

impl App {
    /// Sends what is due to the receivers; returns how many messages came to an end. A receiver that fails is left alone for the
    /// rest of the turn, so that one which is down costs one time limit, and one that is slow has a part of it.
    ///
    /// # Errors
    /// `Unavailable`; what was sent may then be sent once more.
    pub async fn send_hooks(&self, tenant: &Tenant, lead: &Lead) -> Result<usize, Error> {
        let mut ended = 0;
        // Why each apart: what waits for one that is down must not hide what is due for others.
        for hook in &tenant.hooks {
            let began = self.ports.clock.monotonic();
            for row in self.due_deliveries(tenant, Some(&hook.name)).await? {
                match self.deliver_one(tenant, Some(hook), (row, lead)).await? {
                    Came::Ended => ended += 1,
                    Came::Failed => break,
                    Came::Elsewhere => return Ok(ended),
                }
                if self.ports.clock.monotonic().saturating_sub(began) >= TURN {
                    break;
                }
            }
        }
        for row in self.due_deliveries(tenant, None).await? {
            if tenant.hooks.iter().all(|hook| hook.name != row.hook) {
                self.deliver_one(tenant, None, (row, lead)).await?;
                ended += 1;
            }
        }
        Ok(ended)
    }

    async fn due_deliveries(&self, tenant: &Tenant, hook: Option<&str>) -> Result<Vec<DeliveryRow>, Error> {
        let due = DeliveryFilter {
            hook: hook.map(ToOwned::to_owned),
            state: Some(DeliveryState::Waiting),
            due: Some(self.ports.clock.now()),
        };
        Ok(self.ports.store.list_deliveries(&tenant.id, due, BATCH).await?)
    }

    /// One attempt, kept.
    async fn deliver_one(
        &self,
        tenant: &Tenant,
        hook: Option<&Hook>,
        (row, lead): (DeliveryRow, &Lead),
    ) -> Result<Came, Error> {
        let Some(Attempt { state, next, place }) = self.attempt(tenant, hook, &row).await? else {
            return Ok(Came::Failed);
        };
        let tried = IncidentWrite::Tried { id: row.id, attempts: row.attempts, state, next, place };
        let commit = Commit {
            fence: lead.fence(),
            writes: vec![tried.into()],
            ..Commit::background(tenant.id.clone())
        };
        match self.ports.store.commit(commit).await {
            Ok(_) if state == DeliveryState::Waiting => Ok(Came::Failed),
            Ok(_) => Ok(Came::Ended),
            // Why: another process leads now, and does it.
            Err(StoreError::Fenced | StoreError::Stale) => Ok(Came::Elsewhere),
            Err(error) => Err(error.into()),
        }
    }

    /// Forgets what was told a week ago.
    ///
    /// # Errors
    /// `Unavailable`.
    pub async fn forget_deliveries(&self, tenant: &Tenant, lead: &Lead) -> Result<(), Error> {
        let before = self.ports.clock.now().plus(-REMEMBERED);
        let commit = Commit {
            fence: lead.fence(),
            writes: vec![IncidentWrite::PruneDeliveries { before }.into()],
            ..Commit::background(tenant.id.clone())
        };
        match self.ports.store.commit(commit).await {
            Ok(_) | Err(StoreError::Fenced) => Ok(()),
            Err(error) => Err(error.into()),
        }
    }

    /// One attempt; `None` where nothing was tried, since the receiver is left alone.
    async fn attempt(
        &self,
        tenant: &Tenant,
        hook: Option<&Hook>,
        row: &DeliveryRow,
    ) -> Result<Option<Attempt>, Error> {
        let now = self.ports.clock.now();
        let dead = |why: &'static str| {
            tracing::warn!(tenant.id = %tenant.id, hook = row.hook, delivery.id = row.id, why, "a message was given up");
            Ok(Some(Attempt::at(DeliveryState::Dead, now)))
        };
        let Some(hook) = hook else { return dead("the receiver is not configured any more") };
        let body: Value = match self.open_sealed(tenant, &row.id, (&row.key_id, &row.sealed)).await {
            Ok(body) => body,
            Err(Error::Erased) => return dead("the person was erased"),
            // Why not as a failure: it would hold up all that come after it.
            Err(Error::Internal { .. }) => return dead("what is stored of it is damaged"),
            Err(error) => return Err(error),
        };
        let placed = self.ports.store.find_placed_message(&tenant.id, &row.hook, &row.about).await?;
        if placed.as_ref().is_some_and(|placed| placed.made > row.made) {
            // Why: what stands there is newer, and would be taken back by it.
            return Ok(Some(Attempt::at(DeliveryState::Sent, now)));
        }
        let body = body.to_string();
        let message = Message {
            id: &row.id,
            about: &row.about,
            at: now,
            body: body.as_bytes(),
            place: placed.as_ref().map(|placed| placed.place.as_str()),
        };
        let error = match hook.sender.send(message).await {
            Ok(Taken { place }) => return Ok(Some(Attempt { state: DeliveryState::Sent, next: now, place })),
            Err(HookError::Resting) => return Ok(None),
            Err(error) => error,
        };
        let pause = pause(row.attempts.saturating_add(1), chance(self.ports.entropy.as_ref()));
        match pause.filter(|_| !is_final(error)) {
            Some(pause) => {
                tracing::warn!(tenant.id = %tenant.id, hook = row.hook, delivery.id = row.id, attempts = row.attempts + 1, %error, "a message was not taken");
                let asked = error.asked_pause().map_or(0, |seconds| i64::from(seconds) * SECOND);
                let pause = pause.max(asked.min(MOST_ASKED));
                Ok(Some(Attempt::at(DeliveryState::Waiting, now.plus(pause))))
            }
            None => dead("the receiver did not take it"),
        }
    }
}

/// What came of a message in this turn.
enum Came {
    Ended,
    Failed,
    Elsewhere,
}

/// How far an attempt came, when the next is made, and where the message is.
struct Attempt {
    state: DeliveryState,
    next: Timestamp,
    place: Option<String>,
}

impl Attempt {
    const fn at(state: DeliveryState, next: Timestamp) -> Self {
        Self { state, next, place: None }
    }
}

fn chance(entropy: &dyn Entropy) -> u8 {
    let mut byte = [0_u8];
    // Why: without chance the pause is the middle one, which is no reason not to wait.
    let [byte] = if entropy.fill(&mut byte).is_err() { [127] } else { byte };
    byte
}
