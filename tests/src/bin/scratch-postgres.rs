//! A PostgreSQL server in a folder of its own, for measurements; gone when the program ends.

use tests::postgres::Postgres;

/// Starts the server, prints its URL, and waits for Ctrl-C or the end of standard input.
#[tokio::main]
async fn main() -> anyhow::Result<()> {
    let server = Postgres::start().await?;
    println!("{}", server.url());
    let end_of_input =
        tokio::task::spawn_blocking(|| std::io::copy(&mut std::io::stdin(), &mut std::io::sink()));
    tokio::select! {
        _ = tokio::signal::ctrl_c() => {}
        _ = end_of_input => {}
    }
    drop(server);
    // The thread that waits for input would hold up the end.
    std::process::exit(0);
}
