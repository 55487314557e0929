//! The binary over TLS: bindings of tenants, certificates replaced while it runs, nothing personal in its log.

use std::{
    fs,
    io::{BufRead, BufReader, Read, Write},
    net::TcpStream,
    path::{Path, PathBuf},
    process::{Child, Command, Stdio},
    sync::Arc,
    time::Duration,
};

use countersign_server::signature::{SigningKey, TENANT_HEADER};
use rustls::{ClientConfig, ClientConnection, StreamOwned, pki_types::ServerName};
use serde_json::json;

use crate::{
    certificates::{Authority, Identity, client},
    world::{TENANT, countersign, now, seconds, sign_in},
};

/// What nothing here may take longer than.
const PATIENCE: Duration = Duration::from_secs(30);

/// The other tenant.
const OTHER: &str = "other-tenant";

/// A name that must not come up in a log.
const NAME: &str = "actions.acme.example";

/// A running server with TLS; killed when it goes.
struct Secured {
    process: Child,
    host: String,
    folder: PathBuf,
    servers: Authority,
    clients: Authority,
}

impl Drop for Secured {
    fn drop(&mut self) {
        // Why: one that ended already can't be killed, which is as good.
        let _ = self.process.kill().and_then(|()| self.process.wait());
    }
}

impl Secured {
    fn start(home: &Path) -> Self {
        let (servers, clients) = (Authority::new(), Authority::new());
        servers.sign("localhost").write(home, "server");
        fs::write(home.join("clients.pem"), clients.pem()).unwrap();
        let config = format!(
            "[server]\nlisten = \"127.0.0.1:0\"\nhosts = [\"localhost\"]\n[storage]\ndirectory = \"data\"\n[log]\nlevel = \"debug\"\n\
             [server.tls]\ncertificate = \"server.pem\"\nkey = \"server.key\"\nclient_ca = \"clients.pem\"\n\
             [tenants.{TENANT}]\nclient_names = [\"{NAME}\"]\n[tenants.{OTHER}]\nclient_names = [\"other.example\"]\n"
        );
        fs::write(home.join("countersign.toml"), config).unwrap();
        let mut process = countersign(home)
            .args(["serve", "--config", "countersign.toml"])
            .stdin(Stdio::null())
            .stdout(Stdio::piped())
            .stderr(fs::File::create(home.join("log")).unwrap())
            .spawn()
            .unwrap();
        let lines = BufReader::new(process.stdout.take().unwrap()).lines();
        let host = lines.map(Result::unwrap).find_map(|line| {
            line.strip_prefix("Countersign listens at https://").map(|host| host.trim().to_owned())
        });
        let host = host.unwrap_or_else(|| panic!("{}", fs::read_to_string(home.join("log")).unwrap()));
        Self { process, host, folder: home.to_owned(), servers, clients }
    }

    fn connect(&self, identity: Option<&Identity>) -> StreamOwned<ClientConnection, TcpStream> {
        self.connect_by(client(&self.servers, identity))
    }

    fn connect_by(&self, config: Arc<ClientConfig>) -> StreamOwned<ClientConnection, TcpStream> {
        let socket = TcpStream::connect(&self.host).unwrap();
        socket.set_read_timeout(Some(PATIENCE)).unwrap();
        let name = ServerName::try_from("localhost").unwrap();
        StreamOwned::new(ClientConnection::new(config, name).unwrap(), socket)
    }

    /// Asks for a decision that is signed for `tenant`, over a connection with this certificate.
    fn decide(&self, tenant: &str, identity: Option<&Identity>, id: &str) -> String {
        let key = fs::read_to_string(self.folder.join(format!("data/{tenant}.action-key"))).unwrap();
        let mut event = sign_in("auth0|anna");
        event["tenant"]["id"] = json!(tenant);
        let action = json!({ "name": "countersign-post-login", "version": "0.1.0" });
        let body = json!({ "trigger": "post-login", "event": event, "deadline_ms": 800, "action": action })
            .to_string();
        let at = seconds();
        let signature = SigningKey::parse(key.trim()).unwrap().sign_request(id, at, body.as_bytes());
        let mut stream = self.connect(identity);
        write!(
            stream,
            "POST /v1/decisions HTTP/1.1\r\nhost: localhost\r\nconnection: close\r\nwebhook-id: {id}\r\nwebhook-timestamp: {at}\r\n\
             webhook-signature: {signature}\r\n{TENANT_HEADER}: {tenant}\r\ncontent-length: {}\r\n\r\n{body}",
            body.len()
        )
        .unwrap();
        let mut answer = String::new();
        stream.read_to_string(&mut answer).unwrap();
        answer
    }
}

