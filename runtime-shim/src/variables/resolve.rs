//! From declarations and sources to the values that components read.

use std::collections::{BTreeMap, BTreeSet};
use std::fmt;

use thiserror::Error;

use super::name::check_name;
use super::provider::Sources;
use super::template::Template;
use crate::manifest::Manifest;
use crate::outbound::allow::{AllowedHost, AllowedHosts};

/// The values of all variables of an application.
#[derive(Debug, Clone)]
pub struct Resolved {
    application: BTreeMap<String, Value>,
    /// By component id, then by name.
    components: BTreeMap<String, BTreeMap<String, Value>>,
}

#[derive(Clone)]
struct Value {
    text: String,
    /// Whether the value, or a value that it is made of, is declared `secret`.
    secret: bool,
}

/// A variable that a component asked for and cannot have.
#[derive(Debug, Clone, PartialEq, Eq, Error)]
pub enum VariableError {
    /// What was asked for is no variable name.
    #[error("invalid variable name: {0}")]
    InvalidName(String),
    /// The component has no variable of this name.
    #[error("undefined variable: {0}")]
    Undefined(String),
}

/// Required variables that no source has a value for.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct MissingVariables {
    /// Their names, sorted.
    pub names: Vec<String>,
}

/// The environment variable that gives an application variable its value.
pub fn environment_name(variable: &str) -> String {
    format!("SPIN_VARIABLE_{}", variable.to_ascii_uppercase())
}

impl Resolved {
    /// Resolves all variables of a manifest.
    pub fn new(manifest: &Manifest, sources: &Sources) -> Result<Self, MissingVariables> {
        let mut missing = BTreeSet::new();
        let mut application = BTreeMap::new();
        for (name, variable) in &manifest.variables {
            match sources.get(name).or_else(|| variable.default.clone()) {
                Some(text) => drop(application.insert(name.clone(), Value { text, secret: variable.secret })),
                None => drop(missing.insert(name.clone())),
            }
        }
        let mut resolved = Self { application, components: BTreeMap::new() };
        for component in &manifest.components {
            let values = component.variables.iter().filter_map(|(name, template)| {
                let value = resolved.render(template).map_err(|name| missing.insert(name.to_owned())).ok()?;
                Some((name.clone(), value))
            });
            let values = values.collect();
            resolved.components.insert(component.id.clone(), values);
        }
        if missing.is_empty() {
            Ok(resolved)
        } else {
            Err(MissingVariables { names: missing.into_iter().collect() })
        }
    }

    /// The value of a component's variable.
    pub fn get(&self, component: &str, name: &str) -> Result<&str, VariableError> {
        check_name(name).map_err(|error| VariableError::InvalidName(format!("{name:?}: {error}")))?;
        let value = self.components.get(component).and_then(|values| values.get(name));
        let value =
            value.ok_or_else(|| VariableError::Undefined(format!("{component:?} has no {name:?}")))?;
        Ok(&value.text)
    }

    /// What a component may reach, from its `allowed_outbound_hosts`, or a sentence for each entry that is wrong with
    /// the present values. Entries of which empty variables leave nothing but perhaps `http://` or `https://` are
    /// skipped: so a host can be optional.
    pub fn allowed_hosts(&self, entries: &[Template]) -> Result<AllowedHosts, Vec<String>> {
        let (mut hosts, mut errors) = (Vec::new(), Vec::new());
        for entry in entries {
            match self.allowed_host(entry) {
                Ok(host) => hosts.extend(host),
                Err(error) => errors.push(error),
            }
        }
        if errors.is_empty() { Ok(hosts.into_iter().collect()) } else { Err(errors) }
    }

    fn allowed_host(&self, entry: &Template) -> Result<Option<AllowedHost>, String> {
        // Errors show the template, not what came of it: that may hold a password.
        let place = format!("allowed outbound host {:?}", entry.source());
        let value = self.render(entry).map_err(|name| format!("{place}: there is no variable {name:?}"))?;
        if !entry.is_literal() && is_left_out(&value.text) {
            return Ok(None);
        }
        value.text.parse().map(Some).map_err(|error| format!("{place}, with the present values: {error}"))
    }

    /// Renders a template over the application's variables; the error is the first name without a value.
    fn render<'t>(&self, template: &'t Template) -> Result<Value, &'t str> {
        let text = template.render(|name| self.application.get(name).map(|value| value.text.as_str()))?;
        let is_secret = |name| self.application.get(name).is_some_and(|value| value.secret);
        Ok(Value { text, secret: template.variables().any(is_secret) })
    }
}

fn is_left_out(resolved_host: &str) -> bool {
    matches!(resolved_host, "" | "http://" | "https://")
}

impl fmt::Debug for Value {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        if self.secret { f.write_str("***") } else { fmt::Debug::fmt(&self.text, f) }
    }
}

impl fmt::Display for MissingVariables {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let named: Vec<String> =
            self.names.iter().map(|name| format!("`{name}` ({})", environment_name(name))).collect();
        write!(
            f,
            "no value for the required variables {}: give them by `--variable <name>=<value>` or in the environment",
            named.join(", ")
        )
    }
}

impl std::error::Error for MissingVariables {}
