//! What a release can read back. It reads a column by name, so a value is judged by the name it comes under.

use std::collections::{BTreeMap, BTreeSet};

use ledger::sql::{Rows, Value};
use ledger::{State, Status, Verdict};
use serde::{Deserialize, Serialize};

/// Kinds of values by column, and the names that a column with one of a fixed set may hold.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct Reads {
    kinds: BTreeMap<String, BTreeSet<String>>,
    names: BTreeMap<String, BTreeSet<String>>,
}

impl Reads {
    /// The fixed sets of this release.
    pub fn of_this_release() -> Self {
        fn set(names: impl Iterator<Item = &'static str>) -> BTreeSet<String> {
            names.map(str::to_owned).collect()
        }
        let names = [
            ("state", set(State::ALL.iter().map(|it| it.as_str()))),
            ("status", set(Status::ALL.iter().map(|it| it.as_str()))),
            ("outcome", set(Verdict::ALL.iter().map(|it| it.as_str()))),
        ];
        let names = names.map(|(column, names)| (column.to_owned(), names)).into();
        Self { names, ..Self::default() }
    }

    /// Takes in what a statement gave.
    pub fn learn(&mut self, rows: &Rows) {
        for (column, value) in cells(rows) {
            self.kinds.entry(column.clone()).or_default().insert(kind(value).to_owned());
        }
    }

    /// The first value that the release would not know how to read.
    pub fn unreadable(&self, rows: &Rows) -> Option<String> {
        cells(rows).find_map(|(column, value)| {
            let knows_kind = self.kinds.get(column).is_none_or(|kinds| kinds.contains(kind(value)));
            let knows_name = match (self.names.get(column), value) {
                (Some(names), Value::Text(text)) => names.contains(text),
                _ => true,
            };
            (!knows_kind || !knows_name).then(|| format!("it cannot read {value:?} in column {column}"))
        })
    }
}

fn cells(rows: &Rows) -> impl Iterator<Item = (&String, &Value)> {
    rows.rows.iter().flat_map(|row| rows.columns.iter().zip(row))
}

fn kind(value: &Value) -> &'static str {
    match value {
        Value::Null => "null",
        Value::Integer(_) => "integer",
        Value::Real(_) => "real",
        Value::Text(_) => "text",
        Value::Blob(_) => "blob",
    }
}
