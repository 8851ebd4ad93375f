//! Random documents and edits: only the target changes, all other bytes stay.

use std::ops::Range;

use proptest::prelude::*;
use saphyr_parser::{Event, Parser};

use super::set;

/// A random document, before it is written.
#[derive(Clone, Debug)]
enum Node {
    Scalar(Scalar),
    Map(Vec<(String, Node)>, Layout),
    List(Vec<Node>, Layout),
}

#[derive(Clone, Debug)]
struct Scalar {
    /// As it is written.
    token: String,
    /// With white space and comment behind it.
    trailer: String,
}

#[derive(Clone, Debug)]
struct Layout {
    flow: bool,
    /// Blank and comment lines before the collection.
    above: String,
}

/// The written document, with the path and the bytes of each scalar.
#[derive(Debug, Default)]
struct Written {
    text: String,
    scalars: Vec<(String, Range<usize>)>,
}

fn token() -> impl Strategy<Value = String> {
    prop_oneof![
        "[a-z0-9]{1,6}([.-][a-z0-9]{1,4}){0,2}",
        "'([a-zü😀 .:#{}&*\"-]|''){0,8}'",
        "\"([a-zü😀 .:#{}&*'-]|\\\\\"|\\\\\\\\|\\\\n){0,8}\"",
        Just("~".to_owned()),
        Just("true".to_owned()),
        Just("größe".to_owned()),
        Just("&anchor x".to_owned()),
    ]
}

fn comment() -> impl Strategy<Value = String> {
    prop_oneof![Just(String::new()), "[ \t]{0,3}", " # [a-zü😀:'\"{} ]{0,10}"]
}

fn layout() -> impl Strategy<Value = Layout> {
    let above = proptest::collection::vec("( {0,4}# [a-zü😀:'\"{} -]{0,10})?", 0..3);
    (proptest::bool::weighted(0.2), above)
        .prop_map(|(flow, above)| Layout { flow, above: above.into_iter().map(|line| line + "\n").collect() })
}

fn node() -> impl Strategy<Value = Node> {
    let leaf = (token(), comment()).prop_map(|(token, trailer)| Node::Scalar(Scalar { token, trailer }));
    leaf.prop_recursive(4, 40, 5, |inner| {
        let keys = proptest::collection::btree_map("[a-zü]{1,5}(-[a-z]{1,3})?", inner.clone(), 1..5);
        prop_oneof![
            (keys, layout()).prop_map(|(map, layout)| Node::Map(map.into_iter().collect(), layout)),
            (proptest::collection::vec(inner, 1..4), layout())
                .prop_map(|(list, layout)| Node::List(list, layout)),
        ]
    })
}

fn document() -> impl Strategy<Value = Written> {
    let root = proptest::collection::btree_map("[a-zü]{1,5}", node(), 1..5);
    (root, layout(), any::<bool>(), any::<bool>(), any::<bool>()).prop_map(
        |(map, mut layout, crlf, bom, end)| {
            layout.flow = false;
            let mut written = Written::default();
            if bom {
                written.text.push('\u{feff}');
            }
            written.node(
                &Node::Map(map.into_iter().collect(), layout),
                "",
                0,
                if crlf { "\r\n" } else { "\n" },
            );
            if !end {
                // Only line ends: white space before them belongs to the last line.
                let length = written.text.trim_end_matches(['\r', '\n']).len();
                written.text.truncate(length);
            }
            written
        },
    )
}

impl Written {
    fn node(&mut self, node: &Node, path: &str, indent: usize, newline: &str) {
        match node {
            Node::Scalar(scalar) => {
                self.text.push(' ');
                self.scalar(scalar, path);
                self.text.push_str(&scalar.trailer);
                self.text.push_str(newline);
            }
            Node::Map(_, layout) | Node::List(_, layout) if layout.flow => {
                self.text.push(' ');
                self.flow(node, path);
                self.text.push_str(newline);
            }
            Node::Map(entries, layout) => {
                self.open(layout, path, newline);
                for (key, value) in entries {
                    self.text.push_str(&format!("{}{key}:", " ".repeat(indent)));
                    let path = if path.is_empty() { key.clone() } else { format!("{path}.{key}") };
                    self.node(value, &path, indent + 2, newline);
                }
            }
            Node::List(items, layout) => {
                self.open(layout, path, newline);
                for (index, item) in items.iter().enumerate() {
                    self.text.push_str(&format!("{}-", " ".repeat(indent)));
                    self.node(item, &format!("{path}[{index}]"), indent + 2, newline);
                }
            }
        }
    }

