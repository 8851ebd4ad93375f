//! Descriptors of the process: each connection takes one.

use rustix::process::{Resource, getrlimit, setrlimit};

/// What is assumed where the system names no limit.
const UNLIMITED: u64 = 1 << 20;

/// Asks for as many as the system lets a process have. Many systems give 1024 at first, for programs that use `select`.
pub fn raise() {
    let mut limit = getrlimit(Resource::Nofile);
    limit.current = limit.maximum;
    if let Err(error) = setrlimit(Resource::Nofile, limit) {
        tracing::debug!("the limit of descriptors cannot be raised: {error}");
    }
}

/// How many the process may have.
pub fn limit() -> u64 {
    getrlimit(Resource::Nofile).current.unwrap_or(UNLIMITED)
}
