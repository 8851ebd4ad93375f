//! A registry as it is pulled from: <https://github.com/opencontainers/distribution-spec/blob/main/spec.md#pull>.
//!
//! Written on the shim's own HTTP client. The crate `oci-client` reads manifests and tokens without bound and brings a
//! second HTTP client with a second provider of cryptography; what is needed here are three GETs.

use std::io::Write;
use std::net::IpAddr;
use std::path::PathBuf;
use std::sync::{Mutex, PoisonError};
use std::time::Duration;

use bytes::Bytes;
use http::header::{ACCEPT, AUTHORIZATION, LOCATION, USER_AGENT};
use http::{HeaderMap, HeaderValue, Request, Response, StatusCode, Uri};
use http_body_util::Empty;
use hyper::body::Incoming;
use hyper_rustls::HttpsConnector;
use hyper_util::client::legacy::Client;
use hyper_util::client::legacy::connect::HttpConnector;
use hyper_util::rt::TokioExecutor;
use serde::Deserialize;
use tokio::time::timeout;

use super::artifact::{ACCEPTED, Descriptor};
use super::body::{each_part, read};
use super::challenge::Challenge;
use super::credentials::Credentials;
use super::error::PullError;
use super::reference::Reference;
use super::retry::retried;
use super::store::Store;
use crate::host::outbound;

/// Most bytes of a manifest; registries need not take more:
/// <https://github.com/opencontainers/distribution-spec/blob/main/spec.md#pushing-manifests>.
pub(super) const MAX_MANIFEST: u64 = 4 * 1024 * 1024;

/// Most bytes of an answer with a token.
const MAX_TOKEN: u64 = 64 * 1024;

/// Time until the head of an answer must be there.
const HEAD_TIMEOUT: Duration = Duration::from_secs(30);

/// Redirects that are followed: registries send to where their content lies.
const MAX_REDIRECTS: usize = 5;

/// The repository of one reference.
pub(super) struct Registry<'a> {
    client: Client<HttpsConnector<HttpConnector>, Empty<Bytes>>,
    reference: &'a Reference,
    credentials: Option<Credentials>,
    insecure: bool,
    /// What the registry wants to see, once it has asked.
    authorization: Mutex<Option<HeaderValue>>,
}

/// <https://distribution.github.io/distribution/spec/auth/token/#token-response-fields>
#[derive(Deserialize)]
struct Token {
    token: Option<String>,
    access_token: Option<String>,
}

impl<'a> Registry<'a> {
    /// Nothing is connected yet. `insecure` lets it speak plain HTTP, which it also does to this machine.
    ///
    /// # Errors
    /// If the machine's certificates cannot be read.
    pub fn new(
        reference: &'a Reference,
        credentials: Option<Credentials>,
        insecure: bool,
    ) -> Result<Self, PullError> {
        let connector = outbound::connector().map_err(|error| {
            PullError::Transport(format!("the machine's certificates cannot be read: {error}"))
        })?;
        let client = Client::builder(TokioExecutor::new()).build(connector);
        Ok(Self { client, reference, credentials, insecure, authorization: Mutex::default() })
    }

    /// The manifest that the reference names.
    pub async fn manifest(&self) -> Result<Vec<u8>, PullError> {
        let version = self.reference.version();
        let what = format!("{}:{version}", self.reference.repository());
        let path = format!("manifests/{version}");
        retried(async || {
            let answer = self.fetch(&path, ACCEPTED, &what).await?;
            read(answer, MAX_MANIFEST, "the manifest").await
        })
        .await
    }

    /// Puts content into the store, if it is what its digest says.
    pub async fn blob(&self, descriptor: &Descriptor, store: &Store) -> Result<PathBuf, PullError> {
        retried(async || self.blob_once(descriptor, store).await).await
    }

    async fn blob_once(&self, descriptor: &Descriptor, store: &Store) -> Result<PathBuf, PullError> {
        let what = format!("{} {}", descriptor.media_type, descriptor.digest);
        let answer = self.fetch(&format!("blobs/{}", descriptor.digest), "*/*", &what).await?;
        let mut incoming = store.begin()?;
        each_part(answer, descriptor.size, &what, |part| incoming.write_all(&part)).await?;
        let found = incoming.digest();
        if found != descriptor.digest {
            return Err(PullError::Altered { what, expected: descriptor.digest.clone(), found });
        }
        Ok(incoming.keep(store, &found)?)
    }

