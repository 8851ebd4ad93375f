//! An upstream that speaks HTTP/1.1: a pool of connections that are kept for the next request.

use http::{Request, Response};
use hyper::body::Incoming;
use hyper_util::client::legacy::connect::HttpConnector;
use hyper_util::client::legacy::{Client, Error};
use hyper_util::rt::{TokioExecutor, TokioTimer};

use super::{Failure, Upload, replay};
use crate::sidecar::arguments::Limits;

type Pool = Client<HttpConnector, Upload>;

/// The connections.
pub struct Http1 {
    pooled: Pool,
    /// Makes a connection for each request, for those that met a pooled one that was closed.
    fresh: Pool,
}

impl Http1 {
    /// No connection yet.
    pub fn new(limits: &Limits) -> Self {
        let mut tcp = HttpConnector::new();
        tcp.set_nodelay(true);
        tcp.set_connect_timeout(Some(limits.connect_timeout));
        let mut pool = Client::builder(TokioExecutor::new());
        pool.pool_timer(TokioTimer::new()).pool_idle_timeout(limits.upstream_idle_timeout);
        let pooled = pool.build(tcp.clone());
        let fresh = pool.pool_max_idle_per_host(0).build(tcp);
        Self { pooled, fresh }
    }

    /// Sends a request. The pool itself sends one again that was never written; one that may have been is sent again
    /// here, if it may be.
    pub async fn send(&self, request: Request<Upload>) -> Result<Response<Incoming>, Failure> {
        let again = replay::copy(&request);
        match (self.pooled.request(request).await.map_err(failure), again) {
            (Err(Failure::Closed(_)), Some(again)) => self.fresh.request(again).await.map_err(failure),
            (result, _) => result,
        }
    }
}

fn failure(error: Error) -> Failure {
    if error.is_connect() { Failure::Unreachable(error.into()) } else { Failure::on_connection(error) }
}
