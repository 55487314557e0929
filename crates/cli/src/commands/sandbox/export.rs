//! The history of a scenario as JSON lines.

use std::{
    fs::File,
    io::{BufWriter, Write},
    path::Path,
    sync::Arc,
};

use anyhow::Context;
use countersign_core::Clock;
use countersign_sandbox::{
    Label, Scenario,
    tenant::{Options, Tenant, http::Shell},
};
use serde_json::json;

use super::NAME;
use crate::{
    args::Sandbox,
    clock::SystemClock,
    commands::{Verdict, print},
};

/// Where the tenant would be reached.
const URL: &str = "https://countersign-sandbox.example";

/// Writes the records of the past, and beside them which of them attackers left.
pub async fn run(args: &Sandbox, scenario: Option<Scenario>, out: &Path) -> anyhow::Result<Verdict> {
    let scenario = scenario.context("`--export-logs` goes with `--scenario FILE` or `--people DAYS`")?;
    let clock: Arc<dyn Clock> = Arc::new(SystemClock::start());
    let until = args.until.unwrap_or_else(|| clock.now());
    let options = Options {
        name: NAME.to_owned(),
        base_url: URL.to_owned(),
        plan: args.plan,
        seed: args.seed,
        client_id: "first".to_owned(),
        client_secret: String::new(),
    };
    let shell = Shell::new(Tenant::new(options)?, clock, "https").with_scenario(scenario);
    let named = out.with_extension("labels.jsonl");
    let (mut records, mut labels) = (create(out)?, create(&named)?);
    let (mut written, mut labeled) = (0_u64, 0_u64);
    let exported = shell.export_scenario(until, |entry, label| {
        writeln!(records, "{entry}")?;
        written += 1;
        if let Label::Attack(kind) = label {
            writeln!(labels, "{}", json!({ "log_id": entry.get("log_id"), "attack": kind }))?;
            labeled += 1;
        }
        Ok(())
    });
    exported.await?;
    records.flush().and_then(|()| labels.flush()).context("the last lines can't be written")?;
    print(&format!(
        "{written} records in {}, {labeled} of them of attacks, in {}\n",
        out.display(),
        named.display()
    ));
    Ok(Verdict::Holds)
}

fn create(path: &Path) -> anyhow::Result<BufWriter<File>> {
    let file = File::create(path).with_context(|| format!("can't write `{}`", path.display()))?;
    Ok(BufWriter::new(file))
}
