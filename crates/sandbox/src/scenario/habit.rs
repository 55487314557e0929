//! Habits as a scenario writes them.

use serde::Deserialize;

use super::values::{Share, Whole};
use crate::people::Shift;

/// A day of the week.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "lowercase")]
enum Day {
    Mon,
    Tue,
    Wed,
    Thu,
    Fri,
    Sat,
    Sun,
}

impl Day {
    /// Its bit in a week.
    const fn bit(self) -> u8 {
        1 << match self {
            Self::Mon => 0,
            Self::Tue => 1,
            Self::Wed => 2,
            Self::Thu => 3,
            Self::Fri => 4,
            Self::Sat => 5,
            Self::Sun => 6,
        }
    }
}

/// When people work and how often they sign in; what is left out is as in the layer around, at last as in `DEFAULT`.
#[derive(Debug, Clone, Default, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub(crate) struct HabitsForm {
    hours: Option<Hours>,
    days: Option<Vec<Day>>,
    remote_days: Option<Vec<Day>>,
    sign_ins: Option<Range>,
    mistypes: Option<Share>,
}

/// The first hour of work, and the hour before which it ends.
#[derive(Debug, Clone, Copy, Deserialize)]
#[serde(try_from = "(Whole<0, 23>, Whole<1, 24>)")]
struct Hours {
    begins: u16,
    ends: u16,
}

impl TryFrom<(Whole<0, 23>, Whole<1, 24>)> for Hours {
    type Error = String;

    fn try_from((Whole(begins), Whole(ends)): (Whole<0, 23>, Whole<1, 24>)) -> Result<Self, String> {
        if begins < ends {
            return Ok(Self { begins, ends });
        }
        Err(format!(
            "work from {begins} to {ends} o'clock has no hours; the second is later, such as [8, 17]"
        ))
    }
}

/// The fewest and the most sign-ins of a working day.
#[derive(Debug, Clone, Copy, Deserialize)]
#[serde(try_from = "(Whole<0, 20>, Whole<0, 20>)")]
struct Range {
    fewest: u16,
    most: u16,
}

impl TryFrom<(Whole<0, 20>, Whole<0, 20>)> for Range {
    type Error = String;

    fn try_from((Whole(fewest), Whole(most)): (Whole<0, 20>, Whole<0, 20>)) -> Result<Self, String> {
        if fewest <= most {
            return Ok(Self { fewest, most });
        }
        Err(format!("from {fewest} to {most} is nothing; the second is no less, such as [2, 3]"))
    }
}

/// Habits that are whole.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Habits {
    pub(crate) shift: Shift,
    pub(crate) remote_days: u8,
    pub(crate) sign_ins: (u32, u32),
    pub(crate) mistypes: Share,
}

impl HabitsForm {
    /// These habits in the layer around them.
    pub(crate) fn within(&self, around: Habits) -> Habits {
        let week = |days: &Vec<Day>| days.iter().fold(0, |week, day| week | day.bit());
        Habits {
            shift: Shift {
                days: self.days.as_ref().map_or(around.shift.days, week),
                begins: self.hours.map_or(around.shift.begins, |hours| i64::from(hours.begins)),
                ends: self.hours.map_or(around.shift.ends, |hours| i64::from(hours.ends)),
            },
            remote_days: self.remote_days.as_ref().map_or(around.remote_days, week),
            sign_ins: self
                .sign_ins
                .map_or(around.sign_ins, |range| (u32::from(range.fewest), u32::from(range.most))),
            mistypes: self.mistypes.unwrap_or(around.mistypes),
        }
    }
}

/// Eight to five on weekdays at the office, two or three sign-ins, one password in fifty typed wrong at first.
pub(crate) const DEFAULT: Habits = Habits {
    shift: Shift { days: 0b001_1111, begins: 8, ends: 17 },
    remote_days: 0,
    sign_ins: (2, 3),
    mistypes: Share::millionth(20_000),
};
