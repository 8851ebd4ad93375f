//! Free addresses of this machine.

use std::net::{Ipv4Addr, SocketAddr, TcpListener};
use std::sync::LazyLock;
use std::sync::atomic::{AtomicU16, Ordering};

use super::StageError;

/// Below the ports from which systems choose those of clients: none of the many connections of a rehearsal takes one.
const FIRST: u16 = 20_000;
const COUNT: u16 = 12_000;

/// More ports than one rehearsal takes: processes that start one after the other begin so far apart.
const STRIDE: u32 = 97;

/// How many were handed out, counted from where this process begins.
static TAKEN: LazyLock<AtomicU16> = LazyLock::new(|| {
    let first = std::process::id().wrapping_mul(STRIDE) % u32::from(COUNT);
    AtomicU16::new(u16::try_from(first).unwrap_or(0))
});

/// An address on which nobody listened a moment ago, and that nobody else in this process was given lately.
pub fn take() -> Result<SocketAddr, StageError> {
    for _ in 0..COUNT {
        let port = FIRST + TAKEN.fetch_add(1, Ordering::Relaxed) % COUNT;
        let address = SocketAddr::from((Ipv4Addr::LOCALHOST, port));
        if TcpListener::bind(address).is_ok() {
            return Ok(address);
        }
    }
    Err(StageError::NoPort)
}
