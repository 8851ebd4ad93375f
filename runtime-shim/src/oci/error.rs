//! Why an artifact could not be had. No sentence holds a credential, nor a URL, which may be signed.

use std::io;

use thiserror::Error;

use super::digest::Digest;

/// Why an artifact could not be had.
#[derive(Debug, Error)]
pub enum PullError {
    /// No such tag, digest or repository.
    #[error("the registry has no {0}")]
    Missing(String),
    /// The registry wants credentials and there are none.
    #[error(
        "the registry asks for credentials, and there are none for {0}: give them by --registry-auth FILE, \
         or in the config.json that `docker login` writes"
    )]
    NoCredentials(String),
    /// The registry does not accept the credentials.
    #[error("the registry refuses the credentials for {0}")]
    Refused(String),
    /// The file with credentials cannot be used.
    #[error("{0}")]
    Credentials(String),
    /// Another status than hoped for.
    #[error("the registry answered {0}")]
    Status(http::StatusCode),
    /// No answer.
    #[error("the registry cannot be reached: {0}")]
    Transport(String),
    /// No answer in time.
    #[error("the registry did not answer in time")]
    Late,
    /// More bytes than are taken.
    #[error("{what} has more than {limit} bytes")]
    TooLarge {
        /// Of what.
        what: String,
        /// The limit.
        limit: u64,
    },
    /// Content that is not what its digest says.
    #[error("{what} is not what its digest says: it must be {expected}, and is {found}")]
    Altered {
        /// What was asked for.
        what: String,
        /// What was to come.
        expected: Digest,
        /// What came.
        found: Digest,
    },
    /// Something of another form than it should have.
    #[error("{0}")]
    Malformed(String),
    /// The folder where content is kept.
    #[error("the folder of pulled content cannot be used: {0}")]
    Store(#[from] io::Error),
}

impl PullError {
    /// Whether trying again can help.
    pub(super) fn is_transient(&self) -> bool {
        match self {
            Self::Transport(_) | Self::Late => true,
            Self::Status(status) => status.is_server_error() || status.as_u16() == 429,
            _ => false,
        }
    }

    /// The failure of a connection, with all of its causes.
    pub(super) fn transport(error: &dyn std::error::Error) -> Self {
        let causes = std::iter::successors(Some(error), |error| error.source());
        Self::Transport(causes.map(ToString::to_string).collect::<Vec<_>>().join(": "))
    }
}
