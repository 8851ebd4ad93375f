//! What a Service knows: the replicas that said they were ready when they were last asked.

use std::net::SocketAddr;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Mutex, PoisonError};
use std::time::Duration;

use crate::http::HttpClient;
use crate::slipway::Slipway;

/// How often readiness is asked for.
pub const PROBE_EVERY: Duration = Duration::from_millis(50);

/// Where a replica is found.
#[derive(Clone, Debug)]
pub struct Replica {
    /// Its application.
    pub address: SocketAddr,
    readiness: String,
}

impl Replica {
    /// Where this one is found.
    pub fn of(slipway: &Slipway) -> Self {
        Self { address: slipway.address(), readiness: slipway.admin_url("/readyz") }
    }
}

/// The replicas that get requests.
#[derive(Debug, Default)]
pub struct Endpoints {
    ready: Mutex<Vec<Replica>>,
    in_flight: AtomicU64,
}

impl Endpoints {
    /// Adds one that is ready.
    pub fn add(&self, replica: Replica) {
        self.ready.lock().unwrap_or_else(PoisonError::into_inner).push(replica);
    }

    /// Addresses of those that are ready.
    pub fn ready(&self) -> Vec<SocketAddr> {
        self.all().iter().map(|replica| replica.address).collect()
    }

    fn all(&self) -> Vec<Replica> {
        self.ready.lock().unwrap_or_else(PoisonError::into_inner).clone()
    }

    /// Requests whose answers are still to come.
    pub fn in_flight(&self) -> u64 {
        self.in_flight.load(Ordering::Relaxed)
    }

    /// One more request, until its end.
    pub async fn during<T>(&self, request: impl Future<Output = T>) -> T {
        self.in_flight.fetch_add(1, Ordering::Relaxed);
        let result = request.await;
        self.in_flight.fetch_sub(1, Ordering::Relaxed);
        result
    }

    /// Takes out, for ever, those that say they are not ready.
    pub async fn probe(&self) {
        loop {
            for replica in self.all() {
                // A connection of its own each time, as a kubelet asks.
                let answer = HttpClient::new().get(&replica.readiness).await;
                if !answer.is_ok_and(|answer| answer.status == 200) {
                    let mut ready = self.ready.lock().unwrap_or_else(PoisonError::into_inner);
                    ready.retain(|other| other.address != replica.address);
                }
            }
            tokio::time::sleep(PROBE_EVERY).await;
        }
    }
}
