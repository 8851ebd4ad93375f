//! What the double knows while it runs.

use std::collections::BTreeMap;
use std::path::PathBuf;
use std::sync::{Mutex, MutexGuard, PoisonError};

use serde::Serialize;

use super::error::ApiError;
use super::fault::Faults;
use super::hook::Hooks;
use super::name::{Oid, RefName, RepositoryName};
use super::rate_limit::RateLimit;
use super::repository::Repository;

/// A request that the double has seen. Headers and bodies are not kept, and with them no tokens.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct SeenRequest {
    /// HTTP method.
    pub method: String,
    /// Path without the query.
    pub path: String,
    /// Status of the answer; none while there is no answer, and for ever after a broken connection.
    pub status: Option<u16>,
}

/// Everything that requests share.
#[derive(Debug)]
pub struct State {
    pub(super) root: PathBuf,
    pub(super) token: String,
    pub(super) base_url: String,
    pub(super) rate_limit: RateLimit,
    faults: Mutex<Faults>,
    hooks: Mutex<Hooks>,
    seen: Mutex<Vec<SeenRequest>>,
    competing_pushes: Mutex<u32>,
}

impl State {
    pub(super) fn new(root: PathBuf, token: String, base_url: String) -> Self {
        Self {
            root,
            token,
            base_url,
            rate_limit: RateLimit::default(),
            faults: Mutex::default(),
            hooks: Mutex::default(),
            seen: Mutex::default(),
            competing_pushes: Mutex::default(),
        }
    }

    pub(super) fn faults(&self) -> MutexGuard<'_, Faults> {
        locked(&self.faults)
    }

    pub(super) fn hooks(&self) -> MutexGuard<'_, Hooks> {
        locked(&self.hooks)
    }

    pub(super) fn seen(&self) -> MutexGuard<'_, Vec<SeenRequest>> {
        locked(&self.seen)
    }

    /// A repository that exists; 404 for all others.
    pub(super) fn repository(&self, owner: &str, name: &str) -> Result<Repository, ApiError> {
        let name = RepositoryName::new(owner, name).map_err(|_| ApiError::not_found())?;
        Repository::open(&self.root, name).ok_or_else(ApiError::not_found)
    }

    /// Moves a branch from `old` to `new` unless somebody was faster (`false`). Every way to commit ends here, so
    /// here is where a competing push lands that a test has asked for.
    pub(super) fn advance(
        &self,
        repository: &Repository,
        branch: &RefName,
        old: &Oid,
        new: &Oid,
    ) -> Result<bool, ApiError> {
        self.land_competing_push(repository, branch)?;
        Ok(repository.compare_and_swap(branch, Some(old), new)?)
    }

    /// Lets a competing push land on this branch, if one is waiting.
    pub(super) fn land_competing_push(
        &self,
        repository: &Repository,
        branch: &RefName,
    ) -> Result<(), ApiError> {
        let Some(mut files) = self.faults().take_competing_push() else {
            return Ok(());
        };
        let number = {
            let mut count = locked(&self.competing_pushes);
            *count += 1;
            *count
        };
        if files.is_empty() {
            files = BTreeMap::from([("competing-push.txt".to_owned(), format!("push number {number}\n"))]);
        }
        repository.push_to(branch, &files, &format!("Competing push {number}"))?;
        Ok(())
    }
}

/// A panic in one request is no reason for the others to fail too.
fn locked<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}
