//! One transaction: commits of several callers, each standing or falling alone.
//!
//! Who writes for a tenant holds the lock of its ledger's head, in whatever process. So what is read under the lock stays
//! true until the end: conflicts are found before anything is written, leaves get their places in memory, and all of them
//! are inserted by one statement.

use std::collections::{BTreeMap, HashMap, HashSet};

use countersign_core::{Clock, TenantId};
use countersign_ledger::{CHAIN_START, Frontier, Hash, StoredNode, chain, leaf_hash};
use sqlx::{Connection, PgConnection};

use super::{
    changes, columns,
    errors::{Again, Trouble},
    queue::Job,
    reads,
    rows::{Digest, Row, Rows, digest_of},
    writes,
};
use crate::{Commit, Committed, Conflict, NewDecision, NewLeaf, StoreError, Write};

/// The end of each job, in their order.
pub(super) type Ends = Vec<Result<Committed, StoreError>>;

/// Which of these records and requests are known, by their numbers in the arrays.
pub(super) const LOOK_UP: &str = "
    SELECT true, w.n, r.leaf_index, r.verdict IS NOT NULL
    FROM unnest($1::text[], $2::text[]) WITH ORDINALITY AS w (tenant_id, record_id, n)
    JOIN records r ON r.tenant_id = w.tenant_id AND r.record_id = w.record_id
    UNION ALL
    SELECT false, w.n, 0, false
    FROM unnest($3::text[], $4::bytea[]) WITH ORDINALITY AS w (tenant_id, digest, n)
    JOIN requests q ON q.tenant_id = w.tenant_id AND q.digest = w.digest";

/// A record as known under the lock.
#[derive(Clone, Copy)]
pub(super) struct Known {
    pub(super) leaf_index: i64,
    pub(super) is_decision: bool,
}

#[derive(Clone)]
struct Head {
    frontier: Frontier,
    chain: Hash,
    is_moved: bool,
}

/// What this transaction knows and has yet to insert.
pub(super) struct Batch<'j> {
    heads: BTreeMap<&'j str, Head>,
    records: HashMap<(&'j str, &'j str), Known>,
    requests: HashSet<(&'j str, Digest)>,
    rows: Rows<'j>,
    has_news: bool,
}

/// Writes all that can be written of `jobs` and makes it durable. When it fails nothing was written, or what was is unknown and
/// not to be tried again.
pub(super) async fn write(
    connection: &mut PgConnection,
    jobs: &[Job],
    clock: &dyn Clock,
) -> Result<Ends, Trouble> {
    let mut transaction = connection.begin().await?;
    let mut batch = Batch::lock(&mut transaction, jobs).await?;
    batch.look_up(&mut transaction, jobs).await?;
    let mut ends = Vec::with_capacity(jobs.len());
    for job in jobs {
        // Why: the wait for the lock takes its time.
        ends.push(if is_late(&job.commit, clock) {
            Err(StoreError::Expired)
        } else {
            batch.apply(&mut transaction, &job.commit).await?
        });
    }
    batch.flush(&mut transaction).await?;
    if batch.has_news {
        changes::tell(&mut transaction).await?;
    }
    // Why: an answer that was lost says nothing about the commit. Trying again is for the caller, who knows the ids.
    transaction
        .commit()
        .await
        .map_err(|error| Trouble::Failed { error: error.into(), again: Again::Never })?;
    Ok(ends)
}

/// Whether a commit must not begin any more.
pub(super) fn is_late(commit: &Commit, clock: &dyn Clock) -> bool {
    commit.expires_at.is_some_and(|end| clock.monotonic() >= end)
}

/// Sees to it that the heads of these tenants can be locked.
pub(super) async fn add_heads(connection: &mut PgConnection, tenants: &[&TenantId]) -> Result<(), Trouble> {
    let tenants: Vec<&str> = tenants.iter().map(|tenant| tenant.as_str()).collect();
    sqlx::query(
        "INSERT INTO ledgers (tenant_id, frontier, chain)
         SELECT tenant_id, $2, $3 FROM unnest($1::text[]) AS new (tenant_id) ORDER BY tenant_id
         ON CONFLICT DO NOTHING",
    )
    .bind(tenants)
    .bind(Frontier::default().encode())
    .bind(CHAIN_START.as_bytes().as_slice())
    .execute(connection)
    .await?;
    Ok(())
}

