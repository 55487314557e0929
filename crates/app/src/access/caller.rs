//! Somebody who is known.

use std::{sync::Arc, time::Duration};

use countersign_core::Timestamp;
use countersign_rights::{How, Principal, PrincipalKind};

/// Somebody who asked, and whom a credential proved. Cheap to clone.
#[derive(Debug, Clone)]
pub struct Caller {
    principal: Arc<Principal>,
    name: Arc<str>,
    session: Option<Arc<str>>,
    /// When a person last showed who they are, as far as that is known.
    authenticated_at: Option<Timestamp>,
    /// Of a program, who made the token by which it came: a principal's id.
    maker: Option<Arc<str>>,
}

impl Caller {
    pub(crate) fn new(principal: Principal, name: &str, session: Option<&str>) -> Self {
        let session = session.map(Into::into);
        let principal = Arc::new(principal);
        Self { principal, name: name.into(), session, authenticated_at: None, maker: None }
    }

    /// The same, by a token that this principal made.
    pub(crate) fn made_by(self, maker: &str) -> Self {
        Self { maker: Some(maker.into()), ..self }
    }

    /// Of a program, who made the token by which it came: a principal's id.
    pub(crate) fn maker(&self) -> Option<&str> {
        self.maker.as_deref()
    }

    /// The same, who showed at that time who they are, where that is known.
    pub(crate) fn authenticated(self, at: Option<Timestamp>) -> Self {
        Self { authenticated_at: at, ..self }
    }

    /// Whoever can read the data directory.
    #[must_use]
    pub fn local(how: How) -> Self {
        Self::new(Principal::local(how), "operator", None)
    }

    /// A job of the service itself.
    #[must_use]
    pub fn job(name: &'static str) -> Self {
        Self::new(Principal::job(name), name, None)
    }

    /// What policies see.
    #[must_use]
    pub fn principal(&self) -> &Principal {
        &self.principal
    }

    /// The id that stands in leaves: `per_…`, `sva_…`, a client's id, `local`, or a job's name.
    #[must_use]
    pub fn id(&self) -> &str {
        &self.principal.id
    }

    /// A name to show to people; for the console alone.
    #[must_use]
    pub fn name(&self) -> &str {
        &self.name
    }

    /// Of a browser, the id of its session.
    #[must_use]
    pub fn session(&self) -> Option<&str> {
        self.session.as_deref()
    }

    /// Whether several people may stand behind it, so that it says itself who acts.
    #[must_use]
    pub fn is_shared(&self) -> bool {
        self.principal.kind == PrincipalKind::Local
    }

    /// Whether it is a person who came by the identity provider, and showed there who they are no longer ago than `within`.
    #[must_use]
    pub fn is_fresh_person(&self, now: Timestamp, within: Duration) -> bool {
        let is_person = self.principal.kind == PrincipalKind::Person && self.principal.how == How::Oidc;
        let age = self.authenticated_at.map(|at| now.micros().saturating_sub(at.micros()));
        // Why: a clock that went back makes nobody older, and none that runs ahead makes them younger than just now.
        is_person && age.is_some_and(|age| u128::try_from(age).unwrap_or(0) <= within.as_micros())
    }

    /// Whether it came by a break-glass link.
    #[must_use]
    pub fn is_break_glass(&self) -> bool {
        self.principal.how == How::BreakGlass
    }
}
