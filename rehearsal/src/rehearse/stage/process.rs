//! Programs that end with the rehearsal, whatever becomes of it.

use std::ffi::OsStr;
use std::fs::File;
use std::io;
use std::os::unix::process::CommandExt;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::time::{Duration, Instant};

use rustix::process::{Pid, Signal, kill_process, kill_process_group};

use super::{LOOK, StageError};

/// Bytes at the end of a log that are shown when its program has ended.
const TAIL: usize = 2_000;

/// A running program with all that it starts; killed when this is dropped.
#[derive(Debug)]
pub struct Program {
    child: Child,
    /// It leads a process group of its own, so that a terminal's SIGINT is ours alone, and its children end with it.
    group: Pid,
    log: PathBuf,
}

impl Program {
    /// Starts it; what it writes goes to `log`.
    pub fn start(
        program: &Path,
        arguments: impl IntoIterator<Item = impl AsRef<OsStr>>,
        log: &Path,
    ) -> Result<Self, StageError> {
        let refused = |error| StageError::Start { program: program.to_owned(), error };
        let output = File::options().create(true).append(true).open(log).map_err(refused)?;
        let child = Command::new(program)
            .args(arguments)
            .stdin(Stdio::null())
            .stdout(output.try_clone().map_err(refused)?)
            .stderr(output)
            .process_group(0)
            .spawn()
            .map_err(refused)?;
        let group = Pid::from_child(&child);
        Ok(Self { child, group, log: log.to_owned() })
    }

    /// Its number.
    pub fn id(&self) -> u32 {
        self.child.id()
    }

    /// How it ended, if it has.
    pub fn has_ended(&mut self) -> Option<String> {
        match self.child.try_wait() {
            Ok(None) => None,
            Ok(Some(status)) => Some(format!("{status}{}", self.last_words())),
            Err(error) => Some(error.to_string()),
        }
    }

    /// Sends a signal to the program itself.
    pub fn signal(&mut self, signal: Signal) -> io::Result<()> {
        // Once it is waited for, its number may be another's.
        match self.child.try_wait()? {
            None => Ok(kill_process(self.group, signal)?),
            Some(status) => Err(io::Error::other(status.to_string())),
        }
    }

    /// Asks it to end, and waits for that. One that does not end is killed.
    pub async fn stop(mut self, within: Duration) {
        let deadline = Instant::now() + within;
        // One that has ended already needs no signal.
        if self.signal(Signal::TERM).is_err() {
            return;
        }
        while self.has_ended().is_none() && Instant::now() < deadline {
            tokio::time::sleep(LOOK).await;
        }
    }

    /// The end of what it has written.
    pub fn last_words(&self) -> String {
        let text = std::fs::read(&self.log).unwrap_or_default();
        let tail = text.get(text.len().saturating_sub(TAIL)..).unwrap_or_default();
        let tail = String::from_utf8_lossy(tail);
        tail.lines()
            .rev()
            .find(|line| !line.trim().is_empty())
            .map_or_else(String::new, |line| format!(": {}", line.trim()))
    }
}

impl Drop for Program {
    fn drop(&mut self) {
        // Also when its leader has ended: what that started may go on. A group of which nobody is left has no number.
        let _ = kill_process_group(self.group, Signal::KILL);
        let _ = self.child.wait();
    }
}

/// Where a program is, looked for on the PATH and where Debian keeps servers.
pub fn find(program: &'static str, package: &'static str) -> Result<PathBuf, StageError> {
    let path = std::env::var_os("PATH").unwrap_or_default();
    let folders =
        std::env::split_paths(&path).chain([PathBuf::from("/usr/sbin"), PathBuf::from("/usr/local/sbin")]);
    let found = folders.map(|folder| folder.join(program)).find(|file| file.is_file());
    found.ok_or(StageError::Missing { program, package })
}
