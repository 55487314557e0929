//! The tokens of one family are used from several places.

use std::borrow::Cow;

use countersign_core::{Micros, Timestamp};
use countersign_risk::Place as Point;
use serde::{Deserialize, Serialize};

use super::source::is_trusted;
use crate::{
    About, Country, Detector, Event, Finding, HOUR, MINUTE, NetworkKind, Param, Params, Place, Seq, Severity,
    StateError, World,
    detectors::{Native, measure::number},
    state::{self, Entry, Table},
};

pub(super) const NATIVE: Native = Native { about: &ABOUT, make: |params| Box::new(Spread::new(params)) };

const COUNTRIES: Param =
    Param { name: "countries", default: 2.0, least: 2.0, most: 8.0, text: "countries within the window" };
const SYSTEMS: Param = Param {
    name: "systems",
    default: 3.0,
    least: 2.0,
    most: 8.0,
    text: "autonomous systems within the window",
};
const WINDOW: Param =
    Param { name: "window_hours", default: 24.0, least: 1.0, most: 168.0, text: "the window in hours" };
const SPEED: Param = Param {
    name: "max_speed_kmh",
    default: 1_000.0,
    least: 100.0,
    most: 20_000.0,
    text: "the fastest that a device travels, in kilometers an hour",
};

static ABOUT: About = About {
    id: Cow::Borrowed("refresh_family_spread"),
    version: 1,
    title: Cow::Borrowed("One family of refresh tokens used from several places"),
    text: Cow::Borrowed(
        "A family belongs to one device. Finds one that is exchanged from several countries within a day: high if the device could not \
         have traveled so fast, low if it could or if an address hides where it is, medium if nobody knows. Several autonomous systems \
         in one country are a trace: a telephone changes between home, office and carrier. All exchanges from one system are a back \
         end's. A reused token is found at once, and is high from a place that the family was not used from.",
    ),
    kinds: Cow::Borrowed(&["sertft", "ferrt"]),
    severity: Severity::Medium,
    techniques: Cow::Borrowed(&["T1550.001"]),
    false_positives: Cow::Borrowed(&[
        "a person who travels, or switches a VPN on and off",
        "an application that repeats an exchange after a broken connection",
    ]),
    steps: Cow::Borrowed(&[
        "revoke the refresh token",
        "ask the person to sign in again, and look at what the token was used for",
    ]),
    params: &[COUNTRIES, SYSTEMS, WINDOW, SPEED],
    cooldown: HOUR,
};

/// The most families that are watched.
const FAMILIES: usize = 200_000;

/// The most places that are remembered of a family.
const SPOTS: usize = 8;

/// Points nearer than this are one place: a border runs between them, or the location data are coarse.
const NEAR_KM: f64 = 200.0;

struct Spread {
    countries: usize,
    systems: usize,
    window: Micros,
    speed_kmh: f64,
    families: Table<Family>,
}

#[derive(Debug, Clone, Default, Serialize, Deserialize)]
struct Family(Vec<Spot>);

/// A place that a family was used from.
#[derive(Debug, Clone, Copy, Serialize, Deserialize)]
struct Spot {
    country: Option<Country>,
    system: Option<u32>,
    point: Option<(i32, i32)>,
    kind: NetworkKind,
    last: Timestamp,
    seq: Seq,
}

impl Entry for Family {
    fn weight(&self) -> usize {
        self.0.len()
    }

    fn last(&self) -> Timestamp {
        self.0.iter().map(|spot| spot.last).max().unwrap_or_default()
    }
}

impl Spot {
    fn of(place: Place, event: &Event<'_>) -> Self {
        Self {
            country: place.country,
            system: place.asn,
            point: place.point.map(|point| (point.lat, point.lon)),
            kind: place.network,
            last: event.at(),
            seq: event.seq,
        }
    }

    fn is_alike(&self, other: &Self) -> bool {
        (self.country, self.system, self.kind) == (other.country, other.system, other.kind)
    }

    /// How bad it is that one device was at both.
    fn judge(&self, other: &Self, speed_kmh: f64) -> Severity {
        if self.kind.hides_place() || other.kind.hides_place() {
            return Severity::Low;
        }
        let point = |spot: &Self| spot.point.map(|(lat, lon)| Point { lat, lon });
        let Some((here, there)) = point(self).zip(point(other)) else { return Severity::Medium };
        let distance = here.distance_km(there);
        let minutes = self.last.since(other.last).saturating_abs().max(MINUTE) / MINUTE;
        let hours = f64::from(u32::try_from(minutes).unwrap_or(u32::MAX)) / 60.0;
        if distance >= NEAR_KM && distance / hours > speed_kmh { Severity::High } else { Severity::Low }
    }
}

impl Family {
    fn see(&mut self, spot: Spot) {
        if let Some(known) = self.0.iter_mut().find(|known| known.is_alike(&spot)) {
            if spot.last >= known.last {
                *known = spot;
            }
            return;
        }
        if self.0.len() >= SPOTS
            && let Some((oldest, _)) = self.0.iter().enumerate().min_by_key(|(_, known)| known.last)
        {
            self.0.remove(oldest);
        }
        // Why exactly: most have one.
        self.0.reserve_exact(1);
        self.0.push(spot);
    }
}

impl Spread {
    fn new(params: &Params) -> Self {
        Self {
            countries: params.count(&COUNTRIES),
            systems: params.count(&SYSTEMS),
            window: params.span(&WINDOW, HOUR),
            speed_kmh: params.number(&SPEED),
            families: Table::new(FAMILIES),
        }
    }

