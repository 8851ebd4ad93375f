//! `slipway gate` against a real Prometheus that scrapes real proxies, one in front of each kind of release.

use std::fs;
use std::io::Write;
use std::net::SocketAddr;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Output, Stdio};
use std::sync::Arc;
use std::time::Duration;

use anyhow::{Context, Result, ensure};
use rustix::process::{Pid, Signal, kill_process};
use serde_json::Value;
use tests::http::HttpClient;
use tests::prometheus::Prometheus;
use tests::sidecar::Sidecar;
use tests::slipway::{free_address, program, workspace};
use tests::wait::eventually;
use tokio::net::TcpListener;
use tokio::task::JoinHandle;

/// Between two requests to one release.
const PAUSE: Duration = Duration::from_millis(40);

fn gates() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/gate/gates.yaml")
}

fn command(arguments: &[&str]) -> Result<Command> {
    let mut command = Command::new(program()?);
    command.arg("gate").args(arguments).stdin(Stdio::piped()).stdout(Stdio::piped()).stderr(Stdio::piped());
    Ok(command)
}

/// What came of it: exit code, standard output, standard error.
#[derive(Debug)]
struct Told(Option<i32>, String, String);

impl From<Output> for Told {
    fn from(output: Output) -> Self {
        let text = |bytes: &[u8]| String::from_utf8_lossy(bytes).into_owned();
        Self(output.status.code(), text(&output.stdout), text(&output.stderr))
    }
}

impl Told {
    fn code(&self) -> Option<i32> {
        self.0
    }

    fn json(&self) -> Result<Value> {
        serde_json::from_str(&self.1).with_context(|| format!("{self:?}"))
    }
}

fn told_of(text: &str, arguments: &[&str]) -> Result<Told> {
    let mut child = command(arguments)?.spawn()?;
    child.stdin.take().context("its input is a pipe")?.write_all(text.as_bytes())?;
    Ok(child.wait_with_output()?.into())
}

/// A release that is well, one whose every request fails, and one without requests; and a Prometheus over them.
struct Releases {
    prometheus: Prometheus,
    traffic: Vec<JoinHandle<()>>,
    _sidecars: Vec<Sidecar>,
}

impl Releases {
    async fn start() -> Result<Self> {
        let well = upstream().await?;
        let nobody = free_address()?;
        let healthy = Sidecar::start(&format!("http://{well}"), &[]).await?;
        let failing = Sidecar::start(&format!("http://{nobody}"), &[]).await?;
        let silent = Sidecar::start(&format!("http://{well}"), &[]).await?;
        let pods =
            [("healthy", admin(&healthy)?), ("failing", admin(&failing)?), ("silent", admin(&silent)?)];
        let prometheus = Prometheus::start_pods(&pods)?;
        prometheus.wait_for("up == 1", |values| values.len() == pods.len()).await;
        let traffic = vec![requests(healthy.url("/")), requests(failing.url("/"))];
        let rate = |hash: &str| {
            format!("sum(increase(http_responses_total{{rollouts_pod_template_hash=\"{hash}\"}}[5s])) > 10")
        };
        for hash in ["healthy", "failing"] {
            prometheus.wait_for(&rate(hash), |values| values.len() == 1).await;
        }
        Ok(Self { prometheus, traffic, _sidecars: vec![healthy, failing, silent] })
    }

    /// The verdict of one of the templates over one of the releases.
    fn judge(&self, template: &str, hash: &str, further: &[&str]) -> Result<Told> {
        let (file, url) = (gates(), self.prometheus.url());
        let (file, hash) = (file.to_str().context("its path is text")?, format!("pod-template-hash={hash}"));
        let mut arguments = vec!["-f", file, "--template", template, "--prometheus", &url];
        if template != "endless" {
            arguments.extend(["--arg", &hash]);
        }
        arguments.extend(further);
        Ok(command(&arguments)?.output()?.into())
    }
}

impl Drop for Releases {
    fn drop(&mut self) {
        self.traffic.iter().for_each(JoinHandle::abort);
    }
}

