//! A test of this binary run in a process of its own, which may be killed or held short of disk.

use std::{
    fs,
    path::Path,
    process::{Command, Stdio},
};

/// Says to a child that the folder in which it runs was made for it.
const MARK: &str = "made-for-a-child";

/// The command that runs `test`, which is ignored otherwise, in `folder`; `limits` is shell that goes before it.
pub fn command(test: &str, folder: &Path, limits: &str) -> Command {
    fs::write(folder.join(MARK), "").unwrap();
    let mut command = Command::new("sh");
    command
        .arg("-c")
        .arg(format!("{limits} exec \"$0\" \"$@\""))
        .arg(std::env::current_exe().unwrap())
        .args(["--exact", test, "--ignored", "--nocapture"])
        .current_dir(folder)
        .stdout(Stdio::piped());
    command
}

/// Whether this process is such a child, and not someone who runs all ignored tests.
pub fn is_child() -> bool {
    Path::new(MARK).exists()
}

/// The id that a child's line acknowledges; nothing of a line that was cut off.
pub fn acknowledged(line: &str) -> Option<&str> {
    line.strip_suffix('\n')?.split_once("acknowledged ").map(|(_, id)| id)
}
