//! Bodies of answers.

use std::collections::VecDeque;
use std::pin::Pin;
use std::task::{Context, Poll};
use std::time::Duration;

use bytes::Bytes;
use futures::FutureExt;
use http_body::{Body as HttpBody, Frame, SizeHint};
use http_body_util::{BodyExt, Full};
use tokio::time::{Instant, timeout_at};
use wasmtime_wasi_http::Error;

use super::in_flight::InFlight;
use super::relayed::Relayed;
use crate::engine::Guarded;

/// Bodies of at most this many bytes are sent in one write, with their length, if they come at once.
const SMALL: usize = 64 * 1024;

/// How long after its first part the rest of a body counts as coming at once. It is all the delay that a stream of
/// events can see.
const AT_ONCE: Duration = Duration::from_millis(1);

/// How often a component is given its turn before a timer is set.
const TURNS: usize = 2;

type Part = Result<Frame<Bytes>, Error>;

/// A body that is sent to a client.
pub enum Body {
    /// All of it is known.
    Whole(Full<Bytes>),
    /// It is still being made.
    Streamed(Streamed),
    /// It is passed on as it comes, with the length and the trailers that it has.
    Relayed(Relayed),
}

/// A component's body: what has come of it, and the rest. The request is in flight until its end.
pub struct Streamed {
    ahead: VecDeque<Part>,
    rest: Guarded,
    _in_flight: InFlight,
}

impl Body {
    /// A body of these bytes.
    pub fn whole(bytes: impl Into<Bytes>) -> Self {
        Self::Whole(Full::new(bytes.into()))
    }

    /// The body that a component answers with.
    ///
    /// # Errors
    /// When it breaks off at once, so that its head need not be sent.
    pub async fn of_component(mut body: Guarded, in_flight: InFlight) -> Result<Self, Error> {
        let mut ahead = VecDeque::new();
        let mut size = 0;
        let mut part = body.frame().await;
        let deadline = Instant::now() + AT_ONCE;
        loop {
            match part {
                None => return Ok(Self::whole(joined(ahead, size))),
                Some(Err(error)) => return Err(error),
                Some(Ok(frame)) if frame.data_ref().is_some_and(|data| size + data.len() <= SMALL) => {
                    size += frame.data_ref().map_or(0, Bytes::len);
                    ahead.push_back(Ok(frame));
                }
                Some(other) => {
                    ahead.push_back(other);
                    break;
                }
            }
            match next_at_once(&mut body, deadline).await {
                Some(next) => part = next,
                None => break,
            }
        }
        Ok(Self::Streamed(Streamed { ahead, rest: body, _in_flight: in_flight }))
    }
}

/// The next part, or nothing if it does not come by `deadline`. Most come as soon as the component has had its turn, and
/// then no timer is needed.
async fn next_at_once(body: &mut Guarded, deadline: Instant) -> Option<Option<Part>> {
    for _ in 0..TURNS {
        if let Some(part) = body.frame().now_or_never() {
            return Some(part);
        }
        tokio::task::yield_now().await;
    }
    timeout_at(deadline, body.frame()).await.ok()
}

/// The data of all parts; most bodies have one, which is then not copied.
fn joined(mut parts: VecDeque<Part>, size: usize) -> Bytes {
    let mut data = parts.drain(..).filter_map(|part| part.ok()?.into_data().ok());
    let first = data.next().unwrap_or_default();
    if first.len() == size {
        return first;
    }
    data.fold(first.to_vec(), |mut all, more| {
        all.extend_from_slice(&more);
        all
    })
    .into()
}

impl HttpBody for Body {
    type Data = Bytes;
    type Error = Error;

    fn poll_frame(self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<Option<Part>> {
        match self.get_mut() {
            Self::Whole(body) => Pin::new(body).poll_frame(context).map_err(|never| match never {}),
            Self::Streamed(body) => match body.ahead.pop_front() {
                Some(part) => Poll::Ready(Some(part)),
                None => Pin::new(&mut body.rest).poll_frame(context),
            },
            Self::Relayed(body) => Pin::new(body).poll_frame(context),
        }
    }

    fn is_end_stream(&self) -> bool {
        match self {
            Self::Whole(body) => body.is_end_stream(),
            Self::Streamed(body) => body.ahead.is_empty() && body.rest.is_end_stream(),
            Self::Relayed(body) => body.is_end_stream(),
        }
    }

    fn size_hint(&self) -> SizeHint {
        match self {
            Self::Whole(body) => body.size_hint(),
            Self::Streamed(_) => SizeHint::default(),
            Self::Relayed(body) => body.size_hint(),
        }
    }
}
