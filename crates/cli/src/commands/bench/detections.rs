//! `countersign bench detections`

use std::{
    fmt,
    fs::File,
    io::{BufReader, BufWriter, Write},
};

use anyhow::Context;
use countersign_detect::{
    Audience, Severity,
    labeled::{Judge, Judged, Labeled},
    scenario::{Found, Scenario, ScenarioError},
};
use serde::Serialize;

use crate::{
    args::BenchDetections,
    commands::{Verdict, print, say},
    lines::{self, LineFault, read},
};

/// The most bytes of one line.
const MAX_LINE: u64 = 64 * 1024 * 1024;

#[derive(Serialize)]
struct Line<'a> {
    id: &'a str,
    alerts: Vec<Alert<'a>>,
}

#[derive(Serialize)]
struct Alert<'a> {
    detector: &'a str,
    entity: &'a str,
    severity: Severity,
    log_ids: &'a [String],
}

/// Why a line was not run. It tells nothing of the entries.
#[derive(Debug)]
enum Fault {
    Line(LineFault),
    Scenario(ScenarioError),
}

impl fmt::Display for Fault {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Line(fault) => fault.fmt(f),
            Self::Scenario(error) => error.fmt(f),
        }
    }
}

impl From<LineFault> for Fault {
    fn from(fault: LineFault) -> Self {
        Self::Line(fault)
    }
}

/// What a line gave.
enum Given {
    /// A line of alerts.
    Alerts(String),
    /// Nothing: the line is empty.
    Nothing,
    /// Nothing, for a reason that is told.
    PassedOver(&'static str),
}

/// How a line is run.
type Runner<'r> = Box<dyn FnMut(&str) -> Result<Given, Fault> + 'r>;

pub fn run(args: &BenchDetections) -> anyhow::Result<Verdict> {
    let (path, mut runner): (_, Runner<'_>) = match (&args.scenarios, &args.events) {
        (Some(path), _) => (path, Box::new(|line| sequence(line, args))),
        (None, Some(path)) => {
            let judge = Judge::new().map_err(|faults| anyhow::anyhow!("a built-in rule: {faults:?}"));
            let mut judge = judge?;
            (path, Box::new(move |line| single(line, &mut judge)))
        }
        (None, None) => anyhow::bail!("`--scenarios` or `--events`"),
    };
    let place = path.display();
    let file = File::open(path).with_context(|| format!("can't open `{place}`"))?;
    let mut lines = BufReader::new(file);
    let mut out: Box<dyn Write> = match &args.out {
        Some(path) => {
            let file = File::create(path).with_context(|| format!("can't write `{}`", path.display()))?;
            Box::new(BufWriter::new(file))
        }
        None => Box::new(std::io::stdout().lock()),
    };
    let (mut run, mut faults) = (0_u64, 0_u64);
    for number in 1_u64.. {
        let line = lines::next(&mut lines, MAX_LINE).with_context(|| format!("can't read `{place}`"))?;
        let Some(line) = line else { break };
        match line.map_err(Fault::Line).and_then(|line| runner(lines::text(&line)?)) {
            Ok(Given::Nothing) => {}
            Ok(Given::Alerts(text)) => {
                writeln!(out, "{text}").context("can't write the alerts")?;
                run += 1;
            }
            Ok(Given::PassedOver(why)) => say(&format!("{place}, line {number} is passed over: {why}")),
            Err(fault) => {
                say(&format!("{place}, line {number}: {fault}"));
                faults += 1;
            }
        }
    }
    out.flush().context("can't write the alerts")?;
    drop(out);
    if args.out.is_some() {
        let what = if args.events.is_some() { "entries" } else { "sequences" };
        print(&format!("{run} {what} were run, {faults} lines could not be read.\n"));
    }
    Ok(if faults == 0 { Verdict::Holds } else { Verdict::Fails })
}

/// The alerts of a line's sequence.
fn sequence(line: &str, args: &BenchDetections) -> Result<Given, Fault> {
    if line.is_empty() {
        return Ok(Given::Nothing);
    }
    let scenario: Scenario<'_> = read(line)?;
    let found = if args.delivered { scenario.run_as_delivered() } else { scenario.run() };
    written(&scenario.id, &found.map_err(Fault::Scenario)?)
}

/// The alerts of a line's entry.
fn single(line: &str, judge: &mut Judge) -> Result<Given, Fault> {
    if line.is_empty() {
        return Ok(Given::Nothing);
    }
    let labeled: Labeled<'_> = read(line)?;
    match judge.judge(&labeled).map_err(Fault::Scenario)? {
        Judged::Entry(found) => written(&labeled.id, &found),
        Judged::Sequence => Ok(Given::PassedOver("a sequence of findings is no entry")),
        Judged::Nothing => {
            Err(LineFault::Shape { path: "log".to_owned(), expected: "expected a log entry".to_owned() }
                .into())
        }
    }
}

/// Those of the alerts that people are told of, as a line.
fn written(id: &str, found: &[Found]) -> Result<Given, Fault> {
    let told = found.iter().filter(|found| found.alert.audience == Audience::Raised);
    let line = Line { id, alerts: told.map(alert).collect() };
    serde_json::to_string(&line)
        .map(Given::Alerts)
        .map_err(|error| LineFault::Shape { path: ".".to_owned(), expected: error.to_string() }.into())
}

fn alert(found: &Found) -> Alert<'_> {
    Alert {
        detector: &found.alert.detector,
        entity: &found.alert.entity.name,
        severity: found.alert.severity,
        log_ids: &found.log_ids,
    }
}
