//! Reading one table of the manifest, or of another file, key by key, so that everything wrong with it is found, not only the first thing.

use std::collections::BTreeMap;
use std::fmt;

use toml::{Table, Value};

use super::errors::Problems;

/// A table that is being read. Keys are taken out; whatever is left at the end is unknown.
pub(crate) struct Section<'p> {
    place: String,
    table: Table,
    problems: &'p Problems,
}

/// A type that a value of the manifest can have.
pub(crate) trait Kind: Sized {
    /// What to call it in a sentence: "must be ...".
    const NAME: &'static str;

    /// The value, if it is of this type.
    fn from_value(value: Value) -> Option<Self>;
}

impl<'p> Section<'p> {
    /// Starts reading a table; `place` names it in sentences.
    pub fn new(place: impl Into<String>, table: Table, problems: &'p Problems) -> Self {
        Self { place: place.into(), table, problems }
    }

    /// Reports a problem with the table.
    pub fn report(&self, problem: impl fmt::Display) {
        self.problems.report(&self.place, problem);
    }

    /// Whether a key is there, of whatever type.
    pub fn has(&self, key: &str) -> bool {
        self.table.contains_key(key)
    }

    /// Takes a key that may be absent.
    pub fn optional<T: Kind>(&mut self, key: &str) -> Option<T> {
        let value = T::from_value(self.table.remove(key)?);
        if value.is_none() {
            self.report(format_args!("`{key}` must be {}", T::NAME));
        }
        value
    }

    /// Takes a key whose absence is as good as the type's default.
    pub fn or_default<T: Kind + Default>(&mut self, key: &str) -> T {
        self.optional(key).unwrap_or_default()
    }

    /// Takes a key that must be there.
    pub fn required<T: Kind>(&mut self, key: &str) -> Option<T> {
        if !self.has(key) {
            self.report(format_args!("`{key}` is missing"));
        }
        self.optional(key)
    }

    /// Starts reading a table inside this one; `name` is added to the place.
    pub fn part(&self, name: &str, table: Table) -> Section<'p> {
        Section::new(format!("{}: {name}", self.place), table, self.problems)
    }

    /// Takes a table inside this one that may be absent, to be read in its turn.
    pub fn table(&mut self, key: &str) -> Option<Section<'p>> {
        let table = self.optional(key)?;
        Some(self.part(&format!("`{key}`"), table))
    }

    /// Takes a key that must not be there, and says why.
    pub fn refuse(&mut self, key: &str, reason: &str) {
        if self.table.remove(key).is_some() {
            self.report(format_args!("`{key}` {reason}"));
        }
    }

    /// Takes every key that is left, none of which may be there, and says why.
    pub fn refuse_rest(self, reason: &str) {
        for key in self.table.keys() {
            self.report(format_args!("`{key}` {reason}"));
        }
    }

    /// Passes over keys that have no meaning here.
    pub fn ignore(&mut self, keys: &[&str]) {
        for key in keys {
            self.table.remove(*key);
        }
    }

    /// Ends the reading: what was not taken is unknown.
    pub fn finish(self) {
        for key in self.table.keys() {
            self.report(format_args!("unknown key `{key}`"));
        }
    }
}

impl Kind for Value {
    const NAME: &'static str = "a value";

    fn from_value(value: Value) -> Option<Self> {
        Some(value)
    }
}

impl Kind for String {
    const NAME: &'static str = "a text in quotes";

    fn from_value(value: Value) -> Option<Self> {
        match value {
            Value::String(text) => Some(text),
            _ => None,
        }
    }
}

impl Kind for bool {
    const NAME: &'static str = "`true` or `false`";

    fn from_value(value: Value) -> Option<Self> {
        value.as_bool()
    }
}

impl Kind for Table {
    const NAME: &'static str = "a table";

    fn from_value(value: Value) -> Option<Self> {
        match value {
            Value::Table(table) => Some(table),
            _ => None,
        }
    }
}

impl Kind for Vec<Value> {
    const NAME: &'static str = "a list";

    fn from_value(value: Value) -> Option<Self> {
        match value {
            Value::Array(values) => Some(values),
            _ => None,
        }
    }
}

impl Kind for Vec<Table> {
    const NAME: &'static str = "a list of tables, each under a heading in double brackets";

    fn from_value(value: Value) -> Option<Self> {
        Vec::<Value>::from_value(value)?.into_iter().map(Table::from_value).collect()
    }
}

impl Kind for Vec<String> {
    const NAME: &'static str = "a list of texts in quotes";

    fn from_value(value: Value) -> Option<Self> {
        Vec::<Value>::from_value(value)?.into_iter().map(String::from_value).collect()
    }
}

impl Kind for BTreeMap<String, String> {
    const NAME: &'static str = "a table of texts in quotes";

    fn from_value(value: Value) -> Option<Self> {
        Table::from_value(value)?
            .into_iter()
            .map(|(key, value)| Some((key, String::from_value(value)?)))
            .collect()
    }
}
