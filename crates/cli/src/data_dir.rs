//! The data directory: keys and tokens that are made at the first start, readable by nobody else.

use std::{
    fs,
    io::Write,
    os::unix::fs::{DirBuilderExt, MetadataExt, OpenOptionsExt},
    path::{Path, PathBuf},
};

use anyhow::{Context, bail};
use countersign_core::{Entropy, Secret, TenantId};
use countersign_server::signature::SigningKey;

/// Length of a key in bytes.
const KEY_BYTES: usize = 32;

/// The databases of records and of keys: what makes a folder a data directory.
const DATABASES: [&str; 2] = ["countersign.db", "subject-keys.db"];

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

    /// The text of a secret file; made by `make` when it is not there.
    fn find_or_make(
        &self,
        name: &str,
        make: impl FnOnce() -> anyhow::Result<String>,
    ) -> anyhow::Result<String> {
        let path = self.0.join(name);
        match fs::read_to_string(&path) {
            Ok(text) => return Ok(text.trim().to_owned()),
            Err(error) if error.kind() == std::io::ErrorKind::NotFound => {}
            Err(error) => bail!("can't read `{}`: {error}", path.display()),
        }
        let text = make()?;
        let mut file = fs::File::options()
            .write(true)
            .create_new(true)
            .mode(0o600)
            .open(&path)
            .with_context(|| format!("can't make `{}`", path.display()))?;
        writeln!(file, "{text}")
            .and_then(|()| file.sync_all())
            .with_context(|| format!("can't write `{}`", path.display()))?;
        Ok(text)
    }

    /// A key of 32 bytes, kept in hexadecimal digits.
    pub fn key(&self, name: &str, entropy: &dyn Entropy) -> anyhow::Result<Secret> {
        let text = self.find_or_make(name, || Ok(hex(&random(entropy)?)))?;
        parse_hex(text.as_bytes()).with_context(|| format!("`{}`", self.0.join(name).display()))
    }

    /// A key that was made before.
    pub fn existing_key(&self, name: &str) -> anyhow::Result<Secret> {
        let path = self.0.join(name);
        let text = fs::read_to_string(&path).with_context(|| {
            format!("can't read `{}`; name where the key comes from by --config", path.display())
        })?;
        parse_hex(text.trim().as_bytes()).with_context(|| format!("`{}`", path.display()))
    }

    /// The token of the operator.
    pub fn operator_token(&self, entropy: &dyn Entropy) -> anyhow::Result<String> {
        self.find_or_make("operator.token", || Ok(hex(&random(entropy)?)))
    }

    /// The file of the key shared with a tenant's Actions.
    pub fn action_key_path(&self, tenant: &TenantId) -> PathBuf {
        self.0.join(action_key_name(tenant))
    }

    /// The key shared with a tenant's Actions, in its text form.
    pub fn action_key(&self, tenant: &TenantId, entropy: &dyn Entropy) -> anyhow::Result<String> {
        let name =
            countersign_app::checkpoint_file_name(tenant.as_str()).replace(".checkpoint", ".action-key");
        self.find_or_make(&name, || Ok(SigningKey::text(&random(entropy)?)))
    }
}

fn action_key_name(tenant: &TenantId) -> String {
    countersign_app::checkpoint_file_name(tenant.as_str()).replace(".checkpoint", ".action-key")
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
        let key = data.key("master.key", &entropy).unwrap();
        assert_eq!(data.key("master.key", &entropy).unwrap().expose(), key.expose());
        fs::write(folder.path().join("master.key"), "abc").unwrap();
        assert!(data.key("master.key", &entropy).is_err());
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
        let missing = data.existing_key("master.key").err().unwrap().to_string();
        assert!(missing.contains("master.key") && missing.contains("--config"), "{missing}");
        assert_eq!(fs::read_dir(folder.path()).unwrap().count(), DATABASES.len());
    }
}
