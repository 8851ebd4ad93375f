//! A real OCI registry (Debian's `docker-registry`) in a folder of its own, and artifacts pushed to it.

use std::fs::{self, File};
use std::path::PathBuf;
use std::process::{Child, Command, Stdio};
use std::time::{Duration, Instant};

use anyhow::{Context, bail, ensure};
use base64::Engine as _;
use base64::engine::general_purpose::STANDARD as BASE64;
use bytes::Bytes;
use hyper::Method;
use serde_json::{Value, json};
use sha2::{Digest, Sha256};
use tempfile::TempDir;

use crate::http::HttpClient;
use crate::slipway::Reserved;

/// Names the program, where it is not `docker-registry` in `PATH`.
const PROGRAM: &str = "DOCKER_REGISTRY_BIN";
/// Who may use a registry that asks for credentials.
pub const USER: &str = "slipway";
/// Password of [`USER`]: told apart from anything else a log may hold.
pub const PASSWORD: &str = "pa55word-of-the-registry";
/// [`PASSWORD`] by bcrypt, which is all that the registry takes.
const PASSWORD_HASH: &str = "$2y$05$abcdefghijklmnopqrstuuaJ/kFSfPaFucxZ0pxcfe6iGGYnd30tG";
/// How long a start may take.
const DEADLINE: Duration = Duration::from_secs(30);
const STEP: Duration = Duration::from_millis(20);

/// Media type of manifests.
pub const MANIFEST: &str = "application/vnd.oci.image.manifest.v1+json";
/// Media type of a Spin application.
pub const SPIN_APPLICATION: &str = "application/vnd.fermyon.spin.application.v1+config";
/// Media type of a component in a Spin application.
pub const SPIN_COMPONENT: &str = "application/vnd.wasm.content.layer.v1+wasm";
/// Media type of a file in a Spin application.
pub const SPIN_FILE: &str = "application/vnd.wasm.content.layer.v1+data";
/// Media type of packed files in a Spin application.
pub const SPIN_ARCHIVE: &str = "application/vnd.wasm.content.bundle.v1.tar+gzip";

/// A running, or stopped, registry; it ends when this is dropped.
#[derive(Debug)]
pub struct Registry {
    address: Reserved,
    child: Option<Child>,
    client: HttpClient,
    folder: TempDir,
}

impl Registry {
    /// Starts one that is open to everybody.
    ///
    /// # Errors
    /// When the program is not installed or does not start.
    pub async fn start() -> anyhow::Result<Self> {
        Self::start_with("", HttpClient::new()).await
    }

    /// Starts one for [`USER`] alone.
    ///
    /// # Errors
    /// As [`Registry::start`].
    pub async fn start_closed() -> anyhow::Result<Self> {
        let basic = format!("Basic {}", BASE64.encode(format!("{USER}:{PASSWORD}")));
        let client = HttpClient::new().with_header("authorization", &basic);
        Self::start_with("auth: { htpasswd: { realm: tests, path: htpasswd } }", client).await
    }

    async fn start_with(auth: &str, client: HttpClient) -> anyhow::Result<Self> {
        let folder = tempfile::Builder::new().prefix("slipway-registry-").tempdir()?;
        let address = Reserved::new()?;
        let config = format!(
            "version: 0.1\nlog: {{ level: warn }}\nstorage: {{ filesystem: {{ rootdirectory: storage }} }}\n\
             http: {{ addr: \"{}\" }}\n{auth}\n",
            address.address
        );
        fs::write(folder.path().join("config.yml"), config)?;
        fs::write(folder.path().join("htpasswd"), format!("{USER}:{PASSWORD_HASH}\n"))?;
        let mut registry = Self { address, child: None, client, folder };
        registry.start_again().await?;
        Ok(registry)
    }

