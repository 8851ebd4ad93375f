//! A tracker over a real SQLite file, and short ways to ask it.
#![allow(dead_code)] // Each test file uses its own part.

use std::path::PathBuf;

use bytes::Bytes;
use futures::executor::block_on;
use http::{Request, Response};
use http_body_util::Full;
use ledger::SqliteStore;
use ledger::native::FileConnection;
use ledger::sql::Connection;
use serde_json::{Value, json};
use tracker::{Config, Variables, handle};

pub struct Tracker {
    folder: tempfile::TempDir,
    pub config: Config,
}

impl Tracker {
    pub fn open() -> Self {
        Self::with("true", "")
    }

    pub fn with(open_access: &str, api_tokens: &str) -> Self {
        let variables = Variables { open_access, api_tokens, ..Variables::default() };
        let config = Config::from_variables(variables).unwrap();
        Self { folder: tempfile::tempdir().unwrap(), config }
    }

    /// Open, with a deadline for silent deployments.
    pub fn stalling_after(seconds: &str) -> Self {
        let variables =
            Variables { open_access: "true", stalled_after_seconds: seconds, ..Variables::default() };
        let config = Config::from_variables(variables).unwrap();
        Self { folder: tempfile::tempdir().unwrap(), config }
    }

    pub fn path(&self) -> PathBuf {
        self.folder.path().join("ledger.db")
    }

    pub fn store(&self) -> SqliteStore<FileConnection> {
        SqliteStore::new(FileConnection::open(self.path()).unwrap())
    }

    /// Runs a statement beside the tracker.
    pub fn run(&self, statement: &str) {
        let connection = FileConnection::open(self.path()).unwrap();
        block_on(connection.execute(statement, &[])).unwrap();
    }

    pub fn ask(&self, request: Request<impl Into<Bytes>>) -> Response<Bytes> {
        let request = request.map(|body| Full::new(body.into()));
        block_on(handle(request, &self.config, &self.store()))
    }

    pub fn get(&self, path: &str) -> Response<Bytes> {
        self.ask(Request::get(path).body("").unwrap())
    }

    pub fn post(&self, path: &str, body: &Value) -> Response<Bytes> {
        self.send("POST", path, body)
    }

    pub fn send(&self, method: &str, path: &str, body: &Value) -> Response<Bytes> {
        let request = Request::builder().method(method).uri(path).header("content-type", "application/json");
        self.ask(request.body(body.to_string()).unwrap())
    }

    /// Records a deployment, and gives it back as it was answered.
    pub fn record(&self, service: &str, environment: &str) -> Value {
        let fields = json!({ "service_name": service, "version": "1.0.0", "environment": environment });
        let response = self.post("/api/v1/deployments/", &fields);
        assert_eq!(response.status(), 201);
        body(&response)
    }
}

pub fn body(response: &Response<Bytes>) -> Value {
    serde_json::from_slice(response.body()).unwrap()
}

pub fn header<'a>(response: &'a Response<Bytes>, name: &str) -> &'a str {
    response.headers().get(name).map_or("", |value| value.to_str().unwrap())
}
