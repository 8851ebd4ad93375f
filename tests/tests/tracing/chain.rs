//! From a client's request to everything that is done for it.

use anyhow::Result;
use tests::collector::Collector;
use tests::postgres::{PASSWORD, Postgres, USER};
use tests::slipway::{Options, Slipway, workspace};

use crate::{PARENT, SAMPLED, TRACE, child, get, server, traced, up};

#[tokio::test]
async fn a_request_is_one_trace_through_two_processes_to_the_database() -> Result<()> {
    let collector = Collector::start().await?;
    let back = Slipway::start(traced(&collector.url(), "back")).await?;
    let origin = back.url("");
    let front = Slipway::start(traced(&collector.url(), "front").variable("origin", &origin)).await?;
    let url = front.url(&format!("/fetch?{origin}/sqlite"));
    assert_eq!(get(&url, &[("traceparent", SAMPLED), ("tracestate", "vendor=1")]).await?.text(), "1");

    let inner = server(&collector, "back").await;
    let outer = server(&collector, "front").await;
    assert_eq!((outer.trace().as_str(), outer.parent().as_str()), (TRACE, PARENT));
    assert_eq!((outer.name(), outer.kind()), ("GET /...", "SPAN_KIND_SERVER"));
    let run = child(&collector, &outer);
    assert_eq!((run.name(), run.kind()), ("execute_wasm_component p3", "SPAN_KIND_INTERNAL"));
    let fetch = child(&collector, &run);
    assert_eq!((fetch.name(), fetch.kind()), ("GET", "SPAN_KIND_CLIENT"));
    assert_eq!(inner.parent(), fetch.id(), "the outbound request carries the context of its own span");
    let inner_run = child(&collector, &inner);
    let statements = crate::below(&collector, &inner_run);
    let names: Vec<&str> = statements.iter().map(|span| span.name()).collect();
    assert_eq!(
        names,
        ["CREATE default", "BEGIN default", "INSERT default", "SELECT default", "COMMIT default"]
    );
    for span in [outer, run, fetch, inner, inner_run].iter().chain(&statements) {
        assert_eq!((span.trace().as_str(), span.state(), span.failed()), (TRACE, "vendor=1", false));
    }
    Ok(())
}

#[tokio::test]
async fn spans_say_what_the_conventions_ask_for() -> Result<()> {
    let collector = Collector::start().await?;
    let slipway = up(&collector).await?;
    let headers = [("user-agent", "tester/1"), ("x-request-id", "client-7")];
    get(&slipway.url("/pattern?secret=1"), &headers).await?;
    let span = collector.span("the pattern", |span| span.name() == "GET /pattern/{id}").await;
    for (name, value) in [
        ("http.request.method", "GET"),
        ("http.route", "/pattern/{id}"),
        ("http.response.status_code", "200"),
        ("url.path", "/pattern"),
        ("url.scheme", "http"),
        ("server.address", "127.0.0.1"),
        ("client.address", "127.0.0.1"),
        ("network.protocol.version", "1.1"),
        ("user_agent.original", "tester/1"),
        ("slipway.request.id", "client-7"),
    ] {
        assert_eq!(span.attribute(name).as_deref(), Some(value), "{name}");
    }
    assert!(!span.whole().contains("secret"), "{}", span.whole());

    get(&slipway.url("/fail"), &[]).await?;
    let failed =
        collector.span("the failure", |span| span.attribute("url.path").as_deref() == Some("/fail")).await;
    assert_eq!((failed.failed(), failed.attribute("error.type").as_deref()), (true, Some("500")));

    get(&slipway.url("/panic"), &[]).await?;
    let run = collector.span("the trap", |span| span.failed() && span.name().starts_with("execute")).await;
    assert_eq!(run.attribute("error.type").as_deref(), Some("failed"));

    get(&slipway.url("/fetch?http://127.0.0.1:9/a?token=secret"), &[]).await?;
    let fetch = collector.span("the fetch", |span| span.name() == "GET").await;
    for (name, value) in [
        ("url.full", "http://127.0.0.1:9/a"),
        ("server.address", "127.0.0.1"),
        ("server.port", "9"),
        ("error.type", "ConnectionRefused"),
    ] {
        assert_eq!(fetch.attribute(name).as_deref(), Some(value), "{name}");
    }
    assert!(fetch.failed() && !fetch.whole().contains("secret"), "{}", fetch.whole());
    Ok(())
}

