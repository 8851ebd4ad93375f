//! Says hello; needs nothing of its host but HTTP, so that any host can run it.
#![cfg(target_family = "wasm")]

use spin_sdk::http::{IntoResponse, Request};
use spin_sdk::http_service;

#[http_service]
async fn handle(_request: Request) -> impl IntoResponse {
    "hello"
}
