//! A real PostgreSQL server in a folder of its own: started, stopped, started again on the same port.
//!
//! Its settings favour speed: what it holds does not survive a crash of the machine, but does survive its own.

use std::fs::{self, File};
use std::io;
use std::os::unix::fs::chown;
use std::os::unix::process::CommandExt;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Output, Stdio};
use std::time::{Duration, Instant};

use anyhow::{Context, bail, ensure};
use rustix::process::{Pid, Signal, getuid, kill_process};
use tempfile::TempDir;
use tokio_postgres::{Client, NoTls};

use crate::slipway::free_address;

/// The server's superuser, which is also the name of the database of [`Postgres::url`].
pub const USER: &str = "slipway";
/// Password of [`USER`]: told apart from anything else a log may hold.
pub const PASSWORD: &str = "pa55word-of-the-tests";
/// Folders of Debian's packages, one for each major version.
const DEBIAN: &str = "/usr/lib/postgresql";
/// Whom the server may run as: it refuses to be root.
const UNPRIVILEGED: [&str; 2] = ["postgres", "nobody"];
/// How long a start or a stop may take.
const DEADLINE: Duration = Duration::from_secs(60);
/// Starts that are tried when somebody else takes the port that was free a moment ago.
const START_ATTEMPTS: usize = 3;
const STEP: Duration = Duration::from_millis(20);

/// Settings of every server; see <https://www.postgresql.org/docs/current/non-durability.html>.
const SETTINGS: [&str; 7] = [
    "fsync=off",
    "synchronous_commit=off",
    "full_page_writes=off",
    "shared_buffers=32MB",
    "max_connections=200",
    "listen_addresses=127.0.0.1",
    "unix_socket_directories=",
];

/// A running, or stopped, server; it ends when this is dropped.
#[derive(Debug)]
pub struct Postgres {
    programs: PathBuf,
    account: Option<Account>,
    settings: Vec<String>,
    port: u16,
    child: Option<Child>,
    /// Processes that were stopped and are to be continued.
    frozen: Vec<Pid>,
    /// Holds the data and the log.
    folder: TempDir,
}

/// A user of the machine other than root.
#[derive(Clone, Copy, Debug)]
struct Account {
    user: u32,
    group: u32,
}

impl Postgres {
    /// Makes a new, empty server and waits until it answers.
    ///
    /// # Errors
    /// When PostgreSQL is not installed or does not start; the message has its log.
    pub async fn start() -> anyhow::Result<Self> {
        Self::start_with(&[], &[]).await
    }

    /// As [`Postgres::start`], with further settings (`name=value`) and files (name and content) in the data folder,
    /// where a relative path of a setting begins.
    ///
    /// # Errors
    /// As [`Postgres::start`].
    pub async fn start_with(settings: &[&str], files: &[(&str, &str)]) -> anyhow::Result<Self> {
        let account = if getuid().is_root() { Some(Account::unprivileged()?) } else { None };
        let settings = settings.iter().map(|&setting| setting.to_owned()).collect();
        let folder = tempfile::Builder::new().prefix("slipway-postgres-").tempdir()?;
        let mut server = Self {
            programs: programs()?,
            account,
            settings,
            port: 0,
            child: None,
            frozen: Vec::new(),
            folder,
        };
        server.initialise()?;
        for (name, content) in files {
            let file = server.data().join(name);
            fs::write(&file, content)?;
            server.give_away(&file, 0o600)?;
        }
        for attempt in 1..=START_ATTEMPTS {
            server.port = free_address()?.port();
            match server.start_again().await {
                Err(_) if attempt < START_ATTEMPTS && server.log().contains("in use") => {}
                result => return result.map(|()| server),
            }
        }
        bail!("no start was tried")
    }

    /// URL of a database that is there from the start, with user and password.
    pub fn url(&self) -> String {
        self.url_of(USER)
    }

    /// What `allowed_outbound_hosts` calls the server.
    pub fn origin(&self) -> String {
        format!("postgres://127.0.0.1:{}", self.port)
    }

    /// The port it listens on at 127.0.0.1; the same after a restart.
    pub fn port(&self) -> u16 {
        self.port
    }

    /// Makes a new, empty database and gives its URL.
    ///
    /// # Errors
    /// When there is one of that name, or the server does not answer.
    pub async fn database(&self, name: &str) -> anyhow::Result<String> {
        let quoted = name.replace('"', "\"\"");
        self.client().await?.batch_execute(&format!("CREATE DATABASE \"{quoted}\"")).await?;
        Ok(self.url_of(name))
    }

    /// A connection to the database of [`Postgres::url`], to look from outside.
    ///
    /// # Errors
    /// When the server does not answer.
    pub async fn client(&self) -> anyhow::Result<Client> {
        connect(&self.url()).await
    }

    /// Ends the server in the way of a shutdown: open connections are closed.
    ///
    /// # Errors
    /// When it does not end in time.
    pub async fn stop(&mut self) -> anyhow::Result<()> {
        self.end(Signal::INT).await
    }

