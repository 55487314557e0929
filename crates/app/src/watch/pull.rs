//! Reading a tenant's log by its checkpoint: first all that it still keeps, then what the stream did not deliver.

use countersign_auth0::{
    log::{self, LogEvent, Rejected},
    management::{LogId, logs},
};
use countersign_core::{Micros, Timestamp};
use countersign_store::Write;
use serde::{Deserialize, Serialize};

use super::Delivered;
use crate::{
    App, Error, Lead, Tenant,
    management::{Api, Error as ApiError, Lane, Reply},
};

/// The name under which it is kept how far the log was read.
const NAME: &str = "pull";

/// Entries of a page: the most that the API gives (Auth0 docs, "Retrieve Logs Using the Management API").
const TAKE: &str = "100";

/// How long an entry is left to the stream, in microseconds: what it did not deliver by then counts as missing. Ours to choose:
/// streams take seconds, and idle time follows the clock five minutes behind.
const GRACE: Micros = 2 * 60 * 1_000_000;

/// The statuses of an API that does not know where to go on.
const LOST: [u16; 2] = [400, 404];

/// How far the history of a tenant's log was read: all that it still kept when it was first read.
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize, Deserialize)]
pub struct History {
    /// When reading began; `None`: never.
    pub began: Option<Timestamp>,
    /// When a page of it was last read.
    pub read_at: Option<Timestamp>,
    /// Entries that were read of it.
    pub entries: u64,
    /// When the oldest of them happened.
    pub oldest: Option<Timestamp>,
    /// When the newest of them happened.
    pub newest: Option<Timestamp>,
    /// The place of the journal before which all of it stands; `None` as long as there is more.
    pub until: Option<u64>,
}

/// How far a tenant's log was read.
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize, Deserialize)]
pub struct Reading {
    /// The id of the entry after which is read next; `None`: from the oldest on.
    pub from: Option<String>,
    /// The history.
    pub history: History,
    /// Entries after the history that the stream had not delivered two minutes after they happened.
    pub gaps: u64,
    /// Since when, in event time, the stream delivered none of the entries that were read; `None` while it delivers.
    pub undelivered_since: Option<Timestamp>,
}

/// What reading one page came to.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Pulled {
    /// What became of its entries.
    pub delivered: Delivered,
    /// Whether there is nothing to read now.
    pub is_end: bool,
}

impl Reading {
    /// Takes what was read of a page, and what was new of it.
    fn take(&mut self, dates: &[Timestamp], delivered: Delivered, now: Timestamp) {
        let (oldest, newest) = (dates.iter().min().copied(), dates.iter().max().copied());
        if self.history.until.is_none() {
            let history = &mut self.history;
            history.read_at = Some(now);
            // Why one of the first page: the others come again by the checkpoint.
            let is_first = self.from.is_none();
            history.entries += if is_first { delivered.all().min(1) } else { delivered.all() };
            history.oldest = [history.oldest, oldest].into_iter().flatten().min();
            history.newest = history.newest.max(newest);
            return;
        }
        self.gaps += delivered.taken;
        if delivered.repeated > 0 {
            self.undelivered_since = None;
        } else if delivered.taken > 0 {
            self.undelivered_since = self.undelivered_since.or(oldest);
        }
    }
}

type Entries<'a> = Vec<Result<LogEvent<'a>, Rejected<'a>>>;

/// Whether an entry is so young that the stream may still deliver it. What is dated far ahead is not: it would hold up the rest.
fn is_on_its_way(entry: &Result<LogEvent<'_>, Rejected<'_>>, now: Timestamp) -> bool {
    entry.as_ref().is_ok_and(|event| now.since(event.date).unsigned_abs() < GRACE.unsigned_abs())
}

fn ids<'a>(entries: &'a Entries<'_>) -> impl Iterator<Item = &'a str> {
    entries.iter().flatten().map(|event| event.log_id.as_ref())
}

/// The entries of a page that are taken now, and whether others are left for later.
fn ready<'a>(reading: &Reading, mut entries: Entries<'a>, now: Timestamp) -> (Entries<'a>, bool) {
    let Some(cut) = entries.iter().position(|entry| is_on_its_way(entry, now)) else {
        return (entries, false);
    };
    let later = entries.split_off(cut);
    // Why none: what is read next has greater ids, and of the first page an entry with a lesser one would be left out.
    if reading.from.is_none() && ids(&later).min() < ids(&entries).min() {
        entries.clear();
    }
    (entries, true)
}

