//! The whole table of paths.

use std::fmt::Display;

use bytes::Bytes;
use http::{HeaderMap, Method, Response, request};
use http_body::Body;
use ledger::Store;

use crate::access::Scope;
use crate::answer;
use crate::config::Config;
use crate::error::ApiError;
use crate::query::Query;
use crate::routes::{deliveries, deployments, events, home, promotions};

/// What stands for the route of an unknown path.
pub(crate) const OTHER: &str = "other";

/// One row of the table; ids are as they stand in the path.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Route<'a> {
    Home,
    Deployments,
    Deployment(&'a str),
    Events(&'a str),
    Promotions,
    Promotion(&'a str),
    Retry(&'a str),
    Deliveries,
}

impl<'a> Route<'a> {
    /// The route of a path; a single trailing slash makes no difference.
    pub(crate) fn find(path: &'a str) -> Option<Self> {
        let segments: Vec<&str> = path.strip_suffix('/').unwrap_or(path).split('/').collect();
        match segments.as_slice() {
            [""] => Some(Self::Home),
            ["", "api", "v1", "deployments"] => Some(Self::Deployments),
            ["", "api", "v1", "deployments", id] => Some(Self::Deployment(id)),
            ["", "api", "v1", "deployments", id, "events"] => Some(Self::Events(id)),
            ["", "api", "v1", "promotions"] => Some(Self::Promotions),
            ["", "api", "v1", "promotions", id] => Some(Self::Promotion(id)),
            ["", "api", "v1", "promotions", id, "retry"] => Some(Self::Retry(id)),
            ["", "api", "v1", "deliveries"] => Some(Self::Deliveries),
            _ => None,
        }
    }

    /// The path with names for what varies: a label that cannot grow without bound.
    pub(crate) fn pattern(self) -> &'static str {
        match self {
            Self::Home => "/",
            Self::Deployments => "/api/v1/deployments",
            Self::Deployment(_) => "/api/v1/deployments/{id}",
            Self::Events(_) => "/api/v1/deployments/{id}/events",
            Self::Promotions => "/api/v1/promotions",
            Self::Promotion(_) => "/api/v1/promotions/{id}",
            Self::Retry(_) => "/api/v1/promotions/{id}/retry",
            Self::Deliveries => "/api/v1/deliveries",
        }
    }

    /// The methods, as `Allow` lists them (RFC 9110, section 10.2.1).
    fn allow(self) -> &'static str {
        match self {
            Self::Deployments | Self::Events(_) => "GET, HEAD, OPTIONS, POST",
            Self::Deployment(_) => "GET, HEAD, OPTIONS, PATCH",
            Self::Retry(_) => "OPTIONS, POST",
            _ => "GET, HEAD, OPTIONS",
        }
    }

    /// What a caller must be allowed to do for this method; nothing if the route does not know the method.
    fn scope(self, method: &Method) -> Option<Scope> {
        match *method {
            // It leads to a commit.
            Method::POST if matches!(self, Self::Retry(_)) => Some(Scope::Admin),
            _ if matches!(self, Self::Retry(_)) => None,
            Method::GET | Method::HEAD => Some(Scope::Read),
            Method::POST if matches!(self, Self::Deployments | Self::Events(_)) => Some(Scope::Record),
            Method::PATCH if matches!(self, Self::Deployment(_)) => Some(Scope::Record),
            _ => None,
        }
    }
}

/// Who asks, and in which words.
#[derive(Clone, Copy)]
pub(crate) struct Caller<'a> {
    /// Name of the token; none where access is open.
    pub(crate) name: Option<&'a str>,
    pub(crate) headers: &'a HeaderMap,
}

/// Checks method and access, and calls the handler.
pub(crate) async fn dispatch<B, S>(
    route: Route<'_>,
    head: &request::Parts,
    body: B,
    config: &Config,
    store: &S,
) -> Result<Response<Bytes>, ApiError>
where
    B: Body<Data = Bytes>,
    B::Error: Display,
    S: Store,
{
    if head.method == Method::OPTIONS {
        return Ok(answer::options(route.allow()));
    }
    let scope = route.scope(&head.method).ok_or(ApiError::MethodNotAllowed { allow: route.allow() })?;
    let name = config.access.check(&head.headers, scope)?;
    let caller = Caller { name, headers: &head.headers };
    let query = Query::parse(head.uri.query());
    let patience = config.patience;
    match route {
        Route::Home => home::show(store, patience).await,
        Route::Deployments if head.method == Method::POST => {
            deployments::record(store, &head.headers, body).await
        }
        Route::Deployments => deployments::list(store, patience, &query).await,
        Route::Deployment(id) if head.method == Method::PATCH => {
            deployments::change(store, patience, id, caller, body).await
        }
        Route::Deployment(id) => deployments::show(store, patience, id).await,
        Route::Events(id) if head.method == Method::POST => events::record(store, id, caller, body).await,
        Route::Events(id) => events::list(store, id, &query).await,
        Route::Promotions => promotions::list(store, &query).await,
        Route::Promotion(id) => promotions::show(store, id).await,
        Route::Retry(id) => promotions::retry(store, id).await,
        Route::Deliveries => deliveries::list(store, &query).await,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn paths_find_their_route() {
        let cases = [
            ("/", Some(Route::Home)),
            ("/api/v1/deployments", Some(Route::Deployments)),
            ("/api/v1/deployments/", Some(Route::Deployments)),
            ("/api/v1/deployments/7", Some(Route::Deployment("7"))),
            ("/api/v1/deployments/7/", Some(Route::Deployment("7"))),
            ("/api/v1/deployments//", Some(Route::Deployment(""))),
            ("/api/v1/promotions/", Some(Route::Promotions)),
            ("/api/v1/promotions/7", Some(Route::Promotion("7"))),
            ("/api/v1/promotions/7/retry", Some(Route::Retry("7"))),
            ("/api/v1/promotions/7/again", None),
            ("/api/v1/deliveries", Some(Route::Deliveries)),
            ("/api/v1/deliveries/7", None),
            ("/api/v1/deployments/7/more", None),
            ("/api/v1/deployments/7/events", Some(Route::Events("7"))),
            ("/api/v1/deployments/7/events/", Some(Route::Events("7"))),
            ("/api/v1/deployments/7/events/1", None),
            ("/API/v1/deployments", None),
            ("/api/v1", None),
            ("//", None),
            ("*", None),
        ];
        for (path, route) in cases {
            assert_eq!(Route::find(path), route, "{path}");
        }
    }
}
