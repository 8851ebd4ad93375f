//! Everything that is wrong with a manifest.

use std::cell::RefCell;
use std::fmt;

/// What is wrong with a manifest, a sentence for each thing.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ManifestErrors(pub Vec<String>);

impl fmt::Display for ManifestErrors {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0.join("\n"))
    }
}

impl std::error::Error for ManifestErrors {}

/// Where the parts of the reader put what they find. Shared, because several have it at hand at once.
#[derive(Debug, Default)]
pub(crate) struct Problems(RefCell<Vec<String>>);

impl Problems {
    /// Adds a sentence about a place in the manifest.
    pub fn report(&self, place: &str, problem: impl fmt::Display) {
        self.0.borrow_mut().push(format!("{place}: {problem}"));
    }

    /// All that was reported.
    pub fn sentences(self) -> Vec<String> {
        self.0.into_inner()
    }
}
