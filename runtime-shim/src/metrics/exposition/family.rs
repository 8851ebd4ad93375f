//! All series of one name.

use std::collections::HashSet;
use std::fmt::Write;

use super::grammar::is_number;
use super::line::{Kind, Line, Sample};

/// A family as it is read, line by line.
pub(super) struct Family<'a> {
    pub(super) name: &'a str,
    kind: Option<Kind>,
    help: Option<&'a str>,
    samples: Vec<Sample<'a>>,
    /// Names and sorted labels of the samples.
    series: HashSet<(&'a str, Vec<(&'a str, &'a str)>)>,
}

/// A line that does not fit to those before it.
pub(super) struct Unfit;

impl<'a> Family<'a> {
    pub(super) fn new(name: &'a str) -> Self {
        Self { name, kind: None, help: None, samples: Vec::new(), series: HashSet::new() }
    }

    /// Whether a line is about this family.
    pub(super) fn is_of(&self, line: &Line<'_>) -> bool {
        match line {
            Line::Nothing => true,
            Line::Help { name, .. } | Line::Type { name, .. } => *name == self.name,
            Line::Sample(Sample { name, .. }) => *name == self.name || self.names().any(|own| own == *name),
        }
    }

    /// All names that its series may have.
    pub(super) fn names(&self) -> impl Iterator<Item = String> {
        let name = self.name;
        self.kind().suffixes().iter().map(move |suffix| format!("{name}{suffix}"))
    }

    pub(super) fn is_empty(&self) -> bool {
        self.samples.is_empty()
    }

    /// What it means, with its escapes.
    pub(super) fn help(&self) -> Option<&'a str> {
        self.help
    }

    /// In the order in which they came.
    pub(super) fn samples(&self) -> &[Sample<'a>] {
        &self.samples
    }

    /// Its type; untyped if nothing was said.
    pub(super) fn kind(&self) -> Kind {
        self.kind.unwrap_or(Kind::Untyped)
    }

    /// Takes a line that belongs here.
    pub(super) fn add(&mut self, line: Line<'a>) -> Result<(), Unfit> {
        match line {
            Line::Nothing => Ok(()),
            Line::Help { text, .. } if self.help.is_none() => {
                self.help = Some(text);
                Ok(())
            }
            Line::Type { kind, .. } if self.kind.is_none() && self.samples.is_empty() => {
                self.kind = Some(kind);
                Ok(())
            }
            Line::Help { .. } | Line::Type { .. } => Err(Unfit),
            Line::Sample(sample) => self.add_sample(sample),
        }
    }

    fn add_sample(&mut self, sample: Sample<'a>) -> Result<(), Unfit> {
        let mut labels = sample.labels.clone();
        labels.sort_unstable();
        if !self.fits(&sample) || !self.series.insert((sample.name, labels)) {
            return Err(Unfit);
        }
        self.samples.push(sample);
        Ok(())
    }

    /// Whether the sample has the name and the label that its type asks for.
    fn fits(&self, sample: &Sample<'_>) -> bool {
        let Some(suffix) = sample.name.strip_prefix(self.name) else { return false };
        let bound = match (self.kind(), suffix) {
            (Kind::Histogram, "_bucket") => sample.label("le"),
            (Kind::Summary, "") => sample.label("quantile"),
            (kind, suffix) => return kind.suffixes().contains(&suffix),
        };
        bound.is_some_and(is_number)
    }

    /// Writes it as text that ends with a line end.
    pub(super) fn write(&self, text: &mut String) {
        if let Some(help) = self.help {
            line(text, format_args!("# HELP {} {help}", self.name));
        }
        line(text, format_args!("# TYPE {} {}", self.name, self.kind().as_str()));
        for Sample { name, labels, value, timestamp } in &self.samples {
            text.push_str(name);
            for (index, (label, value)) in labels.iter().enumerate() {
                let before = if index == 0 { '{' } else { ',' };
                // Writing to a string cannot fail.
                let _ = write!(text, "{before}{label}=\"{value}\"");
            }
            let (close, space) =
                (if labels.is_empty() { "" } else { "}" }, if timestamp.is_empty() { "" } else { " " });
            line(text, format_args!("{close} {value}{space}{timestamp}"));
        }
    }
}

fn line(text: &mut String, arguments: std::fmt::Arguments<'_>) {
    // Writing to a string cannot fail.
    let _ = writeln!(text, "{arguments}");
}
