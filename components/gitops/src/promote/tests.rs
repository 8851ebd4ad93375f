use std::cell::RefCell;
use std::collections::BTreeMap;

use futures::executor::block_on;

use super::*;
use crate::target::Targets;

const VALUES: &str = "image:\n  tag: 1.0.0 # by slipway\n  again: 1.0.0\n";

/// A repository of one branch, in memory.
#[derive(Default)]
struct Repository {
    files: BTreeMap<String, String>,
    commits: RefCell<Vec<(Vec<FileText>, CommitMessage)>>,
    conflict: bool,
}

impl Repository {
    fn new(files: &[(&str, &str)]) -> Self {
        let files = files.iter().map(|(path, text)| ((*path).to_owned(), (*text).to_owned())).collect();
        Self { files, ..Self::default() }
    }

    fn oid(&self) -> Oid {
        Oid::parse(&format!("{:040}", self.commits.borrow().len())).unwrap()
    }
}

impl GitHost for Repository {
    async fn head(&self, _: &str, _: &str) -> Result<Oid, HostError> {
        Ok(self.oid())
    }

    async fn read(&self, _: &str, _: &Oid, path: &str) -> Result<String, HostError> {
        self.files.get(path).cloned().ok_or_else(|| HostError::NotFound(path.to_owned()))
    }

    async fn find(&self, _: &str, _: &Oid, path: &str, line: &str) -> Result<Option<Oid>, HostError> {
        let commits = self.commits.borrow();
        let is_it = |(files, message): &&(Vec<FileText>, CommitMessage)| {
            files.iter().any(|file| file.path == path) && message.body.lines().any(|other| other == line)
        };
        Ok(commits.iter().find(is_it).map(|_| Oid::parse(&"f".repeat(40)).unwrap()))
    }

    async fn commit(
        &self,
        _: &str,
        _: &str,
        head: &Oid,
        files: &[FileText],
        message: &CommitMessage,
    ) -> Result<Oid, HostError> {
        if self.conflict || *head != self.oid() {
            return Err(HostError::Conflict);
        }
        self.commits.borrow_mut().push((files.to_vec(), message.clone()));
        Ok(self.oid())
    }
}

fn target() -> Target {
    let targets = Targets::parse(
        r#"
        [[target]]
        service = "api"
        environment = "staging"
        image = "ghcr.io/acme/api"
        tags = { any = true }
        git = { host = "github", repository = "acme/gitops", branch = "main" }
        edit = [
            { file = "a.yaml", path = "image.tag" },
            { file = "b.yaml", path = "tag" },
            { file = "a.yaml", path = "image.again" },
        ]
        "#,
    )
    .unwrap();
    targets.with_key("api/staging/ghcr.io/acme/api").unwrap().clone()
}

fn message() -> Message {
    Message {
        promotion: "0190".to_owned(),
        image: "ghcr.io/acme/api".to_owned(),
        digest: Some("sha256:00".to_owned()),
        source_commit: Some("abcdef0".to_owned()),
    }
}

/// The result, and how often the caller was told before a commit.
fn run(
    host: &Repository,
    value: &str,
    tried_before: bool,
) -> (Result<Promoted, PromoteError<&'static str>>, u32) {
    let (target, message) = (target(), message());
    let order = Order { target: &target, value, message: &message, tried_before };
    let mut told = 0;
    let result = block_on(promote(host, &order, async || {
        told += 1;
        Ok(())
    }));
    (result, told)
}

#[test]
fn all_edits_end_up_in_one_commit() {
    let host = Repository::new(&[("a.yaml", VALUES), ("b.yaml", "tag: 1.0.0")]);
    let (result, told) = run(&host, "1.1.0", false);
    assert_eq!(result.unwrap(), Promoted::Committed(host.oid()));
    assert_eq!(told, 1);
    let commits = host.commits.borrow();
    let files: BTreeMap<_, _> =
        commits[0].0.iter().map(|file| (file.path.as_str(), file.text.as_str())).collect();
    assert_eq!(commits.len(), 1);
    assert_eq!(files["a.yaml"], VALUES.replace("1.0.0", "1.1.0"));
    assert_eq!(files["b.yaml"], "tag: 1.1.0");
}

