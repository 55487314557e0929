//! Mail to a server of a test's own, and to one that others wrote (`conformance/mail_server.py`).

use std::{
    collections::BTreeMap,
    io::{BufRead, BufReader, Lines},
    process::{Child, ChildStdout, Command, Stdio},
    sync::Arc,
};

use countersign_adapters::messages::{
    Console, Templates,
    mail::{BuildError, Mail, Server, TlsMode},
};
use countersign_app::hooks::{HookError, KINDS, Message, SendHook, Taken};
use countersign_core::{Secret, Timestamp};
use parking_lot::Mutex;
use rcgen::{CertificateParams, KeyPair};
use serde_json::{Value, json};
use tokio::{
    io::{AsyncBufReadExt, AsyncWriteExt, BufReader as AsyncReader},
    net::TcpListener,
    task::JoinSet,
};

fn mail(server: Server, to: &str) -> Result<Mail, BuildError> {
    let words = (Console("https://cs.example.com".to_owned()), Templates::new(&BTreeMap::new()).unwrap());
    Mail::new(server, ("Countersign <cs@example.com>", &[to.to_owned()]), words)
}

fn plain(port: u16) -> Server {
    Server { name: "127.0.0.1".to_owned(), port, tls: TlsMode::None, authorities: None, login: None }
}

fn body(kind: &str) -> String {
    let data = json!({"tenant": "acme", "plan_id": "plan_1", "title": "Contain <b>one</b>\r\nBcc: thief@example.com", "path": "/plans/plan_1?tenant=acme"});
    json!({"type": kind, "timestamp": "2026-11-29T20:10:07.000000Z", "data": data}).to_string()
}

async fn send(mail: &Mail, kind: &str) -> Result<Taken, HookError> {
    let body = body(kind);
    let at = Timestamp::from_seconds(1_764_450_607);
    mail.send(Message { id: "rec_1", about: "plan_1", at, body: body.as_bytes(), place: None }).await
}

/// A server without TLS that answers each command that begins so as told, else as one does that takes everything.
async fn answering(
    special: &'static [(&'static str, &'static str)],
) -> (u16, Arc<Mutex<Vec<String>>>, JoinSet<()>) {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let port = listener.local_addr().unwrap().port();
    let seen = Arc::new(Mutex::new(Vec::new()));
    let (told, mut serving) = (Arc::clone(&seen), JoinSet::new());
    serving.spawn(async move {
        while let Ok((stream, _)) = listener.accept().await {
            let mut stream = AsyncReader::new(stream);
            stream.write_all(b"220 here\r\n").await.unwrap();
            let (mut line, mut is_data) = (String::new(), false);
            while stream.read_line(&mut line).await.is_ok_and(|read| read > 0) {
                let said = std::mem::take(&mut line);
                told.lock().push(said.trim_end().to_owned());
                let answer = match special.iter().find(|(begin, _)| !is_data && said.starts_with(begin)) {
                    Some((_, answer)) => answer,
                    None if is_data && said != ".\r\n" => continue,
                    None if said.starts_with("DATA") => "354 go on",
                    None if said.starts_with("QUIT") => "221 bye",
                    None => "250 ok",
                };
                is_data = answer.starts_with("354");
                if stream.write_all(format!("{answer}\r\n").as_bytes()).await.is_err() {
                    break;
                }
            }
        }
    });
    (port, seen, serving)
}

#[tokio::test]
async fn a_message_is_one_letter_with_one_id_at_each_attempt() {
    let (port, seen, _serving) = answering(&[]).await;
    let mail = mail(plain(port), "soc@example.com").unwrap();
    for _ in 0..2 {
        assert_eq!(send(&mail, "plan.proposed").await, Ok(Taken::default()));
    }
    let seen = seen.lock();
    let ids: Vec<_> = seen.iter().filter(|line| line.starts_with("Message-ID:")).collect();
    assert_eq!(ids, ["Message-ID: <rec_1@example.com>"; 2]);
    let to: Vec<_> = seen.iter().filter(|line| line.starts_with("RCPT TO:")).collect();
    assert_eq!(to, ["RCPT TO:<soc@example.com>"; 2], "nobody else gets it");
    assert!(!seen.iter().any(|line| line.starts_with("Bcc:")));
}

#[tokio::test]
async fn what_a_server_says_is_told_with_what_to_mend() {
    for (special, expected) in [
        (&[("MAIL", "451 later")][..], Some(HookError::Status(451))),
        (&[("RCPT", "452 full")], Some(HookError::Status(452))),
        (&[("RCPT", "550 nobody")], None),
        (&[("MAIL", "535 who")], None),
    ] {
        let (port, _seen, _serving) = answering(special).await;
        let said = send(&mail(plain(port), "soc@example.com").unwrap(), "plan.done").await.unwrap_err();
        match expected {
            Some(expected) => assert_eq!(said, expected),
            None => assert!(matches!(said, HookError::Refused(_)), "{said}"),
        }
        assert!(!said.to_string().contains("soc@example.com"));
    }
    let nobody = TcpListener::bind("127.0.0.1:0").await.unwrap().local_addr().unwrap().port();
    assert_eq!(
        send(&mail(plain(nobody), "soc@example.com").unwrap(), "plan.done").await,
        Err(HookError::Unreachable)
    );
}

