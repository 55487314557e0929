//! What a commit does, write by write.

use countersign_core::{TenantId, Timestamp};
use rusqlite::{Connection, params};

use super::{
    access, addresses, alerts, attack_sources, columns, decisions, hooks, incidents, inquiries, joins,
    journal, leases, models, plans, policies, profiles, queries, retention, reviews, snapshots, state::State,
    suppressions, tokens,
};
use crate::{
    CheckpointRow, Commit, Committed, Conflict, Counted, IncidentWrite, OutcomeRow, ProfileRow, Scope,
    StoreError, SwitchRow, Write,
};

/// Appends the leaves and does the writes of one commit.
pub(super) fn apply(
    connection: &Connection,
    state: &mut State,
    commit: &Commit,
) -> Result<Committed, StoreError> {
    let tenant = &commit.tenant;
    if let Some(fence) = &commit.fence {
        leases::check(connection, tenant, fence)?;
    }
    // INVARIANT: a request that was seen before is refused before anything is written.
    for write in &commit.writes {
        if let Write::Request { id, at } = write {
            let added = state.requests.add(connection, tenant, id, *at);
            added.or_else(|error| told(connection, commit, error))?;
        }
    }
    let first_index = state.heads.size(connection, tenant)?;
    let mut facts = decisions::of_commit(commit)?;
    for leaf in &commit.leaves {
        state.heads.append(connection, tenant, leaf, facts.take())?;
    }
    for write in &commit.writes {
        apply_one(connection, state, tenant, write)?;
    }
    Ok(Committed { first_index, size: state.heads.size(connection, tenant)? })
}

/// Why a commit whose request was seen before is refused: of one that is tried again, that its record is there.
fn told(connection: &Connection, commit: &Commit, error: StoreError) -> Result<(), StoreError> {
    let first = commit.leaves.first().map(|leaf| leaf.record_id.as_str());
    let scope = Scope::Tenant(&commit.tenant);
    let there = first.map(|record| queries::leaf_of_record(connection, scope, record)).transpose()?.flatten();
    Err(there.map_or(error, |_| StoreError::Conflict(Conflict::Record)))
}

/// Whether a commit either fails before its first change or with the whole disk: a leaf, whose row is all or nothing, and after it nothing that
/// could be refused.
pub(super) fn is_whole(commit: &Commit) -> bool {
    let is_accepted = |write: &Write| {
        matches!(write, Write::Request { .. } | Write::Decision(_) | Write::Address(_) | Write::SignUp { .. })
    };
    commit.fence.is_none() && commit.leaves.len() == 1 && commit.writes.iter().all(is_accepted)
}

