//! `@FILE` on the command line stands for the arguments in that file: where a native container shares a pod with wasm
//! ones, environment variables may not reach it.

use std::ffi::OsString;
use std::io;
use std::path::{Path, PathBuf};

/// Why arguments could not be put in.
#[derive(Debug, thiserror::Error)]
pub enum ResponseFileError {
    /// Something that is neither a flag nor `@FILE`.
    #[error("unexpected argument {0:?}: files of arguments are written @FILE")]
    NotAFile(String),
    /// The file cannot be read.
    #[error("cannot read {}", path.display())]
    Unreadable {
        /// The file.
        path: PathBuf,
        /// Why not.
        source: io::Error,
    },
    /// A file that names another.
    #[error("{}: a file of arguments cannot name another", .0.display())]
    Nested(PathBuf),
}

/// `arguments` with the content of each of `files`, as in `@FILE`, in its place.
///
/// # Errors
/// If one is not written that way, or cannot be read.
pub fn expand(
    arguments: impl IntoIterator<Item = OsString>,
    files: &[String],
) -> Result<Vec<OsString>, ResponseFileError> {
    let mut expanded = Vec::new();
    for argument in arguments {
        match files.iter().find(|file| argument == file.as_str()) {
            Some(file) => expanded.extend(read(file)?),
            None => expanded.push(argument),
        }
    }
    Ok(expanded)
}

fn read(file: &str) -> Result<Vec<OsString>, ResponseFileError> {
    let path = Path::new(file.strip_prefix('@').ok_or_else(|| ResponseFileError::NotAFile(file.to_owned()))?);
    let text = std::fs::read_to_string(path)
        .map_err(|source| ResponseFileError::Unreadable { path: path.to_owned(), source })?;
    let arguments: Vec<OsString> = text.lines().flat_map(line).map(OsString::from).collect();
    if arguments.iter().any(|argument| argument.as_encoded_bytes().starts_with(b"@")) {
        return Err(ResponseFileError::Nested(path.to_owned()));
    }
    Ok(arguments)
}

/// A flag and its value, which may hold spaces; nothing of a comment.
fn line(line: &str) -> impl Iterator<Item = &str> {
    let line = line.trim();
    let (flag, value) = match line.split_once(char::is_whitespace) {
        _ if line.is_empty() || line.starts_with('#') => (None, None),
        Some((flag, value)) => (Some(flag), Some(value.trim_start())),
        None => (Some(line), None),
    };
    flag.into_iter().chain(value)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn expanded(content: &str) -> Result<Vec<String>, ResponseFileError> {
        let folder = tempfile::tempdir().unwrap();
        let file = folder.path().join("arguments");
        std::fs::write(&file, content).unwrap();
        let name = format!("@{}", file.display());
        let arguments = ["slipway", "sidecar", "--component", "a", &name, "--ready-path=/"];
        let expanded = expand(arguments.map(OsString::from), std::slice::from_ref(&name))?;
        Ok(expanded.into_iter().map(|argument| argument.into_string().unwrap()).collect())
    }

    #[test]
    fn a_files_arguments_stand_where_the_file_was_named() {
        let content = "# of the team\n\n--upstream http://127.0.0.1:80\n  --component=b c\n--flag\n";
        let expected = [
            "slipway",
            "sidecar",
            "--component",
            "a",
            "--upstream",
            "http://127.0.0.1:80",
            "--component=b",
            "c",
            "--flag",
            "--ready-path=/",
        ];
        assert_eq!(expanded(content).unwrap(), expected);
    }

    #[test]
    fn a_file_that_names_another_is_refused() {
        assert!(matches!(expanded("@other"), Err(ResponseFileError::Nested(_))));
    }

    #[test]
    fn what_is_no_file_is_an_error() {
        for name in ["stray", "@/no/such/file"] {
            assert!(expand([OsString::from(name)], &[name.to_owned()]).is_err(), "{name}");
        }
    }
}
