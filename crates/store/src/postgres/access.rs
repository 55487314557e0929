//! People, grants, sessions, service accounts and links: what changes them.
//!
//! Commits of several tenants may be about the same row, and the locks of their ledgers' heads do not keep them apart. So each
//! change asks for what it expects in the statement that makes it: the server looks again once the row is free.

mod reads;

use countersign_core::{OrganizationId, TenantId, Timestamp};
use sqlx::PgConnection;

use super::errors::Trouble;
use crate::{AccessWrite, AccountRow, AccountTokenRow, GrantRow, LinkRow, PersonRow, SessionRow, StoreError};

/// Runs `$sql` with these binds and returns the number of rows that it changed.
macro_rules! run {
    ($connection:expr, $sql:expr, $($bind:expr),* $(,)?) => {
        sqlx::query($sql)$(.bind($bind))*.execute(&mut *$connection).await?.rows_affected()
    };
}

/// As `run!`, and demands that one row was changed.
macro_rules! one {
    ($($run:tt)+) => {
        if run!($($run)+) == 1 { Ok(()) } else { Err(StoreError::Stale.into()) }
    };
}

pub(super) async fn apply(connection: &mut PgConnection, write: &AccessWrite) -> Result<(), Trouble> {
    match write {
        AccessWrite::PutPerson(person) => put_person(connection, person).await,
        AccessWrite::DisablePerson { id, at } => {
            let sql = "UPDATE people SET disabled_at = $2 WHERE person_id = $1 AND disabled_at IS NULL";
            one!(connection, sql, id, at.micros())
        }
        AccessWrite::EnablePerson { id } => {
            let sql = "UPDATE people SET disabled_at = NULL WHERE person_id = $1 AND disabled_at IS NOT NULL";
            one!(connection, sql, id)
        }
        AccessWrite::AddGrant(grant) => add_grant(connection, grant).await,
        AccessWrite::EndGrant { id, at, by } => {
            let sql =
                "UPDATE grants SET ended_at = $2, ended_by = $3 WHERE grant_id = $1 AND ended_at IS NULL";
            one!(connection, sql, id, at.micros(), by)
        }
        AccessWrite::AddSession(session) => add_session(connection, session).await,
        AccessWrite::TouchSession { id, at } => {
            let sql = "UPDATE sessions SET seen_at = GREATEST(seen_at, $2)
                       WHERE session_id = $1 AND ended_at IS NULL AND ends_at > $2 AND $2 - seen_at < idle_micros";
            one!(connection, sql, id, at.micros())
        }
        AccessWrite::EndSession { id, at } => {
            let sql = "UPDATE sessions SET ended_at = $2 WHERE session_id = $1 AND ended_at IS NULL";
            one!(connection, sql, id, at.micros())
        }
        AccessWrite::EndSessionsOf { principal, at } => {
            let sql = "UPDATE sessions SET ended_at = $2 WHERE principal = $1 AND ended_at IS NULL";
            run!(connection, sql, principal, at.micros());
            Ok(())
        }
        AccessWrite::AddAccount(account) => add_account(connection, account).await,
        AccessWrite::DisableAccount { id, at } => {
            let sql =
                "UPDATE service_accounts SET disabled_at = $2 WHERE account_id = $1 AND disabled_at IS NULL";
            one!(connection, sql, id, at.micros())
        }
        AccessWrite::AddToken { row, most } => add_token(connection, row, *most).await,
        AccessWrite::RevokeToken { id, at } => {
            let sql = "UPDATE account_tokens SET revoked_at = $2 WHERE token_id = $1 AND revoked_at IS NULL";
            one!(connection, sql, id, at.micros())
        }
        AccessWrite::TouchToken { id, at } => {
            let sql = "UPDATE account_tokens SET seen_at = GREATEST(seen_at, $2)
                       WHERE token_id = $1 AND revoked_at IS NULL AND expires_at > $2";
            one!(connection, sql, id, at.micros())
        }
        AccessWrite::AddLink(link) => add_link(connection, link).await,
        AccessWrite::UseLink { digest, at } => {
            let sql = "UPDATE sign_in_links SET used_at = $2 WHERE digest = $1 AND used_at IS NULL AND ends_at > $2";
            one!(connection, sql, digest, at.micros())
        }
        AccessWrite::Prune { before } => {
            run!(connection, "DELETE FROM sessions WHERE ends_at < $1", before.micros());
            run!(connection, "DELETE FROM sign_in_links WHERE ends_at < $1", before.micros());
            Ok(())
        }
    }
}

async fn put_person(connection: &mut PgConnection, person: &PersonRow) -> Result<(), Trouble> {
    let PersonRow { id, issuer, subject, name, created_at, seen_at, disabled_at } = person;
    let sql = "INSERT INTO people AS p (person_id, issuer, subject, name, created_at, seen_at, disabled_at)
               VALUES ($1, $2, $3, $4, $5, $6, $7)
               ON CONFLICT (issuer, subject) DO UPDATE SET name = $4, seen_at = $6
               WHERE p.person_id = $1 AND p.disabled_at IS NULL";
    let disabled_at = disabled_at.map(Timestamp::micros);
    one!(connection, sql, id, issuer, subject, name, created_at.micros(), seen_at.micros(), disabled_at)
}

