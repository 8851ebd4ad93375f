//! One client's requests, good and bad.

use std::collections::BTreeMap;
use std::fmt;
use std::time::{Duration, Instant};

use anyhow::ensure;
use bytes::Bytes;
use hyper::Method;
use tokio::io::AsyncWriteExt;
use tokio::net::TcpStream;

use crate::http::HttpClient;
use crate::slipway::Slipway;

/// Most bytes that are sent to be sent back.
const ECHO: usize = 1_000_000;

/// Answers by kind of request.
#[derive(Clone, Debug, Default)]
pub struct Tally(BTreeMap<&'static str, u64>);

impl Tally {
    pub(super) fn add(&mut self, other: &Self) {
        for (kind, count) in &other.0 {
            *self.0.entry(kind).or_default() += count;
        }
    }

    /// All requests.
    pub fn total(&self) -> u64 {
        self.0.values().sum()
    }
}

impl fmt::Display for Tally {
    fn fmt(&self, to: &mut fmt::Formatter<'_>) -> fmt::Result {
        let kinds: Vec<_> = self.0.iter().map(|(kind, count)| format!("{kind} {count}")).collect();
        write!(to, "{} requests: {}", self.total(), kinds.join(", "))
    }
}

/// A client.
pub struct Load {
    client: HttpClient,
    base: String,
    address: std::net::SocketAddr,
    /// What the component asks in turn.
    target: String,
    chance: fastrand::Rng,
}

impl Load {
    /// A client of `slipway`, whose component may ask `target`.
    pub fn new(slipway: &Slipway, target: &Slipway, seed: u64) -> Self {
        Self {
            client: HttpClient::new(),
            base: slipway.url(""),
            address: slipway.address(),
            target: target.url("/hello"),
            chance: fastrand::Rng::with_seed(seed),
        }
    }

    /// Sends one request after the other.
    ///
    /// # Errors
    /// When an answer is not the one that is due.
    pub async fn until(mut self, end: Instant) -> anyhow::Result<Tally> {
        let mut tally = Tally::default();
        while Instant::now() < end {
            let kind = self.once().await?;
            *tally.0.entry(kind).or_default() += 1;
        }
        Ok(tally)
    }

    async fn once(&mut self) -> anyhow::Result<&'static str> {
        let (kind, path, due) = match self.chance.u16(..1000) {
            0..3 => ("trap", "/panic".to_owned(), 500),
            3..5 => ("loop", "/loop".to_owned(), 504),
            5..7 => ("memory", "/memory".to_owned(), 500),
            7..20 => {
                self.hang_up().await?;
                return Ok("hung up");
            }
            20..100 => return self.echo().await,
            100..200 => ("fetch", format!("/fetch?{}", self.target), 200),
            200..300 => ("sqlite", "/sqlite".to_owned(), 200),
            300..400 => ("p2", "/p2".to_owned(), 200),
            400..450 => ("wait", format!("/wait?{}", self.chance.u8(..100)), 200),
            450..500 => ("log", "/log".to_owned(), 200),
            _ => ("hello", "/hello".to_owned(), 200),
        };
        let answer = self.client.get(&format!("{}{path}", self.base)).await?;
        ensure!(answer.status == due, "{path}: {} {}", answer.status, answer.text());
        Ok(kind)
    }

    async fn echo(&mut self) -> anyhow::Result<&'static str> {
        let body = Bytes::from(vec![self.chance.u8(..); self.chance.usize(..ECHO)]);
        let url = format!("{}/echo", self.base);
        let answer = self.client.send(Method::POST, &url, &[], body.clone()).await?;
        let (came, sent) = (answer.body.len(), body.len());
        ensure!(answer.status == 200, "/echo: {} {}", answer.status, answer.text());
        ensure!(answer.body == body, "/echo: {came} bytes came of {sent}");
        Ok("echo")
    }

    /// Leaves in the middle of a request, or of its answer.
    async fn hang_up(&mut self) -> anyhow::Result<()> {
        let mut stream = TcpStream::connect(self.address).await?;
        let head = "POST /echo HTTP/1.1\r\nhost: a\r\ncontent-length: 100000\r\n\r\n";
        stream.write_all(&head.as_bytes()[..self.chance.usize(1..=head.len())]).await?;
        stream.write_all(&vec![b'x'; self.chance.usize(..50_000)]).await?;
        tokio::time::sleep(Duration::from_millis(self.chance.u64(..20))).await;
        Ok(())
    }
}
