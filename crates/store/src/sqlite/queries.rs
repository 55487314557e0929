//! Reads, each beside its statement.

use countersign_core::{DecisionId, Level, Score, SubjectId, TenantId, Timestamp};
use countersign_ledger::Hash;
use rusqlite::{Connection, OptionalExtension, Row, named_params, params};

use super::columns;
use crate::{
    CheckpointRow, DecisionFilter, DecisionRow, LeafRow, NewDecision, PolicyRow, ProfileRow, SealedBodyRow,
    Standing, StoreError, SwitchRow,
};

const PROFILE: &str = "SELECT version, sealed FROM profiles WHERE tenant_id = ?1 AND subject_id = ?2";

pub(crate) fn profile(
    connection: &Connection,
    tenant: &TenantId,
    subject: &SubjectId,
) -> Result<Option<ProfileRow>, StoreError> {
    let row = connection
        .prepare_cached(PROFILE)?
        .query_row([tenant.as_str(), subject.as_str()], |row| Ok((row.get(0)?, row.get(1)?)))
        .optional()?;
    row.map(|(version, sealed)| Ok(ProfileRow { version: columns::unsigned(version)?, sealed })).transpose()
}

const DECISION: &str = "SELECT d.leaf_index, d.decision_id, d.decided_at, d.organization_id, d.client_id, d.trigger_id, d.channel,
    d.mode, d.level, d.score, d.verdict, d.is_trusted, d.is_censored, d.standing, d.granted, b.key_id
    FROM decisions d LEFT JOIN sealed_bodies b
      ON b.tenant_id = d.tenant_id AND b.leaf_index = d.leaf_index AND b.ordinal = 0";

/// A decision, and the name of the key that its body is sealed under.
pub(crate) type Named = (DecisionRow, Option<String>);

fn decision_row(row: &Row<'_>) -> Result<Named, StoreError> {
    let text = |index: usize| row.get::<_, String>(index).map_err(StoreError::from);
    let optional = |index: usize| row.get::<_, Option<String>>(index).map_err(StoreError::from);
    let score = columns::small(row.get(9)?)?;
    let standing = text(13)?;
    let key_id = optional(15)?;
    let row = DecisionRow {
        leaf_index: columns::unsigned(row.get(0)?)?,
        decision: NewDecision {
            id: columns::parse("decision_id", &text(1)?)?,
            at: Timestamp::from_micros(row.get(2)?),
            organization: optional(3)?.map(|id| columns::parse("organization_id", &id)).transpose()?,
            client: optional(4)?.map(|id| columns::parse("client_id", &id)).transpose()?,
            trigger: columns::parse("trigger_id", &text(5)?)?,
            channel: columns::parse("channel", &text(6)?)?,
            mode: columns::parse("mode", &text(7)?)?,
            level: columns::parse("level", &text(8)?)?,
            score: Score::from_millionths(score)
                .ok_or_else(|| StoreError::Corrupt("a score above one".to_owned()))?,
            verdict: columns::parse("verdict", &text(10)?)?,
            is_trusted: row.get::<_, i64>(11)? != 0,
            is_censored: row.get::<_, i64>(12)? != 0,
        },
        standing: Standing::ALL
            .into_iter()
            .find(|word| word.as_str() == standing)
            .ok_or_else(|| StoreError::Corrupt("column `standing` holds what it can't".to_owned()))?,
        granted: columns::small(row.get(14)?)?,
        subject: None,
    };
    Ok((row, key_id))
}

fn decision_sql() -> String {
    format!(
        "{DECISION} WHERE d.tenant_id = ?1
           AND d.leaf_index = (SELECT leaf_index FROM leaves WHERE tenant_id = ?1 AND record_id = ?2)"
    )
}

pub(crate) fn decision(
    connection: &Connection,
    tenant: &TenantId,
    id: &DecisionId,
) -> Result<Option<Named>, StoreError> {
    let mut statement = connection.prepare_cached(&decision_sql())?;
    let mut rows = statement.query([tenant.as_str(), id.as_str()])?;
    rows.next()?.map(decision_row).transpose()
}

fn decisions_sql(order: &str) -> String {
    format!(
        "{DECISION} WHERE d.tenant_id = :tenant AND d.leaf_index > :after AND d.leaf_index < :before
           AND (:any_level OR d.level IN (:low, :medium, :high, :critical))
           AND (:organization IS NULL OR d.organization_id = :organization)
         ORDER BY d.leaf_index {order} LIMIT :limit"
    )
}

