//! Whether the tenant's clock and ours agree.

use super::{Area, Aside, Check, Finding, Rule, Severity, View};

const SKEW: Rule = Rule::new("clock.skew", Severity::Critical).of(&[Area::Actions]).or(Aside::Clock);

pub(super) const CHECK: Check = Check { rules: &[&SKEW], run };

/// How far both may be apart, in microseconds: what Auth0 allows an assertion's times (docs, "Authenticate with Private Key
/// JWT": 10 s).
const MOST: i64 = 10 * 1_000_000;

fn run(view: &View<'_>) -> Vec<Finding> {
    let Some(skew) = view.posture.skew else { return Vec::new() };
    let apart = skew.ours.since(skew.theirs);
    if apart.saturating_abs() <= MOST {
        return Vec::new();
    }
    let word = if apart > 0 { "ahead of" } else { "behind" };
    let text = format!("our clock is {} s {word} the tenant's", apart.saturating_abs() / 1_000_000);
    let fix =
        "keep this machine's clock by a time service; signed requests and assertions fail when it is far off";
    vec![SKEW.found("clock", text, fix)]
}

#[cfg(test)]
mod tests {
    use super::super::{
        Skew, check,
        testing::{NOW, at, codes, expected, posture},
    };

    #[test]
    fn clocks_ten_seconds_apart_are_told_with_the_direction() {
        let mut apart = posture();
        apart.skew = Some(Skew { theirs: at(-10), ours: NOW });
        assert_eq!(codes(&apart, &expected()), [""; 0]);
        apart.skew = Some(Skew { theirs: at(-11), ours: NOW });
        assert!(check(&apart, &expected(), NOW)[0].text.contains("11 s ahead of"));
        apart.skew = Some(Skew { theirs: at(11), ours: NOW });
        assert!(check(&apart, &expected(), NOW)[0].text.contains("behind"));
    }
}
