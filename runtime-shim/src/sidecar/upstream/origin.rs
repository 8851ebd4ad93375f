//! Where an upstream is.

use std::fmt;
use std::str::FromStr;

use http::Uri;
use http::uri::{Authority, Scheme};

/// Port of `http` without one.
const DEFAULT_PORT: u16 = 80;

/// Host and port of an upstream.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Origin(Authority);

/// Why a text is no origin.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum OriginError {
    /// It is no URL.
    #[error("an upstream is written http://HOST:PORT")]
    Invalid,
    /// Another scheme.
    #[error("only http:// is offered: an upstream is beside its sidecar, without TLS")]
    Scheme,
    /// A path, a query or a user.
    #[error("an upstream has no path, query or user, only host and port")]
    NotAnOrigin,
}

impl Origin {
    /// Host and port, as in a URI.
    pub fn authority(&self) -> &Authority {
        &self.0
    }

    /// Host and port, as a resolver takes them.
    pub fn address(&self) -> (&str, u16) {
        (self.0.host().trim_matches(['[', ']']), self.0.port_u16().unwrap_or(DEFAULT_PORT))
    }
}

impl FromStr for Origin {
    type Err = OriginError;

    fn from_str(text: &str) -> Result<Self, OriginError> {
        let uri = Uri::from_str(text).map_err(|_| OriginError::Invalid)?.into_parts();
        match uri.scheme {
            Some(scheme) if scheme == Scheme::HTTP => {}
            Some(_) => return Err(OriginError::Scheme),
            None => return Err(OriginError::Invalid),
        }
        let authority = uri.authority.ok_or(OriginError::Invalid)?;
        let path = uri.path_and_query.map_or(String::new(), |path| path.to_string());
        if authority.as_str().contains('@') || !matches!(path.as_str(), "" | "/") {
            return Err(OriginError::NotAnOrigin);
        }
        Ok(Self(authority))
    }
}

impl fmt::Display for Origin {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "http://{}", self.0)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn host_and_port_are_found() {
        let address = |text: &str| {
            let origin = Origin::from_str(text).unwrap();
            let (host, port) = origin.address();
            (host.to_owned(), port)
        };
        assert_eq!(address("http://127.0.0.1:8080"), ("127.0.0.1".to_owned(), 8080));
        assert_eq!(address("http://[::1]:81/"), ("::1".to_owned(), 81));
        assert_eq!(address("http://app"), ("app".to_owned(), 80));
    }

    #[test]
    fn what_is_more_or_less_than_an_origin_is_refused() {
        for (text, error) in [
            ("127.0.0.1:8080", OriginError::Invalid),
            ("https://127.0.0.1", OriginError::Scheme),
            ("http://a/path", OriginError::NotAnOrigin),
            ("http://a?query", OriginError::NotAnOrigin),
            ("http://user@a", OriginError::NotAnOrigin),
        ] {
            assert_eq!(Origin::from_str(text), Err(error), "{text}");
        }
    }
}