fn apply_one(
    connection: &Connection,
    state: &mut State,
    tenant: &TenantId,
    write: &Write,
) -> Result<(), StoreError> {
    match write {
        // A decision's facts stand in the row of its leaf; requests come before all else.
        Write::Request { .. } | Write::Decision(_) => Ok(()),
        Write::Outcome(outcome) => insert_outcome(connection, tenant, outcome),
        Write::Standing { decision, expected_granted, standing, granted, at_tenant } => {
            let counted = Counted { standing: *standing, granted: *granted };
            decisions::put_standing(connection, tenant, decision, (*expected_granted, counted, *at_tenant))
        }
        Write::Profile { subject, expected_version, sealed, held, at } => {
            profiles::write(connection, tenant, subject, (*expected_version, sealed, *held, *at))?;
            let row = ProfileRow { version: expected_version + 1, sealed: sealed.clone() };
            state.profiles.written(tenant, subject, row);
            Ok(())
        }
        Write::Unanswered(decision) => decisions::put_unanswered(connection, tenant, decision),
        Write::DeleteProfile(subject) => {
            inquiries::delete(connection, tenant, subject)?;
            profiles::delete(connection, tenant, subject)?;
            state.profiles.gone(tenant, subject);
            Ok(())
        }
        Write::Erasure { key_id, at } => insert_erasure(connection, tenant, key_id, *at),
        Write::Switch(switch) => set_switch(connection, tenant, switch),
        Write::Policy { expected_version, row } => {
            policies::insert(connection, tenant, *expected_version, row)
        }
        Write::Model { row, document } => models::insert(connection, tenant, row, document),
        Write::ModelAct(act) => models::act(connection, tenant, act),
        Write::Address(address) => addresses::put(connection, tenant, address),
        Write::SignUp { row, since } => addresses::put_sign_up(connection, tenant, row, *since),
        Write::ForgetAddresses(subject) => addresses::forget(connection, tenant, subject),
        Write::PruneSignUps { before } => addresses::prune_sign_ups(connection, tenant, *before),
        Write::RiskToken { row, most } => tokens::insert(connection, tenant, row, *most),
        Write::RevokeRiskToken { id, at } => tokens::revoke(connection, tenant, id, *at),
        Write::DropBodies { prefix, from, until } => drop_bodies(connection, tenant, prefix, (*from, *until)),
        Write::RetentionCursor { prefix, leaf } => set_retention_cursor(connection, tenant, prefix, *leaf),
        Write::Checkpoint(checkpoint) => insert_checkpoint(connection, tenant, checkpoint),
        Write::Findings { document } => set_findings(connection, tenant, document),
        Write::SilenceCursor(leaf) => set_silence_cursor(connection, tenant, *leaf),
        Write::LogWorked(progress) => journal::set_progress(connection, tenant, progress),
        Write::Alert(alert) => alerts::put(connection, tenant, alert),
        Write::RetractAlert(id) => alerts::retract(connection, tenant, id),
        Write::Incident(write) => apply_incident(connection, tenant, write),
        Write::Plan(write) => plans::apply(connection, tenant, write),
        Write::Review(write) => reviews::apply(connection, tenant, write),
        Write::Inquiry(write) => inquiries::apply(connection, tenant, write),
        Write::Access(write) => access::apply(connection, write),
        Write::Forget { old, most } => retention::forget(connection, tenant, old, *most),
        Write::Join(write) => joins::apply(connection, tenant, write),
        Write::LogSnapshot(snapshot) => snapshots::put(connection, tenant, snapshot),
        Write::LogSnapshotPiece(piece) => snapshots::put_piece(connection, tenant, piece),
        Write::DropLogSnapshot(number) => snapshots::drop_head(connection, tenant, *number),
        Write::DropLogSnapshotPieces { number, most } => {
            snapshots::drop_pieces(connection, tenant, (*number, *most))
        }
        Write::LogCursor { name, cursor } => journal::put_cursor(connection, tenant, name, cursor),
        Write::PruneRequests { from, until } => state.requests.prune(connection, tenant, *from, *until),
    }
}

/// Writes about incidents and what follows from them.
fn apply_incident(
    connection: &Connection,
    tenant: &TenantId,
    write: &IncidentWrite,
) -> Result<(), StoreError> {
    match write {
        IncidentWrite::Put { expected_version, row } => {
            incidents::put(connection, tenant, *expected_version, row)
        }
        IncidentWrite::Entities(of) => incidents::put_entities(connection, tenant, of),
        IncidentWrite::ForgetEntities(alert) => incidents::forget_entities(connection, tenant, alert),
        IncidentWrite::Note(note) => incidents::insert_note(connection, tenant, note),
        IncidentWrite::Suppress(suppression) => suppressions::insert(connection, tenant, suppression),
        IncidentWrite::Lift { id, at } => suppressions::lift(connection, tenant, id, *at),
        IncidentWrite::AttackSource(source) => attack_sources::put(connection, tenant, source),
        IncidentWrite::Deliver(delivery) => hooks::insert(connection, tenant, delivery),
        IncidentWrite::Tried { id, attempts, state, next, place } => {
            hooks::tried(connection, tenant, (id, *attempts), (*state, *next, place.as_deref()))
        }
        IncidentWrite::Drop(id) => retention::drop_incident(connection, tenant, id),
        IncidentWrite::DropSuppression(id) => retention::drop_suppression(connection, tenant, id),
        IncidentWrite::PruneDeliveries { before } => hooks::prune(connection, tenant, *before),
    }
}

