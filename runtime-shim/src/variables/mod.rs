//! Application variables, and what components read of them: <https://spinframework.dev/variables>.
//!
//! A value comes from the first of these that has one: a `--variable` argument, the environment variable
//! `SPIN_VARIABLE_<NAME>`, a provider of the runtime-config file, the default in the manifest. Components see only variables of their own, which are
//! templates over those of the application. Everything is resolved once, at start, so that a missing value is found
//! before the first request. No error and no debug output shows a value that may be secret.

mod arguments;
mod name;
mod provider;
mod resolve;
mod template;

pub use arguments::parse_arguments;
pub use name::{NameError, check_name};
pub use provider::{Provider, Sources};
pub use resolve::{MissingVariables, Resolved, VariableError, environment_name};
pub use template::{Template, UnclosedExpression};

#[cfg(test)]
mod tests;
