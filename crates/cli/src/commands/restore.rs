//! `countersign restore`

mod known;
pub mod staging;

use std::{collections::BTreeMap, path::Path, sync::Arc};

use anyhow::{Context, bail};
use countersign_app::{
    App,
    access::{Caller, Ended},
    audit::{AuditFailure, RETIRED_VERIFIERS, audit},
    checkpoint_file_name,
};
use countersign_core::TenantId;
use countersign_rights::{Action, How};
use countersign_store::{Access, Store};

use self::{
    known::{Known, Rollback, set_aside, trust},
    staging::{Staging, finish_earlier},
};
use super::{Verdict, print, verify::read_checkpoints};
use crate::{
    args::Restore,
    compose::{Base, open_store, system_clock},
    config::{self, Config},
    data_dir::{DataDir, KEYS_FILE, RECORDS_FILE},
    key_file::KeyFile,
    manifest::{Erasures, Manifest},
    place::demand,
};

/// What is said where the records are in PostgreSQL.
const POSTGRES: &str = "the records are in PostgreSQL: restore their database by `pg_restore` or your provider's means; \
    the service then tells at its start whether that is an older copy";

pub async fn run(args: Restore) -> anyhow::Result<Verdict> {
    let mut config = config::load(args.config.as_deref())?;
    config.storage.directory.clone_from(&args.data);
    demand(&config, None, Action::MaintainData).await?;
    if config.storage.is_postgres() && args.from.is_some() {
        bail!(POSTGRES);
    }
    let data = DataDir::open(&args.data)?;
    // Why: held until the files are moved, so that no service begins to write what is being replaced.
    let lock = data.lock()?;
    if finish_earlier(&args.data)? {
        print("An earlier restore that was cut off is finished.\n");
        if args.from.is_some() {
            bail!(
                "no other was begun: look at what is there, and call it again if another backup is to replace that"
            );
        }
        return Ok(Verdict::Holds);
    }
    match &args.from {
        Some(from) => from_backup(&args, config, from).await,
        None => {
            // Why: nothing is moved, and the store is locked as it is opened.
            drop(lock);
            in_place(&args, config).await
        }
    }
}

async fn from_backup(args: &Restore, config: Config, from: &Path) -> anyhow::Result<Verdict> {
    let manifest = Manifest::read_listing(from, RECORDS_FILE)?;
    let mut faults = manifest.faults(from);
    if let Some(keys) = &args.keys {
        faults.extend(Manifest::read_listing(keys, KEYS_FILE)?.faults(keys));
    }
    if !faults.is_empty() {
        print(&format!("{}\n", faults.join("\n")));
        return Ok(Verdict::Fails);
    }
    let mut known = Known::default();
    let replaced = replaced(&config).await?;
    if let Some(store) = &replaced {
        known.add_store(store).await?;
    }
    let staging = fill(args, from, &manifest)?;
    let made = judge(args, config, (known, replaced), &staging).await;
    match made {
        Ok(Verdict::Holds) => {
            if let Some(aside) = staging.finish()? {
                print(&format!("What was there before is in {}; delete it in time.\n", aside.display()));
            }
            print(&format!("{} holds the backup.\n", args.data.display()));
            Ok(Verdict::Holds)
        }
        other => {
            staging.remove()?;
            other
        }
    }
}

/// The store that is replaced; `None` when the data directory holds none.
async fn replaced(config: &Config) -> anyhow::Result<Option<Store>> {
    if !config.storage.directory.join(RECORDS_FILE).exists() {
        return Ok(None);
    }
    // Why: the directory's lock is held, and nothing is to be written.
    let store = open_store(config, Access::ReadOnly, &system_clock()).await;
    store.map(Some).context("can't open the data that are replaced; move them away if they are broken")
}

/// Copies what comes from the backup, and what stays: people's keys, unless the backup has them, and retired public keys.
/// Of the backup nothing is taken that its manifest does not list.
fn fill(args: &Restore, from: &Path, manifest: &Manifest) -> anyhow::Result<Staging> {
    let staging = Staging::begin(&args.data)?;
    staging.copy(from, RECORDS_FILE)?;
    let has_keys = staging.copy(args.keys.as_deref().unwrap_or(&args.data), KEYS_FILE)?;
    if args.keys.is_none() {
        staging.copy(&args.data, &format!("{KEYS_FILE}-wal"))?;
    }
    if !has_keys {
        print("No people's keys were given, so nothing that was recorded about people can be read.\n");
    }
    let mut retired = Vec::new();
    let listed = Some(from).filter(|_| manifest.lists(RETIRED_VERIFIERS));
    for folder in listed.into_iter().chain([args.data.as_path()]) {
        let found = KeyFile::at(folder.join(RETIRED_VERIFIERS)).find()?.unwrap_or_default();
        retired.extend(found.into_iter().filter(|line| !retired.contains(line)).collect::<Vec<_>>());
    }
    if !retired.is_empty() {
        KeyFile::at(staging.folder().join(RETIRED_VERIFIERS)).replace(&retired)?;
    }
    Ok(staging)
}

