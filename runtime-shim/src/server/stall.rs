//! Connections whose client does not read, or says nothing: what it holds would be held for ever.

use std::io;
use std::pin::Pin;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::task::{Context, Poll};
use std::time::Duration;

use hyper::rt::{Read, ReadBuf, ReadBufCursor, Write};
use tokio::time::{Sleep, sleep};

/// What a connection of HTTP/2 begins with, <https://www.rfc-editor.org/rfc/rfc9113#section-3.4>. As long as what has come
/// may be the beginning of it, the server does not know which version it speaks, and has no other time limit.
const PREFACE: &[u8] = b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n";

/// Why a connection was broken off.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum Stalled {
    /// The client has not said which protocol it speaks.
    #[error("the client has not begun to speak in time")]
    Silent,
    /// The client does not read what it is sent.
    #[error("the client has not read in time")]
    Unread,
}

/// A connection that breaks when nothing can be written to it for a while, or when it does not begin.
pub struct Stall<T> {
    connection: T,
    limit: Duration,
    /// Runs while there is something that cannot be written.
    timer: Option<Pin<Box<Sleep>>>,
    /// What has come of the beginning, and the time for it; none once it has begun.
    opening: Option<(usize, Pin<Box<Sleep>>)>,
    asked: Asked,
}

/// Whether something has come since something was last sent: a client that stops then stops in the middle.
#[derive(Debug, Clone, Default)]
pub struct Asked(Arc<AtomicBool>);

impl Asked {
    /// Whether it has.
    pub fn get(&self) -> bool {
        self.0.load(Ordering::Relaxed)
    }

    fn set(&self, asked: bool) {
        self.0.store(asked, Ordering::Relaxed);
    }
}

impl<T> Stall<T> {
    /// Lets the connection begin within `opening`, and a write wait for `limit` at most.
    pub fn new(connection: T, opening: Duration, limit: Duration) -> Self {
        Self {
            connection,
            limit,
            timer: None,
            opening: Some((0, Box::pin(sleep(opening)))),
            asked: Asked::default(),
        }
    }

    /// Says at any time what the client does.
    pub fn asked(&self) -> Asked {
        self.asked.clone()
    }

    /// Looks at what has come: as soon as it is a whole beginning, or that of something else, the time for it is over.
    fn has_come(&mut self, bytes: &[u8]) {
        let Some((seen, _)) = &mut self.opening else { return };
        let rest = &PREFACE[*seen..];
        *seen += bytes.len();
        if bytes.is_empty() || bytes.len() >= rest.len() || !rest.starts_with(bytes) {
            self.opening = None;
        }
    }

    /// `result`, or an error if writing has been waited for too long.
    fn bounded<R>(&mut self, context: &mut Context<'_>, result: Poll<io::Result<R>>) -> Poll<io::Result<R>> {
        if result.is_ready() {
            self.timer = None;
            return result;
        }
        let limit = self.limit;
        let timer = self.timer.get_or_insert_with(|| Box::pin(sleep(limit)));
        timer.as_mut().poll(context).map(|()| Err(Stalled::Unread.into()))
    }
}

impl From<Stalled> for io::Error {
    fn from(stalled: Stalled) -> Self {
        Self::new(io::ErrorKind::TimedOut, stalled)
    }
}

impl<T: Read + Unpin> Read for Stall<T> {
    fn poll_read(
        self: Pin<&mut Self>,
        context: &mut Context<'_>,
        mut buffer: ReadBufCursor<'_>,
    ) -> Poll<io::Result<()>> {
        let this = self.get_mut();
        if this.opening.is_none() {
            let result = Pin::new(&mut this.connection).poll_read(context, buffer);
            if result.is_ready() {
                this.asked.set(true);
            }
            return result;
        }
        let mut bytes = [0; PREFACE.len()];
        let room = bytes.len().min(buffer.remaining());
        let mut first = ReadBuf::new(&mut bytes[..room]);
        match Pin::new(&mut this.connection).poll_read(context, first.unfilled()) {
            Poll::Ready(result) => {
                buffer.put_slice(first.filled());
                this.has_come(first.filled());
                this.asked.set(true);
                Poll::Ready(result)
            }
            Poll::Pending => match &mut this.opening {
                Some((_, timer)) => timer.as_mut().poll(context).map(|()| Err(Stalled::Silent.into())),
                None => Poll::Pending,
            },
        }
    }
}

