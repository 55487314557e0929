//! `countersign rules`

use std::path::PathBuf;

use clap::{Args as ClapArgs, Subcommand};

use super::BacktestRules;

/// `countersign rules`
#[derive(Debug, Subcommand)]
pub enum Rules {
    /// Say everything that is wrong or doubtful in rule files, by file, line and column.
    #[command(
        after_help = "Examples:\n  countersign rules check\n  countersign rules check my-rules my-rules/other.yml --values values.toml\n\nThe exit code is 3 where a file has an error; warnings are told and pass."
    )]
    Check(RulesAt),
    /// Run the tests that stand inside of rule files.
    #[command(
        after_help = "Examples:\n  countersign rules test\n  countersign rules test my-rules\n\nThe exit code is 3 where a test fails, or a file has an error."
    )]
    Test(RulesAt),
    /// Say of each selection of a rule whether it holds for a log entry, what it wants, and what was found.
    #[command(
        after_help = "Examples:\n  countersign rules explain users_exported entry.json\n  countersign rules explain my-rules/mine.yml - < entry.json"
    )]
    Explain(ExplainRule),
    /// Run rules alone over the stored log, or over a file of log entries; writes nothing.
    #[command(
        after_help = "Examples:\n  countersign rules backtest my-rules --config countersign.toml --since 2026-11-01\n  countersign rules backtest my-rules/mine.yml --events corpus.jsonl"
    )]
    Backtest(BacktestRules),
}

/// Which rules, and what is set for them.
#[derive(Debug, ClapArgs)]
pub struct RulesAt {
    /// Rule files, and folders whose `.yml` and `.yaml` files are rules; without any, the rules that are built in.
    #[arg(value_name = "PATH")]
    pub paths: Vec<PathBuf>,
    /// Values of placeholders: TOML, a table for each rule file by its name without folder and extension.
    #[arg(long, value_name = "FILE")]
    pub values: Option<PathBuf>,
}

/// `countersign rules explain`
#[derive(Debug, ClapArgs)]
pub struct ExplainRule {
    /// A rule file, or the name of a rule that is built in.
    pub rule: PathBuf,
    /// A log entry as JSON, bare or in its envelope; `-` is standard input. A date and an id are filled in where it has none.
    #[arg(value_name = "EVENT.json")]
    pub event: PathBuf,
    /// Values of placeholders, as for `check`.
    #[arg(long, value_name = "FILE")]
    pub values: Option<PathBuf>,
}
