//! Who carries plans out, and in which order: one process at a time for each tenant, and in it two queues that wait for nothing of
//! each other's.

use std::{
    collections::{BTreeMap, BTreeSet},
    future::{Future, poll_fn},
    pin::Pin,
    task::Poll,
    time::Duration,
};

use countersign_core::Timestamp;
use countersign_plan::{change::ChangePlan, review::Status};
use countersign_store::{DuePlans, Fence, PlanRow};
use parking_lot::Mutex;
use tokio::sync::Notify;

use super::{
    Hands,
    kept::KeptPlan,
    run::{EXECUTOR, Wait},
    send::is_containment,
};
use crate::{App, Error, Tenant};

/// How long the lease holds; it is renewed each third of it.
pub(super) const HELD: Duration = Duration::from_secs(15);

/// Between two looks at what another process let in, while something is under way.
const LOOK: Duration = Duration::from_secs(1);

/// The most plans of each state that are looked at in one turn, the oldest.
const DUE: u32 = 10_000;

/// Which plans.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Queue {
    /// What keeps somebody out. Several at once, so that none waits for another that is long.
    Containment,
    /// All others, one after the other; and what is over.
    Rest,
}

impl Queue {
    /// Both.
    pub const ALL: [Self; 2] = [Self::Containment, Self::Rest];

    /// By the steps, which never change: how much a plan presses is a matter of people.
    fn of(plan: &ChangePlan) -> Self {
        if plan.steps.iter().any(is_containment) { Self::Containment } else { Self::Rest }
    }

    /// How many are under way at once.
    const fn at_once(self) -> usize {
        match self {
            Self::Containment => 16,
            Self::Rest => 1,
        }
    }
}

/// What one turn came to.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Ran {
    /// Plans that came to an end, or halted.
    pub ended: usize,
    /// Plans that go on in the next turn, since the tenant could not be asked, or it was time to stop.
    pub waiting: usize,
}

impl Ran {
    const fn plus(self, other: Self) -> Self {
        Self {
            ended: self.ended.saturating_add(other.ended),
            waiting: self.waiting.saturating_add(other.waiting),
        }
    }
}

/// What tells a tenant's executor that there is something to do.
#[derive(Default)]
pub(crate) struct Bell {
    containment: Notify,
    rest: Notify,
    /// Held while a plan is begun, so that what goes by itself is counted before the next one is.
    beginning: tokio::sync::Mutex<()>,
    /// Held while a step that shuts out somebody who administers the service is looked at and sent.
    pub(super) locking: tokio::sync::Mutex<()>,
    /// In which queue plans are that wait or are under way, as far as they were opened.
    queues: Mutex<BTreeMap<String, Queue>>,
}

impl Bell {
    const fn of(&self, queue: Queue) -> &Notify {
        match queue {
            Queue::Containment => &self.containment,
            Queue::Rest => &self.rest,
        }
    }

    /// Tells what a plan became.
    pub(super) fn tell(&self, row: &PlanRow) {
        if [Status::Approved.as_str(), Status::Running.as_str()].contains(&row.state.as_str()) {
            for queue in Queue::ALL {
                self.of(queue).notify_one();
            }
        } else if row.state == Status::Halted.as_str() {
            self.of(Queue::Rest).notify_one();
        }
    }

    /// Whether a plan may be one of this queue.
    fn may_be_of(&self, plan: &str, queue: Queue) -> bool {
        self.queues.lock().get(plan).is_none_or(|known| *known == queue)
    }
}

/// What a turn goes by.
pub(super) struct Turn<'a> {
    pub(super) hands: &'a Hands,
    pub(super) fence: Fence,
    /// Whether it is time to stop before the next call.
    pub(super) is_over: &'a (dyn Fn() -> bool + Sync),
}

/// A run under way: the plan, whom it reaches, and what it comes to.
struct UnderWay<'a> {
    plan: String,
    users: BTreeSet<String>,
    run: Pin<Box<dyn Future<Output = Result<Wait, Error>> + Send + 'a>>,
}

/// What became of a plan that was to be begun.
enum Start<'a> {
    /// It is under way.
    Begun(UnderWay<'a>),
    /// It came to its end without a run.
    Ended,
    /// Another reaches the same people, or it is the other queue's.
    Waits,
}

/// Waits for the first run that ends.
async fn first_end(under_way: &mut Vec<UnderWay<'_>>) -> (String, Result<Wait, Error>) {
    poll_fn(|context| {
        for (place, one) in under_way.iter_mut().enumerate() {
            if let Poll::Ready(end) = one.run.as_mut().poll(context) {
                return Poll::Ready((under_way.swap_remove(place).plan, end));
            }
        }
        Poll::Pending
    })
    .await
}

