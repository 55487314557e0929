//! Answering incidents: what playbooks want of them, on evidence that is read again at the tenant.
//!
//! An incident is looked at in each of its versions. What was wanted before is known from the plans themselves, so that neither a
//! restart nor another version wants it twice, and what grew since gets a plan of its own.

mod evidence;
mod files;
mod withheld;

use std::{
    cmp::Reverse,
    collections::{BTreeMap, BTreeSet},
    sync::Arc,
    time::Duration,
};

use arc_swap::ArcSwap;
use countersign_core::{Mode, Trigger};
use countersign_detect::{DAY, incident::Incident};
use countersign_plan::change::{Change, Order, Origin};
use countersign_playbook::{Case, Covered, Found, Playbook, Withheld, answer, confidence};
use countersign_store::{IncidentFilter, IncidentRow, PlanFilter};
use parking_lot::Mutex;
use tokio::sync::Notify;

use self::evidence::Read;
pub use self::files::{PlaybookFiles, known_detectors};
use super::{Hands, PlanHead, PlanRefusal, propose::Asked};
use crate::{App, Error, Lead, Tenant};

/// What proposes, as records tell it.
const PLAYBOOK: &str = "playbook";

/// Incidents of one page, and the most pages of one turn.
const PAGE: u32 = 100;
const PAGES: usize = 10;

/// The most plans of one incident that are looked at.
const PLANS: u32 = 500;

/// How often what can't be planned is left out, and the rest tried, at the most.
const TRIES: u32 = 3;

/// The first pause before an incident is looked at again that could not be looked at, and the longest.
const PAUSE: Duration = Duration::from_secs(2);
const LONGEST: Duration = Duration::from_secs(60);

/// The playbooks of one tenant in this process, and which incidents they were asked about.
pub(crate) struct Responding {
    playbooks: ArcSwap<Vec<Playbook>>,
    files: ArcSwap<PlaybookFiles>,
    /// What is wrong with files that were changed: those before hold on.
    told: Mutex<Vec<String>>,
    seen: tokio::sync::Mutex<Seen>,
    /// Rung when what this process watches changed incidents.
    changed: Notify,
}

impl Responding {
    pub(crate) fn ring(&self) {
        self.changed.notify_one();
    }
}

/// The incidents that were looked at, by what held then.
#[derive(Default)]
struct Seen {
    by: Option<(usize, Mode)>,
    incidents: BTreeMap<String, Look>,
}

/// An incident that the playbooks are to be asked about.
struct Due {
    row: IncidentRow,
    incident: Incident,
    before: Option<Look>,
}

/// The gravest first: what is more severe, then what is surer, then what waits for longer.
fn by_gravity(due: &Due) -> impl Ord + use<> {
    (Reverse((due.row.severity, confidence(&due.incident))), due.row.opened, due.row.id.clone())
}

/// A look at an incident.
#[derive(Clone, Copy)]
struct Look {
    version: u64,
    /// When it is looked at again, on the monotonic clock, where it could not be; and the pause before that.
    again: Option<(Duration, Duration)>,
}

/// What one turn came to.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Responded {
    /// Plans that were proposed.
    pub proposed: usize,
    /// Playbooks that wanted nothing, which was told.
    pub withheld: usize,
    /// Incidents that are looked at again, since the tenant could not be asked.
    pub waiting: usize,
}

/// What a playbook came to.
enum Turn {
    Nothing,
    Waits,
    Proposed,
    Withheld(Withheld),
}

impl App {
    /// Waits until incidents changed by what this process watches, since the last wait.
    pub async fn incidents_changed(&self, tenant: &Tenant) {
        tenant.responding.changed.notified().await;
    }

