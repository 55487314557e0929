//! Somebody's second factor was taken away, and another put in its place, from where they never were.

mod steps;

use std::borrow::Cow;

use countersign_core::{Micros, Timestamp};
use countersign_privacy::Tag;
use serde::{Deserialize, Serialize};

use crate::{
    About, DAY, Detector, Entity, EntityKind, Event, Finding, HOUR, Param, Params, Severity, StateError,
    World,
    detectors::Native,
    state::{self, Entry, Recent, Seen, Table},
};
use steps::{Deed, Step, deed, strangeness};

pub(super) const NATIVE: Native = Native { about: &ABOUT, make: |params| Box::new(Replaced::new(params)) };

const WINDOW: Param = Param {
    name: "window_hours",
    default: 24.0,
    least: 1.0,
    most: 168.0,
    text: "hours within which the factor goes and the other comes; what was seen of the person before is familiar",
};
const LOGINS: Param = Param {
    name: "known_logins",
    default: 3.0,
    least: 1.0,
    most: 50.0,
    text: "logins of the account from which on its places and devices are known; before that it is recorded only",
};

static ABOUT: About = About {
    id: Cow::Borrowed("user_mfa_replaced"),
    version: 2,
    title: Cow::Borrowed("Somebody's second factor was replaced from a strange place"),
    text: Cow::Borrowed(
        "Joins the removal of a factor and the enrollment of another, by the person, by an administrator or by the My Account API, \
         where either, or a login between, came from a country that was not the account's own before the window, from a device and \
         a network that both were not, or from the source of an attack. Its own is what it was seen with on its first day, on \
         three days, or two weeks ago. A factor that an administrator removed, or a recovery code that one made, counts too where a \
         login from such a place follows. A new device alone is a new phone: low.",
    ),
    kinds: Cow::Borrowed(&[
        "s",
        "gd_unenroll",
        "gd_enrollment_complete",
        "my_account_authentication_method_succeeded",
        "sapi",
    ]),
    severity: Severity::Medium,
    techniques: Cow::Borrowed(&["T1098.005", "T1556.006"]),
    false_positives: Cow::Borrowed(&[
        "a lost phone on a journey",
        "a help desk that resets the factor of somebody who moved",
    ]),
    steps: Cow::Borrowed(&[
        "call the person by a number from elsewhere",
        "if it was not them: remove the new factor, revoke sessions and refresh tokens, reset the password",
        "if the help desk did it, find out who asked and how they were identified",
    ]),
    params: &[WINDOW, LOGINS],
    cooldown: DAY,
};

/// The most accounts that are watched.
const ACCOUNTS: usize = 100_000;

/// How many steps of one account are kept.
const KEPT: usize = 16;

struct Replaced {
    window: Micros,
    logins: u32,
    accounts: Table<Account>,
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

impl Replaced {
    fn new(params: &Params) -> Self {
        Self {
            window: params.span(&WINDOW, HOUR),
            logins: u32::try_from(params.count(&LOGINS)).unwrap_or(u32::MAX),
            accounts: Table::new(ACCOUNTS),
        }
    }

    /// Whose account it is, and what happened to it.
    fn step(&self, event: &Event<'_>, world: &World<'_>) -> Option<(Tag, Entity, Step)> {
        if let Some(call) = event.call() {
            let (deed, id) = steps::of_call(call)?;
            let is_own = call.is_own(world.context);
            let step = Step { deed, strange: None, is_known: true, is_own };
            return Some((event.tag("user", id.as_bytes()), Entity::new(EntityKind::User, id), step));
        }
        let (identity, account) = event.tags.identity.zip(event.account())?;
        let deed = deed(event)?;
        let strange = strangeness(event, world, self.window);
        let is_learned = world.person.is_some_and(|person| {
            person.logins >= self.logins && !person.is_learning(event.at(), self.window)
        });
        // Why: the source of an attack is one whoever the account belongs to.
        let is_known = is_learned || steps::is_marked(event, world);
        Some((identity, account, Step { deed, strange, is_known, is_own: false }))
    }
}

impl Detector for Replaced {
    fn about(&self) -> &About {
        &ABOUT
    }

