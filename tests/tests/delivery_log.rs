//! The client of the delivery log against the double, over real HTTP.

use std::collections::HashSet;
use std::time::Duration;

use bytes::Bytes;
use gitops::host::{ApiUrl, Attempt, DeliveryLog, GitHub, Hook, HostError, Outcome};
use gitops::http::{Http, HttpError};
use hyper::http::{Request, Response};
use serde_json::json;
use tests::github::{Effect, Fault, GithubDouble, Options};
use tests::http::HttpClient;
use tests::wait::eventually;
use tests::webhook::Delivery;

struct Client(HttpClient);

impl Http for Client {
    async fn send(&self, request: Request<Bytes>) -> Result<Response<Bytes>, HttpError> {
        let failed = |error: &dyn std::error::Error| HttpError::new(error.to_string());
        let (head, body) = request.into_parts();
        let headers: Vec<(&str, &str)> = head
            .headers
            .iter()
            .filter_map(|(name, value)| Some((name.as_str(), value.to_str().ok()?)))
            .collect();
        let answer = self.0.send(head.method, &head.uri.to_string(), &headers, body).await;
        let answer = answer.map_err(|error| failed(&error))?;
        let mut response = Response::new(answer.body);
        *response.status_mut() =
            hyper::StatusCode::from_u16(answer.status).map_err(|error| failed(&error))?;
        *response.headers_mut() = answer.headers;
        Ok(response)
    }
}

/// The whole log, and how many pages it took.
async fn whole(github: &GitHub<Client>, hook: &Hook) -> Result<(Vec<Attempt>, usize), HostError> {
    let (mut attempts, mut cursor) = (Vec::new(), None);
    for page in 1..10 {
        let next = github.deliveries(hook, cursor.as_ref()).await?;
        attempts.extend(next.attempts);
        match next.next {
            Some(next) => cursor = Some(next),
            None => return Ok((attempts, page)),
        }
    }
    panic!("the log has no end");
}

#[tokio::test]
async fn log_is_read_page_by_page_and_an_attempt_is_sent_again() {
    let root = tempfile::tempdir().expect("a folder");
    let double = GithubDouble::start(Options::new(root.path())).expect("a double");
    let api = ApiUrl::parse(double.base_url()).expect("an address");
    let github = GitHub::new(Client(HttpClient::new()), api, double.token());
    let id = double.create_hook("acme/api", "http://127.0.0.1:1/hook", "s").expect("a hook");
    let hook: Hook = format!("repos/acme/api/hooks/{id}").parse().expect("a hook");

    let mut sent = HashSet::new();
    for _ in 0..101 {
        let delivery = Delivery::new("package", &json!({ "action": "published" }));
        sent.insert(double.deliver(id, delivery).await.expect("an attempt").guid().to_owned());
    }
    let (attempts, pages) = whole(&github, &hook).await.expect("the log");
    assert_eq!((attempts.len(), pages), (101, 2));
    assert_eq!(attempts.iter().map(|attempt| attempt.guid.clone()).collect::<HashSet<_>>(), sent);
    assert!(attempts.iter().all(|attempt| attempt.outcome() == Outcome::Failed && !attempt.redelivery));
    let age = chrono::Utc::now().timestamp_millis() - attempts[0].delivered_at;
    assert!((0..60_000).contains(&age), "{age} ms");

    github.redeliver(&hook, attempts[0].id).await.expect("accepted");
    let again = eventually(Duration::from_secs(5), "one more attempt", async || {
        let newest = whole(&github, &hook).await.expect("the log").0.swap_remove(0);
        (newest.id > attempts[0].id).then_some(newest)
    })
    .await;
    assert_eq!((again.guid.as_str(), again.redelivery), (attempts[0].guid.as_str(), true));

    double.fail(Fault::new(Effect::SecondaryRateLimit { status: 403, retry_after: 7 }).path("/deliveries"));
    let limited = github.deliveries(&hook, None).await;
    assert_eq!(limited, Err(HostError::RateLimited { retry_after: Duration::from_secs(7) }));
    double.backdate(again.id.0, Duration::from_secs(4 * 24 * 3_600));
    assert!(matches!(github.redeliver(&hook, again.id).await, Err(HostError::NotFound(_))));
}
