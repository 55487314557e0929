//! Listening until told to stop, within limits that no client can stretch.

use std::{io::ErrorKind, sync::Arc, time::Duration};

use axum::Router;
use countersign_app::App;
use hyper::server::conn::http1;
use hyper_util::{
    rt::{TokioIo, TokioTimer},
    service::TowerToHyperService,
};
use tokio::{
    net::{TcpListener, TcpStream},
    sync::{OwnedSemaphorePermit, Semaphore, watch},
    task::JoinSet,
    time,
};

use crate::jobs;

/// After a failed accept, such as for want of file descriptors.
const PAUSE: Duration = Duration::from_secs(1);

/// What connections may take, and how long stopping does.
pub struct Limits {
    /// Time in which a whole head must have come; also how long a connection may be idle between requests.
    pub head: Duration,
    /// Open connections; further ones wait to be accepted.
    pub connections: usize,
    /// Time for requests under way to end after the stop.
    pub drain: Duration,
}

impl Limits {
    /// The limits of a service.
    pub const fn standard() -> Self {
        Self {
            head: Duration::from_secs(10),
            // Why: half of the 1,024 open files that systems usually allow, so that the database always has its own.
            connections: 512,
            drain: Duration::from_secs(5),
        }
    }
}

/// Serves requests and runs the jobs until `stop` changes, lets what is under way end, and tells the ledger what is left.
pub async fn until_stopped(
    listener: TcpListener,
    router: Router,
    app: Arc<App>,
    stop: watch::Receiver<bool>,
    limits: &Limits,
) {
    // Why: the jobs go on while requests under way end.
    let jobs = jobs::Jobs::start(&app);
    serve(listener, router, stop, limits).await;
    jobs.finish(&app).await;
}

/// Waits until told to stop.
pub async fn stopped(stop: &mut watch::Receiver<bool>) {
    // Why: an error means that whoever could stop us is gone, which is a reason to stop.
    let _ = stop.wait_for(|is_stopped| *is_stopped).await;
}

