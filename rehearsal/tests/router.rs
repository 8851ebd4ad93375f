//! A real nginx splits requests as it is told, whatever connections they come over, and loses none while it is told otherwise.
#![cfg(feature = "rehearse")]

use std::convert::Infallible;
use std::net::SocketAddr;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};
use std::time::Duration;

use bytes::Bytes;
use http::{Method, Request, Response};
use http_body_util::{BodyExt, Full};
use hyper::service::service_fn;
use hyper_util::rt::{TokioExecutor, TokioIo};
use rehearsal::rehearse::stage::{Router, SIDE_HEADER, Split, Table, ask, find};
use tempfile::TempDir;
use tokio::net::{TcpListener, TcpStream};

const REQUESTS: usize = 5_000;
/// As far as a share may be from the one that was asked for, in percentage points.
const TOLERANCE: f64 = 2.0;

struct Scene {
    router: Router,
    stable: Vec<SocketAddr>,
    canary: Vec<SocketAddr>,
    _folder: TempDir,
}

impl Scene {
    async fn set(stable: usize, canary: usize) -> Self {
        let nginx = find("nginx", "nginx-light").unwrap();
        let folder = tempfile::tempdir().unwrap();
        let router = Router::start(&nginx, folder.path()).await.unwrap();
        Self { router, stable: backends(stable).await, canary: backends(canary).await, _folder: folder }
    }

    async fn split(&mut self, split: Split) {
        let table = Table { stable: self.stable.clone(), canary: self.canary.clone(), split };
        self.router.apply(table).await.unwrap();
    }
}

/// Servers that answer everything with a 200.
async fn backends(count: usize) -> Vec<SocketAddr> {
    let mut addresses = Vec::new();
    for _ in 0..count {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        addresses.push(listener.local_addr().unwrap());
        tokio::spawn(async move {
            loop {
                let (stream, _) = listener.accept().await.unwrap();
                let service = service_fn(|_| async {
                    Ok::<_, Infallible>(Response::new(Full::new(Bytes::from("hello"))))
                });
                let connection = hyper::server::conn::http1::Builder::new()
                    .serve_connection(TokioIo::new(stream), service);
                tokio::spawn(connection);
            }
        });
    }
    addresses
}

fn is_canary(headers: &http::HeaderMap) -> bool {
    headers[SIDE_HEADER] == "canary"
}

#[track_caller]
fn near(canary: usize, weight: u8) {
    let share = canary as f64 * 100.0 / REQUESTS as f64;
    assert!((share - f64::from(weight)).abs() <= TOLERANCE, "{share} % and not {weight} %");
}

#[tokio::test]
async fn weights_hold_over_connections_of_their_own() {
    let mut scene = Scene::set(2, 1).await;
    for weight in [10, 75] {
        scene.split(Split::Weight(weight)).await;
        let mut canary = 0;
        for _ in 0..REQUESTS {
            let answer = ask(scene.router.http1(), Method::GET, "/", Duration::from_secs(10)).await.unwrap();
            assert_eq!(answer.status, 200);
            canary += usize::from(is_canary(&answer.headers));
        }
        near(canary, weight);
    }
}

#[tokio::test]
async fn weights_hold_over_one_long_lived_http2_connection() {
    let mut scene = Scene::set(2, 1).await;
    for weight in [10, 25, 50] {
        scene.split(Split::Weight(weight)).await;
        let stream = TcpStream::connect(scene.router.http2()).await.unwrap();
        let handshake = hyper::client::conn::http2::handshake(TokioExecutor::new(), TokioIo::new(stream));
        let (mut sender, connection) = handshake.await.unwrap();
        tokio::spawn(connection);
        let mut canary = 0;
        for _ in 0..REQUESTS {
            let request = Request::get("http://rehearsal.test/").body(Full::new(Bytes::new())).unwrap();
            sender.ready().await.unwrap();
            let (head, body) = sender.send_request(request).await.unwrap().into_parts();
            body.collect().await.unwrap();
            assert_eq!((head.status.as_u16(), head.version), (200, http::Version::HTTP_2));
            canary += usize::from(is_canary(&head.headers));
        }
        near(canary, weight);
    }
}

#[tokio::test]
async fn without_weights_each_replica_gets_the_same() {
    let mut scene = Scene::set(3, 1).await;
    scene.split(Split::Replicas).await;
    let mut canary = 0;
    for _ in 0..400 {
        let answer = ask(scene.router.http1(), Method::GET, "/", Duration::from_secs(10)).await.unwrap();
        canary += usize::from(is_canary(&answer.headers));
    }
    assert_eq!(canary, 100);
}

#[tokio::test]
async fn no_request_is_lost_while_weights_change() {
    let mut scene = Scene::set(1, 1).await;
    scene.split(Split::Weight(0)).await;
    let (over, sent) = (Arc::new(AtomicBool::new(false)), Arc::new(AtomicUsize::new(0)));
    let address = scene.router.http1();
    let users: Vec<_> = (0..4)
        .map(|_| {
            let (over, sent) = (Arc::clone(&over), Arc::clone(&sent));
            tokio::spawn(async move {
                while !over.load(Ordering::Relaxed) {
                    let answer = ask(address, Method::GET, "/", Duration::from_secs(10)).await;
                    assert_eq!(
                        answer.map(|answer| answer.status).map_err(|error| error.to_string()),
                        Ok(200)
                    );
                    sent.fetch_add(1, Ordering::Relaxed);
                }
            })
        })
        .collect();
    for weight in (1..=20).map(|step| step * 5) {
        scene.split(Split::Weight(weight)).await;
        // What is in force is in force for all: none of the new requests goes the old way.
        let answer = ask(address, Method::GET, "/", Duration::from_secs(10)).await.unwrap();
        assert!(weight < 100 || is_canary(&answer.headers));
    }
    over.store(true, Ordering::Relaxed);
    for user in users {
        user.await.unwrap();
    }
    assert!(sent.load(Ordering::Relaxed) > 20, "there were users");
}

#[tokio::test]
async fn who_has_no_replicas_gets_a_503() {
    let mut scene = Scene::set(0, 0).await;
    scene.split(Split::Weight(50)).await;
    let answer = ask(scene.router.http1(), Method::GET, "/", Duration::from_secs(10)).await.unwrap();
    assert_eq!(answer.status, 503);
}
