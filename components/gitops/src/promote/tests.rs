use std::cell::{Cell, RefCell};
use std::collections::BTreeMap;

use futures::executor::block_on;

use super::*;
use crate::edit::{Edit, Place};
use crate::host::{CommitMessage, FileText};
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
    let target = target();
    let order = Order { target: &target, value: value.to_owned(), message: message(), tried_before };
    let record = Told::default();
    let mut results = block_on(promote(host, &target.git, &[order], &record));
    (results.remove(0), record.told.get())
}

/// Counts how often it is told of a commit, and refuses one order.
#[derive(Default)]
struct Told {
    told: Cell<u32>,
    refused: Option<usize>,
    is_contested: bool,
}

impl Record for Told {
    type Error = &'static str;

    async fn before_commit(&self, order: usize) -> Result<(), &'static str> {
        self.told.set(self.told.get() + 1);
        if self.refused == Some(order) { Err("no") } else { Ok(()) }
    }

    async fn is_contested(&self, _: usize) -> Result<bool, &'static str> {
        Ok(self.is_contested)
    }
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
    let order = Order { target: &target, value: "1@sha256:00".to_owned(), message, tried_before: false };
    let CommitMessage { headline, body } = message::commit_message(&[&order]);
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
    let target = target();
    let order = Order { target: &target, value: "2".to_owned(), message: message(), tried_before: false };
    let results =
        block_on(promote(&host, &target.git, &[order], &Told { refused: Some(0), ..Told::default() }));
    assert!(matches!(results.as_slice(), [Err(PromoteError::BeforeCommit("no"))]));
    assert!(host.commits.borrow().is_empty());
}

/// Services that each have a file of their own.
fn targets(services: &[&str]) -> Vec<Target> {
    let target = |service: &&str| {
        let mut target = target();
        target.service = (*service).to_owned();
        target.edits.truncate(1);
        target.edits[0].file = format!("{service}.yaml");
        target
    };
    services.iter().map(target).collect()
}

fn orders<'a>(targets: &'a [Target], value: &str) -> Vec<Order<'a>> {
    let order = |target: &'a Target| Order {
        target,
        value: value.to_owned(),
        message: Message { promotion: format!("id-of-{}", target.service), ..message() },
        tried_before: false,
    };
    targets.iter().map(order).collect()
}

