//! Key-value stores in SQLite files. The table is that of Spin's own host, so that either can read what the other wrote.

use std::collections::HashMap;
use std::sync::Arc;

use tokio::sync::OnceCell;

use crate::host::bindings::spin::sqlite::sqlite::{Error as SqliteError, QueryResult, Value};
use crate::host::sqlite::{Database, Handle};

/// Most bytes of a key.
const MAX_KEY: usize = 4 * 1024;

/// Most bytes of a value: it is held in memory by host and component alike.
const MAX_VALUE: usize = 16 * 1024 * 1024;

/// Most keys that are read at once.
pub(super) const PAGE: usize = 1_000;

const CREATE: &str = "CREATE TABLE IF NOT EXISTS spin_key_value \
    (store TEXT NOT NULL, key TEXT NOT NULL, value BLOB NOT NULL, PRIMARY KEY (store, key))";
const GET: &str = "SELECT value FROM spin_key_value WHERE store = ?1 AND key = ?2";
const EXISTS: &str = "SELECT 1 FROM spin_key_value WHERE store = ?1 AND key = ?2";
const SET: &str = "INSERT INTO spin_key_value (store, key, value) VALUES (?1, ?2, ?3) \
    ON CONFLICT (store, key) DO UPDATE SET value = excluded.value";
const ADD: &str = "INSERT INTO spin_key_value (store, key, value) VALUES (?1, ?2, ?3) ON CONFLICT DO NOTHING";
const SWAP: &str = "UPDATE spin_key_value SET value = ?3 WHERE store = ?1 AND key = ?2 AND value = ?4";
const DELETE: &str = "DELETE FROM spin_key_value WHERE store = ?1 AND key = ?2";
const KEYS: &str = "SELECT key FROM spin_key_value WHERE store = ?1 AND key >= ?2 ORDER BY key LIMIT ?3";
const KEYS_AFTER: &str = "SELECT key FROM spin_key_value WHERE store = ?1 AND key > ?2 ORDER BY key LIMIT ?3";

/// Why a store did not do what it was asked.
#[derive(Debug, thiserror::Error)]
pub enum StoreError {
    /// The manifest does not grant the store.
    #[error("access denied")]
    NotGranted,
    /// The key is too long.
    #[error("a key has at most {MAX_KEY} bytes, this one {0}")]
    KeyTooLong(usize),
    /// The value is too big.
    #[error("a value has at most {MAX_VALUE} bytes, this one {0}")]
    ValueTooBig(usize),
    /// What is to be incremented is no number of eight bytes, or would not be one afterwards.
    #[error("the value is not a 64-bit number that can be incremented so far")]
    NotANumber,
    /// There are more keys than fit into one list.
    #[error("the keys have more than {0} bytes in all")]
    TooManyKeys(usize),
    /// The database failed.
    #[error("{0}")]
    Database(String),
}

/// The stores that one component may open, by the label it opens them with.
#[derive(Default, Clone)]
pub struct Stores {
    granted: HashMap<String, Arc<Store>>,
}

impl Stores {
    /// Grants access to `store` under its label.
    pub fn grant(&mut self, store: Arc<Store>) {
        self.granted.insert(store.label.clone(), store);
    }

    /// The store with this label.
    pub(super) fn open(&self, label: &str) -> Result<Arc<Store>, StoreError> {
        self.granted.get(label).map(Arc::clone).ok_or(StoreError::NotGranted)
    }
}

/// One store: the rows of a file that carry its label.
pub struct Store {
    label: String,
    database: Arc<Database>,
    /// Set once the table is known to be there.
    created: OnceCell<()>,
}

/// A value as it was, to be replaced only if it still is.
pub struct CompareAndSwap {
    pub(super) store: Arc<Store>,
    pub(super) key: String,
    pub(super) value: Option<Vec<u8>>,
}

impl Store {
    /// The store with this label in `database`.
    pub fn new(label: String, database: Arc<Database>) -> Arc<Self> {
        Arc::new(Self { label, database, created: OnceCell::new() })
    }

    /// The label by which components open it.
    pub(super) fn label(&self) -> &str {
        &self.label
    }

    /// A connection of its own; dropping it takes back what was not committed.
    async fn connect(&self) -> Result<Handle, StoreError> {
        let handle = self.database.open()?;
        let create = || async { handle.execute(CREATE.to_owned(), Vec::new()).await.map(drop) };
        self.created.get_or_try_init(create).await?;
        Ok(handle)
    }

    async fn execute(&self, statement: &str, parameters: Vec<Value>) -> Result<QueryResult, StoreError> {
        Ok(self.connect().await?.execute(statement.to_owned(), parameters).await?)
    }

    fn at(&self, key: &str) -> Result<Vec<Value>, StoreError> {
        match key.len() {
            ..=MAX_KEY => Ok(vec![Value::Text(self.label.clone()), Value::Text(key.to_owned())]),
            length => Err(StoreError::KeyTooLong(length)),
        }
    }

    fn at_with(&self, key: &str, value: Vec<u8>) -> Result<Vec<Value>, StoreError> {
        if value.len() > MAX_VALUE {
            return Err(StoreError::ValueTooBig(value.len()));
        }
        let mut parameters = self.at(key)?;
        parameters.push(Value::Blob(value));
        Ok(parameters)
    }

