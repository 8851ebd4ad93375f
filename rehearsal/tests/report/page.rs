//! The page: whole, by itself, and the same without colours, eyes or scripts.

use std::collections::BTreeSet;

use rehearsal::report::html;
use roxmltree::{Document, Node, ParsingOptions};

use crate::{ABORTED, PROMOTED, events, record};

/// What makes browsers fetch something.
const FETCHING: [&str; 12] = [
    "src",
    "srcset",
    "href",
    "action",
    "formaction",
    "data",
    "poster",
    "background",
    "cite",
    "ping",
    "manifest",
    "longdesc",
];

/// Reads a page strictly.
pub fn parse(page: &str) -> Document<'_> {
    let options = ParsingOptions { allow_dtd: true, ..ParsingOptions::default() };
    Document::parse_with_options(page, options).unwrap_or_else(|error| panic!("{error}\n{page}"))
}

fn pages() -> [String; 3] {
    [ABORTED, PROMOTED, ""].map(|lines| html::page(&record(&events(lines))).expect("a page"))
}

/// All text below a node, with single spaces.
fn text(node: Node<'_, '_>) -> String {
    let texts = node.descendants().filter(Node::is_text).filter_map(|text| text.text());
    texts.flat_map(str::split_whitespace).collect::<Vec<_>>().join(" ")
}

fn by_name<'a>(document: &'a Document<'a>, name: &'static str) -> impl Iterator<Item = Node<'a, 'a>> {
    document.descendants().filter(move |node| node.has_tag_name(name))
}

#[test]
fn a_page_is_well_formed_and_needs_nothing_from_elsewhere() {
    for page in pages() {
        let document = parse(&page);
        for node in document.descendants().filter(Node::is_element) {
            assert_ne!(node.tag_name().name(), "script");
            for attribute in node.attributes() {
                let (name, value) = (attribute.name(), attribute.value());
                assert!(
                    !name.starts_with("on") && name != "style",
                    "{name} is not allowed by the page's policy"
                );
                assert!(!FETCHING.contains(&name) || value.starts_with('#'), "{name}={value}");
            }
        }
        assert!(!page.contains("url(") && !page.contains("@import"));
    }
}

#[test]
fn the_policy_allows_the_pages_own_style_sheet_and_nothing_else() {
    use base64::Engine as _;
    use sha2::Digest as _;

    for page in pages() {
        let document = parse(&page);
        let style = by_name(&document, "style").next().and_then(|style| style.text()).expect("a style sheet");
        let hash = base64::prelude::BASE64_STANDARD.encode(sha2::Sha256::digest(style));
        let policy = by_name(&document, "meta").find_map(|meta| {
            (meta.attribute("http-equiv") == Some("Content-Security-Policy"))
                .then(|| meta.attribute("content"))?
        });
        let expected =
            format!("default-src 'none'; style-src 'sha256-{hash}'; base-uri 'none'; form-action 'none'");
        assert_eq!(policy, Some(&*expected));
    }
}

#[test]
fn ids_are_unique_and_labels_lead_to_them() {
    for page in pages() {
        let document = parse(&page);
        let ids: Vec<_> = document.descendants().filter_map(|node| node.attribute("id")).collect();
        let unique: BTreeSet<_> = ids.iter().copied().collect();
        assert_eq!(ids.len(), unique.len(), "{ids:?}");
        for node in document.descendants() {
            let labels = node.attribute("aria-labelledby").into_iter().flat_map(str::split_whitespace);
            let targets = node.attribute("href").into_iter().filter_map(|href| href.strip_prefix('#'));
            for id in labels.chain(targets) {
                assert!(unique.contains(id), "{id}");
            }
        }
    }
}

#[test]
fn every_picture_says_what_it_shows() {
    for page in pages() {
        let document = parse(&page);
        for picture in by_name(&document, "svg").filter(|svg| svg.attribute("aria-hidden").is_none()) {
            assert_eq!(picture.attribute("role"), Some("img"));
            for name in ["title", "desc"] {
                let told = picture.children().find(|child| child.has_tag_name(name)).map(text);
                assert!(told.is_some_and(|told| !told.is_empty()), "{name}");
            }
        }
    }
}

#[test]
fn the_verdict_and_what_users_saw_come_first() {
    let page = html::page(&record(&events(ABORTED))).expect("a page");
    let document = parse(&page);
    let header = by_name(&document, "header").next().map(text).expect("a header");
    for told in [
        "Aborted, as expected",
        "assessed Failed due to failed (2) > failureLimit (1)",
        "4,367",
        "32",
        "0.31 s",
    ] {
        assert!(header.contains(told), "{told}: {header}");
    }
}

#[test]
fn every_measurement_is_in_a_table() {
    let page = html::page(&record(&events(ABORTED))).expect("a page");
    let document = parse(&page);
    let rows: Vec<_> = by_name(&document, "tr").map(text).collect();
    for row in ["8.3 s [NaN] Inconclusive", "11.3 s [0.7321] Failed", "14.3 s [0.6984] Failed"] {
        assert!(rows.iter().any(|found| found == row), "{row}: {rows:#?}");
    }
    let step = "3 analysis success-rate 5.2 s to 14.4 s";
    assert!(rows.iter().any(|found| found.starts_with(step)), "{rows:#?}");
    assert_eq!(rows.iter().filter(|row| row.contains("not reached")).count(), 5, "{rows:#?}");
}
