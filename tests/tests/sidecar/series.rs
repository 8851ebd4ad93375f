//! One dashboard and one gate for both ways of running an application.

use std::collections::BTreeMap;

use anyhow::Result;
use bytes::Bytes;
use hyper::Method;
use tests::http::HttpClient;
use tests::sidecar::Sidecar;
use tests::slipway::{Options, Slipway, workspace};

use crate::upstream::Upstream;

/// Every kind of answer; the paths mean the same to the guest and to our upstream.
const TRAFFIC: [(Method, &str); 8] = [
    (Method::GET, "/hello"),
    (Method::HEAD, "/hello"),
    (Method::GET, "/pattern"),
    (Method::GET, "/pattern"),
    (Method::POST, "/echo"),
    (Method::GET, "/nowhere"),
    (Method::GET, "/fail"),
    (Method::GET, "/wait?20000"),
];

async fn up(timeout: &str) -> Result<Slipway> {
    let options = Options { manifest: workspace().join("tests/guests/spin.toml"), ..Options::default() };
    let options = options.with_admin().arg("--drain-delay=0s").arg(&format!("--request-timeout={timeout}"));
    Slipway::start(options).await
}

async fn send(base: &str) -> Result<Vec<u16>> {
    let client = HttpClient::new();
    let mut statuses = Vec::new();
    for (method, path) in TRAFFIC {
        let answer = client.send(method, &format!("{base}{path}"), &[], Bytes::new()).await?;
        statuses.push(answer.status);
    }
    Ok(statuses)
}

type Labels = BTreeMap<String, String>;

/// The series of a family, as its exposition names them.
fn series(exposition: &str, name: &str) -> BTreeMap<Labels, f64> {
    let prefix = format!("{name}{{");
    let samples = exposition.lines().filter_map(|line| line.strip_prefix(&prefix)?.rsplit_once("} "));
    samples
        .map(|(labels, value)| {
            // No label of ours holds a comma.
            let pair = |pair: &str| pair.split_once('=').map(|(name, value)| (name.into(), value.into()));
            (labels.split(',').filter_map(pair).collect(), value.parse().expect("a number"))
        })
        .collect()
}

/// The same without one of the labels; of several series that then are one, the sum.
fn without(series: BTreeMap<Labels, f64>, label: &str) -> BTreeMap<Labels, f64> {
    let mut merged = BTreeMap::new();
    for (mut labels, value) in series {
        labels.remove(label);
        *merged.entry(labels).or_default() += value;
    }
    merged
}

async fn exposition(url: &str) -> Result<String> {
    Ok(HttpClient::new().get(url).await?.text())
}

/// Names of the families that tell of traffic, with their labels.
fn shape(exposition: &str) -> BTreeMap<String, Vec<String>> {
    let names = ["http_requests_total", "http_responses_total", "http_request_duration_seconds_bucket"];
    let labels = |name: &str| series(exposition, name).into_keys().next().unwrap_or_default();
    let mut shape: BTreeMap<_, _> =
        names.into_iter().map(|name| (name.to_owned(), labels(name).into_keys().collect())).collect();
    let types = exposition.lines().filter_map(|line| line.strip_prefix("# TYPE http_"));
    shape.extend(types.map(|line| (line.to_owned(), Vec::new())));
    shape
}

#[tokio::test]
async fn in_front_of_the_same_application_the_sidecar_counts_what_the_host_counts() -> Result<()> {
    let embedded = up("1s").await?;
    let behind = up("60s").await?;
    let sidecar = Sidecar::start(&behind.url(""), &["--component=p3", "--request-timeout=1s"]).await?;
    assert_eq!(send(&embedded.url("")).await?, send(&sidecar.url("")).await?);
    let embedded = exposition(&embedded.admin_url("/metrics")).await?;
    let fronted = exposition(&sidecar.admin_url("/metrics")).await?;
    assert_eq!(shape(&embedded), shape(&fronted));
    // The host behind has taken the names of routes off, so that they are not compared here.
    let requests = |text: &str| without(series(text, "http_requests_total"), "route");
    assert_eq!(requests(&embedded), requests(&fronted));
    let responses = |text: &str| {
        let mut all = series(text, "http_responses_total");
        all.retain(|labels, _| labels["component"] == "\"p3\"");
        all
    };
    assert_eq!(responses(&embedded).len(), 5);
    assert_eq!(responses(&embedded), responses(&fronted));
    let counts = |text: &str| without(series(text, "http_request_duration_seconds_count"), "route");
    assert_eq!(counts(&embedded), counts(&fronted));
    Ok(())
}

#[tokio::test]
async fn a_route_that_the_application_names_is_the_same_label_in_both() -> Result<()> {
    let embedded = up("1s").await?;
    let upstream = Upstream::start().await;
    let sidecar = Sidecar::start(&upstream.url(), &["--component=p3", "--request-timeout=1s"]).await?;
    assert_eq!(send(&embedded.url("")).await?, send(&sidecar.url("")).await?);
    // A host knows its manifest's pattern for what names none, a sidecar does not.
    let embedded =
        exposition(&embedded.admin_url("/metrics")).await?.replace("route=\"/...\"", "route=\"other\"");
    let fronted = exposition(&sidecar.admin_url("/metrics")).await?;
    for name in ["http_requests_total", "http_request_duration_seconds_count"] {
        assert_eq!(series(&embedded, name), series(&fronted, name), "{name}");
    }
    assert!(fronted.contains("route=\"/pattern/{id}\",status=\"200\"} 2"), "{fronted}");
    Ok(())
}
