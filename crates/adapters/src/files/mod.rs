//! Files of reference data: read whole, checked, and read again when they were replaced.
//!
//! One that can't be used leaves the one before in force. Nothing here tells a file's contents in an error or a log line.

mod error;

use std::{
    fs::{self, File},
    io::{self, Read},
    os::unix::fs::MetadataExt,
    path::{Path, PathBuf},
    sync::Arc,
};

use aws_lc_rs::digest::{SHA256, digest};
use countersign_app::reference::DataSet;
use countersign_core::Timestamp;

pub use self::error::{Fault, Faults, Why};

/// Faults that are told of one file.
const MAX_FAULTS: usize = 20;

/// Bytes of SHA-256 that make a version: two contents of one file are not taken for one another by chance.
const VERSION_BYTES: usize = 6;

/// Entries below which a list is kept by hand, so that half of it may well go; judgement.
const FEW: u64 = 100;

/// What a file looks like from outside: it was replaced when this changed. A file that is not there has none.
type Mark = Option<(u64, i64, i64, u64)>;

/// What was read of a file.
pub(crate) struct Parsed<T> {
    pub(crate) value: T,
    pub(crate) entries: u64,
}

/// One file, and what of it is in force.
pub(crate) struct Source<T> {
    setting: &'static str,
    key: String,
    file: PathBuf,
    most: u64,
    seen: Option<(Mark, Mark)>,
    held: Option<Held<T>>,
    failures: u64,
    fault: Option<String>,
}

struct Held<T> {
    value: Arc<T>,
    version: String,
    entries: u64,
    written: Timestamp,
    loaded_at: Timestamp,
}

impl<T> Source<T> {
    /// A file that a setting names, of at most so many bytes; nothing is read yet.
    pub(crate) fn new(setting: &'static str, file: &Path, most: u64) -> Self {
        let (key, file) = (setting.to_owned(), file.to_owned());
        Self { setting, key, file, most, seen: None, held: None, failures: 0, fault: None }
    }

    /// One of several files of a setting, by its place.
    pub(crate) fn nth(setting: &'static str, n: usize, file: &Path, most: u64) -> Self {
        Self { key: format!("{setting}[{n}]"), ..Self::new(setting, file, most) }
    }

    /// What is in force.
    pub(crate) fn value(&self) -> Option<&Arc<T>> {
        self.held.as_ref().map(|held| &held.value)
    }

    /// The version that is in force.
    pub(crate) fn version(&self) -> Option<&str> {
        self.held.as_ref().map(|held| held.version.as_str())
    }

    /// How the file stands; `None` where it was never read whole.
    pub(crate) fn set(&self) -> Option<DataSet> {
        let Held { value: _, version, entries, written, loaded_at } = self.held.as_ref()?;
        Some(DataSet {
            key: self.key.clone(),
            version: version.clone(),
            entries: *entries,
            written: *written,
            loaded_at: *loaded_at,
            failures: self.failures,
            fault: self.fault.clone(),
        })
    }

    /// Reads the file if it was replaced since the last look; whether there is something new in force.
    ///
    /// # Errors
    /// What is wrong with it, told once; what was in force holds on.
    pub(crate) fn look(
        &mut self,
        now: Timestamp,
        parse: impl FnOnce(Vec<u8>) -> Result<Parsed<T>, Vec<Why>>,
    ) -> Result<bool, Vec<Fault>> {
        let marks = (mark(&self.file), mark(&self.accept_file()));
        if self.seen.replace(marks) == Some(marks) {
            return Ok(false);
        }
        match self.take(now, marks.0, parse) {
            Ok(is_other) => {
                self.fault = None;
                Ok(is_other)
            }
            Err(whys) => {
                let fault = |why| Fault { setting: self.setting, file: self.file.clone(), why };
                let faults: Vec<Fault> = whys.into_iter().take(MAX_FAULTS).map(fault).collect();
                self.failures += 1;
                self.fault = faults.first().map(ToString::to_string);
                Err(faults)
            }
        }
    }

