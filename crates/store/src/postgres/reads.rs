//! Reads of records, each beside its statement.

use std::time::Duration;

use countersign_core::{OrganizationId, SubjectId, TenantId, Timestamp};
use countersign_ledger::{CHAIN_START, Frontier, Hash};
use sqlx::PgPool;

use super::{columns, errors};
use crate::{
    AddressRow, CheckpointRow, LeafRow, LedgerHead, PolicyRow, RiskTokenRow, Scope, SealedBodyRow, SignUpRow,
    StoreError, SwitchRow, bodies,
};

/// How much of a record's bodies is read for the name of its first key.
pub(super) const FIRST_BYTES: usize = 1_024;

/// How often work that can be repeated is tried in all when its connection went.
const ATTEMPTS: u32 = 3;

/// How long a statement may take: the server ends it after 30 s, but a network that swallows everything does not say so.
const STATEMENT: Duration = Duration::from_secs(35);

/// Runs what can be repeated; again when the connection turns out to be gone.
pub(super) async fn retried<T, F>(mut work: impl FnMut() -> F) -> Result<T, StoreError>
where
    F: Future<Output = sqlx::Result<T>>,
{
    for _ in 1..ATTEMPTS {
        match timed(work()).await? {
            Err(error) if errors::is_lost(&error) => {}
            done => return Ok(done?),
        }
    }
    Ok(timed(work()).await??)
}

async fn timed<W: Future>(work: W) -> Result<W::Output, StoreError> {
    let silence = |_| StoreError::Unavailable("the server did not answer in time".to_owned());
    tokio::time::timeout(STATEMENT, work).await.map_err(silence)
}

fn leaf_row(
    (index, record_id, leaf, running): (i64, String, Vec<u8>, Vec<u8>),
) -> Result<LeafRow, StoreError> {
    Ok(LeafRow { index: columns::unsigned(index)?, record_id, leaf, chain: columns::hash(&running)? })
}

pub(super) async fn leaf_of_record(
    pool: &PgPool,
    scope: Scope<'_>,
    record_id: &str,
) -> Result<Option<LeafRow>, StoreError> {
    let row = retried(|| {
        sqlx::query_as(
            "SELECT leaf_index, record_id, leaf, chain FROM records WHERE tenant_id = $1 AND record_id = $2
               AND ($3::text IS NULL OR organization_id = $3)",
        )
        .bind(scope.tenant().as_str())
        .bind(record_id)
        .bind(scope.organization().map(OrganizationId::as_str))
        .fetch_optional(pool)
    });
    row.await?.map(leaf_row).transpose()
}

/// The leaves from `first` on, at most `count`, in order.
pub(super) async fn leaves(
    pool: &PgPool,
    tenant: &TenantId,
    first: u64,
    count: u64,
) -> Result<Vec<LeafRow>, StoreError> {
    let rows = retried(|| {
        sqlx::query_as(
            "SELECT leaf_index, record_id, leaf, chain FROM records WHERE tenant_id = $1 AND leaf_index >= $2
             ORDER BY leaf_index LIMIT $3",
        )
        .bind(tenant.as_str())
        .bind(columns::bound(first))
        .bind(columns::bound(count))
        .fetch_all(pool)
    });
    rows.await?.into_iter().map(leaf_row).collect()
}

/// The first leaf recorded at `at` or later, by halving: times follow the order of the leaves but for clocks that were set.
pub(super) async fn first_leaf_since(
    pool: &PgPool,
    tenant: &TenantId,
    at: Timestamp,
) -> Result<u64, StoreError> {
    let (mut from, mut until) = (0, ledger_head(pool, tenant).await?.frontier.size());
    while from < until {
        let middle = from + (until - from) / 2;
        let place = columns::integer(middle)?;
        let recorded: Option<i64> = retried(|| {
            sqlx::query_scalar("SELECT recorded_at FROM records WHERE tenant_id = $1 AND leaf_index = $2")
                .bind(tenant.as_str())
                .bind(place)
                .fetch_optional(pool)
        })
        .await?;
        let recorded = recorded.ok_or_else(|| StoreError::Corrupt("a leaf is not there".to_owned()))?;
        if recorded >= at.micros() {
            until = middle;
        } else {
            from = middle + 1;
        }
    }
    Ok(from)
}

