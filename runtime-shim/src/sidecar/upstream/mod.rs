//! The server that requests are passed on to.

mod failure;
mod http1;
mod http2;
mod origin;
mod replay;

use http::uri::{Authority, PathAndQuery, Scheme};
use http::{Request, Response, Uri, Version};
use http_body_util::{Either, Empty};
use hyper::body::{Bytes, Incoming};

use super::arguments::{Limits, Protocol};
use crate::server::Idle;
pub use failure::Failure;
use http1::Http1;
use http2::Http2;
pub use http2::Place;
pub use origin::Origin;

/// The body of a request on its way to the upstream.
pub type Upload = Either<Idle<Incoming>, Empty<Bytes>>;

/// The absolute URI of a path.
pub fn uri(authority: Authority, path: PathAndQuery) -> Uri {
    let mut uri = http::uri::Parts::default();
    (uri.scheme, uri.authority, uri.path_and_query) = (Some(Scheme::HTTP), Some(authority), Some(path));
    // All three are valid and there, so nothing is left to be wrong.
    Uri::from_parts(uri).unwrap_or_default()
}

/// The upstream, with its connections.
pub struct Upstream {
    origin: Origin,
    connections: Connections,
}

enum Connections {
    Http1(Box<Http1>),
    Http2(Http2),
}

impl Upstream {
    /// An upstream without connections.
    pub fn new(origin: Origin, protocol: Protocol, limits: &Limits) -> Self {
        let connections = match protocol {
            Protocol::Http1 => Connections::Http1(Box::new(Http1::new(limits))),
            Protocol::H2c => Connections::Http2(Http2::new(origin.clone(), limits.connect_timeout)),
        };
        Self { origin, connections }
    }

    /// Host and port.
    pub fn authority(&self) -> &Authority {
        self.origin.authority()
    }

    /// What it speaks.
    pub fn version(&self) -> Version {
        match self.connections {
            Connections::Http1(_) => Version::HTTP_11,
            Connections::Http2(_) => Version::HTTP_2,
        }
    }

    /// Sends a request with an absolute URI, and returns when the head of the answer has come.
    ///
    /// # Errors
    /// If there is no answer. It may have been asked twice if that can do no harm, see [`replay`].
    pub async fn send(&self, request: Request<Upload>) -> Result<Response<Incoming>, Failure> {
        match &self.connections {
            Connections::Http1(connections) => connections.send(request).await,
            Connections::Http2(connections) => connections.send(request).await,
        }
    }
}