/// Newest first, or oldest first when the filter says `after`.
pub(crate) fn decisions(
    connection: &Connection,
    tenant: &TenantId,
    filter: &DecisionFilter,
    limit: u32,
) -> Result<Vec<Named>, StoreError> {
    let DecisionFilter { levels, organization, before, after } = filter;
    let order = if after.is_some() { "ASC" } else { "DESC" };
    // Each level is a bind of its own; one that is not wanted is NULL, which equals nothing.
    let wanted = |level: Level| levels.contains(&level).then(|| level.as_str());
    let mut statement = connection.prepare_cached(&decisions_sql(order))?;
    let mut rows = statement.query(named_params! {
        ":tenant": tenant.as_str(),
        ":after": after.map_or(-1, columns::bound),
        ":before": before.map_or(i64::MAX, columns::bound),
        ":any_level": levels.is_empty(),
        ":low": wanted(Level::Low),
        ":medium": wanted(Level::Medium),
        ":high": wanted(Level::High),
        ":critical": wanted(Level::Critical),
        ":organization": organization.as_ref().map(countersign_core::OrganizationId::as_str),
        ":limit": limit,
    })?;
    let mut found = Vec::new();
    while let Some(row) = rows.next()? {
        found.push(decision_row(row)?);
    }
    Ok(found)
}

fn leaf_row(
    (index, record_id, leaf, running): (i64, String, Vec<u8>, Vec<u8>),
) -> Result<LeafRow, StoreError> {
    Ok(LeafRow { index: columns::unsigned(index)?, record_id, leaf, chain: columns::hash(&running)? })
}

pub(crate) fn leaf_of_record(
    connection: &Connection,
    tenant: &TenantId,
    record_id: &str,
) -> Result<Option<LeafRow>, StoreError> {
    connection
        .prepare_cached(
            "SELECT leaf_index, record_id, leaf, chain FROM leaves WHERE tenant_id = ?1 AND record_id = ?2",
        )?
        .query_row([tenant.as_str(), record_id], |row| {
            Ok((row.get(0)?, row.get(1)?, row.get(2)?, row.get(3)?))
        })
        .optional()?
        .map(leaf_row)
        .transpose()
}

/// The leaves from `first` on, at most `count`, in order.
pub(crate) fn leaves(
    connection: &Connection,
    tenant: &TenantId,
    first: u64,
    count: u64,
) -> Result<Vec<LeafRow>, StoreError> {
    let mut statement = connection.prepare_cached(
        "SELECT leaf_index, record_id, leaf, chain FROM leaves WHERE tenant_id = ?1 AND leaf_index >= ?2
         ORDER BY leaf_index LIMIT ?3",
    )?;
    let rows = statement
        .query_map(params![tenant.as_str(), columns::bound(first), columns::bound(count)], |row| {
            Ok((row.get(0)?, row.get(1)?, row.get(2)?, row.get(3)?))
        })?;
    rows.map(|row| leaf_row(row?)).collect()
}

pub(crate) fn nodes(
    connection: &Connection,
    tenant: &TenantId,
    level: u8,
    first: u64,
    count: u64,
) -> Result<Vec<Hash>, StoreError> {
    let mut statement = connection.prepare_cached(
        "SELECT hash FROM tree_nodes WHERE tenant_id = ?1 AND level = ?2 AND node_index >= ?3 ORDER BY node_index LIMIT ?4",
    )?;
    let rows = statement
        .query_map(params![tenant.as_str(), level, columns::bound(first), columns::bound(count)], |row| {
            row.get::<_, Vec<u8>>(0)
        })?;
    rows.map(|bytes| columns::hash(&bytes?)).collect()
}

pub(crate) fn sealed_bodies(
    connection: &Connection,
    tenant: &TenantId,
    leaf: u64,
) -> Result<Vec<SealedBodyRow>, StoreError> {
    let mut statement = connection.prepare_cached(
        "SELECT key_id, sealed FROM sealed_bodies WHERE tenant_id = ?1 AND leaf_index = ?2 ORDER BY ordinal",
    )?;
    let rows = statement.query_map(params![tenant.as_str(), columns::bound(leaf)], |row| {
        Ok(SealedBodyRow { key_id: row.get(0)?, sealed: row.get(1)? })
    })?;
    rows.map(|row| Ok(row?)).collect()
}

