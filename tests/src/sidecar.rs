//! `slipway sidecar` as a process of its own, in front of any upstream.

use std::fs::{self, File};
use std::io;
use std::net::SocketAddr;
use std::path::PathBuf;
use std::process::{Child, Command, ExitStatus, Stdio};
use std::time::{Duration, Instant};

use anyhow::Context;
use rustix::process::{Pid, Signal, kill_process};
use tempfile::TempDir;

use crate::http::{HttpClient, HttpError, HttpResponse};
use crate::process;
use crate::slipway::{Reserved, program};
use crate::wait::eventually;

const START_DEADLINE: Duration = Duration::from_secs(30);
const STEP: Duration = Duration::from_millis(20);

/// A running `slipway sidecar`; it is killed when this is dropped, and when a test fails its log is shown.
#[derive(Debug)]
pub struct Sidecar {
    child: Child,
    address: Reserved,
    admin: Reserved,
    log: PathBuf,
    client: HttpClient,
    /// Holds the log.
    _scratch: TempDir,
}

impl Sidecar {
    /// Starts it in front of `upstream`, a URL, with further arguments; returns once it serves, ready or not.
    ///
    /// # Errors
    /// When the program is not there or cannot be run.
    ///
    /// # Panics
    /// When it does not begin to serve.
    pub async fn start(upstream: &str, arguments: &[&str]) -> anyhow::Result<Self> {
        let sidecar = Self::spawn(upstream, arguments)?;
        let url = sidecar.admin_url("/startupz");
        let started = || async { sidecar.client.get(&url).await.ok().filter(|answer| answer.status == 200) };
        eventually(START_DEADLINE, "the sidecar", started).await;
        Ok(sidecar)
    }

    fn spawn(upstream: &str, arguments: &[&str]) -> anyhow::Result<Self> {
        let scratch = tempfile::tempdir()?;
        let log = scratch.path().join("sidecar.log");
        let output = File::create(&log)?;
        let (address, admin) = (Reserved::new()?, Reserved::new()?);
        let program = program()?;
        let child = Command::new(&program)
            .args(["sidecar", "--drain-delay=0s", "--upstream", upstream])
            .args(["--listen", &address.address.to_string(), "--admin-listen", &admin.address.to_string()])
            .args(arguments)
            .stdin(Stdio::null())
            .stdout(output.try_clone()?)
            .stderr(output)
            .spawn()
            .with_context(|| format!("cannot run {}", program.display()))?;
        Ok(Self { child, address, admin, log, client: HttpClient::new(), _scratch: scratch })
    }

    /// Where it takes requests.
    pub fn address(&self) -> SocketAddr {
        self.address.address
    }

    /// URL of a path of the upstream, by way of the sidecar.
    pub fn url(&self, path: &str) -> String {
        format!("http://{}{path}", self.address.address)
    }

    /// URL of a probe, of `/metrics` or of `/drain`.
    pub fn admin_url(&self, path: &str) -> String {
        format!("http://{}{path}", self.admin.address)
    }

    /// The client that asks; it keeps its connections.
    pub fn client(&self) -> &HttpClient {
        &self.client
    }

    /// `GET` of a path of the upstream.
    ///
    /// # Errors
    /// When there is no answer.
    pub async fn get(&self, path: &str) -> Result<HttpResponse, HttpError> {
        self.client.get(&self.url(path)).await
    }

    /// `GET` of a probe, of `/metrics` or of `/drain`.
    ///
    /// # Errors
    /// When there is no answer.
    pub async fn admin(&self, path: &str) -> Result<HttpResponse, HttpError> {
        self.client.get(&self.admin_url(path)).await
    }

    /// Bytes of memory that it has now.
    ///
    /// # Errors
    /// When it has ended, or the system does not tell.
    pub fn memory(&self) -> anyhow::Result<u64> {
        process::memory(self.child.id())
    }

    /// What it has written so far.
    pub fn log(&self) -> String {
        fs::read(&self.log).map_or_else(|_| String::new(), |log| String::from_utf8_lossy(&log).into_owned())
    }

    /// Asks it to drain and end.
    ///
    /// # Errors
    /// When it has ended already.
    pub fn sigterm(&self) -> io::Result<()> {
        Ok(kill_process(Pid::from_child(&self.child), Signal::TERM)?)
    }

    /// Waits until it has ended.
    ///
    /// # Errors
    /// When it still runs after the deadline.
    pub async fn wait(&mut self, deadline: Duration) -> anyhow::Result<ExitStatus> {
        let end = Instant::now() + deadline;
        loop {
            if let Some(status) = self.child.try_wait()? {
                return Ok(status);
            }
            anyhow::ensure!(Instant::now() < end, "the sidecar still runs after {deadline:?}");
            tokio::time::sleep(STEP).await;
        }
    }
}

impl Drop for Sidecar {
    fn drop(&mut self) {
        // It may have ended by itself; then there is nothing to kill.
        let _ = self.child.kill();
        let _ = self.child.wait();
        if std::thread::panicking() {
            eprintln!("--- what the sidecar wrote ---\n{}--- end ---", self.log());
        }
    }
}
