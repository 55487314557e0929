//! What is known of e-mail addresses.

use countersign_core::{SubjectId, TenantId, Timestamp};
use rusqlite::{Connection, OptionalExtension, Row, params};

use super::columns;
use crate::{AddressRow, SignUp, StoreError};

/// Adds to what is known: absence changes nothing, and an older sign-up gives way to a newer one.
pub(super) fn put(connection: &Connection, tenant: &TenantId, row: &AddressRow) -> Result<(), StoreError> {
    let AddressRow { address, subject, sign_up } = row;
    // Without a sign-up `?6` is NULL, and so is what is compared with it.
    connection
        .prepare_cached(
            "INSERT INTO addresses (tenant_id, address_id, subject_id, decision_id, score, decided_at)
             VALUES (?1, ?2, ?3, ?4, ?5, ?6)
             ON CONFLICT (tenant_id, address_id) DO UPDATE SET
               subject_id = COALESCE(?3, subject_id),
               decision_id = CASE WHEN ?6 >= COALESCE(decided_at, ?6) THEN ?4 ELSE decision_id END,
               score = CASE WHEN ?6 >= COALESCE(decided_at, ?6) THEN ?5 ELSE score END,
               decided_at = CASE WHEN ?6 >= COALESCE(decided_at, ?6) THEN ?6 ELSE decided_at END",
        )?
        .execute(params![
            tenant.as_str(),
            address.as_str(),
            subject.as_ref().map(SubjectId::as_str),
            sign_up.as_ref().map(|sign_up| sign_up.decision.as_str()),
            sign_up.as_ref().map(|sign_up| sign_up.score.millionths()),
            sign_up.as_ref().map(|sign_up| sign_up.at.micros()),
        ])?;
    Ok(())
}

/// Forgets every address that leads to a person.
pub(super) fn forget(
    connection: &Connection,
    tenant: &TenantId,
    subject: &SubjectId,
) -> Result<(), StoreError> {
    connection
        .prepare_cached(
            "DELETE FROM addresses WHERE tenant_id = ?1 AND (subject_id = ?2 OR address_id = ?2)",
        )?
        .execute([tenant.as_str(), subject.as_str()])?;
    Ok(())
}

pub(super) fn find(
    connection: &Connection,
    tenant: &TenantId,
    address: &SubjectId,
) -> Result<Option<AddressRow>, StoreError> {
    connection
        .prepare_cached(
            "SELECT address_id, subject_id, decision_id, score, decided_at FROM addresses
             WHERE tenant_id = ?1 AND address_id = ?2",
        )?
        .query_row([tenant.as_str(), address.as_str()], |row| Ok(address_row(row)))
        .optional()?
        .transpose()
}

/// The addresses that lead to a person, in the order of their pseudonyms.
pub(super) fn list(
    connection: &Connection,
    tenant: &TenantId,
    subject: &SubjectId,
) -> Result<Vec<AddressRow>, StoreError> {
    let mut statement = connection.prepare_cached(
        "SELECT address_id, subject_id, decision_id, score, decided_at FROM addresses
         WHERE tenant_id = ?1 AND subject_id = ?2 ORDER BY address_id",
    )?;
    columns::collect(statement.query([tenant.as_str(), subject.as_str()])?, address_row)
}

fn address_row(row: &Row<'_>) -> Result<AddressRow, StoreError> {
    let sign_up = match row.get::<_, Option<String>>(2)? {
        None => None,
        Some(decision) => Some(SignUp {
            decision: columns::parse("decision_id", &decision)?,
            score: columns::score(row.get(3)?)?,
            at: Timestamp::from_micros(row.get(4)?),
        }),
    };
    Ok(AddressRow {
        address: columns::text(row, 0, "address_id")?,
        subject: columns::optional_text(row, 1, "subject_id")?,
        sign_up,
    })
}
