//! A keep-alive connection of HTTP/1.1, as little as can be, so that the figures are the server's and not the client's.

use anyhow::{Context, bail};
use tokio::{
    io::{AsyncReadExt, AsyncWriteExt},
    net::TcpStream,
};

/// The most bytes of an answer.
const MAX_ANSWER: usize = 256 * 1_024;

/// One connection, one request at a time.
pub struct Connection {
    stream: TcpStream,
    out: Vec<u8>,
    buffer: Vec<u8>,
}

/// What came back; the body is valid until the next request.
pub struct Answer<'a> {
    /// The status.
    pub status: u16,
    /// The body.
    pub body: &'a [u8],
}

impl Connection {
    /// Connects to `host`, an address and a port.
    pub async fn open(host: &str) -> anyhow::Result<Self> {
        let stream = TcpStream::connect(host).await?;
        stream.set_nodelay(true)?;
        Ok(Self { stream, out: Vec::new(), buffer: Vec::with_capacity(16 * 1_024) })
    }

    /// Sends a request and reads its answer.
    pub async fn ask(&mut self, head: &[u8], body: &[u8]) -> anyhow::Result<Answer<'_>> {
        self.out.clear();
        self.out.extend_from_slice(head);
        self.out.extend_from_slice(body);
        self.stream.write_all(&self.out).await?;
        self.buffer.clear();
        let (head_end, status, length) = loop {
            self.read().await?;
            if let Some(end) = self.buffer.windows(4).position(|four| four == b"\r\n\r\n") {
                let (head, _) = self.buffer.split_at(end);
                let (status, length) = read_head(std::str::from_utf8(head)?)?;
                break (end + 4, status, length);
            }
        };
        while self.buffer.len() < head_end + length {
            self.read().await?;
        }
        let body = self.buffer.get(head_end..head_end + length).unwrap_or_default();
        Ok(Answer { status, body })
    }

    async fn read(&mut self) -> anyhow::Result<()> {
        if self.buffer.len() > MAX_ANSWER {
            bail!("the answer is too long");
        }
        if self.stream.read_buf(&mut self.buffer).await? == 0 {
            bail!("the server closed the connection");
        }
        Ok(())
    }
}

fn read_head(head: &str) -> anyhow::Result<(u16, usize)> {
    let status = head.split(' ').nth(1).context("no status")?.parse()?;
    let length = head.split("\r\n").find_map(|line| {
        let (name, value) = line.split_once(':')?;
        name.eq_ignore_ascii_case("content-length").then(|| value.trim())
    });
    Ok((status, length.map_or(Ok(0), str::parse)?))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_head_gives_status_and_length() {
        assert_eq!(read_head("HTTP/1.1 200 OK\r\nContent-Length: 12\r\nx: y").unwrap(), (200, 12));
        assert_eq!(read_head("HTTP/1.1 204 No Content").unwrap(), (204, 0));
        assert!(read_head("garbage").is_err());
    }
}
