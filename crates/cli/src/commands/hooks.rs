//! `countersign hooks`

use anyhow::Context;
use countersign_app::hooks::send_trial;
use countersign_core::{IdKind, IdMaker};

use super::{Verdict, print};
use crate::{args::TestHook, clock::SystemEntropy, compose::system_clock};

/// Sends a receiver one signed message from here, by the configuration alone.
pub async fn test(args: TestHook) -> anyhow::Result<Verdict> {
    let TestHook { name, tenant, folder } = args;
    let config = folder.load()?;
    let found = config.tenants.get(&tenant).and_then(|of| of.hooks.get(&name));
    let hook = found.with_context(|| format!("`tenants.{tenant}.hooks.{name}` is not configured"))?;
    let hook = hook.receiver(&name).with_context(|| format!("`tenants.{tenant}.hooks.{name}`"))?;
    let clock = system_clock();
    let now = clock.now();
    let id = IdMaker::new(IdKind::Record).try_make(now, &SystemEntropy)?;
    match send_trial(&hook, &tenant, &id, now).await {
        Ok(()) => {
            print("taken\n");
            Ok(Verdict::Holds)
        }
        Err(error) => {
            print(&format!("not taken: {error}\n"));
            Ok(Verdict::Fails)
        }
    }
}
