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
    /// It was not mailed, since the account was contained before.
    Withheld,
}

/// How far the plan came that an answer leads to.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Follow {
    /// It is to be proposed.
    Pending,
    /// It was.
    Proposed,
    /// What it would do is so already.
    Needless,
    /// It could not be, and is not tried again.
    Failed,
}

impl Follow {
    /// All of them.
    pub const ALL: [Self; 4] = [Self::Pending, Self::Proposed, Self::Needless, Self::Failed];

    /// The word for it.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Pending => "pending",
            Self::Proposed => "proposed",
            Self::Needless => "needless",
            Self::Failed => "failed",
        }
    }

    pub(crate) fn parse(word: &str) -> Result<Self, StoreError> {
        let follow = Self::ALL.into_iter().find(|follow| follow.as_str() == word);
        follow.ok_or_else(|| StoreError::Corrupt("column `follow` holds what it can't".to_owned()))
    }
}

impl InquiryState {
    /// All of them.
    pub const ALL: [Self; 7] =
        [Self::Waiting, Self::Sent, Self::Unreachable, Self::Yes, Self::No, Self::NoAnswer, Self::Withheld];

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
            Self::Withheld => "withheld",
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
    /// When it is mailed, while it waits; when its plan is proposed, while that is to be.
    pub next: Timestamp,
    /// It can't be answered from then on.
    pub expires: Timestamp,
    /// When it was answered.
    pub answered: Option<Timestamp>,
    /// Who asks, a word; never changes.
    pub origin: String,
    /// How far the plan came that the answer leads to; `None`: it leads to none.
    pub follow: Option<Follow>,
    /// How often it was tried to propose it.
    pub follow_tries: u32,
    /// That plan.
    pub plan: Option<String>,
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
        /// Whether a plan is to be proposed from `next` on.
        leads_to_plan: bool,
    },
    /// Says how far the plan came that an answer leads to; `Stale` where it is not to be proposed any more after `tries`.
    Follow {
        /// Which.
        id: String,
        /// How often it had been tried when it was read.
        tries: u32,
        /// How far it came.
        follow: Follow,
        /// When it is tried next, while it is to be proposed.
        next: Timestamp,
        /// The plan.
        plan: Option<String>,
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
    /// Whose plan is to be proposed by then.
    ToFollow(Timestamp),
}

/// What the queries are given; times in microseconds, `None` where it does not matter.
#[derive(Default)]
pub(crate) struct Columns<'a> {
    pub(crate) id: Option<&'a str>,
    pub(crate) decision: Option<&'a str>,
    pub(crate) subject: Option<&'a str>,
    pub(crate) from: Option<i64>,
    pub(crate) due: Option<i64>,
    pub(crate) over: Option<i64>,
    pub(crate) to_follow: Option<i64>,
}

impl InquiryFilter {
    /// What the queries are given.
    pub(crate) fn columns(&self) -> Columns<'_> {
        let none = Columns::default();
        match self {
            Self::Id(id) => Columns { id: Some(id), ..none },
            Self::Decision(id) => Columns { decision: Some(id.as_str()), ..none },
            Self::Subject(subject, from) => {
                Columns { subject: Some(subject.as_str()), from: Some(from.micros()), ..none }
            }
            Self::Due(at) => Columns { due: Some(at.micros()), ..none },
            Self::Over(at) => Columns { over: Some(at.micros()), ..none },
            Self::ToFollow(at) => Columns { to_follow: Some(at.micros()), ..none },
        }
    }
}
