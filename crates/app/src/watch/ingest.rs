//! From a delivery to the journal: every entry sealed, once by its id, on disk before anyone is told so.

use std::{collections::BTreeMap, sync::Arc};

use countersign_auth0::log::{LogEvent, Rejected};
use countersign_core::{Micros, SubjectId, Timestamp};
use countersign_detect::told;
use countersign_privacy::Sealed;
use countersign_store::{NewLogEntry, NewLogReject};

use super::{
    Delivered,
    counted::{Counted, counted},
    desk::BREATH,
};
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
    /// What each of them counts as.
    counted: Vec<Option<Counted>>,
    rejects: Vec<NewLogReject>,
    newest: Option<Timestamp>,
}

impl App {
    /// Journals what a log stream delivered; on disk when it returns.
    ///
    /// # Errors
    /// `Unavailable` and `Internal`: then nothing of it is known to be kept, and it must come again.
    pub async fn take_logs(
        &self,
        tenant: &Tenant,
        delivery: Vec<Result<LogEvent<'_>, Rejected<'_>>>,
    ) -> Result<Delivered, Error> {
        let (delivered, newest) = self.journal_logs(tenant, delivery).await?;
        let mut stream = tenant.watch.stream.lock();
        stream.last = Some(self.ports.clock.monotonic());
        stream.newest = stream.newest.max(newest);
        stream.delivered.add(delivered);
        Ok(delivered)
    }

    /// Journals entries, however they came, and says when the newest of them happened.
    pub(super) async fn journal_logs(
        &self,
        tenant: &Tenant,
        delivery: Vec<Result<LogEvent<'_>, Rejected<'_>>>,
    ) -> Result<(Delivered, Option<Timestamp>), Error> {
        let now = self.ports.clock.now();
        let delivery: Vec<_> = delivery.into_iter().map(|entry| Read::new(tenant, now, entry)).collect();
        let sealing = Sealing::of(self, tenant, now, delivery.iter().map(Read::whose)).await?;
        let mut batch = Batch::default();
        for (index, entry) in delivery.into_iter().enumerate() {
            if index % BREATH == BREATH - 1 {
                tokio::task::yield_now().await;
            }
            match entry {
                Read::Entry { event, whose } => {
                    // Why no later than now: one entry of a clock that runs ahead must not make every silence look like news.
                    batch.newest = batch.newest.max(Some(event.date.min(now)));
                    batch.counted.push(counted(self, &event, now));
                    batch.entries.push(sealing.entry(&event, whose.as_ref())?);
                }
                Read::Reject { raw, reason } => batch.rejects.push(sealing.reject(raw, reason)?),
            }
        }
        let Batch { entries, counted, rejects, newest } = batch;
        let (delivered, places) = self.journal(tenant, now, entries, rejects).await?;
        let is_new = places.iter().map(Option::is_some);
        let counted = counted.into_iter().zip(is_new).filter_map(|(one, is_new)| one.filter(|_| is_new));
        self.count(tenant, counted.collect()).await;
        Ok((delivered, newest))
    }

    /// Puts into the journal what is sealed; also says the place of each entry, `None` for one that is there already.
    pub(super) async fn journal(
        &self,
        tenant: &Tenant,
        now: Timestamp,
        entries: Vec<NewLogEntry>,
        rejects: Vec<NewLogReject>,
    ) -> Result<(Delivered, Vec<Option<u64>>), Error> {
        let (all, unread) = (count(entries.len()), count(rejects.len()));
        let appended = self.ports.store.append_log(&tenant.id, now, entries, rejects).await;
        // Why also after a failure: some of it may be there.
        tenant.watch.journaled.notify_one();
        let places = appended?;
        let taken = count(places.iter().flatten().count());
        Ok((Delivered { taken, repeated: all.saturating_sub(taken), unread }, places))
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

    const fn whose(&self) -> Option<&SubjectId> {
        match self {
            Self::Entry { whose, .. } => whose.as_ref(),
            Self::Reject { .. } => None,
        }
    }
}

/// What a delivery is sealed under: the key of the account that an entry is about, else the key of the day.
pub(super) struct Sealing<'a> {
    app: &'a App,
    tenant: &'a Tenant,
    keys: BTreeMap<SubjectId, Arc<PersonKey>>,
    today: SubjectId,
}

impl<'a> Sealing<'a> {
    /// Looks up or makes the keys of these accounts at once.
    pub(super) async fn of(
        app: &'a App,
        tenant: &'a Tenant,
        now: Timestamp,
        whose: impl Iterator<Item = Option<&SubjectId>>,
    ) -> Result<Self, Error> {
        let today = tenant.keys.log_day(now.days());
        let subjects = whose.map(|subject| subject.unwrap_or(&today).clone()).collect();
        let keys = app.get_keys(tenant, subjects).await?;
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

    /// Seals what is about the account, else what is about none: the key's name and what it opens.
    pub(super) fn seal(
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
