//! Writes other than leaves, decisions and requests, each beside its statement.

use countersign_core::{DecisionId, SubjectId, TenantId, Timestamp};
use sqlx::PgConnection;

use super::{
    access, alerts, attack_sources, batch::Known, columns, errors::Trouble, hooks, incidents, inquiries,
    joins, journal, models, plans, profiles, retention, reviews, snapshots, suppressions,
};
use crate::{
    AddressRow, CheckpointRow, Conflict, Fence, IncidentWrite, OutcomeRow, PolicyRow, RiskTokenRow,
    SignUpRow, Standing, StoreError, SwitchRow, Write,
};

type Done = Result<(), Trouble>;

/// Whether a write takes a statement of its own.
pub(super) const fn is_statement(write: &Write) -> bool {
    !matches!(write, Write::Request { .. } | Write::Decision(_))
}

/// Refuses work of a lease that another process took since; nobody takes it before this transaction ends.
pub(super) async fn check_fence(connection: &mut PgConnection, tenant: &TenantId, fence: &Fence) -> Done {
    let epoch: Option<i64> =
        sqlx::query_scalar("SELECT epoch FROM leases WHERE tenant_id = $1 AND name = $2 FOR SHARE")
            .bind(tenant.as_str())
            .bind(fence.name)
            .fetch_optional(connection)
            .await?;
    if epoch.and_then(|epoch| u64::try_from(epoch).ok()) == Some(fence.epoch) {
        Ok(())
    } else {
        Err(StoreError::Fenced.into())
    }
}

/// Runs `$sql` with these binds and returns the number of rows that it changed.
macro_rules! run {
    ($connection:expr, $sql:expr, $($bind:expr),* $(,)?) => {
        sqlx::query($sql)$(.bind($bind))*.execute($connection).await?.rows_affected()
    };
}

