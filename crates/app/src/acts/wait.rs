//! Waiting while a tenant takes nothing: each time longer, up to a bound; kept with the plan, so that a start changes nothing of it and
//! everybody sees why; told to the ledger once; and over when the plan's time is.

use std::time::Duration;

use countersign_core::{IdKind, Timestamp};
use countersign_plan::run::{Event, Why};
use countersign_store::{Commit, Fence, NewLeaf, PlanRow, PlanWrite, StoreError, Write};
use serde::{Deserialize, Serialize};

use super::{executor::Turn, run::Wait, send::is_containment, steps::Course, told::row_draft};
use crate::{App, Error, Tenant, management::Error as ApiError};

/// The first pause; it doubles.
const FIRST: Duration = Duration::from_secs(1);

/// The longest pause: of what keeps somebody out, and of all else.
const LONGEST_OF_CONTAINMENT: Duration = Duration::from_secs(30);
const LONGEST: Duration = Duration::from_secs(300);

/// How long a run waits at the least before its time is over, also where it was begun late: an hour, in microseconds.
const LEAST: i64 = 60 * 60 * 1_000_000;

/// What keeps a run from going on.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Hindrance {
    /// The tenant, or a receiver, answers 429.
    Limited,
    /// There was no answer that can be used.
    Unreachable,
    /// There were so many answers that are none that it is left alone for a while.
    Resting,
    /// As many requests wait as may.
    Busy,
    /// By which token it is written could not be kept.
    Unrecorded,
    /// What is kept of the plan can't be read.
    Unread,
}

impl Hindrance {
    /// The stable word.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Limited => "limited",
            Self::Unreachable => "unreachable",
            Self::Resting => "resting",
            Self::Busy => "busy",
            Self::Unrecorded => "unrecorded",
            Self::Unread => "unread",
        }
    }

    /// The same for people.
    #[must_use]
    pub const fn text(self) -> &'static str {
        match self {
            Self::Limited => "the tenant answers 429",
            Self::Unreachable => "the tenant gives no answer that can be used",
            Self::Resting => "the tenant gave no answers, and is left alone for a while",
            Self::Busy => "too many requests to the tenant wait already",
            Self::Unrecorded => "the token that it would be written with can't be kept",
            Self::Unread => "what is kept of it can't be read",
        }
    }
}

/// Why a run does not go on now.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Waits {
    /// What keeps it.
    pub why: Hindrance,
    /// Since when nothing came of it.
    pub since: Timestamp,
    /// When it is tried again.
    pub next: Timestamp,
    /// How often it was tried since.
    pub tries: u32,
}

impl Waits {
    /// As it is kept with a plan.
    pub(super) fn of(row: &PlanRow) -> Option<Self> {
        row.waits.as_deref().and_then(|text| serde_json::from_str(text).ok())
    }

    fn after(before: Option<Self>, delay: Delay, (now, longest): (Timestamp, Duration)) -> Self {
        let (since, tries) = before.map_or((now, 0), |before| (before.since, before.tries));
        let pause = pause(tries, delay.after, longest);
        let next = now.plus(i64::try_from(pause.as_micros()).unwrap_or(LEAST));
        Self { why: delay.why, since, next, tries: tries.saturating_add(1) }
    }
}

/// What keeps a run, and how long it asks to be left alone.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Delay {
    pub(super) why: Hindrance,
    pub(super) after: Option<Duration>,
}

impl Delay {
    pub(super) const fn by(why: Hindrance) -> Self {
        Self { why, after: None }
    }

    pub(super) const fn of(error: &ApiError) -> Self {
        match error {
            ApiError::Limited { after, .. } => Self { why: Hindrance::Limited, after: *after },
            ApiError::Paused { .. } => Self::by(Hindrance::Resting),
            ApiError::Busy { .. } => Self::by(Hindrance::Busy),
            ApiError::Unrecorded { .. } => Self::by(Hindrance::Unrecorded),
            _ => Self::by(Hindrance::Unreachable),
        }
    }
}

/// The pause after so many tries. What the tenant asks for counts, up to the longest.
fn pause(tries: u32, after: Option<Duration>, longest: Duration) -> Duration {
    FIRST.saturating_mul(1 << tries.min(16)).max(after.unwrap_or_default()).min(longest)
}

impl App {
    /// Puts a run off, or halts it where its time is over.
    pub(super) async fn wait_for_tenant(
        &self,
        tenant: &Tenant,
        turn: &Turn<'_>,
        (course, delay): (&mut Course, Delay),
    ) -> Result<Wait, Error> {
        let now = self.ports.clock.now();
        let before = Waits::of(&course.kept.row);
        let since = before.as_ref().map_or(now, |before| before.since);
        if now >= course.kept.state.begin_by.max(since.plus(LEAST)) {
            return self.bar(tenant, turn, (course, Why::Late)).await;
        }
        let is_urgent = course.kept.plan().steps.iter().any(is_containment);
        let longest = if is_urgent { LONGEST_OF_CONTAINMENT } else { LONGEST };
        let waits = Waits::after(before, delay, (now, longest));
        tracing::warn!(tenant.id = %tenant.id, plan = course.kept.row.id, why = delay.why.as_str(), tries = waits.tries, "a plan waits");
        self.keep_waits(tenant, &turn.fence, (&mut course.kept.row, waits)).await?;
        Ok(Wait::Tenant)
    }