impl<'j> Batch<'j> {
    /// Locks the heads, in the tenants' order, so that no two transactions wait for each other.
    async fn lock(connection: &mut PgConnection, jobs: &'j [Job]) -> Result<Self, Trouble> {
        let tenants: BTreeMap<&str, ()> = jobs.iter().map(|job| (job.commit.tenant.as_str(), ())).collect();
        let tenants: Vec<&'j str> = tenants.into_keys().collect();
        let locked: Vec<(Vec<u8>, Vec<u8>)> = sqlx::query_as(
            "SELECT frontier, chain FROM ledgers WHERE tenant_id = ANY ($1) ORDER BY tenant_id FOR UPDATE",
        )
        .bind(&tenants)
        .fetch_all(connection)
        .await?;
        if locked.len() != tenants.len() {
            let error = StoreError::Unavailable("the head of a ledger is not there".to_owned());
            return Err(Trouble::Failed { error, again: Again::Whole });
        }
        let mut heads = BTreeMap::new();
        for (tenant, (frontier, running)) in tenants.into_iter().zip(locked) {
            // What is wrong with one tenant's ledger must not keep the others from writing.
            let head = reads::head(&frontier, &running)
                .map_err(|error| Trouble::Failed { error, again: Again::Apart })?;
            heads.insert(tenant, Head { frontier: head.frontier, chain: head.chain, is_moved: false });
        }
        Ok(Self {
            heads,
            records: HashMap::new(),
            requests: HashSet::new(),
            rows: Rows::default(),
            has_news: false,
        })
    }

    /// Reads which of the jobs' records and requests are known.
    async fn look_up(&mut self, connection: &mut PgConnection, jobs: &'j [Job]) -> Result<(), Trouble> {
        let (mut records, mut requests) = (Vec::new(), Vec::new());
        for Job { commit, .. } in jobs {
            let tenant = commit.tenant.as_str();
            records.extend(commit.leaves.iter().map(|leaf| (tenant, leaf.record_id.as_str())));
            for write in &commit.writes {
                match write {
                    Write::Request { id, .. } => requests.push((tenant, digest_of(id))),
                    Write::Standing { decision, .. } | Write::Unanswered(decision) => {
                        records.push((tenant, decision.as_str()));
                    }
                    _ => {}
                }
            }
        }
        // What can't be a text there is refused when its job's turn comes.
        records.retain(|(_, id)| !id.contains('\0'));
        let found: Vec<(bool, i64, i64, bool)> = sqlx::query_as(LOOK_UP)
            .bind(records.iter().map(|(tenant, _)| *tenant).collect::<Vec<_>>())
            .bind(records.iter().map(|(_, id)| *id).collect::<Vec<_>>())
            .bind(requests.iter().map(|(tenant, _)| *tenant).collect::<Vec<_>>())
            .bind(requests.iter().map(|(_, digest)| digest.as_slice()).collect::<Vec<_>>())
            .fetch_all(connection)
            .await?;
        for (is_record, number, leaf_index, is_decision) in found {
            let place = usize::try_from(number - 1).unwrap_or(usize::MAX);
            if is_record {
                self.records.extend(records.get(place).map(|key| (*key, Known { leaf_index, is_decision })));
            } else {
                self.requests.extend(requests.get(place));
            }
        }
        Ok(())
    }

    /// Does one commit, or undoes what it began and says why.
    async fn apply(
        &mut self,
        connection: &mut PgConnection,
        commit: &'j Commit,
    ) -> Result<Result<Committed, StoreError>, Trouble> {
        // Statements of its own come to be undone with it; of the rest nothing is written before the end.
        let has_statements = commit.fence.is_some() || commit.writes.iter().any(writes::is_statement);
        if commit.writes.iter().any(|write| matches!(write, Write::DropBodies { .. })) {
            // It is about rows that stand.
            self.flush(connection).await?;
        }
        let mark = self.rows.mark();
        let before = self.head(commit)?.clone();
        let had_news = self.has_news;
        let end = if has_statements {
            let mut savepoint = connection.begin().await?;
            let end = self.try_apply(&mut savepoint, commit).await;
            match &end {
                Ok(_) => savepoint.commit().await?,
                Err(Trouble::Refused(_)) => savepoint.rollback().await?,
                Err(Trouble::Failed { .. }) => {}
            }
            end
        } else {
            self.try_apply(connection, commit).await
        };
        match end {
            Ok(committed) => Ok(Ok(committed)),
            Err(Trouble::Refused(error)) => {
                *self.head(commit)? = before;
                let undone = self.rows.undo(mark);
                for row in undone.records {
                    self.records.remove(&(row.tenant, row.leaf.record_id.as_str()));
                }
                for (tenant, digest, _) in undone.requests {
                    self.requests.remove(&(tenant, digest));
                }
                self.has_news = had_news;
                Ok(Err(error))
            }
            Err(failed) => Err(failed),
        }
    }

