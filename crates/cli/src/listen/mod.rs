//! Listening until told to stop, within limits that no client can stretch.

mod addresses;
mod connection;
mod patient;
#[cfg(test)]
mod tests;

use std::{
    io::ErrorKind,
    net::{IpAddr, SocketAddr},
    sync::Arc,
    time::Duration,
};

use axum::Router;
use countersign_app::{App, Kept};
use tokio::{
    net::{TcpListener, TcpStream},
    sync::{OwnedSemaphorePermit, Semaphore, watch},
    task::JoinSet,
    time,
};

use crate::{jobs, tls::Tls};
use addresses::Addresses;
use connection::{Origin, Service};

/// After a failed accept, such as for want of file descriptors.
const PAUSE: Duration = Duration::from_secs(1);

/// What connections may take, and how long stopping does.
#[derive(Clone, Copy)]
pub struct Limits {
    /// Time in which a TLS handshake must be done.
    pub handshake: Duration,
    /// Time in which a whole head must have come; also how long a connection may be idle between requests.
    pub head: Duration,
    /// Time in which a request must be answered, once its head came.
    pub answer: Duration,
    /// Time in which what is ready of an answer must have been taken.
    pub take: Duration,
    /// Open connections; further ones wait to be accepted.
    pub connections: usize,
    /// Open connections of one peer address (of one /64 in IPv6); further ones are closed at once. Loopback has no such limit.
    pub connections_of_one: usize,
    /// Between two looks at the TLS files.
    pub look: Duration,
    /// Time for requests under way to end after the stop.
    pub drain: Duration,
}

impl Limits {
    /// The limits of a service.
    pub const fn standard() -> Self {
        Self {
            handshake: Duration::from_secs(5),
            head: Duration::from_secs(10),
            // Why so long: a sign-in asks the identity provider up to three times, and each may take its time.
            answer: Duration::from_secs(60),
            take: Duration::from_secs(10),
            // Why: half of the 1,024 open files that systems usually allow, so that the database always has its own.
            connections: 512,
            // Why: more than the 250 calls that Auth0 makes at once for one tenant, which may come from one address, and
            // less than all.
            connections_of_one: 384,
            // Why: a certificate is replaced weeks before it ends; whoever can't wait sends SIGHUP.
            look: Duration::from_secs(5),
            drain: Duration::from_secs(5),
        }
    }
}

/// A bound socket, and how it is spoken to.
pub struct Listener {
    tcp: TcpListener,
    tls: Option<Tls>,
    has_proxy: bool,
}

impl Listener {
    /// Plain HTTP.
    pub const fn plain(tcp: TcpListener) -> Self {
        Self { tcp, tls: None, has_proxy: false }
    }

    /// Plain HTTP from a proxy, whose one address is everybody's.
    pub const fn behind_proxy(tcp: TcpListener) -> Self {
        Self { tcp, tls: None, has_proxy: true }
    }

    /// TLS and nothing else.
    pub const fn with_tls(tcp: TcpListener, tls: Tls) -> Self {
        Self { tcp, tls: Some(tls), has_proxy: false }
    }

    /// Where it listens.
    pub fn address(&self) -> std::io::Result<SocketAddr> {
        self.tcp.local_addr()
    }
}

/// Serves requests and runs the jobs until `stop` changes, lets what is under way end, and tells the ledger what is left.
pub async fn until_stopped(
    listener: Listener,
    router: Router,
    app: Arc<App>,
    retention: Vec<(Kept, u32)>,
    stop: watch::Receiver<bool>,
    limits: &Limits,
) {
    // Why: the jobs go on while requests under way end.
    let jobs = jobs::Jobs::start(&app, retention);
    serve(listener, router, stop, limits).await;
    jobs.finish(&app).await;
}

/// Waits until told to stop.
pub async fn stopped(stop: &mut watch::Receiver<bool>) {
    // Why: an error means that whoever could stop us is gone, which is a reason to stop.
    let _ = stop.wait_for(|is_stopped| *is_stopped).await;
}

pub(crate) async fn serve(
    listener: Listener,
    router: Router,
    mut stop: watch::Receiver<bool>,
    limits: &Limits,
) {
    let Listener { tcp, tls, has_proxy } = listener;
    let permits = Arc::new(Semaphore::new(limits.connections));
    let addresses = Addresses::new(if has_proxy { usize::MAX } else { limits.connections_of_one });
    let mut watching = JoinSet::new();
    if let Some(tls) = tls.clone() {
        watching.spawn(keep_fresh(tls, limits.look, stop.clone()));
    }
    let mut connections = JoinSet::new();
    loop {
        let (permit, stream, address) = tokio::select! {
            accepted = accept(&tcp, &permits) => match accepted {
                Ok(accepted) => accepted,
                Err(error) => {
                    tracing::error!(%error, "a connection could not be accepted");
                    // Why: what is missing is not there again at once.
                    let _ = time::timeout(PAUSE, stopped(&mut stop)).await;
                    continue;
                }
            },
            () = stopped(&mut stop) => break,
        };
        let Some(held) = addresses.hold(address) else {
            tracing::debug!("a connection was closed: one address has too many");
            continue;
        };
        let origin = if has_proxy { Origin::Proxy } else { Origin::Peer(address) };
        let service = Service::new(router.clone(), Arc::clone(&permits), origin, limits.answer);
        let talking = connection::talk(stream, tls.clone(), service, stop.clone(), *limits);
        connections.spawn(async move {
            talking.await;
            drop((permit, held));
        });
        while connections.try_join_next().is_some() {}
    }
    drop(tcp);
    let all = async { while connections.join_next().await.is_some() {} };
    if time::timeout(limits.drain, all).await.is_err() {
        tracing::warn!(count = connections.len(), "connections were closed before their requests ended");
    }
    connections.shutdown().await;
    watching.shutdown().await;
}

async fn keep_fresh(tls: Tls, look: Duration, stop: watch::Receiver<bool>) {
    if let Err(error) = tls.keep_fresh(look, stop).await {
        tracing::error!(error = format!("{error:#}"), "TLS certificates are not read again until a restart");
    }
}

/// Waits for room, then for a client; clients that went away meanwhile are passed over.
async fn accept(
    listener: &TcpListener,
    permits: &Arc<Semaphore>,
) -> std::io::Result<(OwnedSemaphorePermit, TcpStream, IpAddr)> {
    let permit = Arc::clone(permits).acquire_owned().await.map_err(std::io::Error::other)?;
    loop {
        match listener.accept().await {
            Ok((stream, from)) => return Ok((permit, stream, from.ip())),
            Err(error)
                if matches!(
                    error.kind(),
                    ErrorKind::ConnectionAborted | ErrorKind::ConnectionReset | ErrorKind::ConnectionRefused
                ) => {}
            Err(error) => return Err(error),
        }
    }
}

/// Changes when the process is asked to end (SIGINT or SIGTERM).
pub fn signals() -> std::io::Result<(watch::Sender<bool>, watch::Receiver<bool>, JoinSet<()>)> {
    use tokio::signal::unix::{SignalKind, signal};
    let (sender, receiver) = watch::channel(false);
    let (mut interrupt, mut terminate) = (signal(SignalKind::interrupt())?, signal(SignalKind::terminate())?);
    let mut tasks = JoinSet::new();
    let for_task = sender.clone();
    tasks.spawn(async move {
        tokio::select! {
            _ = interrupt.recv() => {}
            _ = terminate.recv() => {}
        }
        for_task.send_replace(true);
    });
    Ok((sender, receiver, tasks))
}
