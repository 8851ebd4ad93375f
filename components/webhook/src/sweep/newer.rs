//! Whether a promotion is still the latest word about its target.

use ledger::{Page, Promotion, PromotionFilter, State, Store, StoreError};

/// The newest promotion of the same target that came after this one and has not come to nothing.
///
/// It has to be asked after the head of the branch was read and before the commit: a newer promotion is in the ledger
/// before it commits, so that either it is seen here, or its commit moves the branch and ours is refused.
pub(super) async fn newer<S: Store>(
    store: &S,
    promotion: &Promotion,
) -> Result<Option<Promotion>, StoreError> {
    let filter = PromotionFilter {
        service: Some(promotion.service.clone()),
        environment: Some(promotion.environment.clone()),
        ..PromotionFilter::default()
    };
    // The first page is enough: it holds the newest promotion of the target, unless fifty of other images of the same
    // service have come since.
    let listing = store.promotions(&filter, &Page::default()).await?;
    let counts =
        |state| matches!(state, State::Waiting | State::Running | State::Committed | State::Unchanged);
    let age = |promotion: &Promotion| (promotion.created_at, promotion.id);
    Ok(listing
        .items
        .into_iter()
        .take_while(|other| age(other) > age(promotion))
        .find(|other| other.target == promotion.target && counts(other.state)))
}
