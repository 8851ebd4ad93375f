//! A result that is handed over as it comes. The connection is read no faster than the component reads, so that a
//! result may be of any size.

use std::pin::Pin;
use std::task::{Context, Poll};

use tokio::sync::oneshot;
use wasmtime::StoreContextMut;
use wasmtime::component::{Destination, StreamProducer, StreamResult, VecBuffer};

use super::session::{Row, Running};
use super::{Error, columns};

/// Most rows, and bytes of rows, that are handed over at once.
const BATCH_ROWS: usize = 64;
const BATCH_BYTES: usize = 64 * 1024;

/// The rows of a running statement.
pub(super) struct Rows {
    running: Running,
    end: Option<oneshot::Sender<Result<(), Error>>>,
}

impl Rows {
    /// The rows, and what tells at their end whether all of them came.
    pub(super) fn new(running: Running) -> (Self, oneshot::Receiver<Result<(), Error>>) {
        let (end, ended) = oneshot::channel();
        (Self { running, end: Some(end) }, ended)
    }

    fn poll_row(&mut self, context: &mut Context<'_>) -> Poll<Option<Result<(Row, usize), Error>>> {
        self.running.poll_next(context).map(|next| {
            next.transpose().map(|row| {
                let row = row?;
                Ok((columns::row(&row)?, row.raw_size_bytes()))
            })
        })
    }

    fn finish(&mut self, result: Result<(), Error>) {
        if let Some(end) = self.end.take() {
            // The component need not ask how it ended.
            let _ = end.send(result);
        }
    }
}

impl<D> StreamProducer<D> for Rows {
    type Item = Row;
    type Buffer = VecBuffer<Row>;

    fn poll_produce<'a>(
        mut self: Pin<&mut Self>,
        context: &mut Context<'_>,
        store: StoreContextMut<'a, D>,
        mut destination: Destination<'a, Row, VecBuffer<Row>>,
        finish: bool,
    ) -> Poll<wasmtime::Result<StreamResult>> {
        let wanted = destination.remaining(store).unwrap_or(BATCH_ROWS).min(BATCH_ROWS);
        let (mut batch, mut bytes) = (Vec::with_capacity(wanted), 0);
        let mut result = StreamResult::Completed;
        while batch.len() < wanted && bytes < BATCH_BYTES {
            match self.poll_row(context) {
                Poll::Ready(Some(Ok((row, size)))) => {
                    batch.push(row);
                    bytes += size;
                }
                Poll::Ready(end) => {
                    self.finish(end.map_or(Ok(()), |failed| failed.map(drop)));
                    result = StreamResult::Dropped;
                    break;
                }
                Poll::Pending if !batch.is_empty() => break,
                Poll::Pending if finish => return Poll::Ready(Ok(StreamResult::Cancelled)),
                Poll::Pending => return Poll::Pending,
            }
        }
        destination.set_buffer(batch.into());
        Poll::Ready(Ok(result))
    }
}
