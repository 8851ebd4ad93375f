//! A Spin application as it lies in a registry, turned back into the table that its `spin.toml` would be, so that there
//! is one reader and one set of rules for both.
//!
//! The form is `LockedApp` of <https://github.com/spinframework/spin/blob/main/crates/locked-app/src/locked.rs>.

use std::collections::BTreeMap;
use std::path::PathBuf;

use base64::Engine as _;
use base64::alphabet;
use base64::engine::{DecodePaddingMode, GeneralPurpose, GeneralPurposeConfig};
use serde::Deserialize;
use serde::de::IgnoredAny;
use serde_json::Value as Json;
use toml::{Table, Value};

use super::digest::Digest;
use super::store::Store;

/// Spin leaves the padding out.
const BASE64: GeneralPurpose = GeneralPurpose::new(
    &alphabet::STANDARD,
    GeneralPurposeConfig::new().with_decode_padding_mode(DecodePaddingMode::Indifferent),
);

/// Versions of the form that are read; 0 is 1 without host requirements.
const VERSIONS: [u64; 2] = [0, 1];

/// What an application may ask its host to understand.
const UNDERSTOOD: [&str; 2] = ["host_requirements", "component_host_requirements"];

/// What an application may require: calls to its own components, and middleware, which is refused by itself where it is
/// not composed into the component already.
const MET: [&str; 2] = ["local_service_chaining", "middleware"];

#[derive(Deserialize)]
struct LockedApp {
    spin_lock_version: u64,
    #[serde(default)]
    must_understand: Vec<String>,
    #[serde(default)]
    metadata: serde_json::Map<String, Json>,
    #[serde(default)]
    host_requirements: BTreeMap<String, Json>,
    #[serde(default)]
    variables: BTreeMap<String, LockedVariable>,
    triggers: Vec<LockedTrigger>,
    components: Vec<LockedComponent>,
}

#[derive(Deserialize)]
struct LockedVariable {
    description: Option<String>,
    default: Option<String>,
    #[serde(default)]
    secret: bool,
}

#[derive(Deserialize)]
struct LockedTrigger {
    id: String,
    trigger_type: String,
    trigger_config: Json,
    #[serde(default)]
    trigger_dependencies: BTreeMap<String, IgnoredAny>,
}

#[derive(Deserialize)]
struct LockedComponent {
    id: String,
    #[serde(default)]
    metadata: serde_json::Map<String, Json>,
    source: Content,
    #[serde(default)]
    env: BTreeMap<String, String>,
    #[serde(default)]
    files: Vec<LockedFile>,
    #[serde(default)]
    config: BTreeMap<String, String>,
    #[serde(default)]
    dependencies: BTreeMap<String, IgnoredAny>,
    #[serde(default)]
    trigger_dependencies: BTreeMap<String, IgnoredAny>,
    #[serde(default)]
    host_requirements: BTreeMap<String, Json>,
}

#[derive(Deserialize)]
struct LockedFile {
    path: String,
    #[serde(flatten)]
    content: Content,
}

/// Content, by digest or in place.
#[derive(Deserialize)]
struct Content {
    digest: Option<Digest>,
    inline: Option<String>,
}

/// The table, with paths into `store`; and a sentence for each thing that has no place in one.
///
/// # Errors
/// If it is no application at all.
pub(super) fn to_manifest(json: &[u8], store: &Store) -> Result<(Table, Vec<String>), String> {
    let app: LockedApp = serde_json::from_slice(json)
        .map_err(|error| format!("the application is not in the form that Spin pushes: {error}"))?;
    if !VERSIONS.contains(&app.spin_lock_version) {
        return Err(format!("the application is of version {}, which is not known", app.spin_lock_version));
    }
    let mut problems = unmet(&app);
    let mut root = Table::new();
    root.insert("spin_manifest_version".into(), Value::Integer(2));
    root.insert("application".into(), application(&app.metadata).into());
    root.insert("variables".into(), map(app.variables, variable).into());
    root.insert("trigger".into(), triggers(app.triggers).into());
    let mut components = Table::new();
    for component in app.components {
        let id = component.id.clone();
        let table = self::component(component, store, &mut problems);
        if components.insert(id.clone(), table.into()).is_some() {
            problems.push(format!("component {id:?}: there are two of them"));
        }
    }
    root.insert("component".into(), components.into());
    Ok((root, problems))
}

/// What the application requires of its host and does not get.
fn unmet(app: &LockedApp) -> Vec<String> {
    let strange = app.must_understand.iter().filter(|name| !UNDERSTOOD.contains(&name.as_str()));
    let strange = strange.map(|name| format!("application: {name:?} must be understood, and is not"));
    let of_components = app.components.iter().flat_map(|component| &component.host_requirements);
    let requirements = app.host_requirements.iter().chain(of_components);
    let required = requirements.filter(|(_, how)| how.as_str() != Some("optional"));
    let unmet = required.filter(|(name, _)| !MET.contains(&name.as_str()));
    strange
        .chain(unmet.map(|(name, _)| format!("application: requires {name:?}, which is not supported")))
        .collect()
}

