//! Trace context that comes with requests, and what is made of it.

use std::time::Duration;

use anyhow::Result;
use tests::collector::Collector;
use tests::slipway::Slipway;
use tests::wait::eventually;

use crate::{PARENT, SAMPLED, TRACE, UNSAMPLED, get, server, traced, untraced, up};

/// The value of a header of the request that the guest has had, by what it echoes.
fn header<'a>(echoed: &'a str, name: &str) -> Option<&'a str> {
    echoed.lines().find_map(|line| line.strip_prefix(name)?.strip_prefix(": "))
}

#[tokio::test]
async fn a_component_is_given_the_context_of_its_own_run() -> Result<()> {
    let collector = Collector::start().await?;
    let slipway = up(&collector).await?;
    let headers = [("traceparent", SAMPLED), ("tracestate", "a=1"), ("tracestate", "b=2")];
    let echoed = get(&slipway.url("/headers"), &headers).await?.text();
    let request = server(&collector, "up").await;
    let run = crate::child(&collector, &request);
    let expected = format!("00-{TRACE}-{}-01", run.id());
    assert_eq!(header(&echoed, "traceparent"), Some(expected.as_str()));
    assert_eq!(header(&echoed, "tracestate"), Some("a=1,b=2"));
    assert_eq!(echoed.matches("trace").count(), 2, "{echoed}");
    Ok(())
}

#[tokio::test]
async fn what_the_sender_does_not_record_is_not_recorded_here() -> Result<()> {
    let collector = Collector::start().await?;
    let slipway = up(&collector).await?;
    let echoed = get(&slipway.url("/headers"), &[("traceparent", UNSAMPLED)]).await?.text();
    let passed = header(&echoed, "traceparent").unwrap_or_default();
    assert!(passed.starts_with(&format!("00-{TRACE}-")) && passed.ends_with("-00"), "{passed}");
    // A later request is exported; the first never was.
    get(&slipway.url("/hello"), &[]).await?;
    let hello = server(&collector, "up").await;
    assert_eq!(hello.attribute("url.path").as_deref(), Some("/hello"));
    assert!(collector.spans().iter().all(|span| span.trace() != TRACE));
    Ok(())
}

#[tokio::test]
async fn a_malformed_parent_is_ignored_and_a_new_trace_begun() -> Result<()> {
    let collector = Collector::start().await?;
    let slipway = up(&collector).await?;
    let malformed = SAMPLED.replace("00-4", "ff-4");
    let headers = [("traceparent", malformed.as_str()), ("tracestate", "a=1")];
    let echoed = get(&slipway.url("/headers"), &headers).await?.text();
    let request = server(&collector, "up").await;
    assert_ne!(request.trace(), TRACE);
    assert_eq!((request.parent().as_str(), request.state()), ("", ""));
    let passed = header(&echoed, "traceparent").unwrap_or_default();
    assert!(passed.starts_with(&format!("00-{}-", request.trace())), "{passed}");
    assert_eq!(header(&echoed, "tracestate"), None, "it belonged to the parent that is none");
    Ok(())
}

#[tokio::test]
async fn a_ratio_of_zero_records_only_what_its_sender_records() -> Result<()> {
    let collector = Collector::start().await?;
    let slipway = Slipway::start(traced(&collector.url(), "up").arg("--trace-sample-ratio=0")).await?;
    let echoed = get(&slipway.url("/headers"), &[]).await?.text();
    assert!(header(&echoed, "traceparent").is_some_and(|passed| passed.ends_with("-00")), "{echoed}");
    get(&slipway.url("/hello"), &[("traceparent", SAMPLED)]).await?;
    assert_eq!(server(&collector, "up").await.parent(), PARENT);
    assert!(collector.spans().iter().all(|span| span.trace() == TRACE));
    Ok(())
}

#[tokio::test]
async fn with_tracing_off_the_context_is_passed_on_and_named_in_the_log() -> Result<()> {
    let slipway = Slipway::start(untraced().arg("--log-format=json")).await?;
    let headers = [("traceparent", SAMPLED), ("tracestate", "a=1"), ("x-request-id", "client-7")];
    let echoed = get(&slipway.url("/headers"), &headers).await?.text();
    assert_eq!((header(&echoed, "traceparent"), header(&echoed, "tracestate")), (Some(SAMPLED), Some("a=1")));
    get(&slipway.url("/log"), &headers).await?;
    get(&slipway.url("/log"), &[("traceparent", "nonsense"), ("x-request-id", "client-8")]).await?;
    let lines = |id: &str| -> Vec<serde_json::Value> {
        let log = slipway.log();
        let lines = log.lines().filter_map(|line| serde_json::from_str(line).ok());
        lines.filter(|line: &serde_json::Value| line["request_id"] == id).collect()
    };
    let both = || async { (lines("client-7").len() == 3 && lines("client-8").len() == 2).then_some(()) };
    eventually(Duration::from_secs(5), "the lines of the log", both).await;
    for line in lines("client-7") {
        assert_eq!(line["trace_id"], TRACE, "{line}");
    }
    assert!(lines("client-7").iter().any(|line| line["target"] == "slipway::guest"));
    assert!(lines("client-8").iter().all(|line| line.get("trace_id").is_none()));
    Ok(())
}