    /// Ends the server in the way of a crash; the next start recovers.
    ///
    /// # Errors
    /// When it does not end in time.
    pub async fn crash(&mut self) -> anyhow::Result<()> {
        self.end(Signal::QUIT).await
    }

    /// Starts a stopped server again, on the port it had, and waits until it answers.
    ///
    /// # Errors
    /// When it does not get ready; the message has its log.
    pub async fn start_again(&mut self) -> anyhow::Result<()> {
        ensure!(self.child.is_none(), "the server runs already");
        self.child = Some(self.spawn()?);
        let end = Instant::now() + DEADLINE;
        while !self.is_ready() {
            let ended = self.child.as_mut().map(Child::try_wait).transpose()?.flatten();
            if let Some(status) = ended {
                self.child = None;
                bail!("postgres ended before it was ready ({status}); it wrote:\n{}", self.log());
            }
            ensure!(Instant::now() < end, "postgres was not ready in time; it wrote:\n{}", self.log());
            tokio::time::sleep(STEP).await;
        }
        Ok(())
    }

    /// Lets the server stand still, as behind a network that has lost it: connections stay, nothing answers.
    ///
    /// # Errors
    /// When it does not run.
    pub async fn freeze(&mut self) -> anyhow::Result<()> {
        let processes = self.client().await?.query("SELECT pid FROM pg_stat_activity", &[]).await?;
        let child = self.child.as_ref().context("the server does not run")?;
        // The server itself first, so that it makes no more processes.
        let all = [Pid::from_child(child)].into_iter();
        self.frozen =
            all.chain(processes.iter().filter_map(|process| Pid::from_raw(process.get(0)))).collect();
        self.signal_frozen(Signal::STOP);
        Ok(())
    }

    /// Lets a server go on that stands still.
    pub fn thaw(&mut self) {
        self.signal_frozen(Signal::CONT);
        self.frozen.clear();
    }

    /// Stops the server and starts it again.
    ///
    /// # Errors
    /// When it does not end, or does not get ready again.
    pub async fn restart(&mut self) -> anyhow::Result<()> {
        self.stop().await?;
        self.start_again().await
    }

    /// What the server has written so far.
    pub fn log(&self) -> String {
        let log = fs::read(self.folder.path().join("log")).unwrap_or_default();
        String::from_utf8_lossy(&log).into_owned()
    }

    fn url_of(&self, database: &str) -> String {
        format!("postgres://{USER}:{PASSWORD}@127.0.0.1:{}/{database}", self.port)
    }

    fn data(&self) -> PathBuf {
        self.folder.path().join("data")
    }

    /// Makes the data folder, the superuser with a password, and the superuser's database.
    fn initialise(&self) -> anyhow::Result<()> {
        self.give_away(self.folder.path(), 0o700)?;
        let password = self.folder.path().join("password");
        fs::write(&password, PASSWORD)?;
        self.give_away(&password, 0o600)?;
        let mut initdb = self.command("initdb");
        initdb.arg("--pgdata").arg(self.data()).arg("--pwfile").arg(&password);
        initdb.args([
            "--username",
            USER,
            "--auth=scram-sha-256",
            "--encoding=UTF8",
            "--locale=C",
            "--no-sync",
        ]);
        succeed(&mut initdb)?;
        // Without a server around it: https://www.postgresql.org/docs/current/app-postgres.html, "Single-User Mode".
        let statement = self.folder.path().join("statement");
        fs::write(&statement, format!("CREATE DATABASE {USER};\n"))?;
        let mut single = self.command("postgres");
        single
            .arg("--single")
            .arg("-F")
            .arg("-D")
            .arg(self.data())
            .arg("postgres")
            .stdin(File::open(statement)?);
        succeed(&mut single)
    }

    fn spawn(&self) -> anyhow::Result<Child> {
        let log = File::create(self.folder.path().join("log"))?;
        let mut postgres = self.command("postgres");
        postgres.arg("-D").arg(self.data()).arg("-p").arg(self.port.to_string());
        for setting in SETTINGS.iter().copied().chain(self.settings.iter().map(String::as_str)) {
            postgres.arg("-c").arg(setting);
        }
        // A group of its own, so that a Ctrl-C in the terminal is for the test to act on.
        postgres.stdin(Stdio::null()).stdout(log.try_clone()?).stderr(log).process_group(0);
        postgres.spawn().context("cannot run postgres")
    }

    /// The last line that the server keeps in its pid file says what it is at, as `pg_ctl` reads it.
    fn is_ready(&self) -> bool {
        let file = fs::read_to_string(self.data().join("postmaster.pid")).unwrap_or_default();
        let own =
            self.child.as_ref().is_some_and(|child| file.lines().next() == Some(&child.id().to_string()));
        own && file.lines().nth(7).is_some_and(|status| status.trim() == "ready")
    }

    fn signal_frozen(&self, signal: Signal) {
        for process in &self.frozen {
            // It may have ended by itself, as the one did that told of the others.
            let _ = kill_process(*process, signal);
        }
    }

