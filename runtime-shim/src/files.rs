//! Files of the host that components can read: <https://spinframework.dev/writing-apps#including-files-with-components>.
//!
//! What patterns name is copied into a folder that the component sees as `/`; folders with a destination of their own
//! are shown as they are, unless files are to be left out of them. Components can only read.

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
            FileMount::Placement { source, destination }
                if source.is_dir() && component.exclude_files.is_empty() =>
            {
                mounts.push((source.clone(), destination.clone()));
            }
            FileMount::Placement { source, destination } => {
                let place = root.join(destination.trim_start_matches('/'));
                match source.is_dir() {
                    true => copy_folder(source, &component.exclude_files, manifest_folder, &place)?,
                    false => copy(source, &place)?,
                }
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

fn copy_folder(source: &Path, excluded: &[String], folder: &Path, place: &Path) -> Result<()> {
    let mut found = Vec::new();
    walk(source, &mut found)?;
    fs::create_dir_all(place).with_context(|| format!("cannot create {}", place.display()))?;
    for file in found {
        if !is_excluded(&name_below(folder, &file), excluded) {
            copy(&file, &place.join(file.strip_prefix(source).unwrap_or(&file)))?;
        }
    }
    Ok(())
}

fn copy_matching(pattern: &str, excluded: &[String], folder: &Path, root: &Path) -> Result<()> {
    let start = folder.join(fixed_part(pattern));
    let mut found = Vec::new();
    walk(&start, &mut found).with_context(|| format!("files {pattern:?}"))?;
    let mut any = false;
    for file in found {
        let name = name_below(folder, &file);
        let below = name.strip_prefix(pattern).is_some_and(|rest| rest.is_empty() || rest.starts_with('/'));
        if !(below || glob_match(pattern, &name)) {
            continue;
        }
        any = true;
        if !is_excluded(&name, excluded) {
            copy(&file, &root.join(&name))?;
        }
    }
    ensure!(any, "files {pattern:?}: no file matches");
    Ok(())
}

/// The file's path as patterns see it.
fn name_below(folder: &Path, file: &Path) -> String {
    file.strip_prefix(folder).unwrap_or(file).to_string_lossy().replace('\\', "/")
}

/// Whether one of the patterns matches. Unlike in `files`, a `*` of them also stands for slashes, as in Spin: `*.env`
/// leaves out every such file, however deep it lies.
fn is_excluded(name: &str, patterns: &[String]) -> bool {
    // A character that no pattern takes for the end of a folder.
    let flat = |text: &str| text.replace('/', "\u{1}");
    let name_flat = flat(name);
    patterns.iter().any(|pattern| glob_match(pattern, name) || glob_match(flat(pattern), &name_flat))
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
    fn excluded_files_are_left_out_of_folders_with_a_destination_too() {
        let app = folder(&["data/x", "data/deep/secret.env", "data/deep/y"]);
        let placement =
            FileMount::Placement { source: app.path().join("data"), destination: "/assets".into() };
        let state = app.path().join("state");
        let component = component(vec![placement], &["*.env"]);
        let mounts = mounts(&component, app.path(), &state).unwrap();
        assert_eq!(mounts, [(state.join("files/web"), "/".to_owned())]);
        let assets = mounts[0].0.join("assets");
        assert!(assets.join("x").is_file() && assets.join("deep/y").is_file());
        assert!(!assets.join("deep/secret.env").exists());
    }

    #[test]
    fn excluded_names_match_at_any_depth_as_in_spin() {
        let excluded = |pattern: &str, name| is_excluded(name, &[pattern.to_owned()]);
        assert!(excluded("*.env", ".env") && excluded("*.env", "a/b/c.env"));
        assert!(excluded("a/*", "a/b/c.env") && excluded("**/c.env", "c.env"));
        assert!(excluded("a/b/c.env", "a/b/c.env"));
        assert!(!excluded("b/*", "a/b/c.env") && !excluded("*.env", "a/c.envy"));
    }

    #[test]
    fn a_pattern_that_matches_nothing_is_an_error() {
        let app = folder(&["a.txt"]);
        let component = component(vec![FileMount::Pattern("static/*".into())], &[]);
        let error = mounts(&component, app.path(), &app.path().join("state")).unwrap_err();
        assert!(format!("{error:#}").contains("no file matches"));
    }
}