#[tokio::test]
async fn nothing_is_sent_in_the_clear_where_tls_is_demanded() {
    let (port, seen, _serving) = answering(&[]).await;
    let login = Some(("cs".to_owned(), Secret::new(b"CANARY".to_vec())));
    let server = Server { tls: TlsMode::Starttls, login, ..plain(port) };
    let mail_ = mail(server, "soc@example.com").unwrap();
    assert!(matches!(send(&mail_, "plan.done").await, Err(HookError::Refused(_))), "it offers no STARTTLS");
    let lines = seen.lock().clone();
    assert!(lines.iter().all(|line| line.starts_with("EHLO") || line.starts_with("QUIT")), "{lines:?}");
    let elsewhere = Server { name: "smtp.example.com".to_owned(), ..plain(25) };
    assert_eq!(mail(elsewhere, "soc@example.com").err(), Some(BuildError::Plain));
}

/// The server of others, gone with this value.
struct Others {
    child: Child,
    lines: Lines<BufReader<ChildStdout>>,
    port: u16,
    authority: Vec<u8>,
    _folder: tempfile::TempDir,
}

impl Drop for Others {
    fn drop(&mut self) {
        drop(self.child.kill().and_then(|()| self.child.wait()));
    }
}

impl Others {
    fn start(mode: &str) -> Self {
        #[expect(clippy::disallowed_methods, reason = "where conformance/run installed it")]
        let python = std::env::var("COUNTERSIGN_PYTHON").unwrap();
        let key = KeyPair::generate().unwrap();
        let certificate =
            CertificateParams::new(vec!["127.0.0.1".to_owned()]).unwrap().self_signed(&key).unwrap();
        let folder = tempfile::tempdir().unwrap();
        let (cert_file, key_file) = (folder.path().join("cert.pem"), folder.path().join("key.pem"));
        std::fs::write(&cert_file, certificate.pem()).unwrap();
        std::fs::write(&key_file, key.serialize_pem()).unwrap();
        let script = concat!(env!("CARGO_MANIFEST_DIR"), "/../../conformance/mail_server.py");
        let mut child = Command::new(python)
            .args([script, mode])
            .args([&cert_file, &key_file])
            .stdout(Stdio::piped())
            .stderr(Stdio::null())
            .spawn()
            .unwrap();
        let mut lines = BufReader::new(child.stdout.take().unwrap()).lines();
        let ready: Value = serde_json::from_str(&lines.next().unwrap().unwrap()).unwrap();
        let port = u16::try_from(ready["port"].as_u64().unwrap()).unwrap();
        Self { child, lines, port, authority: certificate.pem().into_bytes(), _folder: folder }
    }

    fn server(&self, tls: TlsMode, password: &str) -> Server {
        let login = Some(("countersign".to_owned(), Secret::new(password.as_bytes().to_vec())));
        Server {
            name: "127.0.0.1".to_owned(),
            port: self.port,
            tls,
            authorities: Some(self.authority.clone()),
            login,
        }
    }

    fn next(&mut self) -> Value {
        serde_json::from_str(&self.lines.next().unwrap().unwrap()).unwrap()
    }
}

#[tokio::test]
#[ignore = "needs aiosmtpd; conformance/run installs it"]
async fn others_take_every_letter_by_starttls_and_implicit_tls_after_a_sign_in() {
    for (mode, tls) in [("starttls", TlsMode::Starttls), ("implicit", TlsMode::Implicit)] {
        let mut others = Others::start(mode);
        let good = mail(others.server(tls, "letters"), "soc@example.com").unwrap();
        assert_eq!(good.look().await, Ok(()));
        for kind in KINDS {
            assert_eq!(send(&good, kind.name).await, Ok(Taken::default()), "{mode} {}", kind.name);
            let got = others.next();
            assert_eq!((&got["from"], &got["to"]), (&json!("cs@example.com"), &json!(["soc@example.com"])));
            assert_eq!((&got["user"], &got["is_tls"]), (&json!("countersign"), &json!(true)));
            assert_eq!(got["defects"], json!([]), "Python's own parser finds nothing wrong");
            assert_eq!(got["parts"], json!(["text/plain", "text/html"]));
            assert!(got["plain"].as_str().unwrap().contains("https://cs.example.com/"));
            let html = got["html"].as_str().unwrap();
            assert!(!html.contains("<b>") && html.contains("<a href=\"https://cs.example.com/"));
            assert!(got["headers"].as_array().unwrap().iter().all(|name| name != "Bcc"));
        }
        let wrong = mail(others.server(tls, "hunter2"), "soc@example.com").unwrap();
        let said = send(&wrong, "plan.done").await.unwrap_err();
        assert!(said.to_string().contains("`password`") && !said.to_string().contains("hunter2"), "{said}");
        assert!(wrong.look().await.is_err());
        let stranger = Server { authorities: None, ..others.server(tls, "letters") };
        let said = send(&mail(stranger, "soc@example.com").unwrap(), "plan.done").await.unwrap_err();
        assert!(matches!(said, HookError::Refused(_) | HookError::Unreachable), "{said}");
        let nobody = mail(others.server(tls, "letters"), "nobody@example.com").unwrap();
        assert!(send(&nobody, "plan.done").await.unwrap_err().to_string().contains("`to`"));
    }
}
