//! What a batch has yet to insert, and the one statement that does.

use aws_lc_rs::digest;
use countersign_ledger::{Hash, StoredNode};
use sqlx::PgConnection;

use super::{columns, errors::Trouble, reads::FIRST_BYTES};
use crate::{NewDecision, NewLeaf, StoreError, bodies};

/// The first 128 bits of the SHA-256 of a request's id.
pub(super) type Digest = [u8; 16];

/// What is kept of a request's id.
pub(super) fn digest_of(id: &str) -> Digest {
    let mut out = [0; 16];
    for (byte, source) in out.iter_mut().zip(digest::digest(&digest::SHA256, id.as_bytes()).as_ref()) {
        *byte = *source;
    }
    out
}

/// A leaf that has its place.
pub(super) struct Row<'j> {
    pub(super) tenant: &'j str,
    pub(super) leaf: &'j NewLeaf,
    leaf_index: i64,
    chain: Hash,
    bodies: Option<Vec<u8>>,
    decision: Option<&'j NewDecision>,
}

impl<'j> Row<'j> {
    pub(super) fn new(
        tenant: &'j str,
        leaf_index: i64,
        leaf: &'j NewLeaf,
        chain: Hash,
        decision: Option<&'j NewDecision>,
    ) -> Result<Self, StoreError> {
        if leaf.bodies.first().is_some_and(|body| body.key_id.len() + 3 > FIRST_BYTES) {
            return Err(StoreError::Corrupt("a key's name is too long".to_owned()));
        }
        Ok(Self { tenant, leaf, leaf_index, chain, bodies: bodies::encode(&leaf.bodies)?, decision })
    }
}

/// Rows of each table, in the order in which they were added.
#[derive(Default)]
pub(super) struct Rows<'j> {
    pub(super) records: Vec<Row<'j>>,
    pub(super) requests: Vec<(&'j str, Digest, i64)>,
    pub(super) nodes: Vec<(&'j str, StoredNode)>,
}

/// How much of each there was.
#[derive(Clone, Copy)]
pub(super) struct Mark {
    records: usize,
    requests: usize,
    nodes: usize,
}

impl<'j> Rows<'j> {
    pub(super) const fn mark(&self) -> Mark {
        Mark { records: self.records.len(), requests: self.requests.len(), nodes: self.nodes.len() }
    }

    /// Takes out what came after the mark.
    pub(super) fn undo(&mut self, mark: Mark) -> Self {
        let Mark { records, requests, nodes } = mark;
        Self {
            records: self.records.split_off(records.min(self.records.len())),
            requests: self.requests.split_off(requests.min(self.requests.len())),
            nodes: self.nodes.split_off(nodes.min(self.nodes.len())),
        }
    }

    /// Inserts all of them and moves the heads.
    pub(super) async fn insert(
        self,
        connection: &mut PgConnection,
        heads: Vec<(&str, Vec<u8>, Hash)>,
    ) -> Result<(), Trouble> {
        let Self { records, requests, nodes } = self;
        let facts = |fact: fn(&NewDecision) -> &'static str| {
            records.iter().map(|row| row.decision.map(fact)).collect::<Vec<_>>()
        };
        let numbers = |number: fn(&NewDecision) -> i64| {
            records.iter().map(|row| row.decision.map(number)).collect::<Vec<_>>()
        };
        let mut node_indices = Vec::with_capacity(nodes.len());
        for (_, node) in &nodes {
            node_indices.push(columns::integer(node.index)?);
        }
        let organizations = records.iter().map(|row| Some(row.decision?.organization.as_ref()?.as_str()));
        let clients = records.iter().map(|row| Some(row.decision?.client.as_ref()?.as_str()));
        sqlx::query(INSERT)
            .bind(heads.iter().map(|(tenant, ..)| *tenant).collect::<Vec<_>>())
            .bind(heads.iter().map(|(_, frontier, _)| frontier.as_slice()).collect::<Vec<_>>())
            .bind(heads.iter().map(|(.., chain)| chain.as_bytes().as_slice()).collect::<Vec<_>>())
            .bind(nodes.iter().map(|(tenant, _)| *tenant).collect::<Vec<_>>())
            .bind(nodes.iter().map(|(_, node)| i64::from(node.level)).collect::<Vec<_>>())
            .bind(node_indices)
            .bind(nodes.iter().map(|(_, node)| node.hash.as_bytes().as_slice()).collect::<Vec<_>>())
            .bind(requests.iter().map(|(tenant, ..)| *tenant).collect::<Vec<_>>())
            .bind(requests.iter().map(|(_, digest, _)| digest.as_slice()).collect::<Vec<_>>())
            .bind(requests.iter().map(|(.., at)| *at).collect::<Vec<_>>())
            .bind(records.iter().map(|row| row.tenant).collect::<Vec<_>>())
            .bind(records.iter().map(|row| row.leaf_index).collect::<Vec<_>>())
            .bind(records.iter().map(|row| row.leaf.record_id.as_str()).collect::<Vec<_>>())
            .bind(records.iter().map(|row| row.leaf.at.micros()).collect::<Vec<_>>())
            .bind(organizations.collect::<Vec<Option<&str>>>())
            .bind(clients.collect::<Vec<Option<&str>>>())
            .bind(facts(|decision| decision.trigger.as_str()))
            .bind(facts(|decision| decision.channel.as_str()))
            .bind(facts(|decision| decision.mode.as_str()))
            .bind(facts(|decision| decision.level.as_str()))
            .bind(numbers(|decision| i64::from(decision.score.millionths())))
            .bind(facts(|decision| decision.verdict.as_str()))
            .bind(numbers(|decision| i64::from(decision.is_trusted)))
            .bind(numbers(|decision| i64::from(decision.is_censored)))
            .bind(records.iter().map(|row| row.chain.as_bytes().as_slice()).collect::<Vec<_>>())
            .bind(records.iter().map(|row| row.leaf.leaf.as_slice()).collect::<Vec<_>>())
            .bind(records.iter().map(|row| row.bodies.as_deref()).collect::<Vec<_>>())
            .execute(connection)
            .await?;
        Ok(())
    }
}

/// One statement, so that a batch waits for the server once.
const INSERT: &str = "
    WITH heads AS (
        UPDATE ledgers SET frontier = new.frontier, chain = new.chain
        FROM unnest($1::text[], $2::bytea[], $3::bytea[]) AS new (tenant_id, frontier, chain)
        WHERE ledgers.tenant_id = new.tenant_id
    ), nodes AS (
        INSERT INTO tree_nodes (tenant_id, level, node_index, hash)
        SELECT * FROM unnest($4::text[], $5::bigint[], $6::bigint[], $7::bytea[])
    ), seen AS (
        INSERT INTO requests (tenant_id, digest, seen_at)
        SELECT * FROM unnest($8::text[], $9::bytea[], $10::bigint[])
    )
    INSERT INTO records (tenant_id, leaf_index, record_id, recorded_at, organization_id, client_id, trigger_id, channel,
        mode, level, score, verdict, is_trusted, is_censored, chain, leaf, bodies)
    SELECT * FROM unnest($11::text[], $12::bigint[], $13::text[], $14::bigint[], $15::text[], $16::text[], $17::text[],
        $18::text[], $19::text[], $20::text[], $21::bigint[], $22::text[], $23::bigint[], $24::bigint[], $25::bytea[],
        $26::bytea[], $27::bytea[])";
