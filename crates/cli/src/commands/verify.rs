//! `countersign verify`

use std::{
    collections::BTreeSet,
    path::{Path, PathBuf},
};

use anyhow::{Context, bail};
use countersign_app::audit::{AuditFailure, RETIRED_VERIFIERS, Trust, audit, retired_verifiers};
use countersign_core::{Secret, TenantId};
use countersign_ledger::{
    checkpoint::{self, CheckpointError},
    note::{NoteError, Signer, Verifier},
    receipt::{Receipt, ReceiptError},
};
use countersign_rights::Action;
use countersign_store::{Access, Store};

use super::{Verdict, print};
use crate::{
    args::{Folder, Verify},
    compose::{fetch, open_store, system_clock},
    config::Config,
    data_dir::{DataDir, parse_hex},
    key_file::lines,
    place::{demand, place},
};

pub async fn run(args: Verify) -> anyhow::Result<Verdict> {
    let given = args.verifier.as_deref().map(read_verifiers).transpose()?;
    if let Some(path) = &args.receipt {
        let Some(verifiers) = given else {
            bail!("a receipt is checked against a key that you trust: name its file by --verifier")
        };
        return verify_receipt(path, &verifiers);
    }
    let config = Folder { config: args.config, data: args.data }.load()?;
    demand(&config, args.tenant.as_ref(), Action::ReadLedger).await?;
    let folder = &config.storage.directory;
    let store = open_store(&config, Access::ReadOnly, &system_clock()).await?;
    let tenants = match args.tenant {
        Some(tenant) => vec![tenant],
        None => store.list_tenants().await?,
    };
    if tenants.is_empty() {
        bail!("`{}` holds no ledger", place(&config));
    }
    for tenant in &tenants {
        demand(&config, Some(tenant), Action::ReadLedger).await?;
    }
    let checkpoints = read_checkpoints(&args.checkpoint)?;
    let mut unused: BTreeSet<usize> = (0..checkpoints.len()).collect();
    let mut verdict = Verdict::Holds;
    for tenant in tenants {
        let verifiers = match &given {
            Some(given) => of_tenant(given, &tenant)?,
            None => own_verifiers(&config, &tenant)?,
        };
        let origin = verifiers.first().context("no key")?.name().to_owned();
        let retired = retired_verifiers(folder, &origin)
            .with_context(|| format!("`{}`", folder.join(RETIRED_VERIFIERS).display()))?;
        let mut known = beside(folder, &tenant, &origin)?;
        for (index, note) in
            checkpoints.iter().enumerate().filter(|(_, note)| note.lines().next() == Some(&origin))
        {
            unused.remove(&index);
            known.push(note.clone());
        }
        if verify_ledger(&store, &tenant, &Trust { verifiers, retired }, &known).await? == Verdict::Fails {
            verdict = Verdict::Fails;
        }
    }
    if let Some(path) = unused.first().and_then(|index| args.checkpoint.get(*index)) {
        bail!("`{}` is of none of the ledgers that were checked", path.display());
    }
    Ok(verdict)
}

/// The keys in a file, one a line.
fn read_verifiers(path: &Path) -> anyhow::Result<Vec<Verifier>> {
    let text = std::fs::read_to_string(path).with_context(|| format!("can't read `{}`", path.display()))?;
    let keys = lines(&text).iter().map(|line| line.parse()).collect::<Result<Vec<Verifier>, _>>();
    let keys = keys.with_context(|| format!("`{}`", path.display()))?;
    anyhow::ensure!(!keys.is_empty(), "`{}` holds no key", path.display());
    Ok(keys)
}

/// Those of the keys that sign for this tenant's log, of one origin.
fn of_tenant(given: &[Verifier], tenant: &TenantId) -> anyhow::Result<Vec<Verifier>> {
    let first = given.iter().find(|key| checkpoint::is_origin_of(key.name(), tenant));
    let first = first.with_context(|| format!("no key that was given is of the ledger of `{tenant}`"))?;
    Ok(given.iter().filter(|key| key.name() == first.name()).cloned().collect())
}

