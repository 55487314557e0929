//! `countersign verify`

use std::{
    collections::BTreeSet,
    path::{Path, PathBuf},
    sync::Arc,
};

use anyhow::{Context, bail};
use countersign_app::audit::{AuditFailure, audit};
use countersign_core::{Clock, Secret, TenantId};
use countersign_ledger::{
    checkpoint,
    note::{Signer, Verifier},
    receipt::Receipt,
};
use countersign_store::{Access, Store};

use super::{Verdict, print};
use crate::{
    args::Verify,
    clock::SystemClock,
    compose::open_store,
    config::{self, Config},
    data_dir::parse_hex,
};

pub async fn run(args: Verify) -> anyhow::Result<Verdict> {
    let verifier = args.verifier.as_deref().map(read_verifier).transpose()?;
    if let Some(path) = &args.receipt {
        let Some(verifier) = verifier else {
            bail!("a receipt is checked against a key that you trust: name its file by --verifier")
        };
        return verify_receipt(path, &verifier);
    }
    let config = config::load(args.config.as_deref())?;
    let folder = args.data.as_deref().context("a receipt or a data directory is needed")?;
    let clock: Arc<dyn Clock> = Arc::new(SystemClock::start());
    let store = open_store(folder, Access::ReadOnly, &clock)?;
    let tenants = match args.tenant {
        Some(tenant) => vec![tenant],
        None => store.list_tenants().await?,
    };
    if tenants.is_empty() {
        bail!("`{}` holds no ledger", folder.display());
    }
    let given = read_checkpoints(&args.checkpoint)?;
    let mut unused: BTreeSet<usize> = (0..given.len()).collect();
    let mut verdict = Verdict::Holds;
    for tenant in tenants {
        let key = match &verifier {
            Some(verifier) => verifier.clone(),
            None => own_verifier(&config, folder, &tenant)?,
        };
        let mut known = beside(folder, &tenant, &key)?;
        for (index, note) in
            given.iter().enumerate().filter(|(_, note)| note.lines().next() == Some(key.name()))
        {
            unused.remove(&index);
            known.push(note.clone());
        }
        if verify_ledger(&store, &tenant, &key, &known).await? == Verdict::Fails {
            verdict = Verdict::Fails;
        }
    }
    if let Some(path) = unused.first().and_then(|index| args.checkpoint.get(*index)) {
        bail!("`{}` is of none of the ledgers that were checked", path.display());
    }
    Ok(verdict)
}

fn read_verifier(path: &Path) -> anyhow::Result<Verifier> {
    let text = std::fs::read_to_string(path).with_context(|| format!("can't read `{}`", path.display()))?;
    text.trim().parse().with_context(|| format!("`{}`", path.display()))
}

fn verify_receipt(path: &Path, verifier: &Verifier) -> anyhow::Result<Verdict> {
    let json = std::fs::read(path).with_context(|| format!("can't read `{}`", path.display()))?;
    match Receipt::from_json(&json).and_then(|receipt| receipt.verify(verifier)) {
        Ok(verified) => {
            print(&format!(
                "The receipt holds: {} `{}` of {} is leaf {} of {} that {} signed.\n",
                verified.leaf.kind,
                verified.leaf.id,
                verified.leaf.at,
                verified.index,
                verified.size,
                verifier.name()
            ));
            Ok(Verdict::Holds)
        }
        Err(error) => {
            print(&format!("The receipt does not hold: {error}.\n"));
            Ok(Verdict::Fails)
        }
    }
}

/// The verifier of the installation's own key: enough to find damage, not a forger who has the key.
pub fn own_verifier(config: &Config, folder: &Path, tenant: &TenantId) -> anyhow::Result<Verifier> {
    let path = folder.join("checkpoint.key");
    let text = match &config.keys.checkpoint {
        Some(reference) => reference.fetch().context("`keys.checkpoint`")?,
        None => Secret::new(std::fs::read(&path).with_context(|| {
            format!("can't read `{}`; name the key by --config or a verifier by --verifier", path.display())
        })?),
    };
    let seed = parse_hex(text.expose().trim_ascii())?;
    let seed: [u8; 32] = seed.expose().try_into().context("a key has 32 bytes")?;
    Ok(Signer::from_seed(&checkpoint::origin(&config.ledger.site, tenant)?, &seed)?.verifier())
}

/// The checkpoint from beside the database; one that a crash left unfinished is passed over, with a word.
fn beside(folder: &Path, tenant: &TenantId, key: &Verifier) -> anyhow::Result<Vec<String>> {
    let path = folder.join(countersign_app::checkpoint_file_name(tenant.as_str()));
    if !path.exists() {
        return Ok(Vec::new());
    }
    let note = std::fs::read_to_string(&path).with_context(|| format!("can't read `{}`", path.display()))?;
    if note.trim().is_empty() {
        print(&format!("`{}` is empty and was passed over.\n", path.display()));
        return Ok(Vec::new());
    }
    anyhow::ensure!(note.lines().next() == Some(key.name()), "`{}` is of another ledger", path.display());
    Ok(vec![note])
}

fn read_checkpoints(paths: &[PathBuf]) -> anyhow::Result<Vec<String>> {
    let read = |path: &PathBuf| {
        std::fs::read_to_string(path).with_context(|| format!("can't read `{}`", path.display()))
    };
    paths.iter().map(read).collect()
}

async fn verify_ledger(
    store: &Store,
    tenant: &TenantId,
    key: &Verifier,
    known: &[String],
) -> anyhow::Result<Verdict> {
    match audit(store, tenant, key, known).await {
        Ok(report) => {
            print(&format!(
                "The ledger of {tenant} holds: {} leaves, {} of them signed, {} checkpoints checked, root {}.\n",
                report.size, report.signed, report.checkpoints_checked, report.root
            ));
            Ok(Verdict::Holds)
        }
        Err(AuditFailure::Store(error)) => Err(error.into()),
        Err(error) => {
            print(&format!("The ledger of {tenant} does not hold: {error}.\n"));
            Ok(Verdict::Fails)
        }
    }
}
