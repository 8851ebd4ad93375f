//! `/metrics` as Prometheus reads it: both formats, of both modes, with the families of the application.

use std::net::SocketAddr;

use anyhow::{Context, Result};
use bytes::Bytes;
use hyper::Method;
use tests::http::{HttpClient, HttpResponse};
use tests::prometheus::{Prometheus, lint};
use tests::sidecar::Sidecar;
use tests::slipway::{Options, Slipway, workspace};

const OPENMETRICS: &str = "application/openmetrics-text; version=1.0.0; charset=utf-8";
const TEXT: &str = "text/plain; version=0.0.4; charset=utf-8";

/// Our own application, which has had a few requests.
async fn application() -> Result<Slipway> {
    let options = Options::default().variable("open_access", "true").with_admin();
    let slipway = Slipway::start(options.arg("--drain-delay=0s")).await?;
    for path in ["/", "/api/v1/deployments", "/api/v1/deployments/none", "/nowhere"] {
        slipway.get(path).await?;
    }
    Ok(slipway)
}

/// The guests, whose own families are appended, and which have had a few requests.
async fn guests() -> Result<Slipway> {
    let options = Options { manifest: workspace().join("tests/guests/spin.toml"), ..Options::default() };
    let options = options.with_admin().arg("--drain-delay=0s").arg("--otlp-endpoint=http://127.0.0.1:9");
    let slipway = Slipway::start(options.variable("metrics", "good")).await?;
    for path in ["/hello", "/fail", "/sqlite", "/panic", "/pattern"] {
        slipway.get(path).await?;
    }
    Ok(slipway)
}

async fn scrape(url: &str, accept: &str) -> Result<HttpResponse> {
    Ok(HttpClient::new().send(Method::GET, url, &[("accept", accept)], Bytes::new()).await?)
}

fn address(url: &str) -> Result<SocketAddr> {
    let authority = url.strip_prefix("http://").and_then(|rest| rest.split('/').next());
    Ok(authority.context("a URL")?.parse()?)
}

#[tokio::test]
async fn promtool_finds_nothing_wrong() -> Result<()> {
    let (application, guests) = (application().await?, guests().await?);
    let sidecar = Sidecar::start(&guests.url(""), &["--upstream-metrics=/nowhere"]).await?;
    sidecar.get("/hello").await?;
    let urls =
        [application.admin_url("/metrics"), guests.admin_url("/metrics"), sidecar.admin_url("/metrics")];
    for url in urls {
        let text = scrape(&url, "text/plain").await?.text();
        assert!(text.contains("http_requests_total{"), "{text}");
        assert_eq!(lint(&text)?, "", "{text}");
    }
    Ok(())
}

#[tokio::test]
async fn the_format_is_the_one_that_is_asked_for() -> Result<()> {
    let slipway = guests().await?;
    let url = slipway.admin_url("/metrics");
    for accept in ["*/*", "text/plain", "application/openmetrics-text;version=0.0.1, text/plain;q=0.1"] {
        let answer = scrape(&url, accept).await?;
        assert_eq!(answer.header("content-type"), Some(TEXT), "{accept}");
        assert!(answer.text().contains("# TYPE http_requests_total counter\n"));
    }
    let answer = scrape(&url, "application/openmetrics-text; version=1.0.0, text/plain;q=0.5").await?;
    assert_eq!(answer.header("content-type"), Some(OPENMETRICS));
    let text = answer.text();
    assert!(text.ends_with("\n# EOF\n"), "{text}");
    for line in [
        "# TYPE http_requests counter\n",
        "# UNIT http_request_duration_seconds seconds\n",
        "# TYPE guest_things gauge\n",
        "guest_things{kind=\"a\"} 3\n",
        "le=\"1.0\"} ",
    ] {
        assert!(text.contains(line), "{line} is not in: {text}");
    }
    Ok(())
}

#[tokio::test]
async fn prometheus_scrapes_both_modes_and_the_application() -> Result<()> {
    let (application, guests) = (application().await?, guests().await?);
    let sidecar = Sidecar::start(&guests.url(""), &[]).await?;
    sidecar.get("/hello").await?;
    let targets = [
        ("application", address(&application.admin_url(""))?),
        ("guests", address(&guests.admin_url(""))?),
        ("sidecar", address(&sidecar.admin_url(""))?),
    ];
    let prometheus = Prometheus::start(&targets)?;
    prometheus.wait_for("up == 1", |values| values.len() == targets.len()).await;
    let traffic = |values: &[(serde_json::Value, f64)]| values.len() == targets.len();
    prometheus.wait_for("sum by (job) (http_requests_total) > 0", traffic).await;
    let counted =
        |of: f64| move |values: &[(serde_json::Value, f64)]| matches!(values, [(_, value)] if *value == of);
    let pattern = r#"http_requests_total{job="guests", route="/pattern/{id}", status="200"}"#;
    prometheus.wait_for(pattern, counted(1.0)).await;
    prometheus.wait_for("guest_things", counted(3.0)).await;
    prometheus.wait_for(r#"count(slipway_promotions{job="application"}) > bool 0"#, counted(1.0)).await;
    let median = r#"histogram_quantile(0.5, http_request_duration_seconds_bucket{job="guests", route="/pattern/{id}"})"#;
    prometheus.wait_for(median, |values| matches!(values, [(_, value)] if *value > 0.0)).await;
    Ok(())
}