    /// Asks the playbooks about incidents that are new or changed: what they want is proposed, and why they want nothing is told.
    /// Nothing where the tenant has no client to act by, or its mode is off.
    ///
    /// # Errors
    /// `Unavailable`; what was not looked at is looked at in the next turn.
    pub async fn respond_next(&self, tenant: &Tenant, lead: &Lead) -> Result<Responded, Error> {
        let mut responded = Responded::default();
        let mode = tenant.policy().document().settings(Trigger::PostLogin, None, None).mode;
        let Ok(hands) = tenant.hands() else { return Ok(responded) };
        if mode == Mode::Off {
            return Ok(responded);
        }
        let playbooks = tenant.responding.playbooks.load_full();
        let mut seen = tenant.responding.seen.lock().await;
        let by = Some((Arc::as_ptr(&playbooks).addr(), mode));
        if seen.by != by {
            *seen = Seen { by, incidents: BTreeMap::new() };
        }
        let rows = self.recent_incidents(tenant).await?;
        seen.incidents.retain(|id, _| rows.iter().any(|row| row.id == *id));
        for Due { row, incident, before } in self.due_incidents(tenant, rows, &mut seen).await? {
            let done = self.respond(tenant, lead, hands, (&incident, mode, &playbooks), &mut responded).await;
            let waits = match done {
                Ok(waits) => waits,
                Err(Error::Erased | Error::NotFound(_)) => false,
                Err(error @ (Error::Unavailable { .. } | Error::LedgerUnavailable)) => return Err(error),
                Err(error) => {
                    tracing::error!(tenant.id = %tenant.id, incident.id = row.id, code = error.code(), detail = error.detail(), "an incident could not be answered");
                    true
                }
            };
            responded.waiting += usize::from(waits);
            let now = self.ports.clock.monotonic();
            let pause =
                before.and_then(|look| look.again).map_or(PAUSE, |(_, pause)| (pause * 2).min(LONGEST));
            let again = waits.then(|| (now.saturating_add(pause), pause));
            seen.incidents.insert(row.id, Look { version: row.version, again });
        }
        Ok(responded)
    }

    /// Those of the incidents that are new, changed, or to be looked at again, the gravest first.
    async fn due_incidents(
        &self,
        tenant: &Tenant,
        rows: Vec<IncidentRow>,
        seen: &mut Seen,
    ) -> Result<Vec<Due>, Error> {
        let now = self.ports.clock.monotonic();
        let mut all = Vec::new();
        for row in rows {
            let before = seen.incidents.get(&row.id).copied().filter(|look| look.version == row.version);
            let is_due = before.is_none_or(|look| look.again.is_some_and(|(at, _)| at <= now));
            if !is_due {
                continue;
            }
            let version = row.version;
            match self.open_incident(tenant, &row).await {
                Ok(incident) => all.push(Due { row, incident, before }),
                Err(Error::Erased) => {
                    seen.incidents.insert(row.id, Look { version, again: None });
                }
                Err(error @ (Error::Unavailable { .. } | Error::LedgerUnavailable)) => return Err(error),
                Err(error) => {
                    tracing::error!(tenant.id = %tenant.id, incident.id = row.id, code = error.code(), detail = error.detail(), "an incident can't be read");
                    let again = Some((now.saturating_add(LONGEST), LONGEST));
                    seen.incidents.insert(row.id, Look { version, again });
                }
            }
        }
        all.sort_by_cached_key(by_gravity);
        Ok(all)
    }

    /// Incidents that are open and of the last day: what is long over is for people alone.
    async fn recent_incidents(&self, tenant: &Tenant) -> Result<Vec<IncidentRow>, Error> {
        let since = Some(self.ports.clock.now().plus(-DAY));
        let mut rows: Vec<IncidentRow> = Vec::new();
        for _ in 0..PAGES {
            let before = rows.last().map(|row| (row.last, row.id.clone()));
            let filter = IncidentFilter { since, before, ..IncidentFilter::default() };
            let page = self.ports.store.list_incidents(&tenant.id, filter, PAGE).await?;
            let is_last = u32::try_from(page.len()).is_ok_and(|length| length < PAGE);
            rows.extend(page);
            if is_last {
                break;
            }
        }
        rows.retain(|row| row.status != "closed");
        Ok(rows)
    }

    /// Asks all playbooks about an incident; whether it has to be looked at again.
    async fn respond(
        &self,
        tenant: &Tenant,
        lead: &Lead,
        hands: &Hands,
        (incident, mode, playbooks): (&Incident, Mode, &[Playbook]),
        responded: &mut Responded,
    ) -> Result<bool, Error> {
        let id = &*incident.id.to_string();
        let sure = confidence(incident);
        let holds = |playbook: &&Playbook| {
            !playbook.is_off && playbook.least_mode <= mode && playbook.least_confidence <= sure
        };
        let mut orders = None;
        let mut waits = false;
        for playbook in playbooks.iter().filter(holds) {
            let found = found(playbook, incident);
            if found.is_empty() {
                continue;
            }
            let orders = match &mut orders {
                Some(orders) => orders,
                none => none.insert(self.orders_about(tenant, id).await?),
            };
            let mut covered = Covered::default();
            orders.iter().for_each(|order| covered.add(&playbook.name, order));
            match self.answer_with((tenant, lead), hands, playbook, (id, &found, &covered)).await? {
                Turn::Nothing => {}
                Turn::Waits => waits = true,
                Turn::Proposed => responded.proposed += 1,
                Turn::Withheld(why) => {
                    let is_new = self.tell_withheld(tenant, lead, incident, (playbook, why)).await?;
                    responded.withheld += usize::from(is_new);
                }
            }
        }
        Ok(waits)
    }

