//! Counts as the numbers that a finding measures.

/// A count as a number.
pub(super) fn number(count: usize) -> f64 {
    f64::from(u32::try_from(count).unwrap_or(u32::MAX))
}

/// The share of `part` in `whole`, 0 to 1; 0 of nothing.
pub(super) fn share(part: usize, whole: usize) -> f64 {
    if whole == 0 { 0.0 } else { number(part) / number(whole) }
}

/// The middle value, the lower of two; 0 of nothing.
pub(super) fn median(values: &mut [u32]) -> u32 {
    values.sort_unstable();
    values.get(values.len().saturating_sub(1) / 2).copied().unwrap_or(0)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn shares_and_medians_of_nothing_are_nothing() {
        assert_eq!((number(3), share(1, 4), share(1, 0)), (3.0, 0.25, 0.0));
        assert_eq!((median(&mut [5, 1, 3]), median(&mut [4, 2]), median(&mut [])), (3, 2, 0));
    }
}
