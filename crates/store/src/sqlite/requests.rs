//! Signed requests seen within the replay window, as the writing thread knows them.
//!
//! Their ids are random, so that an index on disk would cost each decision a page of its own. The writer is the only
//! one who adds to them: it keeps digests in memory, writes them in the order of their coming, and reads them back at
//! the start.

use std::collections::{BTreeMap, HashSet, VecDeque};

use aws_lc_rs::digest;
use countersign_core::{TenantId, Timestamp};
use rusqlite::{Connection, params};

use crate::{Conflict, StoreError};

/// The first 128 bits of the SHA-256 of a request's id.
type Digest = [u8; 16];

#[derive(Default)]
pub(super) struct Requests {
    known: BTreeMap<TenantId, Seen>,
    of_job: Vec<TenantId>,
}

#[derive(Default)]
struct Seen {
    digests: HashSet<Digest>,
    /// In the order of their coming: the row's number, the time, the digest.
    order: VecDeque<(i64, i64, Digest)>,
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
            if let Some((_, _, digest)) = seen.order.pop_back() {
                seen.digests.remove(&digest);
            }
        }
    }

    /// Remembers a request; `Conflict::Request` when it was seen before.
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
        let inserted = connection
            .prepare_cached("INSERT INTO requests (tenant_id, digest, seen_at) VALUES (?1, ?2, ?3)")?
            .execute(params![tenant.as_str(), digest, at.micros()]);
        if let Err(error) = inserted {
            seen.digests.remove(&digest);
            return Err(error.into());
        }
        seen.order.push_back((connection.last_insert_rowid(), at.micros(), digest));
        self.of_job.push(tenant.clone());
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
        let first = seen.order.iter().take_while(|(_, at, _)| !kept.contains(at)).last();
        let first = first.map_or(i64::MIN, |(number, _, _)| *number);
        connection
            .prepare_cached("DELETE FROM requests WHERE number <= ?1 AND tenant_id = ?2")?
            .execute(params![first, tenant.as_str()])?;
        // Why: they come in order of time but for a clock that was set; what it left behind is few.
        for (number, at, _) in &seen.order {
            if *number > first && !kept.contains(at) {
                connection.prepare_cached("DELETE FROM requests WHERE number = ?1")?.execute([number])?;
            }
        }
        // Why: pruning stands alone in its commit; should that fail, everything here is forgotten and read again.
        let Seen { digests, order } = seen;
        order.retain(|(_, at, digest)| kept.contains(at) || !digests.remove(digest));
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
        let (number, at, digest): (i64, i64, Vec<u8>) = row?;
        let digest = Digest::try_from(digest.as_slice())
            .map_err(|_| StoreError::Corrupt("a request's digest that has not 16 bytes".to_owned()))?;
        seen.digests.insert(digest);
        seen.order.push_back((number, at, digest));
    }
    Ok(seen)
}