    fn take(
        &mut self,
        now: Timestamp,
        mark: Mark,
        parse: impl FnOnce(Vec<u8>) -> Result<Parsed<T>, Vec<Why>>,
    ) -> Result<bool, Vec<Why>> {
        let bytes = read(&self.file, self.most).map_err(|why| vec![why])?;
        let (version, written) = (version(&bytes), written(mark));
        if let Some(held) = self.held.as_mut().filter(|held| held.version == version) {
            held.written = written;
            return Ok(false);
        }
        let Parsed { value, entries } = parse(bytes)?;
        self.assert_whole(entries, &version).map_err(|why| vec![why])?;
        tracing::info!(key = self.key, version, entries, "a file of reference data is in force");
        self.held = Some(Held { value: Arc::new(value), version, entries, written, loaded_at: now });
        Ok(true)
    }

    /// Refuses what may be cut off, unless the operator said of this very content that it is meant.
    fn assert_whole(&self, entries: u64, version: &str) -> Result<(), Why> {
        let before = self.held.as_ref().map_or(0, |held| held.entries);
        let accept = self.accept_file();
        let is_meant = || fs::read_to_string(&accept).is_ok_and(|text| text.trim() == version);
        let is_cut = entries == 0 || before >= FEW && entries < before / 2;
        if !is_cut || is_meant() {
            return Ok(());
        }
        let version = version.to_owned();
        Err(match entries {
            0 => Why::Empty { version, accept },
            _ => Why::Shrunk { entries, before, version, accept },
        })
    }

    /// The file by which the operator says that a list which shrank is meant.
    fn accept_file(&self) -> PathBuf {
        let mut name = self.file.clone().into_os_string();
        name.push(".accept");
        name.into()
    }
}

fn mark(file: &Path) -> Mark {
    let found = fs::metadata(file).ok()?;
    Some((found.len(), found.mtime(), found.mtime_nsec(), found.ino()))
}

fn written(mark: Mark) -> Timestamp {
    mark.map_or_else(Timestamp::default, |(_, seconds, ..)| Timestamp::from_seconds(seconds.max(0)))
}

fn read(file: &Path, most: u64) -> Result<Vec<u8>, Why> {
    let file = File::open(file).map_err(Why::Unreadable)?;
    if file.metadata().is_ok_and(|found| found.is_dir()) {
        return Err(Why::Unreadable(io::ErrorKind::IsADirectory.into()));
    }
    let mut bytes = Vec::new();
    file.take(most + 1).read_to_end(&mut bytes).map_err(Why::Unreadable)?;
    if u64::try_from(bytes.len()).unwrap_or(u64::MAX) > most {
        return Err(Why::TooLong(most));
    }
    Ok(bytes)
}

/// A short name of this content: the first bytes of its SHA-256 in hexadecimal digits.
pub(crate) fn version(bytes: &[u8]) -> String {
    digest(&SHA256, bytes).as_ref().iter().take(VERSION_BYTES).map(|byte| format!("{byte:02x}")).collect()
}

/// A file's bytes as text.
pub(crate) fn text(bytes: Vec<u8>) -> Result<String, Vec<Why>> {
    String::from_utf8(bytes).map_err(|_| vec![Why::NotText])
}

/// What was read of a list, unless some of its lines are not what they should be.
pub(crate) fn whole<T>(
    value: T,
    entries: usize,
    lines: Vec<usize>,
    wanted: &'static str,
) -> Result<Parsed<T>, Vec<Why>> {
    let number = |line| u64::try_from(line).unwrap_or(u64::MAX);
    if lines.is_empty() {
        return Ok(Parsed { value, entries: number(entries) });
    }
    Err(lines.into_iter().take(MAX_FAULTS).map(|line| Why::Line { line: number(line), wanted }).collect())
}
