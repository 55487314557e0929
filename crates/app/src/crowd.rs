//! What a tenant's sign-ins look like, kept in memory: a fold over records, as profiles are.
//!
//! It is built from the latest records when the service starts, and again now and then where other processes work on the
//! same database; what this process learns meanwhile is added at once, and counts once: a build remembers what it counted of
//! each decision, and isn't put in force while an outcome is on disk and not yet learned. Losing it loses warmth and nothing else, so that an erasure
//! empties it at once and has it built again behind its answer.

use std::collections::BTreeMap;

use countersign_core::{OrganizationId, SubjectId, Timestamp};
use countersign_risk::{
    Features, Sightings,
    crowd::{Crowd, Member},
    learning::FULL_MILLI,
};
use countersign_store::{Counted, DecisionFilter, DecisionRow, Scope, Standing};
use parking_lot::Mutex;

use crate::{App, Error, Tenant, decide::record::Record};

/// Records that a crowd is built from at the most, the newest; judgement: some ten seconds of reading.
const MOST: usize = 100_000;

/// Records read at once.
const PAGE: u32 = 500;

/// How far back records count, in microseconds: two half-lives of an organization's weights.
const BACK_MICROS: i64 = 90 * 86_400 * 1_000_000;

/// The crowd, and the one that is being built to take its place.
#[derive(Default)]
pub(crate) struct Crowds {
    state: Mutex<State>,
    /// Held while one is built: of two at once neither would be whole.
    turn: tokio::sync::Mutex<()>,
    /// Held by each who commits outcomes, from before it until the crowd has learned them, and for a moment by who puts a crowd
    /// in force: what it was built from may tell them already, and what comes after can't be told from what it counted.
    learning: tokio::sync::RwLock<()>,
    /// Told when it was emptied and is to be built again.
    emptied: tokio::sync::Notify,
}

#[derive(Default)]
struct State {
    current: Crowd,
    building: Option<Building>,
}

#[derive(Default)]
struct Building {
    crowd: Crowd,
    /// What each decision counts in it, by its leaf: from its record, or from an outcome that came meanwhile.
    counted: BTreeMap<u64, Weights>,
}

impl Building {
    /// Lets a decision count what it then counts, whatever it counted before here.
    fn set(&mut self, lesson: &Lesson) {
        let from = self.counted.insert(lesson.leaf, lesson.to).unwrap_or(Weights::NONE);
        lesson.change(&mut self.crowd, from);
    }
}

/// What a decision's outcome changes in the crowd.
pub(crate) struct Lesson {
    leaf: u64,
    features: Features,
    member: Member,
    from: Weights,
    to: Weights,
}

/// What a decision counts for and against, in thousandths: in its organization, and in the whole tenant.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(crate) struct Weights {
    granted: u32,
    /// Beyond what the tenant blames.
    blamed_within: u32,
    tenant_granted: u32,
    blamed: u32,
}

impl Weights {
    const NONE: Self = Self { granted: 0, blamed_within: 0, tenant_granted: 0, blamed: 0 };

    /// What a decision counts by what is known of it in its organization and in the tenant.
    pub(crate) const fn of(within: Counted, at_tenant: Counted) -> Self {
        let blamed = blame(at_tenant.standing);
        Self {
            granted: within.granted,
            blamed_within: blame(within.standing).saturating_sub(blamed),
            tenant_granted: at_tenant.granted,
            blamed,
        }
    }

    fn of_row(row: &DecisionRow) -> Self {
        Self::of(row.counted(), row.counted_at_tenant())
    }
}

const fn blame(standing: Standing) -> u32 {
    match standing {
        Standing::Fraudulent => FULL_MILLI,
        // Why half: people fail challenges of their own.
        Standing::Failed => FULL_MILLI / 2,
        Standing::Open | Standing::Completed | Standing::Passed | Standing::Silent | Standing::Legitimate => {
            0
        }
    }
}

impl Lesson {
    /// What it means that a decision counts something else; `None` where it means nothing.
    pub(crate) fn of(row: &DecisionRow, record: &Record, from: Weights, to: Weights) -> Option<Self> {
        let subject = row.subject.as_ref()?;
        (record.features.is_login && from != to).then(|| Self {
            leaf: row.leaf_index,
            features: record.features.clone(),
            member: member(row.decision.organization.as_ref(), subject),
            from,
            to,
        })
    }

    /// Changes what the decision counts in a crowd from what it counted there.
    fn change(&self, crowd: &mut Crowd, from: Weights) {
        let Self { features, member, to, .. } = self;
        if from.granted != to.granted {
            crowd.debit_organization(features, *member, from.granted);
            crowd.credit_organization(features, *member, to.granted);
        }
        if from.tenant_granted != to.tenant_granted {
            crowd.debit_tenant(features, from.tenant_granted);
            crowd.credit_tenant(features, to.tenant_granted);
        }
        if from.blamed != to.blamed {
            crowd.pardon(features, from.blamed);
            crowd.blame(features, to.blamed);
        }
        if from.blamed_within != to.blamed_within {
            crowd.pardon_within(features, *member, from.blamed_within);
            crowd.blame_within(features, *member, to.blamed_within);
        }
    }
}

/// Whose sign-in it is, as the crowd tells people apart.
pub(crate) fn member(organization: Option<&OrganizationId>, subject: &SubjectId) -> Member {
    Member::new(organization.map(OrganizationId::as_str), subject.as_str())
}

impl Crowds {
    /// What others say of a sign-in.
    pub(crate) fn read(&self, features: &Features, member: Member) -> countersign_risk::Shares {
        self.state.lock().current.read(features, member)
    }

