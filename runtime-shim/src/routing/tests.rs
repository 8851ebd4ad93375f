use std::collections::HashMap;

use http::{HeaderName, Uri};
use proptest::prelude::*;

use super::pattern::PatternError;
use super::{Match, Route, RouteError, Router, is_spin_header, spin_headers};

/// A router whose component `n` has the `n`th route.
fn router(routes: &[&str]) -> Router {
    try_router(routes).expect("routes that are fine")
}

fn try_router(routes: &[&str]) -> Result<Router, Vec<RouteError>> {
    Router::build(routes.iter().enumerate().map(|(component, route)| Route { route, component }))
}

/// The route that `path` leads to, as written.
fn winner<'a>(routes: &[&'a str], path: &str) -> Option<&'a str> {
    router(routes).route(path).map(|found| routes[found.component])
}

fn reason(route: &str) -> Option<PatternError> {
    match try_router(&[route]).err()?.pop() {
        Some(RouteError::Invalid { reason, .. }) => Some(reason),
        _ => None,
    }
}

#[test]
fn an_exact_route_matches_its_path_with_or_without_a_slash_at_the_end() {
    let routes = ["/api/users"];
    assert_eq!(winner(&routes, "/api/users"), Some("/api/users"));
    assert_eq!(winner(&routes, "/api/users/"), Some("/api/users"));
    for path in ["/api", "/api/users/1", "/api/usersx", "/API/users", "/api//users", "/"] {
        assert_eq!(winner(&routes, path), None, "{path}");
    }
}

#[test]
fn a_slash_at_the_end_of_a_route_or_none_at_its_start_makes_no_difference() {
    assert_eq!(winner(&["/foo/"], "/foo"), Some("/foo/"));
    assert_eq!(winner(&["foo"], "/foo"), Some("foo"));
    assert_eq!(winner(&["/"], "/"), Some("/"));
    assert_eq!(winner(&["/"], "/foo"), None);
}

#[test]
fn a_trailing_wildcard_matches_its_prefix_and_everything_below() {
    for route in ["/test/...", "/test/*"] {
        let router = router(&[route]);
        let trailing = |path| router.route(path).map(|found: Match| found.trailing.to_owned());
        for (path, expected) in [
            ("/test", Some("")),
            ("/test/", Some("/")),
            ("/test//", Some("/")),
            ("/test/hello", Some("/hello")),
            ("/test/hello/", Some("/hello/")),
            ("/test/a//b", Some("/a//b")),
            ("//test/hello", Some("/hello")),
            ("/tests", None),
            ("/", None),
        ] {
            assert_eq!(trailing(path).as_deref(), expected, "{route} {path}");
        }
    }
}

#[test]
fn the_wildcard_of_the_root_matches_every_path() {
    let router = router(&["/..."]);
    for path in ["/", "/1/2/3", "/abc/", "*"] {
        assert_eq!(router.route(path).map(|found| found.trailing), Some(path));
    }
}

#[test]
fn named_segments_are_captured_in_order_and_undecoded() {
    let router = router(&["/orgs/:org/users/:user_id/..."]);
    let found = router.route("/orgs/a%2Fb/users/42/x").expect("a match");
    assert_eq!(found.named, [("org", "a%2Fb"), ("user_id", "42")]);
    assert_eq!(found.trailing, "/x");
    assert_eq!(found.pattern, "/orgs/:org/users/:user_id/...");
    assert!(router.route("/orgs/a/users").is_none());
}

#[test]
fn a_named_segment_at_the_end_does_not_match_nothing() {
    assert_eq!(winner(&["/users/:id"], "/users/"), None);
    assert_eq!(winner(&["/:id/..."], "/"), None);
}

#[test]
fn text_wins_over_a_name_and_a_name_over_the_wildcard_whatever_the_order() {
    let mut routes =
        ["/users/me", "/users/:id", "/users/...", "/users/:id/...", "/users/me/posts/...", "/..."];
    for _ in 0..2 {
        assert_eq!(winner(&routes, "/users/me"), Some("/users/me"));
        assert_eq!(winner(&routes, "/users/7"), Some("/users/:id"));
        assert_eq!(winner(&routes, "/users"), Some("/users/..."));
        assert_eq!(winner(&routes, "/users/me/x"), Some("/users/:id/..."));
        assert_eq!(winner(&routes, "/users/me/posts/1"), Some("/users/me/posts/..."));
        assert_eq!(winner(&routes, "/other"), Some("/..."));
        routes.reverse();
    }
}

