//! What files look like before and after.

use super::{set, set_image};

const DIGEST: &str = "sha256:4e9bbcb2c4dd5fb7f3aeb7d5d2a44a31ad7df9d6bb5b3e60aabbccddeeff0011";

/// What the row shows, the file before, the path, the value, the file after.
type Row = (&'static str, &'static str, &'static str, &'static str, &'static str);

const HELM: [Row; 34] = [
    ("plain stays plain", "image:\n  tag: 1.0.0\n", "image.tag", "1.0.1", "image:\n  tag: 1.0.1\n"),
    ("double quotes stay", "tag: \"1.0.0\"\n", "tag", "1.0.1", "tag: \"1.0.1\"\n"),
    ("single quotes stay", "tag: '1.0.0'\n", "tag", "1.0.1", "tag: '1.0.1'\n"),
    ("comment behind a plain value stays", "tag: a # why\n", "tag", "b", "tag: b # why\n"),
    ("comment behind single quotes stays", "tag: 'a'   # why\n", "tag", "b", "tag: 'b'   # why\n"),
    ("comment behind double quotes stays", "tag: \"a\"\t# why\n", "tag", "b", "tag: \"b\"\t# why\n"),
    ("white space at the end of a line stays", "tag: 'a'  \nx: y\n", "tag", "b", "tag: 'b'  \nx: y\n"),
    ("missing final newline stays missing", "tag: a", "tag", "b", "tag: b"),
    ("missing final newline behind quotes stays missing", "tag: 'a'", "tag", "b", "tag: 'b'"),
    ("blank lines at the end stay", "tag: a\n\n\n", "tag", "b", "tag: b\n\n\n"),
    ("CRLF stays", "a: 1\r\ntag: \"a\"\r\nb: 2\r\n", "tag", "b", "a: 1\r\ntag: \"b\"\r\nb: 2\r\n"),
    ("mixed line ends stay", "a: 1\r\ntag: a\nb: 2\r\n", "tag", "b", "a: 1\r\ntag: b\nb: 2\r\n"),
    ("byte order mark stays", "\u{feff}tag: a\n", "tag", "b", "\u{feff}tag: b\n"),
    (
        "letters of several bytes before the value do not shift it",
        "# ünï 😀\nname: 'größe😀' # ß\ntag: a # é\n",
        "tag",
        "b",
        "# ünï 😀\nname: 'größe😀' # ß\ntag: b # é\n",
    ),
    ("value of several bytes is replaced whole", "tag: 'ü😀' # é\n", "tag", "b", "tag: 'b' # é\n"),
    ("doubled quotes inside a value do not end it", "tag: 'it''s' # x\n", "tag", "b", "tag: 'b' # x\n"),
    (
        "escaped quotes inside a value do not end it",
        "tag: \"a\\\"b\\\\\" # x\n",
        "tag",
        "b",
        "tag: \"b\" # x\n",
    ),
    ("value over two lines becomes one", "tag: 'a\n  b' # x\nc: d\n", "tag", "b", "tag: 'b' # x\nc: d\n"),
    ("plain value over two lines becomes one", "tag: a\n  b\nc: d\n", "tag", "b", "tag: b\nc: d\n"),
    ("plain value that would be a number gets quotes", "tag: v1\n", "tag", "1.20", "tag: \"1.20\"\n"),
    (
        "plain commit id that would be a number gets quotes",
        "tag: abc\n",
        "tag",
        "12e4567",
        "tag: \"12e4567\"\n",
    ),
    ("plain value that would be a boolean gets quotes", "tag: v1\n", "tag", "on", "tag: \"on\"\n"),
    ("plain value that would be null gets quotes", "tag: v1\n", "tag", "null", "tag: \"null\"\n"),
    ("number turns into the string that it looks like", "tag: 1.20\n", "tag", "1.20", "tag: \"1.20\"\n"),
    ("null is replaced", "tag: ~\n", "tag", "b", "tag: b\n"),
    ("empty quotes are filled", "tag: \"\"\n", "tag", "b", "tag: \"b\"\n"),
    (
        "flow mapping",
        "image: {repository: x, tag: a, y: z}\n",
        "image.tag",
        "b",
        "image: {repository: x, tag: b, y: z}\n",
    ),
    (
        "digest in a flow mapping gets quotes",
        "image: { tag: a }\n",
        "image.tag",
        "1@sha256:0",
        "image: { tag: \"1@sha256:0\" }\n",
    ),
    (
        "item of a sequence",
        "containers:\n- tag: a\n- name: x\n  tag: a\n",
        "containers[1].tag",
        "b",
        "containers:\n- tag: a\n- name: x\n  tag: b\n",
    ),
    ("root that is a sequence", "- [a, b]\n- [c, d]\n", "[1][0]", "x", "- [a, b]\n- [x, d]\n"),
    (
        "same key elsewhere stays",
        "tag: a\nimage:\n  tag: a\nother:\n  image:\n    tag: a\n",
        "image.tag",
        "b",
        "tag: a\nimage:\n  tag: b\nother:\n  image:\n    tag: a\n",
    ),
    (
        "anchors and aliases elsewhere stay",
        "x: &x {a: 1}\ny: *x\nz:\n  <<: *x\n  tag: a\n",
        "z.tag",
        "b",
        "x: &x {a: 1}\ny: *x\nz:\n  <<: *x\n  tag: b\n",
    ),
    ("anchor and tag of the value stay", "tag: !!str &t 'a' # x\n", "tag", "b", "tag: !!str &t 'b' # x\n"),
    (
        "the one document of several that has the path",
        "---\nkind: A\n---\nimage:\n  tag: a\n...\n---\nimage: x\n",
        "image.tag",
        "b",
        "---\nkind: A\n---\nimage:\n  tag: b\n...\n---\nimage: x\n",
    ),
];

#[test]
fn only_the_value_changes() {
    for (what, before, path, value, after) in HELM {
        let edited = set(before, path, value).unwrap_or_else(|error| panic!("{what}: {error}"));
        assert_eq!(edited.text, after, "{what}");
        assert!(edited.changed, "{what}");
    }
}

#[test]
fn value_that_stands_there_already_changes_nothing() {
    for (text, value) in [
        ("tag: 1.0.0 # x", "1.0.0"),
        ("tag: '1.20'\r\n", "1.20"),
        ("tag: \"1.0\"\n", "1.0"),
        ("tag: \"\\x62\"\n", "b"),
        ("tag: 'o''k'\n", "o'k"),
    ] {
        let edited = set(text, "tag", value).unwrap();
        assert_eq!((edited.text.as_str(), edited.before.as_str(), edited.changed), (text, value, false));
    }
}

#[test]
fn value_before_is_told() {
    assert_eq!(set("tag: \"a\\tb\" # x", "tag", "c").unwrap().before, "a\tb");
}

#[test]
fn quotes_in_a_value_are_escaped() {
    let value = r#"a'b"c\d"#;
    assert_eq!(set("t: 'x'", "t", value).unwrap().text, r#"t: 'a''b"c\d'"#);
    assert_eq!(set("t: \"x\"", "t", value).unwrap().text, r#"t: "a'b\"c\\d""#);
    assert_eq!(set("t: x", "t", value).unwrap().text, r#"t: "a'b\"c\\d""#);
}

const KUSTOMIZATION: &str = "\
apiVersion: kustomize.config.k8s.io/v1beta1
kind: Kustomization
images:
  - name: ghcr.io/acme/web
    newTag: \"1.0\" # by hand
  - newTag: 2.0.0
    name: ghcr.io/acme/api
  - name: ghcr.io/acme/pinned
    newTag: 3.0.0
    digest: sha256:00
";

#[test]
fn tag_of_the_named_image_changes() {
    let edited = set_image(KUSTOMIZATION, "ghcr.io/acme/api", "2.1.0").unwrap();
    assert_eq!(edited.text, KUSTOMIZATION.replace("2.0.0", "2.1.0"));
    let edited = set_image(KUSTOMIZATION, "ghcr.io/acme/web", "1.1").unwrap();
    assert_eq!(edited.text, KUSTOMIZATION.replace("1.0", "1.1"));
}

#[test]
fn digest_of_the_named_image_changes() {
    let edited = set_image(KUSTOMIZATION, "ghcr.io/acme/pinned", DIGEST).unwrap();
    assert_eq!(edited.text, KUSTOMIZATION.replace("sha256:00", DIGEST));
    assert_eq!(edited.before, "sha256:00");
}

#[test]
fn tag_and_digest_of_the_named_image_change_together() {
    let edited = set_image(KUSTOMIZATION, "ghcr.io/acme/pinned", &format!("3.1.0@{DIGEST}")).unwrap();
    assert_eq!(edited.text, KUSTOMIZATION.replace("sha256:00", DIGEST).replace("3.0.0", "3.1.0"));
    assert_eq!(edited.before, "3.0.0@sha256:00");
    assert!(!set_image(&edited.text, "ghcr.io/acme/pinned", &format!("3.1.0@{DIGEST}")).unwrap().changed);
}
