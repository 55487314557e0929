//! A login from where an attack came from within the last day.

use std::borrow::Cow;

use serde::{Deserialize, Serialize};

use super::{
    exchange::{Exchanges, Standing},
    source::{is_common, is_new_device, is_new_network, is_own, tool},
};
use crate::{
    About, Detector, Event, Finding, HOUR, Param, Params, Severity, StateError, World,
    detectors::Native,
    state::{self, Shares},
};

pub(super) const NATIVE: Native = Native { about: &ABOUT, make: |params| Box::new(Marked::new(params)) };

const COMMON: Param = Param {
    name: "common_share",
    default: 0.01,
    least: 0.0,
    most: 1.0,
    text: "the share of logins from which on a TLS fingerprint says nothing",
};

static ABOUT: About = About {
    id: Cow::Borrowed("login_from_attacker_tls"),
    version: 2,
    title: Cow::Borrowed("A login from where an attack came from"),
    text: Cow::Borrowed(
        "Finds a login from an address or network, or with a rare TLS fingerprint within an autonomous system, that a spray, a stuffing \
         or a coordinated attack came from within a day before, or that people confirmed an attack from. Medium if the person signed in \
         from that network or with that device before, low if they did both on three days. A password grant is held against the \
         networks of the account's earlier grants.",
    ),
    kinds: Cow::Borrowed(&["s", "sepft"]),
    severity: Severity::High,
    techniques: Cow::Borrowed(&["T1110.004", "T1078"]),
    false_positives: Cow::Borrowed(&["a person behind the same egress or carrier as the attacker"]),
    steps: Cow::Borrowed(&["end the session and reset the password", "look at what the account did since"]),
    params: &[COMMON],
    cooldown: HOUR,
};

struct Marked {
    common: f64,
    state: State,
}

#[derive(Debug, Default, Serialize, Deserialize)]
struct State {
    shares: Shares,
    exchanges: Exchanges,
}

impl Marked {
    fn new(params: &Params) -> Self {
        Self { common: params.number(&COMMON), state: State::default() }
    }

    fn judge(&self, event: &Event<'_>, world: &World<'_>) -> Option<Finding> {
        let at = event.at();
        let is_marked = |tag| world.marks.is_marked(tag, at);
        let from_address = is_marked(event.tags.address) || is_marked(event.tags.network);
        let with_tool = (is_marked(tool(event)) || is_marked(event.tags.fingerprint))
            && !is_common(event, world, &self.state.shares, self.common);
        if !from_address && !with_tool {
            return None;
        }
        let finding = Finding::new(self.severity(event, world), event.account()?, at).shown_by([event.seq]);
        Some(finding.resting_on_marks(from_address, with_tool))
    }

    fn severity(&self, event: &Event<'_>, world: &World<'_>) -> Severity {
        if event.kind() == "sepft" {
            return match self.state.exchanges.standing(event, world) {
                Standing::Own => Severity::Low,
                Standing::Seen => Severity::Medium,
                Standing::New | Standing::Unknown => Severity::High,
            };
        }
        if is_own(event, world) {
            Severity::Low
        } else if is_new_network(event, world) && (is_new_device(event, world) || world.person.is_none()) {
            Severity::High
        } else {
            Severity::Medium
        }
    }
}

impl Detector for Marked {
    fn about(&self) -> &About {
        &ABOUT
    }

    fn observe(&mut self, event: &Event<'_>, world: &World<'_>, findings: &mut Vec<Finding>) {
        self.state.shares.learn(event);
        findings.extend(self.judge(event, world));
        if event.kind() == "sepft" {
            self.state.exchanges.see(event);
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
        self.state.exchanges.evicted()
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{
        Alert, Context,
        detectors::{
            password_spray,
            trial::{Line, Trial, told},
        },
    };

    fn spray() -> Vec<Line> {
        let line = |n: usize| Line::new("fp", i64::try_from(n).unwrap() * 30).user(n).from("203.0.113.50");
        (0..25).map(line).collect()
    }

    fn login(second: i64) -> Line {
        Line::new("s", second).user(99).from("203.0.113.50")
    }

    fn found(trial: &Trial, lines: &[Line]) -> Vec<Alert> {
        trial.run(lines).into_iter().filter(|alert| alert.detector == ABOUT.id).collect()
    }

    fn trial() -> Trial {
        Trial::of(&[password_spray::NATIVE, NATIVE])
    }

    #[test]
    fn a_login_from_the_sprayer_is_found_for_a_day() {
        let after = |second| found(&trial(), &[spray(), vec![login(second)]].concat());
        assert_eq!(told(&after(900)), [("auth0|99", Severity::High)]);
        assert_eq!(after(24 * 3_600).len(), 1);
        assert!(after(24 * 3_600 + 800).is_empty());
        assert!(after(-60).is_empty(), "before it");
        let elsewhere = [spray(), vec![login(900).from("198.51.100.9")]].concat();
        assert!(found(&trial(), &elsewhere).is_empty());
    }

    #[test]
    fn a_rare_tool_is_known_again_elsewhere_and_a_common_one_is_not() {
        let with_tool = |line: Line| line.ja4("t13d_rare").system(64_500);
        let lines: Vec<Line> = spray().into_iter().map(with_tool).collect();
        let elsewhere = with_tool(login(900).from("198.51.100.9"));
        let knowing = |share| {
            let shares = [("t13d_rare".to_owned(), share)].into();
            trial().knowing(Context { fingerprint_shares: shares, ..Context::default() })
        };
        let all = [lines.clone(), vec![elsewhere.clone()]].concat();
        assert_eq!(told(&found(&knowing(0.001), &all)), [("auth0|99", Severity::High)]);
        assert!(found(&knowing(0.01), &all).is_empty());
        let system = [lines, vec![elsewhere.system(64_501)]].concat();
        assert!(found(&knowing(0.001), &system).is_empty());
    }

    #[test]
    fn a_person_who_always_comes_from_there_leaves_a_trace() {
        let before: Vec<Line> = (1..4).map(|day| login(-day * 86_400)).collect();
        let alerts = found(&trial(), &[before, spray(), vec![login(900)]].concat());
        assert_eq!(told(&alerts), [("auth0|99", Severity::Low)]);
    }

    #[test]
    fn a_password_grant_from_the_sprayer_is_found_and_one_through_its_usual_back_end_is_a_trace() {
        let grant = |second| login(second).with("type", "sepft");
        let home = Line::new("s", -86_400).user(99).from("192.0.2.1");
        let alerts = found(&trial(), &[vec![home.clone()], spray(), vec![grant(900)]].concat());
        assert_eq!(told(&alerts), [("auth0|99", Severity::High)]);
        let before: Vec<Line> = (1..4).map(|day| grant(-day * 86_400)).collect();
        let alerts = found(&trial(), &[vec![home], before, spray(), vec![grant(900)]].concat());
        assert_eq!(told(&alerts), [("auth0|99", Severity::Low)]);
    }
}
