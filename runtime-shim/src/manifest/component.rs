//! `[component.<id>]`, or the same table inside a trigger.

use std::collections::BTreeMap;
use std::path::{Component as PathPart, Path, PathBuf};

use toml::{Table, Value};

use super::model::{Component, FileMount};
use super::names::{check_kebab, check_label, check_lower_snake};
use super::read::Context;
use super::section::Section;
use crate::outbound::allow::AllowedHost;
use crate::variables::Template;

/// Reads all of `[component]`.
pub(super) fn read_all(table: Table, context: &Context) -> Vec<Component> {
    let read_one = |(id, value): (String, Value)| match value {
        Value::Table(table) => read(id, table, context),
        _ => {
            context.problems.report(&place(&id), "must be a table");
            Component { id, ..Component::default() }
        }
    };
    table.into_iter().map(read_one).collect()
}

/// Reads one component.
pub(super) fn read(id: String, table: Table, context: &Context) -> Component {
    let mut section = Section::new(place(&id), table, context.problems);
    if let Err(rule) = check_kebab(&id) {
        section.report(format_args!("its id {rule}"));
    }
    section.refuse(
        "dependencies",
        "are not supported: build the component with its dependencies composed into it",
    );
    section.refuse("allowed_http_hosts", "is of Spin 1: write `allowed_outbound_hosts` instead");
    read_build(&mut section);
    // Profiles replace parts of a component only when one is asked for by name, which this host has no option for.
    section.ignore(&["dependencies_inherit_configuration", "profile", "targets", "tool"]);
    let component = Component {
        id,
        description: section.or_default("description"),
        source: read_source(&mut section, context.directory),
        environment: section.or_default("environment"),
        files: read_files(&mut section, context.directory),
        exclude_files: section.or_default("exclude_files"),
        variables: read_variables(&mut section, context),
        allowed_outbound_hosts: read_allowed_hosts(&mut section, context),
        key_value_stores: read_labels(&mut section, "key_value_stores"),
        sqlite_databases: read_labels(&mut section, "sqlite_databases"),
        ai_models: section.or_default("ai_models"),
    };
    section.finish();
    component
}

fn place(id: &str) -> String {
    format!("component {id:?}")
}

/// Checks the instructions to build the component, which have no meaning for one that is built.
fn read_build(section: &mut Section) {
    let Some(mut build) = section.table("build") else {
        return;
    };
    // One command or a list of them.
    let _: Option<Value> = build.required("command");
    let _: Option<String> = build.optional("workdir");
    let _: Option<Vec<String>> = build.optional("watch");
    build.finish();
}

fn read_source(section: &mut Section, directory: &Path) -> PathBuf {
    match section.required::<Value>("source") {
        Some(Value::String(source)) => {
            let path = directory.join(&source);
            if !path.is_file() {
                section.report(format_args!(
                    "its `source` {source:?} does not exist: build the component first"
                ));
            }
            path
        }
        Some(Value::Table(table)) if table.contains_key("url") => {
            section.report("`source` with a `url` is not supported: download the file and write its path");
            PathBuf::new()
        }
        Some(Value::Table(table)) if table.contains_key("package") || table.contains_key("registry") => {
            section
                .report("`source` in a registry is not supported: download the package and write its path");
            PathBuf::new()
        }
        Some(_) => {
            section.report("`source` must be the path of a file in quotes");
            PathBuf::new()
        }
        None => PathBuf::new(),
    }
}

fn read_files(section: &mut Section, directory: &Path) -> Vec<FileMount> {
    let values: Vec<Value> = section.or_default("files");
    values.into_iter().filter_map(|value| read_mount(value, section, directory)).collect()
}

fn read_mount(value: Value, section: &Section, directory: &Path) -> Option<FileMount> {
    match value {
        Value::String(pattern) => {
            if !stays_below(&pattern) || Path::new(&pattern).is_absolute() {
                section
                    .report(format_args!("`files`: {pattern:?} leads out of the directory of the manifest"));
            }
            if pattern == "." || pattern.ends_with("/.") {
                section.report(format_args!("`files`: {pattern:?} must name files: write `**/*` behind it"));
            }
            Some(FileMount::Pattern(pattern))
        }
        Value::Table(table) => read_placement(section.part("`files`", table), directory),
        _ => {
            section.report("`files` must be patterns in quotes or tables of `source` and `destination`");
            None
        }
    }
}

fn read_placement(mut section: Section, directory: &Path) -> Option<FileMount> {
    let source: Option<String> = section.required("source");
    let destination: Option<String> = section.required("destination");
    if let Some(source) = source.as_ref().filter(|source| !directory.join(source).exists()) {
        section.report(format_args!("`source` {source:?} does not exist"));
    }
    if let Some(destination) = destination.as_ref().filter(|destination| !stays_below(destination)) {
        section.report(format_args!("`destination` {destination:?} must not contain `..`"));
    }
    section.finish();
    Some(FileMount::Placement { source: directory.join(source?), destination: destination? })
}

fn stays_below(path: &str) -> bool {
    !Path::new(path).components().any(|part| part == PathPart::ParentDir)
}

fn read_variables(section: &mut Section, context: &Context) -> BTreeMap<String, Template> {
    let texts: BTreeMap<String, String> = section.or_default("variables");
    let read = |(name, text): (String, String)| {
        let key = format!("variable {name:?}");
        if let Err(rule) = check_lower_snake(&name) {
            section.report(format_args!("{key}: its name {rule}"));
        }
        Some((name, read_template(&key, &text, section, context)?))
    };
    texts.into_iter().filter_map(read).collect()
}

fn read_allowed_hosts(section: &mut Section, context: &Context) -> Vec<Template> {
    let entries: Vec<String> = section.or_default("allowed_outbound_hosts");
    let read = |entry: String| {
        let key = format!("allowed outbound host {entry:?}");
        let template = read_template(&key, &entry, section, context)?;
        // What a template comes to is known, and checked, when the variables are.
        if template.is_literal()
            && let Err(error) = entry.parse::<AllowedHost>()
        {
            section.report(format_args!("{key}: {error}"));
        }
        Some(template)
    };
    entries.into_iter().filter_map(read).collect()
}

fn read_template(key: &str, text: &str, section: &Section, context: &Context) -> Option<Template> {
    let template: Template =
        text.parse().map_err(|error| section.report(format_args!("{key}: {error}"))).ok()?;
    for name in template.variables().filter(|name| !context.variables.contains_key(*name)) {
        section.report(format_args!("{key}: the application has no variable {name:?}"));
    }
    Some(template)
}

fn read_labels(section: &mut Section, key: &str) -> Vec<String> {
    let labels: Vec<String> = section.or_default(key);
    for label in &labels {
        if let Err(rule) = check_label(label) {
            section.report(format_args!("`{key}`: {label:?} {rule}"));
        }
    }
    labels
}
