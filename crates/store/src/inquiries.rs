//! Questions to people whether a sign-in was theirs.

use countersign_core::{DecisionId, SubjectId, Timestamp};

use crate::StoreError;

/// How far a question came.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum InquiryState {
    /// It is mailed at its time.
    Waiting,
    /// It was mailed, and has no answer yet.
    Sent,
    /// There is no address that was proved, or no mail could be sent.
    Unreachable,
    /// The person said that it was they.
    Yes,
    /// The person said that it was not.
    No,
    /// Nobody answered in time.
    NoAnswer,
}

impl InquiryState {
    /// All of them.
    pub const ALL: [Self; 6] =
        [Self::Waiting, Self::Sent, Self::Unreachable, Self::Yes, Self::No, Self::NoAnswer];

    /// The word for it.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Waiting => "waiting",
            Self::Sent => "sent",
            Self::Unreachable => "unreachable",
            Self::Yes => "yes",
            Self::No => "no",
            Self::NoAnswer => "no_answer",
        }
    }

    pub(crate) fn parse(word: &str) -> Result<Self, StoreError> {
        let state = Self::ALL.into_iter().find(|state| state.as_str() == word);
        state.ok_or_else(|| StoreError::Corrupt("column `state` holds what it can't".to_owned()))
    }
}

/// A question.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct InquiryRow {
    /// Its id.
    pub id: String,
    /// The sign-in; each is asked about once.
    pub decision: DecisionId,
    /// Who is asked.
    pub subject: SubjectId,
    /// SHA-256 of the link's token.
    pub token: Vec<u8>,
    /// How far it came.
    pub state: InquiryState,
    /// How often it was tried to mail it.
    pub attempts: u32,
    /// When it was made.
    pub made: Timestamp,
    /// When it is mailed, while it waits.
    pub next: Timestamp,
    /// It can't be answered from then on.
    pub expires: Timestamp,
    /// When it was answered.
    pub answered: Option<Timestamp>,
    /// The name of the key that opens it.
    pub key_id: String,
    /// Who is asked and what the page says, sealed.
    pub sealed: Vec<u8>,
}

/// A change of questions.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum InquiryWrite {
    /// Adds one; `Stale` where the sign-in was asked about before.
    Add(Box<InquiryRow>),
    /// Moves one on; `Stale` where it is not in `expected` after `attempts` any more.
    Move {
        /// Which.
        id: String,
        /// Where it stood when it was read, and how often it had been mailed.
        expected: (InquiryState, u32),
        /// Where it stands now.
        state: InquiryState,
        /// When it is mailed next, while it waits.
        next: Timestamp,
        /// When it was answered.
        answered: Option<Timestamp>,
    },
    /// Forgets those that were made before a time.
    Prune {
        /// Exclusive.
        before: Timestamp,
    },
}

/// Which questions are looked for.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum InquiryFilter {
    /// Of this id.
    Id(String),
    /// About this sign-in.
    Decision(DecisionId),
    /// To this person, made from then on.
    Subject(SubjectId, Timestamp),
    /// To be mailed by then.
    Due(Timestamp),
    /// Without an answer, and over by then.
    Over(Timestamp),
}

/// Id, decision, subject; from, due and over in microseconds: `None` where it does not matter.
type Columns<'a> = (Option<&'a str>, Option<&'a str>, Option<&'a str>, Option<i64>, Option<i64>, Option<i64>);

impl InquiryFilter {
    /// What the queries are given: id, decision, subject, from, due, over.
    pub(crate) fn columns(&self) -> Columns<'_> {
        match self {
            Self::Id(id) => (Some(id), None, None, None, None, None),
            Self::Decision(id) => (None, Some(id.as_str()), None, None, None, None),
            Self::Subject(subject, from) => {
                (None, None, Some(subject.as_str()), Some(from.micros()), None, None)
            }
            Self::Due(at) => (None, None, None, None, Some(at.micros()), None),
            Self::Over(at) => (None, None, None, None, None, Some(at.micros())),
        }
    }
}
