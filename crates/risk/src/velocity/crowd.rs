//! The accounts seen with one key: all of a few, a sample of many.

/// Accounts that are kept of each level: fewer are counted exactly, and more with a standard error of at most
/// `1 / sqrt(128 / 2)`, an eighth.
pub(super) const KEPT: usize = 128;

/// Levels of the sample. Each holds half of the accounts of the one below, so that the highest reaches beyond 131,000.
pub(super) const LEVELS: usize = 11;

/// At each multiple of how many sights those are looked for that may give way.
const STEP: usize = 32;

/// How far ahead of now a sight may lie and count, in seconds: clocks of two processes differ.
const AHEAD_S: i64 = 3_600;

/// How far ahead of what is noted a sight may lie before it is of a clock that ran ahead, in seconds. What is late is less so.
const BEHIND_S: u32 = 86_400;

/// An account, and the second since 1970 in which it was last seen; the order is that of time.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(super) struct Sight {
    pub(super) second: u32,
    pub(super) account: u32,
}

/// Of each level the 128 accounts of it or of a higher one that were seen last, in the order of time.
///
/// Form: the levels of Gibbons and Tirthapura, "Distributed streams algorithms for sliding windows", SPAA 2002, with one list in
/// the place of one a level. What is kept depends on the set of sights alone, so that merging is commutative, associative and
/// idempotent: what gives way has 128 newer ones of its level, and so it has in every union.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub(super) struct Crowd(Vec<Sight>);

impl Crowd {
    pub(super) const fn len(&self) -> usize {
        self.0.len()
    }

    #[cfg(test)]
    pub(super) const fn capacity(&self) -> usize {
        self.0.capacity()
    }

    pub(super) fn sights(&self) -> impl Iterator<Item = Sight> + '_ {
        self.0.iter().copied()
    }

    /// Accounts other than `own` in the last `within` seconds before `at`; those up to an hour after it count.
    ///
    /// With fewer than 128 accounts since the time began it is exact. Else it is the number of the lowest level that has fewer,
    /// doubled for each level: whatever gave way on that level lies before the time.
    pub(super) fn others(&self, own: u32, at: i64, within: u32, salt: u64) -> u32 {
        let since = self.0.partition_point(|sight| at - i64::from(sight.second) >= i64::from(within));
        let recent = self.0.get(since..).unwrap_or_default();
        let counts = |sight: &Sight| sight.account != own && i64::from(sight.second) - at <= AHEAD_S;
        if recent.len() < KEPT {
            return number(recent.iter().filter(|sight| counts(sight)).count());
        }
        let mut levels = [(0_usize, 0_usize); LEVELS];
        for sight in recent {
            if let Some((all, others)) = levels.get_mut(level(sight.account, salt)) {
                *all += 1;
                *others += usize::from(counts(sight));
            }
        }
        let (mut lowest, mut seen, mut found) = (LEVELS, 0, 0);
        for (all, others) in levels.into_iter().rev() {
            // Why not at the highest: above it there is none.
            if lowest < LEVELS && seen + all >= KEPT {
                break;
            }
            (lowest, seen, found) = (lowest - 1, seen + all, found + others);
        }
        number(found).saturating_mul(1 << lowest)
    }

    /// Notes a sight now. One that lies more than a day later was of a clock that ran ahead: it is none later than now.
    pub(super) fn note(&mut self, sight: Sight, salt: u64) {
        let latest = sight.second.saturating_add(BEHIND_S);
        if self.0.last().is_some_and(|last| last.second > latest) {
            for known in self.0.iter_mut().filter(|known| known.second > latest) {
                known.second = sight.second;
            }
            self.0.sort_unstable();
        }
        self.join(sight, salt);
    }

    /// Forgets an account.
    pub(super) fn forget(&mut self, account: u32) {
        self.0.retain(|sight| sight.account != account);
    }

    /// Takes in a sight.
    pub(super) fn join(&mut self, sight: Sight, salt: u64) {
        if let Some(index) = self.0.iter().position(|known| known.account == sight.account) {
            if self.0.get(index).is_some_and(|known| *known >= sight) {
                return;
            }
            self.0.remove(index);
        }
        let index = self.0.partition_point(|known| *known < sight);
        self.0.insert(index, sight);
        // Why not each time: it costs more than all the rest, and what is kept beyond changes no count.
        if self.0.len() > KEPT && self.0.len().is_multiple_of(STEP) {
            self.thin(salt);
        }
    }

    /// The same without what may give way.
    pub(super) fn thinned(&self, salt: u64) -> Self {
        let mut crowd = self.clone();
        crowd.thin(salt);
        crowd
    }

    /// Lets go what has 128 newer ones of its level or of a higher one.
    fn thin(&mut self, salt: u64) {
        let mut newer = [0_usize; LEVELS];
        self.0.reverse();
        self.0.retain(|sight| {
            let level = level(sight.account, salt);
            let is_kept = newer.get(level).is_some_and(|count| *count < KEPT);
            newer.iter_mut().take(level + 1).for_each(|count| *count += 1);
            is_kept
        });
        self.0.reverse();
        if self.0.capacity() > 2 * self.0.len() {
            self.0.shrink_to(self.0.len() + self.0.len() / 2);
        }
    }
}

fn number(count: usize) -> u32 {
    u32::try_from(count).unwrap_or(u32::MAX)
}

/// The level of an account: 0 of every second one, 1 of every second of the others, and so on.
///
/// Mixed by SplitMix64 (Steele, Lea, Flood, OOPSLA 2014). Salted, since whoever types names could else choose those of a high level.
fn level(account: u32, salt: u64) -> usize {
    let mut mixed = salt.wrapping_add(u64::from(account).wrapping_mul(0x9e37_79b9_7f4a_7c15));
    mixed = (mixed ^ (mixed >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
    mixed = (mixed ^ (mixed >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
    usize::try_from((mixed ^ (mixed >> 31)).trailing_zeros()).unwrap_or(LEVELS).min(LEVELS - 1)
}
