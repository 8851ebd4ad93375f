//! The double as its users hold it.

use std::collections::BTreeMap;
use std::io;
use std::net::{SocketAddr, TcpListener};
use std::path::{Path, PathBuf};
use std::sync::Arc;

use super::fault::Fault;
use super::name::RepositoryName;
use super::repository::{Repository, RepositoryError};
use super::server::Server;
use super::state::{SeenRequest, State};

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

    /// The requests seen, oldest first.
    pub fn requests(&self) -> Vec<SeenRequest> {
        self.state.seen().clone()
    }
}
