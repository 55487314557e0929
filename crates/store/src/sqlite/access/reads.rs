//! What is read of access. All of it that answers a request is a short read by a key.

use countersign_core::Timestamp;
use rusqlite::{Connection, Params, Row, params};

use crate::{
    AccountRow, AccountTokenRow, GrantRow, LinkRow, PersonRow, SessionRow, StoreError,
    sqlite::{Sqlite, columns},
};

/// The columns of a kind, then what follows them.
macro_rules! select {
    (people, $tail:literal) => {
        concat!(
            "SELECT person_id, issuer, subject, name, created_at, seen_at, disabled_at FROM people ",
            $tail
        )
    };
    (sessions, $tail:literal) => {
        concat!(
            "SELECT session_id, digest, principal, how, claimed, created_at, seen_at, idle_micros, ends_at, ended_at
             FROM sessions ",
            $tail
        )
    };
    (grants, $tail:literal) => {
        concat!(
            "SELECT grant_id, principal, role, tenant_id, organization_id, given_at, given_by, ended_at, ended_by
             FROM grants WHERE ended_at IS NULL ",
            $tail,
            " ORDER BY principal, role, COALESCE(tenant_id, ''), COALESCE(organization_id, '')"
        )
    };
    (tokens, $tail:literal) => {
        concat!(
            "SELECT t.token_id, t.account_id, t.digest, t.scopes, t.created_at, t.expires_at, t.seen_at, t.revoked_at,
               t.created_by, a.account_id, a.name, a.created_at, a.created_by, a.disabled_at
             FROM account_tokens t JOIN service_accounts a ON a.account_id = t.account_id ",
            $tail
        )
    };
}

const PERSON_BY_SUBJECT: &str = select!(people, "WHERE issuer = ?1 AND subject = ?2");
const PERSON: &str = select!(people, "WHERE person_id = ?1");
const PEOPLE: &str = select!(people, "WHERE person_id > ?1 ORDER BY person_id LIMIT ?2");
const SESSION: &str = select!(sessions, "WHERE digest = ?1");
const SESSIONS: &str = select!(
    sessions,
    "WHERE ended_at IS NULL AND ends_at > ?1 AND ?1 - seen_at < idle_micros ORDER BY created_at, session_id"
);
const SESSIONS_OF: &str = select!(
    sessions,
    "WHERE principal = ?2 AND ended_at IS NULL AND ends_at > ?1 AND ?1 - seen_at < idle_micros
     ORDER BY created_at, session_id"
);
const GRANTS: &str = select!(grants, "");
const GRANTS_OF: &str = select!(grants, "AND principal = ?1");
const ACCOUNTS: &str = "SELECT account_id, name, created_at, created_by, disabled_at FROM service_accounts
    ORDER BY account_id";
const TOKEN: &str = select!(tokens, "WHERE t.digest = ?1");
const TOKENS_OF: &str = select!(tokens, "WHERE t.account_id = ?1 ORDER BY t.created_at, t.token_id");
const LINK: &str =
    "SELECT link_id, digest, how, made_at, ends_at, used_at FROM sign_in_links WHERE digest = ?1";

impl Sqlite {
    pub(crate) async fn find_person(
        &self,
        issuer: &str,
        subject: &str,
    ) -> Result<Option<PersonRow>, StoreError> {
        self.readers.read(|connection| find(connection, PERSON_BY_SUBJECT, [issuer, subject], person_row))
    }

    pub(crate) async fn get_person(&self, id: &str) -> Result<Option<PersonRow>, StoreError> {
        self.readers.read(|connection| find(connection, PERSON, [id], person_row))
    }

    pub(crate) async fn list_people(
        &self,
        limit: u32,
        after: Option<&str>,
    ) -> Result<Vec<PersonRow>, StoreError> {
        let after = after.unwrap_or_default().to_owned();
        self.read_all(move |connection| list(connection, PEOPLE, params![after, limit], person_row)).await
    }

    pub(crate) async fn find_session(&self, digest: &[u8]) -> Result<Option<SessionRow>, StoreError> {
        self.readers.read(|connection| find(connection, SESSION, [digest], session_row))
    }

    pub(crate) async fn list_sessions(
        &self,
        principal: Option<&str>,
        now: Timestamp,
    ) -> Result<Vec<SessionRow>, StoreError> {
        let principal = principal.map(str::to_owned);
        self.read_all(move |connection| match principal {
            Some(principal) => list(connection, SESSIONS_OF, params![now.micros(), principal], session_row),
            None => list(connection, SESSIONS, [now.micros()], session_row),
        })
        .await
    }

    pub(crate) async fn list_grants(&self, principal: Option<&str>) -> Result<Vec<GrantRow>, StoreError> {
        match principal {
            // Asked for with each request, and short.
            Some(principal) => {
                self.readers.read(|connection| list(connection, GRANTS_OF, [principal], grant_row))
            }
            None => self.read_all(|connection| list(connection, GRANTS, [], grant_row)).await,
        }
    }

    pub(crate) async fn list_accounts(&self) -> Result<Vec<AccountRow>, StoreError> {
        self.read_all(|connection| list(connection, ACCOUNTS, [], |row| account_row(row, 0))).await
    }