/// Does one write.
pub(super) async fn apply(connection: &mut PgConnection, tenant: &TenantId, write: &Write) -> Done {
    let t = tenant.as_str();
    match write {
        // Done by the batch, which alone knows what they are about.
        Write::Request { .. } | Write::Decision(_) | Write::Standing { .. } | Write::Unanswered(_) => {}
        Write::Outcome(outcome) => insert_outcome(connection, t, outcome).await?,
        Write::Profile { subject, expected_version, sealed, held, at } => {
            profiles::write(connection, t, subject, (*expected_version, sealed, *held, *at)).await?;
        }
        Write::DeleteProfile(subject) => {
            let sql = "DELETE FROM inquiries WHERE tenant_id = $1 AND subject_id = $2";
            run!(&mut *connection, sql, t, subject.as_str());
            let sql = "DELETE FROM profiles WHERE tenant_id = $1 AND subject_id = $2";
            run!(connection, sql, t, subject.as_str());
        }
        Write::Erasure { key_id, at } => {
            // Keeps the first time: an erasure that is tried again is the same one.
            let sql = "INSERT INTO erasures (tenant_id, key_id, erased_at) VALUES ($1, $2, $3) ON CONFLICT DO NOTHING";
            run!(connection, sql, t, key_id, at.micros());
        }
        Write::Switch(switch) => set_switch(connection, t, switch).await?,
        Write::Policy { expected_version, row } => {
            insert_policy(connection, t, *expected_version, row).await?;
        }
        Write::Model { row, document } => models::insert(connection, t, row, document).await?,
        Write::ModelAct(act) => models::act(connection, t, act).await?,
        Write::Address(address) => put_address(connection, t, address).await?,
        Write::SignUp { row, since } => put_sign_up(connection, t, row, *since).await?,
        Write::ForgetAddresses(subject) => forget_addresses(connection, t, subject).await?,
        Write::PruneSignUps { before } => {
            let sql = "DELETE FROM sign_ups WHERE tenant_id = $1 AND decided_at < $2";
            run!(connection, sql, t, before.micros());
        }
        Write::RiskToken { row, most } => insert_token(connection, t, row, *most).await?,
        Write::RevokeRiskToken { id, at } => {
            let sql = "UPDATE risk_tokens SET revoked_at = $3
                       WHERE tenant_id = $1 AND token_id = $2 AND revoked_at IS NULL";
            one(run!(connection, sql, t, id, at.micros()), StoreError::Stale)?;
        }
        Write::DropBodies { prefix, from, until } => {
            let sql = "UPDATE records SET bodies = NULL WHERE tenant_id = $1 AND leaf_index >= $2 AND leaf_index < $3
                         AND bodies IS NOT NULL AND starts_with(record_id, $4)";
            run!(connection, sql, t, columns::bound(*from), columns::bound(*until), *prefix);
        }
        Write::RetentionCursor { prefix, leaf } => {
            let sql = "INSERT INTO retention_cursors (tenant_id, prefix, leaf_index) VALUES ($1, $2, $3)
                       ON CONFLICT (tenant_id, prefix) DO UPDATE SET leaf_index = $3";
            run!(connection, sql, t, *prefix, columns::integer(*leaf)?);
        }
        Write::Checkpoint(checkpoint) => insert_checkpoint(connection, t, checkpoint).await?,
        Write::Findings { document } => {
            let sql = "INSERT INTO findings (tenant_id, document) VALUES ($1, $2)
                       ON CONFLICT (tenant_id) DO UPDATE SET document = $2";
            run!(connection, sql, t, document);
        }
        Write::SilenceCursor(leaf) => {
            let sql = "INSERT INTO silence_cursors (tenant_id, leaf_index) VALUES ($1, $2)
                       ON CONFLICT (tenant_id) DO UPDATE SET leaf_index = $2";
            run!(connection, sql, t, columns::integer(*leaf)?);
        }
        Write::LogWorked(progress) => journal::set_progress(connection, t, progress).await?,
        Write::Alert(alert) => alerts::put(connection, t, alert).await?,
        Write::RetractAlert(id) => {
            let sql = "UPDATE alerts SET is_retracted = 1 WHERE tenant_id = $1 AND alert_id = $2";
            run!(connection, sql, t, id);
        }
        Write::Incident(write) => apply_incident(connection, t, write).await?,
        Write::Plan(write) => plans::apply(connection, t, write).await?,
        Write::Review(write) => reviews::apply(connection, t, write).await?,
        Write::Inquiry(write) => inquiries::apply(connection, t, write).await?,
        Write::Access(write) => access::apply(connection, write).await?,
        Write::Join(write) => joins::apply(connection, t, write).await?,
        Write::LogSnapshot(snapshot) => snapshots::put(connection, t, snapshot).await?,
        Write::LogSnapshotPiece(piece) => snapshots::put_piece(connection, t, piece).await?,
        Write::DropLogSnapshot(number) => snapshots::drop_head(connection, t, *number).await?,
        Write::DropLogSnapshotPieces { number, most } => {
            snapshots::drop_pieces(connection, t, (*number, *most)).await?;
        }
        Write::Forget { old, most } => retention::forget(connection, t, old, *most).await?,
        Write::LogCursor { name, cursor } => {
            let sql = "INSERT INTO log_cursors (tenant_id, name, cursor) VALUES ($1, $2, $3)
                       ON CONFLICT (tenant_id, name) DO UPDATE SET cursor = $3";
            run!(connection, sql, t, *name, cursor);
        }
        Write::PruneRequests { from, until } => {
            let sql = "DELETE FROM requests WHERE tenant_id = $1 AND (seen_at < $2 OR seen_at > $3)";
            run!(connection, sql, t, from.micros(), until.micros());
        }
    }
    Ok(())
}

/// Writes about incidents and what follows from them.
async fn apply_incident(connection: &mut PgConnection, t: &str, write: &IncidentWrite) -> Done {
    match write {
        IncidentWrite::Put { expected_version, row } => {
            incidents::put(connection, t, *expected_version, row).await
        }
        IncidentWrite::Entities(of) => incidents::put_entities(connection, t, of).await,
        IncidentWrite::ForgetEntities(alert) => incidents::forget_entities(connection, t, alert).await,
        IncidentWrite::Note(note) => incidents::insert_note(connection, t, note).await,
        IncidentWrite::Suppress(suppression) => suppressions::insert(connection, t, suppression).await,
        IncidentWrite::Lift { id, at } => suppressions::lift(connection, t, id, *at).await,
        IncidentWrite::AttackSource(source) => attack_sources::put(connection, t, source).await,
        IncidentWrite::Deliver(delivery) => hooks::insert(connection, t, delivery).await,
        IncidentWrite::Tried { id, attempts, state, next, place } => {
            hooks::tried(connection, t, (id, *attempts), (*state, *next, place.as_deref())).await
        }
        IncidentWrite::Drop(id) => retention::drop_incident(connection, t, id).await,
        IncidentWrite::DropSuppression(id) => retention::drop_suppression(connection, t, id).await,
        IncidentWrite::PruneDeliveries { before } => hooks::prune(connection, t, *before).await,
    }
}

