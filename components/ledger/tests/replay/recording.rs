//! A recording, and the file it is kept in: JSON, one object a line.
//!
//! The first line tells which migrations the release knows and what it can read, the others what it said. A statement has a
//! line of its own before its first call; calls refer to statements by number, from 0.

use std::fmt::Write as _;
use std::fs;
use std::path::PathBuf;

use ledger::sql::{Rows, Value};
use serde::{Deserialize, Serialize};
use serde_json::Value as Json;

use super::reads::Reads;
use super::schema::workspace;

/// What one release says to its database.
#[derive(Clone, Debug, PartialEq)]
pub struct Recording {
    pub dialect: String,
    pub release: Release,
    pub statements: Vec<String>,
    pub calls: Vec<Call>,
}

/// What the release brings along.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Release {
    /// Version and checksum of every migration that it knows, oldest first.
    pub migrations: Vec<(i64, String)>,
    pub reads: Reads,
}

/// One statement as it was run.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Call {
    /// Number of the statement.
    #[serde(rename = "call")]
    pub statement: usize,
    /// The parameters.
    pub with: Vec<Json>,
    /// How many rows it gave.
    pub rows: usize,
}

#[derive(Serialize, Deserialize)]
#[serde(untagged)]
enum Line {
    Release { release: Release },
    Statement { statement: String },
    Call(Call),
}

impl Recording {
    /// A recording that is still empty, of this release.
    pub fn new(dialect: &str, migrations: Vec<(i64, String)>) -> Self {
        let release = Release { migrations, reads: Reads::of_this_release() };
        Self { dialect: dialect.to_owned(), release, statements: Vec::new(), calls: Vec::new() }
    }

    /// The newest schema version that the release knows.
    pub fn version(&self) -> i64 {
        self.release.migrations.last().map_or(0, |(version, _)| *version)
    }

    pub fn add(&mut self, statement: &str, parameters: &[Value], rows: &Rows) {
        let number = self.statements.iter().position(|known| known == statement).unwrap_or_else(|| {
            self.statements.push(statement.to_owned());
            self.statements.len() - 1
        });
        let with = parameters.iter().map(to_json).collect();
        self.calls.push(Call { statement: number, with, rows: rows.rows.len() });
        self.release.reads.learn(rows);
    }

    /// All recordings of a dialect, oldest first.
    pub fn all(dialect: &str) -> Vec<Self> {
        let end = format!(".{dialect}.jsonl");
        let names =
            fs::read_dir(folder()).unwrap().map(|entry| entry.unwrap().file_name().into_string().unwrap());
        let mut names: Vec<_> = names.filter(|name| name.ends_with(&end)).collect();
        names.sort();
        names.iter().map(|name| Self::read(dialect, name)).collect()
    }

    fn read(dialect: &str, name: &str) -> Self {
        let mut recording = Self::new(dialect, Vec::new());
        for line in fs::read_to_string(folder().join(name)).unwrap().lines() {
            match serde_json::from_str(line).unwrap_or_else(|error| panic!("{name}: {error}: {line}")) {
                Line::Release { release } => recording.release = release,
                Line::Statement { statement } => recording.statements.push(statement),
                Line::Call(call) => recording.calls.push(call),
            }
        }
        assert_eq!(recording.file_name(), name);
        recording
    }

    pub fn write(&self) {
        fs::write(folder().join(self.file_name()), self.text()).unwrap();
    }

    fn text(&self) -> String {
        let mut text = String::new();
        let mut line = |line: Line| writeln!(text, "{}", serde_json::to_string(&line).unwrap()).unwrap();
        line(Line::Release { release: self.release.clone() });
        let mut told = 0;
        for call in &self.calls {
            if call.statement == told {
                line(Line::Statement { statement: self.statements[told].clone() });
                told += 1;
            }
            line(Line::Call(call.clone()));
        }
        text
    }

    pub fn file_name(&self) -> String {
        format!("{:04}.{}.jsonl", self.version(), self.dialect)
    }
}

fn folder() -> PathBuf {
    workspace().join("components/ledger/tests/releases")
}

fn to_json(value: &Value) -> Json {
    match value {
        Value::Null => Json::Null,
        Value::Integer(integer) => (*integer).into(),
        Value::Text(text) => text.as_str().into(),
        other => panic!("{other:?} has no form in a recording yet"),
    }
}

/// A parameter as it was recorded.
pub fn from_json(value: &Json) -> Value {
    match value {
        Json::Null => Value::Null,
        Json::Number(number) => Value::Integer(number.as_i64().unwrap()),
        Json::String(text) => Value::Text(text.clone()),
        other => panic!("{other} is no parameter"),
    }
}