pub(super) async fn sealed_bodies(
    pool: &PgPool,
    scope: Scope<'_>,
    leaf: u64,
) -> Result<Vec<SealedBodyRow>, StoreError> {
    let column: Option<Option<Vec<u8>>> = retried(|| {
        sqlx::query_scalar(
            "SELECT bodies FROM records WHERE tenant_id = $1 AND leaf_index = $2
               AND ($3::text IS NULL OR organization_id = $3)",
        )
        .bind(scope.tenant().as_str())
        .bind(columns::bound(leaf))
        .bind(scope.organization().map(OrganizationId::as_str))
        .fetch_optional(pool)
    })
    .await?;
    column.flatten().map_or_else(|| Ok(Vec::new()), |column| bodies::decode(&column))
}

/// The head of a tenant's ledger as committed; that of an empty ledger when there is none.
pub(super) async fn ledger_head(pool: &PgPool, tenant: &TenantId) -> Result<LedgerHead, StoreError> {
    let row: Option<(Vec<u8>, Vec<u8>)> = retried(|| {
        sqlx::query_as("SELECT frontier, chain FROM ledgers WHERE tenant_id = $1")
            .bind(tenant.as_str())
            .fetch_optional(pool)
    })
    .await?;
    match row {
        Some((frontier, running)) => head(&frontier, &running),
        None => Ok(LedgerHead { frontier: Frontier::default(), chain: CHAIN_START }),
    }
}

/// A head as its columns have it.
pub(super) fn head(frontier: &[u8], running: &[u8]) -> Result<LedgerHead, StoreError> {
    let frontier = Frontier::decode(frontier)
        .map_err(|error| StoreError::Corrupt(format!("a ledger's head: {error}")))?;
    Ok(LedgerHead { frontier, chain: columns::hash(running)? })
}

pub(super) async fn nodes(
    pool: &PgPool,
    tenant: &TenantId,
    level: u8,
    first: u64,
    count: u64,
) -> Result<Vec<Hash>, StoreError> {
    let hashes: Vec<Vec<u8>> = retried(|| {
        sqlx::query_scalar(
            "SELECT hash FROM tree_nodes WHERE tenant_id = $1 AND level = $2 AND node_index >= $3
             ORDER BY node_index LIMIT $4",
        )
        .bind(tenant.as_str())
        .bind(i64::from(level))
        .bind(columns::bound(first))
        .bind(columns::bound(count))
        .fetch_all(pool)
    })
    .await?;
    hashes.iter().map(|bytes| columns::hash(bytes)).collect()
}

fn checkpoint_row((size, note, at): (i64, String, i64)) -> Result<CheckpointRow, StoreError> {
    Ok(CheckpointRow { size: columns::unsigned(size)?, note, at: Timestamp::from_micros(at) })
}

/// The checkpoints of at least `size` leaves, smallest first, at most `limit`.
pub(super) async fn checkpoints(
    pool: &PgPool,
    tenant: &TenantId,
    size: u64,
    limit: u32,
) -> Result<Vec<CheckpointRow>, StoreError> {
    let rows = retried(|| {
        sqlx::query_as(
            "SELECT size, note, signed_at FROM checkpoints WHERE tenant_id = $1 AND size >= $2
             ORDER BY size LIMIT $3",
        )
        .bind(tenant.as_str())
        .bind(columns::bound(size))
        .bind(i64::from(limit))
        .fetch_all(pool)
    });
    rows.await?.into_iter().map(checkpoint_row).collect()
}

