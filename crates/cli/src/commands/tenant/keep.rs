//! What is kept of an installation in the data directory: the journal, tokens, and the secret of the service's client.

use std::{collections::BTreeMap, fs};

use anyhow::{Context, bail};
use countersign_app::tenant::{Journal, KeepError, Keeper};
use countersign_core::{Entropy, Secret, TenantId};
use countersign_plan::install::{EVENT_TOKEN, LOG_TOKEN};

use crate::{
    data_dir::{DataDir, EVENT_FILE, hex, random},
    key_file::KeyFile,
};

/// The file of the secret of the service's client.
const SECRET_FILE: &str = "management-secret";

/// The data directory, as far as it is about one tenant's installation.
pub struct Kept {
    data: DataDir,
    tenant: TenantId,
}

impl Kept {
    pub const fn new(data: DataDir, tenant: TenantId) -> Self {
        Self { data, tenant }
    }

    fn file(&self, extension: &str) -> KeyFile {
        self.data.tenant_file(&self.tenant, extension)
    }

    /// The journal; an empty one where nothing was done.
    pub fn journal(&self) -> anyhow::Result<Journal> {
        let file = self.file("install.json");
        let Some(lines) = file.find()? else { return Ok(Journal::new(self.tenant.clone())) };
        let told = || format!("`{}` is no journal that this version can read", file.path().display());
        let journal: Journal = serde_json::from_str(&lines.concat()).with_context(told)?;
        anyhow::ensure!(journal.v == 1 && journal.tenant == self.tenant, told());
        Ok(journal)
    }

    /// The token that log deliveries come with, the same that the service takes; made when there is none.
    pub fn log_token(&self, entropy: &dyn Entropy) -> anyhow::Result<Secret> {
        first(self.data.log_tokens(&self.tenant, entropy)?)
    }

    /// The token that event deliveries come with; made when there is none.
    pub fn event_token(&self, entropy: &dyn Entropy) -> anyhow::Result<Secret> {
        first(self.file(EVENT_FILE).find_or_make(|| Ok(hex(&random(entropy)?)))?)
    }

    /// The tokens that were made, for what is put back.
    pub fn tokens(&self) -> anyhow::Result<BTreeMap<String, Secret>> {
        let files =
            [(LOG_TOKEN, self.data.log_token_file(&self.tenant)), (EVENT_TOKEN, self.file(EVENT_FILE))];
        let mut tokens = BTreeMap::new();
        for (name, file) in files {
            if let Some(lines) = file.find()? {
                tokens.insert(name.to_owned(), first(lines)?);
            }
        }
        Ok(tokens)
    }

    /// The key shared with the tenant's Actions, as their secret has it.
    pub fn action_key(&self) -> anyhow::Result<String> {
        self.data.action_file(&self.tenant).get()?.into_iter().next().context("no key")
    }

    /// The secret of the service's client, where it got one.
    pub fn service_secret(&self) -> anyhow::Result<Option<Secret>> {
        self.file(SECRET_FILE).find()?.map(first).transpose()
    }

    /// Where the secret of the service's client is put.
    pub fn secret_path(&self) -> String {
        self.file(SECRET_FILE).path().display().to_string()
    }

    /// Keeps other installers away while it is held.
    pub fn lock(&self) -> anyhow::Result<fs::File> {
        let path = self.file("install.lock").path().to_owned();
        let file = fs::File::options().create(true).truncate(false).write(true).open(&path);
        let file = file.with_context(|| format!("can't open `{}`", path.display()))?;
        if file.try_lock().is_err() {
            bail!("another installer is at work at this tenant");
        }
        Ok(file)
    }
}

/// The token in use.
fn first(lines: Vec<String>) -> anyhow::Result<Secret> {
    Ok(Secret::new(lines.into_iter().next().context("no token")?.into_bytes()))
}

impl Keeper for Kept {
    fn keep(&self, journal: &Journal) -> Result<(), KeepError> {
        let told = |error: anyhow::Error| KeepError(format!("{error:#}"));
        let text = serde_json::to_string(journal).map_err(|error| told(error.into()))?;
        self.file("install.json").replace(&[text]).map_err(told)
    }

    fn keep_secret(&self, _: &str, value: &Secret) -> Result<(), KeepError> {
        let text = String::from_utf8_lossy(value.expose()).into_owned();
        self.file(SECRET_FILE).replace(&[text]).map_err(|error| KeepError(format!("{error:#}")))
    }
}

#[cfg(test)]
mod tests {
    use std::os::unix::fs::PermissionsExt;

    use super::*;

    #[test]
    fn a_journal_comes_back_and_another_s_is_refused() {
        let folder = tempfile::tempdir().unwrap();
        let kept = |tenant: &str| Kept::new(DataDir::open(folder.path()).unwrap(), tenant.parse().unwrap());
        let journal = Journal::new("acme".parse().unwrap());
        kept("acme").keep(&journal).unwrap();
        assert_eq!(kept("acme").journal().unwrap(), journal);
        assert_eq!(kept("other").journal().unwrap().runs, []);
        let path = folder.path().join("acme.install.json");
        assert_eq!(fs::metadata(&path).unwrap().permissions().mode() & 0o777, 0o600);
        fs::copy(&path, folder.path().join("other.install.json")).unwrap();
        assert!(kept("other").journal().is_err());
        fs::write(&path, "nonsense\n").unwrap();
        assert!(kept("acme").journal().unwrap_err().to_string().contains("no journal"));
    }

    #[test]
    fn two_installers_at_once_are_refused() {
        let folder = tempfile::tempdir().unwrap();
        let kept = || Kept::new(DataDir::open(folder.path()).unwrap(), "acme".parse().unwrap());
        let held = kept().lock().unwrap();
        assert!(kept().lock().is_err());
        drop(held);
        assert!(kept().lock().is_ok());
    }
}
