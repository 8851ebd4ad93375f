//! The two senders, and what their events mean.

use ledger::Status;

/// Who sends notifications.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Source {
    /// <https://argo-rollouts.readthedocs.io/en/stable/features/notifications/>
    Rollouts,
    /// <https://argo-cd.readthedocs.io/en/stable/operator-manual/notifications/>
    ArgoCd,
}

/// What an event says about a deployment.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Meaning {
    /// The name of the trigger, without `on-`.
    pub(crate) event: &'static str,
    /// The status that it reports, if any.
    pub(crate) status: Option<Status>,
    /// Whether the images that it lists are those that it is about. While Argo CD syncs, those of an Application are
    /// still the ones from before.
    pub(crate) names_images: bool,
}

const fn about_images(event: &'static str, status: Option<Status>) -> Meaning {
    Meaning { event, status, names_images: true }
}

const fn about_commit(event: &'static str, status: Option<Status>) -> Meaning {
    Meaning { event, status, names_images: false }
}

/// An analysis that fails aborts the rollout, unless it is a dry run: the abort has the word.
const ROLLOUTS: [Meaning; 9] = [
    about_images("rollout-updated", Some(Status::Running)),
    about_images("rollout-paused", Some(Status::Running)),
    about_images("rollout-resumed", Some(Status::Running)),
    about_images("rollout-step-completed", Some(Status::Running)),
    about_images("rollout-completed", Some(Status::Succeeded)),
    about_images("rollout-aborted", Some(Status::Failed)),
    about_images("analysis-run-running", Some(Status::Running)),
    about_images("analysis-run-failed", None),
    about_images("analysis-run-error", None),
];

/// An Application that is degraded may recover, and a status never goes back: what does not recover falls silent, and is
/// told as stalled.
const ARGO_CD: [Meaning; 5] = [
    about_commit("sync-running", Some(Status::Running)),
    about_commit("sync-succeeded", Some(Status::Running)),
    about_commit("sync-failed", Some(Status::Failed)),
    about_images("health-degraded", None),
    about_images("deployed", Some(Status::Succeeded)),
];

impl Source {
    /// The source of events and deliveries in the ledger.
    pub(crate) const fn name(self) -> &'static str {
        match self {
            Self::Rollouts => "argo-rollouts",
            Self::ArgoCd => "argocd",
        }
    }

    /// What an event of this name means; none if there is no such event.
    pub(crate) fn meaning(self, event: &str) -> Option<Meaning> {
        self.meanings().iter().find(|meaning| meaning.event == event).copied()
    }

    /// The names of all events, to be read.
    pub(crate) fn events(self) -> String {
        self.meanings().iter().map(|meaning| meaning.event).collect::<Vec<_>>().join(", ")
    }

    fn meanings(self) -> &'static [Meaning] {
        match self {
            Self::Rollouts => &ROLLOUTS,
            Self::ArgoCd => &ARGO_CD,
        }
    }
}
