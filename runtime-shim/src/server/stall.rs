//! Connections whose client does not read: the answer to it would be held for ever.

use std::io;
use std::pin::Pin;
use std::task::{Context, Poll};
use std::time::Duration;

use hyper::rt::{Read, ReadBufCursor, Write};
use tokio::time::{Sleep, sleep};

/// A connection that breaks when nothing can be written to it for a while.
pub struct Stall<T> {
    connection: T,
    limit: Duration,
    /// Runs while there is something that cannot be written.
    timer: Option<Pin<Box<Sleep>>>,
}

impl<T> Stall<T> {
    /// Lets a write wait for `limit` at most.
    pub fn new(connection: T, limit: Duration) -> Self {
        Self { connection, limit, timer: None }
    }

    /// `result`, or an error if writing has been waited for too long.
    fn bounded<R>(&mut self, context: &mut Context<'_>, result: Poll<io::Result<R>>) -> Poll<io::Result<R>> {
        if result.is_ready() {
            self.timer = None;
            return result;
        }
        let limit = self.limit;
        let timer = self.timer.get_or_insert_with(|| Box::pin(sleep(limit)));
        timer.as_mut().poll(context).map(|()| Err(io::ErrorKind::TimedOut.into()))
    }
}

impl<T: Read + Unpin> Read for Stall<T> {
    fn poll_read(
        self: Pin<&mut Self>,
        context: &mut Context<'_>,
        buffer: ReadBufCursor<'_>,
    ) -> Poll<io::Result<()>> {
        Pin::new(&mut self.get_mut().connection).poll_read(context, buffer)
    }
}

impl<T: Write + Unpin> Write for Stall<T> {
    fn poll_write(
        mut self: Pin<&mut Self>,
        context: &mut Context<'_>,
        bytes: &[u8],
    ) -> Poll<io::Result<usize>> {
        let result = Pin::new(&mut self.connection).poll_write(context, bytes);
        self.bounded(context, result)
    }

    fn poll_write_vectored(
        mut self: Pin<&mut Self>,
        context: &mut Context<'_>,
        parts: &[io::IoSlice<'_>],
    ) -> Poll<io::Result<usize>> {
        let result = Pin::new(&mut self.connection).poll_write_vectored(context, parts);
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
    use tokio::io::{AsyncReadExt, duplex};

    use super::*;

    const LIMIT: Duration = Duration::from_millis(300);

    async fn write(connection: &mut Stall<TokioIo<tokio::io::DuplexStream>>) -> io::Result<usize> {
        poll_fn(|context| Pin::new(&mut *connection).poll_write(context, &[0; 8])).await
    }

    #[tokio::test]
    async fn a_client_that_does_not_read_loses_its_connection() {
        let (_client, server) = duplex(8);
        let mut server = Stall::new(TokioIo::new(server), LIMIT);
        assert_eq!(write(&mut server).await.unwrap(), 8);
        assert_eq!(write(&mut server).await.unwrap_err().kind(), io::ErrorKind::TimedOut);
    }

    #[tokio::test]
    async fn a_client_that_reads_slowly_keeps_it() {
        let (mut client, server) = duplex(8);
        let mut server = Stall::new(TokioIo::new(server), LIMIT);
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
}