async fn add_grant(connection: &mut PgConnection, grant: &GrantRow) -> Result<(), Trouble> {
    let GrantRow { id, principal, role, tenant, organization, given_at, given_by, ended_at, ended_by } =
        grant;
    let sql = "INSERT INTO grants (grant_id, principal, role, tenant_id, organization_id, given_at, given_by,
                 ended_at, ended_by)
               SELECT $1, $2, $3, $4, $5, $6, $7, $8, $9
               WHERE EXISTS (SELECT 1 FROM people WHERE person_id = $2)
                  OR EXISTS (SELECT 1 FROM service_accounts WHERE account_id = $2)
               ON CONFLICT DO NOTHING";
    let (tenant, organization) =
        (tenant.as_ref().map(TenantId::as_str), organization.as_ref().map(OrganizationId::as_str));
    let (given_at, ended_at) = (given_at.micros(), ended_at.map(Timestamp::micros));
    one!(connection, sql, id, principal, role, tenant, organization, given_at, given_by, ended_at, ended_by)
}

async fn add_session(connection: &mut PgConnection, session: &SessionRow) -> Result<(), Trouble> {
    let SessionRow {
        id,
        digest,
        principal,
        how,
        claimed,
        created_at,
        seen_at,
        idle_micros,
        ends_at,
        ended_at,
    } = session;
    let sql =
        "INSERT INTO sessions (session_id, digest, principal, how, claimed, created_at, seen_at, idle_micros,
                 ends_at, ended_at)
               VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10) ON CONFLICT DO NOTHING";
    let (created_at, seen_at) = (created_at.micros(), seen_at.micros());
    let (ends_at, ended_at) = (ends_at.micros(), ended_at.map(Timestamp::micros));
    one!(
        connection,
        sql,
        id,
        digest,
        principal,
        how,
        claimed,
        created_at,
        seen_at,
        idle_micros,
        ends_at,
        ended_at
    )
}

async fn add_account(connection: &mut PgConnection, account: &AccountRow) -> Result<(), Trouble> {
    let AccountRow { id, name, created_at, created_by, disabled_at } = account;
    let sql = "INSERT INTO service_accounts (account_id, name, created_at, created_by, disabled_at)
               VALUES ($1, $2, $3, $4, $5) ON CONFLICT DO NOTHING";
    one!(connection, sql, id, name, created_at.micros(), created_by, disabled_at.map(Timestamp::micros))
}

/// Adds a token, if its account is there and fewer than `most` hold when it begins.
async fn add_token(connection: &mut PgConnection, token: &AccountTokenRow, most: u32) -> Result<(), Trouble> {
    let AccountTokenRow {
        id,
        account,
        digest,
        scopes,
        created_at,
        created_by,
        expires_at,
        seen_at,
        revoked_at,
    } = token;
    // Why: no two commits may count at once, nor while the account is disabled; whoever waits counts what the other added.
    let lock = "SELECT true FROM service_accounts WHERE account_id = $1 AND disabled_at IS NULL FOR UPDATE";
    let is_there: Option<bool> =
        sqlx::query_scalar(lock).bind(account).fetch_optional(&mut *connection).await?;
    is_there.ok_or(StoreError::Stale)?;
    let sql =
        "INSERT INTO account_tokens (token_id, account_id, digest, scopes, created_at, expires_at, seen_at,
                 revoked_at, created_by)
               SELECT $1, $2, $3, $4, $5, $6, $7, $8, $10
               WHERE $9 > (SELECT COUNT(*) FROM account_tokens
                           WHERE account_id = $2 AND revoked_at IS NULL AND expires_at > $5)
               ON CONFLICT DO NOTHING";
    let (created_at, expires_at) = (created_at.micros(), expires_at.micros());
    let (seen_at, revoked_at) = (seen_at.map(Timestamp::micros), revoked_at.map(Timestamp::micros));
    let most = i64::from(most);
    one!(
        connection, sql, id, account, digest, scopes, created_at, expires_at, seen_at, revoked_at, most,
        created_by
    )
}

async fn add_link(connection: &mut PgConnection, link: &LinkRow) -> Result<(), Trouble> {
    let LinkRow { id, digest, how, made_at, ends_at, used_at } = link;
    let sql = "INSERT INTO sign_in_links (link_id, digest, how, made_at, ends_at, used_at)
               VALUES ($1, $2, $3, $4, $5, $6) ON CONFLICT DO NOTHING";
    let used_at = used_at.map(Timestamp::micros);
    one!(connection, sql, id, digest, how, made_at.micros(), ends_at.micros(), used_at)
}
