//! From a path to the component that answers it.

use std::collections::HashMap;

use http::{HeaderName, HeaderValue};
use thiserror::Error;

use super::headers::path_match_header;
use super::pattern::{Pattern, PatternError, Segment};

/// A route of the manifest and the component that it leads to.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Route<'a> {
    /// The route as the manifest writes it.
    pub route: &'a str,
    /// Index of the component, given back by [`Router::route`].
    pub component: usize,
}

/// A route that a [`Router`] cannot be built with.
#[derive(Debug, Clone, PartialEq, Eq, Error)]
pub enum RouteError {
    /// The route is malformed.
    #[error("route {route:?}: {reason}")]
    Invalid {
        /// The route as written.
        route: String,
        /// The component it leads to.
        component: usize,
        /// What is wrong with it.
        reason: PatternError,
    },
    /// Two routes match the same paths, so that one of them would never be used.
    #[error("route {route:?} matches the same paths as {earlier:?}")]
    Duplicate {
        /// The route as written.
        route: String,
        /// The component it leads to.
        component: usize,
        /// The route that came first, as written.
        earlier: String,
        /// The component that the first one leads to.
        earlier_component: usize,
    },
}

/// The routes of an application.
#[derive(Debug, Clone)]
pub struct Router {
    /// Routes that match one path each, by that path without slashes around it.
    exact: HashMap<String, Entry>,
    /// All other routes, the most specific first: the first that matches is meant.
    patterns: Vec<Entry>,
    /// The route of requests that name their component: everything.
    direct: Entry,
}

/// A route that matched.
#[derive(Debug, Clone)]
pub struct Match<'r, 'p> {
    /// Index of the component.
    pub component: usize,
    /// The route, with a slash before and none behind it: a name for this route, fit for a metric.
    pub pattern: &'r str,
    /// The named segments and what the path has in their place, in the order of the route.
    pub named: Vec<(&'r str, &'p str)>,
    /// What the trailing wildcard stands for, with the slash before it; empty without one.
    pub trailing: &'p str,
    pub(super) entry: &'r Entry,
}

/// One route with everything about it that no request changes.
#[derive(Debug, Clone)]
pub(super) struct Entry {
    parsed: Pattern,
    component: usize,
    pattern: String,
    /// Values of the headers of the same names, see [`super::headers`].
    pub matched_route: HeaderValue,
    pub raw_component_route: HeaderValue,
    pub component_route: HeaderValue,
    /// Header for each named segment.
    pub path_match: Vec<HeaderName>,
}

impl Router {
    /// Builds a router, or says everything that is wrong with the routes.
    pub fn build<'a>(routes: impl IntoIterator<Item = Route<'a>>) -> Result<Self, Vec<RouteError>> {
        let mut errors = Vec::new();
        let mut shapes: HashMap<String, Route> = HashMap::new();
        let mut exact = HashMap::new();
        let mut patterns = Vec::new();
        for route in routes {
            let entry = match Entry::new(route) {
                Ok(entry) => entry,
                Err(reason) => {
                    let (route, component) = (route.route.to_owned(), route.component);
                    errors.push(RouteError::Invalid { route, component, reason });
                    continue;
                }
            };
            if let Some(earlier) = shapes.get(&entry.parsed.shape()) {
                errors.push(RouteError::duplicate(route, *earlier));
                continue;
            }
            shapes.insert(entry.parsed.shape(), route);
            match entry.parsed.only_path() {
                Some(path) => drop(exact.insert(path, entry)),
                None => patterns.push(entry),
            }
        }
        patterns.sort_by_key(|entry: &Entry| entry.parsed.rank());
        if errors.is_empty() {
            Ok(Self { exact, patterns, direct: Entry::everything() })
        } else {
            Err(errors)
        }
    }

    /// Finds the route that is meant by a request path (without its query).
    pub fn route<'r, 'p>(&'r self, path: &'p str) -> Option<Match<'r, 'p>> {
        if let Some(entry) = self.exact.get(path.trim_matches('/')) {
            return Some(entry.matched(Vec::new(), ""));
        }
        self.patterns.iter().find_map(|entry| entry.captures(path))
    }

    /// The match of a request that names its component by host (`http://<id>.spin.internal`) instead of by route:
    /// as if that component had the route `/...` and no other existed.
    pub fn direct<'r, 'p>(&'r self, component: usize, path: &'p str) -> Match<'r, 'p> {
        Match { component, ..self.direct.matched(Vec::new(), path) }
    }
}

impl RouteError {
    fn duplicate(route: Route, earlier: Route) -> Self {
        Self::Duplicate {
            route: route.route.to_owned(),
            component: route.component,
            earlier: earlier.route.to_owned(),
            earlier_component: earlier.component,
        }
    }
}

impl Entry {
    fn new(Route { route, component }: Route) -> Result<Self, PatternError> {
        let parsed = Pattern::parse(route)?;
        // Spin serves under the base `/`, and joins base and route after taking the slash from the end of both. So
        // the route `/` is reported to the application as an empty string.
        let absolute = if route.starts_with('/') { route.to_owned() } else { format!("/{route}") };
        let based = absolute.trim_end_matches('/');
        let value =
            |text: &str| HeaderValue::from_bytes(text.as_bytes()).map_err(|_| PatternError::InvalidCharacter);
        Ok(Self {
            component,
            matched_route: value(based)?,
            raw_component_route: value(route)?,
            component_route: value(route.strip_suffix("/...").unwrap_or(route))?,
            path_match: parsed.names().filter_map(path_match_header).collect(),
            pattern: if based.is_empty() { "/".to_owned() } else { based.to_owned() },
            parsed,
        })
    }

    /// The route `/...`.
    fn everything() -> Self {
        Self {
            parsed: Pattern { segments: Vec::new(), wildcard: true },
            component: 0,
            pattern: "/...".to_owned(),
            matched_route: HeaderValue::from_static("/..."),
            raw_component_route: HeaderValue::from_static("/..."),
            component_route: HeaderValue::from_static(""),
            path_match: Vec::new(),
        }
    }

    fn matched<'r, 'p>(&'r self, named: Vec<(&'r str, &'p str)>, trailing: &'p str) -> Match<'r, 'p> {
        Match { component: self.component, pattern: &self.pattern, named, trailing, entry: self }
    }

    /// Matches a path segment by segment. Slashes around the path do not count.
    fn captures<'r, 'p>(&'r self, path: &'p str) -> Option<Match<'r, 'p>> {
        let end = path.trim_end_matches('/').len();
        let mut at = path.len() - path.trim_start_matches('/').len();
        let mut named = Vec::new();
        // At `end` or behind it, the path has no segment left.
        for segment in &self.parsed.segments {
            let rest = path.get(at..end).filter(|rest| !rest.is_empty())?;
            let text = rest.split('/').next()?;
            match segment {
                Segment::Static(expected) if expected != text => return None,
                Segment::Static(_) => {}
                Segment::Named(name) => named.push((name.as_str(), text)),
            }
            at += text.len() + 1;
        }
        match (self.parsed.wildcard, at < end) {
            (true, _) => Some(self.matched(named, trailing(path, at.min(end + 1), end))),
            (false, true) => None,
            (false, false) => Some(self.matched(named, "")),
        }
    }
}

/// What lies behind the matched segments: from the slash before `at`, and with at most one slash at the end.
fn trailing(path: &str, at: usize, end: usize) -> &str {
    let with_slash = path.len().min(end + 1);
    path.get(at.saturating_sub(1)..with_slash).unwrap_or_default()
}