    pub(crate) async fn find_account_token(
        &self,
        digest: &[u8],
    ) -> Result<Option<(AccountTokenRow, AccountRow)>, StoreError> {
        let both = |row: &Row<'_>| Ok((token_row(row)?, account_row(row, 9)?));
        self.readers.read(|connection| find(connection, TOKEN, [digest], both))
    }

    pub(crate) async fn list_account_tokens(
        &self,
        account: &str,
    ) -> Result<Vec<AccountTokenRow>, StoreError> {
        let account = account.to_owned();
        self.read_all(move |connection| list(connection, TOKENS_OF, [account], token_row)).await
    }

    pub(crate) async fn find_link(&self, digest: &[u8]) -> Result<Option<LinkRow>, StoreError> {
        self.readers.read(|connection| find(connection, LINK, [digest], link_row))
    }
}

fn list<T>(
    connection: &Connection,
    sql: &str,
    values: impl Params,
    read: impl FnMut(&Row<'_>) -> Result<T, StoreError>,
) -> Result<Vec<T>, StoreError> {
    let mut statement = connection.prepare_cached(sql)?;
    columns::collect(statement.query(values)?, read)
}

fn find<T>(
    connection: &Connection,
    sql: &str,
    values: impl Params,
    read: impl FnMut(&Row<'_>) -> Result<T, StoreError>,
) -> Result<Option<T>, StoreError> {
    Ok(list(connection, sql, values, read)?.pop())
}

fn time(row: &Row<'_>, index: usize) -> Result<Timestamp, StoreError> {
    Ok(Timestamp::from_micros(row.get(index)?))
}

fn optional_time(row: &Row<'_>, index: usize) -> Result<Option<Timestamp>, StoreError> {
    Ok(row.get::<_, Option<i64>>(index)?.map(Timestamp::from_micros))
}

fn person_row(row: &Row<'_>) -> Result<PersonRow, StoreError> {
    Ok(PersonRow {
        id: row.get(0)?,
        issuer: row.get(1)?,
        subject: row.get(2)?,
        name: row.get(3)?,
        created_at: time(row, 4)?,
        seen_at: time(row, 5)?,
        disabled_at: optional_time(row, 6)?,
    })
}

fn grant_row(row: &Row<'_>) -> Result<GrantRow, StoreError> {
    Ok(GrantRow {
        id: row.get(0)?,
        principal: row.get(1)?,
        role: row.get(2)?,
        tenant: columns::optional_text(row, 3, "tenant_id")?,
        organization: columns::optional_text(row, 4, "organization_id")?,
        given_at: time(row, 5)?,
        given_by: row.get(6)?,
        ended_at: optional_time(row, 7)?,
        ended_by: row.get(8)?,
    })
}

fn session_row(row: &Row<'_>) -> Result<SessionRow, StoreError> {
    Ok(SessionRow {
        id: row.get(0)?,
        digest: row.get(1)?,
        principal: row.get(2)?,
        how: row.get(3)?,
        claimed: row.get(4)?,
        created_at: time(row, 5)?,
        seen_at: time(row, 6)?,
        idle_micros: row.get(7)?,
        ends_at: time(row, 8)?,
        ended_at: optional_time(row, 9)?,
    })
}

/// The account whose columns begin at `first`.
fn account_row(row: &Row<'_>, first: usize) -> Result<AccountRow, StoreError> {
    Ok(AccountRow {
        id: row.get(first)?,
        name: row.get(first + 1)?,
        created_at: time(row, first + 2)?,
        created_by: row.get(first + 3)?,
        disabled_at: optional_time(row, first + 4)?,
    })
}

fn token_row(row: &Row<'_>) -> Result<AccountTokenRow, StoreError> {
    Ok(AccountTokenRow {
        id: row.get(0)?,
        account: row.get(1)?,
        digest: row.get(2)?,
        scopes: row.get(3)?,
        created_at: time(row, 4)?,
        expires_at: time(row, 5)?,
        seen_at: optional_time(row, 6)?,
        revoked_at: optional_time(row, 7)?,
        created_by: row.get(8)?,
    })
}

fn link_row(row: &Row<'_>) -> Result<LinkRow, StoreError> {
    Ok(LinkRow {
        id: row.get(0)?,
        digest: row.get(1)?,
        how: row.get(2)?,
        made_at: time(row, 3)?,
        ends_at: time(row, 4)?,
        used_at: optional_time(row, 5)?,
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::sqlite::queries::assert_searches;

    #[test]
    fn what_each_request_asks_for_is_found_by_its_key() {
        for (sql, table, by) in [
            (PERSON_BY_SUBJECT, "people", "(issuer=? AND subject=?)"),
            (PERSON, "people", "(person_id=?)"),
            (SESSION, "sessions", "(digest=?)"),
            (GRANTS_OF, "grants", "(principal=?)"),
            (TOKEN, "t", "(digest=?)"),
            (TOKEN, "a", "(account_id=?)"),
            (TOKENS_OF, "t", "(account_id=?)"),
            (LINK, "sign_in_links", "(digest=?)"),
        ] {
            assert_searches(sql, &[(table, by)]);
        }
    }
}
