//! Requests to other hosts, very many at once.

use std::collections::BTreeMap;

use wasip2::http::outgoing_handler::handle;
use wasip2::http::types::{Fields, FutureIncomingResponse, OutgoingRequest, Scheme};

/// Begins `count` requests to `authority/path`, as `count&authority&path` says, before it waits for the first. Tells how
/// each ended, with how often.
pub fn swarm(argument: &str) -> String {
    let mut parts = argument.split('&');
    let count = parts.next().and_then(|count| count.parse().ok()).unwrap_or_default();
    let (authority, path) = (parts.next().unwrap_or_default(), parts.next().unwrap_or("/"));
    let begun: Vec<_> = (0..count).map(|_| begin(authority, path)).collect();
    let mut ends = BTreeMap::<String, u32>::new();
    for answer in begun {
        let end = answer.and_then(|answer| status(&answer)).unwrap_or_else(|error| error);
        *ends.entry(end).or_default() += 1;
    }
    ends.into_iter().map(|(end, count)| format!("{end}: {count}\n")).collect()
}

fn begin(authority: &str, path: &str) -> Result<FutureIncomingResponse, String> {
    let request = OutgoingRequest::new(Fields::new());
    let set = [
        request.set_scheme(Some(&Scheme::Http)),
        request.set_authority(Some(authority)),
        request.set_path_with_query(Some(path)),
    ];
    if set.contains(&Err(())) {
        return Err("InvalidUrl".to_owned());
    }
    handle(request, None).map_err(|error| format!("{error:?}"))
}

fn status(answer: &FutureIncomingResponse) -> Result<String, String> {
    answer.subscribe().block();
    let answer = answer.get().ok_or("nothing")?.map_err(|()| "taken")?;
    answer.map(|answer| answer.status().to_string()).map_err(|error| format!("{error:?}"))
}
