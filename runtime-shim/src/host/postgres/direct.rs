//! A connection of the shim's own, in no pool and to any host.

use tokio_postgres::Client;

use super::address::Address;
use super::{Error, errors};

/// Connects as the address says, with TLS where it asks for it; the connection lasts as long as the client.
///
/// # Errors
/// Why there is no connection; the text never shows the address, which has the password.
pub(crate) async fn connect(address: &str) -> Result<Client, String> {
    let address: Address = address.parse().map_err(|error: Error| error.to_string())?;
    let connector = address.connector(None).map_err(|error| error.to_string())?;
    let connected = address.config.connect(connector).await;
    let (client, connection) = connected.map_err(|error| errors::with_causes(&error))?;
    // Should it break, the next statement says so.
    tokio::spawn(async move { drop(connection.await) });
    Ok(client)
}
