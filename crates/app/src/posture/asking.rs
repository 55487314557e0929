//! Which code asks for decisions, by its own account.

use std::collections::{BTreeMap, BTreeSet};

use countersign_core::{Timestamp, Trigger};
use countersign_plan::{
    install::{TRIGGERS, deployed_code},
    posture::{Posture, declared},
};

use crate::{App, Tenant};

/// The most codes that are kept of a trigger: more than two at once are somebody's play.
const MOST: usize = 8;

/// How long a code that asked says something, in microseconds.
const RECENT: i64 = 600 * 1_000_000;

/// How long the code of before may still ask after another was deployed, in microseconds.
const GRACE: i64 = 60 * 1_000_000;

/// What was asked by which code, and which code is installed since when, as far as this process saw.
#[derive(Default)]
pub(crate) struct Asking {
    asked: BTreeMap<Trigger, Vec<(Option<String>, Timestamp)>>,
    installed: BTreeMap<Trigger, (Option<String>, Timestamp)>,
}

impl Asking {
    pub(crate) fn note(&mut self, trigger: Trigger, code: Option<&str>, at: Timestamp) {
        let codes = self.asked.entry(trigger).or_default();
        if let Some((_, last)) = codes.iter_mut().find(|(known, _)| known.as_deref() == code) {
            *last = at;
            return;
        }
        if codes.len() >= MOST {
            let oldest = codes.iter().enumerate().min_by_key(|(_, (_, last))| *last).map(|(place, _)| place);
            oldest.map(|place| codes.swap_remove(place));
        }
        codes.push((code.map(str::to_owned), at));
    }

    /// The codes that asked lately, and after the code that runs was there for a while.
    fn lately(&mut self, posture: &Posture, now: Timestamp) -> BTreeMap<Trigger, BTreeSet<Option<String>>> {
        let mut lately = BTreeMap::new();
        let installed = posture.installed.clone().recognized();
        for trigger in TRIGGERS {
            let Some(code) = installed.our_action(trigger).and_then(deployed_code) else { continue };
            let running = declared(code).map(str::to_owned);
            let (known, since) = self.installed.entry(trigger).or_insert_with(|| (running.clone(), now));
            if *known != running {
                (*known, *since) = (running, now);
            }
            let from = since.plus(GRACE).max(now.plus(-RECENT));
            let Some(codes) = self.asked.get(&trigger) else { continue };
            let codes = codes.iter().filter(|(_, last)| *last > from).map(|(code, _)| code.clone());
            lately.insert(trigger, codes.collect());
        }
        lately
    }
}

impl App {
    /// The codes that asked here lately; what is installed is seen in `posture`.
    #[must_use]
    pub fn asking(&self, tenant: &Tenant, posture: &Posture) -> BTreeMap<Trigger, BTreeSet<Option<String>>> {
        tenant.findings.asking.lock().lately(posture, self.ports.clock.now())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const T: Trigger = Trigger::PostLogin;

    fn running(hash: &str) -> Posture {
        let code =
            format!("// Countersign for Auth0, trigger post-login. Built.\n\nconst CODE = '{hash}';\n");
        let action = serde_json::json!({"id": "a", "name": "Countersign post-login", "code": code,
            "supported_triggers": [{"id": "post-login", "version": "v3"}], "deployed_version": {"id": "v", "code": code}});
        let mut posture = Posture::default();
        posture.installed.actions = vec![serde_json::from_value(action).unwrap()];
        posture
    }

    #[test]
    fn what_asks_counts_after_the_code_that_runs_was_there_for_a_while() {
        let at = Timestamp::from_seconds;
        let (old, new) = ("a".repeat(64), "b".repeat(64));
        let mut asking = Asking::default();
        asking.note(T, Some(&old), at(1));
        assert_eq!(
            asking.lately(&running(&old), at(10)),
            [(T, [].into())].into(),
            "it was not looked at before"
        );
        asking.note(T, Some(&old), at(100));
        assert_eq!(asking.lately(&running(&old), at(110)), [(T, [Some(old.clone())].into())].into());
        assert_eq!(asking.lately(&running(&new), at(120)), [(T, [].into())].into());
        asking.note(T, Some(&old), at(150));
        assert_eq!(asking.lately(&running(&new), at(170)), [(T, [].into())].into(), "it may still be warm");
        asking.note(T, None, at(200));
        assert_eq!(asking.lately(&running(&new), at(210)), [(T, [None].into())].into());
        assert_eq!(asking.lately(&running(&new), at(900)), [(T, [].into())].into());
    }

    #[test]
    fn no_more_codes_are_kept_than_say_something() {
        let mut asking = Asking::default();
        for number in 0..100 {
            asking.note(T, Some(&number.to_string()), Timestamp::from_seconds(number));
        }
        assert_eq!(asking.asked[&T].len(), MOST);
        assert!(asking.asked[&T].iter().any(|(code, _)| code.as_deref() == Some("99")));
    }
}
