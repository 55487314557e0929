//! A client that always came from the same networks comes from another.

use std::borrow::Cow;

use countersign_core::{Micros, Timestamp};
use serde::{Deserialize, Serialize};

use crate::{
    About, DAY, Detector, Event, Finding, Param, Params, Severity, StateError, World,
    detectors::Native,
    state::{self, Entry, Table},
};

pub(super) const NATIVE: Native = Native { about: &ABOUT, make: |params| Box::new(NewSource::new(params)) };

const DAYS: Param = Param {
    name: "known_days",
    default: 14.0,
    least: 1.0,
    most: 90.0,
    text: "days after the first grant from which on a client's sources are known",
};
const SYSTEMS: Param = Param {
    name: "max_systems",
    default: 3.0,
    least: 1.0,
    most: 7.0,
    text: "the most autonomous systems that a client of fixed sources comes from",
};

static ABOUT: About = About {
    id: Cow::Borrowed("m2m_new_source"),
    version: 2,
    title: Cow::Borrowed("A client's credentials were used from a new network"),
    text: Cow::Borrowed(
        "Remembers the autonomous systems that each client's token grants came from. A client that has come from few for two weeks \
         and now comes from another may have lost its secret. By the system, not the address, since the addresses of a cloud \
         change; where no system is known, of this source or of those before, by network, and then it is low. What was not seen for \
         90 days is forgotten.",
    ),
    kinds: Cow::Borrowed(&["seccft"]),
    severity: Severity::Medium,
    techniques: Cow::Borrowed(&["T1528", "T1550.001"]),
    false_positives: Cow::Borrowed(&[
        "a back end that was moved to another cloud",
        "a developer who tries the client at home",
    ]),
    steps: Cow::Borrowed(&[
        "ask the owner of the client whether it moved",
        "if not: rotate its secret, or move it to a private key",
        "look at what the client's tokens were used for since",
    ]),
    params: &[DAYS, SYSTEMS],
    cooldown: DAY,
};

/// The most clients that are watched.
const CLIENTS: usize = 20_000;

/// The most sources of one client that are kept: one more than the most that may be called few.
const KEPT: usize = 8;

/// How long a source is remembered.
const LIFE: Micros = 90 * DAY;

struct NewSource {
    days: Micros,
    systems: usize,
    clients: Table<Client>,
}

#[derive(Debug, Clone, Default, Serialize, Deserialize)]
struct Client {
    first: Option<Timestamp>,
    grants: u32,
    sources: Vec<(Source, Timestamp)>,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
enum Source {
    System(u32),
    Network(u64),
}

/// How many other sources a client had.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Others {
    /// Of the same sort.
    Alike(usize),
    /// Of the other sort only: nobody can say whether the new one lies among them.
    Unlike(usize),
}

impl Entry for Client {
    fn weight(&self) -> usize {
        usize::try_from(self.grants).unwrap_or(usize::MAX)
    }

    fn last(&self) -> Timestamp {
        self.sources.iter().map(|(_, last)| *last).max().unwrap_or_default()
    }
}

impl Client {
    fn knows(&self, source: Source) -> bool {
        self.sources.iter().any(|(known, _)| *known == source)
    }

    /// Learns a source; returns which others were known if it is new.
    fn learn(&mut self, source: Source, at: Timestamp) -> Option<Others> {
        self.first = Some(self.first.map_or(at, |first| first.min(at)));
        self.grants = self.grants.saturating_add(1);
        self.sources.retain(|(_, last)| at.since(*last) <= LIFE);
        if let Some((_, last)) = self.sources.iter_mut().find(|(known, _)| *known == source) {
            *last = at.max(*last);
            return None;
        }
        let is_alike =
            |known: &Source| matches!(known, Source::System(_)) == matches!(source, Source::System(_));
        let alike = self.sources.iter().filter(|(known, _)| is_alike(known)).count();
        let others = if alike > 0 { Others::Alike(alike) } else { Others::Unlike(self.sources.len()) };
        if self.sources.len() >= KEPT {
            let oldest =
                self.sources.iter().enumerate().min_by_key(|(_, (_, last))| *last).map(|(index, _)| index);
            oldest.map(|index| self.sources.swap_remove(index));
        }
        self.sources.push((source, at));
        Some(others)
    }
}

impl NewSource {
    fn new(params: &Params) -> Self {
        let (days, systems) = (params.span(&DAYS, DAY), params.count(&SYSTEMS));
        Self { days, systems, clients: Table::new(CLIENTS) }
    }
}

impl Detector for NewSource {
    fn about(&self) -> &About {
        &ABOUT
    }

    fn observe(&mut self, event: &Event<'_>, world: &World<'_>, findings: &mut Vec<Finding>) {
        let (Some(tag), Some(entity)) = (event.tags.client, event.client()) else { return };
        let place = event.place.unwrap_or_default();
        let network = event.tags.network.map(|tag| Source::Network(tag.0));
        let Some(source) = place.asn.map(Source::System).or(network) else { return };
        let client = self.clients.entry(tag);
        let is_known = client.first.is_some_and(|first| event.at().since(first) >= self.days);
        // Why: on the day on which systems begin to be known, who stays in its network is not new.
        let is_there = network.is_some_and(|network| client.knows(network));
        let Some(others) = client.learn(source, event.at()) else { return };
        let (Others::Alike(count) | Others::Unlike(count)) = others;
        if !is_known || is_there || !(1..=self.systems).contains(&count) {
            return;
        }
        let is_hidden = place.network.hides_person();
        let is_marked = !is_hidden && world.marks.is_marked(event.tags.address, event.at());
        let severity = match (source, others) {
            _ if is_hidden || is_marked => Severity::High,
            (Source::System(_), Others::Alike(_)) => Severity::Medium,
            _ => Severity::Low,
        };
        let finding = Finding::new(severity, entity, event.at()).shown_by([event.seq]);
        let finding = finding.counted(SYSTEMS.name, count, self.systems);
        findings.push(if is_marked { finding.resting_on_marks(true, false) } else { finding });
    }

