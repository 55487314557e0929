//! One person in several organizations that have nothing to do with each other.

#[cfg(test)]
mod tests;

use std::borrow::Cow;

use countersign_core::{Micros, Timestamp};
use countersign_privacy::Tag;
use serde::{Deserialize, Serialize};

use super::{relations::groups_of, source::is_new_network};
use crate::{
    About, DAY, Detector, Event, Finding, HOUR, Param, Params, Seq, Severity, StateError, World,
    detectors::{Native, measure::number},
    state::{self, Entry, Minute, Table},
    told,
};

pub(super) const NATIVE: Native = Native { about: &ABOUT, make: |params| Box::new(Wanderer::new(params)) };

const ORGS: Param = Param {
    name: "min_orgs",
    default: 3.0,
    least: 2.0,
    most: 15.0,
    text: "unrelated organizations within the window that the person did not belong to before",
};
const WINDOW: Param =
    Param { name: "window_hours", default: 24.0, least: 1.0, most: 168.0, text: "the window in hours" };
const SLOW: Param = Param {
    name: "slow_orgs",
    default: 6.0,
    least: 3.0,
    most: 15.0,
    text: "unrelated organizations within two weeks that the person did not belong to before",
};
const NORM: Param = Param {
    name: "norm_days",
    default: 90.0,
    least: 7.0,
    most: 365.0,
    text: "days within which an organization that was signed into counts as the person's",
};
const SHARED: Param = Param {
    name: "shared_members",
    default: 5.0,
    least: 2.0,
    most: 100.0,
    text: "people that two organizations have had in common for two weeks, from which on they count as related",
};

static ABOUT: About = About {
    id: Cow::Borrowed("unrelated_org_access"),
    version: 2,
    title: Cow::Borrowed("One person in several unrelated organizations"),
    text: Cow::Borrowed(
        "Finds a person who used one organization so far and signs in to several others within a day that are not related to it: by \
         declaration, or because they have shared several people for two weeks. Related ones among the others count as one. An \
         organization is the person's own two weeks after the first visit; who has used two on several days, or for a month, is at \
         home in many. Critical from a network that is new for the person; medium for more of them within two weeks; low for the \
         operator's staff; recorded only for a person who was first seen less than two weeks ago.",
    ),
    kinds: Cow::Borrowed(&["s", "ssa", "seacft", "sertft"]),
    severity: Severity::High,
    techniques: Cow::Borrowed(&["T1078.004", "T1199"]),
    false_positives: Cow::Borrowed(&[
        "a consultant or an agency; declare their customers as related",
        "support staff; declare their e-mail domain",
        "sandboxes and internal organizations",
    ]),
    steps: Cow::Borrowed(&[
        "ask an administrator of each organization whether the person belongs there",
        "look at who made the person a member, and when",
        "end the sessions in organizations that nobody vouches for",
    ]),
    params: &[ORGS, WINDOW, SLOW, NORM, SHARED],
    cooldown: HOUR,
};

/// The most people that are watched.
const PEOPLE: usize = 200_000;

/// The most organizations that are remembered of one person: the newest.
const REMEMBERED: usize = 16;

/// The most pairs of organizations whose people are counted.
const PAIRS: usize = 50_000;

/// For how long an organization must have been used to be the person's own, and both to count as sharing the person.
const SETTLED: Micros = 14 * DAY;

/// After how long it is so even if it was used on few days.
const LONG: Micros = 30 * DAY;

/// On how many days it must have been used otherwise to count against a person's being at home in one: a thief waits, too.
const DAYS: u8 = 3;

struct Wanderer {
    orgs: usize,
    window: Micros,
    slow: usize,
    norm: Micros,
    shared: u32,
    state: State,
}

#[derive(Debug, Serialize, Deserialize)]
struct State {
    people: Table<Visits>,
    pairs: Table<Pair>,
}

#[derive(Debug, Clone, Default, Serialize, Deserialize)]
struct Visits(Vec<Visit>);