fn run_all(host: &Repository, orders: &[Order<'_>]) -> Vec<Result<Promoted, PromoteError<&'static str>>> {
    let branch = &orders[0].target.git;
    block_on(promote(host, branch, orders, &Told::default()))
}

#[test]
fn orders_for_one_branch_share_a_commit_that_names_each() {
    let host = Repository::new(&[("api.yaml", VALUES), ("web.yaml", VALUES), ("docs.yaml", VALUES)]);
    let targets = targets(&["api", "web", "docs"]);
    let results = run_all(&host, &orders(&targets, "1.1.0"));
    let made = Promoted::Committed(host.oid());
    assert!(
        results.iter().all(|result| result.as_ref().is_ok_and(|promoted| *promoted == made)),
        "{results:?}"
    );
    let commits = host.commits.borrow();
    assert_eq!((commits.len(), commits[0].0.len()), (1, 3));
    let CommitMessage { headline, body } = &commits[0].1;
    assert_eq!(headline, "Deploy api 1.1.0 to staging, and 2 more");
    let (list, trailers) = body.split_once("\n\n").unwrap();
    assert_eq!(
        list.lines().next(),
        Some("- Deploy api 1.1.0 to staging: ghcr.io/acme/api, sha256:00, built from abcdef0")
    );
    assert_eq!(list.lines().count(), 3);
    assert_eq!(
        trailers,
        "Slipway-Promotion: id-of-api\nSlipway-Promotion: id-of-web\nSlipway-Promotion: id-of-docs"
    );
}

#[test]
fn one_order_that_cannot_be_done_does_not_hold_up_the_others() {
    let host = Repository::new(&[
        ("api.yaml", VALUES),
        ("web.yaml", "image: {}\n"),
        ("done.yaml", "image:\n  tag: 2.0.0\n"),
    ]);
    let targets = targets(&["api", "web", "missing", "done"]);
    let results = run_all(&host, &orders(&targets, "2.0.0"));
    assert!(matches!(&results[0], Ok(Promoted::Committed(made)) if *made == host.oid()));
    assert!(matches!(&results[1], Err(PromoteError::Edit { file, .. }) if file == "web.yaml"));
    assert!(matches!(&results[2], Err(PromoteError::Host(HostError::NotFound(_)))));
    assert!(matches!(&results[3], Ok(Promoted::Unchanged(_))));
    let commits = host.commits.borrow();
    assert_eq!(commits[0].0.iter().map(|file| file.path.as_str()).collect::<Vec<_>>(), ["api.yaml"]);
    assert_eq!(commits[0].1.headline, "Deploy api 2.0.0 to staging");
}

#[test]
fn order_whose_record_cannot_be_made_is_left_out() {
    let host = Repository::new(&[("api.yaml", VALUES), ("web.yaml", VALUES)]);
    let targets = targets(&["api", "web"]);
    let orders = orders(&targets, "2.0.0");
    let record = Told { refused: Some(0), ..Told::default() };
    let results = block_on(promote(&host, &targets[0].git, &orders, &record));
    assert!(matches!(&results[0], Err(PromoteError::BeforeCommit("no"))));
    assert!(matches!(&results[1], Ok(Promoted::Committed(_))));
    let commits = host.commits.borrow();
    assert_eq!(commits[0].0.iter().map(|file| file.path.as_str()).collect::<Vec<_>>(), ["web.yaml"]);
    assert!(!commits[0].1.body.contains("id-of-api"));
}

#[test]
fn orders_that_edit_one_file_build_on_each_other() {
    let host = Repository::new(&[("all.yaml", "api: 1\nweb: 1\n")]);
    let mut targets = targets(&["api", "web"]);
    for target in &mut targets {
        let path = crate::edit::YamlPath::parse(&target.service).unwrap();
        target.edits = vec![Edit { file: "all.yaml".to_owned(), place: Place::Value(path) }];
    }
    let results = run_all(&host, &orders(&targets, "2.0.0"));
    assert!(results.iter().all(Result::is_ok), "{results:?}");
    assert_eq!(host.commits.borrow()[0].0[0].text, "api: 2.0.0\nweb: 2.0.0\n");
}

#[test]
fn conflict_ends_every_order_that_was_in_the_commit() {
    let host = Repository {
        conflict: true,
        ..Repository::new(&[("api.yaml", VALUES), ("web.yaml", "image:\n  tag: 2.0.0\n")])
    };
    let targets = targets(&["api", "web"]);
    let results = run_all(&host, &orders(&targets, "2.0.0"));
    assert!(matches!(&results[0], Err(PromoteError::Host(HostError::Conflict))));
    assert!(matches!(&results[1], Ok(Promoted::Unchanged(_))), "it was not in the commit");
}

#[test]
fn contested_value_that_is_there_already_is_committed_so_that_the_branch_moves() {
    let host = Repository::new(&[("api.yaml", VALUES), ("web.yaml", VALUES)]);
    let targets = targets(&["api", "web"]);
    let record = Told { is_contested: true, ..Told::default() };
    let results = block_on(promote(&host, &targets[0].git, &orders(&targets, "1.0.0")[..1], &record));
    assert!(matches!(&results[0], Ok(Promoted::Committed(made)) if *made == host.oid()), "{results:?}");
    let commits = host.commits.borrow();
    assert_eq!(commits[0].0, [FileText { path: "api.yaml".to_owned(), text: VALUES.to_owned() }]);
    assert_eq!(record.told.get(), 1, "it is on record");
}
