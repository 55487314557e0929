//! Lists of plans, and one of them: people by alias.

use axum::{
    Json,
    extract::{Query, State, rejection::QueryRejection},
};
use countersign_app::acts::{PlanFilter, PlanShown};
use countersign_rights::Action;
use serde::Deserialize;
use serde_json::{Value, json};

use super::{STATES, is_id};
use crate::{
    Problem, Server,
    api::{about::About, decisions::bad_query, incidents::PAGE, segments::Segments},
    authn::Known,
    openapi::{refused, written},
};

/// What `ListQuery` takes, in words.
const LIST_QUERY: &str = "each at most once, `state` (such as `proposed`), `incident`, `undoes` (a plan), `audience`, `assignee`, \
    `overdue` (`true` or `false`) and `before` (what `next` said)";

#[derive(Deserialize, utoipa::IntoParams)]
#[serde(deny_unknown_fields)]
#[into_params(parameter_in = Query)]
pub(in crate::api) struct ListQuery {
    #[param(value_type = Option<written::PlanStatus>)]
    state: Option<String>,
    incident: Option<String>,
    undoes: Option<String>,
    audience: Option<String>,
    assignee: Option<String>,
    #[serde(default)]
    overdue: bool,
    #[param(value_type = Option<written::PlanId>)]
    before: Option<String>,
}

#[utoipa::path(
    get,
    path = "/v1/plans/{tenant}",
    operation_id = "list_plans",
    tag = "plans",
    summary = "Plans, the newest first; they name nobody.",
    params(("tenant" = written::TenantId, Path), ListQuery),
    responses(
        (status = 200, body = written::PlanPage),
        refused::Guarded,
        refused::Missing,
        refused::Query,
    ),
)]
pub(in crate::api) async fn list(
    State(server): State<Server>,
    Known(caller): Known,
    Segments(id): Segments<String>,
    query: Result<Query<ListQuery>, QueryRejection>,
) -> Result<Json<Value>, Problem> {
    let Query(query) = query.map_err(|_| bad_query(LIST_QUERY))?;
    let tenant = server.permit(&caller, Action::ReadPlans, &id).await?;
    let ListQuery { state, incident, undoes, audience, assignee, overdue, before } = query;
    let is_known = state.as_ref().is_none_or(|state| STATES.contains(&state.as_str()));
    if !is_known || before.as_ref().is_some_and(|before| !is_id("pln_", before)) {
        return Err(bad_query(LIST_QUERY));
    }
    let overdue_at = overdue.then(|| server.0.app.clock().now());
    let states = state.into_iter().collect();
    let filter = PlanFilter { states, incident, undoes, audience, assignee, overdue_at, before };
    let plans = server.0.app.plans(&tenant, filter, PAGE).await?;
    let is_full = u32::try_from(plans.len()).is_ok_and(|count| count >= PAGE);
    let next = plans.last().filter(|_| is_full).map(|last| last.plan.id.clone());
    Ok(Json(json!({ "plans": plans, "next": next })))
}

#[utoipa::path(
    get,
    path = "/v1/plans/{tenant}/{id}",
    operation_id = "show_plan",
    tag = "plans",
    summary = "One plan, whole: people by alias, and what was written about it left out.",
    params(("tenant" = written::TenantId, Path), ("id" = written::Identifier, Path)),
    responses(
        (status = 200, body = written::PlanShown),
        refused::Guarded,
        refused::Missing,
        refused::Erased,
    ),
)]
pub(in crate::api) async fn show(about: About) -> Result<Json<PlanShown>, Problem> {
    let tenant = about.permit(Action::ReadPlans).await?;
    Ok(Json(about.app().plan(&tenant, &about.id).await?))
}