/// Whom a plan reaches.
fn users(kept: &KeptPlan) -> BTreeSet<String> {
    let users = kept.plan().steps.iter().flat_map(|step| &step.scope.users);
    users.map(|user| user.as_str().to_owned()).collect()
}

impl App {
    /// Waits until a plan of this queue was let in, or let go on, in this process since the last wait.
    pub async fn approved(&self, tenant: &Tenant, queue: Queue) {
        tenant.bell.of(queue).notified().await;
    }

    /// Carries out what may be begun, and goes on with what was: containment first. Nothing where another process does.
    ///
    /// # Errors
    /// `Unavailable`; what was under way is taken up in the next turn.
    pub async fn run_plans(&self, tenant: &Tenant) -> Result<Ran, Error> {
        let mut ran = Ran::default();
        for queue in Queue::ALL {
            ran = ran.plus(self.run_queue(tenant, queue, &|| false).await?);
        }
        Ok(ran)
    }

    /// The same for one queue; once `is_over` says so, before the next call.
    ///
    /// # Errors
    /// As `run_plans`.
    pub async fn run_queue(
        &self,
        tenant: &Tenant,
        queue: Queue,
        is_over: &(dyn Fn() -> bool + Sync),
    ) -> Result<Ran, Error> {
        let Ok(hands) = tenant.hands() else { return Ok(Ran::default()) };
        let store = &self.ports.store;
        let Some(lease) = store.acquire_lease(&tenant.id, EXECUTOR, &self.ports.process, HELD).await? else {
            return Ok(Ran::default());
        };
        let fence = Fence { name: EXECUTOR, epoch: lease.epoch };
        let turn = Turn { hands, fence, is_over };
        let work = self.work_queue(tenant, &turn, queue);
        let mut ticks = tokio::time::interval(HELD / 3);
        tokio::pin!(work);
        loop {
            tokio::select! {
                done = &mut work => return done,
                _ = ticks.tick() => {
                    let lease = store.acquire_lease(&tenant.id, EXECUTOR, &self.ports.process, HELD).await;
                    // Why dropped: whoever has the lease now takes it up; what was on its way is observed first.
                    if !matches!(lease, Ok(Some(held)) if held.epoch == turn.fence.epoch) {
                        return Ok(Ran::default());
                    }
                }
            }
        }
    }

    /// Gives the executor's lease back, so that another process need not wait for it.
    ///
    /// # Errors
    /// `Unavailable`: then the lease ends by itself.
    pub async fn resign_executor(&self, tenant: &Tenant) -> Result<(), Error> {
        if tenant.has_hands() {
            self.ports.store.release_lease(&tenant.id, EXECUTOR, &self.ports.process).await?;
        }
        Ok(())
    }

    /// Begins what is due as there is room, also what comes meanwhile, until nothing is under way.
    async fn work_queue(&self, tenant: &Tenant, turn: &Turn<'_>, queue: Queue) -> Result<Ran, Error> {
        let (mut ran, mut under_way, mut failure) = (Ran::default(), Vec::new(), None);
        let mut put_off = BTreeSet::new();
        let mut looks = tokio::time::interval(LOOK);
        looks.reset();
        loop {
            if failure.is_none() && !(turn.is_over)() {
                let started = self.start_due((tenant, turn, queue), &mut under_way, &mut put_off).await;
                match started {
                    Ok(started) => ran = ran.plus(started),
                    Err(error) => failure = Some(error),
                }
            }
            if under_way.is_empty() {
                return failure.map_or(Ok(ran), Err);
            }
            let has_room = under_way.len() < queue.at_once();
            tokio::select! {
                (plan, end) = first_end(&mut under_way) => match end {
                    Ok(Wait::Ended) => ran.ended += 1,
                    // Why on: one plan that somebody acts on now holds up no other.
                    Ok(Wait::Tenant | Wait::Over) | Err(Error::Stale | Error::Erased) => {
                        ran.waiting += 1;
                        put_off.insert(plan);
                    }
                    Err(error @ (Error::Internal { .. } | Error::Plan(_))) => {
                        ran.waiting += 1;
                        failure = self.put_off_unread(tenant, &turn.fence, (&plan, &error)).await.err();
                        put_off.insert(plan);
                    }
                    // Why not at once: what else is under way comes to the end of its step.
                    Err(error) => failure = Some(error),
                },
                () = tenant.bell.of(queue).notified(), if has_room => {}
                _ = looks.tick() => put_off.clear(),
            }
        }
    }

