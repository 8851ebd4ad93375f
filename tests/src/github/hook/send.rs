//! Deliveries that really go out.

use std::sync::Arc;
use std::time::{Duration, Instant};

use chrono::Utc;

use super::attempt::{Attempt, Reply};
use super::log::Hook;
use crate::github::state::State;
use crate::http::HttpClient;
use crate::webhook::Delivery;

/// How long GitHub waits for an answer:
/// <https://docs.github.com/webhooks/using-webhooks/best-practices-for-using-webhooks#respond-within-10-seconds>
const DEADLINE: Duration = Duration::from_secs(10);
/// When a delivery goes out that somebody wants again: after the answer to that request.
const PAUSE: Duration = Duration::from_millis(50);

/// Sends a delivery to a hook, and writes down what came of it.
pub async fn deliver(state: &State, hook: &Hook, delivery: Delivery, redelivery: bool) -> Attempt {
    let (delivered_at, start) = (Utc::now(), Instant::now());
    let reply = send(hook, &delivery).await;
    let duration = start.elapsed();
    state.hooks().record(Attempt {
        id: 0,
        hook: hook.id,
        delivered_at,
        redelivery,
        duration,
        reply,
        delivery,
    })
}

/// Sends what was sent in an attempt once more, a moment later.
pub fn redeliver_later(state: Arc<State>, hook: Hook, attempt: Attempt) {
    tokio::spawn(async move {
        tokio::time::sleep(PAUSE).await;
        deliver(&state, &hook, attempt.delivery, true).await;
    });
}

async fn send(hook: &Hook, delivery: &Delivery) -> Reply {
    let delivery = delivery.clone().of_hook(hook.id, hook.owner.kind()).signed(&hook.secret);
    // A client of its own: one that is shared would leave its connections to the runtime of whoever came first.
    let client = HttpClient::new();
    match tokio::time::timeout(DEADLINE, delivery.send(&client, &hook.url)).await {
        Ok(Ok(answer)) => Reply::Status(answer.status),
        Ok(Err(_)) => Reply::NotConnected,
        Err(_) => Reply::TimedOut,
    }
}
