//! `countersign keys rotate checkpoint`

use anyhow::{Context, bail};
use countersign_app::audit::RETIRED_VERIFIERS;
use countersign_ledger::{checkpoint::Checkpoint, note::Verifier};
use countersign_rights::Action;
use countersign_store::{Access, Store};

use super::super::{Verdict, print, verify::own_verifiers};
use crate::{
    args::RotateInSteps,
    clock::SystemEntropy,
    compose::{open_store, system_clock},
    config::Config,
    data_dir::{DataDir, hex, random},
    place::demand,
};

/// The file of the keys.
pub(super) const FILE: &str = "checkpoint.key";

pub async fn rotate(RotateInSteps { finish, folder }: &RotateInSteps) -> anyhow::Result<Verdict> {
    let config = folder.load()?;
    demand(&config, None, Action::MaintainData).await?;
    let data = DataDir::found(&config.storage.directory)?;
    if *finish {
        return end(&config, &data).await;
    }
    if config.keys.checkpoint.is_some() {
        bail!(
            "the key is that of `keys.checkpoint`: put the new one there and the old one into `keys.earlier_checkpoints`, of every replica where there are several, restart, then call this with --finish"
        );
    }
    super::add(&data.key_file(FILE), hex(&random(&SystemEntropy)?))?;
    let restart = if config.storage.is_postgres() {
        "Give every replica that file and restart each: once all have it"
    } else {
        "Restart the service: from then on"
    };
    print(&format!(
        "The new key is the first line of {}. {restart}, both keys sign each checkpoint.\n\
         Give the new key line of /v1/ledger/<tenant>/verifier to whoever checks; then call this again with --finish.\n",
        data.key_file(FILE).path().display()
    ));
    Ok(Verdict::Holds)
}

/// Keeps the earlier public keys on record and drops the earlier keys.
async fn end(config: &Config, data: &DataDir) -> anyhow::Result<Verdict> {
    let store = open_store(config, Access::ReadOnly, &system_clock()).await?;
    let mut retired = Vec::new();
    for tenant in store.list_tenants().await? {
        let keys = own_verifiers(config, &tenant)?;
        let (current, earlier) = keys.split_first().context("no checkpoint key")?;
        assert_signed(&store, &tenant, current).await?;
        retired.extend(earlier.iter().cloned());
    }
    // Why: on record before a key is dropped, so that a cut between the two loses nothing.
    keep(data, &retired)?;
    if config.keys.checkpoint.is_none() && config.keys.earlier_checkpoints.is_empty() {
        super::drop_earlier(&data.key_file(FILE))?;
        print("The new key signs alone from the next start on. ");
        if config.storage.is_postgres() {
            print("Give every replica that file too, then restart each. ");
        }
    } else if config.storage.is_postgres() {
        print("Take the earlier keys out of the configuration of every replica and restart each. ");
    } else {
        print("Take the earlier keys out of the configuration and restart the service. ");
    }
    print(&format!(
        "The earlier public keys are kept in {}, so that older checkpoints can be checked.\n",
        data.path().join(RETIRED_VERIFIERS).display()
    ));
    Ok(Verdict::Holds)
}

/// Refuses while the key in use has not signed the newest checkpoint: the service would not start with it alone.
async fn assert_signed(
    store: &Store,
    tenant: &countersign_core::TenantId,
    current: &Verifier,
) -> anyhow::Result<()> {
    let newest = store.find_newest_checkpoint(tenant).await?;
    if newest.is_some_and(|newest| Checkpoint::open(&newest.note, current).is_err()) {
        bail!(
            "the new key has not signed a checkpoint of `{tenant}` yet: start the service with both keys first"
        );
    }
    Ok(())
}

/// Adds public keys to those that are on record.
fn keep(data: &DataDir, retired: &[Verifier]) -> anyhow::Result<()> {
    let file = data.key_file(RETIRED_VERIFIERS);
    let mut lines = file.find()?.unwrap_or_default();
    for line in retired.iter().map(ToString::to_string) {
        if !lines.contains(&line) {
            lines.push(line);
        }
    }
    if lines.is_empty() { Ok(()) } else { file.replace(&lines) }
}

#[cfg(test)]
mod tests {
    use countersign_ledger::checkpoint;

    use super::*;
    use crate::{commands::verify::verifier, data_dir::parse_hex};

    #[test]
    fn a_public_key_is_kept_once() {
        let folder = tempfile::tempdir().unwrap();
        let data = DataDir::found(folder.path()).unwrap();
        let origin = checkpoint::origin("log.example", &"acme".parse().unwrap()).unwrap();
        let key = |byte: &str| verifier(&origin, &parse_hex(byte.repeat(32).as_bytes()).unwrap()).unwrap();
        keep(&data, &[]).unwrap();
        assert_eq!(data.key_file(RETIRED_VERIFIERS).find().unwrap(), None);
        keep(&data, &[key("07")]).unwrap();
        keep(&data, &[key("07"), key("08")]).unwrap();
        let kept = countersign_app::audit::retired_verifiers(folder.path(), &origin).unwrap();
        assert_eq!(kept, [key("07"), key("08")]);
    }
}