fn admin(sidecar: &Sidecar) -> Result<SocketAddr> {
    let url = sidecar.admin_url("");
    url.strip_prefix("http://").context("it is an http URL")?.parse().context(url.clone())
}

async fn upstream() -> Result<SocketAddr> {
    let listener = TcpListener::bind("127.0.0.1:0").await?;
    let address = listener.local_addr()?;
    let well = axum::Router::new().fallback(|| async { "well" });
    tokio::spawn(async move { axum::serve(listener, well).await });
    Ok(address)
}

fn requests(url: String) -> JoinHandle<()> {
    tokio::spawn(async move {
        let client = Arc::new(HttpClient::new());
        loop {
            let _ = client.get(&url).await;
            tokio::time::sleep(PAUSE).await;
        }
    })
}

#[tokio::test(flavor = "multi_thread")]
async fn verdicts_over_every_kind_of_release() -> Result<()> {
    let releases = Releases::start().await?;
    for (hash, ours, original) in [("healthy", 0, 0), ("failing", 1, 0), ("silent", 3, 0), ("absent", 3, 0)] {
        let told = releases.judge("ours", hash, &[])?;
        assert_eq!(told.code(), Some(ours), "{hash}: {told:?}");
        // It passes what fails, and what is not even there: `or vector(1)` stands in for every empty result.
        let told = releases.judge("original", hash, &[])?;
        assert_eq!(told.code(), Some(original), "{hash}, original: {told:?}");
    }
    Ok(())
}

#[tokio::test(flavor = "multi_thread")]
async fn the_verdict_is_told_to_people_and_programs() -> Result<()> {
    let releases = Releases::start().await?;
    let told = releases.judge("ours", "failing", &[])?;
    assert_eq!(told.1, "fail: metric success-rate is Failed: 1 failed, failureLimit is 0\n");
    assert!(told.2.contains(" success-rate: Failed [0]"), "{told:?}");

    let told = releases.judge("ours", "healthy", &["--output", "json"])?;
    let json = told.json()?;
    assert_eq!((&json["verdict"], &json["phase"]), (&"pass".into(), &"Successful".into()), "{json}");
    let metric = &json["metrics"][0];
    assert_eq!((&metric["name"], &metric["count"]), (&"success-rate".into(), &2.into()), "{json}");
    assert!(metric["query"].as_str().context("a query")?.contains("rollouts_pod_template_hash=\"healthy\""));
    let measurements = metric["measurements"].as_array().context("measurements")?;
    assert!(measurements.iter().all(|measurement| measurement["value"] == "[1]"), "{json}");
    Ok(())
}

#[tokio::test(flavor = "multi_thread")]
async fn a_run_without_an_end_is_ended_or_measured_once() -> Result<()> {
    let releases = Releases::start().await?;
    let told = releases.judge("endless", "", &[])?;
    assert_eq!(told.code(), Some(2));
    assert!(told.1.contains("up has no count and goes on until it is ended: say --for TIME"), "{told:?}");
    let told = releases.judge("endless", "", &["--for", "2s", "-o", "json"])?;
    assert_eq!(told.code(), Some(0), "{told:?}");
    assert!(told.json()?["metrics"][0]["count"].as_u64() >= Some(2), "{told:?}");
    let told = releases.judge("endless", "", &["--once", "-o", "json"])?;
    assert_eq!(told.code(), Some(0), "{told:?}");
    assert_eq!(told.json()?["metrics"][0]["count"], 1);
    let told = releases.judge("ours", "healthy", &["--timeout", "100ms"])?;
    assert_eq!((told.code(), told.1.as_str()), (Some(2), "error: no verdict within 100ms\n"), "{told:?}");
    Ok(())
}

