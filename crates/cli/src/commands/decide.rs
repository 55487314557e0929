//! `countersign decide`

use std::io::Read;

use anyhow::{Context, bail};
use countersign_app::explain::explain;
use countersign_auth0::trigger::Event;
use countersign_core::{Clock, Secret};
use countersign_policy::{Document, Snapshot};
use countersign_privacy::MasterKey;

use super::{Verdict, print, waterfall};
use crate::{args::Decide, clock::SystemClock, config};

/// The most bytes read from standard input, as the server's.
const MAX_BYTES: u64 = 64 * 1024;

/// Stands for the tenant of an event that names none.
const NO_TENANT: &str = "tenant";

pub fn run(args: &Decide) -> anyhow::Result<Verdict> {
    let mut bytes = Vec::new();
    std::io::stdin().take(MAX_BYTES + 1).read_to_end(&mut bytes).context("can't read standard input")?;
    if bytes.len() as u64 > MAX_BYTES {
        bail!("an event has at most {MAX_BYTES} bytes");
    }
    let event = Event::decode(args.trigger, &bytes, "event")?;
    let tenant_id = event.tenant_id();
    let policy = match &args.config {
        Some(path) => {
            let config = config::load(Some(path))?;
            let tenant = match &tenant_id {
                Some(id) => config.tenants.get(id),
                // Why: some events name no tenant, and where one is configured it is that one's.
                None => config.tenants.values().next().filter(|_| config.tenants.len() == 1),
            };
            tenant
                .with_context(|| format!("`{}` does not configure the event's tenant", path.display()))?
                .policy
                .clone()
        }
        None => Document::default(),
    };
    let policy = Snapshot::new(policy).map_err(|_| anyhow::anyhow!("the policy has faults"))?;
    // Why: pseudonyms play no part here but must come from some key; this one is no secret.
    let keys = MasterKey::new(&Secret::new(vec![0; 32]))?.tenant(&tenant_id.unwrap_or(NO_TENANT.parse()?));
    let explanation = explain(&event, &policy, &keys, SystemClock::start().now())?;
    if args.json {
        print(&format!("{}\n", serde_json::to_string_pretty(&explanation)?));
    } else {
        print(&waterfall::text(&explanation)?);
    }
    Ok(Verdict::Holds)
}