#[test]
fn file_that_does_not_change_is_left_out() {
    let host = Repository::new(&[("a.yaml", VALUES), ("b.yaml", "tag: 1.1.0")]);
    run(&host, "1.1.0", false).0.unwrap();
    let commits = host.commits.borrow();
    assert_eq!(commits[0].0.iter().map(|file| file.path.as_str()).collect::<Vec<_>>(), ["a.yaml"]);
}

#[test]
fn value_that_is_there_already_needs_no_commit() {
    let host = Repository::new(&[("a.yaml", VALUES), ("b.yaml", "tag: 1.0.0")]);
    let (result, told) = run(&host, "1.0.0", false);
    assert_eq!(result.unwrap(), Promoted::Unchanged(host.oid()));
    assert_eq!(told, 0);
    assert!(host.commits.borrow().is_empty());
}

#[test]
fn commit_says_what_it_is_in_trailers() {
    let host = Repository::new(&[("a.yaml", VALUES), ("b.yaml", "tag: x")]);
    run(&host, "1.1.0", false).0.unwrap();
    let CommitMessage { headline, body } = &host.commits.borrow()[0].1;
    assert_eq!(headline, "Deploy api 1.1.0 to staging");
    assert_eq!(
        body,
        "Slipway-Promotion: 0190\nService: api\nEnvironment: staging\nImage: ghcr.io/acme/api\n\
         Digest: sha256:00\nSource-Commit: abcdef0"
    );
}

#[test]
fn message_stays_in_its_lines_and_mentions_nobody() {
    let target = target();
    let message = Message { source_commit: Some("a\n@octocat".to_owned()), digest: None, ..message() };
    let order = Order { target: &target, value: "1@sha256:00", message: &message, tried_before: false };
    let CommitMessage { headline, body } = commit_message(&order);
    assert_eq!(headline, "Deploy api 1 sha256:00 to staging");
    assert_eq!(body.lines().last(), Some("Source-Commit: a  octocat"));
}

#[test]
fn commit_of_an_earlier_attempt_is_found_even_if_it_was_reverted_since() {
    let host = Repository::new(&[("a.yaml", VALUES), ("b.yaml", "tag: 1.0.0")]);
    run(&host, "1.1.0", false).0.unwrap();
    let (result, told) = run(&host, "1.1.0", true);
    assert_eq!(result.unwrap(), Promoted::Committed(Oid::parse(&"f".repeat(40)).unwrap()));
    assert_eq!((told, host.commits.borrow().len()), (0, 1));
}

#[test]
fn conflict_is_told_to_the_caller() {
    let host = Repository { conflict: true, ..Repository::new(&[("a.yaml", VALUES), ("b.yaml", "tag: x")]) };
    let (result, told) = run(&host, "1.1.0", false);
    assert!(matches!(result, Err(PromoteError::Host(HostError::Conflict))));
    assert_eq!(told, 1);
}

#[test]
fn nothing_is_committed_when_one_file_cannot_be_edited() {
    let host = Repository::new(&[("a.yaml", VALUES), ("b.yaml", "tags: x\n")]);
    let (result, told) = run(&host, "1.1.0", false);
    let error = result.unwrap_err().to_string();
    assert_eq!(error, "b.yaml: `tag` does not exist: the document has no `tag`");
    assert_eq!((told, host.commits.borrow().len()), (0, 0));
}

#[test]
fn nothing_is_committed_when_the_record_cannot_be_made() {
    let host = Repository::new(&[("a.yaml", VALUES), ("b.yaml", "tag: x")]);
    let (target, message) = (target(), message());
    let order = Order { target: &target, value: "2", message: &message, tried_before: false };
    let result = block_on(promote(&host, &order, async || Err("no")));
    assert!(matches!(result, Err(PromoteError::BeforeCommit("no"))));
    assert!(host.commits.borrow().is_empty());
}