async fn serve(listener: TcpListener, router: Router, mut stop: watch::Receiver<bool>, limits: &Limits) {
    let permits = Arc::new(Semaphore::new(limits.connections));
    let mut connections = JoinSet::new();
    loop {
        let (permit, stream) = tokio::select! {
            accepted = accept(&listener, &permits) => match accepted {
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
        let (router, stop, head) = (router.clone(), stop.clone(), limits.head);
        connections.spawn(async move {
            talk(stream, router, stop, head).await;
            drop(permit);
        });
        while connections.try_join_next().is_some() {}
    }
    drop(listener);
    let all = async { while connections.join_next().await.is_some() {} };
    if time::timeout(limits.drain, all).await.is_err() {
        tracing::warn!(count = connections.len(), "connections were closed before their requests ended");
    }
    connections.shutdown().await;
}

/// Waits for room, then for a client; clients that went away meanwhile are passed over.
async fn accept(
    listener: &TcpListener,
    permits: &Arc<Semaphore>,
) -> std::io::Result<(OwnedSemaphorePermit, TcpStream)> {
    let permit = Arc::clone(permits).acquire_owned().await.map_err(std::io::Error::other)?;
    loop {
        match listener.accept().await {
            Ok((stream, _)) => return Ok((permit, stream)),
            Err(error)
                if matches!(
                    error.kind(),
                    ErrorKind::ConnectionAborted | ErrorKind::ConnectionReset | ErrorKind::ConnectionRefused
                ) => {}
            Err(error) => return Err(error),
        }
    }
}

async fn talk(stream: TcpStream, router: Router, mut stop: watch::Receiver<bool>, head: Duration) {
    let connection = http1::Builder::new()
        .timer(TokioTimer::new())
        .header_read_timeout(head)
        .serve_connection(TokioIo::new(stream), TowerToHyperService::new(router));
    let mut connection = std::pin::pin!(connection);
    let ended = tokio::select! {
        ended = connection.as_mut() => ended,
        () = stopped(&mut stop) => {
            connection.as_mut().graceful_shutdown();
            connection.await
        }
    };
    if let Err(error) = ended {
        tracing::debug!(%error, "a connection broke off");
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

#[cfg(test)]
mod tests {
    use std::{
        io::{Read, Write},
        net::{SocketAddr, TcpStream},
    };

    use axum::routing::post;

    use super::*;

    const HALF_HEAD: &str = "POST / HTTP/1.1\r\nhost: x\r\n";
    const HALF_BODY: &str = "POST / HTTP/1.1\r\nhost: x\r\ncontent-length: 9\r\n\r\nab";
    const WHOLE: &str = "POST / HTTP/1.1\r\nhost: x\r\ncontent-length: 2\r\n\r\nab";

    /// What nothing here may take longer than.
    const PATIENCE: Duration = Duration::from_secs(20);

    fn short() -> Limits {
        Limits { head: Duration::from_millis(50), connections: 8, drain: Duration::from_millis(50) }
    }

    struct Served {
        address: SocketAddr,
        stop: watch::Sender<bool>,
        end: JoinSet<()>,
    }

    async fn begin(limits: Limits) -> Served {
        let router = Router::new().route("/", post(|body: String| async { body }));
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let address = listener.local_addr().unwrap();
        let (stop, stopped) = watch::channel(false);
        let mut end = JoinSet::new();
        end.spawn(async move { serve(listener, router, stopped, &limits).await });
        Served { address, stop, end }
    }

    fn send(address: SocketAddr, text: &str) -> TcpStream {
        let mut stream = TcpStream::connect(address).unwrap();
        stream.set_read_timeout(Some(PATIENCE)).unwrap();
        stream.write_all(text.as_bytes()).unwrap();
        stream
    }

    /// Reads some of an answer; nothing once the connection is closed.
    async fn read(mut stream: TcpStream) -> (TcpStream, String) {
        let reading = tokio::task::spawn_blocking(move || {
            let mut bytes = [0; 1_024];
            // A connection that is cut with bytes unread is reset, which is closed too.
            let count = match stream.read(&mut bytes) {
                Err(error) if error.kind() == ErrorKind::ConnectionReset => 0,
                count => count.unwrap(),
            };
            (stream, String::from_utf8(bytes[..count].to_vec()).unwrap())
        });
        reading.await.unwrap()
    }

    #[tokio::test(flavor = "multi_thread")]
    async fn a_half_sent_head_and_an_idle_connection_are_closed() {
        let served = begin(short()).await;
        assert_eq!(read(send(served.address, HALF_HEAD)).await.1, "");
        assert_eq!(read(send(served.address, "")).await.1, "");
        let (stream, answer) = read(send(served.address, WHOLE)).await;
        assert!(answer.starts_with("HTTP/1.1 200 "), "{answer}");
        assert_eq!(read(stream).await.1, "", "kept for another request, but not for ever");
    }

    #[tokio::test(flavor = "multi_thread")]
    async fn hanging_clients_do_not_hold_up_the_stop() {
        let mut served = begin(Limits { head: PATIENCE, ..short() }).await;
        let hanging = [HALF_HEAD, HALF_BODY, ""].map(|text| send(served.address, text));
        let (_stream, answer) = read(send(served.address, WHOLE)).await;
        assert!(answer.starts_with("HTTP/1.1 200 "), "it serves: {answer}");
        served.stop.send_replace(true);
        time::timeout(PATIENCE / 2, served.end.join_next()).await.unwrap().unwrap().unwrap();
        for stream in hanging {
            assert_eq!(read(stream).await.1, "");
        }
        assert!(TcpStream::connect(served.address).is_err(), "nothing listens any more");
    }

    #[tokio::test(flavor = "multi_thread")]
    async fn a_request_under_way_ends_after_the_stop() {
        let mut served = begin(Limits { drain: PATIENCE, head: PATIENCE, ..short() }).await;
        let mut stream = send(
            served.address,
            "POST / HTTP/1.1\r\nhost: x\r\nexpect: 100-continue\r\ncontent-length: 2\r\n\r\n",
        );
        let answer;
        (stream, answer) = read(stream).await;
        assert!(answer.starts_with("HTTP/1.1 100 "), "the request is under way: {answer}");
        served.stop.send_replace(true);
        stream.write_all(b"ab").unwrap();
        assert!(read(stream).await.1.starts_with("HTTP/1.1 200 "));
        time::timeout(PATIENCE, served.end.join_next()).await.unwrap().unwrap().unwrap();
    }

    #[tokio::test(flavor = "multi_thread")]
    async fn a_connection_too_many_waits_until_another_ends() {
        let served = begin(Limits { connections: 1, head: PATIENCE, ..short() }).await;
        let (first, answer) = read(send(served.address, WHOLE)).await;
        assert!(answer.starts_with("HTTP/1.1 200 "), "{answer}");
        let second = send(served.address, WHOLE);
        second.set_read_timeout(Some(Duration::from_millis(200))).unwrap();
        let waiting = second.try_clone().unwrap();
        let early = tokio::task::spawn_blocking(move || (&waiting).read(&mut [0; 1])).await.unwrap();
        assert!(early.is_err(), "not before there is room");
        drop(first);
        second.set_read_timeout(Some(PATIENCE)).unwrap();
        assert!(read(second).await.1.starts_with("HTTP/1.1 200 "));
    }
}
