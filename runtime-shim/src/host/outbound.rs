//! Outbound HTTP of components: the allow-list of the manifest, one shared pool of connections, TLS by rustls.

use std::sync::Arc;
use std::time::Duration;

use http_body_util::BodyExt;
use hyper_rustls::{HttpsConnector, HttpsConnectorBuilder};
use hyper_util::client::legacy::Client as HyperClient;
use hyper_util::client::legacy::connect::HttpConnector;
use hyper_util::rt::{TokioExecutor, TokioTimer};
use wasmtime_wasi_http::{Error, RequestOptions, WasiBody, WasiHttpHooks};

use super::call::HostCall;
use super::chaining::{Caller, Home, Target};
use crate::metrics::Metrics;
use crate::outbound::allow::AllowedHosts;
use crate::trace::http as span;

/// Label of this interface in metrics.
const INTERFACE: &str = "wasi:http";

/// Time to connect, where the component names none.
const CONNECT_TIMEOUT: Duration = Duration::from_secs(10);

/// Time until an answer's head has come, where the component names none.
const FIRST_BYTE_TIMEOUT: Duration = Duration::from_secs(30);

/// How long an idle connection is kept for the next request.
const IDLE_TIMEOUT: Duration = Duration::from_secs(60);

/// A pool of connections, shared by all components.
pub type Client = HyperClient<HttpsConnector<HttpConnector>, WasiBody>;

type Hooked<T> = Box<dyn Future<Output = Result<T, Error>> + Send>;

/// What makes connections, with TLS where the URL asks for it; certificates are those that the machine trusts.
///
/// # Errors
/// If the machine's certificates cannot be read.
pub fn client() -> std::io::Result<Client> {
    Ok(HyperClient::builder(TokioExecutor::new())
        .pool_timer(TokioTimer::new())
        .pool_idle_timeout(IDLE_TIMEOUT)
        .build(connector()?))
}

/// Connects with and without TLS; certificates are those that the machine trusts.
///
/// # Errors
/// If the machine's certificates cannot be read.
pub(crate) fn connector() -> std::io::Result<HttpsConnector<HttpConnector>> {
    let mut tcp = HttpConnector::new();
    tcp.enforce_http(false);
    tcp.set_nodelay(true);
    tcp.set_connect_timeout(Some(CONNECT_TIMEOUT));
    Ok(HttpsConnectorBuilder::new().with_native_roots()?.https_or_http().enable_http1().wrap_connector(tcp))
}

/// What one component may reach, and how.
#[derive(Clone)]
pub struct Outbound {
    component: Arc<str>,
    allowed: Arc<AllowedHosts>,
    client: Client,
    home: Home,
    metrics: Arc<Metrics>,
    /// For whom the instance works.
    pub(super) caller: Caller,
}

impl Outbound {
    /// Outbound HTTP for `component`, to the hosts in `allowed` only: by `client`, or to the application itself at `home`.
    pub fn new(
        component: &str,
        allowed: AllowedHosts,
        client: Client,
        home: Home,
        metrics: Arc<Metrics>,
    ) -> Self {
        let allowed = Arc::new(allowed);
        Self { component: component.into(), allowed, client, home, metrics, caller: Caller::default() }
    }

    /// Whether the manifest lets the component send this request.
    fn permit(&self, uri: &http::Uri) -> Result<(), Error> {
        let (Some(scheme), Some(host)) = (uri.scheme(), uri.host()) else {
            return Err(Error::HttpRequestUriInvalid);
        };
        let allowed = match Target::of(uri) {
            Some(Target::Own) => self.allowed.allows_self(scheme.as_str()),
            _ => self.allowed.allows(scheme.as_str(), host, uri.port_u16()),
        };
        if allowed {
            return Ok(());
        }
        let port = uri.port().map(|port| format!(":{port}")).unwrap_or_default();
        tracing::warn!(
            component = &*self.component,
            "request to {scheme}://{host}{port} refused: it is not in the component's allowed_outbound_hosts"
        );
        Err(Error::HttpRequestDenied)
    }
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
                None => {
                    let answer = self.client.request(request).await.map_err(failure)?;
                    Ok(answer.map(|body| body.map_err(Error::from).boxed_unsync()))
                }
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
    let mut source = std::error::Error::source(&error);
    while let Some(cause) = source {
        if let Some(io) = cause.downcast_ref::<std::io::Error>() {
            return match io.kind() {
                std::io::ErrorKind::TimedOut => Error::ConnectionTimeout,
                std::io::ErrorKind::InvalidData => Error::TlsCertificateError,
                _ => Error::ConnectionRefused,
            };
        }
        source = cause.source();
    }
    Error::DestinationUnavailable
}
