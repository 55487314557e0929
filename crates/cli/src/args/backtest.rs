//! `countersign backtest` and `countersign rules backtest`

use std::path::PathBuf;

use clap::Args as ClapArgs;
use countersign_core::{TenantId, Timestamp};

use super::Folder;

/// `countersign backtest`
#[derive(Debug, ClapArgs)]
pub struct Backtest {
    /// Rule files, and folders of them, beside the rules that are built in; one of the same name takes the place of that.
    #[arg(long, value_name = "PATH")]
    pub rules: Vec<PathBuf>,
    /// Values of placeholders: TOML, a table for each rule file by its name without folder and extension.
    #[arg(long, value_name = "FILE")]
    pub values: Option<PathBuf>,
    /// Over which log, and how it is told.
    #[command(flatten)]
    pub over: Over,
}

/// `countersign rules backtest`
#[derive(Debug, ClapArgs)]
pub struct BacktestRules {
    /// Rule files, and folders whose `.yml` and `.yaml` files are rules.
    #[arg(value_name = "PATH", required = true)]
    pub paths: Vec<PathBuf>,
    /// Values of placeholders, as for `check`.
    #[arg(long, value_name = "FILE")]
    pub values: Option<PathBuf>,
    /// Log entries in place of those that are stored: JSON lines, as a log stream sends them.
    #[arg(long, value_name = "FILE", conflicts_with_all = ["tenant", "config", "data"])]
    pub events: Option<PathBuf>,
    /// Over which log, and how it is told.
    #[command(flatten)]
    pub over: Over,
}

/// Over which log, and how it is told.
#[derive(Debug, ClapArgs)]
pub struct Over {
    /// The tenant; needed when there are several.
    #[arg(long)]
    pub tenant: Option<TenantId>,
    /// Tell alerts of this day or time and later, such as `2026-11-01`; what happened before is looked at all the same.
    #[arg(long, value_name = "DATE", value_parser = beginning)]
    pub since: Option<Timestamp>,
    /// Look at what happened up to the end of this day, or up to this time.
    #[arg(long, value_name = "DATE", value_parser = end)]
    pub until: Option<Timestamp>,
    /// Print JSON.
    #[arg(long)]
    pub json: bool,
    /// Where the configuration and the data are.
    #[command(flatten)]
    pub folder: Folder,
}

/// A day's length in microseconds.
const DAY: i64 = 86_400_000_000;

/// What is right for a time.
const RIGHT: &str = "a day such as `2026-11-01`, or a time such as `2026-11-01T08:00:00Z`";

fn beginning(text: &str) -> Result<Timestamp, String> {
    let day = || format!("{text}T00:00:00Z").parse();
    text.parse().or_else(|_| day()).map_err(|_| RIGHT.to_owned())
}

fn end(text: &str) -> Result<Timestamp, String> {
    text.parse().or_else(|_| beginning(text).map(|day| day.plus(DAY - 1)))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_day_is_meant_whole_and_a_time_as_it_stands() {
        let at = |text: &str| text.parse::<Timestamp>().unwrap();
        assert_eq!(beginning("2026-11-01"), Ok(at("2026-11-01T00:00:00Z")));
        assert_eq!(end("2026-11-01"), Ok(at("2026-11-01T23:59:59.999999Z")));
        for parse in [beginning, end] {
            assert_eq!(parse("2026-11-01T08:00:00Z"), Ok(at("2026-11-01T08:00:00Z")));
            for wrong in ["", "2026-13-01", "2026-02-30", "yesterday", "2026-11-01T08:00"] {
                assert_eq!(parse(wrong), Err(RIGHT.to_owned()), "{wrong}");
            }
        }
    }
}
