//! `countersign ledger export`

use std::{fs, path::Path};

use anyhow::{Context, bail};
use countersign_app::audit::export_log;
use countersign_core::TenantId;
use countersign_ledger::{
    checkpoint::Checkpoint,
    export::{File, record_files},
    note::Verifier,
    receipt::{Base64, Format, Receipt},
};
use countersign_rights::Action;
use countersign_store::{Access, CheckpointRow, Scope, Store};

use super::{Verdict, print, verify::own_verifiers};
use crate::{
    args::Export,
    compose::{open_store, system_clock},
    place::demand,
};

pub async fn export(args: Export) -> anyhow::Result<Verdict> {
    let config = args.folder.load()?;
    demand(&config, args.tenant.as_ref(), Action::ReadLedger).await?;
    let store = open_store(&config, Access::ReadOnly, &system_clock()).await?;
    let tenant = match args.tenant {
        Some(tenant) => tenant,
        None => only_tenant(store.list_tenants().await?)?,
    };
    demand(&config, Some(&tenant), Action::ReadLedger).await?;
    let newest = store
        .find_newest_checkpoint(&tenant)
        .await?
        .context("nothing is signed yet; a running server signs each second")?;
    let verifiers = own_verifiers(&config, &tenant)?;
    let signed =
        verifiers.into_iter().find_map(|key| Some((Checkpoint::open(&newest.note, &key).ok()?, key)));
    let (signed, verifier) = signed.context("the newest checkpoint is not signed by this key")?;
    anyhow::ensure!(signed.size == newest.size, "the newest checkpoint is not the one that its row names");
    fs::create_dir_all(&args.out).with_context(|| format!("can't make `{}`", args.out.display()))?;
    let write = |file: File| write_file(&args.out, &file);
    write(File { path: "checkpoint".to_owned(), bytes: newest.note.clone().into_bytes() })?;
    write(File { path: "verifier.key".to_owned(), bytes: format!("{verifier}\n").into_bytes() })?;
    let written = export_log(&store, &tenant, newest.size, &mut |file| write_file(&args.out, &file))?;
    if (written.size(), written.root()) != (signed.size, signed.root) {
        print(
            "What was written is not what was signed: the ledger is damaged. `countersign verify` names the leaf.\n",
        );
        return Ok(Verdict::Fails);
    }
    if let Some(record) = &args.record {
        let receipt = receipt(&store, &tenant, record, newest, &verifier).await?;
        for file in record_files(&receipt) {
            write(file)?;
        }
        write(File { path: "receipt.json".to_owned(), bytes: serde_json::to_vec_pretty(&receipt)? })?;
    }
    print(&format!("Written to {}.\n", args.out.display()));
    Ok(Verdict::Holds)
}

/// The one tenant that there is.
pub fn only_tenant(tenants: Vec<TenantId>) -> anyhow::Result<TenantId> {
    match <[TenantId; 1]>::try_from(tenants) {
        Ok([tenant]) => Ok(tenant),
        Err(tenants) if tenants.is_empty() => bail!("the data directory holds no ledger"),
        Err(tenants) => bail!("name one of {} tenants by --tenant", tenants.len()),
    }
}

async fn receipt(
    store: &Store,
    tenant: &TenantId,
    record: &str,
    checkpoint: CheckpointRow,
    verifier: &Verifier,
) -> anyhow::Result<Receipt> {
    let leaf = store
        .find_leaf(Scope::Tenant(tenant), record)
        .await?
        .with_context(|| format!("there is no record `{record}`"))?;
    if leaf.index >= checkpoint.size {
        bail!("no checkpoint covers the record yet; a running server signs each second");
    }
    let proof = store.inclusion_proof(tenant, leaf.index, checkpoint.size).await?;
    Ok(Receipt {
        format: Format::V1,
        index: leaf.index,
        leaf: Base64(leaf.leaf),
        proof,
        checkpoint: checkpoint.note,
        verifier: verifier.to_string(),
        openings: Vec::new(),
    })
}

fn write_file(folder: &Path, file: &File) -> std::io::Result<()> {
    let path = folder.join(&file.path);
    if let Some(parent) = path.parent() {
        fs::create_dir_all(parent)?;
    }
    fs::write(path, &file.bytes)
}
