//! A TOML table, read so that every fault is found and not only the first.

use std::cell::RefCell;
use std::fmt::Display;

use toml::Spanned;
use toml::de::{DeTable, DeValue};

use super::Fault;

/// Collects the faults of one configuration.
pub(super) struct Faults<'text> {
    text: &'text str,
    found: RefCell<Vec<Fault>>,
}

impl<'text> Faults<'text> {
    pub(super) fn new(text: &'text str) -> Self {
        Self { text, found: RefCell::default() }
    }

    /// Notes a fault at a byte of the text.
    pub(super) fn add(&self, target: Option<&str>, offset: usize, key: String, message: impl Display) {
        let before = self.text.as_bytes().get(..offset).unwrap_or_default();
        let line = 1 + before.iter().filter(|byte| **byte == b'\n').count();
        let fault = Fault { target: target.map(str::to_owned), line, key, message: message.to_string() };
        self.found.borrow_mut().push(fault);
    }

    /// All faults, from top to bottom.
    pub(super) fn into_inner(self) -> Vec<Fault> {
        let mut faults = self.found.into_inner();
        faults.sort_by_key(|fault| fault.line);
        faults
    }
}

/// A table in a configuration, and where it stands there.
pub(super) struct Section<'a> {
    faults: &'a Faults<'a>,
    target: Option<&'a str>,
    table: &'a DeTable<'a>,
    /// Where the table begins, in bytes.
    offset: usize,
    /// What its keys have before their names, e.g. `git.`.
    prefix: String,
}

impl<'a> Section<'a> {
    /// A table that stands for itself.
    pub(super) fn new(
        faults: &'a Faults<'a>,
        target: Option<&'a str>,
        table: &'a DeTable<'a>,
        offset: usize,
    ) -> Self {
        Self { faults, target, table, offset, prefix: String::new() }
    }

    /// Whether the table has the key.
    pub(super) fn has(&self, key: &str) -> bool {
        self.table.contains_key(key)
    }

    /// Notes a fault of a key, or of the whole table where it lacks the key.
    pub(super) fn fault(&self, key: &str, message: impl Display) {
        let offset = self.table.get(key).map_or(self.offset, |value| value.span().start);
        self.faults.add(self.target, offset, format!("{}{key}", self.prefix), message);
    }

    /// Notes a fault of the table itself.
    pub(super) fn own_fault(&self, message: impl Display) {
        let name = self.prefix.trim_end_matches('.').to_owned();
        self.faults.add(self.target, self.offset, name, message);
    }

    /// Notes every key that has no meaning.
    pub(super) fn refuse_unknown(&self, known: &[&str]) {
        for key in self.table.keys().filter(|key| !known.contains(&key.get_ref().as_ref())) {
            let name = format!("{}{}", self.prefix, key.get_ref());
            let message = format!("is unknown; the keys here are {}", known.join(", "));
            self.faults.add(self.target, key.span().start, name, message);
        }
    }

    /// The value of a key; a fault where there is none.
    pub(super) fn required(&self, key: &str) -> Option<&'a Spanned<DeValue<'a>>> {
        let value = self.table.get(key);
        if value.is_none() {
            self.fault(key, "is missing");
        }
        value
    }

    /// The text of a key, made into something; a fault where it cannot be.
    pub(super) fn text<T, E: Display>(
        &self,
        key: &str,
        make: impl FnOnce(&str) -> Result<T, E>,
    ) -> Option<T> {
        let Some(text) = self.required(key)?.get_ref().as_str() else {
            self.fault(key, "is not a text");
            return None;
        };
        make(text).map_err(|message| self.fault(key, message)).ok()
    }

    /// The table of a key; a fault where there is none.
    pub(super) fn table(&self, key: &str) -> Option<Self> {
        let value = self.required(key)?;
        let Some(table) = value.get_ref().as_table() else {
            self.fault(key, "is not a table");
            return None;
        };
        Some(self.inner(table, value.span().start, format!("{}{key}.", self.prefix)))
    }

    /// The array of tables of a key; faults where it is none, or empty.
    pub(super) fn tables(&self, key: &str) -> Vec<Self> {
        let Some(value) = self.required(key) else {
            return Vec::new();
        };
        let items: &[_] = value.get_ref().as_array().map_or(&[], |array| array);
        if items.is_empty() {
            self.fault(key, "is not a list of tables, or is empty");
        }
        let read = |(index, item): (usize, &'a Spanned<DeValue<'a>>)| {
            let table = item.get_ref().as_table();
            if table.is_none() {
                let name = format!("{}{key}[{index}]", self.prefix);
                self.faults.add(self.target, item.span().start, name, "is not a table");
            }
            Some(self.inner(table?, item.span().start, format!("{}{key}[{index}].", self.prefix)))
        };
        items.iter().enumerate().filter_map(read).collect()
    }

    fn inner(&self, table: &'a DeTable<'a>, offset: usize, prefix: String) -> Self {
        Self { faults: self.faults, target: self.target, table, offset, prefix }
    }
}
