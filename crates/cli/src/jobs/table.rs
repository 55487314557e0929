//! The table of jobs: what each is called, when it takes its turn, whose thread it has, by which permit, and what it does.

use std::{pin::Pin, time::Duration};

use countersign_app::{App, Tenant, access::Job, acts::Queue};
use tokio::sync::watch;

use super::Turn;

const SECOND: Duration = Duration::from_secs(1);
const MINUTE: Duration = Duration::from_secs(60);
const HOUR: Duration = Duration::from_secs(3_600);

const CONTAINMENT: Queue = Queue::Containment;

const AT_ONCE: Duration = Duration::ZERO;

/// Time for a call of a plan that is on its way when the service stops, since one that is answered needs nobody to find out whether it was
/// done; less than what there is for the turn under way.
const LAST_CALL: Duration = Duration::from_millis(1_500);

/// Longer than what there is: it comes to its end, or looks for itself.
const NEVER: Duration = HOUR;

type Working<'a> = Pin<Box<dyn Future<Output = ()> + Send + 'a>>;

/// What is done in a turn.
pub(super) type Work = for<'a> fn(Turn<'a>) -> Working<'a>;

type Wake = for<'a> fn(&'a App, &'a Tenant, &'a mut watch::Receiver<u64>) -> Working<'a>;

/// What is done by one permit; `None`: the service's own upkeep, about which no policy is asked.
type Part = (Option<Job>, Work);

/// A job: one loop over all tenants, or one each.
pub(super) struct Row {
    /// What it is called in the log.
    pub(super) name: &'static str,
    /// Between two turns, unless a turn says otherwise.
    pub(super) pace: Duration,
    /// Which tenants have a loop each; `None`: all have one, and take turns.
    pub(super) each: Option<fn(&Tenant) -> bool>,
    /// What brings the turn before its time.
    pub(super) wake: Wake,
    /// Whether those who sign in go before it.
    pub(super) gives_way: bool,
    /// How long after the stop a turn under way is given up.
    pub(super) given_up: Duration,
    /// What it does in a turn, one after the other.
    pub(super) parts: &'static [Part],
}

impl Row {
    const fn all(name: &'static str, pace: Duration, parts: &'static [Part]) -> Self {
        let wake: Wake = |_, _, _| Box::pin(std::future::pending());
        Self { name, pace, each: None, wake, gives_way: false, given_up: NEVER, parts }
    }

    const fn each(name: &'static str, has: fn(&Tenant) -> bool, parts: &'static [Part]) -> Self {
        Self { each: Some(has), ..Self::all(name, SECOND, parts) }
    }

    const fn woken(self, wake: Wake) -> Self {
        Self { wake, ..self }
    }

    const fn gives_way(self) -> Self {
        Self { gives_way: true, ..self }
    }

    const fn given_up(self, given_up: Duration) -> Self {
        Self { given_up, ..self }
    }
}

const fn any(_: &Tenant) -> bool {
    true
}

/// All jobs, in the order in which they start.
pub(super) static ROWS: [Row; 12] = [
    Row::all("each_second", SECOND, &[(Some(Job::Ledger), |turn| Box::pin(turn.keep_ledger()))]),
    Row::all(
        "each_minute",
        MINUTE,
        &[
            (None, |turn| Box::pin(turn.tell_refusals())),
            (Some(Job::Learning), |turn| Box::pin(turn.count_silence())),
            (Some(Job::Reviews), |turn| Box::pin(turn.mind_reviews())),
            (Some(Job::Retention), |turn| Box::pin(turn.forget())),
        ],
    )
    .gives_way(),
    // Why no permit: it reads what is on record of this service itself, and puts there what somebody who may threw here.
    Row::each("keep_up", any, &[(None, |turn| Box::pin(turn.keep_up()))])
        .woken(|app, _, changes| Box::pin(app.changed(changes))),
    Row::each("warm", any, &[(Some(Job::Learning), |turn| Box::pin(turn.warm()))])
        .woken(|app, tenant, _| Box::pin(app.crowd_emptied(tenant)))
        .given_up(AT_ONCE)
        .gives_way(),
    Row::each("watch_log", any, &[(Some(Job::Watch), |turn| Box::pin(turn.watch_log()))])
        .woken(|app, tenant, _| Box::pin(app.journaled(tenant)))
        .gives_way(),
    // Why apart: alerts never wait for what is learned.
    Row::each("join_log", any, &[(Some(Job::Learning), |turn| Box::pin(turn.join_log()))]).gives_way(),
    // Why two: nothing else holds up what keeps somebody out.
    Row::each("contain", Tenant::has_hands, &[(Some(Job::Executor), |turn| Box::pin(turn.act(CONTAINMENT)))])
        .woken(|app, tenant, _| Box::pin(app.approved(tenant, CONTAINMENT)))
        .given_up(LAST_CALL),
    Row::each("act", Tenant::has_hands, &[(Some(Job::Executor), |turn| Box::pin(turn.act(Queue::Rest)))])
        .woken(|app, tenant, _| Box::pin(app.approved(tenant, Queue::Rest)))
        .given_up(LAST_CALL),
    // Why apart: it waits for the tenant, and alerts wait for nobody. Why it does not give way: a connection is driven where it was opened,
    // and containment goes over it, too. Why given up: what was proposed is known from the plans, and the rest is looked at again.
    Row::each("respond", Tenant::has_hands, &[(Some(Job::Playbooks), |turn| Box::pin(turn.respond()))])
        .woken(|app, tenant, _| Box::pin(app.incidents_changed(tenant)))
        .given_up(AT_ONCE),
    // Why apart from `tell`: a slow mail server may not hold up alerts.
    Row::each("ask", Tenant::asks_people, &[(Some(Job::Hooks), |turn| Box::pin(turn.ask()))])
        .given_up(AT_ONCE),
    // Why apart: a receiver that is slow may not hold up anything else. Why given up: a message that was not noted as sent is sent once
    // more, under its id.
    Row::each("tell", Tenant::has_hooks, &[(Some(Job::Hooks), |turn| Box::pin(turn.tell()))])
        .given_up(AT_ONCE),
    Row::all("each_hour", HOUR, &[(Some(Job::Retention), |turn| Box::pin(turn.retain()))]).gives_way(),
];
