//! The `slipway` program as a process of its own: started, asked, stopped.

use std::fs::{self, OpenOptions};
use std::io;
use std::net::{SocketAddr, TcpListener};
use std::path::{Path, PathBuf};
use std::process::{Child, Command, ExitStatus, Stdio};
use std::time::{Duration, Instant};

use anyhow::Context;
use rustix::process::{Pid, Signal, kill_process};
use serde_json::Value;
use tempfile::TempDir;
use tokio::net::TcpSocket;

use crate::http::{HttpClient, HttpError, HttpResponse};
use crate::metrics::Metrics;
use crate::process;

/// Names the program to test; without it, the one that was built beside the tests is taken.
pub const PROGRAM: &str = "SLIPWAY_BIN";
/// How long a start may take: the first one compiles the components.
const START_DEADLINE: Duration = Duration::from_secs(120);
/// Folder of compiled components of all tests, below the workspace's: compiling takes most of a start.
const SHARED_CACHE: &str = "target/slipway-cache";
const STEP: Duration = Duration::from_millis(20);

/// How `slipway up` is started.
#[derive(Clone, Debug)]
pub struct Options {
    /// The application.
    pub manifest: PathBuf,
    /// Name and value of variables.
    pub variables: Vec<(String, String)>,
    /// Folder for databases; one of its own, gone afterwards, if none is given.
    pub state_dir: Option<PathBuf>,
    /// Probes, metrics and internal paths on a port of their own.
    pub admin: bool,
    /// Further arguments.
    pub args: Vec<String>,
    /// Further environment variables.
    pub env: Vec<(String, String)>,
    /// Folder of compiled components; if none is given, one for all tests.
    pub cache_dir: Option<PathBuf>,
    /// A program that runs it, with that program's arguments; to take rights away, say.
    pub runner: Vec<String>,
}

impl Default for Options {
    /// The workspace's own application, with nothing set.
    fn default() -> Self {
        Self {
            manifest: workspace().join("spin.toml"),
            variables: Vec::new(),
            state_dir: None,
            admin: false,
            args: Vec::new(),
            env: Vec::new(),
            cache_dir: None,
            runner: Vec::new(),
        }
    }
}

impl Options {
    /// Sets a variable.
    #[must_use]
    pub fn variable(mut self, name: &str, value: &str) -> Self {
        self.variables.push((name.to_owned(), value.to_owned()));
        self
    }

    /// Asks for a port of its own for probes, metrics and internal paths.
    #[must_use]
    pub fn with_admin(mut self) -> Self {
        self.admin = true;
        self
    }

    /// Adds an argument.
    #[must_use]
    pub fn arg(mut self, arg: &str) -> Self {
        self.args.push(arg.to_owned());
        self
    }

    /// Keeps databases in this folder, so that a second start finds them again.
    #[must_use]
    pub fn state_dir(mut self, folder: &Path) -> Self {
        self.state_dir = Some(folder.to_owned());
        self
    }

    /// Keeps compiled components in this folder, rather than in the one that all tests share.
    #[must_use]
    pub fn cache_dir(mut self, folder: &Path) -> Self {
        self.cache_dir = Some(folder.to_owned());
        self
    }
}

/// The folder of the workspace.
pub fn workspace() -> PathBuf {
    let tests = Path::new(env!("CARGO_MANIFEST_DIR"));
    tests.parent().unwrap_or(tests).to_owned()
}

/// A running `slipway up`; it is killed when this is dropped, and when a test fails its log is shown.
#[derive(Debug)]
pub struct Slipway {
    child: Child,
    options: Options,
    address: Reserved,
    admin: Option<Reserved>,
    state_dir: PathBuf,
    log: PathBuf,
    client: HttpClient,
    /// Holds the log, and the state folder if none was given.
    _scratch: TempDir,
}

impl Slipway {
    /// Starts the program and waits until it is ready.
    ///
    /// # Errors
    /// When the program is not there, ends, or does not get ready; the message has its log.
    pub async fn start(options: Options) -> anyhow::Result<Self> {
        let mut slipway = Self::spawn(&options)?;
        match slipway.wait_until_ready().await {
            Ok(()) => Ok(slipway),
            Err(error) => anyhow::bail!("{error:#}; it wrote:\n{}", slipway.log()),
        }
    }

