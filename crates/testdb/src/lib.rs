//! A PostgreSQL server of a test run's own: made in a temporary folder, reached by a socket in it alone, gone with the
//! process that started it, however that ends.
//!
//! For tests and benches alone. It must never reach a server that it did not make, and listens on no network.
//!
//! ```
//! # fn main() -> Result<(), String> {
//! let Some(server) = countersign_testdb::shared() else { return Ok(()) };
//! server.execute("postgres", "CREATE DATABASE example")?;
//! server.execute("example", "CREATE TABLE a (b BIGINT)")?;
//! assert!(server.url("example").starts_with("postgres://"));
//! # Ok(())
//! # }
//! ```

use std::{
    io::{BufRead, BufReader, Write},
    os::unix::{
        fs::{MetadataExt, chown},
        process::CommandExt,
    },
    path::{Path, PathBuf},
    process::{Child, ChildStdin, Command, Stdio},
    sync::OnceLock,
};

/// `nobody` on Linux: PostgreSQL refuses to run as root.
const NOBODY: u32 = 65_534;

/// A file system in memory, where Linux has one.
const MEMORY: &str = "/dev/shm";

/// Makes and starts a server, waits until its standard input ends, and removes all of it.
const LIFE: &str = r#"
initdb -D "$0/data" -U postgres -A trust -E UTF8 --locale=C --no-sync >>"$0/log" 2>&1 &&
pg_ctl -D "$0/data" -l "$0/log" -w -t 60 -o "-k '$0' -c listen_addresses='' -c max_connections=200" start >>"$0/log" 2>&1 &&
echo ready
read -r _
pg_ctl -D "$0/data" -m immediate -w stop >>"$0/log" 2>&1
rm -rf "$0"
"#;

/// A running server.
pub struct Server {
    folder: PathBuf,
    binaries: Binaries,
    /// Ends the server when it is closed: also when this process is killed.
    input: Option<ChildStdin>,
    life: Child,
}

/// Where PostgreSQL's programs are, and whose they run as.
#[derive(Clone)]
struct Binaries {
    path: String,
    user: Option<u32>,
}

/// The server of this process, started at the first call.
///
/// `None` when PostgreSQL is not installed, which is said on standard error: the caller skips its test.
///
/// # Panics
/// When it is missing though the variable `CI` is set, or can't be started: a check that should run must not be skipped.
#[must_use]
pub fn shared() -> Option<&'static Server> {
    static SERVER: OnceLock<Option<Server>> = OnceLock::new();
    SERVER.get_or_init(start).as_ref()
}

/// A server of the caller's own, which may be restarted; absence and panics as `shared`.
///
/// Its files are in memory where that has room: a disk that pauses is not what tests are about.
#[must_use]
pub fn start() -> Option<Server> {
    start_in(&[Path::new(MEMORY), &std::env::temp_dir()])
}

/// As `start`, with its files on a disk, as measurements need it.
#[must_use]
pub fn start_on_disk() -> Option<Server> {
    start_in(&[&std::env::temp_dir()])
}

#[expect(
    clippy::panic,
    clippy::print_stderr,
    reason = "a test ends, or says so, where its server can't be had"
)]
fn start_in(parents: &[&Path]) -> Option<Server> {
    let mut reasons = Vec::new();
    for parent in parents {
        match Server::start(parent) {
            Ok(server) => return Some(server),
            Err(Absence::Failed(reason)) => reasons.push(reason),
            Err(Absence::Missing) if is_ci() => panic!("PostgreSQL is not installed"),
            Err(Absence::Missing) => {
                eprintln!("skipped: PostgreSQL is not installed");
                return None;
            }
        }
    }
    panic!("PostgreSQL did not start: {}", reasons.join("; "))
}

#[expect(clippy::disallowed_methods, reason = "there is no configuration that a test could be given it by")]
fn is_ci() -> bool {
    std::env::var("CI").is_ok()
}

enum Absence {
    Missing,
    Failed(String),
}

impl From<std::io::Error> for Absence {
    fn from(error: std::io::Error) -> Self {
        Self::Failed(error.to_string())
    }
}

impl Server {
    fn start(parent: &Path) -> Result<Self, Absence> {
        let folder = tempfile::Builder::new().prefix("countersign-pg-").tempdir_in(parent)?.keep();
        let mut binaries = Binaries::find().ok_or(Absence::Missing)?;
        // Why: whoever made the folder is who we are; the standard library has no other way to ask.
        if std::fs::metadata(&folder)?.uid() == 0 {
            chown(&folder, Some(NOBODY), Some(NOBODY))?;
            binaries.user = Some(NOBODY);
        }
        let mut life = binaries
            .command("sh", &folder)
            .args(["-c", LIFE])
            .arg(&folder)
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            // Why: what ends a whole group of processes, such as a time limit, would end whoever has to clean up.
            .process_group(0)
            .spawn()?;
        let input = life.stdin.take();
        let mut said = String::new();
        if let Some(output) = life.stdout.take() {
            BufReader::new(output).read_line(&mut said)?;
        }
        if said.trim() != "ready" {
            let log = std::fs::read_to_string(folder.join("log")).unwrap_or_default();
            drop(input);
            drop(life.wait());
            drop(std::fs::remove_dir_all(&folder));
            return Err(Absence::Failed(log));
        }
        Ok(Self { folder, binaries, input, life })
    }

