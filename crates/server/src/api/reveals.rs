//! `POST /v1/reveals/{tenant}`: personal data, field by field, with a reason; each is a leaf before it is answered.

use crate::authn::Known;
use crate::openapi::{refused, written};
use axum::{
    Json,
    extract::{Request, State},
};
use countersign_app::reveal::{Asked, Reason, Revealed, Target};
use countersign_rights::Action;
use serde::Deserialize;
use serde_json::{Value, json};
use utoipa::ToSchema;

use super::segments::Segments;
use crate::{Problem, Server, body};

/// What is looked at.
#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
#[schema(as = RevealTarget)]
pub(super) struct What {
    #[schema(value_type = written::RevealKind)]
    kind: Target,
    #[schema(min_length = 1, max_length = 256)]
    id: String,
}

/// Which fields of it, and why.
#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
#[schema(as = Reveal)]
pub(super) struct Reveal {
    what: What,
    #[schema(min_items = 1, max_items = 50)]
    fields: Vec<String>,
    #[schema(value_type = Option<written::Actor>)]
    actor: Option<String>,
    #[schema(min_length = 3, max_length = 500)]
    reason: String,
}

/// Why a whole body is opened.
#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
#[schema(as = Opening)]
pub(super) struct Opening {
    #[schema(value_type = Option<written::Actor>)]
    pub(super) actor: Option<String>,
    #[schema(min_length = 3, max_length = 500)]
    pub(super) reason: String,
}

impl Opening {
    pub(super) fn reason(&self) -> Reason<'_> {
        Reason { actor: self.actor.as_deref(), text: &self.reason }
    }
}

#[utoipa::path(
    post,
    path = "/v1/reveals/{tenant}",
    operation_id = "reveal",
    tag = "reveals",
    summary = "Opens fields that are masked elsewhere; that it did, who and which is a leaf.",
    params(("tenant" = written::TenantId, Path)),
    request_body = Reveal,
    responses(
        (status = 200, body = written::Revealed),
        refused::Guarded,
        refused::Missing,
        refused::Body,
        refused::Erased,
    ),
)]
pub(super) async fn handle(
    State(server): State<Server>,
    Known(caller): Known,
    Segments(id): Segments<String>,
    request: Request,
) -> Result<Json<Value>, Problem> {
    let permit = server.permit_within(&caller, Action::RevealPersonal, &id).await?;
    let Reveal { what: What { kind, id }, fields, actor, reason } = body::take(request).await?;
    let reason = Reason { actor: actor.as_deref(), text: &reason };
    let asked = Asked { fields: &fields, reason };
    let Revealed { record, values } = server.0.app.reveal(&permit, (kind, &id), asked).await?;
    Ok(Json(json!({ "reveal": record, "what": { "kind": kind, "id": id }, "values": values })))
}