fn insert_outcome(
    connection: &Connection,
    tenant: &TenantId,
    outcome: &OutcomeRow,
) -> Result<(), StoreError> {
    let OutcomeRow { id, decision, kind, replaces, at } = outcome;
    for replaced in *replaces {
        connection
            .prepare_cached("DELETE FROM outcomes WHERE tenant_id = ?1 AND decision_id = ?2 AND kind = ?3")?
            .execute(params![
                tenant.as_str(),
                decision.as_ref().map(countersign_core::DecisionId::as_str),
                replaced
            ])?;
    }
    connection
        .prepare_cached("INSERT INTO outcomes (tenant_id, outcome_id, decision_id, kind, happened_at) VALUES (?1, ?2, ?3, ?4, ?5)")?
        .execute(params![tenant.as_str(), id, decision.as_ref().map(countersign_core::DecisionId::as_str), kind, at.micros()])
        .map_err(|error| columns::unique(error, Conflict::Outcome))?;
    Ok(())
}

/// Keeps the first time: an erasure that is tried again is the same one.
fn insert_erasure(
    connection: &Connection,
    tenant: &TenantId,
    key_id: &str,
    at: Timestamp,
) -> Result<(), StoreError> {
    connection
        .prepare_cached(
            "INSERT INTO erasures (tenant_id, key_id, erased_at) VALUES (?1, ?2, ?3) ON CONFLICT DO NOTHING",
        )?
        .execute(params![tenant.as_str(), key_id, at.micros()])?;
    Ok(())
}

fn set_findings(connection: &Connection, tenant: &TenantId, document: &str) -> Result<(), StoreError> {
    connection
        .prepare_cached(
            "INSERT INTO findings (tenant_id, document) VALUES (?1, ?2)
             ON CONFLICT (tenant_id) DO UPDATE SET document = ?2",
        )?
        .execute(params![tenant.as_str(), document])?;
    Ok(())
}

fn set_switch(connection: &Connection, tenant: &TenantId, switch: &SwitchRow) -> Result<(), StoreError> {
    let SwitchRow { trigger, is_off, at } = switch;
    connection
        .prepare_cached(
            "INSERT INTO switches (tenant_id, trigger_id, is_off, changed_at) VALUES (?1, ?2, ?3, ?4)
             ON CONFLICT (tenant_id, trigger_id) DO UPDATE SET is_off = ?3, changed_at = ?4",
        )?
        .execute(params![tenant.as_str(), trigger.as_str(), i64::from(*is_off), at.micros()])?;
    Ok(())
}

fn insert_checkpoint(
    connection: &Connection,
    tenant: &TenantId,
    checkpoint: &CheckpointRow,
) -> Result<(), StoreError> {
    let CheckpointRow { size, note, at } = checkpoint;
    connection
        .prepare_cached("INSERT INTO checkpoints (tenant_id, size, note, signed_at) VALUES (?1, ?2, ?3, ?4)")?
        .execute(params![tenant.as_str(), columns::integer(*size)?, note, at.micros()])
        .map_err(|error| columns::unique(error, Conflict::Checkpoint))?;
    Ok(())
}

fn set_silence_cursor(connection: &Connection, tenant: &TenantId, leaf: u64) -> Result<(), StoreError> {
    connection
        .prepare_cached(
            "INSERT INTO silence_cursors (tenant_id, leaf_index) VALUES (?1, ?2)
             ON CONFLICT (tenant_id) DO UPDATE SET leaf_index = ?2",
        )?
        .execute(params![tenant.as_str(), columns::integer(leaf)?])?;
    Ok(())
}

/// Deletes the bodies of records of one kind and leaves all else of them.
fn drop_bodies(
    connection: &Connection,
    tenant: &TenantId,
    prefix: &str,
    (from, until): (u64, u64),
) -> Result<(), StoreError> {
    let Some(ledger) = columns::ledger(connection, tenant)? else { return Ok(()) };
    connection
        .prepare_cached(
            "UPDATE records SET bodies = NULL WHERE place >= ?1 AND place < ?2 AND bodies IS NOT NULL
               AND substr(record_id, 1, length(?3)) = ?3",
        )?
        .execute(params![ledger.bound(from), ledger.bound(until), prefix])?;
    Ok(())
}

fn set_retention_cursor(
    connection: &Connection,
    tenant: &TenantId,
    prefix: &str,
    leaf: u64,
) -> Result<(), StoreError> {
    connection
        .prepare_cached(
            "INSERT INTO retention_cursors (tenant_id, prefix, leaf_index) VALUES (?1, ?2, ?3)
             ON CONFLICT (tenant_id, prefix) DO UPDATE SET leaf_index = ?3",
        )?
        .execute(params![tenant.as_str(), prefix, columns::integer(leaf)?])?;
    Ok(())
}
