//! Databases without a wasm host, for tests that run natively.

mod postgres;
mod sqlite;

pub use postgres::ServerConnection;
pub use sqlite::FileConnection;
