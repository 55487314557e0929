//! "Was this you?": a person is asked by mail whether a sign-in was theirs. `docs/was-this-you.md` says how.
//!
//! A question is made for a decision, at most once, and mailed by a job to the address that the tenant has proved; the address is read when it
//! is sent, and kept nowhere. The link carries a code that is a MAC over the question; what is kept is the code's hash. Looking at the page
//! changes nothing; one answer is taken. "No" is a verdict, and may propose a plan; "yes" is a label and lifts nothing; no answer is neither.
//! A plan that could not be proposed at once is tried again, also after a restart, and what became of it is told at the question.

mod answer;
mod ask;
mod doubtful;
mod follow;
mod mail;

use std::collections::BTreeSet;

use countersign_core::{Level, Micros, Timestamp};
use countersign_privacy::Token;
use countersign_store::{Follow, InquiryRow};
use serde::{Deserialize, Serialize};

pub use self::answer::Page;
use crate::{Error, Tenant};

/// What a "no" proposes.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum OnNo {
    /// The user is blocked.
    BlockUser,
    /// Sessions, refresh tokens and what else gives access end.
    RevokeAccess,
    /// The password is reset by the user.
    ForcePasswordReset,
}

/// How people are asked.
#[derive(Debug, Clone)]
pub struct Settings {
    /// The receiver of `mail` that writes to them, by name.
    pub mail: String,
    /// For how long an answer is taken.
    pub wait: Micros,
    /// The most questions to one person in a day.
    pub per_day: u32,
    /// What a "no" proposes; nothing where empty.
    pub on_no: BTreeSet<OnNo>,
    /// What is proposed where nobody answered in time; nothing where empty.
    pub on_no_answer: BTreeSet<OnNo>,
    /// From which level of a sign-in on people are asked by the service itself; `None`: they are not.
    pub ask_from: Option<Level>,
    /// The least time between two such questions to one person, and after any other question to them.
    pub pause: Micros,
}

/// A question as operators see it; it names nobody.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct InquiryView {
    /// Its id.
    pub id: String,
    /// The sign-in.
    pub decision: String,
    /// Where it stands: `waiting`, `sent`, `unreachable`, `yes`, `no`, `no_answer`, `withheld`.
    pub state: &'static str,
    /// Who asks: `person`, or `risk` where the service itself does.
    pub origin: String,
    /// How far the plan came that the answer leads to: `pending`, `proposed`, `needless`, `failed`; `None`: it leads to none.
    pub follow: Option<&'static str>,
    /// That plan.
    pub plan: Option<String>,
    /// When it was made.
    pub made: Timestamp,
    /// It can't be answered from then on.
    pub expires: Timestamp,
    /// When it was answered.
    pub answered: Option<Timestamp>,
}

impl From<&InquiryRow> for InquiryView {
    fn from(row: &InquiryRow) -> Self {
        Self {
            id: row.id.clone(),
            decision: row.decision.to_string(),
            state: row.state.as_str(),
            origin: row.origin.clone(),
            follow: row.follow.map(Follow::as_str),
            plan: row.plan.clone(),
            made: row.made,
            expires: row.expires,
            answered: row.answered,
        }
    }
}

/// What is sealed of a question: who is asked, and what the page says.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
struct Body {
    user: String,
    at: Timestamp,
    place: Option<String>,
    device: Option<String>,
}

impl Tenant {
    /// Says how people of the tenant are asked. Once; later ones are not taken.
    pub fn ask_people(&self, settings: Settings) {
        if self.inquiries.set(settings).is_err() {
            tracing::error!(tenant.id = %self.id, "a tenant was told twice how people are asked");
        }
    }

    /// Whether people are asked.
    #[must_use]
    pub fn asks_people(&self) -> bool {
        self.inquiries.get().is_some()
    }

    fn inquiry_settings(&self) -> Result<&Settings, Error> {
        self.inquiries.get().ok_or(Error::NotFound("setting `was_this_you`"))
    }
}

/// The code of a question's link.
fn code(tenant: &Tenant, (id, decision): (&str, &str), expires: Timestamp) -> String {
    let until = expires.micros().to_string();
    tenant.keys.link(&["was-this-you", tenant.id.as_str(), id, decision, &until])
}

/// What the page's form says, so that an answer comes from the page.
fn form(tenant: &Tenant, row: &InquiryRow) -> String {
    tenant.keys.link(&["was-this-you form", tenant.id.as_str(), &row.id, row.decision.as_str()])
}

/// Whether two codes are one, in constant time.
fn is_same(given: &str, ours: &str) -> bool {
    let ours = Token::received(ours).map(|ours| ours.digest()).unwrap_or_default();
    Token::received(given).is_some_and(|given| given.is(&ours))
}
