//! A bare git repository: its life and its references. Objects are in `tree` and `commit`.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};

use super::commit::{NewCommit, Signature};
use super::git::{Git, GitError};
use super::name::{NameError, Oid, RefName, RepositoryName, TreePath};
use super::tree::TreeChange;

/// What a reference is compared with when it must not exist yet.
const NO_OBJECT: &str = "0000000000000000000000000000000000000000";
/// How often [`Repository::push`] starts over when somebody else pushes at the same moment.
const PUSH_ATTEMPTS: usize = 20;

/// A bare git repository under the double's root folder.
#[derive(Clone, Debug)]
pub struct Repository {
    name: RepositoryName,
    pub(super) git: Git,
}

/// Why a repository could not be used.
#[derive(Debug, thiserror::Error)]
pub enum RepositoryError {
    /// `git` failed.
    #[error(transparent)]
    Git(#[from] GitError),
    /// A name or path that git does not take.
    #[error(transparent)]
    Name(#[from] NameError),
    /// The repository's folder could not be made.
    #[error("cannot make the repository's folder: {0}")]
    Folder(#[from] std::io::Error),
    /// There is no such file, branch or commit.
    #[error("{0} does not exist")]
    Missing(String),
    /// The branch moved every time that a commit was ready.
    #[error("the branch never stood still")]
    Contended,
}

impl Repository {
    /// Makes an empty repository, or opens the one that is there.
    ///
    /// # Errors
    /// When the folder cannot be made or `git init` fails.
    pub fn create(root: &Path, name: RepositoryName) -> Result<Self, RepositoryError> {
        if let Some(repository) = Self::open(root, name.clone()) {
            return Ok(repository);
        }
        let dir = folder(root, &name);
        std::fs::create_dir_all(&dir)?;
        let git = Git::new(&dir);
        git.run(&["init", "--quiet", "--bare", "--initial-branch=main"])?;
        // Writers that meet wait for each other, as at GitHub, and then lose by the value they compare with.
        git.run(&["config", "core.filesRefLockTimeout", "10000"])?;
        Ok(Self { name, git })
    }

    /// Opens a repository that is there already.
    pub fn open(root: &Path, name: RepositoryName) -> Option<Self> {
        let dir = folder(root, &name);
        dir.join("HEAD").is_file().then(|| Self { name, git: Git::new(dir) })
    }

    /// `owner/name`.
    pub fn name(&self) -> &RepositoryName {
        &self.name
    }

    /// The bare repository's folder, for looking at it by hand.
    pub fn dir(&self) -> &Path {
        self.git.dir()
    }

    /// The branch that requests mean when they name none.
    ///
    /// # Errors
    /// When `HEAD` is not a branch.
    pub fn default_branch(&self) -> Result<RefName, RepositoryError> {
        let head = self.git.run(&["symbolic-ref", "HEAD"])?;
        Ok(String::from_utf8_lossy(&head).trim().parse()?)
    }

    /// What a reference points at, if it exists.
    ///
    /// # Errors
    /// When `git` cannot be run.
    pub fn reference(&self, name: &RefName) -> Result<Option<Oid>, GitError> {
        self.rev_parse(name.as_str())
    }

    /// The commit that a branch, a tag, a full reference or an object id stands for.
    ///
    /// # Errors
    /// When `git` cannot be run.
    pub fn resolve(&self, text: &str) -> Result<Option<Oid>, GitError> {
        if let Ok(oid) = text.parse::<Oid>() {
            return self.rev_parse(&format!("{oid}^{{commit}}"));
        }
        let names = [RefName::branch(text), RefName::tag(text), text.parse(), format!("refs/{text}").parse()];
        for name in names.into_iter().flatten() {
            if let Some(oid) = self.rev_parse(&format!("{name}^{{commit}}"))? {
                return Ok(Some(oid));
            }
        }
        Ok(None)
    }

    /// Type of an object (`commit`, `tree`, `blob`, `tag`), if it exists.
    ///
    /// # Errors
    /// When `git` cannot be run.
    pub fn object_type(&self, oid: &Oid) -> Result<Option<String>, GitError> {
        if self.rev_parse(&format!("{oid}^{{object}}"))?.is_none() {
            return Ok(None);
        }
        let kind = self.git.run(&["cat-file", "-t", oid.as_str()])?;
        Ok(Some(String::from_utf8_lossy(&kind).trim().to_owned()))
    }

    fn rev_parse(&self, revision: &str) -> Result<Option<Oid>, GitError> {
        match self.git.run(&["rev-parse", "--verify", "--quiet", "--end-of-options", revision]) {
            Ok(out) => oid(&out, "rev-parse").map(Some),
            // With --quiet there is a message only when more is wrong than a name that nothing answers to.
            Err(GitError::Failed { stderr, .. }) if stderr.is_empty() => Ok(None),
            Err(error) => Err(error),
        }
    }

    /// Moves a reference from `old` (`None`: it does not exist yet) to `new`; `false` when it is not at `old`.
    ///
    /// # Errors
    /// When `git` fails for any other reason.
    pub fn compare_and_swap(&self, name: &RefName, old: Option<&Oid>, new: &Oid) -> Result<bool, GitError> {
        let expected = old.map_or(NO_OBJECT, Oid::as_str);
        match self.git.run(&["update-ref", name.as_str(), new.as_str(), expected]) {
            Ok(_) => Ok(true),
            Err(_) if self.reference(name)?.as_ref() != old => Ok(false),
            Err(error) => Err(error),
        }
    }

    /// Whether `descendant` has `ancestor` in its history, or is it.
    ///
    /// # Errors
    /// When one of them is no commit.
    pub fn is_ancestor(&self, ancestor: &Oid, descendant: &Oid) -> Result<bool, GitError> {
        self.git.test(&["merge-base", "--is-ancestor", ancestor.as_str(), descendant.as_str()])
    }

    /// Commits files to the default branch as somebody else would by `git push`, and gives the commit's id.
    ///
    /// # Errors
    /// When a path is none, or `git` fails.
    pub fn push(&self, files: &BTreeMap<String, String>, message: &str) -> Result<Oid, RepositoryError> {
        let branch = self.default_branch()?;
        self.push_to(&branch, files, message)
    }

    /// Like [`Repository::push`], to a branch of choice.
    ///
    /// # Errors
    /// When a path is none, or `git` fails.
    pub fn push_to(
        &self,
        branch: &RefName,
        files: &BTreeMap<String, String>,
        message: &str,
    ) -> Result<Oid, RepositoryError> {
        let changes = files
            .iter()
            .map(|(path, text)| Ok(TreeChange::write(path.parse()?, self.write_blob(text.as_bytes())?)))
            .collect::<Result<Vec<_>, RepositoryError>>()?;
        for _ in 0..PUSH_ATTEMPTS {
            let head = self.reference(branch)?;
            let tree = self.write_tree(head.as_ref(), &changes)?;
            let author = Signature::now("A colleague", "colleague@example.com");
            let parents = head.clone().into_iter().collect();
            let commit =
                NewCommit { tree, parents, committer: author.clone(), author, message: message.to_owned() };
            let commit = self.write_commit(&commit)?;
            if self.compare_and_swap(branch, head.as_ref(), &commit)? {
                return Ok(commit);
            }
        }
        Err(RepositoryError::Contended)
    }

    /// The commit that the default branch points at.
    ///
    /// # Errors
    /// When the branch has no commit yet.
    pub fn head(&self) -> Result<Oid, RepositoryError> {
        let branch = self.default_branch()?;
        self.reference(&branch)?.ok_or_else(|| RepositoryError::Missing(branch.to_string()))
    }

    /// A file's text at the head of the default branch.
    ///
    /// # Errors
    /// When there is no such file.
    pub fn file(&self, path: &str) -> Result<String, RepositoryError> {
        let path: TreePath = path.parse()?;
        let entry =
            self.entry(&self.head()?, &path)?.ok_or_else(|| RepositoryError::Missing(path.to_string()))?;
        Ok(String::from_utf8_lossy(&self.read_blob(&entry.oid)?).into_owned())
    }

    /// What `git log -p` shows, newest first: for people, and for the message of a failed test.
    ///
    /// # Errors
    /// When the default branch has no commit yet.
    pub fn log_patch(&self) -> Result<String, RepositoryError> {
        let out = self.git.run(&["log", "-p", "--no-color", "--end-of-options", self.head()?.as_str()])?;
        Ok(String::from_utf8_lossy(&out).into_owned())
    }

    /// Lets git check every object and reference.
    ///
    /// # Errors
    /// What `git fsck` complains about.
    pub fn fsck(&self) -> Result<(), GitError> {
        self.git.run(&["fsck", "--full", "--strict", "--no-dangling", "--no-progress"]).map(drop)
    }
}

fn folder(root: &Path, name: &RepositoryName) -> PathBuf {
    root.join(name.owner()).join(format!("{}.git", name.name()))
}

/// Reads the object id that a subcommand wrote.
pub(super) fn oid(out: &[u8], command: &'static str) -> Result<Oid, GitError> {
    std::str::from_utf8(out).ok().and_then(|text| text.trim().parse().ok()).ok_or(GitError::Form { command })
}
