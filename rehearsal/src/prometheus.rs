//! Asks Prometheus what a metric's query gives now: <https://prometheus.io/docs/prometheus/latest/querying/api/>.

mod answer;

use std::time::Duration;

use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use bytes::Bytes;
use http::header::{AUTHORIZATION, CONTENT_TYPE};
use http::{HeaderName, HeaderValue, Request, Response, Uri};
use http_body_util::{BodyExt, Full, Limited};
use hyper::body::Incoming;
use hyper_rustls::{HttpsConnector, HttpsConnectorBuilder};
use hyper_util::client::legacy::Client;
use hyper_util::client::legacy::connect::HttpConnector;
use hyper_util::rt::TokioExecutor;

use crate::judge::Measured;
use crate::manifest::{BasicAuth, Header, Prometheus};

/// Until an answer must be there, if a metric does not say: as in the controller.
pub const DEFAULT_TIMEOUT: Duration = Duration::from_secs(30);

/// Most of an answer that is read. A gate asks for one number; this is room for ten thousand.
const MAX_ANSWER: usize = 1024 * 1024;

/// It could not be asked, or did not answer with numbers.
#[derive(Debug, thiserror::Error)]
pub enum QueryError {
    /// Nowhere to ask.
    #[error("it has no address of Prometheus, and none is given")]
    NoAddress,
    /// The address is none.
    #[error("`{0}` is not an http:// or https:// address")]
    Address(String),
    /// A header cannot be sent.
    #[error("the header {0} has characters that no header can have")]
    Header(String),
    /// The machine's certificates.
    #[error("the machine's certificates cannot be read: {0}")]
    Certificates(std::io::Error),
    /// No answer.
    #[error("{address} cannot be asked: {why}")]
    Transport {
        /// Where.
        address: String,
        /// Why.
        why: String,
    },
    /// No answer in time.
    #[error("{address} has not answered within {}", humantime::format_duration(*.after))]
    Late {
        /// Where.
        address: String,
        /// How long was waited.
        after: Duration,
    },
    /// An answer that says no, or is none.
    #[error("{address} says: {why}")]
    Refused {
        /// Where.
        address: String,
        /// What.
        why: String,
    },
}

/// Asks; over connections that it keeps.
#[derive(Clone, Debug)]
pub struct Asker {
    client: Client<HttpsConnector<HttpConnector>, Full<Bytes>>,
}

impl Asker {
    /// Trusts the machine's certificates, or those in `SSL_CERT_FILE`.
    ///
    /// # Errors
    /// If there are none.
    pub fn new() -> Result<Self, QueryError> {
        let provider = rustls::crypto::ring::default_provider();
        let builder = HttpsConnectorBuilder::new();
        let builder = builder.with_provider_and_native_roots(provider).map_err(QueryError::Certificates)?;
        let connector = builder.https_or_http().enable_http1().build();
        Ok(Self { client: Client::builder(TokioExecutor::new()).build(connector) })
    }

    /// What the query of `source` gives now. Whatever goes wrong is a measurement too.
    pub async fn measure(&self, source: &Prometheus) -> Measured {
        self.ask(source).await.unwrap_or_else(|error| Measured::Error(error.to_string()))
    }

    /// What the query of `source` gives now.
    ///
    /// # Errors
    /// If it cannot be asked, does not answer in time, or not with numbers.
    pub async fn ask(&self, source: &Prometheus) -> Result<Measured, QueryError> {
        let after = timeout(source);
        let address = source.address.clone();
        let asked = tokio::time::timeout(after, self.ask_unhurried(source, after)).await;
        asked.map_err(|_| QueryError::Late { address, after })?
    }

    async fn ask_unhurried(&self, source: &Prometheus, timeout: Duration) -> Result<Measured, QueryError> {
        let request = request(source, timeout)?;
        let transport = |why: String| QueryError::Transport { address: source.address.clone(), why };
        let answer = self.client.request(request).await.map_err(|error| transport(reasons(&error)))?;
        let status = answer.status();
        let body = read(answer).await.map_err(transport)?;
        let refused = |why| QueryError::Refused { address: source.address.clone(), why };
        answer::numbers(status, &body).map_err(refused)
    }
}

impl Prometheus {
    /// Whether it can be asked at all: an address, and headers that can be sent.
    ///
    /// # Errors
    /// If not.
    pub fn check(&self) -> Result<(), QueryError> {
        request(self, DEFAULT_TIMEOUT).map(|_| ())
    }
}

/// Seconds, and 30 of them if it does not say.
fn timeout(source: &Prometheus) -> Duration {
    let seconds = source.timeout.and_then(|seconds| u64::try_from(seconds).ok());
    seconds.map_or(DEFAULT_TIMEOUT, Duration::from_secs)
}

async fn read(answer: Response<Incoming>) -> Result<Bytes, String> {
    let body = Limited::new(answer.into_body(), MAX_ANSWER).collect().await;
    body.map(http_body_util::Collected::to_bytes).map_err(|error| error.to_string())
}

fn request(source: &Prometheus, timeout: Duration) -> Result<Request<Full<Bytes>>, QueryError> {
    let form = form_urlencoded::Serializer::new(String::new())
        .append_pair("query", &source.query)
        .append_pair("timeout", &format!("{}s", timeout.as_secs()))
        .finish();
    let mut request = Request::post(endpoint(&source.address)?)
        .header(CONTENT_TYPE, "application/x-www-form-urlencoded")
        .body(Full::new(Bytes::from(form)))
        .map_err(|_| QueryError::Address(source.address.clone()))?;
    let headers = request.headers_mut();
    for header in &source.headers {
        let (name, value) = read_header(header)?;
        headers.insert(name, value);
    }
    if let Some(basic) = &source.authentication.basic_auth {
        headers.insert(AUTHORIZATION, basic_header(basic)?);
    }
    Ok(request)
}

/// The path of the address stays in front, as behind a gateway.
fn endpoint(address: &str) -> Result<Uri, QueryError> {
    if address.is_empty() {
        return Err(QueryError::NoAddress);
    }
    let wrong = || QueryError::Address(address.to_owned());
    let uri: Uri = format!("{}/api/v1/query", address.trim_end_matches('/')).parse().map_err(|_| wrong())?;
    let known =
        matches!(uri.scheme_str(), Some("http" | "https")) && uri.host().is_some_and(|host| !host.is_empty());
    if known && uri.query().is_none() { Ok(uri) } else { Err(wrong()) }
}

fn read_header(header: &Header) -> Result<(HeaderName, HeaderValue), QueryError> {
    let wrong = || QueryError::Header(header.key.clone());
    let name = HeaderName::try_from(header.key.as_str()).map_err(|_| wrong())?;
    let mut value = HeaderValue::from_str(&header.value).map_err(|_| wrong())?;
    value.set_sensitive(true);
    Ok((name, value))
}

fn basic_header(basic: &BasicAuth) -> Result<HeaderValue, QueryError> {
    let credentials = STANDARD.encode(format!("{}:{}", basic.username, basic.password));
    let value = HeaderValue::from_str(&format!("Basic {credentials}"));
    let mut value = value.map_err(|_| QueryError::Header(AUTHORIZATION.to_string()))?;
    value.set_sensitive(true);
    Ok(value)
}

/// An error with what caused it: "client error (Connect): tcp connect error: Connection refused".
fn reasons(error: &dyn std::error::Error) -> String {
    let mut reasons = error.to_string();
    let mut source = error.source();
    while let Some(error) = source {
        reasons.push_str(": ");
        reasons.push_str(&error.to_string());
        source = error.source();
    }
    reasons
}

#[cfg(test)]
mod tests;
