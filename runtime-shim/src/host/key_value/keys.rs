//! The keys of a store, handed over page by page: no faster than the component reads, however many there are.

use std::pin::Pin;
use std::sync::Arc;
use std::task::{Context, Poll};

use futures::Stream;
use futures::stream::try_unfold;
use tokio::sync::oneshot;
use wasmtime::StoreContextMut;
use wasmtime::component::{Destination, StreamProducer, StreamResult, VecBuffer};

use super::Error;
use super::store::{Store, StoreError};

type Page = Result<Vec<String>, StoreError>;

/// All keys of a store.
pub(super) struct Keys {
    pages: Pin<Box<dyn Stream<Item = Page> + Send>>,
    end: Option<oneshot::Sender<Result<(), Error>>>,
}

impl Keys {
    /// The keys, and what tells at their end whether all of them came.
    pub(super) fn of(store: Arc<Store>) -> (Self, oneshot::Receiver<Result<(), Error>>) {
        let (end, ended) = oneshot::channel();
        (Self { pages: Box::pin(pages(store)), end: Some(end) }, ended)
    }

    fn finish(&mut self, result: Result<(), Error>) {
        if let Some(end) = self.end.take() {
            // The component need not ask how it ended.
            let _ = end.send(result);
        }
    }
}

/// Each page begins behind the last key of the one before.
pub(super) fn pages(store: Arc<Store>) -> impl Stream<Item = Page> + Send {
    try_unfold((store, None), |(store, after): (_, Option<String>)| async move {
        let page = Store::keys(&store, after.as_deref()).await?;
        let last = page.last().cloned();
        Ok(last.map(|last| (page, (store, Some(last)))))
    })
}

impl<D> StreamProducer<D> for Keys {
    type Item = String;
    type Buffer = VecBuffer<String>;

    fn poll_produce<'a>(
        mut self: Pin<&mut Self>,
        context: &mut Context<'_>,
        _store: StoreContextMut<'a, D>,
        mut destination: Destination<'a, String, VecBuffer<String>>,
        finish: bool,
    ) -> Poll<wasmtime::Result<StreamResult>> {
        match self.pages.as_mut().poll_next(context) {
            Poll::Ready(Some(Ok(page))) => {
                destination.set_buffer(page.into());
                Poll::Ready(Ok(StreamResult::Completed))
            }
            Poll::Ready(end) => {
                self.finish(end.map_or(Ok(()), |failed| failed.map(drop).map_err(Error::from)));
                Poll::Ready(Ok(StreamResult::Dropped))
            }
            Poll::Pending if finish => Poll::Ready(Ok(StreamResult::Cancelled)),
            Poll::Pending => Poll::Pending,
        }
    }
}