    /// Halts a run that may not go on.
    pub(super) async fn bar(
        &self,
        tenant: &Tenant,
        turn: &Turn<'_>,
        (course, why): (&mut Course, Why),
    ) -> Result<Wait, Error> {
        course.take(Event::Barred { why }).map_err(Error::internal)?;
        let halt =
            course.run.halt().cloned().ok_or_else(|| Error::internal("a run that was barred goes on"))?;
        self.halt(tenant, turn, (course, &halt)).await?;
        Ok(Wait::Ended)
    }

    /// Puts off a plan that can't be read: it is tried again ever more seldom, and whoever operates the service is told.
    pub(super) async fn put_off_unread(
        &self,
        tenant: &Tenant,
        fence: &Fence,
        (plan, error): (&str, &Error),
    ) -> Result<(), Error> {
        tracing::error!(tenant.id = %tenant.id, plan, code = error.code(), detail = error.detail(), "a plan can't be carried out");
        let Some(mut row) = self.ports.store.find_plan(&tenant.id, plan).await? else { return Ok(()) };
        let now = self.ports.clock.now();
        let waits = Waits::after(Waits::of(&row), Delay::by(Hindrance::Unread), (now, LONGEST));
        match self.keep_waits(tenant, fence, (&mut row, waits)).await {
            // Why: somebody acted on it, so that it is looked at anew.
            Ok(()) | Err(Error::Stale) => Ok(()),
            Err(error) => Err(error),
        }
    }

    /// Keeps why a plan waits; with a leaf where it did not before.
    async fn keep_waits(
        &self,
        tenant: &Tenant,
        fence: &Fence,
        (row, waits): (&mut PlanRow, Waits),
    ) -> Result<(), Error> {
        let leaves =
            if row.waits.is_none() { vec![self.waiting_leaf(tenant, row, &waits)?] } else { Vec::new() };
        row.waits = Some(serde_json::to_string(&waits).map_err(Error::internal)?);
        row.try_at = Some(waits.next);
        let write = PlanWrite::Waits {
            plan: row.id.clone(),
            version: Some(row.version),
            waits: row.waits.clone(),
            try_at: row.try_at,
        };
        let writes = vec![Write::Plan(write)];
        let commit =
            Commit { fence: Some(fence.clone()), leaves, writes, ..Commit::background(tenant.id.clone()) };
        match self.ports.store.commit(commit).await {
            Ok(_) => Ok(()),
            Err(StoreError::Stale) => Err(Error::Stale),
            Err(error) => Err(error.into()),
        }
    }

    fn waiting_leaf(&self, tenant: &Tenant, row: &PlanRow, waits: &Waits) -> Result<NewLeaf, Error> {
        let id = self.make_id(IdKind::Record)?;
        let told =
            row_draft((&id, self.ports.clock.now()), "waiting", row).fact("reason", &waits.why.as_str());
        Self::public_leaf(tenant, told)
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    proptest! {
        #[test]
        fn pauses_grow_and_stay_within_bounds(tries: u32, named in proptest::option::of(0_u64..1_000_000)) {
            let named = named.map(Duration::from_secs);
            for longest in [LONGEST_OF_CONTAINMENT, LONGEST] {
                let (this, next) = (pause(tries, named, longest), pause(tries.saturating_add(1), named, longest));
                prop_assert!(FIRST <= this && this <= next && next <= longest);
                prop_assert!(named.is_none_or(|named| this >= named.min(longest)));
            }
        }
    }

    #[test]
    fn what_was_begun_waits_as_long_as_it_took_and_tells_since_when() {
        let at = |seconds| Timestamp::from_seconds(seconds);
        let mut waits = None;
        let mut now = at(100);
        for (tries, next) in [(1, 101), (2, 103), (3, 107), (4, 115)] {
            let told = Waits::after(waits, Delay::by(Hindrance::Limited), (now, LONGEST));
            assert_eq!((told.since, told.next, told.tries), (at(100), at(next), tries));
            now = told.next;
            waits = Some(told);
        }
        let asked = Delay { why: Hindrance::Limited, after: Some(Duration::from_secs(60)) };
        assert_eq!(Waits::after(None, asked, (at(0), LONGEST)).next, at(60));
        assert_eq!(Waits::after(None, asked, (at(0), LONGEST_OF_CONTAINMENT)).next, at(30));
    }
}
