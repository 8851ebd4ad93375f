//! What there is to do, from what was done: no database here.

use std::collections::BTreeMap;

use super::files::Migration;

/// What the bookkeeping table holds about one version.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Applied {
    pub(super) name: String,
    /// SHA-256 of the `up` file that was applied, in hexadecimal.
    pub(super) checksum: String,
    /// The oldest version that a release must know to work with this one.
    pub(super) min_compatible: i64,
    /// When, as text for people.
    pub(super) applied_at: String,
}

/// What was applied, by version.
pub(super) type History = BTreeMap<i64, Applied>;

/// Where the schema is to go.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Goal {
    /// To the newest version that this release knows.
    Up,
    /// Back by so many versions.
    Down(u32),
}

/// One migration to run, in one direction.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Step {
    Up(Migration),
    Down(Migration),
}

/// Why a schema is left alone.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub(super) enum Refusal {
    #[error("the database schema is too new: version {version} needs a release that knows version {needed}")]
    TooNew { version: i64, needed: i64 },
    #[error("migration {migration} was applied in another form than this release has it")]
    Changed { migration: Migration },
    #[error(
        "version {version} ({name}) is not known to this release: take it back with the release that applied it"
    )]
    Unknown { version: i64, name: String },
    #[error("version {version} is missing between versions that were applied")]
    Gap { version: i64 },
}

/// The steps that lead to the goal, in order.
///
/// # Errors
/// See [`Refusal`].
pub(super) fn steps(known: &[Migration], history: &History, goal: Goal) -> Result<Vec<Step>, Refusal> {
    check(known, history)?;
    match goal {
        Goal::Up => {
            let missing = known.iter().filter(|migration| !history.contains_key(&migration.version));
            Ok(missing.copied().map(Step::Up).collect())
        }
        Goal::Down(count) => {
            let newest = history.iter().rev().take(count as usize);
            newest.map(|(version, applied)| take_back(known, *version, applied)).collect()
        }
    }
}

fn take_back(known: &[Migration], version: i64, applied: &Applied) -> Result<Step, Refusal> {
    let migration = known.iter().find(|migration| migration.version == version);
    migration.copied().map(Step::Down).ok_or_else(|| Refusal::Unknown { version, name: applied.name.clone() })
}

/// Whether this release may work with the schema at all, as components ask too.
pub(super) fn check(known: &[Migration], history: &History) -> Result<(), Refusal> {
    let newest_known = known.last().map_or(0, |migration| migration.version);
    for (&version, applied) in history.range(newest_known + 1..) {
        if applied.min_compatible > newest_known {
            return Err(Refusal::TooNew { version, needed: applied.min_compatible });
        }
    }
    let newest_applied = history.keys().next_back().copied().unwrap_or(0);
    for &migration in known {
        match history.get(&migration.version) {
            Some(applied) if applied.checksum != migration.checksum() => {
                return Err(Refusal::Changed { migration });
            }
            None if migration.version < newest_applied => {
                return Err(Refusal::Gap { version: migration.version });
            }
            _ => {}
        }
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::migrate::files::POSTGRES;

    /// Two migrations, whatever a release has.
    const KNOWN: &[Migration] = POSTGRES.split_at(2).0;

    fn history(versions: &[i64]) -> History {
        let applied = |version: &i64| {
            let migration = KNOWN.iter().find(|migration| migration.version == *version);
            let checksum = migration.map_or_else(String::new, Migration::checksum);
            let applied =
                Applied { name: "later".to_owned(), checksum, min_compatible: 1, applied_at: String::new() };
            (*version, applied)
        };
        versions.iter().map(applied).collect()
    }

    #[test]
    fn up_applies_what_is_missing_oldest_first() {
        let [first, second] = [KNOWN[0], KNOWN[1]];
        assert_eq!(steps(KNOWN, &history(&[]), Goal::Up), Ok(vec![Step::Up(first), Step::Up(second)]));
        assert_eq!(steps(KNOWN, &history(&[1]), Goal::Up), Ok(vec![Step::Up(second)]));
        assert_eq!(steps(KNOWN, &history(&[1, 2]), Goal::Up), Ok(vec![]));
    }

    #[test]
    fn down_takes_back_the_newest_first_and_no_more_than_there_is() {
        let [first, second] = [KNOWN[0], KNOWN[1]];
        assert_eq!(steps(KNOWN, &history(&[1, 2]), Goal::Down(1)), Ok(vec![Step::Down(second)]));
        let both = Ok(vec![Step::Down(second), Step::Down(first)]);
        assert_eq!(steps(KNOWN, &history(&[1, 2]), Goal::Down(9)), both);
        assert_eq!(steps(KNOWN, &history(&[]), Goal::Down(1)), Ok(vec![]));
    }

    #[test]
    fn newer_schema_is_refused_only_where_it_says_so() {
        let mut newer = history(&[1, 2, 3]);
        assert_eq!(steps(KNOWN, &newer, Goal::Up), Ok(vec![]));
        newer.get_mut(&3).unwrap().min_compatible = 3;
        let refusal = Refusal::TooNew { version: 3, needed: 3 };
        assert_eq!(steps(KNOWN, &newer, Goal::Up), Err(refusal));
    }

    #[test]
    fn what_this_release_does_not_know_it_does_not_take_back() {
        let refusal = Refusal::Unknown { version: 3, name: "later".to_owned() };
        assert_eq!(steps(KNOWN, &history(&[1, 2, 3]), Goal::Down(1)), Err(refusal));
    }

    #[test]
    fn changed_checksum_is_refused_in_both_directions() {
        let mut changed = history(&[1, 2]);
        changed.get_mut(&1).unwrap().checksum = "other".to_owned();
        for goal in [Goal::Up, Goal::Down(1)] {
            let refusal = steps(KNOWN, &changed, goal).unwrap_err();
            assert_eq!(refusal, Refusal::Changed { migration: KNOWN[0] });
        }
    }

    #[test]
    fn gap_is_refused() {
        assert_eq!(steps(KNOWN, &history(&[2]), Goal::Up), Err(Refusal::Gap { version: 1 }));
    }
}
