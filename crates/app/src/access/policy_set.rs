//! Which set of policies of access is in force, and what the configuration says of who gets in, is told to each ledger when it is another than
//! before.

use std::collections::BTreeMap;

use countersign_plan::sha256;
use countersign_store::{Commit, Write};
use serde::{Deserialize, Serialize};

use super::{Access, told::Fact};
use crate::{App, Error, Tenant};

/// Under which name the set that was last told stands beside a tenant's ledger.
const NAME: &str = "access_policies";

/// What the configuration says of access, as it stands among the files of policies.
const CONFIGURED: &str = "[access]";

/// The most bytes of the names that a leaf lists.
const MAX_NAMES_BYTES: usize = 4_096;

/// A set of policies: a hash over all of it, and one of each file and of what is configured.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
struct Set {
    sha256: String,
    files: BTreeMap<String, String>,
}

pub(super) fn hex(bytes: &[u8]) -> String {
    bytes.iter().map(|byte| format!("{byte:02x}")).collect()
}

impl App {
    /// Tells each ledger of the set that is in force, where it is another than the one that was told last.
    ///
    /// # Errors
    /// `Unavailable`.
    pub(crate) async fn record_access_policies(&self) -> Result<(), Error> {
        let rights = &self.access.rights;
        let files = rights.files().iter().map(|(name, digest)| (name.clone(), hex(digest)));
        let files = files.chain([(CONFIGURED.to_owned(), self.access.configured()?)]).collect();
        let set = Set { sha256: hex(&rights.digest()), files };
        for tenant in self.tenants.iter() {
            self.record_set(tenant, &set).await?;
        }
        Ok(())
    }

    async fn record_set(&self, tenant: &Tenant, set: &Set) -> Result<(), Error> {
        let kept = self.ports.store.find_log_cursor(&tenant.id, NAME).await?;
        // Why: what another version wrote is taken for another set, which is then told.
        let before: Option<Set> = kept.as_deref().and_then(|text| serde_json::from_str(text).ok());
        if before.as_ref() == Some(set) {
            return Ok(());
        }
        let none = Set { sha256: "none".to_owned(), files: BTreeMap::new() };
        let was = before.as_ref().unwrap_or(&none);
        let changed = listed(set.files.iter().filter(|(name, hash)| was.files.get(*name) != Some(hash)));
        let gone = listed(was.files.iter().filter(|(name, _)| !set.files.contains_key(*name)));
        let files = listed(&set.files);
        let facts = [
            Fact("before", &was.sha256),
            Fact("sha256", &set.sha256),
            Fact("configured", set.files.get(CONFIGURED).map_or("", String::as_str)),
            Fact("files", &files),
            Fact("changed", &changed),
            Fact("gone", &gone),
        ];
        let facts: Vec<_> = facts.into_iter().filter(|Fact(_, value)| !value.is_empty()).collect();
        let leaf = self.access_leaf(tenant, "access_policies_changed", &facts)?;
        let cursor = serde_json::to_string(set).map_err(Error::internal)?;
        let commit = Commit {
            leaves: vec![leaf],
            writes: vec![Write::LogCursor { name: NAME, cursor }],
            ..Commit::background(tenant.id.clone())
        };
        self.ports.store.commit(commit).await?;
        tracing::warn!(tenant.id = %tenant.id, sha256 = set.sha256, "another set of policies of access is in force");
        Ok(())
    }
}

impl Access {
    /// A hash over whom the configuration lets in, and what it gives them.
    fn configured(&self) -> Result<String, Error> {
        let issuer = self.provider.as_ref().map(|provider| provider.issuer());
        let tenants: Vec<_> = self.tokens.keys().collect();
        let all = serde_json::to_vec(&(issuer, &self.claims, tenants, self.fresh.as_secs(), &self.described));
        Ok(sha256(&all.map_err(Error::internal)?))
    }
}

fn listed<'a>(files: impl IntoIterator<Item = (&'a String, &'a String)>) -> String {
    let names: Vec<&str> = files.into_iter().map(|(name, _)| &**name).collect();
    let mut text = names.join(",");
    if text.len() > MAX_NAMES_BYTES {
        text.truncate(text.floor_char_boundary(MAX_NAMES_BYTES));
        text.push('\u{2026}');
    }
    text
}
