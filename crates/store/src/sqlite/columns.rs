//! Columns to types and back; what can't be is named, never guessed.

use countersign_core::{Score, TenantId};
use countersign_ledger::Hash;
use rusqlite::{
    Connection, OptionalExtension, Row, Rows,
    ffi::{SQLITE_CONSTRAINT_PRIMARYKEY, SQLITE_CONSTRAINT_UNIQUE},
};

use crate::{Conflict, StoreError};

/// The number of a ledger: it and an index make up the place of a record.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Ledger(pub(super) i64);

impl Ledger {
    /// Leaves that a ledger can have; the schema says so, too. At a thousand a second they last for 34 years.
    const CAPACITY: i64 = 1 << 40;

    /// The place of the ledger's first leaf.
    pub(super) const fn first(self) -> i64 {
        self.0.saturating_mul(Self::CAPACITY)
    }

    /// The place of a leaf.
    pub(super) fn place(self, index: u64) -> Result<i64, StoreError> {
        let index = i64::try_from(index).ok().filter(|index| *index < Self::CAPACITY);
        let place = index.and_then(|index| self.0.checked_mul(Self::CAPACITY)?.checked_add(index));
        place.ok_or_else(|| StoreError::Unavailable("the ledger is full".to_owned()))
    }

    /// The end of a range that a caller asked for: no leaf of this ledger lies beyond its own range.
    pub(super) fn bound(self, index: u64) -> i64 {
        self.first().saturating_add(bound(index).min(Self::CAPACITY))
    }
}

/// The number of a tenant's ledger; `None` while it has none.
pub(super) fn ledger(connection: &Connection, tenant: &TenantId) -> Result<Option<Ledger>, StoreError> {
    Ok(connection
        .prepare_cached("SELECT number FROM ledgers WHERE tenant_id = ?1")?
        .query_row([tenant.as_str()], |row| row.get(0))
        .optional()?
        .map(Ledger))
}

pub(super) fn integer(value: u64) -> Result<i64, StoreError> {
    i64::try_from(value).map_err(|_| StoreError::Corrupt("a number beyond 63 bits".to_owned()))
}

/// The end of a range that a caller asked for: no row lies beyond 63 bits.
pub(super) fn bound(value: u64) -> i64 {
    i64::try_from(value).unwrap_or(i64::MAX)
}

pub(super) fn unsigned(value: i64) -> Result<u64, StoreError> {
    u64::try_from(value).map_err(|_| StoreError::Corrupt("a negative number where none can be".to_owned()))
}

pub(super) fn small(value: i64) -> Result<u32, StoreError> {
    u32::try_from(value).map_err(|_| StoreError::Corrupt("a number out of range".to_owned()))
}

pub(super) fn score(millionths: i64) -> Result<Score, StoreError> {
    Score::from_millionths(small(millionths)?)
        .ok_or_else(|| StoreError::Corrupt("a score above one".to_owned()))
}

pub(super) fn hash(bytes: &[u8]) -> Result<Hash, StoreError> {
    <[u8; 32]>::try_from(bytes)
        .map(Hash::new)
        .map_err(|_| StoreError::Corrupt("a hash that has not 32 bytes".to_owned()))
}

pub(super) fn parse<T: std::str::FromStr>(column: &str, text: &str) -> Result<T, StoreError> {
    text.parse().map_err(|_| StoreError::Corrupt(format!("column `{column}` holds what it can't")))
}

/// The column at `index`, which holds a word or an identifier.
pub(super) fn text<T: std::str::FromStr>(row: &Row<'_>, index: usize, column: &str) -> Result<T, StoreError> {
    parse(column, row.get_ref(index)?.as_str().map_err(rusqlite::Error::from)?)
}

/// As `text`, where there may be none.
pub(super) fn optional_text<T: std::str::FromStr>(
    row: &Row<'_>,
    index: usize,
    column: &str,
) -> Result<Option<T>, StoreError> {
    let text = row.get_ref(index)?.as_str_or_null().map_err(rusqlite::Error::from)?;
    text.map(|text| parse(column, text)).transpose()
}

/// All rows that a query finds.
pub(super) fn collect<T>(
    mut rows: Rows<'_>,
    mut read: impl FnMut(&Row<'_>) -> Result<T, StoreError>,
) -> Result<Vec<T>, StoreError> {
    let mut found = Vec::new();
    while let Some(row) = rows.next()? {
        found.push(read(row)?);
    }
    Ok(found)
}

/// Demands that a statement changed the one row that it was about.
pub(super) fn one(changed: usize) -> Result<(), StoreError> {
    if changed == 1 { Ok(()) } else { Err(StoreError::Stale) }
}

/// Tells a violated uniqueness from other failures.
pub(super) fn unique(error: rusqlite::Error, conflict: Conflict) -> StoreError {
    match error.sqlite_error().map(|error| error.extended_code) {
        Some(SQLITE_CONSTRAINT_PRIMARYKEY | SQLITE_CONSTRAINT_UNIQUE) => StoreError::Conflict(conflict),
        _ => error.into(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn places_of_two_ledgers_never_meet() {
        let last = (1_u64 << 40) - 1;
        for number in [1, 2, 7] {
            let (ledger, next) = (Ledger(number), Ledger(number + 1));
            assert_eq!(ledger.place(0).unwrap(), ledger.first());
            assert_eq!(ledger.place(last).unwrap() + 1, next.first());
            assert!(ledger.place(last + 1).is_err());
            assert!(ledger.place(u64::MAX).is_err());
        }
        assert!(Ledger(i64::MAX).place(0).is_err());
    }

    #[test]
    fn a_range_ends_with_its_ledger() {
        let (ledger, next) = (Ledger(3), Ledger(4));
        assert_eq!(ledger.bound(5), ledger.place(5).unwrap());
        for index in [1 << 40, (1 << 40) + 1, u64::MAX >> 1, u64::MAX] {
            assert_eq!(ledger.bound(index), next.first(), "{index}");
        }
    }
}
