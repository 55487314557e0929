//! A few passwords tried on many accounts from one source.

use std::borrow::Cow;

use countersign_core::{Micros, Timestamp};
use countersign_privacy::Tag;
use serde::{Deserialize, Serialize};

use super::{
    crowd::{Counted, Crowd, Outcome, Try, crowd_of},
    failure,
    measure::{number, share},
    relations::group_of,
    source::{is_common, is_new_network, is_trusted, sources, tool},
};
use crate::{
    About, Detector, Entity, Event, Finding, HOUR, MINUTE, Param, Params, Severity, StateError, World,
    detectors::Native,
    state::{self, Shares, Table},
};

pub(super) const NATIVE: Native = Native { about: &ABOUT, make: |params| Box::new(Spray::new(params)) };

const USERS: Param = Param {
    name: "distinct_users",
    default: 20.0,
    least: 5.0,
    most: 100.0,
    text: "different accounts with a failure within the window",
};
const WINDOW: Param =
    Param { name: "window_minutes", default: 30.0, least: 1.0, most: 240.0, text: "the window in minutes" };
const RATIO: Param = Param {
    name: "min_failure_ratio",
    default: 0.7,
    least: 0.1,
    most: 1.0,
    text: "the share of failures among all tries from the source",
};
const TRIES: Param = Param {
    name: "max_median_tries",
    default: 3.0,
    least: 1.0,
    most: 20.0,
    text: "the most failures of the account in the middle; more is guessing at accounts one by one",
};
const COMMON: Param = Param {
    name: "common_share",
    default: 0.01,
    least: 0.0,
    most: 1.0,
    text: "the share of logins from which on a TLS fingerprint says nothing",
};

static ABOUT: About = About {
    id: Cow::Borrowed("password_spray"),
    version: 1,
    title: Cow::Borrowed("A few passwords tried on many accounts"),
    text: Cow::Borrowed(
        "Counts different accounts with failures by address, by network (/24, /64) and by rare TLS fingerprint within an autonomous \
         system; the narrowest of them is named. A source where most tries succeed is an office or a carrier. High if somebody got \
         in who never signed in from there. Low where ten people signed in from there before it began, which is known of a source \
         that somebody mistyped at; and where a network or a fingerprint is held against members of three unrelated organizations, \
         which is told as a coordinated attack.",
    ),
    kinds: Cow::Borrowed(&["s", "f", "fp", "fu", "fepft", "fepotpft"]),
    severity: Severity::Medium,
    techniques: Cow::Borrowed(&["T1110.003"]),
    false_positives: Cow::Borrowed(&[
        "an office behind one address after a change of passwords",
        "a monitor that tries to sign in; declare its network as trusted",
    ]),
    steps: Cow::Borrowed(&[
        "block the source",
        "reset the passwords of accounts that it got into",
        "ask for a second factor where there is none",
    ]),
    params: &[USERS, WINDOW, RATIO, TRIES, COMMON],
    cooldown: HOUR,
};

/// The most sources that are watched; each login counts for up to three.
const SOURCES: usize = 60_000;

/// From how many earlier people on a source counts as shared.
const SHARED_BY: usize = 10;

/// From how many unrelated organizations on `cross_org_coordinated` tells of the attack.
const ORGANIZATIONS: usize = 3;

#[derive(Debug, Clone, Copy)]
struct Limits {
    users: usize,
    window: Micros,
    ratio: f64,
    tries: f64,
    common: f64,
}

struct Spray {
    limits: Limits,
    state: State,
}

#[derive(Debug, Serialize, Deserialize)]
struct State {
    sources: Table<Crowd>,
    shares: Shares,
}

impl Spray {
    fn new(params: &Params) -> Self {
        let limits = Limits {
            users: params.count(&USERS),
            window: params.span(&WINDOW, MINUTE),
            ratio: params.number(&RATIO),
            tries: params.number(&TRIES),
            common: params.number(&COMMON),
        };
        Self { limits, state: State { sources: Table::new(SOURCES), shares: Shares::default() } }
    }
}

