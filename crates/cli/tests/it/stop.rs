//! Asked to end: clients that hang do not keep the process, and the last seconds are signed.

use std::{io::Write, net::TcpStream, time::Duration};

use rusqlite::Connection;

use crate::world::{Service, TENANT, connect, now, sign_in};

/// Five seconds for requests under way, at most four for the ledger, and some for a busy machine.
const SOON: Duration = Duration::from_secs(15);

#[test]
fn a_stop_ends_in_time_with_hanging_clients_and_signs_everything() {
    let home = tempfile::tempdir().unwrap();
    let service = Service::start(home.path());
    let hang = |text: &str| -> TcpStream {
        let mut stream = connect(&service.host);
        write!(stream, "POST /v1/decisions HTTP/1.1\r\nhost: {}\r\n{text}", service.host).unwrap();
        stream
    };
    let headers = format!(
        "webhook-id: msg_h\r\nwebhook-timestamp: 1\r\nwebhook-signature: v1,AAAA\r\ncountersign-tenant: {TENANT}\r\n"
    );
    let _hanging = [hang(""), hang(&format!("{headers}content-length: 99\r\n\r\nab"))];
    let mut client = service.client();
    for number in 0..5 {
        client.decide(&format!("msg_{number}"), &sign_in("auth0|anna"));
    }
    let data = service.data.clone();
    let began = now();
    service.stop();
    assert!(began.elapsed() < SOON, "{:?}", began.elapsed());
    let connection = Connection::open(data.join("countersign.db")).unwrap();
    let count = |query: &str| -> u32 { connection.query_row(query, [TENANT], |row| row.get(0)).unwrap() };
    let leaves = count("SELECT COUNT(*) FROM records JOIN ledgers ON number = ledger WHERE tenant_id = ?1");
    assert_eq!(count("SELECT MAX(size) FROM checkpoints WHERE tenant_id = ?1"), leaves);
}
