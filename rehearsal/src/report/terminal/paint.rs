//! Colours, where they are wanted.

use console::Style;

use crate::rehearse::event::{AnalysisPhase, RolloutPhase};

/// Paints text, or leaves it as it is.
#[derive(Clone, Copy, Debug)]
pub(super) struct Paint {
    pub(super) colours: bool,
}

impl Paint {
    fn with(self, style: &Style, text: &str) -> String {
        style.clone().force_styling(self.colours).apply_to(text).to_string()
    }

    pub(super) fn strong(self, text: &str) -> String {
        self.with(&Style::new().bold(), text)
    }

    pub(super) fn faint(self, text: &str) -> String {
        self.with(&Style::new().dim(), text)
    }

    pub(super) fn good(self, text: &str) -> String {
        self.with(&Style::new().green(), text)
    }

    pub(super) fn bad(self, text: &str) -> String {
        self.with(&Style::new().red().bold(), text)
    }

    pub(super) fn active(self, text: &str) -> String {
        self.with(&Style::new().cyan(), text)
    }

    pub(super) fn unsure(self, text: &str) -> String {
        self.with(&Style::new().yellow(), text)
    }

    /// Text in the colour of a phase.
    pub(super) fn phase(self, phase: AnalysisPhase, text: &str) -> String {
        match phase {
            AnalysisPhase::Successful => self.good(text),
            AnalysisPhase::Failed | AnalysisPhase::Error => self.bad(text),
            AnalysisPhase::Inconclusive => self.unsure(text),
            AnalysisPhase::Pending | AnalysisPhase::Running => self.active(text),
        }
    }

    /// The name of a phase of the rollout.
    pub(super) fn rollout(self, phase: RolloutPhase) -> String {
        let name = format!("{phase:?}");
        match phase {
            RolloutPhase::Healthy => self.good(&name),
            RolloutPhase::Degraded => self.bad(&name),
            RolloutPhase::Paused => self.unsure(&name),
            RolloutPhase::Progressing => self.active(&name),
        }
    }
}

/// A sign for a phase: colours alone do not reach everyone.
pub(super) fn sign(phase: AnalysisPhase) -> &'static str {
    match phase {
        AnalysisPhase::Successful => "✔",
        AnalysisPhase::Failed => "✘",
        AnalysisPhase::Error => "!",
        AnalysisPhase::Inconclusive => "?",
        AnalysisPhase::Pending | AnalysisPhase::Running => "·",
    }
}