impl Limits {
    fn judge(self, crowd: &mut Crowd, event: &Event<'_>, entity: Entity, is_wide: bool) -> Option<Finding> {
        let counted = crowd.count(event.at(), self.window);
        if counted.users < self.users {
            crowd.lacks(self.users - counted.users);
            return None;
        }
        let ratio = share(counted.failures, counted.tries);
        let middle = f64::from(counted.median);
        if ratio < self.ratio || middle > self.tries {
            return None;
        }
        crowd.tell(event.at());
        let is_shared = crowd.regulars(event.at().plus(-self.window)) >= SHARED_BY;
        let Counted { users, strangers, units, evidence, .. } = counted;
        let is_told_elsewhere = is_wide && units >= ORGANIZATIONS;
        let severity = match (is_shared || is_told_elsewhere, strangers) {
            (true, _) => Severity::Low,
            (false, 0) => Severity::Medium,
            (false, _) => Severity::High,
        };
        let finding = Finding::new(severity, entity, event.at()).shown_by(evidence);
        let finding = finding.measured("distinct_users", number(users), number(self.users));
        let finding = finding.measured("min_failure_ratio", ratio, self.ratio);
        Some(finding.measured("max_median_tries", middle, self.tries))
    }
}

impl Detector for Spray {
    fn about(&self) -> &About {
        &ABOUT
    }

    fn observe(&mut self, event: &Event<'_>, world: &World<'_>, findings: &mut Vec<Finding>) {
        let Some(outcome) = outcome(event, world) else { return };
        let State { sources: crowds, shares } = &mut self.state;
        if outcome != Outcome::Failed
            && let Some(fingerprint) = event.tags.fingerprint
        {
            shares.see(fingerprint, event.at());
        }
        let Some(who) = event.tags.identity.filter(|_| !is_trusted(event, world)) else { return };
        let rare = tool(event).filter(|_| !is_common(event, world, shares, self.limits.common));
        let unit = group_of(event, world).or(event.tags.organization).unwrap_or(Tag(0));
        let mut is_found = false;
        for (tag, name) in sources(event, rare) {
            let Some(crowd) = crowd_of(crowds, tag, outcome) else { continue };
            let is_due = crowd.take(event, Try { who, unit, outcome }, self.limits.window);
            // Why: an attack from one address would be told of its network and of its tool as well.
            if !is_due || is_found {
                is_found |= crowd.explains(event.at(), self.limits.window);
                continue;
            }
            let Some(entity) = name(event) else { continue };
            if let Some(finding) = self.limits.judge(crowd, event, entity, event.tags.address != Some(tag)) {
                is_found = true;
                findings.push(finding.marking([Some(tag), rare].into_iter().flatten()));
            }
        }
    }

    fn forget(&mut self, now: Timestamp) {
        let window = self.limits.window;
        self.state.sources.retain(|_, crowd| crowd.forget(now, window));
    }

    fn save(&self) -> Vec<u8> {
        state::save(ABOUT.version, &self.state)
    }

    fn restore(&mut self, saved: &[u8]) -> Result<(), StateError> {
        self.state = state::restore(ABOUT.version, saved)?;
        Ok(())
    }

    fn evicted(&self) -> u64 {
        self.state.sources.evicted()
    }
}

