//! A running nginx.

use std::net::SocketAddr;
use std::path::{Path, PathBuf};
use std::time::Duration;

use http::Method;
use rustix::process::Signal;

use super::nginx::{Listeners, Split, Table};
use super::process::Program;
use super::{LOOK, START, StageError, ask, await_ok, folder, ports, write};

/// A running nginx.
#[derive(Debug)]
pub struct Router {
    nginx: Program,
    listeners: Listeners,
    folder: PathBuf,
    file: PathBuf,
    table: Table,
    generation: u64,
}

impl Router {
    /// Starts it. It answers 503 until it is told who gets requests.
    pub async fn start(program: &Path, scratch: &Path) -> Result<Self, StageError> {
        let scratch = scratch.join("nginx");
        folder(&scratch)?;
        let listeners = Listeners { http1: ports::take()?, http2: ports::take()?, control: ports::take()? };
        let table = Table { stable: Vec::new(), canary: Vec::new(), split: Split::Weight(0) };
        let file = scratch.join("nginx.conf");
        write(&file, &table.configuration(&scratch, listeners, 0))?;
        let paths = [scratch.as_os_str(), file.as_os_str()].map(ToOwned::to_owned);
        let [prefix, configuration] = paths;
        let arguments = ["-p".into(), prefix, "-c".into(), configuration, "-e".into(), "stderr".into()];
        let mut nginx = Program::start(program, arguments, &scratch.join("nginx.log"))?;
        await_ok(&mut nginx, "nginx", listeners.control, "/").await?;
        Ok(Self { nginx, listeners, folder: scratch, file, table, generation: 0 })
    }

    /// Where clients connect with HTTP/1.1.
    pub fn http1(&self) -> SocketAddr {
        self.listeners.http1
    }

    /// Where clients connect with HTTP/2, without TLS and with prior knowledge.
    pub fn http2(&self) -> SocketAddr {
        self.listeners.http2
    }

    /// The new version's share of the requests, in percent.
    pub fn share(&self) -> u8 {
        self.table.share()
    }

    /// Splits requests so from now on; returns when no worker takes new ones in the old way. Those under way are
    /// finished by the workers that have them.
    pub async fn apply(&mut self, table: Table) -> Result<(), StageError> {
        if table == self.table {
            return Ok(());
        }
        self.generation += 1;
        write(&self.file, &table.configuration(&self.folder, self.listeners, self.generation))?;
        let mute = |nginx: &Program| StageError::Mute {
            program: "nginx".to_owned(),
            last_words: nginx.last_words(),
        };
        self.nginx.signal(Signal::HUP).map_err(|_| mute(&self.nginx))?;
        self.table = table;
        let deadline = tokio::time::Instant::now() + START;
        while !self.is_in_force().await {
            if tokio::time::Instant::now() > deadline {
                return Err(mute(&self.nginx));
            }
            tokio::time::sleep(LOOK / 10).await;
        }
        Ok(())
    }

    /// Whether the new configuration answers, and no worker of an older one takes connections any more. For a moment both
    /// do: that one has answered says nothing of the other. Asked first: before there is a new worker, the old one is the
    /// only one too.
    async fn is_in_force(&self) -> bool {
        let answer = ask(self.listeners.control, Method::GET, "/", Duration::from_secs(2)).await;
        answer.is_ok_and(|answer| answer.body == self.generation.to_string())
            && accepting(self.nginx.id()) == 1
    }
}

/// How many workers of this master have not begun to end. Those that have say so in their title before they close what they
/// listen on.
fn accepting(master: u32) -> usize {
    let processes = std::fs::read_dir("/proc").into_iter().flatten().flatten().map(|entry| entry.path());
    let workers = processes.filter(|process| parent(process) == Some(master));
    let title = |process: PathBuf| std::fs::read(process.join("cmdline")).unwrap_or_default();
    let is_accepting = |title: &[u8]| {
        let title = String::from_utf8_lossy(title);
        title.contains("worker process") && !title.contains("shutting down")
    };
    workers.map(title).filter(|title| is_accepting(title)).count()
}

/// The parent of a process, by its folder in /proc: <https://man7.org/linux/man-pages/man5/proc_pid_stat.5.html>.
fn parent(process: &Path) -> Option<u32> {
    let stat = std::fs::read_to_string(process.join("stat")).ok()?;
    // Behind the name, which may have anything in it: the state and the parent.
    stat.rsplit_once(')')?.1.split_whitespace().nth(1)?.parse().ok()
}