/// After which entry is read next: where the API says, else after the last that was taken.
fn next(reading: &Reading, entries: &Entries<'_>, is_cut: bool, link: Option<String>) -> Option<String> {
    if reading.from.is_none() {
        // Why the least: a search is in the order of dates, and the checkpoint in the order of ids.
        return ids(entries).min().map(str::to_owned);
    }
    let last = || ids(entries).last().map(str::to_owned);
    if is_cut { last() } else { link.or_else(last) }.or_else(|| reading.from.clone())
}

impl App {
    /// Reads the next page of a tenant's log into the journal; call it until it is at the end. What is younger than two minutes is
    /// left to the stream. Where it goes on is kept after the entries are, so that none is lost whenever the process ends.
    ///
    /// # Errors
    /// `Unavailable` where the API or the database did not answer, or another process leads: the page is read again.
    pub async fn pull_next(&self, tenant: &Tenant, api: &dyn Api, lead: &Lead) -> Result<Pulled, Error> {
        let mut reading = self.reading(tenant).await?;
        let now = self.ports.clock.now();
        if reading.history.began.is_none() {
            // Why before anything is read: from here on what is late waits until all of it is there.
            (reading.history.began, reading.history.read_at) = (Some(now), Some(now));
            self.keep_reading(tenant, lead, &reading).await?;
        }
        let before = reading.clone();
        let Some(Reply { body, next: link, .. }) = fetch(api, &reading).await? else {
            tracing::warn!(tenant.id = %tenant.id, "the tenant's log does not go on where it was read to, so that it is read from its oldest entry; what is older is lost");
            reading.from = None;
            self.keep_reading(tenant, lead, &reading).await?;
            return Ok(Pulled::default());
        };
        let text = String::from_utf8_lossy(&body);
        let entries = log::entries(&text).map_err(|error| unavailable(&error))?;
        let (entries, is_cut) = ready(&reading, entries, now);
        let from = next(&reading, &entries, is_cut, link);
        let is_end = is_cut || from == reading.from;
        let dates: Vec<Timestamp> = entries.iter().flatten().map(|event| event.date).collect();
        let (delivered, _) = self.journal_logs(tenant, entries).await?;
        reading.take(&dates, delivered, now);
        reading.from = from;
        if is_end && reading.history.until.is_none() {
            reading.history.until = Some(self.ports.store.get_log_state(&tenant.id).await?.next);
        }
        if reading != before {
            self.keep_reading(tenant, lead, &reading).await?;
        }
        Ok(Pulled { delivered, is_end })
    }

    /// How far a tenant's log was read.
    pub(crate) async fn reading(&self, tenant: &Tenant) -> Result<Reading, Error> {
        let kept = self.ports.store.find_log_cursor(&tenant.id, NAME).await?;
        kept.map_or_else(
            || Ok(Reading::default()),
            |text| serde_json::from_str(&text).map_err(Error::internal),
        )
    }

    async fn keep_reading(&self, tenant: &Tenant, lead: &Lead, reading: &Reading) -> Result<(), Error> {
        let cursor = serde_json::to_string(reading).map_err(Error::internal)?;
        self.commit_watch(tenant, lead, vec![Write::LogCursor { name: NAME, cursor }]).await
    }
}

fn unavailable(error: &dyn std::fmt::Display) -> Error {
    Error::Unavailable { detail: error.to_string() }
}

/// Reads the page that is next; `None` where the tenant does not know the entry any more after which it was to begin.
async fn fetch(api: &dyn Api, reading: &Reading) -> Result<Option<Reply>, Error> {
    let from = reading.from.as_deref().and_then(|from| from.parse::<LogId>().ok());
    let request = from.map_or_else(logs::oldest, |from| logs::after(&from).with("take", TAKE));
    match api.fetch(request.any(), Lane::Bulk).await {
        Ok(reply) => Ok(Some(reply)),
        Err(ApiError::Refused { refusal, .. })
            if reading.from.is_some() && LOST.contains(&refusal.status) =>
        {
            Ok(None)
        }
        Err(error) => Err(unavailable(&error)),
    }
}
