//! What can go wrong with the ledger. Texts may be shown to users; details are in `Debug`, for the log.

use crate::sql::DatabaseError;

/// Why a call to the store failed.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum StoreError {
    /// The database did not do what it was asked.
    #[error(transparent)]
    Database(#[from] DatabaseError),
    /// The schema cannot be used.
    #[error(transparent)]
    Migration(#[from] MigrationError),
    /// The variables do not say which database to use; the text names the variable.
    #[error("{problem}")]
    Configuration {
        /// What is wrong, as a sentence.
        problem: &'static str,
    },
    /// Somebody else claimed the promotion since, or it has ended.
    #[error("the lease on the promotion was lost")]
    LeaseLost,
    /// The database holds something that this release did not write.
    #[error("a stored record cannot be read")]
    Unreadable {
        /// Which column, and what is wrong with it.
        detail: String,
    },
}

/// Why a schema cannot be used.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum MigrationError {
    /// A newer release changed the schema in a way that this one cannot work with.
    #[error("the database schema is too new: version {version} needs a release that knows version {needed}")]
    TooNew {
        /// The version that was applied.
        version: i64,
        /// The oldest schema version that a release must know to work with it.
        needed: i64,
    },
    /// Migrations are missing, and are not for a store to apply.
    #[error(
        "the database schema is too old: it is at version {version}, this release needs {needed}; run slipway migrate up"
    )]
    TooOld {
        /// The newest version that was applied; 0 if none was.
        version: i64,
        /// The version that this release needs.
        needed: i64,
    },
    /// A migration that was applied has been edited since.
    #[error("migration {version} of the database differs from the one in this release")]
    Changed {
        /// The version that was applied.
        version: i64,
    },
}
