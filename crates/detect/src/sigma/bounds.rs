//! What a count must be: `gte: 10`, or several at once for a range.

use super::{
    located::{Faults, Spot, quoted, suggest},
    yaml::{Node, Pair},
};

/// Comparisons that must all hold.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub(super) struct Bounds(Vec<(Sign, u64)>);

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Sign {
    Gt,
    Gte,
    Lt,
    Lte,
    Eq,
    Neq,
}

const SIGNS: &[(&str, Sign)] = &[
    ("gt", Sign::Gt),
    ("gte", Sign::Gte),
    ("lt", Sign::Lt),
    ("lte", Sign::Lte),
    ("eq", Sign::Eq),
    ("neq", Sign::Neq),
];

/// The largest count that is compared: beyond it, nobody watches one key.
const MAX_COUNT: u64 = 1_000_000;

impl Bounds {
    /// At least `count`.
    pub(super) fn at_least(count: u64) -> Self {
        Self(vec![(Sign::Gte, count)])
    }

    /// Whether a count fulfills them.
    pub(super) fn hold(&self, count: u64) -> bool {
        self.0.iter().all(|(sign, wanted)| match sign {
            Sign::Gt => count > *wanted,
            Sign::Gte => count >= *wanted,
            Sign::Lt => count < *wanted,
            Sign::Lte => count <= *wanted,
            Sign::Eq => count == *wanted,
            Sign::Neq => count != *wanted,
        })
    }

    /// From which count on no bound tells counts apart.
    pub(super) fn reach(&self) -> u64 {
        self.0.iter().map(|(sign, wanted)| wanted + u64::from(*sign != Sign::Gte)).max().unwrap_or(1).max(1)
    }

    /// The number that a count is told against.
    pub(super) fn threshold(&self) -> u64 {
        (1..=self.reach()).find(|count| self.hold(*count)).unwrap_or_else(|| self.reach())
    }

    /// Reads the comparisons among the pairs; what is wrong is told.
    pub(super) fn read<'p>(
        pairs: impl Iterator<Item = &'p Pair>,
        spot: Spot,
        faults: &mut Faults,
    ) -> Option<Self> {
        let mut bounds = Vec::new();
        for pair in pairs {
            let Some((_, sign)) = SIGNS.iter().find(|(name, _)| *name == pair.key) else {
                let names: Vec<&str> = SIGNS.iter().map(|(name, _)| *name).collect();
                faults.error(pair.spot, format!("`{}` here", quoted(&pair.key)), suggest(&pair.key, &names));
                return None;
            };
            bounds.push((*sign, count(&pair.value, faults)?));
        }
        if bounds.is_empty() {
            faults.error(spot, "no count is named", "`gte: 10`");
            return None;
        }
        Some(Self(bounds))
    }

    /// Tells what such bounds on a count of events mean: that they hold only in the absence of events, never, or always.
    pub(super) fn lint(&self, spot: Spot, faults: &mut Faults) {
        let (reach, holds_late) = (self.reach(), self.hold(self.reach() + 1));
        let is_ever = (1..=reach + 1).any(|count| self.hold(count));
        if self.hold(0) && !holds_late {
            let right = "what shows by absence needs a timer, not an entry: name the least count by `gte`";
            faults.error(spot, "this count is met before anything happened", right);
        } else if !is_ever {
            faults.error(spot, "no count fulfills this", "a range such as `gte: 5` with `lt: 10`");
        } else if (1..=reach + 1).all(|count| self.hold(count)) {
            faults.warn(
                spot,
                "the first entry meets this threshold",
                "at least `gte: 2`, or a rule without correlation",
            );
        }
    }
}

fn count(node: &Node, faults: &mut Faults) -> Option<u64> {
    let found = node.as_text().and_then(|text| text.parse::<u64>().ok()).filter(|count| *count <= MAX_COUNT);
    if found.is_none() {
        let what = format!("`{}` is no count", quoted(node.as_text().unwrap_or(node.sort())));
        faults.error(node.spot, what, format!("a whole number up to {MAX_COUNT}"));
    }
    found
}
