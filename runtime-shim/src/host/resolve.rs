//! From a name to the addresses that a component may connect to. The connection is made to what comes out of here, so that
//! a name cannot lead elsewhere once it was looked at.

use std::net::SocketAddr;
use std::pin::Pin;
use std::sync::Arc;
use std::task::{Context, Poll};

use hyper_util::client::legacy::connect::dns::{GaiResolver, Name};
use tower_service::Service;

use crate::outbound::allow::AllowedHosts;
use crate::outbound::blocked::BlockedNetworks;

/// The schemes of outbound HTTP.
const SCHEMES: [&str; 2] = ["http", "https"];

/// Where one component may connect to.
#[derive(Debug, Clone, Default)]
pub struct Destinations {
    /// Hosts that the manifest allows.
    pub allowed: Arc<AllowedHosts>,
    /// Addresses that are blocked nevertheless.
    pub blocked: Arc<BlockedNetworks>,
}

impl Destinations {
    /// Whether outbound HTTP may connect to an address.
    pub fn permit(&self, address: std::net::IpAddr) -> bool {
        !self.blocked.block(&self.allowed, &SCHEMES, address)
    }
}

/// Why a name has no address to connect to.
#[derive(Debug, thiserror::Error)]
pub enum ResolveError {
    /// All of its addresses are blocked.
    #[error("it leads to a blocked address")]
    Prohibited,
    /// It cannot be looked up.
    #[error("it cannot be looked up")]
    Failed(#[source] std::io::Error),
}

/// Resolves names for one component.
#[derive(Clone)]
pub struct Resolver<R = GaiResolver> {
    names: R,
    destinations: Destinations,
}

impl<R> Resolver<R> {
    /// Looks names up by `names`.
    pub fn new(names: R, destinations: Destinations) -> Self {
        Self { names, destinations }
    }
}

impl<R> Service<Name> for Resolver<R>
where
    R: Service<Name, Error = std::io::Error>,
    R::Response: Iterator<Item = SocketAddr>,
    R::Future: Send + 'static,
{
    type Response = std::vec::IntoIter<SocketAddr>;
    type Error = ResolveError;
    type Future = Pin<Box<dyn Future<Output = Result<Self::Response, ResolveError>> + Send>>;

    fn poll_ready(&mut self, context: &mut Context<'_>) -> Poll<Result<(), ResolveError>> {
        self.names.poll_ready(context).map_err(ResolveError::Failed)
    }

    fn call(&mut self, name: Name) -> Self::Future {
        let looked_up = self.names.call(name);
        let destinations = self.destinations.clone();
        Box::pin(async move {
            let found = looked_up.await.map_err(ResolveError::Failed)?;
            let open: Vec<SocketAddr> = found.filter(|address| destinations.permit(address.ip())).collect();
            if open.is_empty() { Err(ResolveError::Prohibited) } else { Ok(open.into_iter()) }
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Answers with these addresses, the first time; then with the others.
    #[derive(Clone)]
    struct Names(Arc<std::sync::Mutex<Vec<Vec<&'static str>>>>);

    impl Service<Name> for Names {
        type Response = std::vec::IntoIter<SocketAddr>;
        type Error = std::io::Error;
        type Future = std::future::Ready<Result<Self::Response, Self::Error>>;

        fn poll_ready(&mut self, _: &mut Context<'_>) -> Poll<Result<(), Self::Error>> {
            Poll::Ready(Ok(()))
        }

        fn call(&mut self, _: Name) -> Self::Future {
            let addresses = self.0.lock().unwrap().remove(0);
            let addresses: Vec<SocketAddr> =
                addresses.into_iter().map(|address| SocketAddr::new(address.parse().unwrap(), 0)).collect();
            std::future::ready(Ok(addresses.into_iter()))
        }
    }

    async fn resolve(answers: &[&[&'static str]], allowed: &str) -> Vec<Result<Vec<String>, ResolveError>> {
        let names =
            Names(Arc::new(std::sync::Mutex::new(answers.iter().map(|list| list.to_vec()).collect())));
        let allowed = Arc::new(AllowedHosts::parse(&["http://example.com", allowed]).unwrap());
        let destinations = Destinations { allowed, blocked: Arc::default() };
        let mut resolver = Resolver::new(names, destinations);
        let mut results = Vec::new();
        for _ in answers {
            let found = resolver.call("example.com".parse().unwrap()).await;
            results.push(found.map(|found| found.map(|address| address.ip().to_string()).collect()));
        }
        results
    }

    #[tokio::test]
    async fn blocked_addresses_of_a_name_are_not_connected_to() {
        let found = resolve(&[&["169.254.169.254", "10.0.0.1", "fe80::1"]], "http://a.example").await;
        assert!(matches!(&found[..], [Ok(open)] if open == &["10.0.0.1"]), "{found:?}");
        let found = resolve(&[&["::ffff:169.254.169.254"]], "http://a.example").await;
        assert!(matches!(&found[..], [Err(ResolveError::Prohibited)]), "{found:?}");
        let found = resolve(&[&["169.254.169.254"]], "http://169.254.169.254").await;
        assert!(matches!(&found[..], [Ok(open)] if open == &["169.254.169.254"]), "{found:?}");
    }

    #[tokio::test]
    async fn a_name_that_leads_elsewhere_the_next_time_is_looked_at_each_time() {
        let found = resolve(&[&["93.184.216.34"], &["169.254.169.254"]], "http://a.example").await;
        assert!(matches!(&found[..], [Ok(_), Err(ResolveError::Prohibited)]), "{found:?}");
    }
}
