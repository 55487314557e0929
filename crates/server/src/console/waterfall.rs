//! How a score came about: a bar for each reason, each beginning where the one before ended, so that the last is the sum.

use countersign_core::{MicroLogit, Score};
use countersign_policy::Thresholds;
use countersign_risk::Assessment;
use maud::{Markup, html};

use super::words;

/// Width of the drawing in thousandths of the column.
const WIDTH: i64 = 1_000;

/// Height of a bar in pixels; a row is as high as its text.
const HEIGHT: i64 = 14;

/// The part of the log-odds that is drawn.
struct Scale {
    low: MicroLogit,
    high: MicroLogit,
}

impl Scale {
    /// Holds every partial sum, zero and the thresholds, with a margin.
    fn of(assessment: &Assessment, thresholds: Thresholds) -> Self {
        let mut sum = assessment.bias_micro;
        let mut points = vec![0, sum];
        for reason in &assessment.reasons {
            sum = sum.saturating_add(reason.micro);
            points.push(sum);
        }
        points.push(assessment.logit_micro);
        points.extend(
            [thresholds.medium, thresholds.high, thresholds.critical].into_iter().filter_map(log_odds),
        );
        let low = points.iter().copied().min().unwrap_or(0);
        let high = points.iter().copied().max().unwrap_or(0);
        let margin = (high.saturating_sub(low) / 40).max(1);
        Self { low: low.saturating_sub(margin), high: high.saturating_add(margin) }
    }

    /// Where a value lies, 0 to `WIDTH`.
    fn x(&self, micro: MicroLogit) -> i64 {
        let span = i128::from(self.high) - i128::from(self.low);
        let offset = (i128::from(micro) - i128::from(self.low)) * i128::from(WIDTH);
        i64::try_from(offset / span.max(1)).unwrap_or(0).clamp(0, WIDTH)
    }
}

/// The log-odds of a score; `None` at 0 and 1, which have none.
fn log_odds(score: Score) -> Option<MicroLogit> {
    let share = score.as_f64();
    let logit = (share / (1.0 - share)).ln();
    // Why: formatting rounds without a lossy cast, and a score in millionths has a logit within ±14.
    logit.is_finite().then(|| format!("{:.0}", logit * 1e6).parse().ok()).flatten()
}

/// One step of the sum.
struct Step<'a> {
    from: MicroLogit,
    to: MicroLogit,
    text: &'a str,
    code: &'a str,
    is_total: bool,
}

fn steps(assessment: &Assessment) -> Vec<Step<'_>> {
    let mut sum = assessment.bias_micro;
    let mut steps = vec![Step {
        from: 0,
        to: sum,
        text: "Before anything is known of the sign-in.",
        code: "bias",
        is_total: false,
    }];
    for reason in &assessment.reasons {
        let to = sum.saturating_add(reason.micro);
        steps.push(Step { from: sum, to, text: &reason.text, code: reason.code.as_str(), is_total: false });
        sum = to;
    }
    steps
}

/// The table of contributions with a bar in each row, and their total.
pub(super) fn render(assessment: &Assessment, thresholds: Thresholds) -> Markup {
    let scale = Scale::of(assessment, thresholds);
    let steps = steps(assessment);
    let sum = steps.last().map_or(0, |step| step.to);
    let total =
        Step { from: 0, to: assessment.logit_micro, text: "Log-odds of risk", code: "total", is_total: true };
    html! {
        table.waterfall role="table" aria-describedby="waterfall-note" {
            caption.hidden { "Contributions to the log-odds of risk; they add up to the total" }
            thead role="rowgroup" {
                tr role="row" {
                    th scope="col" role="columnheader" { "Reason" }
                    th scope="col" role="columnheader" { (axis(&scale, thresholds)) }
                    th.number scope="col" role="columnheader" { "Log-odds" }
                }
            }
            tbody role="rowgroup" { @for step in &steps { (row(step, &scale, thresholds)) } }
            tfoot role="rowgroup" { (row(&total, &scale, thresholds)) }
        }
        p.note #waterfall-note {
            @if sum == assessment.logit_micro {
                "The rows add up to exactly " strong { (words::logit(assessment.logit_micro)) }
                ", which is the score " strong { (assessment.score) } ". "
            } @else {
                strong.alarm { "The rows add up to " (words::logit(sum)) ", not to the recorded total. " }
            }
            "Bars to the right raise the risk, bars to the left lower it; each begins where the one above ended. \
             Dashed lines are the thresholds of medium, high and critical."
        }
    }
}

