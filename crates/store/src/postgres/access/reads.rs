//! What is read of access. All of it that answers a request is a short read by a key.

use countersign_core::Timestamp;
use sqlx::{
    PgPool, Postgres as Database, Row,
    postgres::{PgArguments, PgRow},
    query::Query,
};

use crate::{
    AccountRow, AccountTokenRow, GrantRow, LinkRow, PersonRow, SessionRow, StoreError,
    postgres::{Postgres, columns, reads::retried},
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

const PERSON_BY_SUBJECT: &str = select!(people, "WHERE issuer = $1 AND subject = $2");
const PERSON: &str = select!(people, "WHERE person_id = $1");
const PEOPLE: &str = select!(people, "WHERE person_id > $1 ORDER BY person_id LIMIT $2");
const SESSION: &str = select!(sessions, "WHERE digest = $1");
const SESSIONS: &str = select!(
    sessions,
    "WHERE ended_at IS NULL AND ends_at > $1 AND $1 - seen_at < idle_micros ORDER BY created_at, session_id"
);
const SESSIONS_OF: &str = select!(
    sessions,
    "WHERE principal = $2 AND ended_at IS NULL AND ends_at > $1 AND $1 - seen_at < idle_micros
     ORDER BY created_at, session_id"
);
const GRANTS: &str = select!(grants, "");
const GRANTS_OF: &str = select!(grants, "AND principal = $1");
const ACCOUNTS: &str = "SELECT account_id, name, created_at, created_by, disabled_at FROM service_accounts
    ORDER BY account_id";
const TOKEN: &str = select!(tokens, "WHERE t.digest = $1");
const TOKENS_OF: &str = select!(tokens, "WHERE t.account_id = $1 ORDER BY t.created_at, t.token_id");
const LINK: &str =
    "SELECT link_id, digest, how, made_at, ends_at, used_at FROM sign_in_links WHERE digest = $1";

impl Postgres {
    pub(crate) async fn find_person(
        &self,
        issuer: &str,
        subject: &str,
    ) -> Result<Option<PersonRow>, StoreError> {
        let query = || sqlx::query(PERSON_BY_SUBJECT).bind(issuer).bind(subject);
        find(&self.readers, query, person_row).await
    }

    pub(crate) async fn get_person(&self, id: &str) -> Result<Option<PersonRow>, StoreError> {
        find(&self.readers, || sqlx::query(PERSON).bind(id), person_row).await
    }

    pub(crate) async fn list_people(
        &self,
        limit: u32,
        after: Option<&str>,
    ) -> Result<Vec<PersonRow>, StoreError> {
        let query = || sqlx::query(PEOPLE).bind(after.unwrap_or_default()).bind(i64::from(limit));
        list(&self.long_readers, query, person_row).await
    }

    pub(crate) async fn find_session(&self, digest: &[u8]) -> Result<Option<SessionRow>, StoreError> {
        find(&self.readers, || sqlx::query(SESSION).bind(digest), session_row).await
    }

    pub(crate) async fn list_sessions(
        &self,
        principal: Option<&str>,
        now: Timestamp,
    ) -> Result<Vec<SessionRow>, StoreError> {
        let now = now.micros();
        match principal {
            Some(principal) => {
                let query = || sqlx::query(SESSIONS_OF).bind(now).bind(principal);
                list(&self.long_readers, query, session_row).await
            }
            None => list(&self.long_readers, || sqlx::query(SESSIONS).bind(now), session_row).await,
        }
    }

    pub(crate) async fn list_grants(&self, principal: Option<&str>) -> Result<Vec<GrantRow>, StoreError> {
        match principal {
            // Asked for with each request, and short.
            Some(principal) => {
                list(&self.readers, || sqlx::query(GRANTS_OF).bind(principal), grant_row).await
            }
            None => list(&self.long_readers, || sqlx::query(GRANTS), grant_row).await,
        }
    }

    pub(crate) async fn list_accounts(&self) -> Result<Vec<AccountRow>, StoreError> {
        list(&self.long_readers, || sqlx::query(ACCOUNTS), |row| account_row(row, 0)).await
    }

    pub(crate) async fn find_account_token(
        &self,
        digest: &[u8],
    ) -> Result<Option<(AccountTokenRow, AccountRow)>, StoreError> {
        let both = |row: &PgRow| Ok((token_row(row)?, account_row(row, 9)?));
        find(&self.readers, || sqlx::query(TOKEN).bind(digest), both).await
    }

    pub(crate) async fn list_account_tokens(
        &self,
        account: &str,
    ) -> Result<Vec<AccountTokenRow>, StoreError> {
        list(&self.long_readers, || sqlx::query(TOKENS_OF).bind(account), token_row).await
    }

    pub(crate) async fn find_link(&self, digest: &[u8]) -> Result<Option<LinkRow>, StoreError> {
        find(&self.readers, || sqlx::query(LINK).bind(digest), link_row).await
    }
}

type Asked<'q> = Query<'q, Database, PgArguments>;

async fn list<'q, T>(
    pool: &PgPool,
    query: impl Fn() -> Asked<'q>,
    read: impl FnMut(&PgRow) -> Result<T, StoreError>,
) -> Result<Vec<T>, StoreError> {
    let rows = retried(|| query().fetch_all(pool)).await?;
    rows.iter().map(read).collect()
}

