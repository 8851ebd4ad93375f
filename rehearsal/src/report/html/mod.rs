//! One page that needs nothing but itself: no script, no picture, no font from elsewhere.
//!
//! Charts are SVG in the page, and every one has its numbers in a table. The templates are well-formed XML too, so that a
//! strict parser can check that nothing broke out of its place.

mod analysis;
mod axis;
mod log;
mod path;
mod picture;
mod steps;
mod summary;
mod threshold;
mod timeline;
mod traffic;
mod words;

use askama::Template;
use base64::Engine as _;
use base64::prelude::BASE64_STANDARD;
use sha2::{Digest, Sha256};

use super::record::Record;
use analysis::Analysis;
use picture::Time;
use summary::Summary;
use timeline::Timeline;
use traffic::Chart;

/// Light and dark, by the reader's own setting.
const STYLE: &str = include_str!("../../../templates/report/style.css");

#[derive(Template)]
#[template(path = "report/page.html")]
struct Page {
    /// The hash by which the page's own style sheet is allowed, and nothing else.
    style_hash: String,
    style: &'static str,
    summary: Summary,
    timeline: String,
    charts: [Chart; 3],
    steps: Vec<steps::Step>,
    analyses: Vec<Analysis>,
    log: Vec<log::Entry>,
    version: &'static str,
}

/// The page about a rehearsal.
///
/// # Errors
/// If a template cannot be filled in.
pub fn page(record: &Record) -> Result<String, askama::Error> {
    let time = Time::of(record);
    let page = Page {
        style_hash: BASE64_STANDARD.encode(Sha256::digest(STYLE)),
        style: STYLE,
        summary: Summary::of(record),
        timeline: Timeline::of(record, &time).render()?,
        charts: traffic::charts(record, &time),
        steps: steps::of(record),
        analyses: record.analyses.iter().map(|analysis| Analysis::of(analysis, record.end)).collect(),
        log: log::of(record),
        version: env!("CARGO_PKG_VERSION"),
    };
    page.render()
}