fn application(metadata: &serde_json::Map<String, Json>) -> Table {
    let mut table = pick(
        metadata,
        &[("name", "name"), ("version", "version"), ("description", "description"), ("authors", "authors")],
    );
    // Settings of all triggers of a type, among them the base path.
    if let Some(settings) = metadata.get("triggers").and_then(to_toml) {
        table.insert("trigger".into(), settings);
    }
    table
}

fn variable(variable: LockedVariable) -> Table {
    let mut table = Table::new();
    match variable.default {
        Some(default) => table.insert("default".into(), default.into()),
        None => table.insert("required".into(), true.into()),
    };
    table.insert("secret".into(), variable.secret.into());
    if let Some(description) = variable.description {
        table.insert("description".into(), description.into());
    }
    table
}

/// The triggers by type, in their order.
fn triggers(triggers: Vec<LockedTrigger>) -> Table {
    let mut types: BTreeMap<String, Vec<Value>> = BTreeMap::new();
    for trigger in triggers {
        let config = to_toml(&trigger.trigger_config);
        let config = config.map(|config| match config {
            Value::Table(mut table) => {
                table.insert("id".into(), trigger.id.into());
                if !trigger.trigger_dependencies.is_empty() {
                    table.insert("dependencies".into(), Table::new().into());
                }
                Value::Table(table)
            }
            other => other,
        });
        types.entry(trigger.trigger_type).or_default().extend(config);
    }
    map(types, Value::Array)
}

fn component(component: LockedComponent, store: &Store, problems: &mut Vec<String>) -> Table {
    let place = format!("component {:?}", component.id);
    let mut table = pick(
        &component.metadata,
        &[
            ("description", "description"),
            ("allowed_outbound_hosts", "allowed_outbound_hosts"),
            ("key_value_stores", "key_value_stores"),
            ("databases", "sqlite_databases"),
            ("ai_models", "ai_models"),
        ],
    );
    table.insert("environment".into(), map(component.env, Value::String).into());
    table.insert("variables".into(), map(component.config, Value::String).into());
    let mut find = |what: &str, content: Content| match content.find(store) {
        Ok(path) => Some(Value::String(path.to_string_lossy().into_owned())),
        Err(problem) => {
            problems.push(format!("{place}: {what} {problem}"));
            None
        }
    };
    if let Some(source) = find("its `source`", component.source) {
        table.insert("source".into(), source);
    }
    let files = component.files.into_iter().filter_map(|file| {
        let source = find(&format!("its file {:?}", file.path), file.content)?;
        let destination = Value::String(format!("/{}", file.path.trim_start_matches('/')));
        Some(Value::Table(
            [("source".to_owned(), source), ("destination".to_owned(), destination)].into_iter().collect(),
        ))
    });
    table.insert("files".into(), Value::Array(files.collect()));
    if !component.dependencies.is_empty() {
        table.insert("dependencies".into(), Table::new().into());
    }
    if !component.trigger_dependencies.is_empty() {
        problems.push(format!(
            "{place}: middleware is not supported unless it is composed into the component, as `spin registry push` does"
        ));
    }
    table
}

impl Content {
    /// The file in the store that holds it.
    fn find(self, store: &Store) -> Result<PathBuf, String> {
        if let Some(inline) = self.inline {
            let content = BASE64.decode(inline).map_err(|_| "is not base64".to_owned())?;
            return store.put(&content).map_err(|error| format!("cannot be written: {error}"));
        }
        let digest = self.digest.ok_or("has neither a digest nor content")?;
        store.find(&digest).ok_or_else(|| format!("{digest} is not part of the artifact"))
    }
}

/// The entries of `from` that have a place in a manifest, under the names that they have there.
fn pick(from: &serde_json::Map<String, Json>, names: &[(&str, &str)]) -> Table {
    let pick = |&(from_name, name): &(&str, &str)| Some((name.to_owned(), to_toml(from.get(from_name)?)?));
    names.iter().filter_map(pick).collect()
}

fn map<T, U: Into<Value>>(from: BTreeMap<String, T>, to: impl Fn(T) -> U) -> Table {
    from.into_iter().map(|(name, value)| (name, to(value).into())).collect()
}

/// The same value; nothing for `null`, which TOML does not have.
fn to_toml(json: &Json) -> Option<Value> {
    Some(match json {
        Json::Null => return None,
        Json::Bool(value) => Value::Boolean(*value),
        Json::Number(number) => match number.as_i64() {
            Some(integer) => Value::Integer(integer),
            None => Value::Float(number.as_f64()?),
        },
        Json::String(text) => Value::String(text.clone()),
        Json::Array(values) => Value::Array(values.iter().filter_map(to_toml).collect()),
        Json::Object(fields) => {
            let field = |(name, value): (&String, &Json)| Some((name.clone(), to_toml(value)?));
            Value::Table(fields.iter().filter_map(field).collect())
        }
    })
}

#[cfg(test)]
mod tests;
