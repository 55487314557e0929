//! Reading by offset while items come and go. Pure.

use super::{MOST_BY_OFFSET, PER_PAGE};

/// What is read next.
#[derive(Debug, Clone, Copy)]
pub(super) enum Step {
    /// A page, for the first time or anew.
    Read(usize),
    /// A page again, after the next one was read.
    Check(usize),
}

impl Step {
    pub(super) const fn page(self) -> usize {
        match self {
            Self::Read(page) | Self::Check(page) => page,
        }
    }
}

/// What reading a page came to.
pub(super) enum Took {
    /// There is more to be read.
    More,
    /// All was read.
    End,
    /// There is more than the API gives.
    TooMany,
    /// A page is the same as the one before it.
    Repeating,
}

/// A list by offset that is being read.
pub(super) struct Offset {
    /// The ids of each page as last read.
    pages: Vec<Vec<String>>,
    pub(super) step: Step,
    pub(super) reads: usize,
    /// The items of a full page.
    pub(super) size: usize,
    /// How many items there are, as the last answer said.
    pub(super) total: Option<u64>,
    /// The same as the newest page was read.
    total_at_read: Option<u64>,
}

impl Default for Offset {
    fn default() -> Self {
        Self {
            pages: Vec::new(),
            step: Step::Read(0),
            reads: 0,
            size: PER_PAGE,
            total: None,
            total_at_read: None,
        }
    }
}

impl Offset {
    /// Takes the ids of the page that was read, and sees what is to be read next.
    pub(super) fn took(&mut self, ids: Vec<String>) -> Took {
        match self.step {
            Step::Read(page) => {
                self.total_at_read = self.total;
                self.store(page, ids);
                self.check_before(page)
            }
            Step::Check(page) if self.pages.get(page) == Some(&ids) => {
                if !ids.is_empty() && self.pages.get(page + 1) == Some(&ids) {
                    return Took::Repeating;
                }
                // Why: what came or went after the page was read may have moved items into it.
                if self.total != self.total_at_read {
                    self.step = Step::Read(page + 1);
                    return Took::More;
                }
                self.advance(page + 1)
            }
            Step::Check(page) => {
                self.store(page, ids);
                self.check_before(page)
            }
        }
    }

    /// The page was just read: the one before it is read again, if there is one.
    fn check_before(&mut self, page: usize) -> Took {
        match page.checked_sub(1) {
            Some(before) => {
                self.step = Step::Check(before);
                Took::More
            }
            None => self.advance(page),
        }
    }

    /// All up to the page fits together.
    fn advance(&mut self, page: usize) -> Took {
        let read = (page + 1) * self.size;
        let is_short = self.pages.get(page).is_none_or(|ids| ids.len() < self.size);
        let is_all = self.total.is_some_and(|total| usize::try_from(total).is_ok_and(|total| total <= read));
        if is_short || is_all {
            return Took::End;
        }
        if read >= MOST_BY_OFFSET {
            return Took::TooMany;
        }
        self.pages.truncate(page + 1);
        self.step = Step::Read(page + 1);
        Took::More
    }

    fn store(&mut self, page: usize, ids: Vec<String>) {
        match self.pages.get_mut(page) {
            Some(stored) => *stored = ids,
            None => self.pages.push(ids),
        }
    }
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;

    use proptest::prelude::*;

    use super::*;

    const SIZE: usize = 5;

    /// Items that come and go between two reads: where, and how many.
    #[derive(Debug, Clone)]
    enum Change {
        Insert(usize, usize),
        Delete(usize, usize),
    }

    fn change() -> impl Strategy<Value = Vec<Change>> {
        let one = prop_oneof![
            (any::<usize>(), 1..9_usize).prop_map(|(at, count)| Change::Insert(at, count)),
            (any::<usize>(), 1..9_usize).prop_map(|(at, count)| Change::Delete(at, count)),
        ];
        prop::collection::vec(one, 0..3)
    }

    proptest! {
        #[test]
        fn what_is_there_throughout_is_read(start in 0..60_usize, changes in prop::collection::vec(change(), 0..30)) {
            let mut items: Vec<String> = (0..start).map(|n| format!("old{n}")).collect();
            let mut throughout: BTreeSet<String> = items.iter().cloned().collect();
            let mut seen = BTreeSet::new();
            let mut offset = Offset { size: SIZE, ..Offset::default() };
            let mut changes = changes.into_iter();
            let mut new = 0;
            loop {
                let at = offset.step.page() * SIZE;
                let ids: Vec<String> = items.iter().skip(at).take(SIZE).cloned().collect();
                seen.extend(ids.iter().cloned());
                offset.total = Some(items.len() as u64);
                match offset.took(ids) {
                    Took::More => {}
                    Took::End => break,
                    Took::TooMany | Took::Repeating => prop_assert!(false),
                }
                for change in changes.next().unwrap_or_default() {
                    match change {
                        Change::Insert(at, count) => for _ in 0..count {
                            new += 1;
                            items.insert(at % (items.len() + 1), format!("new{new}"));
                        },
                        Change::Delete(at, count) => for _ in 0..count.min(items.len()) {
                            throughout.remove(&items.remove(at % items.len()));
                        },
                    }
                }
            }
            let lost: Vec<_> = throughout.difference(&seen).collect();
            prop_assert!(lost.is_empty(), "{lost:?}");
        }
    }

    #[test]
    fn a_list_that_stands_still_is_read_twice_but_for_its_last_page() {
        let (mut offset, mut reads) = (Offset { size: SIZE, ..Offset::default() }, Vec::new());
        loop {
            let page = offset.step.page();
            reads.push(page);
            let ids = (page * SIZE..14.min((page + 1) * SIZE)).map(|n| n.to_string()).collect();
            if matches!(offset.took(ids), Took::End) {
                break;
            }
        }
        assert_eq!(reads, [0, 1, 0, 2, 1]);
    }
}
