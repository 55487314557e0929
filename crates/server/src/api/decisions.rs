//! `GET /v1/decisions` and `GET /v1/decisions/{id}`: what was decided, pseudonymous.

use crate::authn::Known;
use crate::openapi::{refused, written};
use axum::{
    Json,
    extract::{Query, State},
    response::{IntoResponse, Response},
};
use countersign_app::{DecisionFilter, DecisionRow, decide::record::Record, reveal::fields_view};
use countersign_core::{DecisionId, Level, OrganizationId, TenantId};
use countersign_rights::Action;
use countersign_risk::Features;
use serde::{Deserialize, Serialize};
use serde_json::Value;

use super::segments::Segments;
use crate::{Problem, Server};

/// Decisions on one page.
const PAGE: u32 = 50;

/// What `ListQuery` takes, in words.
const LIST_QUERY: &str = "`tenant` and, each at most once, `level` (`low`, `medium`, `high` or `critical`), \
    `organization`, `before` (the index of a leaf) and `aliases` (`true` or `false`)";

#[derive(Deserialize, utoipa::IntoParams)]
#[serde(deny_unknown_fields)]
#[into_params(parameter_in = Query)]
pub(super) struct ListQuery {
    #[param(value_type = written::TenantId)]
    tenant: TenantId,
    #[param(value_type = Option<written::Level>)]
    level: Option<Level>,
    #[param(value_type = Option<written::OrganizationId>)]
    organization: Option<OrganizationId>,
    #[param(value_type = Option<written::Count>)]
    before: Option<u64>,
    #[serde(default)]
    aliases: bool,
}

/// What `TenantQuery` takes, in words.
pub(super) const TENANT_QUERY: &str = "`tenant`, once";

#[derive(Deserialize, utoipa::IntoParams)]
#[serde(deny_unknown_fields)]
#[into_params(parameter_in = Query)]
pub(super) struct TenantQuery {
    #[param(value_type = written::TenantId)]
    pub(super) tenant: TenantId,
}

#[derive(Serialize)]
struct Listed {
    decision_id: String,
    leaf_index: u64,
    at: countersign_core::Timestamp,
    subject: Option<String>,
    /// What stands for the person; for the outside when that was asked for.
    alias: Option<String>,
    organization: Option<OrganizationId>,
    trigger: countersign_core::Trigger,
    channel: countersign_core::Channel,
    mode: countersign_core::Mode,
    level: Level,
    score: countersign_core::Score,
    verdict: countersign_core::Verdict,
    standing: &'static str,
}

impl From<DecisionRow> for Listed {
    fn from(row: DecisionRow) -> Self {
        let DecisionRow { decision, leaf_index, subject, standing, granted: _, at_tenant: _ } = row;
        Self {
            decision_id: decision.id.to_string(),
            leaf_index,
            at: decision.at,
            subject: subject.map(|subject| subject.to_string()),
            alias: None,
            organization: decision.organization,
            trigger: decision.trigger,
            channel: decision.channel,
            mode: decision.mode,
            level: decision.level,
            score: decision.score,
            verdict: decision.verdict,
            standing: standing.as_str(),
        }
    }
}

#[derive(Serialize)]
struct Page {
    decisions: Vec<Listed>,
    /// Give it as `before` to go on; absent at the end.
    #[serde(skip_serializing_if = "Option::is_none")]
    next: Option<u64>,
}

