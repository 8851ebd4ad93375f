//! `slipway migrate`: brings the ledger's database to the schema of this release, takes it back, or shows where it is.
//!
//! Postgres is migrated by nobody else; SQLite also by the first request of a component. Both follow
//! `migrations/README.md`.

mod files;
mod plan;
mod postgres;
mod sqlite;

use std::fmt::Write as _;
use std::path::Path;

use anyhow::{Context, Result, bail};

use crate::cli::{Database, Direction, Migrate};
use files::Migration;
use plan::{Goal, History, Step};

/// Migrates, and prints what was done.
///
/// # Errors
/// When the database cannot be reached, its schema is refused, or a migration fails; that one has then changed nothing.
pub fn run(arguments: Migrate) -> Result<()> {
    print!("{}", report(&arguments)?);
    Ok(())
}

/// Migrates, and gives a text that says what was done.
///
/// # Errors
/// As [`run`].
pub fn report(arguments: &Migrate) -> Result<String> {
    let store = Store::of(&arguments.database)?;
    let (goal, dry_run) = match arguments.direction {
        Direction::Up { dry_run } => (Goal::Up, dry_run),
        Direction::Down { count, dry_run } => (Goal::Down(count), dry_run),
        Direction::Status => return status(&store),
    };
    let steps = store.run(goal, dry_run)?;
    Ok(told(&steps, dry_run))
}

/// A database by its address.
enum Store<'a> {
    Postgres(&'a str),
    Sqlite(&'a Path),
}

impl<'a> Store<'a> {
    fn of(database: &'a Database) -> Result<Self> {
        match (&database.sqlite, &database.database_url) {
            // A file that was named goes before a URL that only happens to be in the environment.
            (Some(file), _) => Ok(Self::Sqlite(file)),
            (None, Some(url)) if !url.trim().is_empty() => Ok(Self::Postgres(url.trim())),
            _ => bail!("which database? Give --database-url postgres://… (or DATABASE_URL) or --sqlite FILE"),
        }
    }

    fn known(&self) -> &'static [Migration] {
        match self {
            Self::Postgres(_) => files::POSTGRES,
            Self::Sqlite(_) => files::SQLITE,
        }
    }

    fn history(&self) -> Result<History> {
        match self {
            Self::Postgres(url) => block_on(postgres::history(url)),
            Self::Sqlite(file) => sqlite::history(file),
        }
    }

    fn run(&self, goal: Goal, dry_run: bool) -> Result<Vec<Step>> {
        match self {
            Self::Postgres(url) => block_on(postgres::run(url, goal, dry_run)),
            Self::Sqlite(file) => sqlite::run(file, goal, dry_run),
        }
    }
}

fn block_on<T>(work: impl Future<Output = Result<T>>) -> Result<T> {
    tokio::runtime::Builder::new_current_thread().enable_all().build().context("no runtime")?.block_on(work)
}

fn told(steps: &[Step], dry_run: bool) -> String {
    let mut text = String::new();
    let would = if dry_run { "would be " } else { "" };
    for step in steps {
        let _ = match step {
            Step::Up(migration) => writeln!(text, "{migration} {would}applied"),
            Step::Down(migration) => writeln!(text, "{migration} {would}taken back"),
        };
    }
    if steps.is_empty() { "nothing to do\n".to_owned() } else { text }
}

/// A line for every version that is known here or there; then, as an error, why the schema cannot be used.
fn status(store: &Store<'_>) -> Result<String> {
    let history = store.history()?;
    let known = store.known();
    let mut text = String::new();
    for migration in known {
        let _ = match history.get(&migration.version) {
            Some(applied) => writeln!(text, "{migration} applied {}", applied.applied_at),
            None => writeln!(text, "{migration} missing"),
        };
    }
    let newest = known.last().map_or(0, |migration| migration.version);
    for (version, applied) in history.range(newest + 1..) {
        let _ = writeln!(
            text,
            "{version:04}_{} applied {}, unknown to this release",
            applied.name, applied.applied_at
        );
    }
    plan::check(known, &history).with_context(|| text.clone())?;
    Ok(text)
}

#[cfg(test)]
mod tests;
