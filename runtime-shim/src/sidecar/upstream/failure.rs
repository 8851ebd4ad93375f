//! Why an upstream did not answer.

use std::error::Error;
use std::io;
use std::time::Duration;

use http::StatusCode;

use crate::server::{Answer, Interrupted, error_answer};

type Cause = Box<dyn Error + Send + Sync>;

/// Why there is no answer.
#[derive(Debug, thiserror::Error)]
pub enum Failure {
    /// No connection could be made.
    #[error("the upstream cannot be reached: {}", chain(&**.0))]
    Unreachable(Cause),
    /// The connection ended before there was an answer.
    #[error("the upstream closed the connection without an answer: {}", chain(&**.0))]
    Closed(Cause),
    /// What came was no HTTP, or not all of a head.
    #[error("the upstream's answer is not valid: {}", chain(&**.0))]
    Invalid(Cause),
    /// The client's body did not come to its end.
    #[error("the request's body did not come: {}", chain(&**.0))]
    Request(Cause),
    /// It takes too long.
    #[error("the upstream did not answer within {0:?}")]
    TooSlow(Duration),
}

impl Failure {
    /// What an error on a connection that was made means.
    pub fn on_connection(error: impl Error + Send + Sync + 'static) -> Self {
        let hyper = find::<hyper::Error>(&error);
        if find::<Interrupted>(&error).is_some() || hyper.is_some_and(hyper::Error::is_user) {
            return Self::Request(error.into());
        }
        let closed = hyper
            .is_some_and(|error| error.is_incomplete_message() || error.is_canceled() || error.is_closed());
        if closed || find::<io::Error>(&error).is_some() {
            return Self::Closed(error.into());
        }
        Self::Invalid(error.into())
    }

    /// The reason in a word, for spans.
    pub fn kind(&self) -> &'static str {
        match self {
            Self::Unreachable(_) => "unreachable",
            Self::Closed(_) => "closed",
            Self::Invalid(_) => "invalid",
            Self::Request(_) => "request",
            Self::TooSlow(_) => "timeout",
        }
    }

    /// What the client hears; the cause is for the log.
    pub fn answer(&self) -> Answer {
        let (status, sentence) = match self {
            Self::Unreachable(_) => (StatusCode::BAD_GATEWAY, "the upstream cannot be reached"),
            Self::Closed(_) => (StatusCode::BAD_GATEWAY, "the upstream did not answer"),
            Self::Invalid(_) => (StatusCode::BAD_GATEWAY, "the upstream's answer is not valid"),
            Self::TooSlow(_) => (StatusCode::GATEWAY_TIMEOUT, "the upstream did not answer in time"),
            Self::Request(cause) => match find::<Interrupted>(&**cause) {
                Some(Interrupted::Idle(_)) => {
                    (StatusCode::REQUEST_TIMEOUT, "the request's body did not come in time")
                }
                Some(Interrupted::TooLarge(_)) => {
                    (StatusCode::PAYLOAD_TOO_LARGE, "the request's body is too big")
                }
                _ => (StatusCode::BAD_REQUEST, "the request's body broke off"),
            },
        };
        error_answer(status, sentence)
    }
}

/// The first cause of this type.
fn find<'a, T: Error + 'static>(error: &'a (dyn Error + 'static)) -> Option<&'a T> {
    std::iter::successors(Some(error), |&error| error.source()).find_map(|error| error.downcast_ref::<T>())
}

/// An error with its causes.
fn chain(error: &(dyn Error + 'static)) -> String {
    let causes: Vec<String> =
        std::iter::successors(Some(error), |&error| error.source()).map(ToString::to_string).collect();
    causes.join(": ")
}