/// Says what became known of a decision; `None`: there is no such decision.
pub(super) async fn about_decision(
    connection: &mut PgConnection,
    tenant: &TenantId,
    write: &Write,
    known: Option<Known>,
) -> Done {
    let t = tenant.as_str();
    match (write, known) {
        (Write::Unanswered(_), Some(known)) => {
            let sql = "INSERT INTO standings (tenant_id, leaf_index, standing, granted, is_unanswered)
                       VALUES ($1, $2, $3, 0, 1)
                       ON CONFLICT (tenant_id, leaf_index) DO UPDATE SET is_unanswered = 1";
            run!(connection, sql, t, known.leaf_index, Standing::Open.as_str());
            Ok(())
        }
        (Write::Unanswered(_), None) => {
            Err(StoreError::Corrupt("an unanswered decision is not there".to_owned()).into())
        }
        (Write::Standing { expected_granted, standing, granted, at_tenant, .. }, Some(known)) => {
            let sql = "INSERT INTO standings AS s
                         (tenant_id, leaf_index, standing, granted, is_unanswered, tenant_standing, tenant_granted)
                       SELECT $1, $2, $3, $4, 0, $6, $7 WHERE $5 = COALESCE(
                           (SELECT granted FROM standings WHERE tenant_id = $1 AND leaf_index = $2), 0)
                       ON CONFLICT (tenant_id, leaf_index) DO UPDATE
                       SET standing = $3, granted = $4, tenant_standing = $6, tenant_granted = $7";
            let (granted, expected) = (i64::from(*granted), i64::from(*expected_granted));
            let tenant_standing = at_tenant.map(|counted| counted.standing.as_str());
            let tenant_granted = at_tenant.map(|counted| i64::from(counted.granted));
            let changed = run!(
                connection,
                sql,
                t,
                known.leaf_index,
                standing.as_str(),
                granted,
                expected,
                tenant_standing,
                tenant_granted
            );
            one(changed, StoreError::Stale)
        }
        _ => Err(StoreError::Stale.into()),
    }
}

/// Demands that exactly one row was changed.
fn one(changed: u64, otherwise: StoreError) -> Done {
    if changed == 1 { Ok(()) } else { Err(otherwise.into()) }
}

async fn insert_outcome(connection: &mut PgConnection, t: &str, outcome: &OutcomeRow) -> Done {
    let OutcomeRow { id, decision, kind, replaces, at } = outcome;
    let decision = decision.as_ref().map(DecisionId::as_str);
    for replaced in *replaces {
        let sql = "DELETE FROM outcomes WHERE tenant_id = $1 AND decision_id = $2 AND kind = $3";
        run!(&mut *connection, sql, t, decision, *replaced);
    }
    let sql = "INSERT INTO outcomes (tenant_id, outcome_id, decision_id, kind, happened_at)
               VALUES ($1, $2, $3, $4, $5) ON CONFLICT DO NOTHING";
    let inserted = run!(connection, sql, t, id, decision, *kind, at.micros());
    one(inserted, StoreError::Conflict(Conflict::Outcome))
}

async fn set_switch(connection: &mut PgConnection, t: &str, switch: &SwitchRow) -> Done {
    let SwitchRow { trigger, is_off, at } = switch;
    let sql = "INSERT INTO switches (tenant_id, trigger_id, is_off, changed_at) VALUES ($1, $2, $3, $4)
               ON CONFLICT (tenant_id, trigger_id) DO UPDATE SET is_off = $3, changed_at = $4";
    run!(connection, sql, t, trigger.as_str(), i64::from(*is_off), at.micros());
    Ok(())
}

