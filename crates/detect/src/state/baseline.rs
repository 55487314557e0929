//! How much is usual at an hour of the week, learned from hours that have ended.
//!
//! 168 cells, each with a middle and a spread that outliers move little (a step is at most three scales), in about 2.1 KB. A cell
//! forgets a tenth each week; the level of all hours forgets within 28 days, so that what creeps up week by week still stands out.

use serde::{Deserialize, Serialize};

/// The hours of a week.
const WEEK: i64 = 168;

/// The hours of 28 days: the reach of the level, and the longest gap that is filled with empty hours.
const MONTH: i64 = 4 * WEEK;

/// How much of a cell the newest week is, at least: a decay of 0.9 a week.
const WEEKLY: f32 = 0.1;

/// How much an hour counts that was found to be unusual.
const FLAGGED: f32 = 0.1;

/// Cells that were seen in fewer weeks are helped out by the same hour of other days.
const FEW_WEEKS: f32 = 2.0;

/// What was seen of one hour of the week.
#[derive(Debug, Clone, Copy, Default, PartialEq, Serialize, Deserialize)]
struct Cell {
    middle: f32,
    spread: f32,
    weeks: f32,
}

impl Cell {
    /// What a deviation is measured in: the spread as for a normal distribution, never less than that of rare events, nor than
    /// 15% of the middle.
    fn scale(&self) -> f32 {
        let counting = self.middle.max(1.0).sqrt();
        (1.4826 * self.spread).max(counting).max(0.15 * self.middle)
    }

    fn learn(&mut self, count: f32, least: f32, weight: f32) {
        let share = weight * (1.0 / (self.weeks + 1.0)).max(least);
        let limit = if self.weeks < 0.5 { f32::MAX } else { 3.0 * self.scale() };
        let step = (count - self.middle).clamp(-limit, limit);
        self.middle += share * step;
        // Why not from the first: one value has no spread.
        if self.weeks > 0.0 {
            self.spread += share * (step.abs() - self.spread);
        }
        self.weeks = (self.weeks + weight).min(10_000.0);
    }
}

/// What is usual.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Norm {
    /// The middle count of an hour.
    pub middle: f64,
    /// What deviations are measured in.
    pub scale: f64,
}

impl Norm {
    /// How many scales `count` stands above the middle.
    #[must_use]
    pub fn deviation(&self, count: u32) -> f64 {
        (f64::from(count) - self.middle) / self.scale
    }
}

/// Counts by the hour of the week.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
pub struct Baseline {
    /// The first hour.
    begun: Option<i64>,
    /// The hour after the newest that was learned.
    next: i64,
    /// 168, by the hour of the week; none before the first hour.
    cells: Vec<Cell>,
    /// All hours of 28 days.
    level: Cell,
    /// The mean of the last day or so.
    day: f32,
}

impl Baseline {
    /// Learns an hour that has ended, and that those between it and the one before were empty. An hour that was learned is passed over.
    pub fn close(&mut self, hour: i64, count: u32, is_flagged: bool) {
        if self.begun.is_none() {
            self.begun = Some(hour);
            self.next = hour;
            self.cells = vec![Cell::default(); usize::try_from(WEEK).unwrap_or_default()];
        }
        for empty in self.next.max(hour.saturating_sub(MONTH))..hour {
            self.learn(empty, 0.0, 1.0);
        }
        if hour >= self.next {
            self.learn(hour, as_number(count), if is_flagged { FLAGGED } else { 1.0 });
            self.next = hour.saturating_add(1);
        }
    }

    fn learn(&mut self, hour: i64, count: f32, weight: f32) {
        if let Some(cell) = self.cells.get_mut(index(hour)) {
            cell.learn(count, WEEKLY, weight);
        }
        self.level.learn(count, 1.0 / 672.0, weight);
        self.day += (count - self.day) / 24.0;
    }

    /// Whether an hour was learned.
    #[must_use]
    pub const fn has_begun(&self) -> bool {
        self.begun.is_some()
    }

    /// How many hours have passed from the first that was learned to `hour`.
    #[must_use]
    pub fn age(&self, hour: i64) -> i64 {
        self.begun.map_or(0, |begun| hour.saturating_sub(begun))
    }

    /// The most that is usual at an hour: what the same hour of other weeks says, and where those are few, of other days, and of
    /// all hours. `None` before the first hour was learned.
    #[must_use]
    pub fn most(&self, hour: i64) -> Option<Norm> {
        let own = self.cells.get(index(hour)).filter(|cell| cell.weeks >= FEW_WEEKS);
        let cell = own.copied().or_else(|| {
            let all = self.of_other_days(hour).chain([self.level]);
            all.max_by(|one, other| one.middle.total_cmp(&other.middle))
        });
        self.begun.and(cell).map(norm)
    }

    /// The least that is usual at an hour, told likewise.
    #[must_use]
    pub fn least(&self, hour: i64) -> Option<Norm> {
        let own = self.cells.get(index(hour)).filter(|cell| cell.weeks >= FEW_WEEKS);
        let cell = own.copied().or_else(|| {
            let all = self.of_other_days(hour).chain([self.level]);
            all.min_by(|one, other| one.middle.total_cmp(&other.middle))
        });
        self.begun.and(cell).map(norm)
    }

    fn of_other_days(&self, hour: i64) -> impl Iterator<Item = Cell> {
        let days = (0..7).filter_map(move |day| self.cells.get(index(hour.wrapping_add(24 * day))).copied());
        days.filter(|cell| cell.weeks >= 0.5)
    }

    /// The middle of all hours of 28 days.
    #[must_use]
    pub fn level(&self) -> f64 {
        f64::from(self.level.middle)
    }

    /// The mean of the last day or so.
    #[must_use]
    pub fn day(&self) -> f64 {
        f64::from(self.day)
    }
}

fn norm(cell: Cell) -> Norm {
    Norm { middle: f64::from(cell.middle), scale: f64::from(cell.scale()) }
}

fn index(hour: i64) -> usize {
    usize::try_from(hour.rem_euclid(WEEK)).unwrap_or_default()
}

fn as_number(count: u32) -> f32 {
    #[expect(clippy::cast_precision_loss, reason = "a count of more than 2^24 may be off by its last digits")]
    let number = count as f32;
    number
}

#[cfg(test)]
mod tests;
