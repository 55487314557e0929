//! Distance and speed from the user's latest confirmed sign-ins.

use super::familiarity::{Whose, shrink};
use crate::{
    Contribution, Features, Model, Profile, code,
    number::{clip, elapsed, grouped, micro, milli, nearest, real},
};

/// Whether the user can have come here; `None` without a place now or before, or when the trip was unremarkable.
///
/// Measured from the latest confirmed sign-in with a place. Positions may be 100 km off, times five minutes.
pub(super) fn travel(features: &Features, profile: Option<&Profile>, model: &Model) -> Option<Contribution> {
    let (profile, here, constants) = (profile?, features.place?, &model.travel);
    let (mut last, mut nearest_km) = (None, f64::INFINITY);
    for (second, place) in profile.places() {
        let km = here.distance_km(place);
        nearest_km = f64::min(nearest_km, km);
        last = Some((second, km));
    }
    let (second, km) = last?;
    let history = profile.history(features.at);
    let is_near = nearest_km <= f64::from(constants.near_km);
    let gap_s = features.at.seconds().abs_diff(second);
    let gap_s = i64::try_from(gap_s).unwrap_or(i64::MAX);
    let hours = real(gap_s.max(i64::from(constants.min_elapsed_s.max(1)))) / 3_600.0;
    let speed = (km - f64::from(constants.slack_km)).max(0.0) / hours;
    let fast = f64::from(constants.fast_kmh.max(1));
    // Machines do not travel: their copies ask from many places at once, and a new network says it already.
    if features.machine.is_none() && km > f64::from(constants.far_km) && speed > fast {
        let most =
            if is_near { constants.hi_known_micro.min(constants.hi_micro) } else { constants.hi_micro };
        let evidence = clip(micro(milli(constants.weight_milli) * libm::log(speed / fast)), 0, most);
        let counted = shrink(evidence, history, constants.half_trust_milli, 1.0);
        let is_possible = speed <= f64::from(constants.impossible_kmh);
        let code = if is_possible { code::FAST_TRAVEL } else { code::IMPOSSIBLE_TRAVEL };
        let (distance, time) = (grouped(nearest(km)), Whose::of(features).time);
        let text = format!("{distance} km from the last confirmed {time} in {}.", elapsed(gap_s));
        return Contribution::new(code, counted, (0, most), text);
    }
    if !is_near {
        return None;
    }
    let counted =
        shrink(clip(constants.near_micro, constants.near_micro, 0), history, model.half_trust_milli, 1.0);
    let times = Whose::of(features).times;
    let text = format!("Within {} km of one of the latest confirmed {times}.", constants.near_km);
    Contribution::new(code::KNOWN_PLACE, counted, (constants.near_micro, 0), text)
}

#[cfg(test)]
mod tests {
    use countersign_core::Timestamp;
    use proptest::prelude::*;

    use super::*;
    use crate::{
        Place,
        samples::{DAY_S, home, now, ordinary, stranger},
    };

    /// An hour after the last sign-in at home, at another place.
    fn at(lat: i32, lon: i32) -> Features {
        Features { place: Some(Place { lat, lon }), ..ordinary() }
    }

    #[test]
    fn around_the_world_in_an_hour_is_impossible() {
        let reason = travel(&stranger(), Some(&home(60)), &Model::default()).unwrap();
        assert_eq!(reason.code, code::IMPOSSIBLE_TRAVEL);
        assert_eq!(reason.text, "16,484 km from the last confirmed sign-in in 60 min.");
        assert!(reason.micro > 2_500_000);
    }

    #[test]
    fn noisy_positions_and_slow_trips_count_nothing() {
        let (profile, model) = (home(60), Model::default());
        assert_eq!(travel(&at(520_000, 100_000), Some(&profile), &model), None, "230 km in an hour");
        let later = Features { at: Timestamp::from_seconds(now().seconds() + 4 * DAY_S), ..stranger() };
        assert_eq!(travel(&later, Some(&profile), &model), None, "the world in four days");
    }

    #[test]
    fn a_place_of_late_is_reassuring_and_a_gateway_in_use_is_no_flight() {
        let (mut profile, model) = (home(60), Model::default());
        assert_eq!(travel(&ordinary(), Some(&profile), &model).unwrap().code, code::KNOWN_PLACE);
        let mut gateway = stranger();
        gateway.at = Timestamp::from_seconds(now().seconds() - 1_800);
        profile.credit(&gateway, 99, 1_000);
        let back = travel(&ordinary(), Some(&profile), &model).unwrap();
        assert!(back.micro <= model.travel.hi_known_micro);
    }

    #[test]
    fn a_place_without_confirmation_is_no_place_of_late() {
        let (mut profile, model) = (home(60), Model::default());
        let before = travel(&stranger(), Some(&profile), &model);
        profile.credit(&stranger(), 99, 150);
        let after = travel(&stranger(), Some(&profile), &model);
        assert_eq!(after.unwrap().code, before.unwrap().code);
    }

    proptest! {
        #[test]
        fn further_in_the_same_time_never_counts_less(
            lat in -900_000..900_000_i32, lon in -1_800_000..1_800_000_i32,
            lat2 in -900_000..900_000_i32, lon2 in -1_800_000..1_800_000_i32,
        ) {
            let (profile, model, home) = (home(60), Model::default(), ordinary().place.unwrap());
            let of = |features: &Features| travel(features, Some(&profile), &model).map_or(0, |reason| reason.micro);
            let (a, b) = (at(lat, lon), at(lat2, lon2));
            let (near, far) = if home.distance_km(a.place.unwrap()) <= home.distance_km(b.place.unwrap()) { (a, b) } else { (b, a) };
            prop_assert!(of(&near) <= of(&far));
        }

        #[test]
        fn the_same_distance_in_less_time_never_counts_less(gap in 0..72_000_i64, less in 0..72_000_i64) {
            // Within one day of UTC, so that the history's weight is the same.
            let evening = Timestamp::from_seconds(now().seconds() + 15 * 3_600);
            let features = Features { at: evening, ..stranger() };
            let of = |gap: i64| {
                let mut profile = Profile::default();
                let start = Timestamp::from_seconds(evening.seconds() - gap);
                profile.credit(&Features { at: start, ..ordinary() }, 1, 1_000);
                travel(&features, Some(&profile), &Model::default()).map_or(0, |reason| reason.micro)
            };
            let (quick, slow) = (gap.min(less), gap.max(less));
            prop_assert!(of(quick) >= of(slow));
        }
    }
}
