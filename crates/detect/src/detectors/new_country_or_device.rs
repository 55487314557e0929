//! A login from a country, or with a device, that is new for the person.

use std::borrow::Cow;

use countersign_core::Micros;

use super::source::is_new_device;
use crate::{
    About, DAY, Detector, Event, Finding, HOUR, Param, Params, Severity, StateError, World,
    detectors::{Native, measure::number},
    state,
};

pub(super) const NATIVE: Native = Native { about: &ABOUT, make: |params| Box::new(Novelty::new(params)) };

const LEARNING: Param = Param {
    name: "learning_days",
    default: 14.0,
    least: 0.0,
    most: 90.0,
    text: "days from a person's first login in which what is new is recorded only",
};
const ABSENCE: Param = Param {
    name: "country_days",
    default: 30.0,
    least: 1.0,
    most: 365.0,
    text: "days after which a country counts as new again",
};

static ABOUT: About = About {
    id: Cow::Borrowed("new_country_or_device"),
    version: 1,
    title: Cow::Borrowed("A country or device that is new for the person"),
    text: Cow::Borrowed(
        "Notes a login from a country that the person never signed in from, or not for a month, and one with a device (family and \
         system of the agent, TLS fingerprint) that is new. It is a signal that joins others to an incident, not an alarm.",
    ),
    kinds: Cow::Borrowed(&["s"]),
    severity: Severity::Informational,
    techniques: Cow::Borrowed(&["T1078"]),
    false_positives: Cow::Borrowed(&[
        "travel",
        "a new telephone or browser",
        "an update that changes the TLS fingerprint",
    ]),
    steps: Cow::Borrowed(&["look at what else was found about the person"]),
    params: &[LEARNING, ABSENCE],
    cooldown: HOUR,
};

struct Novelty {
    learning: Micros,
    absence: Micros,
}

impl Novelty {
    fn new(params: &Params) -> Self {
        Self { learning: params.span(&LEARNING, DAY), absence: params.span(&ABSENCE, DAY) }
    }
}

impl Detector for Novelty {
    fn about(&self) -> &About {
        &ABOUT
    }

    fn observe(&mut self, event: &Event<'_>, world: &World<'_>, findings: &mut Vec<Finding>) {
        let (Some(person), Some(account)) = (world.person, event.account()) else { return };
        let at = event.at();
        let country = event.place.and_then(|place| place.country);
        let seen = country.and_then(|country| person.countries.find(country));
        let is_new_country = country.is_some() && seen.is_none_or(|seen| at.since(seen.last) >= self.absence);
        let is_new_device = is_new_device(event, world);
        if !is_new_country && !is_new_device {
            return;
        }
        let finding = Finding::new(ABOUT.severity, account, at).shown_by([event.seq]);
        let mut finding = finding.measured("new_country", number(usize::from(is_new_country)), 1.0);
        finding = finding.measured("new_device", number(usize::from(is_new_device)), 1.0);
        finding.is_learning = person.is_learning(at, self.learning);
        findings.push(finding);
    }

    fn save(&self) -> Vec<u8> {
        state::save(ABOUT.version, &())
    }

    fn restore(&mut self, saved: &[u8]) -> Result<(), StateError> {
        state::restore(ABOUT.version, saved)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{
        Audience,
        detectors::trial::{Line, Trial},
    };

    const DAY_S: i64 = 86_400;

    fn login(day: i64, country: &str) -> Line {
        Line::new("s", day * DAY_S).user(1).at(country, 10.0, 10.0)
    }

    fn audiences(lines: &[Line]) -> Vec<Audience> {
        Trial::of(&[NATIVE]).run(lines).iter().map(|alert| alert.audience).collect()
    }

    #[test]
    fn what_is_new_is_a_signal_and_in_the_first_days_a_record() {
        assert!(audiences(&[login(0, "DE"), login(1, "DE"), login(20, "DE")]).is_empty());
        assert_eq!(audiences(&[login(0, "DE"), login(13, "FR")]), [Audience::Learning]);
        assert_eq!(audiences(&[login(0, "DE"), login(14, "FR")]), [Audience::Raised]);
        assert_eq!(audiences(&[login(0, "DE"), login(14, "DE").on_phone()]), [Audience::Raised]);
        assert!(Trial::of(&[NATIVE]).is_quiet(&[login(0, "DE"), login(14, "FR").on_phone()]));
    }

    #[test]
    fn a_country_is_new_again_after_a_month() {
        assert!(audiences(&[login(0, "DE"), login(29, "DE")]).is_empty());
        assert_eq!(audiences(&[login(0, "DE"), login(30, "DE")]), [Audience::Raised]);
    }

    #[test]
    fn what_is_not_told_is_not_new() {
        let blind = |day: i64| Line::new("s", day * DAY_S).user(1).with("user_agent", "");
        assert!(audiences(&[blind(0), blind(40)]).is_empty());
    }
}
