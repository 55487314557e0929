//! `[tenants.<name>.reviews]`: which decisions wait for a person, in whose queue, and how long.

use countersign_app::reviews::{Mark, Settings};
use countersign_core::Level;
use serde::Deserialize;

/// The longest that anything may wait, in hours: 90 days.
const MAX_HOURS: u16 = 2_160;

/// No sign-up is put into the queue by itself.
const NONE: &str = "none";

/// `[tenants.<name>.reviews]`
#[derive(Debug, Clone, Default, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct Reviews {
    /// Whose queue something is put into by hand where nobody says.
    pub audience: Option<String>,
    /// Whose queue sign-ups are put into.
    pub sign_up_audience: Option<String>,
    /// The least level of a sign-up that is put there by itself, or `none`.
    pub sign_ups_from: Option<String>,
    /// Within how many hours somebody should have looked, by priority: low, normal, high, urgent.
    pub hours: Option<[u16; 4]>,
    /// How a user under review is marked: `role:<id>`, or `app_metadata:<key>`.
    pub mark: Option<String>,
}

/// A mark as it is written.
fn mark(text: &str) -> Option<Mark> {
    let (how, name) = text.split_once(':')?;
    let is_plain = |byte: u8| byte.is_ascii_alphanumeric() || byte == b'_';
    if !(1..=64).contains(&name.len()) || !name.bytes().all(is_plain) {
        return None;
    }
    match how {
        "role" => Some(Mark::Role(name.to_owned())),
        "app_metadata" => Some(Mark::AppMetadata(name.to_owned())),
        _ => None,
    }
}

impl Reviews {
    /// Everything that is wrong, a line each, without the tenant's path.
    pub(super) fn faults(&self) -> Vec<String> {
        let mut faults = Vec::new();
        for (name, word) in [("audience", &self.audience), ("sign_up_audience", &self.sign_up_audience)] {
            let is_of_words = |byte: u8| byte.is_ascii_lowercase() || byte.is_ascii_digit() || byte == b'_';
            let is_word = |word: &String| (1..=40).contains(&word.len()) && word.bytes().all(is_of_words);
            if word.as_ref().is_some_and(|word| !is_word(word)) {
                faults.push(format!("reviews.{name}`: a word of 1 to 40 lower-case letters, digits and `_`"));
            }
        }
        if self.hours.is_some_and(|hours| hours.iter().any(|hours| !(1..=MAX_HOURS).contains(hours))) {
            faults.push(format!("reviews.hours`: four numbers of 1 to {MAX_HOURS}"));
        }
        if self.sign_ups_from.as_ref().is_some_and(|word| word != NONE && word.parse::<Level>().is_err()) {
            faults.push(
                "reviews.sign_ups_from`: one of `low`, `medium`, `high`, `critical`, `none`".to_owned(),
            );
        }
        if self.mark.as_ref().is_some_and(|text| mark(text).is_none()) {
            faults.push(
                "reviews.mark`: `role:` and a role's id, or `app_metadata:` and a key of letters, digits and `_`"
                    .to_owned(),
            );
        }
        faults
    }

    /// The settings, with the defaults for what is not said.
    pub fn settings(&self) -> Settings {
        let default = Settings::default();
        let audience = self.audience.clone().unwrap_or(default.audience);
        Settings {
            sign_up_audience: self.sign_up_audience.clone().unwrap_or_else(|| audience.clone()),
            audience,
            sign_ups_from: match self.sign_ups_from.as_deref() {
                None => default.sign_ups_from,
                Some(word) => word.parse().ok(),
            },
            hours: self.hours.unwrap_or(default.hours),
            mark: self.mark.as_deref().and_then(mark),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn read(text: &str) -> Reviews {
        toml::from_str(text).unwrap()
    }

    #[test]
    fn what_is_not_said_is_the_default() {
        assert_eq!(read("").settings(), Settings::default());
        let settings = read(
            "audience = \"tenant_owner\"\nsign_ups_from = \"critical\"\nhours = [9, 8, 7, 6]\nmark = \"role:rol_1\"",
        )
        .settings();
        assert_eq!((settings.sign_up_audience.as_str(), settings.hours), ("tenant_owner", [9, 8, 7, 6]));
        assert_eq!(settings.sign_ups_from, Some(Level::Critical));
        assert_eq!(settings.mark, Some(Mark::Role("rol_1".to_owned())));
        assert_eq!(read("sign_ups_from = \"none\"").settings().sign_ups_from, None);
    }

    #[test]
    fn each_fault_is_told_with_its_place() {
        let faults = read(
            "audience = \"Two words\"\nhours = [0, 1, 1, 1]\nsign_ups_from = \"grave\"\nmark = \"app_metadata:a.b\"",
        )
        .faults();
        assert_eq!(faults.len(), 4, "{faults:?}");
        for place in ["reviews.audience`", "reviews.hours`", "reviews.sign_ups_from`", "reviews.mark`"] {
            assert!(faults.iter().any(|fault| fault.starts_with(place)), "{place} in {faults:?}");
        }
    }
}
