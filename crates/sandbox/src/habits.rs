//! Where a person is at an instant, and how likely to sign in.

use countersign_core::Timestamp;

use crate::people::{Person, Spot, TRIP_CYCLE_DAYS, TRIP_DAYS};

/// The hour at which a person's day begins: nobody changes places between midnight and then.
const DAY_BEGINS: i64 = 4;
/// Travelers are offline from this hour on the evening before they change cities …
const TRANSIT_BEGINS: i64 = 20;
/// … to this hour on the day itself: eleven hours, so that no honest journey looks impossible.
const TRANSIT_ENDS: i64 = 7;

/// An instant on a person's own clock; the day runs from 04:00 to 04:00.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
struct Local {
    day: i64,
    /// 0 to 23.
    hour: i64,
}

impl Local {
    fn of(person: &Person, at: Timestamp) -> Self {
        let seconds = at.seconds().saturating_add(person.office.city.utc_offset_hours * 3600);
        Self {
            day: seconds.saturating_sub(DAY_BEGINS * 3600).div_euclid(86_400),
            hour: seconds.div_euclid(3600).rem_euclid(24),
        }
    }
}

const fn holds(days: u8, day: i64) -> bool {
    // 1970-01-01 was a Thursday, which is bit 3.
    days >> (day + 3).rem_euclid(7) & 1 == 1
}

/// Whether the person works on a local day, counted from 1970.
#[must_use]
pub const fn is_working_day(person: &Person, day: i64) -> bool {
    holds(person.shift.days, day)
}

/// Whether the person is away on a local day, counted from 1970.
#[must_use]
pub fn is_trip_day(person: &Person, day: i64) -> bool {
    person.trips.is_some_and(|trips| (day - trips.first_day).rem_euclid(TRIP_CYCLE_DAYS) < TRIP_DAYS)
}

/// The instant `seconds` after midnight of a local day.
#[must_use]
pub const fn instant(person: &Person, day: i64, seconds: i64) -> Timestamp {
    Timestamp::from_seconds(day * 86_400 + seconds - person.office.city.utc_offset_hours * 3600)
}

fn is_at_work(person: &Person, local: Local) -> bool {
    is_working_day(person, local.day) && (person.shift.begins..person.shift.ends).contains(&local.hour)
}

fn is_in_transit(person: &Person, local: Local) -> bool {
    let today = is_trip_day(person, local.day);
    if local.hour >= TRANSIT_BEGINS || local.hour < DAY_BEGINS {
        today != is_trip_day(person, local.day + 1)
    } else {
        local.hour < TRANSIT_ENDS && today != is_trip_day(person, local.day - 1)
    }
}

/// Where the person is at `at`: away, at the office during work on other than remote days, or else at home.
#[must_use]
pub fn whereabouts(person: &Person, at: Timestamp) -> Spot {
    let local = Local::of(person, at);
    match person.trips {
        Some(trips) if is_trip_day(person, local.day) => trips.spot,
        _ if is_at_work(person, local) && !holds(person.remote_days, local.day) => person.office,
        _ => person.home,
    }
}

/// How likely the person is to sign in at `at`, relative to others: 100 at work, 12 within two hours of it, 1 at
/// any other time, and 0 while traveling between cities.
#[must_use]
pub fn activity(person: &Person, at: Timestamp) -> u32 {
    let local = Local::of(person, at);
    if is_in_transit(person, local) {
        return 0;
    }
    let near = (person.shift.begins - 2..person.shift.ends + 2).contains(&local.hour);
    match (is_at_work(person, local), near && is_working_day(person, local.day)) {
        (true, _) => 100,
        (false, true) => 12,
        (false, false) => 1,
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::population::Population;

    #[test]
    fn a_working_day_follows_the_weekday() {
        let population = Population::new(1);
        let person = &population.people()[0];
        // 2026-08-17 is a Monday.
        let monday = "2026-08-17T00:00:00Z".parse::<Timestamp>().unwrap().days();
        assert!((0..5).all(|n| is_working_day(person, monday + n)));
        assert!(!is_working_day(person, monday + 5) && !is_working_day(person, monday + 6));
    }

    #[test]
    fn people_work_at_the_office_by_day_and_are_home_at_night() {
        let population = Population::new(1);
        let person = &population.people()[0];
        // A Tuesday: 10:00 and 23:00 in Chicago's winter time.
        let (day, night) = ("2026-01-13T16:00:00Z".parse().unwrap(), "2026-01-14T05:00:00Z".parse().unwrap());
        assert_eq!(whereabouts(person, day), person.office);
        assert_eq!(whereabouts(person, night), person.home);
        assert!(activity(person, day) > activity(person, night));
    }

    #[test]
    fn a_traveler_is_away_two_working_days_in_five_weeks_and_offline_on_the_way() {
        let population = Population::new(1);
        let person = population.people().iter().find(|person| person.trips.is_some()).unwrap();
        let away: Vec<i64> = (20_600..20_635).filter(|&day| is_trip_day(person, day)).collect();
        assert_eq!(away.len(), 2);
        assert!(away.iter().all(|&day| is_working_day(person, day)));
        let first =
            (20_600..20_640).find(|&day| is_trip_day(person, day) && !is_trip_day(person, day - 1)).unwrap();
        let hour = |day: i64, hour: i64| activity(person, instant(person, day, hour * 3600));
        assert_eq!((hour(first - 1, 21), hour(first, 1), hour(first, 5)), (0, 0, 0));
        assert!(hour(first - 1, 15) > 0 && hour(first, 10) > 0);
    }
}