    fn open(&mut self, layout: &Layout, path: &str, newline: &str) {
        if !path.is_empty() {
            self.text.push_str(newline);
        }
        self.text.push_str(&layout.above.replace('\n', newline));
    }

    fn flow(&mut self, node: &Node, path: &str) {
        match node {
            Node::Scalar(scalar) => self.scalar(scalar, path),
            Node::Map(entries, _) => {
                for (position, (key, value)) in entries.iter().enumerate() {
                    self.text.push_str(if position == 0 { "{ " } else { " , " });
                    self.text.push_str(&format!("{key}: "));
                    self.flow(value, &format!("{path}.{key}"));
                }
                self.text.push('}');
            }
            Node::List(items, _) => {
                for (index, item) in items.iter().enumerate() {
                    self.text.push_str(if index == 0 { "[" } else { "," });
                    self.flow(item, &format!("{path}[{index}]"));
                }
                self.text.push(']');
            }
        }
    }

    fn scalar(&mut self, scalar: &Scalar, path: &str) {
        let properties = if scalar.token.starts_with('&') { "&anchor ".len() } else { 0 };
        let start = self.text.len() + properties;
        self.text.push_str(&scalar.token);
        self.scalars.push((path.to_owned(), start..self.text.len()));
    }
}

/// All scalars of a text, keys among them, in order.
fn scalars_of(text: &str) -> Vec<String> {
    let events = std::iter::from_fn({
        let mut parser = Parser::new_from_str(text);
        move || parser.next_event()
    });
    events
        .filter_map(|event| match event.expect("YAML").0 {
            Event::Scalar(value, ..) => Some(value.into_owned()),
            _ => None,
        })
        .collect()
}

fn value() -> impl Strategy<Value = String> {
    prop_oneof!["[A-Za-z0-9_][A-Za-z0-9._-]{0,20}", "[0-9]{1,4}(\\.[0-9]{1,3})?", "[ -~ü😀]{0,12}"]
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(1000))]

    #[test]
    fn only_the_target_changes(document in document(), pick: prop::sample::Index, value in value()) {
        let (path, bytes) = &document.scalars[pick.index(document.scalars.len())];
        let edited = set(&document.text, path, &value).map_err(|error| TestCaseError::fail(error.to_string()))?;

        let rest = document.text.len() - bytes.end;
        prop_assert!(edited.text.len() >= bytes.start + rest);
        prop_assert_eq!(&edited.text[..bytes.start], &document.text[..bytes.start]);
        prop_assert_eq!(&edited.text[edited.text.len() - rest..], &document.text[bytes.end..]);
        prop_assert_eq!(edited.changed, edited.text != document.text);

        let (before, after) = (scalars_of(&document.text), scalars_of(&edited.text));
        prop_assert_eq!(before.len(), after.len());
        let changed: Vec<_> = before.iter().zip(&after).filter(|(before, after)| before != after).collect();
        prop_assert!(changed.len() <= 1);
        prop_assert!(changed.iter().all(|(before, after)| **before == edited.before && **after == value));

        let token = &edited.text[bytes.start..edited.text.len() - rest];
        let is_quoted = token.starts_with(['\'', '"']);
        let is_number = token.replace('_', "").parse::<f64>().is_ok();
        let is_word = matches!(token.to_lowercase().as_str(), "~" | "null" | "true" | "false" | "yes" | "no" | "on" | "off");
        prop_assert!(is_quoted || !(is_number || is_word), "{token} is read as something else than a string");

        let again = set(&edited.text, path, &value).map_err(|error| TestCaseError::fail(error.to_string()))?;
        prop_assert!(!again.changed);
        prop_assert_eq!(again.before, value);
    }

    #[test]
    fn arbitrary_text_never_panics(text in "\\PC{0,40}|[a: \n\r\t#'\"|>&*!{}\\[\\],?%@`-]{0,40}", value in "\\PC{0,10}") {
        let _ = set(&text, "a", &value);
        let _ = set(&text, "[0]", &value);
    }

    #[test]
    fn arbitrary_text_behind_the_value_stays_or_is_refused(
        // A first quote would go on with the value.
        tail in "([a: \n\r\t#\"|>&*!{}\\[\\],?%é😀-][a: \n\r\t#'\"|>&*!{}\\[\\],?%é😀-]{0,30})?"
    ) {
        for head in ["a: 'x'", "a: \"x\"", "a: x"] {
            let text = format!("{head}{tail}");
            if let Ok(edited) = set(&text, "a", "y") {
                let same = text.bytes().rev().zip(edited.text.bytes().rev()).take_while(|(old, new)| old == new).count();
                prop_assert!(head.starts_with("a: x") || same >= tail.len(), "{text:?} became {:?}", edited.text);
            }
        }
    }
}
