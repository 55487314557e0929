//! Many names of people who are not there, tried from one network.

use std::borrow::Cow;

use countersign_core::{Micros, Timestamp};
use countersign_privacy::Tag;

use super::{
    crowd::{Crowd, Outcome, Try},
    source::is_trusted,
};
use crate::{
    About, Detector, Event, Finding, HOUR, MINUTE, Param, Params, Severity, StateError, World,
    detectors::{Native, measure::number},
    state::{self, Table},
};

pub(super) const NATIVE: Native = Native { about: &ABOUT, make: |params| Box::new(Enumeration::new(params)) };

const USERS: Param = Param {
    name: "distinct_users",
    default: 30.0,
    least: 5.0,
    most: 200.0,
    text: "different names within the window",
};
const WINDOW: Param =
    Param { name: "window_minutes", default: 30.0, least: 1.0, most: 240.0, text: "the window in minutes" };

static ABOUT: About = About {
    id: Cow::Borrowed("user_enumeration"),
    version: 2,
    title: Cow::Borrowed("Many unknown names tried from one network"),
    text: Cow::Borrowed(
        "Counts, by network (/24, /64), different names that sign-ins were tried with and that are nobody's, and names that a new \
         password was asked for: somebody finds out who has an account. Names that people mistype come from many networks.",
    ),
    kinds: Cow::Borrowed(&["fu", "scpr", "fcpr"]),
    severity: Severity::Medium,
    techniques: Cow::Borrowed(&["T1589", "T1087"]),
    false_positives: Cow::Borrowed(&[
        "people sent to the wrong tenant or connection from behind one egress",
        "a campaign that asks everybody for a new password",
    ]),
    steps: Cow::Borrowed(&[
        "block the source or slow it down",
        "see that a failed sign-in and a request for a new password do not tell whether an account is there",
    ]),
    params: &[USERS, WINDOW],
    cooldown: HOUR,
};

/// The most networks that are watched.
const NETWORKS: usize = 20_000;

struct Enumeration {
    users: usize,
    window: Micros,
    networks: Table<Crowd>,
}

impl Enumeration {
    fn new(params: &Params) -> Self {
        Self {
            users: params.count(&USERS),
            window: params.span(&WINDOW, MINUTE),
            networks: Table::new(NETWORKS),
        }
    }
}

impl Detector for Enumeration {
    fn about(&self) -> &About {
        &ABOUT
    }

    fn observe(&mut self, event: &Event<'_>, world: &World<'_>, findings: &mut Vec<Finding>) {
        let (Some(who), Some(network)) = (event.tags.identity, event.tags.network) else { return };
        if is_trusted(event, world) || (event.kind() == "fu" && !event.is_typed()) {
            return;
        }
        let crowd = self.networks.entry(network);
        let what = Try { who, unit: Tag(0), outcome: Outcome::Failed };
        if !crowd.take(event, what, self.window) {
            return;
        }
        let counted = crowd.count(event.at(), self.window);
        if counted.users < self.users {
            crowd.lacks(self.users - counted.users);
            return;
        }
        crowd.tell(event.at());
        let Some(entity) = event.network() else { return };
        let finding = Finding::new(ABOUT.severity, entity, event.at()).shown_by(counted.evidence);
        findings.push(finding.measured("distinct_users", number(counted.users), number(self.users)));
    }

    fn forget(&mut self, now: Timestamp) {
        self.networks.retain(|_, crowd| crowd.forget(now, self.window));
    }

    fn save(&self) -> Vec<u8> {
        state::save(ABOUT.version, &self.networks)
    }

    fn restore(&mut self, saved: &[u8]) -> Result<(), StateError> {
        self.networks = state::restore(ABOUT.version, saved)?;
        Ok(())
    }

    fn evicted(&self) -> u64 {
        self.networks.evicted()
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::detectors::trial::{Line, Trial, told};

    fn name(kind: &str, n: usize, every: i64) -> Line {
        let line = Line::new(kind, i64::try_from(n).unwrap() * every).from(&format!("203.0.113.{}", n % 250));
        line.with("user_name", format!("guess{n}@example.com"))
    }

    fn names(count: usize, every: i64) -> Vec<Line> {
        (0..count).map(|n| name("fu", n, every)).collect()
    }

    #[test]
    fn thirty_names_from_one_network_are_found_and_fewer_or_slower_are_not() {
        let trial = Trial::of(&[NATIVE]);
        assert_eq!(told(&trial.run(&names(30, 60))), [("203.0.113.0/24", Severity::Medium)]);
        assert!(trial.is_quiet(&names(29, 60)) && trial.is_quiet(&names(60, 63)));
        let resets: Vec<Line> = (0..30).map(|n| name(["scpr", "fcpr"][n % 2], n, 9)).collect();
        assert!(!trial.is_quiet(&resets));
    }

    #[test]
    fn repeats_known_people_and_many_networks_are_quiet() {
        let trial = Trial::of(&[NATIVE]);
        assert!(trial.is_quiet(&[names(20, 9), names(20, 10), names(20, 11)].concat()));
        assert!(trial.is_quiet(&names(40, 9).into_iter().map(|line| line.user(7)).collect::<Vec<_>>()));
        let storm: Vec<Line> = (0..90).map(|n| name("fu", n, 5).from(&format!("203.0.{n}.1"))).collect();
        assert!(trial.is_quiet(&storm));
    }

    #[test]
    fn one_name_that_is_tried_again_and_again_pushes_no_other_out() {
        let again = |n: usize| name("fu", 0, 9).earlier(-i64::try_from(n).unwrap() * 4);
        let lines = [names(30, 55), (0..390).map(again).collect()].concat();
        assert!(!Trial::of(&[NATIVE]).is_quiet(&lines));
    }
}
