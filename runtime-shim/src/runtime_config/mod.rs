//! The runtime-config file: what differs from one place where an application runs to the next,
//! <https://spinframework.dev/dynamic-configuration>.
//!
//! | key | meaning |
//! |---|---|
//! | `state_dir` | folder for databases, where no `--state-dir` is given |
//! | `[sqlite_database.<label>]` | `type = "spin"` and the `path` of a file, relative to the working directory |
//! | `[key_value_store.<label>]` | `type = "spin"` and the `path` of a file, relative to the folder of this one |
//! | `[outbound_networking]` | `block_networks`: networks, or `"private"` for all that are not public |
//! | `[[variables_provider]]` | `type = "static"` with a table `values`, or `type = "env"` with `prefix` and `dotenv_path` |
//!
//! These are Spin's own keys, and its rules for paths. What Spin knows and this host does not is refused by name. The
//! file may hold secrets, so no sentence shows a value of it.

mod read;

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};

use crate::outbound::blocked::BlockedNetworks;
use crate::variables::Provider;

/// What a runtime-config file says; empty without one.
#[derive(Debug, Default)]
pub struct RuntimeConfig {
    /// Folder for databases.
    pub state_dir: Option<PathBuf>,
    /// Files of SQLite databases by label.
    pub sqlite_databases: BTreeMap<String, PathBuf>,
    /// Files of key-value stores by label.
    pub key_value_stores: BTreeMap<String, PathBuf>,
    /// Addresses that no component may connect to.
    pub blocked: BlockedNetworks,
    /// Where values of variables come from, the first before the others.
    pub providers: Vec<Provider>,
}

impl RuntimeConfig {
    /// Reads a file.
    ///
    /// # Errors
    /// A sentence for each thing that is wrong with it.
    pub fn load(file: &Path) -> Result<Self, Vec<String>> {
        let text = std::fs::read_to_string(file).map_err(|error| {
            vec![format!("the runtime-config file {} cannot be read: {error}", file.display())]
        })?;
        Self::parse(&text, file.parent().unwrap_or(Path::new("")))
    }

    /// Reads the text of a file in `folder`.
    ///
    /// # Errors
    /// A sentence for each thing that is wrong with it.
    pub fn parse(text: &str, folder: &Path) -> Result<Self, Vec<String>> {
        read::read(text, folder)
    }
}

#[cfg(test)]
mod tests;
