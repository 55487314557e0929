//! A member comes back after months, from elsewhere.

use std::borrow::Cow;

use countersign_core::{Micros, Timestamp};
use countersign_privacy::Tag;
use serde::{Deserialize, Serialize};

use super::source::{is_new_device, is_new_network};
use crate::{
    About, DAY, Detector, Event, Finding, HOUR, Param, Params, Severity, StateError, World,
    detectors::{Native, measure::number},
    state::{self, Entry, Minute, Table},
};

pub(super) const NATIVE: Native = Native { about: &ABOUT, make: |params| Box::new(Dormant::new(params)) };

const SILENCE: Param = Param {
    name: "dormant_days",
    default: 90.0,
    least: 7.0,
    most: 730.0,
    text: "days without a login to the organization",
};

static ABOUT: About = About {
    id: Cow::Borrowed("dormant_member_returns"),
    version: 2,
    title: Cow::Borrowed("A member returns after months, from elsewhere"),
    text: Cow::Borrowed(
        "Finds the first login to an organization after months in which the person did not sign in to it, when it comes from a country \
         or with a device that is new for the person, or through an anonymizer. High if two of these hold. Where no country is known, \
         an unseen network alone is low. The same place and device are nothing: that is for a review of access.",
    ),
    kinds: Cow::Borrowed(&["s"]),
    severity: Severity::Medium,
    techniques: Cow::Borrowed(&["T1078.004"]),
    false_positives: Cow::Borrowed(&[
        "a person back from a long leave with a new telephone",
        "seasonal staff",
    ]),
    steps: Cow::Borrowed(&[
        "ask the person, and an administrator of the organization whether they still belong to it",
        "end the session and take the membership away where nobody vouches for it",
    ]),
    params: &[SILENCE],
    cooldown: HOUR,
};

/// The most memberships that are remembered, by person and organization; 12 bytes each.
const MEMBERSHIPS: usize = 1_000_000;

struct Dormant {
    silence: Micros,
    members: Table<Last>,
}

/// The newest login. All weigh the same, so that the longest unseen makes room: the table should hold all.
#[derive(Debug, Clone, Copy, Default, Serialize, Deserialize)]
struct Last(Minute);

impl Entry for Last {
    fn weight(&self) -> usize {
        1
    }

    fn last(&self) -> Timestamp {
        self.0.start()
    }
}

impl Dormant {
    fn new(params: &Params) -> Self {
        Self { silence: params.span(&SILENCE, DAY), members: Table::new(MEMBERSHIPS) }
    }

    fn judge(&self, last: Timestamp, event: &Event<'_>, world: &World<'_>) -> Option<Finding> {
        let silence = event.at().since(last);
        if silence < self.silence {
            return None;
        }
        let place = event.place.unwrap_or_default();
        let knows = |country| world.person.is_some_and(|person| person.countries.find(country).is_some());
        let signs = [
            place.country.is_some_and(|country| !knows(country)),
            is_new_device(event, world),
            place.network.hides_person(),
        ];
        // Why low: over months most people's networks change.
        let is_elsewhere = place.country.is_none() && is_new_network(event, world);
        let severity = match signs.into_iter().filter(|sign| *sign).count() {
            0 if is_elsewhere && event.tags.network.is_some() => Severity::Low,
            0 => return None,
            1 => Severity::Medium,
            _ => Severity::High,
        };
        let days = usize::try_from(silence / DAY).unwrap_or(usize::MAX);
        let least = usize::try_from(self.silence / DAY).unwrap_or(usize::MAX);
        let finding = Finding::new(severity, event.account()?, event.at()).shown_by([event.seq]);
        Some(finding.measured("dormant_days", number(days), number(least)))
    }
}

impl Detector for Dormant {
    fn about(&self) -> &About {
        &ABOUT
    }

    fn observe(&mut self, event: &Event<'_>, world: &World<'_>, findings: &mut Vec<Finding>) {
        let Some(identity) = event.tags.identity else { return };
        let organization = event.tags.organization.unwrap_or(Tag(0));
        let member = Tag(identity.0 ^ organization.0.rotate_left(29));
        if let Some(last) = self.members.get(member) {
            findings.extend(self.judge(last.0.start(), event, world));
        }
        let last = self.members.entry(member);
        last.0 = last.0.max(Minute::of(event.at()));
    }

    fn save(&self) -> Vec<u8> {
        state::save(ABOUT.version, &self.members)
    }

    fn restore(&mut self, saved: &[u8]) -> Result<(), StateError> {
        self.members = state::restore(ABOUT.version, saved)?;
        Ok(())
    }

    fn evicted(&self) -> u64 {
        self.members.evicted()
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::NetworkKind;
    use crate::detectors::trial::{Line, Trial, told};

    fn login(day: i64) -> Line {
        Line::new("s", day * 86_400).user(1).into("org_1").at("US", 42.4, -71.1)
    }

    fn trial() -> Trial {
        Trial::of(&[NATIVE])
    }

    #[test]
    fn ninety_days_and_another_country_or_device_are_found() {
        let abroad = |day| login(day).at("JP", 35.7, 139.7);
        assert_eq!(told(&trial().run(&[login(0), abroad(90)])), [("auth0|1", Severity::Medium)]);
        assert_eq!(told(&trial().run(&[login(0), login(90).on_phone()])), [("auth0|1", Severity::Medium)]);
        assert_eq!(told(&trial().run(&[login(0), abroad(90).on_phone()])), [("auth0|1", Severity::High)]);
        let hidden = login(90).network(NetworkKind::Anonymizer);
        assert_eq!(told(&trial().run(&[login(0), hidden])), [("auth0|1", Severity::Medium)]);
        assert!(trial().is_quiet(&[login(0), abroad(89).on_phone()]));
    }

    #[test]
    fn the_same_place_and_first_logins_are_quiet_and_each_organization_counts_for_itself() {
        assert!(trial().is_quiet(&[login(0), login(400)]));
        assert!(trial().is_quiet(&[login(0).on_phone(), login(100).into("org_2")]));
        let elsewhere = (0..20).map(|n| login(n * 6).into("org_2")).collect::<Vec<_>>();
        let all = [vec![login(0)], elsewhere, vec![login(118).on_phone()]].concat();
        assert_eq!(trial().run(&all).len(), 1, "active in one, dormant in the other");
    }

    #[test]
    fn an_unseen_network_is_a_trace_where_no_country_is_known() {
        let nowhere = |day: i64| Line::new("s", day * 86_400).user(1).into("org_1");
        let away = nowhere(90).from("203.0.113.9");
        assert_eq!(told(&trial().run(&[nowhere(0), away.clone()])), [("auth0|1", Severity::Low)]);
        assert_eq!(told(&trial().run(&[nowhere(0), away.on_phone()])), [("auth0|1", Severity::Medium)]);
        assert_eq!(trial().run(&[nowhere(0), nowhere(90)]), []);
        assert_eq!(
            trial().run(&[login(0), login(90).from("203.0.113.9")]),
            [],
            "the country is the usual one"
        );
    }
}
