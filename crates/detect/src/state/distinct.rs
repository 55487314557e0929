//! How many different values there were: exact for few, near for many.

use std::collections::BTreeSet;

use countersign_privacy::Tag;
use serde::{Deserialize, Serialize};

/// Counts different tags: exactly up to 1,024, beyond that by keeping a known share of them (adaptive sampling), which is off by
/// 4 % as a rule. What it counts does not depend on their order, and repeats change nothing.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Distinct {
    halvings: u32,
    kept: BTreeSet<Tag>,
}

const MOST: usize = 1_024;

impl Distinct {
    /// Takes a value.
    pub fn insert(&mut self, tag: Tag) {
        if tag.0.trailing_zeros() < self.halvings {
            return;
        }
        self.kept.insert(tag);
        while self.kept.len() > MOST && self.halvings < 48 {
            self.halvings += 1;
            let halvings = self.halvings;
            self.kept.retain(|tag| tag.0.trailing_zeros() >= halvings);
        }
    }

    /// Whether the value came; where many did, only of those that are kept.
    #[must_use]
    pub fn contains(&self, tag: Tag) -> bool {
        self.kept.contains(&tag)
    }

    /// Lets go of a value, as if it had not come.
    pub fn remove(&mut self, tag: Tag) {
        self.kept.remove(&tag);
    }

    /// How many there are.
    #[must_use]
    pub fn count(&self) -> usize {
        self.kept.len().saturating_mul(1_usize.checked_shl(self.halvings).unwrap_or(usize::MAX))
    }
}

#[cfg(test)]
mod tests {
    use countersign_privacy::Tagger;

    use super::*;

    fn count(values: impl Iterator<Item = u32>) -> usize {
        let (tagger, mut distinct) = (Tagger::new(&[1; 32]), Distinct::default());
        values.for_each(|n| distinct.insert(tagger.tag("n", &n.to_be_bytes())));
        distinct.count()
    }

    #[test]
    fn a_value_that_is_let_go_does_not_count() {
        let (tagger, mut distinct) = (Tagger::new(&[1; 32]), Distinct::default());
        let tag = |n: u32| tagger.tag("n", &n.to_be_bytes());
        (0..20_000).for_each(|n| distinct.insert(tag(n)));
        (0..10_000).for_each(|n| distinct.remove(tag(n)));
        assert!((8_500..=11_500).contains(&distinct.count()), "{}", distinct.count());
    }

    #[test]
    fn few_are_counted_exactly_and_many_nearly_in_any_order() {
        assert_eq!(count((0..1_000).chain(0..1_000)), 1_000);
        let many = count(0..50_000);
        assert!((45_000..=55_000).contains(&many), "{many}");
        assert_eq!(count((0..50_000).rev()), many);
    }
}