#[test]
fn a_more_specific_route_that_fails_late_leaves_the_path_to_another() {
    assert_eq!(winner(&["/a/:x/c", "/:y/b/d"], "/a/b/d"), Some("/:y/b/d"));
}

#[test]
fn pattern_is_a_label_with_one_slash_before_it_and_none_behind() {
    for (route, path, pattern) in
        [("/", "/", "/"), ("foo/", "/foo", "/foo"), ("/...", "/x", "/..."), ("/a/:b", "/a/1", "/a/:b")]
    {
        assert_eq!(
            router(&[route]).route(path).map(|found| found.pattern.to_owned()).as_deref(),
            Some(pattern)
        );
    }
}

#[test]
fn routes_that_match_the_same_paths_are_all_reported() {
    let routes = ["/a", "/b/:x", "/c/...", "/a/", "/b/:y", "/c/*"];
    let errors = try_router(&routes).expect_err("three duplicates");
    let pairs: Vec<_> = errors.iter().map(ToString::to_string).collect();
    assert_eq!(
        pairs,
        [
            r#"route "/a/" matches the same paths as "/a""#,
            r#"route "/b/:y" matches the same paths as "/b/:x""#,
            r#"route "/c/*" matches the same paths as "/c/...""#,
        ]
    );
}

#[test]
fn malformed_routes_are_refused_each_with_its_reason() {
    for (route, expected) in [
        ("/a/.../b", PatternError::WildcardNotLast),
        ("/*/b", PatternError::WildcardNotLast),
        ("/a/*rest", PatternError::NamedWildcard),
        ("/a/:", PatternError::InvalidName),
        ("/a/:file.json", PatternError::InvalidName),
        ("/:a/:a", PatternError::RepeatedName),
        ("/a b", PatternError::InvalidCharacter),
        ("/a?b=c", PatternError::InvalidCharacter),
    ] {
        assert_eq!(reason(route), Some(expected), "{route}");
    }
}

fn headers(routes: &[&str], url: &str) -> HashMap<String, String> {
    let router = router(routes);
    let uri: Uri = url.parse().expect("a URL");
    let found = router.route(uri.path()).expect("a match");
    header_map(&found, &uri)
}

fn header_map(found: &Match, uri: &Uri) -> HashMap<String, String> {
    spin_headers(found, uri, "example.com:3000", "127.0.0.1:8777".parse().expect("an address"))
        .into_iter()
        .map(|(name, value)| (name.to_string(), value.to_str().expect("ASCII").to_owned()))
        .collect()
}

fn expected_headers(pairs: &[(&str, &str)]) -> HashMap<String, String> {
    pairs.iter().map(|(name, value)| ((*name).to_owned(), (*value).to_owned())).collect()
}

#[test]
fn a_component_is_told_how_its_request_was_routed() {
    assert_eq!(
        headers(&["/foo/:user_ID/..."], "https://example.com/foo/42/bar?key=value"),
        expected_headers(&[
            ("spin-path-info", "/bar"),
            ("spin-full-url", "https://example.com:3000/foo/42/bar?key=value"),
            ("spin-matched-route", "/foo/:user_ID/..."),
            ("spin-base-path", "/"),
            ("spin-raw-component-route", "/foo/:user_ID/..."),
            ("spin-component-route", "/foo/:user_ID"),
            ("spin-client-addr", "127.0.0.1:8777"),
            ("spin-path-match-user-id", "42"),
        ])
    );
}

#[test]
fn route_headers_keep_what_the_manifest_wrote_except_for_slashes_at_the_end() {
    let root = headers(&["/"], "/");
    assert_eq!((root["spin-matched-route"].as_str(), root["spin-raw-component-route"].as_str()), ("", "/"));
    assert_eq!((root["spin-component-route"].as_str(), root["spin-path-info"].as_str()), ("/", ""));
    let all = headers(&["/..."], "/x");
    assert_eq!((all["spin-matched-route"].as_str(), all["spin-component-route"].as_str()), ("/...", ""));
    let slash = headers(&["foo/"], "/foo");
    assert_eq!(
        (slash["spin-matched-route"].as_str(), slash["spin-component-route"].as_str()),
        ("/foo", "foo/")
    );
    assert_eq!(slash["spin-full-url"], "http://example.com:3000/foo");
}

