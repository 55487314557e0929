//! `[storage]`: the data directory, and PostgreSQL where several processes share their records.

use std::path::PathBuf;

use anyhow::Context;
use countersign_store::PostgresSettings;
use serde::Deserialize;

use super::SecretReference;

/// `[storage]`
#[derive(Debug, Clone, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct Storage {
    /// The data directory; made at the first start. With PostgreSQL it holds key files and checkpoints alone.
    pub directory: PathBuf,
    /// The address of the records' database; `None`: SQLite in the data directory.
    pub postgres_url: Option<SecretReference>,
    /// The address of the database of people's keys, another one.
    pub postgres_keys_url: Option<SecretReference>,
    /// Connections for the reads of sign-ins.
    pub postgres_connections: u32,
}

impl Default for Storage {
    fn default() -> Self {
        Self {
            directory: PathBuf::from("countersign-data"),
            postgres_url: None,
            postgres_keys_url: None,
            postgres_connections: 8,
        }
    }
}

impl Storage {
    /// Whether records are in PostgreSQL.
    pub const fn is_postgres(&self) -> bool {
        self.postgres_url.is_some()
    }

    /// How PostgreSQL is reached; `None` with SQLite.
    pub fn postgres(&self) -> anyhow::Result<Option<PostgresSettings>> {
        let (Some(records), Some(keys)) = (&self.postgres_url, &self.postgres_keys_url) else {
            return Ok(None);
        };
        Ok(Some(PostgresSettings {
            records_url: records.fetch().context("`storage.postgres_url`")?,
            keys_url: keys.fetch().context("`storage.postgres_keys_url`")?,
            connections: self.postgres_connections,
        }))
    }

    /// Everything that is wrong, a line each.
    pub(super) fn faults(&self) -> Vec<String> {
        let mut faults = Vec::new();
        for (is_alone, missing) in [
            (self.postgres_url.is_some() && self.postgres_keys_url.is_none(), "postgres_keys_url"),
            (self.postgres_url.is_none() && self.postgres_keys_url.is_some(), "postgres_url"),
        ] {
            if is_alone {
                faults.push(format!(
                    "`storage.{missing}`: records and people's keys have a database each; name both"
                ));
            }
        }
        if !(1..=1_000).contains(&self.postgres_connections) {
            faults.push("`storage.postgres_connections`: from 1 to 1000".to_owned());
        }
        faults
    }
}
