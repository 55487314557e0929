//! What the form of a page sends about one thing: by whom, about what, and with which fields.

use std::sync::Arc;

use axum::{
    Form,
    extract::{FromRequest, FromRequestParts, Request},
    response::{IntoResponse, Redirect, Response},
};
use countersign_app::{
    App,
    access::{Caller, Permit, ScopedPermit},
};
use countersign_core::TenantId;
use countersign_rights::Action;

use super::{
    confirm::{named_tenant, named_within, of_form},
    fault::Fault,
    query::{Link, Parameters},
    segments::Segments,
};
use crate::{Server, authn::Known};

/// A form about the thing that its path names.
pub(super) struct Sent {
    pub(super) server: Server,
    pub(super) caller: Caller,
    pub(super) id: String,
    pub(super) parameters: Parameters,
}

impl FromRequest<Server> for Sent {
    type Rejection = Response;

    async fn from_request(request: Request, server: &Server) -> Result<Self, Response> {
        let (mut parts, body) = request.into_parts();
        let known = Known::from_request_parts(&mut parts, server).await;
        let Known(caller) = known.map_err(IntoResponse::into_response)?;
        let Segments(id) = Segments::from_request_parts(&mut parts, server).await?;
        let form = Form::from_request(Request::from_parts(parts, body), server).await;
        let parameters = of_form(form).map_err(IntoResponse::into_response)?;
        Ok(Self { server: server.clone(), caller, id, parameters })
    }
}

impl Sent {
    /// The use cases.
    pub(super) fn app(&self) -> &Arc<App> {
        &self.server.0.app
    }

    /// Lets whoever sent it do something at the tenant that the form names.
    pub(super) async fn permit(&self, action: Action) -> Result<Permit, Fault> {
        named_tenant(&self.server, &self.caller, action, &self.parameters).await
    }

    /// The same with decisions there, or with those of the organizations that are theirs.
    pub(super) async fn permit_within(&self, action: Action) -> Result<ScopedPermit, Fault> {
        named_within(&self.server, &self.caller, action, &self.parameters).await
    }

    /// A field that is not empty.
    pub(super) fn get(&self, name: &str) -> Option<&str> {
        self.parameters.get(name)
    }

    /// Who acts, in words.
    pub(super) fn actor(&self, permit: &Permit) -> Result<String, Fault> {
        Ok(permit.actor(self.get("actor"))?)
    }

    /// The version that was looked at.
    pub(super) fn version(&self) -> Result<u64, Fault> {
        let version = self.get("version").and_then(|text| text.parse().ok());
        version.ok_or_else(|| Fault::query("`version` is what the form says"))
    }

    /// Back to the page of this thing, which says what was done.
    pub(super) fn back(&self, pages: &str, tenant: &TenantId, told: &str) -> Response {
        back(&format!("{pages}/{}", self.id), tenant, told)
    }
}

/// On to a page, which says what was done.
pub(super) fn back(page: &str, tenant: &TenantId, told: &str) -> Response {
    let link = Link::to(page).with("tenant", tenant.as_str()).with("told", told);
    Redirect::to(&link.done()).into_response()
}