#[test]
fn a_request_over_a_peer_of_another_tenant_is_refused_and_its_id_is_not_used_up() {
    let home = tempfile::tempdir().unwrap();
    let served = Secured::start(home.path());
    let (own, other) = (served.clients.sign(NAME), served.clients.sign("other.example"));
    for (tenant, identity) in [(TENANT, Some(&other)), (TENANT, None), (OTHER, Some(&own)), (OTHER, None)] {
        let answer = served.decide(tenant, identity, "msg_same");
        assert!(answer.starts_with("HTTP/1.1 401 ") && answer.contains("\"peer.foreign\""), "{answer}");
    }
    for (tenant, identity) in [(TENANT, &own), (OTHER, &other)] {
        let answer = served.decide(tenant, Some(identity), "msg_same");
        assert!(answer.starts_with("HTTP/1.1 200 "), "{answer}");
    }
    // Refused in their handshake, and told.
    for refused in [served.clients.sign_until(NAME, 2020), Authority::new().sign(NAME)] {
        let mut stream = served.connect(Some(&refused));
        let sent = stream.write_all(b"GET /health HTTP/1.1\r\nhost: localhost\r\n\r\n");
        assert!(sent.is_err() || stream.read(&mut [0; 1]).is_err());
    }
    let log = fs::read_to_string(home.path().join("log")).unwrap();
    assert!(log.contains("a TLS handshake failed"), "{log}");
    for private in [NAME, "other.example", "127.0.0.1", "auth0|anna"] {
        assert!(!log.contains(private), "{private}: {log}");
    }
}

#[test]
fn a_hangup_reads_the_files_at_once_and_broken_ones_are_told_and_left() {
    let home = tempfile::tempdir().unwrap();
    let served = Secured::start(home.path());
    let hang_up = || {
        let pid = served.process.id().to_string();
        assert!(Command::new("kill").args(["-HUP", &pid]).status().unwrap().success());
    };
    let until = |holds: &dyn Fn() -> bool| {
        let began = now();
        while !holds() {
            assert!(began.elapsed() < PATIENCE, "{}", fs::read_to_string(home.path().join("log")).unwrap());
            std::thread::yield_now();
        }
    };
    let shakes = |authority: &Authority| {
        let mut stream = served.connect_by(client(authority, None));
        stream.write_all(b"GET /health HTTP/1.1\r\nhost: localhost\r\n\r\n").is_ok()
            && stream.read(&mut [0; 1]).is_ok_and(|count| count == 1)
    };
    assert!(shakes(&served.servers));
    let next = Authority::new();
    next.sign("localhost").write(home.path(), "server");
    hang_up();
    until(&|| shakes(&next));
    fs::write(home.path().join("server.key"), "no key").unwrap();
    hang_up();
    until(&|| fs::read_to_string(home.path().join("log")).unwrap().contains("`server.tls.key`"));
    assert!(shakes(&next), "the old ones stay");
}

#[test]
fn commands_reach_a_server_by_https_that_a_known_authority_vouches_for() {
    let home = tempfile::tempdir().unwrap();
    let served = Secured::start(home.path());
    fs::write(home.path().join("servers.pem"), served.servers.pem()).unwrap();
    let port = served.host.rsplit_once(':').unwrap().1;
    let (secure, plain) = (format!("https://localhost:{port}"), format!("http://localhost:{port}"));
    let list = |url: &str, further: &[&str], roots: &str| {
        let mut command = countersign(home.path());
        command.args(["decisions", "list", "--tenant", TENANT, "--data", "data", "--url", url]).args(further);
        command.env("SSL_CERT_FILE", roots).env_remove("SSL_CERT_DIR").output().unwrap()
    };
    for (url, further, roots, is_reached) in [
        (&secure, &["--ca", "servers.pem"][..], "clients.pem", true),
        (&secure, &[], "servers.pem", true),
        (&secure, &[], "clients.pem", false),
        (&secure, &["--ca", "clients.pem"], "servers.pem", false),
        (&plain, &[], "servers.pem", false),
    ] {
        let output = list(url, further, roots);
        let told = String::from_utf8(output.stderr).unwrap();
        assert_eq!(output.status.success(), is_reached, "{url} {further:?} {roots}: {told}");
    }
}

#[test]
fn files_that_can_not_be_used_at_the_start_are_told_with_their_key() {
    let home = tempfile::tempdir().unwrap();
    Authority::new().sign("localhost").write(home.path(), "server");
    let mut command = countersign(home.path());
    command.args(["serve", "--tenant", TENANT]).env("COUNTERSIGN__SERVER__LISTEN", "127.0.0.1:0");
    command.env("COUNTERSIGN__SERVER__TLS__CERTIFICATE", "server.pem");
    let output = command.env("COUNTERSIGN__SERVER__TLS__KEY", "nowhere.key").output().unwrap();
    let told = String::from_utf8(output.stderr).unwrap();
    assert_eq!(output.status.code(), Some(1));
    assert!(told.contains("`server.tls.key`: can't read `nowhere.key`"), "{told}");
}