impl<T: Write + Unpin> Write for Stall<T> {
    fn poll_write(
        mut self: Pin<&mut Self>,
        context: &mut Context<'_>,
        bytes: &[u8],
    ) -> Poll<io::Result<usize>> {
        let result = Pin::new(&mut self.connection).poll_write(context, bytes);
        self.asked.set(false);
        self.bounded(context, result)
    }

    fn poll_write_vectored(
        mut self: Pin<&mut Self>,
        context: &mut Context<'_>,
        parts: &[io::IoSlice<'_>],
    ) -> Poll<io::Result<usize>> {
        let result = Pin::new(&mut self.connection).poll_write_vectored(context, parts);
        self.asked.set(false);
        self.bounded(context, result)
    }

    fn is_write_vectored(&self) -> bool {
        self.connection.is_write_vectored()
    }

    fn poll_flush(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<io::Result<()>> {
        let result = Pin::new(&mut self.connection).poll_flush(context);
        self.bounded(context, result)
    }

    fn poll_shutdown(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<io::Result<()>> {
        let result = Pin::new(&mut self.connection).poll_shutdown(context);
        self.bounded(context, result)
    }
}

#[cfg(test)]
mod tests {
    use std::future::poll_fn;

    use hyper_util::rt::TokioIo;
    use tokio::io::{AsyncReadExt, AsyncWriteExt, duplex};

    use super::*;

    const LIMIT: Duration = Duration::from_millis(300);

    async fn write(connection: &mut Stall<TokioIo<tokio::io::DuplexStream>>) -> io::Result<usize> {
        poll_fn(|context| Pin::new(&mut *connection).poll_write(context, &[0; 8])).await
    }

    #[tokio::test]
    async fn a_client_that_does_not_read_loses_its_connection() {
        let (_client, server) = duplex(8);
        let mut server = Stall::new(TokioIo::new(server), LIMIT, LIMIT);
        assert_eq!(write(&mut server).await.unwrap(), 8);
        assert_eq!(write(&mut server).await.unwrap_err().kind(), io::ErrorKind::TimedOut);
    }

    #[tokio::test]
    async fn a_client_that_reads_slowly_keeps_it() {
        let (mut client, server) = duplex(8);
        let mut server = Stall::new(TokioIo::new(server), LIMIT, LIMIT);
        tokio::spawn(async move {
            let mut buffer = [0; 8];
            while client.read_exact(&mut buffer).await.is_ok() {
                tokio::time::sleep(LIMIT / 3).await;
            }
        });
        for _ in 0..6 {
            assert_eq!(write(&mut server).await.unwrap(), 8);
        }
    }

    async fn read(connection: &mut Stall<TokioIo<tokio::io::DuplexStream>>) -> io::Result<Vec<u8>> {
        let mut bytes = [0; 64];
        let mut buffer = ReadBuf::new(&mut bytes);
        poll_fn(|context| Pin::new(&mut *connection).poll_read(context, buffer.unfilled())).await?;
        Ok(buffer.filled().to_vec())
    }

    #[tokio::test]
    async fn a_client_that_does_not_begin_to_speak_loses_its_connection() {
        for beginning in [&b""[..], b"PRI * HTTP"] {
            let (mut client, server) = duplex(64);
            let mut server = Stall::new(TokioIo::new(server), LIMIT, LIMIT);
            client.write_all(beginning).await.unwrap();
            if !beginning.is_empty() {
                assert_eq!(read(&mut server).await.unwrap(), beginning);
            }
            let error = read(&mut server).await.unwrap_err();
            assert_eq!(error.get_ref().and_then(|error| error.downcast_ref()), Some(&Stalled::Silent));
        }
    }

    #[tokio::test]
    async fn a_client_that_has_begun_may_be_silent() {
        for beginning in [&b"GET"[..], PREFACE] {
            let (mut client, server) = duplex(64);
            let mut server = Stall::new(TokioIo::new(server), LIMIT, LIMIT);
            client.write_all(beginning).await.unwrap();
            assert_eq!(read(&mut server).await.unwrap(), beginning);
            assert!(tokio::time::timeout(LIMIT * 2, read(&mut server)).await.is_err());
        }
    }
}
