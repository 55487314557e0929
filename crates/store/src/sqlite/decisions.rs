//! Decisions: rows of `records` with facts, and what becomes known of them later.

use countersign_core::{ClientId, DecisionId, Level, OrganizationId, TenantId, Timestamp};
use rusqlite::{Connection, Row, named_params, params};

use super::columns;
use crate::{
    Commit, Counted, DecisionFilter, DecisionRow, NewDecision, Scope, Standing, StoreError, Write, bodies,
};

const DECISION: &str =
    "SELECT r.leaf_index, r.record_id, r.recorded_at, r.organization_id, r.client_id, r.trigger_id,
    r.channel, r.mode, r.level, r.score, r.verdict, r.is_trusted, r.is_censored, s.standing, s.granted,
    s.is_unanswered, r.bodies, s.tenant_standing, s.tenant_granted
    FROM records r LEFT JOIN standings s ON s.place = r.place";

/// A decision, and the name of the key that its body is sealed under.
pub(super) type Named = (DecisionRow, Option<String>);

/// The decision whose facts go into the row of the commit's first leaf; `None` when it adds none.
pub(super) fn of_commit(commit: &Commit) -> Result<Option<&NewDecision>, StoreError> {
    let mut decisions = commit.writes.iter().filter_map(|write| match write {
        Write::Decision(decision) => Some(decision),
        _ => None,
    });
    let Some(decision) = decisions.next() else { return Ok(None) };
    // Why: without its leaf the row would take the place of whichever decision comes next.
    let is_its_own = |leaf: &crate::NewLeaf| leaf.record_id == decision.id.as_str() && leaf.at == decision.at;
    if commit.leaves.first().is_some_and(is_its_own) && decisions.next().is_none() {
        return Ok(Some(decision));
    }
    Err(StoreError::Corrupt("the first leaf of a decision's commit is not its own".to_owned()))
}

/// Says what is known of a decision's outcome; `Stale` when it is not granted what the caller read.
pub(super) fn put_standing(
    connection: &Connection,
    tenant: &TenantId,
    decision: &DecisionId,
    (expected_granted, now, at_tenant): (u32, Counted, Option<Counted>),
) -> Result<(), StoreError> {
    let changed = connection
        .prepare_cached(
            "INSERT INTO standings (place, standing, granted, is_unanswered, tenant_standing, tenant_granted)
             SELECT r.place, ?3, ?4, 0, ?6, ?7 FROM records r LEFT JOIN standings s ON s.place = r.place
             WHERE r.ledger = (SELECT number FROM ledgers WHERE tenant_id = ?1) AND r.record_id = ?2
               AND r.verdict IS NOT NULL AND COALESCE(s.granted, 0) = ?5
             ON CONFLICT (place) DO UPDATE SET standing = excluded.standing, granted = excluded.granted,
               tenant_standing = excluded.tenant_standing, tenant_granted = excluded.tenant_granted",
        )?
        .execute(params![
            tenant.as_str(),
            decision.as_str(),
            now.standing.as_str(),
            now.granted,
            expected_granted,
            at_tenant.map(|counted| counted.standing.as_str()),
            at_tenant.map(|counted| counted.granted),
        ])?;
    columns::one(changed)
}

/// Says that nobody was told of a decision.
pub(super) fn put_unanswered(
    connection: &Connection,
    tenant: &TenantId,
    decision: &DecisionId,
) -> Result<(), StoreError> {
    let changed = connection
        .prepare_cached(
            "INSERT INTO standings (place, standing, granted, is_unanswered)
             SELECT place, ?3, 0, 1 FROM records
             WHERE ledger = (SELECT number FROM ledgers WHERE tenant_id = ?1) AND record_id = ?2
               AND verdict IS NOT NULL
             ON CONFLICT (place) DO UPDATE SET is_unanswered = 1",
        )?
        .execute([tenant.as_str(), decision.as_str(), Standing::Open.as_str()])?;
    if changed == 1 {
        Ok(())
    } else {
        Err(StoreError::Corrupt("an unanswered decision is not there".to_owned()))
    }
}

fn decision_sql() -> String {
    format!(
        "{DECISION} WHERE r.ledger = (SELECT number FROM ledgers WHERE tenant_id = ?1) AND r.record_id = ?2
           AND r.verdict IS NOT NULL AND (?3 IS NULL OR r.organization_id = ?3)"
    )
}

pub(super) fn find(
    connection: &Connection,
    scope: Scope<'_>,
    id: &DecisionId,
) -> Result<Option<Named>, StoreError> {
    let mut statement = connection.prepare_cached(&decision_sql())?;
    let organization = scope.organization().map(OrganizationId::as_str);
    let mut rows = statement.query(params![scope.tenant().as_str(), id.as_str(), organization])?;
    rows.next()?.map(decision_row).transpose()
}

