//! Which decision an entry of a tenant's log belongs to, and how far the journal was joined.

use std::str::FromStr;

use countersign_core::{DecisionId, Timestamp};

/// By what an entry was joined to a decision, or why it was not.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum JoinHow {
    /// Both name the same transaction.
    Transaction,
    /// Both name the same session.
    Session,
    /// The same client, and no other decision nearer in time.
    Time,
    /// No decision yet; one may still be on its way.
    Waiting,
    /// There is no decision, and none was due.
    Exempt,
    /// There is no decision.
    None,
}

impl JoinHow {
    /// All of them.
    pub const ALL: [Self; 6] =
        [Self::Transaction, Self::Session, Self::Time, Self::Waiting, Self::Exempt, Self::None];

    /// The word in the database and on the wire.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Transaction => "transaction",
            Self::Session => "session",
            Self::Time => "time",
            Self::Waiting => "waiting",
            Self::Exempt => "exempt",
            Self::None => "none",
        }
    }
}

/// A word that no [`JoinHow`] is.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("not a word for how an entry was joined")]
pub struct JoinHowError;

impl FromStr for JoinHow {
    type Err = JoinHowError;

    fn from_str(word: &str) -> Result<Self, JoinHowError> {
        Self::ALL.into_iter().find(|how| how.as_str() == word).ok_or(JoinHowError)
    }
}

/// How far a tenant's journal was joined to decisions.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct JoinState {
    /// Entries before this place were looked at.
    pub seq: u64,
    /// Decisions up to this leaf can be found.
    pub leaf: u64,
    /// When the first of them was made; `None` while there was none.
    pub since: Option<Timestamp>,
}

/// What is known of an entry and its decision.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct JoinRow {
    /// Auth0's id of the entry.
    pub log_id: String,
    /// The entry's place in the journal.
    pub seq: u64,
    /// When it happened, by Auth0's clock.
    pub at: Timestamp,
    /// Whether it tells of a sign-in that went through; a decision has one of them at the most.
    pub is_login: bool,
    /// The decision; `None` while there is none.
    pub decision: Option<DecisionId>,
    /// By what it was joined, or why not.
    pub how: JoinHow,
}

/// One change of what is known of joins.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum JoinWrite {
    /// Makes a decision found by the key that it is sealed under; nothing where it is already.
    Candidate {
        /// The key's name.
        key_id: String,
        /// The decision.
        decision: DecisionId,
        /// When it was made.
        at: Timestamp,
    },
    /// Adds a join or puts it in the place of the one of its entry; `Stale` when it is a login and the decision has another.
    Put(JoinRow),
    /// Says how far the journal was joined; `Stale` when it was not at `expected`.
    Reached {
        /// What was read.
        expected: JoinState,
        /// How far it is now.
        state: JoinState,
    },
    /// Forgets candidates that were made before a time.
    PruneCandidates {
        /// The earliest time that is kept.
        before: Timestamp,
    },
}