    /// The value at `key`, if there is one.
    pub(super) async fn get(&self, key: &str) -> Result<Option<Vec<u8>>, StoreError> {
        Ok(only_value(self.execute(GET, self.at(key)?).await?))
    }

    /// Sets the value at `key`.
    pub(super) async fn set(&self, key: &str, value: Vec<u8>) -> Result<(), StoreError> {
        self.execute(SET, self.at_with(key, value)?).await.map(drop)
    }

    /// Removes `key`, if it is there.
    pub(super) async fn delete(&self, key: &str) -> Result<(), StoreError> {
        self.execute(DELETE, self.at(key)?).await.map(drop)
    }

    /// Whether `key` is there.
    pub(super) async fn exists(&self, key: &str) -> Result<bool, StoreError> {
        Ok(!self.execute(EXISTS, self.at(key)?).await?.rows.is_empty())
    }

    /// The first [`PAGE`] keys in the order of their bytes, or the next behind `after`; fewer at the end.
    pub(super) async fn keys(&self, after: Option<&str>) -> Result<Vec<String>, StoreError> {
        // Every key is at or behind the empty one.
        let mut parameters = self.at(after.unwrap_or_default())?;
        parameters.push(Value::Integer(i64::try_from(PAGE).unwrap_or(i64::MAX)));
        let statement = if after.is_some() { KEYS_AFTER } else { KEYS };
        let rows = self.execute(statement, parameters).await?.rows;
        let key = |value| if let Value::Text(key) = value { Some(key) } else { None };
        Ok(rows.into_iter().filter_map(|row| row.values.into_iter().next().and_then(key)).collect())
    }

    /// Sets all or none.
    pub(super) async fn set_many(&self, pairs: Vec<(String, Vec<u8>)>) -> Result<(), StoreError> {
        let rows = pairs.into_iter().map(|(key, value)| self.at_with(&key, value));
        self.in_one_transaction(SET, rows.collect::<Result<_, _>>()?).await
    }

    /// Removes all or none.
    pub(super) async fn delete_many(&self, keys: &[String]) -> Result<(), StoreError> {
        let rows = keys.iter().map(|key| self.at(key));
        self.in_one_transaction(DELETE, rows.collect::<Result<_, _>>()?).await
    }

    async fn in_one_transaction(&self, statement: &str, rows: Vec<Vec<Value>>) -> Result<(), StoreError> {
        let connection = self.connect().await?;
        connection.execute("BEGIN IMMEDIATE".to_owned(), Vec::new()).await?;
        for row in rows {
            connection.execute(statement.to_owned(), row).await?;
        }
        connection.execute("COMMIT".to_owned(), Vec::new()).await?;
        Ok(())
    }

    /// Adds `delta` to the number at `key`, which is zero if it is not there, and gives the sum. Numbers are eight bytes,
    /// the least significant first.
    pub(super) async fn increment(&self, key: &str, delta: i64) -> Result<i64, StoreError> {
        let connection = self.connect().await?;
        connection.execute("BEGIN IMMEDIATE".to_owned(), Vec::new()).await?;
        let value = only_value(connection.execute(GET.to_owned(), self.at(key)?).await?);
        let number = value.map_or(Ok(0), |value| Ok(i64::from_le_bytes(value.try_into()?)));
        let number = number.map_err(|_: Vec<u8>| StoreError::NotANumber)?;
        let sum = number.checked_add(delta).ok_or(StoreError::NotANumber)?;
        connection.execute(SET.to_owned(), self.at_with(key, sum.to_le_bytes().to_vec())?).await?;
        connection.execute("COMMIT".to_owned(), Vec::new()).await?;
        Ok(sum)
    }

    /// Remembers the value at `key`, to be swapped later.
    pub(super) async fn compare_and_swap(
        self: &Arc<Self>,
        key: String,
    ) -> Result<CompareAndSwap, StoreError> {
        let value = self.get(&key).await?;
        Ok(CompareAndSwap { store: Arc::clone(self), key, value })
    }
}

impl CompareAndSwap {
    /// Sets the value if it is still the one remembered, and tells whether it was.
    pub(super) async fn swap(&self, value: Vec<u8>) -> Result<bool, StoreError> {
        let mut parameters = self.store.at_with(&self.key, value)?;
        let connection = self.store.connect().await?;
        let statement = match &self.value {
            Some(old) => {
                parameters.push(Value::Blob(old.clone()));
                SWAP
            }
            None => ADD,
        };
        connection.execute(statement.to_owned(), parameters).await?;
        Ok(connection.changes() == 1)
    }
}

impl From<SqliteError> for StoreError {
    fn from(error: SqliteError) -> Self {
        match error {
            SqliteError::Io(sentence) => Self::Database(sentence),
            other => Self::Database(other.to_string()),
        }
    }
}

fn only_value(result: QueryResult) -> Option<Vec<u8>> {
    match result.rows.into_iter().next()?.values.into_iter().next()? {
        Value::Blob(bytes) => Some(bytes),
        // Other programs may have written it so.
        Value::Text(text) => Some(text.into_bytes()),
        _ => None,
    }
}

#[cfg(test)]
#[path = "store_tests.rs"]
mod tests;