    fn observe(&mut self, event: &Event<'_>, world: &World<'_>, findings: &mut Vec<Finding>) {
        let Some((identity, account, step)) = self.step(event, world) else { return };
        let is_login = step.deed == Deed::SignedIn;
        // Why: most logins are nobody's concern here, and must not push out accounts that are under attack.
        if is_login && step.strange.is_none_or(|severity| severity < Severity::Medium) {
            return;
        }
        let recent = &mut self.accounts.entry(identity).0;
        recent.insert(Seen { at: event.at(), seq: event.seq, what: step }, 2 * self.window, KEPT);
        let near: Vec<Seen<Step>> = recent.within(event.at(), self.window).copied().collect();
        let find = |deed| near.iter().rfind(|seen| seen.what.deed == deed);
        let (own_hand, by_admin) = (find(Deed::Removed), find(Deed::RemovedByAdmin));
        let removal = own_hand.or(by_admin);
        let enrollment = find(Deed::Enrolled).or(find(Deed::EnrolledByAdmin));
        let login_after = by_admin.and_then(|removal| {
            near.iter().rfind(|seen| seen.what.deed == Deed::SignedIn && seen.at >= removal.at)
        });
        let (Some(_), Some(second)) = (removal, enrollment.or(login_after)) else { return };
        let Some(strangest) = near.iter().filter_map(|seen| seen.what.strange).max() else { return };
        let is_marked = strangest == steps::MARKED;
        let mut severity = strangest.min(Severity::High);
        if enrollment.is_none() && by_admin.is_some_and(|removal| removal.what.is_own) {
            severity = severity.min(Severity::Low);
        }
        let strange = near.iter().filter(|seen| seen.what.strange.is_some());
        let is_learning = !strange.clone().any(|seen| seen.what.is_known);
        let minutes = |span: Micros| f64::from(i32::try_from(span / crate::MINUTE).unwrap_or(i32::MAX));
        let first = removal.map_or(second.at, |removal| removal.at.min(second.at));
        let mut finding =
            Finding::new(severity, account, event.at()).shown_by(near.iter().map(|seen| seen.seq));
        finding.is_learning = is_learning;
        let finding = finding.measured("minutes", minutes(event.at().since(first)), minutes(self.window));
        findings.push(if is_marked { finding.resting_on_marks(true, false) } else { finding });
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
    use serde_json::{Value, json};

    use super::*;
    use crate::{
        Audience,
        detectors::{
            calls::call,
            trial::{Line, Trial, told},
        },
    };

    fn days(days: i64) -> i64 {
        days * 86_400
    }

    fn home(line: Line) -> Line {
        line.user(1).from("192.0.2.15").at("DE", 52.5, 13.4).system(1)
    }

    fn abroad(line: Line) -> Line {
        line.user(1).from("198.51.100.15").at("NG", 6.5, 3.4).system(2)
    }

    fn logins(count: i64) -> Vec<Line> {
        (0..count).map(|n| home(Line::new("s", days(n)))).collect()
    }

    fn swap(place: fn(Line) -> Line, second: i64) -> Vec<Line> {
        vec![place(Line::new("gd_unenroll", second)), place(Line::new("gd_enrollment_complete", second + 60))]
    }

    #[test]
    fn a_swap_from_an_unseen_country_is_found_though_a_login_from_there_came_first() {
        let trial = Trial::of(&[NATIVE]);
        let day = days(9);
        let attack = [logins(4), vec![abroad(Line::new("s", day))], swap(abroad, day + 300)].concat();
        assert_eq!(told(&trial.run(&attack)), [("auth0|1", Severity::Medium)]);
        let with_device = |line| abroad(line).on_phone();
        assert_eq!(
            told(&trial.run(&[logins(4), swap(with_device, day)].concat())),
            [("auth0|1", Severity::High)]
        );
        // Enrolled first, removed then: the same.
        let mut backwards = [logins(4), swap(abroad, day)].concat();
        backwards[4] = abroad(Line::new("gd_unenroll", day + 120));
        assert_eq!(told(&trial.run(&backwards)), [("auth0|1", Severity::Medium)]);
    }

    #[test]
    fn a_swap_from_where_an_attack_came_from_says_that_it_rests_on_that() {
        let trial = Trial::of(&[crate::detectors::password_spray::NATIVE, NATIVE]);
        let day = days(9);
        let spray = |n: usize| home(Line::new("fp", day - 1_000 + i64::try_from(n).unwrap())).user(100 + n);
        let spray: Vec<Line> = (0..25).map(spray).collect();
        let of = |lines: &[Line]| -> Vec<crate::Alert> {
            trial.run(lines).into_iter().filter(|alert| alert.detector == ABOUT.id).collect()
        };
        let tells = |alert: &crate::Alert| alert.measures.iter().any(crate::Measure::tells_of_mark);
        let marked = of(&[logins(4), spray, swap(home, day)].concat());
        assert_eq!(told(&marked), [("auth0|1", Severity::High)]);
        assert!(tells(&marked[0]));
        // What is as strange by itself rests on no mark.
        let far = |line| abroad(line).on_phone();
        let own = of(&[logins(4), swap(far, day)].concat());
        assert_eq!(told(&own), [("auth0|1", Severity::High)]);
        assert!(!tells(&own[0]));
    }

    #[test]
    fn a_thief_who_waits_a_day_is_no_less_strange() {
        let trial = Trial::of(&[NATIVE]);
        let thief = |line| abroad(line).on_phone();
        let came = vec![thief(Line::new("s", days(9)))];
        let waits = [logins(4), came, swap(thief, days(10) + 3_600)].concat();
        assert_eq!(told(&trial.run(&waits)), [("auth0|1", Severity::High)]);
    }

    #[test]
    fn who_moved_or_has_used_an_account_for_two_days_is_at_home() {
        let trial = Trial::of(&[NATIVE]);
        let moved = (5..8).map(|day| abroad(Line::new("s", days(day)))).collect();
        assert_eq!(trial.run(&[logins(4), moved, swap(abroad, days(9))].concat()), []);
        let twice = [days(0), 60, days(1)].map(|second| home(Line::new("s", second))).to_vec();
        assert_eq!(trial.run(&[twice, swap(home, days(3))].concat()), []);
        let once = vec![abroad(Line::new("s", days(4)))];
        assert_eq!(trial.run(&[logins(4), once, swap(abroad, days(20))].concat()), []);
    }

    #[test]
    fn at_home_too_far_apart_or_half_of_it_is_quiet() {
        let trial = Trial::of(&[NATIVE]);
        let day = days(9);
        assert_eq!(trial.run(&[logins(4), swap(home, day)].concat()), []);
        assert!(trial.is_quiet(&[logins(4), swap(|line| home(line).on_phone().ja4("t13d"), day)].concat()));
        let far = [logins(4), vec![abroad(Line::new("gd_unenroll", day))]].concat();
        assert_eq!(trial.run(&far), []);
        let enrolled = |second| abroad(Line::new("gd_enrollment_complete", second));
        let at = |second| [far.clone(), vec![enrolled(second)]].concat();
        assert_eq!(trial.run(&at(day + days(1))).len(), 1);
        assert_eq!(trial.run(&at(day + days(1) + 1)), []);
    }

    #[test]
    fn of_an_account_that_is_hardly_known_it_is_only_recorded() {
        let alerts = Trial::of(&[NATIVE]).run(&[logins(2), swap(abroad, days(9))].concat());
        assert_eq!(alerts[0].audience, Audience::Learning);
    }

    #[test]
    fn administrators_remove_factors_by_several_paths_and_a_login_elsewhere_makes_it_a_finding() {
        let trial = Trial::of(&[NATIVE]);
        let day = days(9);
        for (method, path) in [
            ("post", "recovery-code-regeneration"),
            ("delete", "authentication-methods"),
            ("delete", "authentication-methods/dev_1"),
            ("delete", "authenticators"),
            ("delete", "multifactor/guardian"),
        ] {
            let path = format!("/api/v2/users/auth0%7C1/{path}");
            let removed = call(day, method, &path, &Value::Null, &Value::Null);
            let after = |line: Line| [logins(4), vec![removed.clone(), line]].concat();
            let elsewhere = after(abroad(Line::new("s", day + 600)));
            assert_eq!(told(&trial.run(&elsewhere)), [("auth0|1", Severity::Medium)], "{path}");
            assert_eq!(trial.run(&after(home(Line::new("s", day + 600)))), []);
            // A login elsewhere before the removal is no consequence of it.
            assert_eq!(trial.run(&after(abroad(Line::new("s", day - 600)))), []);
        }
    }

    #[test]
    fn the_my_account_api_tells_by_its_method() {
        let of = |second, method: &str| {
            let details = json!({"request": {"method": method, "path": "/me/v1/authentication-methods"}});
            abroad(Line::new("my_account_authentication_method_succeeded", second)).with("details", details)
        };
        let day = days(9);
        let lines = [logins(4), vec![of(day, "DELETE"), of(day + 60, "POST")]].concat();
        assert_eq!(told(&Trial::of(&[NATIVE]).run(&lines)), [("auth0|1", Severity::Medium)]);
        let read = [logins(4), vec![of(day, "DELETE"), of(day + 60, "GET")]].concat();
        assert_eq!(Trial::of(&[NATIVE]).run(&read), []);
    }
}
