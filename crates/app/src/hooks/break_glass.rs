//! Receivers are told when the glass is broken, whatever else they hear of: it makes an administrator.

use countersign_core::IdKind;
use serde_json::json;

use super::notice::Notice;
use crate::{App, Error, Tenant};

/// What happened to a break-glass link.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum BreakGlass {
    /// It was made.
    Made,
    /// Somebody came in by it.
    Used,
}

impl App {
    /// Tells each receiver of a tenant. It names nobody.
    ///
    /// # Errors
    /// `Unavailable`.
    pub(crate) async fn tell_break_glass(&self, tenant: &Tenant, what: BreakGlass) -> Result<(), Error> {
        let kind = match what {
            BreakGlass::Made => "access.break_glass_made",
            BreakGlass::Used => "access.break_glass_used",
        };
        let notice = Notice {
            kind,
            about: self.make_id(IdKind::Record)?,
            event: kind.to_owned(),
            topic: None,
            data: json!({ "path": format!("/access?tenant={}", tenant.id) }),
        };
        self.tell_all(tenant, notice).await
    }
}