#[derive(Debug, Clone, Serialize, Deserialize)]
struct Visit {
    organization: Tag,
    groups: Box<[Tag]>,
    first: Minute,
    last: Minute,
    seq: Seq,
    days: u8,
    is_settled: bool,
}

/// What a person's visits show.
struct Tour {
    /// The organizations that are the person's own.
    own: usize,
    /// Those of them that were used long or often.
    homes: usize,
    /// The newest entries of the unrelated others within two weeks, one of each related set.
    others: Vec<Seq>,
    /// Those of them that were first seen within the window.
    fresh: Vec<Seq>,
}

/// How many people have used two organizations for long.
#[derive(Debug, Clone, Copy, Default, Serialize, Deserialize)]
struct Pair {
    people: u32,
    last: Minute,
}

impl Entry for Visits {
    fn weight(&self) -> usize {
        self.0.len()
    }

    fn last(&self) -> Timestamp {
        self.0.iter().map(|visit| visit.last).max().unwrap_or_default().start()
    }
}

impl Entry for Pair {
    fn weight(&self) -> usize {
        usize::try_from(self.people).unwrap_or(usize::MAX)
    }

    fn last(&self) -> Timestamp {
        self.last.start()
    }
}

impl Visits {
    fn see(&mut self, organization: Tag, event: &Event<'_>, world: &World<'_>) {
        let at = Minute::of(event.at());
        if let Some(visit) = self.0.iter_mut().find(|visit| visit.organization == organization) {
            let is_new_day = at.day() > visit.last.day() || at.day() < visit.first.day();
            visit.days = visit.days.saturating_add(u8::from(is_new_day));
            visit.first = visit.first.min(at);
            if at >= visit.last {
                (visit.last, visit.seq) = (at, event.seq);
            }
            return;
        }
        if self.0.len() >= REMEMBERED
            && let Some((oldest, _)) = self.0.iter().enumerate().min_by_key(|(_, visit)| visit.last)
        {
            self.0.remove(oldest);
        }
        // Why exactly: most have one.
        self.0.reserve_exact(1);
        let groups = groups_of(event, world).collect();
        let seq = event.seq;
        self.0.push(Visit { organization, groups, first: at, last: at, seq, days: 1, is_settled: false });
    }
}

impl Visit {
    fn is_related(&self, other: &Self) -> bool {
        self.organization == other.organization
            || self.groups.iter().any(|group| other.groups.contains(group))
    }

    fn pair(&self, other: &Self) -> Tag {
        let (one, two) =
            (self.organization.min(other.organization), self.organization.max(other.organization));
        Tag(one.0.rotate_left(23) ^ two.0.wrapping_mul(0x9E37_79B9_7F4A_7C15))
    }
}

impl State {
    /// Counts the person for each pair of organizations that they have used for long.
    fn settle(&mut self, identity: Tag, organization: Tag, at: Timestamp) {
        let visits = &mut self.people.entry(identity).0;
        let is_long = |visit: &Visit| at.since(visit.first.start()) >= SETTLED;
        let Some(index) = visits.iter().position(|visit| visit.organization == organization) else { return };
        let Some(visit) = visits.get_mut(index).filter(|visit| !visit.is_settled && is_long(visit)) else {
            return;
        };
        visit.is_settled = true;
        let visit = visit.clone();
        for other in visits.iter().filter(|other| other.is_settled && other.organization != organization) {
            let pair = self.pairs.entry(visit.pair(other));
            pair.people = pair.people.saturating_add(1);
            pair.last = pair.last.max(Minute::of(at));
        }
    }

    fn are_related(&self, one: &Visit, other: &Visit, shared: u32) -> bool {
        one.is_related(other) || self.pairs.get(one.pair(other)).is_some_and(|pair| pair.people >= shared)
    }
}

impl Wanderer {
    fn new(params: &Params) -> Self {
        Self {
            orgs: params.count(&ORGS),
            window: params.span(&WINDOW, HOUR),
            slow: params.count(&SLOW),
            norm: params.span(&NORM, DAY),
            shared: u32::try_from(params.count(&SHARED)).unwrap_or(u32::MAX),
            state: State { people: Table::new(PEOPLE), pairs: Table::new(PAIRS) },
        }
    }

