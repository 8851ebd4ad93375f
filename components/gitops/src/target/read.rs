//! From TOML to targets.

use std::collections::HashMap;

use toml::Spanned;
use toml::de::{DeTable, DeValue};

use super::section::{Faults, Section};
use super::{Branch, ConfigErrors, ImagePattern, TagRule, Target, Write};
use crate::edit::{Edit, Place, YamlPath};

/// Most characters of a service's or an environment's name.
const MAX_NAME: usize = 128;
/// Most characters of a file's path or a branch's name.
const MAX_PATH: usize = 255;
/// Most characters of the name that a kustomization has for an image.
const MAX_KUSTOMIZE_NAME: usize = 255;

/// Reads all targets, or finds all faults.
pub(super) fn targets(text: &str) -> Result<Vec<Target>, ConfigErrors> {
    let faults = Faults::new(text);
    let (root, errors) = DeTable::parse_recoverable(text);
    for error in &errors {
        let offset = error.span().map_or(0, |span| span.start);
        faults.add(None, offset, String::new(), format!("not TOML: {}", error.message()));
    }
    // What could be rescued from a broken text would give faults that are none.
    let targets = if errors.is_empty() { read_all(&faults, root.get_ref()) } else { Vec::new() };
    match faults.into_inner() {
        found if found.is_empty() => Ok(targets),
        found => Err(ConfigErrors(found)),
    }
}

fn read_all(faults: &Faults<'_>, root: &DeTable<'_>) -> Vec<Target> {
    let section = Section::new(faults, None, root, 0);
    section.refuse_unknown(&["target"]);
    let Some(value) = root.get("target") else {
        return Vec::new();
    };
    let Some(items) = value.get_ref().as_array() else {
        section.fault("target", "is not a list of tables; write [[target]]");
        return Vec::new();
    };
    let mut targets = Vec::new();
    let mut numbers = HashMap::new();
    for (index, item) in items.iter().enumerate() {
        let number = index + 1;
        let Some(target) = read(faults, number, item) else {
            continue;
        };
        if let Some(first) = numbers.insert(target.key(), number) {
            let name = label(number, item.get_ref());
            let message = format!("has service, environment and image of target {first}");
            faults.add(Some(&name), item.span().start, String::new(), message);
        }
        targets.push(target);
    }
    targets
}

fn read(faults: &Faults<'_>, number: usize, item: &Spanned<DeValue<'_>>) -> Option<Target> {
    let name = label(number, item.get_ref());
    let Some(table) = item.get_ref().as_table() else {
        faults.add(Some(&name), item.span().start, String::new(), "is not a table");
        return None;
    };
    let section = Section::new(faults, Some(&name), table, item.span().start);
    section.refuse_unknown(&["service", "environment", "image", "tags", "write", "git", "edit"]);
    // All are read before the first that is wrong ends it.
    let service = section.text("service", read_name);
    let environment = section.text("environment", read_name);
    let image = section.text("image", ImagePattern::parse);
    let tags = section.table("tags").and_then(|tags| read_tags(&tags));
    let write = if section.has("write") { section.text("write", read_write) } else { Some(Write::default()) };
    let git = section.table("git").and_then(|git| read_git(&git));
    let edits = read_edits(&section);
    Some(Target {
        service: service?,
        environment: environment?,
        image: image?,
        tags: tags?,
        write: write?,
        git: git?,
        edits: edits?,
    })
}

/// What a target is called in a fault: `target 2 (api/staging)`.
fn label(number: usize, value: &DeValue<'_>) -> String {
    let text = |key| value.as_table()?.get(key)?.get_ref().as_str();
    match (text("service"), text("environment")) {
        (Some(service), Some(environment)) => format!("target {number} ({service}/{environment})"),
        _ => format!("target {number}"),
    }
}

/// Names end up in commit messages and in [`Target::key`], which separates them by `/`.
fn read_name(text: &str) -> Result<String, String> {
    let is_allowed = |byte: u8| byte.is_ascii_alphanumeric() || matches!(byte, b'.' | b'_' | b'-');
    if text.is_empty() || text.len() > MAX_NAME || !text.bytes().all(is_allowed) {
        return Err(format!("is not a name of up to {MAX_NAME} letters, digits, `.`, `_` and `-`"));
    }
    Ok(text.to_owned())
}

