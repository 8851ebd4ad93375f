//! Blobs and trees: the files of a commit.

use std::ffi::OsStr;
use std::path::Path;

use super::git::GitError;
use super::name::{Oid, TreePath};
use super::repository::{Repository, oid};

/// Mode of a regular file.
pub const REGULAR_FILE: &str = "100644";
/// Index mode that takes an entry out; see `--index-info` in git-update-index(1).
const REMOVED: &str = "0";
/// Modes that a tree may hold: file, executable, folder, symbolic link. Submodules are not played.
const MODES: [&str; 4] = [REGULAR_FILE, "100755", "040000", "120000"];

/// A file or folder of a tree.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Entry {
    /// Full path inside the repository.
    pub path: TreePath,
    /// Six octal digits, e.g. `100644`.
    pub mode: String,
    /// `blob`, `tree` or `commit` (a submodule).
    pub kind: String,
    /// The object.
    pub oid: Oid,
    /// Bytes; 0 for a folder.
    pub size: u64,
}

/// What shall become of one path.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct TreeChange {
    path: TreePath,
    to: Option<(String, Oid)>,
}

impl TreeChange {
    /// The path becomes a regular file with this content.
    pub fn write(path: TreePath, blob: Oid) -> Self {
        Self { path, to: Some((REGULAR_FILE.to_owned(), blob)) }
    }

    /// The path becomes an object of this mode; `None` when a tree cannot hold that mode.
    pub fn write_as(path: TreePath, mode: &str, object: Oid) -> Option<Self> {
        MODES.contains(&mode).then(|| Self { path, to: Some((mode.to_owned(), object)) })
    }

    /// The file at this path goes.
    pub fn remove(path: TreePath) -> Self {
        Self { path, to: None }
    }
}

impl Repository {
    /// A blob's bytes.
    ///
    /// # Errors
    /// When there is no such blob.
    pub fn read_blob(&self, blob: &Oid) -> Result<Vec<u8>, GitError> {
        self.git.run(&["cat-file", "blob", blob.as_str()])
    }

    /// Stores bytes as a blob.
    ///
    /// # Errors
    /// When `git` fails.
    pub fn write_blob(&self, bytes: &[u8]) -> Result<Oid, GitError> {
        oid(&self.git.run_with(&["hash-object", "-w", "--stdin"], bytes, &[])?, "hash-object")
    }

    /// The file or folder at a path of a commit, if there is one.
    ///
    /// # Errors
    /// When there is no such commit.
    pub fn entry(&self, commit: &Oid, path: &TreePath) -> Result<Option<Entry>, GitError> {
        let out = self.ls_tree(&[commit.as_str(), "--", path.as_str()])?;
        Ok(entries(&out, None)?.into_iter().find(|entry| entry.path == *path))
    }

    /// What lies in a folder of a commit; `None` stands for the top folder.
    ///
    /// # Errors
    /// When there is no such commit or folder.
    pub fn list(&self, commit: &Oid, folder: Option<&TreePath>) -> Result<Vec<Entry>, GitError> {
        let tree = folder.map_or_else(|| commit.to_string(), |folder| format!("{commit}:{folder}"));
        entries(&self.ls_tree(&[&tree])?, folder)
    }

    fn ls_tree(&self, args: &[&str]) -> Result<Vec<u8>, GitError> {
        let command = ["ls-tree", "-z", "--long", "--full-tree"];
        self.git.run(&[&command, args].concat())
    }

    /// Writes the tree that has `base` (a commit or tree; `None`: nothing) with `changes` made to it.
    ///
    /// # Errors
    /// When an object does not exist or a mode does not fit it.
    pub fn write_tree(&self, base: Option<&Oid>, changes: &[TreeChange]) -> Result<Oid, GitError> {
        let scratch = tempfile::tempdir()?;
        let index = scratch.path().join("index");
        if let Some(base) = base {
            self.with_index(&index, &["read-tree", base.as_str()], &[])?;
        }
        self.with_index(&index, &["update-index", "-z", "--index-info"], &self.index_info(changes)?)?;
        oid(&self.with_index(&index, &["write-tree"], &[])?, "write-tree")
    }

    fn with_index(&self, index: &Path, args: &[&str], input: &[u8]) -> Result<Vec<u8>, GitError> {
        self.git.run_with(args, input, &[("GIT_INDEX_FILE", index.as_os_str() as &OsStr)])
    }

    fn index_info(&self, changes: &[TreeChange]) -> Result<Vec<u8>, GitError> {
        let mut lines = String::new();
        for change in changes {
            match &change.to {
                Some((mode, tree)) if mode == "040000" => {
                    for file in self.files_below(tree)? {
                        lines += &format!("{} {}\t{}/{}\0", file.mode, file.oid, change.path, file.path);
                    }
                }
                Some((mode, object)) => lines += &format!("{mode} {object}\t{}\0", change.path),
                None => lines += &format!("{REMOVED} {}\t{}\0", "0".repeat(40), change.path),
            }
        }
        Ok(lines.into_bytes())
    }

    /// An index knows files only, so a folder goes in file by file.
    fn files_below(&self, tree: &Oid) -> Result<Vec<Entry>, GitError> {
        entries(&self.ls_tree(&["-r", tree.as_str()])?, None)
    }
}

/// Reads `mode SP type SP oid SP+ size TAB path NUL`, the answer of `ls-tree -z --long`.
fn entries(out: &[u8], folder: Option<&TreePath>) -> Result<Vec<Entry>, GitError> {
    let form = GitError::Form { command: "ls-tree" };
    let Ok(text) = std::str::from_utf8(out) else {
        return Err(form);
    };
    text.split_terminator('\0').map(|line| entry(line, folder)).collect::<Option<Vec<_>>>().ok_or(form)
}

fn entry(line: &str, folder: Option<&TreePath>) -> Option<Entry> {
    let (meta, path) = line.split_once('\t')?;
    let mut words = meta.split_ascii_whitespace();
    let path = match folder {
        Some(folder) => format!("{folder}/{path}").parse().ok()?,
        None => path.parse().ok()?,
    };
    Some(Entry {
        path,
        mode: words.next()?.to_owned(),
        kind: words.next()?.to_owned(),
        oid: words.next()?.parse().ok()?,
        size: words.next()?.parse().unwrap_or(0),
    })
}
