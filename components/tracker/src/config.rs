//! Configuration, checked before the first request is answered.

use ledger::Patience;

use crate::access::Access;

/// The variables of the same names; one that is not set is empty.
#[derive(Clone, Copy, Debug, Default)]
pub struct Variables<'a> {
    /// `true` opens everything to everybody.
    pub open_access: &'a str,
    /// Bearer tokens, one a line.
    pub api_tokens: &'a str,
    /// After how many seconds without a word a deployment counts as stalled; an hour when empty, never when 0.
    pub stalled_after_seconds: &'a str,
}

/// Everything that the tracker is told from outside.
#[derive(Debug)]
pub struct Config {
    pub(crate) access: Access,
    pub(crate) patience: Patience,
}

impl Config {
    /// Reads the variables.
    ///
    /// # Errors
    /// Every problem at once, each as one sentence that names its variable and shows no secret.
    pub fn from_variables(variables: Variables<'_>) -> Result<Self, Vec<String>> {
        let access = Access::parse(variables.open_access, variables.api_tokens);
        match (access, Patience::parse(variables.stalled_after_seconds)) {
            (Ok(access), Ok(patience)) => Ok(Self { access, patience }),
            (Err(problems), Ok(_)) => Err(problems),
            (Ok(_), Err(problem)) => Err(vec![problem]),
            (Err(mut problems), Err(problem)) => {
                problems.push(problem);
                Err(problems)
            }
        }
    }
}
