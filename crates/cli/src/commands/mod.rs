//! The commands, one file each.

mod access;
mod alerts;
mod backtest;
mod backup;
mod bench;
mod config;
mod decide;
mod decisions;
mod demo;
mod desk;
mod doctor;
mod health;
mod hooks;
mod incidents;
mod keys;
mod ledger;
mod logs;
mod model;
mod plans;
mod playbooks;
pub(crate) mod policy;
mod privacy;
mod restore;
mod reveal;
mod reviews;
mod risk_token;
pub mod rules;
mod sandbox;
mod serve;
mod suppressions;
pub mod tenant;
mod user;
mod verify;
mod waterfall;

use std::io::Write;

pub use self::restore::staging::is_cut_off;

use crate::args::{Args, Command, Hooks, Keys, Ledger, Privacy};

/// How a check ended.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Verdict {
    /// Done, or what was checked holds.
    Holds,
    /// What was checked does not hold.
    Fails,
}

/// Runs the command.
pub async fn run(args: Args) -> anyhow::Result<Verdict> {
    match args.command {
        Command::Demo(args) => demo::run(args).await,
        Command::Serve(args) => serve::run(args).await,
        Command::Decide(args) => decide::run(&args),
        Command::Verify(args) => verify::run(args).await,
        Command::Ledger(Ledger::Export(args)) => ledger::export(args).await,
        Command::Privacy(Privacy::Erase(args)) => privacy::erase(args).await,
        Command::Keys(Keys::Init(args)) => keys::init(&args).await,
        Command::Keys(Keys::Rotate(args)) => keys::rotate(args).await,
        Command::Backup(args) => backup::run(args).await,
        Command::Restore(args) => restore::run(args).await,
        Command::Policy(args) => policy::run(args).await,
        Command::Model(args) => model::run(args).await,
        Command::Access(args) => access::run(args).await,
        Command::User(args) => user::run(args).await,
        Command::Tenant(args) => tenant::run(*args).await,
        Command::Doctor(args) => doctor::run(&args).await,
        Command::Decisions(args) => decisions::run(args).await,
        Command::Incidents(args) => incidents::run(args).await,
        Command::Plan(args) => plans::run(*args).await,
        Command::Review(args) => reviews::run(*args).await,
        Command::Reveal(args) => reveal::run(args).await,
        Command::Alerts(args) => alerts::run(args).await,
        Command::Logs(args) => logs::run(args).await,
        Command::Suppressions(args) => suppressions::run(args).await,
        Command::Hooks(Hooks::Test(args)) | Command::Notify(Hooks::Test(args)) => hooks::test(args).await,
        Command::RiskToken(args) => risk_token::run(args).await,
        Command::Rules(command) => rules::run(command).await,
        Command::Playbook(command) => playbooks::run(&command),
        Command::Backtest(args) => backtest::run(args).await,
        Command::Bench(command) => bench::run(&command),
        Command::Sandbox(args) => sandbox::run(args).await,
        Command::Config(args) => config::run(args),
        Command::Health(args) => health::run(&args).await,
    }
}

/// Prints to standard output; a reader that has gone away is no failure.
fn print(text: &str) {
    let mut out = std::io::stdout().lock();
    let _ = out.write_all(text.as_bytes()).and_then(|()| out.flush());
}

/// A word to standard error about what goes on.
#[expect(clippy::print_stderr, reason = "a command tells its failures and its progress on standard error")]
pub fn say(text: &str) {
    eprintln!("countersign: {text}");
}

/// Log lines to standard error.
fn start_logging(level: &str, format: crate::config::LogFormat) {
    let filter =
        tracing_subscriber::EnvFilter::new(format!("error,countersign={level},{}", crates_at(level)));
    let builder = tracing_subscriber::fmt().with_env_filter(filter).with_writer(std::io::stderr);
    match format {
        crate::config::LogFormat::Text => builder.init(),
        crate::config::LogFormat::Json => builder.json().init(),
    }
}

fn crates_at(level: &str) -> String {
    ["app", "server", "store", "sandbox"].map(|name| format!("countersign_{name}={level}")).join(",")
}
