//! One phone or device as the second factor of several people.

use std::{borrow::Cow, collections::BTreeSet};

use countersign_core::{Micros, Timestamp};
use countersign_risk::Mailbox;
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
    version: 2,
    title: Cow::Borrowed("One phone or device is the second factor of several people"),
    text: Cow::Borrowed(
        "Counts the people for whom the same phone number or the same device was enrolled: an attacker who holds several accounts \
         enrolls one device for all. Accounts whose addresses have the same local part count as one person, unless it is an office's (admin, \
         info), and so do those of one domain; three accounts at unrelated domains are low all the same. A masked number is no \
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

/// Who enrolled.
#[derive(Debug, Clone, Default, Serialize, Deserialize)]
struct Enrollments(Recent<Owner>);

/// Whose an enrollment is.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
struct Owner {
    /// The person, so that their private and their work account are one.
    person: u64,
    /// The person at one company.
    account: u64,
}

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

impl Owner {
    fn of(event: &Event<'_>) -> Option<Self> {
        let name = told(event.log.fields.user_name.as_ref());
        let Some(Mailbox { local, company, is_office }) = name.and_then(Mailbox::parse) else {
            return event.tags.identity.map(|who| Self { person: who.0, account: who.0 });
        };
        let account = event.tag("mailbox", format!("{local}@{company}").as_bytes());
        let person = if is_office { account } else { event.tag("local part", local.as_bytes()) };
        Some(Self { person: person.0, account: account.0 })
    }
}

impl Detector for Shared {
    fn about(&self) -> &About {
        &ABOUT
    }

    fn observe(&mut self, event: &Event<'_>, _: &World<'_>, findings: &mut Vec<Finding>) {
        let (Some(tag), Some(account), Some(owner)) =
            (Told::of(event).tag(event), event.account(), Owner::of(event))
        else {
            return;
        };
        let recent = &mut self.authenticators.entry(tag).0;
        // Why: who enrolls the same device again adds nobody.
        let is_known = recent.within(event.at(), self.window).any(|seen| seen.what == owner);
        recent.insert(Seen { at: event.at(), seq: event.seq, what: owner }, self.window, KEPT);
        let within: Vec<_> = recent.within(event.at(), self.window).collect();
        let people = within.iter().map(|seen| seen.what.person).collect::<BTreeSet<_>>().len();
        let accounts = within.iter().map(|seen| seen.what.account).collect::<BTreeSet<_>>().len();
        let is_low = (people >= 2 && people + 1 >= self.users) || accounts >= self.users;
        if is_known || !is_low {
            return;
        }
        let severity = if people >= self.users { Severity::Medium } else { Severity::Low };
        let finding =
            Finding::new(severity, account, event.at()).shown_by(within.iter().map(|seen| seen.seq));
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
mod tests;
