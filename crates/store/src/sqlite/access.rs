//! People, grants, sessions, service accounts and links: what changes them.

mod reads;

use countersign_core::{OrganizationId, TenantId, Timestamp};
use rusqlite::{Connection, Params, params};

use super::columns;
use crate::{AccessWrite, AccountRow, AccountTokenRow, GrantRow, LinkRow, PersonRow, SessionRow, StoreError};

pub(super) fn apply(connection: &Connection, write: &AccessWrite) -> Result<(), StoreError> {
    match write {
        AccessWrite::PutPerson(person) => put_person(connection, person),
        AccessWrite::DisablePerson { id, at } => {
            let sql = "UPDATE people SET disabled_at = ?2 WHERE person_id = ?1 AND disabled_at IS NULL";
            one(connection, sql, params![id, at.micros()])
        }
        AccessWrite::EnablePerson { id } => {
            let sql = "UPDATE people SET disabled_at = NULL WHERE person_id = ?1 AND disabled_at IS NOT NULL";
            one(connection, sql, params![id])
        }
        AccessWrite::AddGrant(grant) => add_grant(connection, grant),
        AccessWrite::EndGrant { id, at, by } => {
            let sql =
                "UPDATE grants SET ended_at = ?2, ended_by = ?3 WHERE grant_id = ?1 AND ended_at IS NULL";
            one(connection, sql, params![id, at.micros(), by])
        }
        AccessWrite::AddSession(session) => add_session(connection, session),
        AccessWrite::TouchSession { id, at } => {
            let sql = "UPDATE sessions SET seen_at = MAX(seen_at, ?2)
                       WHERE session_id = ?1 AND ended_at IS NULL AND ends_at > ?2 AND ?2 - seen_at < idle_micros";
            one(connection, sql, params![id, at.micros()])
        }
        AccessWrite::EndSession { id, at } => {
            let sql = "UPDATE sessions SET ended_at = ?2 WHERE session_id = ?1 AND ended_at IS NULL";
            one(connection, sql, params![id, at.micros()])
        }
        AccessWrite::EndSessionsOf { principal, at } => {
            let sql = "UPDATE sessions SET ended_at = ?2 WHERE principal = ?1 AND ended_at IS NULL";
            run(connection, sql, params![principal, at.micros()]).map(drop)
        }
        AccessWrite::AddAccount(account) => add_account(connection, account),
        AccessWrite::DisableAccount { id, at } => {
            let sql =
                "UPDATE service_accounts SET disabled_at = ?2 WHERE account_id = ?1 AND disabled_at IS NULL";
            one(connection, sql, params![id, at.micros()])
        }
        AccessWrite::AddToken { row, most } => add_token(connection, row, *most),
        AccessWrite::RevokeToken { id, at } => {
            let sql = "UPDATE account_tokens SET revoked_at = ?2 WHERE token_id = ?1 AND revoked_at IS NULL";
            one(connection, sql, params![id, at.micros()])
        }
        AccessWrite::TouchToken { id, at } => {
            let sql = "UPDATE account_tokens SET seen_at = MAX(COALESCE(seen_at, ?2), ?2)
                       WHERE token_id = ?1 AND revoked_at IS NULL AND expires_at > ?2";
            one(connection, sql, params![id, at.micros()])
        }
        AccessWrite::AddLink(link) => add_link(connection, link),
        AccessWrite::UseLink { digest, at } => {
            let sql = "UPDATE sign_in_links SET used_at = ?2 WHERE digest = ?1 AND used_at IS NULL AND ends_at > ?2";
            one(connection, sql, params![digest, at.micros()])
        }
        AccessWrite::Prune { before } => prune(connection, *before),
    }
}

fn run(connection: &Connection, sql: &str, values: impl Params) -> Result<usize, StoreError> {
    Ok(connection.prepare_cached(sql)?.execute(values)?)
}

/// Demands that the statement changes the one row that it is about.
fn one(connection: &Connection, sql: &str, values: impl Params) -> Result<(), StoreError> {
    columns::one(run(connection, sql, values)?)
}

