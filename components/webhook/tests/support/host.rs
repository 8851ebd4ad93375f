//! A Git host of one repository with one branch and one file, in memory, with compare-and-swap.

use std::cell::RefCell;
use std::collections::VecDeque;

use gitops::host::{
    Attempt, AttemptId, CommitMessage, Cursor, DeliveryLog, DeliveryPage, FileText, GitHost, Hook, HostError,
    Oid,
};

/// The one file.
const FILE: &str = "deploy/values.yaml";

#[derive(Default)]
pub struct MemoryHost {
    state: RefCell<State>,
    /// What happens while the next commit is on its way.
    meanwhile: RefCell<Option<Box<dyn FnOnce()>>>,
}

struct State {
    /// Every version of the file, with the message it came with.
    commits: Vec<(String, CommitMessage)>,
    /// What the next calls of `commit` run into, before they do anything.
    before: VecDeque<HostError>,
    /// What the next calls of `commit` run into, after they have committed.
    after: VecDeque<HostError>,
    /// Commits of somebody else that arrive just before ours.
    competing: VecDeque<String>,
    /// The log of every hook, newest first.
    log: Vec<Attempt>,
    /// Which attempts were asked for again.
    redelivered: Vec<u64>,
    /// What the next calls about the log run into.
    log_errors: VecDeque<HostError>,
}

impl Default for State {
    fn default() -> Self {
        let message = CommitMessage { headline: "Begin".to_owned(), body: String::new() };
        let commits = vec![("image:\n  tag: 0.9.0 # set by slipway\n".to_owned(), message)];
        Self {
            commits,
            before: VecDeque::new(),
            after: VecDeque::new(),
            competing: VecDeque::new(),
            log: Vec::new(),
            redelivered: Vec::new(),
            log_errors: VecDeque::new(),
        }
    }
}

impl State {
    fn oid(&self, index: usize) -> Oid {
        Oid::parse(&format!("{index:040}")).unwrap()
    }

    fn head(&self) -> Oid {
        self.oid(self.commits.len() - 1)
    }
}

impl MemoryHost {
    pub fn fail_commits(&self, errors: impl IntoIterator<Item = HostError>) {
        self.state.borrow_mut().before.extend(errors);
    }

    /// The commit is made, but the answer is lost.
    pub fn lose_an_answer(&self) {
        self.state.borrow_mut().after.push_back(HostError::Transient("no answer".to_owned()));
    }

    /// Somebody else commits these texts, each just before one of our commits.
    pub fn compete(&self, texts: impl IntoIterator<Item = &'static str>) {
        self.state.borrow_mut().competing.extend(texts.into_iter().map(str::to_owned));
    }

    /// This happens while the next commit is on its way.
    pub fn meanwhile(&self, what: impl FnOnce() + 'static) {
        *self.meanwhile.borrow_mut() = Some(Box::new(what));
    }

    /// Somebody else commits now.
    pub fn commit_by_hand(&self, text: &str) {
        let message = CommitMessage { headline: "By hand".to_owned(), body: String::new() };
        self.state.borrow_mut().commits.push((text.to_owned(), message));
    }

    /// Adds an attempt to the log, newer than those before.
    pub fn log(&self, attempt: Attempt) {
        self.state.borrow_mut().log.insert(0, attempt);
    }

    pub fn fail_log(&self, error: HostError) {
        self.state.borrow_mut().log_errors.push_back(error);
    }

    /// Which attempts were asked for again, in order.
    pub fn redelivered(&self) -> Vec<u64> {
        self.state.borrow().redelivered.clone()
    }

    pub fn text(&self) -> String {
        self.state.borrow().commits.last().unwrap().0.clone()
    }

    pub fn head(&self) -> String {
        self.state.borrow().head().to_string()
    }

    /// Messages of our own commits.
    pub fn deployed(&self) -> Vec<CommitMessage> {
        let commits = &self.state.borrow().commits;
        commits
            .iter()
            .map(|(_, message)| message.clone())
            .filter(|message| message.headline.starts_with("Deploy"))
            .collect()
    }
}

impl GitHost for MemoryHost {
    async fn head(&self, repository: &str, branch: &str) -> Result<Oid, HostError> {
        assert_eq!((repository, branch), ("acme/gitops", "main"));
        Ok(self.state.borrow().head())
    }

    async fn read(&self, _: &str, at: &Oid, path: &str) -> Result<String, HostError> {
        let state = self.state.borrow();
        let index: usize = at.as_str().parse().unwrap();
        match path {
            FILE => Ok(state.commits[index].0.clone()),
            _ => Err(HostError::NotFound(format!("file {path}"))),
        }
    }

    async fn find(&self, _: &str, _: &Oid, _: &str, line: &str) -> Result<Option<Oid>, HostError> {
        let state = self.state.borrow();
        let has_line =
            |(_, message): &(String, CommitMessage)| message.body.lines().any(|other| other == line);
        Ok(state.commits.iter().rposition(has_line).map(|index| state.oid(index)))
    }

    async fn commit(
        &self,
        _: &str,
        _: &str,
        head: &Oid,
        files: &[FileText],
        message: &CommitMessage,
    ) -> Result<Oid, HostError> {
        let meanwhile = self.meanwhile.borrow_mut().take();
        if let Some(meanwhile) = meanwhile {
            meanwhile();
        }
        if let Some(error) = self.state.borrow_mut().before.pop_front() {
            return Err(error);
        }
        let competing = self.state.borrow_mut().competing.pop_front();
        if let Some(text) = competing {
            self.commit_by_hand(&text);
        }
        let mut state = self.state.borrow_mut();
        if state.head() != *head {
            return Err(HostError::Conflict);
        }
        assert_eq!(files.iter().map(|file| file.path.as_str()).collect::<Vec<_>>(), [FILE]);
        state.commits.push((files[0].text.clone(), message.clone()));
        match state.after.pop_front() {
            Some(error) => Err(error),
            None => Ok(state.head()),
        }
    }
}

impl DeliveryLog for MemoryHost {
    async fn deliveries(&self, hook: &Hook, cursor: Option<&Cursor>) -> Result<DeliveryPage, HostError> {
        assert_eq!((hook.as_str(), cursor), ("repos/acme/api/hooks/7", None));
        let mut state = self.state.borrow_mut();
        match state.log_errors.pop_front() {
            Some(error) => Err(error),
            None => Ok(DeliveryPage { attempts: state.log.clone(), next: None }),
        }
    }

    async fn redeliver(&self, _: &Hook, attempt: AttemptId) -> Result<(), HostError> {
        let mut state = self.state.borrow_mut();
        if let Some(error) = state.log_errors.pop_front() {
            return Err(error);
        }
        state.redelivered.push(attempt.0);
        Ok(())
    }
}
