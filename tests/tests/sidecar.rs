//! `slipway sidecar` as a process, in front of servers of HTTP/1.1 and h2c, and of `slipway up`.

#[path = "sidecar/upstream.rs"]
mod upstream;

#[path = "sidecar/drain.rs"]
mod drain;
#[path = "sidecar/failures.rs"]
mod failures;
#[path = "sidecar/headers.rs"]
mod headers;
#[path = "sidecar/probes.rs"]
mod probes;
#[path = "sidecar/series.rs"]
mod series;
#[path = "sidecar/streams.rs"]
mod streams;