    /// The orders of playbooks about an incident so far.
    async fn orders_about(&self, tenant: &Tenant, incident: &str) -> Result<Vec<Order>, Error> {
        let filter = PlanFilter { incident: Some(incident.to_owned()), ..PlanFilter::default() };
        let mut orders = Vec::new();
        for row in self.ports.store.list_plans(&tenant.id, filter, PLANS).await? {
            match self.open_plan(tenant, &row.id).await {
                Ok(kept) => orders.extend(kept.body.order),
                Err(Error::Erased) => {}
                Err(error) => return Err(error),
            }
        }
        Ok(orders)
    }

    async fn answer_with(
        &self,
        (tenant, lead): (&Tenant, &Lead),
        hands: &Hands,
        playbook: &Playbook,
        (id, found, covered): (&str, &[Found], &Covered),
    ) -> Result<Turn, Error> {
        let read = match self.read_evidence(tenant, hands, playbook, (found, covered)).await? {
            Some(Ok(read)) => read,
            Some(Err(error)) => {
                tracing::warn!(tenant.id = %tenant.id, incident.id = id, %error, "evidence can't be read now");
                return Ok(Turn::Waits);
            }
            None => return Ok(Turn::Nothing),
        };
        let Read { confirmed, decisions, is_late, is_doubtful, is_young } = read;
        let watch = &tenant.current().watch;
        let spared = &watch.context.trusted_networks;
        let case =
            Case { incident: id, found, confirmed: &confirmed, decisions: &decisions, covered, spared };
        match answer(playbook, case) {
            Ok(None) => Ok(Turn::Nothing),
            // Why: what the stream brought may not be in the log yet.
            Err(Withheld::Unconfirmed) if is_young => Ok(Turn::Waits),
            Err(why) => Ok(Turn::Withheld(why)),
            Ok(Some(wanted)) => {
                // Why: whoever fails in somebody's name, or feeds the stream, must not have them contained by that.
                let asks_people = is_late || is_doubtful || wanted.asks_people;
                let origin = Origin::Incident { incident: id.to_owned(), playbook: playbook.name.clone() };
                let order =
                    Order { tenant: tenant.id.clone(), title: wanted.title, origin, wanted: wanted.wanted };
                self.propose_what_can_be((tenant, lead), order, (playbook, id, asks_people)).await
            }
        }
    }

    /// Proposes an order without what can't be planned of it: one account that is gone keeps no other from being contained.
    async fn propose_what_can_be(
        &self,
        (tenant, lead): (&Tenant, &Lead),
        mut order: Order,
        (playbook, id, asks_people): (&Playbook, &str, bool),
    ) -> Result<Turn, Error> {
        for _ in 0..TRIES {
            let asked = Asked {
                order: order.clone(),
                by: PLAYBOOK,
                incident: Some(id.to_owned()),
                asks_people,
                audience: Some(playbook.audience.clone()),
            };
            // Why by the lead: two that each believe to have it would each propose what the other does not see yet.
            let faults = match self.propose_order_by(tenant, asked, lead).await {
                Ok(PlanHead { id: plan, .. }) => {
                    tracing::warn!(tenant.id = %tenant.id, incident.id = id, plan, playbook = playbook.name, "a playbook proposes a plan");
                    return Ok(Turn::Proposed);
                }
                Err(Error::Plan(PlanRefusal::Faults(faults))) => faults,
                // Why nothing: all of it is so already.
                Err(Error::Plan(PlanRefusal::Gate(_))) => return Ok(Turn::Nothing),
                Err(Error::Plan(PlanRefusal::Read(detail))) => {
                    tracing::warn!(tenant.id = %tenant.id, incident.id = id, detail, "a plan can't be made now");
                    return Ok(Turn::Waits);
                }
                Err(error) => return Err(error),
            };
            let amiss: BTreeSet<usize> = faults.iter().filter_map(|fault| fault.wanted).collect();
            let mut number = 0..;
            order.wanted.retain(|_| number.next().is_none_or(|number| !amiss.contains(&number)));
            let only_tells = order.wanted.iter().all(|wanted| matches!(wanted.change, Change::Notify(_)));
            if amiss.is_empty() || only_tells {
                break;
            }
        }
        Ok(Turn::Withheld(Withheld::Unplanned))
    }
}

/// The alerts of an incident that a playbook answers.
fn found(playbook: &Playbook, incident: &Incident) -> Vec<Found> {
    let answers = incident.members().iter().filter(|member| {
        playbook.detectors.contains(&member.detector) && member.severity >= playbook.least_severity
    });
    let found = answers.map(|member| Found {
        alert: member.alert,
        detector: member.detector.clone(),
        severity: member.severity,
    });
    found.collect()
}
