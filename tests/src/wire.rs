//! Clients that see more of HTTP than a usual one.

use std::net::SocketAddr;
use std::time::Duration;

use anyhow::{Context, Result};
use bytes::Bytes;
use http_body_util::combinators::UnsyncBoxBody;
use hyper_util::client::legacy::Client;
use hyper_util::client::legacy::connect::HttpConnector;
use hyper_util::rt::TokioExecutor;
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpStream;
use tokio::time::timeout;

/// In which anything here has to happen.
pub const DEADLINE: Duration = Duration::from_secs(30);

/// A client of streamed bodies.
pub type Streaming = Client<HttpConnector, UnsyncBoxBody<Bytes, std::convert::Infallible>>;

/// A client that speaks HTTP/1.1, or HTTP/2 without TLS.
pub fn streaming(http2: bool) -> Streaming {
    Client::builder(TokioExecutor::new()).http2_only(http2).build_http()
}

/// A connection on which bytes are sent as they are.
#[derive(Debug)]
pub struct Raw(TcpStream);

impl Raw {
    /// Connects.
    ///
    /// # Errors
    /// When nobody listens.
    pub async fn connect(address: SocketAddr) -> Result<Self> {
        Ok(Self(TcpStream::connect(address).await?))
    }

    /// Sends these bytes.
    ///
    /// # Errors
    /// When they cannot be written in time.
    pub async fn send(&mut self, bytes: &str) -> Result<()> {
        Ok(timeout(DEADLINE, self.0.write_all(bytes.as_bytes())).await??)
    }

    /// What comes until it holds `end`.
    ///
    /// # Errors
    /// When it does not come in time, or the connection ends before.
    pub async fn until(&mut self, end: &str) -> Result<String> {
        let mut all = String::new();
        let read = async {
            while !all.contains(end) {
                let mut buffer = [0; 4096];
                let count = self.0.read(&mut buffer).await?;
                anyhow::ensure!(count > 0, "the connection ended after {all:?}");
                all += &String::from_utf8_lossy(&buffer[..count]);
            }
            Ok(())
        };
        timeout(DEADLINE, read).await.with_context(|| format!("waited for {end:?}"))??;
        Ok(all)
    }

    /// What comes until the connection ends.
    ///
    /// # Errors
    /// When it does not end in time, or breaks.
    pub async fn rest(&mut self) -> Result<String> {
        let mut all = Vec::new();
        timeout(DEADLINE, self.0.read_to_end(&mut all)).await??;
        Ok(String::from_utf8_lossy(&all).into_owned())
    }
}

/// One request as it stands, and all that comes back; it must ask for the connection to be closed.
///
/// # Errors
/// When it cannot be sent, or the connection does not end.
pub async fn exchange(address: SocketAddr, request: &str) -> Result<String> {
    let mut connection = Raw::connect(address).await?;
    connection.send(request).await?;
    connection.rest().await
}
