//! The binary as a process, and a client that speaks to it over a socket.

use std::{
    fs,
    io::{BufRead, BufReader, Read, Write},
    net::TcpStream,
    path::{Path, PathBuf},
    process::{Child, Command, Output, Stdio},
    time::{Duration, Instant, SystemTime},
};

use countersign_server::signature::{SigningKey, TENANT_HEADER};
use serde_json::{Value, json};

/// The tenant of the fixtures.
pub const TENANT: &str = "example-tenant";

/// What nothing here may take longer than.
const PATIENCE: Duration = Duration::from_secs(30);

/// The command, in the folder `home`, which also is where it puts temporary files.
pub fn countersign(home: &Path) -> Command {
    let mut command = Command::new(env!("CARGO_BIN_EXE_countersign"));
    command.current_dir(home).env("TMPDIR", home);
    command
}

/// Runs the command with these arguments to its end.
pub fn run(home: &Path, arguments: &[&str]) -> Output {
    countersign(home).args(arguments).stdin(Stdio::null()).output().unwrap()
}

/// What a command wrote to standard output.
pub fn told(output: &Output) -> String {
    String::from_utf8(output.stdout.clone()).unwrap()
}

/// Time that passes, for deadlines.
#[expect(clippy::disallowed_methods, reason = "another process goes by the system's clock")]
pub fn now() -> Instant {
    Instant::now()
}

/// Seconds since 1970.
#[expect(clippy::disallowed_methods, reason = "another process goes by the system's clock")]
pub fn seconds() -> i64 {
    let since = SystemTime::now().duration_since(SystemTime::UNIX_EPOCH).unwrap();
    i64::try_from(since.as_secs()).unwrap()
}

/// A running server; killed when it goes.
pub struct Service {
    process: Child,
    /// Where it listens.
    pub host: String,
    /// Its data.
    pub data: PathBuf,
    /// How long it took until it answered that it is healthy.
    pub ready_in: Duration,
}

impl Service {
    /// Starts `serve` on the directory `data` in `home` and waits until it is healthy.
    pub fn start(home: &Path) -> Self {
        Self::start_by(countersign(home), home)
    }

    /// Starts a command to which the arguments of `serve` are added.
    pub fn start_by(mut command: Command, home: &Path) -> Self {
        let data = home.join("data");
        Self::make_shared_keys(&command, &data);
        command
            .args(["serve", "--tenant", TENANT])
            .env("COUNTERSIGN__SERVER__LISTEN", "127.0.0.1:0")
            .env("COUNTERSIGN__STORAGE__DIRECTORY", &data)
            .stdin(Stdio::null())
            .stdout(Stdio::piped())
            .stderr(fs::File::options().create(true).append(true).open(home.join("log")).unwrap());
        let began = now();
        let mut process = command.spawn().unwrap();
        let lines = BufReader::new(process.stdout.take().unwrap()).lines();
        let host = lines.map(Result::unwrap).find_map(|line| {
            line.strip_prefix("Countersign listens at http://").map(|host| host.trim().to_owned())
        });
        let host = host.unwrap_or_else(|| panic!("{}", fs::read_to_string(home.join("log")).unwrap()));
        let mut service = Self { process, host, data, ready_in: Duration::ZERO };
        assert_eq!(service.client().get("/health", &[]).status, 200);
        service.ready_in = began.elapsed();
        service
    }

    /// Over PostgreSQL the keys are made beforehand, where there are none.
    fn make_shared_keys(command: &Command, data: &Path) {
        let is_postgres = command.get_envs().any(|(name, _)| name == "COUNTERSIGN__STORAGE__POSTGRES_URL");
        if !is_postgres || data.join("master.key").exists() {
            return;
        }
        let mut init = Command::new(command.get_program());
        init.args(["keys", "init", "--data"]).arg(data);
        init.envs(command.get_envs().filter_map(|(name, value)| Some((name, value?))));
        init.current_dir(command.get_current_dir().unwrap());
        let output = init.output().unwrap();
        assert!(output.status.success(), "{}", complained(&output));
    }

    /// A client with the keys that the service made.
    pub fn client(&self) -> Client {
        Client::open(&self.host, &self.data)
    }

    /// Sends a signal by its name.
    pub fn signal(&self, name: &str) {
        let id = self.process.id().to_string();
        assert!(Command::new("kill").args(["-s", name, &id]).status().unwrap().success());
    }

