//! A stream whose other end must take what it is sent.

use std::{
    io::{self, IoSlice},
    pin::Pin,
    task::{Context, Poll},
    time::Duration,
};

use tokio::{
    io::{AsyncRead, AsyncWrite, ReadBuf},
    time::{Sleep, sleep},
};

/// Fails once what was written has not left for a certain time.
///
/// The time begins when writing first has to wait, and ends when everything written so far has been taken: somebody who
/// takes a byte now and then gains nothing.
pub struct Patient<S> {
    stream: S,
    limit: Duration,
    waiting: Option<Pin<Box<Sleep>>>,
}

impl<S: Unpin> Patient<S> {
    /// Waits at most `limit` for the other end to take what is ready.
    pub const fn new(stream: S, limit: Duration) -> Self {
        Self { stream, limit, waiting: None }
    }

    /// Passes on how a write ended, unless it has waited for too long.
    fn bounded<T>(&mut self, cx: &mut Context<'_>, end: Poll<io::Result<T>>) -> Poll<io::Result<T>> {
        if end.is_ready() {
            return end;
        }
        let waiting = self.waiting.get_or_insert_with(|| Box::pin(sleep(self.limit)));
        match waiting.as_mut().poll(cx) {
            Poll::Ready(()) => Poll::Ready(Err(io::ErrorKind::TimedOut.into())),
            Poll::Pending => Poll::Pending,
        }
    }
}

impl<S: AsyncRead + Unpin> AsyncRead for Patient<S> {
    fn poll_read(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        buffer: &mut ReadBuf<'_>,
    ) -> Poll<io::Result<()>> {
        Pin::new(&mut self.stream).poll_read(cx, buffer)
    }
}

impl<S: AsyncWrite + Unpin> AsyncWrite for Patient<S> {
    fn poll_write(mut self: Pin<&mut Self>, cx: &mut Context<'_>, bytes: &[u8]) -> Poll<io::Result<usize>> {
        let end = Pin::new(&mut self.stream).poll_write(cx, bytes);
        self.bounded(cx, end)
    }

    fn poll_write_vectored(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        parts: &[IoSlice<'_>],
    ) -> Poll<io::Result<usize>> {
        let end = Pin::new(&mut self.stream).poll_write_vectored(cx, parts);
        self.bounded(cx, end)
    }

    fn is_write_vectored(&self) -> bool {
        self.stream.is_write_vectored()
    }

    fn poll_flush(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        let end = Pin::new(&mut self.stream).poll_flush(cx);
        let end = self.bounded(cx, end);
        if matches!(end, Poll::Ready(Ok(()))) {
            self.waiting = None;
        }
        end
    }

    fn poll_shutdown(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        let end = Pin::new(&mut self.stream).poll_shutdown(cx);
        self.bounded(cx, end)
    }
}

#[cfg(test)]
mod tests {
    use tokio::io::{AsyncReadExt, AsyncWriteExt, duplex};

    use super::*;

    const LIMIT: Duration = Duration::from_millis(200);

    #[tokio::test]
    async fn what_nobody_takes_fails_in_time_even_when_a_byte_is_taken_now_and_then() {
        let (ours, mut theirs) = duplex(16);
        let mut patient = Patient::new(ours, LIMIT);
        let drip = async {
            loop {
                theirs.read_u8().await.unwrap();
                sleep(LIMIT / 10).await;
            }
        };
        let written = tokio::select! {
            end = patient.write_all(&[0; 1_000]) => end,
            () = drip => unreachable!("it never ends"),
        };
        assert_eq!(written.unwrap_err().kind(), io::ErrorKind::TimedOut);
    }

    #[tokio::test]
    async fn what_is_taken_in_time_passes_however_often() {
        let (ours, mut theirs) = duplex(16);
        let mut patient = Patient::new(ours, LIMIT);
        for _ in 0..5 {
            let mut taken = [0; 64];
            let (written, read) = tokio::join!(patient.write_all(&[7; 64]), theirs.read_exact(&mut taken));
            assert!(written.is_ok() && read.is_ok());
            patient.flush().await.unwrap();
            assert!(patient.waiting.is_none(), "the time begins anew");
        }
    }
}
