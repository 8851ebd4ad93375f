//! Spans of HTTP requests: <https://opentelemetry.io/docs/specs/semconv/http/http-spans/>.
//!
//! Queries are left out, and so are users and passwords of URLs: they may be secrets.

use std::borrow::Cow;
use std::net::IpAddr;

use http::header::{HOST, USER_AGENT};
use http::uri::Authority;
use http::{HeaderMap, HeaderName, Method, Request, StatusCode, Uri, Version};
use opentelemetry::KeyValue;
use opentelemetry::trace::SpanKind;

use super::semantic::{
    CLIENT_ADDRESS, HTTP_REQUEST_METHOD, HTTP_REQUEST_METHOD_ORIGINAL, HTTP_RESPONSE_STATUS_CODE, HTTP_ROUTE,
    NETWORK_PROTOCOL_VERSION, REQUEST_ID, SERVER_ADDRESS, SERVER_PORT, URL_FULL, URL_PATH, URL_SCHEME,
    USER_AGENT_ORIGINAL,
};
use super::span::{Position, Span};

/// Value of the method for one that few know.
const OTHER_METHOD: &str = "_OTHER";

/// What such a request is called.
const OTHER_NAME: &str = "HTTP";

/// Most bytes of a text that a client or a component chose: spans wait in memory.
const MAX_TEXT: usize = 1_024;

/// Begins the span of a client's request, which its route names later.
pub fn server<B>(position: &Position, request: &Request<B>, client: IpAddr, id: &str) -> Span {
    let mut span = position.span(SpanKind::Server, || name(request.method()).into());
    span.record(|| {
        let (uri, headers) = (request.uri(), request.headers());
        let mut attributes = method(request.method());
        attributes.extend([
            KeyValue::new(URL_SCHEME, scheme(uri)),
            KeyValue::new(URL_PATH, short(uri.path())),
            KeyValue::new(CLIENT_ADDRESS, client.to_canonical().to_string()),
            KeyValue::new(REQUEST_ID, id.to_owned()),
        ]);
        attributes.extend(version(request.version()));
        attributes
            .extend(text(headers, &USER_AGENT).map(|agent| KeyValue::new(USER_AGENT_ORIGINAL, short(agent))));
        let host = uri.authority().cloned();
        let host = host.or_else(|| text(headers, &HOST).and_then(|host| Authority::try_from(host).ok()));
        attributes.extend(host.iter().flat_map(|host| server_of(host, None)));
        attributes
    });
    span
}

/// Says how a client's request was answered. `route` is a pattern; none if it has no name.
pub fn answered(span: &mut Span, method: &Method, route: Option<&str>, status: StatusCode) {
    if let Some(route) = route {
        span.rename(|| format!("{} {route}", name(method)));
        span.record(|| [KeyValue::new(HTTP_ROUTE, route.to_owned())]);
    }
    ended(span, status, status.is_server_error());
}

/// Begins the span of a request that goes out; its URI is absolute. Names no path: nobody knows its pattern.
pub fn client<B>(position: &Position, request: &Request<B>) -> Span {
    let mut span = position.span(SpanKind::Client, || name(request.method()).into());
    span.record(|| {
        let uri = request.uri();
        let mut attributes = method(request.method());
        attributes.extend(uri.authority().iter().flat_map(|host| server_of(host, uri.scheme_str())));
        attributes.push(KeyValue::new(URL_FULL, url(uri)));
        attributes
    });
    span
}

/// Says how a request that went out was answered.
pub fn received(span: &mut Span, status: StatusCode) {
    ended(span, status, status.is_client_error() || status.is_server_error());
}

fn ended(span: &mut Span, status: StatusCode, failed: bool) {
    span.record(|| [KeyValue::new(HTTP_RESPONSE_STATUS_CODE, i64::from(status.as_u16()))]);
    if failed {
        span.fail(|| status.as_str().to_owned());
    }
}

