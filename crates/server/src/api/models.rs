//! `/v1/models/{tenant}`: models are listed, shown, taken in, compared and put in force.

use axum::{
    Json,
    extract::{Request, State},
    http::StatusCode,
};
use countersign_app::models::{ActView, MAX_MODEL_BYTES, ModelBy, ModelChange, ModelShown, Models};
use countersign_risk::{Card, Model, own_model};
use serde::Deserialize;
use serde_json::{Value, json, value::RawValue};

use super::{incidents::tenant, segments::Segments};
use crate::{Problem, Server, body};

/// The most bytes of a body with a model: as many as model and card have, twice for white space, and who takes them in.
const MAX_BYTES: usize = 2 * MAX_MODEL_BYTES + 1_024;

/// The most bytes of a body with an own model, and who takes it in.
const MAX_OWN_BYTES: usize = own_model::MAX_BYTES + 1_024;

/// A model with its card.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Import {
    actor: String,
    model: Model,
    card: Card,
}

/// An operator's own model, its file as it is.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct ImportOwn {
    actor: String,
    own_model: Box<RawValue>,
}

/// What is to be done, from what was looked at.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Act {
    act: Word,
    version: Option<u64>,
    expected_act: u64,
    actor: String,
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

pub(super) async fn list(
    State(server): State<Server>,
    Segments(id): Segments<String>,
) -> Result<Json<Models>, Problem> {
    let tenant = tenant(&server, &id)?;
    Ok(Json(server.0.app.models(&tenant).await?))
}

pub(super) async fn show(
    State(server): State<Server>,
    Segments((id, version)): Segments<(String, String)>,
) -> Result<Json<ModelShown>, Problem> {
    let tenant = tenant(&server, &id)?;
    let version = version.parse().map_err(|_| countersign_app::Error::NotFound("version of the model"))?;
    Ok(Json(server.0.app.model(&tenant, version).await?))
}

pub(super) async fn compare(
    State(server): State<Server>,
    Segments(id): Segments<String>,
) -> Result<Json<Value>, Problem> {
    let tenant = tenant(&server, &id)?;
    Ok(Json(json!({ "comparison": server.0.app.compare_models(&tenant).await? })))
}

pub(super) async fn import(
    State(server): State<Server>,
    Segments(id): Segments<String>,
    request: Request,
) -> Result<(StatusCode, Json<Value>), Problem> {
    let tenant = tenant(&server, &id)?;
    let Import { actor, model, card } =
        body::parse(&body::read_at_most(request.into_body(), MAX_BYTES).await?)?;
    let version = server.0.app.import_model(&tenant, &model, &card, &actor).await?;
    Ok((StatusCode::CREATED, Json(json!({ "version": version, "tag": model.id() }))))
}

pub(super) async fn import_own(
    State(server): State<Server>,
    Segments(id): Segments<String>,
    request: Request,
) -> Result<(StatusCode, Json<Value>), Problem> {
    let tenant = tenant(&server, &id)?;
    let ImportOwn { actor, own_model } =
        body::parse(&body::read_at_most(request.into_body(), MAX_OWN_BYTES).await?)?;
    let (version, tag) = server.0.app.import_own_model(&tenant, own_model.get(), &actor).await?;
    Ok((StatusCode::CREATED, Json(json!({ "version": version, "tag": tag }))))
}

pub(super) async fn act(
    State(server): State<Server>,
    Segments(id): Segments<String>,
    request: Request,
) -> Result<Json<ActView>, Problem> {
    let tenant = tenant(&server, &id)?;
    let Act { act, version, expected_act: expected, actor } =
        body::parse(&body::read(request.into_body()).await?)?;
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
    let by = ModelBy { actor: &actor, expected };
    Ok(Json(server.0.app.change_models(&tenant, change, by).await?.into()))
}
