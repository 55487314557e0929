use super::*;

/// Weeks of 100 at nine o'clock on the third day, and 10 at all other hours.
fn learned(weeks: i64) -> Baseline {
    let mut baseline = Baseline::default();
    for hour in 0..weeks * WEEK {
        baseline.close(hour, if hour.rem_euclid(WEEK) == 57 { 100 } else { 10 }, false);
    }
    baseline
}

fn about(value: f64, expected: f64) -> bool {
    (value - expected).abs() <= expected * 0.05 + 0.5
}

#[test]
fn each_hour_of_the_week_has_its_own_norm() {
    let baseline = learned(4);
    assert!(about(baseline.most(4 * WEEK + 57).unwrap().middle, 100.0));
    assert!(about(baseline.most(4 * WEEK + 56).unwrap().middle, 10.0));
    assert!(about(baseline.level(), 10.0));
    assert!(baseline.most(4 * WEEK + 56).unwrap().deviation(60) > 6.0);
    assert_eq!(Baseline::default().most(0), None);
}

#[test]
fn in_the_first_week_the_same_hour_of_other_days_helps_out() {
    let mut baseline = Baseline::default();
    for hour in 0..50 {
        baseline.close(hour, if hour % 24 == 2 { 500 } else { 3 }, false);
    }
    assert!(about(baseline.most(50).unwrap().middle, 500.0));
    assert!(about(baseline.least(50).unwrap().middle, 3.0) && about(baseline.most(51).unwrap().middle, 3.0));
}

#[test]
fn one_outlier_and_flagged_hours_move_little_and_a_lasting_change_is_learned() {
    let mut baseline = learned(4);
    let hour = 4 * WEEK + 3;
    baseline.close(hour, 1_000_000, false);
    assert!(baseline.most(hour).unwrap().middle < 14.0);
    let (mut plain, mut flagged) = (learned(4), learned(4));
    for week in 4..30 {
        plain.close(week * WEEK, 40, false);
        flagged.close(week * WEEK, 40, true);
    }
    assert!(plain.most(0).unwrap().middle > 30.0 && flagged.most(0).unwrap().middle < 20.0);
}

#[test]
fn a_ramp_stands_out_against_the_level_of_28_days() {
    let mut baseline = Baseline::default();
    for hour in 0..11 * WEEK + 48 {
        let doubled = u32::try_from(hour / WEEK).unwrap();
        baseline.close(hour, 10 << doubled, false);
    }
    assert!(baseline.day() > 3.0 * baseline.level());
    assert!(learned(12).day() < 2.0 * learned(12).level());
}

#[test]
fn a_gap_is_hours_without_anything_and_of_any_length() {
    let mut baseline = learned(4);
    baseline.close(i64::MAX - 1, 7, false);
    assert!(baseline.level() < 5.0);
    baseline.close(0, 1_000, false);
    assert!(baseline.level() < 5.0);
}