    fn judge(&self, spots: &[&Spot], here: &Spot, event: &Event<'_>) -> Option<Finding> {
        let countries = distinct(spots.iter().filter_map(|spot| spot.country));
        let systems = distinct(spots.iter().filter_map(|spot| spot.system));
        let is_far = countries >= self.countries && systems != 1;
        if !is_far && systems < self.systems {
            return None;
        }
        let others = spots.iter().filter(|spot| spot.country != here.country);
        let worst = others.map(|spot| here.judge(spot, self.speed_kmh)).max();
        let severity = worst.filter(|_| is_far).unwrap_or(Severity::Low);
        let finding = Finding::new(severity, owner(event)?, event.at());
        let finding = finding.shown_by(spots.iter().map(|spot| spot.seq));
        let finding = finding.measured("countries", number(countries), number(self.countries));
        Some(finding.measured("systems", number(systems), number(self.systems)))
    }
}

fn owner(event: &Event<'_>) -> Option<crate::Entity> {
    event.account().or_else(|| event.client())
}

fn distinct<T: Ord>(values: impl Iterator<Item = T>) -> usize {
    let mut values: Vec<T> = values.collect();
    values.sort_unstable();
    values.dedup();
    values.len()
}

impl Detector for Spread {
    fn about(&self) -> &About {
        &ABOUT
    }

    fn observe(&mut self, event: &Event<'_>, world: &World<'_>, findings: &mut Vec<Finding>) {
        let place = event.place.filter(|_| !is_trusted(event, world));
        let here = place.map(|place| Spot::of(place, event));
        if event.kind() == "ferrt" {
            let known = event.tags.family.and_then(|family| self.families.get(family));
            let is_elsewhere = known.zip(here).is_some_and(|(family, here)| {
                !family.0.is_empty() && !family.0.iter().any(|spot| spot.is_alike(&here))
            });
            let severity = if is_elsewhere { Severity::High } else { Severity::Medium };
            let finding = owner(event).map(|owner| Finding::new(severity, owner, event.at()));
            let finding = finding.map(|finding| finding.shown_by([event.seq]).measured("reuses", 1.0, 1.0));
            findings.extend(finding);
            return;
        }
        let (Some(family), Some(here)) = (event.tags.family, here) else { return };
        let family = self.families.entry(family);
        family.see(here);
        let family = family.clone();
        let is_near = |spot: &&Spot| (0..=self.window).contains(&event.at().since(spot.last));
        let spots: Vec<&Spot> = family.0.iter().filter(is_near).collect();
        if spots.len() > 1 {
            findings.extend(self.judge(&spots, &here, event));
        }
    }

    fn save(&self) -> Vec<u8> {
        state::save(ABOUT.version, &self.families)
    }

    fn restore(&mut self, saved: &[u8]) -> Result<(), StateError> {
        self.families = state::restore(ABOUT.version, saved)?;
        Ok(())
    }

    fn evicted(&self) -> u64 {
        self.families.evicted()
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::detectors::trial::{Line, Trial, told};

    fn exchange(minute: i64) -> Line {
        let family = serde_json::json!({"familyId": "fam", "tokenCounter": 1});
        Line::new("sertft", minute * 60).user(1).with("details", family)
    }

    fn dublin(minute: i64) -> Line {
        exchange(minute).at("IE", 53.4, -6.3).system(5_466)
    }

    fn lima(minute: i64) -> Line {
        exchange(minute).at("PE", -12.1, -77.0).system(6_147)
    }

    fn trial() -> Trial {
        Trial::of(&[NATIVE])
    }

    #[test]
    fn two_countries_too_soon_are_high_and_a_flight_is_a_trace() {
        assert_eq!(told(&trial().run(&[dublin(0), lima(15)])), [("auth0|1", Severity::High)]);
        assert_eq!(told(&trial().run(&[dublin(0), lima(20 * 60)])), [("auth0|1", Severity::Low)]);
        assert!(trial().run(&[dublin(0), lima(24 * 60 + 1)]).is_empty());
        let blind = |line: Line, country| line.at(country, 99.0, 0.0);
        let found = trial().run(&[blind(dublin(0), "IE"), blind(lima(15), "PE")]);
        assert_eq!(told(&found), [("auth0|1", Severity::Medium)]);
        let vpn = lima(15).network(NetworkKind::Anonymizer);
        assert_eq!(told(&trial().run(&[dublin(0), vpn])), [("auth0|1", Severity::Low)]);
    }

    #[test]
    fn a_telephone_on_the_move_and_a_back_end_are_quiet() {
        let carrier = |minute| dublin(minute).network(NetworkKind::Mobile).system(13_280);
        assert!(trial().run(&[dublin(0), carrier(30), dublin(60), carrier(90)]).is_empty());
        let office = dublin(90).system(99);
        assert_eq!(told(&trial().run(&[dublin(0), carrier(30), office])), [("auth0|1", Severity::Low)]);
        assert!(trial().run(&[dublin(0), lima(5).system(5_466)]).is_empty(), "one system in two countries");
        let other = lima(5).with("details", serde_json::json!({"familyId": "another"}));
        assert!(trial().run(&[dublin(0), other]).is_empty());
        assert!(
            trial().run(&[dublin(0), lima(5).with("details", serde_json::json!({"familyId": 7}))]).is_empty()
        );
    }

    #[test]
    fn reuse_is_found_at_once_and_is_worse_from_elsewhere() {
        let reuse = |line: Line| line.with("type", "ferrt");
        assert_eq!(told(&trial().run(&[reuse(dublin(0))])), [("auth0|1", Severity::Medium)]);
        assert_eq!(told(&trial().run(&[dublin(0), reuse(dublin(1))])), [("auth0|1", Severity::Medium)]);
        assert_eq!(told(&trial().run(&[dublin(0), reuse(lima(15))])), [("auth0|1", Severity::High)]);
    }
}