fn row(step: &Step<'_>, scale: &Scale, thresholds: Thresholds) -> Markup {
    let micro = step.to.saturating_sub(step.from);
    let (from, to) = (scale.x(step.from), scale.x(step.to));
    let class = match (step.is_total, micro >= 0) {
        (true, _) => "total",
        (false, true) => "up",
        (false, false) => "down",
    };
    html! {
        tr role="row" {
            th.reason scope="row" role="rowheader" { span { (step.text) } " " code.quiet { (step.code) } }
            td.chart role="cell" aria-hidden="true" {
                svg width="100%" height="100%" focusable="false" {
                    (lines(scale, thresholds))
                    (joints(step, scale))
                    rect class=(class) x=(share(from.min(to))) y="50%" width=(share((to - from).abs().max(3)))
                        height=(HEIGHT) transform={ "translate(0 " (-HEIGHT / 2) ")" } {}
                }
            }
            td.number role="cell" { (words::logit(micro)) }
        }
    }
}

/// Lines that lead from the bar above and to the bar below.
fn joints(step: &Step<'_>, scale: &Scale) -> Markup {
    let above = if step.is_total { step.to } else { step.from };
    html! {
        line.joint x1=(share(scale.x(above))) x2=(share(scale.x(above))) y1="0" y2="50%" {}
        @if !step.is_total { line.joint x1=(share(scale.x(step.to))) x2=(share(scale.x(step.to))) y1="50%" y2="100%" {} }
    }
}

fn lines(scale: &Scale, thresholds: Thresholds) -> Markup {
    let marks = [thresholds.medium, thresholds.high, thresholds.critical];
    html! {
        @let zero = share(scale.x(0));
        line.zero x1=(zero) x2=(zero) y1="0" y2="100%" {}
        @for mark in marks.into_iter().filter_map(log_odds) {
            @let x = share(scale.x(mark));
            line.threshold x1=(x) x2=(x) y1="0" y2="100%" {}
        }
    }
}

/// A position as a share of the column's width, so that nothing is stretched.
fn share(thousandths: i64) -> String {
    format!("{}.{}%", thousandths / 10, thousandths % 10)
}

/// The scale's head: what the lines mean.
fn axis(scale: &Scale, thresholds: Thresholds) -> Markup {
    let Thresholds { medium, high, critical } = thresholds;
    let marks = [(medium, "med"), (high, "high"), (critical, "crit")];
    html! {
        span.hidden { "Chart" }
        svg.axis width="100%" height="16" aria-hidden="true" focusable="false" {
            @for (mark, word) in marks {
                @if let Some(at) = log_odds(mark) {
                    text x=(share(scale.x(at))) y="12" text-anchor="middle" { (word) }
                }
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;
    use crate::console::samples;

    fn thresholds() -> Thresholds {
        countersign_policy::Settings::default().thresholds
    }

    #[test]
    fn the_rows_add_up_to_the_total() {
        let assessment = samples::record().assessment;
        let sum: i64 = steps(&assessment).iter().map(|step| step.to - step.from).sum();
        assert_eq!(sum, assessment.logit_micro);
        let page = render(&assessment, thresholds()).into_string();
        assert!(page.contains("add up to exactly") && page.contains(&words::logit(assessment.logit_micro)));
    }

    #[test]
    fn a_record_that_does_not_add_up_says_so() {
        let mut assessment = samples::record().assessment;
        assessment.logit_micro += 1;
        assert!(render(&assessment, thresholds()).into_string().contains("not to the recorded total"));
    }

    #[test]
    fn a_threshold_of_nothing_or_all_has_no_line() {
        assert_eq!([log_odds(Score::default()), log_odds(Score::MAX)], [None, None]);
        assert_eq!(log_odds(Score::from_percent(50)), Some(0));
        assert_eq!(log_odds(Score::from_percent(90)), Some(2_197_225));
    }

    proptest! {
        #[test]
        fn every_value_lies_on_the_drawing(low: i64, high: i64, micro: i64) {
            let x = Scale { low, high }.x(micro);
            prop_assert!((0..=WIDTH).contains(&x));
        }
    }
}
