//! The heads of the tenants' ledgers as the writing thread knows them, and the sequencing of leaves.

use std::collections::BTreeMap;

use countersign_core::TenantId;
use countersign_ledger::{CHAIN_START, Frontier, StoredNode, chain, leaf_hash};
use rusqlite::{Connection, OptionalExtension, params};

use super::columns;
use crate::{Conflict, LedgerHead, NewLeaf, StoreError};

#[derive(Default)]
pub(super) struct Heads {
    known: BTreeMap<TenantId, Head>,
    before_job: Vec<(TenantId, Head)>,
}

#[derive(Clone)]
struct Head {
    head: LedgerHead,
    is_dirty: bool,
}

impl Heads {
    /// Forgets everything: the next use reads the database.
    pub(super) fn forget(&mut self) {
        self.known.clear();
        self.before_job.clear();
    }

    /// A job begins: what it appends may be undone.
    pub(super) fn begin(&mut self) {
        self.before_job.clear();
    }

    /// Undoes what the job appended.
    pub(super) fn undo(&mut self) {
        for (tenant, head) in self.before_job.drain(..) {
            if let Some(known) = self.known.get_mut(&tenant) {
                *known = head;
            }
        }
    }

    /// Writes the heads that moved, in the tenants' order.
    pub(super) fn store(&mut self, connection: &Connection) -> Result<(), StoreError> {
        for (tenant, known) in self.known.iter_mut().filter(|(_, known)| known.is_dirty) {
            connection
                .prepare_cached(
                    "INSERT INTO ledgers (tenant_id, frontier, chain) VALUES (?1, ?2, ?3)
                     ON CONFLICT (tenant_id) DO UPDATE SET frontier = ?2, chain = ?3",
                )?
                .execute(params![
                    tenant.as_str(),
                    known.head.frontier.encode(),
                    known.head.chain.as_bytes()
                ])?;
            known.is_dirty = false;
        }
        Ok(())
    }

    /// The number of leaves of a tenant's ledger, those of this transaction included.
    pub(super) fn size(&mut self, connection: &Connection, tenant: &TenantId) -> Result<u64, StoreError> {
        Ok(self.get(connection, tenant)?.head.frontier.size())
    }

    fn get(&mut self, connection: &Connection, tenant: &TenantId) -> Result<&mut Head, StoreError> {
        if !self.known.contains_key(tenant) {
            let head = read_head(connection, tenant)?;
            self.known.insert(tenant.clone(), Head { head, is_dirty: false });
        }
        self.known
            .get_mut(tenant)
            .ok_or_else(|| StoreError::Corrupt("a head that was just read is gone".to_owned()))
    }

    /// Gives a leaf the next index and inserts it with its bodies.
    pub(super) fn append(
        &mut self,
        connection: &Connection,
        tenant: &TenantId,
        leaf: &NewLeaf,
    ) -> Result<u64, StoreError> {
        let is_remembered = self.before_job.iter().any(|(known, _)| known == tenant);
        let known = self.get(connection, tenant)?;
        let before = (!is_remembered).then(|| (tenant.clone(), known.clone()));
        let index = known.head.frontier.size();
        let hash = leaf_hash(&leaf.leaf);
        let mut nodes: Vec<StoredNode> = Vec::new();
        known.head.chain = chain(&known.head.chain, &hash);
        known.head.frontier.push(hash, &mut |node| nodes.push(node));
        known.is_dirty = true;
        let running = known.head.chain;
        self.before_job.extend(before);
        let place = columns::integer(index)?;
        // Why: only a known record is a conflict; an index that is taken means that head and leaves disagree.
        let inserted = connection
            .prepare_cached(
                "INSERT INTO leaves (tenant_id, leaf_index, record_id, leaf, chain) VALUES (?1, ?2, ?3, ?4, ?5)
                 ON CONFLICT (tenant_id, record_id) DO NOTHING",
            )?
            .execute(params![tenant.as_str(), place, leaf.record_id, leaf.leaf, running.as_bytes()])?;
        if inserted == 0 {
            return Err(StoreError::Conflict(Conflict::Record));
        }
        for node in nodes {
            connection
                .prepare_cached(
                    "INSERT INTO tree_nodes (tenant_id, level, node_index, hash) VALUES (?1, ?2, ?3, ?4)",
                )?
                .execute(params![
                    tenant.as_str(),
                    node.level,
                    columns::integer(node.index)?,
                    node.hash.as_bytes()
                ])?;
        }
        for (ordinal, body) in leaf.bodies.iter().enumerate() {
            connection
                .prepare_cached("INSERT INTO sealed_bodies (tenant_id, leaf_index, ordinal, key_id, sealed) VALUES (?1, ?2, ?3, ?4, ?5)")?
                .execute(params![tenant.as_str(), place, columns::ordinal(ordinal)?, body.key_id, body.sealed])?;
        }
        Ok(index)
    }
}

/// The head of a tenant's ledger as committed; that of an empty ledger when there is none.
pub(super) fn read_head(connection: &Connection, tenant: &TenantId) -> Result<LedgerHead, StoreError> {
    let row = connection
        .prepare_cached("SELECT frontier, chain FROM ledgers WHERE tenant_id = ?1")?
        .query_row([tenant.as_str()], |row| Ok((row.get::<_, Vec<u8>>(0)?, row.get::<_, Vec<u8>>(1)?)))
        .optional()?;
    let Some((frontier, running)) = row else {
        return Ok(LedgerHead { frontier: Frontier::default(), chain: CHAIN_START });
    };
    let frontier = Frontier::decode(&frontier)
        .map_err(|error| StoreError::Corrupt(format!("a ledger's head: {error}")))?;
    Ok(LedgerHead { frontier, chain: columns::hash(&running)? })
}
