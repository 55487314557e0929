//! Kind of machine, browser given the machine, and programs without a person.

use countersign_core::Channel;

use super::familiarity::Subject;
use crate::{Contribution, Features, Model, Profile, code, number, profile::Keys};

/// How well machine and system fit; `None` without a user agent or a history.
pub(super) fn machine(features: &Features, profile: Option<&Profile>, model: &Model) -> Option<Contribution> {
    let seen = profile?.machine(Keys::of(features).machine?, features.at);
    Subject {
        constants: model.machine,
        unfamiliar: code::UNFAMILIAR_DEVICE,
        familiar: code::FAMILIAR_DEVICE,
        noun: "this kind of machine",
        share_milli: 1_000,
    }
    .contribution(seen, features, model)
}

/// How well the browser fits, whatever its version; counts less when the machine is unknown too.
pub(super) fn browser(features: &Features, profile: Option<&Profile>, model: &Model) -> Option<Contribution> {
    let (profile, keys) = (profile?, Keys::of(features));
    let seen = profile.browser(keys.browser?, features.at);
    let is_new_machine = keys.machine.is_some_and(|key| profile.machine(key, features.at).weight <= 0.0);
    Subject {
        constants: model.browser,
        unfamiliar: code::UNFAMILIAR_BROWSER,
        familiar: code::FAMILIAR_BROWSER,
        noun: "this browser on this kind of machine",
        share_milli: if is_new_machine { model.browser_on_new_machine_milli } else { 1_000 },
    }
    .contribution(seen, features, model)
}

/// Programs by which people's own apps exchange tokens.
const APPS: &[&str] = &["okhttp"];

/// What it counts that the agent names a program; less as far as the user's history consists of it, and nothing for a
/// machine, which is one.
pub(super) fn automation(
    features: &Features,
    profile: Option<&Profile>,
    model: &Model,
) -> Option<Contribution> {
    if !features.device.as_ref()?.automation || features.machine.is_some() {
        return None;
    }
    // Why: apps exchange tokens of people, and the shapes know how those look; scripts are no app.
    let is_exchange =
        features.is_login && !matches!(features.channel, Channel::Interactive | Channel::Silent);
    if is_exchange && features.device.as_ref().is_some_and(|device| APPS.contains(&device.browser.as_str())) {
        return None;
    }
    let (most, text) = match features.channel {
        Channel::Interactive | Channel::Silent => (
            model.automation.interactive_micro,
            "The client names itself as a program, where people sign in with a browser.",
        ),
        Channel::Refresh | Channel::Password | Channel::Exchange => (
            model.automation.other_micro,
            "The client names itself as a program that works without a person.",
        ),
    };
    let usual = profile.zip(Keys::of(features).browser).map_or(0.0, |(profile, key)| {
        let seen = profile.browser(key, features.at);
        seen.weight / (seen.total + number::milli(model.half_trust_milli.max(1)))
    });
    let counted = number::nearest(number::real(number::clip(most, 0, number::LIMIT_MICRO)) * (1.0 - usual));
    Contribution::new(code::AUTOMATED_CLIENT, counted, (0, number::LIMIT_MICRO), text)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::samples::{home, ordinary, stranger};

    fn scripted() -> Features {
        let mut features = ordinary();
        features.device = crate::parse_agent("python-requests/2.32.3");
        features
    }

    #[test]
    fn a_new_version_of_the_same_browser_is_no_news() {
        let (profile, model) = (home(60), Model::default());
        let mut updated = ordinary();
        updated.device.as_mut().unwrap().major += 1;
        assert_eq!(browser(&updated, Some(&profile), &model), browser(&ordinary(), Some(&profile), &model));
    }

    #[test]
    fn another_browser_on_the_usual_machine_counts_less_than_another_machine() {
        let (profile, model) = (home(60), Model::default());
        let mut other = ordinary();
        other.device.as_mut().unwrap().browser = "firefox".into();
        let sum = |features: &Features| {
            [machine, browser]
                .iter()
                .filter_map(|term| term(features, Some(&profile), &model))
                .map(|c| c.micro)
                .sum::<i64>()
        };
        assert!(sum(&ordinary()) < sum(&other) && sum(&other) < sum(&stranger()));
    }

    #[test]
    fn a_program_at_the_login_page_is_risky_even_without_history() {
        let model = Model::default();
        let interactive = automation(&scripted(), None, &model).unwrap();
        assert_eq!(interactive.micro, model.automation.interactive_micro);
        let refresh = Features { channel: Channel::Refresh, ..scripted() };
        assert!(automation(&refresh, None, &model).unwrap().micro < interactive.micro);
        assert_eq!(automation(&ordinary(), None, &model), None);
    }

    #[test]
    fn a_user_who_is_a_program_gets_used_to() {
        let mut robot = Profile::default();
        for key in 0..60 {
            robot.credit(&scripted(), key, 1_000);
        }
        let model = Model::default();
        assert!(
            automation(&scripted(), Some(&robot), &model).unwrap().micro
                < model.automation.interactive_micro / 5
        );
    }
}