    async fn try_apply(
        &mut self,
        connection: &mut PgConnection,
        commit: &'j Commit,
    ) -> Result<Committed, Trouble> {
        if let Some(fence) = &commit.fence {
            writes::check_fence(connection, &commit.tenant, fence).await?;
        }
        let tenant = commit.tenant.as_str();
        let first_index = self.head(commit)?.frontier.size();
        let mut decision = decision_of(commit)?;
        for leaf in &commit.leaves {
            let row = self.sequence(commit, leaf, decision.take())?;
            self.rows.records.push(row);
        }
        for write in &commit.writes {
            match write {
                Write::Request { id, at } => {
                    let digest = digest_of(id);
                    if !self.requests.insert((tenant, digest)) {
                        return Err(StoreError::Conflict(Conflict::Request).into());
                    }
                    self.rows.requests.push((tenant, digest, at.micros()));
                }
                Write::Decision(_) => {}
                Write::Standing { decision, .. } | Write::Unanswered(decision) => {
                    let known = self.records.get(&(tenant, decision.as_str()));
                    let known = known.filter(|known| known.is_decision).copied();
                    writes::about_decision(connection, &commit.tenant, write, known).await?;
                }
                other => writes::apply(connection, &commit.tenant, other).await?,
            }
            self.has_news |= changes::is_news(write);
        }
        Ok(Committed { first_index, size: self.head(commit)?.frontier.size() })
    }

    /// Gives a leaf the next place.
    fn sequence(
        &mut self,
        commit: &'j Commit,
        leaf: &'j NewLeaf,
        decision: Option<&'j NewDecision>,
    ) -> Result<Row<'j>, Trouble> {
        let tenant = commit.tenant.as_str();
        if leaf.record_id.contains('\0') {
            return Err(StoreError::Corrupt("a record's id holds a null character".to_owned()).into());
        }
        let key = (tenant, leaf.record_id.as_str());
        if self.records.contains_key(&key) {
            return Err(StoreError::Conflict(Conflict::Record).into());
        }
        let hash = leaf_hash(&leaf.leaf);
        let mut nodes: Vec<StoredNode> = Vec::new();
        let head = self.head(commit)?;
        let leaf_index = columns::integer(head.frontier.size())?;
        head.chain = chain(&head.chain, &hash);
        head.frontier.push(hash, &mut |node| nodes.push(node));
        head.is_moved = true;
        let running = head.chain;
        let row = Row::new(tenant, leaf_index, leaf, running, decision)?;
        self.records.insert(key, Known { leaf_index, is_decision: decision.is_some() });
        self.rows.nodes.extend(nodes.into_iter().map(|node| (tenant, node)));
        Ok(row)
    }

    fn head(&mut self, commit: &Commit) -> Result<&mut Head, StoreError> {
        let head = self.heads.get_mut(commit.tenant.as_str());
        head.ok_or_else(|| StoreError::Corrupt("the head of a ledger is not locked".to_owned()))
    }

    /// Inserts what is only in memory so far.
    async fn flush(&mut self, connection: &mut PgConnection) -> Result<(), Trouble> {
        let mut moved = Vec::new();
        for (tenant, head) in self.heads.iter_mut().filter(|(_, head)| head.is_moved) {
            head.is_moved = false;
            moved.push((*tenant, head.frontier.encode(), head.chain));
        }
        let rows = std::mem::take(&mut self.rows);
        if moved.is_empty() && rows.requests.is_empty() {
            return Ok(());
        }
        // Why: nothing in here can be refused but by a fault of ours, which no other job may be blamed for.
        match rows.insert(connection, moved).await {
            Err(Trouble::Refused(error)) => Err(Trouble::Failed { error, again: Again::Never }),
            done => done,
        }
    }
}

/// The decision whose facts go into the row of the commit's first leaf; `None` when it adds none.
fn decision_of(commit: &Commit) -> Result<Option<&NewDecision>, StoreError> {
    let mut decisions = commit.writes.iter().filter_map(|write| match write {
        Write::Decision(decision) => Some(decision),
        _ => None,
    });
    let Some(decision) = decisions.next() else { return Ok(None) };
    let is_its_own = |leaf: &NewLeaf| leaf.record_id == decision.id.as_str() && leaf.at == decision.at;
    if commit.leaves.first().is_some_and(is_its_own) && decisions.next().is_none() {
        return Ok(Some(decision));
    }
    Err(StoreError::Corrupt("the first leaf of a decision's commit is not its own".to_owned()))
}
