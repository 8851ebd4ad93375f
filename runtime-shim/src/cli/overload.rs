//! Limits that are the same whatever is served: overload, and what clients may do.

use std::time::Duration;

use clap::Args;

use crate::gate::Bounds;

/// What happens to requests beyond those that are worked on.
#[derive(Debug, Clone, Copy, Args)]
#[command(next_help_heading = "Limits")]
pub struct Queue {
    /// Requests that may wait for one of those in work to end; beyond, clients get a 503 with Retry-After at once. Small:
    /// what waits cannot be worked on sooner, and keeps its client from asking elsewhere.
    #[arg(long, default_value_t = 100, value_name = "COUNT", value_parser = clap::value_parser!(u32).range(..=1_000_000))]
    pub max_queued_requests: u32,

    /// Time a request may wait; after it, the client gets a 503 with Retry-After. Below the 50 ms in which a client that
    /// is refused should know.
    #[arg(long, default_value = "25ms", value_name = "TIME", value_parser = humantime::parse_duration)]
    pub max_queue_time: Duration,
}

impl Queue {
    /// The gate for so many requests at once.
    pub fn requests(&self, concurrent: u32) -> Bounds {
        Bounds {
            running: concurrent as usize,
            queued: self.max_queued_requests as usize,
            queue_time: self.max_queue_time,
            // So many at once are the room for a burst already.
            burst: Duration::ZERO,
        }
    }

    /// The gate for so many guests that compute at once, where a burst may take so long. All who wait there have a place
    /// among the requests in work, which bounds their number.
    pub fn turns(&self, turns: usize, burst: Duration) -> Bounds {
        Bounds { running: turns, queued: usize::MAX, queue_time: self.max_queue_time, burst }
    }
}

/// What clients may do.
#[derive(Debug, Clone, Copy, Args)]
#[command(next_help_heading = "Clients")]
pub struct Clients {
    /// Connections that may be open at once on each port; beyond, a client gets a 503 and is hung up on. Half of the
    /// descriptors that the process may have, at most 16384, if not given.
    #[arg(long, value_name = "COUNT", value_parser = clap::value_parser!(u32).range(1..=1_000_000))]
    pub max_connections: Option<u32>,

    /// Time for the head of a request, from its first byte or the end of the answer before; after it, the connection is
    /// closed.
    #[arg(long, default_value = "10s", value_name = "TIME", value_parser = humantime::parse_duration)]
    pub header_timeout: Duration,

    /// Most bytes of the head of a request; beyond, or with more than 100 headers, a client gets a 431.
    #[arg(long, default_value_t = 64 * 1024, value_name = "BYTES", value_parser = clap::value_parser!(u32).range(8192..=1024 * 1024))]
    pub max_header_bytes: u32,

    /// Most bytes of the body of a request: beyond, 413, or an error to whoever reads it if the answer has begun. Without
    /// it, bodies end only where the application says so: they are passed on as they come and never kept.
    #[arg(long, value_name = "BYTES")]
    pub max_request_body: Option<u64>,

    /// Time that a client may leave an answer unread; after it, the connection is closed.
    #[arg(long, default_value = "60s", value_name = "TIME", value_parser = humantime::parse_duration)]
    pub write_timeout: Duration,
}
