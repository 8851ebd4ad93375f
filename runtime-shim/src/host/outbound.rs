//! Outbound HTTP of components: the allow-list of the manifest, a pool of connections for each component, TLS by rustls.
//! Nothing is followed here: a redirect is an answer like any other, and where the component goes then is checked again.

use std::net::IpAddr;
use std::sync::Arc;
use std::time::Duration;

use http_body_util::BodyExt;
use hyper::body::Incoming;
use hyper_rustls::{ConfigBuilderExt, HttpsConnector, HttpsConnectorBuilder};
use hyper_util::client::legacy::Client as HyperClient;
use hyper_util::client::legacy::connect::HttpConnector;
use hyper_util::client::legacy::connect::dns::GaiResolver;
use hyper_util::rt::{TokioExecutor, TokioTimer};
use rustls::ClientConfig;
use tokio::sync::Semaphore;
use wasmtime_wasi_http::{Error, RequestOptions, WasiBody, WasiHttpHooks};

use super::call::HostCall;
use super::chaining::{Caller, Home, Target};
use super::resolve::{Destinations, ResolveError, Resolver};
use crate::metrics::{Metrics, Refused};
use crate::trace::http as span;

/// Label of this interface in metrics.
const INTERFACE: &str = "wasi:http";

/// Time to connect, where the component names none.
const CONNECT_TIMEOUT: Duration = Duration::from_secs(10);

/// Time until an answer's head has come, where the component names none.
const FIRST_BYTE_TIMEOUT: Duration = Duration::from_secs(30);

/// How long an idle connection is kept for the next request.
const IDLE_TIMEOUT: Duration = Duration::from_secs(60);

/// The connections of one component. Not shared with others: those may be allowed other addresses for the same name.
type Client = HyperClient<HttpsConnector<HttpConnector<Resolver>>, WasiBody>;

type Hooked<T> = Box<dyn Future<Output = Result<T, Error>> + Send>;

/// What all components trust: the certificates that the machine does.
///
/// # Errors
/// If the machine's certificates cannot be read.
pub fn tls() -> std::io::Result<ClientConfig> {
    Ok(ClientConfig::builder().with_native_roots()?.with_no_client_auth())
}

/// A component's client without connections.
fn client(tls: ClientConfig, destinations: Destinations) -> Client {
    let resolver = Resolver::new(GaiResolver::new(), destinations);
    HyperClient::builder(TokioExecutor::new())
        .pool_timer(TokioTimer::new())
        .pool_idle_timeout(IDLE_TIMEOUT)
        .build(connector_by(tls, resolver))
}

/// What connects the shim itself, with and without TLS, to wherever it was told.
///
/// # Errors
/// If the machine's certificates cannot be read.
pub(crate) fn connector() -> std::io::Result<HttpsConnector<HttpConnector>> {
    Ok(connector_by(tls()?, GaiResolver::new()))
}

fn connector_by<R>(tls: ClientConfig, resolver: R) -> HttpsConnector<HttpConnector<R>> {
    let mut tcp = HttpConnector::new_with_resolver(resolver);
    tcp.enforce_http(false);
    tcp.set_nodelay(true);
    tcp.set_connect_timeout(Some(CONNECT_TIMEOUT));
    HttpsConnectorBuilder::new().with_tls_config(tls).https_or_http().enable_http1().wrap_connector(tcp)
}

/// What one component may reach, and how.
#[derive(Clone)]
pub struct Outbound {
    component: Arc<str>,
    destinations: Destinations,
    client: Client,
    /// One for each request to another host, to the end of its answer.
    permits: Arc<Semaphore>,
    home: Home,
    metrics: Arc<Metrics>,
    /// For whom the instance works.
    pub(super) caller: Caller,
}

impl Outbound {
    /// Outbound HTTP for `component`: to `destinations`, `limit` requests at once, or to the application itself at `home`.
    pub fn new(
        component: &str,
        destinations: Destinations,
        limit: usize,
        tls: ClientConfig,
        home: Home,
        metrics: Arc<Metrics>,
    ) -> Self {
        metrics.declare_outbound(component);
        Self {
            component: component.into(),
            client: client(tls, destinations.clone()),
            destinations,
            permits: Arc::new(Semaphore::new(limit)),
            home,
            metrics,
            caller: Caller::default(),
        }
    }

    /// Whether the manifest lets the component send this request.
    fn permit(&self, uri: &http::Uri) -> Result<(), Error> {
        let (Some(scheme), Some(host)) = (uri.scheme(), uri.host()) else {
            return Err(Error::HttpRequestUriInvalid);
        };
        let allowed = &self.destinations.allowed;
        let is_allowed = match Target::of(uri) {
            Some(Target::Own) => allowed.allows_self(scheme.as_str()),
            _ => allowed.allows(scheme.as_str(), host, uri.port_u16()),
        };
        if is_allowed {
            return self.permit_address(host);
        }
        self.metrics.outbound_refused(&self.component, Refused::NotAllowed);
        let port = uri.port().map(|port| format!(":{port}")).unwrap_or_default();
        tracing::warn!(
            component = &*self.component,
            "request to {scheme}://{host}{port} refused: it is not in the component's allowed_outbound_hosts"
        );
        Err(Error::HttpRequestDenied)
    }
}