    /// The answer to a GET below the repository; proves who asks when it is asked to.
    async fn fetch(&self, path: &str, accept: &str, what: &str) -> Result<Response<Incoming>, PullError> {
        let host = self.reference.host();
        let scheme = if self.insecure || is_loopback(host) { "http" } else { "https" };
        let uri: Uri = format!("{scheme}://{host}/v2/{}/{path}", self.reference.repository())
            .parse()
            .map_err(|_| PullError::Malformed(format!("{host} is not the host of a registry")))?;
        let mut answer = self.get(&uri, accept, self.authorization()).await?;
        if answer.status() == StatusCode::UNAUTHORIZED {
            let authorization = self.prove(answer.headers()).await?;
            *self.authorization.lock().unwrap_or_else(PoisonError::into_inner) = Some(authorization.clone());
            answer = self.get(&uri, accept, Some(authorization)).await?;
        }
        match answer.status() {
            StatusCode::OK => Ok(answer),
            StatusCode::UNAUTHORIZED | StatusCode::FORBIDDEN => Err(self.refused()),
            StatusCode::NOT_FOUND => Err(PullError::Missing(what.to_owned())),
            status => Err(PullError::Status(status)),
        }
    }

    fn authorization(&self) -> Option<HeaderValue> {
        self.authorization.lock().unwrap_or_else(PoisonError::into_inner).clone()
    }

    fn refused(&self) -> PullError {
        let registry = self.reference.registry().to_owned();
        if self.credentials.is_some() {
            PullError::Refused(registry)
        } else {
            PullError::NoCredentials(registry)
        }
    }

    /// What the registry asks for in a 401.
    async fn prove(&self, headers: &HeaderMap) -> Result<HeaderValue, PullError> {
        let basic = self.credentials.as_ref().and_then(Credentials::basic);
        match Challenge::of(headers) {
            Some(Challenge::Basic) => basic.ok_or_else(|| self.refused()),
            Some(Challenge::Bearer { realm, service }) => self.token(&realm, service.as_deref(), basic).await,
            None => Err(PullError::Malformed(
                "the registry asks for credentials in a way that is not supported".to_owned(),
            )),
        }
    }

    async fn token(
        &self,
        realm: &str,
        service: Option<&str>,
        basic: Option<HeaderValue>,
    ) -> Result<HeaderValue, PullError> {
        let malformed = || PullError::Malformed("the registry names no usable place for a token".to_owned());
        let mut query = form_urlencoded::Serializer::new(String::new());
        query.append_pair("scope", &format!("repository:{}:pull", self.reference.repository()));
        if let Some(service) = service {
            query.append_pair("service", service);
        }
        let joint = if realm.contains('?') { '&' } else { '?' };
        let uri: Uri = format!("{realm}{joint}{}", query.finish()).parse().map_err(|_| malformed())?;
        if !self.permits(&uri) {
            return Err(malformed());
        }
        let answer = self.get(&uri, "application/json", basic).await?;
        match answer.status() {
            StatusCode::OK => {}
            status if status.is_client_error() && status.as_u16() != 429 => return Err(self.refused()),
            status => return Err(PullError::Status(status)),
        }
        let body = read(answer, MAX_TOKEN, "the token").await?;
        // What the parser has to say could quote the token.
        let token: Token = serde_json::from_slice(&body).map_err(|_| malformed())?;
        let token = token.token.or(token.access_token).ok_or_else(malformed)?;
        let mut value = HeaderValue::from_str(&format!("Bearer {token}")).map_err(|_| malformed())?;
        value.set_sensitive(true);
        Ok(value)
    }

