//! The latest accounts seen with one key.

/// Accounts remembered for one key; beyond it only "many" matters.
const MAX_ACCOUNTS: usize = 32;

/// At most 33 different accounts, so that 32 others can be told beside one's own, with the second of the latest sight.
#[derive(Debug, Clone, Default)]
pub(super) struct Ring(Vec<(i64, u32)>);

impl Ring {
    /// The latest second noted; the least one before any.
    pub(super) fn latest(&self) -> i64 {
        self.0.last().map_or(i64::MIN, |(second, _)| *second)
    }

    /// Different accounts other than `own` within the last `within` seconds before `now`, at most 32; those after it count.
    pub(super) fn others(&self, own: u32, now: i64, within: i64) -> u16 {
        let recent = |second: i64| now.saturating_sub(second) < within;
        let count = self.0.iter().filter(|(second, account)| *account != own && recent(*second)).count();
        u16::try_from(count.min(MAX_ACCOUNTS)).unwrap_or(u16::MAX)
    }

    /// Notes that `account` was seen at `second`; the earliest sight gives way beyond 33.
    pub(super) fn note(&mut self, account: u32, second: i64) {
        let known = self.0.iter().position(|(_, other)| *other == account).map(|index| self.0.remove(index));
        let second = known.map_or(second, |(earlier, _)| earlier.max(second));
        let index = self.0.partition_point(|entry| *entry <= (second, account));
        self.0.insert(index, (second, account));
        if self.0.len() > MAX_ACCOUNTS + 1 {
            self.0.remove(0);
        }
    }
}
