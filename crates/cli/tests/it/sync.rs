//! The order of what reaches the disk and what reaches the caller, as the kernel sees it.

use std::{collections::BTreeMap, fs, process::Command};

use crate::world::{Service, countersign, has, sign_in};

/// The calls that write, sync and answer; `-s` so long that a page of the database is shown whole.
const TRACE: &[&str] =
    &["-f", "-y", "-s", "4200", "-e", "trace=fsync,fdatasync,write,writev,pwrite64,sendto,sendmsg", "-o"];

/// One call in a trace.
struct Call {
    /// The line on which it began.
    began: usize,
    /// The line on which it returned.
    ended: usize,
    text: String,
}

impl Call {
    fn is(&self, names: &[&str]) -> bool {
        names.iter().any(|name| self.text.starts_with(&format!("{name}(")))
    }
}

#[test]
fn a_decision_is_on_disk_before_it_is_answered() {
    if !has("strace") {
        return;
    }
    let home = tempfile::tempdir().unwrap();
    let trace = home.path().join("trace");
    let mut command = Command::new("strace");
    command.args(TRACE).arg(&trace).arg(countersign(home.path()).get_program()).current_dir(home.path());
    let service = Service::start_by(command, home.path());
    let decision = service.client().decide("msg_1", &sign_in("auth0|1"));
    service.kill();
    let calls = read_trace(&fs::read_to_string(trace).unwrap());

    let answer = calls.iter().find(|call| {
        call.is(&["write", "writev", "sendto", "sendmsg"])
            && call.text.contains("HTTP/1.1 200 OK")
            && call.text.contains(&decision)
    });
    let answer = answer.expect("the answer was sent");
    let written = calls.iter().find(|call| {
        call.is(&["pwrite64", "write"])
            && call.text.contains("countersign.db-wal>")
            && call.text.contains(&decision)
    });
    let written = written.expect("the leaf was written to the log");
    let synced = calls.iter().find(|call| {
        call.is(&["fsync", "fdatasync"])
            && call.text.contains("countersign.db-wal>")
            && call.text.ends_with("= 0")
            && call.began > written.ended
    });
    let synced = synced.expect("the log was synced");
    assert!(
        synced.ended < answer.began,
        "answered on line {}, on disk on line {}",
        answer.began,
        synced.ended
    );
}

/// Joins calls that others came between.
fn read_trace(text: &str) -> Vec<Call> {
    let mut calls: Vec<Call> = Vec::new();
    let mut open: BTreeMap<&str, usize> = BTreeMap::new();
    for (number, line) in text.lines().enumerate() {
        let Some((thread, call)) = line.split_once(' ') else { continue };
        let call = call.trim_start();
        if let Some(resumed) = call.strip_prefix("<... ") {
            let (Some(place), Some((_, end))) = (open.remove(thread), resumed.split_once("resumed>")) else {
                continue;
            };
            calls[place].text.push_str(end);
            calls[place].ended = number;
        } else if let Some(unfinished) = call.strip_suffix("<unfinished ...>") {
            open.insert(thread, calls.len());
            calls.push(Call { began: number, ended: usize::MAX, text: unfinished.to_owned() });
        } else {
            calls.push(Call { began: number, ended: number, text: call.to_owned() });
        }
    }
    calls
}
