//! The data directory: keys and tokens that are made at the first start, readable by nobody else.

use std::{
    fs,
    os::unix::fs::{DirBuilderExt, MetadataExt},
    path::{Path, PathBuf},
};

use anyhow::{Context, bail};
use countersign_core::{Entropy, Secret, TenantId};
use countersign_privacy::Token;
use countersign_server::signature::SigningKey;

use crate::key_file::KeyFile;

/// Length of a key in bytes.
const KEY_BYTES: usize = 32;

/// The file of the operator's token.
const OPERATOR_TOKEN: &str = "operator.token";

/// What the token of a log stream begins with.
const LOG_TOKEN_PREFIX: &str = "lgs_";

/// What the file of the tokens by which a tenant's log stream delivers ends with.
pub const LOG_FILE: &str = "log-token";

/// The same of its event stream.
pub const EVENT_FILE: &str = "event-token";

/// The database of records.
pub const RECORDS_FILE: &str = "countersign.db";

/// The database of people's keys.
pub const KEYS_FILE: &str = "subject-keys.db";

/// What makes a folder a data directory.
const DATABASES: [&str; 2] = [RECORDS_FILE, KEYS_FILE];

/// The file that a store's owner holds locked; the same that the store locks.
const LOCK: &str = "lock";

/// The bits of a mode by which a group or everyone may write.
const WRITABLE_BY_OTHERS: u32 = 0o022;

/// The data directory.
pub struct DataDir(PathBuf);

impl DataDir {
    /// Opens the directory; makes it, for its owner alone, when it is not there.
    pub fn open(path: &Path) -> anyhow::Result<Self> {
        fs::DirBuilder::new()
            .recursive(true)
            .mode(0o700)
            .create(path)
            .with_context(|| format!("can't make `{}`", path.display()))?;
        Self::check(path)?;
        Ok(Self(path.to_owned()))
    }

    /// Opens a directory that holds a ledger; makes nothing.
    pub fn find(path: &Path) -> anyhow::Result<Self> {
        if let Some(missing) = DATABASES.iter().find(|name| !path.join(name).is_file()) {
            bail!("`{}` is no data directory: it has no `{missing}`", path.display());
        }
        Self::found(path)
    }

    /// Opens a directory that is there, whatever it holds; makes nothing.
    pub fn found(path: &Path) -> anyhow::Result<Self> {
        Self::check(path)?;
        Ok(Self(path.to_owned()))
    }

    /// Refuses a directory that others could have prepared, or can change: what is in it decides what is signed.
    fn check(path: &Path) -> anyhow::Result<()> {
        let found = fs::metadata(path).with_context(|| format!("can't read `{}`", path.display()))?;
        // Why: the process's own entry belongs to who it runs as; systems without one have no such check.
        let is_foreign = fs::metadata("/proc/self").is_ok_and(|own| own.uid() != found.uid());
        if is_foreign {
            bail!("`{}` is owned by another user", path.display());
        }
        if found.mode() & WRITABLE_BY_OTHERS != 0 {
            bail!("others can write to `{}`: take that right away by `chmod go-w`", path.display());
        }
        Ok(())
    }

    /// The directory itself.
    pub fn path(&self) -> &Path {
        &self.0
    }

    /// Takes the directory as a service does that owns its records: while it is held no service starts.
    pub fn lock(&self) -> anyhow::Result<Lock> {
        let path = self.0.join(LOCK);
        let file = fs::File::options().create(true).truncate(false).write(true).open(&path);
        let file = file.with_context(|| format!("can't open `{}`", path.display()))?;
        if file.try_lock().is_err() {
            bail!("`{}` is in use by another process: stop the service", self.0.display());
        }
        Ok(Lock(file))
    }

    /// Whether there are records in it.
    pub fn has_records(&self) -> bool {
        DATABASES.iter().any(|name| self.0.join(name).exists())
    }

    /// One of its files of secrets.
    pub fn key_file(&self, name: &str) -> KeyFile {
        Self::key_file_in(&self.0, name)
    }