    /// Starts the program without waiting, for tests of the start itself.
    ///
    /// # Errors
    /// When the program is not there or cannot be run.
    pub fn spawn(options: &Options) -> anyhow::Result<Self> {
        let scratch = tempfile::tempdir()?;
        let state_dir = options.state_dir.clone().unwrap_or_else(|| scratch.path().join("state"));
        fs::create_dir_all(&state_dir)?;
        let log = scratch.path().join("slipway.log");
        let address = Reserved::new()?;
        let admin = options.admin.then(Reserved::new).transpose()?;
        let admin_address = admin.as_ref().map(|admin| admin.address);
        let child = launch(options, address.address, admin_address, &state_dir, &log)?;
        let options = options.clone();
        Ok(Self {
            child,
            options,
            address,
            admin,
            state_dir,
            log,
            client: HttpClient::new(),
            _scratch: scratch,
        })
    }

    /// Starts the program again after it has ended: the same options, ports and state folder. Does not wait until it is
    /// ready.
    ///
    /// # Errors
    /// When it still runs, or cannot be run.
    pub fn start_again(&mut self) -> anyhow::Result<()> {
        anyhow::ensure!(self.child.try_wait()?.is_some(), "slipway still runs");
        let admin = self.admin.as_ref().map(|admin| admin.address);
        self.child = launch(&self.options, self.address.address, admin, &self.state_dir, &self.log)?;
        Ok(())
    }

    /// Waits until it is ready.
    ///
    /// # Errors
    /// When it ends, or is not ready in time.
    pub async fn wait_until_ready(&mut self) -> anyhow::Result<()> {
        let end = Instant::now() + START_DEADLINE;
        let url = self.admin_url("/readyz");
        while Instant::now() < end {
            if let Some(status) = self.child.try_wait()? {
                anyhow::bail!("slipway ended before it was ready: {status}");
            }
            if self.client.get(&url).await.is_ok_and(|answer| answer.status == 200) {
                return Ok(());
            }
            tokio::time::sleep(STEP).await;
        }
        anyhow::bail!("slipway was not ready within {} s", START_DEADLINE.as_secs())
    }

    /// Where the application listens.
    pub fn address(&self) -> SocketAddr {
        self.address.address
    }

    /// URL of a path of the application.
    pub fn url(&self, path: &str) -> String {
        format!("http://{}{path}", self.address.address)
    }

    /// URL of a probe, of `/metrics`, or of an internal path.
    pub fn admin_url(&self, path: &str) -> String {
        format!("http://{}{path}", self.admin.as_ref().unwrap_or(&self.address).address)
    }

    /// Folder of the databases.
    pub fn state_dir(&self) -> &Path {
        &self.state_dir
    }

    /// The client that asks; it keeps its connections.
    pub fn client(&self) -> &HttpClient {
        &self.client
    }

    /// `GET` of a path of the application.
    ///
    /// # Errors
    /// When there is no answer.
    pub async fn get(&self, path: &str) -> Result<HttpResponse, HttpError> {
        self.client.get(&self.url(path)).await
    }

    /// `POST` of JSON to a path of the application.
    ///
    /// # Errors
    /// When there is no answer.
    pub async fn post(&self, path: &str, body: &Value) -> Result<HttpResponse, HttpError> {
        self.client.post(&self.url(path), body).await
    }

    /// What `/metrics` says now.
    ///
    /// # Errors
    /// When there is no answer.
    pub async fn metrics(&self) -> Result<Metrics, HttpError> {
        Ok(Metrics::parse(&self.client.get(&self.admin_url("/metrics")).await?.text()))
    }

    /// What it has written so far.
    pub fn log(&self) -> String {
        fs::read(&self.log).map_or_else(|_| String::new(), |log| String::from_utf8_lossy(&log).into_owned())
    }

    /// Bytes of memory that it has now.
    ///
    /// # Errors
    /// When it has ended, or the system does not tell.
    pub fn memory(&self) -> anyhow::Result<u64> {
        process::memory(self.child.id())
    }

    /// Descriptors that it has open now.
    ///
    /// # Errors
    /// When it has ended, or the system does not tell.
    pub fn descriptors(&self) -> anyhow::Result<usize> {
        process::descriptors(self.child.id())
    }

    /// Asks it to drain and end.
    ///
    /// # Errors
    /// When it has ended already.
    pub fn sigterm(&self) -> io::Result<()> {
        Ok(kill_process(Pid::from_child(&self.child), Signal::TERM)?)
    }

