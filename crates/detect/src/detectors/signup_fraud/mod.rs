//! Accounts made by the dozen.

mod unverified;

use std::{borrow::Cow, sync::LazyLock};

use countersign_core::{Micros, Timestamp};
use countersign_privacy::Tag;
use countersign_risk::Reference;
use serde::{Deserialize, Serialize};

use super::{
    crowd::{Crowd, Outcome, Try},
    source::{is_trusted, sources},
};
use crate::{
    About, Detector, Entity, Event, Finding, HOUR, MINUTE, Param, Params, Severity, StateError, World,
    detectors::{Native, measure::number},
    state::{self, Table},
    told,
};
use unverified::Unverified;

pub(super) const NATIVE: Native = Native { about: &ABOUT, make: |params| Box::new(Fraud::new(params)) };

const SIGNUPS: Param = Param {
    name: "signups",
    default: 20.0,
    least: 3.0,
    most: 200.0,
    text: "different accounts that were signed up, or tried to be, within the window",
};
const WINDOW: Param =
    Param { name: "window_minutes", default: 60.0, least: 5.0, most: 240.0, text: "the window in minutes" };
const DISPOSABLE: Param = Param {
    name: "disposable",
    default: 5.0,
    least: 2.0,
    most: 100.0,
    text: "of them with a disposable address, which are enough alone",
};
const UNVERIFIED: Param = Param {
    name: "unverified_share",
    default: 0.8,
    least: 0.1,
    most: 1.0,
    text: "the share of an hour's accounts whose address nobody verified a day later",
};

static ABOUT: About = About {
    id: Cow::Borrowed("signup_fraud"),
    version: 1,
    title: Cow::Borrowed("Accounts made by the dozen"),
    text: Cow::Borrowed(
        "Counts accounts that are signed up from one address or network (/24, /64), whether it succeeds or fails, and those with \
         addresses that last for minutes, by the list that sign-ups are assessed with. A day after an hour with as many sign-ups in \
         the whole tenant it asks how many of their addresses are not verified: a share that is high and half more than usual is a \
         trace, about the tenant, of accounts that nobody waits for.",
    ),
    kinds: Cow::Borrowed(&["ss", "fs", "signup_pwd_leak", "sv"]),
    severity: Severity::Medium,
    techniques: Cow::Borrowed(&["T1136"]),
    false_positives: Cow::Borrowed(&[
        "a class, a company or an event where everybody signs up at once",
        "an import through a back end; declare its network as trusted",
    ]),
    steps: Cow::Borrowed(&[
        "block the source, or ask for a captcha",
        "block the accounts that were made, after a look at what they did",
    ]),
    params: &[SIGNUPS, WINDOW, DISPOSABLE, UNVERIFIED],
    cooldown: HOUR,
};

/// The most sources that are watched; each sign-up counts for up to two.
const SOURCES: usize = 20_000;

#[derive(Debug, Clone, Copy)]
struct Limits {
    signups: usize,
    window: Micros,
    disposable: usize,
    unverified: f64,
}

struct Fraud {
    limits: Limits,
    state: State,
}

#[derive(Debug, Serialize, Deserialize)]
struct State {
    all: Table<Crowd>,
    disposable: Table<Crowd>,
    unverified: Unverified,
}

static KNOWN: LazyLock<Reference> = LazyLock::new(Reference::default);

impl Fraud {
    fn new(params: &Params) -> Self {
        let limits = Limits {
            signups: params.count(&SIGNUPS),
            window: params.span(&WINDOW, MINUTE),
            disposable: params.count(&DISPOSABLE),
            unverified: params.number(&UNVERIFIED),
        };
        let (all, disposable) = (Table::new(SOURCES), Table::new(SOURCES));
        Self { limits, state: State { all, disposable, unverified: Unverified::default() } }
    }
}

/// Counts the entry for `crowd`; the finding where enough different accounts came within the window.
fn count(
    crowd: &mut Crowd,
    event: &Event<'_>,
    entity: Option<Entity>,
    window: Micros,
    (name, least): (&str, usize),
) -> Option<Finding> {
    let what = Try { who: event.tags.identity?, unit: Tag(0), outcome: Outcome::Failed };
    if !crowd.take(event, what, window) {
        return None;
    }
    let counted = crowd.count(event.at(), window);
    if counted.users < least {
        crowd.lacks(least - counted.users);
        return None;
    }
    crowd.tell(event.at());
    let finding = Finding::new(ABOUT.severity, entity?, event.at()).shown_by(counted.evidence);
    Some(finding.measured(name, number(counted.users), number(least)))
}

