//! A double of GitHub: a small server that behaves as the documented API does, over real bare git repositories.
//!
//! | path | what |
//! |---|---|
//! | `/repos/{owner}/{name}/contents[/{path}]` | GET (JSON, or raw by `Accept`), PUT |
//! | `/repos/{owner}/{name}/commits[/{ref}]` | GET |
//! | `/repos/{owner}/{name}/git/{blobs,trees,commits}` | POST; GET of one commit |
//! | `/repos/{owner}/{name}/git/ref/{ref}` | GET |
//! | `/repos/{owner}/{name}/git/refs[/{ref}]` | POST, PATCH |
//! | `/{repos/{owner}/{name},orgs/{owner}}/hooks/{hook}/deliveries` | GET: attempts to deliver, page by page |
//! | `…/deliveries/{attempt}/attempts` | POST: send it again |
//! | `/graphql`, `/api/graphql` | POST: `createCommitOnBranch`, `repository { ref … }` |
//! | `/_double/faults` | POST, GET, DELETE: what shall go wrong |
//! | `/_double/hooks[/{hook}/deliveries]` | POST: make a hook; send something to it |
//! | `/_double/log` | GET: the requests seen |
//!
//! Messages are GitHub's own where they are known.

mod auth;
mod commit;
mod control;
mod double;
mod error;
mod fault;
mod git;
mod graphql;
mod hook;
mod name;
mod rate_limit;
mod repository;
mod rest;
mod router;
mod server;
mod state;
mod tree;

pub use commit::{Commit, FileChange, NewCommit, Signature};
pub use double::{GithubDouble, Options};
pub use fault::{Effect, Fault};
pub use git::{Git, GitError};
pub use hook::{Attempt, Reply, UnknownHook};
pub use name::{NameError, Oid, RefName, RepositoryName, TreePath};
pub use repository::{Repository, RepositoryError};
pub use state::SeenRequest;
pub use tree::{Entry, TreeChange};
