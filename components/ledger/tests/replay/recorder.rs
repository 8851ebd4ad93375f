//! Writing down what a release says to its database.

use std::cell::RefCell;

use ledger::sql::{Connection, DatabaseError, Rows, Value};

use super::recording::Recording;

/// A connection that adds every statement that succeeds to a recording.
pub struct Recorder<'a, C> {
    connection: C,
    recording: &'a RefCell<Recording>,
}

impl<'a, C> Recorder<'a, C> {
    pub fn new(connection: C, recording: &'a RefCell<Recording>) -> Self {
        Self { connection, recording }
    }
}

impl<C: Connection> Connection for Recorder<'_, C> {
    async fn execute(&self, statement: &str, parameters: &[Value]) -> Result<Rows, DatabaseError> {
        let rows = self.connection.execute(statement, parameters).await?;
        self.recording.borrow_mut().add(statement, parameters, &rows);
        Ok(rows)
    }
}
