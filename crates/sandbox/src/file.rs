//! A tenant in one SQLite file: a row a collection, written in one transaction, and only what has changed.

use std::{
    collections::BTreeMap,
    hash::{DefaultHasher, Hash, Hasher},
    os::unix::fs::OpenOptionsExt,
    path::Path,
};

use countersign_core::Timestamp;
use rusqlite::{Connection, params};
use serde_json::{Map, Value, json};

/// The form of the file.
const VERSION: i64 = 1;

/// The parts of a snapshot that have a row for each of their own.
const SPLIT: [&str; 2] = ["objects", "links"];

/// The row of what stands beside the snapshot.
const ABOUT: &str = "about";

/// A tenant as it is kept.
#[derive(Clone)]
pub struct Kept {
    /// What `Tenant::snapshot` wrote, secrets included.
    pub snapshot: Value,
    /// The client that was there from the start.
    pub client_id: String,
    /// The tenant's time.
    pub at: Timestamp,
}

impl Kept {
    /// The secret of the client that was there from the start.
    #[must_use]
    pub fn client_secret(&self) -> Option<&str> {
        let clients = self.snapshot.pointer("/objects/clients")?.as_array()?;
        let client = clients.iter().find(|client| client["id"] == self.client_id.as_str())?;
        client.pointer("/hidden/client_secret")?.as_str()
    }
}

