//! Pushes until somebody gives in.

use std::borrow::Cow;

use countersign_core::{Micros, Timestamp};
use serde::{Deserialize, Serialize};

use crate::{
    About, Detector, Event, Finding, HOUR, MINUTE, Param, Params, Severity, StateError, World,
    detectors::Native,
    state::{self, Entry, Recent, Seen, Table},
};

pub(super) const NATIVE: Native = Native { about: &ABOUT, make: |params| Box::new(Fatigue::new(params)) };

const PUSHES: Param = Param {
    name: "pushes",
    default: 5.0,
    least: 3.0,
    most: 50.0,
    text: "pushes within the window with no approval between them",
};
const REJECTIONS: Param = Param {
    name: "rejections",
    default: 2.0,
    least: 1.0,
    most: 20.0,
    text: "pushes that the person refused within the window",
};
const WINDOW: Param =
    Param { name: "window_minutes", default: 10.0, least: 1.0, most: 120.0, text: "the window in minutes" };

static ABOUT: About = About {
    id: Cow::Borrowed("mfa_fatigue"),
    version: 1,
    title: Cow::Borrowed("Push notifications until somebody gives in"),
    text: Cow::Borrowed(
        "Counts pushes that one account was sent with no approval between them, and those that its owner refused. An approval \
         after that is high: somebody has the password, and now the second factor. A push that is approved ends the count, so \
         that several sign-ins in a row are silent.",
    ),
    kinds: Cow::Borrowed(&["gd_send_pn", "gd_auth_rejected", "gd_auth_succeed"]),
    severity: Severity::Medium,
    techniques: Cow::Borrowed(&["T1621"]),
    false_positives: Cow::Borrowed(&[
        "a phone in another room while its owner asks for the push again and again",
    ]),
    steps: Cow::Borrowed(&[
        "ask the person whether the sign-ins were theirs",
        "if not: revoke sessions and refresh tokens, reset the password; it is known to somebody",
        "turn on number matching or a phishing-resistant factor",
    ]),
    params: &[PUSHES, REJECTIONS, WINDOW],
    cooldown: HOUR,
};

/// The most accounts that are watched.
const ACCOUNTS: usize = 100_000;

/// How many steps of one account are kept.
const KEPT: usize = 128;

struct Fatigue {
    pushes: usize,
    rejections: usize,
    window: Micros,
    accounts: Table<Account>,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
enum Step {
    Pushed,
    Rejected,
    Approved,
}

#[derive(Debug, Clone, Default, Serialize, Deserialize)]
struct Account(Recent<Step>);

impl Entry for Account {
    fn weight(&self) -> usize {
        self.0.len()
    }

    fn last(&self) -> Timestamp {
        self.0.newest().map_or(Timestamp::default(), |seen| seen.at)
    }
}

impl Fatigue {
    fn new(params: &Params) -> Self {
        Self {
            pushes: params.count(&PUSHES),
            rejections: params.count(&REJECTIONS),
            window: params.span(&WINDOW, MINUTE),
            accounts: Table::new(ACCOUNTS),
        }
    }
}

impl Detector for Fatigue {
    fn about(&self) -> &About {
        &ABOUT
    }

    fn observe(&mut self, event: &Event<'_>, _: &World<'_>, findings: &mut Vec<Finding>) {
        let (Some(identity), Some(account)) = (event.tags.identity, event.account()) else { return };
        let step = match event.kind() {
            "gd_send_pn" => Step::Pushed,
            "gd_auth_rejected" => Step::Rejected,
            _ => Step::Approved,
        };
        let (at, seq) = (event.at(), event.seq);
        // Why: whoever approves without a push before it has nothing to be tired of, and needs no state.
        if step == Step::Approved && self.accounts.get(identity).is_none() {
            return;
        }
        let recent = &mut self.accounts.entry(identity).0;
        recent.insert(Seen { at, seq, what: step }, 2 * self.window, KEPT);
        let before = recent.within(at, self.window).rev().skip_while(|seen| seen.seq != seq).skip(1);
        let mut run: Vec<Seen<Step>> =
            before.take_while(|seen| seen.what != Step::Approved).copied().collect();
        run.reverse();
        run.push(Seen { at, seq, what: step });
        let count = |step| run.iter().filter(|seen| seen.what == step).count();
        let (pushes, rejections) = (count(Step::Pushed), count(Step::Rejected));
        if pushes < self.pushes && rejections < self.rejections {
            return;
        }
        let severity = if step == Step::Approved { Severity::High } else { Severity::Medium };
        let finding = Finding::new(severity, account, at).shown_by(run.iter().map(|seen| seen.seq));
        let finding = finding.counted(PUSHES.name, pushes, self.pushes);
        findings.push(finding.counted(REJECTIONS.name, rejections, self.rejections));
    }

    fn forget(&mut self, now: Timestamp) {
        self.accounts.forget(now.plus(-(2 * self.window).saturating_add(HOUR)));
    }

    fn save(&self) -> Vec<u8> {
        state::save(ABOUT.version, &self.accounts)
    }

    fn restore(&mut self, saved: &[u8]) -> Result<(), StateError> {
        self.accounts = state::restore(ABOUT.version, saved)?;
        Ok(())
    }

    fn evicted(&self) -> u64 {
        self.accounts.evicted()
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::detectors::trial::{Line, Trial, told};

    fn steps(kind: &str, seconds: &[i64]) -> Vec<Line> {
        seconds.iter().map(|second| Line::new(kind, *second).user(1)).collect()
    }

    fn pushes(seconds: &[i64]) -> Vec<Line> {
        steps("gd_send_pn", seconds)
    }

    #[test]
    fn five_pushes_are_found_and_an_approval_after_them_is_high() {
        let trial = Trial::of(&[NATIVE]);
        let five = pushes(&[0, 60, 120, 300, 600]);
        assert_eq!(told(&trial.run(&five)), [("auth0|1", Severity::Medium)]);
        let given_in = [pushes(&[0, 60, 120, 180, 240]), steps("gd_auth_succeed", &[250])].concat();
        let alerts = trial.run(&given_in);
        assert_eq!(told(&alerts), [("auth0|1", Severity::High)]);
        assert_eq!(alerts[0].evidence.len(), 6);
        assert_eq!(trial.run(&pushes(&[0, 60, 120, 300])), []);
        assert_eq!(trial.run(&pushes(&[0, 60, 120, 300, 601])), []);
    }

    #[test]
    fn refusals_count_for_themselves() {
        let trial = Trial::of(&[NATIVE]);
        let refusals = steps("gd_auth_rejected", &[30, 90]);
        assert_eq!(told(&trial.run(&refusals)), [("auth0|1", Severity::Medium)]);
        let given_in = [refusals, steps("gd_auth_succeed", &[200])].concat();
        assert_eq!(told(&trial.run(&given_in)), [("auth0|1", Severity::High)]);
        assert_eq!(trial.run(&steps("gd_auth_rejected", &[30])), []);
        assert_eq!(trial.run(&steps("gd_auth_rejected", &[30, 700])), []);
    }

    #[test]
    fn sign_ins_that_are_approved_one_by_one_are_silent() {
        let seconds: Vec<i64> = (0..20).map(|n| n * 60).collect();
        let approvals: Vec<i64> = seconds.iter().map(|second| second + 10).collect();
        let lines = [pushes(&seconds), steps("gd_auth_succeed", &approvals)].concat();
        assert_eq!(Trial::of(&[NATIVE]).run(&lines), []);
    }
}
