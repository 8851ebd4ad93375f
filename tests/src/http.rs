//! A plain HTTP client, as the tests need it: no redirects, no retries, no surprises.

use std::time::Duration;

use bytes::Bytes;
use http_body_util::{BodyExt, Full};
use hyper::header::{HeaderMap, USER_AGENT};
use hyper::{Method, Request};
use hyper_util::client::legacy::Client;
use hyper_util::client::legacy::connect::HttpConnector;
use hyper_util::rt::TokioExecutor;
use serde_json::Value;

/// How long one request may take.
const DEADLINE: Duration = Duration::from_secs(30);

/// The client; clones share their connections.
#[derive(Clone, Debug)]
pub struct HttpClient {
    client: Client<HttpConnector, Full<Bytes>>,
    headers: Vec<(String, String)>,
}

/// Why there is no answer.
#[derive(Debug, thiserror::Error)]
pub enum HttpError {
    /// URL or header cannot be sent.
    #[error("cannot be sent: {0}")]
    Request(#[from] hyper::http::Error),
    /// The connection could not be made, or broke.
    #[error("no connection: {0}")]
    Connection(#[from] hyper_util::client::legacy::Error),
    /// The connection broke while the answer came in.
    #[error("the answer broke off: {0}")]
    Body(#[from] hyper::Error),
    /// Nothing came in time.
    #[error("no answer within {} s", DEADLINE.as_secs())]
    Deadline,
}

/// An answer, read to its end.
#[derive(Clone, Debug)]
pub struct HttpResponse {
    /// Three digits.
    pub status: u16,
    /// As they came.
    pub headers: HeaderMap,
    /// As it came.
    pub body: Bytes,
}

impl Default for HttpClient {
    fn default() -> Self {
        Self::new()
    }
}

impl HttpClient {
    /// A client with connections of its own.
    pub fn new() -> Self {
        Self { client: Client::builder(TokioExecutor::new()).build_http(), headers: Vec::new() }
    }

    /// Sends this header with every request.
    #[must_use]
    pub fn with_header(mut self, name: &str, value: &str) -> Self {
        self.headers.push((name.to_owned(), value.to_owned()));
        self
    }

    /// `GET`.
    ///
    /// # Errors
    /// When there is no answer; an answer of any status is one.
    pub async fn get(&self, url: &str) -> Result<HttpResponse, HttpError> {
        self.send(Method::GET, url, &[], Bytes::new()).await
    }

    /// `POST` of JSON.
    ///
    /// # Errors
    /// When there is no answer; an answer of any status is one.
    pub async fn post(&self, url: &str, body: &Value) -> Result<HttpResponse, HttpError> {
        self.send_json(Method::POST, url, body).await
    }

    /// Any method with a JSON body.
    ///
    /// # Errors
    /// When there is no answer; an answer of any status is one.
    pub async fn send_json(
        &self,
        method: Method,
        url: &str,
        body: &Value,
    ) -> Result<HttpResponse, HttpError> {
        let headers = [("content-type", "application/json")];
        self.send(method, url, &headers, Bytes::from(body.to_string())).await
    }

    /// Any request.
    ///
    /// # Errors
    /// When there is no answer; an answer of any status is one.
    pub async fn send(
        &self,
        method: Method,
        url: &str,
        headers: &[(&str, &str)],
        body: Bytes,
    ) -> Result<HttpResponse, HttpError> {
        let mut request = Request::builder().method(method).uri(url);
        let standing = self.headers.iter().map(|(name, value)| (name.as_str(), value.as_str()));
        for (name, value) in standing.chain(headers.iter().copied()) {
            request = request.header(name, value);
        }
        let request = request.body(Full::new(body))?;
        tokio::time::timeout(DEADLINE, self.exchange(request)).await.map_err(|_| HttpError::Deadline)?
    }

    async fn exchange(&self, mut request: Request<Full<Bytes>>) -> Result<HttpResponse, HttpError> {
        // An empty `User-Agent` is a test's way to send none.
        if request.headers().get(USER_AGENT).is_some_and(|agent| agent.is_empty()) {
            request.headers_mut().remove(USER_AGENT);
        }
        let (parts, body) = self.client.request(request).await?.into_parts();
        let body = body.collect().await?.to_bytes();
        Ok(HttpResponse { status: parts.status.as_u16(), headers: parts.headers, body })
    }
}

impl HttpResponse {
    /// The body as text.
    pub fn text(&self) -> String {
        String::from_utf8_lossy(&self.body).into_owned()
    }

    /// The body as JSON; `null` when it is none, so that a test fails on what it looks for.
    pub fn json(&self) -> Value {
        serde_json::from_slice(&self.body).unwrap_or_default()
    }

    /// A header's text, if it is there.
    pub fn header(&self, name: &str) -> Option<&str> {
        self.headers.get(name).and_then(|value| value.to_str().ok())
    }
}