    /// Stops its clock: it does nothing, keeps its connections, and does not know that time goes by.
    ///
    /// # Errors
    /// When it has ended already.
    pub fn sigstop(&self) -> io::Result<()> {
        Ok(kill_process(Pid::from_child(&self.child), Signal::STOP)?)
    }

    /// Lets it go on after [`Slipway::sigstop`].
    ///
    /// # Errors
    /// When it has ended already.
    pub fn sigcont(&self) -> io::Result<()> {
        Ok(kill_process(Pid::from_child(&self.child), Signal::CONT)?)
    }

    /// Ends it at once, as a crash would.
    ///
    /// # Errors
    /// When it cannot be killed.
    pub fn kill(&mut self) -> io::Result<()> {
        self.child.kill()?;
        self.child.wait().map(drop)
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
            anyhow::ensure!(Instant::now() < end, "slipway still runs after {deadline:?}");
            tokio::time::sleep(STEP).await;
        }
    }
}

impl Drop for Slipway {
    fn drop(&mut self) {
        // It may have ended by itself; then there is nothing to kill.
        let _ = self.kill();
        if std::thread::panicking() {
            eprintln!("--- what slipway wrote ---\n{}--- end ---", self.log());
        }
    }
}

/// A port that is kept for the program, also while it does not run. Bound and not listened on: nobody is given it, who
/// connects is refused, and the program, which lets addresses be reused, may listen there.
#[derive(Debug)]
pub(crate) struct Reserved {
    pub(crate) address: SocketAddr,
    _socket: TcpSocket,
}

impl Reserved {
    pub(crate) fn new() -> io::Result<Self> {
        let socket = TcpSocket::new_v4()?;
        socket.set_reuseaddr(true)?;
        socket.bind(SocketAddr::from(([127, 0, 0, 1], 0)))?;
        Ok(Self { address: socket.local_addr()?, _socket: socket })
    }
}

/// Runs `slipway up`; what it writes is added to `log`.
fn launch(
    options: &Options,
    address: SocketAddr,
    admin: Option<SocketAddr>,
    state_dir: &Path,
    log: &Path,
) -> anyhow::Result<Child> {
    let program = program()?;
    let output = OpenOptions::new().create(true).append(true).open(log)?;
    let mut command = match options.runner.split_first() {
        Some((runner, args)) => {
            let mut command = Command::new(runner);
            command.args(args).arg(&program);
            command
        }
        None => Command::new(&program),
    };
    command.arg("up").arg("-f").arg(&options.manifest);
    command.arg("--listen").arg(address.to_string()).arg("--state-dir").arg(state_dir);
    if !options.args.iter().any(|arg| arg == "--no-cache") {
        let shared = || workspace().join(SHARED_CACHE);
        command.arg("--cache-dir").arg(options.cache_dir.clone().unwrap_or_else(shared));
    }
    if let Some(admin) = admin {
        command.arg("--admin-listen").arg(admin.to_string());
    }
    for (name, value) in &options.variables {
        command.arg("--variable").arg(format!("{name}={value}"));
    }
    command
        .args(&options.args)
        .envs(options.env.iter().map(|(name, value)| (name, value)))
        .stdin(Stdio::null())
        .stdout(output.try_clone()?)
        .stderr(output)
        .spawn()
        .with_context(|| format!("cannot run {}", program.display()))
}

/// The program: from the environment, or `slipway` beside this program or, for a test, beside its folder.
pub fn program() -> anyhow::Result<PathBuf> {
    let program = match std::env::var_os(PROGRAM) {
        Some(path) => PathBuf::from(path),
        None => {
            let own = std::env::current_exe().context("cannot find the folder of this program")?;
            let mut beside = own.ancestors().skip(1).take(2).map(|folder| folder.join("slipway"));
            beside.find(|path| path.is_file()).unwrap_or_else(|| own.with_file_name("slipway"))
        }
    };
    anyhow::ensure!(
        program.is_file(),
        "{} is missing: build it with `cargo build -p slipway`, or name it by {PROGRAM}",
        program.display()
    );
    Ok(program)
}

/// A port that nobody listens on at this moment.
///
/// # Errors
/// When there is none.
pub fn free_address() -> io::Result<SocketAddr> {
    TcpListener::bind(("127.0.0.1", 0))?.local_addr()
}
