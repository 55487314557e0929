//! Why a use case did not happen: a stable code, a message for everyone, and a detail for the log.

use countersign_core::TenantId;
use countersign_store::{Conflict, StoreError};

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
            Self::LedgerUnavailable => "ledger_unavailable",
            Self::Unavailable { .. } => "unavailable",
            Self::ForeignKey { .. } => "ledger.foreign_key",
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
            StoreError::Unavailable(_) | StoreError::Expired | StoreError::Stale => {
                Self::Unavailable { detail: error.to_string() }
            }
            StoreError::Conflict(_) | StoreError::Corrupt(_) => Self::Internal { detail: error.to_string() },
        }
    }
}
