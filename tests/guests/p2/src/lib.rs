//! Does what the path says; see `tests/conformance.rs`. For any other path, answers with the number of requests that this
//! instance has served.
#![cfg(target_family = "wasm")]

mod outbound;

use std::sync::atomic::{AtomicU32, Ordering};

use wasip2::exports::http::incoming_handler::Guest;
use wasip2::http::types::{
    Fields, IncomingBody, IncomingRequest, OutgoingBody, OutgoingResponse, ResponseOutparam, Trailers,
};
use wasip2::io::streams::{InputStream, StreamError};

/// Bytes that are passed on at a time.
const CHUNK: u64 = 64 * 1024;

static SERVED: AtomicU32 = AtomicU32::new(0);

struct Component;

impl Guest for Component {
    fn handle(request: IncomingRequest, out: ResponseOutparam) {
        let target = request.path_with_query().unwrap_or_default();
        let (path, argument) = target.split_once('?').unwrap_or((&target, ""));
        match path.strip_prefix("/p2").unwrap_or(path) {
            "/echo" => echo(&request, out),
            "/discard" => text(out, &discard(&request)),
            "/big-header" => big_header(out, argument.parse().unwrap_or_default()),
            "/panic" => panic!("as asked"),
            "/loop" => loop {
                std::hint::black_box(());
            },
            "/memory" => text(out, &allocate_for_ever()),
            "/swarm" => text(out, &outbound::swarm(argument)),
            _ => text(out, &(SERVED.fetch_add(1, Ordering::Relaxed) + 1).to_string()),
        }
    }
}

/// Begins an answer with these headers, and gives its body.
fn begin(out: ResponseOutparam, headers: Fields) -> OutgoingBody {
    let response = OutgoingResponse::new(headers);
    let body = response.body().expect("the body is taken once");
    ResponseOutparam::set(out, Ok(response));
    body
}

fn text(out: ResponseOutparam, text: &str) {
    let body = begin(out, Fields::new());
    let stream = body.write().expect("the stream is taken once");
    for part in text.as_bytes().chunks(4096) {
        stream.blocking_write_and_flush(part).expect("the client is there");
    }
    drop(stream);
    OutgoingBody::finish(body, None).expect("the body is whole");
}

/// Sends the body back as it comes, with its trailers.
fn echo(request: &IncomingRequest, out: ResponseOutparam) {
    let incoming = request.consume().expect("the body is taken once");
    let outgoing = begin(out, Fields::new());
    let (from, to) =
        (incoming.stream().expect("the stream is taken once"), outgoing.write().expect("as well"));
    loop {
        match to.blocking_splice(&from, CHUNK) {
            Ok(_) => {}
            Err(StreamError::Closed) => break,
            Err(error) => panic!("the body broke off: {error}"),
        }
    }
    drop((from, to));
    OutgoingBody::finish(outgoing, trailers(incoming)).expect("the body is whole");
}

fn trailers(body: IncomingBody) -> Option<Trailers> {
    let trailers = IncomingBody::finish(body);
    trailers.subscribe().block();
    trailers.get()?.ok()?.ok()?
}

/// Reads the body, and tells how many bytes it had.
fn discard(request: &IncomingRequest) -> String {
    let body = request.consume().expect("the body is taken once");
    let stream: InputStream = body.stream().expect("the stream is taken once");
    let mut count = 0;
    loop {
        match stream.blocking_read(CHUNK) {
            Ok(bytes) => count += bytes.len(),
            Err(StreamError::Closed) => return count.to_string(),
            Err(error) => panic!("the body broke off: {error}"),
        }
    }
}

fn big_header(out: ResponseOutparam, size: usize) {
    let headers = Fields::new();
    headers.set("big", &[vec![b'x'; size]]).expect("a header");
    OutgoingBody::finish(begin(out, headers), None).expect("the body is whole");
}

fn allocate_for_ever() -> String {
    let mut all = Vec::new();
    loop {
        all.push(vec![1_u8; 1 << 20]);
        std::hint::black_box(&all);
    }
}

wasip2::http::proxy::export!(Component);
