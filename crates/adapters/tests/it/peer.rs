//! A server of a test's own: it answers as told, and remembers what it was asked.

use std::{
    sync::{Arc, Mutex},
    time::Duration,
};

use countersign_adapters::enrichment::{HttpEnrichment, Settings};
use countersign_app::enrich::{Enrich, EnrichError, Facts, Question};
use countersign_core::{Secret, Timestamp, testing::HeldClock};
use tokio::{
    io::{AsyncReadExt, AsyncWriteExt},
    net::{TcpListener, TcpStream},
    task::JoinSet,
};

/// The token that the connectors of tests show.
pub const TOKEN: &str = "CANARY-token";

/// Long enough that nothing here takes as long.
pub const PATIENCE: Duration = Duration::from_secs(1);

/// A server, gone with this value.
pub struct Peer {
    /// Where it listens.
    pub url: String,
    asked: Arc<Mutex<Vec<String>>>,
    _serving: JoinSet<()>,
}

/// Answers each connection's one request with these bytes.
pub async fn answering(bytes: impl Into<Vec<u8>>) -> Peer {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let url = format!("http://{}/enrich", listener.local_addr().unwrap());
    let asked = Arc::new(Mutex::new(Vec::new()));
    let (told, bytes) = (Arc::clone(&asked), bytes.into());
    let mut serving = JoinSet::new();
    serving.spawn(async move {
        while let Ok((mut stream, _)) = listener.accept().await {
            let request = read(&mut stream).await;
            told.lock().unwrap().push(request);
            // A client that has read enough may have gone.
            drop(stream.write_all(&bytes).await);
        }
    });
    Peer { url, asked, _serving: serving }
}

/// Takes requests and never answers.
pub async fn silent() -> Peer {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let url = format!("http://{}/enrich", listener.local_addr().unwrap());
    let mut serving = JoinSet::new();
    serving.spawn(async move {
        let mut open = Vec::new();
        while let Ok((stream, _)) = listener.accept().await {
            open.push(stream);
        }
    });
    Peer { url, asked: Arc::default(), _serving: serving }
}

/// An address at which nothing listens.
pub async fn nobody() -> String {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    format!("http://{}/", listener.local_addr().unwrap())
}

/// An answer of that status with that body.
pub fn answer(status: &str, body: &str) -> String {
    format!("HTTP/1.1 {status}\r\ncontent-length: {}\r\nconnection: close\r\n\r\n{body}", body.len())
}

/// An answer with facts.
pub fn facts(body: &str) -> String {
    answer("200 OK", body)
}

impl Peer {
    /// Whole requests in the order of their arrival.
    pub fn asked(&self) -> Vec<String> {
        self.asked.lock().unwrap().clone()
    }
}

/// Reads a request, whole.
pub async fn read(stream: &mut TcpStream) -> String {
    let mut bytes = Vec::new();
    loop {
        let text = String::from_utf8_lossy(&bytes).into_owned();
        if let Some((head, body)) = text.split_once("\r\n\r\n") {
            let length = head.to_lowercase().lines().find_map(|line| {
                line.strip_prefix("content-length: ").map(|length| length.parse::<usize>().unwrap())
            });
            if body.len() >= length.unwrap_or(0) {
                return text;
            }
        }
        let mut part = [0; 1_024];
        match stream.read(&mut part).await {
            Ok(count @ 1..) => bytes.extend_from_slice(&part[..count]),
            _ => return text,
        }
    }
}

/// A connector to `url`, with its clock.
pub fn connector_at(
    url: &str,
    timeout: Duration,
    sends_email: bool,
) -> (Arc<HttpEnrichment>, Arc<HeldClock>) {
    let clock = Arc::new(HeldClock::at(Timestamp::from_seconds(1_787_212_800)));
    let settings = Settings {
        endpoint: url.parse().unwrap(),
        token: Some(Secret::new(TOKEN.as_bytes().to_vec())),
        timeout,
        sends_email,
    };
    (Arc::new(HttpEnrichment::new(settings, Arc::clone(&clock) as _).unwrap()), clock)
}

/// A connector to `url` that waits long and sends the domain alone.
pub fn connector(url: &str) -> Arc<HttpEnrichment> {
    connector_at(url, PATIENCE, false).0
}

/// What a connector tells of one person.
pub async fn ask(connector: &HttpEnrichment) -> Result<Facts, EnrichError> {
    connector.enrich(Question { email: "CANARY.person@Example.org", within: PATIENCE }).await
}
