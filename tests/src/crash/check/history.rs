//! Along a branch, no value is written twice in a row, and every commit changes what it says and nothing else.

use super::Problem;
use crate::crash::evidence::Evidence;
use crate::crash::history::{Branch, Commit};
use crate::crash::ledger::Promotion;
use crate::crash::targets::{TARGETS, Target};

pub(super) fn check(evidence: &Evidence) -> Vec<Problem> {
    let commits = evidence.branches.iter().flat_map(|branch| {
        // The first commit makes the files.
        branch.commits.iter().skip(1).map(move |commit| (branch, commit))
    });
    commits.flat_map(|(branch, commit)| of_commit(evidence, branch, commit)).collect()
}

fn of_commit(evidence: &Evidence, branch: &Branch, commit: &Commit) -> Vec<Problem> {
    let promotions: Vec<_> = commit.promotions.iter().filter_map(|id| evidence.promotion(id)).collect();
    let mut problems: Vec<_> =
        promotions.iter().filter_map(|promotion| of_value(evidence, commit, promotion)).collect();
    let about = || promotions.iter().map(|promotion| evidence.about(&promotion.id)).collect::<String>();
    let mut keys: Vec<_> = promotions.iter().map(|promotion| &promotion.target).collect();
    keys.sort_unstable();
    if keys.windows(2).any(|pair| pair[0] == pair[1]) {
        let text = format!("Commit {} names two promotions of one target:{}", commit.id, about());
        problems.push(Problem::other(text));
    }
    let named: Vec<_> = keys.iter().filter_map(|key| Target::with_key(key)).collect();
    if let Some(path) = changed_beyond(branch, commit, &named) {
        let text = format!(
            "Commit {} ({}) on {} {} changes more of {path} than it says:{}{:?}",
            commit.id,
            commit.headline,
            branch.repository,
            branch.name,
            about(),
            commit.changes.get(path),
        );
        problems.push(Problem::other(text));
    }
    problems
}

/// Whether an older promotion of the target was tried, nobody knows how it went, and none was committed since.
fn is_contested(evidence: &Evidence, promotion: &Promotion) -> bool {
    let rows = || evidence.rows.promotions.iter().filter(|row| row.target == promotion.target);
    let is_between = |older: &Promotion, row: &Promotion| {
        row.age() > older.age() && row.age() < promotion.age() && row.state == "committed"
    };
    rows().any(|older| {
        older.age() < promotion.age()
            && older.deployment_id.is_some()
            && !matches!(older.state.as_str(), "committed" | "unchanged")
            && !rows().any(|row| is_between(older, row))
    })
}

/// The value of one promotion must be there after the commit, and not before it.
fn of_value(evidence: &Evidence, commit: &Commit, promotion: &Promotion) -> Option<Problem> {
    let target = Target::with_key(&promotion.target)?;
    let value = target.value(&promotion.tag, &promotion.digest);
    let text = |what: &str| {
        let (about, history) = (evidence.about(&promotion.id), evidence.about_target(target));
        format!("Commit {} of promotion {} {what} {value}:{about}{history}", commit.id, promotion.id)
    };
    let held = |text: &Option<String>| text.as_deref().and_then(|text| target.value_in(text)) == Some(&value);
    // A value that another commit may be on its way to is confirmed by a commit, so that the other one is refused.
    let is_confirmed = is_contested(evidence, promotion);
    match commit.changes.get(target.file) {
        None if is_confirmed => None,
        None => Some(Problem::duplicate(text("changes nothing; Git held already"))),
        Some((before, _)) if held(before) && !is_confirmed => Some(Problem::duplicate(text("writes again"))),
        Some((_, after)) if !held(after) => Some(Problem::other(text("does not write"))),
        Some(_) => None,
    }
}

/// The first file with a change that these targets do not explain. Nobody but Slipway writes the line of a target.
fn changed_beyond<'a>(branch: &Branch, commit: &'a Commit, named: &[&Target]) -> Option<&'a str> {
    let is_explained = |(path, (before, after)): &(&String, &(Option<String>, Option<String>))| {
        let here =
            |it: &&Target| (it.repository, it.branch, it.file) == (branch.repository, branch.name, path);
        let own: Vec<_> = named.iter().copied().filter(here).collect();
        if commit.promotions.is_empty() {
            let value = |text: &Option<String>, it: &Target| {
                text.as_deref().and_then(|text| it.value_in(text)).map(str::to_owned)
            };
            return TARGETS.iter().filter(here).all(|it| value(before, it) == value(after, it));
        }
        let rest = |text: &Option<String>| {
            let text = text.clone().unwrap_or_default();
            own.iter().fold(text, |text, target| target.blank(&text))
        };
        !own.is_empty() && rest(before) == rest(after)
    };
    commit.changes.iter().find(|change| !is_explained(change)).map(|(path, _)| path.as_str())
}