    fn tour(&self, visits: &Visits, at: Timestamp) -> Tour {
        let begun = |span: Micros| Minute::of(at.plus(-span));
        let since = begun(self.norm);
        let (own, new): (Vec<&Visit>, Vec<&Visit>) = visits
            .0
            .iter()
            .filter(|visit| visit.last >= since)
            .partition(|visit| visit.first <= begun(SETTLED));
        let is_home = |visit: &&&Visit| visit.days >= DAYS || visit.first <= begun(LONG);
        let mut others: Vec<&Visit> = Vec::new();
        // Why the first of a person of whom nothing older is known: one of them must be where they belong.
        let (home, new) = if own.is_empty() { new.split_at(new.len().min(1)) } else { (&own[..], &new[..]) };
        for visit in new.iter().filter(|visit| visit.last.start() <= at) {
            let mut known = home.iter().chain(&others);
            if !known.any(|other| self.state.are_related(visit, other, self.shared)) {
                others.push(visit);
            }
        }
        let fresh = others.iter().filter(|visit| visit.first >= begun(self.window));
        Tour {
            own: own.len(),
            homes: own.iter().filter(is_home).count(),
            fresh: fresh.map(|visit| visit.seq).collect(),
            others: others.iter().map(|visit| visit.seq).collect(),
        }
    }
}

impl Detector for Wanderer {
    fn about(&self) -> &About {
        &ABOUT
    }

    fn observe(&mut self, event: &Event<'_>, world: &World<'_>, findings: &mut Vec<Finding>) {
        let (Some(identity), Some(organization)) = (event.tags.identity, event.tags.organization) else {
            return;
        };
        let at = event.at();
        self.state.people.entry(identity).see(organization, event, world);
        self.state.settle(identity, organization, at);
        let Some(visits) = self.state.people.get(identity).filter(|visits| visits.0.len() >= self.orgs)
        else {
            return;
        };
        let Tour { own, homes, others, fresh } = self.tour(visits, at);
        let is_fast = fresh.len() >= self.orgs;
        // Why one at the most: who has used several all along is at home in many.
        if homes > 1 || !fresh.contains(&event.seq) || !(is_fast || others.len() >= self.slow) {
            return;
        }
        let Some(account) = event.account() else { return };
        let severity = if is_staff(event, world) {
            Severity::Low
        } else if !is_fast {
            Severity::Medium
        } else if event.kind() == "s" && is_new_network(event, world) {
            Severity::Critical
        } else {
            Severity::High
        };
        let (shown, least, name) =
            if is_fast { (fresh, self.orgs, ORGS.name) } else { (others, self.slow, SLOW.name) };
        let count = number(shown.len());
        let finding = Finding::new(severity, account, at).shown_by(shown);
        let mut finding = finding.measured(name, count, number(least));
        finding.is_learning = own == 0;
        findings.push(finding);
    }

    fn save(&self) -> Vec<u8> {
        state::save(ABOUT.version, &self.state)
    }

    fn restore(&mut self, saved: &[u8]) -> Result<(), StateError> {
        self.state = state::restore(ABOUT.version, saved)?;
        Ok(())
    }

    fn evicted(&self) -> u64 {
        self.state.people.evicted().saturating_add(self.state.pairs.evicted())
    }
}

/// Whether the account bears an e-mail address of the operator's staff. It lowers and never silences: a name is not proof.
fn is_staff(event: &Event<'_>, world: &World<'_>) -> bool {
    let domains = &world.context.staff_domains;
    let name = told(event.log.fields.user_name.as_ref()).filter(|_| !domains.is_empty());
    let domain = name.and_then(|name| name.rsplit_once('@')).map(|(_, domain)| domain.to_lowercase());
    domain.is_some_and(|domain| domains.contains(&domain))
}