    /// The address of a database.
    #[must_use]
    pub fn url(&self, database: &str) -> String {
        format!("postgres://postgres@localhost/{database}?host={}", self.folder.display())
    }

    /// The socket at which the server listens.
    #[must_use]
    pub fn socket(&self) -> PathBuf {
        self.folder.join(".s.PGSQL.5432")
    }

    /// Runs statements in `database`, each by itself, and returns what they print.
    ///
    /// # Errors
    /// What the server or its client said.
    pub fn execute(&self, database: &str, sql: &str) -> Result<String, String> {
        let mut client = self
            .binaries
            .command("psql", &self.folder)
            .args(["-X", "-q", "-A", "-t", "-v", "ON_ERROR_STOP=1", "-U", "postgres", "-d", database, "-h"])
            .arg(&self.folder)
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .stderr(Stdio::piped())
            .spawn()
            .map_err(|error| error.to_string())?;
        if let Some(mut input) = client.stdin.take() {
            input.write_all(sql.as_bytes()).map_err(|error| error.to_string())?;
        }
        said(client)
    }

    /// Stops the server at once, as a crash would, and starts it again.
    ///
    /// # Errors
    /// What the server said.
    pub fn crash_and_restart(&self) -> Result<(), String> {
        let data = self.folder.join("data");
        let restart = self
            .binaries
            .command("pg_ctl", &self.folder)
            .args(["-m", "immediate", "-w", "-D"])
            .arg(data)
            .arg("-l")
            .arg(self.folder.join("log"))
            .arg("restart")
            .stdout(Stdio::null())
            .stderr(Stdio::null())
            .spawn()
            .map_err(|error| error.to_string())?;
        said(restart).map(drop)
    }
}

impl Drop for Server {
    fn drop(&mut self) {
        drop(self.input.take());
        drop(self.life.wait());
    }
}

fn said(child: Child) -> Result<String, String> {
    let output = child.wait_with_output().map_err(|error| error.to_string())?;
    if output.status.success() {
        Ok(String::from_utf8_lossy(&output.stdout).into_owned())
    } else {
        Err(String::from_utf8_lossy(&output.stderr).into_owned())
    }
}

impl Binaries {
    /// The search path by which the programs are found; `None` when they are not installed.
    #[expect(clippy::disallowed_methods, reason = "programs are found by the environment's search path")]
    fn find() -> Option<Self> {
        let given = std::env::var("PATH").unwrap_or_default();
        // Debian keeps them beside each other by version and off the search path.
        let mut folders: Vec<PathBuf> = std::fs::read_dir("/usr/lib/postgresql")
            .into_iter()
            .flatten()
            .filter_map(|entry| Some(entry.ok()?.path().join("bin")))
            .collect();
        folders.sort_by_key(|folder| version(folder));
        let all = given.split(':').map(PathBuf::from).chain(folders.into_iter().rev()).collect::<Vec<_>>();
        let found = all.into_iter().find(|folder| folder.join("initdb").exists())?;
        // Links to the programs of one version must not hide those of another.
        let found = std::fs::canonicalize(found.join("initdb")).ok()?.parent()?.to_owned();
        Some(Self { path: format!("{}:{given}", found.display()), user: None })
    }

    fn command(&self, program: &str, folder: &Path) -> Command {
        // Why: the child's search path is not used to find the child itself.
        let file = self.path.split(':').map(|path| Path::new(path).join(program)).find(|file| file.exists());
        let mut command = Command::new(file.unwrap_or_else(|| PathBuf::from(program)));
        command.env("PATH", &self.path).env("LC_ALL", "C").current_dir(folder);
        if let Some(user) = self.user {
            command.uid(user).gid(user);
        }
        command
    }
}

/// The number in `/usr/lib/postgresql/15/bin`.
fn version(folder: &Path) -> u32 {
    let name = folder.parent().and_then(Path::file_name).and_then(std::ffi::OsStr::to_str);
    name.and_then(|name| name.parse().ok()).unwrap_or(0)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_server_lives_as_long_as_it_is_held() {
        let Some(server) = start() else { return };
        server.execute("postgres", "CREATE DATABASE a").unwrap();
        server.execute("a", "CREATE TABLE t (n BIGINT); INSERT INTO t VALUES (7)").unwrap();
        server.crash_and_restart().unwrap();
        assert_eq!(server.execute("a", "SELECT n FROM t").unwrap(), "7\n");
        assert!(server.execute("a", "SELECT n FROM nowhere").unwrap_err().contains("nowhere"));
        let folder = server.folder.clone();
        drop(server);
        assert!(!folder.exists());
    }
}
