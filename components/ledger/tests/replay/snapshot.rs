//! The rows of a database, to compare before and after.

use std::collections::{BTreeMap, BTreeSet};

use futures::executor::block_on;
use ledger::sql::{Connection, Value};

use super::schema::Schema;

/// Tables by name.
pub struct Snapshot(BTreeMap<String, Table>);

#[derive(Default)]
struct Table {
    columns: BTreeSet<String>,
    /// Texts by column; in no order.
    rows: Vec<BTreeMap<String, String>>,
}

impl Snapshot {
    pub fn of<S: Schema>(database: &S) -> Self {
        let connection = database.connect();
        let mut tables: BTreeMap<String, Table> = BTreeMap::new();
        for row in block_on(connection.execute(S::COLUMNS, &[])).unwrap().rows {
            match row.as_slice() {
                [Value::Text(table), Value::Text(column)] => {
                    tables.entry(table.clone()).or_default().columns.insert(column.clone());
                }
                other => panic!("{other:?}"),
            }
        }
        for (name, table) in &mut tables {
            table.rows = rows(&connection, name, &table.columns);
        }
        Self(tables)
    }

    /// Rows that differ, in tables and columns that both have.
    pub fn differences(&self, other: &Self) -> Vec<String> {
        let mut found = Vec::new();
        for (name, table) in &self.0 {
            let Some(other) = other.0.get(name) else { continue };
            let columns: BTreeSet<_> = table.columns.intersection(&other.columns).collect();
            let (here, there) = (table.narrowed(&columns), other.narrowed(&columns));
            found.extend(
                here.iter().filter(|row| !there.contains(row)).map(|row| format!("{name} had {row:?}")),
            );
            found.extend(
                there.iter().filter(|row| !here.contains(row)).map(|row| format!("{name} has {row:?}")),
            );
        }
        found
    }

    /// How many rows each table has.
    pub fn counts(&self) -> BTreeMap<&str, usize> {
        self.0.iter().map(|(name, table)| (name.as_str(), table.rows.len())).collect()
    }
}

impl Table {
    fn narrowed(&self, columns: &BTreeSet<&String>) -> Vec<BTreeMap<&String, &String>> {
        let wanted = |row: &(&String, &String)| columns.contains(row.0);
        self.rows.iter().map(|row| row.iter().filter(wanted).collect()).collect()
    }
}

fn rows(
    connection: &impl Connection,
    table: &str,
    columns: &BTreeSet<String>,
) -> Vec<BTreeMap<String, String>> {
    let texts: Vec<_> = columns.iter().map(|column| format!("CAST(\"{column}\" AS TEXT)")).collect();
    let statement = format!("SELECT {} FROM {table}", texts.join(", "));
    let found = block_on(connection.execute(&statement, &[])).unwrap().rows;
    let named =
        |row: Vec<Value>| columns.iter().cloned().zip(row.iter().map(|it| format!("{it:?}"))).collect();
    found.into_iter().map(named).collect()
}
