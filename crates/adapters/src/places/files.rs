//! Reading the files, and reading them again when they were replaced.

use std::{
    collections::BTreeMap,
    fs::{self, File},
    io::Read,
    os::unix::fs::MetadataExt,
    path::{Path, PathBuf},
    sync::Arc,
};

use super::{
    Fault, Settings, Why,
    database::{Database, Role},
    networks::{Entries, Networks},
};

/// The longest database that is read, in bytes; judgement: it has to fit into memory twice while it is replaced.
pub const MAX_DATABASE_BYTES: u64 = 2 * 1024 * 1024 * 1024;

/// The longest list that is read, in bytes: some four million networks.
pub const MAX_LIST_BYTES: u64 = 64 * 1024 * 1024;

/// Faults that are told of one list.
const MAX_FAULTS: usize = 20;

/// What is known of addresses.
#[derive(Clone, Default)]
pub(super) struct Loaded {
    pub(super) databases: BTreeMap<Role, Arc<Database>>,
    pub(super) networks: Arc<Networks>,
}

/// What a file looks like from outside: it was replaced when this changed. A file that is not there has none.
type Mark = Option<(u64, i64, i64, u64)>;

/// What the files looked like when they were last read.
#[derive(Default)]
pub(super) struct Seen(BTreeMap<PathBuf, Mark>);

impl Seen {
    /// Reads what was replaced since; `None` when there is nothing new in force.
    pub(super) fn read(&mut self, settings: &Settings, before: &Loaded) -> (Option<Loaded>, Vec<Fault>) {
        let (mut loaded, mut faults, mut is_other) = (before.clone(), Vec::new(), false);
        for role in Role::ALL {
            let Some(file) = settings.of(role).filter(|file| self.is_replaced(file)) else { continue };
            let read = read(file, MAX_DATABASE_BYTES).and_then(|bytes| Database::parse(role, bytes));
            match read {
                Ok(database) => {
                    loaded.databases.insert(role, Arc::new(database));
                    is_other = true;
                }
                Err(why) => faults.push(Fault { key: role.key(), file: file.to_owned(), why }),
            }
        }
        let replaced = settings.networks.iter().filter(|list| self.is_replaced(&list.file)).count();
        if replaced > 0 {
            match read_lists(settings) {
                Ok(networks) => {
                    loaded.networks = Arc::new(networks);
                    is_other = true;
                }
                Err(found) => faults.extend(found),
            }
        }
        (is_other.then_some(loaded), faults)
    }

    /// Whether a file is another than at the last call.
    fn is_replaced(&mut self, file: &Path) -> bool {
        let mark = mark(file);
        self.0.insert(file.to_owned(), mark) != Some(mark)
    }
}

impl Settings {
    fn of(&self, role: Role) -> Option<&Path> {
        let file = match role {
            Role::City => &self.city,
            Role::Asn => &self.asn,
            Role::Anonymizers => &self.anonymizers,
        };
        file.as_deref()
    }
}

fn mark(file: &Path) -> Mark {
    let found = fs::metadata(file).ok()?;
    Some((found.len(), found.mtime(), found.mtime_nsec(), found.ino()))
}

fn read(file: &Path, most: u64) -> Result<Vec<u8>, Why> {
    let mut bytes = Vec::new();
    let file = File::open(file).map_err(Why::Unreadable)?;
    file.take(most + 1).read_to_end(&mut bytes).map_err(Why::Unreadable)?;
    if u64::try_from(bytes.len()).unwrap_or(u64::MAX) > most {
        return Err(Why::TooLong(most));
    }
    Ok(bytes)
}

/// All lists together: which network holds depends on each.
fn read_lists(settings: &Settings) -> Result<Networks, Vec<Fault>> {
    let (mut entries, mut faults) = (Entries::default(), Vec::new());
    for list in &settings.networks {
        let fault = |why| Fault { key: "networks", file: list.file.clone(), why };
        let text = read(&list.file, MAX_LIST_BYTES)
            .and_then(|bytes| String::from_utf8(bytes).map_err(|_| Why::NotText));
        match text {
            Ok(text) => {
                let wrong = entries.add(&text, list.kind).into_iter().take(MAX_FAULTS);
                faults.extend(wrong.map(|line| fault(Why::Line(line))));
            }
            Err(why) => faults.push(fault(why)),
        }
    }
    if faults.is_empty() { Ok(entries.finish()) } else { Err(faults) }
}