fn verify_receipt(path: &Path, verifiers: &[Verifier]) -> anyhow::Result<Verdict> {
    let json = std::fs::read(path).with_context(|| format!("can't read `{}`", path.display()))?;
    let receipt = match Receipt::from_json(&json) {
        Ok(receipt) => receipt,
        Err(error) => return Ok(does_not_hold(&error)),
    };
    let mut refused = None;
    for verifier in verifiers {
        match receipt.verify(verifier) {
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
                return Ok(Verdict::Holds);
            }
            // Why: of several keys the one that signed has the more to say.
            Err(error) => refused = refused.filter(|known| !is_of_another_key(known)).or(Some(error)),
        }
    }
    refused.map_or_else(|| bail!("no key was given"), |error| Ok(does_not_hold(&error)))
}

const fn is_of_another_key(error: &ReceiptError) -> bool {
    matches!(error, ReceiptError::Checkpoint(CheckpointError::Note(NoteError::Unsigned)))
}

fn does_not_hold(error: &ReceiptError) -> Verdict {
    print(&format!("The receipt does not hold: {error}.\n"));
    Verdict::Fails
}

/// The verifiers of the installation's own keys: enough to find damage, not a forger who has the key.
pub fn own_verifiers(config: &Config, tenant: &TenantId) -> anyhow::Result<Vec<Verifier>> {
    let path = config.storage.directory.join("checkpoint.key");
    let mut seeds = match &config.keys.checkpoint {
        Some(reference) => fetch(reference).context("`keys.checkpoint`")?,
        None => DataDir::key_file_in(&config.storage.directory, "checkpoint.key")
            .get()
            .and_then(|lines| lines.iter().map(|line| parse_hex(line.as_bytes())).collect())
            .with_context(|| {
                format!("`{}`; name the key by --config or a verifier by --verifier", path.display())
            })?,
    };
    for reference in &config.keys.earlier_checkpoints {
        seeds.extend(fetch(reference).context("`keys.earlier_checkpoints`")?);
    }
    let origin = checkpoint::origin(&config.ledger.site, tenant)?;
    seeds.iter().map(|seed| verifier(&origin, seed)).collect()
}

/// The public key of a seed.
pub fn verifier(origin: &str, seed: &Secret) -> anyhow::Result<Verifier> {
    let seed: [u8; 32] = seed.expose().try_into().context("a key has 32 bytes")?;
    Ok(Signer::from_seed(origin, &seed)?.verifier())
}

/// The checkpoint from beside the database; one that a crash left unfinished is passed over, with a word.
pub fn beside(folder: &Path, tenant: &TenantId, origin: &str) -> anyhow::Result<Vec<String>> {
    let path = folder.join(countersign_app::checkpoint_file_name(tenant.as_str()));
    if !path.exists() {
        return Ok(Vec::new());
    }
    let note = std::fs::read_to_string(&path).with_context(|| format!("can't read `{}`", path.display()))?;
    if note.trim().is_empty() {
        print(&format!("`{}` is empty and was passed over.\n", path.display()));
        return Ok(Vec::new());
    }
    anyhow::ensure!(note.lines().next() == Some(origin), "`{}` is of another ledger", path.display());
    Ok(vec![note])
}

/// The checkpoints in files.
pub fn read_checkpoints(paths: &[PathBuf]) -> anyhow::Result<Vec<String>> {
    let read = |path: &PathBuf| {
        std::fs::read_to_string(path).with_context(|| format!("can't read `{}`", path.display()))
    };
    paths.iter().map(read).collect()
}

async fn verify_ledger(
    store: &Store,
    tenant: &TenantId,
    trust: &Trust,
    known: &[String],
) -> anyhow::Result<Verdict> {
    match audit(store, tenant, trust, known).await {
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