    async fn end(&mut self, signal: Signal) -> anyhow::Result<()> {
        let Some(mut child) = self.child.take() else { return Ok(()) };
        kill_process(Pid::from_child(&child), signal)?;
        let end = Instant::now() + DEADLINE;
        while child.try_wait()?.is_none() {
            ensure!(Instant::now() < end, "postgres did not end in time");
            tokio::time::sleep(STEP).await;
        }
        Ok(())
    }

    fn command(&self, program: &str) -> Command {
        let mut command = Command::new(self.programs.join(program));
        if let Some(account) = self.account {
            command.uid(account.user).gid(account.group);
        }
        command.current_dir(self.folder.path());
        command
    }

    /// Lets the server's account own `path`.
    fn give_away(&self, path: &Path, mode: u32) -> io::Result<()> {
        fs::set_permissions(path, std::os::unix::fs::PermissionsExt::from_mode(mode))?;
        self.account.map_or(Ok(()), |account| chown(path, Some(account.user), Some(account.group)))
    }
}

impl Drop for Postgres {
    fn drop(&mut self) {
        // One that stands still would never end.
        self.thaw();
        let Some(mut child) = self.child.take() else { return };
        // It may have ended by itself; then there is nothing to end.
        let _ = kill_process(Pid::from_child(&child), Signal::QUIT);
        let _ = child.wait();
        if std::thread::panicking() {
            eprintln!("--- what postgres wrote ---\n{}--- end ---", self.log());
        }
    }
}

/// A connection without TLS; it works for as long as the client is kept.
///
/// # Errors
/// When the server refuses.
pub async fn connect(url: &str) -> anyhow::Result<Client> {
    let (client, connection) = tokio_postgres::connect(url, NoTls).await?;
    // It ends with the client, and a broken connection is what the next statement tells.
    tokio::spawn(async move { drop(connection.await) });
    Ok(client)
}

impl Account {
    fn unprivileged() -> anyhow::Result<Self> {
        let id = |option: &str, name: &str| -> Option<u32> {
            let output = Command::new("id").args([option, name]).output().ok()?;
            String::from_utf8(output.stdout).ok()?.trim().parse().ok()
        };
        let account = |name| Some(Self { user: id("-u", name)?, group: id("-g", name)? });
        let found = UNPRIVILEGED.into_iter().find_map(account);
        found.context(
            "PostgreSQL does not run as root, and there is no user `postgres` or `nobody` to run it as",
        )
    }
}

/// The folder of `initdb` and `postgres`: one in `PATH`, or Debian's newest.
fn programs() -> anyhow::Result<PathBuf> {
    let in_path: Vec<PathBuf> =
        std::env::var_os("PATH").map(|path| std::env::split_paths(&path).collect()).unwrap_or_default();
    let mut debian: Vec<PathBuf> = fs::read_dir(DEBIAN)
        .map(|folders| folders.filter_map(|entry| Some(entry.ok()?.path())).collect())
        .unwrap_or_default();
    debian.sort_by_key(|folder| folder.file_name().and_then(|name| name.to_str()?.parse::<u32>().ok()));
    let debian = debian.into_iter().rev().map(|folder| folder.join("bin"));
    let is_complete =
        |folder: &PathBuf| ["initdb", "postgres"].iter().all(|name| folder.join(name).is_file());
    let found = in_path.into_iter().chain(debian).find(is_complete);
    found.context("there is no PostgreSQL server: install Debian's package `postgresql`, or put `initdb` and `postgres` into PATH")
}

fn succeed(command: &mut Command) -> anyhow::Result<()> {
    let program = command.get_program().to_string_lossy().into_owned();
    let Output { status, stdout, stderr } =
        command.output().with_context(|| format!("cannot run {program}"))?;
    let said = |text: &[u8]| String::from_utf8_lossy(text).into_owned();
    ensure!(status.success(), "{program} failed ({status}):\n{}{}", said(&stdout), said(&stderr));
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test]
    async fn what_was_committed_is_there_after_stop_and_crash() -> anyhow::Result<()> {
        let mut server = Postgres::start().await?;
        server
            .client()
            .await?
            .batch_execute("CREATE TABLE kept (x int); INSERT INTO kept VALUES (1)")
            .await?;
        server.stop().await?;
        assert!(server.client().await.is_err(), "a stopped server does not answer");
        server.start_again().await?;
        server.crash().await?;
        server.start_again().await?;
        let row = server.client().await?.query_one("SELECT count(*) FROM kept", &[]).await?;
        assert_eq!(row.get::<_, i64>(0), 1);
        Ok(())
    }

    #[tokio::test]
    async fn databases_of_one_server_are_apart() -> anyhow::Result<()> {
        let server = Postgres::start().await?;
        let (one, two) = (server.database("one").await?, server.database("two").await?);
        connect(&one).await?.batch_execute("CREATE TABLE own (x int)").await?;
        assert!(connect(&two).await?.batch_execute("SELECT * FROM own").await.is_err());
        Ok(())
    }
}
