//! TLS 1.2 and 1.3 for the listener, with certificates and client authorities that can be replaced while it runs.
//!
//! A file that changes is read within seconds, or at once on SIGHUP. What can't be used is told in the log and changes
//! nothing. No connection is cut for it: one that is open stays, unless its client certificate would not be accepted any
//! more, in which case it ends after the request under way. Neither addresses nor the names in certificates are logged.

mod files;
mod peers;
#[cfg(test)]
mod tests;

use std::{
    collections::BTreeMap,
    sync::{
        Arc,
        atomic::{AtomicBool, Ordering},
    },
    time::Duration,
};

use anyhow::Context;
use countersign_core::TenantId;
use countersign_server::PeerTenants;
use rustls::{
    pki_types::{CertificateDer, UnixTime},
    server::danger::ClientCertVerifier,
};
use tokio::{
    net::TcpStream,
    signal::unix::{SignalKind, signal},
    sync::watch,
    time,
};
use tokio_rustls::{TlsAcceptor, server::TlsStream};

use crate::{
    config::{Tenant, Tls as Settings},
    listen::stopped,
};
use files::{Loaded, Stamp};
use peers::Peers;

/// What accepts TLS connections. Cheap to clone.
#[derive(Clone)]
pub struct Tls(Arc<Shared>);

struct Shared {
    settings: Settings,
    peers: Peers,
    current: watch::Sender<Arc<Loaded>>,
    is_watched: AtomicBool,
}

/// Who is at the other end of a connection.
#[derive(Clone)]
pub struct Peer {
    /// The tenants that it may sign for; `None` when no client certificates are asked for.
    pub tenants: Option<PeerTenants>,
    chain: Vec<CertificateDer<'static>>,
}

/// Why there is no connection; says nothing about who wanted one.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Failure {
    /// The handshake took too long.
    Late,
    /// A certificate is missing or not accepted, by us or by the other end.
    Certificate,
    /// What came was not TLS 1.2 or 1.3, or offered nothing that we take.
    Protocol,
    /// The other end went away.
    Gone,
}

impl Failure {
    /// The word for the log.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Late => "late",
            Self::Certificate => "certificate",
            Self::Protocol => "protocol",
            Self::Gone => "gone",
        }
    }
}

impl From<std::io::Error> for Failure {
    fn from(error: std::io::Error) -> Self {
        use rustls::{AlertDescription as Alert, Error};
        let Some(error) = error.get_ref().and_then(|inner| inner.downcast_ref::<Error>()) else {
            return Self::Gone;
        };
        match error {
            Error::NoCertificatesPresented
            | Error::InvalidCertificate(_)
            | Error::InvalidCertRevocationList(_)
            | Error::AlertReceived(
                Alert::BadCertificate
                | Alert::UnsupportedCertificate
                | Alert::CertificateRevoked
                | Alert::CertificateExpired
                | Alert::CertificateUnknown
                | Alert::UnknownCA,
            ) => Self::Certificate,
            _ => Self::Protocol,
        }
    }
}

impl Tls {
    /// Reads the files, and the bindings of these tenants.
    ///
    /// # Errors
    /// What is wrong with which file, with its key in the configuration.
    pub fn load(settings: &Settings, tenants: &BTreeMap<TenantId, Tenant>) -> anyhow::Result<Self> {
        let peers = Peers::new(tenants)?;
        let (current, _) = watch::channel(Arc::new(files::load(settings)?));
        Ok(Self(Arc::new(Shared {
            settings: settings.clone(),
            peers,
            current,
            is_watched: AtomicBool::new(false),
        })))
    }

    /// Shakes hands within `limit`.
    ///
    /// # Errors
    /// Why there is no connection.
    pub async fn accept(
        &self,
        stream: TcpStream,
        limit: Duration,
    ) -> Result<(TlsStream<TcpStream>, Peer), Failure> {
        let loaded = Arc::clone(&self.0.current.borrow());
        let acceptor = TlsAcceptor::from(Arc::clone(&loaded.config));
        let stream = time::timeout(limit, acceptor.accept(stream)).await.map_err(|_| Failure::Late)??;
        let chain = stream.get_ref().1.peer_certificates().unwrap_or_default();
        let chain: Vec<_> = chain.iter().map(|certificate| certificate.clone().into_owned()).collect();
        let asks = loaded.verifier.is_some();
        let tenants = asks.then(|| self.0.peers.tenants_of(chain.first()));
        Ok((stream, Peer { tenants, chain }))
    }

    /// Waits until this peer's certificate is not accepted any more, by other authorities or because it ended; looks
    /// when the files change and this often. For ever while it is.
    pub async fn until_refused(&self, peer: &Peer, look_every: Duration) {
        let mut current = self.0.current.subscribe();
        loop {
            let verifier = current.borrow_and_update().verifier.clone();
            if verifier.is_some_and(|verifier| !is_accepted(verifier.as_ref(), &peer.chain)) {
                return;
            }
            // Why: the other end of the channel is ours, so there is nothing to tell but a change or the time.
            let _ = time::timeout(look_every, current.changed()).await;
        }
    }

    /// Reads the files again whenever they change, or on SIGHUP, until told to stop.
    ///
    /// # Errors
    /// When the signal can't be listened for, or somebody reads them already.
    pub async fn keep_fresh(
        self,
        look_every: Duration,
        mut stop: watch::Receiver<bool>,
    ) -> anyhow::Result<()> {
        let mut hangup = signal(SignalKind::hangup()).context("can't listen for SIGHUP")?;
        anyhow::ensure!(!self.0.is_watched.swap(true, Ordering::Relaxed), "the files are watched already");
        let mut ticks = time::interval(look_every);
        ticks.set_missed_tick_behavior(time::MissedTickBehavior::Delay);
        let mut seen = self.0.current.borrow().stamp.clone();
        let mut refused = None;
        loop {
            let is_asked = tokio::select! {
                _ = ticks.tick() => false,
                _ = hangup.recv() => true,
                () = stopped(&mut stop) => return Ok(()),
            };
            let (settings, known) = (self.0.settings.clone(), seen.clone());
            // Why: a disk that hangs must not hold up those who answer.
            let looked = tokio::task::spawn_blocking(move || look(&settings, &known, is_asked)).await;
            let (now, found) = looked.context("the files could not be read")?;
            match found {
                Some(Ok(loaded)) => {
                    self.0.current.send_replace(Arc::new(loaded));
                    seen = now;
                    refused = None;
                    tracing::info!("the TLS certificates were read again");
                }
                // Why not seen then: what could not be read may be readable at the next look though it looks the same.
                Some(Err(error)) => {
                    if is_asked || refused.as_ref() != Some(&now) {
                        tracing::error!(
                            error = format!("{error:#}"),
                            "new TLS certificates can't be used; the old ones stay"
                        );
                    }
                    refused = Some(now);
                }
                None => {}
            }
        }
    }
}

/// Reads the files if they look different from `seen`, or in any case when asked to; and how they look now.
fn look(settings: &Settings, seen: &Stamp, is_asked: bool) -> (Stamp, Option<anyhow::Result<Loaded>>) {
    // Why before reading: what changes meanwhile is read at the next look.
    let now = Stamp::of(settings);
    let found = (is_asked || now != *seen).then(|| files::load(settings));
    (now, found)
}

fn is_accepted(verifier: &dyn ClientCertVerifier, chain: &[CertificateDer<'static>]) -> bool {
    match chain.split_first() {
        Some((own, others)) => verifier.verify_client_cert(own, others, UnixTime::now()).is_ok(),
        None => !verifier.client_auth_mandatory(),
    }
}