/// The checkpoints of at least `size` leaves, smallest first, at most `limit`.
pub(crate) fn checkpoints(
    connection: &Connection,
    tenant: &TenantId,
    size: u64,
    limit: u32,
) -> Result<Vec<CheckpointRow>, StoreError> {
    let mut statement = connection
        .prepare_cached("SELECT size, note, signed_at FROM checkpoints WHERE tenant_id = ?1 AND size >= ?2 ORDER BY size LIMIT ?3")?;
    let rows = statement.query_map(params![tenant.as_str(), columns::bound(size), limit], checkpoint_row)?;
    rows.map(|row| row_to_checkpoint(row?)).collect()
}

pub(crate) fn newest_checkpoint(
    connection: &Connection,
    tenant: &TenantId,
) -> Result<Option<CheckpointRow>, StoreError> {
    connection
        .prepare_cached(
            "SELECT size, note, signed_at FROM checkpoints WHERE tenant_id = ?1 ORDER BY size DESC LIMIT 1",
        )?
        .query_row([tenant.as_str()], checkpoint_row)
        .optional()?
        .map(row_to_checkpoint)
        .transpose()
}

fn checkpoint_row(row: &Row<'_>) -> rusqlite::Result<(i64, String, i64)> {
    Ok((row.get(0)?, row.get(1)?, row.get(2)?))
}

fn row_to_checkpoint((size, note, at): (i64, String, i64)) -> Result<CheckpointRow, StoreError> {
    Ok(CheckpointRow { size: columns::unsigned(size)?, note, at: Timestamp::from_micros(at) })
}

pub(crate) fn switches(connection: &Connection, tenant: &TenantId) -> Result<Vec<SwitchRow>, StoreError> {
    let mut statement = connection.prepare_cached(
        "SELECT trigger_id, is_off, changed_at FROM switches WHERE tenant_id = ?1 ORDER BY trigger_id",
    )?;
    let rows = statement.query_map([tenant.as_str()], |row| {
        Ok((row.get::<_, String>(0)?, row.get::<_, i64>(1)?, row.get::<_, i64>(2)?))
    })?;
    rows.map(|row| {
        let (trigger, is_off, at) = row?;
        Ok(SwitchRow {
            trigger: columns::parse("trigger_id", &trigger)?,
            is_off: is_off != 0,
            at: Timestamp::from_micros(at),
        })
    })
    .collect()
}

pub(crate) fn policy(connection: &Connection, tenant: &TenantId) -> Result<Option<PolicyRow>, StoreError> {
    let row = connection
        .prepare_cached("SELECT etag, document, activated_at FROM policies WHERE tenant_id = ?1 ORDER BY version DESC LIMIT 1")?
        .query_row([tenant.as_str()], |row| Ok((row.get(0)?, row.get(1)?, row.get(2)?)))
        .optional()?;
    Ok(row.map(|(etag, document, at)| PolicyRow { etag, document, at: Timestamp::from_micros(at) }))
}

pub(crate) fn silence_cursor(connection: &Connection, tenant: &TenantId) -> Result<Option<u64>, StoreError> {
    let row = connection
        .prepare_cached("SELECT leaf_index FROM silence_cursors WHERE tenant_id = ?1")?
        .query_row([tenant.as_str()], |row| row.get::<_, i64>(0))
        .optional()?;
    row.map(columns::unsigned).transpose()
}

pub(crate) fn erasures(connection: &Connection, tenant: &TenantId) -> Result<Vec<String>, StoreError> {
    let mut statement =
        connection.prepare_cached("SELECT key_id FROM erasures WHERE tenant_id = ?1 ORDER BY key_id")?;
    let rows = statement.query_map([tenant.as_str()], |row| row.get(0))?;
    Ok(rows.collect::<Result<_, _>>()?)
}

pub(crate) fn tenants(connection: &Connection) -> Result<Vec<TenantId>, StoreError> {
    let mut statement = connection.prepare_cached("SELECT tenant_id FROM ledgers ORDER BY tenant_id")?;
    let rows = statement.query_map([], |row| row.get::<_, String>(0))?;
    rows.map(|id| columns::parse("tenant_id", &id?)).collect()
}

#[cfg(test)]
mod tests;
