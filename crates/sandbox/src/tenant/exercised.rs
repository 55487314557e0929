//! That every row of the table is called by some test. Tests run in any order and by threads, so the binary is run once more
//! with the name of a file, and each operation that a test calls is written there.

use std::{collections::BTreeSet, fs, io::Write, process::Command};

use super::{Operation, operations};

/// The variable that names the file.
const FILE: &str = "COUNTERSIGN_EXERCISED";

fn line(operation: &Operation) -> String {
    format!("{} {}\n", operation.method.name(), operation.path)
}

/// Writes down that an operation was called, if that is asked for.
pub fn note(operation: &Operation) {
    #[expect(clippy::disallowed_methods, reason = "the tests of this crate speak to each other by it")]
    let Ok(path) = std::env::var(FILE) else { return };
    let file = fs::OpenOptions::new().create(true).append(true).open(path);
    // Why: one write a line, so that lines of threads don't mix.
    file.unwrap().write_all(line(operation).as_bytes()).unwrap();
}

#[test]
fn every_operation_is_called_by_some_test() {
    let directory = tempfile::tempdir().unwrap();
    let file = directory.path().join("called");
    let mut tests = Command::new(std::env::current_exe().unwrap());
    tests.args(["tenant::", "--skip", "every_operation_is_called_by_some_test"]).env(FILE, &file);
    let output = tests.output().unwrap();
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stdout));
    let called = fs::read_to_string(&file).unwrap();
    let called: BTreeSet<String> = called.lines().map(|called| format!("{called}\n")).collect();
    let missing: String = operations().map(line).filter(|row| !called.contains(row)).collect();
    assert!(missing.is_empty(), "no test calls\n{missing}");
}
