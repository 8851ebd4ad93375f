//! The shim as a process, hosting the components under `tests/guests/`.

use std::time::{Duration, Instant};

use anyhow::Result;
use futures::future::join_all;
use hyper::Method;
use tests::slipway::{Options, Slipway, workspace};
use tests::tls::HttpsServer;
use tests::wait::eventually;

const DEADLINE: Duration = Duration::from_secs(20);

fn guests() -> Options {
    Options { manifest: workspace().join("tests/guests/spin.toml"), ..Options::default() }
        .with_admin()
        .arg("--drain-delay=0s")
        .arg("--request-timeout=1s")
        .arg("--log-format=json")
}

async fn text(slipway: &Slipway, path: &str) -> Result<String> {
    Ok(slipway.get(path).await?.text())
}

#[tokio::test]
async fn requests_are_counted_under_patterns_and_probes_are_not() -> Result<()> {
    let slipway = Slipway::start(guests()).await?;
    for path in ["/hello", "/users/7/deep", "/users/8/deep", "/pattern"] {
        slipway.get(path).await?;
    }
    let answer = slipway.get("/pattern").await?;
    assert_eq!(answer.header("slipway-route"), None, "the component's route header is for the shim alone");
    let metrics = slipway.metrics().await?;
    let requests = |route: &str| metrics.sum("http_requests_total", &[("component", "p3"), ("route", route)]);
    assert_eq!(requests("/..."), 1.0);
    assert_eq!(requests("/users/:id/..."), 2.0);
    assert_eq!(requests("/pattern/{id}"), 2.0);
    assert_eq!(metrics.sum("http_requests_total", &[]), 5.0);
    assert_eq!(metrics.value("http_responses_total", &[("component", "p2"), ("class", "5xx")]), Some(0.0));
    assert_eq!(metrics.value("http_requests_in_flight", &[]), Some(0.0));
    Ok(())
}

#[tokio::test]
async fn a_component_sees_what_the_manifest_gives_it_and_no_more() -> Result<()> {
    let slipway = Slipway::start(guests()).await?;
    assert_eq!(text(&slipway, "/environment?COLOUR").await?, "green");
    assert!(text(&slipway, "/environment?PATH").await?.contains("not found"));
    assert!(text(&slipway, "/file?/p3/src/lib.rs").await?.contains("Does what the path says"));
    assert!(text(&slipway, "/file?/classic/Cargo.toml").await?.contains("guest-p2"));
    assert!(text(&slipway, "/file?/etc/passwd").await?.contains("No such file"));
    assert!(text(&slipway, "/file?/classic/../../../etc/passwd").await?.contains("os error"));
    assert!(text(&slipway, "/write?/classic/new").await?.contains("not permitted"));
    assert_eq!(text(&slipway, "/variable?message").await?, "hello, world");
    assert!(text(&slipway, "/variable?greeting").await?.contains("Undefined"));
    Ok(())
}

#[tokio::test]
async fn variables_come_from_arguments_files_and_environment() -> Result<()> {
    let folder = tempfile::tempdir()?;
    let file = folder.path().join("greeting.txt");
    std::fs::write(&file, "from a file")?;
    let by_file = Slipway::start(guests().variable("greeting", &format!("@{}", file.display()))).await?;
    assert_eq!(text(&by_file, "/variable?message").await?, "from a file, world");
    let mut options = guests();
    options.env.push(("SPIN_VARIABLE_GREETING".into(), "from outside".into()));
    let by_environment = Slipway::start(options).await?;
    assert_eq!(text(&by_environment, "/variable?message").await?, "from outside, world");
    Ok(())
}

#[tokio::test]
async fn outbound_requests_reach_allowed_hosts_only() -> Result<()> {
    let other = Slipway::start(guests()).await?;
    let allowed = other.url("");
    let slipway = Slipway::start(guests().variable("origin", &allowed)).await?;
    assert_eq!(text(&slipway, &format!("/fetch?{allowed}/hello")).await?, "hello");
    let refused = text(&slipway, &format!("/fetch?{}", other.admin_url("/healthz"))).await?;
    assert!(refused.contains("HttpRequestDenied"), "{refused}");
    assert!(slipway.log().contains("allowed_outbound_hosts"));
    Ok(())
}

