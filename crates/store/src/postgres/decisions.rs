//! Decisions: rows of `records` with facts, and what became known of them later.

use countersign_core::{DecisionId, Level, OrganizationId, Score, Timestamp};
use sqlx::{PgPool, Row, postgres::PgRow};

use super::{columns, reads::retried};
use crate::{Counted, DecisionFilter, DecisionRow, NewDecision, Scope, Standing, StoreError, bodies};

/// A decision, and the name of the key that its body is sealed under.
pub(super) type Named = (DecisionRow, Option<String>);

/// The columns of a decision, then `$tail`. Of the bodies only the beginning is read: `FIRST_BYTES` of it.
macro_rules! decision_sql {
    ($($tail:tt)+) => {
        concat!(
            "SELECT r.leaf_index, r.record_id, r.recorded_at, r.organization_id, r.client_id, r.trigger_id, r.channel,
                r.mode, r.level, r.score, r.verdict, r.is_trusted, r.is_censored, s.standing, s.granted, s.is_unanswered,
                substring(r.bodies FROM 1 FOR 1024), s.tenant_standing, s.tenant_granted
             FROM records r LEFT JOIN standings s ON s.tenant_id = r.tenant_id AND s.leaf_index = r.leaf_index
             WHERE r.tenant_id = $1 AND r.verdict IS NOT NULL AND ",
            $($tail)+
        )
    };
}

pub(super) const BY_ID: &str =
    decision_sql!("r.record_id = $2 AND ($3::text IS NULL OR r.organization_id = $3)");

/// The part of a listing that both orders have.
macro_rules! listing_sql {
    ($order:literal) => {
        decision_sql!(
            "r.leaf_index > $2 AND r.leaf_index < $3 AND (cardinality($4::text[]) = 0 OR r.level = ANY ($4))
               AND ($5::text IS NULL OR r.organization_id = $5)
               AND ($8::text IS NULL OR r.organization_id = $8)
               AND (NOT $6::bool OR s.standing IN ('legitimate', 'fraudulent'))
             ORDER BY r.leaf_index ",
            $order,
            " LIMIT $7"
        )
    };
}

pub(super) const OLDEST_FIRST: &str = listing_sql!("ASC");
pub(super) const NEWEST_FIRST: &str = listing_sql!("DESC");

pub(super) async fn find(
    pool: &PgPool,
    scope: Scope<'_>,
    id: &DecisionId,
) -> Result<Option<Named>, StoreError> {
    let row = retried(|| {
        sqlx::query(BY_ID)
            .bind(scope.tenant().as_str())
            .bind(id.as_str())
            .bind(scope.organization().map(OrganizationId::as_str))
            .fetch_optional(pool)
    })
    .await?;
    row.as_ref().map(decision_row).transpose()
}

/// Newest first, or oldest first when the filter says `after`.
pub(super) async fn list(
    pool: &PgPool,
    scope: Scope<'_>,
    filter: &DecisionFilter,
    limit: u32,
) -> Result<Vec<Named>, StoreError> {
    let DecisionFilter { levels, organization, before, after, is_judged } = filter;
    let levels: Vec<&str> = levels.iter().copied().map(Level::as_str).collect();
    let rows = retried(|| {
        sqlx::query(if after.is_some() { OLDEST_FIRST } else { NEWEST_FIRST })
            .bind(scope.tenant().as_str())
            .bind(after.map_or(-1, columns::bound))
            .bind(before.map_or(i64::MAX, columns::bound))
            .bind(&levels)
            .bind(organization.as_ref().map(OrganizationId::as_str))
            .bind(is_judged)
            .bind(i64::from(limit))
            .bind(scope.organization().map(OrganizationId::as_str))
            .fetch_all(pool)
    })
    .await?;
    rows.iter().map(decision_row).collect()
}

fn decision_row(row: &PgRow) -> Result<Named, StoreError> {
    let text = |column: usize| row.try_get::<String, _>(column).map_err(StoreError::from);
    let optional = |column: usize| row.try_get::<Option<String>, _>(column).map_err(StoreError::from);
    let number = |column: usize| row.try_get::<i64, _>(column).map_err(StoreError::from);
    let later = |column: usize| row.try_get::<Option<i64>, _>(column).map_err(StoreError::from);
    let is_unanswered = later(15)?.unwrap_or(0) != 0;
    let first: Option<Vec<u8>> = row.try_get(16)?;
    let decision = DecisionRow {
        leaf_index: columns::unsigned(number(0)?)?,
        decision: NewDecision {
            id: columns::parse("record_id", &text(1)?)?,
            at: Timestamp::from_micros(number(2)?),
            organization: columns::parse_optional("organization_id", optional(3)?)?,
            client: columns::parse_optional("client_id", optional(4)?)?,
            trigger: columns::parse("trigger_id", &text(5)?)?,
            channel: columns::parse("channel", &text(6)?)?,
            mode: columns::parse("mode", &text(7)?)?,
            level: columns::parse("level", &text(8)?)?,
            score: score(number(9)?)?,
            verdict: columns::parse("verdict", &text(10)?)?,
            is_trusted: number(11)? != 0,
            is_censored: number(12)? != 0 || is_unanswered,
        },
        standing: optional(13)?.map_or(Ok(Standing::Open), |word| standing(&word))?,
        granted: later(14)?.map_or(Ok(0), columns::small)?,
        at_tenant: optional(17)?
            .zip(later(18)?)
            .map(|(word, granted)| {
                Ok::<_, StoreError>(Counted { standing: standing(&word)?, granted: columns::small(granted)? })
            })
            .transpose()?,
        subject: None,
    };
    // Why: one damaged row must not keep every listing that holds it from being read; its body tells the damage.
    Ok((decision, first.as_deref().and_then(|first| bodies::first_key_id(first).ok())))
}

pub(super) fn score(millionths: i64) -> Result<Score, StoreError> {
    Score::from_millionths(columns::small(millionths)?)
        .ok_or_else(|| StoreError::Corrupt("a score above one".to_owned()))
}

fn standing(word: &str) -> Result<Standing, StoreError> {
    let known = Standing::ALL.into_iter().find(|known| known.as_str() == word);
    known.ok_or_else(|| StoreError::Corrupt("column `standing` holds what it can't".to_owned()))
}
