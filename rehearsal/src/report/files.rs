//! The reports that stay: HTML, JSON, JUnit.

use std::io;
use std::path::{Path, PathBuf};

use super::record::Record;
use super::{html, junit};

/// Where to write which report.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Files {
    /// The page.
    pub html: Option<PathBuf>,
    /// The [`Record`] for programs.
    pub json: Option<PathBuf>,
    /// Test cases for CI.
    pub junit: Option<PathBuf>,
}

/// Why a report is not there.
#[derive(Debug, thiserror::Error)]
pub enum WriteError {
    /// It could not be made.
    #[error("cannot make {path}: {reason}", path = .path.display())]
    Made {
        /// The file.
        path: PathBuf,
        /// What went wrong.
        reason: String,
    },
    /// It could not be written.
    #[error("cannot write {path}: {source}", path = .path.display())]
    Written {
        /// The file.
        path: PathBuf,
        /// What went wrong.
        source: io::Error,
    },
}

impl Files {
    /// Writes what is asked for; folders are made.
    ///
    /// # Errors
    /// At the first file that cannot be written.
    pub fn write(&self, record: &Record) -> Result<(), WriteError> {
        write(self.html.as_deref(), || html::page(record))?;
        write(self.json.as_deref(), || serde_json::to_string_pretty(record).map(|json| json + "\n"))?;
        write(self.junit.as_deref(), || junit::report(record))
    }
}

fn write<E: ToString>(
    path: Option<&Path>,
    make: impl FnOnce() -> Result<String, E>,
) -> Result<(), WriteError> {
    let Some(path) = path else { return Ok(()) };
    let text =
        make().map_err(|error| WriteError::Made { path: path.to_owned(), reason: error.to_string() })?;
    let written = folder(path).and_then(|()| std::fs::write(path, text));
    written.map_err(|source| WriteError::Written { path: path.to_owned(), source })
}

fn folder(path: &Path) -> io::Result<()> {
    path.parent().map_or(Ok(()), std::fs::create_dir_all)
}
