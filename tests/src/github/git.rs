//! Runs the `git` program: no shell, none of the caller's configuration, typed errors.

use std::ffi::OsStr;
use std::io::{self, Write};
use std::path::{Path, PathBuf};
use std::process::{Command, Output, Stdio};

/// The `git` program, bound to one repository's directory.
#[derive(Clone, Debug)]
pub struct Git {
    dir: PathBuf,
}

/// Why a run of `git` gave no answer.
#[derive(Debug, thiserror::Error)]
pub enum GitError {
    /// The program could not be run at all.
    #[error("cannot run git: {0}")]
    Start(#[from] io::Error),
    /// The program ran and said no.
    #[error("git {command} failed: {stderr}")]
    Failed {
        /// The subcommand, e.g. `update-ref`.
        command: String,
        /// What it wrote on standard error.
        stderr: String,
    },
    /// The program answered in a form that was not expected.
    #[error("git {command} answered in an unknown form")]
    Form {
        /// The subcommand, e.g. `ls-tree`.
        command: &'static str,
    },
}

impl Git {
    /// Git on the repository whose directory (the bare repository itself) is `dir`.
    pub fn new(dir: impl Into<PathBuf>) -> Self {
        Self { dir: dir.into() }
    }

    /// The repository's directory.
    pub fn dir(&self) -> &Path {
        &self.dir
    }

    /// Runs a subcommand and gives what it wrote on standard output.
    pub fn run<A: AsRef<OsStr>>(&self, args: &[A]) -> Result<Vec<u8>, GitError> {
        self.run_with(args, &[], &[])
    }

    /// Like [`Git::run`], with `input` on standard input and `env` added to the environment.
    pub fn run_with<A: AsRef<OsStr>>(
        &self,
        args: &[A],
        input: &[u8],
        env: &[(&str, &OsStr)],
    ) -> Result<Vec<u8>, GitError> {
        let output = self.output(args, input, env)?;
        if output.status.success() { Ok(output.stdout) } else { Err(failure(args, &output)) }
    }

    /// Runs a subcommand that answers a yes-or-no question by exit code 0 or 1.
    pub fn test<A: AsRef<OsStr>>(&self, args: &[A]) -> Result<bool, GitError> {
        let output = self.output(args, &[], &[])?;
        match output.status.code() {
            Some(0) => Ok(true),
            Some(1) => Ok(false),
            _ => Err(failure(args, &output)),
        }
    }

    fn output<A: AsRef<OsStr>>(
        &self,
        args: &[A],
        input: &[u8],
        env: &[(&str, &OsStr)],
    ) -> Result<Output, GitError> {
        let mut child = Command::new("git")
            .arg("--git-dir")
            .arg(&self.dir)
            .args(args)
            .env_clear()
            .envs(std::env::var_os("PATH").map(|path| ("PATH", path)))
            .env("GIT_CONFIG_NOSYSTEM", "1")
            .env("GIT_CONFIG_GLOBAL", "/dev/null")
            .env("GIT_LITERAL_PATHSPECS", "1")
            .env("LC_ALL", "C")
            .envs(env.iter().copied())
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .stderr(Stdio::piped())
            .spawn()?;
        if let Some(mut stdin) = child.stdin.take() {
            // A git that ends without reading its input says why by its exit code.
            match stdin.write_all(input) {
                Err(error) if error.kind() != io::ErrorKind::BrokenPipe => return Err(error.into()),
                _ => {}
            }
        }
        Ok(child.wait_with_output()?)
    }
}

fn failure<A: AsRef<OsStr>>(args: &[A], output: &Output) -> GitError {
    GitError::Failed {
        command: args.first().map(|arg| arg.as_ref().to_string_lossy().into_owned()).unwrap_or_default(),
        stderr: String::from_utf8_lossy(&output.stderr).trim().to_owned(),
    }
}
