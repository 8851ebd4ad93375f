//! Which database the ledger lives in.

use ledger::StoreError;

/// The database that the variables choose.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Choice {
    /// Spin's database `default`.
    Sqlite,
    /// The server of this URL.
    Postgres(String),
}

impl Choice {
    /// Reads the variables `database` and `database_url`.
    ///
    /// # Errors
    /// [`StoreError::Configuration`]: a ledger that was meant to be in Postgres is never silently in SQLite.
    pub(crate) fn from_variables(database: &str, url: &str) -> Result<Self, StoreError> {
        let refused = |problem| Err(StoreError::Configuration { problem });
        match (database.trim(), url.trim()) {
            ("" | "sqlite", _) => Ok(Self::Sqlite),
            ("postgres", "") => {
                refused("the variable database is postgres, but the variable database_url is empty")
            }
            ("postgres", url) => Ok(Self::Postgres(url.to_owned())),
            _ => refused("the variable database must be sqlite or postgres"),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const URL: &str = "postgres://slipway@db/ledger";

    #[test]
    fn sqlite_is_the_default() {
        for database in ["", "sqlite", " sqlite\n"] {
            assert_eq!(Choice::from_variables(database, ""), Ok(Choice::Sqlite));
        }
    }

    #[test]
    fn postgres_needs_its_url() {
        assert_eq!(Choice::from_variables("postgres", URL), Ok(Choice::Postgres(URL.to_owned())));
        let error = Choice::from_variables("postgres", " ").unwrap_err();
        let sentence = "the variable database is postgres, but the variable database_url is empty";
        assert_eq!(error.to_string(), sentence);
    }

    #[test]
    fn unknown_database_is_refused() {
        for database in ["mysql", "Postgres", "postgresql"] {
            assert!(Choice::from_variables(database, URL).is_err(), "{database}");
        }
    }
}
