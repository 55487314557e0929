//! Hour of the day against the user's hours, on a circle.

use countersign_core::Channel;

use super::familiarity::{Whose, shrink};
use crate::{
    Contribution, Features, Model, Profile, code,
    number::{micro, milli, nearest},
};

/// How well the hour fits; `None` where neither a person nor a machine's timetable chose it, without a place, and without a history.
pub(super) fn hour(features: &Features, profile: Option<&Profile>, model: &Model) -> Option<Contribution> {
    let profile = profile?;
    if features.channel != Channel::Interactive && features.machine.is_none() {
        return None;
    }
    let hour = u32::from(features.local_hour? % 24);
    let constants = &model.hours;
    let (mut near, mut kernel_sum, mut total) = (0.0, 0.0, 0.0);
    for (distance, weight) in (0_u32..).zip(constants.kernel) {
        for other in neighbors(hour, distance) {
            let seen = profile.hour(other, features.at);
            near += seen.weight * f64::from(weight);
            kernel_sum += f64::from(weight);
            total = seen.total;
        }
    }
    let prior = milli(constants.prior_milli.max(1));
    let user = (near / f64::max(kernel_sum, 1.0) + prior / 24.0) / (total + prior);
    let bounds = (constants.lo_micro, constants.hi_micro);
    let evidence =
        micro(milli(constants.weight_milli) * libm::log(1.0 / 24.0 / user)).max(bounds.0).min(bounds.1);
    let counted = shrink(evidence, total, model.half_trust_milli, 1.0);
    if counted > 0 && total < milli(model.min_history_milli) {
        return None;
    }
    let (sign_ins, Whose { owner, times, .. }) = (nearest(total).max(1), Whose::of(features));
    let (code, text) = if counted > 0 {
        (
            code::UNUSUAL_HOUR,
            format!("Few of the {owner} about {sign_ins} {times} were at this hour of the day."),
        )
    } else {
        (
            code::USUAL_HOUR,
            format!("Many of the {owner} about {sign_ins} {times} were at this hour of the day."),
        )
    };
    Contribution::new(code, counted, bounds, text)
}

/// The hours `distance` away on the circle: one for no distance, else two.
fn neighbors(hour: u32, distance: u32) -> impl Iterator<Item = u32> {
    let after = (hour + distance) % 24;
    let before = (hour + 24 - distance % 24) % 24;
    std::iter::once(after).chain((distance > 0).then_some(before))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::samples::{home, ordinary};

    fn at_hour(local_hour: u8) -> Features {
        Features { local_hour: Some(local_hour), ..ordinary() }
    }

    #[test]
    fn midnight_lies_between_eleven_and_one() {
        let mut owl = Profile::default();
        for key in 0..30 {
            owl.credit(&at_hour(23), key, 1_000);
        }
        let model = Model::default();
        let of = |local_hour| hour(&at_hour(local_hour), Some(&owl), &model).unwrap().micro;
        assert_eq!(of(0), of(22));
        assert_eq!(of(1), of(21));
        assert!(of(23) <= of(0) && of(0) < 0 && of(12) > 0);
    }

    #[test]
    fn hours_count_for_people_only() {
        let refresh = Features { channel: Channel::Refresh, ..at_hour(3) };
        assert_eq!(hour(&refresh, Some(&home(60)), &Model::default()), None);
        assert!(hour(&at_hour(3), Some(&home(60)), &Model::default()).is_some());
    }
}
