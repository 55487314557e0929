//! The newest decisions in figures: how many at each level, what came of them, how the scores are spread.

use std::collections::BTreeSet;

use countersign_app::DecisionRow;
use countersign_core::{Level, OrganizationId, TenantId, Timestamp, Verdict};
use countersign_policy::Thresholds;
use maud::{Markup, html};

use super::{query::Filter, words};

/// How many decisions are counted.
pub(super) const COUNTED: u32 = 500;

/// Bins of the distribution of scores, each 0.05 wide.
const BINS: u32 = 20;

/// Height of the distribution's drawing in pixels.
const HEIGHT: u32 = 56;

/// Figures over the newest decisions of a tenant, whatever the filter.
pub(super) struct Overview {
    total: u64,
    since: Option<Timestamp>,
    levels: [u64; 4],
    bins: Vec<u64>,
    people: usize,
    strict: u64,
    withheld: u64,
    thresholds: Thresholds,
    /// Organizations seen, in order of their ids.
    pub(super) organizations: BTreeSet<OrganizationId>,
}

impl Overview {
    /// Counts; `rows` are the newest, newest first.
    pub(super) fn of(rows: &[DecisionRow], thresholds: Thresholds) -> Self {
        let at_level = |level: Level| count(rows, |row| row.decision.level == level);
        let bin = |row: &DecisionRow| (row.decision.score.millionths() / (1_000_000 / BINS)).min(BINS - 1);
        let is_withheld = |row: &DecisionRow| words::is_withheld(row.decision.mode, row.decision.verdict);
        Self {
            total: u64::try_from(rows.len()).unwrap_or(u64::MAX),
            since: rows.last().map(|row| row.decision.at),
            levels: [Level::Low, Level::Medium, Level::High, Level::Critical].map(at_level),
            bins: (0..BINS).map(|number| count(rows, |row| bin(row) == number)).collect(),
            people: rows.iter().filter_map(|row| row.subject.as_ref()).collect::<BTreeSet<_>>().len(),
            strict: count(rows, |row| row.decision.verdict >= Verdict::Challenge && !is_withheld(row)),
            withheld: count(rows, is_withheld),
            thresholds,
            organizations: rows.iter().filter_map(|row| row.decision.organization.clone()).collect(),
        }
    }

    /// The figures, each level a link to its decisions.
    pub(super) fn render(&self, tenant: &TenantId, now: Timestamp) -> Markup {
        html! {
            dl.figures {
                @for (level, number) in Level::ALL.iter().zip(self.levels) {
                    div data-level=(level) {
                        dt { (words::level(*level)) }
                        dd {
                            @let filter = Filter { levels: vec![*level], ..Filter::default() };
                            a href=(filter.link("/", tenant).done()) { (words::count(number)) }
                        }
                    }
                }
                div { dt { "Challenge or deny" } dd { (words::count(self.strict)) } }
                div { dt { "Withheld by mode" } dd { (words::count(self.withheld)) } }
                div { dt { "People" } dd { (self.people) } }
            }
            (self.distribution())
            p.note {
                @match self.since {
                    Some(since) => {
                        @if self.total >= u64::from(COUNTED) { "The newest " (COUNTED) " decisions" } @else { "All " (words::count(self.total)) " decisions" }
                        ", the oldest " (words::time(since, now)) ". Filters do not change these figures."
                    }
                    None => "No decisions yet.",
                }
            }
        }
    }

    /// How the scores are spread. Heights are square roots, so that one risky sign-in among thousands can be seen.
    fn distribution(&self) -> Markup {
        let most = self.bins.iter().copied().max().unwrap_or(0).max(1);
        let Thresholds { medium, high, critical } = self.thresholds;
        html! {
            figure.distribution {
                svg width="100%" height=(HEIGHT + 16) role="img" aria-labelledby="distribution-caption" focusable="false" {
                    @for (index, number) in (0..BINS).zip(&self.bins) {
                        @let height = bar(*number, most);
                        rect x={ (index * 100 / BINS) ".4%" } width="4.2%" y=(HEIGHT - height) height=(height)
                            data-level=(self.level_of(index)) {
                            title { (figure(index)) " to " (figure(index + 1)) ": " (number) }
                        }
                    }
                    line.base x1="0" x2="100%" y1=(HEIGHT) y2=(HEIGHT) {}
                    @for (score, word) in [(medium, "medium"), (high, "high"), (critical, "critical")] {
                        @let x = format!("{:.1}%", score.as_f64() * 100.0);
                        line.threshold x1=(x) x2=(x) y1="0" y2=(HEIGHT) {}
                        text x=(x) y=(HEIGHT + 12) text-anchor="middle" { (word) }
                    }
                }
                figcaption #distribution-caption { "Scores from 0 to 1 (square-root scale), with the thresholds of the tenant" }
                details {
                    summary { "Scores as a table" }
                    table {
                        thead { tr { th scope="col" { "Score" } th.number scope="col" { "Decisions" } } }
                        tbody {
                            @for (index, number) in (0..BINS).zip(&self.bins).filter(|(_, number)| **number > 0) {
                                tr { th scope="row" { (figure(index)) " to " (figure(index + 1)) } td.number { (number) } }
                            }
                        }
                    }
                }
            }
        }
    }

    /// The level that a bin begins with.
    fn level_of(&self, bin: u32) -> Level {
        let score = countersign_core::Score::from_millionths(bin * (1_000_000 / BINS)).unwrap_or_default();
        self.thresholds.level(score)
    }
}

fn count(rows: &[DecisionRow], is_counted: impl Fn(&DecisionRow) -> bool) -> u64 {
    u64::try_from(rows.iter().filter(|row| is_counted(row)).count()).unwrap_or(u64::MAX)
}

/// The height of a bar: nothing for none, at least 3 for some.
fn bar(number: u64, most: u64) -> u32 {
    if number == 0 {
        return 0;
    }
    let full = u64::from(HEIGHT) * u64::from(HEIGHT);
    u32::try_from((number.saturating_mul(full) / most).isqrt()).unwrap_or(HEIGHT).clamp(3, HEIGHT)
}

/// Where a bin begins, as a score.
fn figure(bin: u32) -> String {
    let hundredths = bin * 100 / BINS;
    format!("{}.{:02}", hundredths / 100, hundredths % 100)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::console::samples;

    #[test]
    fn every_decision_is_counted_once() {
        let rows = samples::rows();
        let overview = Overview::of(&rows, countersign_policy::Settings::default().thresholds);
        let total = u64::try_from(rows.len()).unwrap();
        assert_eq!(overview.levels.iter().sum::<u64>(), total);
        assert_eq!(overview.bins.iter().sum::<u64>(), total);
        assert!(overview.strict > 0 && overview.withheld > 0);
        let page = overview.render(&samples::tenant(), samples::now()).into_string();
        samples::check_fragment(&page);
        assert!(page.contains(&format!("All {total} decisions")), "{page}");
    }

    #[test]
    fn nothing_counted_is_said() {
        let overview = Overview::of(&[], countersign_policy::Settings::default().thresholds);
        let page = overview.render(&samples::tenant(), samples::now()).into_string();
        assert!(page.contains("No decisions yet."));
    }

    #[test]
    fn a_bar_is_seen_when_it_stands_for_one_of_many() {
        assert_eq!([bar(0, 500), bar(500, 500)], [0, HEIGHT]);
        assert_eq!(bar(1, 500), 3);
        assert_eq!(bar(1, u64::MAX), 3);
    }
}