    fn save(&self) -> Vec<u8> {
        state::save(ABOUT.version, &self.clients)
    }

    fn restore(&mut self, saved: &[u8]) -> Result<(), StateError> {
        self.clients = state::restore(ABOUT.version, saved)?;
        Ok(())
    }

    fn evicted(&self) -> u64 {
        self.clients.evicted()
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::NetworkKind;
    use crate::detectors::trial::{Line, Trial, told};

    fn grant(day: i64, asn: u32) -> Line {
        Line::new("seccft", day * 86_400).with("client_id", "sync").system(asn)
    }

    fn days(count: i64, systems: &[u32]) -> Vec<Line> {
        (0..count).flat_map(|day| systems.iter().map(move |asn| grant(day, *asn))).collect()
    }

    #[test]
    fn a_new_system_after_two_weeks_is_found_once() {
        let trial = Trial::of(&[NATIVE]);
        let lines = [days(14, &[1, 2, 3]), vec![grant(14, 9), grant(17, 9)]].concat();
        assert_eq!(told(&trial.run(&lines)), [("sync", Severity::Medium)]);
        let hidden = grant(14, 9).network(NetworkKind::Anonymizer);
        assert_eq!(told(&trial.run(&[days(14, &[1]), vec![hidden]].concat())), [("sync", Severity::High)]);
    }

    #[test]
    fn where_an_attack_came_from_makes_it_grave_and_says_so() {
        let spray =
            |n: usize| Line::new("fp", 14 * 86_400 + i64::try_from(n).unwrap()).user(n).from("203.0.113.50");
        let late = Line::new("seccft", 14 * 86_400 + 900).with("client_id", "sync");
        let late = late.system(9).from("203.0.113.50");
        let lines = [days(14, &[1]), (0..25).map(spray).collect(), vec![late]].concat();
        let alerts = Trial::of(&[crate::detectors::password_spray::NATIVE, NATIVE]).run(&lines);
        let found: Vec<_> = alerts.into_iter().filter(|alert| alert.detector == ABOUT.id).collect();
        assert_eq!(told(&found), [("sync", Severity::High)]);
        assert!(found[0].measures.iter().any(crate::Measure::tells_of_mark));
        let hidden = grant(14, 9).network(NetworkKind::Anonymizer);
        let [alert] = &Trial::of(&[NATIVE]).run(&[days(14, &[1]), vec![hidden]].concat())[..] else {
            panic!()
        };
        assert!(!alert.measures.iter().any(crate::Measure::tells_of_mark));
    }

    #[test]
    fn too_early_from_many_or_from_where_it_always_was_is_silent() {
        let trial = Trial::of(&[NATIVE]);
        assert_eq!(trial.run(&[days(13, &[1]), vec![grant(13, 9)]].concat()), []);
        assert_eq!(trial.run(&[days(14, &[1, 2, 3, 4]), vec![grant(14, 9)]].concat()), []);
        assert_eq!(trial.run(&days(60, &[1, 2])), []);
    }

    #[test]
    fn without_a_system_a_new_network_is_low() {
        let from = |day: i64, address: &str| {
            Line::new("seccft", day * 86_400).with("client_id", "sync").from(address)
        };
        let mut lines: Vec<_> = (0..15).map(|day| from(day, &format!("192.0.2.{day}"))).collect();
        lines.push(from(15, "198.51.100.1"));
        assert_eq!(told(&Trial::of(&[NATIVE]).run(&lines)), [("sync", Severity::Low)]);
    }

    #[test]
    fn an_address_without_a_system_is_a_new_source_of_a_client_of_known_systems() {
        let unplaced = |day: i64, address: &str| {
            Line::new("seccft", day * 86_400).with("client_id", "sync").from(address)
        };
        let trial = Trial::of(&[NATIVE]);
        let lines =
            [days(60, &[1, 2]), vec![unplaced(60, "203.0.113.9"), unplaced(61, "203.0.113.9")]].concat();
        assert_eq!(told(&trial.run(&lines)), [("sync", Severity::Low)]);
        assert_eq!(trial.run(&[days(60, &[1, 2, 3, 4]), vec![unplaced(60, "203.0.113.9")]].concat()), []);
    }

    #[test]
    fn the_day_on_which_systems_begin_to_be_known_is_silent_for_clients_that_stay() {
        let before: Vec<Line> = (0..20).map(|day| grant(day, 1).nowhere()).collect();
        let trial = Trial::of(&[NATIVE]);
        assert_eq!(trial.run(&[before.clone(), vec![grant(20, 1), grant(21, 1)]].concat()), []);
        let moved = grant(20, 9).from("203.0.113.9");
        assert_eq!(told(&trial.run(&[before, vec![moved]].concat())), [("sync", Severity::Low)]);
    }
}