fn put_person(connection: &Connection, person: &PersonRow) -> Result<(), StoreError> {
    let PersonRow { id, issuer, subject, name, created_at, seen_at, disabled_at } = person;
    let sql = "INSERT INTO people (person_id, issuer, subject, name, created_at, seen_at, disabled_at)
               VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7)
               ON CONFLICT (issuer, subject) DO UPDATE SET name = ?4, seen_at = ?6
               WHERE person_id = ?1 AND disabled_at IS NULL";
    let disabled_at = disabled_at.map(Timestamp::micros);
    let (created_at, seen_at) = (created_at.micros(), seen_at.micros());
    one(connection, sql, params![id, issuer, subject, name, created_at, seen_at, disabled_at])
}

fn add_grant(connection: &Connection, grant: &GrantRow) -> Result<(), StoreError> {
    let GrantRow { id, principal, role, tenant, organization, given_at, given_by, ended_at, ended_by } =
        grant;
    let sql = "INSERT INTO grants (grant_id, principal, role, tenant_id, organization_id, given_at, given_by,
                 ended_at, ended_by)
               SELECT ?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9
               WHERE EXISTS (SELECT 1 FROM people WHERE person_id = ?2)
                  OR EXISTS (SELECT 1 FROM service_accounts WHERE account_id = ?2)
               ON CONFLICT DO NOTHING";
    let values = params![
        id,
        principal,
        role,
        tenant.as_ref().map(TenantId::as_str),
        organization.as_ref().map(OrganizationId::as_str),
        given_at.micros(),
        given_by,
        ended_at.map(Timestamp::micros),
        ended_by
    ];
    one(connection, sql, values)
}

fn add_session(connection: &Connection, session: &SessionRow) -> Result<(), StoreError> {
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
               VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9, ?10) ON CONFLICT DO NOTHING";
    let values = params![
        id,
        digest,
        principal,
        how,
        claimed,
        created_at.micros(),
        seen_at.micros(),
        idle_micros,
        ends_at.micros(),
        ended_at.map(Timestamp::micros)
    ];
    one(connection, sql, values)
}

fn add_account(connection: &Connection, account: &AccountRow) -> Result<(), StoreError> {
    let AccountRow { id, name, created_at, created_by, disabled_at } = account;
    let sql = "INSERT INTO service_accounts (account_id, name, created_at, created_by, disabled_at)
               VALUES (?1, ?2, ?3, ?4, ?5) ON CONFLICT DO NOTHING";
    let disabled_at = disabled_at.map(Timestamp::micros);
    one(connection, sql, params![id, name, created_at.micros(), created_by, disabled_at])
}

/// Adds a token, if its account is there and fewer than `most` hold when it begins.
fn add_token(connection: &Connection, token: &AccountTokenRow, most: u32) -> Result<(), StoreError> {
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
    let sql =
        "INSERT INTO account_tokens (token_id, account_id, digest, scopes, created_at, expires_at, seen_at,
                 revoked_at, created_by)
               SELECT ?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?10
               WHERE EXISTS (SELECT 1 FROM service_accounts WHERE account_id = ?2 AND disabled_at IS NULL)
                 AND ?9 > (SELECT COUNT(*) FROM account_tokens
                           WHERE account_id = ?2 AND revoked_at IS NULL AND expires_at > ?5)
               ON CONFLICT DO NOTHING";
    let values = params![
        id,
        account,
        digest,
        scopes,
        created_at.micros(),
        expires_at.micros(),
        seen_at.map(Timestamp::micros),
        revoked_at.map(Timestamp::micros),
        most,
        created_by
    ];
    one(connection, sql, values)
}

fn add_link(connection: &Connection, link: &LinkRow) -> Result<(), StoreError> {
    let LinkRow { id, digest, how, made_at, ends_at, used_at } = link;
    let sql = "INSERT INTO sign_in_links (link_id, digest, how, made_at, ends_at, used_at)
               VALUES (?1, ?2, ?3, ?4, ?5, ?6) ON CONFLICT DO NOTHING";
    let used_at = used_at.map(Timestamp::micros);
    one(connection, sql, params![id, digest, how, made_at.micros(), ends_at.micros(), used_at])
}

fn prune(connection: &Connection, before: Timestamp) -> Result<(), StoreError> {
    for sql in ["DELETE FROM sessions WHERE ends_at < ?1", "DELETE FROM sign_in_links WHERE ends_at < ?1"] {
        run(connection, sql, [before.micros()])?;
    }
    Ok(())
}
