//! `countersign bench`

use std::path::PathBuf;

use clap::{Args as ClapArgs, Subcommand};

/// `countersign bench`
#[derive(Debug, Subcommand)]
pub enum Bench {
    /// Run labeled sequences of log entries, or single ones, through the detectors, and write what each of them alerts.
    #[command(
        after_help = "Examples:\n  countersign bench detections --scenarios scenarios.jsonl --out alerts.jsonl\n  countersign bench detections --events labeled.jsonl --out alerts.jsonl\n\nA line for each sequence or entry: {\"id\", \"alerts\": [{\"detector\", \"entity\", \"severity\", \"log_ids\"}]}.\nA line that can't be read is told on standard error, and the others are run; the exit code is 3 then."
    )]
    Detections(BenchDetections),
    /// Score the sign-ins of a corpus, each before the next line is read, and write what each of them scores.
    #[command(
        after_help = "Example: countersign bench risk --data corpus --out decisions.jsonl\n\nThe corpus is a folder with `events.jsonl` and `asn_intel.csv`; labels are never opened. A line for each sign-in:\n{\"id\", \"score\", \"level\", \"reasons\"}. A line that can't be read is told on standard error, and the others are run;\nthe exit code is 3 then."
    )]
    Risk(BenchRisk),
}

/// `countersign bench risk`
#[derive(Debug, ClapArgs)]
pub struct BenchRisk {
    /// The corpus: `events.jsonl`, one JSON object a line with `id`, `time`, `kind` (`post_login`, `log` or `feedback`) and `event`;
    /// and `asn_intel.csv` with the columns `asn`, `name` and `category`.
    #[arg(long, value_name = "DIR")]
    pub data: PathBuf,
    /// Where the scores go.
    #[arg(long, value_name = "FILE")]
    pub out: PathBuf,
    /// Another model than the one that is shipped: JSON with `model` and `card`, as `model show --json` prints it.
    #[arg(long, value_name = "FILE")]
    pub model: Option<PathBuf>,
}

/// `countersign bench detections`
#[derive(Debug, ClapArgs)]
#[command(group = clap::ArgGroup::new("what").required(true))]
pub struct BenchDetections {
    /// The sequences, one JSON object a line: `id`, `events` in the order of delivery, and optionally `params`, `geo`, `context`.
    #[arg(long, value_name = "FILE", group = "what")]
    pub scenarios: Option<PathBuf>,
    /// Single entries, one JSON object a line: `id` and `log`, the entry, bare or in its envelope. Each meets the native detectors and the
    /// built-in rules without any entry before it.
    #[arg(long, value_name = "FILE", group = "what")]
    pub events: Option<PathBuf>,
    /// Where the alerts go; standard output without it.
    #[arg(long, value_name = "FILE")]
    pub out: Option<PathBuf>,
    /// In the order of delivery, as people are told at first; without it in event time, as alerts are in the end.
    #[arg(long, conflicts_with = "events")]
    pub delivered: bool,
}