    /// A file of secrets in a copy of a directory, whoever owns it: to read from.
    pub fn key_file_in(folder: &Path, name: &str) -> KeyFile {
        KeyFile::at(folder.join(name))
    }

    /// Keys of 32 bytes, kept in hexadecimal digits, the newest first; one is made when there is none.
    pub fn keys(&self, name: &str, entropy: &dyn Entropy) -> anyhow::Result<Vec<Secret>> {
        let file = self.key_file(name);
        parse_keys(&file, &file.find_or_make(|| Ok(hex(&random(entropy)?)))?)
    }

    /// Keys that were made before.
    pub fn existing_keys(&self, name: &str) -> anyhow::Result<Vec<Secret>> {
        let file = self.key_file(name);
        let lines = file.get().context(
            "put the key back that the records were begun with, or name where it comes from by --config",
        )?;
        parse_keys(&file, &lines)
    }

    /// A tenant's file of that kind.
    pub fn tenant_file(&self, tenant: &TenantId, ending: &str) -> KeyFile {
        self.key_file(&tenant_file(tenant, ending))
    }

    /// The file of the operator's token.
    pub fn operator_file(&self) -> KeyFile {
        self.key_file(OPERATOR_TOKEN)
    }

    /// The token of the operator; made when there is none.
    pub fn operator_token(&self, entropy: &dyn Entropy) -> anyhow::Result<String> {
        let lines = self.operator_file().find_or_make(|| Ok(hex(&random(entropy)?)))?;
        lines.into_iter().next().context("no token")
    }

    /// The file of the keys shared with a tenant's Actions.
    pub fn action_file(&self, tenant: &TenantId) -> KeyFile {
        self.key_file(&tenant_file(tenant, "action-key"))
    }

    /// The file of the tokens by which a tenant's log stream delivers.
    pub fn log_token_file(&self, tenant: &TenantId) -> KeyFile {
        self.key_file(&tenant_file(tenant, LOG_FILE))
    }

    /// The tokens by which a tenant's log stream may deliver, the newest first; one is made when there is none.
    pub fn log_tokens(&self, tenant: &TenantId, entropy: &dyn Entropy) -> anyhow::Result<Vec<String>> {
        let make = || Ok(Token::generate(LOG_TOKEN_PREFIX, entropy)?.expose().to_owned());
        self.log_token_file(tenant).find_or_make(make)
    }

    /// The keys shared with a tenant's Actions in their text form, the newest first; one is made when there is none.
    pub fn action_keys(&self, tenant: &TenantId, entropy: &dyn Entropy) -> anyhow::Result<Vec<String>> {
        self.action_file(tenant).find_or_make(|| Ok(SigningKey::text(&random(entropy)?)))
    }
}

/// A directory that nobody else owns meanwhile.
pub struct Lock(fs::File);

impl Drop for Lock {
    fn drop(&mut self) {
        // Why: closing is not enough while a child process that is just being started still has the file open.
        drop(self.0.unlock());
    }
}

fn parse_keys(file: &KeyFile, lines: &[String]) -> anyhow::Result<Vec<Secret>> {
    let keys = lines.iter().map(|line| parse_hex(line.as_bytes())).collect::<anyhow::Result<_>>();
    keys.with_context(|| format!("`{}`", file.path().display()))
}

fn tenant_file(tenant: &TenantId, ending: &str) -> String {
    countersign_app::checkpoint_file_name(tenant.as_str()).replace(".checkpoint", &format!(".{ending}"))
}

/// 32 random bytes.
pub fn random(entropy: &dyn Entropy) -> anyhow::Result<[u8; KEY_BYTES]> {
    let mut bytes = [0; KEY_BYTES];
    entropy.fill(&mut bytes)?;
    Ok(bytes)
}

/// Lower-case hexadecimal digits.
pub fn hex(bytes: &[u8]) -> String {
    bytes.iter().map(|byte| format!("{byte:02x}")).collect()
}