async fn find<'q, T>(
    pool: &PgPool,
    query: impl Fn() -> Asked<'q>,
    read: impl FnMut(&PgRow) -> Result<T, StoreError>,
) -> Result<Option<T>, StoreError> {
    Ok(list(pool, query, read).await?.pop())
}

fn time(row: &PgRow, index: usize) -> Result<Timestamp, StoreError> {
    Ok(Timestamp::from_micros(row.try_get(index)?))
}

fn optional_time(row: &PgRow, index: usize) -> Result<Option<Timestamp>, StoreError> {
    Ok(row.try_get::<Option<i64>, _>(index)?.map(Timestamp::from_micros))
}

fn person_row(row: &PgRow) -> Result<PersonRow, StoreError> {
    Ok(PersonRow {
        id: row.try_get(0)?,
        issuer: row.try_get(1)?,
        subject: row.try_get(2)?,
        name: row.try_get(3)?,
        created_at: time(row, 4)?,
        seen_at: time(row, 5)?,
        disabled_at: optional_time(row, 6)?,
    })
}

fn grant_row(row: &PgRow) -> Result<GrantRow, StoreError> {
    Ok(GrantRow {
        id: row.try_get(0)?,
        principal: row.try_get(1)?,
        role: row.try_get(2)?,
        tenant: columns::parse_optional("tenant_id", row.try_get(3)?)?,
        organization: columns::parse_optional("organization_id", row.try_get(4)?)?,
        given_at: time(row, 5)?,
        given_by: row.try_get(6)?,
        ended_at: optional_time(row, 7)?,
        ended_by: row.try_get(8)?,
    })
}

fn session_row(row: &PgRow) -> Result<SessionRow, StoreError> {
    Ok(SessionRow {
        id: row.try_get(0)?,
        digest: row.try_get(1)?,
        principal: row.try_get(2)?,
        how: row.try_get(3)?,
        claimed: row.try_get(4)?,
        created_at: time(row, 5)?,
        seen_at: time(row, 6)?,
        idle_micros: row.try_get(7)?,
        ends_at: time(row, 8)?,
        ended_at: optional_time(row, 9)?,
    })
}

/// The account whose columns begin at `first`.
fn account_row(row: &PgRow, first: usize) -> Result<AccountRow, StoreError> {
    Ok(AccountRow {
        id: row.try_get(first)?,
        name: row.try_get(first + 1)?,
        created_at: time(row, first + 2)?,
        created_by: row.try_get(first + 3)?,
        disabled_at: optional_time(row, first + 4)?,
    })
}

fn token_row(row: &PgRow) -> Result<AccountTokenRow, StoreError> {
    Ok(AccountTokenRow {
        id: row.try_get(0)?,
        account: row.try_get(1)?,
        digest: row.try_get(2)?,
        scopes: row.try_get(3)?,
        created_at: time(row, 4)?,
        expires_at: time(row, 5)?,
        seen_at: optional_time(row, 6)?,
        revoked_at: optional_time(row, 7)?,
        created_by: row.try_get(8)?,
    })
}

fn link_row(row: &PgRow) -> Result<LinkRow, StoreError> {
    Ok(LinkRow {
        id: row.try_get(0)?,
        digest: row.try_get(1)?,
        how: row.try_get(2)?,
        made_at: time(row, 3)?,
        ends_at: time(row, 4)?,
        used_at: optional_time(row, 5)?,
    })
}
