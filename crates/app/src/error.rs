//! Why a use case did not happen: a stable code, a message for everyone, and a detail for the log.

use countersign_core::TenantId;
use countersign_detect::incident::HandlingError;
use countersign_store::{Conflict, StoreError};

use countersign_rights::{GrantError, PolicyFault};

use crate::{
    access::Denied,
    acts::PlanRefusal,
    incidents::SuppressionError,
    models::ModelRefusal,
    reveal::{MAX_FIELDS, MAX_REASON_CHARS, MIN_REASON_CHARS},
};

/// A refusal or failure of a use case.
#[derive(Debug, thiserror::Error)]
pub enum Error {
    /// No such tenant is configured.
    #[error("the tenant is not configured here")]
    UnknownTenant,
    /// The request's tenant is not the one whose key signed it.
    #[error("`event.tenant.id` is not the tenant whose key signed the request")]
    WrongTenant,
    /// A signed request with this id was answered before.
    #[error("a request with this id was answered before; give each request an id of its own")]
    Replayed,
    /// There is no such record, or not for this tenant.
    #[error("there is no such {0}")]
    NotFound(&'static str),
    /// The person was erased: what was sealed about them does not open.
    #[error("the person was erased, so that what was recorded about them can't be read any more")]
    Erased,
    /// What was recorded is older than it is kept, and was deleted; its leaf still proves that it was there.
    #[error("what was recorded is older than it is kept, and was deleted")]
    NotKept,
    /// The decision's leaf could not be written in its time; nothing was decided.
    #[error("the decision could not be recorded in time, so none was made")]
    LedgerUnavailable,
    /// The database can't be used now.
    #[error("the database can't be used now")]
    Unavailable {
        /// For the log.
        detail: String,
    },
    /// The signing key is not the one that signed the tenant's newest checkpoint.
    #[error(
        "the newest checkpoint of `{tenant}` is not signed by this checkpoint key under this `ledger.site`; use those that the ledger was begun with"
    )]
    ForeignKey {
        /// Whose ledger it is.
        tenant: TenantId,
    },
    /// The database holds fewer leaves than a checkpoint beside it covers.
    #[error(
        "the ledger of `{tenant}` has `{size}` leaves, but `{signed}` were signed: this is an older copy; restore the newest one, or accept the loss by `countersign restore --accept-rollback`"
    )]
    RolledBack {
        /// Whose ledger it is.
        tenant: TenantId,
        /// How many leaves the checkpoint covers.
        signed: u64,
        /// How many there are.
        size: u64,
    },
    /// The leaves that a checkpoint beside the database covers are not those that it holds.
    #[error(
        "the first {signed} leaves of the ledger of `{tenant}` are not those that were signed: this is another copy, or it was changed; compare them by `countersign verify`"
    )]
    Diverged {
        /// Whose ledger it is.
        tenant: TenantId,
        /// How many leaves the checkpoint covers.
        signed: u64,
    },
    /// The master key is none that this tenant's keys were wrapped by.
    #[error("the keys of people were wrapped by another master key; give that one too, as an earlier one")]
    ForeignMasterKey,
    /// A policy as stored can't be read by this version.
    #[error("version {version} of the policy of `{tenant}`, as stored, can't be used: {detail}")]
    UnreadablePolicy {
        /// Whose policy it is.
        tenant: TenantId,
        /// Which version.
        version: u64,
        /// What is wrong with it; a policy tells of no person.
        detail: String,
    },
    /// A model as stored can't be used by this version.
    #[error("version {version} of the model of `{tenant}`, as stored, can't be used: {detail}")]
    UnreadableModel {
        /// Whose model it is.
        tenant: TenantId,
        /// Which version.
        version: u64,
        /// What is wrong with it; a model tells of no person.
        detail: String,
    },
    /// Somebody else said which models hold since they were looked at.
    #[error("which models hold changed meanwhile; look at them, and act on them as they are now")]
    ModelsChanged,
    /// What is not done with models.
    #[error("{0}")]
    Model(#[from] ModelRefusal),
    /// What is not done with plans.
    #[error("{0}")]
    Plan(#[from] PlanRefusal),
    /// Rule files can't be used.
    #[error("the rule files of `{tenant}` can't be used:\n{detail}")]
    FaultyRules {
        /// Whose they are.
        tenant: TenantId,
        /// What is wrong, a line each.
        detail: String,
    },
    /// Another version of the policy holds than the change was made from.
    #[error("another version of the policy holds by now; look at it, and make the change from there")]
    PolicyChanged,
    /// A version that no policy can have.
    #[error("`expected_version` is beyond every version that a policy can have")]
    NoSuchVersion,
    /// There are as many as may be.
    #[error("there are {1} {0} already, and no more are taken")]
    TooMany(&'static str, u32),
    /// An incident changed since it was read.
    #[error("the incident changed meanwhile; look at it, and act on it as it is now")]
    IncidentChanged,
    /// What can't be done with an incident as it stands.
    #[error("{0}")]
    Handling(HandlingError),
    /// What can't be suppressed so.
    #[error("{0}")]
    Suppression(SuppressionError),
    /// A text that is empty or too long.
    #[error("`{0}` has 1 to {1} bytes")]
    Text(&'static str, usize),
    /// A containment of nobody, or by nothing.
    #[error("choose at least one account, and at least one thing to do about it")]
    Containment,
    /// A review that somebody closed.
    #[error("the review is closed: somebody said what it was")]
    ReviewClosed,
    /// A decision that waits already.
    #[error("this decision is in the queue, or was: it has one review")]
    ReviewExists,
    /// A queue that can't be.
    #[error("`audience` is a word of 1 to 40 lower-case letters, digits and `_`, such as `security`")]
    Audience,
    /// A cause of a write at the tenant that would put a text into the ledger.
    #[error(
        "`cause.correlation_id`, `plan` and `decision` are ids of 1 to 200 letters, digits, `-`, `_`, `.` and `:`"
    )]
    WriteCause,
    /// More than anything can press.
    #[error("`priority` is 0 to 3")]
    Priority,
    /// A reveal without a reason that says anything.
    #[error("`reason` says why it is opened, in {MIN_REASON_CHARS} to {MAX_REASON_CHARS} characters")]
    Reason,
    /// Fields that can't be opened.
    #[error("`fields` are 1 to {MAX_FIELDS} of those that the masked answer names")]
    Fields,
    /// A person whose sign-in is too long ago for what they ask.
    #[error("this takes a sign-in that is not older than {0} hours: sign in again")]
    StaleSignIn(u64),
    /// A caller who is known may not do this.
    #[error("{0}")]
    Denied(Denied),
    /// Somebody is named as who acts, by a caller who is known by name.
    #[error("who acts is known from the sign-in; leave `actor` out")]
    Actor,
    /// No identity provider is configured.
    #[error("no identity provider is configured, so that `issuer` must say who knows the person")]
    NoProvider,
    /// There is one of this name.
    #[error("there is one of this name already")]
    NameTaken,
    /// Somebody of this id is known and disabled.
    #[error("they are known as `{0}`, and disabled; enable them, and grant what they may")]
    PersonDisabled(String),
    /// A scope that is none.
    #[error("`scopes` are names of actions, such as `read_decisions`, or `*`; at least one")]
    Scope,
    /// A number of days that is none.
    #[error("`days` is 1 to {0}")]
    Days(u16),
    /// What can't be granted so.
    #[error("{0}")]
    Grant(GrantError),
    /// An operator's policy of access can't be used.
    #[error("a policy of access can't be used: {0}")]
    AccessPolicy(PolicyFault),
    /// Something changed since it was read.
    #[error("it changed meanwhile; look at it, and act on it as it is now")]
    Stale,
    /// Something that must not happen.
    #[error("something went wrong here")]
    Internal {
        /// For the log.
        detail: String,
    },
}

impl Error {
    /// A stable code for programs.
    #[must_use]
    pub const fn code(&self) -> &'static str {
        match self {
            Self::UnknownTenant => "tenant.unknown",
            Self::WrongTenant => "tenant.mismatch",
            Self::Replayed => "request.replayed",
            Self::NotFound(_) => "not_found",
            Self::Erased => "subject.erased",
            Self::NotKept => "record.not_kept",
            Self::LedgerUnavailable => "ledger_unavailable",
            Self::Unavailable { .. } => "unavailable",
            Self::ForeignKey { .. } => "ledger.foreign_key",
            Self::RolledBack { .. } => "ledger.rolled_back",
            Self::Diverged { .. } => "ledger.diverged",
            Self::ForeignMasterKey => "keys.foreign_master",
            Self::UnreadablePolicy { .. } => "policy.unreadable",
            Self::UnreadableModel { .. } => "model.unreadable",
            Self::ModelsChanged => "model.changed",
            Self::Model(refusal) => refusal.code(),
            Self::Plan(refusal) => refusal.code(),
            Self::FaultyRules { .. } => "rules.faulty",
            Self::PolicyChanged => "policy.changed",
            Self::NoSuchVersion => "policy.no_such_version",
            Self::TooMany(..) => "too_many",
            Self::IncidentChanged => "incident.changed",
            Self::Handling(HandlingError::Closed) => "incident.closed",
            Self::Handling(_) | Self::Text(..) => "incident.invalid",
            Self::Suppression(_) => "suppression.invalid",
            Self::ReviewClosed => "review.closed",
            Self::ReviewExists => "review.exists",
            Self::Containment => "plan.invalid",
            Self::WriteCause => "write.invalid",
            Self::Audience | Self::Priority => "review.invalid",
            Self::Reason => "reveal.reason",
            Self::Fields => "reveal.fields",
            Self::StaleSignIn(_) => "sign_in.stale",
            Self::Denied(_) => "denied",
            Self::Actor => "actor.known",
            Self::NoProvider | Self::NameTaken | Self::Scope | Self::Days(_) | Self::Grant(_) => {
                "access.invalid"
            }
            Self::PersonDisabled(_) => "person.disabled",
            Self::AccessPolicy(_) => "access.policy",
            Self::Stale => "stale",
            Self::Internal { .. } => "internal",
        }
    }

    /// For the log alone; may tell of the inside, never of a person.
    #[must_use]
    pub fn detail(&self) -> Option<&str> {
        match self {
            Self::Unavailable { detail } | Self::Internal { detail } => Some(detail),
            _ => None,
        }
    }

    pub(crate) fn internal(cause: impl std::fmt::Display) -> Self {
        Self::Internal { detail: cause.to_string() }
    }
}

impl From<StoreError> for Error {
    fn from(error: StoreError) -> Self {
        match error {
            StoreError::Conflict(Conflict::Request) => Self::Replayed,
            StoreError::Unavailable(_)
            | StoreError::InUse(_)
            | StoreError::Expired
            | StoreError::Stale
            | StoreError::Fenced => Self::Unavailable { detail: error.to_string() },
            StoreError::Conflict(_) | StoreError::Corrupt(_) => Self::Internal { detail: error.to_string() },
        }
    }
}
