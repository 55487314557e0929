//! The steps on a plan's page: what each does, and the whole of what it sends.

use countersign_app::acts::{Sends, StepShown};
use countersign_core::TenantId;
use maud::{Markup, html};

use super::query::{Link, Parameters};

/// So many steps stand on one page.
pub(super) const STEPS: usize = 200;

/// What is longer, in characters or in lines, is folded until somebody opens it.
const LONG: usize = 2_000;
const LONG_LINES: usize = 40;

/// What is shorter stands on one line.
const SHORT_LINES: usize = 4;

/// Which of a plan's steps stand on a page.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Shown {
    /// A page of them, from this one on.
    From(usize),
    /// All of them: what was opened is in that one answer.
    All,
}

impl Shown {
    /// As the address says; what is none begins with the first.
    pub(super) fn read(parameters: &Parameters) -> Self {
        Self::From(parameters.get("from").and_then(|from| from.parse().ok()).unwrap_or_default())
    }

    /// The first step's place, and how many there are.
    pub(super) fn of(self, count: usize) -> (usize, usize) {
        match self {
            Self::All => (0, count),
            Self::From(from) => {
                let from = from.min(count.saturating_sub(1)) / STEPS * STEPS;
                (from, STEPS.min(count - from))
            }
        }
    }
}

/// The steps of a page, and the ways to the others.
pub(super) fn list(
    (tenant, plan): (&TenantId, &str),
    (steps, shown): (&[StepShown], Shown),
    is_begun: bool,
) -> Markup {
    let (from, count) = shown.of(steps.len());
    html! {
        ol.steps start=[(from > 0).then_some(from + 1)] {
            @for one in steps.iter().skip(from).take(count) { (step(one, is_begun)) }
        }
        @if count < steps.len() {
            nav aria-label="Steps" {
                p.note { (which(steps.len(), shown)) }
                div.buttons {
                    @for page in (0..steps.len()).step_by(STEPS) {
                        @let link = Link::to(&format!("/plans/{plan}")).with("tenant", tenant.as_str()).with("from", &page.to_string());
                        a.button href=(link.done()) aria-current=[(page == from).then_some("page")] {
                            (page + 1) "–" (steps.len().min(page + STEPS))
                        }
                    }
                }
            }
        }
    }
}

/// Which steps of all a page shows; for a page that does not show all.
pub(super) fn which(steps: usize, shown: Shown) -> String {
    let (from, count) = shown.of(steps);
    format!("This page shows steps {} to {} of {steps}.", from + 1, from + count)
}

fn step(step: &StepShown, is_begun: bool) -> Markup {
    html! {
        li {
            p.wrap { (step.sentence.text) @if is_begun { " " span.tag { (step.state) } } }
            (sends(&step.sends))
            p.quiet.wrap {
                @if step.is_irreversible { strong.alarm { "Irreversible. " } }
                @if !step.is_irreversible { "Undone by: " }
                (step.sentence.undone)
                @if let Some(status) = step.status { " The tenant answered " (status) "." }
            }
        }
    }
}

/// The whole of what is sent: in sight where it is short, else folded, and said to be.
fn sends(sends: &Sends) -> Markup {
    let Sends { method, path, arguments, body } = sends;
    let body = body.as_deref().unwrap_or_default();
    let length = body.chars().count() + arguments.iter().map(|one| one.value.chars().count()).sum::<usize>();
    let whole = html! {
        @for one in arguments { " " code.wrap { (one.name) " = " (one.value) } }
        @match body.lines().count() {
            0 => {},
            1..=SHORT_LINES if body.len() < LONG => { " " code.wrap { (one_line(body)) } },
            _ => { pre.call { (body) } },
        }
    };
    html! {
        @if length > LONG || body.lines().count() > LONG_LINES {
            details {
                summary { "Sends " code { (method) " " (path) } ": all " (length) " characters of it" }
                (whole)
            }
        } @else {
            div.quiet.wrap { "Sends " code { (method) " " (path) } (whole) }
        }
    }
}

/// JSON of some lines on one: in its texts no line ends.
fn one_line(json: &str) -> String {
    json.lines().map(str::trim_start).collect::<Vec<_>>().join(" ")
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;
    use crate::console::samples;

    fn steps(count: usize, body: &str) -> Vec<StepShown> {
        let one = |number: usize| StepShown {
            name: format!("{number}.1.assign_roles"),
            kind: "assign_roles".to_owned(),
            sentence: serde_json::from_value(
                json!({"step": "s", "text": format!("Step {number}."), "undone": "u"}),
            )
            .unwrap(),
            sends: Sends {
                method: "POST".to_owned(),
                path: "/users/{id}/roles".to_owned(),
                arguments: serde_json::from_value(json!([{"name": "id", "value": samples::HOSTILE}]))
                    .unwrap(),
                body: Some(body.to_owned()),
            },
            is_irreversible: false,
            because: 0,
            state: "pending".parse().unwrap(),
            sent: 0,
            status: None,
        };
        (1..=count).map(one).collect()
    }

    fn page(steps: &[StepShown], shown: Shown) -> String {
        list((&samples::tenant(), "pln_1"), (steps, shown), false).into_string()
    }

    #[test]
    fn all_that_is_sent_stands_on_the_page_and_none_of_it_is_markup() {
        let long = format!("[\n  \"{}\",\n  \"{}\"\n]", "x".repeat(3_000), samples::HOSTILE);
        for (body, is_folded) in [("{\n  \"blocked\": true\n}", false), (long.as_str(), true)] {
            let page = page(&steps(1, body), Shown::From(0));
            samples::check_fragment(&page);
            assert_eq!(page.contains("<details><summary>Sends "), is_folded, "{page}");
            assert!(page.contains("POST /users/{id}/roles"));
            assert!(!page.contains(samples::HOSTILE));
            for part in body.lines() {
                assert!(page.contains(&maud::html! { (part.trim()) }.into_string()), "{part}");
            }
        }
    }

    #[test]
    fn every_step_of_a_long_plan_stands_on_a_page_that_is_led_to() {
        let steps = steps(501, "1");
        let mut seen = Vec::new();
        for from in [0, 200, 400] {
            let page = page(&steps, Shown::From(from));
            seen.extend(
                (1..=501).filter(|number| page.contains(&format!("<p class=\"wrap\">Step {number}.</p>"))),
            );
            for link in ["from=0\"", "from=200\"", "from=400\""] {
                assert!(page.contains(link), "{link}");
            }
            assert!(page.contains("of 501."));
        }
        assert_eq!(seen, (1..=501).collect::<Vec<_>>());
        let all = page(&steps, Shown::All);
        assert!(all.contains("Step 501.") && !all.contains("<nav"), "what was opened is there at once");
        for (from, first) in [(7, 0), (399, 200), (9_999, 400)] {
            assert_eq!(Shown::From(from).of(501).0, first);
        }
        assert_eq!((Shown::From(3).of(0), Shown::From(0).of(1)), ((0, 0), (0, 1)));
    }
}
