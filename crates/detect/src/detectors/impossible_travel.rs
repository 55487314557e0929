//! Two logins of one person, too far apart for the time between them.

use std::borrow::Cow;

use countersign_core::{Micros, Timestamp};
use countersign_privacy::Tag;
use countersign_risk::Place as Point;
use serde::{Deserialize, Serialize};

use super::source::{is_new_device, is_trusted};
use crate::{
    About, DAY, Detector, Event, Finding, HOUR, MINUTE, NetworkKind, Param, Params, Severity, StateError,
    World,
    detectors::Native,
    state::{self, Entry, Recent, Seen, Table},
};

pub(super) const NATIVE: Native = Native { about: &ABOUT, make: |params| Box::new(Travel::new(params)) };

const DISTANCE: Param = Param {
    name: "min_distance_km",
    default: 500.0,
    least: 50.0,
    most: 20_000.0,
    text: "kilometers between two logins, less both accuracy radii, from which on they are compared",
};
const SPEED: Param = Param {
    name: "max_speed_kmh",
    default: 1_000.0,
    least: 100.0,
    most: 20_000.0,
    text: "the fastest that a person travels, in kilometers an hour",
};

static ABOUT: About = About {
    id: Cow::Borrowed("impossible_travel"),
    version: 1,
    title: Cow::Borrowed("Logins too far apart for the time between them"),
    text: Cow::Borrowed(
        "Compares each interactive login with the nearest earlier and later one of the same person. Token exchanges are no place \
         where a person is: they may come from a back end. Where either address hides where the person is (anonymizer, hosting, \
         a carrier's gateway), it is a trace of severity low. Both networks familiar on three days, or one session: nothing. \
         High if the device of the later login is new too. An attacker who signs in first is found when the person comes next.",
    ),
    kinds: Cow::Borrowed(&["s"]),
    severity: Severity::Medium,
    techniques: Cow::Borrowed(&["T1078.004"]),
    false_positives: Cow::Borrowed(&[
        "a VPN or a company's egress in another country that the location data do not know as such",
        "an address whose place in the location data is old",
    ]),
    steps: Cow::Borrowed(&[
        "ask the person which of the logins were theirs",
        "end the sessions of the other one and reset the password",
        "declare the network as trusted if it is an egress that people share",
    ]),
    params: &[DISTANCE, SPEED],
    cooldown: HOUR,
};

/// The most people that are watched.
const PEOPLE: usize = 200_000;

/// Logins that are remembered of one person.
const LOGINS: usize = 8;

/// For how long they are remembered.
const SPAN: Micros = 30 * DAY;

struct Travel {
    distance_km: f64,
    speed_kmh: f64,
    people: Table<Trail>,
}

#[derive(Debug, Clone, Default, Serialize, Deserialize)]
struct Trail(Recent<Spot>);

/// Where a login came from.
#[derive(Debug, Clone, Copy, Serialize, Deserialize)]
struct Spot {
    lat: i32,
    lon: i32,
    accuracy_km: u16,
    kind: NetworkKind,
    is_familiar: bool,
    is_new_device: bool,
    session: Option<Tag>,
}

impl Entry for Trail {
    fn weight(&self) -> usize {
        self.0.len()
    }

    fn last(&self) -> Timestamp {
        self.0.newest().map_or(Timestamp::default(), |seen| seen.at)
    }
}

impl Spot {
    fn of(event: &Event<'_>, world: &World<'_>) -> Option<Self> {
        let place = event.place?;
        let Point { lat, lon } = place.point?;
        let (network, at) = (event.tags.network, event.at());
        Some(Self {
            lat,
            lon,
            accuracy_km: place.accuracy_km,
            kind: place.network,
            is_familiar: world.person.is_some_and(|person| person.networks.is_familiar(network, 3, at)),
            is_new_device: is_new_device(event, world),
            session: event.tags.session,
        })
    }

    fn distance_km(&self, other: &Self) -> f64 {
        let far =
            Point { lat: self.lat, lon: self.lon }.distance_km(Point { lat: other.lat, lon: other.lon });
        far - f64::from(self.accuracy_km) - f64::from(other.accuracy_km)
    }
}

impl Travel {
    fn new(params: &Params) -> Self {
        Self {
            distance_km: params.number(&DISTANCE),
            speed_kmh: params.number(&SPEED),
            people: Table::new(PEOPLE),
        }
    }

    /// The finding that two logins make, the earlier first.
    fn compare(&self, event: &Event<'_>, one: &Seen<Spot>, other: &Seen<Spot>) -> Option<Finding> {
        let (from, to) = (&one.what, &other.what);
        let is_one_session = from.session.is_some() && from.session == to.session;
        if is_one_session || (from.is_familiar && to.is_familiar) {
            return None;
        }
        let distance = from.distance_km(to);
        // Why a floor: two logins of one second differ by what the clocks of Auth0's machines differ.
        let minutes = other.at.since(one.at).max(MINUTE) / MINUTE;
        let hours = f64::from(u32::try_from(minutes).unwrap_or(u32::MAX)) / 60.0;
        let speed = distance / hours;
        if distance < self.distance_km || speed <= self.speed_kmh {
            return None;
        }
        let severity = if from.kind.hides_place() || to.kind.hides_place() {
            Severity::Low
        } else if to.is_new_device {
            Severity::High
        } else {
            Severity::Medium
        };
        let finding = Finding::new(severity, event.account()?, other.at).shown_by([one.seq, other.seq]);
        let finding = finding.measured("min_distance_km", distance.round(), self.distance_km);
        Some(finding.measured("max_speed_kmh", speed.round(), self.speed_kmh))
    }
}

