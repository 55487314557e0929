//! `/v1/access/people`: those who sign in at the identity provider.

use crate::openapi::{refused, written};
use axum::{
    Json,
    extract::{Query, Request, State, rejection::QueryRejection},
    http::StatusCode,
};
use countersign_app::access::PEOPLE_PAGE;
use countersign_rights::Action;
use serde::Deserialize;
use serde_json::{Value, json};
use utoipa::ToSchema;

use crate::{
    Problem, Server,
    api::{decisions::bad_query, segments::Segments},
    authn::Known,
    body,
};

#[derive(Deserialize, utoipa::IntoParams)]
#[serde(deny_unknown_fields)]
#[into_params(parameter_in = Query)]
pub(in crate::api) struct ListQuery {
    after: Option<String>,
}

#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
#[schema(as = NewPerson)]
pub(in crate::api) struct Add {
    /// Who knows the person; the configured provider where absent.
    #[schema(min_length = 1, max_length = 256)]
    issuer: Option<String>,
    #[schema(min_length = 1, max_length = 256)]
    subject: String,
    #[schema(min_length = 1, max_length = 256)]
    name: String,
}

#[utoipa::path(
    get,
    path = "/v1/access/people",
    operation_id = "list_people",
    tag = "access",
    summary = "People who can sign in.",
    params(ListQuery),
    responses((status = 200, body = written::People), refused::Guarded, refused::Query),
)]
pub(in crate::api) async fn list(
    State(server): State<Server>,
    Known(caller): Known,
    query: Result<Query<ListQuery>, QueryRejection>,
) -> Result<Json<Value>, Problem> {
    let Query(ListQuery { after }) = query.map_err(|_| bad_query("at most once `after`, a person's id"))?;
    let permit = server.permit_here(&caller, Action::ReadAccess).await?;
    let people = server.0.app.people(&permit, after.as_deref()).await?;
    let is_full = u32::try_from(people.len()) == Ok(PEOPLE_PAGE);
    let next = people.last().filter(|_| is_full).map(|person| person.id.clone());
    Ok(Json(json!({ "people": people, "next": next })))
}

#[utoipa::path(
    post,
    path = "/v1/access/people",
    operation_id = "add_person",
    tag = "access",
    summary = "Makes somebody known who did not sign in yet.",
    request_body = Add,
    responses((status = 201, body = written::Made), refused::Guarded, refused::Body, refused::Conflict),
)]
pub(in crate::api) async fn add(
    State(server): State<Server>,
    Known(caller): Known,
    request: Request,
) -> Result<(StatusCode, Json<Value>), Problem> {
    let permit = server.permit_here(&caller, Action::ChangeAccess).await?;
    let Add { issuer, subject, name } = body::take(request).await?;
    let id = server.0.app.add_person(&permit, issuer.as_deref(), &subject, &name).await?;
    Ok((StatusCode::CREATED, Json(json!({ "id": id }))))
}

#[utoipa::path(
    post,
    path = "/v1/access/people/{id}/disable",
    operation_id = "disable_person",
    tag = "access",
    summary = "Ends what a person may do, and their sessions.",
    params(("id" = written::Identifier, Path)),
    responses((status = 200, body = written::Disabled), refused::Guarded, refused::Missing),
)]
pub(in crate::api) async fn disable(
    State(server): State<Server>,
    Known(caller): Known,
    Segments(id): Segments<String>,
) -> Result<Json<Value>, Problem> {
    let permit = server.permit_here(&caller, Action::ChangeAccess).await?;
    server.0.app.disable_person(&permit, &id).await?;
    Ok(Json(json!({ "id": id, "disabled": true })))
}

#[utoipa::path(
    post,
    path = "/v1/access/people/{id}/enable",
    operation_id = "enable_person",
    tag = "access",
    summary = "Lets somebody in again who was disabled, with what they were granted.",
    params(("id" = written::Identifier, Path)),
    responses((status = 200, body = written::Enabled), refused::Guarded, refused::Missing),
)]
pub(in crate::api) async fn enable(
    State(server): State<Server>,
    Known(caller): Known,
    Segments(id): Segments<String>,
) -> Result<Json<Value>, Problem> {
    let permit = server.permit_here(&caller, Action::ChangeAccess).await?;
    server.0.app.enable_person(&permit, &id).await?;
    Ok(Json(json!({ "id": id, "enabled": true })))
}