pub(super) async fn newest_checkpoint(
    pool: &PgPool,
    tenant: &TenantId,
) -> Result<Option<CheckpointRow>, StoreError> {
    let row = retried(|| {
        sqlx::query_as(
            "SELECT size, note, signed_at FROM checkpoints WHERE tenant_id = $1 ORDER BY size DESC LIMIT 1",
        )
        .bind(tenant.as_str())
        .fetch_optional(pool)
    });
    row.await?.map(checkpoint_row).transpose()
}

pub(super) async fn switches(pool: &PgPool, tenant: &TenantId) -> Result<Vec<SwitchRow>, StoreError> {
    let rows: Vec<(String, i64, i64)> = retried(|| {
        sqlx::query_as(
            "SELECT trigger_id, is_off, changed_at FROM switches WHERE tenant_id = $1 ORDER BY trigger_id",
        )
        .bind(tenant.as_str())
        .fetch_all(pool)
    })
    .await?;
    let switch = |(trigger, is_off, at): (String, i64, i64)| {
        let trigger = columns::parse("trigger_id", &trigger)?;
        Ok(SwitchRow { trigger, is_off: is_off != 0, at: Timestamp::from_micros(at) })
    };
    rows.into_iter().map(switch).collect()
}

/// At most `limit` versions, newest first.
pub(super) async fn policies(
    pool: &PgPool,
    tenant: &TenantId,
    limit: u32,
) -> Result<Vec<PolicyRow>, StoreError> {
    let rows: Vec<(i64, String, String, i64)> = retried(|| {
        sqlx::query_as(
            "SELECT version, etag, document, activated_at FROM policies WHERE tenant_id = $1
             ORDER BY version DESC LIMIT $2",
        )
        .bind(tenant.as_str())
        .bind(i64::from(limit))
        .fetch_all(pool)
    })
    .await?;
    let policy = |(version, etag, document, at)| {
        let version = columns::unsigned(version)?;
        Ok(PolicyRow { version, etag, document, at: Timestamp::from_micros(at) })
    };
    rows.into_iter().map(policy).collect()
}

pub(super) async fn findings(pool: &PgPool, tenant: &TenantId) -> Result<Option<String>, StoreError> {
    retried(|| {
        sqlx::query_scalar("SELECT document FROM findings WHERE tenant_id = $1")
            .bind(tenant.as_str())
            .fetch_optional(pool)
    })
    .await
}

pub(super) async fn silence_cursor(pool: &PgPool, tenant: &TenantId) -> Result<Option<u64>, StoreError> {
    let leaf: Option<i64> = retried(|| {
        sqlx::query_scalar("SELECT leaf_index FROM silence_cursors WHERE tenant_id = $1")
            .bind(tenant.as_str())
            .fetch_optional(pool)
    })
    .await?;
    leaf.map(columns::unsigned).transpose()
}

pub(super) async fn retention_cursor(
    pool: &PgPool,
    tenant: &TenantId,
    prefix: &str,
) -> Result<Option<u64>, StoreError> {
    let leaf: Option<i64> = retried(|| {
        sqlx::query_scalar("SELECT leaf_index FROM retention_cursors WHERE tenant_id = $1 AND prefix = $2")
            .bind(tenant.as_str())
            .bind(prefix)
            .fetch_optional(pool)
    })
    .await?;
    leaf.map(columns::unsigned).transpose()
}

fn address_row((address, subject, is_verified): (String, String, bool)) -> Result<AddressRow, StoreError> {
    Ok(AddressRow {
        address: columns::parse("address_id", &address)?,
        subject: columns::parse("subject_id", &subject)?,
        is_verified,
    })
}

/// The accounts that have an address, in the order of their pseudonyms.
pub(super) async fn address_holders(
    pool: &PgPool,
    tenant: &TenantId,
    address: &SubjectId,
) -> Result<Vec<AddressRow>, StoreError> {
    let sql = "SELECT address_id, subject_id, is_verified FROM addresses
               WHERE tenant_id = $1 AND address_id = $2 ORDER BY subject_id";
    let rows = retried(|| sqlx::query_as(sql).bind(tenant.as_str()).bind(address.as_str()).fetch_all(pool));
    rows.await?.into_iter().map(address_row).collect()
}