impl Detector for Travel {
    fn about(&self) -> &About {
        &ABOUT
    }

    fn observe(&mut self, event: &Event<'_>, world: &World<'_>, findings: &mut Vec<Finding>) {
        let Some(identity) = event.tags.identity else { return };
        let Some(spot) = Spot::of(event, world).filter(|_| !is_trusted(event, world)) else { return };
        let seen = Seen { at: event.at(), seq: event.seq, what: spot };
        if let Some(trail) = self.people.get(identity) {
            let earlier = trail.0.iter().rev().find(|known| known.at <= seen.at);
            let later = trail.0.iter().find(|known| known.at > seen.at);
            let pairs = [earlier.map(|known| (known, &seen)), later.map(|known| (&seen, known))];
            let found =
                pairs.into_iter().flatten().filter_map(|(one, other)| self.compare(event, one, other));
            findings.extend(found);
        }
        self.people.entry(identity).0.insert(seen, SPAN, LOGINS);
    }

    fn save(&self) -> Vec<u8> {
        state::save(ABOUT.version, &self.people)
    }

    fn restore(&mut self, saved: &[u8]) -> Result<(), StateError> {
        self.people = state::restore(ABOUT.version, saved)?;
        Ok(())
    }

    fn evicted(&self) -> u64 {
        self.people.evicted()
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::detectors::trial::{Line, Trial, told};

    const HOUR_S: i64 = 3_600;

    fn berlin(second: i64) -> Line {
        Line::new("s", second).user(1).at("DE", 52.5, 13.4).from("192.0.2.11")
    }

    fn sydney(second: i64) -> Line {
        Line::new("s", second).user(1).at("AU", -33.9, 151.2).from("198.51.100.21")
    }

    #[test]
    fn too_far_in_an_hour_is_found_in_whatever_order_it_comes() {
        let trial = Trial::of(&[NATIVE]);
        let alerts = trial.run(&[sydney(HOUR_S), berlin(0)]);
        assert_eq!(told(&alerts), [("auth0|1", Severity::Medium)]);
        assert_eq!(alerts[0].evidence, [0, 1]);
        let live = trial.deliver(&[sydney(HOUR_S), berlin(0)], None);
        assert_eq!((live[0].id, &live[0].evidence[..]), (alerts[0].id, &[1, 0][..]));
        let phone = trial.run(&[berlin(0), sydney(HOUR_S).on_phone()]);
        assert_eq!(told(&phone), [("auth0|1", Severity::High)]);
    }

    #[test]
    fn what_a_person_can_travel_is_quiet_to_the_boundary() {
        let trial = Trial::of(&[NATIVE]);
        assert!(trial.is_quiet(&[berlin(0), sydney(17 * HOUR_S)]));
        assert!(!trial.is_quiet(&[berlin(0), sydney(15 * HOUR_S)]));
        let near = |lat| [berlin(0), berlin(60).at("DE", lat, 13.4).from("198.51.100.21")];
        assert!(trial.is_quiet(&near(48.1)) && !trial.is_quiet(&near(47.9)), "some 490 and 510 km");
        assert!(trial.is_quiet(&[berlin(0), sydney(HOUR_S).user(2), Line::new("sertft", 60).user(1)]));
    }

    #[test]
    fn networks_that_hide_the_place_leave_a_trace_only() {
        for kind in [
            NetworkKind::Anonymizer,
            NetworkKind::Vpn,
            NetworkKind::Gateway,
            NetworkKind::Hosting,
            NetworkKind::Mobile,
        ] {
            let alerts = Trial::of(&[NATIVE]).run(&[berlin(0), sydney(HOUR_S).network(kind).on_phone()]);
            assert_eq!(told(&alerts), [("auth0|1", Severity::Low)]);
        }
    }

    #[test]
    fn familiar_networks_and_one_session_are_quiet_but_not_a_stranger_before_the_person() {
        let day = 24 * HOUR_S;
        let mut lines: Vec<Line> = (0..4).map(|n| berlin(2 * n * day)).collect();
        lines.extend((0..3).map(|n| sydney((2 * n + 1) * day)));
        lines.extend([berlin(9 * day), sydney(9 * day + 600)]);
        assert!(Trial::of(&[NATIVE]).run(&lines).is_empty());
        let home: Vec<Line> = (0..4).map(|n| berlin(n * day)).collect();
        let stranger = [home, vec![sydney(9 * day), berlin(9 * day + 600)]];
        assert_eq!(told(&Trial::of(&[NATIVE]).run(&stranger.concat())).len(), 1);
        let session = |line: Line| line.with("details", serde_json::json!({"session_id": "one"}));
        assert!(Trial::of(&[NATIVE]).is_quiet(&[session(berlin(0)), session(sydney(60))]));
    }
}
