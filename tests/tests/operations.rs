//! `slipway check` and `slipway health`, as programs.

use std::path::Path;
use std::process::{Command, Output};
use std::time::{Duration, Instant};

use anyhow::Result;
use tests::slipway::{Options, Slipway, program, workspace};

fn slipway(args: &[&str]) -> Result<Output> {
    Ok(Command::new(program()?).args(args).output()?)
}

fn errors(output: &Output) -> String {
    String::from_utf8_lossy(&output.stderr).into_owned()
}

fn guests() -> String {
    workspace().join("tests/guests/spin.toml").display().to_string()
}

/// A manifest with a fault in each part that is checked: a route twice, a variable without a value, files that are not
/// there, an import that is not offered, a host that is no host.
fn faulty(folder: &Path) -> Result<String> {
    let component = wat::parse_str(r#"(component (import "fermyon:spin/redis@2.0.0" (instance)))"#)?;
    std::fs::write(folder.join("redis.wasm"), component)?;
    std::fs::write(folder.join("text.wasm"), "no WebAssembly")?;
    let manifest = folder.join("spin.toml");
    std::fs::write(
        &manifest,
        r#"
        spin_manifest_version = 2
        application = { name = "faulty" }
        [variables]
        password = { required = true }
        [[trigger.http]]
        route = "/same"
        component = "one"
        [[trigger.http]]
        route = "/same"
        component = "two"
        [component.one]
        source = "redis.wasm"
        files = ["nothing-here/*"]
        [component.two]
        source = "text.wasm"
        "#,
    )?;
    Ok(manifest.display().to_string())
}

const OF_CONFIGURATION: [&str; 3] = ["/same", "password", "nothing-here"];
const OF_COMPONENTS: [&str; 2] = ["imports fermyon:spin/redis@2.0.0", "text.wasm is not a component"];

#[test]
fn everything_that_is_wrong_is_told_at_once() -> Result<()> {
    let folder = tempfile::tempdir()?;
    let output = slipway(&["check", "-f", &faulty(folder.path())?])?;
    assert_eq!(output.status.code(), Some(1));
    for part in OF_CONFIGURATION.iter().chain(&OF_COMPONENTS) {
        assert!(errors(&output).contains(part), "{part} is not in: {}", errors(&output));
    }
    assert!(output.stdout.is_empty());
    Ok(())
}

#[test]
fn with_config_only_components_are_not_looked_into() -> Result<()> {
    let folder = tempfile::tempdir()?;
    let output = slipway(&["check", "--config-only", "-f", &faulty(folder.path())?])?;
    assert_eq!(output.status.code(), Some(1));
    for part in OF_CONFIGURATION {
        assert!(errors(&output).contains(part), "{part} is not in: {}", errors(&output));
    }
    for part in OF_COMPONENTS {
        assert!(!errors(&output).contains(part), "{part} is in: {}", errors(&output));
    }
    Ok(())
}

#[test]
fn a_variable_on_the_command_line_counts_and_what_it_breaks_is_told() -> Result<()> {
    let manifest = guests();
    let output = slipway(&["check", "-f", &manifest, "--variable", "origin=no host"])?;
    assert_eq!(output.status.code(), Some(1));
    assert!(errors(&output).contains("component p3"), "{}", errors(&output));
    Ok(())
}

#[test]
fn a_collector_that_cannot_be_one_is_told_with_the_rest() -> Result<()> {
    let output =
        slipway(&["check", "--config-only", "-f", &guests(), "--otlp-endpoint", "grpc://127.0.0.1:4317"])?;
    assert_eq!(output.status.code(), Some(1));
    assert!(errors(&output).contains("--otlp-endpoint must be a URL of a collector"), "{}", errors(&output));
    Ok(())
}

#[test]
fn an_application_that_is_well_is_shown_and_nothing_is_written() -> Result<()> {
    let state = tempfile::tempdir()?;
    let state = state.path().join("state");
    let folder = state.display().to_string();
    let manifest = guests();
    let output = slipway(&["check", "-f", &manifest, "--state-dir", &folder])?;
    assert!(output.status.success(), "{}", errors(&output));
    let table = String::from_utf8(output.stdout)?;
    let row = table.lines().find(|line| line.starts_with("p3 ")).unwrap_or_default();
    for part in ["/... /users/:id/...", "spin:sqlite", "wasi:http"] {
        assert!(row.contains(part), "{part} is not in: {table}");
    }
    assert!(!state.exists());
    Ok(())
}

/// The statuses that the access log tells of, after a success and a failure.
async fn logged(arguments: &[&str]) -> Result<Vec<u64>> {
    let mut options = Options { manifest: workspace().join("tests/guests/spin.toml"), ..Options::default() };
    options.args = arguments.iter().map(|argument| (*argument).to_owned()).collect();
    let mut server =
        Slipway::start(options.with_admin().arg("--log-format=json").arg("--drain-delay=0s")).await?;
    for path in ["/hello", "/fail"] {
        server.get(path).await?;
    }
    server.sigterm()?;
    assert!(server.wait(Duration::from_secs(10)).await?.success());
    let lines = server.log();
    let lines = lines.lines().filter_map(|line| serde_json::from_str::<serde_json::Value>(line).ok());
    let access = lines.filter(|line| line["target"] == "slipway::access");
    Ok(access.filter_map(|line| line["status"].as_u64()).collect())
}

#[tokio::test]
async fn the_access_log_keeps_failures_and_of_the_rest_what_it_is_told() -> Result<()> {
    assert_eq!(logged(&[]).await?, [200, 500]);
    assert_eq!(logged(&["--access-log-sample=0"]).await?, [500]);
    assert_eq!(logged(&["--access-log=errors"]).await?, [500]);
    assert_eq!(logged(&["--access-log=errors", "--access-log-slow=0s"]).await?, [200, 500]);
    assert_eq!(logged(&["--access-log=off"]).await?, [0; 0]);
    Ok(())
}

#[tokio::test]
async fn health_is_zero_for_a_ready_process_and_says_why_not() -> Result<()> {
    let options = Options { manifest: workspace().join("tests/guests/spin.toml"), ..Options::default() };
    let server = Slipway::start(options.with_admin().arg("--drain-delay=20s")).await?;
    let url = server.admin_url("/readyz");
    let well = slipway(&["health", "--url", &url])?;
    assert!(well.status.success() && well.stderr.is_empty(), "{}", errors(&well));
    server.sigterm()?;
    tests::wait::eventually(Duration::from_secs(10), "the drain", || async {
        let ill = slipway(&["health", "--url", &url]).ok()?;
        (ill.status.code() == Some(1) && errors(&ill).contains("503") && errors(&ill).contains("draining"))
            .then_some(())
    })
    .await;
    Ok(())
}

#[test]
fn health_does_not_wait_longer_than_it_is_told() -> Result<()> {
    // Nobody accepts: the connection is made, and no answer comes.
    let listener = std::net::TcpListener::bind("127.0.0.1:0")?;
    let url = format!("http://{}/readyz", listener.local_addr()?);
    let began = Instant::now();
    let output = slipway(&["health", "--url", &url, "--timeout", "300ms"])?;
    assert_eq!(output.status.code(), Some(1));
    assert!(errors(&output).contains("no answer within 300ms"), "{}", errors(&output));
    assert!(began.elapsed() < Duration::from_secs(5));
    drop(listener);
    let refused = slipway(&["health", "--url", &url])?;
    assert!(refused.status.code() == Some(1) && errors(&refused).contains("refused"), "{}", errors(&refused));
    Ok(())
}
