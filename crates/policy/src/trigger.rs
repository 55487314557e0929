//! What each trigger can do about a verdict, one file each.
//!
//! To add one: `trigger/<name>.rs` that implements [`Realize`] for its effects, and a line here. Whatever holds for all
//! triggers (levels, floors, ceilings, modes, claims that were opted in to) is decided before and after, in `decide`.

use countersign_auth0::{
    Reason, Text,
    claim::{ClaimName, ClaimValue},
    metadata::Mark,
};
use countersign_core::{Level, Score, Verdict};
use serde_json::{Map, Value, json};

use crate::{
    circumstances::Circumstances,
    decision::{Because, ProposalKind},
    document::{Claims, Document},
    settings::Settings,
};

mod credentials_exchange;
mod custom_token_exchange;
mod event_stream;
mod password_reset_post_challenge;
mod post_change_password;
mod post_login;
mod post_user_registration;
mod pre_user_registration;
mod send_phone_message;
mod short_form;

pub use short_form::NoEffect;

/// What a trigger is told of the case before it.
#[derive(Clone, Copy)]
pub struct Case<'a> {
    pub(crate) document: &'a Document,
    pub(crate) settings: &'a Settings,
    pub(crate) circumstances: &'a Circumstances,
    pub(crate) level: Level,
    pub(crate) score: Score,
}

impl Case<'_> {
    /// The mark that an account is given: small, and nothing but the level, the decision to look it up by, and the
    /// facts that a connector told where there are some that fit.
    pub(crate) fn mark(&self) -> Option<Mark> {
        let decision: Text<128> = self.circumstances.reference.as_str().into();
        let mut value = Map::new();
        value.insert("level".to_owned(), json!(self.level));
        value.insert("decision".to_owned(), json!(decision));
        if self.tells_facts() {
            value.insert("enrichment".to_owned(), json!(self.circumstances.facts));
        }
        // INVARIANT: two short words, and facts that fit beside them, are a mark.
        Mark::try_from(Value::Object(value)).ok()
    }

    /// Whether a connector told facts that a mark has room for.
    pub(crate) fn tells_facts(&self) -> bool {
        let facts = &self.circumstances.facts;
        !facts.is_empty() && facts.fit_metadata()
    }
}

/// What a required challenge becomes.
pub enum Answer<E> {
    /// It is asked for, deferred or met in another way by these effects; the verdict stays.
    Ask(Vec<E>, Option<Because>),
    /// The transaction goes on with a mark.
    Pass(Because),
    /// The transaction is refused, for these reasons.
    Refuse(Vec<Because>),
}

/// Why a transaction is refused.
#[derive(Clone, Copy, PartialEq, Eq)]
pub enum Refusal {
    /// Policy refuses what is this risky.
    Refused,
    /// A challenge was required, and nobody could be asked.
    StepUpRequired,
    /// A challenge was required, and there is nothing to ask for.
    NoUsableFactor,
}

impl Refusal {
    /// The refusal that stands for a challenge.
    pub(crate) fn of(reasons: &[Because]) -> Self {
        if reasons.contains(&Because::StepUpRequired) {
            Self::StepUpRequired
        } else if reasons.contains(&Because::NoUsableFactor) {
            Self::NoUsableFactor
        } else {
            Self::Refused
        }
    }

    /// What the application is told about `what` was refused: a code, and what support may be quoted.
    pub(crate) fn text(self, what: &str, case: &Case<'_>) -> Reason {
        let code = match self {
            Self::Refused => "refused",
            Self::StepUpRequired => "step_up_required",
            Self::NoUsableFactor => "no_usable_factor",
        };
        format!("{code}: this {what} was refused for security; reference {}", case.circumstances.reference)
            .into()
    }
}

/// The effects of one trigger: what a verdict becomes there.
pub trait Realize: Sized {
    /// What a required challenge becomes; it is never dropped.
    #[doc(hidden)]
    fn challenge(case: &Case<'_>) -> Answer<Self>;

    /// The effects of a refusal; none only where the trigger has no effects at all.
    #[doc(hidden)]
    fn refuse(case: &Case<'_>, refusal: Refusal) -> Vec<Self>;

    /// The effects of letting it go on as it is.
    #[doc(hidden)]
    fn allow(_: &Case<'_>) -> Vec<Self> {
        Vec::new()
    }

    /// The effects of skipping MFA; none where nothing is there to skip.
    #[doc(hidden)]
    fn skip_mfa(_: &Case<'_>) -> Vec<Self> {
        Vec::new()
    }

    /// The effects that mark what goes on although it was not plainly allowed.
    #[doc(hidden)]
    fn mark(_: &Case<'_>) -> Vec<Self> {
        Vec::new()
    }

    /// The effects that set a claim which the operator opted in to.
    #[doc(hidden)]
    fn claim(_: Claims, _: &ClaimName, _: &ClaimValue) -> Vec<Self> {
        Vec::new()
    }

    /// What is left for a plan to do after `verdict`.
    #[doc(hidden)]
    fn proposals(verdict: Verdict) -> &'static [ProposalKind] {
        if verdict == Verdict::Deny { &[ProposalKind::Review] } else { &[] }
    }
}
