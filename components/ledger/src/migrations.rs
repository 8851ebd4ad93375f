//! The migrations that this release knows; the rules for their files are in `migrations/README.md`.

use std::collections::BTreeMap;

use crate::MigrationError;
use crate::StoreError;
use crate::row::{self, Row};
use crate::sql::Rows;
use sha2::{Digest, Sha256};

/// One step of the schema.
pub(crate) struct Migration {
    /// 1, 2, 3, … without a gap.
    pub(crate) version: i64,
    /// File name without number and direction.
    pub(crate) name: &'static str,
    /// Text of the `up` file.
    pub(crate) up: &'static str,
    /// Text of the `down` file.
    #[cfg(test)]
    pub(crate) down: &'static str,
}

macro_rules! migration {
    ($dialect:literal, $version:literal, $number:literal, $name:literal) => {
        Migration {
            version: $version,
            name: $name,
            up: include_str!(concat!("../../../migrations/", $dialect, "/", $number, "_", $name, ".up.sql")),
            #[cfg(test)]
            down: include_str!(concat!(
                "../../../migrations/",
                $dialect,
                "/",
                $number,
                "_",
                $name,
                ".down.sql"
            )),
        }
    };
}

/// All migrations of SQLite, oldest first.
pub(crate) const SQLITE: &[Migration] = &[
    migration!("sqlite", 1, "0001", "ledger"),
    migration!("sqlite", 2, "0002", "latest"),
    migration!("sqlite", 3, "0003", "engine"),
    migration!("sqlite", 4, "0004", "events"),
];

/// All migrations of Postgres, oldest first.
pub(crate) const POSTGRES: &[Migration] = &[
    migration!("postgres", 1, "0001", "ledger"),
    migration!("postgres", 2, "0002", "latest"),
    migration!("postgres", 3, "0003", "engine"),
    migration!("postgres", 4, "0004", "events"),
];

/// The newest schema version among these.
pub(crate) fn newest(known: &[Migration]) -> i64 {
    known.iter().map(|migration| migration.version).max().unwrap_or(0)
}

/// What the bookkeeping table holds about one version.
pub(crate) struct Applied {
    checksum: String,
    min_compatible: i64,
}

/// The statement whose rows [`applied`] reads.
pub(crate) const SELECT_APPLIED: &str = "SELECT version, checksum, min_compatible FROM slipway_migrations";

/// Reads the bookkeeping table.
pub(crate) fn applied(rows: &Rows) -> Result<BTreeMap<i64, Applied>, StoreError> {
    let read = |row: Row<'_>| {
        let found =
            Applied { checksum: row.string("checksum")?, min_compatible: row.integer("min_compatible")? };
        Ok((row.integer("version")?, found))
    };
    Ok(row::all(rows, read)?.into_iter().collect())
}

/// The migrations to apply, oldest first; an error if the database cannot be worked with.
pub(crate) fn missing<'a>(
    known: &'a [Migration],
    applied: &BTreeMap<i64, Applied>,
) -> Result<Vec<&'a Migration>, MigrationError> {
    let newest = newest(known);
    for (&version, Applied { min_compatible, .. }) in applied.range(newest + 1..) {
        if *min_compatible > newest {
            return Err(MigrationError::TooNew { version, needed: *min_compatible });
        }
    }
    let mut missing = Vec::new();
    for migration in known {
        match applied.get(&migration.version) {
            None => missing.push(migration),
            Some(found) if found.checksum == migration.checksum() => {}
            Some(_) => return Err(MigrationError::Changed { version: migration.version }),
        }
    }
    Ok(missing)
}

impl Migration {
    /// SHA-256 of the `up` file, in hexadecimal.
    pub(crate) fn checksum(&self) -> String {
        hex::encode(Sha256::digest(self.up))
    }

    /// The oldest schema version that a release must know to work with this one; without the header line, this one.
    pub(crate) fn min_compatible(&self) -> i64 {
        self.up
            .lines()
            .find_map(|line| line.strip_prefix("-- min-compatible:"))
            .and_then(|number| number.trim().parse().ok())
            .unwrap_or(self.version)
    }
}

/// Splits a file into statements: one ends where a line ends with `;`. Lines that begin with `--` are dropped.
pub(crate) fn statements(file: &str) -> Vec<String> {
    let mut statements = Vec::new();
    let mut current = String::new();
    for line in file.lines().filter(|line| !line.trim_start().starts_with("--")) {
        current.push_str(line);
        current.push('\n');
        if line.trim_end().ends_with(';') {
            statements.push(std::mem::take(&mut current));
        }
    }
    if !current.trim().is_empty() {
        statements.push(current);
    }
    statements
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn statements_end_with_a_semicolon_at_line_end() {
        let file = "-- one; two;\nCREATE TABLE a (\n  b TEXT DEFAULT ';' -- c\n);\n\nDROP TABLE a;\r\n";
        let found = statements(file);
        assert_eq!(found.len(), 2);
        assert!(found[0].starts_with("CREATE TABLE a") && found[0].ends_with(");\n"));
        assert_eq!(found[1].trim(), "DROP TABLE a;");
    }

    #[test]
    fn a_last_statement_without_semicolon_is_kept() {
        assert_eq!(statements("SELECT 1;\nSELECT 2"), ["SELECT 1;\n", "SELECT 2\n"]);
    }

    #[test]
    fn versions_count_from_one_without_a_gap() {
        for known in [SQLITE, POSTGRES] {
            let versions: Vec<i64> = known.iter().map(|migration| migration.version).collect();
            assert_eq!(versions, (1..=newest(known)).collect::<Vec<_>>());
        }
    }

    #[test]
    fn every_migration_states_whom_it_is_compatible_with() {
        for migration in SQLITE.iter().chain(POSTGRES) {
            assert!(
                migration.up.lines().any(|line| line.starts_with("-- min-compatible: ")),
                "{}",
                migration.name
            );
            assert!((1..=migration.version).contains(&migration.min_compatible()), "{}", migration.name);
        }
    }
}
