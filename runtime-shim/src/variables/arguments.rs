//! The `--variable` arguments of the command line.

use std::collections::BTreeMap;
use std::io;
use std::path::Path;

use super::name::check_name;

/// Reads `--variable` arguments into values by name; of several values for a name the last counts. Each is one of
///
/// - `name=value`,
/// - `name=@file`: the value is the file's content, unchanged, with a newline at its end if there is one,
/// - `@file.toml` or `@file.json`: a table of names and texts.
///
/// `read` opens the files. The errors, one sentence for each thing that is wrong, show names and paths but no values.
pub fn parse_arguments(
    arguments: &[String],
    read: impl Fn(&Path) -> io::Result<String>,
) -> Result<BTreeMap<String, String>, Vec<String>> {
    let mut values = BTreeMap::new();
    let mut errors = Vec::new();
    for (at, argument) in arguments.iter().enumerate() {
        match parse_argument(argument, &read) {
            Ok(pairs) => {
                let invalid = pairs.iter().filter_map(|(name, _)| Some((name, check_name(name).err()?)));
                errors.extend(invalid.map(|(name, error)| format!("--variable {name:?}: {error}")));
                values.extend(pairs);
            }
            // Not even a part of the argument is shown: it may be a value whose name was forgotten.
            Err(ArgumentError::NoName) => errors.push(format!(
                "--variable argument {} must be `name=value`, `name=@file`, `@file.toml` or `@file.json`",
                at + 1
            )),
            Err(ArgumentError::File(error)) => errors.push(error),
        }
    }
    if errors.is_empty() { Ok(values) } else { Err(errors) }
}

enum ArgumentError {
    NoName,
    /// The sentence to show.
    File(String),
}

type Pairs = Vec<(String, String)>;

fn parse_argument(
    argument: &str,
    read: &impl Fn(&Path) -> io::Result<String>,
) -> Result<Pairs, ArgumentError> {
    let read = |path: &str| {
        read(Path::new(path))
            .map_err(|error| ArgumentError::File(format!("--variable file {path:?} cannot be read: {error}")))
    };
    if let Some(path) = argument.strip_prefix('@') {
        let parse = match Path::new(path).extension().and_then(|end| end.to_str()) {
            Some("toml") => parse_toml,
            Some("json") => parse_json,
            _ => {
                return Err(ArgumentError::File(format!(
                    "--variable file {path:?} must end in .toml or .json"
                )));
            }
        };
        return texts(path, parse(&read(path)?)).map_err(ArgumentError::File);
    }
    let (name, value) = argument.split_once('=').ok_or(ArgumentError::NoName)?;
    let value = match value.strip_prefix('@') {
        Some(path) => read(path)?,
        None => value.to_owned(),
    };
    Ok(vec![(name.to_owned(), value)])
}

/// What a file holds, or the line that is wrong. The parsers' own messages are not passed on, because they quote what
/// they stumble over.
type Parsed = Result<Vec<(String, Option<String>)>, usize>;

fn parse_toml(content: &str) -> Parsed {
    let table: toml::Table = toml::from_str(content).map_err(|error| {
        let before = error.span().and_then(|span| content.get(..span.start)).unwrap_or_default();
        before.matches('\n').count() + 1
    })?;
    Ok(table.into_iter().map(|(name, value)| (name, value.as_str().map(str::to_owned))).collect())
}

fn parse_json(content: &str) -> Parsed {
    let object: serde_json::Map<String, serde_json::Value> =
        serde_json::from_str(content).map_err(|error| error.line())?;
    Ok(object.into_iter().map(|(name, value)| (name, value.as_str().map(str::to_owned))).collect())
}

/// Makes sure that all values are texts.
fn texts(path: &str, parsed: Parsed) -> Result<Pairs, String> {
    let pairs = parsed.map_err(|line| {
        format!("--variable file {path:?} is not a table of names and texts (line {line})")
    })?;
    let text = |(name, value): (String, Option<String>)| match value {
        Some(value) => Ok((name, value)),
        None => Err(format!("--variable file {path:?}: the value of {name:?} must be a text in quotes")),
    };
    pairs.into_iter().map(text).collect()
}
