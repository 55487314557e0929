//! One thing of a tenant, as a path names it, and who asks about it.

use std::sync::Arc;

use axum::{extract::FromRequestParts, http::request::Parts};
use countersign_app::{
    App,
    access::{Caller, Permit, ScopedPermit},
};
use countersign_rights::Action;

use super::segments::Segments;
use crate::{Problem, Server, authn::Known};

/// Who asks, at which tenant, about what.
pub(super) struct About {
    server: Server,
    caller: Caller,
    tenant: String,
    pub(super) id: String,
}

impl FromRequestParts<Server> for About {
    type Rejection = Problem;

    async fn from_request_parts(parts: &mut Parts, server: &Server) -> Result<Self, Problem> {
        let Known(caller) = Known::from_request_parts(parts, server).await?;
        let Segments((tenant, id)) = Segments::from_request_parts(parts, server).await?;
        Ok(Self { server: server.clone(), caller, tenant, id })
    }
}

impl About {
    /// The use cases.
    pub(super) fn app(&self) -> &Arc<App> {
        &self.server.0.app
    }

    /// Lets whoever asks do something at the tenant.
    pub(super) async fn permit(&self, action: Action) -> Result<Permit, Problem> {
        self.server.permit(&self.caller, action, &self.tenant).await
    }

    /// The same with decisions there, or with those of the organizations that are theirs.
    pub(super) async fn permit_within(&self, action: Action) -> Result<ScopedPermit, Problem> {
        self.server.permit_within(&self.caller, action, &self.tenant).await
    }
}
