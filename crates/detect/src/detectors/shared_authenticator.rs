//! One phone or device as the second factor of several people.

use std::borrow::Cow;

use countersign_core::{Micros, Timestamp};
use countersign_privacy::Tag;
use serde::{Deserialize, Serialize};

use super::guardian::Told;
use crate::{
    About, DAY, Detector, Event, Finding, Param, Params, Severity, StateError, World,
    detectors::Native,
    state::{self, Entry, Recent, Seen, Table},
    told,
};

pub(super) const NATIVE: Native = Native { about: &ABOUT, make: |params| Box::new(Shared::new(params)) };

const USERS: Param = Param {
    name: "users",
    default: 3.0,
    least: 2.0,
    most: 16.0,
    text: "people with the same phone or device; one less is low",
};
const WINDOW: Param =
    Param { name: "window_days", default: 30.0, least: 1.0, most: 365.0, text: "the window in days" };

static ABOUT: About = About {
    id: Cow::Borrowed("shared_authenticator"),
    version: 1,
    title: Cow::Borrowed("One phone or device is the second factor of several people"),
    text: Cow::Borrowed(
        "Counts the people for whom the same phone number or the same device was enrolled: an attacker who holds several accounts \
         enrolls one device for all. Accounts whose addresses have the same local part count as one person. A masked number is no \
         number: its four digits are shared by many.",
    ),
    kinds: Cow::Borrowed(&["gd_enrollment_complete"]),
    severity: Severity::Medium,
    techniques: Cow::Borrowed(&["T1098.005"]),
    false_positives: Cow::Borrowed(&["a family's or a shop floor's shared phone", "accounts for tests"]),
    steps: Cow::Borrowed(&[
        "compare the people of the enrollments: names, organizations, addresses they signed in from",
        "remove the factor from accounts whose owner did not enroll it",
        "reset their passwords and revoke their sessions",
    ]),
    params: &[USERS, WINDOW],
    cooldown: DAY,
};

/// The most authenticators that are watched.
const AUTHENTICATORS: usize = 50_000;

/// How many enrollments of one are kept.
const KEPT: usize = 32;

struct Shared {
    users: usize,
    window: Micros,
    authenticators: Table<Enrollments>,
}

/// The person of each enrollment.
#[derive(Debug, Clone, Default, Serialize, Deserialize)]
struct Enrollments(Recent<u64>);

impl Entry for Enrollments {
    fn weight(&self) -> usize {
        self.0.len()
    }

    fn last(&self) -> Timestamp {
        self.0.newest().map_or(Timestamp::default(), |seen| seen.at)
    }
}

impl Shared {
    fn new(params: &Params) -> Self {
        Self {
            users: params.count(&USERS),
            window: params.span(&WINDOW, DAY),
            authenticators: Table::new(AUTHENTICATORS),
        }
    }
}

/// Who it is: by the local part of the address, so that one person's private and work accounts are one.
fn person(event: &Event<'_>) -> Option<Tag> {
    let name = told(event.log.fields.user_name.as_ref());
    let local = name.and_then(|name| name.split_once('@')).map(|(local, _)| local.to_lowercase());
    local.map(|local| event.tag("local part", local.as_bytes())).or(event.tags.identity)
}

impl Detector for Shared {
    fn about(&self) -> &About {
        &ABOUT
    }

    fn observe(&mut self, event: &Event<'_>, _: &World<'_>, findings: &mut Vec<Finding>) {
        let (Some(tag), Some(account), Some(person)) =
            (Told::of(event).tag(event), event.account(), person(event))
        else {
            return;
        };
        let recent = &mut self.authenticators.entry(tag).0;
        // Why: who enrolls the same device again adds nobody.
        let is_known = recent.within(event.at(), self.window).any(|seen| seen.what == person.0);
        recent.insert(Seen { at: event.at(), seq: event.seq, what: person.0 }, self.window, KEPT);
        let people = recent.distinct(event.at(), self.window);
        if is_known || people < 2 || people + 1 < self.users {
            return;
        }
        let severity = if people >= self.users { Severity::Medium } else { Severity::Low };
        let evidence: Vec<_> = recent.within(event.at(), self.window).map(|seen| seen.seq).collect();
        let finding = Finding::new(severity, account, event.at()).shown_by(evidence);
        findings.push(finding.counted(USERS.name, people, self.users));
    }

    fn save(&self) -> Vec<u8> {
        state::save(ABOUT.version, &self.authenticators)
    }

    fn restore(&mut self, saved: &[u8]) -> Result<(), StateError> {
        self.authenticators = state::restore(ABOUT.version, saved)?;
        Ok(())
    }

    fn evicted(&self) -> u64 {
        self.authenticators.evicted()
    }
}

#[cfg(test)]
mod tests {
    use serde_json::{Value, json};

    use super::*;
    use crate::detectors::trial::{Line, Trial, told};

    fn enroll(day: i64, n: usize, factor: &Value) -> Line {
        Line::new("gd_enrollment_complete", day * 86_400).user(n).with("details", factor.clone())
    }

    fn phone() -> Value {
        json!({"authenticator": {"type": "sms", "phone_number": "+491701234567"}})
    }

    #[test]
    fn the_second_person_is_low_and_the_third_is_found() {
        let trial = Trial::of(&[NATIVE]);
        for factor in [phone(), json!({"device_id": "dev_1"}), json!({"enrollment": {"identifier": "d"}})] {
            let lines =
                [enroll(0, 1, &factor), enroll(1, 2, &factor), enroll(2, 2, &factor), enroll(30, 3, &factor)];
            assert_eq!(told(&trial.run(&lines)), [("auth0|2", Severity::Low), ("auth0|3", Severity::Medium)]);
        }
    }

    #[test]
    fn another_month_another_device_a_masked_number_and_the_same_person_are_quiet() {
        let trial = Trial::of(&[NATIVE]);
        let late = [enroll(0, 1, &phone()), enroll(20, 2, &phone()), enroll(31, 3, &phone())];
        assert!(trial.is_quiet(&late));
        let masked = json!({"authenticator": {"phone_number": "XXXXXXXX1234"}});
        assert_eq!(trial.run(&[enroll(0, 1, &masked), enroll(0, 2, &masked), enroll(0, 3, &masked)]), []);
        let others = (1..9).map(|n| enroll(0, n, &json!({ "device_id": format!("dev_{n}") })));
        assert_eq!(trial.run(&others.collect::<Vec<_>>()), []);
        let same = |n| enroll(0, n, &phone()).with("user_name", format!("Pat.Doe@{n}.example.test"));
        assert_eq!(trial.run(&[same(1), same(2), same(3)]), []);
    }
}
