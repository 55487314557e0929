//! `/v1/users/{tenant}`: what is held against a person is read, and an operator says what they know better.
//!
//! A path names nobody but by a pseudonym; whoever has only Auth0's id sends it in a body.

use crate::authn::Known;
use crate::openapi::{refused, written};
use axum::{
    Json,
    extract::{Query, Request, State, rejection::QueryRejection},
    http::StatusCode,
};
use countersign_app::{
    App, Tenant,
    user_risk::{Mark, MarkedBy, UserRiskView},
    users_at_risk::{AtLeast, UsersAtRisk},
};
use countersign_core::{SubjectId, Timestamp};
use countersign_rights::Action;
use serde::Deserialize;
use serde_json::{Value, json};

use super::{
    decisions::bad_query,
    incidents::{cursor, write_cursor},
    segments::Segments,
};
use crate::{Problem, Server, body};

/// Names the person; exactly one of the two.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Named {
    user_id: Option<String>,
    subject: Option<SubjectId>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Marking {
    user_id: Option<String>,
    subject: Option<SubjectId>,
    mark: Mark,
    actor: Option<String>,
    reason: String,
}

/// What `ListQuery` takes, in words.
const LIST_QUERY: &str = "each at most once, `at_least` (`medium` or `high`, which it is when absent) and `before` (what `next` said)";

#[derive(Deserialize, utoipa::IntoParams)]
#[serde(deny_unknown_fields)]
#[into_params(parameter_in = Query)]
pub(super) struct ListQuery {
    #[serde(default)]
    #[param(value_type = Option<written::AtLeast>)]
    at_least: AtLeast,
    #[param(value_type = Option<written::UserCursor>)]
    before: Option<String>,
}

#[utoipa::path(
    get,
    path = "/v1/users/{tenant}",
    operation_id = "list_users_at_risk",
    tag = "users",
    summary = "People at user risk, by pseudonym; who stays there longest first.",
    params(("tenant" = written::TenantId, Path), ListQuery),
    responses(
        (status = 200, body = written::UsersAtRisk),
        refused::Guarded,
        refused::Missing,
        refused::Query,
    ),
)]
pub(super) async fn list(
    State(server): State<Server>,
    Known(caller): Known,
    Segments(id): Segments<String>,
    query: Result<Query<ListQuery>, QueryRejection>,
) -> Result<Json<Value>, Problem> {
    let Query(ListQuery { at_least, before }) = query.map_err(|_| bad_query(LIST_QUERY))?;
    let tenant = server.permit(&caller, Action::ReadUsers, &id).await?;
    let after = match cursor(before, LIST_QUERY)? {
        Some((until, subject)) => Some((until, subject.parse().map_err(|_| bad_query(LIST_QUERY))?)),
        None => None,
    };
    let UsersAtRisk { users, next } = server.0.app.users_at_risk(&tenant, at_least, after).await?;
    let next = next.map(|(until, subject): (Timestamp, SubjectId)| write_cursor(until, subject.as_str()));
    Ok(Json(json!({ "users": users, "next": next })))
}

#[utoipa::path(
    get,
    path = "/v1/users/{tenant}/{subject}/risk",
    operation_id = "show_user_risk",
    tag = "users",
    summary = "What is held against a person, by pseudonym.",
    params(("tenant" = written::TenantId, Path), ("subject" = written::SubjectId, Path)),
    responses(
        (status = 200, body = written::UserRisk),
        refused::Guarded,
        refused::Missing,
        refused::Erased,
    ),
)]
pub(super) async fn show(
    State(server): State<Server>,
    Known(caller): Known,
    Segments((id, subject)): Segments<(String, String)>,
) -> Result<Json<UserRiskView>, Problem> {
    let tenant = server.permit(&caller, Action::ReadUsers, &id).await?;
    let subject: SubjectId =
        subject.parse().map_err(|_| Problem::from(countersign_app::Error::NotFound("user")))?;
    Ok(Json(server.0.app.user_risk(&tenant, &subject).await?))
}

/// By `user_id` for who may `find_entities`, since the answer has the alias of that person.
#[utoipa::path(
    post,
    path = "/v1/users/{tenant}/risk",
    operation_id = "find_user_risk",
    tag = "users",
    summary = "What is held against a person, by name.",
    params(("tenant" = written::TenantId, Path)),
    request_body = written::PersonNamed,
    responses(
        (status = 200, body = written::UserRisk),
        refused::Guarded,
        refused::Missing,
        refused::Body,
        refused::Erased,
    ),
)]
pub(super) async fn find(
    State(server): State<Server>,
    Known(caller): Known,
    Segments(id): Segments<String>,
    request: Request,
) -> Result<Json<UserRiskView>, Problem> {
    let tenant = server.permit(&caller, Action::ReadUsers, &id).await?;
    let Named { user_id, subject } = body::take(request).await?;
    if user_id.is_some() {
        // Why: whoever gives a name is told what stands for it everywhere else.
        server.permit(&caller, Action::FindEntities, &id).await?;
    }
    let subject = who(&tenant, user_id, subject)?;
    Ok(Json(server.0.app.user_risk(&tenant, &subject).await?))
}

#[utoipa::path(
    post,
    path = "/v1/users/{tenant}/marks",
    operation_id = "mark_user",
    tag = "users",
    summary = "Marks a person as safe or compromised.",
    params(("tenant" = written::TenantId, Path)),
    request_body = written::PersonMarking,
    responses(
        (status = 200, body = written::UserRisk),
        refused::Guarded,
        refused::Missing,
        refused::Body,
        refused::Conflict,
        refused::Erased,
    ),
)]
pub(super) async fn mark(
    State(server): State<Server>,
    Known(caller): Known,
    Segments(id): Segments<String>,
    request: Request,
) -> Result<Json<UserRiskView>, Problem> {
    let tenant = server.permit(&caller, Action::MarkUsers, &id).await?;
    let Marking { user_id, subject, mark, actor, reason } = body::take(request).await?;
    let subject = who(&tenant, user_id, subject)?;
    let actor = tenant.actor(actor.as_deref())?;
    let by = MarkedBy { actor: &actor, reason: &reason };
    Ok(Json(server.0.app.mark_user(&tenant, &subject, mark, by).await?))
}

fn who(tenant: &Tenant, user_id: Option<String>, subject: Option<SubjectId>) -> Result<SubjectId, Problem> {
    match (user_id, subject) {
        (Some(user_id), None) if !user_id.is_empty() => Ok(App::subject(tenant, &user_id)),
        (None, Some(subject)) => Ok(subject),
        _ => {
            let detail = "either `user_id` or `subject` names the person";
            Err(Problem::new(StatusCode::UNPROCESSABLE_ENTITY, "body.shape", detail))
        }
    }
}