    fn teach(&self, lessons: &[Lesson]) {
        let mut state = self.state.lock();
        for lesson in lessons {
            lesson.change(&mut state.current, lesson.from);
            if let Some(building) = &mut state.building {
                building.set(lesson);
            }
        }
    }

    /// Empties it when what is returned goes, also where that is by a failure or because nobody waits any more: an erasure may be on
    /// record all the same.
    pub(crate) const fn emptied_at_the_end(&self) -> EmptiedAtTheEnd<'_> {
        EmptiedAtTheEnd(self)
    }

    /// Forgets what it learned of everybody: of one person alone it can't be told. One that is being built is not put in its place.
    fn empty(&self) {
        let mut state = self.state.lock();
        let old = (std::mem::take(&mut state.current), state.building.take());
        drop(state);
        self.emptied.notify_one();
        drop(old);
    }

    fn is_building(&self) -> bool {
        self.state.lock().building.is_some()
    }

    fn begin(&self) {
        self.state.lock().building = Some(Building::default());
    }

    /// Counts a record in the crowd that is being built, unless an outcome of its decision came meanwhile.
    fn count(&self, row: &DecisionRow, record: &Record) {
        let lesson = Lesson::of(row, record, Weights::NONE, Weights::of_row(row));
        let mut state = self.state.lock();
        if let (Some(lesson), Some(building)) = (lesson, &mut state.building)
            && !building.counted.contains_key(&lesson.leaf)
        {
            building.set(&lesson);
        }
    }

    /// To be held by who commits outcomes, from before that until the crowd has learned them.
    pub(crate) async fn learning(&self) -> tokio::sync::RwLockReadGuard<'_, ()> {
        self.learning.read().await
    }

    /// Puts what was built in the place of the one before; false where it was emptied meanwhile.
    async fn end(&self) -> bool {
        let _nobody_learns = self.learning.write().await;
        let mut state = self.state.lock();
        let built = state.building.take();
        let old = built.map(|building| std::mem::replace(&mut state.current, building.crowd));
        drop(state);
        // Why only now: sign-ins wait for the state, and letting a large crowd go takes a while.
        old.is_some()
    }

    fn abandon(&self) {
        self.state.lock().building = None;
    }
}

/// Empties a crowd when it is dropped.
#[must_use]
pub(crate) struct EmptiedAtTheEnd<'a>(&'a Crowds);

impl Drop for EmptiedAtTheEnd<'_> {
    fn drop(&mut self) {
        self.0.empty();
    }
}

impl Tenant {
    /// Lets the crowd learn what was committed.
    pub(crate) fn teach(&self, lessons: &[Lesson]) {
        if !lessons.is_empty() {
            self.crowd.teach(lessons);
        }
    }

    /// Counts by its block what was called fraudulent, and no more what is not any longer, once that was committed.
    pub(crate) fn count_frauds(&self, frauds: &[(Sightings, bool)], at: Timestamp) {
        for (fraud, is_fraud) in frauds {
            let mut velocity = self.velocity.lock();
            if *is_fraud {
                velocity.note(fraud, at);
            } else {
                velocity.forgive(fraud);
            }
        }
    }
}

impl App {
    /// Builds a tenant's crowd from its latest records and puts it in the place of the one before; returns how many counted.
    ///
    /// # Errors
    /// `Unavailable`; then the crowd stays as it was.
    pub async fn build_crowd(&self, tenant: &Tenant) -> Result<usize, Error> {
        let _turn = tenant.crowd.turn.lock().await;
        loop {
            tenant.crowd.begin();
            match self.count_records(tenant).await {
                Ok(counted) if tenant.crowd.end().await => return Ok(counted),
                // Why again: what was counted before it was emptied may be of somebody who is erased by now.
                Ok(_) => {}
                Err(error) => {
                    tenant.crowd.abandon();
                    return Err(error);
                }
            }
        }
    }

    /// Waits until a tenant's crowd was emptied, by an erasure, and is to be built again.
    pub async fn crowd_emptied(&self, tenant: &Tenant) {
        tenant.crowd.emptied.notified().await;
    }

    async fn count_records(&self, tenant: &Tenant) -> Result<usize, Error> {
        let oldest = self.ports.clock.now().plus(-BACK_MICROS);
        let (mut before, mut read, mut counted, mut unread) = (None, 0, 0, 0_u64);
        while read < MOST {
            let filter = DecisionFilter { before, ..DecisionFilter::default() };
            let rows = self.ports.store.list_decisions(Scope::Tenant(&tenant.id), filter, PAGE).await?;
            let Some(last) = rows.last() else { break };
            before = Some(last.leaf_index);
            read += rows.len();
            for row in rows.iter().filter(|row| teaches(row)) {
                match self.open_record(tenant, row).await {
                    Ok(record) => {
                        tenant.crowd.count(row, &record);
                        counted += 1;
                    }
                    Err(error @ Error::Unavailable { .. }) => return Err(error),
                    Err(Error::Erased | Error::NotKept) => {}
                    // Why no end: one of an older shape, or damaged, must not keep the others from being counted.
                    Err(_) => unread += 1,
                }
            }
            if is_older(last, oldest) || !tenant.crowd.is_building() {
                break;
            }
            // Why: people wait for the same processors and the same database.
            tokio::task::yield_now().await;
        }
        if unread > 0 {
            tracing::warn!(tenant.id = %tenant.id, unread, "records could not be read for the crowd");
        }
        Ok(counted)
    }
}

fn teaches(row: &DecisionRow) -> bool {
    Weights::of_row(row) != Weights::NONE
}

fn is_older(row: &DecisionRow, oldest: Timestamp) -> bool {
    row.decision.at < oldest
}

#[cfg(test)]
mod tests;
