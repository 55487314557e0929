//! What a model may read: numbers by name.

use countersign_core::MicroLogit;

use crate::{CODES, Contribution, Features, Profile, code::OWN_MODEL, number};

/// The inputs beside the reasons, each with its unit: what an operator can gather at training as well.
pub const RAW_INPUTS: &[(&str, &str)] = &[
    ("local_hour", "Hour of the day by the sun, 0 to 23; missing without a place."),
    ("logins_count", "Sign-ins so far by Auth0's count, this one included; missing when not told."),
    ("history", "Weight of the user's or client's history, in sign-ins; 0 without one."),
    ("enrolled_factors", "How many types of factors were enrolled."),
    ("session_known", "1 when the sign-in continues a session, else 0; missing when no start was named."),
    ("is_new_account", "1 for one of the account's first sign-ins, else 0."),
    ("gibberish", "How much the address looks made up, 0 to 1; missing when it was not read."),
    ("hours_since_reset", "Hours since the password was reset before; missing when it never was."),
];

/// The name as it is kept, of a code of [`CODES`] other than `own_model`, or one of [`RAW_INPUTS`]; `None` for any other.
#[must_use]
pub fn known_input(name: &str) -> Option<&'static str> {
    all().find(|known| *known == name)
}

fn all() -> impl Iterator<Item = &'static str> {
    codes().chain(RAW_INPUTS.iter().map(|(name, _)| *name))
}

/// Every reason but the model's own, which is what it says itself.
fn codes() -> impl Iterator<Item = &'static str> {
    CODES.iter().map(|(code, _)| *code).filter(|code| *code != OWN_MODEL.as_str())
}

/// How alike two names are that someone may have mixed up (Jaro-Winkler, 1 for the same); judgement.
const NEAR: f64 = 0.8;

/// The three known names that are most like `name`, best first; none when nothing is much like it.
pub(super) fn near(name: &str) -> Vec<&'static str> {
    let mut near: Vec<(f64, &str)> = all()
        .map(|known| (strsim::jaro_winkler(known, name), known))
        .filter(|(alike, _)| *alike >= NEAR)
        .collect();
    near.sort_by(|a, b| b.0.total_cmp(&a.0).then(a.1.cmp(b.1)));
    near.into_iter().take(3).map(|(_, known)| known).collect()
}

/// One of [`RAW_INPUTS`]; `None` when it is missing.
fn raw(name: &str, features: &Features, profile: Option<&Profile>) -> Option<f64> {
    let yes = |is: bool| if is { 1.0 } else { 0.0 };
    match name {
        "local_hour" => features.local_hour.map(f64::from),
        "logins_count" => features.logins_count.map(number::real_unsigned),
        "history" => Some(profile.map_or(0.0, |profile| profile.history(features.at))),
        "enrolled_factors" => u32::try_from(features.enrolled.len()).ok().map(f64::from),
        "session_known" => features.session_known.map(yes),
        "is_new_account" => Some(yes(features.is_new_account)),
        "gibberish" => {
            let milli = features.sign_up.as_ref().and_then(|sign_up| sign_up.gibberish_milli);
            milli.map(|milli| number::milli(milli.into()))
        }
        "hours_since_reset" => {
            features.reset.as_ref().and_then(|reset| reset.hours_since_reset).map(f64::from)
        }
        _ => None,
    }
}

/// What a model is given of one transaction: numbers by name, in order. A name that is not there is missing.
#[derive(Debug, Clone, PartialEq, Default)]
pub struct Inputs(Vec<(&'static str, Option<f64>)>);

impl Inputs {
    /// The evidence of every reason there is, in log-odds: what it counts, or 0 where it was not given.
    ///
    /// Why not missing: a reason that is silent found nothing, and a model is trained on that.
    #[must_use]
    pub fn of_reasons<'a>(given: impl IntoIterator<Item = (&'a str, MicroLogit)>) -> Self {
        let mut pairs: Vec<_> = codes().map(|code| (code, Some(0.0))).collect();
        pairs.sort_unstable_by_key(|(code, _)| *code);
        let mut inputs = Self(pairs);
        for (code, micro) in given {
            if let Some(known) = known_input(code) {
                inputs.set(known, Some(number::real(micro) / 1e6));
            }
        }
        inputs
    }

    /// All that there is: the evidence of every reason, and the other inputs as these features tell them.
    pub(crate) fn of(features: &Features, profile: Option<&Profile>, reasons: &[Contribution]) -> Self {
        let mut inputs = Self::of_reasons(reasons.iter().map(|reason| (reason.code.as_str(), reason.micro)));
        for (name, _) in RAW_INPUTS {
            inputs.set(name, raw(name, features, profile));
        }
        inputs
    }

    /// Sets one input; `None` says that it is missing.
    pub fn set(&mut self, name: &'static str, value: Option<f64>) {
        match self.0.binary_search_by(|(held, _)| (*held).cmp(name)) {
            Ok(at) => {
                if let Some(slot) = self.0.get_mut(at) {
                    slot.1 = value;
                }
            }
            Err(at) => self.0.insert(at, (name, value)),
        }
    }

    /// The number by that name; `None` when it is missing.
    #[must_use]
    pub fn get(&self, name: &str) -> Option<f64> {
        let at = self.0.binary_search_by(|(held, _)| (*held).cmp(name)).ok()?;
        self.0.get(at)?.1
    }
}

impl FromIterator<(&'static str, Option<f64>)> for Inputs {
    /// Of names that stand twice the latter holds.
    fn from_iter<I: IntoIterator<Item = (&'static str, Option<f64>)>>(pairs: I) -> Self {
        let mut inputs = Self::default();
        for (name, value) in pairs {
            inputs.set(name, value);
        }
        inputs
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_raw_input_has_a_name_of_its_own_and_a_meaning() {
        for (name, doc) in RAW_INPUTS {
            assert_eq!(all().filter(|known| known == name).count(), 1, "{name}");
            assert!(name.chars().all(|c| c.is_ascii_lowercase() || c.is_ascii_digit() || c == '_'), "{name}");
            assert!(doc.ends_with('.'), "{name}");
        }
    }

    #[test]
    fn a_silent_reason_counts_nothing_and_is_not_missing() {
        let inputs = Inputs::of_reasons([("impossible_travel", 2_500_000), ("of_another_engine", 1)]);
        assert_eq!(inputs.get("impossible_travel"), Some(2.5));
        assert_eq!(inputs.get("known_place"), Some(0.0));
        assert_eq!(inputs.get("local_hour"), None);
        assert_eq!(inputs.get("of_another_engine"), None);
    }

    #[test]
    fn the_latter_of_two_holds_in_any_order() {
        let inputs: Inputs =
            [("local_hour", Some(3.0)), ("history", None), ("local_hour", Some(4.0))].into_iter().collect();
        assert_eq!(inputs.get("local_hour"), Some(4.0));
        assert!(inputs.0.is_sorted_by(|a, b| a.0 < b.0));
    }
}