/// The method, if it is one of those that have few values.
fn known(method: &Method) -> Option<&'static str> {
    let known = ["GET", "HEAD", "POST", "PUT", "PATCH", "DELETE", "OPTIONS", "TRACE", "CONNECT"];
    known.into_iter().find(|known| *known == method.as_str())
}

fn name(method: &Method) -> &'static str {
    known(method).unwrap_or(OTHER_NAME)
}

fn method(method: &Method) -> Vec<KeyValue> {
    match known(method) {
        Some(known) => vec![KeyValue::new(HTTP_REQUEST_METHOD, known)],
        None => vec![
            KeyValue::new(HTTP_REQUEST_METHOD, OTHER_METHOD),
            KeyValue::new(HTTP_REQUEST_METHOD_ORIGINAL, short(method.as_str())),
        ],
    }
}

fn version(version: Version) -> Option<KeyValue> {
    let text = match version {
        Version::HTTP_10 => "1.0",
        Version::HTTP_11 => "1.1",
        Version::HTTP_2 => "2",
        _ => return None,
    };
    Some(KeyValue::new(NETWORK_PROTOCOL_VERSION, text))
}

fn scheme(uri: &Uri) -> Cow<'static, str> {
    uri.scheme_str().map_or("http".into(), |scheme| scheme.to_owned().into())
}

/// Host and port, which is that of the scheme if none is written.
fn server_of(authority: &Authority, scheme: Option<&str>) -> impl Iterator<Item = KeyValue> {
    let usual = scheme.map(|scheme| if scheme == "https" { 443 } else { 80 });
    let port = authority.port_u16().or(usual);
    let address = KeyValue::new(SERVER_ADDRESS, short(authority.host()));
    std::iter::once(address).chain(port.map(|port| KeyValue::new(SERVER_PORT, i64::from(port))))
}

fn url(uri: &Uri) -> String {
    let authority = uri.authority().map(Authority::as_str).unwrap_or_default();
    let host = authority.rsplit_once('@').map_or(authority, |(_, host)| host);
    short(&format!("{}://{host}{}", scheme(uri), uri.path()))
}

fn text<'a>(headers: &'a HeaderMap, name: &HeaderName) -> Option<&'a str> {
    headers.get(name)?.to_str().ok()
}

fn short(text: &str) -> String {
    text[..text.floor_char_boundary(MAX_TEXT)].to_owned()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_invented_method_has_no_value_of_its_own() {
        let brew = Method::from_bytes(b"BREW").unwrap();
        assert_eq!((name(&brew), name(&Method::GET)), (OTHER_NAME, "GET"));
        assert!(method(&brew).contains(&KeyValue::new(HTTP_REQUEST_METHOD, OTHER_METHOD)));
        assert!(method(&brew).contains(&KeyValue::new(HTTP_REQUEST_METHOD_ORIGINAL, "BREW")));
    }

    #[test]
    fn a_url_shows_neither_user_nor_query() {
        let uri = Uri::from_static("https://user:secret@api.example:8443/a/b?token=secret");
        assert_eq!(url(&uri), "https://api.example:8443/a/b");
    }

    #[test]
    fn a_long_text_is_cut() {
        assert_eq!(short(&"é".repeat(MAX_TEXT)).len(), MAX_TEXT);
        assert_eq!(short(&format!("x{}", "é".repeat(MAX_TEXT))).len(), MAX_TEXT - 1);
    }

    #[test]
    fn a_port_that_is_not_written_is_that_of_the_scheme() {
        let port = |host: &'static str, scheme| {
            server_of(&Authority::from_static(host), scheme).nth(1).map(|port| port.value.to_string())
        };
        assert_eq!(port("a:8080", Some("https")).as_deref(), Some("8080"));
        assert_eq!(port("a", Some("https")).as_deref(), Some("443"));
        assert_eq!(port("a", None), None);
    }
}
