//! `countersign keys rotate master`

use anyhow::{Context, bail};
use countersign_rights::Action;
use countersign_store::Access;

use super::super::{Verdict, print};
use crate::{
    args::RotateInSteps,
    clock::SystemEntropy,
    compose::{Base, open_store, system_clock},
    config::Config,
    data_dir::{DataDir, hex, random},
    place::demand,
};

/// The file of the keys.
pub(super) const FILE: &str = "master.key";

pub async fn rotate(RotateInSteps { finish, folder }: &RotateInSteps) -> anyhow::Result<Verdict> {
    let config = folder.load()?;
    demand(&config, None, Action::MaintainData).await?;
    let is_in_file = config.keys.master.is_none() && config.keys.earlier_masters.is_empty();
    // Why: held to the end, so that with SQLite no service runs meanwhile that knows the earlier key alone.
    let store = open_store(&config, Access::Own, &system_clock())
        .await
        .context("can't open the data; with SQLite stop the service first")?;
    if is_in_file {
        let file = DataDir::found(&config.storage.directory)?.key_file(FILE);
        let count = file.get()?.len();
        if count == 1 && (*finish || config.storage.is_postgres()) {
            return begin_shared(*finish, &file);
        }
        if count == 1 {
            super::add(&file, hex(&random(&SystemEntropy)?))?;
        } else if config.storage.is_postgres() && !finish {
            bail!("the keys are being rotated; end that by --finish, once every replica has both");
        }
    } else if config.keys.earlier_masters.is_empty() {
        bail!(
            "the key is that of `keys.master`: put the new one there and the old one into `keys.earlier_masters`, of every replica, restart them, and only then call this again: a replica that lacks one of both keys can't open what is wrapped under it"
        );
    }
    let count = rewrap(config.clone(), store).await?;
    print(&format!("{count} people's keys were wrapped anew; their pseudonyms stay as they were.\n"));
    if is_in_file {
        super::drop_earlier(&DataDir::found(&config.storage.directory)?.key_file(FILE))?;
        print("The earlier master key is dropped. Keep a copy of the new one where you keep such things.\n");
    } else {
        print("Take the earlier keys out of `keys.earlier_masters`, of every replica.\n");
    }
    Ok(Verdict::Holds)
}

/// With several replicas the new key must be everywhere before anything is wrapped under it.
fn begin_shared(finish: bool, file: &crate::key_file::KeyFile) -> anyhow::Result<Verdict> {
    if finish {
        bail!("there is one master key only, so nothing is being rotated");
    }
    super::add(file, hex(&random(&SystemEntropy)?))?;
    print(&format!(
        "The new key is the first line of {}.\nStop all replicas, give each that file, start them; only when every one has both keys, call this again with --finish.\n",
        file.path().display()
    ));
    Ok(Verdict::Holds)
}

/// Wraps the keys of all people of all tenants under the newest master key.
async fn rewrap(mut config: Config, store: countersign_store::Store) -> anyhow::Result<u64> {
    for tenant in store.list_tenants().await? {
        config.tenants.entry(tenant).or_default();
    }
    let base = Base::find(&config)?;
    if base.master_keys() < 2 {
        bail!("there is one master key only");
    }
    let is_shared = config.storage.is_postgres();
    let app = base.existing_app(&config, store).await?;
    let mut count = 0;
    for tenant in app.tenants() {
        count += pass_until_done(is_shared, async || app.rewrap_keys(tenant).await).await?;
        app.sign_checkpoint(tenant).await?;
    }
    Ok(count)
}

/// Makes one pass; or, beside replicas that may still wrap new keys under the earlier one, passes until one finds nothing.
async fn pass_until_done<E>(
    is_shared: bool,
    mut pass: impl AsyncFnMut() -> Result<u64, E>,
) -> Result<u64, E> {
    let mut count = pass().await?;
    let mut found = count;
    while is_shared && found > 0 {
        found = pass().await?;
        count += found;
    }
    Ok(count)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test]
    async fn beside_replicas_passes_are_made_until_one_finds_nothing() {
        for (is_shared, expected) in [(false, 3), (true, 4)] {
            let mut found = [3, 1, 0, 7].into_iter();
            let count = pass_until_done(is_shared, async || Ok::<u64, ()>(found.next().unwrap())).await;
            assert_eq!(count, Ok(expected));
        }
    }
}