/// Why a file can't be used.
#[derive(Debug, thiserror::Error)]
pub enum FileError {
    /// It can't be opened or made.
    #[error("the file can't be opened")]
    Open(#[source] std::io::Error),
    /// SQLite can't read or write it.
    #[error("the file can't be read or written as a database")]
    Database(#[from] rusqlite::Error),
    /// Another version wrote it.
    #[error("the file has form {0}, not {VERSION}")]
    Version(i64),
    /// What it holds is no tenant.
    #[error("the file holds no tenant")]
    Form,
}

/// The file of one tenant.
pub struct StateFile {
    connection: Connection,
    /// A digest of each row as it stands in the file.
    rows: BTreeMap<String, u64>,
}

impl StateFile {
    /// Opens a file, or makes it, for its owner alone.
    ///
    /// # Errors
    /// `Open`, `Database` and `Version`.
    pub fn open(path: &Path) -> Result<Self, FileError> {
        let made = std::fs::File::options().create(true).truncate(false).write(true).mode(0o600).open(path);
        made.map_err(FileError::Open)?;
        let connection = Connection::open(path)?;
        let version: i64 = connection.pragma_query_value(None, "user_version", |row| row.get(0))?;
        if version == 0 {
            connection
                .execute_batch("CREATE TABLE parts (name TEXT PRIMARY KEY, body TEXT NOT NULL) STRICT;")?;
            connection.pragma_update(None, "user_version", VERSION)?;
        } else if version != VERSION {
            return Err(FileError::Version(version));
        }
        Ok(Self { connection, rows: BTreeMap::new() })
    }

    /// The tenant in the file; `None` when none was written yet.
    ///
    /// # Errors
    /// `Database`, and `Form` for what is no tenant.
    pub fn load(&mut self) -> Result<Option<Kept>, FileError> {
        self.rows.clear();
        let mut statement = self.connection.prepare("SELECT name, body FROM parts")?;
        let found =
            statement.query_map([], |row| Ok((row.get::<_, String>(0)?, row.get::<_, String>(1)?)))?;
        let mut snapshot = Map::new();
        for part in SPLIT {
            snapshot.insert(part.to_owned(), json!({}));
        }
        for row in found {
            let (name, body) = row?;
            let value: Value = serde_json::from_str(&body).map_err(|_| FileError::Form)?;
            self.rows.insert(name.clone(), digest(&body));
            match name.split_once('/') {
                Some((part, own)) => {
                    let part =
                        snapshot.get_mut(part).and_then(Value::as_object_mut).ok_or(FileError::Form)?;
                    part.insert(own.to_owned(), value);
                }
                None => {
                    snapshot.insert(name, value);
                }
            }
        }
        if self.rows.is_empty() {
            return Ok(None);
        }
        let about = snapshot.remove(ABOUT).ok_or(FileError::Form)?;
        let text = |name: &str| about.get(name).and_then(Value::as_str).ok_or(FileError::Form);
        let at = text("at")?.parse().map_err(|_| FileError::Form)?;
        Ok(Some(Kept { client_id: text("client_id")?.to_owned(), at, snapshot: Value::Object(snapshot) }))
    }

    /// Writes a tenant in the place of the one before: all of it, or nothing.
    ///
    /// # Errors
    /// `Database`, and `Form` for what is no snapshot.
    pub fn save(&mut self, kept: Kept) -> Result<(), FileError> {
        let Kept { snapshot, client_id, at } = kept;
        let Value::Object(snapshot) = snapshot else { return Err(FileError::Form) };
        let mut rows = BTreeMap::new();
        rows.insert(ABOUT.to_owned(), json!({"client_id": client_id, "at": at}).to_string());
        for (name, value) in snapshot {
            match value {
                Value::Object(parts) if SPLIT.contains(&name.as_str()) => {
                    rows.extend(
                        parts.into_iter().map(|(own, value)| (format!("{name}/{own}"), value.to_string())),
                    );
                }
                value => {
                    rows.insert(name, value.to_string());
                }
            }
        }
        let digests: BTreeMap<String, u64> =
            rows.iter().map(|(name, body)| (name.clone(), digest(body))).collect();
        let transaction = self.connection.transaction()?;
        for (name, body) in rows.iter().filter(|(name, _)| self.rows.get(*name) != digests.get(*name)) {
            transaction.execute(
                "INSERT INTO parts (name, body) VALUES (?1, ?2) ON CONFLICT (name) DO UPDATE SET body = excluded.body",
                params![name, body],
            )?;
        }
        for name in self.rows.keys().filter(|name| !rows.contains_key(*name)) {
            transaction.execute("DELETE FROM parts WHERE name = ?1", [name])?;
        }
        transaction.commit()?;
        self.rows = digests;
        Ok(())
    }
}

fn digest(body: &str) -> u64 {
    let mut hasher = DefaultHasher::new();
    body.hash(&mut hasher);
    hasher.finish()
}

#[cfg(test)]
mod tests {
    use std::os::unix::fs::PermissionsExt;

    use super::*;

    fn kept(objects: &Value) -> Kept {
        let snapshot = json!({"version": 1, "objects": objects, "links": {}, "dice": u64::MAX});
        Kept { snapshot, client_id: "first".to_owned(), at: Timestamp::from_seconds(1_787_000_000) }
    }

    #[test]
    fn what_was_written_comes_back_and_what_went_is_gone() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("tenant.db");
        let mut file = StateFile::open(&path).unwrap();
        assert!(file.load().unwrap().is_none());
        file.save(kept(&json!({"roles": [1], "users": [2]}))).unwrap();
        let last = kept(&json!({"roles": [1, 3]}));
        file.save(last.clone()).unwrap();
        let found = StateFile::open(&path).unwrap().load().unwrap().unwrap();
        assert_eq!((found.snapshot, found.client_id, found.at), (last.snapshot, last.client_id, last.at));
        assert_eq!(std::fs::metadata(&path).unwrap().permissions().mode() & 0o777, 0o600);
    }

    #[test]
    fn a_file_of_something_else_is_refused() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("tenant.db");
        std::fs::write(&path, "no database, but long enough to be taken for a header").unwrap();
        assert!(matches!(StateFile::open(&path), Err(FileError::Database(_))));
        let path = folder.path().join("other.db");
        let other = Connection::open(&path).unwrap();
        other.pragma_update(None, "user_version", 9).unwrap();
        assert!(matches!(StateFile::open(&path), Err(FileError::Version(9))));
    }
}
