//! `countersign backup`

use std::{collections::BTreeMap, fs, path::Path};

use anyhow::{Context, bail};
use countersign_app::{audit::RETIRED_VERIFIERS, checkpoint_file_name};
use countersign_core::TenantId;
use countersign_rights::Action;
use countersign_store::{Access, Store, backup_sqlite};

use super::{Verdict, print};
use crate::{
    args::Backup,
    compose::system_clock,
    data_dir::{KEYS_FILE, RECORDS_FILE},
    manifest::{ERASURES, Erasures, MANIFEST, Manifest, write, write_new},
    place::demand,
};

/// What is said where the records are in PostgreSQL.
const POSTGRES: &str = "the records are in PostgreSQL: back up their database by `pg_dump` or your provider's means. \
    Keep the database of people's keys out of that: dump it apart, keep it where the records' dumps are not, and no \
    longer than you must, since it brings erased people back";

pub async fn run(args: Backup) -> anyhow::Result<Verdict> {
    let config = args.folder.load()?;
    demand(&config, None, Action::MaintainData).await?;
    if config.storage.is_postgres() {
        bail!(POSTGRES);
    }
    let folder = &config.storage.directory;
    if args.to.join(MANIFEST).exists() {
        bail!("`{}` holds a backup already", args.to.display());
    }
    let (from, to, keys_to) = (folder.clone(), args.to.clone(), args.with_keys.clone());
    tokio::task::spawn_blocking(move || backup_sqlite(&from, &to, keys_to.as_deref())).await??;
    let copied = describe(folder, &args.to).await;
    // Why: whoever opens a copy leaves files of its own beside it.
    forget_traces(&args.to)?;
    let (mut names, ledgers, erasures) = copied?;
    let at = erasures.made_at;
    write(&args.to.join(ERASURES), &erasures)?;
    names.extend([RECORDS_FILE.to_owned(), ERASURES.to_owned()]);
    names.sort();
    write(&args.to.join(MANIFEST), &Manifest::describe(&args.to, &names, at, ledgers.clone())?)?;
    if let Some(keys_to) = &args.with_keys {
        let manifest = Manifest::describe(keys_to, &[KEYS_FILE.to_owned()], at, BTreeMap::new())?;
        write(&keys_to.join(MANIFEST), &manifest)?;
    }
    for (tenant, size) in &ledgers {
        print(&format!("The ledger of {tenant}: {size} leaves.\n"));
    }
    print(&format!(
        "Written to {}. The key files (master.key, checkpoint.key, *.action-key) are not in it: keep those in a secret store.\n",
        args.to.display()
    ));
    Ok(Verdict::Holds)
}

type Described = (Vec<String>, BTreeMap<TenantId, u64>, Erasures);

/// Looks at the copy, and puts beside it what tells how far it goes: names of files, sizes of ledgers, erasures so far.
async fn describe(folder: &Path, copy: &Path) -> anyhow::Result<Described> {
    let clock = system_clock();
    let store = Store::open_sqlite(copy, Access::ReadOnly, &clock).context("the copy can't be read")?;
    let (mut names, mut ledgers, mut keys) = (Vec::new(), BTreeMap::new(), BTreeMap::new());
    for tenant in store.list_tenants().await? {
        ledgers.insert(tenant.clone(), store.get_ledger_head(&tenant).await?.frontier.size());
        keys.insert(tenant.clone(), store.list_erasures(&tenant, None).await?);
        if let Some(newest) = store.find_newest_checkpoint(&tenant).await? {
            let name = checkpoint_file_name(tenant.as_str());
            write_new(&copy.join(&name), newest.note.as_bytes())?;
            names.push(name);
        }
    }
    match fs::read(folder.join(RETIRED_VERIFIERS)) {
        Ok(retired) => {
            write_new(&copy.join(RETIRED_VERIFIERS), &retired)?;
            names.push(RETIRED_VERIFIERS.to_owned());
        }
        Err(error) if error.kind() == std::io::ErrorKind::NotFound => {}
        Err(error) => bail!("can't read `{}`: {error}", folder.join(RETIRED_VERIFIERS).display()),
    }
    Ok((names, ledgers, Erasures::new(clock.now(), keys)))
}

/// Removes what a reader of a database leaves beside it.
fn forget_traces(folder: &Path) -> anyhow::Result<()> {
    for suffix in ["-shm", "-wal"] {
        let path = folder.join(format!("{RECORDS_FILE}{suffix}"));
        match fs::remove_file(&path) {
            Ok(()) => {}
            Err(error) if error.kind() == std::io::ErrorKind::NotFound => {}
            Err(error) => bail!("can't remove `{}`: {error}", path.display()),
        }
    }
    Ok(())
}
