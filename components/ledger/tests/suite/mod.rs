//! What every store promises, as functions over any database; [`store_tests!`] makes tests of them.
#![allow(missing_docs)] // The names say it.

pub mod contest;
pub mod deliveries;
pub mod deployments;
pub mod gather;
pub mod lifecycle;
pub mod paging;
pub mod promotions;
pub mod retry;
pub mod support;
pub mod upkeep;

/// One test for every function of the suite, on a [`Database`](support::Database).
macro_rules! store_tests {
    ($database:ty) => {
        crate::suite::store_tests! { $database:
            contest {
                promotion_that_a_newer_one_replaces_is_not_announced
                announced_promotion_is_replaced_all_the_same
                older_promotion_that_was_tried_contests_until_a_newer_one_is_committed
                older_promotion_whose_end_is_known_does_not_contest
                older_promotion_that_was_never_announced_does_not_contest
                commit_that_nobody_knew_of_is_put_on_record
            }
            deliveries {
                every_decision_is_stored_with_its_reason_and_promotion
                delivery_without_decisions_counts_as_ignored
                repeated_delivery_changes_nothing_and_tells_the_first_decisions
                same_id_from_another_source_is_another_delivery
                second_event_for_the_same_image_joins_the_promotion_under_way
                other_target_tag_or_digest_is_another_promotion
                tag_pushed_again_after_its_promotion_ended_is_a_new_promotion
                one_delivery_that_wants_the_same_thing_twice_makes_one_promotion
                of_equal_deliveries_in_parallel_one_wins
                delivery_that_cannot_be_stored_leaves_no_promotion
                mutable_tag_pushed_a_b_a_ends_with_the_third_push
                redelivery_of_the_first_push_changes_nothing
                running_promotion_is_left_to_its_holder_and_not_joined_past_a_newer_one
                push_of_what_is_being_tried_is_new_once_another_was_committed_after_it
                newer_promotion_that_came_to_nothing_does_not_keep_others_from_joining
                untried_promotion_is_superseded_when_it_is_postponed_past_a_newer_one
                announced_promotion_that_waits_is_left_to_whoever_looks_into_git
                other_targets_are_not_superseded
                of_different_deliveries_of_one_push_in_parallel_one_creates_and_the_others_join
                text_that_no_database_keeps_as_it_is_does_no_harm
                of_promotions_within_a_millisecond_the_later_one_is_newer
            }
            deployments {
                recorded_deployment_is_pending_and_found_by_id
                optional_fields_are_kept
                absent_fields_are_not_shown
                unknown_id_finds_nothing
                filters_narrow_the_list_and_the_newest_comes_first
                record_that_no_release_wrote_is_an_error_without_internals
                failed_statement_shows_no_sql
                ping_answers
            }
            gather {
                promotions_of_one_branch_are_claimed_together
                branch_that_somebody_works_on_is_left_alone
                branch_whose_worker_falls_silent_is_not_held_up
                branch_whose_worker_has_gone_is_taken_over
                quiet_window_waits_for_the_last_of_the_branch
                branch_that_never_is_quiet_waits_only_so_long
                what_is_tried_again_waits_for_no_window
                limit_holds_within_a_branch
            }
            lifecycle {
                event_is_kept_with_all_that_it_says
                status_moves_up_and_never_down
                repeated_event_changes_nothing_even_for_another_deployment
                event_of_an_unknown_deployment_is_not_kept
                deployment_that_runs_supersedes_what_was_under_way_before_it
                any_order_and_repetition_of_events_ends_in_the_same_state
                of_equal_events_in_parallel_one_is_recorded
                events_of_neighbours_in_parallel_all_count
                silent_deployment_is_stalled_until_it_is_heard_of
                events_are_paged_newest_first
                events_within_a_millisecond_keep_their_order
                text_that_no_database_keeps_as_it_is_does_no_harm
            }
            paging {
                walking_the_pages_yields_every_row_once_in_order
                cursor_that_no_list_gave_is_harmless
                rows_added_meanwhile_shift_nothing
                deliveries_and_promotions_are_paged_too
            }
            promotions {
                claim_makes_the_promotion_running_until_its_lease_ends
                claim_of_an_unknown_promotion_finds_nothing
                due_promotions_are_claimed_up_to_the_limit_oldest_first
                of_parallel_claims_each_promotion_goes_to_one
                expired_lease_is_claimed_again_and_the_stale_claim_can_do_nothing
                short_lease_ends_by_the_databases_clock
                ended_promotion_is_never_claimed_or_ended_again
                postponed_promotion_waits_for_its_delay_and_remembers_the_error
                endless_delay_does_not_overflow
                announcement_records_one_pending_deployment_however_often_it_is_made
                end_of_the_promotion_settles_the_announced_deployment
                end_of_the_promotion_never_lowers_a_status
                end_without_announcement_records_no_deployment
                end_that_cannot_be_recorded_as_a_whole_is_not_recorded
                filters_narrow_the_list
            }
            retry {
                promotion_that_came_to_nothing_is_made_anew
                promotion_that_waits_becomes_due
                promotion_that_needs_no_retry_is_refused_with_a_reason
                unknown_promotion_cannot_be_retried
                retry_never_overtakes_a_newer_promotion
                of_retries_in_parallel_one_makes_a_promotion
            }
            upkeep {
                work_that_comes_round_is_begun_once_a_period
                delivery_is_missed_until_it_is_stored
                delivery_is_asked_for_only_so_often
                empty_ledger_has_statistics
                statistics_count_everything
            }
        }
    };
    ($database:ty: $($noun:ident { $($name:ident)* })*) => {
        $(mod $noun {
            $(#[test]
            fn $name() {
                crate::suite::$noun::$name::<$database>();
            })*
        })*
    };
}
pub(crate) use store_tests;