fn decisions_sql(order: &str) -> String {
    format!(
        "{DECISION} WHERE r.place > :after AND r.place < :before AND r.verdict IS NOT NULL
           AND (:scope IS NULL OR r.organization_id = :scope)
           AND (:any_level OR r.level IN (:low, :medium, :high, :critical))
           AND (:organization IS NULL OR r.organization_id = :organization)
           AND (NOT :is_judged OR s.standing IN ('legitimate', 'fraudulent'))
         ORDER BY r.place {order} LIMIT :limit"
    )
}

/// Newest first, or oldest first when the filter says `after`.
pub(super) fn list(
    connection: &Connection,
    scope: Scope<'_>,
    filter: &DecisionFilter,
    limit: u32,
) -> Result<Vec<Named>, StoreError> {
    let DecisionFilter { levels, organization, before, after, is_judged } = filter;
    let Some(ledger) = columns::ledger(connection, scope.tenant())? else { return Ok(Vec::new()) };
    let order = if after.is_some() { "ASC" } else { "DESC" };
    // Each level is a bind of its own; one that is not wanted is NULL, which equals nothing.
    let wanted = |level: Level| levels.contains(&level).then(|| level.as_str());
    let mut statement = connection.prepare_cached(&decisions_sql(order))?;
    let rows = statement.query(named_params! {
        ":after": after.map_or(ledger.first() - 1, |index| ledger.bound(index)),
        ":before": ledger.bound(before.unwrap_or(u64::MAX)),
        ":scope": scope.organization().map(OrganizationId::as_str),
        ":any_level": levels.is_empty(),
        ":low": wanted(Level::Low),
        ":medium": wanted(Level::Medium),
        ":high": wanted(Level::High),
        ":critical": wanted(Level::Critical),
        ":organization": organization.as_ref().map(OrganizationId::as_str),
        ":is_judged": is_judged,
        ":limit": limit,
    })?;
    columns::collect(rows, decision_row)
}

fn decision_row(row: &Row<'_>) -> Result<Named, StoreError> {
    let bodies = row.get_ref(16)?.as_blob_or_null().map_err(rusqlite::Error::from)?;
    let is_unanswered = row.get::<_, Option<i64>>(15)?.unwrap_or(0) != 0;
    let decision = DecisionRow {
        leaf_index: columns::unsigned(row.get(0)?)?,
        decision: NewDecision {
            id: columns::text(row, 1, "record_id")?,
            at: Timestamp::from_micros(row.get(2)?),
            organization: columns::optional_text::<OrganizationId>(row, 3, "organization_id")?,
            client: columns::optional_text::<ClientId>(row, 4, "client_id")?,
            trigger: columns::text(row, 5, "trigger_id")?,
            channel: columns::text(row, 6, "channel")?,
            mode: columns::text(row, 7, "mode")?,
            level: columns::text(row, 8, "level")?,
            score: columns::score(row.get(9)?)?,
            verdict: columns::text(row, 10, "verdict")?,
            is_trusted: row.get::<_, i64>(11)? != 0,
            is_censored: row.get::<_, i64>(12)? != 0 || is_unanswered,
        },
        standing: row.get::<_, Option<String>>(13)?.map_or(Ok(Standing::Open), |word| standing(&word))?,
        granted: row.get::<_, Option<i64>>(14)?.map_or(Ok(0), columns::small)?,
        at_tenant: at_tenant(row)?,
        subject: None,
    };
    // Why: one damaged row must not keep every listing that holds it from being read; its body tells the damage.
    Ok((decision, bodies.and_then(|bodies| bodies::first_key_id(bodies).ok())))
}

fn at_tenant(row: &Row<'_>) -> Result<Option<Counted>, StoreError> {
    let word = row.get::<_, Option<String>>(17)?;
    let granted = row.get::<_, Option<i64>>(18)?;
    let counted = word
        .zip(granted)
        .map(|(word, granted)| Ok(Counted { standing: standing(&word)?, granted: columns::small(granted)? }));
    counted.transpose()
}

fn standing(word: &str) -> Result<Standing, StoreError> {
    let known = Standing::ALL.into_iter().find(|known| known.as_str() == word);
    known.ok_or_else(|| StoreError::Corrupt("column `standing` holds what it can't".to_owned()))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::sqlite::queries::assert_searches;

    #[test]
    fn a_decision_is_found_by_its_record_id() {
        assert_searches(
            &decision_sql(),
            &[("ledgers", "(tenant_id=?)"), ("r", "(ledger=? AND record_id=?)"), ("s", "(rowid=?)")],
        );
    }

    #[test]
    fn decisions_are_listed_along_the_ledger_without_sorting() {
        for order in ["ASC", "DESC"] {
            assert_searches(&decisions_sql(order), &[("r", "(rowid>? AND rowid<?)"), ("s", "(rowid=?)")]);
        }
    }
}
