//! The migrations that this release knows; the rules for their files are in `migrations/README.md`.

use sha2::{Digest, Sha256};

/// One step of the schema.
pub(super) struct Migration {
    /// 1, 2, 3, … without a gap.
    pub(super) version: i64,
    /// File name without number and direction.
    pub(super) name: &'static str,
    /// Text of the `up` file.
    pub(super) up: &'static str,
    /// Text of the `down` file.
    #[cfg(test)]
    pub(super) down: &'static str,
}

macro_rules! migration {
    ($version:literal, $number:literal, $name:literal) => {
        Migration {
            version: $version,
            name: $name,
            up: include_str!(concat!("../../../../migrations/sqlite/", $number, "_", $name, ".up.sql")),
            #[cfg(test)]
            down: include_str!(concat!("../../../../migrations/sqlite/", $number, "_", $name, ".down.sql")),
        }
    };
}

/// All migrations, oldest first.
pub(super) const MIGRATIONS: &[Migration] = &[migration!(1, "0001", "ledger")];

/// The newest schema version that this release knows.
pub(super) fn newest() -> i64 {
    MIGRATIONS.iter().map(|migration| migration.version).max().unwrap_or(0)
}

impl Migration {
    /// SHA-256 of the `up` file, in hexadecimal.
    pub(super) fn checksum(&self) -> String {
        hex::encode(Sha256::digest(self.up))
    }

    /// The oldest schema version that a release must know to work with this one; without the header line, this one.
    pub(super) fn min_compatible(&self) -> i64 {
        self.up
            .lines()
            .find_map(|line| line.strip_prefix("-- min-compatible:"))
            .and_then(|number| number.trim().parse().ok())
            .unwrap_or(self.version)
    }
}

/// Splits a file into statements: one ends where a line ends with `;`. Lines that begin with `--` are dropped.
pub(super) fn statements(file: &str) -> Vec<String> {
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
        let versions: Vec<i64> = MIGRATIONS.iter().map(|migration| migration.version).collect();
        assert_eq!(versions, (1..=newest()).collect::<Vec<_>>());
    }

    #[test]
    fn every_migration_states_whom_it_is_compatible_with() {
        for migration in MIGRATIONS {
            assert!(
                migration.up.lines().any(|line| line.starts_with("-- min-compatible: ")),
                "{}",
                migration.name
            );
            assert!((1..=migration.version).contains(&migration.min_compatible()), "{}", migration.name);
        }
    }
}