impl Detector for Fraud {
    fn about(&self) -> &About {
        &ABOUT
    }

    fn observe(&mut self, event: &Event<'_>, world: &World<'_>, findings: &mut Vec<Finding>) {
        match event.kind() {
            "sv" => return self.state.unverified.verify(event),
            "ss" => self.state.unverified.sign_up(event),
            _ => {}
        }
        if is_trusted(event, world) {
            return;
        }
        let name = told(event.log.fields.user_name.as_ref());
        let is_disposable = name.is_some_and(|name| KNOWN.is_disposable(name));
        let Limits { signups, window, disposable, .. } = self.limits;
        let mut is_found = false;
        for (tag, name) in sources(event, None) {
            let all = self.state.all.entry(tag);
            let found = count(all, event, name(event), window, (SIGNUPS.name, signups));
            let mut explains = all.explains(event.at(), window);
            let found = if is_disposable {
                let few = self.state.disposable.entry(tag);
                let of_them = count(few, event, name(event), window, (DISPOSABLE.name, disposable));
                explains |= few.explains(event.at(), window);
                found.or(of_them)
            } else {
                found
            };
            // Why: what comes from one address would be told of its network as well.
            findings.extend(found.filter(|_| !is_found));
            is_found |= explains;
        }
    }

    fn pass(&mut self, now: Timestamp, _: &World<'_>, findings: &mut Vec<Finding>) {
        for due in self.state.unverified.due(now) {
            if due.accounts < self.limits.signups || !due.is_unusual(self.limits.unverified) {
                continue;
            }
            let finding = Finding::new(Severity::Low, due.tenant, due.at).shown_by(due.evidence);
            let finding = finding.measured(SIGNUPS.name, number(due.accounts), number(self.limits.signups));
            findings.push(finding.measured(UNVERIFIED.name, due.share, self.limits.unverified));
        }
    }

    fn forget(&mut self, now: Timestamp) {
        for crowds in [&mut self.state.all, &mut self.state.disposable] {
            crowds.retain(|_, crowd| crowd.forget(now, self.limits.window));
        }
    }

    fn save(&self) -> Vec<u8> {
        state::save(ABOUT.version, &self.state)
    }

    fn restore(&mut self, saved: &[u8]) -> Result<(), StateError> {
        self.state = state::restore(ABOUT.version, saved)?;
        Ok(())
    }

    fn evicted(&self) -> u64 {
        self.state.all.evicted().saturating_add(self.state.disposable.evicted())
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::detectors::trial::{Line, Trial, told as found};

    fn signups(count: usize, domain: &str, every: i64) -> Vec<Line> {
        let line =
            |n: usize| Line::new(["ss", "fs"][n % 2], i64::try_from(n).unwrap() * every).from("203.0.113.5");
        (0..count).map(|n| line(n).with("user_name", format!("user{n}@{domain}"))).collect()
    }

    fn trial() -> Trial {
        Trial::of(&[NATIVE])
    }

    #[test]
    fn twenty_accounts_in_an_hour_are_found_and_nineteen_or_slower_are_not() {
        assert_eq!(
            found(&trial().run(&signups(20, "example.com", 180))),
            [("203.0.113.5", Severity::Medium)]
        );
        assert!(trial().is_quiet(&signups(19, "example.com", 180)));
        assert!(trial().is_quiet(&signups(60, "example.com", 190)));
        let once = signups(1, "example.com", 1).into_iter().cycle().take(40);
        assert!(trial().is_quiet(&once.collect::<Vec<_>>()), "one account, tried again");
        let spread: Vec<Line> = signups(20, "example.com", 180)
            .into_iter()
            .zip(0_u8..)
            .map(|(line, n)| line.from(&format!("203.0.113.{n}")))
            .collect();
        assert_eq!(found(&trial().run(&spread)), [("203.0.113.0/24", Severity::Medium)]);
    }

    #[test]
    fn five_disposable_addresses_are_enough() {
        assert_eq!(
            found(&trial().run(&signups(5, "mailinator.com", 60))),
            [("203.0.113.5", Severity::Medium)]
        );
        assert!(trial().is_quiet(&signups(4, "mailinator.com", 60)));
        assert!(trial().is_quiet(&signups(9, "gmail.com", 60)));
    }
}
