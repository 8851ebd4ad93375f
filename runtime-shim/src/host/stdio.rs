//! Standard output and error of components as log lines that name component and request.

use std::io;
use std::pin::Pin;
use std::sync::{Arc, Mutex, PoisonError};
use std::task::{Context, Poll};

use tokio::io::AsyncWrite;
use tracing::field::DisplayValue;
use wasmtime_wasi::cli::{IsTerminal, StdoutStream};

use crate::correlation::Correlation;
use crate::trace::TraceId;

/// Bytes after which a line without an end is logged anyway.
const MAX_LINE: usize = 16 * 1024;

/// The request that an instance works for, as its log lines name it.
#[derive(Clone, Default)]
pub(super) struct Worked(Arc<Mutex<Option<Request>>>);

#[derive(Clone)]
struct Request {
    id: Arc<str>,
    trace: Option<DisplayValue<TraceId>>,
}

impl Worked {
    pub(super) fn begin(&self, correlation: &Correlation) {
        let request = Request { id: Arc::clone(&correlation.id), trace: correlation.trace_id() };
        *self.0.lock().unwrap_or_else(PoisonError::into_inner) = Some(request);
    }

    fn request(&self) -> Option<Request> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner).clone()
    }
}

/// One standard stream of one instance.
#[derive(Clone)]
pub(super) struct LogStream {
    name: &'static str,
    component: Arc<str>,
    worked: Worked,
    line: Vec<u8>,
}

impl LogStream {
    pub(super) fn new(name: &'static str, component: &str, worked: &Worked) -> Self {
        Self { name, component: component.into(), worked: worked.clone(), line: Vec::new() }
    }

    fn log_line(&mut self) {
        let line = String::from_utf8_lossy(&self.line);
        let request = self.worked.request();
        tracing::info!(
            target: "slipway::guest",
            component = &*self.component,
            stream = self.name,
            request_id = request.as_ref().map(|request| &*request.id),
            trace_id = request.as_ref().and_then(|request| request.trace.as_ref()),
            "{}",
            line.trim_end()
        );
        self.line.clear();
    }
}

impl IsTerminal for LogStream {
    fn is_terminal(&self) -> bool {
        false
    }
}

impl StdoutStream for LogStream {
    fn async_stream(&self) -> Box<dyn AsyncWrite + Send + Sync> {
        Box::new(self.clone())
    }
}

impl AsyncWrite for LogStream {
    fn poll_write(mut self: Pin<&mut Self>, _: &mut Context<'_>, bytes: &[u8]) -> Poll<io::Result<usize>> {
        for part in bytes.split_inclusive(|byte| *byte == b'\n') {
            self.line.extend_from_slice(part);
            if part.ends_with(b"\n") || self.line.len() >= MAX_LINE {
                self.log_line();
            }
        }
        Poll::Ready(Ok(bytes.len()))
    }

    fn poll_flush(self: Pin<&mut Self>, _: &mut Context<'_>) -> Poll<io::Result<()>> {
        Poll::Ready(Ok(()))
    }

    fn poll_shutdown(self: Pin<&mut Self>, _: &mut Context<'_>) -> Poll<io::Result<()>> {
        Poll::Ready(Ok(()))
    }
}

impl Drop for LogStream {
    /// A last line without an end is still worth reading: it may be why the instance ended.
    fn drop(&mut self) {
        if !self.line.is_empty() {
            self.log_line();
        }
    }
}
