//! `countersign bench`

use std::path::PathBuf;

use clap::{Args as ClapArgs, Subcommand};

/// `countersign bench`
#[derive(Debug, Subcommand)]
pub enum Bench {
    /// Run labelled sequences of log entries through the detectors, and write what each of them alerts.
    #[command(
        after_help = "Example: countersign bench detections --scenarios scenarios.jsonl --out alerts.jsonl\n\nA line for each sequence: {\"id\", \"alerts\": [{\"detector\", \"entity\", \"severity\", \"log_ids\"}]}.\nA line that can't be read is told on standard error, and the others are run; the exit code is 3 then."
    )]
    Detections(BenchDetections),
}

/// `countersign bench detections`
#[derive(Debug, ClapArgs)]
pub struct BenchDetections {
    /// The sequences, one JSON object a line: `id`, `events` in the order of delivery, and optionally `params`, `geo`, `context`.
    #[arg(long, value_name = "FILE")]
    pub scenarios: PathBuf,
    /// Where the alerts go; standard output without it.
    #[arg(long, value_name = "FILE")]
    pub out: Option<PathBuf>,
    /// In the order of delivery, as people are told at first; without it in event time, as alerts are in the end.
    #[arg(long)]
    pub delivered: bool,
}
