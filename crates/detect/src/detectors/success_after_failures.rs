//! A login that follows many wrong passwords.

use std::borrow::Cow;

use countersign_core::{Micros, Timestamp};
use countersign_privacy::Tag;
use serde::{Deserialize, Serialize};

use super::{
    account::name_at_connection,
    exchange::{Exchanges, Standing},
    failure,
    source::{is_new_device, is_new_network, is_own},
};
use crate::{
    About, Detector, Event, Finding, HOUR, MINUTE, Param, Params, Severity, StateError, World,
    detectors::{Native, measure::number},
    state::{self, Entry, Recent, Seen, Table},
};

pub(super) const NATIVE: Native = Native { about: &ABOUT, make: |params| Box::new(Guessed::new(params)) };

const FAILURES: Param = Param {
    name: "success_after",
    default: 5.0,
    least: 2.0,
    most: 60.0,
    text: "failures within the window before the login",
};
const WINDOW: Param =
    Param { name: "window_minutes", default: 10.0, least: 1.0, most: 240.0, text: "the window in minutes" };

static ABOUT: About = About {
    id: Cow::Borrowed("success_after_failures"),
    version: 2,
    title: Cow::Borrowed("A login after many wrong passwords"),
    text: Cow::Borrowed(
        "Finds a login within minutes after several wrong passwords for the same account, from any address: somebody guessed it. \
         High if the person never signed in from that network or with that device; low if they did on three days and all the \
         failures came from there too, as when somebody changed their password and forgot it. A password grant is held against the \
         networks of the account's earlier grants as well. What was typed at a directory counts for the account of that name at that \
         connection.",
    ),
    kinds: Cow::Borrowed(&["s", "sepft", "f", "fp", "fepft", "fepotpft"]),
    severity: Severity::High,
    techniques: Cow::Borrowed(&["T1110.001", "T1078"]),
    false_positives: Cow::Borrowed(&[
        "a person who forgot a new password",
        "a program with an old password saved",
    ]),
    steps: Cow::Borrowed(&[
        "ask the person whether it was them",
        "end the session and reset the password if it was not",
        "look at what the account did since",
    ]),
    params: &[FAILURES, WINDOW],
    cooldown: HOUR,
};

/// The most accounts that are watched.
const ACCOUNTS: usize = 100_000;

struct Guessed {
    failures: usize,
    window: Micros,
    state: State,
}

#[derive(Debug, Serialize, Deserialize)]
struct State {
    accounts: Table<Account>,
    exchanges: Exchanges,
}

#[derive(Debug, Clone, Default, Serialize, Deserialize)]
struct Account(Recent<Option<Tag>>);

impl Entry for Account {
    fn weight(&self) -> usize {
        self.0.len()
    }

    fn last(&self) -> Timestamp {
        self.0.newest().map_or(Timestamp::default(), |seen| seen.at)
    }
}

impl Guessed {
    fn new(params: &Params) -> Self {
        Self {
            failures: params.count(&FAILURES),
            window: params.span(&WINDOW, MINUTE),
            state: State { accounts: Table::new(ACCOUNTS), exchanges: Exchanges::default() },
        }
    }

    fn judge(&self, identity: Tag, event: &Event<'_>, world: &World<'_>) -> Option<Finding> {
        let keys = [Some(identity), name_at_connection(event)];
        let accounts = keys.into_iter().flatten().filter_map(|key| self.state.accounts.get(key));
        let mut failures: Vec<_> =
            accounts.flat_map(|account| account.0.within(event.at(), self.window)).collect();
        if failures.len() < self.failures {
            return None;
        }
        // Why not by their places in the journal, too: those differ with the order of delivery.
        failures.sort_by_key(|seen| seen.at);
        let is_from_there = failures.iter().all(|seen| seen.what == event.tags.network);
        let severity = match self.standing(event, world) {
            Standing::New => Severity::High,
            Standing::Own if is_from_there => Severity::Low,
            Standing::Own | Standing::Seen | Standing::Unknown => Severity::Medium,
        };
        let evidence = failures.iter().map(|seen| seen.seq).chain([event.seq]);
        let finding = Finding::new(severity, event.account()?, event.at()).shown_by(evidence);
        Some(finding.measured("success_after", number(failures.len()), number(self.failures)))
    }

    fn standing(&self, event: &Event<'_>, world: &World<'_>) -> Standing {
        if event.kind() == "sepft" {
            self.state.exchanges.standing(event, world)
        } else if is_new_network(event, world) || is_new_device(event, world) {
            Standing::New
        } else if is_own(event, world) {
            Standing::Own
        } else {
            Standing::Seen
        }
    }
}

/// What failures of the account are kept under: its id, else the name that was typed, of the connection at which it was.
fn key(event: &Event<'_>) -> Option<Tag> {
    if event.is_typed() { name_at_connection(event) } else { event.tags.identity }
}

impl Detector for Guessed {
    fn about(&self) -> &About {
        &ABOUT
    }

    fn observe(&mut self, event: &Event<'_>, world: &World<'_>, findings: &mut Vec<Finding>) {
        let Some(identity) = event.tags.identity else { return };
        if matches!(event.kind(), "s" | "sepft") {
            findings.extend(self.judge(identity, event, world));
            if event.kind() == "sepft" {
                self.state.exchanges.see(event);
            }
            return;
        }
        let Some(key) = key(event).filter(|_| failure::is_wrong_password(&event.log)) else { return };
        let accounts = &mut self.state.accounts;
        if world.is_admitted || accounts.get(key).is_some() {
            let seen = Seen { at: event.at(), seq: event.seq, what: event.tags.network };
            // Why twice: so many as were worth a finding each, should they come out of order.
            accounts.entry(key).0.insert(seen, self.window, 2 * self.failures);
        }
    }

    fn forget(&mut self, now: Timestamp) {
        self.state.accounts.forget(now.plus(-self.window.saturating_add(HOUR)));
    }

    fn save(&self) -> Vec<u8> {
        state::save(ABOUT.version, &self.state)
    }

    fn restore(&mut self, saved: &[u8]) -> Result<(), StateError> {
        self.state = state::restore(ABOUT.version, saved)?;
        Ok(())
    }

    fn evicted(&self) -> u64 {
        self.state.accounts.evicted().saturating_add(self.state.exchanges.evicted())
    }
}

#[cfg(test)]
mod tests;
