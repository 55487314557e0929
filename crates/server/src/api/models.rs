//! `/v1/models/{tenant}`: models are listed, shown, taken in, compared and put in force, and thresholds are explored.

use crate::authn::Known;
use crate::openapi::{refused, written};
use axum::{
    Json,
    extract::{Query, Request, State, rejection::QueryRejection},
    http::StatusCode,
};
use countersign_app::models::{
    ActView, Exploration, MAX_MODEL_BYTES, ModelBy, ModelChange, ModelShown, Models,
};
use countersign_core::Trigger;
use countersign_rights::Action;
use countersign_risk::{Card, Model, own_model};
use serde::Deserialize;
use serde_json::{Value, json, value::RawValue};
use utoipa::ToSchema;

use super::{decisions::bad_query, segments::Segments};
use crate::{Problem, Server, body};

/// The most bytes of a body with a model: as many as model and card have, twice for white space, and who takes them in.
const MAX_BYTES: usize = 2 * MAX_MODEL_BYTES + 1_024;

/// The most bytes of a body with an own model, and who takes it in.
const MAX_OWN_BYTES: usize = own_model::MAX_BYTES + 1_024;

/// A model with its card.
#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
#[schema(as = ModelImport)]
pub(super) struct Import {
    #[schema(value_type = Option<written::Actor>)]
    actor: Option<String>,
    #[schema(value_type = written::ModelConstants)]
    model: Model,
    #[schema(value_type = written::ModelCard)]
    card: Card,
}

/// An operator's own model, its file as it is.
#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
#[schema(as = OwnModelImport)]
pub(super) struct ImportOwn {
    #[schema(value_type = Option<written::Actor>)]
    actor: Option<String>,
    #[schema(value_type = written::OwnModel)]
    own_model: Box<RawValue>,
}

/// What is to be done, from what was looked at.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Act {
    act: Word,
    version: Option<u64>,
    expected_act: u64,
    actor: Option<String>,
}

/// What `ThresholdsQuery` takes, in words.
const THRESHOLDS_QUERY: &str = "each at most once, `trigger` (`post-login` when absent) and `at_most` (a share from 0 to 1; 0.01 when absent)";

#[derive(Deserialize, utoipa::IntoParams)]
#[serde(deny_unknown_fields)]
#[into_params(parameter_in = Query)]
pub(super) struct ThresholdsQuery {
    #[param(value_type = Option<written::Trigger>)]
    trigger: Option<Trigger>,
    #[param(minimum = 0, maximum = 1)]
    at_most: Option<f64>,
}

#[derive(Clone, Copy, Deserialize)]
#[serde(rename_all = "snake_case")]
enum Word {
    Promote,
    Challenge,
    Withdraw,
    RollBack,
    Attach,
    Detach,
}

#[utoipa::path(
    get,
    path = "/v1/models/{tenant}",
    operation_id = "list_models",
    tag = "models",
    summary = "Versions of the model, and which of them hold.",
    params(("tenant" = written::TenantId, Path)),
    responses((status = 200, body = written::ModelList), refused::Guarded, refused::Missing),
)]
pub(super) async fn list(
    State(server): State<Server>,
    Known(caller): Known,
    Segments(id): Segments<String>,
) -> Result<Json<Models>, Problem> {
    let tenant = server.permit(&caller, Action::ReadModels, &id).await?;
    Ok(Json(server.0.app.models(&tenant).await?))
}

#[utoipa::path(
    get,
    path = "/v1/models/{tenant}/versions/{version}",
    operation_id = "show_model",
    tag = "models",
    summary = "One version with its card and constants.",
    params(("tenant" = written::TenantId, Path), ("version" = written::Count, Path)),
    responses((status = 200, body = written::ModelShown), refused::Guarded, refused::Missing),
)]
pub(super) async fn show(
    State(server): State<Server>,
    Known(caller): Known,
    Segments((id, version)): Segments<(String, String)>,
) -> Result<Json<ModelShown>, Problem> {
    let tenant = server.permit(&caller, Action::ReadModels, &id).await?;
    let version = version.parse().map_err(|_| countersign_app::Error::NotFound("version of the model"))?;
    Ok(Json(server.0.app.model(&tenant, version).await?))
}

#[utoipa::path(
    get,
    path = "/v1/models/{tenant}/comparison",
    operation_id = "compare_models",
    tag = "models",
    summary = "How champion and challenger scored the same sign-ins.",
    params(("tenant" = written::TenantId, Path)),
    responses((status = 200, body = written::ModelComparison), refused::Guarded, refused::Missing),
)]
pub(super) async fn compare(
    State(server): State<Server>,
    Known(caller): Known,
    Segments(id): Segments<String>,
) -> Result<Json<Value>, Problem> {
    let tenant = server.permit(&caller, Action::ReadModels, &id).await?;
    Ok(Json(json!({ "comparison": server.0.app.compare_models(&tenant).await? })))
}

