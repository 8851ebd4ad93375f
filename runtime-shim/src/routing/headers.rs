//! The headers by which a component learns how its request was routed:
//! <https://spinframework.dev/http-trigger#additional-request-information>.

use std::net::SocketAddr;

use http::{HeaderName, HeaderValue, Uri};

use super::Match;

static PATH_INFO: HeaderName = HeaderName::from_static("spin-path-info");
static FULL_URL: HeaderName = HeaderName::from_static("spin-full-url");
static MATCHED_ROUTE: HeaderName = HeaderName::from_static("spin-matched-route");
static BASE_PATH: HeaderName = HeaderName::from_static("spin-base-path");
static RAW_COMPONENT_ROUTE: HeaderName = HeaderName::from_static("spin-raw-component-route");
static COMPONENT_ROUTE: HeaderName = HeaderName::from_static("spin-component-route");
static CLIENT_ADDR: HeaderName = HeaderName::from_static("spin-client-addr");

/// Start of the names of the headers that carry named segments.
const PATH_MATCH: &str = "spin-path-match-";

/// The headers to add to a routed request. `host` is the host that the client asked for, with its port.
///
/// A value that no header can hold is left out.
pub fn spin_headers(
    matched: &Match<'_, '_>,
    uri: &Uri,
    host: &str,
    client: SocketAddr,
) -> Vec<(HeaderName, HeaderValue)> {
    let scheme = uri.scheme_str().unwrap_or("http");
    let target = uri.path_and_query().map_or("/", |target| target.as_str());
    let entry = matched.entry;
    let mut headers = Vec::with_capacity(7 + matched.named.len());
    headers.extend([
        (MATCHED_ROUTE.clone(), entry.matched_route.clone()),
        (BASE_PATH.clone(), HeaderValue::from_static("/")),
        (RAW_COMPONENT_ROUTE.clone(), entry.raw_component_route.clone()),
        (COMPONENT_ROUTE.clone(), entry.component_route.clone()),
    ]);
    let mut push = |name: &HeaderName, value: &str| {
        headers.extend(HeaderValue::from_bytes(value.as_bytes()).ok().map(|value| (name.clone(), value)));
    };
    push(&PATH_INFO, matched.trailing);
    push(&FULL_URL, &format!("{scheme}://{host}{target}"));
    push(&CLIENT_ADDR, &client.to_string());
    for (name, (_, value)) in entry.path_match.iter().zip(&matched.named) {
        push(name, value);
    }
    headers
}

/// Whether a header is one of those that only the host may set. They must be taken out of a request before
/// [`spin_headers`] are added: a component reads the first of several, so a client could pass for another address.
pub fn is_spin_header(name: &HeaderName) -> bool {
    let fixed = [
        &PATH_INFO,
        &FULL_URL,
        &MATCHED_ROUTE,
        &BASE_PATH,
        &RAW_COMPONENT_ROUTE,
        &COMPONENT_ROUTE,
        &CLIENT_ADDR,
    ];
    fixed.contains(&name) || name.as_str().starts_with(PATH_MATCH)
}

/// The header that carries a named segment: in lower case, `_` turned into `-`.
pub(super) fn path_match_header(segment: &str) -> Option<HeaderName> {
    let name = format!("{PATH_MATCH}{}", segment.replace('_', "-"));
    HeaderName::from_bytes(name.as_bytes()).ok()
}
