//! Real handshakes over loopback, with certificates of the test's own.

#[path = "../../tests/it/certificates.rs"]
mod certificates;

use std::{collections::BTreeMap, fs, net::SocketAddr, sync::Arc, time::Duration};

use axum::{Extension, Router, routing::get};
use countersign_core::TenantId;
use countersign_server::PeerTenants;
use rustls::{ClientConfig, ProtocolVersion, pki_types::ServerName, version};
use tempfile::TempDir;
use tokio::{
    io::{AsyncReadExt, AsyncWriteExt},
    net::{TcpListener, TcpStream},
    sync::watch,
    task::JoinSet,
    time,
};
use tokio_rustls::{TlsConnector, client::TlsStream};

use super::*;
use crate::listen::{Limits, Listener, serve};
use certificates::{Authority, Identity, client, client_of};

/// What nothing here may take longer than.
const PATIENCE: Duration = Duration::from_secs(20);

/// A listener with TLS, and the folder that its files are in.
struct Served {
    address: SocketAddr,
    folder: TempDir,
    servers: Authority,
    clients: Authority,
    _stop: watch::Sender<bool>,
    _task: JoinSet<()>,
}

type Tenants = BTreeMap<TenantId, Tenant>;

fn tenant(id: &str, fingerprints: &[String], names: &[&str]) -> (TenantId, Tenant) {
    let tenant = Tenant {
        client_certificate_sha256: fingerprints.to_vec(),
        client_names: names.iter().map(|name| (*name).to_owned()).collect(),
        ..Tenant::default()
    };
    (id.parse().unwrap(), tenant)
}

impl Served {
    async fn plain() -> Self {
        Self::start(None, Authority::new(), &Tenants::new()).await
    }

    /// Asks for client certificates, or demands them.
    async fn mutual(is_required: bool) -> Self {
        Self::start(Some(is_required), Authority::new(), &Tenants::new()).await
    }

    async fn start(mutual: Option<bool>, clients: Authority, tenants: &Tenants) -> Self {
        let (folder, servers) = (tempfile::tempdir().unwrap(), Authority::new());
        servers.sign("localhost").write(folder.path(), "server");
        let client_ca = folder.path().join("clients.pem");
        fs::write(&client_ca, clients.pem()).unwrap();
        let settings = Settings {
            certificate: folder.path().join("server.pem"),
            key: folder.path().join("server.key"),
            client_ca: mutual.map(|_| client_ca),
            require_client_certificate: mutual == Some(true),
        };
        let tls = Tls::load(&settings, tenants).unwrap();
        let of = |peer: Option<Extension<PeerTenants>>| async move {
            let admits =
                |tenant: &str| peer.as_ref().is_none_or(|peer| peer.admits(&tenant.parse().unwrap()));
            ["one", "two", "free"].into_iter().filter(|tenant| admits(tenant)).collect::<Vec<_>>().join(" ")
        };
        let tcp = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let address = tcp.local_addr().unwrap();
        let limits = Limits {
            handshake: Duration::from_millis(200),
            look: Duration::from_millis(20),
            ..Limits::standard()
        };
        let (stop, stopped) = watch::channel(false);
        let mut task = JoinSet::new();
        let router = Router::new().route("/", get(of));
        task.spawn(async move { serve(Listener::with_tls(tcp, tls), router, stopped, &limits).await });
        Self { address, folder, servers, clients, _stop: stop, _task: task }
    }

    async fn connect(&self, config: Arc<ClientConfig>) -> std::io::Result<TlsStream<TcpStream>> {
        let stream = TcpStream::connect(self.address).await?;
        TlsConnector::from(config).connect(ServerName::try_from("localhost").unwrap(), stream).await
    }

    /// Connects and asks which of the tenants one, two and free it may sign for.
    async fn ask(&self, identity: Option<&Identity>) -> std::io::Result<String> {
        ask(&mut self.connect(client(&self.servers, identity)).await?).await
    }
}

/// Asks over a connection that is kept; an error once it has ended.
async fn ask(stream: &mut TlsStream<TcpStream>) -> std::io::Result<String> {
    stream.write_all(b"GET / HTTP/1.1\r\nhost: x\r\n\r\n").await?;
    let mut bytes = [0; 1_024];
    let count = time::timeout(PATIENCE, stream.read(&mut bytes)).await??;
    let text = String::from_utf8_lossy(&bytes[..count]).into_owned();
    let (head, body) = text.split_once("\r\n\r\n").ok_or(std::io::ErrorKind::UnexpectedEof)?;
    assert!(head.starts_with("HTTP/1.1 200 "), "{head}");
    Ok(body.to_owned())
}

/// Tries until what is tried holds.
async fn until<F: Future<Output = bool>>(mut holds: impl FnMut() -> F) {
    let trying = async {
        while !holds().await {
            time::sleep(Duration::from_millis(5)).await;
        }
    };
    time::timeout(PATIENCE, trying).await.expect("it never holds");
}

