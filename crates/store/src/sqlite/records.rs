//! Writes of records other than leaves, each beside its statement.

use countersign_core::{SubjectId, TenantId, Timestamp};
use rusqlite::{Connection, params};

use super::{columns, state::State};
use crate::{
    CheckpointRow, Commit, Committed, Conflict, NewDecision, OutcomeRow, PolicyRow, Standing, StoreError,
    SwitchRow, Write,
};

/// Appends the leaves and does the writes of one commit.
pub(super) fn apply(
    connection: &Connection,
    state: &mut State,
    commit: &Commit,
) -> Result<Committed, StoreError> {
    let tenant = &commit.tenant;
    let first_index = state.heads.size(connection, tenant)?;
    for leaf in &commit.leaves {
        state.heads.append(connection, tenant, leaf)?;
    }
    for write in &commit.writes {
        apply_one(connection, state, commit, first_index, write)?;
    }
    Ok(Committed { first_index, size: state.heads.size(connection, tenant)? })
}

fn apply_one(
    connection: &Connection,
    state: &mut State,
    commit: &Commit,
    first_index: u64,
    write: &Write,
) -> Result<(), StoreError> {
    let tenant = &commit.tenant;
    match write {
        Write::Request { id, at } => state.requests.add(connection, tenant, id, *at),
        Write::Decision(decision) => {
            // Why: without its leaf the row would take the place of whichever decision comes next.
            if commit.leaves.first().is_none_or(|leaf| leaf.record_id != decision.id.as_str()) {
                return Err(StoreError::Corrupt(
                    "the first leaf of a decision's commit is not its own".to_owned(),
                ));
            }
            insert_decision(connection, tenant, first_index, decision)
        }
        Write::Outcome(outcome) => insert_outcome(connection, tenant, outcome),
        Write::Standing { decision, expected_granted, standing, granted } => {
            update_standing(connection, tenant, decision.as_str(), (*expected_granted, *standing, *granted))
        }
        Write::Profile { subject, expected_version, sealed, at } => {
            write_profile(connection, tenant, subject, (*expected_version, sealed, at.micros()))
        }
        Write::Unanswered(decision) => censor(connection, tenant, decision.as_str()),
        Write::DeleteProfile(subject) => delete_profile(connection, tenant, subject),
        Write::Erasure { key_id, at } => insert_erasure(connection, tenant, key_id, *at),
        Write::Switch(switch) => set_switch(connection, tenant, switch),
        Write::Policy(policy) => insert_policy(connection, tenant, policy),
        Write::Checkpoint(checkpoint) => insert_checkpoint(connection, tenant, checkpoint),
        Write::SilenceCursor(leaf) => set_silence_cursor(connection, tenant, *leaf),
        Write::PruneRequests { from, until } => state.requests.prune(connection, tenant, *from, *until),
    }
}

fn insert_decision(
    connection: &Connection,
    tenant: &TenantId,
    leaf_index: u64,
    decision: &NewDecision,
) -> Result<(), StoreError> {
    let NewDecision {
        id,
        at,
        organization,
        client,
        trigger,
        channel,
        mode,
        level,
        score,
        verdict,
        is_trusted,
        is_censored,
    } = decision;
    connection
        .prepare_cached(
            "INSERT INTO decisions (tenant_id, leaf_index, decision_id, decided_at, organization_id, client_id, trigger_id,
                channel, mode, level, score, verdict, is_trusted, is_censored, standing, granted)
             VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9, ?10, ?11, ?12, ?13, ?14, ?15, 0)",
        )?
        .execute(params![
            tenant.as_str(),
            columns::integer(leaf_index)?,
            id.as_str(),
            at.micros(),
            organization.as_ref().map(countersign_core::OrganizationId::as_str),
            client.as_ref().map(countersign_core::ClientId::as_str),
            trigger.as_str(),
            channel.as_str(),
            mode.as_str(),
            level.as_str(),
            score.millionths(),
            verdict.as_str(),
            i64::from(*is_trusted),
            i64::from(*is_censored),
            Standing::Open.as_str(),
        ])?;
    Ok(())
}