#[tokio::test]
async fn https_is_verified_against_the_certificates_that_the_machine_trusts() -> Result<()> {
    let server = HttpsServer::start().await?;
    let url = format!("https://localhost:{}", server.address.port());
    let strict = Slipway::start(guests().variable("origin", &url)).await?;
    let refused = text(&strict, &format!("/fetch?{url}/")).await?;
    assert!(refused.contains("ErrorCode"), "an unknown certificate is refused: {refused}");

    let folder = tempfile::tempdir()?;
    let trusted = folder.path().join("ca.pem");
    std::fs::write(&trusted, &server.certificate)?;
    let mut options = guests().variable("origin", &url);
    options.env.push(("SSL_CERT_FILE".into(), trusted.display().to_string()));
    let trusting = Slipway::start(options).await?;
    assert_eq!(text(&trusting, &format!("/fetch?{url}/")).await?, "over TLS");
    Ok(())
}

#[tokio::test]
async fn data_outlives_the_process() -> Result<()> {
    let folder = tempfile::tempdir()?;
    let mut first = Slipway::start(guests().state_dir(folder.path())).await?;
    assert_eq!(text(&first, "/sqlite").await?, "1");
    first.kill()?;
    let second = Slipway::start(guests().state_dir(folder.path())).await?;
    assert_eq!(text(&second, "/sqlite").await?, "2");
    Ok(())
}

#[tokio::test]
async fn parallel_transactions_all_succeed() -> Result<()> {
    let slipway = Slipway::start(guests()).await?;
    let writes = (0..60).map(|_| async { slipway.get("/sqlite").await.map(|answer| answer.text()) });
    let mut counts: Vec<u32> = Vec::new();
    for count in join_all(writes).await {
        let count = count?;
        counts.push(count.parse().map_err(|_| anyhow::anyhow!("not a count: {count}"))?);
    }
    counts.sort_unstable();
    assert_eq!(counts, (1..=60).collect::<Vec<u32>>());
    Ok(())
}

#[tokio::test]
async fn work_goes_on_after_the_answer() -> Result<()> {
    let slipway = Slipway::start(guests()).await?;
    let began = Instant::now();
    assert_eq!(text(&slipway, "/later").await?, "later");
    assert!(began.elapsed() < Duration::from_millis(900), "the answer does not wait for the work");
    tokio::time::sleep(Duration::from_millis(1_100)).await;
    let counted =
        || async { (text(&slipway, "/sqlite").await.ok()?.parse::<u32>().ok()? >= 2).then_some(()) };
    eventually(DEADLINE, "the work after the answer", counted).await;
    Ok(())
}

#[tokio::test]
async fn wasip2_components_serve_each_request_in_a_new_instance() -> Result<()> {
    let slipway = Slipway::start(guests()).await?;
    for _ in 0..3 {
        assert_eq!(text(&slipway, "/p2").await?, "1");
    }
    Ok(())
}

#[tokio::test]
async fn answers_and_log_lines_carry_the_request_id() -> Result<()> {
    let slipway = Slipway::start(guests()).await?;
    let own = [("x-request-id", "my-request-7")];
    let answer = slipway.client().send(Method::GET, &slipway.url("/log"), &own, Default::default()).await?;
    assert_eq!(answer.header("x-request-id"), Some("my-request-7"));
    assert!(slipway.get("/hello").await?.header("x-request-id").is_some_and(|id| !id.is_empty()));
    let lines: Vec<serde_json::Value> = slipway
        .log()
        .lines()
        .filter_map(|line| serde_json::from_str(line).ok())
        .filter(|line: &serde_json::Value| line["request_id"] == "my-request-7")
        .collect();
    assert!(
        lines.iter().any(|line| line["message"] == "said to stderr" && line["component"] == "p3"),
        "{lines:?}"
    );
    let access = lines.iter().find(|line| line["target"] == "slipway::access").expect("an access line");
    assert_eq!((&access["status"], &access["route"]), (&200.into(), &"/...".into()));
    Ok(())
}

#[tokio::test]
async fn internal_paths_are_never_public_and_need_the_token() -> Result<()> {
    let slipway = Slipway::start(guests().variable("internal_token", "let-me-in")).await?;
    assert_eq!(slipway.get("/internal/anything").await?.json()["error"], "not found");
    let url = slipway.admin_url("/internal/anything");
    assert_eq!(slipway.client().get(&url).await?.status, 401);
    let token = [("authorization", "Bearer let-me-in")];
    // The component has no such path, and says so itself.
    assert_eq!(slipway.client().send(Method::GET, &url, &token, Default::default()).await?.status, 404);
    assert_eq!(slipway.metrics().await?.sum("http_requests_total", &[]), 0.0);
    Ok(())
}