    /// Ends it at once, as a lost machine would.
    pub fn kill(mut self) {
        self.process.kill().unwrap();
        self.process.wait().unwrap();
    }

    /// Asks it to end, and waits until it has.
    pub fn stop(mut self) {
        let asked = Command::new("kill").arg(self.process.id().to_string()).status().unwrap();
        assert!(asked.success());
        assert!(self.process.wait().unwrap().success());
    }
}

impl Drop for Service {
    fn drop(&mut self) {
        // Why: one that was stopped or killed by the test has ended already.
        let _ = self.process.kill().and_then(|()| self.process.wait());
    }
}

/// What came back.
pub struct Answer {
    pub status: u16,
    pub head: String,
    pub body: Vec<u8>,
}

impl Answer {
    pub fn json(&self) -> Value {
        serde_json::from_slice(&self.body).unwrap()
    }

    pub fn text(&self) -> String {
        String::from_utf8(self.body.clone()).unwrap()
    }
}

/// One keep-alive connection, with the tenant's key and the operator's token.
pub struct Client {
    stream: TcpStream,
    host: String,
    key: SigningKey,
    token: String,
}

impl Client {
    fn open(host: &str, data: &Path) -> Self {
        let read = |name: &str| {
            let text = fs::read_to_string(data.join(name)).unwrap();
            text.lines().next().unwrap().trim().to_owned()
        };
        Self {
            stream: connect(host),
            host: host.to_owned(),
            key: SigningKey::parse(&read(&format!("{TENANT}.action-key"))).unwrap(),
            token: read("operator.token"),
        }
    }

    /// Signs by another key of the tenant's from now on.
    pub fn sign_by(&mut self, key: &str) {
        self.key = SigningKey::parse(key).unwrap();
    }

    /// The bytes of a signed request for a decision.
    pub fn question(&self, id: &str, event: &Value) -> Vec<u8> {
        let action = json!({ "name": "countersign-post-login", "version": "0.1.0" });
        let body = json!({ "trigger": "post-login", "event": event, "deadline_ms": 800, "action": action });
        self.signed("/v1/decisions", id, &body)
    }

    /// The bytes of any signed request.
    pub fn signed(&self, path: &str, id: &str, body: &Value) -> Vec<u8> {
        let (Self { host, key, .. }, now, body) = (self, seconds(), body.to_string());
        let signature = key.sign_request(id, now, body.as_bytes());
        let length = body.len();
        format!(
            "POST {path} HTTP/1.1\r\nhost: {host}\r\nwebhook-id: {id}\r\nwebhook-timestamp: {now}\r\n\
             webhook-signature: {signature}\r\n{TENANT_HEADER}: {TENANT}\r\ncontent-length: {length}\r\n\r\n{body}"
        )
        .into_bytes()
    }

    /// Decides about an event; the decision's id.
    pub fn decide(&mut self, id: &str, event: &Value) -> String {
        let question = self.question(id, event);
        let answer = self.send(&question).unwrap();
        assert_eq!(answer.status, 200, "{}", answer.text());
        answer.json()["decision_id"].as_str().unwrap().to_owned()
    }

    /// Gets a path as the operator, with further headers.
    pub fn get(&mut self, path: &str, headers: &[(&str, &str)]) -> Answer {
        let token = format!("Bearer {}", self.token);
        let headers = [headers, &[("authorization", token.as_str())]].concat();
        get(&mut self.stream, &self.host, path, &headers)
    }

    /// The bytes of a request by which the tenant's operator posts JSON.
    pub fn operated(&self, path: &str, body: &Value) -> Vec<u8> {
        let (Self { host, token, .. }, body) = (self, body.to_string());
        let length = body.len();
        format!(
            "POST {path} HTTP/1.1\r\nhost: {host}\r\nauthorization: Bearer {token}\r\n{TENANT_HEADER}: {TENANT}\r\n\
             content-type: application/json\r\ncontent-length: {length}\r\n\r\n{body}"
        )
        .into_bytes()
    }

    /// Where it is connected.
    pub fn host(&self) -> &str {
        &self.host
    }

    /// Sends bytes and reads the answer; an error when the server is gone.
    pub fn send(&mut self, request: &[u8]) -> std::io::Result<Answer> {
        exchange(&mut self.stream, request)
    }
}

