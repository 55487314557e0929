//! The heads of the tenants' ledgers as the writing thread knows them, and the sequencing of leaves.

use std::collections::BTreeMap;

use countersign_core::{ClientId, OrganizationId, TenantId};
use countersign_ledger::{CHAIN_START, Frontier, Hash, StoredNode, chain, leaf_hash};
use rusqlite::{Connection, OptionalExtension, ffi::SQLITE_CONSTRAINT_UNIQUE, params};

use super::columns::{self, Ledger};
use crate::{Conflict, LedgerHead, NewDecision, NewLeaf, StoreError, bodies};

#[derive(Default)]
pub(super) struct Heads {
    known: BTreeMap<TenantId, Head>,
    before_job: Vec<(TenantId, Head)>,
}

#[derive(Clone)]
struct Head {
    /// `None` while the database knows of no ledger.
    ledger: Option<Ledger>,
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
        for known in self.known.values_mut().filter(|known| known.is_dirty) {
            connection
                .prepare_cached("UPDATE ledgers SET frontier = ?2, chain = ?3 WHERE number = ?1")?
                .execute(params![
                    known.ledger.map(|ledger| ledger.0),
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
            let (ledger, head) = read(connection, tenant)?;
            self.known.insert(tenant.clone(), Head { ledger, head, is_dirty: false });
        }
        self.known
            .get_mut(tenant)
            .ok_or_else(|| StoreError::Corrupt("a head that was just read is gone".to_owned()))
    }

    /// Gives a leaf the next index and inserts it with its bodies and, of a decision, its facts.
    pub(super) fn append(
        &mut self,
        connection: &Connection,
        tenant: &TenantId,
        leaf: &NewLeaf,
        facts: Option<&NewDecision>,
    ) -> Result<(), StoreError> {
        let is_remembered = self.before_job.iter().any(|(known, _)| known == tenant);
        let known = self.get(connection, tenant)?;
        let before = (!is_remembered).then(|| (tenant.clone(), known.clone()));
        let ledger = match known.ledger {
            Some(ledger) => ledger,
            None => insert_ledger(connection, tenant, &known.head)?,
        };
        let place = ledger.place(known.head.frontier.size())?;
        let hash = leaf_hash(&leaf.leaf);
        let mut nodes: Vec<StoredNode> = Vec::new();
        known.ledger = Some(ledger);
        known.head.chain = chain(&known.head.chain, &hash);
        known.head.frontier.push(hash, &mut |node| nodes.push(node));
        known.is_dirty = true;
        let running = known.head.chain;
        self.before_job.extend(before);
        insert_record(connection, place, &running, leaf, facts)?;
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
        Ok(())
    }
}

fn insert_ledger(
    connection: &Connection,
    tenant: &TenantId,
    head: &LedgerHead,
) -> Result<Ledger, StoreError> {
    connection
        .prepare_cached("INSERT INTO ledgers (tenant_id, frontier, chain) VALUES (?1, ?2, ?3)")?
        .execute(params![tenant.as_str(), head.frontier.encode(), head.chain.as_bytes()])?;
    Ok(Ledger(connection.last_insert_rowid()))
}

fn insert_record(
    connection: &Connection,
    place: i64,
    running: &Hash,
    leaf: &NewLeaf,
    facts: Option<&NewDecision>,
) -> Result<(), StoreError> {
    connection
        .prepare_cached(
            "INSERT INTO records (place, record_id, recorded_at, organization_id, client_id, trigger_id, channel, mode,
                level, score, verdict, is_trusted, is_censored, chain, leaf, bodies)
             VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9, ?10, ?11, ?12, ?13, ?14, ?15, ?16)",
        )?
        .execute(params![
            place,
            leaf.record_id,
            leaf.at.micros(),
            facts.and_then(|facts| facts.organization.as_ref()).map(OrganizationId::as_str),
            facts.and_then(|facts| facts.client.as_ref()).map(ClientId::as_str),
            facts.map(|facts| facts.trigger.as_str()),
            facts.map(|facts| facts.channel.as_str()),
            facts.map(|facts| facts.mode.as_str()),
            facts.map(|facts| facts.level.as_str()),
            facts.map(|facts| facts.score.millionths()),
            facts.map(|facts| facts.verdict.as_str()),
            facts.map(|facts| facts.is_trusted),
            facts.map(|facts| facts.is_censored),
            running.as_bytes(),
            leaf.leaf,
            bodies::encode(&leaf.bodies)?,
        ])
        // Why: only a known record is a conflict; a place that is taken means that head and records disagree.
        .map_err(|error| match error.sqlite_error().map(|error| error.extended_code) {
            Some(SQLITE_CONSTRAINT_UNIQUE) => StoreError::Conflict(Conflict::Record),
            _ => error.into(),
        })?;
    Ok(())
}

/// The head of a tenant's ledger as committed; that of an empty ledger when there is none.
pub(super) fn read_head(connection: &Connection, tenant: &TenantId) -> Result<LedgerHead, StoreError> {
    Ok(read(connection, tenant)?.1)
}

fn read(connection: &Connection, tenant: &TenantId) -> Result<(Option<Ledger>, LedgerHead), StoreError> {
    let row = connection
        .prepare_cached("SELECT number, frontier, chain FROM ledgers WHERE tenant_id = ?1")?
        .query_row([tenant.as_str()], |row| {
            Ok((row.get(0)?, row.get::<_, Vec<u8>>(1)?, row.get::<_, Vec<u8>>(2)?))
        })
        .optional()?;
    let Some((number, frontier, running)) = row else {
        return Ok((None, LedgerHead { frontier: Frontier::default(), chain: CHAIN_START }));
    };
    let frontier = Frontier::decode(&frontier)
        .map_err(|error| StoreError::Corrupt(format!("a ledger's head: {error}")))?;
    Ok((Some(Ledger(number)), LedgerHead { frontier, chain: columns::hash(&running)? }))
}
