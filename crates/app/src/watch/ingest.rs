//! From a delivery to the journal: every entry sealed, once by its id, on disk before anyone is told so.

use std::collections::BTreeMap;

use countersign_auth0::log::{LogEvent, Rejected};
use countersign_core::{Micros, SubjectId, Timestamp};
use countersign_detect::told;
use countersign_privacy::Sealed;
use countersign_store::{NewLogEntry, NewLogReject};

use super::{Delivered, desk::BREATH};
use crate::{App, Error, Tenant, leaves, subjects::PersonKey};

/// How far ahead of now an entry may be dated, in microseconds: beyond it some clock is wrong, and it would make everything
/// else late.
const AHEAD: Micros = 3_600 * 1_000_000;

/// How much is kept of what could not be read, in bytes.
const KEPT: usize = 8 * 1_024;

/// What a rejected entry's sealed bytes are bound to.
const REJECTED: &str = "rejected";

/// What one delivery is journaled as.
#[derive(Default)]
struct Batch {
    entries: Vec<NewLogEntry>,
    rejects: Vec<NewLogReject>,
    newest: Option<Timestamp>,
}

impl App {
    /// Journals what a log stream delivered, or what was read of the log; on disk when it returns.
    ///
    /// # Errors
    /// `Unavailable` and `Internal`: then nothing of it is known to be kept, and it must come again.
    pub async fn take_logs(
        &self,
        tenant: &Tenant,
        delivery: Vec<Result<LogEvent<'_>, Rejected<'_>>>,
    ) -> Result<Delivered, Error> {
        let now = self.ports.clock.now();
        let mut batch = Batch::default();
        let mut keys =
            Keys { app: self, tenant, known: BTreeMap::new(), today: tenant.keys.log_day(now.days()) };
        for (index, entry) in delivery.into_iter().enumerate() {
            if index % BREATH == BREATH - 1 {
                tokio::task::yield_now().await;
            }
            match entry {
                Ok(event) if event.date.since(now) > AHEAD => {
                    let reason = "an entry is dated more than an hour ahead";
                    batch.rejects.push(keys.reject(event.raw, reason).await?);
                }
                Ok(event) => {
                    // Why no later than now: one entry of a clock that runs ahead must not make every silence look like news.
                    batch.newest = batch.newest.max(Some(event.date.min(now)));
                    batch.entries.push(keys.entry(&event).await?);
                }
                Err(rejected) => {
                    batch.rejects.push(keys.reject(rejected.raw, &rejected.why.to_string()).await?);
                }
            }
        }
        self.journal(tenant, now, batch).await
    }

    async fn journal(&self, tenant: &Tenant, now: Timestamp, batch: Batch) -> Result<Delivered, Error> {
        let (all, unread) = (count(batch.entries.len()), count(batch.rejects.len()));
        let places = self.ports.store.append_log(&tenant.id, now, batch.entries, batch.rejects).await?;
        let taken = count(places.iter().flatten().count());
        let delivered = Delivered { taken, repeated: all.saturating_sub(taken), unread };
        let mut stream = tenant.watch.stream.lock();
        stream.last = Some(self.ports.clock.monotonic());
        stream.newest = stream.newest.max(batch.newest);
        let total = &mut stream.delivered;
        total.taken += delivered.taken;
        total.repeated += delivered.repeated;
        total.unread += delivered.unread;
        drop(stream);
        tenant.watch.journaled.notify_one();
        Ok(delivered)
    }
}

fn count(items: usize) -> u64 {
    u64::try_from(items).unwrap_or(u64::MAX)
}

/// What entries are sealed under: the key of the account that one is about, else the key of the day.
struct Keys<'a> {
    app: &'a App,
    tenant: &'a Tenant,
    known: BTreeMap<SubjectId, std::sync::Arc<PersonKey>>,
    today: SubjectId,
}

impl Keys<'_> {
    async fn entry(&mut self, event: &LogEvent<'_>) -> Result<NewLogEntry, Error> {
        // Why not the name that was typed: whoever fails to sign in chooses it, and each would be a key.
        let user = told(event.fields.user_id.as_ref()).map(|user| self.tenant.keys.subject(user));
        let (key_id, sealed) = self.seal(user, &event.log_id, event.raw.as_bytes()).await?;
        Ok(NewLogEntry {
            log_id: event.log_id.to_string(),
            kind: event.kind.to_string(),
            at: event.date,
            key_id,
            sealed,
        })
    }

    async fn reject(&mut self, raw: &str, reason: &str) -> Result<NewLogReject, Error> {
        let kept = raw.get(..raw.floor_char_boundary(KEPT)).unwrap_or_default();
        let (key_id, sealed) = self.seal(None, REJECTED, kept.as_bytes()).await?;
        Ok(NewLogReject { reason: reason.to_owned(), key_id, sealed })
    }

    async fn seal(
        &mut self,
        whose: Option<SubjectId>,
        bound_to: &str,
        bytes: &[u8],
    ) -> Result<(String, Vec<u8>), Error> {
        let subject = whose.unwrap_or_else(|| self.today.clone());
        let key = match self.known.get(&subject) {
            Some(key) => std::sync::Arc::clone(key),
            None => {
                let key = self.app.get_key(self.tenant, &subject, None).await?;
                self.known.insert(subject, std::sync::Arc::clone(&key));
                key
            }
        };
        let context = leaves::context(self.tenant, bound_to);
        let sealed = Sealed::seal(&key.key, &context, bytes, self.app.ports.entropy.as_ref());
        let sealed = sealed.map_err(Error::internal)?.as_bytes().to_vec();
        Ok((key.id.clone(), sealed))
    }
}