/// Connects, with a limit to the waiting.
pub fn connect(host: &str) -> TcpStream {
    let stream = TcpStream::connect(host).unwrap();
    stream.set_read_timeout(Some(PATIENCE)).unwrap();
    stream
}

/// Gets a path.
pub fn get(stream: &mut TcpStream, host: &str, path: &str, headers: &[(&str, &str)]) -> Answer {
    let headers: String = headers.iter().map(|(name, value)| format!("{name}: {value}\r\n")).collect();
    exchange(stream, format!("GET {path} HTTP/1.1\r\nhost: {host}\r\n{headers}\r\n").as_bytes()).unwrap()
}

/// Sends bytes and reads the answer.
pub fn exchange(stream: &mut TcpStream, request: &[u8]) -> std::io::Result<Answer> {
    stream.write_all(request)?;
    let (mut bytes, mut chunk) = (Vec::new(), [0; 16 * 1_024]);
    loop {
        let read = stream.read(&mut chunk)?;
        if read == 0 {
            return Err(std::io::ErrorKind::UnexpectedEof.into());
        }
        bytes.extend_from_slice(&chunk[..read]);
        let Some(end) = bytes.windows(4).position(|four| four == b"\r\n\r\n") else { continue };
        let head = String::from_utf8_lossy(&bytes[..end]).to_lowercase();
        let length = head.lines().find_map(|line| line.strip_prefix("content-length: "));
        let length: usize = length.map_or(0, |length| length.parse().unwrap());
        if bytes.len() >= end + 4 + length {
            let status = head.split(' ').nth(1).unwrap().parse().unwrap();
            return Ok(Answer { status, head, body: bytes[end + 4..end + 4 + length].to_vec() });
        }
    }
}

/// The fixture's ordinary sign-in, of another person.
pub fn sign_in(user_id: &str) -> Value {
    let mut event = countersign_testkit::post_login();
    event["user"]["user_id"] = json!(user_id);
    event
}

/// The public leaves of the only ledger in a data directory, in order.
pub fn leaves(data: &Path) -> Vec<Value> {
    let connection = rusqlite::Connection::open(data.join("countersign.db")).unwrap();
    let mut statement = connection.prepare("SELECT leaf FROM records ORDER BY place").unwrap();
    let rows = statement.query_map([], |row| row.get::<_, Vec<u8>>(0)).unwrap();
    rows.map(|leaf| serde_json::from_slice(&leaf.unwrap()).unwrap()).collect()
}

/// What a command wrote to standard error.
pub fn complained(output: &Output) -> String {
    String::from_utf8(output.stderr.clone()).unwrap()
}

/// Asks again until it is so, within what nothing here may take longer than.
pub fn until(what: &str, mut is_so: impl FnMut() -> bool) {
    let began = now();
    while !is_so() {
        assert!(began.elapsed() < PATIENCE, "{what} did not come");
        pause();
    }
}

/// Between two looks: whoever asks as fast as it goes is refused, and takes the processor from what is waited for.
#[expect(clippy::disallowed_methods, reason = "processes of their own are waited for by the clock")]
pub fn pause() {
    std::thread::sleep(Duration::from_millis(25));
}

/// Copies the files of a folder.
pub fn copy(from: &Path, to: &Path) {
    fs::create_dir_all(to).unwrap();
    for entry in fs::read_dir(from).unwrap() {
        let entry = entry.unwrap();
        fs::copy(entry.path(), to.join(entry.file_name())).unwrap();
    }
}

/// The files below a folder that hold these bytes.
pub fn files_with(folder: &Path, mark: &[u8]) -> Vec<PathBuf> {
    let mut found = Vec::new();
    for entry in fs::read_dir(folder).unwrap() {
        let path = entry.unwrap().path();
        if path.is_dir() {
            found.extend(files_with(&path, mark));
        } else if fs::read(&path).unwrap().windows(mark.len()).any(|window| window == mark) {
            found.push(path);
        }
    }
    found
}

/// Whether a tool is there; one that is missing is a failure where everything must be there, and told elsewhere.
#[expect(clippy::disallowed_methods, reason = "CI says so in the environment")]
pub fn has(tool: &str) -> bool {
    if Command::new(tool).arg("-V").output().is_ok_and(|output| output.status.success()) {
        return true;
    }
    assert!(std::env::var("CI").is_err(), "`{tool}` is missing");
    println!("skipped: `{tool}` is missing");
    false
}