/// Adds the version after `expected_version`, if that is the newest.
async fn insert_policy(
    connection: &mut PgConnection,
    t: &str,
    expected_version: u64,
    policy: &PolicyRow,
) -> Done {
    let PolicyRow { version, etag, document, at } = policy;
    if expected_version.checked_add(1) != Some(*version) {
        return Err(
            StoreError::Corrupt("a policy's version is not the one after what was read".to_owned()).into()
        );
    }
    let sql = "INSERT INTO policies (tenant_id, version, etag, document, activated_at)
               SELECT $1, $2 + 1, $3, $4, $5
               WHERE $2 = (SELECT COALESCE(MAX(version), 0) FROM policies WHERE tenant_id = $1)";
    let expected = columns::integer(expected_version)?;
    one(run!(connection, sql, t, expected, etag, document, at.micros()), StoreError::Stale)
}

async fn put_address(connection: &mut PgConnection, t: &str, row: &AddressRow) -> Done {
    let AddressRow { address, subject, is_verified } = row;
    let sql =
        "INSERT INTO addresses AS a (tenant_id, address_id, subject_id, is_verified) VALUES ($1, $2, $3, $4)
               ON CONFLICT (tenant_id, address_id, subject_id)
               DO UPDATE SET is_verified = a.is_verified OR excluded.is_verified";
    run!(connection, sql, t, address.as_str(), subject.as_str(), is_verified);
    Ok(())
}

/// Keeps a sign-up, unless a riskier one of `since` or later is kept.
async fn put_sign_up(connection: &mut PgConnection, t: &str, row: &SignUpRow, since: Timestamp) -> Done {
    let SignUpRow { holder, connection: at_connection, decision, score, is_challenged, at } = row;
    let sql = "INSERT INTO sign_ups AS s
                 (tenant_id, holder_id, connection, decision_id, score, is_challenged, decided_at)
               VALUES ($1, $2, $3, $4, $5, $6, $7)
               ON CONFLICT (tenant_id, holder_id, connection)
               DO UPDATE SET decision_id = $4, score = $5, is_challenged = $6, decided_at = $7
               WHERE excluded.score >= s.score OR s.decided_at < $8";
    let score = i64::from(score.millionths());
    let (holder, decision) = (holder.as_str(), decision.as_str());
    run!(
        connection,
        sql,
        t,
        holder,
        at_connection,
        decision,
        score,
        is_challenged,
        at.micros(),
        since.micros()
    );
    Ok(())
}

async fn forget_addresses(connection: &mut PgConnection, t: &str, subject: &SubjectId) -> Done {
    let sql = "DELETE FROM addresses WHERE tenant_id = $1 AND (subject_id = $2 OR address_id = $2)";
    run!(&mut *connection, sql, t, subject.as_str());
    run!(connection, "DELETE FROM sign_ups WHERE tenant_id = $1 AND holder_id = $2", t, subject.as_str());
    Ok(())
}

/// Adds a token, if fewer than `most` hold; nobody else adds one meanwhile, since the ledger's head is locked.
async fn insert_token(connection: &mut PgConnection, t: &str, token: &RiskTokenRow, most: u32) -> Done {
    let RiskTokenRow { id, digest, at, revoked_at } = token;
    let sql = "INSERT INTO risk_tokens (tenant_id, token_id, digest, created_at, revoked_at)
               SELECT $1, $2, $3, $4, $5
               WHERE $6 > (SELECT COUNT(*) FROM risk_tokens WHERE tenant_id = $1 AND revoked_at IS NULL)";
    let revoked_at = revoked_at.map(Timestamp::micros);
    let inserted = run!(connection, sql, t, id, digest, at.micros(), revoked_at, i64::from(most));
    one(inserted, StoreError::Stale)
}

async fn insert_checkpoint(connection: &mut PgConnection, t: &str, checkpoint: &CheckpointRow) -> Done {
    let CheckpointRow { size, note, at } = checkpoint;
    let sql = "INSERT INTO checkpoints (tenant_id, size, note, signed_at) VALUES ($1, $2, $3, $4)
               ON CONFLICT DO NOTHING";
    let inserted = run!(connection, sql, t, columns::integer(*size)?, note, at.micros());
    one(inserted, StoreError::Conflict(Conflict::Checkpoint))
}
