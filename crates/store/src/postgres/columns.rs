//! Columns to types and back; what can't be is named, never guessed.

use countersign_ledger::Hash;

use crate::StoreError;

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

pub(super) fn hash(bytes: &[u8]) -> Result<Hash, StoreError> {
    <[u8; 32]>::try_from(bytes)
        .map(Hash::new)
        .map_err(|_| StoreError::Corrupt("a hash that has not 32 bytes".to_owned()))
}

pub(super) fn parse<T: std::str::FromStr>(column: &str, text: &str) -> Result<T, StoreError> {
    text.parse().map_err(|_| StoreError::Corrupt(format!("column `{column}` holds what it can't")))
}

pub(super) fn parse_optional<T: std::str::FromStr>(
    column: &str,
    text: Option<String>,
) -> Result<Option<T>, StoreError> {
    text.map(|text| parse(column, &text)).transpose()
}