    /// Begins what is due, as far as there is room; nothing of people whom something under way reaches.
    async fn start_due<'a>(
        &'a self,
        (tenant, turn, queue): (&'a Tenant, &'a Turn<'a>, Queue),
        under_way: &mut Vec<UnderWay<'a>>,
        put_off: &mut BTreeSet<String>,
    ) -> Result<Ran, Error> {
        let mut ran = Ran::default();
        if under_way.len() >= queue.at_once() {
            return Ok(ran);
        }
        for plan in self.due_plans(tenant, queue).await? {
            let is_taken = under_way.iter().any(|one| one.plan == plan) || put_off.contains(&plan);
            if is_taken {
                continue;
            }
            if under_way.len() >= queue.at_once() {
                break;
            }
            let reached = under_way.iter().flat_map(|one| one.users.iter().cloned()).collect();
            match self.begin_one((tenant, turn, queue), &plan, reached).await {
                Ok(Start::Begun(one)) => under_way.push(one),
                Ok(Start::Ended) => ran.ended += 1,
                Ok(Start::Waits) => {}
                // Why on: one plan that can't be opened, or that somebody acts on now, holds up no other.
                Err(Error::Stale) => {
                    ran.waiting += 1;
                    put_off.insert(plan);
                }
                Err(error @ (Error::Internal { .. } | Error::Plan(_))) => {
                    ran.waiting += 1;
                    self.put_off_unread(tenant, &turn.fence, (&plan, &error)).await?;
                    put_off.insert(plan);
                }
                Err(Error::Erased) => ran.ended += usize::from(self.end_unread(tenant, &plan).await?),
                Err(error) => return Err(error),
            }
        }
        Ok(ran)
    }

    /// Begins a plan of this queue, unless something under way reaches the same people.
    async fn begin_one<'a>(
        &'a self,
        (tenant, turn, queue): (&'a Tenant, &'a Turn<'a>, Queue),
        plan: &str,
        reached: BTreeSet<String>,
    ) -> Result<Start<'a>, Error> {
        let Some(row) = self.ports.store.find_plan(&tenant.id, plan).await? else {
            return Ok(Start::Waits);
        };
        if row.state == Status::Halted.as_str() {
            self.renew(tenant, turn, row).await?;
            return Ok(Start::Waits);
        }
        let is_over = row.state == Status::Proposed.as_str();
        let goes_on = [Status::Running, Status::Approved].iter().any(|status| status.as_str() == row.state);
        let is_late = is_over && row.expires <= self.ports.clock.now();
        if !goes_on && !is_late {
            // Somebody acted on it meanwhile.
            return Ok(Start::Waits);
        }
        let kept = self.open_plan_row(tenant, row).await?;
        let (plan, users, its) = (kept.row.id.clone(), users(&kept), Queue::of(kept.plan()));
        tenant.bell.queues.lock().insert(plan.clone(), its);
        if !is_over && its != queue || !reached.is_disjoint(&users) {
            return Ok(Start::Waits);
        }
        let begun = {
            let _beginning = tenant.bell.beginning.lock().await;
            self.begin_run(tenant, turn, kept).await?
        };
        let Some(mut course) = begun else { return Ok(Start::Ended) };
        let run = Box::pin(async move { self.go_on(tenant, turn, &mut course).await });
        Ok(Start::Begun(UnderWay { plan, users, run }))
    }

    /// Ids of the plans of a queue that wait for the executor and are due, whose time is over, or that halted and lead to a fresh one; the
    /// oldest first.
    async fn due_plans(&self, tenant: &Tenant, queue: Queue) -> Result<Vec<String>, Error> {
        let (now, ever) = (self.ports.clock.now(), Timestamp::from_micros(i64::MAX));
        let due = async |status: Status, expired_by, tried_by| {
            let due = DuePlans { state: status.as_str().to_owned(), expired_by, tried_by };
            self.ports.store.list_due_plans(&tenant.id, due, DUE).await
        };
        let mut ids = due(Status::Running, ever, now).await?;
        ids.extend(due(Status::Approved, ever, now).await?);
        let known: BTreeSet<&String> = ids.iter().collect();
        tenant.bell.queues.lock().retain(|plan, _| known.contains(plan));
        ids.retain(|plan| tenant.bell.may_be_of(plan, queue));
        if queue == Queue::Rest {
            ids.extend(due(Status::Proposed, now, now).await?);
            ids.extend(due(Status::Halted, ever, now).await?);
        }
        ids.sort();
        Ok(ids)
    }
}