/// Two components, one of which calls the other, which has a store.
fn chained() -> String {
    let source = workspace().join("target/wasm32-wasip2/component/guest_p3.wasm");
    format!(
        r#"
        spin_manifest_version = 2
        application.name = "chained"
        [[trigger.http]]
        route = "/..."
        component = "front"
        [[trigger.http]]
        route = {{ private = true }}
        component = "back"
        [component.front]
        source = {source:?}
        allowed_outbound_hosts = ["http://back.spin.internal"]
        [component.back]
        source = {source:?}
        key_value_stores = ["default"]
        "#
    )
}

#[tokio::test]
async fn a_call_from_component_to_component_stays_in_the_trace() -> Result<()> {
    let folder = tempfile::tempdir()?;
    std::fs::write(folder.path().join("spin.toml"), chained())?;
    let collector = Collector::start().await?;
    let options = Options { manifest: folder.path().join("spin.toml"), ..Options::default() };
    let options = options.with_admin().arg(&format!("--otlp-endpoint={}", collector.url()));
    let slipway = Slipway::start(options).await?;
    let url = slipway.url("/fetch?http://back.spin.internal/key-value/set?default&a&secret");
    assert_eq!(get(&url, &[]).await?.text(), "set");

    let outer = server(&collector, "chained").await;
    assert_eq!(outer.parent(), "", "a trace of its own");
    let front = child(&collector, &outer);
    let call = child(&collector, &front);
    assert_eq!(call.attribute("server.address").as_deref(), Some("back.spin.internal"));
    let back = child(&collector, &call);
    assert_eq!(back.name(), "execute_wasm_component back");
    let set = child(&collector, &back);
    assert_eq!(set.name(), "set default");
    assert_eq!(set.attribute("db.system.name").as_deref(), Some("spin.key_value"));
    assert!(!set.whole().contains("secret"), "{}", set.whole());
    assert_eq!(set.trace(), outer.trace());
    Ok(())
}

#[tokio::test]
async fn statements_in_postgres_are_told_without_their_values() -> Result<()> {
    let database = Postgres::start().await?;
    let collector = Collector::start().await?;
    let options = traced(&collector.url(), "up").variable("database_url", &database.url());
    let slipway = Slipway::start(options.variable("database_origin", &database.origin())).await?;
    assert_eq!(get(&slipway.url("/postgres?SELECT%20'secret'::text"), &[]).await?.text(), "secret");
    get(&slipway.url("/postgres?SELECT%201/0"), &[]).await?;
    let failed =
        collector.span("the failed statement", |span| span.name().starts_with("SELECT") && span.failed());
    let failed = failed.await;
    assert_eq!(failed.attribute("error.type").as_deref(), Some("22012"), "division by zero");
    let select =
        collector.span("the statement", |span| span.name().starts_with("SELECT") && !span.failed()).await;
    assert_eq!(select.name(), format!("SELECT {USER}"));
    let port = database.origin().rsplit(':').next().unwrap_or_default().to_owned();
    for (name, value) in [
        ("db.system.name", "postgresql"),
        ("db.namespace", USER),
        ("db.operation.name", "SELECT"),
        ("server.address", "127.0.0.1"),
        ("server.port", &port),
    ] {
        assert_eq!(select.attribute(name).as_deref(), Some(value), "{name}");
    }
    let told: String = collector.spans().iter().map(|span| span.whole()).collect();
    assert!(!told.contains("secret") && !told.contains(PASSWORD));
    Ok(())
}