fn insert_outcome(
    connection: &Connection,
    tenant: &TenantId,
    outcome: &OutcomeRow,
) -> Result<(), StoreError> {
    let OutcomeRow { id, decision, kind, at } = outcome;
    connection
        .prepare_cached("INSERT INTO outcomes (tenant_id, outcome_id, decision_id, kind, happened_at) VALUES (?1, ?2, ?3, ?4, ?5)")?
        .execute(params![tenant.as_str(), id, decision.as_ref().map(countersign_core::DecisionId::as_str), kind, at.micros()])
        .map_err(|error| columns::unique(error, Conflict::Outcome))?;
    Ok(())
}

fn update_standing(
    connection: &Connection,
    tenant: &TenantId,
    decision: &str,
    (expected_granted, standing, granted): (u32, Standing, u32),
) -> Result<(), StoreError> {
    let changed = connection
        .prepare_cached(
            "UPDATE decisions SET standing = ?3, granted = ?4 WHERE tenant_id = ?1 AND granted = ?5 AND leaf_index =
                (SELECT leaf_index FROM leaves WHERE tenant_id = ?1 AND record_id = ?2)",
        )?
        .execute(params![tenant.as_str(), decision, standing.as_str(), granted, expected_granted])?;
    if changed == 1 { Ok(()) } else { Err(StoreError::Stale) }
}

fn write_profile(
    connection: &Connection,
    tenant: &TenantId,
    subject: &SubjectId,
    (expected_version, sealed, at): (u64, &[u8], i64),
) -> Result<(), StoreError> {
    let version = columns::integer(expected_version)?;
    let changed = if expected_version == 0 {
        connection
            .prepare_cached(
                "INSERT INTO profiles (tenant_id, subject_id, version, sealed, updated_at) VALUES (?1, ?2, 1, ?3, ?4)
                 ON CONFLICT DO NOTHING",
            )?
            .execute(params![tenant.as_str(), subject.as_str(), sealed, at])?
    } else {
        connection
            .prepare_cached(
                "UPDATE profiles SET version = version + 1, sealed = ?3, updated_at = ?4
                 WHERE tenant_id = ?1 AND subject_id = ?2 AND version = ?5",
            )?
            .execute(params![tenant.as_str(), subject.as_str(), sealed, at, version])?
    };
    if changed == 1 { Ok(()) } else { Err(StoreError::Stale) }
}

fn delete_profile(connection: &Connection, tenant: &TenantId, subject: &SubjectId) -> Result<(), StoreError> {
    connection
        .prepare_cached("DELETE FROM profiles WHERE tenant_id = ?1 AND subject_id = ?2")?
        .execute(params![tenant.as_str(), subject.as_str()])?;
    Ok(())
}

fn censor(connection: &Connection, tenant: &TenantId, decision: &str) -> Result<(), StoreError> {
    let changed = connection
        .prepare_cached(
            "UPDATE decisions SET is_censored = 1 WHERE tenant_id = ?1 AND leaf_index =
                (SELECT leaf_index FROM leaves WHERE tenant_id = ?1 AND record_id = ?2)",
        )?
        .execute([tenant.as_str(), decision])?;
    if changed == 1 {
        Ok(())
    } else {
        Err(StoreError::Corrupt("an unanswered decision is not there".to_owned()))
    }
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

fn insert_policy(connection: &Connection, tenant: &TenantId, policy: &PolicyRow) -> Result<(), StoreError> {
    let PolicyRow { etag, document, at } = policy;
    connection
        .prepare_cached(
            "INSERT INTO policies (tenant_id, version, etag, document, activated_at)
             SELECT ?1, COALESCE(MAX(version), 0) + 1, ?2, ?3, ?4 FROM policies WHERE tenant_id = ?1",
        )?
        .execute(params![tenant.as_str(), etag, document, at.micros()])?;
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
