//! What a request's head looks like to the upstream.

use std::net::IpAddr;

use http::header::{CONNECTION, COOKIE, HOST, HeaderMap, HeaderValue, TE, UPGRADE};
use http::uri::{Authority, PathAndQuery};
use http::{HeaderName, Version, request};

use super::arguments::Protocol;
use super::{hop, upstream};

const FORWARDED_FOR: HeaderName = HeaderName::from_static("x-forwarded-for");
const FORWARDED_HOST: HeaderName = HeaderName::from_static("x-forwarded-host");
const FORWARDED_PROTO: HeaderName = HeaderName::from_static("x-forwarded-proto");
const TRAILERS: &str = "trailers";

/// Makes the head of a client's request that of the request to `origin`. The host that the client asked for is kept,
/// and so are trace context and whatever else is meant for the end.
pub fn to_upstream(head: &mut request::Parts, client: IpAddr, origin: &Authority, protocol: Protocol) {
    let host = host(head);
    let trailers = hop::has_token(&head.headers, &TE, TRAILERS);
    hop::strip(&mut head.headers);
    forwarded(&mut head.headers, client, host.as_ref());
    if trailers {
        // Trailers are passed on, so that they may go on being asked for; a gRPC server insists on it.
        head.headers.insert(TE, HeaderValue::from_static(TRAILERS));
    }
    let target = head.uri.path_and_query().cloned().unwrap_or_else(|| PathAndQuery::from_static("/"));
    let authority = match protocol {
        Protocol::Http1 => {
            if trailers {
                head.headers.insert(CONNECTION, HeaderValue::from_static("te"));
            }
            join_cookies(&mut head.headers);
            host.and_then(|host| head.headers.insert(HOST, host));
            origin.clone()
        }
        Protocol::H2c => {
            head.headers.remove(HOST);
            host.as_ref().and_then(authority).unwrap_or_else(|| origin.clone())
        }
    };
    head.uri = upstream::uri(authority, target);
    head.version = match protocol {
        Protocol::Http1 => Version::HTTP_11,
        Protocol::H2c => Version::HTTP_2,
    };
}

/// Adds to a stripped head that the connection is to become one of another protocol.
pub fn ask_upgrade(headers: &mut HeaderMap, protocol: HeaderValue) {
    headers.append(CONNECTION, HeaderValue::from_static("upgrade"));
    headers.insert(UPGRADE, protocol);
}

/// The host that the client asked for: its URI's, or else what `Host` says,
/// <https://www.rfc-editor.org/rfc/rfc9112#section-3.2.2>.
fn host(head: &request::Parts) -> Option<HeaderValue> {
    let named = head.uri.authority().and_then(|authority| HeaderValue::from_str(authority.as_str()).ok());
    named.or_else(|| head.headers.get(HOST).cloned())
}

/// The host as an authority, which has no user: <https://www.rfc-editor.org/rfc/rfc9113#section-8.3.1>.
fn authority(host: &HeaderValue) -> Option<Authority> {
    Authority::try_from(host.as_bytes()).ok().filter(|authority| !authority.as_str().contains('@'))
}

/// Says who asked and for which host. A proxy before us that ended TLS knows host and protocol better.
fn forwarded(headers: &mut HeaderMap, client: IpAddr, host: Option<&HeaderValue>) {
    let mut hops: Vec<String> = headers
        .get_all(FORWARDED_FOR)
        .iter()
        .filter_map(|value| value.to_str().ok())
        .map(str::to_owned)
        .collect();
    hops.push(client.to_canonical().to_string());
    if let Ok(hops) = HeaderValue::from_str(&hops.join(", ")) {
        headers.insert(FORWARDED_FOR, hops);
    }
    headers.entry(FORWARDED_PROTO).or_insert(HeaderValue::from_static("http"));
    if let Some(host) = host {
        headers.entry(FORWARDED_HOST).or_insert_with(|| host.clone());
    }
}

/// HTTP/2 may split a cookie, HTTP/1.1 must have it in one line:
/// <https://www.rfc-editor.org/rfc/rfc9113#section-8.2.3>.
fn join_cookies(headers: &mut HeaderMap) {
    let cookies: Vec<&[u8]> = headers.get_all(COOKIE).iter().map(HeaderValue::as_bytes).collect();
    if cookies.len() > 1
        && let Ok(joined) = HeaderValue::from_bytes(&cookies.join(b"; ".as_slice()))
    {
        headers.insert(COOKIE, joined);
    }
}

