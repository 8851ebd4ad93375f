//! Where connections are served: on the current runtime, whose threads help each other out, or in lanes, threads that keep
//! to themselves. An application computes, so that nobody may be stuck behind a busy thread; a proxy only passes things on,
//! and waking another thread costs it more than doing so.

use std::io;
use std::sync::Arc;

use tokio::net::TcpStream;
use tokio::runtime::{Builder, Handle};

/// Where the connections of one listener are served, in turn.
pub struct Lanes<B> {
    first: Lane<B>,
    others: Vec<Lane<B>>,
    turn: usize,
}

/// One place to serve connections at.
pub struct Lane<B> {
    runtime: Handle,
    /// What answers there.
    pub backend: Arc<B>,
}

impl<B> Lanes<B> {
    /// The current runtime.
    pub fn here(backend: Arc<B>) -> Self {
        Self { first: Lane { runtime: Handle::current(), backend }, others: Vec::new(), turn: 0 }
    }

    /// As many threads as there are processors, each with what `backend` makes.
    ///
    /// # Errors
    /// If the system has no thread to give.
    pub fn threads(backend: impl Fn() -> B) -> io::Result<Self> {
        let more = std::thread::available_parallelism().map_or(1, usize::from) - 1;
        let first = Lane::thread(backend())?;
        let others = (0..more).map(|_| Lane::thread(backend())).collect::<io::Result<_>>()?;
        Ok(Self { first, others, turn: 0 })
    }

    /// The lane whose turn it is.
    pub fn in_turn(&mut self) -> &Lane<B> {
        self.turn = (self.turn + 1) % (self.others.len() + 1);
        self.others.get(self.turn).unwrap_or(&self.first)
    }

    /// What answers in the first lane.
    pub fn backend(&self) -> &Arc<B> {
        &self.first.backend
    }
}

impl<B> Lane<B> {
    /// A thread that ends with the process: what has left its connection behind may go on until then.
    fn thread(backend: B) -> io::Result<Self> {
        let runtime = Builder::new_current_thread().enable_all().build()?;
        let handle = runtime.handle().clone();
        let run = move || runtime.block_on(std::future::pending::<()>());
        std::thread::Builder::new().name("slipway-lane".into()).spawn(run)?;
        Ok(Self { runtime: handle, backend: Arc::new(backend) })
    }

    /// Serves a connection that was accepted elsewhere with what `serve` makes of it.
    ///
    /// # Errors
    /// If the system does not let it wait for the connection.
    pub fn spawn<F>(&self, stream: TcpStream, serve: impl FnOnce(TcpStream) -> F) -> io::Result<()>
    where
        F: Future<Output = ()> + Send + 'static,
    {
        let stream = stream.into_std()?;
        // Sockets and timers belong to the runtime they are made in.
        let _entered = self.runtime.enter();
        self.runtime.spawn(serve(TcpStream::from_std(stream)?));
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeMap;
    use std::thread::current;

    use tokio::net::TcpListener;
    use tokio::sync::mpsc::unbounded_channel;

    use super::*;

    #[tokio::test]
    async fn connections_go_round_the_threads_and_each_stays_on_its_own() {
        let mut lanes = Lanes::threads(|| ()).unwrap();
        let count = lanes.others.len() + 1;
        let (tell, mut told) = unbounded_channel();
        let tcp = TcpListener::bind("127.0.0.1:0").await.unwrap();
        for _ in 0..2 * count {
            let mut client = TcpStream::connect(tcp.local_addr().unwrap()).await.unwrap();
            let (accepted, _) = tcp.accept().await.unwrap();
            let tell = tell.clone();
            let serve = |stream: TcpStream| async move {
                stream.readable().await.unwrap();
                tell.send(current().id()).unwrap();
            };
            lanes.in_turn().spawn(accepted, serve).unwrap();
            tokio::io::AsyncWriteExt::write_all(&mut client, b"x").await.unwrap();
        }
        let mut served = BTreeMap::new();
        for _ in 0..2 * count {
            *served.entry(format!("{:?}", told.recv().await.unwrap())).or_insert(0) += 1;
        }
        assert_eq!(served.into_values().collect::<Vec<_>>(), vec![2; count]);
    }
}
