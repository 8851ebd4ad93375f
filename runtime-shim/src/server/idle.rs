//! Bodies that must neither stand still nor be too big.

use std::pin::Pin;
use std::task::{Context, Poll};
use std::time::Duration;

use bytes::Bytes;
use http_body::{Body, Frame, SizeHint};
use tokio::time::{Instant, Sleep, sleep};

/// Why a body ended early.
#[derive(Debug, thiserror::Error)]
pub enum Interrupted {
    /// Nothing of it came for this long.
    #[error("nothing came for {0:?}")]
    Idle(Duration),
    /// It has more bytes than this.
    #[error("it has more than {0} bytes")]
    TooLarge(u64),
    /// Its sender broke off.
    #[error("it broke off: {0}")]
    Broken(#[from] hyper::Error),
}

/// A body that ends with an error when nothing of it comes for a while, though somebody waits for it, or too much does.
pub struct Idle<B> {
    body: B,
    limit: Duration,
    /// Most bytes of it.
    size: u64,
    /// Bytes that have come.
    come: u64,
    /// Made when the body has first to be waited for: most bodies come with their head.
    timer: Option<Pin<Box<Sleep>>>,
    /// Whether a frame has come since the timer was set.
    moved: bool,
}

impl<B> Idle<B> {
    /// Lets `body` stand still for `limit` at most.
    pub fn new(body: B, limit: Duration) -> Self {
        Self { body, limit, size: u64::MAX, come: 0, timer: None, moved: false }
    }

    /// Lets it have so many bytes at most, if there is a limit.
    pub fn at_most(mut self, size: Option<u64>) -> Self {
        self.size = size.unwrap_or(u64::MAX);
        self
    }

    fn count(&mut self, frame: Frame<Bytes>) -> Result<Frame<Bytes>, Interrupted> {
        self.come += frame.data_ref().map_or(0, |data| data.len() as u64);
        if self.come > self.size { Err(Interrupted::TooLarge(self.size)) } else { Ok(frame) }
    }

    /// Ready once nothing has come for the limit.
    fn poll_limit(&mut self, context: &mut Context<'_>) -> Poll<()> {
        let limit = self.limit;
        let timer = self.timer.get_or_insert_with(|| Box::pin(sleep(limit)));
        if std::mem::take(&mut self.moved) {
            timer.as_mut().reset(Instant::now() + limit);
        }
        timer.as_mut().poll(context)
    }
}

impl<B: Body<Data = Bytes, Error = hyper::Error> + Unpin> Body for Idle<B> {
    type Data = Bytes;
    type Error = Interrupted;

    fn poll_frame(
        self: Pin<&mut Self>,
        context: &mut Context<'_>,
    ) -> Poll<Option<Result<Frame<Bytes>, Interrupted>>> {
        let this = self.get_mut();
        if let Poll::Ready(frame) = Pin::new(&mut this.body).poll_frame(context) {
            this.moved = true;
            return Poll::Ready(frame.map(|frame| this.count(frame.map_err(Interrupted::Broken)?)));
        }
        this.poll_limit(context).map(|()| Some(Err(Interrupted::Idle(this.limit))))
    }

    fn is_end_stream(&self) -> bool {
        self.body.is_end_stream()
    }

    fn size_hint(&self) -> SizeHint {
        self.body.size_hint()
    }
}

#[cfg(test)]
mod tests {
    use futures::{StreamExt, stream};
    use http_body_util::{BodyExt, StreamBody};

    use super::*;

    const LIMIT: Duration = Duration::from_millis(300);

    /// A body of so many frames, `pause` before each.
    fn paced(frames: usize, pause: Duration) -> impl Body<Data = Bytes, Error = hyper::Error> + Unpin {
        let frame = move |_| async move {
            sleep(pause).await;
            Ok(Frame::data(Bytes::from_static(b"x")))
        };
        StreamBody::new(stream::iter(0..frames).then(frame).boxed())
    }

    #[tokio::test]
    async fn a_body_may_take_longer_than_the_limit_if_it_moves() {
        let body = Idle::new(paced(6, LIMIT / 3), LIMIT);
        assert_eq!(body.collect().await.unwrap().to_bytes().len(), 6);
    }

    #[tokio::test]
    async fn a_body_that_stands_still_is_ended() {
        let body = Idle::new(paced(1, LIMIT * 20), LIMIT);
        assert!(matches!(body.collect().await, Err(Interrupted::Idle(LIMIT))));
    }

    #[tokio::test]
    async fn a_body_that_is_too_big_is_ended() {
        let body = |size| Idle::new(paced(6, Duration::ZERO), LIMIT).at_most(size).collect();
        assert_eq!(body(Some(6)).await.unwrap().to_bytes().len(), 6);
        assert!(matches!(body(Some(5)).await, Err(Interrupted::TooLarge(5))));
        assert_eq!(body(None).await.unwrap().to_bytes().len(), 6);
    }
}
