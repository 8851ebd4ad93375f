//! What is released where in the run: nine targets of eight services, on three branches of two repositories.

use std::collections::BTreeMap;

/// A target, and the one line of a file that is its own.
#[derive(Debug)]
pub(super) struct Target {
    service: &'static str,
    environment: &'static str,
    tags: Tags,
    write: Write,
    pub(super) repository: &'static str,
    pub(super) branch: &'static str,
    pub(super) file: &'static str,
}

/// Which tags are released.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Tags {
    /// Versions from 1.0.0 on.
    Versions,
    /// All, so also those that are pushed again and again.
    Any,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Write {
    Tag,
    TagAndDigest,
}

const APPS: &str = "acme/apps";
const PLATFORM: &str = "acme/platform";

/// Some share a branch, some share a file, and one image goes to two places.
pub(super) const TARGETS: [Target; 9] = [
    target("api", "staging", Tags::Any, Write::Tag, APPS, "main", "apps/shared.yaml"),
    target("web", "staging", Tags::Any, Write::TagAndDigest, APPS, "main", "apps/shared.yaml"),
    target("jobs", "staging", Tags::Versions, Write::Tag, APPS, "main", "apps/jobs.yaml"),
    target("mail", "staging", Tags::Any, Write::TagAndDigest, APPS, "main", "apps/mail.yaml"),
    target("auth", "staging", Tags::Any, Write::TagAndDigest, PLATFORM, "main", "platform/shared.yaml"),
    target("edge", "staging", Tags::Versions, Write::TagAndDigest, PLATFORM, "main", "platform/shared.yaml"),
    target("feed", "staging", Tags::Any, Write::Tag, PLATFORM, "main", "platform/feed.yaml"),
    target("api", "production", Tags::Versions, Write::Tag, PLATFORM, "production", "platform/live.yaml"),
    target("pay", "production", Tags::Any, Write::TagAndDigest, PLATFORM, "production", "platform/live.yaml"),
];

const fn target(
    service: &'static str,
    environment: &'static str,
    tags: Tags,
    write: Write,
    repository: &'static str,
    branch: &'static str,
    file: &'static str,
) -> Target {
    Target { service, environment, tags, write, repository, branch, file }
}

impl Target {
    /// The target with this key of the ledger.
    pub(super) fn with_key(key: &str) -> Option<&'static Self> {
        TARGETS.iter().find(|target| target.key() == key)
    }

    /// What the ledger calls it.
    pub(super) fn key(&self) -> String {
        format!("{}/{}/{}", self.service, self.environment, self.image())
    }

    /// The image that it releases.
    pub(super) fn image(&self) -> String {
        format!("ghcr.io/acme/{}", self.service)
    }

    /// Which tags it releases.
    pub(super) fn tags(&self) -> Tags {
        self.tags
    }

    /// What a push must bring into Git.
    pub(super) fn value(&self, tag: &str, digest: &str) -> String {
        match self.write {
            Write::Tag => tag.to_owned(),
            Write::TagAndDigest => format!("{tag}@{digest}"),
        }
    }

    /// What its line holds in the text of its file.
    pub(super) fn value_in<'a>(&self, text: &'a str) -> Option<&'a str> {
        let mark = self.mark();
        let line = text.lines().find(|line| line.ends_with(&mark))?;
        let (value, _) = line.trim_start().strip_prefix("tag: ")?.split_once(" #")?;
        Some(value.trim_matches('"'))
    }

    /// The text of its file with nothing on its line, to see whether anything else differs.
    pub(super) fn blank(&self, text: &str) -> String {
        let mark = self.mark();
        let blank =
            |line: &str| if line.trim_end().ends_with(&mark) { mark.clone() + "\n" } else { line.to_owned() };
        text.split_inclusive('\n').map(blank).collect()
    }

    /// The comment at the end of its line.
    fn mark(&self) -> String {
        format!("# tag of {} in {}", self.service, self.environment)
    }

    fn toml(&self) -> String {
        let tags = match self.tags {
            Tags::Versions => "{ semver = \">=1.0.0\" }",
            Tags::Any => "{ any = true }",
        };
        let write = match self.write {
            Write::Tag => "tag",
            Write::TagAndDigest => "tag@digest",
        };
        let Self { service, environment, repository, branch, file, .. } = self;
        let image = self.image();
        format!(
            r#"[[target]]
service = "{service}"
environment = "{environment}"
image = "{image}"
tags = {tags}
write = "{write}"
git = {{ host = "github", repository = "{repository}", branch = "{branch}" }}
edit = [{{ file = "{file}", path = "{service}.image.tag" }}]

"#
        )
    }

    fn yaml(&self) -> String {
        let Self { service, .. } = self;
        let (image, mark) = (self.image(), self.mark());
        format!(
            "{service}:\n  replicas: 1\n  image:\n    repository: {image}\n    tag: \"0.1.0\" {mark}\n    pullPolicy: Always\n"
        )
    }
}

/// All targets, as the variable `targets` takes them.
pub(super) fn toml() -> String {
    TARGETS.iter().map(Target::toml).collect()
}

/// Name of every repository with its first files.
pub(super) fn repositories() -> BTreeMap<&'static str, BTreeMap<String, String>> {
    let mut repositories = BTreeMap::<_, BTreeMap<String, String>>::new();
    for target in &TARGETS {
        let files = repositories.entry(target.repository).or_default();
        *files.entry(target.file.to_owned()).or_default() += &target.yaml();
    }
    repositories
}

/// Repository and name of every branch.
pub(super) fn branches() -> Vec<(&'static str, &'static str)> {
    let mut branches: Vec<_> = TARGETS.iter().map(|target| (target.repository, target.branch)).collect();
    branches.sort_unstable();
    branches.dedup();
    branches
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_target_finds_its_own_line() {
        let repositories = repositories();
        for target in &TARGETS {
            let text = &repositories[target.repository][target.file];
            assert_eq!(target.value_in(text), Some("0.1.0"), "{}", target.key());
            let changed =
                text.replace(&format!("\"0.1.0\" {}", target.mark()), &format!("2 {}", target.mark()));
            assert_eq!(target.value_in(&changed), Some("2"));
            assert_eq!(target.blank(text), target.blank(&changed));
        }
    }
}
