//! Slipway, and a double of GitHub with a GitOps repository that it commits to.

use std::net::SocketAddr;
use std::path::{Path, PathBuf};
use std::time::Duration;

use bytes::Bytes;
use hyper::Method;
use serde_json::Value;
use tempfile::TempDir;
use tests::example;
use tests::github::{FileChange, GithubDouble, Repository};
use tests::http::HttpResponse;
use tests::slipway::{Options, Slipway};
use tests::wait::eventually;
use tests::webhook::{Delivery, Push};
use tests::{database, github};

pub const IMAGE: &str = "ghcr.io/acme/api";
/// What the example repository holds, and what is pushed.
pub const OLD_TAG: &str = "1.4.1";
pub const NEW_TAG: &str = "1.4.2";
pub const SECRET: &str = "a webhook's secret";
pub const ARGO_TOKEN: &str = "a-token-for-notifications";
pub const INTERNAL_TOKEN: &str = "a-token-for-internal-paths";
/// The file that lists webhooks to look after.
const HOOKS: &str = "hooks.txt";
/// How long a commit may take when nothing is wrong.
pub const SOON: Duration = Duration::from_secs(30);
/// How long healing may take: retries wait longer each time.
pub const IN_TIME: Duration = Duration::from_secs(150);

/// Which value the target replaces.
#[derive(Clone, Copy)]
pub enum Edit {
    Helm,
    /// Tag and digest, so that a mutable tag can be followed.
    Pinned,
    Kustomize,
}

impl Edit {
    fn toml(self) -> String {
        match self {
            Self::Helm | Self::Pinned => {
                format!(r#"{{ file = "{}", path = "image.tag" }}"#, example::VALUES_PATH)
            }
            Self::Kustomize => {
                format!(r#"{{ kustomization = "{}", image = "{IMAGE}" }}"#, example::KUSTOMIZATION_PATH)
            }
        }
    }

    fn write(self) -> &'static str {
        match self {
            Self::Helm | Self::Kustomize => "tag",
            Self::Pinned => "tag@digest",
        }
    }

    pub fn file(self) -> &'static str {
        match self {
            Self::Helm | Self::Pinned => example::VALUES_PATH,
            Self::Kustomize => example::KUSTOMIZATION_PATH,
        }
    }
}

pub struct World {
    pub slipway: Slipway,
    pub github: Option<GithubDouble>,
    pub repository: Repository,
    options: Options,
    address: SocketAddr,
    root: TempDir,
}

impl World {
    pub async fn start() -> Self {
        Self::start_with(Edit::Helm).await
    }

    pub async fn start_with(edit: Edit) -> Self {
        let root = tempfile::tempdir().expect("a folder");
        let github = GithubDouble::start(github::Options::new(root.path().join("github"))).expect("a double");
        let repository =
            github.create_repository("acme/gitops", &example::gitops_repository()).expect("a repository");
        let hooks = root.path().join(HOOKS);
        std::fs::write(&hooks, "").expect("a file");
        let options = options(&github, &targets(&root, edit))
            .variable("github_hooks", &format!("@{}", hooks.display()))
            .state_dir(&root.path().join("state"));
        let slipway = Slipway::start(options.clone()).await.expect("slipway starts");
        Self { slipway, options, address: github.address(), github: Some(github), repository, root }
    }

    pub fn github(&self) -> &GithubDouble {
        self.github.as_ref().expect("GitHub is up")
    }

    /// A webhook whose lost deliveries are asked for again, from the next start on.
    pub fn create_hook(&self) -> u64 {
        let url = self.slipway.url("/webhooks/github");
        let hook = self.github().create_hook("acme/api", &url, SECRET).expect("a hook");
        let path = format!("repos/acme/api/hooks/{hook}");
        std::fs::write(self.root.path().join(HOOKS), path).expect("a file");
        hook
    }

    /// Sweeps by the internal path, as a CronJob does.
    pub async fn sweep(&self) -> Value {
        let url = self.slipway.admin_url("/internal/reconcile");
        let authorization = format!("Bearer {INTERNAL_TOKEN}");
        let headers = [("authorization", authorization.as_str())];
        let answer = self.slipway.client().send(Method::POST, &url, &headers, Bytes::new()).await;
        let answer = answer.expect("an answer");
        assert_eq!(answer.status, 200, "{}", answer.text());
        answer.json()
    }

    pub fn github_goes_down(&mut self) {
        self.github = None;
    }

    pub async fn github_comes_back(&mut self) {
        let options =
            github::Options { listen: self.address, ..github::Options::new(self.root.path().join("github")) };
        let github =
            eventually(SOON, "GitHub's port", async || GithubDouble::start(options.clone()).ok()).await;
        self.github = Some(github);
    }