    /// GET, following redirects; only the host that was asked first is shown who asks.
    async fn get(
        &self,
        uri: &Uri,
        accept: &str,
        mut authorization: Option<HeaderValue>,
    ) -> Result<Response<Incoming>, PullError> {
        let mut uri = uri.clone();
        for _ in 0..=MAX_REDIRECTS {
            let mut request = Request::get(&uri)
                .header(ACCEPT, accept)
                .header(USER_AGENT, concat!("slipway/", env!("CARGO_PKG_VERSION")));
            if let Some(authorization) = &authorization {
                request = request.header(AUTHORIZATION, authorization);
            }
            let request =
                request.body(Empty::new()).map_err(|error| PullError::Malformed(error.to_string()))?;
            let answer = timeout(HEAD_TIMEOUT, self.client.request(request)).await;
            let answer =
                answer.map_err(|_| PullError::Late)?.map_err(|error| PullError::transport(&error))?;
            let Some(next) = redirect(&answer, &uri)? else { return Ok(answer) };
            if !self.permits(&next) {
                return Err(PullError::Malformed("the registry redirects to plain HTTP".to_owned()));
            }
            if next.authority() != uri.authority() {
                authorization = None;
            }
            uri = next;
        }
        Err(PullError::Malformed(format!("the registry redirects more than {MAX_REDIRECTS} times")))
    }

    /// Plain HTTP only where it was asked for, and from this machine to itself.
    fn permits(&self, uri: &Uri) -> bool {
        let own = || {
            is_loopback(self.reference.host()) && uri.authority().is_some_and(|to| is_loopback(to.as_str()))
        };
        match uri.scheme_str() {
            Some("https") => true,
            Some("http") => self.insecure || own(),
            _ => false,
        }
    }
}

/// Where an answer to `from` leads, if it is a redirect.
fn redirect(answer: &Response<Incoming>, from: &Uri) -> Result<Option<Uri>, PullError> {
    let is_redirect = matches!(answer.status().as_u16(), 301 | 302 | 303 | 307 | 308);
    let Some(location) = answer.headers().get(LOCATION).filter(|_| is_redirect) else { return Ok(None) };
    let malformed = || PullError::Malformed("the registry redirects to nowhere".to_owned());
    let location: Uri = location.to_str().ok().and_then(|text| text.parse().ok()).ok_or_else(malformed)?;
    if location.authority().is_some() {
        return Ok(Some(location));
    }
    let mut parts = from.clone().into_parts();
    parts.path_and_query = location.into_parts().path_and_query;
    Uri::from_parts(parts).map(Some).map_err(|_| malformed())
}

/// Whether a host, with or without port, is this machine.
fn is_loopback(host: &str) -> bool {
    let name = match host.rsplit_once(':').filter(|_| !host.ends_with(']')) {
        Some((name, _)) => name,
        None => host,
    };
    let address = name.trim_start_matches('[').trim_end_matches(']');
    name == "localhost" || address.parse::<IpAddr>().is_ok_and(|address| address.is_loopback())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_this_machine_is_loopback() {
        for host in ["localhost", "localhost:5000", "127.0.0.1:5000", "127.8.0.1", "[::1]:5000", "[::1]"] {
            assert!(is_loopback(host), "{host}");
        }
        for host in ["localhost.example", "127.0.0.1.example:80", "10.0.0.1:5000", "ghcr.io", "[::2]:80"] {
            assert!(!is_loopback(host), "{host}");
        }
    }

    #[test]
    fn passwords_do_not_go_over_plain_http_unless_asked_to() {
        let permits = |reference: &str, insecure, uri: &str| {
            let reference = reference.parse().unwrap();
            let registry = Registry::new(&reference, None, insecure).unwrap();
            registry.permits(&uri.parse().unwrap())
        };
        assert!(permits("ghcr.io/a/b:1", false, "https://elsewhere.example/token"));
        assert!(!permits("ghcr.io/a/b:1", false, "http://elsewhere.example/token"));
        assert!(
            !permits("ghcr.io/a/b:1", false, "http://127.0.0.1:8080/"),
            "a registry leads to this machine"
        );
        assert!(permits("localhost:5000/a/b:1", false, "http://127.0.0.1:8080/token"));
        assert!(!permits("localhost:5000/a/b:1", false, "http://elsewhere.example/token"));
        assert!(permits("registry:5000/a/b:1", true, "http://elsewhere.example/token"));
    }
}