/// Checks what came, refuses what is too old, and erases again.
async fn judge(
    args: &Restore,
    mut config: Config,
    (mut known, replaced): (Known, Option<Store>),
    staging: &Staging,
) -> anyhow::Result<Verdict> {
    let base = Base::keys_of(&config)
        .context("the keys that the ledger was begun with are needed: put `master.key` and `checkpoint.key` into the data directory")?;
    let folder = staging.folder();
    let store = Store::open_sqlite(folder, Access::Own, &base.clock).context("the backup can't be opened")?;
    let sizes = sizes(&store).await?;
    known.add_files(&config, &args.data)?;
    take_given(args, &config, folder, &mut known)?;
    let rollbacks = known.rollbacks(&sizes);
    let is_newer = known.is_newer(&sizes);
    if !is_allowed(args, &rollbacks, is_newer) {
        return Ok(Verdict::Fails);
    }
    for (tenant, size) in &sizes {
        if !holds(&config, folder, &store, tenant, &known.notes(tenant, *size)).await? {
            return Ok(Verdict::Fails);
        }
    }
    let goes_on = match &replaced {
        Some(replaced) => goes_on(replaced, &store, &sizes).await?,
        None => false,
    };
    drop(replaced);
    let rolled_back = rollbacks.iter().map(|rollback| &rollback.tenant);
    for tenant in sizes.keys().chain(rolled_back).chain(known.erasures.keys()) {
        config.tenants.entry(tenant.clone()).or_default();
    }
    let app = base.existing_app_beside(&config, store, folder).await?;
    app.finish_erasures().await?;
    let by = Caller::local(How::Process);
    for (tenant, keys) in &known.erasures {
        let count = app.repeat_erasures(app.tenant(tenant)?.as_ref(), &by, keys).await?;
        if count > 0 {
            print(&format!("{count} erasures of {tenant} that the backup did not know were repeated.\n"));
        }
    }
    // Why of those alone: in data that went another way what was granted since is not there, and nobody took it back.
    let ended = known.ended.as_ref().filter(|_| goes_on);
    end_access(&app, ended, !goes_on).await?;
    tell(&app, &rollbacks).await?;
    Ok(Verdict::Holds)
}

/// Whether the data that are replaced went on from this copy: each of its ledgers has its last leaf at the same place there.
async fn goes_on(replaced: &Store, copy: &Store, sizes: &BTreeMap<TenantId, u64>) -> anyhow::Result<bool> {
    for (tenant, size) in sizes {
        let Some(last) = size.checked_sub(1) else { continue };
        let [there, here] =
            [replaced.list_leaves(tenant, last, 1).await?, copy.list_leaves(tenant, last, 1).await?]
                .map(|leaves| leaves.into_iter().next().map(|row| row.leaf));
        if there != here {
            return Ok(false);
        }
    }
    Ok(true)
}

/// Signs everybody out, and takes back again what had been taken back since, as far as that is known.
async fn end_access(app: &Arc<App>, ended: Option<&Ended>, is_unknown: bool) -> anyhow::Result<()> {
    let count = app.end_what_ended(ended).await?;
    print("Sessions and one-time links of before hold no more: everybody signs in anew.\n");
    if count > 0 {
        print(&format!("{count} people, accounts, tokens and roles were taken back again.\n"));
    }
    if is_unknown {
        print(
            "What was taken back since this copy was made is not known here, and holds again: look at `countersign access` \
             people, roles and accounts, and at `countersign risk-token list`.\n",
        );
    }
    Ok(())
}

/// Takes the checkpoints and the list of erasures that were given.
fn take_given(args: &Restore, config: &Config, folder: &Path, known: &mut Known) -> anyhow::Result<()> {
    for (note, path) in read_checkpoints(&args.checkpoint)?.iter().zip(&args.checkpoint) {
        known.add_checkpoint(config, folder, note).with_context(|| format!("`{}`", path.display()))?;
    }
    if let Some(path) = &args.erasures {
        for (tenant, keys) in Erasures::read(path)?.keys {
            known.erasures.entry(tenant).or_default().extend(keys);
        }
    }
    known.erasures.retain(|_, keys| !keys.is_empty());
    for keys in known.erasures.values_mut() {
        keys.sort();
        keys.dedup();
    }
    Ok(())
}

