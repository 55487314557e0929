//! The `countersign` command: puts the parts together and runs them.

mod acting;
mod args;
mod background;
mod clock;
mod commands;
mod compose;
mod config;
mod corpus;
mod data_dir;
mod denied;
mod doctor;
#[cfg(test)]
mod fuzz;
mod jobs;
mod key_file;
mod key_watch;
mod lines;
mod listen;
mod manifest;
mod place;
mod pull_log;
mod reference_watch;
mod rule_watch;
mod tls;
mod toml_text;

use std::process::ExitCode;

use clap::Parser;

#[global_allocator]
static ALLOCATOR: mimalloc::MiMalloc = mimalloc::MiMalloc;

/// What is checked does not hold: a ledger was tampered with, a server is not healthy, a configuration is wrong.
const EXIT_FAILED_CHECK: u8 = 3;

/// Time for blocking work to end at the very last.
const LAST: std::time::Duration = std::time::Duration::from_secs(2);

fn main() -> ExitCode {
    let args = args::Args::parse();
    let runtime = match tokio::runtime::Builder::new_multi_thread().enable_all().build() {
        Ok(runtime) => runtime,
        Err(error) => return fail(&anyhow::Error::new(error)),
    };
    let end = runtime.block_on(commands::run(args));
    // Why: work that hangs on a disk must not keep the process.
    runtime.shutdown_timeout(LAST);
    match end {
        Ok(commands::Verdict::Holds) => ExitCode::SUCCESS,
        Ok(commands::Verdict::Fails) => ExitCode::from(EXIT_FAILED_CHECK),
        Err(error) => fail(&error),
    }
}

#[expect(clippy::print_stderr, reason = "a command tells its failure on standard error")]
fn fail(error: &anyhow::Error) -> ExitCode {
    eprintln!("countersign: {error:#}");
    ExitCode::FAILURE
}
