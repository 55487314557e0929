//! A way to the database that can swallow what goes over it, as a firewall or a fail-over does: nothing is refused, nothing
//! is answered, and nobody is told.

use std::{
    io::{Read, Write},
    net::{Shutdown, TcpListener, TcpStream},
    os::unix::net::UnixStream,
    path::PathBuf,
    sync::{
        Arc,
        atomic::{AtomicUsize, Ordering},
    },
    thread,
};

use countersign_testdb::Server;

/// A port before a server's socket. Its threads end with the connections that they serve.
pub struct Relay {
    port: u16,
    /// Connections of before, by their number, answer nothing.
    first_sound: Arc<AtomicUsize>,
    made: Arc<AtomicUsize>,
}

impl Relay {
    pub fn before(server: &Server) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        let port = listener.local_addr().unwrap().port();
        let relay = Self { port, first_sound: Arc::default(), made: Arc::default() };
        let (first_sound, made) = (Arc::clone(&relay.first_sound), Arc::clone(&relay.made));
        let socket = server.socket();
        thread::spawn(move || {
            for client in listener.incoming().map_while(Result::ok) {
                let number = made.fetch_add(1, Ordering::SeqCst);
                let first_sound = Arc::clone(&first_sound);
                carry(client, &socket, move || number < first_sound.load(Ordering::SeqCst));
            }
        });
        relay
    }

    /// The address of a database by this way.
    pub fn url(&self, database: &str) -> String {
        format!("postgres://postgres@127.0.0.1:{}/{database}?sslmode=disable", self.port)
    }

    /// From now on the connections that there are carry nothing, and stay open; later ones are sound. How many there are.
    pub fn swallow(&self) -> usize {
        let made = self.made.load(Ordering::SeqCst);
        self.first_sound.store(made, Ordering::SeqCst);
        made
    }
}

fn carry(client: TcpStream, socket: &PathBuf, is_swallowed: impl Fn() -> bool + Clone + Send + 'static) {
    let server = UnixStream::connect(socket).unwrap();
    let (mut from_client, mut to_server) = (client.try_clone().unwrap(), server.try_clone().unwrap());
    let (mut from_server, mut to_client) = (server, client);
    let swallowed = is_swallowed.clone();
    thread::spawn(move || {
        copy(&mut from_client, &mut to_server, swallowed);
        // Why: the server would keep what this connection holds locked for as long as it is open.
        drop(to_server.shutdown(Shutdown::Both));
    });
    thread::spawn(move || {
        copy(&mut from_server, &mut to_client, is_swallowed.clone());
        if !is_swallowed() {
            drop(to_client.shutdown(Shutdown::Both));
        }
    });
}

/// Carries bytes over, or takes them and carries nothing, until one side ends.
fn copy(from: &mut impl Read, to: &mut impl Write, is_swallowed: impl Fn() -> bool) {
    let mut bytes = [0; 16 * 1024];
    while let Ok(read @ 1..) = from.read(&mut bytes) {
        if !is_swallowed() && to.write_all(&bytes[..read]).is_err() {
            break;
        }
    }
}
