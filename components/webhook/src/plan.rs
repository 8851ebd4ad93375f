//! What a delivery means for every target, and how that is told to the sender.

use bytes::Bytes;
use gitops::event::ImagePush;
use gitops::policy::Decision;
use gitops::target::{Target, Targets};
use http::{Response, StatusCode};
use ledger::{Accepted, NewDecision, NewDelivery, NewPromotion, Verdict};
use serde::Serialize;
use uuid::Uuid;

use crate::error::WebhookError;
use crate::{Work, answer};

/// What is to be done about a delivery.
pub(crate) enum Plan<'a> {
    /// Nothing, for this reason.
    Ignore { reason: String },
    /// What each target that names the image says to the push; at least one.
    Push { push: ImagePush, steps: Vec<Step<'a>> },
}

/// What one target says to a push.
pub(crate) struct Step<'a> {
    target: &'a Target,
    decision: Decision,
}

impl<'a> Plan<'a> {
    /// Asks every target that names the image.
    pub(crate) fn for_push(targets: &'a Targets, push: ImagePush) -> Self {
        let steps: Vec<_> = targets
            .naming(&push.image)
            .map(|target| Step { target, decision: target.decide(&push) })
            .collect();
        if steps.is_empty() {
            return Self::Ignore { reason: format!("no target names the image {}", push.image) };
        }
        Self::Push { push, steps }
    }

    /// The decisions, for the ledger.
    pub(crate) fn decisions(&self) -> Vec<NewDecision> {
        match self {
            Self::Ignore { reason } => vec![NewDecision::Ignore { target: None, reason: reason.clone() }],
            Self::Push { push, steps } => steps.iter().map(|step| step.decision(push)).collect(),
        }
    }

    /// The answer, once the ledger has said what became of the decisions.
    pub(crate) fn answer(
        &self,
        delivery: &NewDelivery,
        accepted: &Accepted,
    ) -> Result<(Response<Bytes>, Work), WebhookError> {
        let is_promoted = accepted.decisions().iter().any(|decision| decision.promotion.is_some());
        let outcome = match accepted {
            Accepted::Repeated(_) => Outcome::Repeated,
            Accepted::Stored(_) if is_promoted => Outcome::Accepted,
            Accepted::Stored(_) => Outcome::Ignored,
        };
        let report = Report {
            delivery: &delivery.key.id,
            event: &delivery.event,
            outcome,
            reason: reason(accepted),
            image: self.image(),
            decisions: accepted.decisions().iter().filter_map(|decision| self.told(decision)).collect(),
        };
        let status = if outcome == Outcome::Accepted { StatusCode::ACCEPTED } else { StatusCode::OK };
        // A repeated delivery is often a person's way to say that something has not happened yet.
        let work = if is_promoted { Work::Sweep } else { Work::Nothing };
        Ok((answer::json(status, &report)?, work))
    }

    fn image(&self) -> Option<String> {
        match self {
            Self::Ignore { .. } => None,
            Self::Push { push, .. } => Some(format!("{}:{}", push.image, push.tag)),
        }
    }

    /// A stored decision with what is known about its target today; none for one about the delivery as a whole.
    fn told<'b>(&'b self, stored: &'b ledger::Decision) -> Option<Told<'b>> {
        let key = stored.target.as_deref()?;
        let step = match self {
            Self::Push { steps, .. } => steps.iter().find(|step| step.target.key() == key),
            Self::Ignore { .. } => None,
        };
        let value = match step.map(|step| &step.decision) {
            Some(Decision::Promote { value, .. }) if stored.promotion.is_some() => Some(value.as_str()),
            _ => None,
        };
        Some(Told {
            target: key,
            service: step.map(|step| step.target.service.as_str()),
            environment: step.map(|step| step.target.environment.as_str()),
            decision: match stored.verdict {
                Verdict::Created => "promote",
                Verdict::Joined => "joined",
                Verdict::Ignored | Verdict::Refused => "skip",
            },
            value,
            why: &stored.reason,
            promotion: stored.promotion,
        })
    }
}

impl Step<'_> {
    fn decision(&self, push: &ImagePush) -> NewDecision {
        match &self.decision {
            Decision::Promote { why, .. } => {
                NewDecision::Promote { promotion: self.promotion(push), reason: why.clone() }
            }
            Decision::Skip { why } => {
                NewDecision::Ignore { target: Some(self.target.key()), reason: why.clone() }
            }
        }
    }

    fn promotion(&self, push: &ImagePush) -> NewPromotion {
        NewPromotion {
            target: self.target.key(),
            branch: self.target.git.key(),
            service: self.target.service.clone(),
            environment: self.target.environment.clone(),
            image: push.image.to_string(),
            tag: push.tag.to_string(),
            digest: push.digest.as_ref().map(ToString::to_string).unwrap_or_default(),
            source_commit: push.source_commit.clone(),
        }
    }
}

/// Why there is nothing to do about the delivery as a whole.
fn reason(accepted: &Accepted) -> Option<&str> {
    let whole = accepted.decisions().iter().find(|decision| decision.target.is_none());
    match (accepted, whole) {
        (_, Some(decision)) => Some(&decision.reason),
        (Accepted::Repeated(_), None) => Some("the delivery was received before; nothing was changed"),
        (Accepted::Stored(_), None) => None,
    }
}

/// The body of an answer.
#[derive(Serialize)]
struct Report<'a> {
    delivery: &'a str,
    event: &'a str,
    outcome: Outcome,
    #[serde(skip_serializing_if = "Option::is_none")]
    reason: Option<&'a str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    image: Option<String>,
    decisions: Vec<Told<'a>>,
}

#[derive(Clone, Copy, PartialEq, Eq, Serialize)]
#[serde(rename_all = "lowercase")]
enum Outcome {
    Accepted,
    Ignored,
    Repeated,
}

/// One decision in an answer.
#[derive(Serialize)]
struct Told<'a> {
    target: &'a str,
    #[serde(skip_serializing_if = "Option::is_none")]
    service: Option<&'a str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    environment: Option<&'a str>,
    decision: &'static str,
    #[serde(skip_serializing_if = "Option::is_none")]
    value: Option<&'a str>,
    why: &'a str,
    #[serde(skip_serializing_if = "Option::is_none")]
    promotion: Option<Uuid>,
}