#[tokio::test]
async fn without_an_admin_port_probes_share_the_port_and_the_app_comes_first() -> Result<()> {
    let mut options = guests();
    options.manifest = workspace().join("tests/guests/one-route.toml");
    options.admin = false;
    let slipway = Slipway::start(options).await?;
    for path in ["/healthz", "/readyz", "/startupz", "/version"] {
        assert_eq!(slipway.get(path).await?.status, 200, "{path}");
    }
    assert_eq!(slipway.get("/drain").await?.status, 404);
    assert_eq!(slipway.post("/readyz", &serde_json::json!({})).await?.status, 405);
    // The app's own route of that name wins: this one knows no such path.
    assert_eq!(slipway.get("/metrics").await?.status, 404);
    assert_eq!(slipway.get("/metrics").await?.text(), "");
    Ok(())
}

#[tokio::test]
async fn a_drain_is_unready_first_finishes_what_is_in_flight_and_ends_with_zero() -> Result<()> {
    let mut slipway = Slipway::start(guests().arg("--drain-delay=500ms")).await?;
    let (client, url) = (slipway.client().clone(), slipway.url("/wait?900"));
    let request = tokio::spawn(async move { client.get(&url).await });
    tokio::time::sleep(Duration::from_millis(100)).await;
    slipway.sigterm()?;
    let unready = || async {
        let answer = slipway.client().get(&slipway.admin_url("/readyz")).await.ok()?;
        (answer.status == 503 && answer.text().contains("draining")).then_some(())
    };
    eventually(DEADLINE, "readiness to go", unready).await;
    assert_eq!(text(&slipway, "/hello").await?, "hello", "still serves while others notice");
    assert_eq!(request.await??.text(), "waited");
    assert!(slipway.wait(DEADLINE).await?.success());
    Ok(())
}

#[tokio::test]
async fn a_second_signal_ends_the_process_at_once() -> Result<()> {
    let mut slipway = Slipway::start(guests().arg("--drain-delay=60s")).await?;
    slipway.sigterm()?;
    tokio::time::sleep(Duration::from_millis(200)).await;
    let began = Instant::now();
    slipway.sigterm()?;
    assert!(!slipway.wait(DEADLINE).await?.success());
    assert!(began.elapsed() < Duration::from_secs(5));
    Ok(())
}

#[tokio::test]
async fn an_import_that_is_not_offered_is_one_clear_error_at_start() -> Result<()> {
    let folder = tempfile::tempdir()?;
    let component = wat::parse_str(r#"(component (import "fermyon:spin/redis@2.0.0" (instance)))"#)?;
    std::fs::write(folder.path().join("redis.wasm"), component)?;
    let log = fails_to_start(
        folder.path(),
        r#"
        spin_manifest_version = 2
        application = { name = "x" }
        [[trigger.http]]
        route = "/..."
        component = "shop"
        [component.shop]
        source = "redis.wasm"
        "#,
    )
    .await?;
    assert!(log.contains("component shop imports fermyon:spin/redis@2.0.0, which is not offered"), "{log}");
    Ok(())
}

#[tokio::test]
async fn all_problems_of_a_manifest_are_told_at_once() -> Result<()> {
    let folder = tempfile::tempdir()?;
    let log = fails_to_start(
        folder.path(),
        r#"
        spin_manifest_version = 2
        application = { name = "x" }
        [[trigger.http]]
        route = "/a"
        component = "nowhere"
        [[trigger.http]]
        route = "/b"
        component = "one"
        [component.one]
        source = "missing.wasm"
        allowed_outbound_hosts = ["https://example.com/path"]
        "#,
    )
    .await?;
    for part in ["nowhere", "missing.wasm", "example.com"] {
        assert!(log.contains(part), "{part} is not in: {log}");
    }
    Ok(())
}

async fn fails_to_start(folder: &std::path::Path, manifest: &str) -> Result<String> {
    let file = folder.join("spin.toml");
    std::fs::write(&file, manifest)?;
    let mut slipway = Slipway::spawn(&Options { manifest: file, ..Options::default() })?;
    assert!(!slipway.wait(DEADLINE).await?.success());
    Ok(slipway.log())
}