/// The addresses that a person has, in the order of their pseudonyms.
pub(super) async fn addresses(
    pool: &PgPool,
    tenant: &TenantId,
    subject: &SubjectId,
) -> Result<Vec<AddressRow>, StoreError> {
    let sql = "SELECT address_id, subject_id, is_verified FROM addresses
               WHERE tenant_id = $1 AND subject_id = $2 ORDER BY address_id";
    let rows = retried(|| sqlx::query_as(sql).bind(tenant.as_str()).bind(subject.as_str()).fetch_all(pool));
    rows.await?.into_iter().map(address_row).collect()
}

type SignUpColumns = (String, String, String, i64, bool, i64);

pub(super) async fn sign_up(
    pool: &PgPool,
    tenant: &TenantId,
    holder: &SubjectId,
    connection: &str,
) -> Result<Option<SignUpRow>, StoreError> {
    let row: Option<SignUpColumns> = retried(|| {
        sqlx::query_as(
            "SELECT holder_id, connection, decision_id, score, is_challenged, decided_at FROM sign_ups
             WHERE tenant_id = $1 AND holder_id = $2 AND connection = $3",
        )
        .bind(tenant.as_str())
        .bind(holder.as_str())
        .bind(connection)
        .fetch_optional(pool)
    })
    .await?;
    let read = |(holder, connection, decision, score, is_challenged, at): SignUpColumns| {
        Ok(SignUpRow {
            holder: columns::parse("holder_id", &holder)?,
            connection,
            decision: columns::parse("decision_id", &decision)?,
            score: super::decisions::score(score)?,
            is_challenged,
            at: Timestamp::from_micros(at),
        })
    };
    row.map(read).transpose()
}

/// All tokens, oldest first.
pub(super) async fn risk_tokens(pool: &PgPool, tenant: &TenantId) -> Result<Vec<RiskTokenRow>, StoreError> {
    let rows: Vec<(String, Vec<u8>, i64, Option<i64>)> = retried(|| {
        sqlx::query_as(
            "SELECT token_id, digest, created_at, revoked_at FROM risk_tokens WHERE tenant_id = $1
             ORDER BY created_at, token_id",
        )
        .bind(tenant.as_str())
        .fetch_all(pool)
    })
    .await?;
    let token = |(id, digest, at, revoked_at): (_, _, _, Option<i64>)| RiskTokenRow {
        id,
        digest,
        at: Timestamp::from_micros(at),
        revoked_at: revoked_at.map(Timestamp::from_micros),
    };
    Ok(rows.into_iter().map(token).collect())
}

/// Names of the keys that were to be destroyed at `since` or later.
pub(super) async fn erasures(
    pool: &PgPool,
    tenant: &TenantId,
    since: Option<Timestamp>,
) -> Result<Vec<String>, StoreError> {
    retried(|| {
        sqlx::query_scalar(
            "SELECT key_id FROM erasures WHERE tenant_id = $1 AND erased_at >= $2 ORDER BY key_id",
        )
        .bind(tenant.as_str())
        .bind(since.map_or(i64::MIN, Timestamp::micros))
        .fetch_all(pool)
    })
    .await
}

/// The tenants whose ledgers have a leaf: a head is there before its first commit is.
pub(super) async fn tenants(pool: &PgPool) -> Result<Vec<TenantId>, StoreError> {
    let ids: Vec<String> = retried(|| {
        sqlx::query_scalar(
            "SELECT tenant_id FROM ledgers l WHERE EXISTS
                 (SELECT 1 FROM records r WHERE r.tenant_id = l.tenant_id AND r.leaf_index = 0)
             ORDER BY tenant_id",
        )
        .fetch_all(pool)
    })
    .await?;
    ids.iter().map(|id| columns::parse("tenant_id", id)).collect()
}
