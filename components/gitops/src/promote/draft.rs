//! The files of a commit before it is made.

use std::collections::BTreeMap;

use super::{Order, PromoteError};
use crate::edit;
use crate::host::{FileText, GitHost, HostError, Oid};
use crate::target::Branch;

/// Files at one commit of a branch, and what is to become of them.
pub(super) struct Draft<'a, H> {
    host: &'a H,
    branch: &'a Branch,
    head: &'a Oid,
    files: BTreeMap<String, Text>,
}

/// One file.
struct Text {
    before: String,
    now: String,
    /// Whether it goes into the commit.
    is_kept: bool,
}

/// What an order makes of its files.
pub(super) struct Edited {
    /// All of its files, as they are to be.
    pub(super) files: Vec<FileText>,
    /// Whether any of them differs.
    pub(super) is_changed: bool,
}

impl<'a, H: GitHost> Draft<'a, H> {
    pub(super) fn new(host: &'a H, branch: &'a Branch, head: &'a Oid) -> Self {
        Self { host, branch, head, files: BTreeMap::new() }
    }

    /// The commit that is changed.
    pub(super) fn head(&self) -> &'a Oid {
        self.head
    }

    /// The commit that an earlier attempt has made.
    pub(super) async fn earlier_commit(&self, order: &Order<'_>) -> Result<Option<Oid>, HostError> {
        match order.target.edits.first() {
            Some(edit) => {
                let line = order.message.trailer();
                self.host.find(&self.branch.repository, self.head, &edit.file, &line).await
            }
            None => Ok(None),
        }
    }

    /// The order's files as they are to be. Several edits may concern one file.
    pub(super) async fn edit<E>(&mut self, order: &Order<'_>) -> Result<Edited, PromoteError<E>> {
        let mut edited: BTreeMap<&str, String> = BTreeMap::new();
        let mut is_changed = false;
        for edit in &order.target.edits {
            let apply = |text: &str| {
                edit::apply(text, edit, &order.value)
                    .map_err(|error| PromoteError::Edit { file: edit.file.clone(), error })
            };
            let file = self.file(&edit.file).await?;
            // What another order of this commit has written already is as good as unwritten while the commit is not made.
            is_changed = is_changed || apply(&file.before)?.changed;
            let result = apply(edited.get(edit.file.as_str()).unwrap_or(&file.now))?;
            is_changed = is_changed || result.changed;
            edited.insert(&edit.file, result.text);
        }
        let files = edited.into_iter().map(|(path, text)| FileText { path: path.to_owned(), text });
        Ok(Edited { files: files.collect(), is_changed })
    }

    /// Takes over what an order has edited.
    pub(super) fn keep(&mut self, files: Vec<FileText>) {
        for FileText { path, text } in files {
            if let Some(file) = self.files.get_mut(&path) {
                file.now = text;
                file.is_kept = true;
            }
        }
    }

    /// The files that differ; or else, of an order that is confirmed, its files as they are: Git hosts make a commit of
    /// them that only moves the branch.
    pub(super) fn into_files(self) -> Vec<FileText> {
        let is_changed = self.files.values().any(|file| file.now != file.before);
        let wanted = |file: &Text| if is_changed { file.now != file.before } else { file.is_kept };
        let files = self.files.into_iter().filter(|(_, file)| wanted(file));
        files.map(|(path, file)| FileText { path, text: file.now }).collect()
    }

    async fn file(&mut self, path: &str) -> Result<&Text, HostError> {
        if !self.files.contains_key(path) {
            let text = self.host.read(&self.branch.repository, self.head, path).await?;
            self.files.insert(path.to_owned(), Text { before: text.clone(), now: text, is_kept: false });
        }
        self.files.get(path).ok_or_else(|| HostError::NotFound(format!("file {path}")))
    }
}
