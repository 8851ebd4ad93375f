use super::*;
use crate::edit::{Place, YamlPath};

const GOOD: &str = r#"
[[target]]
service = "api"
environment = "staging"
image = "ghcr.io/acme/api"
tags = { semver = ">=1.0.0" }
write = "tag@digest"
git = { host = "github", repository = "acme/gitops", branch = "release/1.x" }
edit = [
    { file = "deploy/values-staging.yaml", path = "image.tag" },
    { kustomization = "deploy/kustomization.yaml", image = "ghcr.io/acme/api" },
]

[[target]]
service = "api"
environment = "production"
image = "ghcr.io/acme/*"
tags.regex = "sha-[0-9a-f]{7,40}"
edit = [{ file = "a.yaml", path = "containers[0].tag" }]

[target.git]
host = "github"
repository = "acme/gitops"
branch = "main"
"#;

fn faults(toml: &str) -> Vec<String> {
    Targets::parse(toml).unwrap_err().0.iter().map(Fault::to_string).collect()
}

/// The faults after one replacement in a configuration that is good.
fn faults_with(old: &str, new: &str) -> Vec<String> {
    assert!(GOOD.contains(old), "{old}");
    faults(&GOOD.replacen(old, new, 1))
}

#[test]
fn both_forms_of_tables_are_read() {
    let targets = Targets::parse(GOOD).unwrap();
    let staging = targets.with_key("api/staging/ghcr.io/acme/api").unwrap();
    assert_eq!(staging.write, Write::TagAndDigest);
    assert_eq!(staging.git, Branch { repository: "acme/gitops".into(), branch: "release/1.x".into() });
    let places: Vec<_> = staging.edits.iter().map(|edit| (edit.file.as_str(), edit.place.clone())).collect();
    assert_eq!(
        places,
        [
            ("deploy/values-staging.yaml", Place::Value(YamlPath::parse("image.tag").unwrap())),
            ("deploy/kustomization.yaml", Place::KustomizeImage("ghcr.io/acme/api".into())),
        ]
    );
    let production = targets.with_key("api/production/ghcr.io/acme/*").unwrap();
    assert_eq!(production.write, Write::Tag, "the default");
    assert!(matches!(production.tags, TagRule::Regex { .. }));
}

#[test]
fn image_can_have_several_targets() {
    let targets = Targets::parse(GOOD).unwrap();
    let count = |image: &str| targets.naming(&ImageName::parse(image).unwrap()).count();
    assert_eq!(count("ghcr.io/acme/api"), 2);
    assert_eq!(count("ghcr.io/acme/web"), 1);
    assert_eq!(count("ghcr.io/other/api"), 0);
}

#[test]
fn empty_text_has_no_targets() {
    for text in ["", "# none yet\n", "target = []"] {
        assert_eq!(Targets::parse(text).unwrap().0.len(), 0);
    }
}

#[test]
fn all_faults_are_told_at_once_with_target_line_and_key() {
    let text = r#"
other = 1

[[target]]
service = "a b"
environment = "staging"
image = "Ghcr.io/acme/api"
tags = { semver = "one", color = "red" }
git = { host = "gitlab", repository = "acme", branch = "main" }
edit = [{ file = "/etc/passwd", path = "image..tag" }, { file = "x.yaml" }]

[[target]]
environment = 7
write = "all"
edits = []
"#;
    let expected = [
        "line 2: `other` is unknown; the keys here are target",
        "line 5: target 1 (a b/staging): `service` is not a name of up to 128 letters, digits, `.`, `_` and `-`",
        "line 7: target 1 (a b/staging): `image` is not an image name: lower-case `host[:port]/path`, without tag or digest",
        "line 8: target 1 (a b/staging): `tags.color` is unknown; the keys here are semver, regex, any",
        "line 8: target 1 (a b/staging): `tags.semver` is no range of versions: unexpected character 'o' while parsing major version number",
        "line 9: target 1 (a b/staging): `git.host` is not `github`",
        "line 9: target 1 (a b/staging): `git.repository` is not `owner/name`",
        "line 10: target 1 (a b/staging): `edit[0].file` is not a path inside the repository: relative, without `.` and `..`",
        "line 10: target 1 (a b/staging): `edit[0].path` is not a path to a value: keys are joined by `.`, as in `image.tag`, and items have an index, as in `containers[0].tag`",
        "line 10: target 1 (a b/staging): `edit[1].path` is missing",
        "line 12: target 2: `service` is missing",
        "line 12: target 2: `image` is missing",
        "line 12: target 2: `tags` is missing",
        "line 12: target 2: `git` is missing",
        "line 12: target 2: `edit` is missing",
        "line 13: target 2: `environment` is not a text",
        "line 14: target 2: `write` is none of tag, digest and tag@digest",
        "line 15: target 2: `edits` is unknown; the keys here are service, environment, image, tags, write, git, edit",
    ];
    assert_eq!(faults(text), expected);
}

