//! Playing a recording, and what counts as broken.

use std::fmt;

use futures::executor::block_on;
use ledger::sql::{Connection, Rows, Value};
use serde_json::Value as Json;
use uuid::Uuid;

use super::recording::{Call, Recording, from_json};

/// Stands in every name that the release of a recording gives, so that its rows are told from those of others.
pub const RECORDED: &str = "recorded";

/// Who else has rows in the database.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Company {
    /// Nobody: every statement gives as many rows as it did then.
    Alone,
    /// Another release: a statement that does not name something of the recording's own may give more.
    Shared,
}

/// Where a release would fail.
#[derive(Debug)]
pub struct Broken {
    recording: String,
    problem: String,
    call: Option<(String, Vec<Json>)>,
}

impl fmt::Display for Broken {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(
            formatter,
            "the release of {} does not work on this schema: {}",
            self.recording, self.problem
        )?;
        match &self.call {
            Some((statement, with)) => {
                write!(formatter, "\nstatement: {statement}\nwith: {}", Json::from(with.clone()))
            }
            None => Ok(()),
        }
    }
}

impl Recording {
    /// Why the release would refuse the schema before it says anything: the rules of the ledger's `migrations`.
    pub fn refusal(&self, connection: &impl Connection) -> Result<Option<String>, Broken> {
        let statement = "SELECT version, checksum, min_compatible FROM slipway_migrations ORDER BY version";
        let found = block_on(connection.execute(statement, &[])).unwrap().rows;
        for (version, checksum) in &self.release.migrations {
            let is_it = |row: &Vec<Value>| row.first() == Some(&(*version).into());
            let applied = found.iter().find(|row| is_it(row)).and_then(|row| row.get(1));
            if applied != Some(&checksum.as_str().into()) {
                let problem = format!("migration {version} is missing, or was edited after the release");
                return Err(self.broken(problem, None));
            }
        }
        let needed = found.iter().filter_map(|row| match row.as_slice() {
            [Value::Integer(version), _, Value::Integer(needed)] if *version > self.version() => {
                Some(*needed)
            }
            _ => None,
        });
        let needed = needed.max().filter(|needed| *needed > self.version());
        Ok(needed.map(|needed| format!("min-compatible is {needed}")))
    }

    /// Says everything again.
    pub fn play(&self, connection: &impl Connection, company: Company) -> Result<(), Broken> {
        if let Some(refusal) = self.refusal(connection)? {
            return Err(self.broken(refusal, None));
        }
        for call in &self.calls {
            let parameters: Vec<Value> = call.with.iter().map(from_json).collect();
            let result = block_on(connection.execute(&self.statements[call.statement], &parameters));
            let problem = match result {
                Err(error) => Some(format!("{error:?}")),
                Ok(rows) => {
                    self.miscounted(call, &rows, company).or_else(|| self.release.reads.unreadable(&rows))
                }
            };
            if let Some(problem) = problem {
                return Err(self.broken(problem, Some(call)));
            }
        }
        Ok(())
    }

    fn miscounted(&self, call: &Call, rows: &Rows, company: Company) -> Option<String> {
        // A later schema has more migrations; `refusal` has judged them.
        let is_bookkeeping = self.statements[call.statement].contains("slipway_migrations");
        let exact = !is_bookkeeping && (company == Company::Alone || is_own(call));
        let found = rows.rows.len();
        let is_right = if exact { found == call.rows } else { found >= call.rows };
        (!is_right).then(|| format!("it gives {found} rows, and gave {}", call.rows))
    }

    fn broken(&self, problem: String, call: Option<&Call>) -> Broken {
        let call = call.map(|call| (self.statements[call.statement].clone(), call.with.clone()));
        Broken { recording: self.file_name(), problem, call }
    }
}

/// Whether a parameter names something that only this recording has: ids are UUIDs of version 7.
fn is_own(call: &Call) -> bool {
    let is_id = |text: &str| text.parse::<Uuid>().is_ok_and(|id| id.get_version_num() == 7);
    call.with.iter().filter_map(Json::as_str).any(|text| text.contains(RECORDED) || is_id(text))
}
