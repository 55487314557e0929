//! Sending what is due.

use std::collections::BTreeSet;

use countersign_core::{Entropy, Micros, Timestamp};
use countersign_detect::{DAY, HOUR, MINUTE};
use countersign_store::{Commit, DeliveryFilter, DeliveryRow, DeliveryState, IncidentWrite, StoreError};
use serde_json::Value;

use super::{HookError, Message};
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

/// The most messages of one turn.
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
    /// rest of the turn, so that one which is down costs one time limit.
    ///
    /// # Errors
    /// `Unavailable`; what was sent may then be sent once more.
    pub async fn send_hooks(&self, tenant: &Tenant, lead: &Lead) -> Result<usize, Error> {
        let due = DeliveryFilter { state: Some(DeliveryState::Waiting), due: Some(self.ports.clock.now()) };
        let mut failed = BTreeSet::new();
        let mut ended = 0;
        for row in self.ports.store.list_deliveries(&tenant.id, due, BATCH).await? {
            if failed.contains(&row.hook) {
                continue;
            }
            let (state, next) = self.attempt(tenant, &row).await?;
            if state == DeliveryState::Waiting {
                failed.insert(row.hook.clone());
            } else {
                ended += 1;
            }
            let tried = IncidentWrite::Tried { id: row.id, attempts: row.attempts, state, next };
            let commit = Commit {
                fence: lead.fence(),
                writes: vec![tried.into()],
                ..Commit::background(tenant.id.clone())
            };
            match self.ports.store.commit(commit).await {
                Ok(_) => {}
                // Why: another process leads now, and does it.
                Err(StoreError::Fenced | StoreError::Stale) => return Ok(ended),
                Err(error) => return Err(error.into()),
            }
        }
        Ok(ended)
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

    /// One attempt; how far the message came, and when it is tried next.
    async fn attempt(&self, tenant: &Tenant, row: &DeliveryRow) -> Result<(DeliveryState, Timestamp), Error> {
        let now = self.ports.clock.now();
        let dead = |why: &'static str| {
            tracing::warn!(tenant.id = %tenant.id, hook = row.hook, delivery.id = row.id, why, "a webhook was given up");
            Ok((DeliveryState::Dead, now))
        };
        let Some(hook) = tenant.hooks.iter().find(|hook| hook.name == row.hook) else {
            return dead("the receiver is not configured any more");
        };
        let body: Value = match self.open_sealed(tenant, &row.id, (&row.key_id, &row.sealed)).await {
            Ok(body) => body,
            Err(Error::Erased) => return dead("the person was erased"),
            // Why not as a failure: it would hold up all that come after it.
            Err(Error::Internal { .. }) => return dead("what is stored of it is damaged"),
            Err(error) => return Err(error),
        };
        let body = body.to_string();
        let sent = hook.sender.send(Message { id: &row.id, at: now, body: body.as_bytes() }).await;
        let Err(error) = sent else { return Ok((DeliveryState::Sent, now)) };
        let pause = pause(row.attempts.saturating_add(1), chance(self.ports.entropy.as_ref()));
        match pause.filter(|_| !is_final(error)) {
            Some(pause) => {
                tracing::warn!(tenant.id = %tenant.id, hook = row.hook, delivery.id = row.id, attempts = row.attempts + 1, %error, "a webhook was not taken");
                Ok((DeliveryState::Waiting, now.plus(pause)))
            }
            None => dead("the receiver did not take it"),
        }
    }
}

fn chance(entropy: &dyn Entropy) -> u8 {
    let mut byte = [0_u8];
    // Why: without chance the pause is the middle one, which is no reason not to wait.
    let [byte] = if entropy.fill(&mut byte).is_err() { [127] } else { byte };
    byte
}
