//! `countersign keys`

mod checkpoint;
mod master;

use anyhow::bail;
use countersign_rights::Action;
use countersign_server::signature::SigningKey;

use super::{Verdict, print};
use crate::{
    args::{Folder, Rotate, RotateAction},
    clock::SystemEntropy,
    compose::Base,
    data_dir::{DataDir, hex, random},
    key_file::KeyFile,
    place::demand,
};

pub async fn init(folder: &Folder) -> anyhow::Result<Verdict> {
    let config = folder.load()?;
    let base = Base::begin(&config).await?;
    base.action_keys(&config)?;
    base.log_tokens(&config)?;
    let is_file = |file: &KeyFile| file.path().exists();
    let of_tenant = |tenant| [base.data.action_file(tenant), base.data.log_token_file(tenant)];
    let of_tenants = config.tenants.keys().flat_map(of_tenant);
    let files =
        [checkpoint::FILE, master::FILE].map(|name| base.data.key_file(name)).into_iter().chain(of_tenants);
    for file in files.filter(is_file) {
        print(&format!("{}\n", file.path().display()));
    }
    print(
        "Every replica needs the same: give each these files, and keep a copy where you keep such things.\n",
    );
    Ok(Verdict::Holds)
}

pub async fn rotate(command: Rotate) -> anyhow::Result<Verdict> {
    match command {
        Rotate::Action(args) => action(&args).await,
        Rotate::Checkpoint(args) => checkpoint::rotate(&args).await,
        Rotate::Master(args) => master::rotate(&args).await,
        Rotate::Operator(folder) => operator(&folder).await,
    }
}

async fn action(RotateAction { tenant, finish, folder }: &RotateAction) -> anyhow::Result<Verdict> {
    let config = folder.load()?;
    demand(&config, Some(tenant), Action::MaintainData).await?;
    if config.tenants.get(tenant).is_some_and(|tenant| !tenant.action_keys.is_empty()) {
        bail!(
            "the keys are those of `tenants.{tenant}.action_keys`: put the new one before the old one there, and later take the old one out"
        );
    }
    let file = DataDir::found(&config.storage.directory)?.action_file(tenant);
    if *finish {
        drop_earlier(&file)?;
        print("The earlier keys are not accepted any more; a running service follows within seconds.\n");
    } else {
        add(&file, SigningKey::text(&random(&SystemEntropy)?))?;
        print(&format!(
            "The new key is the first line of {}.\nGive it to the Actions (secret COUNTERSIGN_KEY) and deploy them; then call this again with --finish.\n",
            file.path().display()
        ));
    }
    Ok(Verdict::Holds)
}

async fn operator(folder: &Folder) -> anyhow::Result<Verdict> {
    let config = folder.load()?;
    demand(&config, None, Action::MaintainData).await?;
    let file = DataDir::found(&config.storage.directory)?.operator_file();
    file.get()?;
    file.replace(&[hex(&random(&SystemEntropy)?)])?;
    print(&format!(
        "The new token is in {}; a running service follows within seconds.\n",
        file.path().display()
    ));
    Ok(Verdict::Holds)
}

/// Puts a new key before the one in use.
fn add(file: &KeyFile, key: String) -> anyhow::Result<()> {
    let mut keys = file.get()?;
    if keys.len() > 1 {
        bail!("the keys are being rotated; end that by --finish first");
    }
    keys.insert(0, key);
    file.replace(&keys)
}

/// Keeps the key in use alone; the others are returned.
fn drop_earlier(file: &KeyFile) -> anyhow::Result<Vec<String>> {
    let mut keys = file.get()?;
    let earlier = keys.split_off(1);
    if earlier.is_empty() {
        bail!("there is one key only, so nothing is being rotated");
    }
    file.replace(&keys)?;
    Ok(earlier)
}
