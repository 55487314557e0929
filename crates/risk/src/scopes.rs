//! Which of the scopes that a machine asks for are new to it.

use crate::{Features, Model, Profile, number::milli};

/// Those of `requested` that the client was never confirmed to ask for, in the same order; give it
/// [`requested_scopes`](crate::requested_scopes).
///
/// Empty without a history of scopes, since everything is new then: under the model's `min_history_milli`, and for
/// people. A scope beyond those that a request keeps is new unless a shorter request told it: what can't be known to be
/// familiar is not called so.
#[must_use]
pub fn unseen_scopes<'a>(
    requested: impl IntoIterator<Item = &'a str>,
    features: &Features,
    profile: Option<&Profile>,
    model: &Model,
) -> Vec<&'a str> {
    let is_known = |profile: &&Profile| {
        let history = profile.scoped_history(features.at);
        features.machine.is_some() && history > 0.0 && history >= milli(model.min_history_milli)
    };
    let Some(profile) = profile.filter(is_known) else {
        return Vec::new();
    };
    requested.into_iter().filter(|scope| !profile.holds_scope(scope)).collect()
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;
    use crate::{
        Machine,
        samples::{home, machine, machine_home, now, ordinary},
    };

    const KNOWN: [&str; 2] = ["read:orders", "write:orders"];

    fn unseen<'a>(requested: &[&'a str], profile: Option<&Profile>) -> Vec<&'a str> {
        unseen_scopes(requested.iter().copied(), &machine(now()), profile, &Model::default())
    }

    fn asking<'a>(scopes: impl IntoIterator<Item = &'a str>) -> Features {
        let mut asked = Machine::default();
        asked.ask(scopes);
        Features { machine: Some(asked), ..machine(now()) }
    }

    #[test]
    fn only_the_scopes_that_were_never_seen_are_new() {
        let profile = machine_home(60);
        assert_eq!(unseen(&KNOWN, Some(&profile)), [""; 0]);
        assert_eq!(unseen(&["read:orders"], Some(&profile)), [""; 0], "fewer than usual are not new");
        assert_eq!(
            unseen(&["delete:orders", "read:orders", "write:users"], Some(&profile)),
            ["delete:orders", "write:users"]
        );
    }

    #[test]
    fn nothing_is_new_to_whoever_has_no_history_of_scopes() {
        assert_eq!(unseen(&["a"], None), [""; 0]);
        assert_eq!(unseen(&["a"], Some(&Profile::default())), [""; 0]);
        assert_eq!(unseen(&["a"], Some(&machine_home(2))), [""; 0]);
        assert_eq!(unseen(&["a"], Some(&machine_home(4))), ["a"]);
        let people = unseen_scopes(["a"], &ordinary(), Some(&home(60)), &Model::default());
        assert_eq!(people, [""; 0]);
        let any = Model { min_history_milli: 0, ..Model::default() };
        assert_eq!(unseen_scopes(["a"], &machine(now()), Some(&home(60)), &any), [""; 0]);
    }

    #[test]
    fn asking_often_does_not_make_a_scope_known() {
        let mut profile = machine_home(60);
        for key in 0..1_000 {
            profile.credit(&asking(["write:users"]), key, 150);
        }
        assert_eq!(unseen(&["write:users"], Some(&profile)), ["write:users"]);
        profile.regrant(&asking(["write:users"]), 999, 150, 1_000);
        assert_eq!(unseen(&["write:users"], Some(&profile)), [""; 0]);
        profile.regrant(&asking(["write:users"]), 999, 1_000, 0);
        assert_eq!(
            unseen(&["write:users"], Some(&profile)),
            ["write:users"],
            "and it can be taken out again"
        );
        assert_eq!(unseen(&KNOWN, Some(&profile)), [""; 0]);
    }

    #[test]
    fn two_apis_with_many_scopes_are_both_remembered() {
        let names: Vec<String> = (0..48).map(|n| format!("read:{n}")).collect();
        let of = |api: usize| names.iter().map(String::as_str).skip(api * 24).take(24);
        let mut profile = Profile::default();
        for key in 0..20 {
            profile.credit(&asking(of(usize::try_from(key % 2).unwrap())), key, 1_000);
        }
        assert_eq!(unseen(&of(0).chain(of(1)).collect::<Vec<_>>(), Some(&profile)), [""; 0]);
        assert!(profile.encode().len() <= 1_024, "{}", profile.encode().len());
    }

    proptest! {
        #[test]
        fn any_text_is_new_or_known(requested in prop::collection::vec(any::<String>(), 0..40)) {
            let requested: Vec<&str> = requested.iter().map(String::as_str).collect();
            prop_assert_eq!(unseen(&requested, Some(&machine_home(5))), requested.clone());
            let mut profile = Profile::default();
            for key in 0..4 {
                profile.credit(&asking(requested.iter().copied()), key, 1_000);
            }
            let kept = requested.iter().collect::<std::collections::BTreeSet<_>>().len().min(24);
            let known = requested.len() - unseen(&requested, Some(&profile)).len();
            prop_assert!(known >= kept, "{} of {}", known, requested.len());
        }
    }
}