/// Lists decisions, newest first.
#[utoipa::path(
    get,
    path = "/v1/decisions",
    operation_id = "list_decisions",
    tag = "decisions",
    summary = "Decisions, newest first.",
    params(ListQuery),
    responses(
        (status = 200, body = written::DecisionPage),
        refused::Guarded,
        refused::Missing,
        refused::Query,
    ),
)]
pub(super) async fn handle(
    State(server): State<Server>,
    Known(caller): Known,
    query: Result<Query<ListQuery>, axum::extract::rejection::QueryRejection>,
) -> Result<Response, Problem> {
    let Query(ListQuery { tenant, level, organization, before, aliases }) =
        query.map_err(|_| bad_query(LIST_QUERY))?;
    let permit = server.permit_within(&caller, Action::ReadDecisions, tenant.as_str()).await?;
    let filter = DecisionFilter {
        levels: level.into_iter().collect(),
        organization,
        before,
        ..DecisionFilter::default()
    };
    let rows = server.0.app.decisions(&permit, filter, PAGE).await?;
    let next = rows.last().filter(|_| rows.len() == 50).map(|row| row.leaf_index);
    let inner = permit.aliases();
    let listed = |row: DecisionRow| {
        let alias = row.subject.as_ref().map(|subject| match aliases {
            true => permit.alias(subject, row.decision.at),
            false => inner.of(subject),
        });
        Listed { alias: alias.map(|alias| alias.to_string()), ..row.into() }
    };
    Ok(Json(Page { decisions: rows.into_iter().map(listed).collect(), next }).into_response())
}

#[derive(Serialize)]
struct Shown {
    #[serde(flatten)]
    listed: Listed,
    assessment: countersign_risk::Assessment,
    #[serde(skip_serializing_if = "Option::is_none")]
    user_risk: Option<countersign_risk::UserRiskAt>,
    /// Without what leads back to the address, and so to the person, and without the fingerprint.
    features: Features,
    decision: countersign_policy::Decision<countersign_policy::Recorded>,
    degraded: Vec<String>,
    truncated: Vec<String>,
    policy: String,
    /// What of the event is masked, and can be opened.
    fields: Value,
    /// Auth0's ids of the log entries that belong to it.
    log_ids: Vec<String>,
}

/// Shows one decision with its explanation.
#[utoipa::path(
    get,
    path = "/v1/decisions/{id}",
    operation_id = "show_decision",
    tag = "decisions",
    summary = "One decision, explained.",
    params(("id" = written::Identifier, Path), TenantQuery),
    responses(
        (status = 200, body = written::DecisionShown),
        refused::Guarded,
        refused::Missing,
        refused::Query,
        refused::Erased,
    ),
)]
pub(super) async fn show(
    State(server): State<Server>,
    Known(caller): Known,
    Segments(id): Segments<String>,
    query: Result<Query<TenantQuery>, axum::extract::rejection::QueryRejection>,
) -> Result<Response, Problem> {
    let Query(TenantQuery { tenant }) = query.map_err(|_| bad_query(TENANT_QUERY))?;
    let permit = server.permit_within(&caller, Action::ReadDecisions, tenant.as_str()).await?;
    let id = decision_id(&id)?;
    let (row, record) = server.0.app.decision(&permit, &id).await?;
    let fields = fields_view(&permit.masked_event(&record)?);
    let alias = row.subject.as_ref().map(|subject| permit.aliases().of(subject).to_string());
    let log_ids = server.0.app.log_ids(&permit, &row).await?;
    let Record { assessment, user_risk, features, decision, degraded, truncated, policy, .. } = record;
    Ok(Json(Shown {
        listed: Listed { alias, ..row.into() },
        assessment,
        user_risk,
        features: Features { ja4: None, ..features.without_address() },
        decision,
        degraded,
        truncated,
        policy,
        fields,
        log_ids,
    })
    .into_response())
}

pub(super) fn decision_id(text: &str) -> Result<DecisionId, Problem> {
    text.parse().map_err(|_| Problem::from(countersign_app::Error::NotFound("decision")))
}

/// A query of another shape. `takes` says what would be right: the rejection's own text repeats what came.
pub(super) fn bad_query(takes: &'static str) -> Problem {
    let detail = format!("the query takes {takes}");
    Problem::new(axum::http::StatusCode::UNPROCESSABLE_ENTITY, "query.shape", detail)
}
