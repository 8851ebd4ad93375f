//! The double as its users hold it.

use std::collections::BTreeMap;
use std::io;
use std::net::{SocketAddr, TcpListener};
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::Duration;

use super::fault::Fault;
use super::hook::{self, Attempt, UnknownHook};
use super::name::{NameError, RepositoryName};
use super::repository::{Repository, RepositoryError};
use super::server::Server;
use super::state::{SeenRequest, State};
use crate::webhook::Delivery;

/// How a double is started.
#[derive(Clone, Debug)]
pub struct Options {
    /// Folder of the repositories, `<root>/<owner>/<name>.git`; made when it is not there.
    pub root: PathBuf,
    /// The one token that is let in.
    pub token: String,
    /// Where to listen; port 0 takes a free one.
    pub listen: SocketAddr,
}

impl Options {
    /// On a free port of this machine, with the token `test-token`.
    pub fn new(root: impl Into<PathBuf>) -> Self {
        Self {
            root: root.into(),
            token: "test-token".to_owned(),
            listen: SocketAddr::from(([127, 0, 0, 1], 0)),
        }
    }
}

/// A running double; it stops when this is dropped. Its repositories stay.
#[derive(Debug)]
pub struct GithubDouble {
    state: Arc<State>,
    server: Server,
}

impl GithubDouble {
    /// Starts a double.
    ///
    /// # Errors
    /// When the address is taken or the root folder cannot be made.
    pub fn start(options: Options) -> io::Result<Self> {
        std::fs::create_dir_all(&options.root)?;
        let listener = TcpListener::bind(options.listen)?;
        let base_url = format!("http://{}", listener.local_addr()?);
        let state = Arc::new(State::new(options.root, options.token, base_url));
        let server = Server::start(listener, Arc::clone(&state))?;
        Ok(Self { state, server })
    }

    /// What clients take for `https://api.github.com`; without a slash at the end.
    pub fn base_url(&self) -> &str {
        &self.state.base_url
    }

    /// Where it listens.
    pub fn address(&self) -> SocketAddr {
        self.server.address()
    }

    /// The token that is let in.
    pub fn token(&self) -> &str {
        &self.state.token
    }

    /// Folder of the repositories.
    pub fn root(&self) -> &Path {
        &self.state.root
    }

    /// Makes a repository with one first commit on `main`; one that has commits already stays as it is.
    ///
    /// # Errors
    /// When the name is none, or `git` fails.
    pub fn create_repository(
        &self,
        name: &str,
        files: &BTreeMap<String, String>,
    ) -> Result<Repository, RepositoryError> {
        let name: RepositoryName = name.parse()?;
        let repository = Repository::create(&self.state.root, name)?;
        if repository.reference(&repository.default_branch()?)?.is_none() {
            repository.push(files, "Initial commit")?;
        }
        Ok(repository)
    }

    /// Adds something that shall go wrong.
    pub fn fail(&self, fault: Fault) {
        self.state.faults().push(fault);
    }

    /// Forgets all faults.
    pub fn heal(&self) {
        self.state.faults().clear();
    }

    /// How many faults are still waiting for a request.
    pub fn waiting_faults(&self) -> usize {
        self.state.faults().waiting().len()
    }

    /// Makes a hook of a repository (`acme/gitops`, which need not exist) or an organisation (`acme`), and gives its id.
    ///
    /// # Errors
    /// When the owner is neither.
    pub fn create_hook(&self, owner: &str, url: &str, secret: &str) -> Result<u64, NameError> {
        let owner = owner.parse()?;
        Ok(self.state.hooks().create(owner, url, secret))
    }

    /// Sends a delivery to a hook, signed with the hook's secret, and gives the attempt as it is in the log. It waits for
    /// an answer as long as GitHub does.
    ///
    /// # Errors
    /// When there is no such hook. An attempt that fails is no error.
    pub async fn deliver(&self, hook: u64, delivery: Delivery) -> Result<Attempt, UnknownHook> {
        let hook = self.state.hooks().hook(hook).cloned().ok_or(UnknownHook(hook))?;
        Ok(hook::deliver(&self.state, &hook, delivery, false).await)
    }

    /// The attempts in a hook's log, oldest first.
    pub fn attempts(&self, hook: u64) -> Vec<Attempt> {
        self.state.hooks().attempts(hook).cloned().collect()
    }

    /// Makes an attempt look so much older.
    pub fn backdate(&self, attempt: u64, by: Duration) {
        self.state.hooks().backdate(attempt, by);
    }

    /// The requests seen, oldest first.
    pub fn requests(&self) -> Vec<SeenRequest> {
        self.state.seen().clone()
    }
}