#[test]
fn a_request_that_names_its_component_is_routed_as_by_the_wildcard_of_the_root() {
    let router = router(&["/a"]);
    let found = router.direct(7, "/private/x/");
    assert_eq!((found.component, found.pattern, found.trailing), (7, "/...", "/private/x/"));
    let headers = header_map(&found, &"/private/x/".parse().expect("a URL"));
    assert_eq!(headers["spin-matched-route"], "/...");
    assert_eq!(headers["spin-path-info"], "/private/x/");
}

#[test]
fn headers_that_only_the_host_may_set_are_told_from_others() {
    let is = |name: &'static str| is_spin_header(&HeaderName::from_static(name));
    for name in headers(&["/:id"], "/1").keys() {
        assert!(is_spin_header(&name.parse().expect("a name")), "{name}");
    }
    assert!(is("spin-path-match-anything"));
    assert!(!is("spin-custom") && !is("host") && !is("x-client-addr"));
}

/// Segments of a route or path; routes and paths are drawn from few letters so that they often meet.
fn segments(of: &'static [&'static str]) -> impl Strategy<Value = String> {
    prop::collection::vec(prop::sample::select(of), 0..4).prop_map(|texts| format!("/{}", texts.join("/")))
}

fn route() -> impl Strategy<Value = String> {
    (segments(&["a", "b", ":x"]), any::<bool>()).prop_map(|(path, wildcard)| match wildcard {
        // A name can stand only once in a route.
        true => format!("{}/...", number_names(&path).trim_end_matches('/')),
        false => number_names(&path),
    })
}

fn number_names(route: &str) -> String {
    route.split(":x").enumerate().fold(String::new(), |all, (at, text)| match at {
        0 => text.to_owned(),
        _ => format!("{all}:x{at}{text}"),
    })
}

/// Ranks a match of `route` and `path`: one letter for each segment of the route, `None` without a match.
fn naive_match(route: &[&str], path: &[&str]) -> Option<String> {
    match (route, path) {
        (["..."], _) => Some("3".to_owned()),
        ([], []) => Some("0".to_owned()),
        ([segment, route @ ..], [_, path @ ..]) if segment.starts_with(':') => {
            Some(format!("2{}", naive_match(route, path)?))
        }
        ([segment, route @ ..], [text, path @ ..]) if segment == text => {
            Some(format!("1{}", naive_match(route, path)?))
        }
        _ => None,
    }
}

fn split(path: &str) -> Vec<&str> {
    let trimmed = path.trim_matches('/');
    if trimmed.is_empty() { Vec::new() } else { trimmed.split('/').collect() }
}

proptest! {
    #[test]
    fn the_router_agrees_with_trying_every_route(
        mut routes in prop::collection::vec(route(), 1..8),
        path in segments(&["a", "b", "c", ""]),
    ) {
        routes.sort();
        routes.dedup();
        let routes: Vec<&str> = routes.iter().map(String::as_str).collect();
        let ranked = routes.iter().filter_map(|route| Some((naive_match(&split(route), &split(&path))?, *route)));
        let expected = ranked.min().map(|(_, route)| route);
        prop_assert_eq!(winner(&routes, &path), expected, "{} in {:?}", path, routes);
    }

    #[test]
    fn what_was_captured_put_into_the_route_gives_the_path_back(route in route(), path in segments(&["a", "b", "c"])) {
        let router = router(&[&route]);
        if let Some(found) = router.route(&path) {
            let filled = found.named.iter().fold(route.replace("/...", found.trailing), |route, (name, value)| {
                route.replace(&format!(":{name}"), value)
            });
            prop_assert_eq!(filled.trim_end_matches('/'), path.trim_end_matches('/'));
        }
    }

    #[test]
    fn no_route_or_path_makes_the_router_panic(route in "\\PC{0,20}", path in "\\PC{0,20}") {
        if let Ok(router) = try_router(&[&route]) {
            let _ = router.route(&path);
        }
    }
}