/// Reads 32 bytes from 64 hexadecimal digits.
pub fn parse_hex(text: &[u8]) -> anyhow::Result<Secret> {
    let digit = |byte: u8| char::from(byte).to_digit(16).and_then(|digit| u8::try_from(digit).ok());
    let bytes: Option<Vec<u8>> = text
        .chunks(2)
        .map(|pair| match pair {
            [high, low] => Some(digit(*high)? * 16 + digit(*low)?),
            _ => None,
        })
        .collect();
    match bytes {
        Some(bytes) if bytes.len() == KEY_BYTES => Ok(Secret::new(bytes)),
        _ => bail!("a key has {} hexadecimal digits", KEY_BYTES * 2),
    }
}

#[cfg(test)]
mod tests {
    use std::os::unix::fs::PermissionsExt;

    use countersign_core::testing::CountingEntropy;

    use super::*;

    #[test]
    fn secrets_are_made_once_for_the_owner_alone() {
        let folder = tempfile::tempdir().unwrap();
        let entropy = CountingEntropy::default();
        let data = DataDir::open(&folder.path().join("data")).unwrap();
        let token = data.operator_token(&entropy).unwrap();
        assert_eq!(data.operator_token(&entropy).unwrap(), token);
        assert_eq!(token.len(), 64);
        let mode = |path: &Path| fs::metadata(path).unwrap().permissions().mode() & 0o777;
        assert_eq!(mode(&data.path().join("operator.token")), 0o600);
        assert_eq!(mode(data.path()), 0o700);
    }

    #[test]
    fn a_key_survives_and_a_broken_one_is_told() {
        let folder = tempfile::tempdir().unwrap();
        let entropy = CountingEntropy::default();
        let data = DataDir::open(folder.path()).unwrap();
        let keys = || {
            data.keys("master.key", &entropy)
                .unwrap()
                .iter()
                .map(|key| key.expose().to_vec())
                .collect::<Vec<_>>()
        };
        let first = keys();
        assert_eq!(keys(), first);
        let (one, two) = ("07".repeat(32), "08".repeat(32));
        fs::write(folder.path().join("master.key"), format!("{one}\n{two}\n")).unwrap();
        assert_eq!(keys(), [vec![7; 32], vec![8; 32]]);
        fs::write(folder.path().join("master.key"), format!("{one}\nabc\n")).unwrap();
        assert!(data.keys("master.key", &entropy).is_err());
    }

    #[test]
    fn a_directory_that_others_can_write_to_or_own_is_refused() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("data");
        DataDir::open(&path).unwrap();
        for (mode, is_good) in [(0o720, false), (0o702, false), (0o777, false), (0o755, true), (0o700, true)]
        {
            fs::set_permissions(&path, fs::Permissions::from_mode(mode)).unwrap();
            assert_eq!(DataDir::open(&path).is_ok(), is_good, "{mode:o}");
        }
        // Entries of the first process are root's, or another's who runs these tests as root.
        let elsewhere = Path::new("/proc/1");
        let own = fs::metadata("/proc/self").unwrap().uid();
        if fs::metadata(elsewhere).is_ok_and(|other| other.uid() != own) {
            assert!(DataDir::open(elsewhere).err().unwrap().to_string().contains("another user"));
        }
    }

    #[test]
    fn a_folder_without_records_is_no_data_directory_and_stays_as_it_is() {
        let folder = tempfile::tempdir().unwrap();
        assert!(DataDir::find(&folder.path().join("nowhere")).is_err());
        assert!(DataDir::find(folder.path()).is_err());
        for name in DATABASES {
            assert!(DataDir::find(folder.path()).err().unwrap().to_string().contains(name));
            fs::write(folder.path().join(name), "").unwrap();
        }
        let data = DataDir::find(folder.path()).unwrap();
        let missing = format!("{:#}", data.existing_keys("master.key").err().unwrap());
        assert!(missing.contains("master.key") && missing.contains("--config"), "{missing}");
        assert_eq!(fs::read_dir(folder.path()).unwrap().count(), DATABASES.len());
    }
}
