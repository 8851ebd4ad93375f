//! `spin:variables` as plain strings.

use spin_sdk::variables;

/// The value of a variable; empty if there is none, which the log then says.
pub async fn variable(name: &str) -> String {
    match variables::get(name).await {
        Ok(value) => value,
        Err(error) => {
            eprintln!("variable {name} cannot be read: {error}");
            String::new()
        }
    }
}
