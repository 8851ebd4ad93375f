//! Keeps the folder small: what no start has used for long is removed.

use std::collections::HashSet;
use std::fs::{self, DirEntry};
use std::path::Path;
use std::time::{Duration, SystemTime};

use super::key::SUFFIX;
use super::write::is_temporary;

const DAY: Duration = Duration::from_secs(24 * 60 * 60);

/// Time without use after which a compiled component is removed.
const UNUSED: Duration = DAY.saturating_mul(30);

/// Time after which a file that was never finished is removed: its writer is gone.
const UNFINISHED: Duration = DAY;

/// Compiled components that are kept; those that are in use are, even if they are more.
const MAX_ENTRIES: usize = 64;

/// Removes old entries of `folder`, and those beyond [`MAX_ENTRIES`], the longest unused first; never one in `used`,
/// and never a file that this cache did not name. What cannot be removed stays: that is no reason not to serve.
pub(super) fn sweep(folder: &Path, used: &HashSet<String>, now: SystemTime) {
    let Ok(files) = fs::read_dir(folder) else { return };
    let mut unused = Vec::new();
    for file in files.flatten() {
        let name = file.file_name();
        let Some(name) = name.to_str() else { continue };
        let age = age(&file, now);
        if is_temporary(name) {
            if age > UNFINISHED {
                remove(&file.path());
            }
        } else if is_entry(name) && !used.contains(name) {
            unused.push((age, file.path()));
        }
    }
    unused.sort_unstable();
    let room = MAX_ENTRIES.saturating_sub(used.len());
    for (position, (age, file)) in unused.iter().enumerate() {
        if position >= room || *age > UNUSED {
            remove(file);
        }
    }
}

/// A time in the future, as after a clock was set back, is no age.
fn age(file: &DirEntry, now: SystemTime) -> Duration {
    let modified = file.metadata().and_then(|metadata| metadata.modified());
    modified.ok().and_then(|modified| now.duration_since(modified).ok()).unwrap_or_default()
}

fn is_entry(name: &str) -> bool {
    let sum = name.strip_suffix(SUFFIX).unwrap_or_default();
    sum.len() == 64 && sum.bytes().all(|byte| byte.is_ascii_hexdigit())
}

fn remove(path: &Path) {
    match fs::remove_file(path) {
        Ok(()) => tracing::debug!("removed {}, which was not used any more", path.display()),
        Err(error) => tracing::debug!("cannot remove {}: {error}", path.display()),
    }
}

#[cfg(test)]
mod tests {
    use std::fs::File;

    use super::*;

    fn entry(number: usize) -> String {
        format!("{number:064x}{SUFFIX}")
    }

    fn put(folder: &Path, name: &str, age: Duration) {
        let file = File::create(folder.join(name)).unwrap();
        file.set_modified(SystemTime::now() - age).unwrap();
    }

    fn names(folder: &Path) -> HashSet<String> {
        fs::read_dir(folder).unwrap().map(|file| file.unwrap().file_name().into_string().unwrap()).collect()
    }

    #[test]
    fn what_was_not_used_for_thirty_days_goes() {
        let folder = tempfile::tempdir().unwrap();
        put(folder.path(), &entry(1), DAY * 29);
        put(folder.path(), &entry(2), DAY * 31);
        sweep(folder.path(), &HashSet::new(), SystemTime::now());
        assert_eq!(names(folder.path()), HashSet::from([entry(1)]));
    }

    #[test]
    fn beyond_the_limit_the_longest_unused_go() {
        let folder = tempfile::tempdir().unwrap();
        for number in 0..MAX_ENTRIES + 3 {
            put(folder.path(), &entry(number), DAY + Duration::from_secs(number as u64));
        }
        let used = HashSet::from([entry(MAX_ENTRIES + 2)]);
        sweep(folder.path(), &used, SystemTime::now());
        let left = names(folder.path());
        assert_eq!(left.len(), MAX_ENTRIES);
        assert!(left.contains(&entry(MAX_ENTRIES + 2)), "in use, though the oldest");
        assert!(!left.contains(&entry(MAX_ENTRIES + 1)));
    }

    #[test]
    fn more_than_the_limit_stay_when_all_are_used() {
        let folder = tempfile::tempdir().unwrap();
        let used: HashSet<_> = (0..MAX_ENTRIES + 3).map(entry).collect();
        used.iter().for_each(|name| put(folder.path(), name, Duration::ZERO));
        sweep(folder.path(), &used, SystemTime::now());
        assert_eq!(names(folder.path()), used);
    }

    #[test]
    fn files_of_others_stay_and_unfinished_ones_go_after_a_day() {
        let folder = tempfile::tempdir().unwrap();
        for name in ["notes.txt", "short.cwasm", ".profile"] {
            put(folder.path(), name, DAY * 100);
        }
        let unfinished = crate::engine::cache::write::temporary_name(&entry(1)).unwrap();
        put(folder.path(), &unfinished, DAY * 2);
        sweep(folder.path(), &HashSet::new(), SystemTime::now());
        assert_eq!(names(folder.path()).len(), 3);
        assert!(!names(folder.path()).contains(&unfinished));
    }
}
