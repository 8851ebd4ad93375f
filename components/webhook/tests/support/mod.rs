//! A receiver over a real SQLite file and a Git host in memory, and short ways to talk to it.
#![allow(dead_code)] // Each test file uses its own part.

mod host;

use std::cell::OnceCell;
use std::path::PathBuf;

use bytes::Bytes;
use futures::executor::block_on;
use hmac::{Hmac, KeyInit, Mac};
use http::{Request, Response, StatusCode};
use http_body_util::Full;
use ledger::native::FileConnection;
use ledger::sql::{self, Connection, DatabaseError, Rows};
use ledger::{Deployment, DeploymentFilter, Page, Promotion, PromotionFilter, SqliteStore, Store};
use serde_json::{Value, json};
use sha2::Sha256;
use webhook::{Config, Limit, SweepReport, Variables, Work, handle, sweep};

pub use host::MemoryHost;

pub const SECRET: &str = "It's a Secret to Everybody";
pub const INTERNAL_TOKEN: &str = "internal";
pub const ARGO_TOKEN: &str = "argo";
pub const DIGEST: &str = "sha256:4e9bbcb2c4dd5fb7f3aeb7d5d2a44a31ad7df9d6bb5b3e60aabbccddeeff0011";
pub const COMMIT: &str = "8f1d2c3b4a5968778695a4b3c2d1e0f001020304";

pub const TARGETS: &str = r#"
[[target]]
service = "api"
environment = "staging"
image = "ghcr.io/acme/api"
tags = { semver = ">=1.0.0" }
git = { host = "github", repository = "acme/gitops", branch = "main" }
edit = [{ file = "deploy/values.yaml", path = "image.tag" }]
"#;

pub struct Receiver {
    folder: tempfile::TempDir,
    pub config: Config,
    pub host: MemoryHost,
}

/// Variables that are all good.
pub fn variables() -> Variables {
    Variables {
        github_webhook_secret: SECRET.to_owned(),
        internal_token: INTERNAL_TOKEN.to_owned(),
        argo_webhook_token: ARGO_TOKEN.to_owned(),
        targets: TARGETS.to_owned(),
        ..Variables::default()
    }
}

impl Receiver {
    pub fn new() -> Self {
        Self::with(variables())
    }

    pub fn with(variables: Variables) -> Self {
        Self {
            folder: tempfile::tempdir().unwrap(),
            config: Config::from_variables(variables),
            host: MemoryHost::default(),
        }
    }

    pub fn path(&self) -> PathBuf {
        self.folder.path().join("ledger.db")
    }

    pub fn store(&self) -> SqliteStore<FileConnection> {
        SqliteStore::new(FileConnection::open(self.path()).unwrap())
    }

    pub fn ask(&self, request: Request<impl Into<Bytes>>) -> (Response<Bytes>, Work) {
        // As a host gives it: a refused request must not have opened the database.
        let store = SqliteStore::new(LazyConnection { path: self.path(), open: OnceCell::new() });
        let request = request.map(|body| Full::new(body.into()));
        block_on(handle(request, &self.config, &store, &self.host))
    }

    /// Sends a signed delivery.
    pub fn deliver(&self, id: &str, event: &str, payload: &Value) -> (Response<Bytes>, Work) {
        self.ask(delivery(id, event, payload.to_string()))
    }

    /// Sends a signed push of a tag, and expects that it is promoted.
    pub fn push(&self, id: &str, tag: &str) -> Value {
        let (response, work) = self.deliver(id, "registry_package", &registry_package(tag));
        assert_eq!((response.status(), work), (StatusCode::ACCEPTED, Work::Sweep));
        body(&response)
    }

    pub fn sweep(&self) -> SweepReport {
        block_on(sweep(&self.store(), &self.config, &self.host, Limit::AFTER_WEBHOOK))
    }

    /// Lets every lease and every delay end now.
    pub fn let_time_pass(&self) {
        self.run("UPDATE promotions SET next_attempt_at = 0 WHERE next_attempt_at IS NOT NULL");
    }

    pub fn run(&self, statement: &str) {
        let connection = FileConnection::open(self.path()).unwrap();
        block_on(connection.execute(statement, &[])).unwrap();
    }

    /// All promotions, the newest first.
    pub fn promotions(&self) -> Vec<Promotion> {
        block_on(self.store().promotions(&PromotionFilter::default(), &Page::default())).unwrap().items
    }

    /// The only promotion.
    pub fn promotion(&self) -> Promotion {
        let mut promotions = self.promotions();
        assert_eq!(promotions.len(), 1);
        promotions.remove(0)
    }

    pub fn deployments(&self) -> Vec<Deployment> {
        block_on(self.store().deployments(&DeploymentFilter::default(), &Page::default())).unwrap().items
    }

    pub fn deliveries(&self) -> usize {
        block_on(self.store().deliveries(&Page::default())).unwrap().items.len()
    }
}

/// A connection that opens its file when it is first used.
struct LazyConnection {
    path: PathBuf,
    open: OnceCell<FileConnection>,
}

impl Connection for LazyConnection {
    async fn execute(&self, statement: &str, parameters: &[sql::Value]) -> Result<Rows, DatabaseError> {
        if self.open.get().is_none() {
            let _ = self.open.set(FileConnection::open(&self.path)?);
        }
        self.open.get().unwrap().execute(statement, parameters).await
    }
}

pub fn sign(secret: &str, body: &[u8]) -> String {
    let mut mac = Hmac::<Sha256>::new_from_slice(secret.as_bytes()).unwrap();
    mac.update(body);
    format!("sha256={}", hex::encode(mac.finalize().into_bytes()))
}

/// A delivery as GitHub sends it, signed.
pub fn delivery(id: &str, event: &str, body: String) -> Request<String> {
    Request::post("/webhooks/github")
        .header("content-type", "application/json")
        .header("x-github-event", event)
        .header("x-github-delivery", id)
        .header("x-hub-signature-256", sign(SECRET, body.as_bytes()))
        .body(body)
        .unwrap()
}

pub fn registry_package(tag: &str) -> Value {
    json!({ "action": "published", "registry_package": package(tag) })
}

pub fn package(tag: &str) -> Value {
    json!({
        "name": "api",
        "package_type": "CONTAINER",
        "owner": { "login": "acme" },
        "package_version": {
            "version": DIGEST,
            "package_url": format!("ghcr.io/acme/api:{tag}"),
            "container_metadata": {
                "tag": { "name": tag, "digest": DIGEST },
                "labels": { "all_labels": { "org.opencontainers.image.revision": COMMIT } }
            }
        }
    })
}

pub fn body(response: &Response<Bytes>) -> Value {
    serde_json::from_slice(response.body()).unwrap()
}