fn read_tags(section: &Section<'_>) -> Option<TagRule> {
    let kinds = ["semver", "regex", "any"];
    section.refuse_unknown(&kinds);
    let mut given = kinds.into_iter().filter(|kind| section.has(kind));
    match (given.next(), given.next()) {
        (Some("semver"), None) => section.text("semver", TagRule::semver),
        (Some("regex"), None) => section.text("regex", TagRule::regex),
        (Some(_), None) => {
            let is_true = section.required("any")?.get_ref().as_bool() == Some(true);
            if !is_true {
                section.fault("any", "is not `true`");
            }
            is_true.then_some(TagRule::Any)
        }
        _ => {
            section.own_fault("has to hold exactly one of semver, regex and any");
            None
        }
    }
}

fn read_write(text: &str) -> Result<Write, &'static str> {
    match text {
        "tag" => Ok(Write::Tag),
        "digest" => Ok(Write::Digest),
        "tag@digest" => Ok(Write::TagAndDigest),
        _ => Err("is none of tag, digest and tag@digest"),
    }
}

fn read_git(section: &Section<'_>) -> Option<Branch> {
    section.refuse_unknown(&["host", "repository", "branch"]);
    let is_github = |host: &str| if host == "github" { Ok(()) } else { Err("is not `github`") };
    let host = section.text("host", is_github);
    let repository = section.text("repository", read_repository);
    let branch = section.text("branch", read_branch);
    host?;
    Some(Branch { repository: repository?, branch: branch? })
}

fn read_repository(text: &str) -> Result<String, &'static str> {
    let is_good = |part: &str, more: &str| {
        let is_allowed = |char: char| char.is_ascii_alphanumeric() || more.contains(char);
        (1..=100).contains(&part.len()) && part.chars().all(is_allowed) && part != "." && part != ".."
    };
    match text.split_once('/') {
        Some((owner, name)) if is_good(owner, "-_") && is_good(name, "-_.") => Ok(text.to_owned()),
        _ => Err("is not `owner/name`"),
    }
}

/// The rules that matter here of <https://git-scm.com/docs/git-check-ref-format>.
fn read_branch(text: &str) -> Result<String, &'static str> {
    let is_bad_char = |char: char| char.is_control() || char.is_whitespace() || "~^:?*[\\".contains(char);
    let is_bad_part = |part: &str| part.is_empty() || part.starts_with('.') || part.ends_with(".lock");
    let is_bad = text.len() > MAX_PATH
        || text.contains(is_bad_char)
        || text.contains("..")
        || text.contains("@{")
        || text.starts_with('-')
        || text.starts_with("refs/")
        || text.ends_with('.')
        || text.split('/').any(is_bad_part);
    if is_bad { Err("is not the name of a branch, such as `main`") } else { Ok(text.to_owned()) }
}

fn read_edits(section: &Section<'_>) -> Option<Vec<Edit>> {
    let sections = section.tables("edit");
    let mut edits = Vec::with_capacity(sections.len());
    let mut is_complete = !sections.is_empty();
    for section in &sections {
        match read_edit(section) {
            Some(edit) if edits.contains(&edit) => section.own_fault("is there twice"),
            Some(edit) => edits.push(edit),
            None => is_complete = false,
        }
    }
    is_complete.then_some(edits)
}

fn read_edit(section: &Section<'_>) -> Option<Edit> {
    match (section.has("file"), section.has("kustomization")) {
        (true, false) => {
            section.refuse_unknown(&["file", "path"]);
            let file = section.text("file", read_file);
            let path =
                section.text("path", |path| YamlPath::parse(path).map_err(|error| format!("is {error}")));
            Some(Edit { file: file?, place: Place::Value(path?) })
        }
        (false, true) => {
            section.refuse_unknown(&["kustomization", "image"]);
            let file = section.text("kustomization", read_file);
            let image = section.text("image", read_kustomize_name);
            Some(Edit { file: file?, place: Place::KustomizeImage(image?) })
        }
        _ => {
            section.own_fault("has to hold either file and path, or kustomization and image");
            None
        }
    }
}

/// A file inside the repository, and nowhere else.
fn read_file(text: &str) -> Result<String, &'static str> {
    let is_good_part = |part: &str| !matches!(part, "" | "." | "..") && !part.eq_ignore_ascii_case(".git");
    let is_bad_char = |char: char| char.is_control() || char == '\\';
    if text.len() > MAX_PATH || text.contains(is_bad_char) || !text.split('/').all(is_good_part) {
        return Err("is not a path inside the repository: relative, without `.` and `..`");
    }
    Ok(text.to_owned())
}

fn read_kustomize_name(text: &str) -> Result<String, &'static str> {
    if text.is_empty() || text.len() > MAX_KUSTOMIZE_NAME || text.contains(char::is_control) {
        return Err("is not the name that the kustomization has for an image");
    }
    Ok(text.to_owned())
}
