//! Signed requests seen within the replay window, as the writing thread knows them.
//!
//! Their ids are random, so that an index on disk would cost each decision a page of its own. The writer is the only
//! one who adds to them: it keeps digests in memory, writes those of a transaction in a row for each second of their coming, and reads
//! them back at the start.

use std::collections::{BTreeMap, HashSet, VecDeque};

use aws_lc_rs::digest;
use countersign_core::{TenantId, Timestamp};
use rusqlite::{Connection, params};

use crate::{Conflict, StoreError};

/// The first 128 bits of the SHA-256 of a request's id.
type Digest = [u8; DIGEST_BYTES];

const DIGEST_BYTES: usize = 16;

/// Requests of one row came within the same second, so that a row is forgotten as a whole.
const ROW_MICROS: i64 = 1_000_000;

#[derive(Default)]
pub(super) struct Requests {
    known: BTreeMap<TenantId, Seen>,
    of_job: Vec<TenantId>,
}

#[derive(Default)]
struct Seen {
    digests: HashSet<Digest>,
    /// In the order of their coming.
    order: VecDeque<Entry>,
    /// How many of the last of them are in no row yet.
    unwritten: usize,
}

struct Entry {
    /// The row's number; 0 while it is in none.
    number: i64,
    at: i64,
    digest: Digest,
}

impl Requests {
    /// Forgets everything: the next use reads the database.
    pub(super) fn forget(&mut self) {
        self.known.clear();
        self.of_job.clear();
    }

    /// A job begins: what it adds may be undone.
    pub(super) fn begin(&mut self) {
        self.of_job.clear();
    }

    /// Undoes what the job added.
    pub(super) fn undo(&mut self) {
        for tenant in self.of_job.drain(..) {
            let Some(seen) = self.known.get_mut(&tenant) else { continue };
            // INVARIANT: what a job added is written after it, so that it is the last and in no row.
            if let Some(Entry { digest, .. }) = seen.order.pop_back() {
                seen.digests.remove(&digest);
                seen.unwritten = seen.unwritten.saturating_sub(1);
            }
        }
    }

    /// Remembers a request, to be written by `store`; `Conflict::Request` when it was seen before.
    pub(super) fn add(
        &mut self,
        connection: &Connection,
        tenant: &TenantId,
        id: &str,
        at: Timestamp,
    ) -> Result<(), StoreError> {
        let seen = self.get(connection, tenant)?;
        let digest = digest_of(id);
        if !seen.digests.insert(digest) {
            return Err(StoreError::Conflict(Conflict::Request));
        }
        seen.order.push_back(Entry { number: 0, at: at.micros(), digest });
        seen.unwritten += 1;
        self.of_job.push(tenant.clone());
        Ok(())
    }

    /// Writes what was added since the last time.
    pub(super) fn store(&mut self, connection: &Connection) -> Result<(), StoreError> {
        for (tenant, seen) in self.known.iter_mut().filter(|(_, seen)| seen.unwritten > 0) {
            let first = seen.order.len() - seen.unwritten;
            let second = |entry: &Entry| entry.at.div_euclid(ROW_MICROS);
            // Why not in one slice: to lay out anew what is remembered of a busy tenant takes milliseconds.
            let mut unwritten: Vec<_> = seen.order.range_mut(first..).collect();
            for row in unwritten.chunk_by_mut(|one, next| second(one) == second(next)) {
                insert(connection, tenant, row)?;
            }
            seen.unwritten = 0;
        }
        Ok(())
    }

    /// Forgets a tenant's requests that came before `from` or after `until`, wherever they stand.
    pub(super) fn prune(
        &mut self,
        connection: &Connection,
        tenant: &TenantId,
        from: Timestamp,
        until: Timestamp,
    ) -> Result<(), StoreError> {
        let seen = self.get(connection, tenant)?;
        let kept = from.micros()..=until.micros();
        let first = seen.order.iter().take_while(|entry| !kept.contains(&entry.at)).last();
        let first = first.map_or(i64::MIN, |entry| entry.number);
        connection
            .prepare_cached("DELETE FROM requests WHERE number <= ?1 AND tenant_id = ?2")?
            .execute(params![first, tenant.as_str()])?;
        // Why: they come in order of time but for a clock that was set; what it left behind is few.
        for Entry { number, at, .. } in &seen.order {
            if *number > first && !kept.contains(at) {
                connection.prepare_cached("DELETE FROM requests WHERE number = ?1")?.execute([number])?;
            }
        }
        // Why: pruning stands alone in its commit; should that fail, everything here is forgotten and read again.
        let Seen { digests, order, .. } = seen;
        order.retain(|Entry { at, digest, .. }| kept.contains(at) || !digests.remove(digest));
        Ok(())
    }

    fn get(&mut self, connection: &Connection, tenant: &TenantId) -> Result<&mut Seen, StoreError> {
        if !self.known.contains_key(tenant) {
            let seen = read(connection, tenant)?;
            self.known.insert(tenant.clone(), seen);
        }
        let gone = || StoreError::Corrupt("requests that were just read are gone".to_owned());
        self.known.get_mut(tenant).ok_or_else(gone)
    }
}

/// Writes requests of one second as a row, which goes by the latest time of them.
fn insert(connection: &Connection, tenant: &TenantId, row: &mut [&mut Entry]) -> Result<(), StoreError> {
    let digests: Vec<u8> = row.iter().flat_map(|entry| entry.digest).collect();
    let latest = row.iter().map(|entry| entry.at).max().unwrap_or_default();
    connection
        .prepare_cached("INSERT INTO requests (tenant_id, digest, seen_at) VALUES (?1, ?2, ?3)")?
        .execute(params![tenant.as_str(), digests, latest])?;
    for entry in row {
        (entry.number, entry.at) = (connection.last_insert_rowid(), latest);
    }
    Ok(())
}

fn digest_of(id: &str) -> Digest {
    let mut out = [0; 16];
    for (byte, source) in out.iter_mut().zip(digest::digest(&digest::SHA256, id.as_bytes()).as_ref()) {
        *byte = *source;
    }
    out
}

fn read(connection: &Connection, tenant: &TenantId) -> Result<Seen, StoreError> {
    let mut statement = connection.prepare_cached(
        "SELECT number, seen_at, digest FROM requests WHERE tenant_id = ?1 ORDER BY number",
    )?;
    let rows = statement
        .query_map([tenant.as_str()], |row| Ok((row.get(0)?, row.get(1)?, row.get::<_, Vec<u8>>(2)?)))?;
    let mut seen = Seen::default();
    for row in rows {
        let (number, at, digests): (i64, i64, Vec<u8>) = row?;
        let (digests, rest) = digests.as_chunks::<DIGEST_BYTES>();
        if digests.is_empty() || !rest.is_empty() {
            return Err(StoreError::Corrupt("digests of requests that have not 16 bytes each".to_owned()));
        }
        for digest in digests {
            seen.digests.insert(*digest);
            seen.order.push_back(Entry { number, at, digest: *digest });
        }
    }
    Ok(seen)
}