    /// Starts a stopped registry again, on the port it had, and waits until it answers.
    ///
    /// # Errors
    /// When it does not; the message has its log.
    pub async fn start_again(&mut self) -> anyhow::Result<()> {
        let log = File::create(self.folder.path().join("log"))?;
        let program = std::env::var_os(PROGRAM).unwrap_or_else(|| "docker-registry".into());
        let child = Command::new(program)
            .args(["serve", "config.yml"])
            .current_dir(self.folder.path())
            .stdin(Stdio::null())
            .stdout(log.try_clone()?)
            .stderr(log)
            .spawn()
            .context("there is no OCI registry: install Debian's package `docker-registry`")?;
        let child = self.child.insert(child);
        let end = Instant::now() + DEADLINE;
        let url = format!("http://{}/v2/", self.address.address);
        while self.client.get(&url).await.map_or(0, |answer| answer.status) != 200 {
            let ended = child.try_wait()?;
            if ended.is_some() || Instant::now() > end {
                bail!("the registry does not answer; it wrote:\n{}", self.log());
            }
            tokio::time::sleep(STEP).await;
        }
        Ok(())
    }

    /// Ends it.
    ///
    /// # Errors
    /// When it cannot be ended.
    pub fn stop(&mut self) -> anyhow::Result<()> {
        if let Some(mut child) = self.child.take() {
            child.kill()?;
            child.wait()?;
        }
        Ok(())
    }

    /// Host and port.
    pub fn host(&self) -> String {
        self.address.address.to_string()
    }

    /// Pushes content and describes it as a manifest does.
    ///
    /// # Errors
    /// When the registry does not take it.
    pub async fn push(&self, repository: &str, media_type: &str, content: &[u8]) -> anyhow::Result<Value> {
        let begun = self.send(Method::POST, &format!("/v2/{repository}/blobs/uploads/"), &[], &[]).await?;
        let place = begun.header("location").context("no place for content")?;
        let digest = digest(content);
        let url = format!("{place}&digest={}", digest.replace(':', "%3A"));
        let headers = [("content-type", "application/octet-stream")];
        let answer = self.client.send(Method::PUT, &url, &headers, Bytes::copy_from_slice(content)).await?;
        ensure!(answer.status == 201, "content was not taken: {} {}", answer.status, answer.text());
        Ok(json!({ "mediaType": media_type, "digest": digest, "size": content.len() }))
    }

    /// Pushes a manifest under a tag, and gives its digest.
    ///
    /// # Errors
    /// When the registry does not take it.
    pub async fn tag(
        &self,
        repository: &str,
        tag: &str,
        config: Value,
        layers: Vec<Value>,
    ) -> anyhow::Result<String> {
        let manifest =
            json!({ "schemaVersion": 2, "mediaType": MANIFEST, "config": config, "layers": layers });
        let manifest = manifest.to_string();
        let headers = [("content-type", MANIFEST)];
        let path = format!("/v2/{repository}/manifests/{tag}");
        self.send(Method::PUT, &path, &headers, manifest.as_bytes()).await?;
        Ok(digest(manifest.as_bytes()))
    }

    /// Changes content behind the registry's back, as a fault of its disk would.
    ///
    /// # Errors
    /// When there is no such content.
    pub fn corrupt(&self, digest: &str) -> anyhow::Result<()> {
        let hex = digest.strip_prefix("sha256:").context("no digest")?;
        let blobs = self.folder.path().join("storage/docker/registry/v2/blobs/sha256");
        let file: PathBuf = blobs.join(&hex[..2]).join(hex).join("data");
        let mut content = fs::read(&file)?;
        let last = content.last_mut().context("no content")?;
        *last = !*last;
        Ok(fs::write(file, content)?)
    }

    async fn send(
        &self,
        method: Method,
        path: &str,
        headers: &[(&str, &str)],
        body: &[u8],
    ) -> anyhow::Result<crate::http::HttpResponse> {
        let url = format!("http://{}{path}", self.address.address);
        let answer = self.client.send(method, &url, headers, Bytes::copy_from_slice(body)).await?;
        let is_success = (200..300).contains(&answer.status);
        ensure!(is_success, "{path}: {} {}", answer.status, answer.text());
        Ok(answer)
    }

    fn log(&self) -> String {
        fs::read_to_string(self.folder.path().join("log")).unwrap_or_default()
    }
}

impl Drop for Registry {
    fn drop(&mut self) {
        // It may have ended by itself; then there is nothing to end.
        let _ = self.stop();
        if std::thread::panicking() {
            eprintln!("--- what the registry wrote ---\n{}--- end ---", self.log());
        }
    }
}

/// The digest of content, as registries write it.
pub fn digest(content: &[u8]) -> String {
    format!("sha256:{}", hex::encode(Sha256::digest(content)))
}