    /// Kills Slipway in the middle of whatever it does, and starts it again on the same database.
    pub async fn restart_after_crash(&mut self) {
        self.slipway.kill().expect("it runs");
        self.slipway = Slipway::start(self.options.clone()).await.expect("slipway starts again");
    }

    pub async fn send(&self, delivery: &Delivery) -> HttpResponse {
        let url = self.slipway.url("/webhooks/github");
        delivery.send(self.slipway.client(), &url).await.expect("an answer")
    }

    /// Sends a delivery that must be accepted, and gives what was decided for the one target.
    pub async fn accepted(&self, delivery: &Delivery) -> Value {
        let answer = self.send(delivery).await;
        assert_eq!(answer.status, 202, "{}", answer.text());
        let body = answer.json();
        assert_eq!(body["outcome"], "accepted", "{body}");
        assert_eq!(body["delivery"], delivery.guid());
        assert_eq!(body["decisions"].as_array().map(Vec::len), Some(1), "{body}");
        body["decisions"][0].clone()
    }

    pub async fn list(&self, path: &str) -> Vec<Value> {
        let answer = self.slipway.get(path).await.expect("an answer");
        assert_eq!(answer.status, 200, "{}", answer.text());
        answer.json().as_array().cloned().expect("a list")
    }

    pub fn commits(&self) -> usize {
        self.repository.commit_count().expect("a count")
    }

    pub async fn commits_reach(&self, count: usize, deadline: Duration) {
        let what = format!("{count} commits");
        eventually(deadline, &what, async || (self.commits() >= count).then_some(())).await;
    }

    /// A promotion, once it has ended.
    pub async fn if_ended(&self, promotion: &Value) -> Option<Value> {
        let id = promotion.as_str().expect("the id of a promotion");
        let promotion = self.slipway.get(&format!("/api/v1/promotions/{id}")).await.ok()?.json();
        let is_open = matches!(promotion["state"].as_str()?, "waiting" | "running");
        (!is_open).then_some(promotion)
    }

    /// Waits until a promotion has ended, and gives it.
    pub async fn ended(&self, promotion: &Value, deadline: Duration) -> Value {
        eventually(deadline, "the end of a promotion", async || self.if_ended(promotion).await).await
    }

    /// Checks that the newest commit changed one line of one file, and that line only in its tag.
    pub fn assert_one_line_changed(&self, file: &str) {
        let head = self.repository.head().expect("a commit");
        let log = self.repository.log_patch().expect("a log");
        let expected = FileChange { path: file.to_owned(), status: "modified", additions: 1, deletions: 1 };
        assert_eq!(self.repository.changes(&head).expect("changes"), [expected], "{log}");
        let before = &example::gitops_repository()[file];
        assert_eq!(before.matches(OLD_TAG).count(), 1);
        assert_eq!(self.repository.file(file).expect("the file"), before.replace(OLD_TAG, NEW_TAG), "{log}");
    }

    /// How many rows the database's tables have.
    pub fn rows(&self) -> std::collections::BTreeMap<String, u64> {
        database::row_counts(self.slipway.state_dir()).expect("a database")
    }
}

/// The push that the tests are about.
pub fn push() -> Push {
    Push::new(IMAGE, NEW_TAG).expect("an image").built_from("9c2f4a55e0d1b7a3c8f6e5d4b3a291807f6e5d4c")
}

/// Its event, signed.
pub fn registry_package() -> Delivery {
    Delivery::registry_package(&push()).signed(SECRET)
}

/// The other event of the same push, signed.
pub fn package() -> Delivery {
    Delivery::package(&push()).signed(SECRET)
}

fn options(github: &GithubDouble, targets: &Path) -> Options {
    Options::default()
        .variable("open_access", "true")
        .variable("github_webhook_secret", SECRET)
        .variable("github_token", github.token())
        .variable("github_api_url", github.base_url())
        .variable("github_origin", github.base_url())
        .variable("internal_token", INTERNAL_TOKEN)
        .variable("argo_webhook_token", ARGO_TOKEN)
        .variable("targets", &format!("@{}", targets.display()))
        .with_admin()
}

fn targets(root: &TempDir, edit: Edit) -> PathBuf {
    let path = root.path().join("targets.toml");
    let text = format!(
        r#"[[target]]
service = "api"
environment = "staging"
image = "{IMAGE}"
tags = {{ semver = ">=1.0.0" }}
write = "{}"
git = {{ host = "github", repository = "acme/gitops", branch = "main" }}
edit = [{}]
"#,
        edit.write(),
        edit.toml()
    );
    std::fs::write(&path, text).expect("a file");
    path
}
