//! Where the values of variables come from.

use std::collections::BTreeMap;
use std::fmt;

use super::resolve::environment_name;

/// A source of values that the runtime-config file sets up.
pub enum Provider {
    /// These values by name.
    Static(BTreeMap<String, String>),
    /// Environment variables of another prefix than the usual one.
    Environment {
        /// What stands before the underscore and the name in capitals.
        prefix: String,
        /// Stands in for what is not in the environment.
        dotenv: BTreeMap<String, String>,
    },
}

/// All sources in their order: arguments, the environment, providers.
pub struct Sources<'a> {
    /// Values of the command line by name, see [`super::parse_arguments`].
    pub arguments: &'a BTreeMap<String, String>,
    /// Looks up environment variables.
    pub environment: &'a dyn Fn(&str) -> Option<String>,
    /// Providers, the first before the others.
    pub providers: &'a [Provider],
}

impl Provider {
    /// The value of a variable, if this has one.
    pub fn get(&self, name: &str, environment: &dyn Fn(&str) -> Option<String>) -> Option<String> {
        match self {
            Self::Static(values) => values.get(name).cloned(),
            Self::Environment { prefix, dotenv } => {
                let name = format!("{prefix}_{}", name.to_ascii_uppercase());
                environment(&name).or_else(|| dotenv.get(&name).cloned())
            }
        }
    }
}

impl Sources<'_> {
    /// The value of a variable, from the first source that has one.
    pub fn get(&self, name: &str) -> Option<String> {
        let provided = || self.providers.iter().find_map(|provider| provider.get(name, self.environment));
        let given = self.arguments.get(name).cloned();
        given.or_else(|| (self.environment)(&environment_name(name))).or_else(provided)
    }
}

impl fmt::Debug for Provider {
    /// Values may be secret.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Static(values) => f.debug_tuple("Static").field(&values.keys()).finish(),
            Self::Environment { prefix, .. } => {
                f.debug_struct("Environment").field("prefix", prefix).finish_non_exhaustive()
            }
        }
    }
}