#[test]
fn text_that_is_not_toml_is_told_with_every_line() {
    let faults = faults("a = \n\n[[target]]\nservice = 'x\n");
    assert!(faults.len() >= 2, "{faults:?}");
    assert!(faults[0].starts_with("line 1: not TOML: "), "{faults:?}");
    assert!(faults[1].starts_with("line 4: not TOML: "), "{faults:?}");
}

#[test]
fn target_that_is_there_twice_is_refused() {
    let same = GOOD.replace("production", "staging").replace("ghcr.io/acme/*", "ghcr.io/acme/api");
    let expected = "line 14: target 2 (api/staging): has service, environment and image of target 1";
    assert_eq!(faults(&same), [expected]);
}

#[test]
fn tags_hold_exactly_one_rule() {
    let message = "line 6: target 1 (api/staging): `tags` has to hold exactly one of semver, regex and any";
    assert_eq!(faults_with("{ semver = \">=1.0.0\" }", "{}"), [message]);
    assert_eq!(faults_with("{ semver = \">=1.0.0\" }", "{ semver = \"1\", any = true }"), [message]);
    let any = "line 6: target 1 (api/staging): `tags.any` is not `true`";
    assert_eq!(faults_with("{ semver = \">=1.0.0\" }", "{ any = false }"), [any]);
    assert!(Targets::parse(&GOOD.replace("{ semver = \">=1.0.0\" }", "{ any = true }")).is_ok());
}

#[test]
fn edit_holds_one_of_its_two_forms() {
    for edit in
        ["{}", "{ path = \"a\" }", "{ file = \"a\", kustomization = \"b\", path = \"c\", image = \"d\" }"]
    {
        assert_eq!(
            faults_with("{ file = \"deploy/values-staging.yaml\", path = \"image.tag\" }", edit),
            [
                "line 10: target 1 (api/staging): `edit[0]` has to hold either file and path, or kustomization and image"
            ]
        );
    }
    assert_eq!(
        faults_with("{ file = \"deploy/values-staging.yaml\"", "{ image = \"x\", file = \"a.yaml\"").len(),
        1,
        "a key of the other form"
    );
    assert_eq!(
        faults_with("{ file = \"a.yaml\", path = \"containers[0].tag\" }", "").len(),
        1,
        "no edit at all"
    );
}

#[test]
fn same_edit_twice_is_refused() {
    let one = "{ file = \"a.yaml\", path = \"containers[0].tag\" }";
    let faults = faults_with(one, &format!("{one}, {one}"));
    assert_eq!(faults, ["line 19: target 2 (api/production): `edit[1]` is there twice"]);
}

#[test]
fn files_stay_inside_the_repository() {
    for file in ["/a", "../a", "a/../b", "a/./b", "a//b", "a/", "", ".git/config", "a\\\\b", "a\\nb"] {
        let toml = format!("{{ file = \"{file}\", path = \"image.tag\" }}");
        let faults = faults_with("{ file = \"deploy/values-staging.yaml\", path = \"image.tag\" }", &toml);
        assert_eq!(faults.len(), 1, "{file}: {faults:?}");
    }
}

#[test]
fn repositories_and_branches_are_checked() {
    for repository in ["acme", "acme/", "/gitops", "a/b/c", "acme/..", "ac me/x", "acme/x?y"] {
        assert_eq!(faults_with("acme/gitops", repository).len(), 1, "{repository}");
    }
    for branch in
        ["", "/a", "a/", "a//b", "-a", "a b", "a..b", "a~1", "a:b", "refs/heads/a", "a.lock", ".a", "a."]
    {
        assert_eq!(faults_with("release/1.x", branch).len(), 1, "{branch}");
    }
}

proptest::proptest! {
    #[test]
    fn arbitrary_text_never_panics(text in "\\PC{0,40}|[\\[\\]{}a-z=\"'\n.,0-9 ]{0,60}") {
        let _ = Targets::parse(&text);
    }

    #[test]
    fn arbitrary_text_in_a_good_configuration_never_panics(text in "[\\[\\]{}a-z=\"'\n.,0-9*?! ]{0,10}", at in 0..GOOD.len()) {
        let _ = Targets::parse(&format!("{}{text}{}", &GOOD[..at], &GOOD[at..]));
    }
}
