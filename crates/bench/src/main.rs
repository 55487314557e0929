//! Measures the service as it is shipped, on this machine: `scripts/bench` runs it.
//!
//! It drives the service over real connections, on a real database on a real disk with the system's clock, and prints
//! figures. It must never be imported, and never be part of what is shipped.
//!
//! `decide` compares decisions with their floor, in throughput and in latency, and says what a decision's parts cost (as
//! `steps` does alone); `triggers` does so for each trigger, `postgres` on PostgreSQL, `replicas` with two services over one
//! database; `ingest` compares deliveries of a log stream with their floor and with the bare disk, and `watch` measures what follows
//! without HTTP; `client` compares the Management API client with a bare one, and `acts` a long plan with what the rate limits dictate; `overload` offers three times of what it can do; `tenants` floods one tenant, after it
//! asked for what it is allowed, and looks at how another fares; `drive` sends nothing but decisions, for a profiler to watch;
//! `memory` and `start` look at the built `countersign` binary. The server has processor 0 for itself, what drives it
//! processor 1.

mod acts;
mod child;
mod client;
mod clock;
mod connection;
mod decide;
mod entries;
mod figures;
mod ingest;
mod latency;
mod load;
mod memory;
mod overload;
mod pairs;
mod postgres;
mod process;
mod question;
mod real;
mod replicas;
mod served;
mod start;
mod steps;
mod tenants;
mod together;
mod triggers;
mod watch;

use std::{path::PathBuf, process::ExitCode};

use anyhow::Context;

#[global_allocator]
static ALLOCATOR: mimalloc::MiMalloc = mimalloc::MiMalloc;

const USAGE: &str =
    "usage: countersign-bench decide | steps | triggers | postgres | replicas | client | ingest | watch
       countersign-bench acts [steps]
       countersign-bench drive [seconds]
       countersign-bench overload [path of countersign]
       countersign-bench tenants [path of countersign]
       countersign-bench start [path of countersign]
       countersign-bench memory [decisions] [path of countersign]
";

/// The binary that `scripts/bench` builds.
const SHIPPED: &str = "target/dist/countersign";

fn main() -> ExitCode {
    let arguments: Vec<String> = std::env::args().skip(1).collect();
    match run(&arguments.iter().map(String::as_str).collect::<Vec<_>>()) {
        Ok(code) => code,
        Err(error) => {
            print(&format!("failed: {error:#}\n"));
            ExitCode::FAILURE
        }
    }
}

fn run(arguments: &[&str]) -> anyhow::Result<ExitCode> {
    let path = |path: Option<&&str>| PathBuf::from(path.copied().unwrap_or(SHIPPED));
    match arguments {
        ["decide"] => process::pinned(1, &["decide-pinned"]),
        ["decide-pinned"] => done(decide::run()),
        ["drive", rest @ ..] => process::pinned(1, &["drive-pinned", rest.first().copied().unwrap_or("10")]),
        ["drive-pinned", seconds] => done(decide::drive(seconds.parse().context("a number of seconds")?)),
        ["triggers"] => process::pinned(1, &["triggers-pinned"]),
        ["triggers-pinned"] => done(triggers::run()),
        ["postgres"] => process::pinned(1, &["postgres-pinned"]),
        ["postgres-pinned"] => done(postgres::run()),
        ["replicas"] => process::pinned(1, &["replicas-pinned"]),
        ["replicas-pinned"] => done(replicas::run()),
        ["client"] => process::pinned(1, &["client-pinned"]),
        ["client-pinned"] => done(client::run()),
        ["acts", rest @ ..] => process::pinned(1, &["acts-pinned", rest.first().copied().unwrap_or("5000")]),
        ["acts-pinned", steps] => done(acts::run(steps.parse().context("a number of steps")?)),
        ["sandbox-pinned"] => done(client::serve()),
        ["serve-pinned", data @ ..] => done(child::run(data)),
        ["steps"] => process::pinned(0, &["steps-pinned"]),
        ["steps-pinned"] => done(steps::run()),
        ["overload", rest @ ..] => {
            process::pinned(1, &["overload-pinned", rest.first().copied().unwrap_or(SHIPPED)])
        }
        ["overload-pinned", binary] => done(overload::run(binary.as_ref())),
        ["ingest"] => process::pinned(1, &["ingest-pinned"]),
        ["ingest-pinned"] => done(ingest::run()),
        ["watch"] => process::pinned(0, &["watch-pinned"]),
        ["watch-pinned"] => done(watch::run()),
        ["tenants", rest @ ..] => {
            process::pinned_first(1, &["tenants-pinned", rest.first().copied().unwrap_or(SHIPPED)])
        }
        ["tenants-pinned", binary] => done(tenants::run(binary.as_ref())),
        ["neighbor-pinned", name, host, data, milliseconds] => done(tenants::neighbor(
            name,
            host,
            data.as_ref(),
            milliseconds.parse().context("a number of milliseconds")?,
        )),
        ["start", rest @ ..] => done(start::run(&path(rest.first()))),
        ["memory", rest @ ..] => {
            let count =
                rest.first().map_or(Ok(1_000_000), |text| text.parse()).context("a number of decisions")?;
            done(memory::run(count, &path(rest.get(1))))
        }
        _ => {
            print(USAGE);
            Ok(ExitCode::from(2))
        }
    }
}

fn done(end: anyhow::Result<()>) -> anyhow::Result<ExitCode> {
    end.map(|()| ExitCode::SUCCESS)
}

/// Prints to standard output; a reader that has gone away is no failure.
fn print(text: &str) {
    use std::io::Write;
    let mut out = std::io::stdout().lock();
    let _ = out.write_all(text.as_bytes()).and_then(|()| out.flush());
}
