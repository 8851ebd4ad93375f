//! The migrations, as this program carries them; the rules for their files are in `migrations/README.md`.

use anyhow::{Result, ensure};
use sha2::{Digest, Sha256};

/// One step of the schema.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Migration {
    /// 1, 2, 3, … without a gap.
    pub(super) version: i64,
    /// File name without number and direction.
    pub(super) name: &'static str,
    /// Text of the `up` file.
    pub(super) up: &'static str,
    /// Text of the `down` file.
    pub(super) down: &'static str,
}

macro_rules! migration {
    ($dialect:literal, $version:literal, $number:literal, $name:literal) => {
        Migration {
            version: $version,
            name: $name,
            up: include_str!(concat!("../../../migrations/", $dialect, "/", $number, "_", $name, ".up.sql")),
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
pub(super) const SQLITE: &[Migration] = &[
    migration!("sqlite", 1, "0001", "ledger"),
    migration!("sqlite", 2, "0002", "latest"),
    migration!("sqlite", 3, "0003", "engine"),
    migration!("sqlite", 4, "0004", "events"),
];

/// All migrations of Postgres, oldest first.
pub(super) const POSTGRES: &[Migration] = &[
    migration!("postgres", 1, "0001", "ledger"),
    migration!("postgres", 2, "0002", "latest"),
    migration!("postgres", 3, "0003", "engine"),
    migration!("postgres", 4, "0004", "events"),
];

impl Migration {
    /// SHA-256 of the `up` file, in hexadecimal.
    pub(super) fn checksum(&self) -> String {
        hex::encode(Sha256::digest(self.up))
    }

    /// The oldest schema version that a release must know to work with this one.
    ///
    /// # Errors
    /// When the header of the `up` file does not say.
    pub(super) fn min_compatible(&self) -> Result<i64> {
        let line = self.up.lines().find_map(|line| line.strip_prefix("-- min-compatible:"));
        let number = line.and_then(|number| number.trim().parse().ok()).unwrap_or(0);
        ensure!((1..=self.version).contains(&number), "{self} has no line `-- min-compatible: N`");
        Ok(number)
    }
}

impl std::fmt::Display for Migration {
    fn fmt(&self, formatter: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(formatter, "{:04}_{}", self.version, self.name)
    }
}

#[cfg(test)]
mod tests {
    use std::path::Path;

    use super::*;

    #[test]
    fn every_file_of_the_folder_is_carried_in_order() {
        for (dialect, known) in [("sqlite", SQLITE), ("postgres", POSTGRES)] {
            let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("../migrations").join(dialect);
            let mut found: Vec<_> = std::fs::read_dir(folder)
                .unwrap()
                .map(|entry| entry.unwrap().file_name().into_string().unwrap())
                .collect();
            found.sort();
            let carried: Vec<_> = known
                .iter()
                .flat_map(|migration| ["down", "up"].map(|direction| format!("{migration}.{direction}.sql")))
                .collect();
            assert_eq!(found, carried);
            let versions: Vec<_> = known.iter().map(|migration| migration.version).collect();
            assert_eq!(versions, (1..=known.len() as i64).collect::<Vec<_>>());
            assert!(known.iter().all(|migration| migration.min_compatible().is_ok()));
        }
    }
}
