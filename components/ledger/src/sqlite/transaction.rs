//! All or nothing.

use crate::StoreError;
use crate::sql::Connection;

/// Runs `work` in a transaction that holds the write lock from its beginning, so that what `work` reads stays true
/// until it has written. Any error takes everything back.
pub(super) async fn transaction<C: Connection, T>(
    connection: &C,
    work: impl AsyncFnOnce() -> Result<T, StoreError>,
) -> Result<T, StoreError> {
    connection.execute("BEGIN IMMEDIATE", &[]).await?;
    let result = match work().await {
        Ok(value) => connection.execute("COMMIT", &[]).await.map(|_| value).map_err(StoreError::from),
        Err(error) => Err(error),
    };
    if result.is_err() {
        // Should this fail too, the transaction ends with the connection; the first error is the one to tell.
        let _ = connection.execute("ROLLBACK", &[]).await;
    }
    result
}