#[utoipa::path(
    get,
    path = "/v1/models/{tenant}/thresholds",
    operation_id = "explore_thresholds",
    tag = "models",
    summary = "How labeled decisions would fall at other thresholds; nothing is changed.",
    params(("tenant" = written::TenantId, Path), ThresholdsQuery),
    responses(
        (status = 200, body = written::ModelThresholds),
        refused::Guarded,
        refused::Missing,
        refused::Query,
    ),
)]
pub(super) async fn thresholds(
    State(server): State<Server>,
    Known(caller): Known,
    Segments(id): Segments<String>,
    query: Result<Query<ThresholdsQuery>, QueryRejection>,
) -> Result<Json<Exploration>, Problem> {
    let Query(ThresholdsQuery { trigger, at_most }) = query.map_err(|_| bad_query(THRESHOLDS_QUERY))?;
    let at_most = at_most.unwrap_or(0.01);
    if !(0.0..=1.0).contains(&at_most) {
        return Err(bad_query(THRESHOLDS_QUERY));
    }
    let tenant = server.permit(&caller, Action::ReadModels, &id).await?;
    let trigger = trigger.unwrap_or(Trigger::PostLogin);
    Ok(Json(server.0.app.explore_thresholds(&tenant, trigger, at_most).await?))
}

#[utoipa::path(
    post,
    path = "/v1/models/{tenant}",
    operation_id = "import_model",
    tag = "models",
    summary = "Takes a model in, with its card.",
    params(("tenant" = written::TenantId, Path)),
    request_body = Import,
    responses(
        (status = 201, body = written::ModelTaken),
        refused::Guarded,
        refused::Missing,
        refused::Body,
        refused::Conflict,
    ),
)]
pub(super) async fn import(
    State(server): State<Server>,
    Known(caller): Known,
    Segments(id): Segments<String>,
    request: Request,
) -> Result<(StatusCode, Json<Value>), Problem> {
    let tenant = server.permit(&caller, Action::ChangeModels, &id).await?;
    let Import { actor, model, card } =
        body::parse(&body::read_at_most(request.into_body(), MAX_BYTES).await?)?;
    let actor = tenant.actor(actor.as_deref())?;
    let version = server.0.app.import_model(&tenant, &model, &card, &actor).await?;
    Ok((StatusCode::CREATED, Json(json!({ "version": version, "tag": model.id() }))))
}

#[utoipa::path(
    post,
    path = "/v1/models/{tenant}/own",
    operation_id = "import_own_model",
    tag = "models",
    summary = "Takes an operator's own model in.",
    params(("tenant" = written::TenantId, Path)),
    request_body = ImportOwn,
    responses(
        (status = 201, body = written::ModelTaken),
        refused::Guarded,
        refused::Missing,
        refused::Body,
        refused::Conflict,
    ),
)]
pub(super) async fn import_own(
    State(server): State<Server>,
    Known(caller): Known,
    Segments(id): Segments<String>,
    request: Request,
) -> Result<(StatusCode, Json<Value>), Problem> {
    let tenant = server.permit(&caller, Action::ChangeModels, &id).await?;
    let ImportOwn { actor, own_model } =
        body::parse(&body::read_at_most(request.into_body(), MAX_OWN_BYTES).await?)?;
    let actor = tenant.actor(actor.as_deref())?;
    let (version, tag) = server.0.app.import_own_model(&tenant, own_model.get(), &actor).await?;
    Ok((StatusCode::CREATED, Json(json!({ "version": version, "tag": tag }))))
}

#[utoipa::path(
    post,
    path = "/v1/models/{tenant}/acts",
    operation_id = "change_models",
    tag = "models",
    summary = "Promotes, challenges, withdraws, attaches, detaches or rolls back.",
    params(("tenant" = written::TenantId, Path)),
    request_body = written::ModelAct,
    responses(
        (status = 200, body = written::ModelActed),
        refused::Guarded,
        refused::Missing,
        refused::Body,
        refused::Conflict,
    ),
)]
pub(super) async fn act(
    State(server): State<Server>,
    Known(caller): Known,
    Segments(id): Segments<String>,
    request: Request,
) -> Result<Json<ActView>, Problem> {
    let tenant = server.permit(&caller, Action::ChangeModels, &id).await?;
    let Act { act, version, expected_act: expected, actor } = body::take(request).await?;
    let change = match (act, version) {
        (Word::Promote, Some(version)) => ModelChange::Promote(version),
        (Word::Challenge, Some(version)) => ModelChange::Challenge(version),
        (Word::Withdraw, None) => ModelChange::Withdraw,
        (Word::RollBack, None) => ModelChange::RollBack,
        (Word::Attach, Some(version)) => ModelChange::Attach(version),
        (Word::Detach, None) => ModelChange::Detach,
        (Word::Promote | Word::Challenge | Word::Attach, None)
        | (Word::Withdraw | Word::RollBack | Word::Detach, Some(_)) => {
            let detail = "`promote`, `challenge` and `attach` name a version, the others none";
            let status = StatusCode::UNPROCESSABLE_ENTITY;
            return Err(Problem::new(status, "body.shape", detail).at("version", detail));
        }
    };
    let actor = tenant.actor(actor.as_deref())?;
    let by = ModelBy { actor: &actor, expected };
    Ok(Json(server.0.app.change_models(&tenant, change, by).await?.into()))
}
