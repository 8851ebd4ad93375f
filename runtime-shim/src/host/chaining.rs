//! Requests of components to their own application, which need no socket:
//! <https://spinframework.dev/http-outbound#local-service-chaining>.
//!
//! | URL | goes to |
//! |---|---|
//! | `http://<component>.spin.internal/path` | that component, whatever its routes |
//! | `http://self/path`, `http://self.alt/path` | the component that the application's routes name, as a client's request |

use std::pin::Pin;
use std::sync::{Arc, OnceLock, Weak};

use http::{Extensions, Request, Response, Uri};
use tokio::sync::Semaphore;
use wasmtime_wasi_http::{Error, WasiBody};

use crate::correlation::Correlation;
use crate::outbound::allow::service_chaining_target;

/// Most components that a request may come through, one calling the next.
const MAX_DEPTH: u8 = 8;

/// Hosts that stand for the application's own address.
const OWN_HOSTS: [&str; 2] = ["self", "self.alt"];

/// What an application answers to one of its components.
pub type Answering = Pin<Box<dyn Future<Output = Result<Response<WasiBody>, Error>> + Send>>;

/// An application that answers requests of its own components.
pub trait Application: Send + Sync {
    /// Hands `request` to where `target` says. [`Depth`] is among its extensions; `correlation` is that of the client's
    /// request that caused it.
    fn answer(
        self: Arc<Self>,
        target: Target,
        request: Request<WasiBody>,
        correlation: Correlation,
    ) -> Answering;
}

/// Which part of the application a request is for.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Target {
    /// The component with this id.
    Component(String),
    /// Whatever a client would get.
    Own,
}

/// How many components a request has come through.
#[derive(Debug, Clone, Copy, Default)]
pub struct Depth(pub u8);

/// For whom an instance works when it sends a request.
#[derive(Clone, Default)]
pub(super) struct Caller {
    /// The request that it works on.
    pub correlation: Correlation,
    /// How many components that request has come through.
    pub depth: u8,
}

/// The way back to the application, which is known only when all of its components are there.
#[derive(Clone)]
pub struct Home {
    application: Arc<OnceLock<Weak<dyn Application>>>,
    /// One for each request under way. They are not those of clients' requests: a client's request that waits for one
    /// of these would keep its own.
    permits: Arc<Semaphore>,
}

impl Target {
    /// The part of the application that a URL names; nothing if it leads elsewhere.
    pub fn of(uri: &Uri) -> Option<Self> {
        let host = uri.host()?.to_ascii_lowercase();
        if OWN_HOSTS.contains(&host.as_str()) {
            return Some(Self::Own);
        }
        service_chaining_target(&host).map(|component| Self::Component(component.to_owned()))
    }

    /// Label of such requests in metrics.
    pub fn label(&self) -> &'static str {
        match self {
            Self::Component(_) => "spin.internal",
            Self::Own => "self",
        }
    }
}

impl Depth {
    /// The depth of a request; zero for a client's.
    pub fn of<B>(request: &Request<B>) -> Self {
        request.extensions().get().copied().unwrap_or_default()
    }
}

impl Home {
    /// The way to an application that is yet to come; at most `limit` requests go it at once.
    pub fn new(limit: usize) -> Self {
        Self { application: Arc::default(), permits: Arc::new(Semaphore::new(limit)) }
    }

    /// Says where the way leads. Only the first call counts.
    pub fn lead_to(&self, application: Weak<dyn Application>) {
        // A second call cannot be: there is one application in a process.
        let _ = self.application.set(application);
    }

    /// Hands a request of a component to its own application.
    pub(super) async fn send(
        &self,
        target: Target,
        mut request: Request<WasiBody>,
        caller: &Caller,
    ) -> Result<Response<WasiBody>, Error> {
        let (id, trace_id) = (&*caller.correlation.id, caller.correlation.trace_id());
        if caller.depth >= MAX_DEPTH {
            tracing::warn!(
                request_id = id,
                trace_id,
                "request to {} refused: it came through {MAX_DEPTH} components already, so they call each other in a circle",
                request.uri().host().unwrap_or_default()
            );
            return Err(Error::LoopDetected);
        }
        let Ok(_permit) = self.permits.try_acquire() else {
            tracing::warn!(request_id = id, trace_id, "too many requests between components are in progress");
            return Err(Error::ConnectionLimitReached);
        };
        let application = self.application.get().and_then(Weak::upgrade);
        let application = application.ok_or(Error::DestinationUnavailable)?;
        // What the component's side of the interface attached means nothing to the other.
        *request.extensions_mut() = Extensions::new();
        request.extensions_mut().insert(Depth(caller.depth + 1));
        application.answer(target, request, caller.correlation.clone()).await
    }
}

#[cfg(test)]
mod tests {
    use http_body_util::{BodyExt, Empty};

    use super::*;

    fn target(url: &'static str) -> Option<Target> {
        Target::of(&Uri::from_static(url))
    }

    fn request() -> Request<WasiBody> {
        Request::new(Empty::new().map_err(|never: std::convert::Infallible| match never {}).boxed_unsync())
    }

    fn caller(depth: u8) -> Caller {
        Caller { depth, ..Caller::default() }
    }

    /// Answers with the depth of the request as status.
    struct Echo;

    impl Application for Echo {
        fn answer(self: Arc<Self>, _: Target, request: Request<WasiBody>, _: Correlation) -> Answering {
            let depth = Depth::of(&request).0;
            let mut answer = Response::new(request.into_body());
            *answer.status_mut() = http::StatusCode::from_u16(200 + u16::from(depth)).unwrap();
            Box::pin(async { Ok(answer) })
        }
    }

    #[test]
    fn hosts_name_a_component_or_the_application_or_neither() {
        let component = |id: &str| Some(Target::Component(id.to_owned()));
        assert_eq!(target("http://cart.spin.internal/x"), component("cart"));
        assert_eq!(target("http://cart.spin.internal:80"), component("cart"));
        assert_eq!(target("http://CART.Spin.Internal/"), component("cart"));
        assert_eq!(target("http://self/x"), Some(Target::Own));
        assert_eq!(target("https://self.alt"), Some(Target::Own));
        for elsewhere in [
            "http://spin.internal/",
            "http://a.b.spin.internal/",
            "http://cart.spin.internal.example.com/",
            "/x",
        ] {
            assert_eq!(target(elsewhere), None, "{elsewhere}");
        }
    }

    #[tokio::test]
    async fn each_component_adds_to_the_depth_and_a_circle_is_ended() {
        let (home, application) = (Home::new(1), Arc::new(Echo));
        home.lead_to(Arc::downgrade(&application) as Weak<dyn Application>);
        let answer = home.send(Target::Own, request(), &caller(MAX_DEPTH - 1)).await.unwrap();
        assert_eq!(answer.status().as_u16(), 200 + u16::from(MAX_DEPTH));
        let refused = home.send(Target::Own, request(), &caller(MAX_DEPTH)).await;
        assert!(matches!(refused, Err(Error::LoopDetected)));
    }

    #[tokio::test]
    async fn beyond_the_limit_requests_are_refused_at_once() {
        let home = Home::new(0);
        let refused = home.send(Target::Own, request(), &caller(0)).await;
        assert!(matches!(refused, Err(Error::ConnectionLimitReached)));
    }
}
