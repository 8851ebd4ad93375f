//! Connections of clients: how many there may be, and why they were ended.

use std::error::Error;
use std::io;
use std::sync::Arc;

use tokio::net::TcpStream;
use tokio::sync::{OwnedSemaphorePermit, Semaphore};

use super::stall::Stalled;
use crate::cli::Clients;
use crate::descriptors;
use crate::metrics::Cut;

/// Most connections where nothing else is said, however many descriptors there are.
const MOST: usize = 16 * 1024;

/// What is sent to a client for whom there is no room, whatever it was going to ask.
const NO_ROOM: &[u8] =
    b"HTTP/1.1 503 Service Unavailable\r\nretry-after: 1\r\nconnection: close\r\ncontent-length: 0\r\n\r\n";

/// The connections of one port.
pub struct Connections(Arc<Semaphore>);

impl Connections {
    /// None yet. What is left of the descriptors is for files, databases and other hosts.
    pub fn new(clients: &Clients) -> Self {
        let most = clients.max_connections.map_or_else(
            || usize::try_from(descriptors::limit() / 2).unwrap_or(MOST).clamp(1, MOST),
            |most| most as usize,
        );
        Self(Arc::new(Semaphore::new(most)))
    }

    /// A place for one more, if there is one.
    pub fn admit(&self) -> Option<OwnedSemaphorePermit> {
        Arc::clone(&self.0).try_acquire_owned().ok()
    }
}

/// Tells a client that there is no room, if it can be told without waiting.
pub fn turn_away(stream: &TcpStream) {
    if let Err(error) = stream.try_write(NO_ROOM) {
        tracing::debug!("a client could not be told that there is no room: {error}");
    }
}

/// What the client did that its connection ended with this error; nothing if it only hung up, or had `asked` for nothing
/// since the last answer.
pub fn cut(error: &(dyn Error + 'static), asked: bool) -> Option<Cut> {
    let cut = std::iter::successors(Some(error), |&error| error.source()).find_map(cause)?;
    // The time for a head runs between requests as well, where it only ends what is not used.
    let idle = cut == Cut::HeaderTimeout && !asked && !is_silent(error);
    (!idle).then_some(cut)
}

/// Whether nothing has ever come.
fn is_silent(error: &(dyn Error + 'static)) -> bool {
    stalled(error) == Some(Stalled::Silent)
}

fn stalled(error: &(dyn Error + 'static)) -> Option<Stalled> {
    error.downcast_ref::<io::Error>()?.get_ref()?.downcast_ref().copied()
}

fn cause(error: &(dyn Error + 'static)) -> Option<Cut> {
    if let Some(stalled) = stalled(error) {
        return Some(match stalled {
            Stalled::Silent => Cut::HeaderTimeout,
            Stalled::Unread => Cut::Unread,
        });
    }
    let error = error.downcast_ref::<hyper::Error>()?;
    if error.is_timeout() {
        Some(Cut::HeaderTimeout)
    } else if error.is_parse_too_large() {
        Some(Cut::HeaderTooLarge)
    } else {
        error.is_parse().then_some(Cut::Invalid)
    }
}
