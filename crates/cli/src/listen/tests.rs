//! Clients that hang, and clients too many.

use std::{
    io::{Read, Write},
    net::{SocketAddr, TcpStream},
};

use axum::routing::{get, post};

use super::*;

const HALF_HEAD: &str = "POST / HTTP/1.1\r\nhost: x\r\n";
const HALF_BODY: &str = "POST / HTTP/1.1\r\nhost: x\r\ncontent-length: 9\r\n\r\nab";
const WHOLE: &str = "POST / HTTP/1.1\r\nhost: x\r\ncontent-length: 2\r\n\r\nab";

/// What nothing here may take longer than.
const PATIENCE: Duration = Duration::from_secs(20);

fn short() -> Limits {
    Limits {
        head: Duration::from_millis(50),
        connections: 8,
        drain: Duration::from_millis(50),
        ..Limits::standard()
    }
}

struct Served {
    address: SocketAddr,
    stop: watch::Sender<bool>,
    end: JoinSet<()>,
}

async fn begin(limits: Limits) -> Served {
    let router = Router::new()
        .route("/", post(|body: String| async { body }))
        .route("/never", get(std::future::pending::<()>))
        .route("/long", get(|| async { vec![b'x'; 64 * 1_024 * 1_024] }));
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let address = listener.local_addr().unwrap();
    let (stop, stopped) = watch::channel(false);
    let mut end = JoinSet::new();
    end.spawn(async move { serve(Listener::plain(listener), router, stopped, &limits).await });
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
async fn a_request_that_is_not_answered_in_time_is_given_up() {
    let served = begin(Limits { answer: Duration::from_millis(50), head: PATIENCE, ..short() }).await;
    let (_, answer) = read(send(served.address, "GET /never HTTP/1.1\r\nhost: x\r\n\r\n")).await;
    assert!(answer.starts_with("HTTP/1.1 503 ") && answer.contains("request.timeout"), "{answer}");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_head_with_too_many_headers_or_bytes_is_refused() {
    let served = begin(Limits { head: PATIENCE, ..short() }).await;
    let head = |headers: &str| format!("POST / HTTP/1.1\r\nhost: x\r\ncontent-length: 2\r\n{headers}\r\nab");
    let many = |count: usize| head(&"x-h: 1\r\n".repeat(count));
    let large = |bytes: usize| head(&format!("x-h: {}\r\n", "a".repeat(bytes)));
    for (text, status) in [(many(98), 200), (many(99), 431), (large(30 * 1_024), 200)] {
        let (_, answer) = read(send(served.address, &text)).await;
        assert!(answer.starts_with(&format!("HTTP/1.1 {status} ")), "{} bytes: {answer}", text.len());
    }
    // What is still unread when it is refused resets the connection, so that the refusal may be lost.
    let (_, answer) = read(send(served.address, &large(256 * 1_024))).await;
    assert!(answer.is_empty() || answer.starts_with("HTTP/1.1 431 "), "{answer}");
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
    let first = send(served.address, HALF_BODY);
    let second = send(served.address, WHOLE);
    second.set_read_timeout(Some(Duration::from_millis(200))).unwrap();
    let waiting = second.try_clone().unwrap();
    let early = tokio::task::spawn_blocking(move || (&waiting).read(&mut [0; 1])).await.unwrap();
    assert!(early.is_err(), "not before there is room");
    drop(first);
    second.set_read_timeout(Some(PATIENCE)).unwrap();
    assert!(read(second).await.1.starts_with("HTTP/1.1 200 "));
}

#[tokio::test(flavor = "multi_thread")]
async fn whoever_has_the_last_place_gives_it_back_after_one_answer() {
    let served = begin(Limits { connections: 1, head: PATIENCE, ..short() }).await;
    for _ in 0..3 {
        let (stream, answer) = read(send(served.address, WHOLE)).await;
        assert!(answer.starts_with("HTTP/1.1 200 ") && answer.contains("connection: close"), "{answer}");
        assert_eq!(read(stream).await.1, "");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn whoever_does_not_take_an_answer_loses_the_connection() {
    let limits = Limits { connections: 1, head: PATIENCE, take: Duration::from_millis(100), ..short() };
    let served = begin(limits).await;
    // More than the buffers of both ends hold (net.ipv4.tcp_wmem and tcp_rmem: some megabytes each).
    let hanging = send(served.address, "GET /long HTTP/1.1\r\nhost: x\r\n\r\n");
    let (_, answer) = read(send(served.address, WHOLE)).await;
    assert!(answer.starts_with("HTTP/1.1 200 "), "the only place is free again: {answer}");
    drop(hanging);
}
