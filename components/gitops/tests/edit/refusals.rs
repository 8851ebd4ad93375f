//! Files and paths that are refused, and with which words.

use gitops::edit::EditError;

use super::{set, set_image};

fn refusal(text: &str, path: &str) -> String {
    set(text, path, "new").unwrap_err().to_string()
}

#[test]
fn text_that_is_not_yaml_is_refused_with_its_line() {
    let error = set("a: b\nc: 'd\n", "a", "new").unwrap_err();
    assert!(matches!(error, EditError::NotYaml { line: 2.., .. }), "{error:?}");
}

#[test]
fn template_is_refused_with_its_line() {
    for text in [
        "a: b\ntag: {{ .Values.tag }}\n",
        "a: b\n{{- if .Values.x }}\ntag: b\n{{- end }}\n",
        "a: b\ntag: {{- .Values.tag }}\n",
        "a: b\nx: {{ .Values.x }}\ntag: b\n",
    ] {
        assert_eq!(set(text, "tag", "new"), Err(EditError::Templated { line: 2 }), "{text}");
    }
    assert_eq!(
        refusal("tag: {{ x }}", "tag"),
        "line 1: `{{` starts a template; only plain YAML can be edited"
    );
}

#[test]
fn template_inside_quotes_is_only_text() {
    assert!(set("host: '{{ .Values.host }}'\ntag: a\n", "tag", "b").is_ok());
}

#[test]
fn missing_path_says_how_far_it_got() {
    let text = "image:\n  tag: a\nlist:\n  - x\nname: y\n";
    let cases = [
        ("imag.tag", "`imag.tag` does not exist: the document has no `imag`"),
        ("image.version", "`image.version` does not exist: `image` (line 2) has no `version`"),
        ("name.tag", "`name.tag` does not exist: `name` (line 5) is not a mapping"),
        ("name[0]", "`name[0]` does not exist: `name` (line 5) is not a sequence"),
        ("list[1]", "`list[1]` does not exist: `list` (line 4) has only 1 items"),
    ];
    for (path, words) in cases {
        assert_eq!(refusal(text, path), words);
    }
}

#[test]
fn path_into_an_empty_file_is_missing() {
    for text in ["", "# nothing\n", "---\n"] {
        assert!(matches!(set(text, "tag", "b"), Err(EditError::Missing { .. })), "{text:?}");
    }
}

#[test]
fn key_that_is_there_twice_is_refused_with_both_lines() {
    assert_eq!(refusal("tag: a\nb: c\ntag: d\n", "tag"), "`tag` stands on line 1 and again on line 3");
    assert_eq!(
        refusal("image:\n  tag: a\nimage:\n  x: y\n", "image.tag"),
        "`image` stands on line 2 and again on line 4"
    );
    assert!(set("tag: a\nb: c\nb: d\n", "tag", "new").is_ok(), "a key elsewhere may be there twice");
}

#[test]
fn path_in_two_documents_is_ambiguous() {
    assert_eq!(refusal("tag: a\n---\ntag: b\n", "tag"), "`tag` stands on line 1 and again on line 3");
}

#[test]
fn mapping_and_sequence_are_no_values() {
    assert_eq!(refusal("x:\n  y: z\n", "x"), "line 2: `x` is a mapping, not a single value");
    assert_eq!(refusal("x: [y]\n", "x"), "line 1: `x` is a sequence, not a single value");
}

#[test]
fn key_without_a_value_is_refused() {
    assert_eq!(
        refusal("a: b\ntag:\nc: d\n", "tag"),
        "line 2: `tag` has no value; write one, at least `\"\"`"
    );
}

#[test]
fn alias_is_refused() {
    assert_eq!(
        refusal("a: &x b\ntag: *x\n", "tag"),
        "line 2: `tag` is an alias; edit the place that it refers to"
    );
    let error = set("a: &x {tag: b}\nimage: *x\n", "image.tag", "new").unwrap_err();
    assert_eq!(error, EditError::Alias { path: "image".to_owned(), line: 2 });
}

#[test]
fn anchor_that_is_used_elsewhere_is_refused() {
    let value = set("tag: &x a\nb: *x\n", "tag", "new").unwrap_err();
    assert_eq!(value, EditError::SharedAnchor { path: "tag".to_owned(), line: 1, used: 2 });
    let parent = set("image: &x\n  tag: a\n\nb:\n  <<: *x\n", "image.tag", "new").unwrap_err();
    assert_eq!(parent, EditError::SharedAnchor { path: "image".to_owned(), line: 1, used: 5 });
}

#[test]
fn value_that_only_a_merge_brings_in_is_missing() {
    let error = set("x: &x\n  tag: a\nimage:\n  <<: *x\n", "image.tag", "new").unwrap_err();
    assert!(matches!(error, EditError::Missing { .. }), "{error:?}");
}

#[test]
fn block_scalar_is_refused() {
    for text in ["tag: |\n  a\n", "tag: >-\n  a\n"] {
        assert!(matches!(set(text, "tag", "b"), Err(EditError::BlockScalar { line: 1..=2, .. })), "{text}");
    }
}

#[test]
fn value_with_a_tag_of_another_type_is_refused() {
    assert_eq!(
        refusal("tag: !!int 5\n", "tag"),
        "line 1: `tag` has the tag `tag:yaml.org,2002:!int`; only strings can be replaced"
    );
    assert!(matches!(set("tag: !custom a\n", "tag", "b"), Err(EditError::Tagged { .. })));
}

#[test]
fn value_with_control_characters_is_refused() {
    for value in ["a\nb", "a\tb", "\0", "a\u{2028}b", "\u{85}"] {
        assert_eq!(set("tag: a\n", "tag", value), Err(EditError::Unwritable), "{value:?}");
    }
}

#[test]
fn image_that_a_kustomization_does_not_name_is_missing() {
    let words = |text| set_image(text, "ghcr.io/acme/api", "1.0").unwrap_err().to_string();
    assert_eq!(
        words("kind: Kustomization\n"),
        "`images[name=ghcr.io/acme/api].newTag` does not exist: the document has no `images`"
    );
    assert_eq!(
        words("images:\n- name: x\n  newTag: '1'\n"),
        "`images[name=ghcr.io/acme/api].newTag` does not exist: `images` (line 2) has no entry with the name `ghcr.io/acme/api`"
    );
    assert_eq!(
        words("images:\n- name: ghcr.io/acme/api\n"),
        "`images[name=ghcr.io/acme/api].newTag` does not exist: `images[name=ghcr.io/acme/api]` (line 2) has no `newTag`"
    );
}

#[test]
fn image_that_is_named_twice_is_ambiguous() {
    let text = "images:\n- name: x\n  newTag: '1'\n- name: x\n  newTag: '2'\n";
    let error = set_image(text, "x", "3").unwrap_err();
    assert_eq!(error, EditError::Ambiguous { path: "images[name=x]".to_owned(), first: 2, second: 4 });
}

#[test]
fn new_tag_beside_an_old_digest_is_refused() {
    let text = "images:\n- name: x\n  newTag: '1'\n  digest: sha256:00\n";
    assert_eq!(set_image(text, "x", "2"), Err(EditError::Pinned { line: 4 }));
    assert!(set_image(&text.replace("sha256:00", "''"), "x", "2").is_ok());
}

#[test]
fn digest_needs_its_key() {
    let error = set_image("images:\n- name: x\n  newTag: '1'\n", "x", "sha256:00").unwrap_err();
    assert_eq!(
        error.to_string(),
        "`images[name=x].digest` does not exist: `images[name=x]` (line 2) has no `digest`"
    );
}
