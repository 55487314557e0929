//! `/v1/users/{tenant}`: what is held against a person is read, and an operator says what they know better.
//!
//! A path names nobody but by a pseudonym; whoever has only Auth0's id sends it in a body.

use axum::{
    Json,
    extract::{Request, State},
    http::StatusCode,
};
use countersign_app::{
    App, Tenant,
    user_risk::{Mark, MarkedBy, UserRiskView},
};
use countersign_core::SubjectId;
use serde::Deserialize;

use super::{incidents::tenant, segments::Segments};
use crate::{Problem, Server, body};

/// Names the person; exactly one of the two.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Named {
    user_id: Option<String>,
    subject: Option<SubjectId>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Marking {
    user_id: Option<String>,
    subject: Option<SubjectId>,
    mark: Mark,
    actor: String,
    reason: String,
}

pub(super) async fn show(
    State(server): State<Server>,
    Segments((id, subject)): Segments<(String, String)>,
) -> Result<Json<UserRiskView>, Problem> {
    let tenant = tenant(&server, &id)?;
    let subject: SubjectId =
        subject.parse().map_err(|_| Problem::from(countersign_app::Error::NotFound("user")))?;
    Ok(Json(server.0.app.user_risk(&tenant, &subject).await?))
}

pub(super) async fn find(
    State(server): State<Server>,
    Segments(id): Segments<String>,
    request: Request,
) -> Result<Json<UserRiskView>, Problem> {
    let tenant = tenant(&server, &id)?;
    let Named { user_id, subject } = body::parse(&body::read(request.into_body()).await?)?;
    let subject = who(&tenant, user_id, subject)?;
    Ok(Json(server.0.app.user_risk(&tenant, &subject).await?))
}

pub(super) async fn mark(
    State(server): State<Server>,
    Segments(id): Segments<String>,
    request: Request,
) -> Result<Json<UserRiskView>, Problem> {
    let tenant = tenant(&server, &id)?;
    let Marking { user_id, subject, mark, actor, reason } =
        body::parse(&body::read(request.into_body()).await?)?;
    let subject = who(&tenant, user_id, subject)?;
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