#[tokio::test]
async fn both_versions_shake_hands_and_speak_http_1() {
    let served = Served::plain().await;
    for (only, spoken) in
        [(&version::TLS12, ProtocolVersion::TLSv1_2), (&version::TLS13, ProtocolVersion::TLSv1_3)]
    {
        let config = client_of(&served.servers, None, &[only]);
        let mut stream = served.connect(config).await.unwrap();
        assert_eq!(stream.get_ref().1.protocol_version(), Some(spoken));
        assert_eq!(stream.get_ref().1.alpn_protocol(), Some(&b"http/1.1"[..]));
        assert_eq!(ask(&mut stream).await.unwrap(), "one two free");
    }
}

#[tokio::test]
async fn a_client_that_trusts_another_authority_does_not_connect() {
    let served = Served::plain().await;
    let error = served.connect(client(&Authority::new(), None)).await.unwrap_err();
    let cause = error.get_ref().and_then(|inner| inner.downcast_ref::<rustls::Error>());
    assert!(matches!(cause, Some(rustls::Error::InvalidCertificate(_))), "{error}");
    assert!(served.ask(None).await.is_ok(), "it goes on");
}

#[tokio::test]
async fn only_certificates_of_the_authority_that_have_not_ended_are_accepted() {
    let served = Served::mutual(true).await;
    for (identity, is_accepted) in [
        (Some(served.clients.sign("a.example")), true),
        (None, false),
        (Some(served.clients.sign_until("a.example", 2020)), false),
        (Some(Authority::new().sign("a.example")), false),
        (Some(served.servers.sign("a.example")), false),
    ] {
        let end = served.ask(identity.as_ref()).await;
        assert_eq!(end.is_ok(), is_accepted, "{end:?}");
    }
}

#[tokio::test]
async fn a_certificate_that_is_not_required_may_be_left_out_but_not_be_wrong() {
    let served = Served::mutual(false).await;
    assert_eq!(served.ask(None).await.unwrap(), "one two free");
    assert!(served.ask(Some(&Authority::new().sign("a.example"))).await.is_err());
}

#[tokio::test]
async fn a_peer_is_bound_by_its_certificate_or_a_name_in_it() {
    let clients = Authority::new();
    let pinned = clients.sign("pinned.example");
    let fingerprint = aws_lc_rs::digest::digest(&aws_lc_rs::digest::SHA256, &pinned.der());
    let fingerprint = fingerprint.as_ref().iter().map(|byte| format!("{byte:02X}")).collect::<Vec<_>>();
    let tenants = [tenant("one", &[fingerprint.join(":")], &[]), tenant("two", &[], &["two.example"])].into();
    let served = Served::start(Some(false), clients, &tenants).await;
    for (identity, admitted) in [
        (Some(pinned), "one"),
        (Some(served.clients.sign("pinned.example")), "free"),
        (Some(served.clients.sign("two.example")), "two"),
        (Some(served.clients.sign("not.two.example")), "free"),
        (None, "free"),
    ] {
        assert_eq!(served.ask(identity.as_ref()).await.unwrap(), admitted);
    }
}

#[tokio::test]
async fn what_is_not_tls_1_2_or_1_3_gets_no_answer() {
    let served = Served::plain().await;
    // A whole ClientHello of TLS 1.1 (RFC 4346, section 7.4.1.2): version, random, no session, one suite, no compression.
    let hello = [&[3, 2][..], &[7; 32], &[0], &[0, 2, 0, 0x2f], &[1, 0]].concat();
    let length = u8::try_from(hello.len()).unwrap();
    let hello = [&[22, 3, 1, 0, length + 4, 1, 0, 0, length][..], &hello].concat();
    for bytes in [&b"GET / HTTP/1.1\r\nhost: x\r\n\r\n"[..], &hello, &[0; 64]] {
        let mut stream = TcpStream::connect(served.address).await.unwrap();
        stream.write_all(bytes).await.unwrap();
        let mut answer = Vec::new();
        // One that is cut with bytes unread is reset, which is closed too.
        let _ = time::timeout(PATIENCE, stream.read_to_end(&mut answer)).await.expect("it is closed");
        // At most an alert: content type 21, two bytes (RFC 8446, section 6).
        assert!(answer.is_empty() || (answer[0] == 21 && answer.len() == 7), "{answer:?}");
    }
    assert!(served.ask(None).await.is_ok(), "it goes on");
}

#[tokio::test]
async fn a_handshake_that_stalls_is_closed() {
    let served = Served::plain().await;
    for bytes in [&b""[..], &[22, 3, 1, 0, 200, 1]] {
        let mut stream = TcpStream::connect(served.address).await.unwrap();
        stream.write_all(bytes).await.unwrap();
        let closed = time::timeout(PATIENCE, stream.read(&mut [0; 64])).await.expect("it is closed");
        assert!(matches!(closed, Ok(0) | Err(_)), "{closed:?}");
    }
}

#[tokio::test]
async fn a_new_certificate_is_shown_to_new_connections_and_open_ones_stay() {
    let served = Served::plain().await;
    let mut open = served.connect(client(&served.servers, None)).await.unwrap();
    ask(&mut open).await.unwrap();
    let next = Authority::new();
    next.sign("localhost").write(served.folder.path(), "server");
    until(async || served.connect(client(&next, None)).await.is_ok()).await;
    assert!(served.ask(None).await.is_err(), "the old one is not shown any more");
    ask(&mut open).await.expect("a connection that is open goes on");
}

