//! The URL table.

use std::sync::Arc;

use axum::Router;
use axum::extract::DefaultBodyLimit;
use axum::routing::{get, patch, post};

use super::control;
use super::error::ApiError;
use super::graphql;
use super::rest::{commits, contents, git_data, hooks, refs};
use super::state::State;

/// Where paths begin that are the double's own: no token, no faults, no log.
pub const CONTROL: &str = "/_double/";

/// Every path that the double answers; all others, and all other methods, are 404 as at GitHub.
pub fn routes(state: Arc<State>) -> Router {
    let repository = Router::new()
        .route("/contents", get(contents::get_root))
        .route("/contents/", get(contents::get_root))
        .route("/contents/{*path}", get(contents::get).put(contents::put))
        .route("/commits", get(commits::list))
        .route("/commits/{*reference}", get(commits::get))
        .route("/git/blobs", post(git_data::create_blob))
        .route("/git/trees", post(git_data::create_tree))
        .route("/git/commits", post(git_data::create_commit))
        .route("/git/commits/{sha}", get(git_data::get_commit))
        .route("/git/ref/{*reference}", get(refs::get))
        .route("/git/refs", post(refs::create))
        .route("/git/refs/{*reference}", patch(refs::update))
        .merge(hook_log());
    Router::new()
        .nest("/repos/{owner}/{name}", repository)
        .nest("/orgs/{owner}", hook_log())
        .route("/app/hook/deliveries", get(hooks::of_app))
        .route("/app/hook/deliveries/{attempt}/attempts", post(hooks::of_app))
        .route("/graphql", post(graphql::post))
        .route("/api/graphql", post(graphql::post))
        .route(
            "/_double/faults",
            get(control::list_faults).post(control::add_faults).delete(control::clear_faults),
        )
        .route("/_double/hooks", post(control::create_hook))
        .route("/_double/hooks/{hook}/deliveries", post(control::deliver))
        .route("/_double/log", get(control::log))
        .fallback(async || ApiError::not_found())
        .method_not_allowed_fallback(async || ApiError::not_found())
        .layer(DefaultBodyLimit::disable())
        .with_state(state)
}

/// The paths of a hook's log, below those of its owner.
fn hook_log() -> Router<Arc<State>> {
    Router::new()
        .route("/hooks/{hook}/deliveries", get(hooks::deliveries))
        .route("/hooks/{hook}/deliveries/{attempt}/attempts", post(hooks::redeliver))
}
