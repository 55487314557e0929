//! Country, and network given the country, against the user's history.

use super::{client::confirmed, familiarity::Subject};
use crate::{Contribution, Features, Model, Profile, code, number::nearest, profile::Keys};

/// How well the country fits; `None` without a country or a history.
pub(super) fn country(features: &Features, profile: Option<&Profile>, model: &Model) -> Option<Contribution> {
    let seen = confirmed(profile?.country(Keys::of(features).country?, features.at), features);
    // A client whose requests come from many countries surprises less with another.
    let share_milli = features.machine.as_ref().map_or(1_000.0, |_| 1_000.0 / seen.distinct);
    Subject {
        constants: model.country,
        unfamiliar: code::UNFAMILIAR_COUNTRY,
        familiar: code::FAMILIAR_COUNTRY,
        noun: "this country",
        share_milli: u32::try_from(nearest(share_milli)).unwrap_or(0),
    }
    .contribution(seen, features, model)
}

/// How well the network fits; counts less when the country is unknown too, and by constants of its own for a machine; `None` without a network or a history.
pub(super) fn network(features: &Features, profile: Option<&Profile>, model: &Model) -> Option<Contribution> {
    let (profile, keys) = (profile?, Keys::of(features));
    let seen = confirmed(profile.network(keys.network?, features.at), features);
    let is_abroad = keys.country.is_some_and(|country| profile.country(country, features.at).weight <= 0.0);
    let (constants, share_milli) = match features.machine {
        // Only a client that stays in one place surprises elsewhere.
        Some(_) => {
            (model.machine_client.network, u32::try_from(nearest(1_000.0 / seen.distinct)).unwrap_or(0))
        }
        None if is_abroad => (model.network, model.network_abroad_milli),
        None => (model.network, 1_000),
    };
    Subject {
        constants,
        unfamiliar: code::UNFAMILIAR_NETWORK,
        familiar: code::FAMILIAR_NETWORK,
        noun: "this network",
        share_milli,
    }
    .contribution(seen, features, model)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::samples::{home, ordinary, stranger};

    #[test]
    fn a_new_country_counts_more_than_a_new_network() {
        let (profile, model) = (home(60), Model::default());
        let mut moved = ordinary();
        moved.network = stranger().network;
        let new_network = network(&moved, Some(&profile), &model).unwrap();
        let new_country = country(&stranger(), Some(&profile), &model).unwrap();
        assert_eq!(new_country.code, code::UNFAMILIAR_COUNTRY);
        assert!(new_country.micro > new_network.micro && new_network.micro > 0);
        assert!(
            network(&stranger(), Some(&profile), &model).unwrap().micro < new_network.micro,
            "given the country"
        );
    }

    #[test]
    fn the_usual_network_is_reassuring_and_more_so_with_more_history() {
        let model = Model::default();
        let of = |days| network(&ordinary(), Some(&home(days)), &model).unwrap().micro;
        assert!(of(60) < of(5) && of(5) < 0);
    }

    #[test]
    fn a_thin_history_calls_nothing_unfamiliar() {
        assert_eq!(country(&stranger(), Some(&home(2)), &Model::default()), None);
        assert_eq!(country(&stranger(), Some(&Profile::default()), &Model::default()), None);
        assert_eq!(country(&stranger(), None, &Model::default()), None);
    }

    #[test]
    fn a_user_of_many_networks_surprises_less_with_another() {
        let mut traveler = Profile::default();
        for n in 0..60_u64 {
            let mut features = ordinary();
            features.network = Some(format!("as{}", 64_500 + n % 10).as_str().into());
            traveler.credit(&features, n, 1_000);
        }
        let model = Model::default();
        let mut moved = ordinary();
        moved.network = stranger().network;
        let at_home = network(&moved, Some(&home(60)), &model).unwrap().micro;
        assert!(network(&moved, Some(&traveler), &model).is_none_or(|reason| reason.micro < at_home));
    }
}