#[tokio::test]
async fn files_that_can_not_be_used_change_nothing_and_good_ones_do_afterwards() {
    let served = Served::plain().await;
    let certificate = served.folder.path().join("server.pem");
    let other = served.servers.sign("localhost");
    for broken in ["", "no certificate", &other.certificate] {
        fs::write(&certificate, broken).unwrap();
        // Long enough for some looks at the files.
        for _ in 0..10 {
            served.ask(None).await.unwrap();
            time::sleep(Duration::from_millis(10)).await;
        }
    }
    fs::remove_file(&certificate).unwrap();
    served.ask(None).await.unwrap();
    let next = Authority::new();
    next.sign("localhost").write(served.folder.path(), "server");
    until(async || served.connect(client(&next, None)).await.is_ok()).await;
}

#[tokio::test]
async fn a_new_client_authority_lets_its_clients_in_and_ends_the_connections_of_others() {
    let served = Served::mutual(true).await;
    let (old, next) = (served.clients.sign("a.example"), Authority::new());
    let new = next.sign("a.example");
    let mut open = served.connect(client(&served.servers, Some(&old))).await.unwrap();
    ask(&mut open).await.unwrap();
    let both = [served.clients.pem(), next.pem()].concat();
    fs::write(served.folder.path().join("clients.pem"), both).unwrap();
    until(async || served.ask(Some(&new)).await.is_ok()).await;
    ask(&mut open).await.expect("its authority is still there");
    fs::write(served.folder.path().join("clients.pem"), next.pem()).unwrap();
    let ended = time::timeout(PATIENCE, open.read(&mut [0; 64])).await.expect("it ends");
    assert!(matches!(ended, Ok(0)), "closed in order: {ended:?}");
    assert!(served.ask(Some(&old)).await.is_err());
    assert!(served.ask(Some(&new)).await.is_ok());
}

#[tokio::test]
async fn a_connection_ends_soon_after_its_client_certificate() {
    let served = Served::mutual(true).await;
    let began = UnixTime::now().as_secs();
    let short = served.clients.sign_ending("a.example", began + 3);
    let mut open = served.connect(client(&served.servers, Some(&short))).await.unwrap();
    ask(&mut open).await.unwrap();
    let ended = time::timeout(PATIENCE, open.read(&mut [0; 64])).await.expect("it ends");
    assert!(matches!(ended, Ok(0)), "closed in order: {ended:?}");
    let lived = UnixTime::now().as_secs() - began;
    assert!(lived < Limits::standard().head.as_secs(), "it ended for being idle, after {lived} s");
}

#[tokio::test]
async fn files_that_could_not_be_used_are_read_again_though_they_look_the_same() {
    let served = Served::plain().await;
    let (next, path) = (Authority::new(), served.folder.path().join("server.pem"));
    let good = next.sign("localhost");
    fs::write(served.folder.path().join("server.key"), &good.key).unwrap();
    fs::write(&path, "x".repeat(good.certificate.len())).unwrap();
    let changed_at = fs::metadata(&path).unwrap().modified().unwrap();
    // Long enough for some looks at the files.
    for _ in 0..20 {
        served.ask(None).await.unwrap();
        time::sleep(Duration::from_millis(10)).await;
    }
    fs::write(&path, &good.certificate).unwrap();
    fs::File::options().write(true).open(&path).unwrap().set_modified(changed_at).unwrap();
    until(async || served.connect(client(&next, None)).await.is_ok()).await;
}

#[test]
fn what_is_wrong_with_the_files_is_told_with_the_key() {
    let folder = tempfile::tempdir().unwrap();
    let path = |name: &str| folder.path().join(name);
    let authority = Authority::new();
    authority.sign("localhost").write(folder.path(), "one");
    authority.sign("localhost").write(folder.path(), "two");
    let good = Settings {
        certificate: path("one.pem"),
        key: path("one.key"),
        client_ca: None,
        require_client_certificate: false,
    };
    assert!(files::load(&good).is_ok());
    for (settings, told) in [
        (Settings { certificate: path("none.pem"), ..good.clone() }, "`server.tls.certificate`: can't read"),
        (Settings { certificate: path("one.key"), ..good.clone() }, "`server.tls.certificate`: `"),
        (Settings { certificate: folder.path().to_owned(), ..good.clone() }, "is no file of at most 1 MiB"),
        (Settings { key: path("one.pem"), ..good.clone() }, "`server.tls.key`: `"),
        (Settings { key: path("two.key"), ..good.clone() }, "do not go together"),
        (Settings { client_ca: Some(path("one.key")), ..good }, "`server.tls.client_ca`: `"),
    ] {
        let Err(error) = files::load(&settings) else { panic!("taken: {told}") };
        let error = format!("{error:#}");
        assert!(error.contains(told) && !error.contains("BEGIN"), "{error}");
    }
}