/// Says what would be lost; whether that is meant.
fn is_allowed(args: &Restore, rollbacks: &[Rollback], is_newer: bool) -> bool {
    for Rollback { tenant, from, to } in rollbacks {
        print(&format!("The ledger of {tenant} would be rolled back from {from} leaves to {to}.\n"));
    }
    let mut is_allowed = true;
    if !rollbacks.is_empty() && !args.accept_rollback {
        print("Look for a newer backup; or accept by --accept-rollback that the rest is lost.\n");
        is_allowed = false;
    }
    if is_newer && !args.force {
        print("The data directory holds newer data; --force moves them aside.\n");
        is_allowed = false;
    }
    is_allowed
}

/// Whether a ledger is sound and agrees with checkpoints from elsewhere.
async fn holds(
    config: &Config,
    folder: &Path,
    store: &Store,
    tenant: &TenantId,
    notes: &[String],
) -> anyhow::Result<bool> {
    match audit(store, tenant, &trust(config, folder, tenant)?, notes).await {
        Ok(report) => {
            print(&format!("The ledger of {tenant} holds: {} leaves.\n", report.size));
            Ok(true)
        }
        Err(AuditFailure::Store(error)) => Err(error.into()),
        Err(error) => {
            print(&format!("The ledger of {tenant} does not hold: {error}.\n"));
            Ok(false)
        }
    }
}

/// Tells the ledgers that they were rolled back, and signs them.
async fn tell(app: &App, rollbacks: &[Rollback]) -> anyhow::Result<()> {
    for Rollback { tenant, from, to } in rollbacks {
        app.record_rollback(app.tenant(tenant)?.as_ref(), *from, *to).await?;
        print(&format!("The ledger of {tenant} tells that it was rolled back from {from} leaves to {to}.\n"));
    }
    sign(app).await
}

async fn sign(app: &App) -> anyhow::Result<()> {
    for tenant in app.tenants() {
        app.sign_checkpoint(tenant).await?;
    }
    Ok(())
}

async fn sizes(store: &Store) -> anyhow::Result<BTreeMap<TenantId, u64>> {
    let mut sizes = BTreeMap::new();
    for tenant in store.list_tenants().await? {
        let size = store.get_ledger_head(&tenant).await?.frontier.size();
        sizes.insert(tenant, size);
    }
    Ok(sizes)
}

/// Accepts that the data that are there are an older copy.
async fn in_place(args: &Restore, mut config: Config) -> anyhow::Result<Verdict> {
    let (base, folder) = (Base::find(&config)?, args.data.as_path());
    let store = open_store(&config, Access::Own, &base.clock).await?;
    let sizes = sizes(&store).await?;
    let mut known = Known::default();
    known.add_files(&config, folder)?;
    take_given(args, &config, folder, &mut known)?;
    let rollbacks = known.rollbacks(&sizes);
    if !is_allowed(args, &rollbacks, false) {
        return Ok(Verdict::Fails);
    }
    for (tenant, size) in &sizes {
        if !holds(&config, folder, &store, tenant, &known.notes(tenant, *size)).await? {
            return Ok(Verdict::Fails);
        }
        config.tenants.entry(tenant.clone()).or_default();
    }
    for tenant in rollbacks.iter().map(|rollback| &rollback.tenant).chain(known.erasures.keys()) {
        config.tenants.entry(tenant.clone()).or_default();
    }
    // Why: the checkpoints that go further stay where they are until the ledger has told of the loss.
    let staging = Staging::begin(folder)?;
    staging.copy(folder, RETIRED_VERIFIERS)?;
    let app = base.existing_app_beside(&config, store, staging.folder()).await?;
    let by = Caller::local(How::Process);
    for (tenant, keys) in &known.erasures {
        app.repeat_erasures(app.tenant(tenant)?.as_ref(), &by, keys).await?;
    }
    tell(&app, &rollbacks).await?;
    for rollback in &rollbacks {
        set_aside(folder, &rollback.tenant)?;
    }
    // Why last: one that could not set a checkpoint aside is called again, and must not have caught up with it by then.
    end_access(&app, None, true).await?;
    sign(&app).await?;
    for tenant in app.tenants() {
        staging.put(&checkpoint_file_name(tenant.id().as_str()))?;
    }
    staging.remove()?;
    if rollbacks.is_empty() {
        print("No checkpoint goes further than the data.\n");
    }
    Ok(Verdict::Holds)
}
