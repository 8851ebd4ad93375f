//! Proof that the release before keeps working on the newest schema, without its program: what a release says to its
//! database is recorded, kept in `tests/releases/<version>.<dialect>.jsonl`, and played again on every later schema.
//!
//! | file | what it holds |
//! |---|---|
//! | `scenario` | what a release is made to do; the one to extend with the `Store` trait |
//! | `recorder` | a connection that writes a recording |
//! | `recording` | a recording, and the file it is kept in |
//! | `play` | playing it, and what counts as broken |
//! | `reads` | what a release can read back |
//! | `schema` | a database that can be brought to every version |
//! | `snapshot` | the rows of a database |
//! | `releases`, `upgrades` | the tests; [`replay_tests!`] makes them |
#![allow(missing_docs)] // The names say it.

pub mod play;
pub mod reads;
pub mod recorder;
pub mod recording;
pub mod releases;
pub mod scenario;
pub mod schema;
pub mod snapshot;
pub mod upgrades;

/// The tests, on a [`Schema`](schema::Schema).
macro_rules! replay_tests {
    ($schema:ty) => {
        crate::replay::replay_tests! { $schema:
            releases {
                release_before_works_on_the_newest_schema
                releases_work_side_by_side
                schema_that_breaks_a_release_is_told
                #[ignore = "no test: writes the recording of a release, see migrations/README.md"]
                record_this_release
            }
            upgrades {
                database_filled_at_every_version_keeps_its_rows_up_down_and_up
                every_down_of_a_filled_database_may_be_run_twice_and_keeps_its_tables_rows
            }
        }
    };
    ($schema:ty: $($noun:ident { $($(#[$attribute:meta])* $name:ident)* })*) => {
        $($(#[test]
        $(#[$attribute])*
        fn $name() {
            crate::replay::$noun::$name::<$schema>();
        })*)*
    };
}
pub(crate) use replay_tests;