fn outcome(event: &Event<'_>, world: &World<'_>) -> Option<Outcome> {
    match event.kind() {
        "s" if is_new_network(event, world) => Some(Outcome::Stranger),
        "s" => Some(Outcome::Known),
        "fu" => Some(Outcome::Failed),
        _ => failure::is_wrong_password(event).then_some(Outcome::Failed),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{
        Context,
        detectors::trial::{Line, Trial, told},
    };

    fn tries(kind: &str, users: std::ops::Range<usize>, every: i64) -> Vec<Line> {
        let line = |n: usize| Line::new(kind, i64::try_from(n).unwrap() * every).user(n);
        users.map(|n| line(n).from("203.0.113.50")).collect()
    }

    fn trial() -> Trial {
        Trial::of(&[NATIVE])
    }

    #[test]
    fn twenty_accounts_from_one_address_are_found_and_nineteen_are_not() {
        assert_eq!(told(&trial().run(&tries("fp", 0..20, 40))), [("203.0.113.50", Severity::Medium)]);
        assert_eq!(told(&trial().run(&tries("fu", 0..20, 40))), [("203.0.113.50", Severity::Medium)]);
        assert!(trial().is_quiet(&tries("fp", 0..19, 40)));
        assert!(trial().is_quiet(&tries("fp", 0..30, 100)), "no window has twenty");
        let again = [tries("fp", 0..19, 40), tries("fp", 0..19, 41)].concat();
        assert!(trial().is_quiet(&again), "the same nineteen");
        assert!(trial().with("distinct_users", 21.0).is_quiet(&tries("fp", 0..20, 40)));
    }

    #[test]
    fn names_that_are_masked_are_neither_one_account_nor_many() {
        let masked = |n: i64| Line::new("fu", n * 9).with("user_name", "****************");
        assert!(trial().is_quiet(&(0..60).map(masked).collect::<Vec<_>>()));
    }

    #[test]
    fn addresses_of_one_network_and_a_rare_tool_are_found_together() {
        let spread = |n: usize| format!("203.0.113.{n}");
        let network: Vec<Line> =
            tries("fp", 0..20, 40).into_iter().zip(0..).map(|(line, n)| line.from(&spread(n))).collect();
        assert_eq!(told(&trial().run(&network)), [("203.0.113.0/24", Severity::Medium)]);
        let far = |n: usize| format!("203.0.{n}.7");
        let tool = |line: Line, n: usize| line.from(&far(n)).ja4("t13d_rare").system(64_500);
        let spread: Vec<Line> =
            tries("fp", 0..20, 40).into_iter().zip(0..).map(|(l, n)| tool(l, n)).collect();
        assert!(trial().is_quiet(&spread), "nobody knows how common the tool is");
        let shares = [("t13d_rare".to_owned(), 0.002)].into();
        let knowing = trial().knowing(Context { fingerprint_shares: shares, ..Context::default() });
        assert_eq!(told(&knowing.run(&spread)), [("t13d_rare", Severity::Medium)]);
    }

    #[test]
    fn a_network_against_several_organizations_is_left_to_the_detector_of_those() {
        let spread =
            |(line, n): (Line, usize)| line.from(&format!("203.0.113.{n}")).into(&format!("org_{}", n % 4));
        let lines: Vec<Line> = tries("fp", 0..24, 40).into_iter().zip(0..).map(spread).collect();
        assert_eq!(told(&trial().run(&lines)), [("203.0.113.0/24", Severity::Low)]);
        let groups = vec![(0..4).map(|n| format!("org_{n}")).collect()];
        let related = trial().knowing(Context { relations: groups, ..Context::default() });
        assert_eq!(told(&related.run(&lines)), [("203.0.113.0/24", Severity::Medium)]);
    }

    #[test]
    fn an_office_where_most_get_in_is_quiet_and_a_shared_one_is_a_trace() {
        let office = [tries("s", 0..40, 20), tries("fp", 0..17, 40)].concat();
        assert!(trial().is_quiet(&office));
        let earlier: Vec<Line> =
            (100..110).map(|n| Line::new("s", -7_200).user(n).from("203.0.113.50")).collect();
        let slip = Line::new("fp", -7_300).user(1).from("203.0.113.50");
        let alerts = trial().run(&[vec![slip], earlier, tries("fp", 0..20, 40)].concat());
        assert_eq!(told(&alerts), [("203.0.113.50", Severity::Low)]);
        let trusted =
            Context { trusted_networks: ["203.0.113.0/24".to_owned()].into(), ..Context::default() };
        assert!(trial().knowing(trusted).run(&tries("fp", 0..30, 40)).is_empty());
    }

    #[test]
    fn guessing_at_few_accounts_is_no_spray_and_a_success_makes_it_worse() {
        let hard = |n| tries("fp", n..n + 1, 40).into_iter().cycle().take(4);
        assert!(trial().is_quiet(&(0..20).flat_map(hard).collect::<Vec<_>>()));
        let got_in = [tries("fp", 0..25, 40), tries("s", 26..27, 40)].concat();
        assert_eq!(told(&trial().run(&got_in)), [("203.0.113.50", Severity::High)]);
    }
}