/// The address in a URL, if its host is one: such a host is not looked up.
fn literal(host: &str) -> Option<IpAddr> {
    host.trim_start_matches('[').trim_end_matches(']').parse().ok()
}

impl WasiHttpHooks for Outbound {
    fn send_request(
        &mut self,
        mut request: http::Request<WasiBody>,
        options: Option<RequestOptions>,
        _processed: Hooked<()>,
    ) -> Hooked<(http::Response<WasiBody>, Hooked<()>)> {
        let mut outbound = self.clone();
        Box::new(async move {
            let target = Target::of(request.uri());
            let interface = target.as_ref().map_or(INTERFACE, Target::label);
            let span = span::client(&outbound.caller.correlation.trace, &request);
            // What is sent, and what another component does for it, is below this call.
            span.position().write(request.headers_mut());
            outbound.caller.correlation.trace = span.position().clone();
            let mut call = HostCall::begin(interface, span);
            let result = outbound.send(target, request, options).await;
            if let Ok(answer) = &result {
                span::received(call.span(), answer.status());
            }
            call.end(&outbound.metrics, &result);
            // The pool drives the connection, so there is nothing left to wait for.
            Ok((result?, Box::new(async { Ok(()) }) as Hooked<()>))
        })
    }
}

impl Outbound {
    fn permit_address(&self, host: &str) -> Result<(), Error> {
        match literal(host) {
            Some(address) if !self.destinations.permit(address) => Err(self.prohibited(host)),
            _ => Ok(()),
        }
    }

    fn prohibited(&self, host: &str) -> Error {
        self.metrics.outbound_refused(&self.component, Refused::Blocked);
        tracing::warn!(
            component = &*self.component,
            "request to {host} refused: it leads to a blocked address, link-local or of a cloud's metadata, or in \
             block_networks of the runtime-config file"
        );
        Error::DestinationIpProhibited
    }

    /// Sends a request to another host. It counts until its answer has been read.
    async fn send_out(&self, request: http::Request<WasiBody>) -> Result<http::Response<WasiBody>, Error> {
        let Ok(permit) = Arc::clone(&self.permits).try_acquire_owned() else {
            self.metrics.outbound_refused(&self.component, Refused::TooMany);
            // Not a line for each: a component that asks for very many would fill the log.
            tracing::debug!(component = &*self.component, "too many outbound requests are open");
            return Err(Error::ConnectionLimitReached);
        };
        let host = request.uri().host().unwrap_or_default().to_owned();
        let sent = self.client.request(request).await;
        let answer = sent.map_err(|error| match caused_by(&error) {
            Some(ResolveError::Prohibited) => self.prohibited(&host),
            _ => failure(error),
        })?;
        let held = move |body: Incoming| {
            let body = body.map_err(move |error| {
                let _until_the_end = &permit;
                Error::from(error)
            });
            body.boxed_unsync()
        };
        Ok(answer.map(held))
    }

    async fn send(
        &self,
        target: Option<Target>,
        request: http::Request<WasiBody>,
        options: Option<RequestOptions>,
    ) -> Result<http::Response<WasiBody>, Error> {
        self.permit(request.uri())?;
        let limit = options.and_then(|options| options.first_byte_timeout).unwrap_or(FIRST_BYTE_TIMEOUT);
        let answer = async {
            match target {
                Some(target) => self.home.send(target, request, &self.caller).await,
                None => self.send_out(request).await,
            }
        };
        tokio::time::timeout(limit, answer).await.map_err(|_| Error::HttpResponseTimeout)?
    }
}

/// The cause as the component may see it; the log has the rest.
fn failure(error: hyper_util::client::legacy::Error) -> Error {
    tracing::warn!(error = &error as &dyn std::error::Error, "outbound request failed");
    if !error.is_connect() {
        return Error::HttpProtocolError;
    }
    if caused_by::<ResolveError>(&error).is_some() {
        return Error::DnsError { rcode: None, info_code: None };
    }
    match caused_by::<std::io::Error>(&error).map(std::io::Error::kind) {
        Some(std::io::ErrorKind::TimedOut) => Error::ConnectionTimeout,
        Some(std::io::ErrorKind::InvalidData) => Error::TlsCertificateError,
        Some(_) => Error::ConnectionRefused,
        None => Error::DestinationUnavailable,
    }
}

/// The first cause of this type.
fn caused_by<'a, T: std::error::Error + 'static>(
    error: &'a (dyn std::error::Error + 'static),
) -> Option<&'a T> {
    std::iter::successors(error.source(), |&cause| cause.source()).find_map(|cause| cause.downcast_ref())
}
