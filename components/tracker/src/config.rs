//! Configuration, checked before the first request is answered.

use crate::access::Access;

/// Everything that the tracker is told from outside.
#[derive(Debug)]
pub struct Config {
    pub(crate) access: Access,
}

impl Config {
    /// Reads the variables of the same names.
    ///
    /// # Errors
    /// Every problem at once, each as one sentence that names its variable and shows no secret.
    pub fn from_variables(open_access: &str, api_tokens: &str) -> Result<Self, Vec<String>> {
        Ok(Self { access: Access::parse(open_access, api_tokens)? })
    }
}
