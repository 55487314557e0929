//! Somebody who is known.

use std::sync::Arc;

use countersign_rights::{How, Principal, PrincipalKind};

/// Somebody who asked, and whom a credential proved. Cheap to clone.
#[derive(Debug, Clone)]
pub struct Caller {
    principal: Arc<Principal>,
    name: Arc<str>,
    session: Option<Arc<str>>,
}

impl Caller {
    pub(crate) fn new(principal: Principal, name: &str, session: Option<&str>) -> Self {
        Self { principal: Arc::new(principal), name: name.into(), session: session.map(Into::into) }
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

    /// Whether it came by a break-glass link.
    #[must_use]
    pub fn is_break_glass(&self) -> bool {
        self.principal.how == How::BreakGlass
    }
}
