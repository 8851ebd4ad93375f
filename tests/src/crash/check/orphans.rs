//! No row stands alone: deliveries and promotions lead to each other.

use std::collections::BTreeMap;

use super::Problem;
use crate::crash::evidence::Evidence;

pub(super) fn check(evidence: &Evidence) -> Vec<Problem> {
    let mut problems = Vec::new();
    let mut created = BTreeMap::<&str, Vec<&str>>::new();
    for (delivery, decision) in evidence.decisions() {
        let Some(id) = decision.promotion.as_deref() else { continue };
        if evidence.promotion(id).is_none() {
            let text = format!("Delivery {} leads to the promotion {id}, which does not exist", delivery.id);
            problems.push(Problem::other(text));
        }
        if decision.verdict == "created" {
            created.entry(id).or_default().push(&delivery.id);
        }
    }
    for promotion in &evidence.rows.promotions {
        let creators = created.get(promotion.id.as_str()).map_or(&[][..], Vec::as_slice);
        if creators != [promotion.delivery_id.as_str()] {
            let text = format!(
                "Promotion {} was created by the deliveries {creators:?}:{}",
                promotion.id,
                evidence.about(&promotion.id)
            );
            problems.push(Problem::other(text));
        }
    }
    let unknown = evidence.rows.deliveries.iter().filter(|row| !evidence.entries.contains_key(&row.id));
    problems
        .extend(unknown.map(|row| Problem::other(format!("Nobody sent the delivery {}: {row:?}", row.id))));
    problems
}
