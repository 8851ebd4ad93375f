//! The manifest as a whole.

use std::collections::BTreeMap;
use std::path::Path;

use toml::{Table, Value};

use super::errors::{ManifestErrors, Problems};
use super::model::{Application, Manifest, Variable};
use super::names::check_lower_snake;
use super::section::Section;
use super::{component, trigger};

/// What the readers of parts know of the whole.
pub(super) struct Context<'a> {
    /// Where the manifest lies: paths in it are relative to this directory.
    pub directory: &'a Path,
    /// All declared variables.
    pub variables: &'a BTreeMap<String, Variable>,
    pub problems: &'a Problems,
}

impl Manifest {
    /// Reads the manifest in a file.
    pub fn load(path: &Path) -> Result<Self, ManifestErrors> {
        whole(Self::examine(path)?)
    }

    /// Reads what can be understood of the manifest in a file, and tells what is wrong with it: something, if anything
    /// was left out.
    ///
    /// # Errors
    /// If it cannot be understood at all.
    pub fn examine(path: &Path) -> Result<(Self, Vec<String>), ManifestErrors> {
        let text = std::fs::read_to_string(path).map_err(|error| {
            ManifestErrors(vec![format!("the manifest {} cannot be read: {error}", path.display())])
        })?;
        read(&text, path.parent().unwrap_or(Path::new("")))
    }

    /// Reads a manifest whose paths are relative to `directory`. Component sources and placed files must be there.
    pub fn parse(text: &str, directory: &Path) -> Result<Self, ManifestErrors> {
        whole(read(text, directory)?)
    }

    /// Reads a manifest of version 2 that did not come as text, and whose paths are absolute; with what is wrong with it.
    pub(crate) fn from_table(table: Table) -> (Self, Vec<String>) {
        read_table(table, Path::new(""))
    }
}

/// The manifest, if nothing is wrong with it.
pub(crate) fn whole((manifest, problems): (Manifest, Vec<String>)) -> Result<Manifest, ManifestErrors> {
    if problems.is_empty() { Ok(manifest) } else { Err(ManifestErrors(problems)) }
}

fn read(text: &str, directory: &Path) -> Result<(Manifest, Vec<String>), ManifestErrors> {
    Ok(read_table(parse_toml(text)?, directory))
}

fn read_table(table: Table, directory: &Path) -> (Manifest, Vec<String>) {
    let problems = Problems::default();
    let mut root = Section::new("manifest", table, &problems);
    root.ignore(&["spin_manifest_version"]);
    let application = root.required("application").map(|table| read_application(table, &problems));
    let variables = read_variables(root.or_default("variables"), &problems);
    let context = Context { directory, variables: &variables, problems: &problems };
    let mut components = component::read_all(root.or_default("component"), &context);
    let triggers = root
        .required::<Table>("trigger")
        .map(|table| trigger::read_all(table, &mut components, &context))
        .unwrap_or_default();
    root.finish();
    let application = application.unwrap_or_default();
    (Manifest { application, variables, triggers, components }, problems.sentences())
}

/// Parses the text and makes sure that it is a manifest of version 2; of no other version more can be said.
fn parse_toml(text: &str) -> Result<Table, ManifestErrors> {
    let table: Table = toml::from_str(text).map_err(|error| {
        let before = error.span().and_then(|span| text.get(..span.start)).unwrap_or_default();
        let line = before.matches('\n').count() + 1;
        ManifestErrors(vec![format!("manifest: line {line} is not valid TOML: {}", error.message())])
    })?;
    let version = table.get("spin_manifest_version");
    let is_version_1 = match version {
        // The key that the first manifests had.
        None => table.contains_key("spin_version"),
        Some(version) => version.as_str() == Some("1") || version.as_integer() == Some(1),
    };
    let problem = match version {
        Some(Value::Integer(2)) => return Ok(table),
        _ if is_version_1 => "version 1 is not supported: `spin doctor` turns it into version 2",
        Some(_) => "`spin_manifest_version` must be 2",
        None => "`spin_manifest_version = 2` is missing",
    };
    Err(ManifestErrors(vec![format!("manifest: {problem}")]))
}

fn read_application(table: Table, problems: &Problems) -> Application {
    let mut section = Section::new("[application]", table, problems);
    let application = Application {
        name: section.required("name").unwrap_or_default(),
        version: section.or_default("version"),
        description: section.or_default("description"),
        authors: section.or_default("authors"),
    };
    // Settings of other triggers are left to the sentence that refuses those triggers.
    if let Some(mut settings) = section.table("trigger")
        && let Some(mut http) = settings.table("http")
    {
        if http.optional::<String>("base").is_some_and(|base| base != "/") {
            http.report("`base` can only be \"/\": write the whole path into each route");
        }
        http.finish();
    }
    section.ignore(&["targets", "tool"]);
    section.finish();
    application
}

fn read_variables(table: Table, problems: &Problems) -> BTreeMap<String, Variable> {
    let read = |(name, value): (String, Value)| {
        let place = format!("variable {name:?}");
        if let Err(rule) = check_lower_snake(&name) {
            problems.report(&place, format_args!("its name {rule}"));
        }
        let variable = match value {
            Value::Table(table) => read_variable(Section::new(place, table, problems)),
            _ => {
                problems
                    .report(&place, "must be a table, such as `{ default = \"\" }` or `{ required = true }`");
                Variable::default()
            }
        };
        (name, variable)
    };
    table.into_iter().map(read).collect()
}

fn read_variable(mut section: Section) -> Variable {
    let has_default = section.has("default");
    let required: bool = section.or_default("required");
    if has_default == required {
        section.report(match required {
            true => "it has a `default` and is `required`: only one can be",
            false => "it needs a `default`, or `required = true`",
        });
    }
    let variable = Variable {
        default: section.optional("default"),
        secret: section.or_default("secret"),
        description: section.or_default("description"),
    };
    section.finish();
    variable
}