#[tokio::test(flavor = "multi_thread")]
async fn a_signal_ends_it_with_what_was_measured() -> Result<()> {
    let releases = Releases::start().await?;
    let (file, url) = (gates(), releases.prometheus.url());
    let file = file.to_str().context("its path is text")?;
    let arguments = ["-f", file, "--template", "endless", "--prometheus", &url, "--for", "10m", "-o", "json"];
    let log = tempfile::NamedTempFile::new()?;
    let child: Child = command(&arguments)?.stderr(log.reopen()?).spawn()?;
    eventually(Duration::from_secs(30), "two measurements", || async {
        let lines = fs::read_to_string(log.path()).ok()?.lines().count();
        (lines >= 2).then_some(())
    })
    .await;
    kill_process(Pid::from_raw(i32::try_from(child.id())?).context("its id")?, Signal::TERM)?;
    let told = Told::from(child.wait_with_output()?);
    assert_eq!(told.code(), Some(2), "{told:?}");
    let json = told.json()?;
    assert_eq!((&json["verdict"], &json["phase"]), (&"error".into(), &"Running".into()), "{json}");
    assert!(json["message"].as_str().context("a message")?.contains("SIGTERM"));
    assert!(json["metrics"][0]["count"].as_u64() >= Some(2), "{json}");
    Ok(())
}

#[test]
fn without_prometheus_it_is_an_error() -> Result<()> {
    let (file, nobody) = (gates(), format!("http://{}", free_address()?));
    let file = file.to_str().context("its path is text")?;
    let arguments = ["-f", file, "--template", "endless", "--once", "--prometheus", &nobody];
    let told = Told::from(command(&arguments)?.output()?);
    assert_eq!(told.code(), Some(2), "{told:?}");
    assert!(told.1.starts_with("error: metric up is Error: errors in a row: 1"), "{told:?}");
    assert!(told.1.contains(&nobody), "{told:?}");
    Ok(())
}

#[test]
fn what_cannot_be_judged_is_an_error_with_a_sentence() -> Result<()> {
    let text = fs::read_to_string(gates())?;
    let address = ["--prometheus", "http://127.0.0.1:9"];
    for (arguments, part) in [
        (&["-f", "-"][..], "there are several templates, and none was named: ours, original, endless"),
        (&["-f", "-", "--template", "theirs"], "there is no template theirs, only ours, original, endless"),
        (&["-f", "-", "--template", "ours"], "the argument pod-template-hash has no value"),
        (&["-f", "-", "--template", "ours", "-n", "other"], "there is no template ours"),
        (
            &["-f", "-", "--template", "endless", "--arg", "hash=a"],
            "--arg hash: there is no such argument in AnalysisTemplate endless",
        ),
        (&["-f", "/nowhere.yaml"], "/nowhere.yaml: No such file"),
    ] {
        let told = told_of(&text, &[arguments, &address].concat())?;
        assert_eq!(told.code(), Some(2), "{told:?}");
        assert!(told.1.starts_with("error: ") && told.1.contains(part), "{part}: {told:?}");
    }
    let told =
        told_of(&text, &["-f", "-", "--template", "original", "--arg", "pod-template-hash=a", "-o", "json"])?;
    let json = told.json()?;
    assert_eq!((told.code(), &json["verdict"], &json["phase"]), (Some(2), &"error".into(), &Value::Null));
    assert!(
        json["message"].as_str().context("a message")?.contains("it has no address of Prometheus"),
        "{json}"
    );
    Ok(())
}

/// Nothing was scraped, so that nobody can have passed; and nothing is refused, by the judge or by Prometheus.
#[tokio::test(flavor = "multi_thread")]
async fn every_template_of_the_chart_can_be_judged() -> Result<()> {
    let prometheus = Prometheus::start_pods(&[])?;
    prometheus.wait_for("vector(1)", |values| values.len() == 1).await;
    let mut judged = 0;
    for file in fs::read_dir(workspace().join("deploy/helm/slipway/tests/rendered"))? {
        let file = file?.path();
        let text = fs::read_to_string(&file)?;
        for document in text.split("\n---").filter(|document| document.contains("\nkind: AnalysisTemplate\n"))
        {
            let arguments = [
                "-f",
                "-",
                "--arg",
                "pod-template-hash=a",
                "--once",
                "-o",
                "json",
                "--prometheus",
                &prometheus.url(),
            ];
            let told = told_of(document, &arguments)?;
            ensure!(told.code() == Some(3), "{}: {told:?}", file.display());
            judged += 1;
        }
    }
    ensure!(judged > 10, "only {judged} templates were found");
    Ok(())
}
