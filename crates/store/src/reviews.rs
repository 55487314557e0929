//! Decisions that wait for a person, and what people wrote about them and about plans.

use countersign_core::Timestamp;

use crate::DeskChange;

/// A decision that waits for a person, or waited.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ReviewRow {
    /// Its id.
    pub id: String,
    /// Counts changes, from 1.
    pub version: u64,
    /// The decision; never changes, and no other review is about it.
    pub decision: String,
    /// What put it there, a word; never changes.
    pub origin: String,
    /// Whose queue it stands in, a word.
    pub audience: String,
    /// How much it presses: 0 least.
    pub priority: u8,
    /// Where it stands, a word.
    pub status: String,
    /// What somebody said of it, a word.
    pub verdict: Option<String>,
    /// Who put it there, a principal's id; never changes.
    pub opener: String,
    /// Who looks at it.
    pub assignee: Option<String>,
    /// When it was put there; never changes.
    pub opened: Timestamp,
    /// When somebody should have looked at it.
    pub due: Timestamp,
    /// When that was over, and told.
    pub escalated: Option<Timestamp>,
    /// When somebody said what it is.
    pub closed: Option<Timestamp>,
    /// The plan that marks the user.
    pub mark: Option<String>,
    /// The plan that takes the mark away.
    pub clearing: Option<String>,
    /// Whether nothing is left to be done about the mark.
    pub is_settled: bool,
    /// The name of the key that opens it.
    pub key_id: String,
    /// What was written when it was put there and closed, sealed.
    pub sealed: Vec<u8>,
}

impl ReviewRow {
    /// The same in other hands.
    #[must_use]
    pub fn in_hands(self, change: DeskChange) -> Self {
        let DeskChange { audience, priority, assignee, due } = change;
        Self {
            audience: audience.unwrap_or(self.audience),
            priority: priority.unwrap_or(self.priority),
            assignee: assignee.unwrap_or(self.assignee),
            due: due.unwrap_or(self.due),
            ..self
        }
    }
}

/// Which reviews to list; what is absent means any.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct ReviewFilter {
    /// Standing so.
    pub status: Option<String>,
    /// Of this decision.
    pub decision: Option<String>,
    /// In this queue.
    pub audience: Option<String>,
    /// In the hands of this person.
    pub assignee: Option<String>,
    /// That somebody should have looked at before this time.
    pub overdue_at: Option<Timestamp>,
    /// About whose mark something is left to be done.
    pub is_unsettled: bool,
    /// Closed before this time, with nothing left to be done about the mark.
    pub closed_before: Option<Timestamp>,
    /// With an id before this one (exclusive): the newest first.
    pub before: Option<String>,
}

/// What somebody wrote about a plan or a review.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct RemarkRow {
    /// The plan or the review.
    pub about: String,
    /// Its id: the leaf that says so.
    pub id: String,
    /// By whom, a principal's id.
    pub principal: String,
    /// When.
    pub at: Timestamp,
    /// The name of the key that opens it.
    pub key_id: String,
    /// The text, sealed.
    pub sealed: Vec<u8>,
}

/// One change of what is known of reviews.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum ReviewWrite {
    /// Adds a review or changes it; `Stale` when its version is not `expected_version` (0: there is none, and none of its decision).
    Put {
        /// The version that was read.
        expected_version: u64,
        /// The review as it is now, with its next version.
        row: Box<ReviewRow>,
    },
    /// Adds what somebody wrote; `Stale` when there is one of its id.
    Remark(RemarkRow),
    /// Forgets a review and what was written about it; nothing where there is none.
    Drop(String),
}
