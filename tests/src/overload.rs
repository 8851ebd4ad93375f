//! Overload: what goes on being served, and how fast all else is refused.

use std::time::{Duration, Instant};

use anyhow::ensure;
use tokio::sync::mpsc;
use tokio::task::JoinSet;

use crate::http::HttpClient;
use crate::slipway::{Options, Slipway, workspace};

/// Clients that ask again as soon as they are answered: enough that no processor ever waits.
const CLIENTS: usize = 8;

/// How many times its capacity is offered.
const TIMES: f64 = 10.0;

/// Time at the beginning that is not counted: overload is told from a burst by lasting for a second.
const WARM_UP: Duration = Duration::from_secs(2);

/// Time between two looks at how many requests are due.
const STEP: Duration = Duration::from_millis(2);

/// Times of answers.
#[derive(Clone, Debug, Default)]
pub struct Times(Vec<Duration>);

/// What became of requests.
#[derive(Clone, Debug, Default)]
pub struct Load {
    /// Times of those that were answered with 200.
    pub served: Times,
    /// Times of those that were answered with 503.
    pub refused: Times,
    /// Those with another answer, or none.
    pub failed: usize,
    over: Duration,
}

/// The comparison.
#[derive(Clone, Debug)]
pub struct Report {
    /// As many as can be done.
    pub capacity: Load,
    /// Ten times as many.
    pub overload: Load,
    /// Requests per second that were sent then.
    pub offered: f64,
}

impl Times {
    /// The time that so many of a hundred do not exceed; zero without any.
    pub fn percentile(&self, percent: usize) -> Duration {
        let mut sorted = self.0.clone();
        sorted.sort_unstable();
        let last = sorted.len().saturating_sub(1);
        sorted.get((sorted.len() * percent / 100).min(last)).copied().unwrap_or_default()
    }
}

impl Load {
    /// Answers with 200 in a second.
    pub fn served_per_second(&self) -> f64 {
        self.served.0.len() as f64 / self.over.as_secs_f64()
    }

    /// Answers with 503 in a second.
    pub fn refused_per_second(&self) -> f64 {
        self.refused.0.len() as f64 / self.over.as_secs_f64()
    }
}

/// Status and time of one request.
type Answer = (Option<u16>, Duration);

/// Measures for `time` each, with a guest that computes `thousands` of steps.
///
/// # Errors
/// When the program does not start, or nothing is served.
pub async fn run(time: Duration, thousands: u64) -> anyhow::Result<Report> {
    let manifest = workspace().join("tests/guests/spin.toml");
    let options = Options { manifest, ..Options::default() }.with_admin().arg("--log-level=off");
    let slipway = Slipway::start(options).await?;
    let url = slipway.url(&format!("/compute?{thousands}"));
    let capacity = closed(&url, time).await;
    ensure!(!capacity.served.0.is_empty(), "nothing is served");
    let offered = capacity.served_per_second() * TIMES;
    let overload = open(&url, time, offered).await;
    Ok(Report { capacity, overload, offered })
}

async fn ask(client: &HttpClient, url: &str) -> Answer {
    let began = Instant::now();
    let status = client.get(url).await.ok().map(|answer| answer.status);
    (status, began.elapsed())
}

/// Each client asks again when it has its answer.
async fn closed(url: &str, time: Duration) -> Load {
    let (answers, came) = mpsc::unbounded_channel();
    let began = Instant::now();
    let mut clients = JoinSet::new();
    for _ in 0..CLIENTS {
        let (answers, url) = (answers.clone(), url.to_owned());
        clients.spawn(async move {
            let client = HttpClient::new();
            while began.elapsed() < WARM_UP + time {
                let at = began.elapsed();
                let _ = answers.send((at, ask(&client, &url).await));
            }
        });
    }
    drop(answers);
    collect(came, time).await
}

/// Requests are sent at a constant rate, whether answers come or not.
async fn open(url: &str, time: Duration, rate: f64) -> Load {
    let (answers, came) = mpsc::unbounded_channel();
    let (url, began, client) = (url.to_owned(), Instant::now(), HttpClient::new());
    tokio::spawn(async move {
        let mut sent = 0.0;
        while began.elapsed() < WARM_UP + time {
            while sent < began.elapsed().as_secs_f64() * rate {
                sent += 1.0;
                let (answers, url, client) = (answers.clone(), url.clone(), client.clone());
                let at = began.elapsed();
                tokio::spawn(async move { answers.send((at, ask(&client, &url).await)) });
            }
            tokio::time::sleep(STEP).await;
        }
    });
    collect(came, time).await
}

/// Sorts answers to requests that were sent after the warm-up.
async fn collect(mut came: mpsc::UnboundedReceiver<(Duration, Answer)>, over: Duration) -> Load {
    let mut load = Load { over, ..Load::default() };
    while let Some((at, (status, time))) = came.recv().await {
        match status {
            _ if at < WARM_UP => {}
            Some(200) => load.served.0.push(time),
            Some(503) => load.refused.0.push(time),
            _ => load.failed += 1,
        }
    }
    load
}
