//! The scenario of a sandbox.

use std::path::Path;

use anyhow::{Context, anyhow};
use countersign_sandbox::{Scenario, stream::Mishaps, tenant::http::Shell};

use crate::{args::Sandbox, commands::print};

/// The largest file that is read as a scenario: 1 MB.
const LARGEST: u64 = 1_000_000;

/// The scenario of a file, or the one that is built in.
pub fn choose(args: &Sandbox) -> anyhow::Result<Option<Scenario>> {
    if let Some(path) = &args.scenario {
        let text = read(path).with_context(|| format!("can't read `{}`", path.display()))?;
        return Scenario::parse(&text)
            .map(Some)
            .with_context(|| format!("`{}` is no scenario", path.display()));
    }
    args.people.map(Scenario::built_in).transpose().context("the built-in scenario can't be used")
}

fn read(path: &Path) -> anyhow::Result<String> {
    let size = std::fs::metadata(path)?.len();
    anyhow::ensure!(size <= LARGEST, "it has {size} bytes; a scenario has at most {LARGEST}");
    Ok(std::fs::read_to_string(path)?)
}

/// How streams go wrong: as the command line says, else as the scenario does.
pub fn mishaps(args: &Sandbox, scenario: Option<&Scenario>) -> Mishaps {
    args.stream_mishaps.or_else(|| scenario.map(Scenario::mishaps)).unwrap_or_default()
}

/// Fills a new tenant, or goes on in one that was kept.
pub async fn set(shell: &Shell, is_new: bool) -> anyhow::Result<()> {
    if is_new {
        let begun = shell.begin_scenario().await;
        begun.map_err(|fault| anyhow!("the people's past could not be made up: {fault:?}"))?;
    } else if !shell.resume_scenario().await {
        print(
            "No scenario filled this tenant; POST /sandbox/reset with {\"scenario\":true} empties it and begins one.\n",
        );
    }
    Ok(())
}