#[cfg(test)]
mod tests {
    use std::net::Ipv4Addr;

    use super::*;

    fn passed(uri: &str, headers: &[(&'static str, &'static str)], protocol: Protocol) -> request::Parts {
        let mut request = http::Request::builder().uri(uri);
        for (name, value) in headers {
            request = request.header(*name, *value);
        }
        let (mut head, ()) = request.body(()).unwrap().into_parts();
        let origin = Authority::from_static("127.0.0.1:80");
        to_upstream(&mut head, IpAddr::V4(Ipv4Addr::new(10, 0, 0, 7)), &origin, protocol);
        head
    }

    #[test]
    fn the_host_that_was_asked_for_is_kept() {
        let http1 = passed("/a?b", &[("host", "shop.example")], Protocol::Http1);
        assert_eq!(
            (http1.headers[HOST].as_bytes(), http1.uri.to_string()),
            (&b"shop.example"[..], "http://127.0.0.1:80/a?b".into())
        );
        let h2c = passed("/a?b", &[("host", "shop.example")], Protocol::H2c);
        assert_eq!((h2c.headers.get(HOST), h2c.uri.to_string()), (None, "http://shop.example/a?b".into()));
        let absolute = passed("http://shop.example/", &[("host", "evil.example")], Protocol::Http1);
        assert_eq!(absolute.headers[HOST], "shop.example", "the host of the URI counts");
    }

    #[test]
    fn a_host_that_is_none_does_not_get_into_the_uri() {
        for host in ["", "a b", "user@a"] {
            let head = passed("/", &[("host", host)], Protocol::H2c);
            assert_eq!(head.uri, "http://127.0.0.1:80/", "{host:?}");
        }
    }

    #[test]
    fn the_client_is_appended_and_what_a_tls_proxy_said_is_kept() {
        let given = [
            ("host", "inner"),
            ("x-forwarded-for", "1.2.3.4"),
            ("x-forwarded-for", "5.6.7.8"),
            ("x-forwarded-proto", "https"),
            ("x-forwarded-host", "shop.example"),
            ("forwarded", "for=1.2.3.4"),
        ];
        let headers = passed("/", &given, Protocol::Http1).headers;
        assert_eq!(headers[FORWARDED_FOR], "1.2.3.4, 5.6.7.8, 10.0.0.7");
        assert_eq!(
            (&headers[FORWARDED_PROTO], &headers[FORWARDED_HOST]),
            (&HeaderValue::from_static("https"), &HeaderValue::from_static("shop.example"))
        );
        assert_eq!(headers["forwarded"], "for=1.2.3.4");
    }

    #[test]
    fn only_trailers_are_asked_for_on_the_next_hop() {
        let given = [("te", "gzip, trailers"), ("connection", "te, x-forwarded-for")];
        let http1 = passed("/", &given, Protocol::Http1).headers;
        assert_eq!(
            (&http1[TE], &http1[CONNECTION]),
            (&HeaderValue::from_static("trailers"), &HeaderValue::from_static("te"))
        );
        assert_eq!(http1[FORWARDED_FOR], "10.0.0.7", "Connection cannot name away what we add");
        assert_eq!(passed("/", &given, Protocol::H2c).headers.get(CONNECTION), None);
        assert_eq!(passed("/", &[("te", "gzip")], Protocol::Http1).headers.get(TE), None);
    }

    #[test]
    fn a_target_that_is_no_path_is_passed_on() {
        let head = passed("*", &[("host", "a")], Protocol::Http1);
        assert_eq!(head.uri.path_and_query().map(PathAndQuery::as_str), Some("*"));
        assert_eq!(head.uri.authority().map(Authority::as_str), Some("127.0.0.1:80"));
    }

    #[test]
    fn a_split_cookie_is_joined_for_http1_only() {
        let given = [("cookie", "a=1"), ("cookie", "b=2")];
        assert_eq!(passed("/", &given, Protocol::Http1).headers[COOKIE], "a=1; b=2");
        assert_eq!(passed("/", &given, Protocol::H2c).headers.get_all(COOKIE).iter().count(), 2);
    }
}
