//! Files of the host that components can read: <https://spinframework.dev/writing-apps#including-files-with-components>.
//!
//! What patterns name is copied into a folder that the component sees as `/`; folders with a destination of their own
//! are shown as they are. Components can only read.

use std::fs;
use std::path::{Path, PathBuf};

use anyhow::{Context, Result, ensure};
use fast_glob::glob_match;

use crate::manifest::{Component, FileMount};

/// Folder of the host, and where the component sees it.
pub type Mount = (PathBuf, String);

/// Prepares the files of `component` and says what to mount.
///
/// # Errors
/// If a pattern matches nothing, or a file cannot be read or copied.
pub fn mounts(component: &Component, manifest_folder: &Path, state: &Path) -> Result<Vec<Mount>> {
    let root = state.join("files").join(&component.id);
    if root.exists() {
        fs::remove_dir_all(&root).with_context(|| format!("cannot clear {}", root.display()))?;
    }
    let mut mounts = Vec::new();
    let mut copied = false;
    for mount in &component.files {
        match mount {
            FileMount::Placement { source, destination } if source.is_dir() => {
                mounts.push((source.clone(), destination.clone()));
            }
            FileMount::Placement { source, destination } => {
                copy(source, &root.join(destination.trim_start_matches('/')))?;
                copied = true;
            }
            FileMount::Pattern(pattern) => {
                copy_matching(pattern, &component.exclude_files, manifest_folder, &root)?;
                copied = true;
            }
        }
    }
    if copied {
        mounts.insert(0, (root, "/".to_owned()));
    }
    Ok(mounts)
}

fn copy_matching(pattern: &str, excluded: &[String], folder: &Path, root: &Path) -> Result<()> {
    let start = folder.join(fixed_part(pattern));
    let mut found = Vec::new();
    walk(&start, &mut found).with_context(|| format!("files {pattern:?}"))?;
    let mut any = false;
    for file in found {
        let relative = file.strip_prefix(folder).unwrap_or(&file);
        let name = relative.to_string_lossy().replace('\\', "/");
        let below = name.strip_prefix(pattern).is_some_and(|rest| rest.is_empty() || rest.starts_with('/'));
        if !(below || glob_match(pattern, &name)) {
            continue;
        }
        any = true;
        if !excluded.iter().any(|pattern| glob_match(pattern, &name)) {
            copy(&file, &root.join(relative))?;
        }
    }
    ensure!(any, "files {pattern:?}: no file matches");
    Ok(())
}

/// The folders of a pattern before its first wildcard: nothing else has to be searched.
fn fixed_part(pattern: &str) -> PathBuf {
    pattern.split('/').take_while(|part| !part.contains(['*', '?', '[', '{', '\\'])).collect()
}

fn walk(path: &Path, found: &mut Vec<PathBuf>) -> Result<()> {
    if !path.is_dir() {
        found.extend(path.is_file().then(|| path.to_owned()));
        return Ok(());
    }
    let entries = fs::read_dir(path).with_context(|| format!("cannot read {}", path.display()))?;
    for entry in entries {
        walk(&entry?.path(), found)?;
    }
    Ok(())
}

fn copy(from: &Path, to: &Path) -> Result<()> {
    if let Some(folder) = to.parent() {
        fs::create_dir_all(folder).with_context(|| format!("cannot create {}", folder.display()))?;
    }
    fs::copy(from, to).with_context(|| format!("cannot copy {} to {}", from.display(), to.display()))?;
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn folder(files: &[&str]) -> tempfile::TempDir {
        let folder = tempfile::tempdir().unwrap();
        for file in files {
            let path = folder.path().join(file);
            fs::create_dir_all(path.parent().unwrap()).unwrap();
            fs::write(path, file).unwrap();
        }
        folder
    }

    fn component(files: Vec<FileMount>, exclude: &[&str]) -> Component {
        Component {
            id: "web".into(),
            files,
            exclude_files: exclude.iter().map(|&pattern| pattern.to_owned()).collect(),
            ..Component::default()
        }
    }

    #[test]
    fn a_pattern_copies_what_it_matches_and_leaves_out_what_is_excluded() {
        let app = folder(&["static/a.html", "static/deep/b.css", "static/deep/c.map", "other.txt"]);
        let component = component(vec![FileMount::Pattern("static/**/*".into())], &["**/*.map"]);
        let state = app.path().join("state");
        let mounts = mounts(&component, app.path(), &state).unwrap();
        assert_eq!(mounts, [(state.join("files/web"), "/".to_owned())]);
        assert!(mounts[0].0.join("static/a.html").is_file());
        assert!(mounts[0].0.join("static/deep/b.css").is_file());
        assert!(!mounts[0].0.join("static/deep/c.map").exists());
        assert!(!mounts[0].0.join("other.txt").exists());
    }

    #[test]
    fn a_folder_with_a_destination_is_mounted_there() {
        let app = folder(&["data/x"]);
        let source = app.path().join("data");
        let placement = FileMount::Placement { source: source.clone(), destination: "/assets".into() };
        let mounts = mounts(&component(vec![placement], &[]), app.path(), &app.path().join("state")).unwrap();
        assert_eq!(mounts, [(source, "/assets".to_owned())]);
    }

    #[test]
    fn a_pattern_that_matches_nothing_is_an_error() {
        let app = folder(&["a.txt"]);
        let component = component(vec![FileMount::Pattern("static/*".into())], &[]);
        let error = mounts(&component, app.path(), &app.path().join("state")).unwrap_err();
        assert!(format!("{error:#}").contains("no file matches"));
    }
}
