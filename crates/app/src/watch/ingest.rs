//! From a delivery to the journal: every entry sealed, once by its id, on disk before anyone is told so.

use std::{collections::BTreeMap, sync::Arc};

use countersign_auth0::log::{LogEvent, Rejected};
use countersign_core::{Micros, SubjectId, Timestamp};
use countersign_detect::told;
use countersign_privacy::Sealed;
use countersign_store::{NewLogEntry, NewLogReject};

use super::Delivered;
use crate::{App, Error, Tenant, leaves, subjects::PersonKey};

/// How far ahead of now an entry may be dated, in microseconds: beyond it some clock is wrong, and it would make everything
/// else late.
pub(super) const AHEAD: Micros = 3_600 * 1_000_000;

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
        let delivery: Vec<_> = delivery.into_iter().map(|entry| Read::new(tenant, now, entry)).collect();
        let sealing = Sealing::of(self, tenant, now, &delivery).await?;
        let mut batch = Batch::default();
        for entry in delivery {
            match entry {
                Read::Entry { event, whose } => {
                    // Why no later than now: one entry of a clock that runs ahead must not make every silence look like news.
                    batch.newest = batch.newest.max(Some(event.date.min(now)));
                    batch.entries.push(sealing.entry(&event, whose.as_ref())?);
                }
                Read::Reject { raw, reason } => batch.rejects.push(sealing.reject(raw, reason)?),
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

/// An entry of a delivery, as far as it can be read.
enum Read<'a> {
    /// One to be journaled; `whose` is the account that it is about.
    Entry { event: Box<LogEvent<'a>>, whose: Option<SubjectId> },
    /// One to be quarantined.
    Reject { raw: &'a str, reason: String },
}

impl<'a> Read<'a> {
    fn new(tenant: &Tenant, now: Timestamp, entry: Result<LogEvent<'a>, Rejected<'a>>) -> Self {
        match entry {
            Ok(event) if event.date.since(now) > AHEAD => Self::Reject {
                raw: event.raw,
                reason: "an entry is dated more than an hour ahead".to_owned(),
            },
            Ok(event) => {
                // Why not the name that was typed: whoever fails to sign in chooses it, and each would be a key.
                let whose = told(event.fields.user_id.as_ref()).map(|user| tenant.keys.subject(user));
                Self::Entry { event: Box::new(event), whose }
            }
            Err(rejected) => Self::Reject { raw: rejected.raw, reason: rejected.why.to_string() },
        }
    }
}

/// What a delivery is sealed under: the key of the account that an entry is about, else the key of the day.
struct Sealing<'a> {
    app: &'a App,
    tenant: &'a Tenant,
    keys: BTreeMap<SubjectId, Arc<PersonKey>>,
    today: SubjectId,
}

impl<'a> Sealing<'a> {
    async fn of(
        app: &'a App,
        tenant: &'a Tenant,
        now: Timestamp,
        delivery: &[Read<'_>],
    ) -> Result<Self, Error> {
        let today = tenant.keys.log_day(now.days());
        let whose = |entry: &Read<'_>| match entry {
            Read::Entry { whose: Some(subject), .. } => subject.clone(),
            Read::Entry { .. } | Read::Reject { .. } => today.clone(),
        };
        let keys = app.get_keys(tenant, delivery.iter().map(whose).collect()).await?;
        Ok(Self { app, tenant, keys, today })
    }

    fn entry(&self, event: &LogEvent<'_>, whose: Option<&SubjectId>) -> Result<NewLogEntry, Error> {
        let (key_id, sealed) = self.seal(whose, &event.log_id, event.raw.as_bytes())?;
        Ok(NewLogEntry {
            log_id: event.log_id.to_string(),
            kind: event.kind.to_string(),
            at: event.date,
            key_id,
            sealed,
        })
    }

    fn reject(&self, raw: &str, reason: String) -> Result<NewLogReject, Error> {
        let kept = raw.get(..raw.floor_char_boundary(KEPT)).unwrap_or_default();
        let (key_id, sealed) = self.seal(None, REJECTED, kept.as_bytes())?;
        Ok(NewLogReject { reason, key_id, sealed })
    }

    fn seal(
        &self,
        whose: Option<&SubjectId>,
        bound_to: &str,
        bytes: &[u8],
    ) -> Result<(String, Vec<u8>), Error> {
        let key = self.keys.get(whose.unwrap_or(&self.today));
        let key = key.ok_or_else(|| Error::internal("a key that was just made is gone"))?;
        let context = leaves::context(self.tenant, bound_to);
        let sealed = Sealed::seal(&key.key, &context, bytes, self.app.ports.entropy.as_ref());
        let sealed = sealed.map_err(Error::internal)?.as_bytes().to_vec();
        Ok((key.id.clone(), sealed))
    }
}
